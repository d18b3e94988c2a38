"""What is taken out: live totals, a sheet a unit, a row a period, and every figure as one long table."""

import csv
import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from campaigns.models import Exemption
from chunfeng.accounts.models import Membership
from reports.excel import flat as flat_excel
from reports.excel.flat import flat_workbook
from reports.excel.many import series_workbook, units_workbook
from reports.excel.sheet import sheet_name
from reports.excel.write import forms_workbook, roll_up_workbook
from reports.exchange import flat
from reports.exchange.exports import counted_reports, names_apart, owed_below, reporting_below
from reports.models import Submission
from reports.rollup import roll_up
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_places,
    make_submission,
    make_submissions,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

MONEY = {"label": "资金", "unit_of_measure": "万元", "decimals": 2}


class World:
    """徐州市 with itself and two counties: 新沂市 reports in both periods, 邳州市 in the first alone."""

    def __init__(self, **form):
        self.campaign = make_campaign()
        form.setdefault("indicators", [{"label": "人数"}, MONEY])
        self.form = make_form(self.campaign, annex="附件1", **form)
        self.city = make_place(self.campaign, "3203", level="prefecture", short="徐州市")
        self.xinyi = make_place(self.campaign, "320381", parent=self.city, short="新沂市")
        self.pizhou = make_place(self.campaign, "320382", parent=self.city, short="邳州市")
        self.first, self.period = period_of(self.campaign, 1), period_of(self.campaign, 2)
        self.report(self.city, self.period, {1: 5, 2: "0.10"})
        self.report(self.xinyi, self.first, {1: 10, 2: "1.00"})
        self.report(self.xinyi, self.period, {1: 30, 2: "0.20"})
        self.report(self.pizhou, self.first, {1: 7, 2: None})
        self.coordinator = make_user("city", unit=self.city, role=Membership.Role.COORDINATOR)
        self.clerk = make_user("clerk", unit=self.xinyi)

    def report(self, place, period, figures, **more):
        return make_submission(self.form, place, period, figures, **more)

    def rollup(self, period=None, **choice):
        return roll_up(self.form, period or self.period, self.city.unit, **choice)


@pytest.fixture
def world():
    return World()


def opened(data, **how):
    return load_workbook(BytesIO(data), **how)


def column(sheet, letter, first, last):
    return [sheet[f"{letter}{row}"].value for row in range(first, last + 1)]


def test_units_of_one_name_are_told_apart_by_the_city_above(world):
    other = make_place(world.campaign, "3201", level="prefecture", short="南京市")
    first = make_place(world.campaign, "320106", parent=other, short="鼓楼区")
    second = make_place(world.campaign, "320302", parent=world.city, short="鼓楼区")
    twin = make_place(world.campaign, "320381-x", parent=world.city, short="新沂市")
    places = [world.city, world.xinyi, twin, first, second]
    assert list(names_apart(places).values()) == [
        "徐州市",
        "新沂市",
        "新沂市",
        "南京市鼓楼区",
        "徐州市鼓楼区",
    ]
    assert list(names_apart([first]).values()) == ["鼓楼区"]


# Live totals


def test_a_total_is_a_live_sum_of_its_rows_carried_ones_included_and_keeps_its_figure(world):
    data = roll_up_workbook(world.form, world.period, world.city.unit, world.rollup(), formulas=True)
    # header 2-3, then 总计 and the three rows
    assert column(opened(data).active, "B", 4, 7) == ["=SUM(B5:B7)", 5, 30, 7]
    assert column(opened(data).active, "C", 4, 7) == ["=SUM(C5:C7)", 0.1, 0.2, None]
    assert column(opened(data, data_only=True).active, "B", 4, 4) == [42]
    assert b"<f>SUM(C5:C7)</f><v>0.30</v>" in ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_without_the_wish_for_formulas_there_is_none(world):
    data = roll_up_workbook(world.form, world.period, world.city.unit, world.rollup())
    assert b"<f>" not in ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_a_total_that_is_not_exactly_the_sum_of_the_printed_rows_stays_a_number(world):
    # Stored before the column lost its decimals: 0.4 + 0.4 = 0.8 prints as 1, its rows as 0 and 0.
    for place in (world.city, world.xinyi):
        report = Submission.objects.get(unit=place.unit, period=world.period)
        report.figures.filter(indicator__number=1).update(value=Decimal("0.4"))
    Submission.objects.filter(unit=world.pizhou.unit).delete()
    data = roll_up_workbook(world.form, world.period, world.city.unit, world.rollup(), formulas=True)
    assert column(opened(data).active, "B", 4, 4) == [1]
    assert column(opened(data).active, "C", 4, 4) == ["=SUM(C5:C7)"]


