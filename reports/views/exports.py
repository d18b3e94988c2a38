"""Downloads: the official workbook of a roll-up, of one report, and the blank form."""

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from reports.excel.template import template_archive, template_workbook
from reports.excel.write import blank_workbook, file_name, report_workbook, roll_up_workbook, safe_name
from reports.exports import owed_below
from reports.rollup import RollUpError, place_at, roll_up
from reports.tasks import owes

from .board import chosen, find_roll_up
from .finding import find_campaign, find_form, find_period, find_place, find_submission

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"


@require_safe
def roll_up_export(request, campaign, form, period, unit):
    """The unit with all below it, on the basis and in the measure that its page shows."""
    found = find_roll_up(request, campaign, form, period, unit)
    try:
        rollup = roll_up(found.form, found.period, found.place.unit, **chosen(request))
    except RollUpError:
        # Increments on the basis of this period alone: the page says why there are none.
        raise Http404 from None
    content = roll_up_workbook(found.form, found.period, found.place.unit, rollup)
    return _download(content, file_name(found.form, found.period, found.place.short, "roll-up"))


@require_safe
def blank_export(request, campaign, form, period, unit):
    """The form as issued, headed for the unit and to be filled by hand."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    return _download(blank_workbook(form, place.unit, period), file_name(form, period, place.short, "blank"))


@require_safe
def submission_export(request, pk):
    """What the unit itself filed."""
    submission = find_submission(request, pk)
    place = place_at(submission.unit, submission.period)
    name = file_name(submission.report_form, submission.period, place.short)
    return _download(report_workbook(submission), name)


@require_safe
def template_export(request, campaign, form, period, unit):
    """The form to be filled in Excel and uploaded, for one unit that owes it."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    if not owes(place, form):
        raise Http404
    name = file_name(form, period, place.short, "template")
    return _download(template_workbook(form, place, period), name)


@require_safe
def templates_export(request, campaign, period, unit):
    """The templates of a unit and of all below it that the user reads, in one zip."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    owed = owed_below(request.user, period, place)
    if not owed:
        raise Http404
    name = f"{safe_name('填报模板', place.short, f'第{period.number}期', f'截至{period.ends_on}')}.zip"
    return _streamed(template_archive(period, owed), name, ZIP)


def _download(content, name):
    """A workbook to be saved."""
    return HttpResponse(content, headers=_headers(name, XLSX))


def _streamed(pieces, name, content_type):
    """A file that is sent while it is made."""
    return StreamingHttpResponse(pieces, headers=_headers(name, content_type))


def _headers(name, content_type):
    """The figures are not everyone's and may change: no cache keeps them."""
    return {
        "Content-Type": content_type,
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
        "Cache-Control": "no-store",
    }
