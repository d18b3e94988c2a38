"""Which period a workbook speaks of: dates and numbers in its heading. Hints, never more: they make the portal ask."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from campaigns.models import ReportingPeriod

from .recognise import folded

_DATE = re.compile(r"([0-9]{4})(?:年|[-/.])([0-9]{1,2})(?:月|[-/.])([0-9]{1,2})日?")
_ORDINAL = re.compile(r"第([0-9]{1,3})期")


@dataclass(frozen=True)
class Hint:
    """text: as written. day: of a date. is_end: it is said to be the period's end. number: 第n期."""

    text: str
    day: date | None = None
    is_end: bool = False
    number: int | None = None

    def fits(self, period: ReportingPeriod) -> bool:
        """Say whether a sheet of the period may bear this: it is filled from its first day to its due day."""
        if self.number is not None:
            return self.number == period.number
        if self.day is None:
            return True
        if self.is_end:
            return self.day == period.ends_on
        due = period.due_at.astimezone(period.campaign.zone).date()
        return period.starts_on <= self.day <= max(period.ends_on, due)


def hints(above: Iterable[str], below: Iterable[str]) -> list[Hint]:
    """Return what the texts above a table say of the period, and those under it that name the day of filling."""
    signed = [text for text in below if "日期" in text or "截至" in text]
    return list(_hints([*above, *signed]))


def _hints(texts: Sequence[str]) -> Iterator[Hint]:
    for text in texts:
        plain = folded(text)
        for match in _DATE.finditer(plain):
            try:
                day = date(*map(int, match.groups()))
            except ValueError:
                continue
            yield Hint(
                match[0], day, is_end=plain[: match.start()].endswith(("截至", "截止", "截止到", "截至到"))
            )
        for match in _ORDINAL.finditer(plain):
            yield Hint(match[0], number=int(match[1]))
