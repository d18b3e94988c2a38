"""manage.py export_form: which workbook it writes, and what it refuses."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return make_campaign("spring", title="某市春风行动")


@pytest.fixture
def form(campaign):
    return make_form(campaign, annex="附件1", title="工作情况统计表", line="hr", indicators=2)


@pytest.fixture
def city(campaign):
    return make_place(campaign, "3201", name="南京市局", short="南京市", line="hr", level="prefecture")


@pytest.fixture
def county(campaign, city):
    return make_place(campaign, "320102", parent=city, name="玄武区局", short="玄武区", line="hr")


def export(path, unit, **options):
    options = {"period": "2024-02-09", **options}
    call_command("export_form", "spring", "fu1", unit=unit, out=str(path), **options)
    return load_workbook(path)


def figures(sheet):
    return [
        row for row in sheet.iter_rows(values_only=True) if row[0] in ("总计", "市本级", "南京市", "玄武区")
    ]


def refusal(path, unit="320102", **options):
    with pytest.raises(CommandError) as refused:
        export(path, unit, **options)
    assert not path.exists()
    return str(refused.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "附件1.xlsx"


def test_it_writes_what_the_unit_itself_filed(campaign, form, city, county, path):
    make_submission(form, city, period_of(campaign, 3), {1: 7, 2: None})
    make_submission(form, county, period_of(campaign, 3), {1: 5, 2: 0})
    book = export(path, "3201")
    assert figures(book.worksheets[0]) == [("总计", 7, None), ("南京市", 7, None)]


def test_a_roll_up_holds_the_unit_with_all_below_it(campaign, form, city, county, path):
    make_submission(form, city, period_of(campaign, 3), {1: 7, 2: None})
    make_submission(form, county, period_of(campaign, 2), {1: 5, 2: 0})
    sheet = export(path, "3201", kind="roll-up").worksheets[0]
    assert figures(sheet) == [("总计", 12, 0), ("市本级", 7, None), ("玄武区", 5, 0)]
    notes = [row[0] for row in sheet.iter_rows(values_only=True)][-3:]
    assert notes == [
        "第3期（截至2024年2月9日）：应报2个单位，本期报送1个，沿用上期1个，未报送0个。",
        "沿用上期：玄武区（截至2月2日）。",
        "留空：第2列1个单位；留空不等于0，未计入总计。",
    ]


def test_basis_and_measure_choose_what_is_rolled_up(campaign, form, city, county, path):
    make_submission(form, county, period_of(campaign, 2), {1: 5})
    make_submission(form, county, period_of(campaign, 3), {1: 9}, status="submitted")
    received = export(path, "3201", kind="roll-up", basis="received", measure="increment").worksheets[0]
    assert figures(received)[0] == ("总计", 4, None)
    assert received["A2"].value == "（本期新增）"
    assert figures(export(path, "3201", kind="roll-up").worksheets[0])[0] == ("总计", 5, None)


def test_a_blank_form_needs_no_report(campaign, form, county, path):
    sheet = export(path, "320102", kind="blank").worksheets[0]
    assert [row[0] for row in sheet.iter_rows(values_only=True)][-3:] == [None, "……", "……"]


@pytest.mark.parametrize("kind", ["blank", "roll-up"])
@pytest.mark.parametrize("office", [{"line": "union"}, {"line": "hr", "reports": False}])
def test_a_form_that_nobody_there_owes_is_refused(campaign, form, path, kind, office):
    make_place(campaign, "office", name="市总工会", **office)
    assert refusal(path, "office", kind=kind) == (
        "市总工会及其所属单位都不填报附件1 工作情况统计表，请核对 --unit 和报表代码。"
    )


def test_a_city_that_files_nothing_itself_has_the_blank_form_of_those_below_it(campaign, form, path):
    city = make_place(campaign, "3201", name="南京市局", line="hr", level="prefecture", reports=False)
    make_place(campaign, "320102", parent=city, line="hr")
    assert export(path, "3201", kind="blank").worksheets


def test_a_unit_that_filed_nothing_is_refused_with_the_way_out(campaign, form, city, county, path):
    make_submission(form, county, period_of(campaign, 2), {1: 5})
    assert refusal(path) == (
        "玄武区局第3期（截至2月9日）没有填报附件1 工作情况统计表。"
        "要导出含所属单位的汇总，请用 --kind roll-up；要空表，请用 --kind blank。"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"kind": "all"}, "--kind 不能是“all”，应为 report、roll-up、blank、template 之一。"),
        ({"unit": "999"}, "代码为“999”的单位不在某市春风行动的单位名录中，请核对 --unit。"),
        ({"period": "2月9日"}, "“2月9日”不是日期，--period 应写成 2024-02-23 这样的形式。"),
        (
            {"period": "2024-02-10"},
            "某市春风行动没有截至 2024-02-10 的报告期，请核对 --period。各期截止日：2024-01-26、2024-02-02、2024-02-09。",
        ),
        (
            {"kind": "roll-up", "basis": "strict", "measure": "increment"},
            "“仅本期”口径不沿用以前的数据，不能计算本期新增，请改用其他口径或累计数。",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(campaign, form, county, path, options, sentence):
    assert refusal(path, **options) == sentence


def test_an_unknown_campaign_or_form_is_refused_with_those_that_exist(campaign, form, county, path):
    options = {"unit": "320102", "period": "2024-02-09", "out": str(path)}
    with pytest.raises(CommandError, match="没有代码为“x”的活动，请核对。已有的活动：spring。"):
        call_command("export_form", "x", "fu1", **options)
    with pytest.raises(CommandError, match="某市春风行动没有代码为“fu9”的报表，请核对。已有的报表：fu1。"):
        call_command("export_form", "spring", "fu9", **options)


def test_what_is_left_out_is_asked_for_in_a_sentence(campaign, form, county, path):
    with pytest.raises(CommandError, match="请用 --unit 写明单位代码"):
        call_command("export_form", "spring", "fu1", "--period", "2024-02-09", "--out", str(path))
    with pytest.raises(CommandError, match="请用 --period 写明报告期的截止日"):
        call_command("export_form", "spring", "fu1", "--unit", "320102", "--out", str(path))


def test_a_unit_of_another_campaign_is_refused(campaign, form, path):
    other = make_campaign("autumn", period_ends=[date(2024, 9, 6)], starts=date(2024, 9, 1))
    make_place(other, "320102")
    assert refusal(path).startswith("代码为“320102”的单位不在某市春风行动的单位名录中")


def test_a_folder_that_does_not_exist_is_refused(campaign, form, county, tmp_path):
    path = tmp_path / "无此目录" / "附件1.xlsx"
    assert refusal(path, kind="blank") == (
        f"文件 {path} 无法写入，请检查 --out 的文件夹是否存在、是否有写入权限。"
    )
