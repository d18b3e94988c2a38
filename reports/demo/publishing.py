"""The editions of the demonstration: what the root of each line has published of the periods that are over; a brief."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from campaigns.models import Campaign, ReportingPeriod
from reports import editions
from reports.briefs import writing
from reports.models import Edition, Notice

from .office import People

_AFTERWARDS = timedelta(hours=41, minutes=20)
"""From the due time to the morning of the second day after."""
_EDITIONS = 4


def publish(
    campaign: Campaign, periods: Iterable[ReportingPeriod], people: People, now: datetime | None
) -> None:
    """Publish the first periods, as they are now, of the highest unit that has figures on a form of its own."""
    place = (
        campaign.places.filter(level__in=("province", "prefecture"))
        .select_related("unit")
        .order_by("position")
        .first()
    )
    if place is None:
        return
    publisher = people.reviewer(place)
    for period in list(periods)[:_EDITIONS]:
        at = period.due_at + _AFTERWARDS
        if now is None or at <= now:
            edition = editions.publish(place, period, by=publisher, at=at)
            told = Notice.objects.filter(kind=Notice.Kind.EDITION, url__endswith=f"/editions/{edition.pk}/")
            told.update(at=at, read_at=at + timedelta(hours=1))


def write_brief(campaign: Campaign) -> None:
    """Draft a brief of the latest edition, as at the moment in which it was published."""
    edition = (
        Edition.objects.filter(period__campaign=campaign)
        .select_related("period__campaign", "unit", "published_by")
        .order_by("period__ends_on")
        .last()
    )
    if edition is not None:
        at = edition.published_at
        day = at.astimezone(campaign.zone).date()
        brief = writing.draft(edition, by=edition.published_by, day=day)
        type(brief).objects.filter(pk=brief.pk).update(created_at=at, changed_at=at)
        brief.versions.update(at=at)
