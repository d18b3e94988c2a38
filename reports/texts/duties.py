"""Which unit owes which text in which period, and how far each is. Nothing of it is stored: see `owed_by`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from campaigns.models import Campaign, ReportingPeriod, TextDuty, UnitPlace
from reports.models import TextReport
from reports.register import named_since
from reports.tasks import place_held

EVERYONE = "reporter"
Kind = TextDuty.Kind
NOT_WRITTEN = (Kind.EVENT,)
"""Duties of which there is nothing to hand in: a meeting takes place."""


@dataclass(frozen=True)
class Owed:
    """One duty of one unit in one period, or once.

    reports: what the unit has written of it, the oldest first. count: how many of them were sent; at_least:
    how many are asked. due_at: None where the notice names no day. named_since: of the duty to name contacts,
    since when there are any (`reports.register`).
    """

    duty: TextDuty
    place: UnitPlace
    period: ReportingPeriod | None
    due_at: datetime | None
    reports: tuple[TextReport, ...]
    named_since: datetime | None = None

    @property
    def at_least(self) -> int:
        return self.duty.at_least or 1

    @property
    def count(self) -> int:
        if self.duty.kind == Kind.CONTACT:
            return int(self.named_since is not None)
        return sum(report.status in TextReport.SENT for report in self.reports)

    @property
    def is_done(self) -> bool:
        return self.count >= self.at_least

    @property
    def missing(self) -> int:
        return max(0, self.at_least - self.count)

    @property
    def report(self) -> TextReport | None:
        """The one text of a duty that asks for one."""
        return self.reports[0] if self.reports else None

    def is_overdue(self, now: datetime) -> bool:
        return not self.is_done and self.due_at is not None and self.due_at < now

    @property
    def is_late(self) -> bool | None:
        """True where what completes the duty was sent after the due second; None where it is not complete."""
        if not self.is_done or self.due_at is None:
            return None
        if self.named_since is not None:
            return self.named_since.replace(microsecond=0) > self.due_at
        sent = sorted(
            report.first_submitted_at
            for report in self.reports
            if report.status in TextReport.SENT and report.first_submitted_at
        )
        if len(sent) < self.at_least:
            return None
        return sent[self.at_least - 1].replace(microsecond=0) > self.due_at


def owed_by(place: UnitPlace, duty: TextDuty) -> bool:
    """Say whether the unit at `place` owes `duty`: one of its level, or any that files figures; in its line."""
    if duty.kind in NOT_WRITTEN:
        return False
    if duty.line and place.line and duty.line != place.line:
        return False
    return place.reports if duty.each == EVERYONE else place.level == duty.each


def board(campaign: Campaign, places: Sequence[UnitPlace], periods: Iterable[ReportingPeriod]) -> list[Owed]:
    """Return what the units at `places` owe: of every period's duties those of `periods`, and all that are owed once.

    places: all that the units hold in the campaign. Three queries, however many units. Order: by duty as the
    notice has them, by period, then by unit.
    """
    wanted = list(periods)
    duties = list(campaign.texts.all())
    units: dict[int, list[UnitPlace]] = defaultdict(list)
    for place in places:
        units[place.unit_id].append(place)
    written: dict[tuple[int, int, int | None], list[TextReport]] = defaultdict(list)
    rows = TextReport.objects.filter(duty__campaign=campaign, unit__in=units)
    for report in rows.order_by("pk"):
        written[report.duty_id, report.unit_id, report.period_id].append(report)
    named = named_since(campaign) if any(duty.kind == Kind.CONTACT for duty in duties) else {}
    found = []
    for duty in duties:
        duty.campaign = campaign
        for period in wanted if duty.each_period else [None]:
            day = period.ends_on if period else duty.due or campaign.ends
            for unit_id, held in units.items():
                there = place_held(held, day)
                if there is None or not owed_by(there, duty):
                    continue
                reports = written[duty.pk, unit_id, period.pk if period else None]
                since = named.get(unit_id) if duty.kind == Kind.CONTACT else None
                found.append(Owed(duty, there, period, due_at(duty, period, campaign), tuple(reports), since))
    return found


def sent_beside(report: TextReport) -> int:
    """Return how many texts of the same duty its unit has sent in the period."""
    same = TextReport.objects.filter(duty=report.duty_id, unit=report.unit_id, period=report.period_id)
    return same.sent().count()


def due_at(duty: TextDuty, period: ReportingPeriod | None, campaign: Campaign) -> datetime | None:
    """The instant up to which a text is on time: the period's, or the end of the day that the notice names."""
    if period is not None:
        return period.due_at
    if duty.due is None:
        return None
    return datetime.combine(duty.due, time(23, 59, 59), campaign.zone)


def opens_on(period: ReportingPeriod | None, campaign: Campaign) -> date:
    """The day from which a text may be written."""
    return period.starts_on if period else campaign.starts
