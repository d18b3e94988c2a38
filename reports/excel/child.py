"""The process that reads uploaded workbooks: bounded in memory and time, it has no database and no settings.

`python -m reports.excel.child` answers requests on its standard input until that ends. A request is a length, a
JSON head {"rows", "columns", "size"} and the file's bytes; an answer a length and JSON: a book, or a refusal.
"""

import gc
import json
import resource
import struct
import sys
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from . import xls
from .cells import Book, Cell, CellKind, Sheet, shown
from .gate import MEGABYTE, Kind, Package, RefusedFile, check
from .xlsx import MOST_SHEETS, add_sheet, drop_covered, read_xlsx

MEMORY = 512 * MEGABYTE
SECONDS = 10
LENGTH = struct.Struct(">I")
_KINDS = {kind.value: kind for kind in CellKind}


def read(data: bytes, rows: int, columns: int) -> Book:
    """Check and read one file within `rows` and `columns`. Raises RefusedFile."""
    package: Package = check(data)
    if package.container == "xls":
        return _read_xls(data, rows, columns)
    return read_xlsx(package.parts, rows, columns)


def _read_xls(data: bytes, rows: int, columns: int) -> Book:
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
        book = Book("xls")
        told = xls.Workbook(data)
        for meta in workbook.sheets_metadata[:MOST_SHEETS]:
            if meta.typ == SheetTypeEnum.WorkSheet:
                sheet = _xls_sheet(workbook, meta, rows, columns)
                told.complete(sheet, meta.name, rows, columns)
                drop_covered(sheet)
                add_sheet(book, sheet)
    except PasswordError as error:
        raise RefusedFile(Kind.PASSWORD, str(error)) from error
    except (CalamineError, ValueError, OSError, OverflowError, UnicodeError, struct.error) as error:
        raise RefusedFile(Kind.DAMAGED, str(error)) from error
    except BaseException as error:
        # A panic of calamine's is no Exception, and would end this process as if it had overrun.
        if type(error).__name__ != "PanicException":
            raise
        raise RefusedFile(Kind.DAMAGED, str(error)) from error
    if not book.sheets:
        raise RefusedFile(Kind.DAMAGED, "no sheets")
    return book


def _xls_sheet(workbook: CalamineWorkbook, meta: Any, rows: int, columns: int) -> Sheet:
    found = workbook.get_sheet_by_name(meta.name)
    sheet = Sheet(shown(meta.name)[:100], is_hidden=meta.visible != SheetVisibleEnum.Visible)
    sheet.cut = found.total_height > rows
    for row, values in enumerate(found.to_python(skip_empty_area=False, nrows=rows), start=1):
        for column, value in enumerate(values[:columns], start=1):
            if (cell := _plain(value)) is not None:
                sheet.cells[row, column] = cell
    for (top, left), (bottom, right) in found.merged_cell_ranges or []:
        sheet.merges.append((top + 1, left + 1, bottom + 1, right + 1))
    return sheet


def _plain(value: object) -> Cell | None:
    match value:
        case bool():
            return Cell(CellKind.TRUTH, "TRUE" if value else "FALSE")
        case int() | float():
            return Cell(CellKind.NUMBER, repr(float(value)))
        case datetime() | date() | time():
            return Cell(CellKind.DATE, value.isoformat()[:19].replace("T", " ").removesuffix(" 00:00:00"))
        case timedelta():
            return Cell(CellKind.DATE, str(value)[:19])
        case str() if value.strip():
            if value.startswith("#") and value.endswith(("!", "?", "A")) and value.isascii():
                return Cell(CellKind.ERROR, value[:20])
            return Cell(CellKind.TEXT, shown(value))
    return None


def answer(data: bytes, rows: int, columns: int) -> dict[str, Any]:
    """Return what is said of one file, as plain values: {"book": …} or {"refused": kind, "detail"}."""
    try:
        return {"book": packed(read(data, rows, columns))}
    except RefusedFile as refused:
        return {"refused": refused.kind.value, "detail": refused.detail[:200]}
    except MemoryError:
        return {"refused": Kind.OVERRUN.value, "detail": "memory"}
    except Exception as error:  # whatever a reader stumbles over, the file is at fault
        return {"refused": Kind.DAMAGED.value, "detail": f"{type(error).__name__}: {error}"[:200]}


def packed(book: Book) -> dict[str, Any]:
    """Return a book as JSON takes it."""
    return {
        "container": book.container,
        "marks": book.marks,
        "sheets": [
            {
                "name": sheet.name,
                "hidden": sheet.is_hidden,
                "cells": [[*key, *cell] for key, cell in sheet.cells.items()],
                "merges": sheet.merges,
                "rows": sorted(sheet.hidden_rows),
                "columns": sorted(sheet.hidden_columns),
                "cut": sheet.cut,
            }
            for sheet in book.sheets
        ],
    }


def unpacked(told: dict[str, Any]) -> Book:
    """Return the book that `packed` wrote down."""
    book = Book(told["container"], marks=told["marks"])
    for one in told["sheets"]:
        sheet = Sheet(one["name"], is_hidden=one["hidden"])
        sheet.cells = {
            (row, column): Cell(_KINDS[kind], value, is_formula)
            for row, column, kind, value, is_formula in one["cells"]
        }
        sheet.merges = [(top, left, bottom, right) for top, left, bottom, right in one["merges"]]
        sheet.hidden_rows, sheet.hidden_columns = set(one["rows"]), set(one["columns"])
        sheet.cut = one["cut"]
        book.sheets.append(sheet)
    return book


def limit() -> None:
    """Bound this process: memory for good, time again before each file; no file is written, none left behind."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _wind_up() -> None:
    """Grant the next file its seconds of CPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + SECONDS + 1, hard))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer one request after the other."""
    # There are no cycles in what is read, but a great many small objects.
    gc.disable()
    while head := requests.read(LENGTH.size):
        asked = json.loads(requests.read(*LENGTH.unpack(head)))
        data = requests.read(asked["size"])
        _wind_up()
        written = json.dumps(answer(data, asked["rows"], asked["columns"])).encode()
        answers.write(LENGTH.pack(len(written)) + written)
        answers.flush()


if __name__ == "__main__":
    limit()
    serve(sys.stdin.buffer, sys.stdout.buffer)
