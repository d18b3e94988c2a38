"""Form, unit and period of an upload: by the mark, by headers and names; what is wrong or unclear asks."""

from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook

from reports.excel.known import Known
from reports.excel.read import read_workbook
from reports.excel.reading import Scope
from reports.excel.template import template_workbook
from reports.excel.write import blank_workbook, report_workbook
from tests.factories import make_campaign, make_form, make_place, make_submission

from .conftest import InProcess
from .workbooks import FIGURES, opened

pytestmark = pytest.mark.django_db


def unmarked(data):
    return opened(data, lambda book, sheet: book.custom_doc_props.props.clear())


def sheet_of(rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


HEADER = [
    "发放宣传资料份数",
    "提供免费服务人数",
    "其中：女性人数",
    "组织培训人数",
    "其中：女性人数",
    "发放小额贷款（万元）",
]


def gathered(*rows):
    """A coordinator's own table: a title, the labels, the printed numbers, a row a unit."""
    return sheet_of([["某年汇总"], ["单位", *HEADER], ["甲", 1, 2, 3, 4, 5, 6], *rows])


def test_without_a_mark_the_caller_says_the_period_and_names_say_the_unit(world, good):
    reading = world.read(unmarked(good), period=world.period(2))
    assert reading.outcome == "ok"
    assert reading.recognised == {"form": "headers", "period": "argument", "unit": "name"}
    assert reading.as_json()["recognised_by"] == "headers"


def test_another_period_than_the_page_asks_and_an_answer_settles_it(world, good):
    reading = world.read(good, period=world.period(3), unit=world.own.unit)
    assert (reading.outcome, reading.asks) == ("ask", "period")
    assert "第2期" in reading.reason
    assert "第3期" in reading.reason
    assert reading.choices == [world.period(2), world.period(3)]
    settled = world.read(good, period=world.period(3), unit=world.own.unit, settled={"unit", "period"})
    assert (settled.outcome, settled.period) == ("ok", world.period(3))


def test_another_unit_than_the_page_asks_with_both_names(world, good):
    reading = world.read(good, unit=world.sibling.unit, units=[world.sibling])
    assert (reading.outcome, reading.asks) == ("ask", "unit")
    assert "玄武区" in reading.reason
    assert "秦淮区" in reading.reason
    assert reading.choices == [world.sibling.unit]


def test_a_unit_out_of_scope_is_refused(world, good):
    reading = world.read(good, units=[world.sibling])
    assert reading.outcome == "refused"
    assert "不在您可以填报的单位之内" in reading.reason
    assert not reading.values


def test_a_unit_that_does_not_owe_the_form_is_refused(world, good):
    office = make_place(world.campaign, "office", name="办公室", short="办公室", reports=False)
    reading = world.read(good, unit=office.unit, settled={"unit", "period"})
    assert reading.outcome == "refused"
    assert "不填报" in reading.reason


def test_a_mark_and_a_heading_that_disagree_ask(world, good):
    """The workbook of a colleague, with the name above the table overwritten."""
    data = opened(
        good,
        lambda book, sheet: [
            sheet.__setitem__("A3", "秦淮区人力资源（社会保障）局"),
            sheet.__setitem__("A8", "秦淮区"),
        ],
    )
    reading = world.read(data)
    assert (reading.outcome, reading.asks) == ("ask", "unit")
    assert "玄武区" in reading.reason
    assert "秦淮区" in reading.reason


def test_a_late_report_exported_with_its_date_needs_no_question(world):
    late = world.period(3).due_at
    data = report_workbook(
        make_submission(world.rows, world.own, world.period(2), FIGURES, first_submitted_at=late)
    )
    assert world.read(data).outcome == "ok"


def test_a_bands_form_filled_without_names_is_its_headings(world):
    data = blank_workbook(world.bands, world.own.unit, world.period(1))

    def fill(book, sheet):
        for row in sheet.iter_rows():
            if row[0].value == "玄武区":
                row[0].value = None
                for position, cell in enumerate(row[1:4], start=1):
                    if sheet.cell(row[0].row - 1, cell.column).value:
                        cell.value = 10 + position

    reading = world.read(opened(data, fill))
    assert reading.outcome == "ok", reading.reason
    assert reading.values[world.own.unit] == {1: 11, 2: 12, 3: 11, 4: 12, 5: Decimal("13.00")}


def test_a_gathered_sheet_is_read_by_the_names_of_its_rows(world):
    data = gathered(
        ["合计", 3, 3, 3, 3, 3, 3],
        ["玄武区人社局", 1, 10, 5, 8, 2, "1.5"],
        ["秦淮", 2, 20, 6, 9, 3, 2],
        ["雨花台区", 9, 9, 9, 9, 9, 9],
    )
    reading = world.read(data, period=world.period(1))
    assert reading.outcome == "ok", reading.reason
    assert reading.values == {
        world.own.unit: {1: 1, 2: 10, 3: 5, 4: 8, 5: 2, 6: Decimal("1.50")},
        world.sibling.unit: {1: 2, 2: 20, 3: 6, 4: 9, 5: 3, 6: Decimal("2.00")},
    }
    assert "雨花台区" in "".join(reading.warnings)


def test_a_clerk_takes_the_own_row_of_a_gathered_sheet_alone(world):
    data = gathered(["玄武区", 1, 2, 1, 3, 1, 1], ["秦淮区", 2, 4, 2, 6, 2, 2])
    reading = world.read(data, period=world.period(1), units=[world.own])
    assert reading.values == {world.own.unit: {1: 1, 2: 2, 3: 1, 4: 3, 5: 1, 6: 1}}
    assert "秦淮区" in "".join(reading.warnings)


def test_the_row_of_a_city_among_others_is_its_total_and_not_read(world):
    data = gathered(["南京市", 9, 9, 9, 9, 9, 9], ["市本级", 4, 4, 4, 4, 4, 4], ["玄武区", 1, 2, 1, 3, 1, 1])
    reading = world.read(data, period=world.period(1))
    assert set(reading.values) == {world.own.unit}
    assert "南京市" in "".join(reading.warnings)


def test_a_unit_twice_in_one_file_asks(world):
    data = gathered(["玄武区", 1, 2, 1, 3, 1, 1], ["秦淮区", 1, 2, 1, 3, 1, 1], ["玄武区", 5, 5, 5, 5, 5, 5])
    assert world.read(data, period=world.period(1)).outcome == "ask"


def test_figures_in_the_row_of_totals_are_taken_where_that_is_confirmed(world, good):
    data = opened(good, lambda book, sheet: [setattr(cell, "value", None) for cell in sheet[8][1:7]])
    assert world.read(data).asks == "total"
    reading = world.read(data, total=True)
    assert reading.values[world.own.unit][1] == 1200


def test_several_forms_in_one_workbook_ask_which(world, good):
    other = load_workbook(BytesIO(blank_workbook(world.bands, world.own.unit, world.period(2))))

    def add(book, sheet):
        copy = book.create_sheet("附件2")
        for row in other.worksheets[0].iter_rows():
            for cell in row:
                if cell.value is not None:
                    copy[cell.coordinate] = cell.value
        for area in other.worksheets[0].merged_cells.ranges:
            copy.merge_cells(str(area))
        book.custom_doc_props.props.clear()

    data = opened(good, add)
    reading = world.read(data)
    assert (reading.outcome, reading.asks) == ("ask", "form")
    assert set(reading.choices) == {world.rows, world.bands}
    assert world.read(data, form=world.rows, period=world.period(2)).outcome == "ok"


def test_the_same_form_in_two_campaigns_asks_which(world, good):
    again = make_campaign("again", title="另一活动")
    make_form(
        again,
        title=world.rows.title,
        indicators=[
            {"number": n, "label": label, "group": [""] if label.startswith("其中") else None}
            for n, label in enumerate(HEADER, start=1)
        ],
    )
    both = Scope([world.campaign, again])
    assert read_workbook(good, "", known=Known(both), by=InProcess()).form == world.rows
    reading = read_workbook(unmarked(good), "", known=Known(both), by=InProcess())
    assert (reading.outcome, reading.asks) == ("ask", "campaign")
    assert set(reading.choices) == {world.campaign, again}


def test_the_name_of_the_file_is_a_hint_alone(world, good):
    def nameless(book, sheet):
        book.custom_doc_props.props.clear()
        sheet["A3"] = sheet["A8"] = None

    reading = world.read(opened(good, nameless), "附件1_秦淮区.xlsx", period=world.period(2))
    assert (reading.outcome, reading.asks) == ("ask", "unit")
    assert reading.choices[0] == world.sibling.unit


@pytest.mark.parametrize("form", ["rows", "bands"])
def test_a_template_uploaded_unchanged_holds_nothing(world, form):
    """Its 总计 is a formula, and so is no figure that somebody put there."""
    place, period = world.own, world.period(1)
    reading = world.read(template_workbook(getattr(world, form), place, period))
    assert (reading.outcome, reading.unit, reading.period) == ("ok", place.unit, period)
    assert reading.values == {place.unit: {}}


def test_the_hidden_sheet_of_a_template_stands_for_the_mark(world):
    data = unmarked(template_workbook(world.rows, world.own, world.period(1)))
    reading = world.read(data)
    assert (reading.outcome, reading.as_json()["recognised_by"]) == ("ok", "mark")
    assert (reading.unit, reading.period) == (world.own.unit, world.period(1))


@pytest.mark.parametrize("measure", ["单位：人", "单位：人、份、万元"])
def test_what_is_counted_is_no_units_name(world, good, measure):
    """A form filled by hand on the notice's own sheet: no name above it, 单位：人 at its right."""

    def by_hand(book, sheet):
        book.custom_doc_props.props.clear()
        sheet["A3"] = measure

    reading = world.read(opened(good, by_hand), period=world.period(2))
    assert (reading.outcome, reading.unit) == ("ok", world.own.unit), reading.reason


def test_bands_without_printed_numbers_are_read_by_their_labels(world):
    """An office that found the rows of numbers superfluous: between two headers stands one row of figures."""
    figures = {1: 12, 2: 5, 3: 3, 4: 90, 5: Decimal("1.50")}
    place, period = world.own, world.period(2)
    report = report_workbook(make_submission(world.bands, place, period, figures))

    def without_numbers(book, sheet):
        for area in list(sheet.merged_cells.ranges):
            sheet.unmerge_cells(str(area))
        for row in range(sheet.max_row, 0, -1):
            if sheet.cell(row, 1).value == "序号":
                sheet.delete_rows(row)

    reading = world.read(opened(report, without_numbers))
    assert reading.values == {place.unit: figures}


def test_figures_that_equal_their_printed_number_are_no_row_of_numbers(world):
    labels = ["发放宣传资料份数", "免费服务人数", "女性人数", "培训人数", "受训女性人数", "小额贷款"]
    form = make_form(world.campaign, "small", indicators=[{"label": label} for label in labels])
    reading = world.read(
        sheet_of([["填报单位：玄武区"], labels, [1, 5, 6, 2, 3, 6]]), form=form, period=world.period(1)
    )
    assert reading.values == {world.own.unit: {1: 1, 2: 5, 3: 6, 4: 2, 5: 3, 6: 6}}


def test_the_same_table_twice_in_one_sheet_is_said_to_be_there_twice(world):
    rows = [["单位", *HEADER], ["甲", 1, 2, 3, 4, 5, 6], ["玄武区", 1, 2, 1, 3, 1, 1]]
    reading = world.read(sheet_of([*rows, [], *rows]), period=world.period(1))
    assert reading.outcome == "refused"
    assert "里有两张" in reading.reason


def test_a_sheet_for_each_of_a_hundred_units_is_read_to_the_last(world, good):
    def far_behind(book, sheet):
        for number in range(100):
            book.create_sheet(f"第{number}张")
        book.move_sheet(sheet, 100)

    reading = world.read(opened(good, far_behind))
    assert (reading.outcome, reading.unit) == ("ok", world.own.unit), reading.reason


def test_the_city_beside_a_county_says_which_county_is_meant(world):
    """A table with a column for the city and one for the county; two cities have a 鼓楼区."""
    other = make_place(world.campaign, "3203", name="徐州市人社局", short="徐州市", level="prefecture")
    first = make_place(world.campaign, "320106", parent=world.city, name="南京市鼓楼区人社局", short="鼓楼区")
    second = make_place(world.campaign, "320302", parent=other, name="徐州市鼓楼区人社局", short="鼓楼区")
    header = [["市", "县区", *HEADER], ["甲", None, 1, 2, 3, 4, 5, 6]]
    rows = [
        ["南京市", "鼓楼区", 1, 2, 1, 3, 1, 1],
        ["南京市", "市本级", 4, 4, 4, 4, 4, 4],
        ["徐州市", "鼓楼区", 5, 2, 1, 3, 1, 1],
    ]
    reading = world.read(sheet_of([*header, *rows]), period=world.period(1))
    assert {unit: figures[1] for unit, figures in reading.values.items()} == {
        first.unit: 1,
        world.city.unit: 4,
        second.unit: 5,
    }
    reading = world.read(sheet_of([*header, rows[2]]), period=world.period(1), unit=second.unit)
    assert (reading.outcome, reading.unit) == ("ok", second.unit), reading.reason


def test_rows_that_are_not_read_are_said_to_be_so(world):
    """A table longer than any of the form can be: a row a unit, and 240 more."""
    rows = [["玄武区", 1, 2, 1, 3, 1, 1], *[[] for _ in range(300)], ["秦淮区", 2, 4, 2, 6, 2, 2]]
    reading = world.read(gathered(*rows), period=world.period(1))
    assert set(reading.values) == {world.own.unit}
    assert "第 243 行以后的内容没有读取" in "".join(reading.warnings)


def test_two_forms_in_one_sheet_ask_which(world, good):
    """附件1 with 附件2 below it; each is read whole once it is chosen."""
    figures = {1: 12, 2: 5, 3: 3, 4: 90, 5: Decimal("1.50")}
    report = report_workbook(make_submission(world.bands, world.own, world.period(2), figures))
    below = load_workbook(BytesIO(report)).worksheets[0]

    def add(book, sheet):
        for row in below.iter_rows():
            for cell in row:
                if cell.value is not None:
                    sheet.cell(cell.row + 30, cell.column).value = cell.value
        for area in below.merged_cells.ranges:
            area.shift(row_shift=30)
            sheet.merge_cells(str(area))

    data = unmarked(opened(good, add))
    reading = world.read(data, period=world.period(2))
    assert (reading.outcome, reading.asks) == ("ask", "form")
    for form, expected in ((world.rows, FIGURES), (world.bands, figures)):
        chosen = world.read(data, form=form, period=world.period(2))
        assert chosen.values == {world.own.unit: {number: Decimal(one) for number, one in expected.items()}}
