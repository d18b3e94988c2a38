"""Which period a workbook speaks of: dates and numbers in its heading. Hints, never more: they make the portal ask."""

import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from campaigns.models import ReportingPeriod

from .recognise import folded

_DATE = re.compile(
    r"(?<![0-9])(?:"
    r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})[日号]?"
    r"|([0-9]{1,2})月([0-9]{1,2})(?:[日号]|(?=[-—–~～至到][0-9]{1,2}[日号]))"
    r"|([0-9]{4})([-/.])([0-9]{1,2})\7([0-9]{1,2})"
    r"|(20[0-9]{2})(0[1-9]|1[0-2])([0-2][0-9]|3[01])(?![0-9])"
    r")"
)
_MONTH = re.compile(
    r"(?<![-—–~～至到0-9])(?:([0-9]{4})年([0-9]{1,2})月(?![0-9上下]|份?(?:[起至到—–~～-]))"
    r"|(?:([0-9]{4})年)?([0-9]{1,2})月([上下])半月)"
)
_SINCE = re.compile(r"(?:起[至到]?|(?:[至到]|[-—–~～]+)(?=[0-9今目报填]))(?:([0-9]{1,2})[日号])?")
_BEFORE = re.compile(r"[之以]?前")
_END = ("截至", "截止", "截止到", "截至到")
_ORDINAL = re.compile(r"第([0-9]{1,3})期")
_CHINESE = re.compile(r"[〇○零一二三四五六七八九十]+(?=[年月日号期])")
_DIGITS = dict(zip("〇○零一二三四五六七八九", "000123456789", strict=True))


@dataclass(frozen=True)
class Hint:
    """What a text says of the period. text: as written, in plain digits. number: 第n期.

    year: None where it is not written. day: None for a whole month, or its `half`, 1 or 2.
    is_end: the day is said to be the period's end. since: month and day from which it counts, of a span.
    """

    text: str
    year: int | None = None
    month: int | None = None
    day: int | None = None
    half: int | None = None
    is_end: bool = False
    since: tuple[int, int] | None = None
    number: int | None = None

    @property
    def full_date(self) -> date | None:
        """The day, where it is written in full."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)

    def fits(self, period: ReportingPeriod) -> bool:
        """Say whether a sheet of the period may bear this: it is filled from its first day to its due day."""
        if self.number is not None:
            return self.number == period.number
        campaign = period.campaign
        due = period.due_at.astimezone(campaign.zone).date()
        filled = period.starts_on, max(period.ends_on, due)
        spans = list(self._spans({self.year} if self.year else {day.year for day in filled}))
        begins = {(day.month, day.day) for day in (campaign.starts, campaign.counts_from or campaign.starts)}
        if self.since in begins and (campaign.ends, campaign.ends) in spans:
            return True  # the campaign's own span, which stands above the tables of all its periods
        if self.is_end or self.half:
            filled = (period.ends_on, period.ends_on) if self.is_end else (period.starts_on, period.ends_on)
        return any(first <= filled[1] and filled[0] <= last for first, last in spans)

    def _spans(self, years: Iterable[int]) -> Iterator[tuple[date, date]]:
        """Return the first and the last day that may be meant, in each of these years."""
        for year in years:
            try:
                first = self.day or (16 if self.half == 2 else 1)
                last = self.day or (15 if self.half == 1 else monthrange(year, self.month or 0)[1])
                yield date(year, self.month or 0, first), date(year, self.month or 0, last)
            except ValueError:
                continue  # 29 February of another year


def hints(above: Iterable[str], below: Iterable[str], own: Collection[str] = ()) -> list[Hint]:
    """Return what the texts above a table say of the period, and those under it that name the day of filling.

    own: the form's title and notes, folded: the same for all periods, they say nothing of one.
    """
    signed = [text for text in below if ("日期" in text or "截至" in text) and "沿用" not in text]
    return list(_hints([text for text in (*above, *signed) if folded(text) not in own]))


def _hints(texts: Sequence[str]) -> Iterator[Hint]:
    for text in texts:
        plain = _CHINESE.sub(_arabic, folded(text))
        yield from _days(plain)
        for match in _MONTH.finditer(plain):
            year, month, half_year, half_month, half = match.groups()
            if 1 <= int(month or half_month) <= 12:
                in_year = year or half_year
                yield Hint(
                    match[0],
                    int(in_year) if in_year else None,
                    int(month or half_month),
                    half={"上": 1, "下": 2}.get(half),
                )
        for match in _ORDINAL.finditer(plain):
            yield Hint(match[0], number=int(match[1]))


def _days(plain: str) -> Iterator[Hint]:
    since = None
    for match in _DATE.finditer(plain):
        *years, month, day = (int(part) for part in match.groups() if part and part.isdigit())
        year = years[0] if years else None
        began, since = since, None
        if not _exists(year, month, day) or _BEFORE.match(plain, match.end()):
            continue
        if span := _SINCE.match(plain, match.end()):
            since = month, day
            if span[1] and _exists(year, month, int(span[1])):
                yield Hint(plain[match.start() : span.end()], year, month, int(span[1]), since=since)
                since = None
            continue
        is_end = plain[: match.start()].endswith(_END)
        yield Hint(match[0], year, month, day, is_end=is_end, since=began)


def _exists(year: int | None, month: int, day: int) -> bool:
    try:
        date(year or 2000, month, day)
    except ValueError:
        return False
    return True


def _arabic(match: re.Match[str]) -> str:
    """Return 12 for 十二, 2014 for 二〇一四."""
    text = match[0]
    if "十" not in text:
        return "".join(_DIGITS[character] for character in text)
    tens, _, ones = text.partition("十")
    return f"{_DIGITS.get(tens, '1')}{_DIGITS.get(ones, '0')}"
