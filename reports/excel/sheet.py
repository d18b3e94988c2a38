"""One sheet of an official workbook, drawn from the header tree: texts, merges, borders, sizes, print set-up.

The house's rules for print: docs/rules.md, "The official workbook". Widths are in pixels at 96 dpi,
heights and font sizes in points.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise
from math import ceil
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, Protection, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.cell_range import CellRange, MultiCellRange
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.header import Band, Column, Header, HeaderCell

from .book import FormSheet, add_sheet

TITLE_FONT = "方正小标宋简体"
FONT = "宋体"
TITLE_SIZE = 20
SUBTITLE_SIZE = 12
TEXT_SIZE = 10.5
MANY_COLUMNS = 13
"""From so many figure columns on, the header is set in 9 points."""

PAGE_WIDTH, PAGE_HEIGHT = 1045, 490
"""What A4 landscape holds between the margins at full size, in pixels and in points."""
SMALLEST_SCALE = 0.75
CELL_PADDING = 8
INDENT = 10
BASE_FONT, BASE_SIZE, DIGIT_WIDTH = "Arial", 10, 7
"""Excel counts widths in digits of the base font: one that every system has, or has the like of."""
STUB_CHARACTERS = 5
LABEL_CHARACTERS = 4
WIDEST_COLUMN = 160
NARROWEST_TABLE = 720

LONGEST_SHEET_NAME = 31

TITLE_HEIGHT = 32
SUBTITLE_HEIGHT = 20
HEAD_HEIGHT = 20
NUMBER_ROW_HEIGHT = 16
FIGURE_HEIGHT = {"rows": 20, "bands": 28}
LABEL_LINE_HEIGHT = 12.5 / 9
"""A line of the header, in points a point of its font."""
SIGNATURE_HEIGHT = 26
NOTE_HEIGHT = 18
TEXT_LINE_HEIGHT = 15 / 10.5
"""A further line of a full-width row, likewise."""

_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
_NOT_IN_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_PART = re.compile("(其中[：:])(.+)", re.DOTALL)
_NEVER_FIRST = "、，。；：）”》"
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)


@dataclass(frozen=True)
class Line:
    """A row of figures, once under each band.

    values: by indicator number, written with the indicator's decimals; None or absent is an empty cell.
    formulas: by indicator number, what computes the value, without the sign =. summed: numbers of the columns
    whose value is a live sum of all lines after this one, empty while they are.
    open: to be filled, where the sheet is protected.
    """

    stub: str
    values: Mapping[int, Decimal | None]
    total: bool = False
    carried: bool = False
    formulas: Mapping[int, str] = field(default_factory=dict)
    summed: Collection[int] = ()
    open: bool = False


@dataclass(frozen=True)
class Paper:
    """What stands around the table, each text as printed.

    head, signatures: fields from left to right, in one row above and one row under the table.
    notes: a row each. foot: at the left of every page's foot, where an & would begin a code.
    """

    title: str
    subtitle: str = ""
    head: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    foot: str = ""


def side_by_side(header: Header) -> Header:
    """Put the bands of a form next to each other, so that a unit fits in one row."""
    depth = max(band.depth for band in header.bands)
    columns: list[Column] = []
    cells: list[HeaderCell] = []
    for band in header.bands:
        for cell in (cell for row in band.rows for cell in row):
            if cell.column == 0 and columns:
                continue
            ends_at_numbers = cell.row + cell.rowspan == band.depth
            cells.append(
                replace(
                    cell,
                    column=cell.column + len(columns),
                    rowspan=cell.rowspan + (depth - band.depth if ends_at_numbers else 0),
                )
            )
        columns += band.columns
    rows = tuple(tuple(cell for cell in cells if cell.row == row) for row in range(depth))
    numbers = (header.bands[0].number_row[0], *(str(column.number) for column in columns))
    return Header(bands=(Band(tuple(columns), depth, rows, numbers),), layout="rows")


@dataclass(frozen=True)
class Drawn:
    """A sheet as drawn. first_rows: by indicator number, the column and the row of its first line."""

    sheet: FormSheet
    first_rows: Mapping[int, tuple[int, int]]

    def address(self, number: int, line: int) -> str:
        """Return where the figure of an indicator stands in a line, counted from 0: B9."""
        column, row = self.first_rows[number]
        return f"{get_column_letter(column)}{row + line}"


def draw_sheet(book: Workbook, name: str, paper: Paper, header: Header, lines: Sequence[Line]) -> Drawn:
    """Add a sheet to `book`: the table of `header` with `lines` under each band, and `paper` around it."""
    sheet = add_sheet(book, sheet_name(name, book.sheetnames))
    pen = _Pen(sheet, header, [line.stub for line in lines])
    pen.full_width(paper.title, pen.look(TITLE_SIZE, font=TITLE_FONT, wrap=True), TITLE_HEIGHT, TITLE_SIZE)
    if paper.subtitle:
        pen.full_width(paper.subtitle, pen.look(SUBTITLE_SIZE, wrap=True), SUBTITLE_HEIGHT, SUBTITLE_SIZE)
    if paper.head:
        pen.fields(paper.head, HEAD_HEIGHT, spread=True)
    above = pen.row
    first_rows: dict[int, tuple[int, int]] = {}
    for band in header.bands:
        pen.band_header(band)
        below_header = pen.row
        first_rows |= {
            column.number: (position, pen.row) for position, column in enumerate(band.columns, start=2)
        }
        pen.figures(band, lines, FIGURE_HEIGHT[header.layout])
    if paper.signatures:
        pen.fields(paper.signatures, SIGNATURE_HEIGHT, spread=False)
    for note in paper.notes:
        pen.full_width(note, pen.look(TEXT_SIZE, horizontal="left", wrap=True), NOTE_HEIGHT, TEXT_SIZE)
    pen.set_widths()
    _set_up_page(sheet, paper.foot)
    if len(header.bands) == 1:
        sheet.print_title_rows = f"{above}:{below_header - 1}"
        sheet.freeze_panes = f"B{below_header}"
    else:
        # The header of one band over the figures of another would mislead.
        sheet.print_title_rows = f"1:{above - 1}"
    return Drawn(sheet, first_rows)


def sheet_name(text: str, taken: Iterable[str] = ()) -> str:
    """Return `text` as Excel takes it for the name of a sheet: at most 31 characters, none of []:*?/\\.

    taken: names that are in use, whatever their case; such a one is numbered.
    """
    name = printable(_NOT_IN_SHEET_NAME.sub("", text))[:LONGEST_SHEET_NAME].strip("' ") or "Sheet"
    used = {each.casefold() for each in taken}
    free, number = name, 1
    while free.casefold() in used:
        number += 1
        tail = f"({number})"
        free = name[: LONGEST_SHEET_NAME - len(tail)] + tail
    return free


def printable(text: str) -> str:
    """Return `text` without the characters that a workbook cannot hold."""
    return _NOT_XML.sub("", text)


def half_widths(text: str) -> int:
    """Count half-width characters: a Chinese one, and “, ”, … with them, takes two."""
    return sum(2 if east_asian_width(character) in "WFA" else 1 for character in text)


class _Merges(MultiCellRange):
    """Merged ranges in the order of the sheet: the same figures always make the same file."""

    def __iter__(self) -> Iterator[CellRange]:
        yield from self.sorted()


@cache
def _font(name: str, size: float, bold: bool, italic: bool) -> Font:
    return Font(name=name, size=size, bold=bold, italic=italic)


@cache
def _alignment(horizontal: str, indent: int, wrap: bool, shrink: bool) -> Alignment:
    return Alignment(horizontal, "center", indent=indent, wrap_text=wrap, shrink_to_fit=shrink)


class _Pen:
    """Writes down one sheet row by row; `row` is the next one."""

    def __init__(self, sheet: FormSheet, header: Header, stubs: Sequence[str]) -> None:
        self.sheet = sheet
        sheet.merged_cells = _Merges()
        self.row, self.height = 1, 0.0
        self.looks: dict[tuple[object, ...], StyleArray] = {}
        self.header_size = 9 if header.width >= MANY_COLUMNS else 10.5
        self.widths = _column_widths(header, stubs, self.header_size)

    def look(
        self,
        size: float,
        *,
        font: str = FONT,
        bold: bool = False,
        italic: bool = False,
        horizontal: str = "center",
        indent: int = 0,
        wrap: bool = False,
        shrink: bool = False,
        box: bool = False,
        number_format: str = "General",
        unlocked: bool = False,
    ) -> StyleArray:
        """Return the style of cells that look so; cells share it, which is what makes a large sheet quick."""
        key = (size, font, bold, italic, horizontal, indent, wrap, shrink, box, number_format, unlocked)
        if key not in self.looks:
            model = Cell(self.sheet, row=1, column=1)
            model.font = _font(font, size, bold, italic)
            model.alignment = _alignment(horizontal, indent, wrap, shrink)
            model.number_format = number_format
            if box:
                model.border = _BOX
            if unlocked:
                model.protection = Protection(locked=False)
            self.looks[key] = model._style
        return self.looks[key]

    def text(self, row: int, column: int, text: str, style: StyleArray) -> None:
        """Write `text` as text, whatever it looks like: nothing that a user typed becomes a formula."""
        cell = self.sheet.cell(row, column)
        cell._style = style
        if written := printable(text):
            cell.value = written
            cell.data_type = "s"
        if written.startswith(FORMULA_SIGNS):
            cell._style = copy(style)
            cell.quotePrefix = True

    def merge(self, row: int, column: int, rows: int, columns: int) -> None:
        if rows * columns > 1:
            area = {"min_row": row, "max_row": row + rows - 1}
            area |= {"min_col": column, "max_col": column + columns - 1}
            # Not by `add`: it compares with every other range, and these never overlap.
            self.sheet.merged_cells.ranges.add(CellRange(**area))

    def end_row(self, height: float) -> None:
        self.sheet.row_dimensions[self.row].height = height
        self.height += height
        self.row += 1

    def full_width(self, text: str, style: StyleArray, height: float, size: float) -> None:
        """Write a row merged over the whole table. `height`: with one line of text; each more adds to it."""
        self.text(self.row, 1, text, style)
        self.merge(self.row, 1, 1, len(self.widths))
        room = _room(sum(self.widths), size)
        count = sum(max(1, ceil(half_widths(line) / room)) for line in text.split("\n"))
        self.end_row(height + (count - 1) * size * TEXT_LINE_HEIGHT)

    def fields(self, texts: Sequence[str], height: float, *, spread: bool) -> None:
        """Write fields into one row, a merged cell each. spread: the last ends at the table's right edge."""
        columns = len(self.widths)
        if len(texts) > columns:
            texts = ["    ".join(texts)]
        edges = [round(index * columns / len(texts)) for index in range(len(texts) + 1)]
        for index, (text, (start, end)) in enumerate(zip(texts, pairwise(edges), strict=True)):
            horizontal = "left" if not spread or index == 0 else "center"
            if spread and 0 < index == len(texts) - 1:
                horizontal = "right"
            self.text(self.row, start + 1, text, self.look(TEXT_SIZE, horizontal=horizontal, shrink=True))
            self.merge(self.row, start + 1, 1, end - start)
        self.end_row(height)

    def set_widths(self) -> None:
        """Set the columns' widths; wider ones where the page, printed smaller for it, then holds all rows."""
        width = sum(self.widths)
        widened = PAGE_WIDTH * self.height / PAGE_HEIGHT
        if width < widened <= PAGE_WIDTH / SMALLEST_SCALE:
            added = int((widened - width) / (len(self.widths) - 1)) + 1
            self.widths[1:] = [figure + added for figure in self.widths[1:]]
        for column, width in enumerate(self.widths, start=1):
            self.sheet.column_dimensions[get_column_letter(column)].width = width / DIGIT_WIDTH

    def band_header(self, band: Band) -> None:
        style = self.look(self.header_size, wrap=True, box=True)
        counts = []
        for cell in (cell for row in band.rows for cell in row):
            width = sum(self.widths[cell.column : cell.column + cell.colspan])
            room = _room(width, self.header_size)
            lines = _label_lines(cell, band, room)
            top, left = self.row + cell.row, cell.column + 1
            # Each cell of a merge has its borders: Excel draws those of the first cell around that one alone.
            for row in range(top, top + cell.rowspan):
                for column in range(left, left + cell.colspan):
                    self.sheet.cell(row, column)._style = style
            self.text(top, left, "\n".join(lines), style)
            self.merge(top, left, cell.rowspan, cell.colspan)
            counts.append((cell, sum(ceil(half_widths(line) / room) for line in lines)))
        for height in _header_heights(band.depth, counts, self.header_size * LABEL_LINE_HEIGHT):
            self.end_row(height)
        style = self.look(self.header_size, box=True)
        self.text(self.row, 1, band.number_row[0], style)
        for position, indicator in enumerate(band.columns, start=2):
            self.sheet.cell(self.row, position, indicator.number)._style = style
        self.end_row(NUMBER_ROW_HEIGHT)

    def figures(self, band: Band, lines: Sequence[Line], height: float) -> None:
        """Write a row a line, as text: digit by digit, and many times quicker than a cell at a time."""
        decimals = {column.decimals for column in band.columns}
        letters = [get_column_letter(position) for position in range(1, len(band.columns) + 2)]
        last = self.row + len(lines) - 1
        styles: dict[tuple[bool, ...], tuple[int, dict[int, int]]] = {}
        for line in lines:
            kind = (line.total, line.carried, line.open)
            if kind not in styles:
                styles[kind] = self._line_styles(line, decimals)
            stub_style, figure_styles = styles[kind]
            cells = [self._stub(f"A{self.row}", line.stub, stub_style)]
            for letter, column in zip(letters[1:], band.columns, strict=True):
                value = line.values.get(column.number)
                written = "" if value is None else f"<v>{value:.{column.decimals}f}</v>"
                if line.formulas or line.summed:
                    below = f"{letter}{self.row + 1}:{letter}{last}"
                    written = _formula(line, column.number, below, value) + written
                style = figure_styles[column.decimals]
                cells.append(f'<c r="{letter}{self.row}" s="{style}">{written}</c>')
            row = f'<row r="{self.row}" ht="{height:g}" customHeight="1">{"".join(cells)}</row>'
            self.sheet.figure_rows[self.row] = row
            self.height += height
            self.row += 1
        # openpyxl says how far the sheet reaches by the cells that it knows.
        self.sheet.cell(last, len(letters))

    def _line_styles(self, line: Line, decimals: Iterable[int]) -> tuple[int, dict[int, int]]:
        """Return the numbers of the styles of the stub, and of figures by their decimals."""
        look = partial(self.look, TEXT_SIZE, bold=line.total, italic=line.carried, shrink=True, box=True)
        known = self.sheet.parent._cell_styles
        figures = {
            places: known.add(
                look(horizontal="right", number_format=figure_format(places), unlocked=line.open)
            )
            for places in decimals
        }
        return known.add(look(horizontal="left", indent=1)), figures

    def _stub(self, address: str, text: str, style: int) -> str:
        """Return the cell of a stub, as `text` writes one."""
        written = printable(text)
        if written.startswith(FORMULA_SIGNS):
            quoted = copy(self.sheet.parent._cell_styles[style])
            quoted.quotePrefix = 1
            style = self.sheet.parent._cell_styles.add(quoted)
        if not written:
            return f'<c r="{address}" s="{style}"/>'
        space = ' xml:space="preserve"' if written != written.strip() else ""
        return f'<c r="{address}" s="{style}" t="inlineStr"><is><t{space}>{escape(written)}</t></is></c>'


