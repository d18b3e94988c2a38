"""Units and figures of a form that has been found in a workbook: whose they are, and which cannot be taken."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from campaigns.models import Indicator, ReportForm, ReportingPeriod, ReportingUnit
from reports.numbers import FigureError, parse_cell_value, parse_figure

from .cells import Book, CellKind
from .known import Known
from .reading import Asked, Reading, Rejected, Source
from .recognise import Line, Spot, Table, folded

_ROLL_UP = re.compile(r"应报[0-9]+个单位")
_CARRIED = re.compile(r"沿用上期[:：]([^；。]*)")
_INCREMENT = "本期新增"
_MOST_LISTED = 6


class Figures:
    """Reads the figures of a form that has been found, unit by unit."""

    def __init__(self, book: Book, name: str, known: Known, asked: Asked, found: Reading) -> None:
        self.book, self.name, self.known, self.asked, self.found = book, name, known, asked, found
        self.scope = known.scope

    def _look(self, form: ReportForm, period: ReportingPeriod, tables: Sequence[Table]) -> None:
        """Gather what the units of the campaign are called, and what the sheets say of themselves."""
        self.form, self.period, self.tables = form, period, tables
        self.tree = self.known.tree(form, period)
        self.columns = self.known.columns(form)
        texts = [text for table in tables for text in (*table.above, *table.below)]
        self.is_roll_up = self.book.marks.get("kind") == "roll-up" or any(map(_ROLL_UP.search, texts))
        self.carried = {
            folded(name).partition("(")[0]
            for text in texts
            for match in _CARRIED.finditer(text)
            for name in match[1].split("、")
        }

    def read(self, form: ReportForm, period: ReportingPeriod, tables: Sequence[Table]) -> None:
        """Read the figures into `found`. Raises Settled where it asks or is refused."""
        self._look(form, period, tables)
        if any(_INCREMENT in text for table in self.tables for text in table.above):
            raise self.found.refuse("这是“本期新增”的汇总表，不是累计数，不能导入。")
        groups = [(table, group) for table in self.tables for group in _groups(table)]
        filled = [(table, group) for table, group in groups if any(line.spots for line in group)]
        if self.is_roll_up:
            filled = [
                (table, group)
                for table, group in filled
                if len(table.blocks) == 1 or len(self.form.header.bands) == 1
            ]
        if not filled:
            self._without_rows()
            return
        if len(filled) == 1 and not self.is_roll_up:
            [(table, group)] = filled
            self._one(table, group)
        elif self._is_one_unit(filled):
            table, _ = filled[0]
            self._one(table, [line for _, group in filled for line in group])
        else:
            self._many(filled)
        self._compare_totals()

    def _is_one_unit(self, filled: Sequence[tuple[Table, list[Line]]]) -> bool:
        """True where the rows without a name are the two bands of one form."""
        tables = {id(table) for table, _ in filled}
        numbers = [set(line.spots) for _, group in filled for line in group]
        apart = sum(map(len, numbers)) == len(set().union(*numbers))
        named = {tuple(map(folded, line.stubs)) for _, group in filled for line in group if line.stubs}
        return not self.is_roll_up and len(tables) == 1 and apart and len(named) <= 1

    def _heading(self, tables: Sequence[Table]) -> tuple[set[int], str]:
        """Return the units that the heading names, and its own words; ids are empty where the name is unknown."""
        for table in tables:
            for text in table.above:
                if claim := self.tree.names.claims(text):
                    return self.tree.names.found(claim), claim
        return set(), ""

    def _marked(self) -> set[int]:
        marks = self.book.marks
        if marks.get("campaign") != self.form.campaign.code:
            return set()
        pk = self.tree.by_code.get(marks.get("unit", ""))
        return set() if pk is None else {pk}

    def _named(self, unit_ids: Iterable[int]) -> str:
        return "、".join(
            str(self.tree.units[pk])
            for pk in sorted(unit_ids, key=list(self.tree.units).index)[:_MOST_LISTED]
        )

    def _choices(self, likely: Iterable[int] = ()) -> list[ReportingUnit]:
        """The units that may be chosen, the likely ones first."""
        able = [pk for pk in self.tree.units if pk in self.tree.owing and self.scope.has(pk)]
        hinted = self.tree.names.in_file_name(self.name)
        first = [pk for pk in able if pk in set(likely) | hinted]
        return [self.tree.units[pk] for pk in dict.fromkeys([*first, *able])]

    def _one(self, table: Table, group: Sequence[Line], *, total: bool = False) -> None:
        """Take the figures of the one unit that the sheet is about."""
        unit, by = self._unit_of(table, [] if total else [stub for line in group for stub in line.stubs])
        self.found.unit = unit
        self.found.recognised["unit"] = by
        self._take(unit, table, group)

    def _unit_of(self, table: Table, stubs: Sequence[str]) -> tuple[ReportingUnit, str]:
        marked = self._marked()
        headed, heading = self._heading([table])
        rows = self._named_units(stubs)
        named = [stub for _, stub in rows]
        known = [found for found, _ in rows if found]
        told: list[tuple[set[int], str]] = []
        if marked:
            told.append((marked, f"文件标记：{self._named(marked)}"))
        if heading:
            told.append((headed, f"表头：{heading}"))
        if known:
            told += [(found, f"行名：{stub}") for found, stub in rows if found]
        elif named:
            told.append((set(), f"行名：{named[0][:30]}"))
        wanted = self.asked.unit
        agreed = set(self.tree.units)
        for found, _ in told:
            agreed &= found
        says = "；".join(dict.fromkeys(text for _, text in told))
        by = "mark" if marked else "name" if told else "argument"
        if wanted is not None:
            if (told and wanted.pk not in agreed) and "unit" not in self.asked.settled:
                likely = set().union(*(found for found, _ in told))
                raise self.found.ask(
                    "unit",
                    f"文件里的单位是（{says}），这里要导入到“{wanted}”，请核对后选择。",
                    self._choices(likely | {wanted.pk}),
                )
            return self._owing(wanted), by if wanted.pk in agreed else "argument"
        if not told:
            raise self.found.ask("unit", "文件里没有写明填报单位，请选择单位。", self._choices())
        if len(agreed) > 1:
            agreed = {pk for pk in agreed if pk in self.tree.owing and self.scope.has(pk)} or agreed
        if len(agreed) == 1:
            [pk] = agreed
            if not self.scope.has(pk):
                raise self.found.refuse(f"文件是“{self.tree.units[pk]}”的表，不在{self.scope.called}之内。")
            return self._owing(self.tree.units[pk]), by
        likely = set().union(*(found for found, _ in told))
        if agreed:
            raise self.found.ask(
                "unit", f"有几个单位叫这个名字（{says}），请选择单位。", self._choices(agreed)
            )
        if likely and not any(self.scope.has(pk) for pk in likely):
            raise self.found.refuse(f"文件是“{self._named(likely)}”的表，不在{self.scope.called}之内。")
        reason = "前后不一致" if likely else "没有认出"
        raise self.found.ask("unit", f"文件里的单位{reason}（{says}），请选择单位。", self._choices(likely))

    def _named_units(self, stubs: Sequence[str]) -> list[tuple[set[int], str]]:
        """Return the names beside a row, each with the units that it may be.

        Where a unit above another stands beside it (南京市 | 玄武区) it says which of that name is meant, no more.
        """
        texts = [
            text
            for text in dict.fromkeys(stubs)
            if not self.tree.names.is_own(text) and not folded(text).isdigit()
        ]
        rows = [(self.tree.names.found(text), text) for text in texts]
        result = []
        for found, text in rows:
            others = [other for other, _ in rows if other != found]
            if any(self._is_below(pk, found - {pk}) for other in others for pk in other):
                continue
            within = {pk for pk in found if any(self._is_below(pk, other - {pk}) for other in others)}
            result.append((within or found, text))
        return result

    def _owing(self, unit: ReportingUnit) -> ReportingUnit:
        if unit.pk not in self.tree.owing:
            raise self.found.refuse(f"“{unit}”在{self.period}不填报“{self.form}”。")
        return unit

    def _many(self, filled: Sequence[tuple[Table, list[Line]]]) -> None:
        """Take the rows of a sheet that gathers several units, each by its name."""
        sheet_unit = self._marked() or self._heading(self.tables)[0]
        unknown: list[str] = []
        outside: list[str] = []
        above: list[str] = []
        carried: list[str] = []
        taken: dict[int, tuple[Table, list[Line]]] = {}
        for table, group in filled:
            stubs = [stub for line in group for stub in line.stubs]
            own = next(filter(self.tree.names.is_own, stubs), "")
            found, text = next(iter(self._named_units(stubs)), (sheet_unit if own else set(), own))
            if not text and len({id(one) for one, _ in filled}) > 1:
                # A sheet for each unit, which its heading names.
                found = self._heading([table])[0]
                text = table.sheet.name
            if len(found) > 1:
                found = {pk for pk in found if self._is_below(pk, sheet_unit)} or found
            if len(found) > 1:
                found = {pk for pk in found if pk in self.tree.owing and self.scope.has(pk)} or found
            if len(found) != 1:
                unknown.append(text or f"第{group[0].row}行")
                continue
            [pk] = found
            if pk in self.tree.above_others and not own:
                above.append(text)
            elif folded(text) in self.carried:
                carried.append(text)
            elif (
                not self.scope.has(pk)
                or pk not in self.tree.owing
                or (self.asked.unit is not None and pk != self.asked.unit.pk)
            ):
                outside.append(text)
            elif pk in taken:
                raise self.found.ask(
                    "unit", f"“{self.tree.units[pk]}”在文件里出现了两次，请只保留一处后重新上传。", []
                )
            else:
                taken[pk] = table, list(group)
        warnings = self.found.warnings
        if unknown:
            warnings.append(
                f"有 {len(unknown)} 行没有认出是哪个单位，没有读取：{'、'.join(unknown[:_MOST_LISTED])}。"
            )
        if above:
            warnings.append(f"含所属单位的合计行没有读取：{'、'.join(above[:_MOST_LISTED])}。")
        if carried:
            warnings.append(f"沿用上期的行没有读取：{'、'.join(carried[:_MOST_LISTED])}。")
        if outside:
            warnings.append(f"其他单位的行没有读取：{'、'.join(outside[:_MOST_LISTED])}。")
        if not taken:
            if outside and not unknown:
                raise self.found.refuse(
                    f"文件里的单位（{'、'.join(outside[:_MOST_LISTED])}）不在{self.scope.called}之内。"
                )
            if above and not unknown:
                raise self.found.refuse("文件里只有汇总数，没有单位自己的数字，不能导入。")
            raise self.found.ask("unit", "没有认出各行是哪个单位的数字，请核对单位名称后重新上传。", [])
        self.found.recognised["unit"] = "name"
        if len(taken) == 1:
            self.found.unit = self.tree.units[next(iter(taken))]
        for pk, (table, group) in taken.items():
            self._take(self.tree.units[pk], table, group)

    def _is_below(self, unit_id: int, above: set[int]) -> bool:
        """True where the unit stands below the one that the sheet is about."""
        paths = [self.tree.held[pk].path for pk in above if pk in self.tree.held]
        return unit_id in self.tree.held and any(
            self.tree.held[unit_id].path.startswith(path) for path in paths
        )

    def _without_rows(self) -> None:
        """There are no figures beside a unit's name: perhaps they stand in 总计, perhaps the form is empty."""
        totals = [
            (table, [line for block in table.blocks for line in block if line.is_total and _is_typed(line)])
            for table in self.tables
        ]
        filled = [(table, lines) for table, lines in totals if lines]
        if not filled:
            table = self.tables[0]
            lines = [line for block in table.blocks for line in block]
            unit, by = self._unit_of(
                table, [stub for line in lines for stub in line.stubs if not line.is_total]
            )
            self.found.unit, self.found.recognised["unit"] = unit, by
            self.found.values[unit] = {}
            self.found.warnings.append("表里没有填写任何数字。")
            return
        table, lines = filled[0]
        if not self.asked.total:
            raise self.found.ask(
                "total",
                "数字填在“总计”行，单位一行是空的。总计由系统计算：请把数字填到单位一行，或者确认这就是本单位的数字。",
            )
        self._one(table, lines, total=True)

    def _take(self, unit: ReportingUnit, table: Table, group: Sequence[Line]) -> None:
        values = self.found.values.setdefault(unit, {})
        for line in group:
            if line.is_hidden:
                self.found.warnings.append(f"“{unit}”的数字在隐藏的第{line.row}行，也已读取，请核对。")
            for number, spot in line.spots.items():
                self.found.sources[unit.code, number] = Source(table.sheet.name, spot.address)
                try:
                    value = self._value(spot, self.columns.indicators[number], self.columns.limits[number])
                except FigureError as error:
                    self.found.rejected.append(
                        Rejected(unit.code, number, table.sheet.name, spot.address, _shown(spot), str(error))
                    )
                    continue
                if value is not None:
                    values[number] = value

    def _value(self, spot: Spot, indicator: Indicator, limit: Decimal | None) -> Decimal | None:
        if spot.merged:
            raise FigureError("是横向合并的单元格，分不清数字属于哪一列，请取消合并后填写。")
        wanted = {"decimals": indicator.decimals, "maximum": limit, "unit": indicator.unit_of_measure}
        cell = spot.cell
        match cell.kind:
            case CellKind.NUMBER:
                return parse_cell_value(float(cell.value), **wanted)  # type: ignore[arg-type]
            case CellKind.TEXT:
                return parse_figure(cell.value, **wanted)  # type: ignore[arg-type]
            case CellKind.ERROR if cell.value.startswith("#"):
                return parse_figure(cell.value, **wanted)  # type: ignore[arg-type]
            case CellKind.TRUTH:
                return parse_cell_value(True, **wanted)  # type: ignore[arg-type]
            case CellKind.DATE:
                return parse_cell_value(date.min, **wanted)  # type: ignore[arg-type]
            case CellKind.PERCENT:
                raise FigureError(f"“{_shown(spot)}”是百分数，请把单元格格式改为“数值”，填写实际数量。")
            case CellKind.SCALED:
                raise FigureError(
                    f"“{_shown(spot)}”按缩小的格式（千或万）显示，请把单元格格式改为“数值”，核对后再上传。"
                )
            case CellKind.EMPTY_FORMULA:
                raise FigureError(
                    "公式没有计算结果，请在 Excel 或 WPS 中打开并保存后再上传，或直接填写数字。"
                )
        raise FigureError("不是数字，请只用 0—9 填写，例如 1234。")

    def _compare_totals(self) -> None:
        """Warn where 总计 differs from the sum of the rows that were read, and all rows were."""
        rejected = {one.number for one in self.found.rejected}
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for figures in self.found.values.values():
            for number, value in figures.items():
                sums[number] += value
        if any("没有读取" in warning for warning in self.found.warnings):
            return
        differing = []
        for table in self.tables:
            for line in (line for block in table.blocks for line in block if line.is_total):
                for number, spot in line.spots.items():
                    try:
                        told = self._value(spot, self.columns.indicators[number], None)
                    except FigureError:
                        continue
                    if told is not None and number not in rejected and told != sums[number]:
                        differing.append(number)
        if differing:
            shown = "、".join(map(str, sorted(set(differing))[:_MOST_LISTED]))
            self.found.warnings.append(
                f"“总计”行第 {shown} 列与各单位之和不符；总计由系统计算，没有读取，请核对。"
            )


