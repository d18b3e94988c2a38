"""One figure of the roll-up: its shares, its growth, what it is reconciled with, and where it leads."""

import re
from datetime import date
from decimal import Decimal
from html import unescape
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import ReportingPeriod
from chunfeng.accounts.models import Membership
from reports.publishing import editions
from reports.rollup import roll_up
from reports.rollup.total_details import Point, growth_of, shares, total_details
from tests.factories import make_place, make_submission, make_user
from tests.reports.publishing.provinces import correct, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """As in test_editions: 10 and 20 in the first period, 15 and the 20 carried in the second."""
    return make_world()


def details_of(world, place=None, period=None, number=1, **choice):
    [column] = [one for one in world.form.columns if one.number == number]
    return total_details(world.form, period or world.second, place or world.province, column, **choice)


def address(world, place, period=None, number=1, **query):
    parts = [world.campaign.code, "fu1", (period or world.second).ends_on.isoformat(), place.unit.code]
    url = reverse("reports:roll-up-figure", args=[*parts, number])
    return url + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def test_the_largest_share_comes_first_and_who_reported_nothing_last(world):
    make_place(world.campaign, "3203", parent=world.province, level="prefecture", name="丙市")
    found = details_of(world)
    assert [(one.row.name, one.value, one.percent, one.width) for one in found.shares] == [
        ("乙市", 20, "57.1%", 100),  # of 35
        ("甲市", 15, "42.9%", 75),
        ("丙市", None, "—", 0),
    ]
    assert (found.value, found.increment) == (35, 5)


def test_where_somebody_falls_there_are_no_shares():
    def part(value):
        return SimpleNamespace(name=str(value)), None if value is None else Decimal(value)

    assert [one.part for one in shares([part(10), part(-2), part(None)])] == [None, None, None]
    assert [one.part for one in shares([part(0), part(0)])] == [None, None]
    assert [one.width for one in shares([part(10), part(-2)])] == [100, 0]


@pytest.mark.parametrize(
    ("last", "this", "says"),
    [
        ("8", "10", "25.0%"),
        ("8", "8", "0.0%"),
        ("8", "0", "100.0%"),
        ("0", "10", "上期新增为 0，不算环比"),
        ("0", "0", "两期都没有新增"),
        ("-3", "10", "上期为下降，不算环比"),
        ("8", "-1", "本期为下降，不算环比"),
        (None, "10", "上期没有数字，不算环比"),
        ("8", None, "本期没有数字"),
    ],
)
def test_growth_has_words_where_there_is_nothing_to_divide_by(last, this, says):
    ends = (date(2024, 2, 2), date(2024, 2, 9))
    periods = [ReportingPeriod(starts_on=end.replace(day=end.day - 1), ends_on=end) for end in ends]
    points = [
        Point(period, None, None if text is None else Decimal(text), is_current=False)
        for period, text in zip(periods, (last, this), strict=True)
    ]
    growth = growth_of(points)
    assert (growth.words or growth.percent) == says
    assert growth.days is None


def test_growth_says_where_the_periods_are_not_of_one_length(world):
    # The first period is 1月25日—26日, the second a week.
    found = details_of(world)
    assert (found.growth.now, found.growth.before, found.growth.percent) == (5, 30, "83.3%")
    assert found.growth.days == (7, 2)
    first = details_of(world, period=world.first).growth
    assert first.words == "本期是第一期，没有上期可比"


def test_the_strict_basis_has_no_increment_no_series_and_nothing_to_reconcile(world):
    found = details_of(world, basis="strict")
    assert (found.value, found.increment, found.points, found.growth) == (15, None, (), None)
    assert found.reconciled is None


def test_a_total_is_reconciled_with_what_was_published_and_differences_are_named(world):
    editions.publish(world.province, world.first, by=world.boss)
    editions.publish(world.province, world.second, by=world.boss)
    editions.publish(world.cities[0], world.second, by=world.boss)
    as_published = details_of(world)
    assert [(line.title, line.amount, line.agrees) for line in as_published.reconciled] == [
        ("各单位之和", 35, True),
        ("第2期发布数", 35, True),
        ("第1期发布数加本期新增", 35, True),
        ("下级1个单位发布数之和", 15, True),
    ]
    assert as_published.reconciled[3].remark == "另有 1 个单位本期没有发布，两边都不计。"

    correct(world, world.report, {1: 17})
    parts, edition, last, below = details_of(world).reconciled
    assert (parts.amount, parts.agrees) == (37, True)
    assert (edition.ours, edition.amount, edition.difference) == (37, 35, 2)
    assert [(one.name, one.was, one.now, one.change) for one in edition.moved] == [("甲市", 15, 17, 2)]
    assert [note.reason for note in edition.notes] == ["第1列有误，请更正"]
    assert last.agrees  # 30 + 7
    assert (below.ours, below.amount, [one.name for one in below.moved]) == (17, 15, ["甲市"])
    # Column 2 has not moved.
    assert [line.agrees for line in details_of(world, number=2).reconciled] == [True] * 4
    increments = details_of(world, measure="increment").reconciled
    assert [(line.title, line.ours, line.amount) for line in increments] == [
        ("各单位之和", 7, 7),
        ("第2期发布数", 7, 5),
        ("下级1个单位发布数之和", 7, 5),
    ]


