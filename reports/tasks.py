"""What a unit owes: which forms in which periods, and how far each report is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Q, TextChoices
from django.utils import timezone

from campaigns.models import Campaign, Exemption, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.models import Extension, Submission, SubmissionEvent


class State(TextChoices):
    """How far a task is, in the order of the list: what has to be done comes first."""

    RETURNED = "returned", "被退回"
    DUE = "due", "待填报"
    SUBMITTED = "submitted", "待审"
    ACCEPTED = "accepted", "已通过"
    EXEMPT = "exempt", "免报"


URGENT = (State.RETURNED, State.DUE)
"""What waits for the clerk."""
_STATE_OF = {
    Submission.Status.DRAFT: State.DUE,
    Submission.Status.RETURNED: State.RETURNED,
    Submission.Status.SUBMITTED: State.SUBMITTED,
    Submission.Status.ACCEPTED: State.ACCEPTED,
}


@dataclass(frozen=True)
class Task:
    """One form that one unit owes in one period.

    submission: None where nothing has been entered yet. is_late: 迟报 of a report that was sent; None where
    not sent or where the time is unknown. is_overdue: not sent, not exempted, and the due second is past.
    due_at: the period's, or the unit's own where it has been given more time (is_extended).
    last_move: the latest of the report's trail, None where it has none. returned_reason: "" unless returned.
    filled of cells: 12/18. can_fill: the report may be edited now.
    """

    place: UnitPlace
    form: ReportForm
    period: ReportingPeriod
    submission: Submission | None
    state: State
    is_late: bool | None
    is_overdue: bool
    is_exempt: bool
    filled: int
    cells: int
    returned_reason: str
    due_at: datetime
    last_move: SubmissionEvent | None = None

    @property
    def late_by(self) -> timedelta:
        """How long after the due time the report was first sent; nothing where it was on time."""
        first = self.submission.first_submitted_at if self.submission else None
        return max(first - self.due_at, timedelta()) if first else timedelta()

    @property
    def unit(self) -> ReportingUnit:
        return self.place.unit

    @property
    def is_extended(self) -> bool:
        return self.due_at > self.period.due_at

    @property
    def can_fill(self) -> bool:
        return self.period.is_open and (self.submission is None or self.submission.is_editable)

    @property
    def changed_by(self) -> str:
        """Who saved last: a name, 导入, or "" where nothing was saved."""
        if self.submission is None or self.submission.changed_at is None:
            return ""
        return str(self.submission.changed_by or "导入")

    @property
    def changed_at(self) -> datetime | None:
        return self.submission.changed_at if self.submission else None


def owes(place: UnitPlace, form: ReportForm) -> bool:
    """Say whether the unit at `place` fills `form`: it files its own figures, in the form's line."""
    return place.reports and (not form.line or not place.line or place.line == form.line)


def place_held(places: Iterable[UnitPlace], ends_on: date) -> UnitPlace | None:
    """Return the place at which a unit counts in the period that ends on `ends_on`, the later of two.

    places: all that one unit has in one campaign. None where none counts: the same rule as
    `UnitPlaceQuerySet.held_in`, for places that have been read.
    """
    held = [place for place in places if place.counts(ends_on)]
    return max(held, key=lambda place: place.opens or date.min, default=None)


def may_begin(place: UnitPlace | None, form: ReportForm, ends_on: date) -> bool:
    """Say whether a report of that period may still be begun at `place`.

    A closed unit files no more, whether or not its figures are kept.
    """
    return place is not None and place.is_open(ends_on) and owes(place, form)


def next_period(campaign: Campaign) -> ReportingPeriod | None:
    """Return the next period to open; None where all are open or the campaign is closed."""
    if campaign.closed_at is not None:
        return None
    return campaign.periods.filter(starts_on__gt=campaign.today()).order_by("starts_on").first()


