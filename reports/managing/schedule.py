"""The campaign's dates as a calendar: what is due when, and why a date is not the one that one would expect."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time

from campaigns.calendar_rules import Workdays, holiday_name, next_workday
from campaigns.models import Campaign, DayOff, ReportingPeriod, TextDuty
from campaigns.models.units import Level
from reports.managing.changes import said
from reports.models import CampaignEvent

WEEKDAYS = "一二三四五六日"
_EVERYONE = "reporter"


@dataclass(frozen=True)
class Entry:
    """One line of the calendar. `at`: the due time, None where a duty has a day alone.

    title: 第4期数据. span: what it covers. why: why the date is not the period's end. state: past, today,
    next (the first to come) or later. extended_to: a later due time of the reader's own units, None where none.
    is_exempt: the reader does not owe it.
    """

    day: date
    at: time | None
    title: str
    span: str
    why: str
    state: str
    period: ReportingPeriod | None = None
    extended_to: datetime | None = None
    is_exempt: bool = False

    @property
    def weekday(self) -> str:
        return f"周{WEEKDAYS[self.day.weekday()]}"


@dataclass(frozen=True)
class Day:
    """A day of a month grid. marks: end, due, off, works (a weekend worked instead), today, outside."""

    day: date
    marks: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Month:
    first: date
    weeks: tuple[tuple[Day, ...], ...]


@dataclass(frozen=True)
class Schedule:
    """entries in order; duties: those without a date of their own, in words; warning: "" or what is not certain."""

    entries: tuple[Entry, ...]
    months: tuple[Month, ...]
    duties: tuple[str, ...]
    warning: str


@dataclass
class _Days:
    """Which days are off, and what they are called."""

    workdays: Workdays
    named: Mapping[date, str] = field(default_factory=dict)

    def off(self, day: date) -> str:
        """Return why nobody works on `day`; "" where somebody does."""
        if self.workdays(day):
            return ""
        return self.named.get(day) or holiday_name(day) or f"周{WEEKDAYS[day.weekday()]}"


def schedule(
    campaign: Campaign,
    now: datetime,
    *,
    changes: Mapping[int, CampaignEvent],
    extended: Mapping[int, datetime],
    exempt: Iterable[int],
    lines: Mapping[str, str],
) -> Schedule:
    """Lay out the periods and the duties in words of a campaign.

    changes: the latest change of a period's due time, by the period's id. extended: the reader's own due times,
    likewise. exempt: ids of periods that the reader does not owe. lines: what each line is called.
    """
    periods = list(campaign.periods.order_by("ends_on"))
    listed = {row.day: row for row in DayOff.objects.all()}
    days = _Days(
        Workdays({day: row.works for day, row in listed.items()}),
        {day: row.name for day, row in listed.items() if row.name},
    )
    texts = list(campaign.texts.all())
    let_off = set(exempt)
    entries = [_period_entry(period, campaign, days, changes.get(period.pk)) for period in periods]
    entries += [
        Entry(duty.due, None, f"{duty}（{_each(duty, lines)}）", "", _why_text(duty.due, days), "later")
        for duty in texts
        if duty.due
    ]
    entries.sort(key=lambda entry: (entry.day, entry.at or time.max))
    today = now.astimezone(campaign.zone)
    states = _states(entries, today)
    entries = [
        replace(
            entry,
            state=state,
            extended_to=extended.get(entry.period.pk) if entry.period else None,
            is_exempt=entry.period is not None and entry.period.pk in let_off,
        )
        for entry, state in zip(entries, states, strict=True)
    ]
    months = _months(campaign, periods, entries, days, today.date())
    return Schedule(
        entries=tuple(entries),
        months=months,
        duties=tuple(_without_date(duty, lines) for duty in texts if not duty.due),
        warning=days.workdays.warning,
    )


def calendar_warning(campaign: Campaign, periods: Iterable[ReportingPeriod]) -> str:
    """Return the sentence that warns of years in which periods end or are due and whose holidays are not known.

    "" where all are known. periods: those of the campaign.
    """
    workdays = Workdays(dict(DayOff.objects.values_list("day", "works")))
    for period in periods:
        workdays(period.ends_on)
        workdays(period.due_at.astimezone(campaign.zone).date())
    return workdays.warning


def _period_entry(
    period: ReportingPeriod, campaign: Campaign, days: _Days, change: CampaignEvent | None
) -> Entry:
    due = period.due_at.astimezone(campaign.zone)
    title = f"第{period.number}期数据" + (f" {period.title}" if period.title else "")
    span = f"{_day(period.starts_on)}—{_day(period.ends_on)}"
    why = _why(period.ends_on, due.date(), days, campaign.reporting)
    # A reload that replaces what the portal changed leaves the change in the log alone.
    if change is not None and change.new == said(period.due_at, campaign):
        why = f"{change.actor_name}调整，原为{change.old}：{change.reason}"
    return Entry(due.date(), due.time(), title, span, why, "later", period)


def _why(ends_on: date, due_on: date, days: _Days, reporting: Mapping[str, object]) -> str:
    """Say why a period is due on another day than it ends, or on a day off."""
    off = days.off(ends_on)
    if due_on == ends_on:
        return f"当日{off}，不顺延" if off else ""
    moves = reporting.get("on_holiday") == "next-workday"
    if off and moves and next_workday(ends_on, days.workdays) == due_on:
        worked = "调休上班的" if due_on.weekday() >= calendar.SATURDAY else ""
        return f"截至日{_day(ends_on)}{off}，顺延到{worked}{_day(due_on)}"
    rest = days.off(due_on)
    return f"活动安排写明这一天；当日{rest}，不顺延" if rest else "活动安排写明这一天"


def _why_text(due_on: date, days: _Days) -> str:
    off = days.off(due_on)
    return f"当日{off}，不顺延" if off else ""


def _states(entries: Sequence[Entry], now: datetime) -> list[str]:
    states = []
    found = False
    for entry in entries:
        is_past = (entry.day, entry.at or time.max) < (now.date(), now.time())
        if is_past:
            states.append("past")
        elif entry.day == now.date():
            states.append("today")
            found = True
        else:
            states.append("later" if found else "next")
            found = True
    return states


def _months(
    campaign: Campaign,
    periods: Sequence[ReportingPeriod],
    entries: Sequence[Entry],
    days: _Days,
    today: date,
) -> tuple[Month, ...]:
    ends = {period.ends_on: f"第{period.number}期截至" for period in periods}
    due: dict[date, list[str]] = {}
    for entry in entries:
        due.setdefault(entry.day, []).append(f"{entry.title}截止")
    last = max([campaign.ends, *ends, *due])
    months = []
    first = campaign.starts.replace(day=1)
    while first <= last:
        weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
        months.append(
            Month(
                first,
                tuple(
                    tuple(_grid_day(day, first, campaign, ends, due, days, today) for day in week)
                    for week in weeks
                ),
            )
        )
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return tuple(months)


def _grid_day(
    day: date,
    first: date,
    campaign: Campaign,
    ends: Mapping[date, str],
    due: Mapping[date, Sequence[str]],
    days: _Days,
    today: date,
) -> Day:
    if day.month != first.month:
        return Day(day, ("other",), "")
    off = days.off(day)
    works = day.weekday() >= calendar.SATURDAY and not off
    marks = {
        "due": day in due,
        "end": day in ends,
        "off": bool(off),
        "works": works,
        "today": day == today,
        "outside": not campaign.starts <= day <= campaign.ends,
    }
    says = [*([ends[day]] if day in ends else []), *due.get(day, ())]
    says += [off] if off else ["调休上班"] if works else []
    return Day(day, tuple(mark for mark, holds in marks.items() if holds), "，".join(says))


def _without_date(duty: TextDuty, lines: Mapping[str, str]) -> str:
    when = "每期随数据报送" if duty.each_period else "日期由牵头单位另定"
    least = f"，不少于{duty.at_least}篇" if duty.at_least else ""
    return f"{duty}：{_each(duty, lines)}，{when}{least}"


def _each(duty: TextDuty, lines: Mapping[str, str]) -> str:
    if duty.each in ("", _EVERYONE):
        who = "每个填报单位"
    else:
        who = f"{'' if duty.each == Level.OFFICE else '每个'}{Level(duty.each).label}"
    return who + (f"，{lines.get(duty.line, duty.line)}" if duty.line else "")


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
