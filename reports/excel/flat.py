"""A long table as .xlsx, sent while it is made: constant memory, no file on a disk."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl.utils import get_column_letter

from .archive import Outbox
from .sheet import FORMULA_SIGNS, printable

MOST_ROWS = 1_048_576
"""Of a sheet. What is longer goes on on a further sheet."""
_ROWS_AT_ONCE = 500
_LEVEL = 1
"""Of compression: a tenth larger than the default, twice as quick."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TEXT, _QUOTED, _BOLD = 0, 1, 2
_STYLES = f"""{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="10.5"/><name val="宋体"/></font>\
<font><b/><sz val="10.5"/><name val="宋体"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>\
<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf fontId="0" xfId="0"/>\
<xf fontId="0" xfId="0" quotePrefix="1"/><xf fontId="1" xfId="0" applyFont="1"/></cellXfs>\
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"""


def flat_workbook(
    name: str, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int]
) -> Iterator[bytes]:
    """Yield a workbook piece by piece: a bold first row that stays in view and filters, then `rows`.

    rows: texts, "" for an empty cell. numbers: the columns, from 0, whose texts are numbers: written digit by digit.
    Every other text stays text, whatever it looks like.
    """
    outbox = Outbox()
    sheets = 0
    waiting = iter(rows)
    with ZipFile(outbox, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as packed:
        more: Sequence[str] | None = next(waiting, None)
        while sheets == 0 or more is not None:
            sheets += 1
            first = () if more is None else (more,)
            part = islice(chain(first, waiting), MOST_ROWS - 1)
            yield from _sheet(packed, outbox, sheets, head, part, numbers)
            more = next(waiting, None)
        for path, text in _rest(name, sheets).items():
            packed.writestr(ZipInfo(path), text.encode())
    yield outbox.take()


def _sheet(
    packed: ZipFile,
    outbox: Outbox,
    number: int,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Collection[int],
) -> Iterator[bytes]:
    letters = [get_column_letter(column) for column in range(1, len(head) + 1)]
    entry = ZipInfo(f"xl/worksheets/sheet{number}.xml")
    entry.compress_type = ZIP_DEFLATED
    with packed.open(entry, "w") as part:
        part.write(
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<sheetData>{_row(1, letters, head, (), bold=True)}".encode()
        )
        last = 1
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            written = "".join(
                _row(row, letters, cells, numbers) for row, cells in enumerate(some, start=last + 1)
            )
            part.write(written.encode())
            last += len(some)
            yield outbox.take()
        part.write(f'</sheetData><autoFilter ref="A1:{letters[-1]}{last}"/></worksheet>'.encode())
    yield outbox.take()


def _row(
    row: int, letters: Sequence[str], cells: Sequence[str], numbers: Collection[int], *, bold: bool = False
) -> str:
    written = []
    for column, text in enumerate(cells):
        if not text:
            continue
        if column in numbers:
            written.append(f'<c r="{letters[column]}{row}"><v>{text}</v></c>')
            continue
        text = printable(text)
        style = _BOLD if bold else _QUOTED if text.startswith(FORMULA_SIGNS) else _TEXT
        written.append(
            f'<c r="{letters[column]}{row}" s="{style}" t="inlineStr">'
            f'<is><t xml:space="preserve">{escape(text)}</t></is></c>'
        )
    return f'<row r="{row}">{"".join(written)}</row>'


def _rest(name: str, sheets: int) -> dict[str, str]:
    """Return the parts of the file that are not its sheets: what it consists of is known at the end."""
    every = range(1, sheets + 1)
    names = [name if number == 1 else f"{name}{number}" for number in every]
    listed = "".join(
        f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>'
        for number, title in zip(every, names, strict=True)
    )
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in every
    )
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kinds}.worksheet+xml"/>'
        for number in every
    )
    return {
        "xl/styles.xml": _STYLES,
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_RELATIONS}">{related}'
        f'<Relationship Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kinds}.styles+xml"/>{parts}</Types>',
    }
