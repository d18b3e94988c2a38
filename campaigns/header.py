"""Header tree of a form: from its columns to rows of cells with spans.

The one source for screen, print, Excel and the upload parser. Pure Python: no database, no settings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

UNCONFIRMED_MARK = "待核实"
LAYOUTS = ("rows", "bands")
_STUB = {"rows": "", "bands": "项目"}
_NUMBER_ROW_STUB = {"rows": "甲", "bands": "序号"}


@dataclass(frozen=True)
class Column:
    """One indicator as the header needs it.

    `group`: texts of the cells above the label, from the top. None: the label spans all header rows of its
    band. ("",): a blank box of its own above the label. Neighbours with the same text share one cell.
    `lines`: parts between which the label may break. Ignored unless they join to `label`, so that a label
    changed in the portal prints as changed; () means that it may break anywhere.
    """

    number: int
    label: str
    unit: str = ""
    group: tuple[str, ...] | None = None
    lines: tuple[str, ...] = ()
    confirmed: bool = True
    decimals: int = 0


@dataclass(frozen=True)
class HeaderCell:
    """One cell of the header, placed within its band (rows and columns from 0; column 0 is the stub).

    `number`: the indicator's number for a label, None for a stub, a group or a blank box.
    `breaks`: the text may break anywhere, because the definition gives no lines for it.
    """

    lines: tuple[str, ...]
    suffix: str
    row: int
    column: int
    rowspan: int
    colspan: int
    number: int | None = None
    confirmed: bool = True
    breaks: bool = True

    @property
    def label(self) -> str:
        """Return the text without the unit that `print_units` adds."""
        return "".join(self.lines)

    @property
    def text(self) -> str:
        """Return the text as printed, the unit included, the mark of an unconfirmed label not included."""
        return self.label + self.suffix

    @property
    def mark(self) -> str:
        """Return 待核实 for a label that nobody has confirmed, otherwise an empty string."""
        return "" if self.confirmed else UNCONFIRMED_MARK


@dataclass(frozen=True)
class Band:
    """One table of the form: a stub and some columns.

    `depth`: number of header rows, without the row of numbers.
    `rows`: for each header row the cells that start in it, from left to right; row 0 begins with the stub.
    `number_row`: stub label (甲 or 序号), then the indicators' numbers.
    """

    columns: tuple[Column, ...]
    depth: int
    rows: tuple[tuple[HeaderCell, ...], ...]
    number_row: tuple[str, ...]


@dataclass(frozen=True)
class Header:
    """The whole header of a form. `layout`: `rows` (one band, a row a unit) or `bands`."""

    bands: tuple[Band, ...]
    layout: str

    @property
    def width(self) -> int:
        """Return the number of figure columns of the widest band."""
        return max(len(band.columns) for band in self.bands)

    def paths(self, *, printed: bool = False) -> dict[int, tuple[str, ...]]:
        """Return for each indicator number the texts above its figures: groups from the top, then the label.

        Blank boxes are left out. `printed`: the label as it stands on paper, with its bracketed unit.
        """
        found: dict[int, tuple[str, ...]] = {}
        for band in self.bands:
            above: dict[int, tuple[str, ...]] = {}
            for cell in (cell for row in band.rows for cell in row):
                for column in range(cell.column, cell.column + cell.colspan):
                    if cell.number is not None:
                        found[cell.number] = (*above.get(column, ()), cell.text if printed else cell.label)
                    elif cell.label:
                        above[column] = (*above.get(column, ()), cell.label)
        return found


def build_header(
    columns: Sequence[Column],
    *,
    layout: str = "rows",
    bands: Sequence[int] | None = None,
    print_units: str | None = None,
) -> Header:
    """Lay out the header of a form.

    `bands`: number of columns in each band; None or empty means one band with all of them.
    `print_units`: what a label prints like, such as "{label} ({unit})"; None prints the label alone. It is
    text in which {label} and {unit} are replaced, not a format string. A column without a unit prints its
    label alone, and groups never carry a unit.

    Raises ValueError with a sentence for the definition's author.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"版式“{layout}”无效，应为 rows 或 bands。")
    if layout == "rows" and bands and len(bands) != 1:
        raise ValueError("rows 版式只有一段，不能再用 bands 分段。")
    sizes = tuple(bands) if bands else (len(columns),)
    if bands and min(sizes) < 1:
        raise ValueError(f"bands 中每段至少要有一列，现为 {_joined(sizes, '、')}。")
    if sum(sizes) != len(columns):
        raise ValueError(
            f"bands 各段列数之和（{_joined(sizes, '+')}={sum(sizes)}）与指标数（{len(columns)}）不符。"
        )
    numbers = [column.number for column in columns]
    if repeated := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise ValueError(f"指标序号重复：{_joined(repeated, '、')}。")
    tail = _unit_tail(print_units)
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return Header(
        bands=tuple(
            _build_band(tuple(columns[start : start + size]), layout, tail)
            for start, size in zip(starts, sizes, strict=True)
        ),
        layout=layout,
    )


def _build_band(columns: tuple[Column, ...], layout: str, tail: str) -> Band:
    depth = 1 + max((len(column.group or ()) for column in columns), default=0)
    cells = [HeaderCell((_STUB[layout],), "", 0, 0, depth, 1, breaks=False)]
    cells += _group_cells(columns)
    for position, column in enumerate(columns, start=1):
        row = len(column.group or ())
        given = bool(column.lines) and "".join(column.lines) == column.label
        cells.append(
            HeaderCell(
                lines=column.lines if given else (column.label,),
                suffix=tail.replace("{unit}", column.unit) if column.unit else "",
                row=row,
                column=position,
                rowspan=depth - row,
                colspan=1,
                number=column.number,
                confirmed=column.confirmed,
                breaks=not given,
            )
        )
    cells.sort(key=lambda cell: (cell.row, cell.column))
    return Band(
        columns=columns,
        depth=depth,
        rows=tuple(tuple(cell for cell in cells if cell.row == row) for row in range(depth)),
        number_row=(_NUMBER_ROW_STUB[layout], *(str(column.number) for column in columns)),
    )


def _group_cells(columns: Sequence[Column]) -> Iterator[HeaderCell]:
    """Yield group cells and blank boxes: neighbours share a level only inside one shared cell above it."""
    for level in range(max((len(column.group or ()) for column in columns), default=0)):
        start = 0
        while start < len(columns):
            group = columns[start].group or ()
            end = start + 1
            if level < len(group):
                path = group[: level + 1]
                # A blank box is never shared, nor is anything that hangs under one.
                while all(path) and end < len(columns) and (columns[end].group or ())[: level + 1] == path:
                    end += 1
                yield HeaderCell((group[level],), "", level, start + 1, 1, end - start)
            start = end


def _unit_tail(print_units: str | None) -> str:
    """Return what stands behind the label, with {unit} still in it."""
    if not print_units:
        return ""
    head, found, tail = print_units.partition("{label}")
    if head or not found or "{label}" in tail:
        raise ValueError(f"print_units“{print_units}”无效，应以 {{label}} 开头，例如 {{label}} ({{unit}})。")
    return tail


def _joined(numbers: Sequence[int], separator: str) -> str:
    return separator.join(str(number) for number in numbers)
