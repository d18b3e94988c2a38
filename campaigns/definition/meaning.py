"""Checks of meaning: what the keys of a definition say about each other. No database."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from campaigns import expressions
from campaigns.calendar_rules import CalendarError, Workdays, periods
from campaigns.header import Column, build_header
from campaigns.models.units import Level

from . import schema
from .mistakes import Log, shown

MAX_DEPTH = 20
"""UnitPlace.path has room for so many places from the root down."""
MAX_DIGITS = 15
MAX_UNITS = 100_000
SLACK = timedelta(days=366)
EARLIEST = timedelta(days=7)
"""How long before a period ends its reports may be due: 提前, ahead of a holiday."""
_CELL = re.compile("c([1-9][0-9]{0,3})")
_RANKS = {level: rank for rank, level in enumerate(Level.values) if level != Level.OFFICE}


def check(campaign: schema.Campaign, units: Sequence[schema.Unit], log: Log) -> None:
    """Note every contradiction in `log`; what could not be read is passed over."""
    _check_dates(campaign, log)
    _check_reporting(campaign, log)
    _check_forms(campaign, units, log)
    _check_doubts(campaign.doubts, "doubts", None, log)
    _check_targets(campaign, log)
    _check_units(campaign, units, log)


# --- the calendar ---------------------------------------------------------------------------------


def _check_dates(campaign: schema.Campaign, log: Log) -> None:
    try:
        ZoneInfo(campaign.time_zone)
    except (KeyError, ValueError, OSError):
        log.add("time_zone", f"没有“{shown(campaign.time_zone)}”这个时区，一般写 Asia/Shanghai。")
    if not log.sound("starts", "ends"):
        return
    if campaign.ends < campaign.starts:
        log.add("ends", f"结束日 {campaign.ends} 早于开始日 {campaign.starts}，请改正其中一个。")
        log.unsound.add("ends")
    elif campaign.counts_from > campaign.ends:
        log.add("counts_from", f"累计起点 {campaign.counts_from} 晚于结束日 {campaign.ends}，请改正。")


def _check_reporting(campaign: schema.Campaign, log: Log) -> None:
    reporting = campaign.reporting
    if not log.sound("starts", "ends", "reporting.every", "reporting.extra", "reporting.periods"):
        return
    before = len(log.mistakes)
    if reporting.weekday and reporting.every != "week":
        log.add("reporting.weekday", "weekday 只用于 every: week，请删去。")
    if reporting.every == "list" and not reporting.periods:
        log.add("reporting.every", "every: list 要在 periods 中列出报告期，例如 - {ends: 2020-01-17}。")
    if reporting.periods and reporting.every != "list":
        log.add("reporting.periods", "periods 只用于 every: list；另加的报告期请写在 extra 中。")
    for name in ("extra", "periods"):
        _check_written_periods(f"reporting.{name}", getattr(reporting, name), campaign, log)
    written = [("extra", reporting.extra), ("periods", reporting.periods)]
    if len(log.mistakes) > before or not all(
        log.sound(f"reporting.{name}[{index}].{key}")
        for name, entries in written
        for index in range(len(entries))
        for key in ("ends", "due")
    ):
        return
    try:
        found = periods(reporting.rule(), campaign.starts, campaign.ends, Workdays())
    except CalendarError as error:
        log.add("reporting", str(error))
        return
    if not found:
        log.add("reporting", "起止日期之间没有一个报告期，请改 every、weekday，或在 extra 中加一期。")


def _check_written_periods(
    path: str, written: Iterable[schema.WrittenPeriod], campaign: schema.Campaign, log: Log
) -> None:
    seen: dict[date, int] = {}
    for index, period in enumerate(written):
        here = f"{path}[{index}]"
        if not log.sound(f"{here}.ends"):
            continue
        if period.ends in seen:
            log.add(
                f"{here}.ends", f"与 {path}[{seen[period.ends]}] 都截至 {period.ends}，请删去一个或改正日期。"
            )
        seen.setdefault(period.ends, index)
        if not campaign.starts <= period.ends <= campaign.ends:
            log.add(
                f"{here}.ends",
                f"截至 {period.ends} 不在活动（{campaign.starts} 至 {campaign.ends}）内，请改正。",
            )
        elif period.due is not None and period.due < period.ends - EARLIEST:
            log.add(
                f"{here}.due", f"报送期限 {period.due} 早于截至日 {period.ends} 一周以上，请改正其中一个。"
            )
        elif period.due is not None and period.due > period.ends + SLACK:
            log.add(f"{here}.due", f"报送期限 {period.due} 与截至日 {period.ends} 相差太远，请检查年份。")


# --- forms ----------------------------------------------------------------------------------------


def _check_forms(campaign: schema.Campaign, units: Sequence[schema.Unit], log: Log) -> None:
    if not campaign.forms and log.sound("forms"):
        log.add("forms", "至少要有一张报表。")
    numbers = _known_numbers(campaign, log)
    first: dict[str, int] = {}
    for index, form in enumerate(campaign.forms):
        path = f"forms[{index}]"
        if log.sound(f"{path}.code"):
            if form.code in first:
                log.add(f"{path}.code", f"与 forms[{first[form.code]}] 的代码都是 {form.code}，请改一个。")
            first.setdefault(form.code, index)
        if log.sound(f"{path}.indicators"):
            _check_indicators(form, path, log)
            _check_header(form, path, log)
        _check_doubts(form.doubts, f"{path}.doubts", numbers[form.code], log)
        _check_rules(form, path, numbers, log)
        if units and log.sound_in_all("units", "reports"):
            _check_is_owed(form, path, units, log)


def _check_indicators(form: schema.Form, path: str, log: Log) -> None:
    if not form.indicators:
        log.add(f"{path}.indicators", "至少要有一个指标。")
    by_number: dict[int, int] = {}
    parents = {indicator.number: indicator.of for indicator in form.indicators}
    numbered = log.sound_in_all(f"{path}.indicators", "number")
    for index, indicator in enumerate(form.indicators):
        here = f"{path}.indicators[{index}]"
        if log.sound(f"{here}.number"):
            if indicator.number in by_number:
                other = by_number[indicator.number]
                log.add(f"{here}.number", f"序号 {indicator.number} 与 indicators[{other}] 重复，请改正。")
            by_number.setdefault(indicator.number, index)
        if indicator.of is not None and numbered:
            _check_parent(indicator, parents, f"{here}.of", log)
        worded = log.sound(f"{here}.label", f"{here}.lines")
        if worded and indicator.lines and "".join(indicator.lines) != indicator.label:
            joined = shown("".join(indicator.lines))
            log.add(
                f"{here}.lines", f"各行连起来是“{joined}”，应与 label“{shown(indicator.label)}”相同，请改正。"
            )
        if indicator.maximum is not None and indicator.maximum >= Decimal(10) ** (
            MAX_DIGITS - indicator.decimals
        ):
            log.add(f"{here}.max", f"连小数在内最多 {MAX_DIGITS} 位数字，请改小。")


def _check_parent(
    indicator: schema.Indicator, parents: Mapping[int, int | None], here: str, log: Log
) -> None:
    if indicator.of == indicator.number:
        log.add(here, "指标不能是自己的其中项，请改正或删去 of。")
    elif indicator.of not in parents:
        log.add(here, f"本表没有序号为 {indicator.of} 的指标，请改正。")
    else:
        above: list[int] = []
        number = indicator.of
        while number is not None and number not in above:
            above.append(number)
            number = parents.get(number)
        if indicator.number in above:
            circle = " → ".join(map(str, [indicator.number, *above[: above.index(indicator.number) + 1]]))
            log.add(here, f"其中项绕成了圈（{circle}），请改正。")


def _check_header(form: schema.Form, path: str, log: Log) -> None:
    if not form.indicators or not log.sound(f"{path}.bands", f"{path}.layout", f"{path}.print_units"):
        return
    # Repeated numbers have been noted already.
    columns = [
        Column(number, indicator.label, indicator.unit, indicator.group, indicator.lines)
        for number, indicator in enumerate(form.indicators, start=1)
    ]
    try:
        build_header(columns, layout=form.layout, bands=form.bands or None)
    except ValueError as error:
        log.add(f"{path}.bands", str(error))
    try:
        build_header(columns, layout="bands", print_units=form.print_units or None)
    except ValueError as error:
        log.add(f"{path}.print_units", str(error))


def _check_rules(form: schema.Form, path: str, numbers: Mapping[str, set[int] | None], log: Log) -> None:
    seen: dict[str, int] = {}
    for index, rule in enumerate(form.checks):
        here = f"{path}.checks[{index}].rule"
        if not log.sound(here):
            continue
        if rule.rule in seen:
            log.add(here, f"与 checks[{seen[rule.rule]}] 的规则相同，请删去一条。")
        seen.setdefault(rule.rule, index)
        try:
            cells = expressions.parse(rule.rule).ordered_cells
        except expressions.ExpressionError as error:
            log.add(here, str(error))
            continue
        for cell in cells:
            named = form.code if cell.form is None else cell.form
            if named not in numbers:
                if log.sound_in_all("forms", "code"):
                    log.add(here, f"没有代码为 {shown(named)} 的报表（{cell}），请改正。")
                continue
            known = numbers[named]
            if known is not None and cell.number not in known:
                log.add(here, f"报表 {named} 没有序号为 {cell.number} 的指标（{cell}），请改正。")


def _known_numbers(campaign: schema.Campaign, log: Log) -> dict[str, set[int] | None]:
    """Return the numbers of each form's indicators; None where not all of them could be read."""
    return {
        form.code: {indicator.number for indicator in form.indicators}
        if log.sound_in_all(f"forms[{index}].indicators", "number")
        else None
        for index, form in enumerate(campaign.forms)
    }


