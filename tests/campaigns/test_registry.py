"""Places in bulk: checked like units.csv, corrected without moving a total."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import registry
from campaigns.definition import dump
from campaigns.models import Campaign, ReportingUnit, UnitPlace
from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    campaign = make_campaign()
    root = make_place(campaign, "320000", level="province", reports=False, name="江苏省")
    make_place(campaign, "320300", parent=root, level="prefecture", name="徐州市")
    return campaign


def row(code="320381", name="新沂市人社局", level="县（市、区）", parent="320300", reports="是", **more):
    return {"代码": code, "名称": name, "级别": level, "上级代码": parent, "填报": reports, **more}


def take_in(campaign, *rows, **more):
    return registry.carry_out(registry.plan(campaign, rows, **more))


def complaints(campaign, *rows, **more):
    return registry.plan(campaign, rows, **more).mistakes


def test_a_new_code_makes_office_and_place_below_its_parent(campaign):
    [place] = take_in(campaign, row(简称="新沂市", 条线="hr"))
    place.refresh_from_db()
    city = campaign.places.get(unit__code="320300")
    assert (place.unit.code, place.unit.name, place.short) == ("320381", "新沂市人社局", "新沂市")
    assert (place.level, place.line, place.reports) == ("county", "hr", True)
    assert place.parent == city
    assert place.path == f"{city.path}{place.pk:09d}/"
    assert place.position == 3
    assert list(UnitPlace.objects.filter(path__startswith=city.path)) == [city, place]


def test_children_may_stand_before_their_parents_in_the_table(campaign):
    county, city = take_in(
        campaign,
        row("320581", parent="320500"),
        row("320500", name="苏州市", level="市", parent="320000", reports="否"),
    )
    assert county.path.startswith(city.path)
    assert county.parent == city


def test_the_words_of_units_csv_do_as_well(campaign):
    [place] = take_in(campaign, row(level="county", reports="1", 启用="2024-02-01"))
    assert (place.level, place.reports, place.opens) == ("county", True, date(2024, 2, 1))


def test_what_was_taken_in_dumps_as_a_definition(campaign):
    take_in(campaign, row())
    [_, _, unit] = dump(campaign)["units"]
    assert unit == {
        "code": "320381",
        "name": "新沂市人社局",
        "level": "county",
        "parent": "320300",
        "reports": "1",
    }


def test_a_known_place_is_corrected_and_empty_cells_keep_what_is_stored(campaign):
    make_place(campaign, "320381", parent=campaign.places.get(unit__code="320300"), name="旧名", line="hr")
    [place] = take_in(campaign, {"代码": "320381", "名称": "新名"})
    place.refresh_from_db()
    assert (place.name, place.short, place.line, place.reports) == ("新名", "旧名", "hr", True)
    assert campaign.places.count() == 3


def test_a_unit_that_opened_later_is_meant_by_its_code_alone(campaign):
    city = campaign.places.get(unit__code="320300")
    make_place(campaign, "320381", parent=city, opens=date(2024, 2, 1), name="旧名")
    [place] = take_in(campaign, row(name="新名"))
    assert (place.name, place.opens) == ("新名", date(2024, 2, 1))
    assert campaign.places.count() == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"parent": "320000"}, "“上级代码”与登记的不同"),
        ({"停用": "2024-02-01", "停用后": "停止计入"}, "“停用”与登记的不同"),
    ],
)
def test_moves_and_closings_are_not_made_here(campaign, change, sentence):
    make_place(campaign, "320381", parent=campaign.places.get(unit__code="320300"))
    [[found, *_]] = complaints(campaign, row(**change)).values()
    assert sentence in found
    assert "请在活动页面办理" in found


def test_a_unit_has_no_second_place_from_here(campaign):
    city = campaign.places.get(unit__code="320300")
    make_place(campaign, "320381", parent=city, closes=date(2024, 1, 29), after_close="stop")
    [[found]] = complaints(campaign, row(启用="2024-01-30")).values()
    assert "单位 320381 在本活动已有位置；要另设位置，请在活动页面办理新设" in found


def test_the_place_that_is_meant_is_corrected_although_there_is_a_later_one(campaign):
    city = campaign.places.get(unit__code="320300")
    first = make_place(campaign, "320381", parent=city, name="误名", line="hr", closes=date(2024, 1, 31))
    later = make_place(campaign, "320381", parent=city, name="今名", opens=date(2024, 2, 1))
    planned = registry.plan(
        campaign, [{"代码": "320381", "名称": "原名", "简称": "原", "条线": ""}], meant=[first]
    )
    assert registry.carry_out(planned) == [first]
    for place in (first, later):
        place.refresh_from_db()
    assert (first.name, first.short, first.line, later.name) == ("原名", "原", "", "今名")


def test_an_office_follows_the_correction_of_its_latest_place(campaign):
    make_place(campaign, "320381", parent=campaign.places.get(unit__code="320300"), name="误名")
    [place] = take_in(campaign, row(name="新沂市人社局"))
    assert ReportingUnit.objects.get(code="320381").name == place.name == "新沂市人社局"


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        ({"reports": "否"}, "reports", False),
        ({"level": "市"}, "level", "prefecture"),
        ({"条线": "hr"}, "line", "hr"),
    ],
)
def test_what_would_move_a_total_is_fixed_once_the_unit_has_reported(campaign, change, column, value):
    place = make_place(campaign, "320381", parent=campaign.places.get(unit__code="320300"))
    stored = getattr(place, column)
    assert getattr(take_in(campaign, row(**change))[0], column) == value
    UnitPlace.objects.filter(pk=place.pk, **{column: value}).update(**{column: stored})
    make_submission(make_form(campaign), place, period_of(campaign, 1), {1: 5})
    [[found]] = complaints(campaign, row(**change)).values()
    assert "已有填报数据" in found
    assert not complaints(campaign, row(name="更正的名称"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": ""}, "“代码”：不能为空"),
        ({"code": "32 01"}, "不能有空格"),
        ({"name": "江" * 101}, "最多 100 个字"),
        ({"level": "乡"}, "可以写的有：办公室、国家、省、市、县（市、区）"),
        ({"parent": "999"}, "没有代码为 999 的单位"),
        ({"parent": ""}, "“上级代码”：请填写"),
        ({"reports": "也许"}, "应写 1（填报）或 0（不填报）"),
        ({"启用": "2024-02-30"}, "没有“2024-02-30”这一天"),
        ({"启用": "2024-02-05", "停用": "2024-02-01"}, "早于启用日"),
        ({"停用": "2024-02-05"}, "请写明停用后原有数据怎样处理"),
        ({"level": "省"}, "级别低于本单位"),
    ],
)
def test_a_mistake_is_named_in_the_words_of_the_page(campaign, change, sentence):
    found = "".join(complaints(campaign, row("320382"), row(**change))[1])
    assert sentence in found
    for written in ("level", "parent", "opens", "closes", "stop", "keep", "county", "prefecture"):
        assert written not in found


def test_two_rows_for_one_unit_are_refused(campaign):
    assert "有两行" in complaints(campaign, row(), row(name="又一个"))[1][0]


def test_one_mistake_and_nothing_is_stored(campaign):
    with pytest.raises(registry.RegistryError, match="第 2 项"):
        take_in(campaign, row(), row("320382", parent="999"))
    assert not ReportingUnit.objects.filter(code="320381").exists()


def test_whoever_leads_one_campaign_takes_no_office_from_another(campaign):
    make_place(make_campaign("other"), "510100")
    mine = Campaign.objects.filter(pk=campaign.pk)
    assert "已是其他活动的单位" in complaints(campaign, row("510100"), within=mine)[0][0]
    assert not complaints(campaign, row("510100"))
    assert not complaints(campaign, row("new"), within=mine)


def test_checking_asks_as_many_queries_for_two_rows_as_for_two_hundred(campaign):
    def asked(count):
        with CaptureQueriesContext(connection) as captured:
            assert not complaints(campaign, *(row(f"u{number}") for number in range(count)))
        return len(captured)

    assert asked(200) == asked(2)


def test_an_office_is_unused_until_anything_hangs_on_it(campaign):
    office = ReportingUnit.objects.create(code="x", name="某单位")
    office.name = "更名"
    office.save()
    assert registry.is_unused(office)
    make_place(campaign, "x", parent=campaign.places.get(unit__code="320300"))
    assert not registry.is_unused(office)
