"""目标: how far a total is against its target and against time, and which units keep the weekly floor.

A target over the whole campaign is compared with the share that has passed of the days in which figures count (进度 62%
/ 时间 70%). A weekly floor (3 场次 a county) judges the increment of a seven-day period; shorter periods, the first and the
last, are not judged, nor is a unit exempted from the period. A unit that was carried, or left the cell blank, is judged,
once it reports, by as many floors as the weeks that its increment covers. Of a group the floor is that of its units together: a city's is 3 times its counties.

All but `read_floors` is plain values in and out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum

from campaigns.models import Campaign, Exemption, Indicator, ReportingPeriod, Target, UnitPlace
from reports.models import Figure, Submission

WEEK = timedelta(days=6)
"""From the first to the last day of a period of seven."""
WARNED_BEFORE = timedelta(days=2)
"""还差 n 场 is said from Wednesday on, where a week ends on Friday."""


@dataclass(frozen=True)
class Attainment:
    """A total against its target. progress, elapsed: whole per cent, progress None where nothing is reported, never
    100 before the target is reached.

    forecast: the total on the last day if it goes on as it did; None before the first day has passed.
    """

    at_least: Decimal
    value: Decimal | None
    progress: int | None
    elapsed: int
    forecast: Decimal | None
    say: str

    @property
    def is_reached(self) -> bool:
        return self.value is not None and self.value >= self.at_least

    @property
    def is_behind(self) -> bool:
        return not self.is_reached and (self.progress or 0) < self.elapsed


class Verdict(StrEnum):
    """How a unit stands to its floor: met, short, not to be said yet, not reported, or a part-week, not judged."""

    MET = "met"
    SHORT = "short"
    OPEN = "open"
    NONE = "none"
    PART = "part"


@dataclass(frozen=True)
class Standing:
    """One unit against its floor. weeks: how many the increment covers. increment None: not reported in the period."""

    place: UnitPlace
    verdict: Verdict
    weeks: int
    needed: Decimal
    increment: Decimal | None

    @property
    def missing(self) -> Decimal:
        """还差 so many."""
        return max(self.needed - (self.increment or 0), Decimal(0))


def attainment(target: Target, total: Decimal | None, campaign: Campaign, day: date) -> Attainment:
    """Compare a total to date with its target as of the end of `day`."""
    passed, days = days_passed(campaign, day)
    progress = None if total is None else _per_cent(total, target.at_least)
    if total is not None and total < target.at_least:
        progress = min(progress or 0, 99)
    forecast = None
    if total is not None and passed:
        places = Decimal(1).scaleb(-target.indicator.decimals)
        forecast = (total * days / passed).quantize(places, ROUND_DOWN)
    return Attainment(
        target.at_least,
        total,
        progress,
        _per_cent(Decimal(passed), Decimal(days)),
        forecast,
        target.say,
    )


def days_passed(campaign: Campaign, day: date) -> tuple[int, int]:
    """Return how many of the days in which figures count have passed by the end of `day`, and how many there are.

    That is from `counts_from` on, which may be before the campaign's first day: a total is set against the time
    in which it came about.
    """
    days = (campaign.ends - campaign.counts_from).days + 1
    return min(max((day - campaign.counts_from).days + 1, 0), days), days


def is_judged(period: ReportingPeriod) -> bool:
    """True for a period of seven days."""
    return period.ends_on - period.starts_on == WEEK


def judge(
    place: UnitPlace,
    reports: Sequence[tuple[date, Decimal | None]],
    period: ReportingPeriod,
    periods: Iterable[ReportingPeriod],
    at_least: Decimal,
    today: date,
    *,
    opened: date | None = None,
    is_flow: bool = False,
) -> Standing:
    """Judge one unit. reports: ends and figures of those that count, in order. periods: all of the campaign.

    opened: the first day of the unit in the campaign, at whatever place; None = from the beginning. is_flow:
    each figure is of its own week alone, so that week alone is judged.
    """
    # A report that leaves the cell blank says nothing of its weeks: the next one that fills it covers them.
    reported = [(end, value) for end, value in reports if end <= period.ends_on and value is not None]
    fresh = reported.pop() if reported and reported[-1][0] == period.ends_on else None
    last = reported[-1] if reported else None
    since = last[0] if last else opened - timedelta(days=1) if opened else date.min
    judged = [period] if is_flow else [one for one in periods if since < one.ends_on <= period.ends_on]
    weeks = sum(is_judged(one) for one in judged)
    needed = weeks * at_least
    increment = None
    if fresh:
        increment = fresh[1] - (last[1] if last and not is_flow else Decimal(0))
    if not is_judged(period):
        verdict = Verdict.PART
    elif increment is not None and increment >= needed:
        verdict = Verdict.MET
    elif today < period.ends_on - WARNED_BEFORE:
        verdict = Verdict.OPEN
    else:
        verdict = Verdict.NONE if increment is None else Verdict.SHORT
    return Standing(place, verdict, weeks, needed, increment)


def read_floor(
    target: Target, period: ReportingPeriod, root: UnitPlace, *, basis: str = "accepted"
) -> list[Standing]:
    """Judge every unit of the target's level at `root` or below it that owes a report of the period; five queries.

    basis: accepted or received, as for `roll_up`. In registry order.
    """
    return read_floors(target, [period], root, basis=basis)[period.pk]


def read_floors(
    target: Target, periods: Sequence[ReportingPeriod], root: UnitPlace, *, basis: str = "accepted"
) -> dict[int, list[Standing]]:
    """Judge as `read_floor` does, in each of `periods` of one campaign: by id of period; five queries in all."""
    campaign, last = periods[0].campaign, max(period.ends_on for period in periods)
    places = list(
        UnitPlace.objects.filter(path__startswith=root.path, level=target.each, reports=True)
        .select_related("unit")
        .order_by("position")
    )
    statuses = Submission.SENT if basis == "received" else (Submission.Status.ACCEPTED,)
    below = UnitPlace.objects.filter(path__startswith=root.path, level=target.each)
    rows = Figure.objects.filter(
        indicator=target.indicator,
        submission__status__in=statuses,
        submission__ends_on__lte=last,
        submission__unit__in=below.order_by().values("unit"),
    ).order_by("submission__ends_on")
    reports: Mapping[int, list[tuple[date, Decimal | None]]] = defaultdict(list)
    for unit, end, value in rows.values_list("submission__unit", "submission__ends_on", "value"):
        reports[unit].append((end, value))
    calendar = list(campaign.periods.order_by("ends_on"))
    opened = _first_days(campaign, {place.unit_id for place in places})
    exempted = set(Exemption.objects.filter(period__in=periods).values_list("period", "unit"))
    today, is_flow = campaign.today(), target.indicator.nature == Indicator.Nature.FLOW
    return {
        period.pk: [
            judge(
                place,
                reports[place.unit_id],
                period,
                calendar,
                target.at_least,
                today,
                opened=opened[place.unit_id],
                is_flow=is_flow,
            )
            for place in places
            if place.is_open(period.ends_on)
            and exempted.isdisjoint({(period.pk, None), (period.pk, place.unit_id)})
        ]
        for period in periods
    }


def _first_days(campaign: Campaign, units: Iterable[int]) -> dict[int, date | None]:
    """Return each unit's first day, by id: a move or another name opens a place, not the unit."""
    first: dict[int, date | None] = {}
    for unit, opens in campaign.places.filter(unit__in=units).order_by().values_list("unit", "opens"):
        known = first.get(unit, opens)
        first[unit] = min(known, opens) if known and opens else None
    return first


def below_least(
    places: Iterable[UnitPlace], at_least: int, count: Callable[[UnitPlace], int]
) -> list[tuple[UnitPlace, int]]:
    """Return the places that have less than they owe, with what they have: highlights 2/3. count: what one has."""
    found = ((place, count(place)) for place in places)
    return [(place, number) for place, number in found if number < at_least]


def _per_cent(part: Decimal, whole: Decimal) -> int:
    return int((100 * part / whole).quantize(Decimal(1), ROUND_HALF_UP)) if whole else 0
