"""Who may do what: plain functions, asked by views and templates alike.

Whoever may review or reopen is told here whatever the state of the report: the move itself
(`reports.lifecycle`) answers a late click with a sentence. What a reporter may do depends on the state too.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from campaigns.models import Campaign, ReportingPeriod, ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.models import FigureChange, SignOff, Submission, SubmissionEvent
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
    """True for whoever `coordinates` the report; never for who filled it."""
    return coordinates(user, submission) and user.pk not in fillers([submission])[submission.pk]


def coordinates(user: User, submission: Submission) -> bool:
    """True for every coordinator from the report's unit up to the root, however near."""
    if not is_coordinator(user):
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
    coordinators = _coordinators(unit for units in upward.values() for unit in units)
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


def places_held(submissions: Iterable[Submission]) -> dict[int, UnitPlace | None]:
    """Return the place that the unit of each report held in the report's period, by id of submission."""
    listed = list(submissions)
    campaigns = dict(
        Submission.objects.filter(pk__in=[row.pk for row in listed]).values_list("pk", "period__campaign")
    )
    places: dict[tuple[int, int], list[UnitPlace]] = defaultdict(list)
    for place in UnitPlace.objects.filter(
        campaign__in=set(campaigns.values()), unit__in={row.unit_id for row in listed}
    ):
        places[place.campaign_id, place.unit_id].append(place)
    return {row.pk: place_held(places[campaigns[row.pk], row.unit_id], row.ends_on) for row in listed}


def reads_totals(user: User, campaign: Campaign) -> bool:
    """True for coordinators and viewers of units in the campaign."""
    reading = (Membership.Role.COORDINATOR, Membership.Role.VIEWER)
    return _holds(user, role__in=reading, unit__places__campaign=campaign)


def can_publish(user: User, unit: ReportingUnit) -> bool:
    """True for the coordinators of the unit itself: nobody publishes another unit's figures."""
    return _holds(user, role=Membership.Role.COORDINATOR, unit=unit)


def publishing_places(user: User, campaign: Campaign) -> list[list[UnitPlace]]:
    """Return the places in the campaign of each unit that `user` publishes for, in registry order."""
    by_unit: dict[int, list[UnitPlace]] = defaultdict(list)
    own = user.memberships.filter(role=Membership.Role.COORDINATOR).values("unit")
    for place in campaign.places.filter(unit__in=own).select_related("unit").order_by("position"):
        by_unit[place.unit_id].append(place)
    return list(by_unit.values())


def sign_off_places(user: User, campaign: Campaign) -> QuerySet[UnitPlace]:
    """Return the places of the campaign that sign off and that `user` reads as coordinator or viewer."""
    reading = (Membership.Role.COORDINATOR, Membership.Role.VIEWER)
    above = campaign.places.filter(unit__memberships__user=user, unit__memberships__role__in=reading)
    scope = Q(pk__in=[])
    if campaign.sign_off_by and user.is_active:
        for path in above.order_by().values_list("path", flat=True):
            scope |= Q(path__startswith=path)
    return UnitPlace.objects.filter(scope, campaign=campaign, level=campaign.sign_off_by)


def can_sign_off(user: User, place: UnitPlace) -> bool:
    """True for the coordinators of the unit at `place` itself, where its level signs off."""
    signs = bool(place.level) and place.level == place.campaign.sign_off_by
    return signs and _holds(user, role=Membership.Role.COORDINATOR, unit=place.unit_id)


def can_reopen_sign_off(user: User, place: UnitPlace) -> bool:
    """True where it is the user's to reopen the sign-off of `place`. Of many, ask `sign_off_deciders`."""
    return user.pk in sign_off_deciders([place])[place.pk]


def can_accept_sign_off(user: User, place: UnitPlace, signed: SignOff | None) -> bool:
    """True where it is the user's to accept `signed`, made at `place`."""
    above = coordinators_above([place])[place.pk]
    return user.pk in deciders(above, signed.signed_by_id if signed else None)


def sign_off_deciders(places: Iterable[UnitPlace]) -> dict[int, set[int]]:
    """Return who may reopen a sign-off made at each place, and accept it unless they signed: see `deciders`."""
    return {pk: deciders(above) for pk, above in coordinators_above(places).items()}


def deciders(above: Iterable[set[int]], signed_by: int | None = None) -> set[int]:
    """Of the coordinators above a place return those who decide there: of the nearest unit that has any.

    signed_by: who signed and is passed over: whoever accepts is somebody else, whoever reopens need not be.
    """
    return next((able for people in above if (able := people - {signed_by})), set())


