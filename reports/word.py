"""Official documents in Word, in the layout of GB/T 9704-2012 (党政机关公文格式).

A document is a list of blocks of plain values; what stands in it is said by the callers, how it looks is said
here alone. A4, margins 37/35/28/26 mm: a text block of 156 x 225 mm with 22 lines of 28 characters. Faces are
named, never shipped: 方正小标宋简体 for titles, 黑体 and 楷体_GB2312 for headings, 仿宋_GB2312 for the text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.table import WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Length, Mm, Pt, RGBColor
from docx.table import Table as DocxTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph as DocxParagraph
from docx.text.run import Run

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TITLE_FACE, HEADING_FACE, SUBHEADING_FACE, TEXT_FACE = "方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"
DIGITS_FACE = "Times New Roman"
PAGE_NUMBER_FACE = "宋体"
RED = RGBColor(0xE6, 0x00, 0x12)

TEXT_WIDTH = Mm(156)
TEXT_SIZE = Pt(16)  # 三号
TITLE_SIZE = Pt(22)  # 二号
PAGE_NUMBER_SIZE = Pt(14)  # 四号
LINE_PITCH = 579
"""Twentieths of a point: 22 lines in 225 mm."""
TIGHTER = -5
"""Twentieths of a point between characters: 28 of 16 pt in 156 mm."""
TABLE_SIZES = {5: Pt(12), 8: Pt(10.5), 10: Pt(9)}
"""Up to so many columns, this size of type; a table of more is broken into several."""
_AT_BRACKETS = re.compile(r"(.+)(（[^（）]+）)")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in every document, so that the same content gives the same bytes."""


@dataclass(frozen=True)
class Heading:
    """level 1: 一、 in 黑体; level 2: （一） in 楷体. The number is part of the text."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """Text of the body; its first line starts two characters in unless it is centred or set right."""

    text: str
    align: str = "body"  # body | left | center | right


@dataclass(frozen=True)
class Table:
    """A table as wide as the text. header: its first row, repeated on every page.

    The first column is as wide as two others; those after it are set right. One of too many columns for the
    page is written as several, each with the first column.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """data: a PNG or JPEG file."""

    data: bytes
    caption: str = ""


@dataclass(frozen=True)
class RedHead:
    """版头 of a brief: its name in red, its number, the issuing office left and the day right, a red line below."""

    name: str
    number: str
    issuer: str
    day: str


Block = Heading | Paragraph | Table | Picture


@dataclass(frozen=True)
class Written:
    """What is set: red_head above the title, the blocks below it; foot: the lines between two rules at the end."""

    title: str
    blocks: Iterable[Block]
    red_head: RedHead | None = None
    byline: str = ""
    foot: Sequence[str] = field(default_factory=tuple)


