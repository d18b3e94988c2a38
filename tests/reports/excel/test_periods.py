"""Which periods a heading speaks of: in all the ways in which offices write a day."""

from datetime import date

import pytest

from reports.excel.periods import hints
from tests.factories import make_campaign

from .workbooks import opened

pytestmark = pytest.mark.django_db

HALVES = [date(2014, 1, 31), date(2014, 2, 15), date(2014, 2, 28), date(2014, 3, 15), date(2014, 3, 31)]
ALL = [1, 2, 3, 4, 5]


@pytest.fixture
def halves():
    return make_campaign("halves", starts=date(2014, 1, 21), period_ends=HALVES)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("截至2014年3月15日", [4]),
        ("截至3月15日", [4]),
        ("报送时间：3月10日", [4]),
        ("二〇一四年三月十五日", [4]),
        ("2014-03-10 17:30:00", [4]),
        ("2014.3.10", [4]),
        ("报表20140310", [4]),
        ("2014年3月上半月", [4]),
        ("3月下半月", [5]),
        ("2014年2月", [2, 3]),
        ("第四期", [4]),
        ("第十二期", []),
        ("2月29日", []),
        ("3月1日—3月15日", [4]),
        ("3月16—31日", [5]),
        ("1月21日至3月10日", [4]),
    ],
)
def test_a_heading_fits_the_periods_in_which_its_day_lies(halves, text, numbers):
    written = hints([text], [])
    assert written
    fitting = [one.number for one in halves.periods.all() if all(hint.fits(one) for hint in written)]
    assert fitting == numbers


@pytest.mark.parametrize(
    "text",
    [
        "2014年1月21日至2014年3月31日",  # the campaign's own span
        "1月21日起至报送日",
        "请于3月15日前报送",
        "（2014年1-3月）",
        "2014年1月至3月期间",
        "联系电话：13720140315",
        "填报日期：2014年  月  日",
    ],
)
def test_a_heading_that_names_no_period_fits_all(halves, text):
    fitting = [
        one.number for one in halves.periods.all() if all(hint.fits(one) for hint in hints([text], []))
    ]
    assert fitting == ALL


def test_days_of_carried_units_and_of_the_forms_own_words_are_no_hints():
    assert not hints([], ["沿用上期：玄武区（截至2月9日）"])
    assert not hints(
        ["2024年2月统计表"], ["备注：数据截至3月31日"], {"2024年2月统计表", "备注:数据截至3月31日"}
    )


def test_a_day_without_its_year_in_the_title_asks_for_the_period(world, good):
    data = opened(good, lambda book, sheet: sheet.__setitem__("A2", "截至1月26日"))
    reading = world.read(data)
    assert (reading.outcome, reading.asks) == ("ask", "period")
    assert reading.choices[0] == world.period(1)
