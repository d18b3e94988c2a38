"""概览: what a unit's leader asks first, of one form at one period. Every figure is the roll-up's of the same question.

Which columns stand on cards is a rule: those with a target, then the first that counts persons and has no parent,
then the last in 万元, then the others without a parent as printed; four of them.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from django.conf import settings

from campaigns.models import Indicator, ReportForm, ReportingPeriod, Target, UnitPlace
from reports.completeness import progress
from reports.completeness.targets import Attainment, Standing, Verdict, attainment, is_judged, read_floor
from reports.rollup import Coverage, RollUp, Row, held_or_latest, roll_up
from reports.rollup.series import Series, series

CARDS = 4
BAR = 100
_STATE_NOTES = {"reported": "", "carried": "沿用", "never": "未报", "exempt": "免报", "mixed": "含沿用或未报"}
_OVER = Target.Over


@dataclass(frozen=True)
class Floor:
    """A weekly floor over all units of its level: how many keep it, and who is below. part: a part-week, not judged."""

    target: Target
    standings: tuple[Standing, ...]
    is_part: bool

    @property
    def met(self) -> int:
        return sum(one.verdict == Verdict.MET for one in self.standings)

    @property
    def below(self) -> list[Standing]:
        return [*self.short, *self.silent]

    @property
    def short(self) -> list[Standing]:
        return [one for one in self.standings if one.verdict == Verdict.SHORT]

    @property
    def silent(self) -> list[Standing]:
        """Those without an accepted figure of the period."""
        return [one for one in self.standings if one.verdict == Verdict.NONE]


@dataclass(frozen=True)
class Card:
    """One column: its total to date, what the period added, its target and its weekly floor where it has any.

    is_aimed_above: its target is that of the whole campaign, of which the unit has no share.
    """

    indicator: Indicator
    total: Decimal | None
    increment: Decimal | None
    attainment: Attainment | None
    floor: Floor | None
    blank: int
    is_aimed_above: bool


@dataclass(frozen=True)
class Point:
    """A period in the trend. increment, total: None where nothing is reported. is_fall: below the period before."""

    period: ReportingPeriod
    total: Decimal | None
    increment: Decimal | None
    is_fall: bool


@dataclass(frozen=True)
class Trend:
    """The first card's column over the periods up to this one. later: those to come, for the axis. at_least: or None."""

    indicator: Indicator
    points: tuple[Point, ...]
    later: tuple[ReportingPeriod, ...]
    at_least: Decimal | None


@dataclass(frozen=True)
class Ranked:
    """A child in the ranking. value: as printed; note: beside it; width: of its bar, 0 to `BAR`; is_low: below the floor."""

    row: Row
    value: str
    note: str
    width: float
    is_low: bool


@dataclass(frozen=True)
class Ranking:
    """By progress, not by size. floor_at: where the line of the floor stands, None without one."""

    title: str
    unit: str
    rows: tuple[Ranked, ...]
    floor_at: float | None


@dataclass(frozen=True)
class Tile:
    """A child on the schematic map, row and column from 1. state: full, some or few of its units have reported."""

    row: Row
    at_row: int
    at_column: int
    state: str

    @property
    def missing(self) -> int:
        return self.row.coverage.expected - self.row.coverage.reported


@dataclass(frozen=True)
class HeatRow:
    """A child over the periods: (state or "", sign) each; rate: on time ÷ expected, None where nothing was due."""

    place: UnitPlace
    cells: tuple[tuple[str, str, str], ...]
    rate: Decimal | None


@dataclass(frozen=True)
class Board:
    form: ReportForm
    period: ReportingPeriod
    place: UnitPlace
    rollup: RollUp
    cards: tuple[Card, ...]
    trend: Trend
    ranking: Ranking
    tiles: tuple[Tile, ...]
    heat_periods: tuple[ReportingPeriod, ...]
    heat: tuple[HeatRow, ...]

    @property
    def coverage(self) -> Coverage:
        return self.rollup.coverage


