"""What a brief is written from: the edition as published, cases, targets, what looks wrong, due times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.models import TextDuty
from reports.models import Edition
from reports.publishing.published import Paper

from .numbers import Number
from .sources import Aim, Case, Oddity, Sources

_SOON = timedelta(days=21)


@dataclass(frozen=True)
class Due:
    """What is asked next. what: 第4期（截至2月16日）, or the name of a text."""

    what: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """What the sentences are made from. numbers: as published. asks_cases: the notice asks for cases.

    leading: by form the indicator by which units are compared: one that has a target, else the first.
    course: by form its periods up to this one, as "3" (the number), with a total.
    weeks: by position of a floor the periods up to this one in which it is judged, as "3".
    late: units of which a report came late. oddities: the gravest first.
    """

    campaign: str
    unit: str
    day: date
    is_last: bool
    papers: tuple[Paper, ...]
    numbers: Mapping[str, Number]
    cases: tuple[Case, ...]
    asks_cases: bool
    leading: Mapping[str, int]
    aims: tuple[Aim, ...]
    course: Mapping[str, tuple[str, ...]]
    weeks: Mapping[int, tuple[str, ...]]
    late: tuple[str, ...]
    oddities: tuple[Oddity, ...]
    dues: tuple[Due, ...]


def read(edition: Edition) -> Facts:
    """Read the facts of an edition. A bounded number of queries."""
    campaign = edition.period.campaign
    period = edition.period
    sources = Sources(edition)
    later = list(campaign.periods.filter(ends_on__gt=period.ends_on).order_by("ends_on"))
    dues = [Due(str(following), following.due_at.astimezone(campaign.zone)) for following in later[:1]]
    for duty in campaign.texts.filter(due__gt=period.ends_on, due__lte=period.ends_on + _SOON):
        if duty.kind != TextDuty.Kind.EVENT and duty.due:
            dues.append(Due(str(duty), datetime.combine(duty.due, datetime.min.time(), campaign.zone)))
    return Facts(
        campaign=campaign.title,
        unit=edition.unit.name,
        day=period.ends_on,
        is_last=not later,
        papers=tuple(sources.papers),
        numbers=sources.published(),
        cases=tuple(sources.cases),
        asks_cases=campaign.texts.filter(kind=TextDuty.Kind.CASE).exists(),
        leading=sources.leading,
        aims=tuple(sources.aims),
        course={
            form: tuple(
                str(one.number)
                for one in found.periods
                if found.total(one, sources.leading[form]) is not None
            )
            for form, found in sources.courses.items()
        },
        weeks={
            position: tuple(str(one.number) for one, _ in weeks) for position, weeks in sources.weeks.items()
        },
        late=tuple(sources.names[place] for place in sources.late),
        oddities=tuple(sources.oddities()),
        dues=tuple(dues),
    )


def known(edition: Edition) -> tuple[dict[str, Number], dict[str, Number]]:
    """Return all numbers of an edition by key: as published, and as they are today."""
    sources = Sources(edition)
    return sources.published(), sources.today()