def test_a_total_before_any_edition_says_that_there_is_none(world, client):
    client.force_login(world.boss)
    page = text_of(client.get(address(world, world.province)))
    assert "本期还没有发布。" in page
    assert "本期新增 +5 ，上期新增 +30 ，减少 83.3% 。" in page
    assert "沿用的 1 个单位本期新增按 0 计。" in page


@pytest.mark.parametrize("basis", ["accepted", "received", "strict"])
def test_every_number_is_the_roll_up_of_the_same_question(world, basis):
    make_submission(world.form, world.counties[1], world.second, {1: 33, 2: 4}, status="submitted")
    for place in (world.province, *world.cities, *world.counties):
        for period in (world.first, world.second):
            expected = roll_up(world.form, period, place.unit, basis=basis)
            for number in (1, 2):
                found = details_of(world, place, period, number, basis=basis)
                assert found.value == expected.total[number]
                assert found.coverage == expected.coverage
                assert {one.row.unit: one.value for one in found.shares} == {
                    row.unit: row.values[number] for row in expected.rows
                }
                if basis != "strict":
                    grown = roll_up(world.form, period, place.unit, basis=basis, measure="increment")
                    assert found.increment == found.points[-1].increment == grown.total[number]
                    assert [point.total for point in found.points] == [
                        roll_up(world.form, point.period, place.unit, basis=basis).total[number]
                        for point in found.points
                    ]


def test_the_panel_leads_down_to_the_clerks_cell_and_up_again(world, client):
    client.force_login(world.boss)
    part = client.get(address(world, world.province, part=1)).content.decode()
    assert "<html" not in part
    assert f'href="{address(world, world.cities[1])}">乙市</a>' in part
    down = client.get(address(world, world.cities[1])).content.decode()
    # The county is carried: its figure is that of the first period.
    cell = reverse("reports:cell-details", args=["spring", "fu1", "2024-01-26", "320201", 1])
    assert f'href="{cell}">东区</a>' in down
    assert "沿用第1期" in down
    assert f'href="{address(world, world.province)}">某省</a>' in down
    report = client.get(cell).content.decode()
    assert "报表</a>" in report


def test_the_figures_of_the_roll_up_page_lead_to_what_they_are_made_of(world, client):
    client.force_login(world.boss)
    query = "?basis=received&amp;measure=increment"
    url = reverse("reports:roll-up", args=["spring", "fu1", world.second.ends_on.isoformat(), "32"])
    page = client.get(url, {"basis": "received", "measure": "increment"}).content.decode()
    assert f'<a class="cell-link" href="{address(world, world.province)}{query}">' in page
    assert f'<a class="cell-link" href="{address(world, world.cities[0], number=2)}{query}"' in page
    for href in set(re.findall(r'class="cell-link" href="([^"]+)"', page)):
        assert client.get(unescape(href)).status_code == 200


def test_a_column_that_the_form_does_not_have_is_not_found(world, client):
    client.force_login(world.boss)
    assert client.get(address(world, world.province, number=3)).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_units(world, client):
    client.force_login(world.boss)
    for period in (world.first, world.second):
        editions.publish(world.province, period, by=world.boss)

    def grow(first, last):
        for number in range(first, last):
            city = make_place(world.campaign, f"33{number:02}", parent=world.province, level="prefecture")
            make_submission(world.form, city, world.first, {1: 1})
            make_submission(world.form, city, world.second, {1: 2})
            editions.publish(city, world.second, by=world.boss)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(world, world.province)).status_code == 200
        return len(captured)

    grow(0, 2)
    few = queries()
    grow(2, 12)
    assert queries() == few


def test_a_reporter_reads_no_total_of_others(world, client):
    client.force_login(world.clerk)
    assert client.get(address(world, world.cities[0])).status_code == 404
    assert client.get(address(world, world.counties[0])).status_code == 200
    user = make_user("other", unit=world.cities[1], role=Membership.Role.COORDINATOR)
    client.force_login(user)
    assert client.get(address(world, world.cities[0])).status_code == 404
