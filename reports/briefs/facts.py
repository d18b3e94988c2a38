"""Read what a brief is written from: the edition as published and as it is today, cases, due times.

Keys of numbers beside those of forms: cases.adopted and, with @320300, those of one unit; late: reports of the
period that came late.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from campaigns.models import ReportForm, TextDuty, UnitPlace
from reports import progress
from reports.models import Edition, TextReport
from reports.published import Paper, papers
from reports.rollup import RollUp, roll_up

from .numbers import Number, of_form

_SOON = timedelta(days=21)


@dataclass(frozen=True)
class Case:
    """An adopted case, with the unit that it is credited to."""

    unit: str
    unit_code: str
    title: str
    text: str


@dataclass(frozen=True)
class Due:
    """What is asked next. what: 第4期（截至2月16日）, or the name of a text."""

    what: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """What the sentences are made from. numbers: as published. asks_cases: the notice asks for cases.

    leading: by form the indicator that has a target, by which units are compared.
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
    dues: tuple[Due, ...]


def read(edition: Edition) -> Facts:
    """Read the facts of an edition. A bounded number of queries."""
    campaign = edition.period.campaign
    period = edition.period
    found = papers(edition)
    cases = _cases(edition)
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
        papers=tuple(found),
        numbers=_numbers(edition, {paper.code: paper.increment for paper in found}, found, cases),
        cases=tuple(cases),
        asks_cases=campaign.texts.filter(kind=TextDuty.Kind.CASE).exists(),
        leading=dict(
            campaign.targets.order_by("-position").values_list(
                "indicator__report_form__code", "indicator__number"
            )
        ),
        dues=tuple(dues),
    )


def known(edition: Edition) -> tuple[dict[str, Number], dict[str, Number]]:
    """Return all numbers of an edition by key: as published, and as they are today."""
    found = papers(edition)
    cases = _cases(edition)
    forms = {form.code: form for form in edition.period.campaign.forms.all()}
    today = {paper.code: _today(edition, forms[paper.code]) for paper in found if paper.code in forms}
    return (
        _numbers(edition, {paper.code: paper.increment for paper in found}, found, cases),
        _numbers(edition, today, found, cases),
    )


def _today(edition: Edition, form: ReportForm) -> RollUp:
    return roll_up(form, edition.period, edition.unit, measure="increment")


def _numbers(
    edition: Edition, rollups: Mapping[str, RollUp], found: Iterable[Paper], cases: Iterable[Case]
) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    for paper in found:
        if rollup := rollups.get(paper.code):
            numbers |= of_form(paper.code, paper.annex or paper.title, paper.columns, rollup)
    return numbers | _of_cases(cases) | _of_lateness(edition)


def _cases(edition: Edition) -> list[Case]:
    """The cases of the period that were adopted, of the unit and all below it, in registry order."""
    period = edition.period
    places = UnitPlace.objects.filter(campaign=period.campaign_id, path__startswith=edition.path)
    order = {
        unit: (position, short) for unit, position, short in places.values_list("unit", "position", "short")
    }
    adopted = TextReport.objects.cases().filter(
        status=TextReport.Status.ACCEPTED, period=period, unit__in=places.order_by().values("unit")
    )
    listed = sorted(adopted.select_related("unit"), key=lambda case: (order[case.unit_id][0], case.pk))
    return [Case(order[case.unit_id][1], case.unit.code, case.title, case.text) for case in listed]


def _of_cases(cases: Iterable[Case]) -> dict[str, Number]:
    listed = list(cases)
    numbers = {"cases.adopted": Number(Decimal(len(listed)), 0, "采用的特色亮点")}
    names = {case.unit_code: case.unit for case in listed}
    for code, count in Counter(case.unit_code for case in listed).items():
        numbers[f"cases.adopted@{code}"] = Number(Decimal(count), 0, f"{names[code]}采用的特色亮点")
    return numbers


def _of_lateness(edition: Edition) -> dict[str, Number]:
    campaign = edition.period.campaign
    below = campaign.places.filter(path__startswith=edition.path)
    read = progress.read(campaign, below, now=timezone.now(), periods=[edition.period])
    late = read.column(edition.period).late
    return {"late": Number(Decimal(late), 0, "本期迟报的报表份数")}
