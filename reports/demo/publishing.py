"""The editions of the demonstration: what the root of each line has published of the periods that are over; a brief.

What was corrected afterwards stands in `fixtures/demo/corrections.csv`: the figure of the cell is `less` smaller than
published; the report is reopened with `text` so many hours after the edition.
"""

import csv
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from campaigns.models import Campaign, ReportingPeriod
from chunfeng.accounts.models import User
from reports import lifecycle
from reports.briefs import writing
from reports.entry import drafts
from reports.models import Edition, Notice, Submission
from reports.publishing import editions

from .office import People

_AFTERWARDS = timedelta(hours=41, minutes=20)
"""From the due time to the morning of the second day after."""
_EDITIONS = 4


def publish(
    campaign: Campaign, periods: Iterable[ReportingPeriod], people: People, path: Path, now: datetime | None
) -> None:
    """Publish the first periods, as they are now, of the highest unit that has figures on a form of its own.

    What is corrected of a period comes before the next is published. path: of the corrections.
    """
    place = (
        campaign.places.filter(level__in=("province", "prefecture"))
        .select_related("unit")
        .order_by("position")
        .first()
    )
    if place is None:
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["campaign"] == campaign.code]
    publisher = people.reviewer(place)
    for period in list(periods)[:_EDITIONS]:
        at = period.due_at + _AFTERWARDS
        if now is not None and at > now:
            return
        edition = editions.publish(place, period, by=publisher, at=at)
        _date_notices(edition, at)
        for row in rows:
            if int(row["period"]) == period.number:
                _correct(edition, row, people, now)


def _correct(edition: Edition, row: dict[str, str], people: People, now: datetime | None) -> None:
    """Reopen a report that the edition quotes, correct one figure, send and accept it; nothing if that is to come."""
    reopened_at = edition.published_at + timedelta(hours=int(row["hours"]))
    sent_at, accepted_at = reopened_at + timedelta(hours=2), reopened_at + timedelta(hours=4)
    if now is not None and accepted_at > now:
        return
    report = Submission.objects.select_related("report_form", "unit", "period__campaign").get(
        period=edition.period, report_form__code=row["form"], unit__code=row["unit"]
    )
    place = next(one for one in people.places.values() if one.unit_id == report.unit_id)
    reviewer: User = people.reviewer(place)
    cell = int(row["cell"])
    value = report.figures.get(indicator__number=cell).value
    assert value is not None  # noqa: S101 - the file names a cell that is filled
    lifecycle.reopen(report, by=reviewer, comment=row["text"], cells=[cell], at=reopened_at)
    drafts.save_figures(report, {cell: str(int(value) - int(row["less"]))}, seen=None, by=None)
    report.changes.filter(indicator__number=cell, at__gt=sent_at).update(at=sent_at)
    Submission.objects.filter(pk=report.pk).update(changed_at=sent_at)
    lifecycle.submit(report, by=None, at=sent_at)
    lifecycle.accept(report, by=reviewer, at=accepted_at)
    _date_notices(edition, accepted_at, since=edition.published_at)


def _date_notices(edition: Edition, at: datetime, since: datetime | None = None) -> None:
    """Date what has just been told of an edition. since: leave what is dated so."""
    told = Notice.objects.filter(kind=Notice.Kind.EDITION, url__endswith=f"/editions/{edition.pk}/")
    if since is not None:
        told = told.exclude(at=since)
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
