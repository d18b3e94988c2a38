"""A definition moved by whole weeks: every date in it, in keys and in words, but no holiday and no doubt about dates."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from campaigns.definition import read
from campaigns.definition.redate import redated, redated_words

from .definitions import FIXTURES, SMALL, UNITS, changed, write_definition

LAST_JANUARY = date(2024, 1, 25)


@pytest.fixture
def jiangsu():
    return read(FIXTURES / "jiangsu-2024")


def test_the_dates_of_a_campaign_move_with_it(jiangsu):
    moved = redated(jiangsu, 144, code="again", title="再来一次").campaign
    assert (moved.code, moved.title, moved.theme) == ("again", "再来一次", jiangsu.campaign.theme)
    # 144 weeks are 1,008 days.
    assert (moved.starts, moved.ends, moved.counts_from) == (
        date(2026, 10, 29),
        date(2027, 1, 11),
        date(2026, 10, 29),
    )
    [closing] = moved.reporting.extra
    assert (closing.ends, closing.due, closing.title) == (date(2027, 1, 11), date(2027, 1, 13), "收官数据")
    assert [duty.due for duty in moved.texts] == [
        date(2026, 10, 30),
        None,
        date(2026, 12, 3),
        date(2027, 1, 13),
    ]


def test_notes_and_explanations_name_the_days_of_the_new_time(jiangsu):
    form, _ = redated(jiangsu, 144, code="again", title="再来一次").campaign.forms
    assert form.notes[0] == "1、统计数据为累计数，时间节点为10月29日起至报送日，由各设区市统一扎口报送；"
    assert form.indicators[0].explain == "活动期间发放宣传资料的累计份数，10月29日起。"
    assert not any("1月25日" in text for text in (*form.notes, *(one.explain for one in form.indicators)))


def test_no_notice_is_claimed_and_doubts_about_its_dates_stay_behind(jiangsu):
    moved = redated(jiangsu, 144, code="again", title="再来一次").campaign
    assert (moved.document.number, moved.document.issued, moved.document.issuers) == ("", None, ())
    # Of five doubts about the notice one is about no date: who gathers the reports.
    assert [doubt.quote for doubt in moved.doubts] == ["由各设区市统一扎口报送"]
    # Lost labels are as doubtful in any year.
    assert [len(form.doubts) for form in moved.forms] == [2, 8]


def test_places_open_and_close_as_many_weeks_later(tmp_path):
    units = changed(
        UNITS, ("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,2025-02-05,2025-02-20,keep")
    )
    definition = read(write_definition(tmp_path, units=units))
    first, _, third = redated(definition, 52, code="again", title="再来一次").units
    assert (first.opens, first.closes) == (None, None)
    assert (third.opens, third.closes) == (date(2026, 2, 4), date(2026, 2, 19))


def test_listed_periods_move_and_one_without_a_due_date_keeps_none(tmp_path):
    listed = "reporting: {every: list, periods: [{ends: 2025-02-07}, {ends: 2025-02-21, due: 2025-02-24}]}"
    campaign = changed(SMALL, ("reporting: {weekday: friday}", listed))
    definition = read(write_definition(tmp_path, campaign))
    periods = redated(definition, -1, code="again", title="再来一次").campaign.reporting.periods
    assert [(period.ends, period.due) for period in periods] == [
        (date(2025, 1, 31), None),
        (date(2025, 2, 14), date(2025, 2, 17)),
    ]


def test_there_and_back_is_the_same_definition(jiangsu):
    there = redated(jiangsu, 157, code="again", title="再来一次")
    back = redated(there, -157, code="jiangsu-2024", title=jiangsu.campaign.title)
    plain = replace(jiangsu.campaign, document=back.campaign.document, doubts=back.campaign.doubts)
    assert back.campaign == plain
    assert back.units == jiangsu.units


@pytest.mark.parametrize(
    ("text", "weeks", "expected"),
    [
        ("1月25日起至报送日", 144, "10月29日起至报送日"),
        ("2024年1月25日至4月8日", 144, "2026年10月29日至1月11日"),
        ("2月19日至22日集中开行", 1, "2月26日至29日集中开行"),
        ("2月26日至29日集中开行", 1, "3月4日至7日集中开行"),
        ("2月22日至25日", 1, "2月29日至3月3日"),
        ("2024年12月20日至25日", 1, "2024年12月27日至2025年1月1日"),
        # Named without its year it is the one nearest to the campaign's first day: December of the year before.
        ("12月31日止", 1, "1月7日止"),
        ("2月30日", 1, "2月30日"),
        ("第1、2列，3月底前，24小时", 1, "第1、2列，3月底前，24小时"),
        ("", 1, ""),
    ],
)
def test_days_in_words(text, weeks, expected):
    assert redated_words(text, timedelta(weeks=weeks), LAST_JANUARY) == expected
