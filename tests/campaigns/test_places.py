"""Changes of a tree that runs: places are closed and opened, and it stays a tree that a definition can say."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.definition import meaning
from campaigns.definition.dump import current
from campaigns.definition.mistakes import Log
from campaigns.models import UnitPlace
from campaigns.places import (
    PlaceError,
    close_place,
    merge,
    move_unit,
    open_place,
    rename,
    reopen_place,
)
from tests.factories import make_campaign, make_form, make_place

pytestmark = pytest.mark.django_db

# Periods end on 26 January, 2 and 9 February.
FEB_1, FEB_3, FEB_5 = date(2024, 2, 1), date(2024, 2, 3), date(2024, 2, 5)


@pytest.fixture
def tree():
    """A province with two cities, A over A1 and A2, B over B1."""
    campaign = make_campaign()
    make_form(campaign)
    tree = {"campaign": campaign, "P": make_place(campaign, "P", level="province", reports=False)}
    for city, counties in (("A", ("A1", "A2")), ("B", ("B1",))):
        tree[city] = make_place(campaign, city, parent=tree["P"], level="prefecture")
        for code in counties:
            tree[code] = make_place(campaign, code, parent=tree[city])
    return tree


def registry(campaign):
    """The tree in registry order: code, parent's code, days and what becomes of its figures."""
    rows = campaign.places.select_related("unit", "parent__unit").order_by("position")
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert row.path == UnitPlace.path_below(row.parent, row.pk)
    log = Log()
    state = current(campaign)
    meaning.check(state.campaign, state.units, log)
    assert [str(mistake) for mistake in log.mistakes] == []
    return [
        (
            row.unit.code,
            row.parent.unit.code if row.parent else "",
            *(f"{day:%m-%d}" if day else "" for day in (row.opens, row.closes)),
            row.after_close,
        )
        for row in rows
    ]


UNCHANGED = [
    ("P", "", "", "", ""),
    ("A", "P", "", "", ""),
    ("A1", "A", "", "", ""),
    ("A2", "A", "", "", ""),
    ("B", "P", "", "", ""),
    ("B1", "B", "", "", ""),
]


@pytest.mark.parametrize("after_close", ["stop", "keep"])
def test_a_closed_place_keeps_its_row_and_says_what_becomes_of_its_figures(tree, after_close):
    close_place(tree["A2"], FEB_3, after_close)
    assert registry(tree["campaign"]) == [
        *UNCHANGED[:3],
        ("A2", "A", "", "02-03", after_close),
        *UNCHANGED[4:],
    ]


def test_a_place_may_close_on_its_first_day_and_on_the_last_of_the_campaign(tree):
    close_place(tree["A2"], date(2024, 1, 25), "stop")
    close_place(tree["A1"], date(2024, 2, 9), "keep")
    assert [row[3] for row in registry(tree["campaign"])] == ["", "", "02-09", "01-25", "", ""]


@pytest.mark.parametrize(
    ("code", "on", "after_close", "sentence"),
    [
        ("A2", FEB_3, "", "请选择停用后原有数据怎样处理"),
        ("A2", FEB_3, "later", "请选择停用后原有数据怎样处理"),
        ("A2", date(2024, 1, 24), "stop", "2024年1月25日至2024年2月9日之间，现为2024年1月24日"),
        ("A2", date(2024, 2, 10), "stop", "2024年1月25日至2024年2月9日之间，现为2024年2月10日"),
        ("P", FEB_3, "stop", "单位P是最上级单位，不能停用"),
        ("A", FEB_3, "keep", "单位A下面还有未停用的单位：单位A1、单位A2"),
    ],
)
def test_a_closing_that_makes_no_sense_is_refused(tree, code, on, after_close, sentence):
    with pytest.raises(PlaceError, match=sentence):
        close_place(tree[code], on, after_close)
    assert registry(tree["campaign"]) == UNCHANGED


