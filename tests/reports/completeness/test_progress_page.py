"""The pages of 报送情况: groups, signs, filters, scope and the export."""

import csv
import io
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook

from campaigns.models import UnitPlace
from campaigns.places import move_unit, rename
from chunfeng.accounts.models import Membership
from reports.completeness import heat_map
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_places,
    make_submission,
    make_submissions,
    make_user,
)

pytestmark = pytest.mark.django_db

FRIDAYS = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(3)]
PAGE = "/c/spring/progress/"


@pytest.fixture
def world(client):
    """A province with two cities; 泉山 has reported twice, once late; 云龙 was returned; 玄武 did nothing."""
    campaign = make_campaign(period_ends=FRIDAYS)
    form = make_form(campaign, annex="附件1")
    top = make_place(campaign, "32", level="province", reports=False, name="江苏省")
    cities = [
        make_place(campaign, code, parent=top, level="prefecture", name=name)
        for code, name in (("3201", "南京市"), ("3203", "徐州市"))
    ]
    counties = {
        name: make_place(campaign, code, parent=city, name=name)
        for code, name, city in (
            ("320102", "玄武区", cities[0]),
            ("320303", "云龙区", cities[1]),
            ("320311", "泉山区", cities[1]),
        )
    }
    first, second, _ = campaign.periods.all()
    clerk = make_user("clerk", name="周填报", unit=counties["泉山区"], phone="000-1")
    sent = {"submitted_by": clerk}
    make_submission(form, counties["泉山区"], first, {1: 1}, **sent)
    make_submission(
        form,
        counties["泉山区"],
        second,
        {1: 1},
        first_submitted_at=second.due_at + timedelta(hours=3),
        submitted_at=second.due_at + timedelta(hours=3),
        **sent,
    )
    returned = make_submission(form, counties["云龙区"], first, {1: 1}, status="returned")
    coordinator = Membership.Role.COORDINATOR
    people = {
        "province": make_user("province", unit=top, role=coordinator),
        "city": make_user("city", unit=cities[1], role=coordinator),
        "viewer": make_user("viewer", unit=cities[1], role=Membership.Role.VIEWER),
        "clerk": clerk,
    }
    client.force_login(people["province"])
    return {"campaign": campaign, "form": form, "people": people, "returned": returned, "top": top}


def rows(response):
    """Name of each row drawn with its signs, by the map that the page was drawn from."""
    drawn = []
    for group in response.context["map"].groups:
        for row in [group.head] * bool(group.head) + list(group.rows):
            drawn.append((row.place.short, [cell.sign for cell in row.cells]))
    return drawn


def test_units_stand_in_groups_of_their_city_and_a_group_shows_the_worst_with_its_number(client, world):
    assert rows(client.get(PAGE)) == [
        ("南京市", ["未2", "未2", "未2"]),
        ("南京市", ["未", "未", "未"]),
        ("玄武区", ["未", "未", "未"]),
        ("徐州市", ["退1", "未2", "未3"]),
        ("徐州市", ["未", "未", "未"]),
        ("云龙区", ["退", "未", "未"]),
        ("泉山区", ["✓", "迟", "未"]),
    ]


def test_a_cell_says_who_and_when_and_opens_its_report(client, world):
    text = client.get(PAGE).text
    assert "泉山区 第2期：已通过（迟报，2月2日 20:30 周填报上报）" in text
    assert f'<a href="/submissions/{world["returned"].pk}/" aria-label="云龙区 第1期：被退回' in text


def test_totals_of_columns_and_rows(client, world):
    shown = client.get(PAGE).context["map"]
    assert [(column.total.expected, column.total.received) for column in shown.columns] == [
        (5, 1),
        (5, 1),
        (5, 0),
    ]
    # Of 15 one came on time: 6 %.
    assert (shown.total.expected, shown.total.on_time, shown.total.late) == (15, 1, 1)
    assert "<td>20%</td>" in client.get(PAGE).text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?unit=3203", ["徐州市", "云龙区", "泉山区"]),
        ("?q=yl", ["徐州市", "云龙区"]),
        ("?level=prefecture", ["南京市", "徐州市"]),
        ("?q=nothing", []),
    ],
)
def test_filters(client, world, query, names):
    response = client.get(f"{PAGE}{query}")
    assert [name for name, _ in rows(response)] == names
    assert ("没有符合条件的填报单位" in response.text) == (not names)


@pytest.mark.parametrize("query", ["?unit=9999", "?level=moon", "?form=none", "?until=never", "?unit=%00"])
def test_what_does_not_exist_is_not_found(client, world, query):
    assert client.get(f"{PAGE}{query}").status_code == 404


def test_a_city_sees_its_own_units_alone_and_a_viewer_gets_no_column_menu(client, world):
    client.force_login(world["people"]["viewer"])
    response = client.get(PAGE)
    assert [name for name, _ in rows(response)] == ["徐州市", "云龙区", "泉山区"]
    assert "设为免报" not in response.text
    client.force_login(world["people"]["clerk"])
    assert client.get(PAGE).status_code == 403


def test_many_units_come_folded_and_a_group_unfolds_when_asked(client, world, monkeypatch):
    monkeypatch.setattr(heat_map, "ALL_OPEN", 3)
    assert [name for name, _ in rows(client.get(PAGE))] == ["南京市", "徐州市"]
    assert [name for name, _ in rows(client.get(f"{PAGE}?open=3201"))] == [
        "南京市",
        "南京市",
        "玄武区",
        "徐州市",
    ]
    assert len(rows(client.get(f"{PAGE}?open=all"))) == 7


