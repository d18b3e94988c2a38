"""A definition moved by whole weeks: the same campaign, as if it were held at another time."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from . import schema

_NAMED = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})日(?:(至|到|—|－|-|~)(\d{1,2})日)?")
"""2024年1月25日, 1月25日, 1月25日至31日."""
_ABOUT_DATES = re.compile(r"\d{4}年|\d{1,2}月")


def redated(definition: schema.Definition, weeks: int, *, code: str, title: str) -> schema.Definition:
    """Return `definition` with every date in it, also those that notes and explanations name, `weeks` later.

    Weekdays stay, so there are as many periods. No holiday moves along: a due date that is not written in the
    definition is worked out anew when it is loaded. Left empty is `document`: no notice asks for this campaign.
    Left out are doubts that name a year, a month or a day: they read the notice's own dates.
    """
    campaign = definition.campaign
    by = timedelta(weeks=weeks)
    start = campaign.starts

    def words(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(redated_words(text, by, start) for text in texts)

    reporting = replace(
        campaign.reporting,
        extra=_periods(campaign.reporting.extra, by),
        periods=_periods(campaign.reporting.periods, by),
    )
    forms = [
        replace(
            form,
            notes=words(form.notes),
            indicators=tuple(
                replace(indicator, explain=redated_words(indicator.explain, by, start))
                for indicator in form.indicators
            ),
            doubts=_undated(form.doubts),
        )
        for form in campaign.forms
    ]
    return schema.Definition(
        campaign=replace(
            campaign,
            code=code,
            title=title,
            document=schema.Document.from_plain({}),
            starts=start + by,
            ends=campaign.ends + by,
            counts_from=campaign.counts_from + by,
            reporting=reporting,
            forms=tuple(forms),
            targets=tuple(
                replace(target, say=redated_words(target.say, by, start)) for target in campaign.targets
            ),
            texts=tuple(replace(duty, due=_later(duty.due, by)) for duty in campaign.texts),
            doubts=_undated(campaign.doubts),
        ),
        units=tuple(
            replace(unit, opens=_later(unit.opens, by), closes=_later(unit.closes, by))
            for unit in definition.units
        ),
    )


def redated_words(text: str, by: timedelta, near: date) -> str:
    """Return `text` with the days that it names `by` later, written as they were: with or without the year.

    near: a day that is named without its year is the one of that name nearest to this day. What is no day,
    such as 2月30日, stays as it is.
    """

    def moved(found: re.Match[str]) -> str:
        year, month, day, to, last_day = found.groups()
        first = _day(year, month, day, near)
        last = _day(str(first.year), month, last_day, near) if first and last_day else first
        if first is None or last is None:
            return found.group()
        first, last = first + by, last + by
        said = f"{first.year}年" * bool(year) + f"{first.month}月{first.day}日"
        if not to:
            return said
        if first.year != last.year and year:
            return f"{said}{to}{last.year}年{last.month}月{last.day}日"
        month_again = f"{last.month}月" if last.month != first.month else ""
        return f"{said}{to}{month_again}{last.day}日"

    return _NAMED.sub(moved, text)


def _day(year: str | None, month: str, day: str, near: date) -> date | None:
    years = [int(year)] if year else [near.year - 1, near.year, near.year + 1]
    days = []
    for candidate in years:
        try:
            days.append(date(candidate, int(month), int(day)))
        except ValueError:
            continue
    return min(days, key=lambda named: abs(named - near), default=None)


def _periods(periods: Sequence[schema.WrittenPeriod], by: timedelta) -> tuple[schema.WrittenPeriod, ...]:
    return tuple(replace(period, ends=period.ends + by, due=_later(period.due, by)) for period in periods)


def _later(day: date | None, by: timedelta) -> date | None:
    return None if day is None else day + by


def _undated(doubts: Sequence[schema.Doubt]) -> tuple[schema.Doubt, ...]:
    return tuple(doubt for doubt in doubts if not _ABOUT_DATES.search(f"{doubt.quote}{doubt.reading}"))