def test_a_column_that_nobody_reported_has_neither_figure_nor_formula(world):
    for report in Submission.objects.all():
        report.figures.filter(indicator__number=2).update(value=None)
    data = roll_up_workbook(world.form, world.period, world.city.unit, world.rollup(), formulas=True)
    assert column(opened(data).active, "C", 4, 7) == [None] * 4


def test_in_bands_the_total_points_to_the_sum_on_the_second_sheet():
    world = World(layout="bands", bands=[1, 1])
    data = roll_up_workbook(world.form, world.period, world.city.unit, world.rollup(), formulas=True)
    book = opened(data)
    assert book.sheetnames == ["附件1", "附件1分单位"]
    total, units = book.worksheets
    assert [total["B4"].value, total["B7"].value] == ["='附件1分单位'!B4", "='附件1分单位'!C4"]
    assert [units["B4"].value, units["C4"].value] == ["=SUM(B5:B7)", "=SUM(C5:C7)"]
    values = opened(data, data_only=True).worksheets[0]
    assert [values["B4"].value, values["B7"].value] == [42, 0.3]


# A sheet a unit


def units_of(world, basis="accepted"):
    places = reporting_below(world.coordinator, world.period, world.city)
    return counted_reports(world.form, world.period, places, basis)


def test_every_unit_that_counts_has_its_sheet_after_the_total(world):
    world.report(world.pizhou, world.period, {1: 99}, status="submitted")
    data = units_workbook(world.form, world.period, world.city.unit, world.rollup(), units_of(world))
    book = opened(data)
    assert book.sheetnames == ["总计", "徐州市", "新沂市", "邳州市"]
    assert [sheet["B4"].value for sheet in book] == [42, 5, 30, 7]
    assert [sheet.oddFooter.left.text for sheet in book] == [
        "第2期（截至2024年2月2日）",
        "第2期（截至2024年2月2日）",
        "第2期（截至2024年2月2日）",
        "第1期（截至2024年1月26日）　沿用至第2期",
    ]
    # Also where the sheet is read on a screen.
    said = [[cell.value for row in sheet.iter_rows() for cell in row] for sheet in book]
    note = "本表是第1期（截至2024年1月26日）的数，沿用至第2期。"
    assert [note in texts for texts in said] == [False, False, False, True]


@pytest.mark.parametrize(
    ("basis", "counted"), [("accepted", [5, 30, 7]), ("received", [5, 30, 99]), ("strict", [5, 30])]
)
def test_the_sheets_add_up_to_the_total_on_every_basis(world, basis, counted):
    world.report(world.pizhou, world.period, {1: 99}, status="submitted")
    found = units_of(world, basis)
    assert [report.figures[1] for _, report in found] == counted
    assert sum(counted) == world.rollup(basis=basis).total[1]


def test_an_exempted_unit_counts_in_strict_no_more_than_in_the_total(world):
    Exemption.objects.create(period=world.period, unit=world.xinyi.unit, reason="洪涝", granted_by="city")
    assert [place.short for place, _ in units_of(world, "strict")] == ["徐州市"]
    assert world.rollup(basis="strict").total[1] == 5
    Exemption.objects.create(period=world.period, reason="停报", granted_by="city")
    assert units_of(world, "strict") == []


def test_names_of_sheets_are_those_that_excel_takes_and_never_twice():
    taken = []
    for text in ("江:岸/区", "江岸区", "Abc", "ABC", "长" * 40, "长" * 31, "'=1+1'", "[]"):
        taken.append(sheet_name(text, taken))
    assert taken == ["江岸区", "江岸区(2)", "Abc", "ABC(2)", "长" * 31, "长" * 28 + "(2)", "=1+1", "Sheet"]


def test_counted_reports_of_many_units_take_the_same_queries(world):
    len(world.form.columns)  # read once
    taken = []
    for codes in (["a"], ["b", "c", "d", "e"]):
        make_submissions(
            world.form, make_places(world.campaign, codes, parent=world.city), world.period, {1: 1}
        )
        with CaptureQueriesContext(connection) as queries:
            data = units_workbook(world.form, world.period, world.city.unit, world.rollup(), units_of(world))
        taken.append(len(queries))
    assert taken[0] == taken[1]
    assert len(opened(data).sheetnames) == 9