def test_more_periods_than_fit_are_paged_from_the_latest_opened(client):
    ends = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(20)]
    campaign = make_campaign("long", period_ends=ends)
    make_form(campaign)
    place = make_place(campaign, "x")
    client.force_login(make_user("chief", unit=place, role=Membership.Role.COORDINATOR))

    def numbers(query=""):
        shown = client.get(f"/c/long/progress/{query}").context["map"]
        return [column.period.number for column in shown.columns], shown.earlier, shown.later

    listed, earlier, later = numbers()
    assert (listed, earlier.number, later) == (list(range(5, 21)), 4, None)
    listed, earlier, later = numbers(f"?until={earlier.ends_on}")
    assert (listed, earlier, later.number) == ([1, 2, 3, 4], None, 20)


def test_the_page_of_a_unit_names_whom_to_call_and_its_history(client, world):
    text = client.get(f"{PAGE}320311/").text
    assert "周填报" in text
    assert "000-1" in text
    assert "已通过（迟报，2月2日 20:30 周填报上报）" in text
    assert "还没有填报员账号" in client.get(f"{PAGE}320303/").text
    client.force_login(world["people"]["city"])
    assert client.get(f"{PAGE}320102/").status_code == 404


def test_the_assessment_has_a_row_a_unit_and_a_row_a_report(client, world):
    response = client.get(f"{PAGE}export/?unit=3203")
    workbook = load_workbook(io.BytesIO(response.content))
    units = [[cell.value for cell in row] for row in workbook["考核汇总"].iter_rows(min_row=3)]
    # expected, received, on time, late, unknown, missing, exempt, completeness, timeliness, returned, streaks
    assert units[2] == [
        *["320311", "泉山区", "县（市、区）", "徐州市"],
        *[3, 2, 1, 1, 0, 1, 0, pytest.approx(2 / 3), pytest.approx(1 / 3), 0, 2, 2],
    ]
    records = [[cell.value for cell in row] for row in workbook["报送明细"].iter_rows(min_row=3)]
    assert len(records) == 9
    assert records[7][6:] == ["已通过", records[7][7], "迟报", 3]
    assert str(records[7][7]) == "2024-02-02 20:30:00"


def test_the_records_come_as_csv_and_no_name_is_a_formula(client, world):
    place = world["campaign"].places.get(name="云龙区")
    place.name = "=1+1"
    place.save()
    response = client.get(f"{PAGE}export/?format=csv")
    listed = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(listed) == 16
    assert "'=1+1" in {row[1] for row in listed}
    workbook = load_workbook(io.BytesIO(client.get(f"{PAGE}export/").content))
    assert {cell.data_type for row in workbook["考核汇总"].iter_rows(max_col=4) for cell in row} <= {"s", "n"}


def test_six_hundred_units_over_twelve_periods_ask_no_more_queries_than_six(
    client, world, django_assert_max_num_queries
):
    ends = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(12)]
    campaign = make_campaign("big", period_ends=ends)
    form = make_form(campaign)
    top = make_place(campaign, "big-top", reports=False)
    places = make_places(campaign, [f"u{number:03d}" for number in range(600)], parent=top)
    for period in list(campaign.periods.all())[:2]:
        make_submissions(form, places, period, {1: 1})
    client.force_login(make_user("big-chief", unit=top, role=Membership.Role.COORDINATOR))
    with django_assert_max_num_queries(40):
        response = client.get("/c/big/progress/")
    assert response.context["map"].units == 600


def test_a_unit_of_another_name_stands_in_one_row_everywhere(client, world):
    county = UnitPlace.objects.get(unit__code="320311")
    rename(county, "泉山新区", "泉山新区", on=FRIDAYS[1])
    rename(UnitPlace.objects.get(unit__code="3203"), "彭城市", "彭城市", on=FRIDAYS[2])
    page = client.get(PAGE)
    shown = page.context["map"]
    assert [group.head.place.short for group in shown.groups] == ["南京市", "彭城市"]
    assert shown.units == 5
    [row] = [row for row in shown.groups[1].rows if row.place.unit == county.unit]
    assert (row.place.short, row.due.expected, row.due.late, row.streak) == ("泉山新区", 3, 1, 2)
    assert [cell.sign for cell in row.cells] == ["✓", "迟", "未"]
    assert [city.short for city in page.context["chosen"].cities] == ["南京市", "彭城市"]
    below = client.get(PAGE, {"unit": "3203"}).context["map"]
    assert below.units == 3
    book = load_workbook(io.BytesIO(client.get(f"{PAGE}export/").content))
    names = [row[1].value for row in book["考核汇总"].iter_rows(min_row=3) if row[0].value == "320311"]
    assert names == ["泉山新区"]
    assert client.get(f"{PAGE}320311/").context["place"].short == "泉山新区"
    card = client.get("/c/spring/units/320311/card/").context["card"]
    assert (card.place.short, card.record.due.expected, card.streak) == ("泉山新区", 3, 2)


def test_a_unit_that_moved_keeps_its_streak_where_it_is_now(client, world):
    county = UnitPlace.objects.get(unit__code="320311")
    move_unit(county, UnitPlace.objects.get(unit__code="3201"), FRIDAYS[2])
    nanjing, xuzhou = client.get(PAGE).context["map"].groups
    [here] = [row for row in nanjing.rows if row.place.unit == county.unit]
    [left] = [row for row in xuzhou.rows if row.place.unit == county.unit]
    assert (here.streak, here.due.expected) == (2, 1)
    assert (left.streak, left.due.expected) == (None, 2)
