"""概览: every figure on it is the roll-up's; targets against time; the weekly floor; who may open it is in docs/access."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from campaigns.models import Exemption, Target, TextDuty
from campaigns.places import rename
from chunfeng.accounts.models import Membership
from reports.completeness.targets import Verdict, attainment, below_least, judge, read_floor
from reports.models import Submission
from reports.overview import key_columns, read_board, tile_grid
from reports.rollup import roll_up
from tests.factories import make_campaign, make_form, make_place, make_submission, make_text, make_user

pytestmark = pytest.mark.django_db

FRIDAY = date(2024, 1, 26)
ENDS = [FRIDAY + timedelta(weeks=week) for week in range(4)]


@pytest.fixture
def world():
    """Jiangsu in small: Nanjing with two counties, Xuzhou with one; 场次 with a floor of 3, 岗位 with a target of 1,000.

    The first period has two days. Figures of 场次 by period: 江宁 1, 5, –, 12; 六合 0, 2, 6, 8; 沛县 2, 5, 8, nothing.
    """
    campaign = make_campaign(period_ends=ENDS, starts=date(2024, 1, 25))
    columns = [
        {"label": "招聘活动", "unit_of_measure": "场次"},
        {"label": "岗位", "unit_of_measure": "个"},
        {"label": "意向", "unit_of_measure": "人"},
        {"label": "补贴", "unit_of_measure": "万元", "decimals": 2},
        {"label": "其中：女性", "unit_of_measure": "人", "of": 3},
    ]
    form = make_form(campaign, indicators=columns, annex="附件1")
    province = make_place(campaign, "320000", level="province", reports=False, name="江苏省")
    nanjing = make_place(
        campaign, "320100", parent=province, level="prefecture", reports=False, name="南京市"
    )
    xuzhou = make_place(campaign, "320300", parent=province, level="prefecture", reports=False, name="徐州市")
    places = {
        "江宁": make_place(campaign, "320115", parent=nanjing, name="江宁"),
        "六合": make_place(campaign, "320116", parent=nanjing, name="六合"),
        "沛县": make_place(campaign, "320322", parent=xuzhou, name="沛县"),
    }
    periods = list(campaign.periods.all())
    events = {"江宁": (1, 5, None, 12), "六合": (0, 2, 6, 8), "沛县": (2, 5, 8, None)}
    for name, of_unit in events.items():
        for period, number in zip(periods, of_unit, strict=True):
            if number is not None:
                figures = {1: number, 2: 100 * number, 3: 10, 4: "1.50", 5: 4}
                make_submission(form, places[name], period, figures)
    by_number = {column.number: column for column in form.columns}
    floor = Target.objects.create(
        campaign=campaign, position=1, indicator=by_number[1], at_least=3, over="week", each="county"
    )
    total = Target.objects.create(
        campaign=campaign,
        position=2,
        indicator=by_number[2],
        at_least=1000,
        over="campaign",
        say="全省1000个",
    )
    return SimpleNamespace(
        campaign=campaign,
        form=form,
        province=province,
        nanjing=nanjing,
        places=places,
        periods=periods,
        floor=floor,
        total=total,
    )


def test_a_target_is_compared_with_the_time_that_has_passed(world):
    # 25 January to 16 February: 23 days, all of them by the last; 9 of 23 days by 2 February.
    found = attainment(world.total, Decimal(620), world.campaign, date(2024, 2, 2))
    assert (found.progress, found.elapsed, found.is_behind) == (62, 39, False)
    assert found.forecast == 1584  # 620 × 23 ÷ 9
    assert attainment(world.total, None, world.campaign, date(2024, 2, 2)).progress is None
    late = attainment(world.total, Decimal(620), world.campaign, date(2024, 2, 16))
    assert (late.elapsed, late.is_behind, late.forecast) == (100, True, 620)


def test_time_runs_from_the_day_from_which_figures_count(world):
    # Counted from 5 January: 29 of 43 days by 2 February, though the campaign began on the 25th.
    world.campaign.counts_from = date(2024, 1, 5)
    found = attainment(world.total, Decimal(620), world.campaign, date(2024, 2, 2))
    assert found.elapsed == 67
    assert found.forecast == 919  # 620 × 43 ÷ 29


def test_a_target_that_is_all_but_reached_is_not_said_to_be(world):
    almost = attainment(world.total, Decimal(998), world.campaign, date(2024, 2, 16))
    assert (almost.progress, almost.is_reached, almost.is_behind) == (99, False, True)
    assert attainment(world.total, Decimal(1000), world.campaign, date(2024, 2, 16)).progress == 100


def test_the_line_of_time_in_the_chart_is_the_time_on_the_card(world, client):
    client.force_login(make_user("viewer", unit=world.province, role=Membership.Role.VIEWER))
    parts = [world.campaign.code, "fu1", world.periods[3].ends_on.isoformat(), "320000"]
    world.floor.delete()
    chart = client.get(reverse("reports:board", args=parts)).context["chart"]
    # 2, 9, 16 and 23 of 23 days of a target of 1,000.
    assert [round(value) for value in chart["time"]] == [87, 391, 696, 1000]


def test_a_part_week_is_not_judged_and_a_carried_unit_by_as_many_floors_as_weeks(world):
    first, second, third, fourth = (read_floor(world.floor, one, world.province) for one in world.periods)
    assert {one.verdict for one in first} == {Verdict.PART}
    said = [
        [(one.place.short, one.verdict, one.weeks, one.missing) for one in standings]
        for standings in (second, third, fourth)
    ]
    assert said == [
        [("江宁", "met", 1, 0), ("六合", "short", 1, 1), ("沛县", "met", 1, 0)],
        [("江宁", "none", 1, 3), ("六合", "met", 1, 0), ("沛县", "met", 1, 0)],
        # 江宁: 12 − 5 over two weeks.
        [("江宁", "met", 2, 0), ("六合", "short", 1, 1), ("沛县", "none", 1, 3)],
    ]


def test_a_report_that_leaves_the_cell_blank_is_made_up_for_by_the_next(world):
    place = world.places["江宁"]
    make_submission(world.form, place, world.periods[2], {1: None, 2: 500})
    third, fourth = (read_floor(world.floor, one, world.province)[0] for one in world.periods[2:])
    assert (third.verdict, third.increment) == ("none", None)
    # 12 − 5 over two weeks, as if nothing had been sent in between.
    assert (fourth.verdict, fourth.weeks, fourth.needed, fourth.increment) == ("met", 2, 6, 7)


def test_a_unit_is_not_judged_in_a_period_from_which_it_is_exempted(world):
    third = world.periods[2]
    letting_off = {"period": third, "reason": "春节", "granted_by": "省厅"}
    Exemption.objects.create(unit=world.places["江宁"].unit, **letting_off)
    judged = [one.place.short for one in read_floor(world.floor, third, world.province)]
    assert judged == ["六合", "沛县"]
    Exemption.objects.create(unit=None, **letting_off)
    assert read_floor(world.floor, third, world.province) == []
    assert len(read_floor(world.floor, world.periods[3], world.province)) == 3


def test_what_is_short_is_said_from_wednesday_on(world):
    place, period = world.places["六合"], world.periods[1]
    reports = [(ENDS[0], Decimal(0)), (ENDS[1], Decimal(2))]

    def verdict(today):
        return judge(place, reports, period, world.periods, Decimal(3), today).verdict

    assert [verdict(ENDS[1] - timedelta(days=days)) for days in (3, 2, 0)] == ["open", "short", "short"]


def test_a_figure_of_the_week_alone_is_judged_by_that_week(world):
    place, period = world.places["六合"], world.periods[2]
    reports = [(ENDS[0], Decimal(3)), (ENDS[2], Decimal(3))]

    def standing(**more):
        return judge(place, reports, period, world.periods, Decimal(3), ENDS[2], **more)

    assert (standing(is_flow=True).increment, standing(is_flow=True).weeks) == (3, 1)
    assert (standing().increment, standing().weeks) == (0, 2)


def test_another_name_forgives_no_week_that_was_not_reported(world):
    Submission.objects.filter(unit=world.places["六合"].unit, period__in=world.periods[:2]).delete()
    rename(world.places["六合"], "六合新区", "六合", on=world.periods[2].starts_on)
    found = {one.place.short: one for one in read_floor(world.floor, world.periods[2], world.province)}
    assert found["六合"].weeks == 2
    assert found["六合"].increment == 6


def test_places_with_too_few_highlights_are_told_with_what_they_have(world):
    counts = {world.nanjing: 2, world.province: 3}
    assert below_least(counts, 3, counts.get) == [(world.nanjing, 2)]


def test_every_figure_of_the_board_is_the_roll_up_of_the_same_question(world, client):
    viewer = make_user("viewer", unit=world.province, role=Membership.Role.VIEWER)
    client.force_login(viewer)
    for place in (world.province, world.nanjing):
        for period in world.periods:
            parts = [world.campaign.code, "fu1", period.ends_on.isoformat(), place.unit.code]
            board = client.get(reverse("reports:board", args=parts)).context["board"]
            now = roll_up(world.form, period, place.unit, measure="increment")
            assert {card.indicator.number: card.total for card in board.cards} == {
                number: now.cumulative[number] for number in (1, 2, 3, 4)
            }
            assert {card.indicator.number: card.increment for card in board.cards} == {
                number: now.total[number] for number in (1, 2, 3, 4)
            }
            assert board.coverage == now.coverage
            for point in board.trend.points:
                then = roll_up(world.form, point.period, place.unit, measure="increment")
                number = board.trend.indicator.number
                assert (point.total, point.increment) == (then.cumulative[number], then.total[number])
            assert {tile.row.unit: tile.row.coverage for tile in board.tiles} == {
                row.unit: row.coverage for row in now.rows if row.unit in tile_grid() and not row.own
            }


def test_the_ranking_goes_by_what_a_county_does_and_not_by_size(world):
    board = read_board(world.form, world.periods[1], world.province, world.periods[1].due_at)
    # Nanjing: (5 − 1) + (2 − 0) = 6 over two counties; Xuzhou: 5 − 2 = 3 over one.
    assert [(one.row.name, one.value, one.note, one.is_low) for one in board.ranking.rows] == [
        ("南京市", "3.0", "1 个不足", False),
        ("徐州市", "3.0", "全部达标", False),
    ]


def test_the_ranking_spreads_what_covers_several_weeks_over_them(world):
    board = read_board(world.form, world.periods[3], world.province, world.periods[3].due_at)
    # Nanjing: 12 − 5 over two weeks and 8 − 6 over one: 9 in three county-weeks. Xuzhou has not reported.
    assert [(one.row.name, one.value, one.note) for one in board.ranking.rows] == [
        ("南京市", "3.0", "1 个不足"),
        ("徐州市", "0.0", "1 个不足"),
    ]


def test_cards_are_targets_first_then_persons_then_money(world):
    numbers = [one.number for one in key_columns(world.form, [world.floor, world.total])]
    assert numbers == [1, 2, 3, 4]
    assert [one.number for one in key_columns(world.form, [])] == [3, 4, 1, 2]


def test_a_target_of_the_whole_campaign_stands_on_the_root_alone(world):
    due = world.periods[1].due_at
    of_root = read_board(world.form, world.periods[1], world.province, due).cards[1]
    of_city = read_board(world.form, world.periods[1], world.nanjing, due).cards[1]
    assert of_root.attainment.progress == 120  # 500 + 200 + 500 of 1,000
    assert (of_root.is_aimed_above, of_city.is_aimed_above) == (False, True)
    assert of_city.attainment is None


def test_the_board_shows_the_latest_highlights_of_its_units(world, client):
    client.force_login(make_user("viewer", unit=world.province, role=Membership.Role.VIEWER))
    parts = [world.campaign.code, "fu1", ENDS[1].isoformat(), "320000"]
    assert client.get(reverse("reports:board", args=parts)).context["highlights"] is None
    duty = TextDuty.objects.create(
        campaign=world.campaign, position=1, kind="case", each_period=True, at_least=3, each="prefecture"
    )
    nanjing, clerk = world.nanjing, make_user("clerk", unit=world.nanjing)
    for period, title in zip(world.periods[:3], ("第一周", "第二周", "第三周"), strict=True):
        make_text(duty, nanjing, period, by=clerk, title=title)
    make_text(duty, nanjing, world.periods[1], by=clerk, title="草稿", status="draft")
    board = client.get(reverse("reports:board", args=parts))
    assert [case.title for case in board.context["highlights"]] == ["第二周", "第一周"]
    assert "最新特色亮点" in board.content.decode()


def test_each_division_of_the_schematic_map_has_a_place_of_its_own():
    grid = tile_grid()
    for prefix, many in (("32", 13), ("42", 15)):
        at = [place for code, place in grid.items() if code.startswith(prefix)]
        assert len(at) == len(set(at)) == many


def test_the_chart_library_is_the_one_that_was_looked_at():
    path = finders.find("vendor/echarts/echarts.esm.min.js")
    with open(path, "rb") as library:
        assert hashlib.sha256(library.read()).hexdigest().startswith("28515f26aa57f87e")


def test_the_board_of_a_campaign_without_figures_opens(client):
    campaign = make_campaign("empty")
    form = make_form(campaign)
    city = make_place(campaign, "420100", reports=False, level="prefecture", name="某市")
    make_place(campaign, "420102", parent=city, name="某区")
    client.force_login(make_user("boss", unit=city, role=Membership.Role.COORDINATOR))
    home = client.get(reverse("reports:board-home", args=["empty"]))
    page = client.get(home.url)
    assert page.status_code == 200
    assert page.context["board"].cards[0].total is None
    assert page.context["board"].form == form
