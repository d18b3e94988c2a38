"""Find a form's table in a sheet: by printed numbers and by what stands above them. No database.

Header rows may have moved, titles been added, columns inserted or put in another order: a column is known by
its printed number together with the label above it, by the label alone where no number stands there. Where
number and label disagree nothing is guessed.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from campaigns.header import UNCONFIRMED_MARK, Header

from .cells import Cell, CellKind, Sheet, address

_FOLDED = str.maketrans("（）：；，“”‘’０１２３４５６７８９", "():;,\"\"''0123456789")
_BLANK = re.compile(r"[\s\u00a0\u3000\u200b\ufeff]+")
_NUMBER_STUBS = {"", "甲", "乙", "序号", "项目", "栏次", "列次", "编号", "列号"}
_HEADER_STUBS = {"项目", "单位", "填报单位", "单位名称", "甲", "序号"}
# With any of these a row belongs to what stands under the table.
_UNDER_TABLE = re.compile(
    r"负责人|填表人|填报人|制表人|审核人|联系电话|填报日期|报送日期|报送时间|^备注|^填报说明|^说明|^注[:1-9]"
)
_TOTALS = {"总计", "合计", "共计", "小计"}
_DOTS = re.compile(r"[.…·]*")
_DEEPEST_HEADER = 8
TWICE = "出现了两次"


def folded(text: str) -> str:
    """Return a text as it is compared: without blanks and line breaks, punctuation of one width."""
    return _BLANK.sub("", text).translate(_FOLDED)


@dataclass(frozen=True)
class Shape:
    """A form as it is looked for. parents: number -> number of the indicator that it is part of."""

    header: Header
    title: str = ""
    subtitle: str = ""
    parents: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def labels(self) -> Mapping[str, set[int]]:
        """Which numbers a text may be the label of: as it is, and as it is printed."""
        found: dict[str, set[int]] = defaultdict(set)
        for paths in (self.header.paths(), self.header.paths(printed=True)):
            for number in self.numbers:
                found[folded(paths[number][-1])].add(number)
        return dict(found)

    @cached_property
    def endings(self) -> Mapping[str, set[int]]:
        """Which numbers a text may end the label of: a label may be written over several cells."""
        found: dict[str, set[int]] = defaultdict(set)
        for label, numbers in self.labels.items():
            for start in range(len(label)):
                found[label[start:]] |= numbers
        return dict(found)

    @cached_property
    def paths(self) -> Mapping[int, tuple[str, ...]]:
        """What stands above the label of each number."""
        return {
            number: tuple(folded(text) for text in path[:-1]) for number, path in self.header.paths().items()
        }

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        return tuple(column.number for band in self.header.bands for column in band.columns)


@dataclass(frozen=True)
class Spot:
    """Where a figure stands. merged: its cell is merged with others beside it."""

    row: int
    column: int
    cell: Cell
    merged: bool = False

    @property
    def address(self) -> str:
        return address(self.row, self.column)


@dataclass(frozen=True)
class Line:
    """A row of figures. stubs: what stands beside them. spots: what is filled, by indicator number."""

    row: int
    stubs: tuple[str, ...]
    spots: Mapping[int, Spot]
    is_total: bool = False
    is_hidden: bool = False


@dataclass(frozen=True)
class Table:
    """A form found in a sheet.

    columns: number -> (header row, column). lines: by block of the form, each with the numbers it holds.
    around: texts above and under the table. missing: numbers that were not found, with the text that stands
    in their place ("" = nothing). strange: (address, text) of columns that belong to no indicator.
    """

    sheet: Sheet
    shape: Shape
    columns: Mapping[int, tuple[int, int]]
    blocks: tuple[tuple[Line, ...], ...]
    above: tuple[str, ...]
    below: tuple[str, ...]
    missing: Mapping[int, str]
    strange: tuple[tuple[str, str], ...]
    is_titled: bool

    @property
    def is_whole(self) -> bool:
        return not self.missing

    @property
    def score(self) -> float:
        return len(self.columns) / max(1, len(self.columns) + len(self.missing))


class _Grid:
    """What a sheet shows, prepared once for all forms that are looked for in it.

    texts: folded. known: all of them. covering: the first cell of the merge under which a cell lies. wide: cells merged sideways.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.texts = {
            key: folded(cell.value).replace(f"({UNCONFIRMED_MARK})", "")
            for key, cell in sheet.cells.items()
            if cell.kind == CellKind.TEXT
        }
        self.known = set(self.texts.values())
        self.by_row: dict[int, list[int]] = defaultdict(list)
        for row, column in sorted(sheet.cells):
            self.by_row[row].append(column)
        self.covering: dict[tuple[int, int], tuple[int, int]] = {}
        self.wide: set[tuple[int, int]] = set()
        for top, left, bottom, right in sheet.merges:
            if right > left and (top, left) in sheet.cells:
                self.wide.update((top, column) for column in range(left, min(right, left + 60) + 1))
            for row in range(top, min(bottom, top + 40) + 1):
                for column in range(left, min(right, left + 60) + 1):
                    self.covering[row, column] = top, left
        self.printed = self._printed()

    def _printed(self) -> dict[int, dict[int, int]]:
        """Return by row the whole numbers of up to three digits in it, by column: numbers of columns perhaps."""
        found: dict[int, dict[int, int]] = defaultdict(dict)
        for (row, column), cell in self.sheet.cells.items():
            if cell.kind == CellKind.TEXT:
                text = self.texts[row, column]
            elif cell.kind == CellKind.NUMBER:
                text = cell.value
            else:
                continue
            text = text.strip("()").removesuffix(".0")
            if text.isascii() and text.isdigit() and len(text) <= 3:
                found[row][column] = int(text)
        return found


