"""Find what an address names, within what the user may see: anything else is 404, as if it did not exist."""

from datetime import date

from django.http import Http404
from django.shortcuts import get_object_or_404

from campaigns.models import Campaign, ReportingUnit, UnitPlace
from reports.models import Submission
from reports.rollup import RollUpError, place_at


def find_campaign(request, code):
    """The campaign `code`; the bar of the page shows it as the current one."""
    campaign = _with_code(Campaign.objects.visible_to(request.user), code)
    request.campaign = campaign
    return campaign


def find_form(campaign, code):
    return _with_code(campaign.forms, code)


def find_period(campaign, ends_on):
    """The period that ends on the ISO date `ends_on`."""
    try:
        day = date.fromisoformat(ends_on)
    except ValueError:
        raise Http404 from None
    period = get_object_or_404(campaign.periods, ends_on=day)
    period.campaign = campaign
    return period


def find_place(request, period, code):
    """The place that unit `code` holds in `period` (its latest where it holds none), if the user may read it."""
    unit = _with_code(ReportingUnit, code)
    try:
        place = place_at(unit, period)
    except RollUpError:
        raise Http404 from None
    if not UnitPlace.objects.visible_to(request.user).filter(pk=place.pk).exists():
        raise Http404
    return place


def find_submission(request, pk):
    """A report in scope, with what every page about it prints."""
    submission = get_object_or_404(
        Submission.objects.visible_to(request.user).select_related(
            "report_form__campaign", "period__campaign", "unit", "changed_by", "submitted_by"
        ),
        pk=pk,
    )
    request.campaign = submission.period.campaign
    return submission


def _with_code(rows, code):
    if "\x00" in code:  # PostgreSQL takes no text with a NUL in it, not even to look for.
        raise Http404
    return get_object_or_404(rows, code=code)