# A row a period, and all forms


def test_a_series_has_a_row_a_period_and_says_what_each_is_made_of(world):
    series = [(period, world.rollup(period)) for period in (world.first, world.period)]
    sheet = opened(series_workbook(world.form, world.city.unit, series)).active
    assert sheet["A2"].value == "（各期累计）"
    assert [[sheet.cell(row, column).value for column in (1, 2, 3)] for row in (5, 6)] == [
        ["第1期 1月26日", 17, 1],
        ["第2期 2月2日", 42, 0.3],
    ]
    assert [sheet.cell(row, 2).font.italic for row in (5, 6)] == [True, True]
    assert [sheet.cell(row, 1).value for row in (7, 8)] == [
        "第1期（截至2024年1月26日）：应报3个单位，本期报送2个，沿用上期0个，未报送1个。",
        "第2期（截至2024年2月2日）：应报3个单位，本期报送2个，沿用上期1个，未报送0个。",
    ]
    assert sheet.oddFooter.left.text == "第1期至第2期"


def test_a_series_of_increments_says_so(world):
    series = [(period, world.rollup(period, measure="increment")) for period in (world.first, world.period)]
    sheet = opened(series_workbook(world.form, world.city.unit, series)).active
    assert (sheet["A2"].value, sheet["B5"].value, sheet["B6"].value) == ("（各期本期新增）", 17, 25)


def test_all_forms_of_a_unit_come_in_one_workbook(world, client):
    other = make_form(world.campaign, "fu2", annex="附件2", indicators=1)
    make_submission(other, world.xinyi, world.period, {1: 8})
    client.force_login(world.coordinator)
    answer = client.get(reverse("reports:forms-export", args=["spring", "2024-02-02", "3203"]))
    book = opened(answer.content)
    assert book.sheetnames == ["附件1", "附件2"]
    assert [sheet["B4"].value for sheet in book] == [42, 8]
    papers = [(world.form, world.rollup()), (other, roll_up(other, world.period, world.city.unit))]
    assert answer.content == forms_workbook(world.city.unit, world.period, papers)


# Every figure


def lines_of(world, **asked):
    reports = Submission.objects.visible_to(world.coordinator).filter(**asked)
    return list(flat.lines(world.campaign, reports))


def test_a_line_says_all_about_a_figure(world):
    late = datetime(2024, 2, 3, tzinfo=UTC)
    Submission.objects.filter(unit=world.xinyi.unit, period=world.period).update(first_submitted_at=late)
    [people, money] = lines_of(world, unit=world.xinyi.unit, period=world.period)
    assert dict(zip(flat.HEAD, people, strict=True)) == {
        "单位代码": "320381",
        "单位": "单位320381",
        "隶属": "徐州市/新沂市",
        "报表": "附件1",
        "报告期": "2",
        "截至": "2024-02-02",
        "状态": "已通过",
        "是否按时": "迟报",
        "指标序号": "1",
        "指标": "人数",
        "性质": "累计",
        "数值": "30",
        "计量单位": "人",
        "上期数值": "10",
        "本期新增": "20",
    }
    # A fall is a negative increment.
    assert money[11:] == ("0.20", "万元", "1.00", "-0.80")


def test_units_come_in_registry_order_then_periods_then_columns(world):
    assert [(row[0], row[4], row[8]) for row in lines_of(world)] == [
        *[("3203", "2", "1"), ("3203", "2", "2")],
        *[("320381", "1", "1"), ("320381", "1", "2"), ("320381", "2", "1"), ("320381", "2", "2")],
        *[("320382", "1", "1"), ("320382", "1", "2")],
    ]


def test_a_blank_is_no_zero_and_drafts_are_compared_with_nothing_later(world):
    world.report(world.pizhou, world.period, {1: 9}, status="draft")
    third = period_of(world.campaign, 3)
    world.report(world.pizhou, third, {1: 20, 2: 4})
    rows = {(row[4], row[8]): row[11:] for row in lines_of(world, unit=world.pizhou.unit)}
    assert rows == {
        ("1", "1"): ("7", "人", "", "7"),
        ("1", "2"): ("", "万元", "", ""),
        ("2", "1"): ("9", "人", "7", "2"),
        ("2", "2"): ("", "万元", "", ""),
        # The draft in between was never sent.
        ("3", "1"): ("20", "人", "7", "13"),
        ("3", "2"): ("4.00", "万元", "", "4.00"),
    }


