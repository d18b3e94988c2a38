"""What the reader of an old .xls does not tell: formats, error values, formulas, what is hidden.

calamine gives values alone: 300% as 3, #DIV/0! as an empty cell. Here the records of the workbook's stream are
walked for these. Layouts are those of Microsoft's [MS-CFB] (the OLE file) and [MS-XLS] (BIFF8).
"""

import struct
from collections.abc import Iterator, Mapping

from .cells import Cell, CellKind, Sheet
from .xlsx import kind_of_format

_NO_SECTOR = 0xFFFFFFF0
"""From here on a number of a sector is a sign: end, free."""
_IN_HEADER = 109
_NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR = 0x0203, 0x027E, 0x00BD, 0x0006, 0x0205
_BOF, _EOF, _BOUNDSHEET, _FORMAT, _XF, _ROW, _COLINFO = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0, 0x0208, 0x007D
_BIFF8 = 0x0600
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


class Workbook:
    """The stream of a workbook. sheets: by name, where each begins in it; none where it is not BIFF8."""

    def __init__(self, data: bytes) -> None:
        self.stream = _stream(data)
        self.sheets: dict[str, int] = {}
        codes: dict[int, str] = {}
        formats: list[int] = []
        for record, body in self._records(0):
            if record == _BOF and struct.unpack_from("<H", body) != (_BIFF8,):
                break
            if record == _BOUNDSHEET:
                begin, length, flags = struct.unpack_from("<I2x2B", body)
                self.sheets[_text(body[8:], length, flags)] = begin
            elif record == _FORMAT:
                number, length, flags = struct.unpack_from("<HHB", body)
                codes[number] = _text(body[5:], length, flags)
            elif record == _XF:
                formats += struct.unpack_from("<2xH", body)
        self.kinds = [kind_of_format(number, codes.get(number)) for number in formats]

    def _records(self, position: int) -> Iterator[tuple[int, bytes]]:
        """Yield the records from there to the end of their part."""
        while position + 4 <= len(self.stream):
            record, length = struct.unpack_from("<HH", self.stream, position)
            yield record, self.stream[position + 4 : position + 4 + length]
            if record == _EOF:
                return
            position += 4 + length

    def complete(self, sheet: Sheet, name: str, rows: int, columns: int) -> None:
        """Add to a sheet as calamine read it what it did not tell. Raises struct.error where records are damaged."""
        for record, body in self._records(self.sheets.get(name, len(self.stream))):
            if record in (_NUMBER, _RK, _FORMULA, _BOOLERR):
                row, column, style = struct.unpack_from("<3H", body)
                error = _error(record, body)
                if row < rows and column < columns:
                    self._mark(sheet, (row + 1, column + 1), style, error, is_formula=record == _FORMULA)
            elif record == _MULRK:
                row, first = struct.unpack_from("<2H", body)
                for offset in range((len(body) - 6) // 6):
                    [style] = struct.unpack_from("<H", body, 4 + 6 * offset)
                    self._mark(sheet, (row + 1, first + offset + 1), style)
            elif record == _ROW and struct.unpack_from("<12xH", body)[0] & 0x20:
                sheet.hidden_rows.add(struct.unpack_from("<H", body)[0] + 1)
            elif record == _COLINFO and struct.unpack_from("<8xH", body)[0] & 1:
                first, last = struct.unpack_from("<2H", body)
                sheet.hidden_columns.update(range(first + 1, min(last + 1, columns) + 1))

    def _mark(
        self, sheet: Sheet, place: tuple[int, int], style: int, error: str = "", *, is_formula: bool = False
    ) -> None:
        cell = sheet.cells.get(place)
        if error and cell is None:
            sheet.cells[place] = Cell(CellKind.ERROR, error, is_formula)
        elif cell is not None:
            kind = self.kinds[style] if style < len(self.kinds) else None
            shown = kind if cell.kind == CellKind.NUMBER and kind not in (None, CellKind.DATE) else cell.kind
            sheet.cells[place] = Cell(shown or cell.kind, cell.value, is_formula)


def _text(body: bytes, length: int, flags: int) -> str:
    """Read so many characters, of two bytes each where the flags say so."""
    return body[: length * (1 + flags % 2)].decode("utf-16-le" if flags % 2 else "latin-1", "replace")


def _error(record: int, body: bytes) -> str:
    """Return the error that a cell shows, "" for none."""
    if record == _BOOLERR:
        value, is_error = struct.unpack_from("<6x2B", body)
    elif record == _FORMULA:
        kind, value, sign = struct.unpack_from("<6xBxB3xH", body)
        is_error = kind == 2 and sign == 0xFFFF
    else:
        return ""
    return _ERRORS.get(value, "#N/A") if is_error else ""


def _stream(data: bytes) -> bytes:
    """Return the stream Workbook of an OLE file; b"" where there is none but perhaps an older Book."""
    [shift] = struct.unpack_from("<30xH", data)
    size = 1 << shift
    [directory] = struct.unpack_from("<48xI", data)
    table = _table(data, size)
    entries = b"".join(_chain(data, directory, size, table))
    for start in range(0, len(entries) - 127, 128):
        name, length, first, count = struct.unpack_from("<64sH50xII", entries, start)
        if name[: max(0, length - 2)].decode("utf-16-le", "replace").lower() == "workbook":
            return b"".join(_chain(data, first, size, table))[:count]
    return b""


def _table(data: bytes, size: int) -> Mapping[int, int]:
    """Return for each sector the one that follows it. A file of 5 MB needs no more than the header lists."""
    found: dict[int, int] = {}
    for sector in struct.unpack_from(f"<76x{_IN_HEADER}I", data):
        if sector >= _NO_SECTOR:
            break
        part = data[(sector + 1) * size : (sector + 2) * size]
        follow = struct.unpack(f"<{len(part) // 4}I", part[: len(part) // 4 * 4])
        found |= enumerate(follow, start=len(found))
    return found


def _chain(data: bytes, sector: int, size: int, table: Mapping[int, int]) -> Iterator[bytes]:
    for _ in range(len(table)):
        if sector >= _NO_SECTOR:
            return
        yield data[(sector + 1) * size : (sector + 2) * size]
        sector = table.get(sector, _NO_SECTOR)
