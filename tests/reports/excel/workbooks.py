"""Hostile and odd workbooks, each made from a good one, with what must become of it.

A maker takes the bytes of the official workbook of 玄武区 (form 附件1 of the small world in `conftest`) and
returns those of the odd one. `CASES` lists them all.
"""

import csv
import io
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from reports.excel.gate import Kind

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
TYPES = "[Content_Types].xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
FIGURES = {1: "1200", 2: "300", 3: "120", 4: "80", 5: "30", 6: "12.50"}
TOTAL_ROW, UNIT_ROW = 7, 8


@dataclass(frozen=True)
class Case:
    """refused: the kind of the gate's sentence. says: part of the reason, of a warning or of a rejection.

    changed: figures that differ from FIGURES, None = not taken. cells: addresses rejected.
    """

    name: str
    make: Callable[[bytes], bytes]
    outcome: str = "ok"
    refused: Kind | None = None
    says: str = ""
    changed: dict[int, str | None] = field(default_factory=dict)
    cells: tuple[str, ...] = ()


CASES: list[Case] = []


def case(outcome="ok", **expected):
    """Note a maker down as a case."""

    def note(make):
        CASES.append(Case(make.__name__, make, outcome, **expected))
        return make

    return note


def refused(kind):
    return case("refused", refused=kind)


# Tools


def members(data):
    with ZipFile(BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(parts, compression=ZIP_DEFLATED, level=None):
    buffer = BytesIO()
    with ZipFile(buffer, "w", compression, compresslevel=level) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def edited(data, **changes):
    """Return a workbook with parts replaced; `sheet`, `strings`, `types`, `book`, `styles`: functions on text."""
    names = {
        "sheet": SHEET,
        "strings": STRINGS,
        "types": TYPES,
        "book": "xl/workbook.xml",
        "rels": "xl/_rels/workbook.xml.rels",
        "styles": "xl/styles.xml",
    }
    parts = members(data)
    for key, change in changes.items():
        name = names[key]
        parts[name] = change(parts[name].decode()).encode()
    return zipped(parts)


def with_parts(data, **parts):
    return zipped(members(data) | {name.replace("__", "/"): content for name, content in parts.items()})


def opened(data, change):
    """Return a workbook as openpyxl saves it after `change(book, sheet)`."""
    book = load_workbook(BytesIO(data))
    change(book, book.worksheets[0])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_cell(data, address, element):
    """Replace one cell by an XML element; `{s}` in it is the style that the cell had."""
    pattern = re.compile(rf'<c r="{address}"( s="\d+")?[^>]*?(?:/>|>.*?</c>)')

    def change(text):
        found = pattern.search(text)
        return text[: found.start()] + element.replace("{s}", found[1] or "") + text[found.end() :]

    return edited(data, sheet=change)


def shared(data):
    """Return the workbook with its texts in a table of shared strings, as Excel and LibreOffice write it."""
    parts = members(data)
    strings = []

    def moved(found):
        strings.append(found[3])
        return f'<c r="{found[1]}"{found[2] or ""} t="s"><v>{len(strings) - 1}</v></c>'

    pattern = r'<c r="(\w+)"( s="\d+")? t="inlineStr"><is>(.*?)</is></c>'
    sheet = re.sub(pattern, moved, parts[SHEET].decode(), flags=re.DOTALL)
    table = "".join(f"<si>{text}</si>" for text in strings)
    rels = parts["xl/_rels/workbook.xml.rels"].decode()
    relation = f'<Relationship Id="rId77" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    return zipped(
        parts
        | {
            SHEET: sheet,
            STRINGS: f'<sst xmlns="{MAIN}">{table}</sst>',
            "xl/_rels/workbook.xml.rels": rels.replace("</Relationships>", f"{relation}</Relationships>"),
        }
    )


def setting(**values):
    """A maker that sets cells, E8="x"."""

    def make(data):
        return opened(
            data, lambda book, sheet: [sheet.__setitem__(key, value) for key, value in values.items()]
        )

    return make


def odd(name, make, outcome="ok", **expected):
    CASES.append(Case(name, make, outcome, **expected))


# Not a workbook at all


