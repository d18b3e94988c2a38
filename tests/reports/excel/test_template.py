"""Templates: what may be filled and what not, the last figures beside it, and that the file knows what it is."""

from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from chunfeng.accounts.models import Membership
from reports.excel.archive import archive
from reports.excel.mark import MARK_SHEET, read_rows
from reports.excel.template import template_archive, template_workbook
from reports.exchange.exports import owed_below
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


class World:
    def __init__(self, layout):
        self.campaign = make_campaign()
        bands = {"layout": "bands", "bands": [1, 2]} if layout == "bands" else {}
        self.form = make_form(
            self.campaign,
            annex="附件1",
            signatures=["填表人签章"],
            notes=["=1+1"],
            indicators=[
                {"label": "服务人数", "maximum": 500},
                {"label": "贷款（万元）", "unit_of_measure": "万元", "decimals": 2},
                {"label": "期末在岗", "nature": "stock"},
            ],
            **bands,
        )
        self.city = make_place(self.campaign, "3203", level="prefecture", short="徐州市", reports=False)
        self.county = make_place(self.campaign, "320381", parent=self.city, short="新沂市")
        self.period = period_of(self.campaign, 2)

    def report(self, number, figures, **more):
        return make_submission(self.form, self.county, period_of(self.campaign, number), figures, **more)

    def template(self):
        data = template_workbook(self.form, self.county, self.period)
        return load_workbook(BytesIO(data)).worksheets[0]


@pytest.fixture(params=["rows", "bands"])
def layout(request):
    return request.param


@pytest.fixture
def world(layout):
    return World(layout)


INPUTS = {"rows": ["B5", "C5", "D5"], "bands": ["B4", "B7", "C7"]}


def test_only_the_cells_of_the_units_own_row_can_be_filled_and_no_password_keeps_the_rest(world, layout):
    sheet = world.template()
    unlocked = [cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked]
    assert unlocked == INPUTS[layout]
    assert sheet.protection.sheet is True
    assert sheet.protection.password is None
    assert [sheet[name].value for name in unlocked] == [None, None, None]


def test_a_cell_takes_what_the_portal_takes(world, layout):
    sheet = world.template()
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    count, money, stock = (rules[name] for name in INPUTS[layout])
    assert (count.type, count.operator, count.formula1, count.formula2) == ("whole", "between", "0", "500")
    assert (money.type, money.formula2) == ("decimal", "1000000.00")
    assert (stock.type, stock.formula2) == ("whole", "10000000")
    assert count.error == "请填 0 至 500 之间的整数，不带单位和“万”字；没有数字请留空。"
    assert "最多 2 位小数的数" in money.error


def test_each_cell_bears_the_figure_of_the_last_report_that_was_sent(world, layout):
    world.report(1, {1: 1234, 2: None, 3: 7})
    world.report(2, {1: 9, 2: 9, 3: 9}, status="draft")
    sheet = world.template()
    assert [sheet[name].comment.text for name in INPUTS[layout]] == [
        "上期累计（截至1月26日）：1,234",
        "上期累计（截至1月26日）：未填",
        "上期期末（截至1月26日）：7",
    ]
    notes = load_workbook(BytesIO(template_workbook(world.form, world.county, period_of(world.campaign, 1))))
    assert [notes.worksheets[0][name].comment for name in INPUTS[layout]] == [None] * 3


def test_notes_are_grey(world):
    world.report(1, {1: 1})
    data = template_workbook(world.form, world.county, world.period)
    packed = ZipFile(BytesIO(data))
    [drawing] = [name for name in packed.namelist() if name.endswith(".vml")]
    assert b'fillcolor="#eeeeee"' in packed.read(drawing)
    assert b"#ffffe1" not in packed.read(drawing)


def test_the_total_is_a_formula_that_stays_empty_until_something_is_filled():
    world = World("rows")
    sheet = world.template()
    assert [sheet.cell(4, column).value for column in (1, 2)] == ["总计", '=IF(COUNT(B5:B5)=0,"",SUM(B5:B5))']


def test_the_file_says_what_it_is_in_its_properties_and_on_a_hidden_sheet(world):
    data = template_workbook(world.form, world.county, world.period)
    expected = {
        "campaign": "spring",
        "form": "fu1",
        "version": "1",
        "unit": "320381",
        "period": "2024-02-02",
        "kind": "template",
    }
    properties = load_workbook(BytesIO(data)).custom_doc_props.props
    assert read_rows([(prop.name, prop.value) for prop in properties]) == expected
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    assert [sheet.visible for sheet in book.sheets_metadata] == [
        SheetVisibleEnum.Visible,
        SheetVisibleEnum.VeryHidden,
    ]
    assert read_rows(book.get_sheet_by_name(MARK_SHEET).to_python()) == expected


