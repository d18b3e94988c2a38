"""The cells of an .xlsx, read part by part: it stops at the bounds, whatever the sheet says of itself.

Spreadsheet libraries walk a sheet to its end, give a formula that nobody calculated as an empty cell, and know
"Strict Open XML" or a foreign prefix badly or not at all. Only figures and texts are wanted here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from posixpath import join, normpath
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from .cells import LONGEST_TEXT, Book, Cell, CellKind, Sheet, place, shown
from .gate import MAX_PARTS, Kind, RefusedFile

MOST_SHEETS = MAX_PARTS
"""No bound of its own: a sheet is a part."""
MOST_CELLS = 500_000
"""In all sheets together: three times the figures of a nation's units, or of 300 sheets."""
_MOST_STRINGS = 200_000
_MOST_MERGES = 10_000
_STEP = 64 * 1024
_LARGEST_KEPT = 256 * 1024

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_ROWS, _COLUMNS, _CELLS = ({f"{{{space}}}{name}" for space in _MAIN} for name in ("row", "col", "c"))
_PARTS = {f"{{{space}}}{name}": name for space in _MAIN for name in ("v", "f", "is", "t", "r")}
_MARK = "chunfeng-"
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 400
# Builtin formats: 14-22 and 45-47 are dates and times, 27-36 and 50-58 those of East Asia.
_BUILTIN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BUILTIN_PERCENT = {9, 10}
_FORMAT_TEXT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)


class _StopReading(Exception):  # noqa: N818 (no error: the bound is reached)
    """Raised in a handler to leave the rest of a part unread."""


def read_xlsx(parts: Mapping[str, bytes], rows: int, columns: int) -> Book:
    """Read the sheets of a package within `rows` and `columns`. Raises RefusedFile."""
    book = Book("xlsx", marks=_marks(parts))
    workbook_name = _workbook_part(parts)
    workbook = _Workbook(_part(parts, workbook_name))
    targets = _relations(parts, workbook_name)
    strings = _Strings(parts, targets).texts
    kinds = _format_kinds(parts, targets)
    for name, relation, is_hidden in workbook.sheets[:MOST_SHEETS]:
        kind, target = targets.get(relation, ("", ""))
        if kind != "worksheet" or target not in parts:
            # A sheet of a chart or a dialog; a sheet without its part is damage.
            if kind in ("worksheet", ""):
                raise RefusedFile(Kind.DAMAGED, f"sheet {name!r} has no part")
            continue
        reader = _SheetReader(parts[target], rows, columns, strings, kinds, workbook.epoch)
        sheet = reader.sheet
        sheet.name, sheet.is_hidden = name, is_hidden
        add_sheet(book, sheet)
    if not book.sheets:
        raise RefusedFile(Kind.DAMAGED, "no sheets")
    return book


def add_sheet(book: Book, sheet: Sheet) -> None:
    """Add a sheet to what is handed on. Raises RefusedFile where that becomes too much."""
    book.sheets.append(sheet)
    if sum(len(one.cells) for one in book.sheets) > MOST_CELLS:
        raise RefusedFile(Kind.UNPACKED, "cells")


def _part(parts: Mapping[str, bytes], name: str) -> bytes:
    try:
        return parts[name]
    except KeyError:
        raise RefusedFile(Kind.DAMAGED, f"no part {name!r}") from None


def _parse(data: bytes, start: Any, end: Any = None, text: Any = None) -> None:
    """Run expat over a part; names come as `namespace name`. A DTD was refused before, and is here again."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_dtd
    try:
        for begin in range(0, len(data), _STEP):
            parser.Parse(data[begin : begin + _STEP], False)
        parser.Parse(b"", True)
    except _StopReading:
        pass
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise RefusedFile(Kind.DAMAGED, str(error)) from error


def _refuse_dtd(*_: object) -> None:
    raise RefusedFile(Kind.UNSAFE, "DTD")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _relations(parts: Mapping[str, bytes], source: str) -> dict[str, tuple[str, str]]:
    """Return the relations of a part by id: (last word of the type, name of the part); links outside are left out."""
    folder, _, name = source.rpartition("/")
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == "Relationship" and attributes.get("TargetMode", "").lower() != "external":
            target = attributes.get("Target", "")
            base = target if target.startswith("/") else join("/", folder, target)
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = kind, normpath(base).lstrip("/").lower()

    data = parts.get(f"{folder}/_rels/{name}.rels".lstrip("/"))
    if data is not None:
        _parse(data, start)
    return found


def _workbook_part(parts: Mapping[str, bytes]) -> str:
    for kind, target in _relations(parts, "").values():
        if kind == "officeDocument" and target in parts:
            return target
    raise RefusedFile(Kind.DAMAGED, "no workbook part")


def _marks(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Return our custom properties; one that cannot be read is none."""
    marks: dict[str, str] = {}
    current = ""
    written: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal current
        if _local(tag) == "property":
            current = attributes.get("name", "")
            written.clear()

    def end(tag: str) -> None:
        if _local(tag) == "property" and current.startswith(_MARK):
            marks[current.removeprefix(_MARK)] = "".join(written).strip()[:200]

    try:
        if data := parts.get("docprops/custom.xml"):
            _parse(data, start, end, written.append)
    except RefusedFile as refused:
        if refused.kind != Kind.DAMAGED:
            raise
    return marks