def coordinators_above(places: Iterable[UnitPlace]) -> dict[int, list[set[int]]]:
    """Return the active coordinators of the units above each place, the nearest first: ids of people by its id."""
    listed = list(places)
    units = _units_at(listed)
    coordinators = _coordinators(units.values())
    return {
        place.pk: [coordinators[units[pk]] for pk in reversed(place.ancestor_ids[:-1])] for place in listed
    }


def can_manage(user: User, campaign: Campaign) -> bool:
    """True for the coordinators of the unit at the campaign's root: dates, labels, doubts, targets, units."""
    roots = campaign.places.filter(parent=None).values("unit")
    return _holds(user, role=Membership.Role.COORDINATOR, unit__in=roots)


def announcing_units(user: User, campaign: Campaign) -> list[ReportingUnit]:
    """Return the units of the campaign for which `user`, their coordinator, may write announcements."""
    if not user.is_active:
        return []
    coordinated = user.memberships.filter(role=Membership.Role.COORDINATOR).values("unit")
    units = ReportingUnit.objects.filter(pk__in=coordinated, places__campaign=campaign)
    return list(units.distinct())


def can_announce(user: User, unit: ReportingUnit, campaign: Campaign) -> bool:
    """True for the coordinators of the unit itself, where it has a place in the campaign."""
    return unit in announcing_units(user, campaign)


def extendable(user: User, period: ReportingPeriod) -> QuerySet[UnitPlace]:
    """Return the places open in the period whose units `user` may exempt or give more time: those below, that report.

    Nobody grants it to the own unit, except at the root, above which there is nobody to ask.
    """
    scope = Q(pk__in=[])
    if user.is_active:
        coordinated = user.memberships.filter(role=Membership.Role.COORDINATOR).values("unit")
        for place in UnitPlace.objects.filter(campaign=period.campaign_id, unit__in=coordinated):
            scope |= _granted_below(place)
    return UnitPlace.objects.open_in(period).filter(scope, reports=True)


def remindable(user: User, campaign: Campaign) -> set[int]:
    """Return the ids of the places whose units `user` may remind: as with `extendable`, in whatever period."""
    scope = Q(pk__in=[])
    if user.is_active:
        coordinated = user.memberships.filter(role=Membership.Role.COORDINATOR).values("unit")
        for place in campaign.places.filter(unit__in=coordinated):
            scope |= _granted_below(place)
    return set(campaign.places.filter(scope, reports=True).order_by().values_list("pk", flat=True))


def can_extend(user: User, unit: ReportingUnit, period: ReportingPeriod) -> bool:
    """True where `unit` is one of those that are `extendable` in the period."""
    return extendable(user, period).filter(unit=unit).exists()


def _granted_below(place: UnitPlace) -> Q:
    """Those below a coordinator's place; at the root also the own unit, above which there is nobody to ask."""
    below = Q(path__startswith=place.path)
    return below if place.parent_id is None else below & ~Q(unit=place.unit_id)


def _coordinators(units: Iterable[int]) -> dict[int, set[int]]:
    """Return the active coordinators of units: ids of people by id of unit."""
    people: dict[int, set[int]] = defaultdict(set)
    active = Membership.objects.filter(role=Membership.Role.COORDINATOR, user__is_active=True)
    for unit_id, user_id in active.filter(unit__in=set(units)).values_list("unit_id", "user_id"):
        people[unit_id].add(user_id)
    return people


def _holds(user: User, **membership: object) -> bool:
    # An anonymous visitor is never active.
    return user.is_active and user.memberships.filter(**membership).exists()


def _reports_for(user: User, submission: Submission) -> bool:
    return _holds(user, role=Membership.Role.REPORTER, unit_id=submission.unit_id)


def _units_upward(submissions: Iterable[Submission]) -> dict[int, list[int]]:
    """Return ids of units by id of submission: the unit itself, then those above it then."""
    held = places_held(submissions)
    units = _units_at(held.values())
    return {
        row: [units[pk] for pk in reversed(place.ancestor_ids)] if place else []
        for row, place in held.items()
    }


def _units_at(places: Iterable[UnitPlace | None]) -> dict[int, int]:
    """Return the unit's id by the id of each of these places and of those above them."""
    ids = {pk for place in places if place for pk in place.ancestor_ids}
    return dict(UnitPlace.objects.filter(pk__in=ids).values_list("pk", "unit"))