def test_the_increment_of_a_flow_is_the_figure_itself():
    world = World(indicators=[{"label": "人次", "nature": "flow"}, MONEY])
    [flow, _] = lines_of(world, unit=world.xinyi.unit, period=world.period)
    assert flow[10:] == ("本期", "30", "人", "10", "30")


def test_reading_goes_on_in_steps_of_fifty_units_however_many_periods(world):
    taken = []
    for count in (1, 30):
        places = make_places(world.campaign, [f"{count}-{n}" for n in range(count)], parent=world.city)
        make_submissions(world.form, places, world.period, {1: 1, 2: 2})
        with CaptureQueriesContext(connection) as queries:
            rows = lines_of(world)
        taken.append(len(queries))
    assert taken[0] == taken[1]
    assert len(rows) == 8 + 2 * 31


HARMFUL = ["=1+1", "+86", "-1", "@SUM(A1)", "＝1+1", "\t=1", '=cmd|" /C calc"!A0']


def row_of(text):
    return (text, text, *[""] * 9, "-3", "人", "", "")


@pytest.mark.parametrize("text", HARMFUL)
def test_text_that_looks_like_a_formula_is_none_in_csv(text):
    written = b"".join(flat.as_csv([row_of(text)])).decode("utf-8-sig")
    [_, row] = csv.reader(StringIO(written))
    assert (row[0], row[1]) == (f"'{text}", f"'{text}")
    assert row[11] == "-3", "a number stays a number"


