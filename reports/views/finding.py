"""Find what an address names, within what the user may see: anything else is 404, as if it did not exist."""

from datetime import date

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from campaigns.models import Campaign, UnitPlace
from reports import permissions
from reports.models import Submission
from reports.rollup import held_or_latest


def enter(request, campaign):
    """Let the page be one of `campaign`: its bar shows it as the current one, times are told and typed in its zone."""
    request.campaign = campaign
    timezone.activate(campaign.zone)


def find_campaign(request, code):
    """The campaign `code`, which the page enters."""
    campaign = _with_code(Campaign.objects.visible_to(request.user), code)
    enter(request, campaign)
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
    place = _place(period, code)
    if not UnitPlace.objects.visible_to(request.user).filter(pk=place.pk).exists():
        raise Http404
    return place


def find_place_to_fill(request, period, code):
    """The place as by `find_place`, and whether the user fills its reports: who does may read it too."""
    place = _place(period, code)
    fills = permissions.can_fill(request.user, place.unit)
    if not fills and not UnitPlace.objects.visible_to(request.user).filter(pk=place.pk).exists():
        raise Http404
    return place, fills


def find_submission(request, pk):
    """A report in scope, with what every page about it prints."""
    submission = get_object_or_404(
        Submission.objects.visible_to(request.user).select_related(
            "report_form__campaign", "period__campaign", "unit", "changed_by", "submitted_by"
        ),
        pk=pk,
    )
    enter(request, submission.period.campaign)
    return submission


def _place(period, code):
    places = UnitPlace.objects.filter(campaign=period.campaign_id, unit__code=_sought(code))
    held = list(places.select_related("unit").order_by())
    if not held:
        raise Http404
    return held_or_latest(held, period.ends_on)


def _with_code(rows, code):
    return get_object_or_404(rows, code=_sought(code))


def _sought(code):
    if "\x00" in code:  # PostgreSQL takes no text with a NUL in it, not even to look for.
        raise Http404
    return code
