"""Downloads: the official workbook of a roll-up, of one report, and the blank form."""

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from reports.excel.write import blank_workbook, file_name, report_workbook, roll_up_workbook
from reports.rollup import RollUpError, place_at, roll_up

from .board import chosen, find_roll_up
from .finding import find_campaign, find_form, find_period, find_place, find_submission

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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


def _download(content, name):
    """A workbook to be saved; its figures are not everyone's and may change: no cache keeps it."""
    return HttpResponse(
        content,
        headers={
            "Content-Type": XLSX,
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
            "Cache-Control": "no-store",
        },
    )
