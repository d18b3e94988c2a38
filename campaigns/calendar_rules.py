"""Half-months, weeks and holidays: from a campaign's window to its reporting periods and their due dates."""

import calendar
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar

MAX_YEARS = 20
SEARCHED_DAYS = 60


class CalendarError(ValueError):
    """Periods that cannot be worked out; the message is a sentence that names the date and the remedy."""


@dataclass(frozen=True)
class Written:
    """A period as it stands in the definition. `due` None: generated from `ends` like the others."""

    ends: date
    due: date | None = None
    due_time: time | None = None
    title: str = ""


@dataclass(frozen=True)
class Rule:
    """How often a campaign asks for figures: the `reporting` part of its definition.

    weekday: Monday is 0; needed by `week` only. on_holiday: concerns generated due dates only.
    periods: all of a `list`. extra: added to the others; one that ends
    on the day of a generated period takes its place.
    """

    every: Literal["week", "half-month", "list"]
    weekday: int | None = None
    due_time: time = time(17, 30)
    on_holiday: Literal["keep", "next-workday"] = "keep"
    extra: tuple[Written, ...] = ()
    periods: tuple[Written, ...] = ()


@dataclass(frozen=True)
class Period:
    """One reporting period. `number` counts from 1 in order of `ends_on`; both days are inclusive.

    due_on, due_time: on the clocks of the campaign's time zone. written: the due date stood in the definition
    and was not moved.
    """

    number: int
    starts_on: date
    ends_on: date
    due_on: date
    due_time: time
    title: str = ""
    written: bool = False


def periods(rule: Rule, starts: date, ends: date, is_workday: Callable[[date], bool]) -> list[Period]:
    """Work out the periods of the window from `starts` to `ends`, both inclusive, in order.

    A period runs from the day after the previous end, the first from `starts`. Days after the last end belong
    to no period unless `rule.extra` adds one. Raises CalendarError where the dates contradict each other.
    """
    _check_window(starts, ends)
    if rule.every == "list":
        regular = rule.periods
    else:
        regular = tuple(Written(end) for end in _generated_ends(rule, starts, ends))
    by_end = _by_end(regular) | _by_end(rule.extra)

    found: list[Period] = []
    starts_on = starts
    for end in sorted(by_end):
        written = by_end[end]
        if end < starts:
            raise CalendarError(f"报送期截止日 {end} 早于活动开始日 {starts}，请改正其中一个日期。")
        due_on = written.due
        if due_on is None:
            due_on = next_workday(end, is_workday) if rule.on_holiday == "next-workday" else end
        elif due_on < starts_on:
            raise CalendarError(f"截至 {end} 的一期，报送期限 {due_on} 早于该期开始日 {starts_on}，请改正。")
        found.append(
            Period(
                number=len(found) + 1,
                starts_on=starts_on,
                ends_on=end,
                due_on=due_on,
                due_time=written.due_time or rule.due_time,
                title=written.title,
                written=written.due is not None,
            )
        )
        # The last end of all may be the last day that a date can hold.
        starts_on = end + timedelta(days=1) if end < date.max else end
    return found


def _check_window(starts: date, ends: date) -> None:
    if ends < starts:
        raise CalendarError(f"活动结束日 {ends} 早于活动开始日 {starts}，请改正其中一个日期。")
    if ends.year - starts.year > MAX_YEARS:
        raise CalendarError(f"活动从 {starts} 到 {ends}，超过 {MAX_YEARS} 年，请检查年份。")


def _generated_ends(rule: Rule, starts: date, ends: date) -> list[date]:
    if rule.every == "week":
        if rule.weekday is None or not 0 <= rule.weekday <= 6:
            raise CalendarError("按周报送须写明星期几，请填写 weekday，例如 friday。")
        first = starts.toordinal() + (rule.weekday - starts.weekday()) % 7
        return [date.fromordinal(day) for day in range(first, ends.toordinal() + 1, 7)]
    months = range(starts.year * 12 + starts.month - 1, ends.year * 12 + ends.month)
    days: list[date] = []
    for month in months:
        year, month_of_year = month // 12, month % 12 + 1
        last = calendar.monthrange(year, month_of_year)[1]
        days += [date(year, month_of_year, 15), date(year, month_of_year, last)]
    return [day for day in days if starts <= day <= ends]


def _by_end(listed: tuple[Written, ...]) -> dict[date, Written]:
    by_end: dict[date, Written] = {}
    for written in listed:
        if written.ends in by_end:
            raise CalendarError(f"有两个报送期都截至 {written.ends}，请删去一个或改正日期。")
        by_end[written.ends] = written
    return by_end


def next_workday(day: date, is_workday: Callable[[date], bool]) -> date:
    """Return `day`, or the first working day after it. Raises CalendarError if 60 days bring none."""
    for ordinal in range(day.toordinal(), min(day.toordinal() + SEARCHED_DAYS, date.max.toordinal()) + 1):
        candidate = date.fromordinal(ordinal)
        if is_workday(candidate):
            return candidate
    raise CalendarError(f"{day} 之后 {SEARCHED_DAYS} 天内没有工作日，请检查节假日表。")