def _formula(line: Line, number: int, below: str, value: Decimal | None) -> str:
    """Return the formula of a figure as XML, "" where it has none. below: the cells under it."""
    if number in line.formulas:
        return f"<f>{escape(line.formulas[number])}</f>"
    if number not in line.summed:
        return ""
    total = f"SUM({below})"
    return f"<f>{total}</f>" if value is not None else f'<f>IF(COUNT({below})=0,"",{total})</f>'


def figure_format(decimals: int) -> str:
    """Return Excel's number format for a figure: `#,##0`, `#,##0.00`."""
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _column_widths(header: Header, stubs: Sequence[str], size: float) -> list[int]:
    """Return the pixels of the stub and of each figure column, all of these alike.

    They fill the page. Where the labels need more, the page is printed smaller; where that would take it
    below SMALLEST_SCALE, labels are broken once more, but never to less than four characters.
    """
    longest_stub = max(map(half_widths, stubs), default=0)
    stub = _pixels(max(longest_stub, 2 * STUB_CHARACTERS), TEXT_SIZE) + INDENT
    labels = [
        half_widths(line)
        for band in header.bands
        for row in band.rows
        for cell in row
        if cell.number is not None
        for line in _label_parts(cell, band)
        if not cell.breaks
    ]
    wanted = _pixels(max([*labels, 2 * LABEL_CHARACTERS]), size)
    least = _pixels(2 * LABEL_CHARACTERS, size)
    largest = int((PAGE_WIDTH / SMALLEST_SCALE - stub) / header.width)
    filling = int((PAGE_WIDTH - stub) / header.width)
    bound = max(WIDEST_COLUMN, ceil((NARROWEST_TABLE - stub) / header.width))
    if wanted > largest:
        wanted = _pixels(2 * _piece(_room(largest, size)), size)
    figure = max(min(filling, bound), wanted, least)
    return [stub] + [figure] * header.width