@dataclass
class _Block:
    """One header: the row of its labels' top, the last row of the header, and its columns by number."""

    top: int
    bottom: int
    columns: dict[int, int]


class _Finder:
    """Looks for one form in one sheet."""

    def __init__(self, grid: _Grid, shape: Shape) -> None:
        self.grid, self.sheet, self.shape = grid, grid.sheet, shape
        self.texts, self.by_row = grid.texts, grid.by_row
        self.labels = shape.labels
        self.wanted = set(shape.numbers)

    def table(self) -> Table | None:
        """Return the form as far as it is in the sheet; None where less than half of it is."""
        endings = self.shape.endings
        able = set().union(*(endings[text] for text in self.grid.known & endings.keys()))
        if len(able) * 2 < len(self.shape.numbers):
            return None
        blocks, doubtful = self._blocks()
        columns: dict[int, tuple[int, int]] = {}
        missing: dict[int, str] = {}
        for block in blocks:
            for number, column in block.columns.items():
                if number in columns:
                    doubtful.setdefault(number, TWICE)
                columns[number] = block.bottom, column
        for number in self.shape.numbers:
            if number in doubtful:
                columns.pop(number, None)
                missing[number] = doubtful[number]
            elif number not in columns:
                missing[number] = ""
        seen = len(columns) + sum(text == TWICE for text in missing.values())
        if not seen or seen * 2 < len(self.shape.numbers):
            return None
        first = min(block.top for block in blocks)
        lines, last = self._lines(blocks)
        return Table(
            sheet=self.sheet,
            shape=self.shape,
            columns=columns,
            blocks=tuple(lines),
            above=tuple(self._texts(1, first - 1)),
            below=tuple(self._texts(last + 1, last + 60)),
            missing=missing,
            strange=tuple(self._strange(blocks)),
            is_titled=folded(self.shape.title)
            in {text for key, text in self.texts.items() if key[0] < first},
        )

    def _texts(self, first: int, last: int) -> Iterator[str]:
        for row in range(max(1, first), last + 1):
            for column in self.by_row.get(row, ()):
                cell = self.sheet.cells[row, column]
                if cell.kind in (CellKind.TEXT, CellKind.DATE):
                    yield cell.value

    def _blocks(self) -> tuple[list[_Block], dict[int, str]]:
        """Find the headers; also return the numbers that are in doubt, with what stands there."""
        blocks: list[_Block] = []
        doubtful: dict[int, str] = {}
        used: set[int] = set()
        floor = 0
        for row in sorted(self.by_row):
            numbered = self._number_row(row)
            if numbered is None:
                continue
            block, odd = self._numbered_block(row, numbered, floor)
            if not block.columns:
                continue
            doubtful |= {number: text for number, text in odd.items() if number not in used}
            used |= set(block.columns)
            blocks.append(block)
            floor = row
        doubtful = {n: text for n, text in doubtful.items() if n not in used or text == TWICE}
        rest = set(self.shape.numbers) - used - set(doubtful)
        if rest:
            blocks += self._labelled_blocks(rest, blocks)
        blocks.sort(key=lambda block: block.bottom)
        return blocks, doubtful

    def _number_row(self, row: int) -> dict[int, int] | None:
        """Return column -> printed number where the row is a row of printed numbers."""
        printed = self.grid.printed.get(row, {})
        found = {column: printed[column] for column in sorted(printed) if printed[column] in self.wanted}
        smallest = min(len(band.columns) for band in self.shape.header.bands)
        if len(found) < max(1, smallest / 2):
            return None
        others = sum(
            self.texts.get((row, column), "-") not in _NUMBER_STUBS
            for column in self.by_row[row]
            if column not in found
        )
        if others > len(found) / 3:
            return None
        first = min(found)
        beside = [self.texts.get((row, column), "") for column in self.by_row[row] if column < first]
        if any(text not in _NUMBER_STUBS for text in beside):
            return None
        return found

    def _path(self, row: int, column: int, floor: int) -> list[tuple[int, str]]:
        """Return the texts above a cell from the top down, merged ones included, each with its row."""
        path: list[tuple[int, str]] = []
        for above in range(max(floor + 1, row - _DEEPEST_HEADER), row):
            key = self.grid.covering.get((above, column), (above, column))
            text = self.texts.get(key, "")
            if text and (not path or path[-1][1] != text):
                path.append((key[0], text))
        return path

    def _label_of(self, path: Sequence[tuple[int, str]]) -> tuple[set[int], int]:
        """Return the numbers whose label a path ends with, and the row in which that begins."""
        paths = self.shape.paths
        for length in range(1, min(4, len(path)) + 1):
            text = "".join(part for _, part in path[-length:])
            if text in self.labels:
                groups = [part for _, part in path[:-length]]
                numbers = self.labels[text]
                if len(numbers) > 1:
                    under = {n for n in numbers if paths[n] and paths[n] == tuple(groups[-len(paths[n]) :])}
                    numbers = under or numbers
                return numbers, path[-length][0]
        return set(), path[0][0] if path else 0

    def _numbered_block(
        self, row: int, numbered: Mapping[int, int], floor: int
    ) -> tuple[_Block, dict[int, str]]:
        """Check each printed number against the label above it; where most differ, they are figures."""
        columns: dict[int, int] = {}
        odd: dict[int, str] = {}
        top = row
        for column, number in numbered.items():
            path = self._path(row, column, floor)
            labelled, begins = self._label_of(path)
            if number in labelled:
                if number in columns:
                    odd[number] = TWICE
                columns[number] = column
                top = min(top, begins)
            elif number not in columns:
                odd[number] = path[-1][1] if path else ""
        if len(columns) * 2 < len(numbered):
            return _Block(row, row, {}), {}
        # A column whose number was left out, or typed wrong, is known by a label that no other has.
        for column in {c for (r, c) in self.texts if top <= r < row} - set(columns.values()):
            labelled, _ = self._label_of(self._path(row, column, floor))
            if len(labelled) == 1 and column not in numbered:
                [number] = labelled
                if number not in columns:
                    columns[number] = column
                    odd.pop(number, None)
        for number in columns:
            if odd.get(number, "") == TWICE:
                continue
            odd.pop(number, None)
        return _Block(top, row, columns), odd

    def _labelled_blocks(self, rest: set[int], known: Sequence[_Block]) -> list[_Block]:
        """Find headers without a row of numbers, by their labels alone."""
        taken = {
            (row, column)
            for block in known
            for column in block.columns.values()
            for row in range(block.top, block.bottom + 1)
        }
        hits: dict[int, list[tuple[int, set[int]]]] = defaultdict(list)
        for (row, column), text in sorted(self.texts.items()):
            numbers = self.labels.get(text, set()) & rest
            if numbers and (row, column) not in taken:
                hits[row].append((column, numbers))
        blocks: list[_Block] = []
        group: list[int] = []
        for row in sorted(hits):
            if group and self._is_apart({upper: hits[upper] for upper in group}, row):
                blocks.append(self._labelled_block(group, hits))
                group = []
            group.append(row)
        if group:
            blocks.append(self._labelled_block(group, hits))
        return [block for block in blocks if len(block.columns) >= 2]

    def _is_apart(self, labels: Mapping[int, Iterable[tuple[int, set[int]]]], row: int) -> bool:
        """True where a row of labels begins another header than those above it: figures stand between."""
        last = max(labels)
        columns = {column for found in labels.values() for column, _ in found}
        return row - last > 2 or any(
            (between, column) in self.sheet.cells for between in range(last + 1, row) for column in columns
        )

    def _labelled_block(self, rows: Sequence[int], hits: Mapping[int, list[tuple[int, set[int]]]]) -> _Block:
        columns: dict[int, int] = {}
        twice: set[int] = set()
        parent = 0
        for column, _, numbers in sorted(
            (column, row, numbers) for row in rows for column, numbers in hits[row]
        ):
            able = numbers
            if len(able) > 1:
                able = {number for number in able if self.shape.parents.get(number) == parent}
            if len(able) != 1:
                continue
            [number] = able
            if number in columns:
                twice.add(number)
            columns[number] = column
            if number not in self.shape.parents:
                parent = number
        for number in twice:
            del columns[number]
        bottom = max(
            [*rows]
            + [
                bottom
                for top, left, bottom, _ in self.sheet.merges
                if left in columns.values() and top in rows and bottom < top + _DEEPEST_HEADER
            ]
        )
        return _Block(min(rows), bottom, columns)

    def _lines(self, blocks: Sequence[_Block]) -> tuple[list[tuple[Line, ...]], int]:
        """Return the rows of figures under each header, and the last row of the last table."""
        result: list[tuple[Line, ...]] = []
        last = 0
        rows = sorted(self.by_row)
        for index, block in enumerate(blocks):
            end = blocks[index + 1].top - 1 if index + 1 < len(blocks) else (rows[-1] if rows else 0)
            columns = {column: number for number, column in block.columns.items()}
            lines: list[Line] = []
            last = block.bottom
            for row in (row for row in rows if block.bottom < row <= end):
                if any(_UNDER_TABLE.search(self.texts.get((row, column), "")) for column in self.by_row[row]):
                    break
                last = row
                stubs = tuple(
                    self.sheet.cells[row, column].value.strip()
                    for column in self.by_row[row]
                    if column not in columns and (row, column) in self.texts
                )
                spots = {
                    number: Spot(row, column, self.sheet.cells[row, column], (row, column) in self.grid.wide)
                    for column, number in columns.items()
                    if (row, column) in self.sheet.cells
                }
                # A note across the table begins beside the figures.
                if stubs and not spots and len(max(stubs, key=len)) > 60:
                    break
                is_total = any(folded(stub) in _TOTALS for stub in stubs)
                shown = tuple(stub for stub in stubs if not _DOTS.fullmatch(folded(stub)))
                if spots or (shown and not is_total):
                    lines.append(Line(row, shown, spots, is_total, row in self.sheet.hidden_rows))
            result.append(tuple(lines))
        return result, last

    def _strange(self, blocks: Sequence[_Block]) -> Iterator[tuple[str, str]]:
        """Yield the columns with a heading that is none of the form's, between those that are."""
        for block in blocks:
            inside = set(block.columns.values())
            if not inside:
                continue
            for column in sorted({c for (r, c) in self.texts if block.top <= r <= block.bottom} - inside):
                if column < min(inside):
                    continue
                path = self._path(block.bottom + 1, column, block.top - 1)
                if path and not all(text in _HEADER_STUBS for _, text in path):
                    yield address(block.bottom, column), path[-1][1]


def best_tables(sheets: Iterable[Sheet], shapes: Mapping[str, Shape]) -> dict[str, list[Table]]:
    """Return by key of the form the tables found, whole ones and parts; hidden sheets where no other has one."""
    found: dict[str, list[Table]] = defaultdict(list)
    for grid in map(_Grid, sheets):
        for key, shape in shapes.items():
            if table := _Finder(grid, shape).table():
                found[key].append(table)
    return {
        key: [one for one in tables if not one.sheet.is_hidden] or tables for key, tables in found.items()
    }
