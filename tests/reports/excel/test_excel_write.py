"""The official workbook cell by cell: texts, merges, borders, sizes, print set-up; and texts that do harm."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from campaigns.definition import load, read
from campaigns.models import UnitPlace
from reports.excel.sheet import sheet_name
from reports.excel.write import blank_workbook, file_name, report_workbook, roll_up_workbook
from reports.models import Submission
from reports.rollup import Coverage, RollUp, Row
from tests.factories import (
    make_bands_form,
    make_campaign,
    make_form,
    make_place,
    make_rows_form,
    make_submission,
    period_of,
)

pytestmark = pytest.mark.django_db

TITLE = "武汉市2014年“春风行动”工作情况统计表"
FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
FORMS = [
    ("wuhan-2014", "fu1", 18),
    ("wuhan-2014", "fu2", 12),
    ("wuhan-2014", "fu3", 12),
    ("jiangsu-2024", "fu1", 18),
    ("jiangsu-2024", "fu2", 20),
]
ENDS = (date(2014, 1, 31), date(2014, 2, 15), date(2014, 2, 28))


@pytest.fixture
def wuhan():
    return make_campaign("wuhan", period_ends=ENDS, starts=date(2014, 1, 21), title="武汉市2014年“春风行动”")


@pytest.fixture
def hr_form(wuhan):
    """附件1 with three columns of its own kinds: plain, 其中 under a blank box, and money."""
    return make_rows_form(
        wuhan,
        title=TITLE,
        line="hr",
        notes=["1．甲指标指在2014年1月至3月期间的人数。"],
        indicators=[
            {"number": 1, "label": "提供免费服务人数", "lines": ["提供免费", "服务人数"]},
            {"number": 2, "label": "其中：女性人数", "lines": ["其中：", "女性人数"], "group": [""], "of": 1},
            {
                "number": 3,
                "label": "发放小额担保贷款（万元）",
                "unit_of_measure": "万元",
                "decimals": 2,
            },
        ],
    )


@pytest.fixture
def city(wuhan):
    return make_place(
        wuhan, "420100-hr", name="武汉市人力资源和社会保障局", short="武汉市", line="hr", level="prefecture"
    )


@pytest.fixture
def district(wuhan, city):
    return make_place(
        wuhan,
        "420103-hr",
        parent=city,
        name="江汉区人力资源（社会保障）局",
        short="江汉区",
        line="hr",
    )


@pytest.fixture
def jiangsu():
    """A campaign with the form in two bands of 附件2's kinds, and 新沂市 in it."""
    return make_campaign("jiangsu", title="江苏省2024年春风行动")


@pytest.fixture
def band_form(jiangsu):
    return make_bands_form(
        jiangsu,
        indicators=[
            {
                "number": 1,
                "label": "举办劳务协作招聘",
                "unit_of_measure": "场次",
                "lines": ["举办劳务", "协作招聘"],
            },
            {"number": 2, "label": "其中：陕西、青海", "unit_of_measure": "场次", "of": 1},
            {
                "number": 3,
                "label": "包车",
                "unit_of_measure": "辆次",
                "group": ["“点对点”服务保障"],
                "confirmed": False,
                "lines": ["包车"],
            },
            {
                "number": 4,
                "label": "包车运输人数",
                "group": ["“点对点”服务保障"],
                "lines": ["包车", "运输人数"],
            },
            {
                "number": 5,
                "label": "使用资金",
                "unit_of_measure": "万元",
                "decimals": 2,
                "lines": ["使用资金"],
            },
        ],
    )


@pytest.fixture
def county(jiangsu):
    return make_place(jiangsu, "320381", name="新沂市人力资源和社会保障局", short="新沂市")


def opened(data):
    """The first sheet of a workbook as another program reads it."""
    return load_workbook(BytesIO(data)).worksheets[0]


def texts(sheet):
    """The rows of the sheet as lists, without the empty cells behind the last one that is filled."""
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    for row in rows:
        while row and row[-1] is None:
            row.pop()
    return rows


def merges(sheet):
    return {str(merged) for merged in sheet.merged_cells.ranges}


def heights(sheet):
    return [sheet.row_dimensions[row].height for row in range(1, sheet.max_row + 1)]


def drawn_borders(data):
    """Coordinate → styles of the four sides as written: openpyxl, reading, clears those inside a merge."""
    book = load_workbook(BytesIO(data))
    drawn = {}
    for name, style in re.findall(r'<c r="([A-Z]+[0-9]+)" s="([0-9]+)"', sheet_xml(data)):
        border = book._borders[book._cell_styles[int(style)].borderId]
        drawn[name] = {side.style for side in (border.left, border.right, border.top, border.bottom)}
    return drawn


