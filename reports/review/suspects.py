"""Reads what `reports.review.anomalies` looks at: a whole scope and period in always the same number of queries."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports.entry import checks
from reports.entry.validation import IndicatorFacts
from reports.models import Dismissal, Explanation, Figure, Question, Submission
from reports.review.anomalies import Anomaly, Report, find


@dataclass(frozen=True)
class Suspect:
    """An anomaly and where it is. short: the unit's short name. question: the thread that asks about it, or None."""

    anomaly: Anomaly
    submission: Submission
    short: str
    question: Question | None


def suspects(user: User, period: ReportingPeriod) -> list[Suspect]:
    """Return what is odd in the reports of a period that `user` reads, the gravest first; not what is 已核."""
    return among(Submission.objects.visible_to(user).filter(status__in=Submission.SENT), period)


def among(submissions: QuerySet[Submission], period: ReportingPeriod) -> list[Suspect]:
    """Return what is odd in those of the reports that are of a period, as `suspects` does."""
    reports = _named(submissions.filter(period=period), period)
    series = _series(reports, _ends(period))
    by_form: dict[ReportForm, list[Submission]] = defaultdict(list)
    for report in reports:
        by_form[report.report_form].append(report)
    known = _known(reports)
    found: list[Suspect] = []
    for form, rows in by_form.items():
        facts = checks.facts(form.columns)
        latest = {row.pk: series[row.unit_id, form.pk][period.ends_on] for row in rows}
        for row in rows:
            beside = {_short(other): latest[other.pk] for other in rows if other.pk != row.pk}
            found += _odd(row, facts, series[row.unit_id, form.pk], beside, known)
    return sorted(found, key=lambda suspect: -suspect.anomaly.weight)


def about(submission: Submission, user: User) -> list[Suspect]:
    """Return what is odd in one report that was sent, beside those of its period that `user` reads."""
    form, period = submission.report_form, submission.period
    rows = _named(
        Submission.objects.visible_to(user).filter(
            period=period, report_form=form, status__in=Submission.SENT
        ),
        period,
    )
    row = next((row for row in rows if row.pk == submission.pk), None)
    if row is None:
        return []
    latest = _series(rows, [period.ends_on])
    beside = {
        _short(other): latest[other.unit_id, form.pk][period.ends_on] for other in rows if other.pk != row.pk
    }
    series = _series([row], _ends(period))[row.unit_id, form.pk]
    return list(_odd(row, checks.facts(form.columns), series, beside, _known([row])))


def top(user: User, period: ReportingPeriod, place: UnitPlace, limit: int = 10) -> list[Suspect]:
    """Return the gravest anomalies of a period about which nobody has asked yet: of the unit at `place` and those below."""
    inside = set(UnitPlace.objects.filter(path__startswith=place.path).values_list("unit", flat=True))
    unasked = (suspect for suspect in suspects(user, period) if suspect.question is None)
    return [suspect for suspect in unasked if suspect.submission.unit_id in inside][:limit]


@dataclass(frozen=True)
class _Known:
    """What was said of anomalies before, by report and key: dismissed ones, and threads."""

    dismissed: set[tuple[int, str]]
    asked: dict[tuple[int, str], Question]


def _known(reports: Sequence[Submission]) -> _Known:
    pks = [report.pk for report in reports]
    dismissed = Dismissal.objects.filter(submission__in=pks).values_list("submission_id", "anomaly")
    asked = Question.objects.filter(submission__in=pks).exclude(anomaly="")
    return _Known(
        set(dismissed), {(question.submission_id, question.anomaly): question for question in asked}
    )


def _odd(
    row: Submission,
    facts: Sequence[IndicatorFacts],
    of_unit: Mapping[date, Report],
    beside: Mapping[str, Report],
    known: _Known,
) -> Iterator[Suspect]:
    for anomaly in find(facts, [of_unit[end] for end in sorted(of_unit)], beside):
        key = (row.pk, anomaly.key)
        if key not in known.dismissed:
            yield Suspect(anomaly, row, _short(row), known.asked.get(key))


def _named(submissions: QuerySet[Submission], period: ReportingPeriod) -> list[Submission]:
    places = UnitPlace.objects.filter(campaign=period.campaign_id, unit=OuterRef("unit")).latest_first()
    return list(
        submissions.annotate(short=Subquery(places.values("short")[:1]))
        .select_related("unit", "report_form")
        .order_by("report_form__position", "unit__code")
    )


def _short(report: Submission) -> str:
    short: str = report.short or report.unit.name  # type: ignore[attr-defined]
    return short


def _ends(period: ReportingPeriod) -> list[date]:
    """All up to the period: the median of increments is that of the checks and of the desk, the first counted from 0."""
    return list(period.campaign.periods.filter(ends_on__lte=period.ends_on).values_list("ends_on", flat=True))


def _series(reports: Sequence[Submission], ends: list[date]) -> Mapping[tuple[int, int], dict[date, Report]]:
    """Return the reports sent of the same units and forms at these ends, by unit and form, then by end."""
    rows = Submission.objects.filter(
        unit__in={report.unit_id for report in reports},
        report_form__in={report.report_form_id for report in reports},
        ends_on__in=ends,
        status__in=Submission.SENT,
    )
    kept = list(rows.values_list("pk", "unit_id", "report_form_id", "ends_on", "no_change"))
    figures: dict[int, dict[int, Decimal | None]] = defaultdict(dict)
    values = Figure.objects.filter(submission__in=rows)
    for pk, number, value in values.values_list("submission_id", "indicator__number", "value"):
        figures[pk][number] = value
    told: dict[int, dict[str, str]] = defaultdict(dict)
    explanations = Explanation.objects.filter(submission__in=rows)
    for pk, key, text in explanations.values_list("submission_id", "finding", "text"):
        told[pk][key] = text
    series: dict[tuple[int, int], dict[date, Report]] = defaultdict(dict)
    for pk, unit, form, end, no_change in kept:
        series[unit, form][end] = Report(end, figures[pk], told[pk], no_change)
    return series
