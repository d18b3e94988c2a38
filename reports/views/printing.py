"""Paper: the official form of one report or blank, as it leaves the printer, and the code in its foot looked up."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.models import ReportForm
from reports import lifecycle
from reports.check_codes import find_printed
from reports.entry import drafts
from reports.entry.grid import build_grid
from reports.excel.write import DOTS, TOTAL
from reports.letterhead import Imprint, SignOff, heading, imprint, printed_period, sign_off_of, signatures
from reports.rollup import place_at

from .finding import find_campaign, find_form, find_period, find_place, find_submission


@require_safe
def submission_print(request, pk):
    """What the unit itself filed, ready for paper."""
    submission = find_submission(request, pk)
    form, place = submission.report_form, place_at(submission.unit, submission.period)
    sheet = _sheet(
        form,
        place,
        submission.period,
        [TOTAL, place.short] if form.layout == ReportForm.Layout.ROWS else [place.short],
        drafts.figures_of(submission),
        sign_off_of(submission),
        imprint(submission, lifecycle.checksum(submission)),
    )
    return render(request, "reports/print.html", sheet | {"submission": submission})


@require_safe
def blank_print(request, campaign, form, period, unit):
    """The form as issued, headed for the unit and to be filled by hand."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    stubs = [TOTAL, "", DOTS, DOTS] if form.layout == ReportForm.Layout.ROWS else [place.short]
    sheet = _sheet(form, place, period, stubs, {}, SignOff(), Imprint(printed_period(period)))
    return render(request, "reports/print.html", sheet | {"is_blank": True})


@require_safe
def check_code(request, campaign):
    """核对校验码: which version a stamped sheet was printed from, and whether its figures still stand."""
    campaign = find_campaign(request, campaign)
    code = request.GET.get("code", "").strip()[:40]
    context = {
        "campaign": campaign,
        "code": code,
        "versions": find_printed(request.user, code) if code else None,
    }
    return render(request, "reports/check_code.html", context)


def _sheet(form, place, period, stubs, figures, sign_off, foot):
    return {
        "form": form,
        "place": place,
        "period": period,
        "stubs": stubs,
        "grid": build_grid(form, figures, previous={}),
        "heading": heading(form, place, sign_off),
        "signatures": signatures(form, place, sign_off),
        "imprint": foot,
    }
