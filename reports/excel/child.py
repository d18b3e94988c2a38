"""The process that reads uploaded workbooks: bounded in memory and time, it has no database and no settings.

`python -m reports.excel.child` answers requests on its standard input until that ends. A request is a length, a
JSON head {"rows", "columns", "size"} and the file's bytes; an answer a length and JSON: a book, or a refusal.
"""

import gc
import json
import resource
import struct
import sys
from typing import Any, BinaryIO

from .cells import Book, Cell, CellKind, Sheet
from .gate import MEGABYTE, Kind, Package, RefusedFile, check
from .xlsx import read_xlsx

MEMORY = 512 * MEGABYTE
SECONDS = 10
LENGTH = struct.Struct(">I")
_KINDS = {kind.value: kind for kind in CellKind}


def read(data: bytes, rows: int, columns: int) -> Book:
    """Check and read one file within `rows` and `columns`. Raises RefusedFile."""
    package: Package = check(data)
    if package.container == "xls":
        from .xls import read_xls  # xlrd alone would double the start of this process, and few files need it

        return read_xls(data, rows, columns)
    return read_xlsx(package.parts, rows, columns)


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