def sheet_xml(data):
    return ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()


def filled(form, unit, campaign, figures, **more):
    more.setdefault("first_submitted_at", datetime(2014, 2, 28, 8, 0, tzinfo=UTC))
    made = make_submission(form, unit, period_of(campaign, 3), figures, **more)
    return Submission.objects.get(pk=made.pk)


def rolled_up(rows, *, basis="accepted", measure="cumulative", total=None, blank=None, **named):
    """A roll-up of rows (name, state, values), each of one unit, with its coverage counted from the states.

    named: carried, never, exempt as in RollUp.
    """
    states = [state for _, state, _ in rows]
    coverage = Coverage(
        expected=len(rows) - states.count("exempt"),
        reported=states.count("reported"),
        carried=states.count("carried"),
        never=states.count("never"),
        exempt=states.count("exempt"),
    )
    return RollUp(
        campaign="",
        form="",
        period=ENDS[-1],
        unit="",
        basis=basis,
        measure=measure,
        coverage=coverage,
        as_of=None,
        total=total or {},
        cumulative={},
        blank=blank or {},
        rows=tuple(
            Row(
                unit=name,
                name=name,
                own=False,
                state=state,
                as_of=ENDS[0] if state == "exempt" else None,
                coverage=coverage,
                values=values,
                cumulative={},
                blank={},
                place=1,
                has_below=False,
            )
            for name, state, values in rows
        ),
        carried=tuple(named.get("carried", ())),
        never=tuple(named.get("never", ())),
        exempt=tuple(named.get("exempt", ())),
    )


def test_a_report_prints_every_text_of_the_paper_form_in_its_place(wuhan, hr_form, district):
    submission = filled(
        hr_form,
        district,
        wuhan,
        {1: 5420, 2: 0, 3: "88.50"},
        responsible="周砚秋",
        prepared_by="林晓禾",
        phone="027-0000 0000",
    )
    assert texts(opened(report_workbook(submission))) == [
        [TITLE],
        ["（人力资源社会保障部门）"],
        ["江汉区人力资源（社会保障）局", None, "单位：人"],
        [None, "提供免费\n服务人数", None, "发放小额担保贷款\n（万元）"],
        [None, None, "其中：\n女性人数"],
        ["甲", 1, 2, 3],
        ["总计", 5420, 0, 88.5],
        ["江汉区", 5420, 0, 88.5],
        [
            "单位负责人签章：周砚秋",
            "填表人签章：林晓禾",
            "联系电话：027-0000 0000",
            "填报日期：2014年2月28日",
        ],
        ["填报说明："],
        ["1．甲指标指在2014年1月至3月期间的人数。"],
    ]


def test_cells_are_merged_as_on_paper(wuhan, hr_form, district):
    sheet = opened(report_workbook(filled(hr_form, district, wuhan, {1: 1})))
    assert merges(sheet) == {
        *("A1:D1", "A2:D2", "A3:B3", "C3:D3"),
        *("A4:A5", "B4:B5", "D4:D5"),  # stub and parents over both header rows, a blank box above 其中
        *("A10:D10", "A11:D11"),
    }


def test_every_cell_of_the_table_has_thin_borders_and_no_other_cell_has_any(wuhan, hr_form, district):
    borders = drawn_borders(report_workbook(filled(hr_form, district, wuhan, {1: 1})))
    table = {f"{letter}{row}" for letter in "ABCD" for row in range(4, 9)}
    assert {name for name, styles in borders.items() if styles == {"thin"}} == table
    assert {name for name, styles in borders.items() if styles != {None}} == table


def test_figures_are_exact_numbers_and_a_blank_is_no_zero(wuhan, hr_form, district):
    data = report_workbook(filled(hr_form, district, wuhan, {1: None, 2: 0, 3: "9.95"}))
    sheet = opened(data)
    assert [sheet.cell(8, column).value for column in (2, 3, 4)] == [None, 0, 9.95]
    assert [sheet.cell(8, column).data_type for column in (2, 3, 4)] == ["n", "n", "n"]
    assert [sheet.cell(8, column).number_format for column in (2, 3, 4)] == ["#,##0", "#,##0", "#,##0.00"]
    # Through a float it would be 9.949999999999999.
    assert "<v>9.95</v>" in sheet_xml(data)