def _check_doubts(doubts: Sequence[schema.Doubt], path: str, numbers: set[int] | None, log: Log) -> None:
    """Check doubts; `numbers` of the form's indicators: None where they are not known or do not matter."""
    for index, doubt in enumerate(doubts):
        here = f"{path}[{index}]"
        if not doubt.quote and not doubt.reading and log.sound(here, f"{here}.quote", f"{here}.reading"):
            log.add(here, "原文 quote 和处理 reading 至少要写一项。")
        match = _CELL.fullmatch(doubt.about)
        if match and numbers is not None and int(match[1]) not in numbers:
            log.add(f"{here}.about", f"本表没有序号为 {match[1]} 的指标，请改正。")


def _check_is_owed(form: schema.Form, path: str, units: Sequence[schema.Unit], log: Log) -> None:
    # The same condition as reports.tasks.owes.
    if any(unit.reports and (not form.line or not unit.line or unit.line == form.line) for unit in units):
        return
    if form.line and any(unit.reports for unit in units):
        log.add(
            f"{path}.line",
            f"没有一个填报单位属于条线“{shown(form.line)}”，请改 line，或在 units.csv 中补上单位。",
        )


def _check_targets(campaign: schema.Campaign, log: Log) -> None:
    numbers = _known_numbers(campaign, log)
    for index, target in enumerate(campaign.targets):
        here = f"targets[{index}]"
        if not log.sound(f"{here}.form", f"{here}.indicator"):
            continue
        if target.form not in numbers:
            if log.sound_in_all("forms", "code"):
                log.add(f"{here}.form", f"没有代码为 {shown(target.form)} 的报表，请改正。")
            continue
        known = numbers[target.form]
        if known is not None and target.indicator not in known:
            log.add(f"{here}.indicator", f"报表 {target.form} 没有序号为 {target.indicator} 的指标，请改正。")
        natures = {(form.code, one.number): one.nature for form in campaign.forms for one in form.indicators}
        if target.over == "week" and natures.get((target.form, target.indicator)) == "stock":
            log.add(
                f"{here}.over", "时点数没有每周的新增，不能按周考核，请改为 over: campaign，或改 indicator。"
            )


