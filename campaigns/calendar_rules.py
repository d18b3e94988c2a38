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
