"""Who may do what: plain functions, asked by views and templates alike.

Whoever may review or reopen is told here whatever the state of the report: the move itself
(`reports.lifecycle`) answers a late click with a sentence. What a reporter may do depends on the state too.
"""

from collections import defaultdict
from collections.abc import Iterable

from campaigns.models import ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.models import FigureChange, Submission, SubmissionEvent
from reports.tasks import place_held


def is_reporter(user: User) -> bool:
    return _holds(user, role=Membership.Role.REPORTER)


def is_coordinator(user: User) -> bool:
    return _holds(user, role=Membership.Role.COORDINATOR)


def can_fill(user: User, unit: ReportingUnit) -> bool:
    """True for the reporters of the unit itself, not of one above it."""
    return _holds(user, role=Membership.Role.REPORTER, unit=unit)


def can_edit(user: User, submission: Submission) -> bool:
    """True for a reporter of the unit while the report is a draft or returned and its period is open."""
    return submission.is_editable and submission.period.is_open and _reports_for(user, submission)


can_submit = can_edit
"""Whoever may edit a report may send it."""


def can_withdraw(user: User, submission: Submission) -> bool:
    """True for a reporter of the unit until a coordinator has opened the submitted report."""
    waits = submission.status == Submission.Status.SUBMITTED and submission.review_started_at is None
    return waits and submission.period.is_open and _reports_for(user, submission)


def can_review(user: User, submission: Submission) -> bool:
    """True where the report is the user's to accept or return: see `reviewers`. Of many, ask `reviewable`."""
    return submission.pk in reviewable(user, [submission])


def can_reopen(user: User, submission: Submission) -> bool:
    """True for every coordinator from the unit up to the root, however near; never for who filled it."""
    if not is_coordinator(user) or user.pk in fillers([submission])[submission.pk]:
        return False
    [units] = _units_upward([submission]).values()
    return _holds(user, role=Membership.Role.COORDINATOR, unit__in=units)


def reviewable(user: User, submissions: Iterable[Submission]) -> set[int]:
    """Return the ids of those reports that `user` may review, in a number of queries that does not grow."""
    if not is_coordinator(user):
        return set()
    return {pk for pk, people in reviewers(submissions).items() if user.pk in people}


def reviewers(submissions: Iterable[Submission]) -> dict[int, set[int]]:
    """Return who may review each report: ids of people by id of submission, empty where nobody may.

    From the place that the unit held in the report's period up to the root: the first unit, itself included,
    that has an active coordinator who did not fill the report; those may. A disabled coordinator is passed
    over.
    """
    listed = list(submissions)
    upward = _units_upward(listed)
    coordinators: dict[int, set[int]] = defaultdict(set)
    active = Membership.objects.filter(role=Membership.Role.COORDINATOR, user__is_active=True)
    at_these = active.filter(unit__in={unit for units in upward.values() for unit in units})
    for unit_id, user_id in at_these.values_list("unit_id", "user_id"):
        coordinators[unit_id].add(user_id)
    filled = fillers(listed)
    return {
        pk: next((able for unit in units if (able := coordinators[unit] - filled[pk])), set())
        for pk, units in upward.items()
    }


def fillers(submissions: Iterable[Submission]) -> dict[int, set[int]]:
    """Return who ever changed a figure of each report or sent it: ids of people by id of submission."""
    people: dict[int, set[int]] = {
        row.pk: {row.submitted_by_id} if row.submitted_by_id else set() for row in submissions
    }
    changes = FigureChange.objects.filter(submission__in=people, actor__isnull=False)
    sent = SubmissionEvent.objects.filter(
        submission__in=people, actor__isnull=False, move=SubmissionEvent.Move.SUBMITTED
    )
    # Ordered by the trail's own key, DISTINCT would keep every change.
    for rows in (changes.order_by(), sent.order_by()):
        for pk, actor_id in rows.values_list("submission_id", "actor_id").distinct():
            people[pk].add(actor_id)
    return people


def _holds(user: User, **membership: object) -> bool:
    # An anonymous visitor is never active.
    return user.is_active and user.memberships.filter(**membership).exists()


def _reports_for(user: User, submission: Submission) -> bool:
    return _holds(user, role=Membership.Role.REPORTER, unit_id=submission.unit_id)


def _units_upward(submissions: Iterable[Submission]) -> dict[int, list[int]]:
    """Return ids of units by id of submission: the unit itself, then those above it then."""
    listed = list(submissions)
    campaigns = dict(
        Submission.objects.filter(pk__in=[row.pk for row in listed]).values_list("pk", "period__campaign")
    )
    places: dict[tuple[int, int], list[UnitPlace]] = defaultdict(list)
    for place in UnitPlace.objects.filter(
        campaign__in=set(campaigns.values()), unit__in={row.unit_id for row in listed}
    ):
        places[place.campaign_id, place.unit_id].append(place)
    held = {row.pk: place_held(places[campaigns[row.pk], row.unit_id], row.ends_on) for row in listed}
    ids = {pk for place in held.values() if place for pk in place.ancestor_ids}
    units = dict(UnitPlace.objects.filter(pk__in=ids).values_list("pk", "unit"))
    return {
        row: [units[pk] for pk in reversed(place.ancestor_ids)] if place else []
        for row, place in held.items()
    }