def test_a_mark_that_someone_spoilt_is_read_as_far_as_it_goes():
    rows = [[], ["chunfeng-form"], ["chunfeng-unit", " 320381 "], ["chunfeng-else", "1"], [None, 5], [3]]
    assert read_rows(rows) == {"form": "", "unit": "320381"}


def test_the_sign_off_of_the_last_report_is_filled_in_and_the_day_left_open(world):
    world.report(1, {1: 1}, prepared_by="=cmd")
    texts = [cell.value for row in world.template().iter_rows() for cell in row if cell.value]
    assert "填表人签章：=cmd" in texts
    assert "=1+1" in texts, "a note that looks like a formula stays text"


def test_the_same_template_is_the_same_file(world):
    world.report(1, {1: 1})
    made = {template_workbook(world.form, world.county, world.period) for _ in range(2)}
    assert len(made) == 1


def test_a_coordinator_takes_the_templates_of_all_below_in_a_folder_a_form(client):
    world = World("rows")
    make_form(world.campaign, "fu2", annex="附件2/甲")
    twin = make_place(world.campaign, "320382", parent=world.city, short="新沂市")
    closed = make_place(
        world.campaign, "320300-x", parent=world.city, closes=date(2024, 1, 1), after_close="stop"
    )
    make_place(world.campaign, "3204", level="prefecture")
    world.report(1, {1: 77})
    client.force_login(make_user("city", unit=world.city, role=Membership.Role.COORDINATOR))
    address = reverse("reports:templates-export", args=["spring", "2024-02-02", "3203"])
    answer = client.get(address)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "no-store"
    packed = ZipFile(BytesIO(answer.getvalue()))
    assert packed.testzip() is None
    assert packed.namelist() == [
        "附件1/附件1_新沂市_填报模板_第2期_截至2024-02-02.xlsx",
        "附件1/附件1_新沂市_填报模板_第2期_截至2024-02-02(2).xlsx",
        "附件2甲/附件2甲_新沂市_填报模板_第2期_截至2024-02-02.xlsx",
        "附件2甲/附件2甲_新沂市_填报模板_第2期_截至2024-02-02(2).xlsx",
    ]
    first, second, *_ = (packed.read(name) for name in packed.namelist())
    assert first == template_workbook(world.form, world.county, world.period)
    assert second == template_workbook(world.form, twin, world.period)
    assert closed.short not in "".join(packed.namelist())


def test_a_reporter_takes_templates_of_the_own_unit_alone(client):
    world = World("rows")
    world.city.reports = True
    world.city.save()
    client.force_login(make_user("own", unit=world.city))
    answer = client.get(reverse("reports:templates-export", args=["spring", "2024-02-02", "3203"]))
    assert ZipFile(BytesIO(answer.getvalue())).namelist() == [
        "附件1_徐州市_填报模板_第2期_截至2024-02-02.xlsx"
    ]


@pytest.mark.parametrize("name", ["template-export", "templates-export"])
def test_a_unit_that_files_nothing_has_no_template(client, name):
    world = World("rows")
    office = make_place(world.campaign, "office", reports=False)
    client.force_login(make_user("office", unit=office, role=Membership.Role.COORDINATOR))
    form = ["fu1"] if name == "template-export" else []
    answer = client.get(reverse(f"reports:{name}", args=["spring", *form, "2024-02-02", "office"]))
    assert answer.status_code == 404


def test_templates_of_many_units_take_no_more_queries_than_of_one():
    world = World("rows")
    user = make_user("city", unit=world.city, role=Membership.Role.COORDINATOR)
    taken = []
    for codes in (["a"], ["b", "c", "d", "e", "f", "g"]):
        places = make_places(world.campaign, codes, parent=world.city)
        make_submissions(world.form, places, period_of(world.campaign, 1), {1: 5})
        with CaptureQueriesContext(connection) as queries:
            pieces = list(template_archive(world.period, owed_below(user, world.period, world.city)))
        taken.append(len(queries))
    assert len(pieces) == 9  # eight units and the end
    assert taken[0] == taken[1]


def test_a_zip_is_handed_on_file_by_file():
    made = []

    def files():
        for number in range(3):
            made.append(number)
            yield f"{number}.xlsx", b"x" * 1000

    pieces = archive(files())
    assert len(next(pieces)) > 1000
    assert made == [0], "the second file is made when it is asked for"
    rest = b"".join(pieces)
    assert len(rest) > 2000


def test_the_command_writes_the_template(tmp_path):
    world = World("bands")
    target = tmp_path / "out.xlsx"
    options = {"unit": "320381", "period": "2024-02-02", "kind": "template", "out": str(target)}
    call_command("export_form", "spring", "fu1", **options)
    assert target.read_bytes() == template_workbook(world.form, world.county, world.period)
    with pytest.raises(CommandError, match="没有填报模板"):
        call_command("export_form", "spring", "fu1", **options | {"unit": "3203"})
