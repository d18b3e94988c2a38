"""All that is known of one total: who brought which share of it, how it grew, and what it is reconciled with.

The total and its parts are the roll-up of the question, the periods before are its series; nothing is added up here
that has been added up there, save the parts once more, to see that they make the whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from campaigns.models import Indicator, ReportForm, ReportingPeriod, UnitPlace
from reports.rollup import Coverage, RollUp, Row, roll_up
from reports.rollup.reconciliation import Reconciled, reconcile
from reports.rollup.series import Series, series
from reports.trend import Trend, trend

PERIODS = 12
BAR = 100


@dataclass(frozen=True)
class Share:
    """A row's part of the total. part: 0 to 1; None where nothing is reported or falls make shares meaningless.

    width: of its bar, 0 to `BAR`, the largest part being full.
    """

    row: Row
    value: Decimal | None
    part: Decimal | None
    width: float

    @property
    def percent(self) -> str:
        return "—" if self.part is None else _percent(self.part)


@dataclass(frozen=True)
class Growth:
    """环比: this period's increment against the last one's. ratio: what it changed by, 0.25 = a quarter more.

    words: what stands there where there is no ratio; "" otherwise. days: of this period and of the last where their
    lengths differ, None where they do not.
    """

    now: Decimal | None
    before: Decimal | None
    ratio: Decimal | None
    words: str
    days: tuple[int, int] | None

    @property
    def percent(self) -> str:
        """The ratio without its sign: 25.0%."""
        return "" if self.ratio is None else _percent(abs(self.ratio))


@dataclass(frozen=True)
class Point:
    """The total at a period. is_current: the one asked for."""

    period: ReportingPeriod
    total: Decimal | None
    increment: Decimal | None
    is_current: bool


@dataclass(frozen=True)
class TotalDetails:
    """One column of a roll-up.

    value: in the measure asked for, as on the official form. increment: None with the basis strict, which has none;
    points and growth are empty there too. reconciled: None but for the official basis, on which editions stand.
    """

    indicator: Indicator
    rollup: RollUp
    measure: str
    value: Decimal | None
    increment: Decimal | None
    shares: tuple[Share, ...]
    growth: Growth | None
    points: tuple[Point, ...]
    chart: Trend
    reconciled: tuple[Reconciled, ...] | None

    @property
    def coverage(self) -> Coverage:
        return self.rollup.coverage

    @property
    def has_parts(self) -> bool:
        return any(share.part is not None for share in self.shares)

    @property
    def has_points(self) -> bool:
        return any(point.total is not None for point in self.points)

    @property
    def blank(self) -> int:
        """How many units' counted reports leave the column blank."""
        return self.rollup.blank.get(self.indicator.number, 0)

    @property
    def latest_first(self) -> tuple[Point, ...]:
        return self.points[::-1]


def total_details(
    form: ReportForm,
    period: ReportingPeriod,
    place: UnitPlace,
    indicator: Indicator,
    *,
    basis: str = "accepted",
    measure: str = "cumulative",
) -> TotalDetails:
    """Gather what is known of one total, in a number of queries that neither units nor periods change.

    Raises RollUpError where there is no such total.
    """
    number = indicator.number
    has_increment = basis != "strict"
    rollup = roll_up(form, period, place.unit, basis=basis, measure="increment" if has_increment else measure)
    is_increment = measure == "increment"
    value = (rollup.total if is_increment else rollup.cumulative)[number]
    increment = rollup.total[number] if has_increment else None
    points: tuple[Point, ...] = ()
    if has_increment:
        totals = series(form, place.unit, numbers=[number], until=period, basis=basis)
        points = _points(totals, period, number, increment)
    return TotalDetails(
        indicator=indicator,
        rollup=rollup,
        measure=measure,
        value=value,
        increment=increment,
        shares=shares((row, (row.values if is_increment else row.cumulative)[number]) for row in rollup.rows),
        growth=growth_of(points),
        points=points[-PERIODS:],
        chart=trend(
            [str(point.period.number) for point in points[-PERIODS:]],
            [point.total for point in points[-PERIODS:]],
            [point.increment for point in points[-PERIODS:]],
        ),
        reconciled=tuple(reconcile(form, place, period, rollup, number, measure))
        if basis == "accepted"
        else None,
    )


def shares(values: Iterable[tuple[Row, Decimal | None]]) -> tuple[Share, ...]:
    """Rank parts by what they bring, the largest first, and who has reported nothing last."""
    listed = sorted(values, key=lambda pair: (pair[1] is None, -(pair[1] or 0)))
    known = [value for _, value in listed if value is not None]
    whole, most = sum(known, Decimal(0)), max(known, default=Decimal(0))
    are_parts = whole > 0 and min(known) >= 0
    return tuple(
        Share(
            row,
            value,
            value / whole if are_parts and value is not None else None,
            round(float(BAR * value / most), 1) if value is not None and value > 0 else 0,
        )
        for row, value in listed
    )


def growth_of(points: Sequence[Point]) -> Growth | None:
    """Compare the last point's increment with the one before; None without any point."""
    if not points:
        return None
    point = points[-1]
    if len(points) == 1:
        return Growth(point.increment, None, None, "本期是第一期，没有上期可比", None)
    last = points[-2]
    now, before = point.increment, last.increment
    lengths = (_days(point.period), _days(last.period))
    days = lengths if lengths[0] != lengths[1] else None
    if now is None:
        words = "本期没有数字"
    elif before is None:
        words = "上期没有数字，不算环比"
    elif before < 0:
        words = "上期为下降，不算环比"
    elif before == 0:
        words = "两期都没有新增" if now == 0 else "上期新增为 0，不算环比"
    elif now < 0:
        words = "本期为下降，不算环比"
    else:
        return Growth(now, before, (now - before) / before, "", days)
    return Growth(now, before, None, words, days)


def _percent(part: Decimal) -> str:
    return f"{100 * part:.1f}%"


def _days(period: ReportingPeriod) -> int:
    return (period.ends_on - period.starts_on).days + 1


def _points(
    totals: Series, period: ReportingPeriod, number: int, increment: Decimal | None
) -> tuple[Point, ...]:
    """increment: of the period asked for, as the roll-up has it."""
    return tuple(
        Point(
            one,
            totals.total(one, number),
            increment if one.pk == period.pk else totals.increment(one, number),
            is_current=one.pk == period.pk,
        )
        for one in totals.periods
    )
