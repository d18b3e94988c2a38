"""Reads an old .xls (Excel 97 to 2003, 5 and 95) by xlrd, within bounds.

Whether a value is a formula's is not told: xlrd keeps what the file says was calculated.
"""

import os
from typing import Any

import xlrd
from xlrd.biffh import error_text_from_code
from xlrd.xldate import xldate_as_datetime

from .cells import Book, Cell, CellKind, Sheet, shown
from .gate import Kind, RefusedFile
from .xlsx import MOST_SHEETS, add_sheet, drop_covered, kind_of_format

_FIRST_OWN_FORMAT = 164
"""Formats with smaller numbers are Excel's own."""
_NOTHING = {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}


def read_xls(data: bytes, rows: int, columns: int) -> Book:
    """Read a workbook. Raises RefusedFile."""
    try:
        # What xlrd remarks about a file must not join the answer on standard output.
        with open(os.devnull, "w") as remarks:
            return _read(data, rows, columns, remarks)
    except (RefusedFile, MemoryError):
        raise
    except Exception as error:  # xlrd meets damage with whatever comes of it
        is_encrypted = isinstance(error, xlrd.XLRDError) and "encrypted" in str(error)
        raise RefusedFile(Kind.PASSWORD if is_encrypted else Kind.DAMAGED, str(error)) from error


def _read(data: bytes, rows: int, columns: int, remarks: Any) -> Book:
    opened = xlrd.open_workbook(
        file_contents=data, formatting_info=True, ragged_rows=True, on_demand=True, logfile=remarks
    )
    kinds = [
        kind_of_format(
            style.format_key,
            opened.format_map[style.format_key].format_str if style.format_key >= _FIRST_OWN_FORMAT else None,
        )
        for style in opened.xf_list
    ]
    book = Book("xls")
    for number in range(min(opened.nsheets, MOST_SHEETS)):
        sheet = _sheet(opened.sheet_by_index(number), kinds, opened.datemode, rows, columns)
        opened.unload_sheet(number)
        drop_covered(sheet)
        add_sheet(book, sheet)
    if not book.sheets:
        raise RefusedFile(Kind.DAMAGED, "no sheets")
    return book


def _sheet(read: Any, kinds: list[CellKind | None], datemode: int, rows: int, columns: int) -> Sheet:
    sheet = Sheet(shown(read.name)[:100], is_hidden=read.visibility != 0)
    sheet.cut = any(set(read.row_types(row)) - _NOTHING for row in range(rows, read.nrows))
    for row in range(min(read.nrows, rows)):
        for column, cell in enumerate(read.row_slice(row, 0, columns)):
            if (plain := _plain(cell, kinds[cell.xf_index], datemode)) is not None:
                sheet.cells[row + 1, column + 1] = plain
    # xlrd counts from 0 and ends behind the last.
    sheet.merges = [(top + 1, left + 1, bottom, right) for top, bottom, left, right in read.merged_cells]
    sheet.hidden_rows = {row + 1 for row, told in read.rowinfo_map.items() if told.hidden}
    sheet.hidden_columns = {
        column + 1 for column, told in read.colinfo_map.items() if told.hidden and column < columns
    }
    return sheet


def _plain(cell: Any, kind: CellKind | None, datemode: int) -> Cell | None:
    value = cell.value
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        if kind == CellKind.DATE:
            return Cell(CellKind.DATE, _day(value, datemode))
        return Cell(kind or CellKind.NUMBER, repr(float(value)))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return Cell(CellKind.TRUTH, "TRUE" if value else "FALSE")
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Cell(CellKind.ERROR, error_text_from_code.get(value, "#N/A"))
    if cell.ctype == xlrd.XL_CELL_TEXT and value.strip():
        return Cell(CellKind.TEXT, shown(value))
    return None


def _day(value: float, datemode: int) -> str:
    try:
        return xldate_as_datetime(value, datemode).isoformat(" ", "seconds").removesuffix(" 00:00:00")
    except (ValueError, OverflowError):
        return repr(value)