def test_a_city_closes_once_nothing_below_it_outlasts_it(tree):
    close_place(tree["A1"], FEB_3, "keep")
    close_place(tree["A2"], FEB_5, "stop")
    with pytest.raises(PlaceError, match="单位A下面还有未停用的单位：单位A2。"):
        close_place(tree["A"], FEB_3, "keep")
    close_place(tree["A"], FEB_5, "keep")
    with pytest.raises(PlaceError, match="单位A已定于2024年2月5日停用，请先撤销停用。"):
        close_place(tree["A"], FEB_5, "stop")


def test_a_move_closes_one_place_and_opens_another_the_day_after(tree):
    moved = move_unit(tree["A2"], tree["B"], FEB_3)
    assert (moved.unit.code, moved.parent, moved.opens) == ("A2", tree["B"], FEB_3)
    assert registry(tree["campaign"]) == [
        *UNCHANGED[:3],
        ("A2", "A", "", "02-02", ""),
        *UNCHANGED[4:],
        ("A2", "B", "02-03", "", ""),
    ]


def test_a_city_takes_all_below_it_along(tree):
    other = make_place(tree["campaign"], "Q", parent=tree["P"], level="province", reports=False)
    close_place(tree["A1"], date(2024, 1, 30), "stop")
    move_unit(tree["A"], other, FEB_3)
    assert registry(tree["campaign"])[1:] == [
        ("A", "P", "", "02-02", ""),
        ("A1", "A", "", "01-30", "stop"),
        ("A2", "A", "", "02-02", ""),
        ("B", "P", "", "", ""),
        ("B1", "B", "", "", ""),
        ("Q", "P", "", "", ""),
        ("A", "Q", "02-03", "", ""),
        ("A2", "A", "02-03", "", ""),
    ]


def test_a_place_closed_with_its_figures_kept_goes_along_for_one_day(tree):
    other = make_place(tree["campaign"], "Q", parent=tree["P"], level="province", reports=False)
    close_place(tree["A1"], date(2024, 1, 30), "keep")
    move_unit(tree["A"], other, FEB_3)
    assert [row for row in registry(tree["campaign"]) if row[0] == "A1"] == [
        ("A1", "A", "", "01-30", "keep"),
        ("A1", "A", "02-03", "02-03", "keep"),
    ]


def test_whoever_was_kept_and_stands_elsewhere_since_is_left_alone(tree):
    other = make_place(tree["campaign"], "Q", parent=tree["P"], level="province", reports=False)
    close_place(tree["A1"], date(2024, 1, 28), "keep")
    make_place(tree["campaign"], "A1", parent=tree["B"], opens=date(2024, 1, 30))
    move_unit(tree["A"], other, FEB_3)
    assert [row for row in registry(tree["campaign"]) if row[0] == "A1"] == [
        ("A1", "A", "", "01-28", "keep"),
        ("A1", "B", "01-30", "", ""),
    ]


def test_whoever_was_kept_below_a_place_that_stopped_goes_to_the_next_place_up(tree):
    below = make_place(tree["campaign"], "A11", parent=tree["A1"])
    close_place(below, date(2024, 1, 28), "keep")
    close_place(tree["A1"], date(2024, 1, 28), "stop")
    moved = move_unit(tree["A"], make_place(tree["campaign"], "Q", parent=tree["P"], level="province"), FEB_3)
    assert tree["campaign"].places.get(unit__code="A11", opens=FEB_3).parent == moved
    registry(tree["campaign"])


def test_a_closing_that_is_planned_goes_along_with_what_becomes_of_the_figures(tree):
    close_place(tree["A2"], FEB_5, "keep")
    move_unit(tree["A2"], tree["B"], FEB_1)
    assert [row for row in registry(tree["campaign"]) if row[0] == "A2"] == [
        ("A2", "A", "", "01-31", ""),
        ("A2", "B", "02-01", "02-05", "keep"),
    ]


def test_of_two_places_that_count_a_unit_holds_the_later(tree):
    campaign = tree["campaign"]
    close_place(tree["A1"], date(2024, 1, 28), "keep")
    later = make_place(campaign, "A1", parent=tree["B"], opens=date(2024, 1, 30))
    later.closes, later.after_close = FEB_3, "keep"
    later.save()
    last = make_place(campaign, "A1", parent=tree["A"], opens=FEB_5)
    held = [UnitPlace.objects.held_in(period).get(unit__code="A1") for period in campaign.periods.all()]
    assert held == [tree["A1"], later, last]