def test_figures_stand_right_and_shrink_while_texts_are_centred_and_wrap(wuhan, hr_form, district):
    sheet = opened(report_workbook(filled(hr_form, district, wuhan, {1: 5420})))
    figure, stub, label, number, title = (sheet[name] for name in ("B8", "A8", "B4", "B6", "A1"))
    assert (figure.alignment.horizontal, figure.alignment.shrink_to_fit, figure.alignment.wrap_text) == (
        "right",
        True,
        None,
    )
    assert stub.alignment.horizontal == "left"
    assert (label.alignment.horizontal, label.alignment.vertical, label.alignment.wrap_text) == (
        "center",
        "center",
        True,
    )
    assert number.alignment.horizontal == "center"
    assert title.alignment.horizontal == "center"
    assert [sheet[name].alignment.horizontal for name in ("A3", "C3", "A9", "A11")] == [
        "left",
        "right",
        "left",
        "left",
    ]


def test_fonts_are_those_of_official_tables(wuhan, hr_form, district):
    sheet = opened(report_workbook(filled(hr_form, district, wuhan, {1: 5420})))
    assert (sheet["A1"].font.name, sheet["A1"].font.size) == ("方正小标宋简体", 20)
    others = {
        (cell.font.name, cell.font.size) for row in sheet.iter_rows(min_row=3) for cell in row if cell.value
    }
    assert others == {("宋体", 10.5)}
    assert sheet["A2"].font.name == "宋体"


def test_a_form_of_many_columns_has_a_header_of_9_points_and_computed_heights(wuhan, district):
    columns = [{"number": 1, "label": "本地企业吸纳农村劳动者就业人数"}]
    columns[0]["lines"] = ["本地企业", "吸纳农村", "劳动者", "就业人数"]
    columns += [
        {"number": number, "label": "其中：女性人数", "lines": ["其中：", "女性人数"], "group": [""]}
        for number in range(2, 19)
    ]
    form = make_form(wuhan, annex="附件1", title=TITLE, line="hr", indicators=columns)
    sheet = opened(report_workbook(filled(form, district, wuhan, {1: 5420})))
    assert {sheet.cell(row, 2).font.size for row in (2, 4)} == {9}
    # title, two header rows: 4 lines x 12.5 + 4 over both and the blank box as low as the number row, figures
    assert heights(sheet) == [32, 16, 38, 16, 20, 20]
    # 18 columns share what the stub of 88 px leaves of the page: 53 px; four characters of 9 points need 56.
    assert [round(sheet.column_dimensions[letter].width * 7) for letter in "ABS"] == [88, 56, 56]


def test_rows_and_columns_have_their_sizes(wuhan, hr_form, district):
    sheet = opened(report_workbook(filled(hr_form, district, wuhan, {1: 5420})))
    # Two header rows: a blank box, then two lines of 10.5 points.
    two_lines = 2 * 12.5 * 10.5 / 9 + 4
    assert heights(sheet) == pytest.approx([32, 20, 20, 16, two_lines, 16, 20, 20, 26, 18, 18])
    # The stub holds five characters; few columns are not drawn over the whole page.
    assert [round(sheet.column_dimensions[letter].width * 7) for letter in "ABCD"] == [88, 211, 211, 211]


def test_the_stub_is_wide_enough_for_the_longest_short_name(wuhan, hr_form, city):
    zone = make_place(wuhan, "4201KF-hr", parent=city, short="武汉经济开发区", line="hr")
    sheet = opened(report_workbook(filled(hr_form, zone, wuhan, {1: 1})))
    # seven characters of 10.5 points are 98 px, with padding and indent 116
    assert round(sheet.column_dimensions["A"].width * 7) == 116


def test_the_page_is_a4_landscape_one_page_wide_with_its_header_on_every_page(wuhan, hr_form, district):
    sheet = opened(report_workbook(filled(hr_form, district, wuhan, {1: 5420})))
    setup = sheet.page_setup
    assert (setup.orientation, int(setup.paperSize), setup.fitToWidth, setup.fitToHeight) == (
        "landscape",
        9,
        1,
        0,
    )
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_options.horizontalCentered
    assert sheet.page_margins.bottom == 0.8
    assert sheet.print_title_rows == "$4:$6"
    assert sheet.oddFooter.left.text == "第3期（截至2014年2月28日）"
    assert sheet.oddFooter.right.text == "第 &P 页，共 &N 页"


def test_the_workbook_knows_its_campaign_form_version_unit_and_period(wuhan, hr_form, district):
    book = load_workbook(BytesIO(report_workbook(filled(hr_form, district, wuhan, {1: 5420}))))
    assert {prop.name: prop.value for prop in book.custom_doc_props.props} == {
        "chunfeng-campaign": "wuhan",
        "chunfeng-form": "fu1",
        "chunfeng-version": "1",
        "chunfeng-unit": "420103-hr",
        "chunfeng-period": "2014-02-28",
        "chunfeng-kind": "report",
    }
    assert book.sheetnames == ["附件1"]