# --- units ----------------------------------------------------------------------------------------


def parent_of(
    unit: schema.Unit, by_code: Mapping[str, Sequence[schema.Unit]], starts: date
) -> schema.Unit | None:
    """Return the place of the unit's parent that is open on the day when `unit` opens; None: there is none.

    A place that is open from the beginning opens on `starts`, the first day of the campaign.
    """
    day = unit.opens or starts
    return next((place for place in by_code.get(unit.parent, ()) if place.is_open(day)), None)


def by_code(units: Iterable[schema.Unit]) -> dict[str, list[schema.Unit]]:
    places: dict[str, list[schema.Unit]] = {}
    for unit in units:
        places.setdefault(unit.code, []).append(unit)
    return places


def _check_units(campaign: schema.Campaign, units: Sequence[schema.Unit], log: Log) -> None:
    if not units:
        if log.sound("units"):
            log.add_file(log.units_file, "没有一个单位，请至少写一行。")
        return
    if len(units) > MAX_UNITS:
        log.add_file(log.units_file, f"最多 {MAX_UNITS} 行，现有 {len(units)} 行，请检查。")
        return
    if log.sound_in_all("units", "reports") and not any(unit.reports for unit in units):
        log.add_file(log.units_file, "没有一个单位填报（reports 都不是 1），请检查。", key="reports")
    paths = {id(unit): f"units[{index}]" for index, unit in enumerate(units)}
    places = by_code(unit for unit in units if log.sound(f"{paths[id(unit)]}.code"))
    for held in places.values():
        _check_places(held, paths, log)
    if not log.sound("starts"):
        return
    parents: dict[int, schema.Unit] = {}
    for unit in units:
        here = paths[id(unit)]
        if unit.parent and log.sound(f"{here}.code", f"{here}.level", f"{here}.opens"):
            parent = _checked_parent(unit, places, f"{here}.parent", campaign.starts, log)
            if parent is not None:
                parents[id(unit)] = parent
                _check_moves_along(unit, parent, places, f"{here}.parent", log)
    _check_tree(units, parents, paths, log)


