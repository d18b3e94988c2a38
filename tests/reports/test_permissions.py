"""Who may fill, send, withdraw, review and reopen."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chunfeng.accounts.models import Membership
from reports import lifecycle, permissions
from reports.entry import drafts
from reports.models import Submission
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
    """Province, city and two counties, a neighbouring city, and people of every role."""
    campaign = make_campaign()
    form = make_form(campaign)
    province = make_place(campaign, "320000", level="province", reports=False)
    city = make_place(campaign, "320300", parent=province, level="prefecture")
    county = make_place(campaign, "320381", parent=city)
    sibling = make_place(campaign, "320382", parent=city)
    neighbour = make_place(campaign, "320400", parent=province, level="prefecture")
    return SimpleNamespace(
        campaign=campaign,
        form=form,
        province=province,
        city=city,
        county=county,
        sibling=sibling,
        neighbour=neighbour,
        clerk=make_user("clerk", unit=county),
        colleague=make_user("colleague", unit=county),
        sibling_clerk=make_user("sibling-clerk", unit=sibling),
        city_clerk=make_user("city-clerk", unit=city),
        county_head=make_user("county-head", unit=county, role=VIEWER),
        reviewer=make_user("reviewer", unit=city, role=COORDINATOR),
        neighbour_reviewer=make_user("neighbour-reviewer", unit=neighbour, role=COORDINATOR),
        city_viewer=make_user("city-viewer", unit=city, role=VIEWER),
        provincial=make_user("provincial", unit=province, role=COORDINATOR),
    )


PEOPLE = (
    "clerk",
    "colleague",
    "sibling_clerk",
    "city_clerk",
    "county_head",
    "reviewer",
    "neighbour_reviewer",
    "city_viewer",
    "provincial",
)


def report(world, place=None, *, status="submitted", number=1, **more):
    period = period_of(world.campaign, number)
    return make_submission(world.form, place or world.county, period, {1: 5}, status=status, **more)


def who(world, question, *arguments):
    return {name for name in PEOPLE if question(getattr(world, name), *arguments)}


def join(user, place, role=COORDINATOR):
    Membership.objects.create(user=user, unit=place.unit, role=role)


# Reporters


def test_a_unit_is_filled_by_its_own_reporters_not_by_those_above_it(world):
    assert who(world, permissions.can_fill, world.county.unit) == {"clerk", "colleague"}
    assert who(world, permissions.can_fill, world.city.unit) == {"city_clerk"}


@pytest.mark.parametrize(
    ("status", "edit", "withdraw"),
    [
        ("draft", True, False),
        ("returned", True, False),
        ("submitted", False, True),
        ("accepted", False, False),
    ],
)
def test_what_a_reporter_may_do_follows_the_state(world, status, edit, withdraw):
    submission = report(world, status=status)
    assert who(world, permissions.can_edit, submission) == ({"clerk", "colleague"} if edit else set())
    assert who(world, permissions.can_submit, submission) == ({"clerk", "colleague"} if edit else set())
    assert who(world, permissions.can_withdraw, submission) == ({"clerk", "colleague"} if withdraw else set())


def test_a_report_that_is_being_reviewed_is_not_the_reporters_to_withdraw(world):
    submission = report(world, review_started_at=datetime(2024, 1, 27, tzinfo=UTC))
    assert not permissions.can_withdraw(world.clerk, submission)


def test_nothing_is_filled_before_the_period_or_in_a_closed_campaign(world):
    draft, sent = report(world, status="draft", number=2), report(world, number=1)
    # Period 2 opens on 27 January at midnight in Shanghai.
    with time_machine.travel(datetime(2024, 1, 26, 15, 59, tzinfo=UTC), tick=False):
        assert not permissions.can_edit(world.clerk, draft)
    with time_machine.travel(datetime(2024, 1, 26, 16, 0, tzinfo=UTC), tick=False):
        assert permissions.can_edit(world.clerk, draft)
    world.campaign.closed_at = datetime(2024, 4, 20, tzinfo=UTC)
    world.campaign.save()
    draft, sent = Submission.objects.get(pk=draft.pk), Submission.objects.get(pk=sent.pk)
    assert not permissions.can_edit(world.clerk, draft)
    assert not permissions.can_withdraw(world.clerk, sent)


@pytest.mark.parametrize("kind", ["disabled", "anonymous", "administrator"])
def test_without_an_active_membership_nothing_is_allowed(world, kind):
    submission = report(world, status="draft")
    if kind == "disabled":
        user = world.clerk
        user.is_active = False
        user.save()
        join(user, world.city)
    elif kind == "anonymous":
        user = AnonymousUser()
    else:
        user = make_user("root", is_staff=True, is_superuser=True)
    for allowed in (
        permissions.is_reporter(user),
        permissions.is_coordinator(user),
        permissions.can_fill(user, world.county.unit),
        permissions.can_edit(user, submission),
        permissions.can_submit(user, submission),
        permissions.can_withdraw(user, submission),
        permissions.can_review(user, submission),
        permissions.can_reopen(user, submission),
    ):
        assert allowed is False


def test_roles_are_told_apart(world):
    assert who(world, permissions.is_reporter) == {"clerk", "colleague", "sibling_clerk", "city_clerk"}
    assert who(world, permissions.is_coordinator) == {"reviewer", "neighbour_reviewer", "provincial"}


# Reviewers


def test_a_county_is_reviewed_by_its_city_and_the_city_by_the_province(world):
    assert who(world, permissions.can_review, report(world)) == {"reviewer"}
    assert who(world, permissions.can_review, report(world, world.city)) == {"reviewer"}
    assert who(world, permissions.can_review, report(world, world.neighbour)) == {"neighbour_reviewer"}


def test_every_coordinator_of_the_nearest_unit_may_review(world):
    deputy = make_user("deputy", unit=world.city, role=COORDINATOR)
    assert permissions.reviewers([report(world)]).popitem()[1] == {world.reviewer.pk, deputy.pk}


def test_a_units_own_coordinator_comes_before_the_one_above(world):
    join(world.colleague, world.county)
    submission = report(world)
    assert who(world, permissions.can_review, submission) == {"colleague"}


def test_whoever_filled_a_report_is_passed_over_and_the_next_unit_reviews(world):
    join(world.colleague, world.county)
    join(world.clerk, world.city)
    submission = report(world, status="draft")
    drafts.save_figures(submission, {1: "6"}, seen=None, by=world.colleague)
    lifecycle.submit(submission, by=world.clerk)
    # The county's only coordinator filled it; of the city's two one sent it.
    assert who(world, permissions.can_review, submission) == {"reviewer"}


def test_a_city_whose_only_coordinator_filled_its_own_report_is_reviewed_by_the_province(world):
    submission = report(world, world.city, status="draft")
    drafts.save_figures(submission, {1: "6"}, seen=None, by=world.reviewer)
    lifecycle.submit(submission, by=world.city_clerk)
    assert who(world, permissions.can_review, submission) == {"provincial"}
    assert who(world, permissions.can_reopen, submission) == {"provincial"}


def test_having_sent_a_report_that_was_withdrawn_counts_as_having_filled_it(world):
    submission = report(world, status="draft")
    lifecycle.submit(submission, by=world.reviewer)
    lifecycle.withdraw(submission, by=world.clerk)
    lifecycle.submit(submission, by=world.clerk)
    assert who(world, permissions.can_review, submission) == {"provincial"}


def test_whoever_is_stored_as_the_sender_has_filled_the_report(world):
    assert who(world, permissions.can_review, report(world, submitted_by=world.reviewer)) == {"provincial"}


def test_having_filled_another_report_does_not_matter(world):
    other = report(world, world.sibling, status="draft")
    drafts.save_figures(other, {1: "6"}, seen=None, by=world.reviewer)
    lifecycle.submit(other, by=world.reviewer)
    assert who(world, permissions.can_review, report(world)) == {"reviewer"}


def test_a_disabled_coordinator_is_passed_over(world):
    world.reviewer.is_active = False
    world.reviewer.save()
    assert who(world, permissions.can_review, report(world)) == {"provincial"}


def test_a_report_with_no_coordinator_above_is_nobodys(world):
    for user in (world.reviewer, world.provincial):
        user.memberships.all().delete()
    assert permissions.reviewers([report(world)]).popitem()[1] == set()


def test_an_import_has_filled_nothing_that_anyone_must_keep_away_from(world):
    submission = report(world, status="draft")
    drafts.save_figures(submission, {1: "6"}, seen=None, by=None)
    lifecycle.submit(submission, by=None)
    assert who(world, permissions.can_review, submission) == {"reviewer"}


def test_a_report_is_reviewed_where_its_unit_stood_in_that_period(world):
    # The county moves to the neighbouring city on 1 February, between periods 1 and 2.
    world.county.closes = date(2024, 1, 31)
    world.county.save()
    make_place(world.campaign, "320381", parent=world.neighbour, opens=date(2024, 2, 1))
    before, after = report(world, number=1), report(world, number=2)
    assert who(world, permissions.can_review, before) == {"reviewer"}
    assert who(world, permissions.can_review, after) == {"neighbour_reviewer"}
    assert who(world, permissions.can_reopen, before) == {"reviewer", "provincial"}
    assert who(world, permissions.can_reopen, after) == {"neighbour_reviewer", "provincial"}


def test_a_unit_that_holds_two_counted_places_is_reviewed_at_the_later(world):
    world.county.closes, world.county.after_close = date(2024, 1, 31), "keep"
    world.county.save()
    make_place(world.campaign, "320381", parent=world.neighbour, opens=date(2024, 2, 1))
    assert who(world, permissions.can_review, report(world, number=2)) == {"neighbour_reviewer"}


def test_a_closed_unit_with_kept_figures_is_still_reviewed_where_it_stood(world):
    world.county.closes, world.county.after_close = date(2024, 1, 31), "keep"
    world.county.save()
    assert who(world, permissions.can_review, report(world, number=3)) == {"reviewer"}
    world.county.after_close = "stop"
    world.county.save()
    assert who(world, permissions.can_review, report(world, number=2)) == set()


def test_the_tree_of_one_campaign_says_nothing_about_another(world):
    other = make_campaign("other")
    form = make_form(other)
    make_place(other, "320381", parent=make_place(other, "320400", level="prefecture"))
    there = make_submission(form, world.county, period_of(other, 1), {1: 5}, status="submitted")
    here = report(world)
    assert permissions.reviewers([here, there]) == {
        here.pk: {world.reviewer.pk},
        there.pk: {world.neighbour_reviewer.pk},
    }


def test_reviewing_does_not_ask_for_the_state(world):
    assert who(world, permissions.can_review, report(world, status="accepted")) == {"reviewer"}


def test_many_reports_are_asked_for_in_the_queries_of_one(world):
    def queries(submissions):
        with CaptureQueriesContext(connection) as captured:
            found = permissions.reviewable(world.reviewer, submissions)
        assert found == {submission.pk for submission in submissions}
        return len(captured)

    one = [report(world)]
    places = [world.city, world.sibling] + [
        make_place(world.campaign, f"3203{number}", parent=world.city) for number in range(83, 99)
    ]
    many = one + [report(world, place, number=number) for place in places for number in (1, 2, 3)]
    assert queries(one) == queries(many)
    assert len(many) == Submission.objects.count() == 55
    assert permissions.reviewable(world.neighbour_reviewer, many) == set()
    assert permissions.reviewable(world.reviewer, []) == set()


# Reopening


def test_any_coordinator_above_may_reopen_and_nobody_else(world):
    submission = report(world, status="accepted")
    assert who(world, permissions.can_reopen, submission) == {"reviewer", "provincial"}


def test_whoever_filled_a_report_does_not_reopen_it(world):
    submission = report(world, status="draft")
    drafts.save_figures(submission, {1: "6"}, seen=None, by=world.provincial)
    lifecycle.submit(submission, by=world.clerk)
    assert who(world, permissions.can_reopen, submission) == {"reviewer"}


def test_a_units_own_coordinator_who_did_not_fill_it_may_reopen_it_too(world):
    join(world.colleague, world.county)
    assert who(world, permissions.can_reopen, report(world)) == {"colleague", "reviewer", "provincial"}
