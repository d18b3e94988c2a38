"""Reads what `reports.anomalies` looks at: a whole scope and period in always the same number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports import checks
from reports.anomalies import Anomaly, Report, find
from reports.models import Dismissal, Explanation, Figure, Question, Submission

HISTORY = 8
"""How many periods before this one a report is compared with."""


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
    places = UnitPlace.objects.filter(campaign=period.campaign_id, unit=OuterRef("unit")).order_by(
        "-position"
    )
    reports = list(
        submissions.filter(period=period)
        .annotate(short=Subquery(places.values("short")[:1]))
        .select_related("unit", "report_form")
        .order_by("report_form__position", "unit__code")
    )
    ends = period.campaign.periods.filter(ends_on__lte=period.ends_on).order_by("-ends_on")
    series = _series(reports, list(ends.values_list("ends_on", flat=True)[: HISTORY + 1]))
    pks = [report.pk for report in reports]
    dismissed = set(Dismissal.objects.filter(submission__in=pks).values_list("submission_id", "anomaly"))
    asked = {
        (question.submission_id, question.anomaly): question
        for question in Question.objects.filter(submission__in=pks).exclude(anomaly="")
    }
    by_form: dict[ReportForm, list[Submission]] = defaultdict(list)
    for report in reports:
        by_form[report.report_form].append(report)
    found = []
    for form, rows in by_form.items():
        facts = checks.facts(form.columns)
        latest = {row.pk: series[row.unit_id, form.pk][period.ends_on] for row in rows}
        for row in rows:
            of_unit = series[row.unit_id, form.pk]
            beside = {other.short: latest[other.pk] for other in rows if other.pk != row.pk}  # type: ignore[attr-defined]
            for anomaly in find(facts, [of_unit[end] for end in sorted(of_unit)], beside):
                if (row.pk, anomaly.key) not in dismissed:
                    short: str = row.short or row.unit.name  # type: ignore[attr-defined]
                    found.append(Suspect(anomaly, row, short, asked.get((row.pk, anomaly.key))))
    return sorted(found, key=lambda suspect: -suspect.anomaly.weight)


def top(user: User, period: ReportingPeriod, limit: int = 10) -> list[Suspect]:
    """Return the gravest anomalies of a period about which nobody has asked yet."""
    return [suspect for suspect in suspects(user, period) if suspect.question is None][:limit]


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