def _check_places(held: list[schema.Unit], paths: Mapping[int, str], log: Log) -> None:
    """Check the rows of one code: dates in order and disjoint; a closed place's figures."""
    dated = [unit for unit in held if log.sound(f"{paths[id(unit)]}.opens", f"{paths[id(unit)]}.closes")]
    for unit in dated:
        if unit.opens and unit.closes and unit.closes < unit.opens:
            log.add(f"{paths[id(unit)]}.closes", f"停用日 {unit.closes} 早于启用日 {unit.opens}，请改正。")
            return
    ordered = sorted(dated, key=lambda unit: unit.opens or date.min)
    for earlier, later in pairwise(ordered):
        if earlier.closes is None or later.opens is None or later.opens <= earlier.closes:
            other = log.line_of(paths[id(earlier)])
            where = f"（另一行是第 {other} 行）" if other else ""
            advice = "请在前一行写 closes，后一行写它之后的 opens，或删去一行"
            sentence = f"单位 {shown(earlier.code)} 有两行的日期重叠{where}，{advice}。"
            log.add(f"{paths[id(later)]}.code", sentence)
            return
    for unit in ordered[-1:]:
        if unit.closes and not unit.after_close and log.sound(f"{paths[id(unit)]}.after_close"):
            sentence = (
                "写了停用日 closes，请写明停用后原有数据怎样处理：stop（接续单位已包含）或 keep（继续计入）。"
            )
            log.add(f"{paths[id(unit)]}.after_close", sentence)


def _checked_parent(
    unit: schema.Unit, places: Mapping[str, Sequence[schema.Unit]], here: str, starts: date, log: Log
) -> schema.Unit | None:
    if unit.parent == unit.code:
        log.add(here, "上级单位不能是自己，请改正。")
        return None
    if unit.parent not in places:
        if log.sound_in_all("units", "code"):
            log.add(here, f"没有代码为 {shown(unit.parent)} 的单位，请改正或补上这个单位。")
        return None
    parent = parent_of(unit, places, starts)
    if parent is None:
        log.add(
            here,
            f"上级单位 {shown(unit.parent)} 在 {unit.opens or starts} 尚未启用或已经停用，请改正日期或上级。",
        )
        return None
    if unit.level in _RANKS and parent.level in _RANKS and _RANKS[unit.level] < _RANKS[parent.level]:
        levels = f"本单位 {unit.level}，上级 {parent.level}"
        log.add(here, f"上级单位 {shown(unit.parent)} 的级别低于本单位（{levels}），请改 level 或 parent。")
    return parent


