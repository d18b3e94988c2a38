"""交接卡: what the successor of a unit's clerk has to know, on one sheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from campaigns.models import Campaign, ReportForm, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports import notifications
from reports.completeness import progress
from reports.models import Explanation, Figure, Question, Submission

PERIODS = 6
USUAL = 5


@dataclass(frozen=True)
class Series:
    """The last reports of one form that were sent. ends: oldest first; figures: by number, as long as `ends`."""

    form: ReportForm
    ends: Sequence[date]
    figures: Mapping[int, Sequence[Decimal | None]]


@dataclass(frozen=True)
class Card:
    """coordinators: of the nearest unit upward that has any. last: the latest report sent, with who signed it.

    record: what was due, None where the unit owes nothing. usual: explanations by how often they were given.
    """

    place: UnitPlace
    reporters: Sequence[User]
    coordinators: Sequence[User]
    last: Submission | None
    record: progress.Line | None
    streak: int
    series: Sequence[Series]
    usual: Sequence[tuple[str, int]]
    questions: Sequence[Question]


def card(campaign: Campaign, place: UnitPlace) -> Card:
    """Read the card of the unit at `place`: a number of queries that knows neither units nor periods."""
    sent = Submission.objects.sent().filter(unit=place.unit_id, period__campaign=campaign)
    latest = sent.select_related("period", "report_form").order_by("-ends_on", "report_form__position")
    read = progress.read(campaign, campaign.places.filter(unit=place.unit_id), now=timezone.now())
    record = next(iter(progress.by_unit(read.lines)), None)
    texts = Explanation.objects.filter(submission__in=sent).values_list("text", flat=True)
    asked = Question.objects.open().filter(
        submission__unit=place.unit_id, submission__period__campaign=campaign
    )
    return Card(
        place=place,
        reporters=notifications.reporters_of([place.unit_id])[place.unit_id],
        coordinators=_coordinators(place),
        last=latest.first(),
        record=record,
        streak=progress.streak(record.cells, read.periods) if record else 0,
        series=_series(list(latest)),
        usual=Counter(text.strip() for text in texts).most_common(USUAL),
        questions=list(
            asked.select_related("submission__period", "submission__report_form").prefetch_related("entries")
        ),
    )


def _coordinators(place: UnitPlace) -> list[User]:
    """The active coordinators of the nearest unit above that has any, or of the unit itself at the root."""
    above = place.ancestor_ids[:-1] or place.ancestor_ids
    units = dict(UnitPlace.objects.filter(pk__in=above).values_list("pk", "unit"))
    people: dict[int, list[User]] = {}
    for membership in (
        Membership.objects.filter(
            role=Membership.Role.COORDINATOR, user__is_active=True, unit__in=units.values()
        )
        .select_related("user")
        .order_by("pk")
    ):
        people.setdefault(membership.unit_id, []).append(membership.user)
    return next((people[units[pk]] for pk in reversed(above) if units[pk] in people), [])


def _series(latest: Sequence[Submission]) -> list[Series]:
    """The last PERIODS reports of each form. latest: all that were sent, the latest first."""
    kept: dict[ReportForm, list[Submission]] = {}
    for report in latest:
        of_form = kept.setdefault(report.report_form, [])
        if len(of_form) < PERIODS:
            of_form.append(report)
    values: dict[tuple[int, int], Decimal | None] = {}
    figures = Figure.objects.filter(submission__in=[row.pk for rows in kept.values() for row in rows])
    for pk, number, value in figures.values_list("submission_id", "indicator__number", "value"):
        values[pk, number] = value
    return [
        Series(
            form=form,
            ends=[row.ends_on for row in reversed(rows)],
            figures={
                indicator.number: [values.get((row.pk, indicator.number)) for row in reversed(rows)]
                for indicator in form.columns
            },
        )
        for form, rows in kept.items()
    ]