class Workdays:
    """Whether a day is worked in mainland China: by the State Council's notices, adjusted weekends included.

    overrides: day -> worked or not, as a coordinator entered it; they win over the package. In a year that
    the package does not know, Monday to Friday are worked; `uncovered_years` gathers such years when asked.
    """

    def __init__(self, overrides: Mapping[date, bool] | None = None) -> None:
        self.overrides = dict(overrides or {})
        self.uncovered_years: set[int] = set()

    def __call__(self, day: date) -> bool:
        if day in self.overrides:
            return self.overrides[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            self.uncovered_years.add(day.year)
            return day.weekday() < calendar.SATURDAY

    @property
    def warning(self) -> str:
        """The sentence to show about `uncovered_years`; "" where there is none."""
        return uncovered_warning(self.uncovered_years)


def holiday_name(day: date) -> str:
    """Return the holiday that the State Council's notices give `day` for, off or worked instead: 春节; else ""."""
    try:
        _, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return ""
    return chinese_calendar.Holiday(name).chinese if name else ""


# The first day of the lunar year, as month and day, by the tables of the Hong Kong Observatory. 2027 and 2030 are
# the years in which computed calendars err: the new moon falls minutes from midnight.
_NEW_YEARS = {
    2010: (2, 14), 2011: (2, 3), 2012: (1, 23), 2013: (2, 10), 2014: (1, 31), 2015: (2, 19), 2016: (2, 8),
    2017: (1, 28), 2018: (2, 16), 2019: (2, 5), 2020: (1, 25), 2021: (2, 12), 2022: (2, 1), 2023: (1, 22),
    2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6), 2028: (1, 26), 2029: (2, 13), 2030: (2, 3),
    2031: (1, 23), 2032: (2, 11), 2033: (1, 31), 2034: (2, 19), 2035: (2, 8), 2036: (1, 28), 2037: (2, 15),
    2038: (2, 4), 2039: (1, 24), 2040: (2, 12), 2041: (2, 1), 2042: (1, 22), 2043: (2, 10), 2044: (1, 30),
    2045: (2, 17), 2046: (2, 6), 2047: (1, 26), 2048: (2, 14), 2049: (2, 2), 2050: (1, 23),
}  # fmt: skip
_FIXED = {(1, 1): "元旦", (5, 1): "劳动节", (10, 1): "国庆节", (10, 2): "国庆节", (10, 3): "国庆节"}
"""Holidays of every year, whatever the notice of the State Council arranges around them."""


def new_year(year: int) -> date | None:
    """Return the first day of the lunar year that begins in `year`; None outside 2010 to 2050."""
    return date(year, *_NEW_YEARS[year]) if year in _NEW_YEARS else None


def awkward(day: date, is_workday: Callable[[date], bool]) -> str:
    """Say why `day` is a bad day to be due on: 除夕, a holiday, a weekend off or worked instead; "" for a plain day.

    Holidays with a fixed date are known even in a year whose arrangement has not been published.
    """
    first = new_year(day.year)
    if first is not None and day == first - timedelta(days=1):
        return "除夕"
    name = holiday_name(day) or _FIXED.get((day.month, day.day), "")
    if not name and first is not None and first <= day < first + timedelta(days=3):
        name = "春节"
    is_weekend = day.weekday() >= calendar.SATURDAY
    if not is_workday(day):
        return f"{name}假期" if name else ("双休日" if is_weekend else "放假")
    if is_weekend:
        return "调休上班的双休日"
    # A weekday that is worked although it bears a holiday's name: the year's arrangement is not known.
    return f"{name}假期" if name else ""


def plain_day(day: date, is_workday: Callable[[date], bool], *, step: int) -> date | None:
    """Return the nearest day before (step -1) or after (step 1) `day` that is not awkward; None within 60 days."""
    for offset in range(1, SEARCHED_DAYS + 1):
        candidate = day + timedelta(days=step * offset)
        if not awkward(candidate, is_workday):
            return candidate
    return None


def uncovered_warning(years: Iterable[int]) -> str:
    """Return the sentence that warns of years whose holidays are not known; "" for no year."""
    named = "、".join(f"{year}年" for year in sorted(set(years)))
    return f"{named}的放假安排尚未收录，暂按周一至周五推算，请在节假日表中补录。" if named else ""


def due_instant(due_on: date, due_time: time, zone: ZoneInfo) -> datetime:
    """Return the due second, given on the clocks of `zone`, as an aware datetime in UTC."""
    return datetime.combine(due_on, due_time, tzinfo=zone).astimezone(UTC)


def is_on_time(submitted_at: datetime, due_at: datetime) -> bool:
    """Tell whether a report came at or before the due second; both aware.

    Fractions are cut off because pages, receipts and trails show whole seconds: a receipt of 18:00:00 against
    a due time of 18:00:00 must not read as late.
    """
    return submitted_at.replace(microsecond=0) <= due_at
