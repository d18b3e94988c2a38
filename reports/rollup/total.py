"""From question to answer: the places to read, the statement, the rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit, UnitPlace

from .answer import RollUp, Row, Total
from .parts import BEFORE, COUNTED, OWN, Column, Part, columns_of
from .question import Question, Side, check, held_or_latest, own_name, places_of
from .statement import Named, find_ever_reported, read


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
    sides = _sides(form, period, unit, basis, measure)
    children = list(
        UnitPlace.objects.filter(parent__in={side.place.pk for side in sides}).select_related("unit")
    )
    question = Question(form, basis, sides, {child.pk: child.unit_id for child in children})
    columns = columns_of(form.columns)
    parts, named = _parts(question, columns)
    whole = Part()
    for part in parts.values():
        whole.add(part)
    return RollUp(
        **_answered(question, columns, unit, measure, whole, named),
        rows=tuple(_rows(question, columns, parts, children, measure)),
    )


def total_of(
    form: ReportForm,
    period: ReportingPeriod,
    unit: ReportingUnit,
    *,
    basis: str = "accepted",
    measure: str = "cumulative",
) -> Total:
    """Add up as `roll_up` does where its rows are not wanted: no child is read, and a figure made for the whole alone."""
    question = Question(form, basis, _sides(form, period, unit, basis, measure), None)
    columns = columns_of(form.columns)
    parts, named = _parts(question, columns)
    return Total(**_answered(question, columns, unit, measure, parts.get(OWN, Part()), named))


def _sides(
    form: ReportForm, period: ReportingPeriod, unit: ReportingUnit, basis: str, measure: str
) -> list[Side]:
    """Return what is read: the period, and for an increment the one before. Raises RollUpError."""
    check(form, period, basis, measure)
    places = places_of(unit, period)
    sides = [Side(COUNTED, held_or_latest(places, period.ends_on), period)]
    if measure == "increment":
        before = form.campaign.periods.filter(ends_on__lt=period.ends_on).order_by("ends_on").last()
        if before:
            sides.append(Side(BEFORE, held_or_latest(places, before.ends_on), before))
    return sides


def _parts(question: Question, columns: Sequence[Column]) -> tuple[dict[int, Part], list[Named]]:
    parts, named = read(question)
    if len(question.sides) > 1:
        find_ever_reported(question, columns, parts)
    return parts, named


def _answered(
    question: Question,
    columns: Sequence[Column],
    unit: ReportingUnit,
    measure: str,
    whole: Part,
    named: Sequence[Named],
) -> dict[str, Any]:
    """Return the fields of a `Total`."""
    form, period = question.form, question.sides[0].period
    return {
        "campaign": form.campaign.code,
        "form": form.code,
        "period": period.ends_on,
        "unit": unit.code,
        "basis": question.basis,
        "measure": measure,
        "coverage": whole.coverage(),
        "as_of": whole.as_of,
        "total": whole.values(columns, measure),
        "cumulative": whole.values(columns, "cumulative"),
        "blank": whole.blank(columns, measure),
        "carried": tuple((one.name, one.as_of) for one in named if one.as_of and not one.exempt),
        "never": tuple(one.name for one in named if one.as_of is None and not one.exempt),
        "exempt": tuple(one.name for one in named if one.exempt),
    }


def _rows(
    question: Question,
    columns: Sequence[Column],
    parts: dict[int, Part],
    children: Sequence[UnitPlace],
    measure: str,
) -> Iterator[Row]:
    """Yield the unit's own row, then its children in registry order: those with anyone who owes the form."""
    _, place, period = question.sides[0]
    held: dict[int, list[UnitPlace]] = {}
    for child in children:
        if child.parent_id == place.pk:
            held.setdefault(child.unit_id, []).append(child)
    stands = [held_or_latest(of_unit, period.ends_on) for of_unit in held.values()]
    stands.sort(key=lambda stand: stand.position)
    shown = [
        (OWN, place, own_name(place, children, period)),
        *((stand.unit_id, stand, stand.short) for stand in stands),
    ]
    for key, stand, name in shown:
        part = parts.get(key)
        if part is None:
            continue
        coverage = part.coverage()
        if not (coverage.expected or coverage.exempt):
            continue
        cumulative = part.values(columns, "cumulative")
        yield Row(
            unit=stand.unit.code,
            name=name,
            own=key == OWN,
            state=coverage.state,
            as_of=part.as_of,
            coverage=coverage,
            values=part.values(columns, measure) if measure == "increment" else cumulative,
            cumulative=cumulative,
            blank=part.blank(columns, measure),
            place=stand.pk,
            has_below=part.has_below,
        )