def read_board(form: ReportForm, period: ReportingPeriod, place: UnitPlace, now: datetime) -> Board:
    """Read the board of `place`, in a number of queries that neither units nor periods change."""
    campaign = period.campaign
    rollup = roll_up(form, period, place.unit, measure="increment")
    targets = list(campaign.targets.filter(indicator__report_form=form).select_related("indicator"))
    columns = key_columns(form, targets)
    totals = series(form, place.unit, numbers=[column.number for column in columns], until=period)
    day = min(period.ends_on, campaign.today())
    floors = {
        target.indicator_id: Floor(target, tuple(read_floor(target, period, place)), not is_judged(period))
        for target in targets
        if target.over == _OVER.WEEK
    }
    # A target over the campaign is the root's: no unit below has a share of it.
    over_all = {target.indicator_id: target for target in targets if target.over == _OVER.CAMPAIGN}
    whole = over_all if stands_for_all(place) else {}
    cards = tuple(
        Card(
            column,
            rollup.cumulative[column.number],
            rollup.total[column.number],
            attainment(whole[column.pk], rollup.cumulative[column.number], campaign, day)
            if column.pk in whole
            else None,
            floors.get(column.pk),
            rollup.blank.get(column.number, 0),
            column.pk in over_all and column.pk not in whole,
        )
        for column in columns
    )
    heat_periods, heat = _heat(form, period, place, now)
    return Board(
        form=form,
        period=period,
        place=place,
        rollup=rollup,
        cards=cards,
        trend=_trend(columns[0], totals, period, whole),
        ranking=_ranking(rollup, columns[0], floors),
        tiles=tuple(_tiles(rollup)),
        heat_periods=heat_periods,
        heat=heat,
    )


def key_columns(form: ReportForm, targets: Sequence[Target]) -> list[Indicator]:
    """Return the columns that stand on cards."""
    plain = [column for column in form.columns if column.parent_id is None]
    aimed = [target.indicator_id for target in targets]
    order = [column for pk in aimed for column in form.columns if column.pk == pk]
    order += [column for column in plain if column.unit_of_measure == "人"][:1]
    order += [column for column in plain if column.unit_of_measure == "万元"][-1:]
    order += plain
    return list({column.pk: column for column in order}.values())[:CARDS]


def stands_for_all(place: UnitPlace) -> bool:
    """The root, or the one unit of a line directly under it: a target speaks of the whole campaign."""
    return place.parent_id is None or (bool(place.line) and len(place.ancestor_ids) <= 2)


def _trend(column: Indicator, totals: Series, period: ReportingPeriod, whole: dict[int, Target]) -> Trend:
    points, before = [], None
    for one in totals.periods:
        total = totals.total(one, column.number)
        is_fall = total is not None and before is not None and total < before
        points.append(Point(one, total, totals.increment(one, column.number), is_fall))
        before = total if total is not None else before
    later = tuple(period.campaign.periods.filter(ends_on__gt=period.ends_on).order_by("ends_on"))
    return Trend(column, tuple(points), later, whole[column.pk].at_least if column.pk in whole else None)


def _ranking(rollup: RollUp, column: Indicator, floors: dict[int, Floor]) -> Ranking:
    """Rank children by the floor that their units keep; without a floor by what the period added to their total."""
    children = [row for row in rollup.rows if not row.own]
    floor = next(iter(floors.values()), None)
    if floor is not None and floor.standings:
        return _floor_ranking(children, floor)
    shares = []
    for row in children:
        total, increment = row.cumulative[column.number], row.values[column.number]
        before = None if total is None or increment is None else total - increment
        shares.append((row, None if not before or increment is None else increment / before))
    known = [share for _, share in shares if share is not None]
    most = max([*known, Decimal(0)])
    shares.sort(key=lambda pair: (pair[1] is None, -(pair[1] or 0)))
    rows = tuple(
        Ranked(
            row,
            "—" if share is None else f"{100 * share:.1f}%",
            _STATE_NOTES[row.state],
            _width(share, most),
            False,
        )
        for row, share in shares
    )
    return Ranking(f"{column.label}：本期新增与上期累计之比", "", rows, None)


