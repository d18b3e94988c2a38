"""交接卡 of one unit: for its own people and for those who read it from above."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import UnitPlace
from reports.handover import card

from .finding import find_campaign


@require_safe
def unit_card(request, campaign, unit):
    """What the next clerk of the unit has to know, to be printed. The unit's latest place counts."""
    campaign = find_campaign(request, campaign)
    if "\x00" in unit:
        raise Http404
    places = UnitPlace.objects.visible_to(request.user).filter(campaign=campaign, unit__code=unit)
    place = places.select_related("unit", "parent").latest_first().first()
    if place is None:
        raise Http404
    context = {"campaign": campaign, "card": card(campaign, place), "now": timezone.now()}
    return render(request, "reports/unit_card.html", context)