class _Workbook:
    """sheets: (name, id of relation, hidden). epoch: day 0 of its dates."""

    def __init__(self, data: bytes) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.epoch = _EPOCH
        _parse(data, self._start)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if namespace not in _MAIN:
            return
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if _local(key) == "id"), "")
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", "")[:100], relation, hidden))
        elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = _EPOCH_1904


class _Strings:
    """The shared strings: runs of rich text joined, phonetic readings left out."""

    def __init__(self, parts: Mapping[str, bytes], targets: Mapping[str, tuple[str, str]]) -> None:
        self.texts: list[str] = []
        self._runs: list[str] = []
        self._is_text = self._is_phonetic = False
        for kind, target in targets.values():
            if kind == "sharedStrings":
                _parse(_part(parts, target), self._start, self._end, self._text)

    def _start(self, tag: str, _: dict[str, str]) -> None:
        name = _local(tag)
        if name == "si":
            self._runs = []
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "t":
            self._is_text = not self._is_phonetic

    def _end(self, tag: str) -> None:
        name = _local(tag)
        if name == "si":
            self.texts.append(_unescaped("".join(self._runs)))
            if len(self.texts) > _MOST_STRINGS:
                raise RefusedFile(Kind.UNPACKED, "shared strings")
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "t":
            self._is_text = False

    def _text(self, text: str) -> None:
        if self._is_text:
            self._runs.append(text)


def _format_kinds(parts: Mapping[str, bytes], targets: Mapping[str, tuple[str, str]]) -> dict[int, CellKind]:
    """Return what a number means under each style that is not plain: a date, a percentage, a scaled one."""
    data = next((parts.get(target) for kind, target in targets.values() if kind == "styles"), None)
    if not data:
        return {}
    # The files of one sending mostly have one template's styles.
    return _kinds_in(data) if len(data) <= _LARGEST_KEPT else _kinds_in.__wrapped__(data)


@lru_cache(maxsize=8)
def _kinds_in(data: bytes) -> dict[int, CellKind]:
    codes: dict[int, str] = {}
    styles: list[int] = []
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        name = _local(tag)
        if name == "cellXfs":
            depth = 1
        elif name == "numFmt":
            codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "xf" and depth:
            styles.append(int(attributes.get("numFmtId", "0")))

    def end(tag: str) -> None:
        nonlocal depth
        if _local(tag) == "cellXfs":
            depth = 0

    _parse(data, start, end)
    kinds = {number: kind_of_format(number, codes.get(number)) for number in set(styles)}
    return {index: kind for index, number in enumerate(styles) if (kind := kinds[number]) is not None}


def kind_of_format(number: int, code: str | None) -> CellKind | None:
    """Return what a number means under a format, None for a plain one. code: None for a builtin format."""
    if code is None:
        if number in _BUILTIN_DATES:
            return CellKind.DATE
        return CellKind.PERCENT if number in _BUILTIN_PERCENT else None
    # The format of positive numbers alone, without its quoted texts.
    plain = _FORMAT_TEXT.sub("", code).partition(";")[0].lower()
    if "%" in plain:
        return CellKind.PERCENT
    if re.search("[ymdhs年月日时分秒]", plain.replace("general", "")):
        return CellKind.DATE
    # 35000 as 3.5万 by 0!.0,"万": what was meant in a column of 万元 nobody can say.
    return CellKind.SCALED if _SCALED.search(plain) else None