def test_the_day_of_filing_is_that_of_the_first_submission_where_the_campaign_is_run(
    wuhan, hr_form, district
):
    submission = filled(
        hr_form, district, wuhan, {1: 1}, first_submitted_at=datetime(2014, 3, 2, 16, 30, tzinfo=UTC)
    )
    assert opened(report_workbook(submission))["D9"].value == "填报日期：2014年3月3日"


def test_a_draft_leaves_the_day_open_and_says_so_at_the_foot(wuhan, hr_form, district):
    draft = filled(hr_form, district, wuhan, {1: 1}, status="draft", first_submitted_at=None)
    sheet = opened(report_workbook(draft))
    assert sheet["D9"].value == "填报日期：2014年  月  日"
    assert sheet.oddFooter.left.text == "第3期（截至2014年2月28日）　草稿，尚未上报"


def test_the_name_is_the_one_that_the_unit_had_in_the_period(wuhan, hr_form, city):
    make_place(
        wuhan,
        "420113-hr",
        parent=city,
        short="汉南区",
        line="hr",
        closes=date(2014, 2, 27),
        after_close="stop",
    )
    now = make_place(wuhan, "420113-hr", parent=city, short="汉南新区", line="hr", opens=date(2014, 2, 28))
    sheet = opened(report_workbook(filled(hr_form, now, wuhan, {1: 1})))
    assert sheet["A8"].value == "汉南新区"
    before = make_submission(hr_form, now, period_of(wuhan, 2), {1: 1})
    assert opened(report_workbook(before))["A8"].value == "汉南区"


def test_bands_stand_under_each_other_with_a_row_of_figures_each(jiangsu, band_form, county):
    submission = filled(band_form, county, jiangsu, {1: 21, 2: 8, 3: 5, 4: None, 5: "18.60"})
    sheet = opened(report_workbook(submission))
    assert texts(sheet) == [
        ["劳务协作进展情况统计表"],
        ["填报单位：新沂市人力资源和社会保障局", None, "填报日期：2014年2月28日"],
        ["项目", "举办劳务\n协作招聘\n(场次)", "其中：\n陕西、青海\n(场次)"],
        ["序号", 1, 2],
        ["新沂市", 21, 8],
        ["项目", "“点对点”服务保障", None, "使用资金\n(万元)"],
        [None, "包车\n(辆次)\n(待核实)", "包车\n运输人数\n(人)"],
        ["序号", 3, 4, 5],
        ["新沂市", 5, None, 18.6],
        ["备注："],
        ["统计数据为累计数。"],
    ]
    assert merges(sheet) == {"A1:D1", "A2:B2", "C2:D2", "A6:A7", "B6:C6", "D6:D7", "A10:D10", "A11:D11"}
    line = 12.5 * 10.5 / 9
    assert heights(sheet) == pytest.approx(
        [32, 20, 3 * line + 4, 16, 28, line + 4, 3 * line + 4, 16, 28, 18, 18]
    )
    # Neither band's header may stand over the figures of the other on a second page.
    assert sheet.print_title_rows == "$1:$2"
    borders = drawn_borders(report_workbook(submission))
    assert [borders.get(name) for name in ("C5", "D5", "D9", "C6")] == [{"thin"}, None, {"thin"}, {"thin"}]


def test_a_blank_form_prints_a_total_an_empty_row_and_two_of_dots(wuhan, hr_form, district):
    data = blank_workbook(hr_form, district.unit, period_of(wuhan, 3))
    assert texts(opened(data))[6:11] == [
        ["总计"],
        [],
        ["……"],
        ["……"],
        ["单位负责人签章：", "填表人签章：", "联系电话：", "填报日期：2014年  月  日"],
    ]
    borders = drawn_borders(data)
    assert all(borders[f"{letter}{row}"] == {"thin"} for letter in "ABCD" for row in range(7, 11))


def test_a_blank_form_in_bands_has_one_empty_row_a_band(jiangsu, band_form, county):
    data = blank_workbook(band_form, county.unit, period_of(jiangsu, 3))
    rows = texts(opened(data))
    assert (rows[1], rows[4], rows[8]) == (
        ["填报单位：新沂市人力资源和社会保障局", None, "填报日期：2024年  月  日"],
        ["新沂市"],
        ["新沂市"],
    )