def test_a_place_that_opens_later_hangs_below_the_new_place(tree):
    campaign = tree["campaign"]
    open_place(campaign, tree["A"], FEB_5, code="A3", name="甲三局", short="甲三", level="county")
    other = make_place(campaign, "Q", parent=tree["P"], level="province", reports=False)
    moved = move_unit(tree["A"], other, FEB_3)
    later = campaign.places.get(unit__code="A3")
    assert (later.parent, later.opens) == (moved, FEB_5)
    registry(campaign)


def test_a_second_move_starts_from_the_first(tree):
    moved = move_unit(tree["A2"], tree["B"], FEB_1)
    move_unit(moved, tree["A"], FEB_5)
    assert [row for row in registry(tree["campaign"]) if row[0] == "A2"] == [
        ("A2", "A", "", "01-31", ""),
        ("A2", "A", "02-05", "", ""),
        ("A2", "B", "02-01", "02-04", ""),
    ]
    with pytest.raises(PlaceError, match="应在2024年1月26日至2024年1月31日之间"):
        move_unit(tree["A2"], tree["B"], FEB_5)


@pytest.mark.parametrize(
    ("code", "parent", "on", "sentence"),
    [
        ("P", "A", FEB_3, "单位P是最上级单位"),
        ("A2", "A", FEB_3, "单位A2的上级已经是单位A"),
        ("A", "A2", FEB_3, "单位A2在单位A下面"),
        ("A2", "B", date(2024, 1, 25), "应在2024年1月26日至2024年2月9日之间"),
        ("A2", "B", date(2024, 2, 10), "应在2024年1月26日至2024年2月9日之间"),
        ("A", "B1", FEB_3, "单位B1的级别低于本单位"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(tree, code, parent, on, sentence):
    with pytest.raises(PlaceError, match=sentence):
        move_unit(tree[code], tree[parent], on)
    assert registry(tree["campaign"]) == UNCHANGED


def test_nobody_moves_below_a_place_that_closes_or_is_not_there_yet(tree):
    campaign = tree["campaign"]
    late = open_place(campaign, tree["P"], FEB_5, code="C", name="丙市局", short="丙市", level="prefecture")
    with pytest.raises(PlaceError, match="上级单位丙市局自2024年2月5日起才启用"):
        move_unit(tree["A2"], late, FEB_3)
    close_place(tree["B1"], FEB_3, "stop")
    close_place(tree["B"], FEB_3, "stop")
    with pytest.raises(PlaceError, match="上级单位单位B于2024年2月3日停用"):
        move_unit(tree["A2"], tree["B"], FEB_1)


def test_nobody_moves_into_another_line():
    campaign = make_campaign()
    office = make_place(campaign, "office", level="office", reports=False)
    hr = make_place(campaign, "hr", parent=office, level="prefecture", line="hr")
    union = make_place(campaign, "union", parent=office, level="prefecture", line="union")
    district = make_place(campaign, "102-hr", parent=hr, line="hr")
    with pytest.raises(PlaceError, match="单位union属于另一条线"):
        move_unit(district, union, FEB_3)
    with pytest.raises(PlaceError, match="单位union属于另一条线"):
        merge(district, union, FEB_3, "stop")
    move_unit(district, office, FEB_3)


def test_a_new_name_from_a_day_on_is_a_new_place_next_to_the_old_one(tree):
    new = rename(tree["A"], "甲市人社局", "甲市", on=FEB_3)
    assert registry(tree["campaign"]) == [
        ("P", "", "", "", ""),
        ("A", "P", "", "02-02", ""),
        ("A", "P", "02-03", "", ""),
        ("A1", "A", "", "02-02", ""),
        ("A1", "A", "02-03", "", ""),
        ("A2", "A", "", "02-02", ""),
        ("A2", "A", "02-03", "", ""),
        ("B", "P", "", "", ""),
        ("B1", "B", "", "", ""),
    ]
    tree["A"].refresh_from_db()
    assert (tree["A"].name, new.name, new.short) == ("单位A", "甲市人社局", "甲市")
    new.unit.refresh_from_db()
    assert new.unit.name == "甲市人社局"


def test_a_misprint_is_put_right_in_place(tree):
    rename(tree["A"], " 甲市人社局 ", "甲市", on=None)
    assert registry(tree["campaign"]) == UNCHANGED
    tree["A"].refresh_from_db()
    assert (tree["A"].name, tree["A"].short, tree["A"].unit.name) == ("甲市人社局", "甲市", "甲市人社局")


def test_a_misprint_is_put_right_at_every_place_that_bears_it(tree):
    first, moved = tree["A1"], move_unit(tree["A1"], tree["B"], FEB_3)
    named = rename(moved, "甲一局", "单位A1", on=FEB_5)
    rename(named, "甲一局", "甲一", on=None)
    shorts = tree["campaign"].places.filter(unit=first.unit).order_by("pk").values_list("name", "short")
    assert list(shorts) == [("单位A1", "甲一"), ("单位A1", "甲一"), ("甲一局", "甲一")]


def test_an_office_that_another_campaign_knows_keeps_its_name(tree):
    make_place(make_campaign("later"), "A", name="单位A")
    rename(tree["A"], "甲市人社局", "甲市", on=FEB_3)
    assert type(tree["A"].unit).objects.get(code="A").name == "单位A"


@pytest.mark.parametrize(
    ("name", "short", "sentence"),
    [
        ("单位A", "单位A", "名称和简称都没有变"),
        (" ", "甲", "名称不能为空"),
        ("甲" * 101, "甲", "名称：最多 100 个字"),
        ("甲市", "甲" * 41, "简称：最多 40 个字"),
        ("甲\u202e市", "甲", "名称：含有不可见的字符"),
    ],
)
def test_a_name_that_a_definition_could_not_hold_is_refused(tree, name, short, sentence):
    with pytest.raises(PlaceError, match=sentence):
        rename(tree["A"], name, short, on=None)


def test_merging_closes_the_one_and_leaves_the_other(tree):
    merge(tree["A2"], tree["A1"], FEB_3, "stop")
    assert registry(tree["campaign"])[3] == ("A2", "A", "", "02-03", "stop")


def test_nobody_carries_on_who_is_not_there_or_does_not_report(tree):
    campaign = tree["campaign"]
    with pytest.raises(PlaceError, match="请另选一个本次活动的单位"):
        merge(tree["A2"], tree["A2"], FEB_3, "stop")
    with pytest.raises(PlaceError, match="请另选一个本次活动的单位"):
        merge(tree["A2"], make_place(make_campaign("later"), "X"), FEB_3, "stop")
    with pytest.raises(PlaceError, match="单位P不填报本级数据"):
        merge(tree["A2"], tree["P"], FEB_3, "stop")
    close_place(tree["A1"], FEB_3, "keep")
    with pytest.raises(PlaceError, match="单位A1在2024年2月4日尚未启用或已经停用"):
        merge(tree["A2"], tree["A1"], FEB_3, "stop")
    merge(tree["A2"], tree["P"], FEB_3, "keep")
    assert registry(campaign)[2:4] == [("A1", "A", "", "02-03", "keep"), ("A2", "A", "", "02-03", "keep")]


def test_a_closing_is_taken_back_as_long_as_nothing_has_followed(tree):
    close_place(tree["A2"], FEB_3, "stop")
    reopen_place(tree["A2"])
    assert registry(tree["campaign"]) == UNCHANGED
    with pytest.raises(PlaceError, match="单位A2没有停用"):
        reopen_place(tree["A2"])
    move_unit(tree["A2"], tree["B"], FEB_3)
    with pytest.raises(PlaceError, match="单位A2此后已调整到新的位置"):
        reopen_place(tree["A2"])
    close_place(tree["A1"], date(2024, 1, 30), "keep")
    rename(tree["A"], "甲市人社局", "甲市", on=FEB_3)
    with pytest.raises(PlaceError, match="单位A1此后已调整到新的位置"):
        reopen_place(tree["A1"])


def test_a_closing_below_a_closed_place_is_not_taken_back(tree):
    close_place(tree["B1"], FEB_3, "stop")
    close_place(tree["B"], FEB_3, "stop")
    with pytest.raises(PlaceError, match="上级单位单位B的这个位置已停用"):
        reopen_place(tree["B1"])


def test_a_new_unit_stands_behind_all_others_below_its_parent(tree):
    campaign = tree["campaign"]
    place = open_place(
        campaign, tree["A"], FEB_3, code="A3", name="甲三局", short="甲三", level="county", reports=False
    )
    assert registry(campaign) == [
        *UNCHANGED[:4],
        ("A3", "A", "02-03", "", ""),
        *UNCHANGED[4:],
    ]
    assert (place.position, place.name, place.short, place.reports) == (5, "甲三局", "甲三", False)
    assert place.unit.name == "甲三局"


def test_a_unit_that_stopped_may_be_opened_again_but_not_one_whose_figures_are_kept(tree):
    campaign = tree["campaign"]
    again = {"name": "甲一局", "short": "甲一", "level": "county"}
    with pytest.raises(PlaceError, match="代码 A1（单位A1）在2024年2月5日或以后已有位置"):
        open_place(campaign, tree["B"], FEB_5, code="A1", **again)
    close_place(tree["A1"], FEB_3, "stop")
    with pytest.raises(PlaceError, match="代码 A1（单位A1）在2024年2月3日或以后已有位置"):
        open_place(campaign, tree["B"], FEB_3, code="A1", **again)
    open_place(campaign, tree["B"], FEB_5, code="A1", **again)
    close_place(tree["A2"], FEB_3, "keep")
    with pytest.raises(PlaceError, match="单位A2已停用，原有数据继续计入"):
        open_place(campaign, tree["B"], FEB_5, code="A2", **again)
    registry(campaign)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"code": "A 3"}, "代码：“A 3”无效"),
        ({"code": ""}, "代码不能为空"),
        ({"name": ""}, "名称不能为空"),
        ({"level": "village"}, "请选择单位的级别"),
        ({"level": "province"}, "单位A的级别低于本单位"),
    ],
)
def test_a_new_unit_that_a_definition_could_not_hold_is_refused(tree, fields, sentence):
    asked = {"code": "A3", "name": "甲三局", "short": "甲三", "level": "county"} | fields
    with pytest.raises(PlaceError, match=sentence):
        open_place(tree["campaign"], tree["A"], FEB_3, **asked)
    with pytest.raises(PlaceError, match="启用日期应在2024年1月25日至2024年2月9日之间"):
        open_place(
            tree["campaign"],
            tree["A"],
            date(2024, 2, 10),
            **(asked | {"code": "A3", "name": "甲", "level": "county"}),
        )
    assert registry(tree["campaign"]) == UNCHANGED


def test_the_tree_never_grows_deeper_than_its_paths_can_say(tree):
    place = tree["B1"]
    for depth in range(4, 21):
        place = make_place(tree["campaign"], f"D{depth}", parent=place)
    with pytest.raises(PlaceError, match="超过 20 层"):
        open_place(tree["campaign"], place, FEB_3, code="X", name="某局", short="某", level="county")
    with pytest.raises(PlaceError, match="超过 20 层"):
        move_unit(tree["A2"], place, FEB_3)


def test_moving_a_city_takes_the_same_queries_however_many_are_below_it(tree):
    other = make_place(tree["campaign"], "Q", parent=tree["P"], level="province", reports=False)

    def queries(on, place, parent):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            moved = move_unit(place, parent, on)
        return len(captured), moved

    few, moved = queries(FEB_1, tree["A"], other)
    for number in range(3, 40):
        open_place(tree["campaign"], moved, FEB_1, code=f"A{number}", name="某局", short="某", level="county")
    many, _ = queries(FEB_5, moved, tree["P"])
    assert many == few