class _SheetReader:
    """Reads one sheet, row by row; `sheet` is what stands in it within the bounds."""

    def __init__(
        self,
        data: bytes,
        rows: int,
        columns: int,
        strings: list[str],
        kinds: Mapping[int, CellKind],
        epoch: datetime,
    ) -> None:
        self.sheet = Sheet("")
        self.rows, self.columns = rows, columns
        self.strings, self.kinds, self.epoch = strings, kinds, epoch
        self.row = 0
        parser: Any = XMLPullParser(("end",))
        try:
            for begin in range(0, len(data), _STEP):
                parser.feed(data[begin : begin + _STEP])
                self._take(parser)
            parser.close()
            self._take(parser)
        except _StopReading:
            pass
        except (ParseError, ValueError, LookupError) as error:
            raise RefusedFile(Kind.DAMAGED, str(error)) from error
        self.sheet.merges = list(_merges(data))
        drop_covered(self.sheet)

    def _take(self, parser: XMLPullParser) -> None:
        """Read the rows that have come to their end, and let go of them."""
        ended: Iterator[Any] = parser.read_events()
        for _, element in ended:
            if element.tag in _ROWS:
                self._read_row(element)
                element.clear()
            elif element.tag in _COLUMNS and element.get("hidden") in ("1", "true"):
                first, last = int(element.get("min", "1")), int(element.get("max", "1"))
                self.sheet.hidden_columns.update(range(first, min(last, self.columns) + 1))

    def _read_row(self, element: Element) -> None:
        self.row = int(element.get("r", self.row + 1))
        if self.row > self.rows:
            # Rows go down: nothing that is wanted follows. Most such rows are formatted and empty.
            self.sheet.cut = any(self._cell(cell) for cell in element if cell.tag in _CELLS)
            raise _StopReading
        if element.get("hidden") in ("1", "true"):
            self.sheet.hidden_rows.add(self.row)
        column, passed = 0, ""
        for cell in element:
            if cell.tag not in _CELLS:
                continue
            address = cell.get("r", "")
            if address and not len(cell):
                # Empty, as most are where a sheet was formatted far out; its place matters to a nameless one alone.
                passed = address
                continue
            if address:
                found = place(address)
                if found is None or found[0] != self.row:
                    raise RefusedFile(Kind.DAMAGED, f"cell {address[:20]!r} in row {self.row}")
                column = found[1]
            else:
                column = ((place(passed) or (0, column))[1] if passed else column) + 1
            passed = ""
            read = self._cell(cell)
            if read is None:
                continue
            if (self.row, column) in self.sheet.cells:
                raise RefusedFile(Kind.DAMAGED, f"cell twice: {self.row}, {column}")
            if column <= self.columns:
                self.sheet.cells[self.row, column] = read

    def _cell(self, element: Element) -> Cell | None:
        written, inline, is_formula = "", "", False
        for part in element:
            name = _PARTS.get(part.tag)
            if name == "v":
                written = part.text or ""
            elif name == "is":
                inline = _rich_text(part)
            elif name == "f":
                is_formula = True
        kind = element.get("t", "n")
        if kind == "inlineStr":
            cell = Cell(CellKind.TEXT, _unescaped(inline)) if inline.strip() else None
        elif not written.strip():
            # Of type str it was calculated, and gave an empty text: =IF(A1=0,"",A1).
            return Cell(CellKind.EMPTY_FORMULA, "", True) if is_formula and kind != "str" else None
        else:
            cell = self._value(kind, written, element)
        return cell._replace(is_formula=True) if cell is not None and is_formula else cell

    def _value(self, kind: str, written: str, element: Element) -> Cell | None:
        if kind == "s":
            try:
                text = self.strings[int(written)] if written.strip().isascii() and int(written) >= 0 else None
            except (ValueError, IndexError):
                text = None
            if text is None:
                raise RefusedFile(Kind.DAMAGED, f"shared string {written[:20]!r}")
            return Cell(CellKind.TEXT, text) if text.strip() else None
        if kind == "b":
            return Cell(CellKind.TRUTH, "TRUE" if written.strip() in ("1", "true") else "FALSE")
        if kind == "e":
            return Cell(CellKind.ERROR, written.strip()[:20])
        if kind == "d":
            return Cell(CellKind.DATE, written.strip()[:40])
        if kind == "str":
            return Cell(CellKind.TEXT, _unescaped(written))
        return self._number(written.strip(), int(element.get("s", "0")))

    def _number(self, written: str, style: int) -> Cell:
        if len(written) > _LONGEST_NUMBER or not _NUMBER.fullmatch(written):
            return Cell(CellKind.ERROR, written[:20])
        number = float(written)
        kind = self.kinds.get(style, CellKind.NUMBER)
        if kind == CellKind.DATE:
            return Cell(kind, _date_text(number, self.epoch))
        return Cell(kind, repr(number))


def _unescaped(text: str) -> str:
    """Return a text with _x000D_ as the character that it stands for: what XML cannot hold is written so."""
    return shown(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text[: 7 * LONGEST_TEXT]))


def _rich_text(element: Element) -> str:
    """Return the text of an inline string: its runs joined, phonetic readings left out."""
    written = []
    for part in element:
        name = _PARTS.get(part.tag)
        if name == "t":
            written.append(part.text or "")
        elif name == "r":
            written += [run.text or "" for run in part if _PARTS.get(run.tag) == "t"]
    return "".join(written)


def _date_text(serial: float, epoch: datetime) -> str:
    try:
        return (epoch + timedelta(days=serial)).isoformat(sep=" ")[:19].removesuffix(" 00:00:00")
    except (OverflowError, ValueError):
        return repr(serial)


_MERGE = re.compile(
    rb"<(?:[\w.-]+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})[\"']"
)


def _merges(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Find the merged ranges, which stand behind all rows: also where the rows were not read to their end."""
    for count, (first, last) in enumerate(_MERGE.findall(data)):
        if count >= _MOST_MERGES:
            return
        begin, end = place(first.decode()), place(last.decode())
        if begin and end and begin[0] <= end[0] and begin[1] <= end[1]:
            yield (*begin, *end)


def drop_covered(sheet: Sheet) -> None:
    """Leave out what stands under a merge: Excel shows the first cell alone."""
    last = max((row for row, _ in sheet.cells), default=0)
    merged: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    for merge in sheet.merges:
        for row in range(merge[0], min(merge[2], last) + 1):
            merged[row].append(merge)
    for row, column in list(sheet.cells):
        for top, left, _, right in merged.get(row, ()):
            if left <= column <= right and (row, column) != (top, left):
                del sheet.cells[row, column]
                break
