"""The registry of a campaign: new places in its tree, and corrections of those there are.

One by one or as a table, rows are checked as those of `units.csv` are (`campaigns.definition`), together with the
tree as it stands. What would move a total is no correction and refused here: a place keeps its parent and its
dates, and a unit its number of places (moves, closings and openings anew are made on the campaign's page, which
shows what they do to the totals); once its unit has reported also its level, its line and whether it reports.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import ManyToOneRel, Max, QuerySet

from campaigns.models import Campaign, ReportingUnit, UnitPlace
from campaigns.models.units import Level

from .definition import meaning, refusals, schema
from .definition.dump import current
from .definition.mistakes import UNITS_FILE, Log
from .definition.source import Pairs, Scalar
from .places import name_office, of_others

COLUMNS = {
    "代码": "code",
    "名称": "name",
    "简称": "short",
    "级别": "level",
    "上级代码": "parent",
    "条线": "line",
    "填报": "reports",
    "启用": "opens",
    "停用": "closes",
    "停用后": "after_close",
}
"""The columns of a table of units, and what units.csv calls them."""
CORRECTED = ("name", "short")
CORRECTED_BEFORE_REPORTS = ("level", "line", "reports")
_SPOKEN = {
    "level": {label: value for value, label in Level.choices} | {"县": "county", "区": "county"},
    "reports": {"是": "1", "否": "0"},
    "after_close": {"停止计入": "stop", "继续计入": "keep"},
}
_WORDS = (
    {written: f"“{column}”" for column, written in COLUMNS.items()}
    | dict(Level.choices)
    | {"stop": "“停止计入”", "keep": "“继续计入”"}
)
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(_WORDS)})(?![\w-])")


class RegistryError(Exception):
    """Rows that are refused; the message is a sentence."""


@dataclass(frozen=True)
class Plan:
    """What a table would do. units: by row; places: what each row corrects, None where it is a new place.

    mistakes: sentences by number of the row, from 0; then nothing of the rest is of use.
    """

    campaign: Campaign
    units: Sequence[schema.Unit] = ()
    places: Sequence[UnitPlace | None] = ()
    mistakes: Mapping[int, list[str]] = field(default_factory=dict)


def plan(
    campaign: Campaign,
    rows: Sequence[Mapping[str, str]],
    *,
    meant: Sequence[UnitPlace | None] | None = None,
    within: QuerySet[Campaign] | None = None,
) -> Plan:
    """Read rows by column name (`COLUMNS`) and check them with the tree as it stands.

    A row whose code and first day are there corrects that place; its empty cells keep what is stored. meant: the
    place that each row corrects (None = a new one) where the caller knows it; then the columns that a row has
    count as they are, empty ones too, and it keeps those that it has not. within: the campaigns whose offices
    may be given a place; None = any office, as a system administrator may.
    """
    stored = {
        (place.unit.code, place.opens): place
        for place in campaign.places.select_related("unit", "parent__unit").order_by("position")
    }
    state = current(campaign)
    before = {unit.identity: unit for unit in state.units}
    mistakes: dict[int, list[str]] = {}
    read = []
    for number, row in enumerate(rows):
        log = Log()
        if meant is None:
            read.append(_read(row, _guessed(row, before), log))
        else:
            place = meant[number]
            read.append(
                _read(row, before.get((place.unit.code, place.opens)) if place else None, log, is_whole=True)
            )
        if log.mistakes:
            mistakes[number] = [_said(mistake.key, mistake.sentence) for mistake in log.mistakes]
    if not mistakes:
        for number, sentence in [
            *_fixed_or_doubled(campaign, read, before),
            *_of_others(read, before, within),
            *_contradictions(state, read),
        ]:
            mistakes.setdefault(number, []).append(sentence)
    return Plan(campaign, read, [stored.get(unit.identity) for unit in read], mistakes)


@transaction.atomic
def carry_out(planned: Plan) -> list[UnitPlace]:
    """Store a plan; return the place of each row. Raises RegistryError where the plan has mistakes."""
    for number, sentences in planned.mistakes.items():
        raise RegistryError(f"第 {number + 1} 项：{sentences[0]}")
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=planned.campaign.pk)
    places: dict[tuple[object, ...], UnitPlace] = {
        (place.unit.code, place.opens): place for place in campaign.places.select_related("unit")
    }
    for unit in planned.units:
        if unit.identity in places:
            _correct(places[unit.identity], unit)
    new = [unit for unit in planned.units if unit.identity not in places]
    if new:
        _add(campaign, new, places)
    return [places[unit.identity] for unit in planned.units]


def is_unused(unit: ReportingUnit) -> bool:
    """Tell whether nothing at all hangs on an office, so that it may be deleted: no place, person, report."""
    # History is no constraint: it names what is gone.
    keys = [
        relation.field
        for relation in unit._meta.get_fields(include_hidden=True)
        if isinstance(relation, ManyToOneRel) and relation.field.db_constraint  # type: ignore[attr-defined]
    ]
    return not any(key.model._base_manager.filter(**{key.name: unit}).exists() for key in keys)


# --- reading and checking ---------------------------------------------------------------------------


def _guessed(row: Mapping[str, str], before: Mapping[tuple[object, ...], schema.Unit]) -> schema.Unit | None:
    """The place that a row of a table means: without a first day the latest place of its unit."""
    code, opens = (row.get(column, "").strip() for column in ("代码", "启用"))
    held = before.get((code, None))
    for identity, unit in before.items():
        if identity == (code, unit.opens) and opens in ("", str(unit.opens)):
            held = unit
    return held if held is not None and opens in ("", str(held.opens)) else None


def _read(
    row: Mapping[str, str], held: schema.Unit | None, log: Log, *, is_whole: bool = False
) -> schema.Unit:
    """Read one row. held: the place that it corrects, which fills empty cells, or, `is_whole`, those left out."""
    texts = {written: _plain(written, row.get(column, "")) for column, written in COLUMNS.items()}
    if held is not None:
        kept = {name: str(value) for name, value in held.plain().items()} | {"short": held.short}
        given = {written for column, written in COLUMNS.items() if is_whole and column in row}
        texts = kept | {name: text for name, text in texts.items() if text or name in given}
    pairs = tuple((name, 0, Scalar(text, quoted=bool(text))) for name, text in texts.items())
    return schema.Unit.read(Pairs(pairs), "units[0]", log)


def _plain(written: str, text: str) -> str:
    return _SPOKEN.get(written, {}).get(text.strip(), text.strip())


def _fixed_or_doubled(
    campaign: Campaign, read: Sequence[schema.Unit], before: Mapping[tuple[object, ...], schema.Unit]
) -> list[tuple[int, str]]:
    found, seen = [], set()
    known = {unit.code for unit in before.values()}
    reported: set[str] | None = None
    for number, unit in enumerate(read):
        if unit.identity in seen:
            found.append((number, f"单位 {unit.code} 在表里有两行，请删去一行。"))
        seen.add(unit.identity)
        held = before.get(unit.identity)
        if held is None and unit.code in known:
            advice = "要另设位置，请在活动页面办理新设或调整上级"
            found.append((number, f"单位 {unit.code} 在本活动已有位置；{advice}。"))
        for column, written in COLUMNS.items():
            if held is None or written in CORRECTED or getattr(unit, written) == getattr(held, written):
                continue
            if written not in CORRECTED_BEFORE_REPORTS:
                advice = "已有的单位不能在这里调整隶属或停用，请在活动页面办理"
                found.append((number, f"“{column}”与登记的不同：{advice}。"))
                continue
            if reported is None:
                reported = set(refusals.reported(campaign, [one.code for one in read]))
            if unit.code in reported:
                found.append((number, f"“{column}”不能再改：该单位已有填报数据，改了会动到汇总数。"))
    return found


def _of_others(
    read: Sequence[schema.Unit],
    before: Mapping[tuple[object, ...], schema.Unit],
    within: QuerySet[Campaign] | None,
) -> list[tuple[int, str]]:
    new = {unit.code for unit in read} - {unit.code for unit in before.values()}
    taken = of_others(new, within)
    return [(number, taken[unit.code]) for number, unit in enumerate(read) if unit.code in taken]


def _contradictions(state: schema.State, read: Sequence[schema.Unit]) -> list[tuple[int, str]]:
    """Check the tree with the rows in it; what was wrong before is none of their doing."""
    before = Log()
    meaning.check(state.campaign, state.units, before)
    rows = {unit.identity: (number, unit) for number, unit in enumerate(read)}
    numbers = {identity: number for identity, (number, _) in rows.items()}
    units = [rows.pop(unit.identity, (0, unit))[1] for unit in state.units]
    units += [unit for _, unit in rows.values()]
    # The line tells the row; 0, which is no line, a place that is not in the table.
    lines = {f"units[{at}]": numbers.get(unit.identity, -1) + 1 for at, unit in enumerate(units)}
    log = Log(lines=lines)
    meaning.check(state.campaign, units, log)
    known = {mistake.sentence for mistake in before.mistakes}
    found = [
        (max((mistake.line or 0) - 1, 0), _said(mistake.key, mistake.sentence))
        for mistake in log.mistakes
        if mistake.file == UNITS_FILE and mistake.sentence not in known
    ]
    if state.units:
        missing = "“上级代码”：请填写；活动里已有最上级单位"
        found += [(number, f"{missing}。") for number, unit in rows.values() if not unit.parent]
    return found


def _said(key: str, sentence: str) -> str:
    """Return a sentence about units.csv in the words of the page."""
    words = _WORD.sub(lambda match: _WORDS[match.group()], sentence)
    return f"{_WORDS[key]}：{words}" if key in _WORDS else words


# --- storing ----------------------------------------------------------------------------------------


def _correct(place: UnitPlace, unit: schema.Unit) -> None:
    columns = (*CORRECTED, *CORRECTED_BEFORE_REPORTS)
    changed = {name: getattr(unit, name) for name in columns if getattr(place, name) != getattr(unit, name)}
    if not changed:
        return
    former = place.name
    for name, value in changed.items():
        setattr(place, name, value)
    place.save(update_fields=list(changed))
    name_office(place, former)


def _add(
    campaign: Campaign, units: Sequence[schema.Unit], places: dict[tuple[object, ...], UnitPlace]
) -> None:
    """Add new places after the others, in the order of their rows; offices that are not there yet are made."""
    offices = ReportingUnit.objects.in_bulk([unit.code for unit in units], field_name="code")
    last = campaign.places.aggregate(last=Max("position"))["last"] or 0
    held = meaning.by_code([*current(campaign).units, *units])
    added = []
    for position, unit in enumerate(units, start=last + 1):
        if unit.code not in offices:
            offices[unit.code] = ReportingUnit.objects.create(code=unit.code, name=unit.name)
        place = UnitPlace(
            campaign=campaign,
            unit=offices[unit.code],
            position=position,
            level=unit.level,
            line=unit.line,
            name=unit.name,
            short=unit.short,
            reports=unit.reports,
            opens=unit.opens,
            closes=unit.closes,
            after_close=unit.after_close,
        )
        # Recorded once it is whole, with its path, which needs its id.
        place.skip_history_when_saving = True  # type: ignore[attr-defined]
        place.save()
        places[unit.identity] = place
        added.append((place, unit))
    _hang(campaign, added, places, held)
    UnitPlace.objects.bulk_update([place for place, _ in added], ["parent", "path"], batch_size=500)
    UnitPlace.history.bulk_history_create([place for place, _ in added], batch_size=500)
    for place, _ in added:
        del place.skip_history_when_saving  # type: ignore[attr-defined]


def _hang(
    campaign: Campaign,
    added: Sequence[tuple[UnitPlace, schema.Unit]],
    places: Mapping[tuple[object, ...], UnitPlace],
    held: Mapping[str, Sequence[schema.Unit]],
) -> None:
    """Give each new place its parent and path, parents first: a table may list them in any order."""
    waiting = {place.pk for place, _ in added}
    while waiting:
        before = len(waiting)
        for place, unit in added:
            above = meaning.parent_of(unit, held, campaign.starts) if unit.parent else None
            parent = places[above.identity] if above else None
            if place.pk in waiting and (parent is None or parent.pk not in waiting):
                place.parent = parent
                place.path = UnitPlace.path_below(parent, place.pk)
                waiting.discard(place.pk)
        if len(waiting) == before:
            raise RegistryError("上下级绕成了圈，请改正其中一个上级。")