def test_a_roll_up_prints_the_total_first_then_a_row_a_unit_and_what_it_is_made_of(wuhan, hr_form, city):
    rollup = rolled_up(
        [
            ("市本级", "reported", {1: Decimal(10), 2: None, 3: Decimal("0.10")}),
            ("江汉区", "carried", {1: Decimal(20), 2: Decimal(5), 3: Decimal("0.20")}),
            ("青山区", "carried", {1: Decimal(30), 2: Decimal(6), 3: None}),
            ("汉南区", "never", {}),
        ],
        total={1: Decimal(60), 2: Decimal(11), 3: Decimal("0.30")},
        blank={2: 1, 3: 1},
        carried=[("江汉区", date(2014, 2, 15)), ("青山区", date(2013, 12, 31))],
        never=["汉南区"],
    )
    data = roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup)
    sheet = opened(data)
    assert texts(sheet)[1:3] == [
        ["（人力资源社会保障部门）"],
        ["武汉市人力资源（社会保障）局", None, "单位：人"],
    ]
    assert texts(sheet)[6:] == [
        ["总计", 60, 11, 0.3],
        ["市本级", 10, None, 0.1],
        ["江汉区", 20, 5, 0.2],
        ["青山区", 30, 6],
        ["汉南区"],
        ["单位负责人签章：", "填表人签章：", "联系电话：", "填报日期：2014年  月  日"],
        ["填报说明："],
        ["1．甲指标指在2014年1月至3月期间的人数。"],
        ["第3期（截至2014年2月28日）：应报4个单位，本期报送1个，沿用上期2个，未报送1个。"],
        ["沿用上期：江汉区（截至2月15日）、青山区（截至2013年12月31日）；未报送：汉南区。"],
        ["留空：第2列1个单位，第3列1个单位；留空不等于0，未计入总计。"],
    ]
    assert "<v>0.30</v>" in sheet_xml(data)
    assert [sheet.cell(row, 2).font.italic for row in range(7, 12)] == [False, False, True, True, False]
    assert [sheet.cell(row, 1).font.bold for row in range(7, 12)] == [True, False, False, False, False]


def test_a_complete_roll_up_has_no_footnote_of_absent_units(wuhan, hr_form, city):
    rollup = rolled_up([("市本级", "reported", {1: Decimal(1)})], total={1: Decimal(1)})
    rows = texts(opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup)))
    assert rows[10:] == [
        ["1．甲指标指在2014年1月至3月期间的人数。"],
        ["第3期（截至2014年2月28日）：应报1个单位，本期报送1个，沿用上期0个，未报送0个。"],
    ]


def test_an_exempted_unit_is_named_and_its_earlier_figures_are_in_italics(wuhan, hr_form, city):
    rollup = rolled_up(
        [("市本级", "reported", {1: Decimal(1)}), ("江汉区", "exempt", {1: Decimal(2)})], exempt=["江汉区"]
    )
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup))
    assert [sheet.cell(row, 2).font.italic for row in (8, 9)] == [False, True]
    assert texts(sheet)[-2:] == [
        ["第3期（截至2014年2月28日）：应报1个单位，本期报送1个，沿用上期0个，未报送0个，另有免报1个。"],
        ["免报：江汉区。"],
    ]
    [own, exempt] = rollup.rows
    rollup = replace(rollup, rows=(own, replace(exempt, as_of=ENDS[-1])))
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup))
    assert sheet.cell(9, 2).font.italic is False, "it has reported all the same"


@pytest.mark.parametrize(
    ("basis", "note"),
    [
        ("received", "口径：含待审报表，不是正式数。"),
        ("strict", "口径：仅计本期已通过的报表，未报本期的单位不沿用上期，不是正式数。"),
    ],
)
def test_a_roll_up_that_is_not_official_says_so(wuhan, hr_form, city, basis, note):
    rollup = rolled_up([("市本级", "reported", {1: Decimal(1)})], basis=basis)
    rows = texts(opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup)))
    assert rows[-1] == [note]
    assert ("沿用" in rows[-2][0]) is (basis == "received")


def test_increments_are_named_under_the_title(jiangsu, wuhan, hr_form, band_form, city, county):
    rollup = rolled_up([("市本级", "reported", {1: Decimal(-3)})], measure="increment")
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup))
    assert (sheet["A2"].value, sheet["B8"].value) == ("（人力资源社会保障部门）（本期新增）", -3)
    bands = opened(roll_up_workbook(band_form, period_of(jiangsu, 3), county.unit, rollup))
    assert bands["A2"].value == "（本期新增）"