def _label_parts(cell: HeaderCell, band: Band) -> list[str]:
    """Return the lines of a header cell: 其中：, a bracketed unit and the mark (待核实) have their own."""
    lines = list(cell.lines)
    if match := _PART.fullmatch(lines[0]):
        lines[:1] = match.groups()
    if cell.number is not None:
        unit = band.columns[cell.column - 1].unit
        for bracketed in (f"（{unit}）", f"({unit})"):
            if unit and len(lines[-1]) > len(bracketed) and lines[-1].endswith(bracketed):
                lines[-1:] = [lines[-1].removesuffix(bracketed), bracketed]
                break
    if cell.suffix.strip():
        lines.append(cell.suffix.strip())
    if cell.mark:
        lines.append(f"({cell.mark})")
    return lines


def _label_lines(cell: HeaderCell, band: Band, room: int) -> list[str]:
    """Return the lines of a header cell with those that are too long for the column broken once more."""
    parts = _label_parts(cell, band)
    if cell.breaks:
        return parts
    return [piece for part in parts for piece in _broken(part, room)]


def _broken(line: str, room: int) -> list[str]:
    """Break a line wider than `room` half-widths as words go: after two or four characters, none alone."""
    if half_widths(line) <= room or room < 4:
        return [line]
    size = _piece(room)
    if len(line) - size == 1 and size > 2:
        size -= 2
    while size < len(line) and line[size] in _NEVER_FIRST and half_widths(line[: size + 1]) <= room:
        size += 1
    return [line[:size], *_broken(line[size:], room)]


