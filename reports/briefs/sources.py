"""The numbers of an edition, as published and as they are today, and what else is read beside them.

Keys beside those of forms (`reports.briefs.numbers`):
    cases.adopted                     and, with @320300, those of one unit
    late                              reports of the period that came late
    target.1.goal, .progress, .elapsed    of a target over the campaign, by its position
    target.2.judged, .met, .below     of a weekly floor; .met-3 in period 3, .met-all in all periods up to this one
    fu1.6.to-3, fu1.6.in-3            the leading indicator of a form by period 3, and added in it
    fu1.2.own@320321                  what a reporting unit's own report of the period says in a column
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from campaigns.models import ReportForm, ReportingPeriod, Target, UnitPlace
from reports.completeness import progress
from reports.completeness.targets import Attainment, Verdict, attainment, is_judged, read_floors
from reports.models import Edition, Figure, Submission, TextReport
from reports.overview import stands_for_all
from reports.publishing.published import Paper, papers
from reports.review import suspects
from reports.review.anomalies import Kind
from reports.rollup import RollUp, roll_up
from reports.rollup.series import series

from .numbers import Number, of_form

OF_ONE_FIGURE = (Kind.YUAN, Kind.SWAPPED, Kind.TENFOLD)
SPOKEN_OF = (*OF_ONE_FIGURE, Kind.COPIED, Kind.SAME, Kind.PARTS)
"""Anomalies that a brief names. A fall of a total has its own sentence; what is faint stays at the desk."""


@dataclass(frozen=True)
class Case:
    """An adopted case, with the unit that it is credited to."""

    pk: int
    unit: str
    unit_code: str
    title: str
    text: str
    score: int


@dataclass(frozen=True)
class Aim:
    """A target. is_floor: a weekly one, of every unit of a level; below: the units that miss it."""

    position: int
    form: str
    number: int
    label: str
    unit: str
    is_floor: bool
    is_judged: bool
    below: tuple[str, ...]


@dataclass(frozen=True)
class Oddity:
    """What looks wrong in the report of a unit. number: the column, None where it is about the whole report."""

    unit: str
    unit_code: str
    form: str
    kind: Kind
    number: int | None


class Sources:
    """What the numbers of an edition come from, read once."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.papers = papers(edition)
        self.cases = cases_of(edition)
        self.targets = list(edition.period.campaign.targets.select_related("indicator__report_form"))
        self.place = _place_of(edition)
        so_far = list(edition.period.campaign.periods.filter(ends_on__lte=edition.period.ends_on))
        floors = {
            target.position: read_floors(target, so_far, self.place)
            for target in self.targets
            if _is_floor(target)
        }
        self.floors = {position: found[edition.period_id] for position, found in floors.items()}
        self.weeks = {
            position: [(period, found[period.pk]) for period in so_far if is_judged(period)]
            for position, found in floors.items()
        }
        self.forms = {form.code: form for form in edition.period.campaign.forms.all()}
        self.leading = {paper.code: self._leading(paper) for paper in self.papers}
        self.courses = {
            code: series(self.forms[code], edition.unit, numbers=[number], until=edition.period)
            for code, number in self.leading.items()
            if code in self.forms
        }
        self.names = self._names()
        self.late, lateness = _of_lateness(edition)
        self.shared = (
            _of_cases(self.cases) | lateness | self._of_floors() | self._of_courses() | self._of_reports()
        )

    @property
    def aims(self) -> list[Aim]:
        codes = {paper.code for paper in self.papers}
        return [
            _aim(target, self._below(target), self.edition.period)
            for target in self.targets
            if target.indicator.report_form.code in codes
            and (self.floors.get(target.position) if _is_floor(target) else stands_for_all(self.place))
        ]

    def _below(self, target: Target) -> tuple[str, ...]:
        """The units that miss a floor, each with the name of the one above it where that is not the brief's own."""
        return tuple(
            self.names[one.place.pk]
            for one in self.floors.get(target.position, ())
            if one.verdict != Verdict.MET
        )

    def _names(self) -> dict[int, str]:
        """What the places of the brief are called, by id: with the name of the one above where that is not its own."""
        rows = UnitPlace.objects.filter(campaign=self.place.campaign_id, path__startswith=self.edition.path)
        places = {pk: (short, parent) for pk, short, parent in rows.values_list("pk", "short", "parent")}
        return {
            pk: f"{places[parent][0] if parent in places and parent != self.place.pk else ''}{short}"
            for pk, (short, parent) in places.items()
        }

    def oddities(self) -> Iterator[Oddity]:
        """What looks odd in the accepted reports of the period, of the kinds that a brief speaks of."""
        places = UnitPlace.objects.filter(pk__in=self.names)
        accepted = Submission.objects.accepted().filter(unit__in=places.order_by().values("unit"))
        names = self._names_of_units()
        for suspect in suspects.among(accepted, self.edition.period):
            form, unit = suspect.submission.report_form.code, suspect.submission.unit
            if suspect.anomaly.kind in SPOKEN_OF and form in self.leading:
                cells = suspect.anomaly.cells if suspect.anomaly.kind in OF_ONE_FIGURE else ()
                yield Oddity(
                    names[unit.code], unit.code, form, suspect.anomaly.kind, cells[0] if cells else None
                )

    def _names_of_units(self) -> dict[str, str]:
        rows = UnitPlace.objects.filter(pk__in=self.names).order_by("position")
        return {code: self.names[pk] for pk, code in rows.values_list("pk", "unit__code")}

    def published(self) -> dict[str, Number]:
        return self._numbers({paper.code: paper.increment for paper in self.papers})

    def today(self) -> dict[str, Number]:
        listed = [paper.code for paper in self.papers if paper.code in self.forms]
        return self._numbers({code: _today(self.edition, self.forms[code]) for code in listed})

    def _leading(self, paper: Paper) -> int:
        aimed = [
            target.indicator.number
            for target in self.targets
            if target.indicator.report_form.code == paper.code and not _is_floor(target)
        ]
        return next((number for number in aimed if stands_for_all(self.place)), paper.columns[0].number)

    def _of_courses(self) -> dict[str, Number]:
        numbers = {}
        for code, found in self.courses.items():
            number = self.leading[code]
            column = next(one for one in self.forms[code].columns if one.number == number)
            for period in found.periods:
                source = f"{column.label}{period}"
                key = f"{code}.{number}"
                numbers[f"{key}.to-{period.number}"] = Number(
                    found.total(period, number), column.decimals, f"{source}累计", code
                )
                numbers[f"{key}.in-{period.number}"] = Number(
                    found.increment(period, number), column.decimals, f"{source}本期新增", code, "increment"
                )
        return numbers

    def _of_reports(self) -> dict[str, Number]:
        """What each unit's own report of the period says, as it has been sent."""
        names = self._names_of_units()
        columns = {
            paper.code: {column.number: (column, paper.annex or paper.title) for column in paper.columns}
            for paper in self.papers
        }
        sent = Submission.objects.filter(
            period=self.edition.period,
            status__in=Submission.SENT,
            report_form__code__in=columns,
            unit__code__in=names,
        )
        figures = Figure.objects.filter(submission__in=sent).values_list(
            "submission",
            "submission__report_form__code",
            "submission__unit__code",
            "indicator__number",
            "value",
        )
        numbers = {}
        for report, form, unit, number, value in figures:
            if number in columns[form]:
                column, annex = columns[form][number]
                source = f"{names[unit]}{annex}第{number}列本单位填报"
                numbers[f"{form}.{number}.own@{unit}"] = Number(
                    value, column.decimals, source, form, report=report
                )
        return numbers

    def _numbers(self, rollups: Mapping[str, RollUp]) -> dict[str, Number]:
        numbers: dict[str, Number] = {}
        for paper in self.papers:
            if rollup := rollups.get(paper.code):
                numbers |= of_form(paper.code, paper.annex or paper.title, paper.columns, rollup)
        for target in self.targets:
            form = target.indicator.report_form.code
            if form in rollups and not _is_floor(target):
                total = rollups[form].cumulative.get(target.indicator.number)
                numbers |= _of_target(
                    target,
                    attainment(target, total, self.edition.period.campaign, self.edition.period.ends_on),
                )
        return numbers | self.shared

    def _of_floors(self) -> dict[str, Number]:
        numbers = {}
        for target in self.targets:
            if not _is_floor(target):
                continue
            weeks = self.weeks[target.position]
            everything = [one for _, standings in weeks for one in standings]
            asked = [("", "", self.floors[target.position]), ("-all", "各期", everything)]
            asked += [(f"-{period.number}", str(period), standings) for period, standings in weeks]
            for suffix, when, standings in asked:
                met = sum(one.verdict == Verdict.MET for one in standings)
                for name, count, words in (
                    ("judged", len(standings), "考核单位数"),
                    ("met", met, "达标单位数"),
                    ("below", len(standings) - met, "未达标单位数"),
                ):
                    source = f"{target.indicator.label}每周下限{when}{words}"
                    numbers[f"target.{target.position}.{name}{suffix}"] = Number(
                        Decimal(count), 0, source, target.indicator.report_form.code, "increment"
                    )
        return numbers