def test_a_roll_up_in_bands_has_the_total_in_bands_and_a_second_sheet_with_a_row_a_unit(
    jiangsu, band_form, county
):
    rollup = rolled_up(
        [
            ("市本级", "reported", {1: Decimal(3), 5: Decimal("1.50")}),
            ("鼓楼区", "carried", {1: Decimal(4), 5: Decimal("2.00")}),
        ],
        total={1: Decimal(7), 5: Decimal("3.50")},
        carried=[("鼓楼区", date(2024, 2, 2))],
    )
    book = load_workbook(BytesIO(roll_up_workbook(band_form, period_of(jiangsu, 3), county.unit, rollup)))
    assert book.sheetnames == ["附件2", "附件2分单位"]
    bands, units = book.worksheets
    assert (texts(bands)[4], texts(bands)[8]) == (["新沂市", 7], ["新沂市", None, None, 3.5])
    assert texts(units)[2:8] == [
        [
            "项目",
            "举办劳务\n协作招聘\n(场次)",
            "其中：\n陕西、青海\n(场次)",
            "“点对点”服务保障",
            None,
            "使用资金\n(万元)",
        ],
        [None, None, None, "包车\n(辆次)\n(待核实)", "包车\n运输人数\n(人)"],
        ["序号", 1, 2, 3, 4, 5],
        ["总计", 7, None, None, None, 3.5],
        ["市本级", 3, None, None, None, 1.5],
        ["鼓楼区", 4, None, None, None, 2],
    ]
    assert merges(units) >= {"A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:F4"}
    assert [bands.print_title_rows, units.print_title_rows] == ["$1:$2", "$3:$5"]
    footnote = ["沿用上期：鼓楼区（截至2月2日）。"]
    assert footnote in texts(bands)
    assert footnote in texts(units)
    assert units.page_setup.fitToWidth == 1


def test_sheets_of_a_form_without_an_annex_number_are_named_by_its_title(jiangsu, county):
    form = make_form(jiangsu, title="长" * 40, layout="bands")
    rollup = rolled_up([("市本级", "reported", {1: Decimal(1)})])
    book = load_workbook(BytesIO(roll_up_workbook(form, period_of(jiangsu, 3), county.unit, rollup)))
    assert book.sheetnames == ["长" * 31, "长" * 28 + "分单位"]


def test_an_office_above_the_lines_is_named_by_its_own_name(wuhan, hr_form):
    office = make_place(
        wuhan, "420100-office", name="领导小组办公室", short="办公室", level="office", reports=False
    )
    rollup = rolled_up([("武汉市", "reported", {1: Decimal(1)})])
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), office.unit, rollup))
    assert sheet["A3"].value == "领导小组办公室"


def test_a_long_roll_up_is_drawn_wider_so_that_it_prints_on_one_page(wuhan, hr_form, city):
    rows = [(f"{number}区", "reported", {1: Decimal(number)}) for number in range(1, 17)]
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rolled_up(rows)))
    width = sum(sheet.column_dimensions[letter].width * 7 for letter in "ABCD")
    height = sum(heights(sheet))
    assert height > 490, "at full size the page is too low"
    assert height * 1045 / width <= 490


def test_a_roll_up_of_many_pages_keeps_its_size(wuhan, hr_form, city):
    rows = [(f"{number}区", "reported", {1: Decimal(number)}) for number in range(1, 60)]
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rolled_up(rows)))
    assert round(sheet.column_dimensions["B"].width * 7) == 211


def test_text_that_looks_like_a_formula_stays_text(wuhan, hr_form, city):
    hr_form.notes = ["@SUM(A1)", "=cmd|' /C calc'!A0"]
    hr_form.save()
    place = make_place(wuhan, "x", parent=city, short="=1+1", name="=1+1", line="hr")
    data = report_workbook(filled(hr_form, place, wuhan, {1: 1}, responsible="+86", prepared_by="-1"))
    sheet = opened(data)
    assert [sheet[name].value for name in ("A8", "A9", "A11", "A12")] == [
        "=1+1",
        "单位负责人签章：+86",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
    ]
    assert {sheet[name].data_type for name in ("A8", "A9", "A11", "A12")} == {"s"}
    assert [sheet[name].quotePrefix for name in ("A8", "A9", "A11", "A12")] == [True, False, True, True]
    assert "<f>" not in sheet_xml(data)
    # The mark belongs to this cell alone, not to all that look like it.
    assert sheet["A7"].quotePrefix is False


def test_characters_that_a_workbook_cannot_hold_are_left_out(wuhan, hr_form, district):
    UnitPlace.objects.filter(pk=district.pk).update(short="江\x08汉\ufffe区")
    data = report_workbook(
        filled(hr_form, district, wuhan, {1: 1}, prepared_by="林\x0b晓\x1f禾", phone="027\r\n1")
    )
    sheet = opened(data)
    assert (sheet["A8"].value, sheet["B9"].value, sheet["C9"].value) == (
        "江汉区",
        "填表人签章：林晓禾",
        "联系电话：027\n1",
    )


def test_a_long_note_gets_the_height_of_its_lines(wuhan, hr_form, district):
    # The table is 721 px wide: 50 characters of 10.5 points a line, so that 120 are three lines.
    hr_form.notes = ["长" * 120]
    hr_form.save()
    sheet = opened(report_workbook(filled(hr_form, district, wuhan, {1: 1})))
    assert sheet.row_dimensions[11].height == 18 + 2 * 15


