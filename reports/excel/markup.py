"""The user's own workbook with its problems marked: yellow cells with a note, and a sheet that lists them.

`marked` starts a process of its own, bounded like the reading one: openpyxl builds the whole workbook in memory.
Where that fails, or the file is an .xls, the list alone is given out.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from .gate import MEGABYTE, check

MOST = 100
LIST = "问题清单"
HEADINGS = ("工作表", "单元格", "找到的内容", "原因和改法")
_SECONDS = 20
_ROOT = Path(__file__).resolve().parents[2]


def marked(data: bytes, problems: Sequence[tuple[str, str, str, str]]) -> bytes:
    """Return the workbook with its problems marked. problems: (sheet, cell, found, reason), the first 100 count."""
    listed = list(problems)[:MOST]
    head = json.dumps(listed).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "reports.excel.markup"],
            cwd=_ROOT,
            env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
            input=len(head).to_bytes(4, "big") + head + data,
            capture_output=True,
            timeout=3 * _SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        return listing(listed)
    return done.stdout


def listing(problems: Sequence[tuple[str, str, str, str]]) -> bytes:
    """Return a fresh workbook with the list of problems."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    _add_list(book, problems)
    return _saved(book)


def _mark(data: bytes, problems: Sequence[tuple[str, str, str, str]]) -> bytes:
    from openpyxl import load_workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    if check(data).container != "xlsx":
        return listing(problems)
    book = load_workbook(BytesIO(data), keep_links=False)
    for sheet, address, found, reason in problems:
        cell = book[sheet][address]
        cell.fill = PatternFill("solid", fgColor="FFF3D1")
        note = Comment(f"找到：{found}\n{reason}", "春风行动统计报送")
        note.width, note.height = 260, 90
        cell.comment = note
    _add_list(book, problems)
    return _saved(book)


def _add_list(book: Any, problems: Sequence[tuple[str, str, str, str]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.worksheet.properties import PageSetupProperties

    name = LIST
    while name in book.sheetnames:
        name += "1"
    sheet = book.create_sheet(name)
    for row, texts in enumerate([HEADINGS, *problems], start=1):
        for column, text in enumerate(texts, start=1):
            cell = sheet.cell(row, column, text)
            # Texts of the user's: whatever they begin with, they are no formula.
            cell.data_type = "s"
            cell.quotePrefix = True
            if row == 1:
                cell.font = Font(bold=True)
    for letter, width in zip("ABCD", (14, 10, 24, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = "1:1"


def _saved(book: Any) -> bytes:
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (768 * MEGABYTE, 768 * MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 * MEGABYTE, 100 * MEGABYTE))
    asked = sys.stdin.buffer.read()
    length = int.from_bytes(asked[:4], "big")
    listed = [(one[0], one[1], one[2], one[3]) for one in json.loads(asked[4 : 4 + length])]
    sys.stdout.buffer.write(_mark(asked[4 + length :], listed))
