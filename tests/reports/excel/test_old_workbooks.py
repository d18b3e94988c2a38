"""What an old .xls says beside its values: the records are written here by hand, the smallest that Excel would read."""

import struct

import pytest

from reports.excel import child
from reports.excel.cells import Cell, CellKind
from reports.excel.gate import Kind, RefusedFile

PLAIN, PERCENT, SCALED = 0, 1, 2
SHEET, GLOBALS = 0x0010, 0x0005
EOF = (0x000A, b"")


def packed(*records):
    return b"".join(struct.pack("<HH", number, len(body)) + body for number, body in records)


def begin(kind):
    return 0x0809, struct.pack("<4H2I", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6)


def number(row, column, value, style=PLAIN):
    return 0x0203, struct.pack("<3Hd", row, column, style, value)


def old_workbook(*records, name="附件1"):
    """Return an .xls of one sheet with these records; its three styles are PLAIN, PERCENT and SCALED."""
    formats = {164: '0!.0,"万"'}
    styles = [0, 9, 164]
    code = formats[164].encode("utf-16-le")
    before = [
        begin(GLOBALS),
        (0x041E, struct.pack("<HHB", 164, len(formats[164]), 1) + code),
        *((0x00E0, struct.pack("<2H16x", 0, style)) for style in styles),
    ]
    title = name.encode("utf-16-le")

    def sheet_at(position):
        return 0x0085, struct.pack("<IBBBB", position, 0, 0, len(name), 1) + title

    starts = len(packed(*before, sheet_at(0), EOF))
    stream = packed(*before, sheet_at(starts), EOF, begin(SHEET), *records, EOF)
    return compound(stream.ljust(4096, b"\0"))


def compound(stream):
    """Return an OLE file with the stream Workbook: a table of sectors, the directory, then the stream."""
    sectors = -(-len(stream) // 512)
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack(
        "<16x5H6x9I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0
    )
    head += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)

    def entry(name, kind, child, start, size):
        text = name.encode("utf-16-le")
        return struct.pack(
            "<64sHBB3I36xIQ", text, len(text) + 2, kind, 1, *[0xFFFFFFFF] * 2, child, start, size
        )

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    return (
        head + struct.pack("<128I", *table) + directory.ljust(512, b"\0") + stream.ljust(512 * sectors, b"\0")
    )


def sheet_of(*records, **named):
    [sheet] = child.read(old_workbook(*records, **named), 50, 20).sheets
    return sheet


def test_a_percentage_and_a_scaled_number_are_told_from_plain_ones():
    several = struct.pack("<2H" + "HI" * 2 + "H", 1, 0, PLAIN, 12 << 2 | 2, PERCENT, 3 << 2 | 2, 1)
    sheet = sheet_of(
        number(0, 0, 300.0), number(0, 1, 3.0, PERCENT), number(0, 2, 35000.0, SCALED), (0x00BD, several)
    )
    assert sheet.name == "附件1"
    assert sheet.cells == {
        (1, 1): Cell(CellKind.NUMBER, "300.0"),
        (1, 2): Cell(CellKind.PERCENT, "3.0"),
        (1, 3): Cell(CellKind.SCALED, "35000.0"),
        (2, 1): Cell(CellKind.NUMBER, "12.0"),
        (2, 2): Cell(CellKind.PERCENT, "3.0"),
    }


def test_errors_are_told_a_formulas_too():
    divided = struct.pack("<3H8sHI2xB", 0, 0, PLAIN, bytes([2, 0, 7, 0, 0, 0, 255, 255]), 0, 0, 0)
    summed = struct.pack("<3HdHI2xB", 0, 1, PLAIN, 42.0, 0, 0, 0)
    lost = struct.pack("<3H2B", 0, 2, PLAIN, 23, 1)
    sheet = sheet_of((0x0006, divided), (0x0006, summed), (0x0205, lost))
    assert sheet.cells == {
        (1, 1): Cell(CellKind.ERROR, "#DIV/0!"),
        (1, 2): Cell(CellKind.NUMBER, "42.0"),
        (1, 3): Cell(CellKind.ERROR, "#REF!"),
    }


def test_hidden_rows_and_columns_are_told():
    row = struct.pack("<8H", 1, 0, 3, 255, 0, 0, 0x20, 0)
    columns = struct.pack("<6H", 2, 3, 2000, 0, 1, 0)
    sheet = sheet_of((0x007D, columns), (0x0208, row), number(1, 0, 5.0))
    assert (sheet.hidden_rows, sheet.hidden_columns) == ({2}, {3, 4})


def test_rows_beyond_the_bound_are_told_where_something_stands_in_them():
    blank = 0x0201, struct.pack("<3H", 60, 0, PLAIN)
    assert not sheet_of(number(0, 0, 5.0), blank).cut
    assert sheet_of(number(0, 0, 5.0), number(60, 0, 5.0)).cut


def test_records_cut_short_are_damage():
    with pytest.raises(RefusedFile) as refused:
        sheet_of(number(0, 0, 300.0), (0x0205, b"\0\0"))
    assert refused.value.kind == Kind.DAMAGED


def test_what_the_reader_remarks_does_not_reach_the_output(capfd):
    sheet_of(number(0, 0, 300.0), (0x0208, struct.pack("<8H", 70, 0, 3, 255, 0, 0, 0x20, 0)))
    assert capfd.readouterr() == ("", "")


def test_signs_that_no_database_takes_do_not_join_what_they_part():
    text = "1\x002\x01区".encode("utf-16-le")
    sheet = sheet_of((0x0204, struct.pack("<4HB", 0, 0, PLAIN, len(text) // 2, 1) + text), name="附\x01件")
    assert (sheet.name, sheet.cells[1, 1].value) == ("附\ufffd件", "1\ufffd2\ufffd区")