def test_a_label_without_lines_still_sets_its_unit_and_its_of_which_apart(wuhan, district):
    labels = ["其中：金额（万元）", "金额（元）"]
    form = make_form(wuhan, indicators=[{"label": label, "unit_of_measure": "万元"} for label in labels])
    sheet = opened(report_workbook(filled(form, district, wuhan, {1: 1})))
    assert [sheet.cell(2, column).value for column in (2, 3)] == ["其中：\n金额\n（万元）", "金额（元）"]


def test_labels_that_are_too_long_for_many_columns_break_between_words(jiangsu, county):
    """A row a unit, 20 columns wide, holds four characters of a label."""
    labels = [
        "举办东西部",
        "专场招聘岗位",
        "陕西、青海",
        "招聘活动使用资金数量",
        *[f"指标{number}" for number in range(5, 21)],
    ]
    form = make_form(
        jiangsu,
        layout="bands",
        bands=[10, 10],
        indicators=[{"label": label, "lines": [label], "unit_of_measure": ""} for label in labels],
    )
    data = roll_up_workbook(form, period_of(jiangsu, 3), county.unit, rolled_up([("市本级", "never", {})]))
    bands, units = load_workbook(BytesIO(data)).worksheets
    assert [bands.cell(2, column).value for column in (2, 3, 4)] == labels[:3]
    assert [units.cell(2, column).value for column in (2, 3, 4, 5)] == [
        "举办\n东西部",
        "专场招聘\n岗位",
        "陕西、\n青海",
        "招聘活动\n使用资金\n数量",
    ]
    assert units.row_dimensions[2].height == 3 * 12.5 + 4
    # Ten characters of 9 points would need 128 px a column, four need 56.
    assert round(units.column_dimensions["B"].width * 7) == 56


def test_a_column_always_holds_four_characters(wuhan, district):
    form = make_form(wuhan, indicators=30)
    sheet = opened(report_workbook(filled(form, district, wuhan, {1: 1})))
    assert round(sheet.column_dimensions["B"].width * 7) == 56


def test_the_header_stays_in_sight_while_rows_scroll(wuhan, hr_form, band_form, jiangsu, district, county):
    assert opened(report_workbook(filled(hr_form, district, wuhan, {1: 1}))).freeze_panes == "B7"
    assert opened(report_workbook(filled(band_form, county, jiangsu, {1: 1}))).freeze_panes is None


def test_more_fields_than_columns_share_one_cell(wuhan, district):
    form = make_form(wuhan, indicators=1, signatures=["单位负责人", "填表人", "联系电话"])
    sheet = opened(report_workbook(filled(form, district, wuhan, {1: 1}, phone="027")))
    assert sheet["A6"].value == "单位负责人：    填表人：    联系电话：027"
    assert "A6:B6" in merges(sheet)


def test_the_same_figures_make_the_same_file(wuhan, hr_form, district):
    submission = filled(hr_form, district, wuhan, {1: 5420})
    data = report_workbook(submission)
    assert report_workbook(submission) == data
    archive = ZipFile(BytesIO(data))
    written = re.findall('mergeCell ref="([^"]+)"', sheet_xml(data))
    assert written == ["A1:D1", "A2:D2", "A3:B3", "A4:A5", "A10:D10", "A11:D11", "B4:B5", "C3:D3", "D4:D5"]
    assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "2014-02-28T00:00:00Z" in archive.read("docProps/core.xml").decode()


def test_the_number_of_queries_does_not_grow_with_the_rows(wuhan, hr_form, city, django_assert_num_queries):
    period = period_of(wuhan, 3)
    assert hr_form.header
    assert hr_form.campaign
    for count in (1, 40):
        rollup = rolled_up([(str(number), "reported", {1: Decimal(1)}) for number in range(count)])
        with django_assert_num_queries(1):
            roll_up_workbook(hr_form, period, city.unit, rollup)


