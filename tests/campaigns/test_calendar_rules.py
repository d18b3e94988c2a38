"""Half-months, weeks, holidays and due seconds."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar_rules import (
    CalendarError,
    Period,
    Rule,
    Workdays,
    Written,
    due_instant,
    is_on_time,
    next_workday,
    periods,
    uncovered_warning,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = 4


def days(*texts):
    return [date.fromisoformat(text) for text in texts]


def table(found):
    return [(str(period.starts_on), str(period.ends_on), str(period.due_on)) for period in found]


def every_day(day):
    return True


def never(day):
    return False


def test_the_half_months_of_wuhan_2014():
    rule = Rule(
        every="half-month",
        on_holiday="next-workday",
        extra=(Written(ends=date(2014, 3, 31), due=date(2014, 4, 5)),),
    )
    found = periods(rule, date(2014, 1, 21), date(2014, 3, 31), Workdays())
    assert table(found) == [
        ("2014-01-21", "2014-01-31", "2014-02-07"),
        ("2014-02-01", "2014-02-15", "2014-02-17"),
        ("2014-02-16", "2014-02-28", "2014-02-28"),
        ("2014-03-01", "2014-03-15", "2014-03-17"),
        ("2014-03-16", "2014-03-31", "2014-04-05"),
    ]
    assert [period.written for period in found] == [False, False, False, False, True]
    assert [period.number for period in found] == [1, 2, 3, 4, 5]
    assert {period.due_time for period in found} == {time(17, 30)}


def test_the_fridays_of_jiangsu_2024():
    rule = Rule(
        every="week",
        weekday=FRIDAY,
        on_holiday="next-workday",
        extra=(Written(ends=date(2024, 4, 8), due=date(2024, 4, 10), title="收官数据"),),
    )
    found = periods(rule, date(2024, 1, 25), date(2024, 4, 8), Workdays())
    assert table(found) == [
        ("2024-01-25", "2024-01-26", "2024-01-26"),
        ("2024-01-27", "2024-02-02", "2024-02-02"),
        ("2024-02-03", "2024-02-09", "2024-02-09"),
        ("2024-02-10", "2024-02-16", "2024-02-18"),
        ("2024-02-17", "2024-02-23", "2024-02-23"),
        ("2024-02-24", "2024-03-01", "2024-03-01"),
        ("2024-03-02", "2024-03-08", "2024-03-08"),
        ("2024-03-09", "2024-03-15", "2024-03-15"),
        ("2024-03-16", "2024-03-22", "2024-03-22"),
        ("2024-03-23", "2024-03-29", "2024-03-29"),
        ("2024-03-30", "2024-04-05", "2024-04-07"),
        ("2024-04-06", "2024-04-08", "2024-04-10"),
    ]
    assert found[-1] == Period(
        number=12,
        starts_on=date(2024, 4, 6),
        ends_on=date(2024, 4, 8),
        due_on=date(2024, 4, 10),
        due_time=time(17, 30),
        title="收官数据",
        written=True,
    )


def test_due_dates_are_kept_on_holidays_where_the_rule_says_so():
    rule = Rule(every="week", weekday=FRIDAY, on_holiday="keep")
    [period] = periods(rule, date(2024, 2, 10), date(2024, 2, 16), Workdays())
    assert period.due_on == date(2024, 2, 16)


def test_a_list_is_taken_as_written_and_put_in_order():
    rule = Rule(
        every="list",
        due_time=time(18, 0),
        on_holiday="next-workday",
        periods=(
            Written(ends=date(2020, 1, 24), due=date(2020, 1, 25), due_time=time(12, 0), title="第二期"),
            Written(ends=date(2020, 1, 17), due=date(2020, 1, 17)),
        ),
    )
    assert periods(rule, date(2020, 1, 10), date(2020, 1, 31), never) == [
        Period(1, date(2020, 1, 10), date(2020, 1, 17), date(2020, 1, 17), time(18, 0), "", True),
        Period(2, date(2020, 1, 18), date(2020, 1, 24), date(2020, 1, 25), time(12, 0), "第二期", True),
    ]


def test_an_extra_without_a_due_date_is_generated_like_the_others():
    extra = Written(ends=date(2024, 2, 10), due_time=time(12, 0), title="收官数据")
    rule = Rule(every="week", weekday=FRIDAY, on_holiday="next-workday", extra=(extra,))
    found = periods(rule, date(2024, 2, 3), date(2024, 2, 10), Workdays())
    assert table(found) == [
        ("2024-02-03", "2024-02-09", "2024-02-09"),
        ("2024-02-10", "2024-02-10", "2024-02-18"),
    ]
    assert (found[1].due_time, found[1].title, found[1].written) == (time(12, 0), "收官数据", False)


def test_a_written_due_date_is_never_moved():
    rule = Rule(
        every="half-month",
        on_holiday="next-workday",
        extra=(Written(ends=date(2024, 2, 15), due=date(2024, 2, 17)),),
    )
    [period] = periods(rule, date(2024, 2, 1), date(2024, 2, 20), never)
    assert period.due_on == date(2024, 2, 17)


def test_february_ends_on_the_29th_in_leap_years():
    rule = Rule(every="half-month")
    leap = periods(rule, date(2024, 2, 1), date(2024, 3, 1), every_day)
    common = periods(rule, date(2023, 2, 1), date(2023, 3, 1), every_day)
    assert [period.ends_on for period in leap] == days("2024-02-15", "2024-02-29")
    assert [period.ends_on for period in common] == days("2023-02-15", "2023-02-28")


def test_half_months_cross_the_year_and_include_both_ends_of_the_window():
    found = periods(Rule(every="half-month"), date(2023, 12, 15), date(2024, 1, 15), every_day)
    assert [period.ends_on for period in found] == days("2023-12-15", "2023-12-31", "2024-01-15")


def test_a_week_may_end_on_the_first_day_and_on_the_last():
    found = periods(Rule(every="week", weekday=FRIDAY), date(2024, 1, 26), date(2024, 2, 2), every_day)
    assert table(found)[0] == ("2024-01-26", "2024-01-26", "2024-01-26")
    assert [period.ends_on for period in found] == days("2024-01-26", "2024-02-02")


def test_a_window_without_a_period_end_has_no_periods():
    assert periods(Rule(every="week", weekday=FRIDAY), date(2024, 1, 27), date(2024, 2, 1), every_day) == []


def test_the_last_days_that_a_date_can_hold_are_no_trap():
    found = periods(Rule(every="week", weekday=FRIDAY), date(9999, 12, 20), date.max, every_day)
    assert [period.ends_on for period in found] == days("9999-12-24", "9999-12-31")
    found = periods(Rule(every="half-month"), date(9999, 12, 20), date.max, every_day)
    assert [period.ends_on for period in found] == [date.max]


@pytest.mark.parametrize(
    ("rule", "starts", "ends", "says"),
    [
        (Rule(every="week", weekday=4), "2024-02-02", "2024-02-01", "早于活动开始日"),
        (Rule(every="week", weekday=4), "2004-01-01", "2025-01-01", "超过 20 年"),
        (Rule(every="week"), "2024-02-01", "2024-03-01", "星期几"),
        (Rule(every="week", weekday=7), "2024-02-01", "2024-03-01", "星期几"),
        (
            Rule(every="list", periods=(Written(date(2024, 2, 2)), Written(date(2024, 2, 2)))),
            "2024-02-01",
            "2024-03-01",
            "有两个报送期都截至 2024-02-02",
        ),
        (
            Rule(every="half-month", extra=(Written(date(2024, 2, 2)), Written(date(2024, 2, 2)))),
            "2024-02-01",
            "2024-03-01",
            "有两个报送期都截至 2024-02-02",
        ),
        (
            Rule(every="list", periods=(Written(date(2024, 1, 31)),)),
            "2024-02-01",
            "2024-03-01",
            "截止日 2024-01-31 早于活动开始日",
        ),
        (
            Rule(every="list", periods=(Written(date(2024, 2, 8), due=date(2023, 2, 8)),)),
            "2024-02-01",
            "2024-03-01",
            "报送期限 2023-02-08 早于",
        ),
    ],
)
def test_contradictory_dates_are_refused_in_a_sentence(rule, starts, ends, says):
    with pytest.raises(CalendarError, match=says) as refusal:
        periods(rule, date.fromisoformat(starts), date.fromisoformat(ends), every_day)
    assert str(refusal.value).endswith("。")


def test_the_search_for_a_working_day_ends():
    with pytest.raises(CalendarError, match="2024-02-10 之后 60 天内没有工作日"):
        next_workday(date(2024, 2, 10), never)
    with pytest.raises(CalendarError, match="没有工作日"):
        next_workday(date.max, never)
    assert next_workday(date(2024, 1, 1), lambda day: day >= date(2024, 3, 1)) == date(2024, 3, 1)
    with pytest.raises(CalendarError, match="没有工作日"):
        next_workday(date(2024, 1, 1), lambda day: day >= date(2024, 3, 2))


@given(
    starts=st.dates(date(2004, 1, 1), date(2030, 1, 1)),
    length=st.integers(0, 2000),
    rule=st.one_of(
        st.builds(Rule, every=st.just("week"), weekday=st.integers(0, 6), on_holiday=st.just("next-workday")),
        st.builds(Rule, every=st.just("half-month"), on_holiday=st.just("next-workday")),
    ),
)
def test_periods_follow_each_other_without_gap_or_overlap(starts, length, rule):
    ends = date.fromordinal(starts.toordinal() + length)
    is_workday = Workdays()
    found = periods(rule, starts, ends, is_workday)
    expected_start = starts
    for number, period in enumerate(found, start=1):
        assert (period.number, period.starts_on) == (number, expected_start)
        assert period.starts_on <= period.ends_on <= ends
        assert period.ends_on <= period.due_on
        assert is_workday(period.due_on)
        expected_start = date.fromordinal(period.ends_on.toordinal() + 1)
    longest = 7 if rule.every == "week" else 16
    assert (ends - expected_start).days + 1 < longest + (rule.every == "half-month")
    assert all((period.ends_on - period.starts_on).days < longest for period in found)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2014-01-31", False),
        ("2014-02-07", True),
        ("2014-04-05", False),
        ("2024-02-04", True),
        ("2024-02-09", True),
        ("2024-02-16", False),
        ("2024-02-17", False),
        ("2024-02-18", True),
        ("2024-04-05", False),
        ("2024-04-07", True),
    ],
)
def test_working_days_are_those_of_the_notices(day, worked):
    assert Workdays()(date.fromisoformat(day)) is worked


@pytest.mark.parametrize(
    ("day", "moved"),
    [("2026-02-15", "2026-02-24"), ("2026-10-03", "2026-10-08"), ("2024-02-10", "2024-02-18")],
)
def test_a_due_date_moves_to_the_next_working_day(day, moved):
    assert str(next_workday(date.fromisoformat(day), Workdays())) == moved


def test_an_override_wins_over_the_package_in_both_directions():
    workdays = Workdays({date(2024, 2, 9): False, date(2024, 2, 10): True})
    assert workdays(date(2024, 2, 9)) is False
    assert workdays(date(2024, 2, 10)) is True
    assert workdays(date(2024, 2, 11)) is False


def test_an_uncovered_year_falls_back_to_monday_to_friday_with_a_warning():
    workdays = Workdays()
    assert workdays.warning == ""
    assert workdays(date(2099, 1, 1)) is True
    assert workdays(date(2099, 1, 2)) is True
    assert workdays(date(2099, 1, 3)) is False
    assert workdays(date(2099, 1, 4)) is False
    workdays(date(2003, 12, 31))
    assert workdays.uncovered_years == {2003, 2099}
    assert workdays.warning == ("2003年、2099年的放假安排尚未收录，暂按周一至周五推算，请在节假日表中补录。")


def test_covered_and_overridden_days_raise_no_warning():
    workdays = Workdays({date(2099, 1, 1): False})
    assert workdays(date(2099, 1, 1)) is False
    assert workdays(date(2024, 1, 1)) is False
    assert workdays.uncovered_years == set()


def test_the_warning_names_its_years_once_and_in_order():
    assert uncovered_warning([2027, 2027]).startswith("2027年的放假安排尚未收录")
    assert uncovered_warning([2028, 2027]).startswith("2027年、2028年的")
    assert uncovered_warning([]) == ""


def test_the_overrides_are_not_shared_between_calendars():
    table_of_days = {date(2024, 2, 9): False}
    first = Workdays(table_of_days)
    table_of_days.clear()
    assert first(date(2024, 2, 9)) is False
    assert Workdays()(date(2024, 2, 9)) is True


def test_the_due_second_is_given_in_utc():
    due_at = due_instant(date(2024, 2, 18), time(17, 30), SHANGHAI)
    assert due_at == datetime(2024, 2, 18, 9, 30, tzinfo=UTC)
    assert due_at.tzinfo is UTC
    assert due_instant(date(2024, 3, 1), time(7, 0), SHANGHAI) == datetime(2024, 2, 29, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "microsecond", "on_time"),
    [(0, 0, True), (0, 999_999, True), (1, 0, False), (1, 1, False)],
)
def test_a_report_is_on_time_up_to_the_due_second(second, microsecond, on_time):
    due_at = due_instant(date(2024, 2, 18), time(18, 0), SHANGHAI)
    submitted_at = datetime(2024, 2, 18, 18, 0, second, microsecond, tzinfo=SHANGHAI)
    assert is_on_time(submitted_at, due_at) is on_time
    assert is_on_time(submitted_at.astimezone(UTC), due_at) is on_time
    assert is_on_time(datetime(2024, 2, 18, 17, 59, 59, tzinfo=SHANGHAI), due_at) is True
