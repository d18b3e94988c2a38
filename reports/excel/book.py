"""How a workbook is written: rows of figures as text, and no time in the file.

openpyxl draws the page; a long table of figures is quicker written down by itself. `sheet` fills a `FormSheet`,
whose rows of figures are kept as XML and go between openpyxl's own.
"""

import re
from io import BytesIO
from operator import itemgetter
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.comments.comment_sheet import CommentRecord
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import Element

NOTE_COLOUR = b"#eeeeee"
_NOTE_COLOUR_OF_OPENPYXL = b"#ffffe1"
_FIGURE_ROW = re.compile(rb'<row r="(\d+)"/>')
"""What stands for a row of figures until openpyxl has written the sheet; its own rows are never that bare."""


class FormSheet(Worksheet):
    """A sheet with rows of figures. figure_rows: by row number, the row as XML."""

    def __init__(self, parent: Workbook, title: str) -> None:
        super().__init__(parent, title)
        self.figure_rows: dict[int, str] = {}


def add_sheet(book: Workbook, title: str) -> FormSheet:
    """Add a sheet at the end."""
    sheet = FormSheet(book, title)
    book._add_sheet(sheet)
    return sheet


def to_bytes(book: Workbook) -> bytes:
    """Return the file. The same figures always make the same bytes: nothing in it tells when it was made."""
    buffer = BytesIO()
    _Writer(book, _TimelessZip(buffer, "w", ZIP_DEFLATED)).save()
    return buffer.getvalue()


class _Writer(ExcelWriter):
    def write_worksheet(self, ws):
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images
        # In memory: making and removing a file takes a tenth of the time of a short form.
        written = BytesIO()
        writer = _SheetWriter(ws, written)
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], _with_figures(written.getvalue(), ws))
        self.manifest.append(ws)


class _SheetWriter(WorksheetWriter):
    def write_row(self, xf, row, row_idx):
        if row_idx not in getattr(self.ws, "figure_rows", ()):
            super().write_row(xf, row, row_idx)
            return
        # Cells of such a row exist for their notes alone.
        self.ws._comments += [CommentRecord.from_cell(cell) for cell in row if cell._comment is not None]
        xf.write(Element("row", r=str(row_idx)))

    def rows(self):
        rows = super().rows()
        known = {number for number, _ in rows}
        rows += [(number, []) for number in getattr(self.ws, "figure_rows", ()) if number not in known]
        return sorted(rows, key=itemgetter(0))


def _with_figures(sheet: bytes, ws: Worksheet) -> bytes:
    rows: dict[int, str] = getattr(ws, "figure_rows", {})
    return _FIGURE_ROW.sub(lambda found: rows[int(found[1])].encode(), sheet) if rows else sheet


class _TimelessZip(ZipFile):
    """An archive whose members bear no time; notes in it are grey."""

    def writestr(self, zinfo_or_arcname, data, compress_type=None, compresslevel=None):
        if zinfo_or_arcname.endswith(".vml"):
            data = data.replace(_NOTE_COLOUR_OF_OPENPYXL, NOTE_COLOUR)
        super().writestr(ZipInfo(zinfo_or_arcname), data, compress_type or self.compression, compresslevel)