def tasks_of(user: User, campaign: Campaign) -> list[Task]:
    """List what the units owe for which `user` reports, in the periods that have opened, in a few queries.

    Order: 被退回 and 待填报, each by due time; 待审, 已通过 and 免报, latest first. Overdue tasks stay until
    sent or exempted; once the campaign is closed, what was never begun is left out. A place that has closed
    owes no new report, even where its figures are kept.
    """
    periods = list(campaign.periods.filter(starts_on__lte=campaign.today()).order_by("ends_on"))
    forms = list(campaign.forms.annotate(cells=Count("indicators")))
    places = _places_by_unit(user, campaign)
    submissions = _submissions(places, campaign)
    moves = _moves(submissions.values())
    exempted = set(Exemption.objects.filter(period__campaign=campaign).values_list("period_id", "unit_id"))
    extended = {
        (one.period_id, one.unit_id): one.due_at
        for one in Extension.objects.filter(period__campaign=campaign, unit__in=list(places))
    }
    now = timezone.now().replace(microsecond=0)

    tasks = []
    for period in periods:
        for unit_id, held in places.items():
            place = place_held(held, period.ends_on)
            if place is None:
                continue
            exempt = not exempted.isdisjoint({(period.pk, unit_id), (period.pk, None)})
            for form in forms:
                submission = submissions.get((form.pk, unit_id, period.pk))
                if not owes(place, form):
                    continue
                if submission is None and (campaign.closed_at or not place.is_open(period.ends_on)):
                    continue
                extended_to = extended.get((period.pk, unit_id))
                tasks.append(_task(place, form, period, submission, exempt, extended_to, now, moves))
    order = {state: number for number, state in enumerate(State)}
    # Both sorts are stable: within a group and a due time the registry's and the forms' order stays.
    tasks.sort(key=lambda task: task.due_at.timestamp() * (1 if task.state in URGENT else -1))
    tasks.sort(key=lambda task: order[task.state])
    return tasks


def next_task(user: User, campaign: Campaign, after: Submission) -> Task | None:
    """Return what to fill next once `after` has been sent: of its period first, then as in the list; None if nothing."""
    waiting = [
        task
        for task in tasks_of(user, campaign)
        if task.state in URGENT
        and task.can_fill
        and (task.submission is None or task.submission.pk != after.pk)
    ]
    return min(waiting, key=lambda task: task.period.pk != after.period_id, default=None)


def _task(
    place: UnitPlace,
    form: ReportForm,
    period: ReportingPeriod,
    submission: Submission | None,
    is_exempt: bool,
    extended_to: datetime | None,
    now: datetime,
    moves: Mapping[int, SubmissionEvent],
) -> Task:
    state = State.DUE
    if submission is not None:
        submission.period, submission.report_form, submission.unit = period, form, place.unit
        state = _STATE_OF[Submission.Status(submission.status)]
    report = submission or Submission(report_form=form, period=period, unit=place.unit)
    report.extended_to = extended_to
    if state == State.DUE and is_exempt:
        state = State.EXEMPT
    last = moves.get(submission.pk) if submission else None
    never_sent = submission is None or submission.first_submitted_at is None
    return Task(
        place=place,
        form=form,
        period=period,
        submission=submission,
        state=state,
        is_late=submission.is_late if submission else None,
        is_overdue=state == State.DUE and never_sent and now > report.due_at,
        is_exempt=is_exempt,
        filled=submission.filled if submission else 0,  # type: ignore[attr-defined]
        cells=form.cells,  # type: ignore[attr-defined]
        returned_reason=last.comment if last and state == State.RETURNED else "",
        due_at=report.due_at,
        last_move=last,
    )


def _places_by_unit(user: User, campaign: Campaign) -> dict[int, list[UnitPlace]]:
    """The places of the units for which `user` reports, in registry order."""
    if not user.is_active:
        return {}
    units = user.memberships.filter(role=Membership.Role.REPORTER).values("unit")
    places: dict[int, list[UnitPlace]] = {}
    for place in campaign.places.filter(unit__in=units).select_related("unit").order_by("position"):
        places.setdefault(place.unit_id, []).append(place)
    return places


def _submissions(units: Iterable[int], campaign: Campaign) -> dict[tuple[int, int, int], Submission]:
    """Reports by (form, unit, period), each with `filled`, its number of cells that are not blank."""
    rows = Submission.objects.filter(unit__in=list(units), period__campaign=campaign)
    rows = rows.select_related("changed_by").annotate(
        filled=Count("figures", filter=Q(figures__value__isnull=False))
    )
    return {(row.report_form_id, row.unit_id, row.period_id): row for row in rows}


def _moves(submissions: Iterable[Submission]) -> dict[int, SubmissionEvent]:
    """The latest move of each report, by its id: what it says of a returned report is why that came back."""
    events = SubmissionEvent.objects.filter(submission__in=[row.pk for row in submissions])
    latest = events.values("submission").annotate(last=Max("pk")).values("last")
    rows = SubmissionEvent.objects.filter(pk__in=latest).defer("snapshot")
    return {event.submission_id: event for event in rows}