def test_annex_1_of_wuhan_has_the_header_of_the_notice():
    campaign = load(read(FIXTURES / "wuhan-2014")).campaign
    unit = campaign.places.get(unit__code="420103-hr").unit
    period = campaign.periods.get(ends_on=date(2014, 2, 28))
    sheet = opened(blank_workbook(campaign.forms.get(code="fu1"), unit, period))
    women = "其中：\n女性人数"
    assert texts(sheet)[:8] == [
        [TITLE],
        ["（人力资源社会保障部门）"],
        ["江汉区人力资源（社会保障）局", *[None] * 9, "单位：人"],
        [
            None,
            "发放\n春风卡等\n宣传资料\n份数",
            "组织专场\n招聘活动\n次数",
            "提供免费\n服务人数",
            None,
            "本地企业\n吸纳农村\n劳动者\n就业人数",
            None,
            "跨地区\n有组织\n劳务输出\n成功人数",
            None,
            "接受创业\n服务人数",
            None,
            "组织参加\n职业技能\n培训人数",
            *[None] * 3,
            "提供劳动\n维权服务\n和法律\n援助人数",
            None,
            "推荐用工\n规范诚信\n企业个数",
            "推荐诚信\n服务机构\n个数",
        ],
        [
            *[None] * 4,
            women,
            None,
            women,
            None,
            women,
            None,
            women,
            None,
            women,
            "其中：\n参加创业\n培训人数",
            "其中：\n享受培训\n补贴人数",
            None,
            women,
        ],
        ["甲", *range(1, 19)],
        ["总计"],
        [],
    ]
    assert texts(sheet)[10] == [
        "单位负责人签章：",
        *[None] * 4,
        "填表人签章：",
        *[None] * 4,
        "联系电话：",
        *[None] * 3,
        "填报日期：2014年  月  日",
    ]
    assert [row[0][:8] for row in texts(sheet)[11:]] == [
        "填报说明：",
        "1．“跨地区有组",
        "2．“接受创业服",
        "3．“本地企业吸",
    ]
    # The lower row holds three lines of 9 points: 3 x 12.5 + 4.
    assert heights(sheet)[3:7] == [16, 41.5, 16, 20]


@pytest.mark.parametrize(("code", "form_code", "columns"), FORMS)
def test_each_form_of_the_fixtures_prints_all_its_labels_and_fits_the_page(code, form_code, columns):
    campaign = load(read(FIXTURES / code)).campaign
    form = campaign.forms.get(code=form_code)
    place = campaign.places.filter(level="county").first()
    sheet = opened(blank_workbook(form, place.unit, campaign.periods.last()))
    printed = {re.sub(r"\s", "", str(cell.value)) for row in sheet.iter_rows() for cell in row if cell.value}
    labels = {path[-1] for path in form.header.paths(printed=True).values()}
    assert {re.sub(r"\s", "", label) for label in labels} <= {
        text.removesuffix("(待核实)") for text in printed
    }
    assert {str(number) for number in range(1, columns + 1)} <= printed
    width = sum(dimension.width * 7 for dimension in sheet.column_dimensions.values())
    assert max(width / 1045, sum(heights(sheet)) / 490) < 1.1


@hypothesis_settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    figures=st.lists(
        st.fixed_dictionaries(
            {
                1: st.none() | st.integers(-(10**15) + 1, 10**15 - 1).map(Decimal),
                2: st.none() | st.integers(0, 10).map(Decimal),
                3: st.none() | st.decimals(min_value=0, max_value="9999999999999.99", places=2),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_read_back_equals_the_figures(wuhan, hr_form, city, figures):
    rollup = rolled_up([(str(number), "reported", values) for number, values in enumerate(figures)])
    sheet = opened(roll_up_workbook(hr_form, period_of(wuhan, 3), city.unit, rollup))
    read = [
        {number: None if value is None else Decimal(repr(value)) for number, value in enumerate(row, start=1)}
        for row in sheet.iter_rows(
            min_row=8, max_row=7 + len(figures), min_col=2, max_col=4, values_only=True
        )
    ]
    assert read == figures


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("附件1", "附件1"),
        ("附件[1]:甲/乙\\丙?*", "附件1甲乙丙"),
        ("'附件'", "附件"),
        ("长" * 40, "长" * 31),
        ("", "Sheet"),
    ],
)
def test_the_name_of_a_sheet_is_one_that_excel_takes(text, name):
    assert sheet_name(text) == name


@pytest.mark.parametrize(
    ("kind", "short", "name"),
    [
        ("report", "江汉区", "附件1_江汉区_第3期_截至2014-02-28.xlsx"),
        ("roll-up", "武汉市", "附件1_武汉市_汇总_第3期_截至2014-02-28.xlsx"),
        ("blank", "江汉区", "附件1_江汉区_空表_第3期_截至2014-02-28.xlsx"),
        ("report", '../a\\b:*?"<>| c\n.', "附件1_abc_第3期_截至2014-02-28.xlsx"),
        ("report", "长" * 40, f"附件1_{'长' * 30}_第3期_截至2014-02-28.xlsx"),
    ],
)
def test_a_file_is_named_after_form_unit_and_period_on_every_system(wuhan, hr_form, kind, short, name):
    assert file_name(hr_form, period_of(wuhan, 3), short, kind) == name