def write(written: Written) -> bytes:
    """Return the document as a .docx file; the same content gives the same bytes."""
    document = Document()
    _lay_out(document, written.title)
    if written.red_head:
        _write_red_head(document, written.red_head)
    for text in _title_lines(written.title):
        title = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
        _pitch(title, LINE_PITCH * 6 // 5)
        _run(title, text, TITLE_FACE, TITLE_SIZE)
    if written.byline:
        byline = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
        _run(byline, written.byline, SUBHEADING_FACE, TEXT_SIZE)
    _line(document)
    for block in written.blocks:
        _write_block(document, block)
    if written.foot:
        _write_foot(document, written.foot)
    stream = BytesIO()
    document.save(stream)
    return _without_times(stream)


def _title_lines(title: str) -> list[str]:
    """A title that is too long for a line breaks before the brackets it ends with, never within a date."""
    width = sum(TITLE_SIZE if ord(sign) > 0xFF else TITLE_SIZE // 2 for sign in title)
    broken = _AT_BRACKETS.fullmatch(title)
    return list(broken.groups()) if broken and width > TEXT_WIDTH else [title]


def _without_times(package: BytesIO) -> bytes:
    """The same archive, its members bearing no time."""
    timeless = BytesIO()
    with ZipFile(package) as source, ZipFile(timeless, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(ZipInfo(name), source.read(name), ZIP_DEFLATED)
    return timeless.getvalue()


def _lay_out(document: DocumentType, title: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(23)
    grid = section._sectPr.find(qn("w:docGrid"))
    grid.set(qn("w:type"), "lines")
    grid.set(qn("w:linePitch"), str(LINE_PITCH))

    style = document.styles["Normal"]
    style.font.name, style.font.size = DIGITS_FACE, TEXT_SIZE
    characters = style.element.get_or_add_rPr()
    characters.get_or_add_rFonts().set(qn("w:eastAsia"), TEXT_FACE)
    characters.insert_element_before(
        _element("w:spacing", val=TIGHTER), "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang"
    )
    style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.widow_control = False  # it would take a line from a page of 22

    document.settings.odd_and_even_pages_header_footer = True
    _number_pages(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _number_pages(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)

    core = document.core_properties
    title = _NOT_IN_XML.sub("", title)
    core.title, core.author, core.last_modified_by, core.comments = title, "", "", ""
    core.created = core.modified = CREATED


def _number_pages(paragraph: DocxParagraph, align: WD_ALIGN_PARAGRAPH) -> None:
    """Set — 1 — in 四号 宋体, one character in from the outer edge."""
    paragraph.style = "Normal"
    paragraph.alignment = align
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = PAGE_NUMBER_SIZE
    for kind, text in (("text", "— "), ("field", "PAGE"), ("text", " —")):
        run = _run(paragraph, text if kind == "text" else "", PAGE_NUMBER_FACE, PAGE_NUMBER_SIZE)
        run.font.name = PAGE_NUMBER_FACE
        if kind == "field":
            instruction = OxmlElement("w:instrText")
            instruction.text = text
            run._r.append(_element("w:fldChar", fldCharType="begin"))
            run._r.append(instruction)
            run._r.append(_element("w:fldChar", fldCharType="end"))


def _write_red_head(document: DocumentType, head: RedHead) -> None:
    name = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
    size = min(Pt(44), int(TEXT_WIDTH / max(len(head.name), 1) * 0.95))
    _pitch(name, max(LINE_PITCH, int(Emu(size).pt * 20 * 1.3)))
    _run(name, head.name, TITLE_FACE, Emu(size), RED)
    number = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
    _run(number, head.number, TEXT_FACE, TEXT_SIZE)
    line = _line(document, WD_ALIGN_PARAGRAPH.LEFT)
    line.paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    _run(line, f"{head.issuer}\t{head.day}", TEXT_FACE, TEXT_SIZE)
    _rule(line, "bottom", colour=str(RED), eighths=18)
    _line(document)


def _write_foot(document: DocumentType, foot: Sequence[str]) -> None:
    """版记: the last lines of a document, between two rules."""
    _line(document)
    for number, text in enumerate(foot):
        line = _line(document, WD_ALIGN_PARAGRAPH.LEFT)
        line.paragraph_format.left_indent = line.paragraph_format.right_indent = PAGE_NUMBER_SIZE
        line.paragraph_format.keep_together = True
        line.paragraph_format.keep_with_next = number < len(foot) - 1
        _run(line, text, TEXT_FACE, PAGE_NUMBER_SIZE)
        if number == 0:
            _rule(line, "top", eighths=8)
        if number == len(foot) - 1:
            _rule(line, "bottom", eighths=8)


def _write_block(document: DocumentType, block: Block) -> None:
    if isinstance(block, Heading):
        line = _line(document, WD_ALIGN_PARAGRAPH.JUSTIFY)
        _indent(line)
        line.paragraph_format.keep_with_next = True
        _run(line, block.text, HEADING_FACE if block.level == 1 else SUBHEADING_FACE, TEXT_SIZE)
    elif isinstance(block, Paragraph):
        _write_paragraph(document, block)
    elif isinstance(block, Table):
        _write_table(document, block)
    else:
        _write_picture(document, block)


def _write_paragraph(document: DocumentType, block: Paragraph) -> None:
    aligned = {
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "center": WD_ALIGN_PARAGRAPH.CENTER,
        "right": WD_ALIGN_PARAGRAPH.RIGHT,
    }
    line = _line(document, aligned.get(block.align, WD_ALIGN_PARAGRAPH.JUSTIFY))
    if block.align == "body":
        _indent(line)
    _run(line, block.text, TEXT_FACE, TEXT_SIZE)


def _write_picture(document: DocumentType, block: Picture) -> None:
    """As wide as the text or half a page high, whichever is less."""
    frame = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
    frame.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    frame.paragraph_format.keep_with_next = bool(block.caption)
    shape = frame.add_run().add_picture(BytesIO(block.data))
    ratio = min(TEXT_WIDTH / shape.width, Mm(112) / shape.height, 1)
    shape.width, shape.height = Emu(int(shape.width * ratio)), Emu(int(shape.height * ratio))
    if block.caption:
        caption = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
        _run(caption, block.caption, SUBHEADING_FACE, PAGE_NUMBER_SIZE)


def _write_table(document: DocumentType, block: Table) -> None:
    if block.caption:
        caption = _line(document, WD_ALIGN_PARAGRAPH.CENTER)
        caption.paragraph_format.keep_with_next = True
        _run(caption, block.caption, HEADING_FACE, PAGE_NUMBER_SIZE)
    for columns in _columns_a_page(len(block.header)):
        rows = [[row[column] for column in columns] for row in (block.header, *block.rows)]
        _write_part(document, rows)


def _columns_a_page(columns: int) -> Iterator[list[int]]:
    """Break columns into as few parts as fit, as even as can be, the first column in each."""
    most = max(TABLE_SIZES) - 1
    parts = max(1, -(-(columns - 1) // most))
    share = max(1, -(-(columns - 1) // parts))
    for first in range(1, max(columns, 2), share):
        yield [0, *range(first, min(first + share, columns))]


def _write_part(document: DocumentType, rows: Sequence[Sequence[str]]) -> None:
    """rows: the header first."""
    columns = len(rows[0])
    size = next(size for most, size in TABLE_SIZES.items() if columns <= most)
    table = document.add_table(rows=0, cols=columns)
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    widths = [Emu(TEXT_WIDTH * share // (columns + 1)) for share in (2, *[1] * (columns - 1))]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    _narrow_cell_margins(table)
    for number, row in enumerate(rows):
        _write_row(table, row, widths, size, is_header=number == 0)
    for row in table.rows[:2]:  # a caption and a header alone at the foot of a page say nothing
        for cell in row.cells:
            cell.paragraphs[0].paragraph_format.keep_with_next = len(rows) > 2
    _line(document).paragraph_format.line_spacing = Pt(8)


def _write_row(
    table: DocxTable, texts: Sequence[str], widths: Sequence[Length], size: Length, *, is_header: bool
) -> None:
    row = table.add_row()
    row.height, row.height_rule = Emu(int(size * 1.7)), WD_ROW_HEIGHT_RULE.AT_LEAST
    properties = row._tr.get_or_add_trPr()
    properties.append(_element("w:cantSplit"))
    if is_header:
        properties.append(_element("w:tblHeader"))
    for number, (cell, text, width) in enumerate(zip(row.cells, texts, widths, strict=True)):
        cell.width = width
        _write_cell(cell, text, size, is_header=is_header, is_figure=number > 0)


def _write_cell(cell: _Cell, text: str, size: Length, *, is_header: bool, is_figure: bool) -> None:
    cell._tc.get_or_add_tcPr().append(_element("w:vAlign", val="center"))
    paragraph = cell.paragraphs[0]
    if is_header:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    else:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if is_figure else WD_ALIGN_PARAGRAPH.LEFT
    paragraph.paragraph_format.line_spacing = Pt(size.pt * 1.25)
    _off_grid(paragraph)
    _run(paragraph, text, HEADING_FACE if is_header else TEXT_FACE, size)


def _line(document: DocumentType, align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY) -> DocxParagraph:
    """An empty paragraph of one line of the page's 22."""
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    _pitch(paragraph, LINE_PITCH)
    return paragraph


def _pitch(paragraph: DocxParagraph, twentieths: int) -> None:
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    paragraph.paragraph_format.line_spacing = Pt(twentieths / 20)
    _off_grid(paragraph)


def _off_grid(paragraph: DocxParagraph) -> None:
    """The pitch is exact already; snapping to the grid would round it up."""
    properties = paragraph._p.get_or_add_pPr()
    if properties.find(qn("w:snapToGrid")) is None:
        properties.insert_element_before(
            _element("w:snapToGrid", val="0"), "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr"
        )


def _indent(paragraph: DocxParagraph) -> None:
    """Two characters, however large they are."""
    paragraph.paragraph_format.first_line_indent = Pt(2 * (TEXT_SIZE.pt + TIGHTER / 20))
    paragraph._p.get_or_add_pPr().get_or_add_ind().set(qn("w:firstLineChars"), "200")


def _run(paragraph: DocxParagraph, text: str, face: str, size: Length, colour: RGBColor | None = None) -> Run:
    run = paragraph.add_run(_NOT_IN_XML.sub("", text))
    run.font.size, run.font.name = size, DIGITS_FACE
    run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)
    if colour is not None:
        run.font.color.rgb = colour
    return run


def _rule(paragraph: DocxParagraph, side: str, *, eighths: int, colour: str = "000000") -> None:
    """A line above or below a paragraph; eighths: of a point, its thickness."""
    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = _element("w:pBdr")
        properties.insert_element_before(
            borders, "w:shd", "w:tabs", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr"
        )
    borders.append(_element(f"w:{side}", val="single", sz=eighths, space=4, color=colour))


def _narrow_cell_margins(table: DocxTable) -> None:
    margins = _element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(f"w:{side}", w=60, type="dxa"))
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook", "w:tblCaption", "w:tblDescription")


def _element(name: str, **attributes):
    element = OxmlElement(name)
    for key, value in attributes.items():
        element.set(qn(f"w:{key}"), str(value))
    return element
