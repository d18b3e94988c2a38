"""Totals up the tree, each with what it is made of: computed on read, never stored.

A unit contributes its last whole report that counts, never single cells of several, at the place that it
holds in the period asked for. One statement finds that report by one index entry a unit and adds the figures
up: no form of it in the ORM comes near.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db import connection

from campaigns.models import Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from campaigns.models.units import PATH_DIGITS, Level
from reports.tasks import place_held

BASES = ("accepted", "received", "strict")
MEASURES = ("cumulative", "increment")

_FLOW, _STOCK = Indicator.Nature.FLOW, Indicator.Nature.STOCK
_OWN = 0
_OWN_NAMES = {Level.NATION: "国家本级", Level.PROVINCE: "省本级", Level.PREFECTURE: "市本级"}
_STORED = Decimal("0.0001")


class RollUpError(ValueError):
    """A roll-up that cannot be made; the message is a sentence."""


@dataclass(frozen=True)
class Coverage:
    """What a total is made of, in reporting units: 应报 = 本期 + 沿用 + 未报; 免报 stands apart."""

    expected: int
    reported: int
    carried: int
    never: int
    exempt: int

    @property
    def state(self) -> str:
        """reported, carried or never where all units expected agree, else mixed; exempt: none is expected."""
        states = [state for state in ("reported", "carried", "never") if getattr(self, state)]
        if len(states) > 1:
            return "mixed"
        return states[0] if states else "exempt"


@dataclass(frozen=True)
class Row:
    """The unit's own report (`own`), or a direct child with all below it.

    state: as in `Coverage`.
    as_of: the end of the period of the earliest report counted; None where none is.
    values: by indicator number, in the measure asked for; None where no unit reported the cell.
    cumulative: the same to date, whatever the measure.
    blank: by indicator number, how many units' counted reports left the cell blank; no entry for 0.
    place: id of the unit's UnitPlace. has_below: the row counts units below this one.
    """

    unit: str
    name: str
    own: bool
    state: str
    as_of: date | None
    coverage: Coverage
    values: dict[int, Decimal | None]
    cumulative: dict[int, Decimal | None]
    blank: dict[int, int]
    place: int
    has_below: bool


@dataclass(frozen=True)
class RollUp:
    """A unit at a period. campaign, form and unit are codes, period is its end; the rest as in `Row`.

    carried (with the end of the period that it comes from), never and exempt name the units of the whole
    subtree in registry order: one further down than a child with the unit above it, 徐州市鼓楼区; one that
    has units below it for what it did itself, 徐州市本级.
    """

    campaign: str
    form: str
    period: date
    unit: str
    basis: str
    measure: str
    coverage: Coverage
    as_of: date | None
    total: dict[int, Decimal | None]
    cumulative: dict[int, Decimal | None]
    blank: dict[int, int]
    rows: tuple[Row, ...]
    carried: tuple[tuple[str, date], ...]
    never: tuple[str, ...]
    exempt: tuple[str, ...]


def roll_up(
    form: ReportForm,
    period: ReportingPeriod,
    unit: ReportingUnit,
    *,
    basis: str = "accepted",
    measure: str = "cumulative",
) -> RollUp:
    """Add up `form` over `unit` and all below it, as of `period`. Who may read it is the caller's business.

    basis: accepted (each unit's last accepted report), received (its last submitted or accepted one), strict
    (accepted reports of this very period). measure: cumulative, or increment: the difference to the total
    that the same unit (a row: the same child of it) had in the previous period, nothing before counting as 0,
    None where no unit ever reported the cell. An exempted unit (免报) is not expected, but its report counts
    like any other, save in strict. A flow adds the counted reports to date, its increment is this period's value; a stock
    takes this period's reports only. Raises RollUpError.
    """
    _check(form, period, basis, measure)
    place = place_at(unit, period)
    before = None
    if measure == "increment":
        before = form.campaign.periods.filter(ends_on__lt=period.ends_on).order_by("ends_on").last()
    sides = [_Side("counted", place, period)]
    if before:
        sides.append(_Side("before", place_at(unit, before), before))
    children = list(
        UnitPlace.objects.filter(parent__in={side.place.pk for side in sides}).select_related("unit")
    )
    question = _Question(
        form,
        basis,
        sides,
        {child.pk: child.unit_id for child in children},
        _own_name(place, children, period),
    )
    parts, named = _read(question)
    if before:
        _find_ever_reported(question, parts)

    whole = _Part()
    for part in parts.values():
        whole.add(part)
    return RollUp(
        campaign=form.campaign.code,
        form=form.code,
        period=period.ends_on,
        unit=unit.code,
        basis=basis,
        measure=measure,
        coverage=whole.coverage,
        as_of=whole.as_of,
        total=whole.values(form.columns, measure),
        cumulative=whole.values(form.columns, "cumulative"),
        blank=whole.blank(form.columns, measure),
        rows=tuple(_rows(question, parts, children, measure)),
        carried=tuple((one.name, one.as_of) for one in named if one.as_of and not one.exempt),
        never=tuple(one.name for one in named if one.as_of is None and not one.exempt),
        exempt=tuple(one.name for one in named if one.exempt),
    )


def place_at(unit: ReportingUnit, period: ReportingPeriod) -> UnitPlace:
    """Return the place that `unit` holds in `period`; its latest where it holds none then.

    Raises RollUpError where the unit has no place in the campaign.
    """
    places = list(UnitPlace.objects.filter(campaign=period.campaign_id, unit=unit).select_related("unit"))
    if not places:
        raise RollUpError(f"单位“{unit.name}”（{unit.code}）不在本次活动的单位名录中，请改选单位。")
    return held_or_latest(places, period.ends_on)


def as_json(roll_up: RollUp) -> dict[str, Any]:
    """Return what `manage.py roll_up --format json` prints: values as exact decimals in text."""
    return {
        "campaign": roll_up.campaign,
        "form": roll_up.form,
        "period": roll_up.period.isoformat(),
        "unit": roll_up.unit,
        "basis": roll_up.basis,
        "measure": roll_up.measure,
        "coverage": _coverage_json(roll_up.coverage),
        "total": _values_json(roll_up.total),
        "blank": {str(number): units for number, units in roll_up.blank.items()},
        "rows": [
            {
                "unit": row.unit,
                "name": row.name,
                "own": row.own,
                "state": row.state,
                "as_of": row.as_of.isoformat() if row.as_of else None,
                "coverage": _coverage_json(row.coverage),
                "values": _values_json(row.values),
                "blank": {str(number): units for number, units in row.blank.items()},
            }
            for row in roll_up.rows
        ],
    }


def _check(form: ReportForm, period: ReportingPeriod, basis: str, measure: str) -> None:
    if basis not in BASES:
        raise RollUpError(
            f"没有“{basis}”这种口径，请用 accepted（已通过）、received（已收到）或 strict（仅本期）。"
        )
    if measure not in MEASURES:
        raise RollUpError(f"没有“{measure}”这种指标，请用 cumulative（累计）或 increment（本期新增）。")
    if basis == "strict" and measure == "increment":
        raise RollUpError("“仅本期”口径不沿用以前的数据，不能计算本期新增，请改用其他口径或累计数。")
    if form.campaign_id != period.campaign_id:
        raise RollUpError("报表和报告期不属于同一个活动，请重新选择。")


def _coverage_json(coverage: Coverage) -> dict[str, int]:
    counts = {
        "expected": coverage.expected,
        "reported": coverage.reported,
        "carried": coverage.carried,
        "never": coverage.never,
    }
    return counts | {"exempt": coverage.exempt} if coverage.exempt else counts


def _values_json(values: dict[int, Decimal | None]) -> dict[str, str | None]:
    return {str(number): None if value is None else f"{value:f}" for number, value in values.items()}


def _own_name(place: UnitPlace, children: Iterable[UnitPlace], period: ReportingPeriod) -> str:
    """Return the name of what a unit did itself, beside the units below it in the period: 市本级; a leaf's is its own.

    children: of the place, at any time; others are passed over.
    """
    below = (child for child in children if child.parent_id == place.pk)
    if not any(place_held([child], period.ends_on) for child in below):
        return place.short
    return _OWN_NAMES.get(Level(place.level), f"{place.short}本级")


def held_or_latest(places: Sequence[UnitPlace], day: date) -> UnitPlace:
    """Return the one of a unit's places in a campaign (at least one) that it holds on `day`, otherwise its latest."""
    return place_held(places, day) or max(places, key=lambda place: place.opens or date.min)


class _Side(NamedTuple):
    """A period to read, and the place below which to read it. name: of its part of the statement."""

    name: str
    place: UnitPlace
    period: ReportingPeriod


class _Question(NamedTuple):
    """What is read. children: the unit of each child's place, by the place's id. own_name: 市本级."""

    form: ReportForm
    basis: str
    sides: Sequence[_Side]
    children: dict[int, int]
    own_name: str

    @property
    def mark(self) -> str:
        """Which reports' sums stand apart.

        fresh: those of the very period, where a flow or a stock asks for them. same: those that count on both
        sides at the same place, whose figures need not be read twice. "": none.
        """
        if any(indicator.nature in (_FLOW, _STOCK) for indicator in self.form.columns):
            return "fresh"
        return "same" if len({side.place.pk for side in self.sides}) < len(self.sides) else ""


class _Named(NamedTuple):
    """A unit for the footnotes. as_of: None where no report of it counts."""

    name: str
    as_of: date | None
    exempt: bool


class _Cell(NamedTuple):
    """The key of a sum. kind: of all reports on a side ("counted", "before"), of those of that side's very
    period ("counted fresh", "before fresh"), or of a flow's reports to date ("to_date"). indicator: its id.
    """

    kind: str
    indicator: int


@dataclass
class _Part:
    """A row in the making: counts of units, and sums before rounding.

    counted: how many reports count, of which counted_fresh are of this very period; counted_before: in the
    period before. A cell that no report fills has no sum; filled: how many reports that count fill it. ever:
    indicators that a unit has once reported, looked for only where there is nothing to take a difference of.
    """

    reported: int = 0
    carried: int = 0
    never: int = 0
    exempt: int = 0
    counted: int = 0
    counted_fresh: int = 0
    counted_before: int = 0
    as_of: date | None = None
    has_below: bool = False
    sums: dict[_Cell, Decimal] = field(default_factory=dict)
    filled: dict[_Cell, int] = field(default_factory=dict)
    ever: set[int] = field(default_factory=set)

    @property
    def coverage(self) -> Coverage:
        expected = self.reported + self.carried + self.never
        return Coverage(expected, self.reported, self.carried, self.never, self.exempt)

    def add_units(self, units: int, as_of: date | None, end: date, *, exempt: bool, below: bool) -> None:
        if exempt:
            self.exempt += units
        elif as_of is None:
            self.never += units
        elif as_of == end:
            self.reported += units
        else:
            self.carried += units
        if as_of is not None:
            self.counted += units
            self.counted_fresh += units if as_of == end else 0
            self.as_of = min(self.as_of or as_of, as_of)
        self.has_below = self.has_below or below

    def add_sum(self, cell: _Cell, amount: Decimal, filled: int) -> None:
        self.sums[cell] = self.sums.get(cell, Decimal(0)) + amount
        self.filled[cell] = self.filled.get(cell, 0) + filled

    def add(self, other: "_Part") -> None:
        for count in ("reported", "carried", "never", "exempt", "counted", "counted_fresh"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.as_of = min(filter(None, (self.as_of, other.as_of)), default=None)
        for cell, amount in other.sums.items():
            self.add_sum(cell, amount, other.filled[cell])
        self.ever |= other.ever

    def total(self, kind: str, indicator: Indicator) -> Decimal | None:
        """Return the sum as printed; None where no report fills the cell."""
        amount = self.sums.get(_Cell(kind, indicator.pk))
        return None if amount is None else _rounded(amount, indicator)

    def cumulative(self, indicator: Indicator) -> Decimal | None:
        if indicator.nature == _FLOW:
            return self.total("to_date", indicator)
        return self.total("counted fresh" if indicator.nature == _STOCK else "counted", indicator)

    def increment(self, indicator: Indicator) -> Decimal | None:
        nature, nothing = indicator.nature, Decimal(0)
        now = self.total("counted fresh" if nature in (_FLOW, _STOCK) else "counted", indicator)
        was = None
        if nature != _FLOW:
            was = self.total("before fresh" if nature == _STOCK else "before", indicator)
        if now is None and was is None:
            return _rounded(nothing, indicator) if indicator.pk in self.ever else None
        return (nothing if now is None else now) - (nothing if was is None else was)

    def values(self, columns: Iterable[Indicator], measure: str) -> dict[int, Decimal | None]:
        value = self.increment if measure == "increment" else self.cumulative
        return {indicator.number: value(indicator) for indicator in columns}

    def blank(self, columns: Iterable[Indicator], measure: str) -> dict[int, int]:
        """Count, of the reports that a value is made of, those that leave its cell blank.

        Of a flow to date that is the last report of each unit, as of a cumulative figure.
        """
        blank = {}
        for indicator in columns:
            fresh_only = indicator.nature == _STOCK or (indicator.nature == _FLOW and measure == "increment")
            filled = self.filled.get(_Cell("counted fresh" if fresh_only else "counted", indicator.pk), 0)
            missing = (self.counted_fresh if fresh_only else self.counted) - filled
            if missing:
                blank[indicator.number] = missing
        return blank


def _rows(
    question: _Question, parts: dict[int, _Part], children: Sequence[UnitPlace], measure: str
) -> Iterator[Row]:
    """Yield the unit's own row, then its children in registry order: those with anyone who owes the form."""
    _, place, period = question.sides[0]
    held: dict[int, list[UnitPlace]] = {}
    for child in children:
        if child.parent_id == place.pk:
            held.setdefault(child.unit_id, []).append(child)
    stands = [held_or_latest(of_unit, period.ends_on) for of_unit in held.values()]
    stands.sort(key=lambda stand: stand.position)
    shown = [(_OWN, place, question.own_name), *((stand.unit_id, stand, stand.short) for stand in stands)]
    columns = question.form.columns
    for key, stand, name in shown:
        part = parts.get(key)
        if part is None or not (part.coverage.expected or part.exempt):
            continue
        cumulative = part.values(columns, "cumulative")
        yield Row(
            unit=stand.unit.code,
            name=name,
            own=key == _OWN,
            state=part.coverage.state,
            as_of=part.as_of,
            coverage=part.coverage,
            values=part.values(columns, measure) if measure == "increment" else cumulative,
            cumulative=cumulative,
            blank=part.blank(columns, measure),
            place=stand.pk,
            has_below=part.has_below,
        )


# The statement. What varies in it is chosen from the texts below; every value is bound. It has one side,
# "counted", and for an increment a second, "before": a period, and the root below which it is read.

# One number for a child, a mark and an indicator: SQLite groups by sorting, and one number sorts faster.
_SLOT = 10**PATH_DIGITS
_WHICH_REPORTS = {
    "accepted": "report.status = 'accepted' AND report.ends_on <= %({side}_end)s",
    "received": "report.status IN ('submitted', 'accepted') AND report.ends_on <= %({side}_end)s",
    # An exempted unit is outside the expected ones; its report counts where reports are carried, not here.
    "strict": """report.status = 'accepted' AND report.ends_on = %({side}_end)s AND NOT EXISTS (
                SELECT 1 FROM campaigns_exemption exemption WHERE exemption.period_id = %(period)s
                AND (exemption.unit_id IS NULL OR exemption.unit_id = report.unit_id))""",
}
_COUNTS = """({place}.opens IS NULL OR {place}.opens <= %({side}_end)s)
        AND ({place}.closes IS NULL OR {place}.closes >= %({side}_end)s OR {place}.after_close = 'keep')"""
# Of two places that count a unit holds the later, as in reports.tasks.place_held. Few units have two.
_HELD = """
    CASE WHEN place.path LIKE %({side}_path)s AND {counts}
        AND (place.unit_id NOT IN (
            SELECT unit_id FROM campaigns_unitplace WHERE campaign_id = %(campaign)s AND opens IS NOT NULL
        ) OR NOT EXISTS (
            SELECT 1 FROM campaigns_unitplace later
            WHERE later.campaign_id = %(campaign)s AND later.unit_id = place.unit_id
            AND later.opens IS NOT NULL AND (place.opens IS NULL OR later.opens > place.opens)
            AND {later_counts}
        ))
    THEN 1 ELSE 0 END AS {side}"""
_PLACES = """
    SELECT place.id, place.unit_id, place.path,{held}
    FROM campaigns_unitplace place
    WHERE place.campaign_id = %(campaign)s AND ({inside})
    AND place.reports AND (%(line)s = '' OR place.line = '' OR place.line = %(line)s)"""
_LATEST = """(
    SELECT {columns} FROM reports_submission report
    WHERE report.report_form_id = %(form)s AND report.unit_id = place.unit_id AND {which}
    ORDER BY report.ends_on DESC LIMIT 1
    )"""
_UNITS = """
    SELECT found.id, found.unit_id,{sides}
    CASE WHEN LENGTH(found.path) > %(child_length)s THEN 1 ELSE 0 END AS below,
    CASE WHEN EXISTS (
        SELECT 1 FROM campaigns_exemption WHERE period_id = %(period)s AND unit_id IS NULL
    ) OR found.unit_id IN (
        SELECT unit_id FROM campaigns_exemption WHERE period_id = %(period)s AND unit_id IS NOT NULL
    ) THEN 1 ELSE 0 END AS exempt
    FROM ({found}) found"""
# A path is the ids of all places down to this one: below the root, the next id is the child's. 0: the root itself.
_SIDE_OF_UNIT = """
    found.{side}, found.{side}_report, found.{side}_on,
    (CAST('0' || SUBSTR(found.path, %({side}_child)s, {digits}) AS bigint) * 2 + {mark}) * {slot} AS {side}_slot,"""
_MARKS = {
    "fresh": "CASE WHEN found.{side}_on = %({side}_end)s THEN 1 ELSE 0 END",
    "same": "CASE WHEN found.counted_report = found.before_report THEN 1 ELSE 0 END",
    "": "0",
}
_SUMS = """
SELECT 'counted' AS kind, counted_slot + figure.indicator_id AS key, SUM(figure.value) AS amount,
    COUNT(figure.value) AS units, CAST(NULL AS date) AS as_of, 0 AS exempt, 0 AS below, '' AS name
FROM unit JOIN reports_figure figure ON figure.submission_id = unit.counted_report
GROUP BY 2"""
_SUMS_BEFORE = """
SELECT 'before', before_slot + figure.indicator_id, SUM(figure.value), 0, NULL, 0, 0, ''
FROM unit JOIN reports_figure figure ON figure.submission_id = unit.before_report
{only}
GROUP BY 2"""
_COVERAGE = """
SELECT 'units', counted_slot, NULL, COUNT(*), counted_on, exempt, below, ''
FROM unit WHERE counted = 1
GROUP BY counted_slot, counted_on, exempt, below"""
_COVERAGE_BEFORE = """
SELECT 'units before', before_slot, NULL, COUNT(before_report), NULL, 0, 0, ''
FROM unit WHERE before = 1
GROUP BY before_slot"""
_NAMES = """
SELECT 'name', place.position, NULL, 1, unit.counted_on, unit.exempt, 0,
    CASE WHEN place.id = %(root)s THEN %(root_name)s ELSE
        CASE WHEN place.parent_id = %(root)s THEN '' ELSE parent.short END || place.short
        || CASE WHEN EXISTS (
            SELECT 1 FROM campaigns_unitplace child
            WHERE child.parent_id = place.id AND {counts}
        ) THEN '本级' ELSE '' END
    END
FROM unit
JOIN campaigns_unitplace place ON place.id = unit.id
LEFT JOIN campaigns_unitplace parent ON parent.id = place.parent_id
WHERE unit.counted = 1
AND (unit.exempt = 1 OR unit.counted_on IS NULL OR unit.counted_on < %(counted_end)s)"""
_FLOWS = """
SELECT 'to_date', counted_slot + figure.indicator_id, SUM(figure.value), COUNT(figure.value), NULL, 0, 0, ''
FROM unit
JOIN reports_submission report
    ON report.report_form_id = %(form)s AND report.unit_id = unit.unit_id AND {which}
JOIN reports_figure figure ON figure.submission_id = report.id
JOIN campaigns_indicator indicator ON indicator.id = figure.indicator_id AND indicator.nature = 'flow'
WHERE unit.counted = 1
GROUP BY 2"""
_EVER = """
SELECT {side}_slot + figure.indicator_id
FROM unit
JOIN reports_submission report
    ON report.report_form_id = %(form)s AND report.unit_id = unit.unit_id AND {which}
JOIN reports_figure figure ON figure.submission_id = report.id AND figure.indicator_id IN ({indicators})
WHERE unit.{side} = 1 AND figure.value IS NOT NULL AND {side}_slot / (2 * {slot}) IN ({children})"""


def _read(question: _Question) -> tuple[dict[int, _Part], list[_Named]]:
    """Return the parts, by the child's unit id (`_OWN`: the unit's own), and the names in registry order."""
    mark = question.mark
    branches = [_SUMS, _COVERAGE, _NAMES.format(counts=_COUNTS.format(place="child", side="counted"))]
    if len(question.sides) > 1:
        unread = "WHERE unit.counted_report IS NULL OR unit.counted_report <> unit.before_report"
        branches += [_SUMS_BEFORE.format(only=unread if mark == "same" else ""), _COVERAGE_BEFORE]
    if any(indicator.nature == _FLOW for indicator in question.form.columns):
        branches.append(_FLOWS.format(which=_WHICH_REPORTS[question.basis].format(side="counted")))
    end = question.sides[0].period.ends_on
    parts: dict[int, _Part] = {}
    named: list[tuple[int, _Named]] = []
    for kind, key, amount, units, as_of, exempt, below, name in _run(question, "\nUNION ALL".join(branches)):
        if kind == "name":
            named.append((key, _Named(name, _day(as_of), bool(exempt))))
            continue
        child, marked, indicator = _unpacked(key)
        part = parts.setdefault(question.children.get(child, _OWN), _Part())
        if kind == "units":
            part.add_units(units, _day(as_of), end, exempt=bool(exempt), below=bool(below))
        elif kind == "units before":
            part.counted_before += units
        elif amount is not None:
            amount = _exact(amount)
            part.add_sum(_Cell(kind, indicator), amount, units)
            if marked:
                other = f"{kind} fresh" if mark == "fresh" else "before"
                part.add_sum(_Cell(other, indicator), amount, units)
    return parts, [one for _, one in sorted(named, key=lambda pair: pair[0])]


def _find_ever_reported(question: _Question, parts: dict[int, _Part]) -> None:
    """Fill `ever`: where an increment has nothing to go by, an earlier report may yet have filled the cell.

    Only where that is in doubt, and only of the children and indicators concerned, is the history read.
    """
    columns = question.form.columns
    doubtful = {
        key: missing
        for key, part in parts.items()
        if (part.counted or part.counted_before)
        and (missing := {one.pk for one in columns if part.increment(one) is None})
    }
    if not doubtful:
        return
    children = [child for child, unit in question.children.items() if unit in doubtful]
    indicators = sorted(set().union(*doubtful.values()))
    parameters = {f"child{n}": child for n, child in enumerate(children + [_OWN] * (_OWN in doubtful))}
    parameters |= {f"indicator{n}": indicator for n, indicator in enumerate(indicators)}
    branches = [
        _EVER.format(
            side=side.name,
            slot=_SLOT,
            which=_WHICH_REPORTS[question.basis].format(side=side.name),
            children=", ".join(f"%({name})s" for name in parameters if name.startswith("child")),
            indicators=", ".join(f"%({name})s" for name in parameters if name.startswith("indicator")),
        )
        for side in question.sides
    ]
    for (key,) in _run(question, "\nUNION".join(branches), parameters):
        child, _, indicator = _unpacked(key)
        parts[question.children.get(child, _OWN)].ever.add(indicator)


def _run(question: _Question, statement: str, more: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run `statement` over the table `unit`: a row for each place that owes the form on either side."""
    _, root, period = question.sides[0]
    parameters: dict[str, Any] = {
        "campaign": question.form.campaign_id,
        "form": question.form.pk,
        "line": question.form.line,
        "root": root.pk,
        "root_name": question.own_name,
        "child_length": len(root.path) + PATH_DIGITS + 1,
        "period": period.pk,
        **(more or {}),
    }
    for name, place, of_side in question.sides:
        parameters |= {
            f"{name}_path": f"{place.path}%",
            f"{name}_child": len(place.path) + 1,
            f"{name}_end": connection.ops.adapt_datefield_value(of_side.ends_on),
        }
    with connection.cursor() as cursor:
        cursor.execute(f"WITH unit AS {_unit_table(question)}{statement}", parameters)
        return cursor.fetchall()


def _unit_table(question: _Question) -> str:
    """Return the table of units, each with the report that counts on each side.

    OFFSET 0, on SQLite LIMIT -1, keeps what a subquery computes from being computed again wherever it is used.
    """
    sides = [side.name for side in question.sides]
    joins = connection.vendor == "postgresql"
    fence = "\n    OFFSET 0" if joins else "\n    LIMIT -1"
    held = ",".join(
        _HELD.format(
            side=side,
            counts=_COUNTS.format(place="place", side=side),
            later_counts=_COUNTS.format(place="later", side=side),
        )
        for side in sides
    )
    inside = " OR ".join(f"place.path LIKE %({side}_path)s" for side in sides)
    places = f"({_PLACES.format(held=held, inside=inside)}{fence}) place"
    columns, found = "", places
    for side in sides:
        which = _WHICH_REPORTS[question.basis].format(side=side)
        if joins:
            latest = _LATEST.format(columns="report.id, report.ends_on", which=which)
            columns += f", {side}_latest.id AS {side}_report, {side}_latest.ends_on AS {side}_on"
            found += f" LEFT JOIN LATERAL {latest} {side}_latest ON place.{side} = 1"
        else:
            latest_id = _LATEST.format(columns="report.id", which=which)
            latest_on = _LATEST.format(columns="report.ends_on", which=which)
            if side == "before" and question.mark != "fresh":
                latest_on = "NULL"
            columns += f", CASE WHEN place.{side} = 1 THEN {latest_id} END AS {side}_report"
            columns += f", CASE WHEN place.{side} = 1 THEN {latest_on} END AS {side}_on"
    any_side = " OR ".join(f"place.{side} = 1" for side in sides)
    found = f"SELECT place.*{columns} FROM {found} WHERE {any_side}{fence}"  # noqa: S608
    of_sides = "".join(
        _SIDE_OF_UNIT.format(
            side=side, digits=PATH_DIGITS, slot=_SLOT, mark=_MARKS[question.mark].format(side=side)
        )
        for side in sides
    )
    return f"({_UNITS.format(sides=of_sides, found=found)}{fence})"


def _unpacked(key: int) -> tuple[int, bool, int]:
    """Take a key apart: the child's place (0: the unit's own report), the mark, the indicator (0: none)."""
    slot, indicator = divmod(key, _SLOT)
    child, mark = divmod(slot, 2)
    return child, bool(mark), indicator


def _exact(amount: Decimal | float) -> Decimal:
    """Return a sum as the decimal that it stands for: SQLite adds floats, 0.1 + 0.2 = 0.30000000000000004."""
    return Decimal(str(amount)).quantize(_STORED)


def _rounded(amount: Decimal, indicator: Indicator) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-indicator.decimals), ROUND_HALF_UP)


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