def _piece(room: int) -> int:
    """Return how many characters of a broken label stand in a line: an even number, as most words have."""
    return room // 4 * 2


def _header_heights(depth: int, counts: Sequence[tuple[HeaderCell, int]], line: float) -> list[float]:
    """Return the height of each header row; what a cell over several rows lacks goes to its last one.

    counts: each cell with its number of lines; line: the height of one.
    """
    heights = [float(NUMBER_ROW_HEIGHT)] * depth
    for cell, count in sorted(counts, key=lambda each: each[0].rowspan):
        spanned = slice(cell.row, cell.row + cell.rowspan)
        heights[spanned.stop - 1] += max(0, count * line + 4 - sum(heights[spanned]))
    return heights


def _pixels(half_width_count: int, size: float) -> int:
    """Return the width of a column that holds so many half-width characters at `size` points."""
    return ceil(half_width_count * size * 2 / 3) + CELL_PADDING


def _room(width: int, size: float) -> int:
    """Return how many half-width characters a column of so many pixels holds: `_pixels` backwards."""
    return max(1, int((width - CELL_PADDING) / (size * 2 / 3) + 0.01))


def _set_up_page(sheet: Worksheet, foot: str) -> None:
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.print_options.horizontalCentered = True
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.8, header=0.3, footer=0.4)
    sheet.oddFooter.left.text = foot or None
    sheet.oddFooter.right.text = "第 &P 页，共 &N 页"
