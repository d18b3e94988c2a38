"""From question to answer: the places to read, the statement, the rows."""

from collections.abc import Iterator, Sequence

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit, UnitPlace

from .answer import RollUp, Row
from .parts import BEFORE, COUNTED, OWN, Part
from .question import Question, Side, check, held_or_latest, own_name, place_at
from .statement import find_ever_reported, read


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
    check(form, period, basis, measure)
    place = place_at(unit, period)
    before = None
    if measure == "increment":
        before = form.campaign.periods.filter(ends_on__lt=period.ends_on).order_by("ends_on").last()
    sides = [Side(COUNTED, place, period)]
    if before:
        sides.append(Side(BEFORE, place_at(unit, before), before))
    children = list(
        UnitPlace.objects.filter(parent__in={side.place.pk for side in sides}).select_related("unit")
    )
    question = Question(
        form,
        basis,
        sides,
        {child.pk: child.unit_id for child in children},
        own_name(place, children, period),
    )
    parts, named = read(question)
    if before:
        find_ever_reported(question, parts)

    whole = Part()
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


def _rows(
    question: Question, parts: dict[int, Part], children: Sequence[UnitPlace], measure: str
) -> Iterator[Row]:
    """Yield the unit's own row, then its children in registry order: those with anyone who owes the form."""
    _, place, period = question.sides[0]
    held: dict[int, list[UnitPlace]] = {}
    for child in children:
        if child.parent_id == place.pk:
            held.setdefault(child.unit_id, []).append(child)
    stands = [held_or_latest(of_unit, period.ends_on) for of_unit in held.values()]
    stands.sort(key=lambda stand: stand.position)
    shown = [(OWN, place, question.own_name), *((stand.unit_id, stand, stand.short) for stand in stands)]
    columns = question.form.columns
    for key, stand, name in shown:
        part = parts.get(key)
        if part is None or not (part.coverage.expected or part.exempt):
            continue
        cumulative = part.values(columns, "cumulative")
        yield Row(
            unit=stand.unit.code,
            name=name,
            own=key == OWN,
            state=part.coverage.state,
            as_of=part.as_of,
            coverage=part.coverage,
            values=part.values(columns, measure) if measure == "increment" else cumulative,
            cumulative=cumulative,
            blank=part.blank(columns, measure),
            place=stand.pk,
            has_below=part.has_below,
        )