@pytest.mark.parametrize("text", HARMFUL)
def test_text_that_looks_like_a_formula_is_none_in_excel(text):
    data = b"".join(flat_workbook("数据", flat.HEAD, [row_of(text)], flat.NUMBERS))
    cell, figure = opened(data).active["A2"], opened(data).active["L2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)
    assert (figure.value, figure.data_type) == (-3, "n")
    assert b"<f>" not in ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_the_long_table_is_a_workbook_that_filters_and_keeps_its_head_in_view():
    rows = [row_of(f"<{number}>&\x0b") for number in range(3)]
    sheet = opened(b"".join(flat_workbook("数据", flat.HEAD, rows, flat.NUMBERS))).active
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("数据", "A2", "A1:O4")
    assert [cell.value for cell in sheet[1]] == list(flat.HEAD)
    assert [sheet.cell(row, 1).value for row in (2, 3, 4)] == ["<0>&", "<1>&", "<2>&"]
    assert sheet["A1"].font.bold


def test_no_line_at_all_is_a_table_with_its_head():
    assert opened(b"".join(flat_workbook("数据", ["甲"], [], []))).active["A1"].value == "甲"


def test_what_a_sheet_cannot_hold_goes_on_on_the_next(monkeypatch):
    monkeypatch.setattr(flat_excel, "MOST_ROWS", 3)
    for count, expected in ((2, [2]), (4, [2, 2]), (5, [2, 2, 1])):
        rows = ([str(number)] for number in range(count))
        book = opened(b"".join(flat_workbook("数据", ["甲"], rows, {0})))
        assert [sheet.max_row - 1 for sheet in book] == expected
        assert [cell.value for sheet in book for cell in sheet["A"][1:]] == list(range(count))


# The pages


def csv_of(answer):
    return list(csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_everyone_takes_the_figures_of_the_own_scope_and_no_others(world, client):
    elsewhere = make_place(world.campaign, "3204", level="prefecture")
    world.report(elsewhere, world.period, {1: 1})
    address = reverse("reports:figures-csv", args=["spring"])
    seen = {}
    for user in (world.coordinator, world.clerk):
        client.force_login(user)
        seen[user.username] = {row["单位代码"] for row in csv_of(client.get(address))}
    assert seen == {"city": {"3203", "320381", "320382"}, "clerk": {"320381"}}


def test_form_period_and_unit_narrow_the_figures(world, client):
    other = make_form(world.campaign, "fu2", annex="附件2", indicators=1)
    make_submission(other, world.xinyi, world.period, {1: 8})
    client.force_login(world.coordinator)
    address = reverse("reports:figures-csv", args=["spring"])
    rows = csv_of(client.get(address, {"form": "fu1", "period": "2024-02-02", "unit": "320381"}))
    assert [(row["单位代码"], row["报表"], row["报告期"]) for row in rows] == [("320381", "附件1", "2")] * 2
    assert len(csv_of(client.get(address, {"unit": "320381"}))) == 5
    book = opened(client.get(reverse("reports:figures-xlsx", args=["spring"]), {"form": "fu2"}).getvalue())
    assert [row[3] for row in book.active.iter_rows(min_row=2, values_only=True)] == ["附件2"]


@pytest.mark.parametrize(
    "asked", [{"form": "fu9"}, {"period": "2024-02-30"}, {"unit": "3204"}, {"unit": "none"}]
)
def test_what_is_not_there_or_out_of_scope_is_not_found(world, client, asked):
    make_place(world.campaign, "3204", level="prefecture")
    client.force_login(world.coordinator)
    for name in ("figures-csv", "figures-xlsx", "exports"):
        assert client.get(reverse(f"reports:{name}", args=["spring"]), asked).status_code == 404


@pytest.mark.parametrize("name", ["units-export", "series-export", "roll-up-export"])
def test_a_basis_or_measure_that_does_not_exist_is_not_found(world, client, name):
    client.force_login(world.coordinator)
    address = reverse(f"reports:{name}", args=["spring", "fu1", "2024-02-02", "3203"])
    assert client.get(address, {"basis": "all"}).status_code == 404
    assert client.get(address, {"basis": "strict", "measure": "increment"}).status_code == 404


def offered(answer):
    return [offer.name for offer in answer.context["offers"] if offer.links]


def test_the_page_offers_what_can_be_taken_and_every_link_works(world, client):
    make_form(world.campaign, "fu2", annex="附件2", indicators=1)
    client.force_login(world.coordinator)
    page = client.get(
        reverse("reports:exports", args=["spring"]), {"period": "2024-02-02", "basis": "received"}
    )
    assert offered(page) == [
        *("本单位报表", "汇总表", "各单位报表", "全部报表"),
        *("各期数据", "数据明细", "填报模板", "空表"),
    ]
    links = [url for offer in page.context["offers"] for _, url in offer.links]
    assert len(links) == len(set(links)) == 16
    for url in links:
        answer = client.get(url)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store"), url


def test_a_clerk_is_offered_the_own_unit(world, client):
    client.force_login(world.clerk)
    page = client.get(reverse("reports:exports", args=["spring"]), {"period": "2024-02-02"})
    assert page.context["place"] == world.xinyi
    assert offered(page) == ["本单位报表", "汇总表", "各期数据", "数据明细", "填报模板", "空表"]
    assert "徐州市" not in page.content.decode().split("<main")[-1]


def test_a_unit_without_anything_to_report_says_so(world, client):
    empty = make_place(world.campaign, "3205", level="prefecture", reports=False, name="空市")
    client.force_login(make_user("empty", unit=empty, role=Membership.Role.VIEWER))
    page = client.get(reverse("reports:exports", args=["spring"]), {"period": "2024-02-02"})
    assert "空市及其所属单位在第2期（截至2月2日）没有应报的报表" in page.content.decode()


def test_who_takes_what_stands_in_the_log(world, client, caplog):
    client.force_login(world.clerk)
    with caplog.at_level(logging.INFO, "reports.views.exports"):
        client.get(reverse("reports:figures-csv", args=["spring"]), {"period": "2024-02-02"})
    [line] = caplog.messages
    assert line.startswith("clerk took /c/spring/figures.csv?period=2024-02-02 as 明细_第2期_")


def test_forms_are_owed_by_line(world):
    union = make_form(world.campaign, "fu2", line="union", indicators=1)
    member = make_place(world.campaign, "u", parent=world.city, line="union")
    world.city.line = world.xinyi.line = world.pizhou.line = "hr"
    for place in (world.city, world.xinyi, world.pizhou):
        place.save()
    owed = dict(owed_below(world.coordinator, world.period, world.city))
    assert owed == {world.form: [world.city, world.xinyi, world.pizhou, member], union: [member]}


def test_a_place_that_closed_is_left_out(world):
    world.pizhou.closes, world.pizhou.after_close = date(2024, 1, 31), "stop"
    world.pizhou.save()
    assert reporting_below(world.coordinator, world.period, world.city) == [world.city, world.xinyi]
    assert world.pizhou in reporting_below(world.coordinator, world.first, world.city)
