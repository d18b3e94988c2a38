"""The statement: for each unit the report that counts, and the sums of their figures by child, in one reading.

What varies in it is chosen from the texts below; every value is bound. It has one side, "counted", and for an
increment a second, "before": a period, and the root below which it is read.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from campaigns.models.units import PATH_DIGITS

from .parts import BEFORE, COUNTED, FRESH, FRESH_BEFORE, OWN, Column, Part
from .places import counts, none_later
from .question import FLOW, Question, name_above

_STORED = Decimal("0.0001")

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
# Few units have two places: the others are found without looking for a later one.
_HELD = """
    CASE WHEN {inside}{counts}
        AND (place.unit_id NOT IN (
            SELECT unit_id FROM campaigns_unitplace WHERE campaign_id = %(campaign)s AND opens IS NOT NULL
        ) OR {none_later})
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
    found.{side}, found.{side}_report, found.{side}_on, ({child} * 2 + {mark}) * {slot} AS {side}_slot,"""
_CHILD = f"CAST('0' || SUBSTR(found.path, %({{side}}_child)s, {PATH_DIGITS}) AS bigint)"
_MARKS = {
    "fresh": "CASE WHEN found.{side}_on = %({side}_end)s THEN 1 ELSE 0 END",
    "same": "CASE WHEN found.counted_report = found.before_report THEN 1 ELSE 0 END",
    "": "0",
}
# Where else the sum of marked reports goes.
_MARKED = {"fresh": {COUNTED: FRESH, BEFORE: FRESH_BEFORE}, "same": {COUNTED: BEFORE}}
# What is grouped is made up in a subquery of its own: otherwise SQLite carries its parts through the sorting, too.
_SUMS = """
SELECT '{side}' AS kind, key, SUM(value) AS amount, {units} AS units, CAST(NULL AS date) AS as_of,
    0 AS exempt, 0 AS below, '' AS name
FROM (
    SELECT {side}_slot + figure.indicator_id AS key, figure.value
    FROM unit JOIN reports_figure figure ON figure.submission_id = unit.{side}_report{only}{fence}
) figures
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
    CASE WHEN place.id = %(root)s OR place.parent_id = %(root)s THEN '' ELSE parent.short END
    || CASE WHEN NOT EXISTS (
        SELECT 1 FROM campaigns_unitplace child
        WHERE child.parent_id = place.id AND {counts}
    ) THEN place.short WHEN place.id = %(root)s THEN %(root_name)s ELSE place.short || '本级' END
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


class Named(NamedTuple):
    """A unit for the footnotes. as_of: None where no report of it counts."""

    name: str
    as_of: date | None
    exempt: bool


def read(question: Question) -> tuple[dict[int, Part], list[Named]]:
    """Return the parts, by the child's unit id (`OWN`: the unit's own), and the names in registry order."""
    mark = question.mark
    branches = [
        _SUMS.format(side=COUNTED, units="COUNT(value)", only="", fence=_fence()),
        _COVERAGE,
        _NAMES.format(counts=counts("child", "%(counted_end)s")),
    ]
    if len(question.sides) > 1:
        unread = "\n    WHERE unit.counted_report IS NULL OR unit.counted_report <> unit.before_report"
        only = unread if mark == "same" else ""
        branches += [_SUMS.format(side=BEFORE, units="0", only=only, fence=_fence()), _COVERAGE_BEFORE]
    if any(indicator.nature == FLOW for indicator in question.form.columns):
        branches.append(_FLOWS.format(which=_WHICH_REPORTS[question.basis].format(side="counted")))
    end = question.sides[0].period.ends_on
    parts = _Parts(question)
    named: list[tuple[int, Named]] = []
    for kind, key, amount, units, as_of, exempt, below, name in _run(question, "\nUNION ALL".join(branches)):
        if kind == "name":
            named.append((key, Named(name, _day(as_of), bool(exempt))))
            continue
        slot, indicator = divmod(key, _SLOT)
        part, is_marked = parts[slot]
        if kind == "units":
            part.add_units(units, _day(as_of), end, exempt=bool(exempt), below=bool(below))
        elif kind == "units before":
            part.counted_before += units
        elif amount is not None:
            amount = _exact(amount)
            part.add_sum(kind, indicator, amount, units)
            if is_marked and (other := _MARKED[mark].get(kind)):
                part.add_sum(other, indicator, amount, units)
    return parts.by_unit, [one for _, one in sorted(named, key=lambda pair: pair[0])]


