"""Who may read which reports and places: one's own unit, and all below as coordinator or viewer."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import UnitPlace
from chunfeng.accounts.models import Membership
from reports.models import Figure, Submission
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

REPORTER = Membership.Role.REPORTER
COORDINATOR = Membership.Role.COORDINATOR
VIEWER = Membership.Role.VIEWER


@pytest.fixture
def world():
    """An office over two lines, a district in each; each unit with a report in period 1."""
    campaign = make_campaign()
    form = make_form(campaign)
    places = {}
    for code, parent in (
        ("office", None),
        ("hr", "office"),
        ("union", "office"),
        ("102-hr", "hr"),
        ("103-hr", "hr"),
        ("102-union", "union"),
    ):
        places[code] = make_place(campaign, code, parent=places.get(parent), reports=code != "office")
    for place in places.values():
        if place.reports:
            make_submission(form, place, period_of(campaign, 1), {1: 5})
    return SimpleNamespace(campaign=campaign, form=form, places=places)


def reports_of(user):
    rows = Submission.objects.visible_to(user).order_by("unit__code", "ends_on")
    return [f"{row.unit.code} {row.period.number}" for row in rows.select_related("unit", "period")]


def places_of(user):
    rows = UnitPlace.objects.visible_to(user).order_by("position")
    return [place.unit.code for place in rows.select_related("unit")]


ALL_BELOW_HR = ["102-hr", "103-hr", "hr"]


@pytest.mark.parametrize("status", ["draft", "submitted", "returned", "accepted"])
@pytest.mark.parametrize(
    ("unit", "role", "readable"),
    [
        ("102-hr", REPORTER, ["102-hr"]),
        ("102-hr", VIEWER, ["102-hr"]),
        ("102-hr", COORDINATOR, ["102-hr"]),
        ("hr", REPORTER, ["hr"]),
        ("hr", COORDINATOR, ALL_BELOW_HR),
        ("hr", VIEWER, ALL_BELOW_HR),
        ("union", COORDINATOR, ["102-union", "union"]),
        ("office", REPORTER, []),
        ("office", VIEWER, ["102-hr", "102-union", "103-hr", "hr", "union"]),
        ("office", COORDINATOR, ["102-hr", "102-union", "103-hr", "hr", "union"]),
    ],
)
def test_role_and_unit_decide_which_reports_are_read(world, unit, role, readable, status):
    Submission.objects.update(status=status)
    user = make_user("someone", unit=world.places[unit], role=role)
    assert reports_of(user) == [f"{code} 1" for code in readable]
    figures = Figure.objects.visible_to(user).values_list("submission__unit__code", flat=True)
    assert sorted(figures) == readable


@pytest.mark.parametrize(
    ("unit", "role", "readable"),
    [
        ("102-hr", REPORTER, ["102-hr"]),
        ("hr", REPORTER, ["hr"]),
        ("hr", VIEWER, ["hr", "102-hr", "103-hr"]),
        ("office", COORDINATOR, ["office", "hr", "union", "102-hr", "103-hr", "102-union"]),
    ],
)
def test_role_and_unit_decide_which_places_are_read(world, unit, role, readable):
    assert places_of(make_user("someone", unit=world.places[unit], role=role)) == readable


def test_without_a_membership_nothing_is_read(world):
    for user in (make_user("nobody"), make_user("root", is_staff=True, is_superuser=True)):
        assert (reports_of(user), places_of(user)) == ([], [])


def test_several_memberships_add_up_and_nothing_is_listed_twice(world):
    user = make_user("both", unit=world.places["103-hr"])
    for code, role in (("103-hr", COORDINATOR), ("union", VIEWER)):
        Membership.objects.create(user=user, unit=world.places[code].unit, role=role)
    assert reports_of(user) == ["102-union 1", "103-hr 1", "union 1"]


def test_the_same_office_coordinates_only_what_is_below_it_in_each_campaign(world):
    # Next year 102-hr stands under another city.
    later = make_campaign("later")
    form = make_form(later)
    hr, other = make_place(later, "hr"), make_place(later, "other")
    moved = make_place(later, "102-hr", parent=other)
    make_submission(form, moved, period_of(later, 2), {1: 5})
    assert reports_of(make_user("hr", unit=hr, role=COORDINATOR)) == ["102-hr 1", "103-hr 1", "hr 1"]
    assert reports_of(make_user("other", unit=other, role=COORDINATOR)) == ["102-hr 2"]


@pytest.mark.parametrize("after_close", ["", "stop", "keep"])
def test_a_moved_unit_takes_its_history_along_and_leaves_nothing_new_behind(world, after_close):
    # 102-hr moves from hr to union on 1 February, between periods 1 and 2.
    old = world.places["102-hr"]
    old.closes, old.after_close = date(2024, 1, 31), after_close
    old.save()
    make_place(world.campaign, "102-hr", parent=world.places["union"], opens=date(2024, 2, 1))
    for number in (2, 3):
        make_submission(world.form, old, period_of(world.campaign, number), {1: 6})
    given_away = make_user("given-away", unit=world.places["hr"], role=COORDINATOR)
    taken_over = make_user("taken-over", unit=world.places["union"], role=COORDINATOR)
    clerk = make_user("clerk", unit=old)
    assert reports_of(given_away) == ["102-hr 1", "103-hr 1", "hr 1"]
    assert reports_of(taken_over) == ["102-hr 1", "102-hr 2", "102-hr 3", "102-union 1", "union 1"]
    assert reports_of(clerk) == ["102-hr 1", "102-hr 2", "102-hr 3"]


def test_a_closed_unit_stays_readable_to_its_city(world):
    old = world.places["102-hr"]
    old.closes, old.after_close = date(2024, 1, 31), "keep"
    old.save()
    make_submission(world.form, old, period_of(world.campaign, 2), {1: 6})
    coordinator = make_user("coordinator", unit=world.places["hr"], role=COORDINATOR)
    assert reports_of(coordinator) == ["102-hr 1", "102-hr 2", "103-hr 1", "hr 1"]


def test_scope_takes_the_same_queries_however_many_units(world):
    user = make_user("office", unit=world.places["office"], role=COORDINATOR)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            list(Submission.objects.visible_to(user))
        return len(captured)

    few = queries()
    for number in range(20):
        place = make_place(world.campaign, f"2{number:02d}-hr", parent=world.places["hr"])
        make_submission(world.form, place, period_of(world.campaign, 1), {1: 5})
    assert queries() == few