def _check_moves_along(
    unit: schema.Unit, parent: schema.Unit, places: Mapping[str, Sequence[schema.Unit]], here: str, log: Log
) -> None:
    """A row stands below one row of its parent: where the parent moves, those below it need a second row too.

    So does a unit that was closed with its figures kept: they count in its parent's total, wherever that stands.
    """
    moves = [
        place.opens
        for place in places[unit.parent]
        if place.opens and parent.closes and place.opens > parent.closes
    ]
    crossed = [day for day in moves if unit.is_open(day)]
    is_last = all((other.opens or date.min) <= (unit.opens or date.min) for other in places[unit.code])
    kept = [day for day in moves if unit.after_close == "keep" and unit.closes and unit.closes < day]
    if crossed:
        day = min(crossed)
        sentence = (
            f"上级单位 {shown(unit.parent)} 从 {day} 起换了一行，本单位的这一行跨过了这一天，以后的数会从上级的合计里漏掉；"
            f"请也写成两行：前一行 closes 写 {day - timedelta(days=1)}，后一行 opens 写 {day}。"
        )
        log.add(here, sentence)
    elif kept and is_last:
        day = min(kept)
        sentence = (
            f"上级单位 {shown(unit.parent)} 从 {day} 起换了一行，本单位停用后继续计入的数会从上级以后的合计里漏掉；"
            f"请给本单位再写一行：opens 和 closes 都写 {day}，after_close 写 keep。"
        )
        log.add(here, sentence)


def _check_tree(
    units: Sequence[schema.Unit], parents: Mapping[int, schema.Unit], paths: Mapping[int, str], log: Log
) -> None:
    depths: dict[int, int] = {}
    for unit in units:
        way: list[schema.Unit] = []
        on_way: set[int] = set()
        place: schema.Unit | None = unit
        while place is not None and id(place) not in depths and id(place) not in on_way:
            way.append(place)
            on_way.add(id(place))
            place = parents.get(id(place))
        if place is not None and id(place) in on_way:
            start = next(index for index, part in enumerate(way) if part is place)
            circle = [part.code for part in way[start:]]
            sentence = (
                f"上下级绕成了圈（{' → '.join(map(shown, [*circle[:10], circle[0]]))}），请改正其中一个上级。"
            )
            log.add(f"{paths[id(place)]}.parent", sentence)
            depths |= dict.fromkeys(on_way, 0)
            continue
        depth = depths[id(place)] if place is not None else 0
        for part in reversed(way):
            depth += 1
            depths[id(part)] = depth
            if depth == MAX_DEPTH + 1:
                log.add(f"{paths[id(part)]}.parent", f"上下级超过 {MAX_DEPTH} 层，请减少层次。")


def warnings(campaign: schema.Campaign, units: Sequence[schema.Unit]) -> list[str]:
    """Return what is allowed but probably not meant, as sentences."""
    found = []
    levels = {unit.level for unit in units}
    asked = [("sign_off_by", campaign.sign_off_by)]
    asked += [(f"targets[{index}].each", target.each) for index, target in enumerate(campaign.targets)]
    asked += [(f"texts[{index}].each", text.each) for index, text in enumerate(campaign.texts)]
    found += [
        f"{path}：没有 {level} 一级的单位。"
        for path, level in asked
        if level in Level.values and level not in levels
    ]
    lines = {form.line for form in campaign.forms}
    idle = (
        Counter(unit.line for unit in units if unit.reports and unit.line) if "" not in lines else Counter()
    )
    found += [
        f"条线“{line}”的 {number} 个单位没有报表可填。" for line, number in idle.items() if line not in lines
    ]
    return found
