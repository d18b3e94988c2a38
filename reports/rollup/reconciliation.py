"""对账: a total set against its parts, against what was published of it, and against what those below published.

Editions stand on the official basis, and so does all of this. What differs is named: the unit, and the 更正 beside
the edition that says why.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models.fields.json import KeyTransform

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from reports.models import Correction, Edition
from reports.rollup import RollUp


@dataclass(frozen=True)
class Moved:
    """A unit whose figure is another one than the one that the total is reconciled with."""

    name: str
    was: Decimal | None
    now: Decimal | None

    @property
    def change(self) -> Decimal:
        return _number(self.now) - _number(self.was)


@dataclass(frozen=True)
class Reconciled:
    """One line. amount: what `ours` is set against, None where nobody reported it; moved: who makes the difference.

    edition: the one that says so, None where none does. notes: the corrections beside it that move this column.
    is_open: there is nothing to set it against yet; remark says so.
    """

    title: str
    ours: Decimal | None
    amount: Decimal | None
    moved: tuple[Moved, ...] = ()
    edition: Edition | None = None
    notes: tuple[Correction, ...] = ()
    remark: str = ""
    is_open: bool = False

    @property
    def difference(self) -> Decimal:
        """Ours less theirs; what is not reported counts as nothing."""
        return _number(self.ours) - _number(self.amount)

    @property
    def agrees(self) -> bool:
        return self.amount == self.ours and not self.moved


def reconcile(
    form: ReportForm,
    place: UnitPlace,
    period: ReportingPeriod,
    rollup: RollUp,
    number: int,
    measure: str,
) -> Iterator[Reconciled]:
    """Set the total of one column against all that ought to say the same.

    rollup: on the official basis, with increments. As many queries for many units as for one.
    """
    is_increment = measure == "increment"
    now = {row.unit: (row.values if is_increment else row.cumulative)[number] for row in rollup.rows}
    names = {row.unit: row.name for row in rollup.rows}
    ours = (rollup.total if is_increment else rollup.cumulative)[number]
    yield Reconciled("各单位之和", ours, _sum(now.values()))

    editions = _own(form, place, period)
    edition = editions.get(period.pk)
    if edition is None:
        yield Reconciled("本期发布数", ours, None, remark="本期还没有发布。", is_open=True)
    else:
        kept = edition.kept[measure]
        was = {row["unit"]: _value(row["values"], number) for row in kept["rows"]}
        names |= {row["unit"]: row["name"] for row in kept["rows"] if row["unit"] not in names}
        yield Reconciled(
            f"{edition.title}发布数",
            ours,
            _value(kept["total"], number),
            moved=tuple(_moved(names, was, now)),
            edition=edition,
            notes=_notes(edition, form, number, measure),
        )
    last = next((one for pk, one in editions.items() if pk != period.pk), None)
    if last and not is_increment:
        yield Reconciled(
            f"{last.title}发布数加本期新增",
            ours,
            _sum([_value(last.kept["cumulative"]["total"], number), rollup.total[number]]),
            edition=last,
            notes=_notes(last, form, number, "cumulative"),
        )
    below = [row.unit for row in rollup.rows if not row.own]
    if theirs := _published_below(form, below, period, number, measure):
        rest = len(below) - len(theirs)
        yield Reconciled(
            f"下级{len(theirs)}个单位发布数之和",
            _sum(now[unit] for unit in theirs),
            _sum(theirs.values()),
            moved=tuple(_moved({unit: names[unit] for unit in theirs}, theirs, now)),
            remark=f"另有 {rest} 个单位本期没有发布，两边都不计。" if rest else "",
        )


def _own(form: ReportForm, place: UnitPlace, period: ReportingPeriod) -> dict[int, Any]:
    """Return the unit's latest issues of this period and of the one before, by period, each with its form as `kept`."""
    before = period.campaign.periods.filter(ends_on__lt=period.ends_on).order_by("-ends_on")[:1]
    rows = (
        Edition.objects.filter(unit=place.unit, period__in=[period.pk, *before.values_list("pk", flat=True)])
        .annotate(kept=_of_form(form))
        .defer("content", "workbook")
        .order_by("issue")
        .prefetch_related("corrections__submission__unit")
    )
    return {one.period_id: one for one in rows if one.kept}


def _published_below(
    form: ReportForm, units: Iterable[str], period: ReportingPeriod, number: int, measure: str
) -> dict[str, Decimal | None]:
    """Return what the units published of the column, the latest issue of each; no entry where there is none."""
    rows = Edition.objects.filter(unit__code__in=units, period=period).order_by("issue")
    totals = rows.values_list("unit__code", KeyTransform("total", KeyTransform(measure, _of_form(form))))
    return {unit: _value(total, number) for unit, total in totals if total is not None}


def _of_form(form: ReportForm) -> KeyTransform:
    return KeyTransform(form.code, KeyTransform("forms", "content"))


def _notes(edition: Edition, form: ReportForm, number: int, measure: str) -> tuple[Correction, ...]:
    of_cell = {"form": form.code, "column": number, "measure": measure}
    return tuple(
        note
        for note in edition.corrections.all()
        if any(of_cell.items() <= change.items() for change in note.changes)
    )


def _moved(
    names: Mapping[str, str], was: Mapping[str, Decimal | None], now: Mapping[str, Decimal | None]
) -> Iterator[Moved]:
    """Yield the units named whose figures differ."""
    for unit, name in names.items():
        if was.get(unit) != now.get(unit):
            yield Moved(name, was.get(unit), now.get(unit))


def _value(kept: Mapping[str, str | None], number: int) -> Decimal | None:
    text = kept.get(str(number))
    return None if text is None else Decimal(text)


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """Add up what is reported; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def _number(value: Decimal | None) -> Decimal:
    return Decimal(0) if value is None else value