@refused(Kind.NOT_A_WORKBOOK)
def photo_renamed(data):
    return b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 20


@refused(Kind.OTHER_FORMAT)
def csv_renamed(data):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["甲", 1, 2, 3], ["玄武区", 1, 2, 3]])
    return buffer.getvalue().encode("gb18030")


@refused(Kind.OTHER_FORMAT)
def html_renamed(data):
    return "<html><body><table><tr><td>甲</td><td>1</td></tr></table></body></html>".encode()


@refused(Kind.OTHER_FORMAT)
def xml_2003_renamed(data):
    return b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'


@refused(Kind.EMPTY)
def empty_file(data):
    return b""


@refused(Kind.OTHER_FORMAT)
def unicode_text_renamed(data):
    return "单位\t1\t2\r\n玄武区\t12\t5\r\n".encode("utf-16")


@refused(Kind.OTHER_FORMAT)
def binary_workbook_renamed(data):
    return edited(
        data,
        types=lambda text: text.replace(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
        ),
    )


@refused(Kind.NOT_A_WORKBOOK)
def plain_zip(data):
    return zipped({"附件1.txt": b"hello"})


@refused(Kind.NOT_A_WORKBOOK)
def word_document(data):
    types = members(data)[TYPES].replace(b"spreadsheetml.sheet.main", b"wordprocessingml.document.main")
    return zipped({TYPES: types, "word/document.xml": b"<document/>"})


@refused(Kind.NOT_A_WORKBOOK)
def template_type(data):
    return edited(
        data, types=lambda text: text.replace("spreadsheetml.sheet.main", "spreadsheetml.template.main")
    )


@refused(Kind.OTHER_FORMAT)
def ods_renamed(data):
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"})


@refused(Kind.NOT_A_WORKBOOK)
def word_97(data):
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument\x00".encode("utf-16-le") + bytes(512)
    )


@refused(Kind.PASSWORD)
def password(data):
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(512)
    )


@refused(Kind.MACRO)
def old_macros(data):
    names = "Workbook\x00_VBA_PROJECT_CUR".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names + bytes(512)


@refused(Kind.DAMAGED)
def old_and_damaged(data):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Workbook\x00".encode("utf-16-le") + bytes(512)


# Archives that lie or do harm