def _is_floor(target: Target) -> bool:
    return target.over == Target.Over.WEEK


def _aim(target: Target, below: tuple[str, ...], period: ReportingPeriod) -> Aim:
    return Aim(
        target.position,
        target.indicator.report_form.code,
        target.indicator.number,
        target.indicator.label,
        target.indicator.unit_of_measure,
        _is_floor(target),
        is_judged(period),
        below,
    )


def _of_target(target: Target, found: Attainment) -> dict[str, Number]:
    prefix, label = f"target.{target.position}.", target.indicator.label
    form = target.indicator.report_form.code
    progress = None if found.progress is None else Decimal(found.progress)
    return {
        f"{prefix}goal": Number(found.at_least, target.indicator.decimals, f"{label}目标", form),
        f"{prefix}progress": Number(progress, 0, f"{label}目标完成进度（%）", form),
        f"{prefix}elapsed": Number(Decimal(found.elapsed), 0, "时间进度（%）", form),
    }


def _today(edition: Edition, form: ReportForm) -> RollUp:
    return roll_up(form, edition.period, edition.unit, measure="increment")


def _place_of(edition: Edition) -> UnitPlace:
    return UnitPlace.objects.get(pk=int(edition.path.rstrip("/").rpartition("/")[2]))


def cases_of(edition: Edition) -> list[Case]:
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
    return [
        Case(case.pk, order[case.unit_id][1], case.unit.code, case.title, case.text, case.score or 0)
        for case in listed
    ]


def _of_cases(cases: Iterable[Case]) -> dict[str, Number]:
    listed = list(cases)
    numbers = {"cases.adopted": Number(Decimal(len(listed)), 0, "采用的特色亮点")}
    names = {case.unit_code: case.unit for case in listed}
    for code, count in Counter(case.unit_code for case in listed).items():
        numbers[f"cases.adopted@{code}"] = Number(Decimal(count), 0, f"{names[code]}采用的特色亮点")
    return numbers


def _of_lateness(edition: Edition) -> tuple[list[int], dict[str, Number]]:
    """The places of which a report of the period came late, and how many reports did."""
    campaign = edition.period.campaign
    below = campaign.places.filter(path__startswith=edition.path)
    read = progress.read(campaign, below, now=timezone.now(), periods=[edition.period])
    places = [
        line.place.pk
        for line in read.lines
        if any(one.is_late for one in line.cells.get(edition.period.pk, ()))
    ]
    late = read.column(edition.period).late
    return places, {"late": Number(Decimal(late), 0, "本期迟报的报表份数")}