class _Parts(dict[int, tuple[Part, bool]]):
    """The part that a slot belongs to, and whether the slot is of marked reports. by_unit: as `read` returns them."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.by_unit: defaultdict[int, Part] = defaultdict(Part)
        self._children = question.children or {}

    def __missing__(self, slot: int) -> tuple[Part, bool]:
        child, mark = divmod(slot, 2)
        self[slot] = self.by_unit[self._children.get(child, OWN)], bool(mark)
        return self[slot]


def find_ever_reported(question: Question, columns: Sequence[Column], parts: dict[int, Part]) -> None:
    """Fill `ever`: where an increment has nothing to go by, an earlier report may yet have filled the cell.

    Only where that is in doubt, and only of the children and indicators concerned, is the history read.
    """
    doubtful = {
        key: missing
        for key, part in parts.items()
        if (part.counted or part.counted_before)
        and (missing := {one.pk for one in columns if not part.has_increment(one)})
    }
    if not doubtful:
        return
    below = question.children or {}
    children = [child for child, unit in below.items() if unit in doubtful]
    indicators = sorted(set().union(*doubtful.values()))
    parameters = {f"child{n}": child for n, child in enumerate(children + [OWN] * (OWN in doubtful))}
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
        slot, indicator = divmod(key, _SLOT)
        parts[below.get(slot // 2, OWN)].ever.add(indicator)


def _run(question: Question, statement: str, more: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run `statement` over the table `unit`: a row for each place that owes the form on either side."""
    _, root, period = question.sides[0]
    parameters: dict[str, Any] = {
        "campaign": question.form.campaign_id,
        "form": question.form.pk,
        "line": question.form.line,
        "root": root.pk,
        "root_name": name_above(root),
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


def _unit_table(question: Question) -> str:
    """Return the table of units, each with the report that counts on each side."""
    sides = [side.name for side in question.sides]
    joins = connection.vendor == "postgresql"
    fence = _fence()
    roots = {side.place.pk: f"place.path LIKE %({side.name}_path)s" for side in question.sides}
    held = ",".join(
        _HELD.format(
            side=side,
            # Below one root are all places that are read.
            inside=f"place.path LIKE %({side}_path)s AND " if len(roots) > 1 else "",
            counts=counts("place", f"%({side}_end)s"),
            none_later=none_later(f"%({side}_end)s"),
        )
        for side in sides
    )
    places = f"({_PLACES.format(held=held, inside=' OR '.join(roots.values()))}{fence}) place"
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
            side=side,
            slot=_SLOT,
            mark=_MARKS[question.mark].format(side=side),
            child=OWN if question.children is None else _CHILD.format(side=side),
        )
        for side in sides
    )
    return f"({_UNITS.format(sides=of_sides, found=found)}{fence})"


def _fence() -> str:
    """Return what keeps the columns of a subquery from being computed again wherever they are used."""
    return "\n    OFFSET 0" if connection.vendor == "postgresql" else "\n    LIMIT -1"


def _exact(amount: Decimal | float) -> Decimal:
    """Return a sum as the decimal that it stands for: SQLite adds floats, 0.1 + 0.2 = 0.30000000000000004."""
    return Decimal(str(amount)).quantize(_STORED) if isinstance(amount, float) else Decimal(amount)


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