@refused(Kind.DAMAGED)
def cut_short(data):
    return data[: len(data) // 2]


@refused(Kind.DAMAGED)
def flipped_bit(data):
    offset = data.index(SHEET.encode()) + len(SHEET) + 40
    return data[:offset] + bytes([data[offset] ^ 4]) + data[offset + 1 :]


@refused(Kind.UNPACKED)
def bomb(data):
    return with_parts(data, xl__media__image1=bytes(60 * 1024 * 1024))


@refused(Kind.UNPACKED)
def bomb_by_ratio(data):
    return with_parts(data, xl__theme__theme2=bytes(8 * 1024 * 1024))


@refused(Kind.UNPACKED)
def bomb_of_many_parts(data):
    return zipped(members(data) | {f"xl/media/{number}.bin": b"x" for number in range(600)})


@refused(Kind.UNPACKED)
def bomb_of_many_cells(data):
    """Ninety sheets full of figures: small to carry, and within the bounds of each."""
    row = "<row>" + "<c><v>1</v></c>" * 27 + "</row>"
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{row * 243}</sheetData></worksheet>'
    parts = members(data)
    book, rels = (parts[f"xl/{name}"].decode() for name in ("workbook.xml", "_rels/workbook.xml.rels"))
    many = range(100, 190)
    names = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="many{n}" xmlns:r="{OFFICE}"/>' for n in many)
    links = "".join(
        f'<Relationship Id="many{n}" Type="{OFFICE}/worksheet" Target="worksheets/many{n}.xml"/>'
        for n in many
    )
    changed = {
        "xl/workbook.xml": book.replace("</sheets>", f"{names}</sheets>"),
        "xl/_rels/workbook.xml.rels": rels.replace("</Relationships>", f"{links}</Relationships>"),
    }
    return zipped(parts | changed | {f"xl/worksheets/many{n}.xml": sheet for n in many})


@refused(Kind.DAMAGED)
def size_understated(data):
    """The directory tells a harmless size of a part that inflates to more."""
    bomb = bytearray(zipped(members(data) | {"xl/media/a.bin": bytes(900_000)}))
    at = bomb.rindex(b"PK\x01\x02")
    struct.pack_into("<I", bomb, at + 24, 10)
    return bytes(bomb)


@refused(Kind.UNSAFE)
def bzip2_member(data):
    return zipped(members(data), ZIP_BZIP2)


@refused(Kind.UNSAFE)
def same_name_twice(data):
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in members(data).items():
            archive.writestr(name, content)
        archive.writestr(ZipInfo(SHEET.upper().replace("XL/WORKSHEETS", "xl/worksheets")), b"<worksheet/>")
    return buffer.getvalue()


@refused(Kind.UNSAFE)
def zip_slip(data):
    return zipped(members(data) | {"../../etc/cron.d/x": b"* * * * *"})


@refused(Kind.UNSAFE)
def rooted_name(data):
    return zipped(members(data) | {"/etc/passwd": b"root"})


@refused(Kind.UNSAFE)
def backslash_name(data):
    return zipped(members(data) | {"xl\\..\\x.xml": b"<x/>"})


@refused(Kind.PASSWORD)
def zip_encrypted(data):
    changed = bytearray(data)
    for at in (match.start() for match in re.finditer(b"PK\x01\x02", data)):
        changed[at + 8] |= 1
    return bytes(changed)


@refused(Kind.MACRO)
def macro_workbook(data):
    return edited(
        data,
        types=lambda text: text.replace(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        ),
    )


@refused(Kind.MACRO)
def macro_part_alone(data):
    return with_parts(data, **{"xl__vbaProject.bin": b"\xd0\xcf\x11\xe0"})


@refused(Kind.UNSAFE)
def dtd(data):
    return edited(data, book=lambda text: '<!DOCTYPE x [<!ENTITY a "b">]>' + text)


@refused(Kind.UNSAFE)
def billion_laughs(data):
    entities = '<!ENTITY a0 "lol">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return edited(shared(data), strings=lambda text: f"<!DOCTYPE sst [{entities}]>" + text)


@refused(Kind.UNSAFE)
def dtd_in_utf_16(data):
    parts = members(data)
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x>' + "<x/>"
    return zipped(parts | {"xl/extra.xml": text.encode("utf-16")})


@refused(Kind.UNSAFE)
def external_entity(data):
    return edited(data, sheet=lambda text: '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + text)


@refused(Kind.DAMAGED)
def sheet_not_xml(data):
    return edited(data, sheet=lambda text: text.replace("</sheetData>", "</sheetDat>"))


@refused(Kind.DAMAGED)
def sheet_missing(data):
    return zipped({name: content for name, content in members(data).items() if name != SHEET})


@refused(Kind.DAMAGED)
def shared_string_missing(data):
    return with_cell(data, f"B{UNIT_ROW}", f'<c r="B{UNIT_ROW}"{{s}} t="s"><v>99999</v></c>')


@refused(Kind.DAMAGED)
def same_cell_twice(data):
    cell = f'<c r="B{UNIT_ROW}"><v>1</v></c>'
    return with_cell(data, f"B{UNIT_ROW}", cell + cell)


# Odd and good


@case()
def as_exported(data):
    return data


@case()
def stored_not_deflated(data):
    return zipped(members(data), ZIP_STORED)


@case()
def saved_by_openpyxl(data):
    return opened(data, lambda book, sheet: None)


@case()
def with_a_folder_entry(data):
    return zipped({"xl/": b""} | members(data))


@case()
def dimension_lies(data):
    return edited(data, sheet=lambda text: re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:B2"', text))


@case()
def formatted_to_the_bottom(data):
    """A million empty rows with a style, as one click on a column's head makes them."""

    def change(text):
        last = int(re.findall(r'<row r="(\d+)"', text)[-1])
        rows = "".join(f'<row r="{row}"><c r="A{row}" s="1"/></row>' for row in range(last + 1, 1_000_001))
        return text.replace("</sheetData>", rows + "</sheetData>")

    return edited(data, sheet=change)


@case()
def far_cell(data):
    return edited(
        data,
        sheet=lambda text: text.replace(
            "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData>'
        ),
    )


@case()
def strict_open_xml(data):
    parts = {
        name: content.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        for name, content in members(data).items()
    }
    return zipped(parts)


@case()
def foreign_prefix(data):
    def prefixed(text):
        text = re.sub(r"<(/?)(?=[A-Za-z])", r"<\1x:", text)
        return text.replace("xmlns=", "xmlns:x=")

    return edited(shared(data), sheet=prefixed, strings=prefixed)


@case()
def dde_link(data):
    return with_parts(
        data,
        **{
            "xl__externalLinks__externalLink1.xml": b'<externalLink xmlns="http://schemas.openxmlformats.org/'
            b'spreadsheetml/2006/main"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
        },
    )


@case()
def link_outside(data):
    return edited(
        data,
        rels=lambda text: text.replace(
            "</Relationships>",
            '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            'worksheet" Target="http://192.0.2.1/x.xml" TargetMode="External"/></Relationships>',
        ),
    )


@case()
def shared_strings(data):
    return shared(data)


@case()
def rich_text_with_readings(data):
    """A name in two runs of rich text, with its phonetic reading."""
    return edited(
        shared(data),
        strings=lambda text: re.sub(
            r"<si><t[^>]*>玄武区</t></si>",
            '<si><r><t>玄武</t></r><r><rPr><b/></rPr><t>区</t></r><rPh sb="0" eb="2"><t>xuanwu</t></rPh></si>',
            text,
        ),
    )


@case()
def utf_16_sheet(data):
    parts = members(data)
    text = parts[SHEET].decode().replace("UTF-8", "UTF-16")
    if not text.startswith("<?xml"):
        text = '<?xml version="1.0" encoding="UTF-16"?>' + text
    return zipped(parts | {SHEET: text.encode("utf-16")})


@case()
def cells_without_addresses(data):
    """Some writers leave row and cell addresses out: they count from the one before."""

    def change(text):
        def row(found):
            cells = re.sub(r'<c r="[A-Z]+\d+"', "<c", found[0])
            return re.sub(r'<row r="\d+"', "<row", cells)

        return re.sub(r"<row .*?</row>", row, text, flags=re.DOTALL)

    return edited(data, sheet=change)


@case(changed={1: None})
def address_left_out_after_an_empty_cell(data):
    """The nameless cell counts from the empty one, which has a name."""

    def change(text):
        text = re.sub(rf'(<c r="B{UNIT_ROW}" s="\d+")>.*?</c>', r"\1/>", text)
        return text.replace(f'<c r="C{UNIT_ROW}"', "<c")

    return edited(data, sheet=change)


@case()
def protected_sheet(data):
    return opened(data, lambda book, sheet: sheet.protection.enable())


@case()
def notes_and_colours(data):
    def change(book, sheet):
        sheet[f"C{UNIT_ROW}"].comment = Comment("已与科室核对 999", "某")
        for cell in sheet[UNIT_ROW]:
            cell.fill = PatternFill("solid", fgColor="FFFF00")
        rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0")
        sheet.add_data_validation(rule)
        rule.add("B8:G8")

    return opened(data, change)


@case()
def title_rows_added(data):
    def change(book, sheet):
        sheet.insert_rows(1, 3)
        merges = [str(area) for area in sheet.merged_cells.ranges]
        for area in merges:
            sheet.merged_cells.remove(area)
        for area in merges:
            top, bottom = (int(number) + 3 for number in re.findall(r"\d+", area))
            left, right = re.findall(r"[A-Z]+", area)
            sheet.merge_cells(f"{left}{top}:{right}{bottom}")
        sheet["A1"] = "附件1"
        sheet["A2"] = "关于报送春风行动有关情况的函"

    return opened(data, change)


def _moved(data, order):
    """Put the columns in another order, without merges; order: letters, "" for an empty one."""

    def change(book, sheet):
        for area in [str(area) for area in sheet.merged_cells.ranges]:
            sheet.unmerge_cells(area)
        held = {letter: [cell.value for cell in sheet[letter]] for letter in "ABCDEFG"}
        for column, letter in enumerate(order, start=1):
            for row, value in enumerate(held.get(letter, [None] * sheet.max_row), start=1):
                if row > 3:
                    sheet.cell(row, column).value = value

    return opened(data, change)


@case()
def column_inserted(data):
    return _moved(data, "ABC DEFG")


@case()
def columns_reordered(data):
    return _moved(data, "AGBEFCD")


@case()
def stub_at_the_right(data):
    return _moved(data, "BCDEFGA")


@case(says="不属于本表")
def strange_column(data):
    def change(book, sheet):
        sheet["H4"], sheet["H6"], sheet[f"H{UNIT_ROW}"] = "备用列", 99, 5

    return opened(data, change)


@case(says="隐藏的工作表")
def hidden_sheet_alone(data):
    def change(book, sheet):
        sheet.sheet_state = "hidden"
        book.create_sheet("说明")["A1"] = "请见附件"

    return opened(data, change)


@case()
def hidden_copy_is_passed_over(data):
    def change(book, sheet):
        copy = book.copy_worksheet(sheet)
        copy.sheet_state = "hidden"
        copy[f"B{UNIT_ROW}"] = 5

    return opened(data, change)


@case()
def other_sheets_around(data):
    def change(book, sheet):
        book.create_sheet("封面", 0)["A1"] = "报送材料"
        book.create_sheet("人员名单")["A1"] = "姓名"

    return opened(data, change)


@case(says="隐藏的第8行")
def hidden_row(data):
    return opened(data, lambda book, sheet: setattr(sheet.row_dimensions[UNIT_ROW], "hidden", True))


@case(says="列是隐藏的")
def hidden_column(data):
    return opened(data, lambda book, sheet: setattr(sheet.column_dimensions["C"], "hidden", True))


@case()
def text_under_a_merge(data):
    """Text that Excel keeps under a merged header cell is not seen, and not read."""

    def change(text):
        return re.sub(r'<c r="A5"[^>]*?/>', '<c r="A5" t="inlineStr"><is><t>乱码 9</t></is></c>', text)

    return edited(data, sheet=change)


@case()
def labels_respaced(data):
    """Blanks, line breaks and the width of brackets in a label mean nothing."""

    def change(book, sheet):
        for cell in [*sheet[4], *sheet[5]]:
            if isinstance(cell.value, str):
                cell.value = "  ".join(cell.value.replace("（", "(").replace("）", ")").replace("：", ":"))

    return opened(data, change)


@case()
def carriage_returns_in_labels(data):
    """As Excel writes a text that was pasted from a web page."""
    return setting(C4="提供免费_x000D_\n服务人数")(data)


@case()
def number_row_removed(data):
    def change(book, sheet):
        for cell in sheet[6]:
            cell.value = None

    return opened(data, change)


@case()
def no_title(data):
    return opened(data, lambda book, sheet: [sheet.__setitem__("A1", None), sheet.__setitem__("A2", None)])


@case()
def printed_numbers_as_text(data):
    def change(book, sheet):
        for cell in sheet[6][1:]:
            cell.value = f"（{cell.value}）"

    return opened(data, change)


@case(says="与各单位之和不符")
def total_differs(data):
    return opened(data, lambda book, sheet: sheet.__setitem__(f"B{TOTAL_ROW}", 1300))


@case(says="没有填写任何数字", changed=dict.fromkeys(FIGURES))
def nothing_filled(data):
    def change(book, sheet):
        for row in (TOTAL_ROW, UNIT_ROW):
            for cell in sheet[row][1:7]:
                cell.value = None

    return opened(data, change)


@case("ask", says="总计")
def total_row_alone(data):
    def change(book, sheet):
        for cell in sheet[UNIT_ROW][1:7]:
            cell.value = None

    return opened(data, change)


@case()
def row_without_a_name(data):
    return opened(data, lambda book, sheet: sheet.__setitem__(f"A{UNIT_ROW}", None))


@case()
def office_written_shortly(data):
    return opened(data, lambda book, sheet: sheet.__setitem__(f"A{UNIT_ROW}", "玄武区人社局"))


@case()
def rows_of_dots_below(data):
    def change(book, sheet):
        sheet.insert_rows(UNIT_ROW + 1, 2)
        sheet[f"A{UNIT_ROW + 1}"] = "……"
        sheet[f"A{UNIT_ROW + 2}"] = "……"

    return opened(data, change)


@case("ask", says="秦淮区")
def another_units_row(data):
    return opened(data, lambda book, sheet: sheet.__setitem__(f"A{UNIT_ROW}", "秦淮区"))


@case("ask", says="秦淮区")
def another_units_heading(data):
    return opened(data, lambda book, sheet: sheet.__setitem__("A3", "秦淮区人力资源（社会保障）局"))


@case("ask", says="没有认出")
def unknown_name(data):
    def change(book, sheet):
        sheet["A3"] = None
        sheet[f"A{UNIT_ROW}"] = "洪湖市"
        del book.custom_doc_props["chunfeng-unit"]

    return opened(data, change)


@case("ask", says="2024年2月9日")
def another_periods_date(data):
    def change(book, sheet):
        row = next(
            row
            for row in range(9, 20)
            if "填报日期" in str(sheet.cell(row, 5).value or "") + str(sheet.cell(row, 6).value or "")
        )
        cell = sheet.cell(row, 6) if sheet.cell(row, 6).value else sheet.cell(row, 5)
        cell.value = "填报日期：2024年2月9日"

    return opened(data, change)


@case("ask", says="第3期")
def another_periods_title(data):
    return opened(data, lambda book, sheet: sheet.__setitem__("A2", "第3期"))


@case("ask", says="看来是第2期")
def no_mark(data):
    return opened(data, lambda book, sheet: book.custom_doc_props.props.clear())


@case("refused", says="表头不符")
def label_changed(data):
    return opened(data, lambda book, sheet: sheet.__setitem__("C4", "提供收费服务人数"))


@case("refused", says="表头不符")
def columns_labels_swapped(data):
    """The numbers stay, the labels change places: which of the two is meant nobody can say."""

    def change(book, sheet):
        sheet["B4"].value, sheet["C4"].value = sheet["C4"].value, sheet["B4"].value

    return opened(data, change)


@case("refused", says="第2版")
def newer_version(data):
    def change(book, sheet):
        book.custom_doc_props["chunfeng-version"].value = "2"
        sheet["C4"] = "提供各类服务人数"

    return opened(data, change)


@case(says="第2版")
def other_version_with_the_same_columns(data):
    return opened(data, lambda book, sheet: setattr(book.custom_doc_props["chunfeng-version"], "value", "2"))


@case("refused", says="没有找到官方报表")
def another_table(data):
    book = Workbook()
    for row in (["姓名", "年龄"], ["某", 30]):
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@case("refused", says="本期新增")
def increments(data):
    return opened(data, lambda book, sheet: sheet.__setitem__("A2", "（人力资源社会保障部门）（本期新增）"))


# Cells

odd("digits_as_text", setting(B8="1200", C8="300"))
odd("apostrophe_kept_as_text", setting(B8="'1200"))
odd("full_width_digits", setting(B8="１２００"))
odd("thousands_separators", setting(B8="1,200", C8="300 "))
odd("whole_number_as_float", setting(B8=1200.0, C8=300.0))
odd("noise_of_binary_sums", setting(G8=0.1 + 0.2, B8=1200.0000000000002), changed={6: "0.30"})
odd("no_figure_is_not_zero", setting(B8=None), changed={1: None}, says="与各单位之和不符")
odd("zero_is_a_figure", setting(B8=0, B7=0), changed={1: "0"})
odd("nothing_in_words", setting(C8="无"), changed={2: None}, cells=("C8",), says="没有发生请填 0")
odd(
    "unit_of_measure_in_the_cell",
    setting(C8="300人"),
    changed={2: None},
    cells=("C8",),
    says="请只填数字 300",
)
odd("ten_thousands", setting(C8="12万"), changed={2: None}, cells=("C8",), says="120000")
odd("about", setting(C8="约200"), changed={2: None}, cells=("C8",))
odd("negative", setting(C8=-5), changed={2: None}, cells=("C8",), says="不能为负数")
odd("fraction_in_a_count", setting(C8=12.5), changed={2: None}, cells=("C8",), says="只能填整数")
odd("too_many_places", setting(G8=12.345), changed={6: None}, cells=("G8",), says="两位小数")
odd("sixteen_digits", setting(C8=1234567890123456), changed={2: None}, cells=("C8",), says="超出上限")
odd("date_in_a_figure", setting(C8=date(2024, 2, 2)), changed={2: None}, cells=("C8",), says="是日期")
odd("truth_value", setting(C8=True), changed={2: None}, cells=("C8",), says="真/假")
odd(
    "formula_nobody_calculated",
    setting(C8="=SUM(D8:E8)"),
    changed={2: None},
    cells=("C8",),
    says="没有计算结果",
)
odd("formula_as_text", setting(C8="＝300"), changed={2: None}, cells=("C8",))
odd("two_numbers_in_a_cell", setting(C8="100 200"), changed={2: None}, cells=("C8",))
odd("control_characters", setting(C8="300\u202e"), changed={2: None}, cells=("C8",))
odd("very_long_text", setting(C8="9" * 30000), changed={2: None}, cells=("C8",))


@case(changed={2: "450"}, says="与各单位之和不符")
def formula_with_its_value(data):
    return with_cell(data, "C8", '<c r="C8"{s}><f>D8+330</f><v>450</v></c>')


@case(changed={2: None})
def formula_that_gives_an_empty_text(data):
    """As =IF(D8=0,"",D8) is saved by Excel and LibreOffice: calculated, and blank."""
    return with_cell(data, "C8", '<c r="C8"{s} t="str"><f>IF(1,"","")</f><v></v></c>')


@case(changed={2: None}, cells=("C8",), says="错误值")
def formula_with_an_error(data):
    return with_cell(data, "C8", '<c r="C8"{s} t="e"><f>1/0</f><v>#DIV/0!</v></c>')


@case(changed={2: None}, cells=("C8",))
def not_a_number_in_a_number_cell(data):
    return with_cell(data, "C8", '<c r="C8"{s}><v>NaN</v></c>')


@case(changed={2: None}, cells=("C8",))
def hundred_thousand_digits(data):
    return with_cell(data, "C8", f'<c r="C8"{{s}}><v>{"9" * 100_000}</v></c>')


@case(changed={2: None}, cells=("C8",))
def underscored_number(data):
    return with_cell(data, "C8", '<c r="C8"{s}><v>3_00</v></c>')


@case(changed={2: None}, cells=("C8",))
def digits_of_another_script(data):
    return with_cell(data, "C8", '<c r="C8"{s}><v>٣٠٠</v></c>')


@case(changed={2: None}, cells=("C8",), says="百分数")
def percentage(data):
    def change(book, sheet):
        sheet["C8"] = 3
        sheet["C8"].number_format = "0%"

    return opened(data, change)


def formatted(address, value, number_format):
    def make(data):
        def change(book, sheet):
            sheet[address] = value
            sheet[address].number_format = number_format

        return opened(data, change)

    return make


odd(
    "shown_in_ten_thousands",
    formatted("G8", 125000, '0!.0,"万"'),
    changed={6: None},
    cells=("G8",),
    says="按缩小的格式",
)
odd("shown_in_thousands", formatted("C8", 35000, "#,##0,"), changed={2: None}, cells=("C8",))
odd("shown_with_its_unit", formatted("C8", 300, '#,##0"人";-#,##0"人"'))
odd("shown_as_accounts_are", formatted("G8", 12.5, '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ '))


@case(changed={2: None, 3: None}, cells=("C8",), says="合并")
def merged_figures(data):
    """Which of the two columns is meant by one figure over both?"""

    def change(text):
        return text.replace("</mergeCells>", '<mergeCell ref="C8:D8"/></mergeCells>')

    return edited(data, sheet=change)


@case()
def million_inflated_strings(data):
    """A sheet that names no figure more than once, with a large but honest table of texts beside it."""

    def change(book, sheet):
        other = book.create_sheet("台账")
        for row in range(3000):
            other.append([f"第{row}人", f"{zlib.crc32(str(row).encode())}"])

    return opened(data, change)
