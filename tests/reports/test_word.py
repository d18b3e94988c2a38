"""The Word documents, measured in the PDF that LibreOffice makes of them."""

from io import BytesIO

import pytest
from docx import Document
from PIL import Image

from reports.word import Heading, Paragraph, Picture, RedHead, Table, Written, write
from tests.reports.printed import LEFT, RIGHT, TOP, as_pdf, lines_of, measured

HAN = "春风行动送岗促就业精准服务助发展全省各级部门共同组织开展招聘活动"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The lines of each page of a long brief, as `lines_of` gives them."""
    folder = tmp_path_factory.mktemp("word")
    table = Table(["单位", *[f"指标{n}" for n in range(1, 15)]], [["甲市", *["123,456"] * 14]])
    blocks = [Heading("一、总体进展"), Paragraph(HAN * 50), table]
    head = RedHead("某省春风行动简报", "第6期", "某省人力资源和社会保障厅", "2024年3月1日")
    document = write(Written("进展情况", blocks, head, foot=["送：各市"]))
    return lines_of(as_pdf(document, folder))


@measured
def test_a_full_line_has_28_characters(pages):
    full = [text for *_, text in pages[1][1:10]]
    assert {len(text) for text in full} == {28}


@measured
def test_a_full_page_has_22_lines_and_its_number(pages):
    *lines, number = pages[1]
    assert len(lines) == 22
    assert number[-1] == "—2—"


@measured
def test_the_text_stands_within_the_margins(pages):
    for line in pages[1][:-1]:
        assert line[0] >= LEFT - 1
        assert line[2] <= RIGHT + 1
    assert pages[1][0][1] == pytest.approx(TOP, abs=12)


@measured
def test_page_numbers_stand_at_the_outer_edge(pages):
    middle = 105 / 25.4 * 72
    assert pages[0][-1][0] > middle
    assert pages[1][-1][0] < middle


def test_a_table_of_many_columns_is_broken_into_several_that_fit():
    header = ["单位", *[f"指标{n}" for n in range(1, 15)]]
    document = Document(BytesIO(write(Written("表", [Table(header, [["甲市", *map(str, range(14))]])]))))
    headers = [[cell.text for cell in table.rows[0].cells] for table in document.tables]
    assert headers == [header[:8], [header[0], *header[8:]]]


def test_the_faces_are_named():
    document = Document(
        BytesIO(write(Written("标题", [Heading("一、甲"), Heading("（一）乙", 2), Paragraph("丙")])))
    )
    faces = {
        run.text: run._r.rPr.rFonts.get(
            "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia"
        )
        for paragraph in document.paragraphs
        for run in paragraph.runs
    }
    assert faces == {
        "标题": "方正小标宋简体",
        "一、甲": "黑体",
        "（一）乙": "楷体_GB2312",
        "丙": "仿宋_GB2312",
    }


def test_a_picture_is_no_wider_than_the_text():
    stream = BytesIO()
    Image.new("RGB", (3000, 500), "#1b6247").save(stream, "PNG")
    document = Document(BytesIO(write(Written("图", [Picture(stream.getvalue(), "招聘会现场")]))))
    [shape] = document.inline_shapes
    assert shape.width.mm == pytest.approx(156, abs=0.1)
    assert shape.height.mm == pytest.approx(26, abs=0.1)


def test_the_same_content_gives_the_same_bytes():
    written = Written("标题", [Paragraph("内容"), Table(["单位", "人"], [["甲市", "5"]])])
    assert write(written) == write(written)


def test_signs_that_no_document_may_hold_are_left_out():
    odd = "a\x01\x0b\x1f\ufffe\uffffb\t😀𠮷"
    written = Written(odd, [Heading(odd), Paragraph(odd), Table(["甲", odd], [["乙", odd]], odd)])
    document = Document(BytesIO(write(written)))
    assert [one.text for one in document.paragraphs if one.text] == ["ab\t😀𠮷"] * 4
    assert document.tables[0].cell(1, 1).text == "ab\t😀𠮷"


def test_a_long_title_breaks_before_its_brackets():
    document = Document(BytesIO(write(Written("江苏省2024年春风行动进展情况（截至2月16日）", []))))
    assert [line.text for line in document.paragraphs][:2] == [
        "江苏省2024年春风行动进展情况",
        "（截至2月16日）",
    ]
    document = Document(BytesIO(write(Written("进展情况（截至2月16日）", []))))
    assert document.paragraphs[0].text == "进展情况（截至2月16日）"