def _is_typed(line: Line) -> bool:
    """True where somebody filled the row: formulas and zeros are what a template's 总计 holds by itself."""
    return any(
        not spot.cell.is_formula and spot.cell.value not in ("0.0", "0") for spot in line.spots.values()
    )


def _groups(table: Table) -> list[list[Line]]:
    """Return the rows of figures of a table, those of one unit under several bands together; 总计 left out."""
    rows: dict[tuple[str, ...], list[Line]] = {}
    for index, block in enumerate(table.blocks):
        for line in block:
            if line.is_total:
                continue
            key: tuple[str, ...] = tuple(map(folded, line.stubs))
            if not key:
                key = (f"\x00{index}.{line.row}",)
            elif (
                index and key in rows and set(line.spots) & {n for one in rows[key] for n in one.spots}
            ) or (not index and key in rows):
                key = (*key, f"\x00{line.row}")
            rows.setdefault(key, []).append(line)
    return list(rows.values())


def _shown(spot: Spot) -> str:
    """Return what stands in a cell, short enough for a list."""
    cell = spot.cell
    if cell.kind == CellKind.PERCENT:
        return f"{float(cell.value) * 100:.10g}%"
    is_number = cell.kind in (CellKind.NUMBER, CellKind.SCALED)
    text = cell.value.removesuffix(".0") if is_number else cell.value
    return "".join(character if character.isprintable() else " " for character in text)[:60]