def _floor_ranking(children: Sequence[Row], floor: Floor) -> Ranking:
    number, least = floor.target.indicator.number, floor.target.at_least
    averages = []
    for row in children:
        inside = [one for one in floor.standings if row.place in one.place.ancestor_ids]
        increment = row.values[number]
        # What covers several weeks is spread over them; who has not reported stands for this one.
        weeks = sum(max(one.weeks, 1) if one.increment is not None else 1 for one in inside)
        average = None if increment is None or not inside else increment / weeks
        short = sum(one.verdict in (Verdict.SHORT, Verdict.NONE) for one in inside)
        averages.append((row, average, short, len(inside)))
    averages.sort(key=lambda one: (one[1] is None, -(one[1] or 0)))
    most = max([least * 2, *(average for _, average, _, _ in averages if average is not None)])
    rows = tuple(
        Ranked(
            row,
            "—" if average is None else f"{average.quantize(Decimal('0.1'), ROUND_HALF_UP)}",
            "不足整周，不考核" if floor.is_part else f"{short} 个不足" if short else "全部达标",
            _width(average, most),
            not floor.is_part and average is not None and average < least,
        )
        for row, average, short, inside in averages
        if inside
    )
    unit = floor.target.indicator.unit_of_measure
    return Ranking(
        f"每县每周{floor.target.indicator.label}",
        f"{unit}，下限 {least.normalize():f}",
        rows,
        _width(least, most),
    )


def _width(value: Decimal | None, most: Decimal) -> float:
    return 0 if not most or value is None or value <= 0 else round(float(BAR * value / most), 1)


def _tiles(rollup: RollUp) -> list[Tile]:
    grid = tile_grid()
    tiles = []
    for row in rollup.rows:
        at = grid.get(row.unit.partition("-")[0])
        if at is None or row.own:
            continue
        coverage = row.coverage
        missing = coverage.expected - coverage.reported
        state = "full" if not missing else "few" if 3 * missing > coverage.expected else "some"
        tiles.append(Tile(row, *at, state))
    return tiles


@lru_cache(maxsize=1)
def tile_grid() -> dict[str, tuple[int, int]]:
    """Where each division stands on the schematic map: row and column by code. Our own drawing, no boundary data."""
    with (settings.BASE_DIR / "fixtures" / "tiles.csv").open(encoding="utf-8", newline="") as rows:
        return {row["code"]: (int(row["row"]), int(row["column"])) for row in csv.DictReader(rows)}


def _heat(
    form: ReportForm, period: ReportingPeriod, place: UnitPlace, now: datetime
) -> tuple[tuple[ReportingPeriod, ...], tuple[HeatRow, ...]]:
    """Return the periods up to this one, and a row a child."""
    campaign = period.campaign
    periods = tuple(campaign.periods.filter(ends_on__lte=period.ends_on).order_by("ends_on"))
    below = campaign.places.filter(path__startswith=place.path)
    found = progress.read(campaign, below, now=now, forms=[form], periods=periods)
    children = place.children.order_by("position").select_related("unit")
    # A child that was renamed has two places, and one row.
    held: dict[int, list[UnitPlace]] = {}
    for child in children:
        held.setdefault(child.unit_id, []).append(child)
    rows = []
    for of_unit in held.values():
        child = held_or_latest(of_unit, period.ends_on)
        of_child = progress.by_unit(
            line for line in found.lines if any(line.place.path.startswith(one.path) for one in of_unit)
        )
        if not of_child:
            continue
        cells = []
        for one in periods:
            owed = [report for line in of_child for report in line.cells.get(one.pk, ())]
            state = progress.worst(owed)
            count = sum(report.state == state for report in owed)
            sign = progress.SIGNS[state] if state else ""
            is_many = len(of_child) > 1 and state not in (None, progress.State.ACCEPTED)
            label = f"{state.label} {count}" if state else ""
            cells.append((str(state.value) if state else "", f"{sign}{count}" if is_many else sign, label))
        due = progress.tally(
            report for line in of_child for owed in line.cells.values() for report in owed if report.is_due
        )
        rows.append(HeatRow(child, tuple(cells), due.timeliness))
    return periods, tuple(rows)
