"""Enrolling, proposing, confirming, granting, disabling, appointing: nobody alone opens figures to somebody."""

import pytest

from campaigns.models import Campaign
from chunfeng.accounts import people
from chunfeng.accounts.models import Membership, ProposedMembership, User
from reports.models import Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db
REPORTER, COORDINATOR = Membership.Role.REPORTER, Membership.Role.COORDINATOR


@pytest.fixture
def place():
    return make_place(make_campaign(), "420103")


@pytest.fixture
def system():
    return make_user("system", site_role="system")


@pytest.fixture
def security():
    return make_user("security", site_role="security")


@pytest.fixture
def clerk():
    return people.enrol(username="Clerk", name="张三")


def test_an_enrolled_person_has_no_role_and_no_password(clerk):
    assert not clerk.has_usable_password()
    assert clerk.must_change_password
    assert not clerk.memberships.exists()


def test_two_accounts_that_differ_in_case_only_are_refused(clerk):
    with pytest.raises(people.PeopleError, match="已经存在"):
        people.enrol(username="clerk", name="李四")


def test_a_proposed_role_opens_nothing(clerk, place, system):
    form = make_form(place.campaign)
    make_submission(form, place, period_of(place.campaign, 1), {1: 5})
    people.propose(clerk, place.unit, COORDINATOR, by=system)
    assert not Submission.objects.visible_to(clerk).exists()
    assert not place.campaign.places.visible_to(clerk).exists()
    assert not Campaign.objects.visible_to(clerk).exists()


def test_a_confirmed_role_opens_what_it_says_and_leaves_no_proposal(clerk, place, system, security):
    proposal = people.propose(clerk, place.unit, COORDINATOR, by=system)
    [membership] = people.confirm([proposal], by=security)
    assert (membership.user, membership.unit, membership.role) == (clerk, place.unit, COORDINATOR)
    assert list(Campaign.objects.visible_to(clerk)) == [place.campaign]
    assert not ProposedMembership.objects.exists()


@pytest.mark.parametrize("role", ["system", "audit", ""])
def test_nobody_but_the_security_administrator_confirms_declines_or_withdraws(clerk, place, system, role):
    by = make_user("somebody", site_role=role, is_superuser=True, is_staff=True)
    proposal = people.propose(clerk, place.unit, REPORTER, by=system)
    held = Membership.objects.create(user=make_user("other"), unit=place.unit, role=REPORTER)
    for move in (
        lambda: people.confirm([proposal], by=by),
        lambda: people.decline([proposal], by=by),
        lambda: people.withdraw_role(held, by=by),
    ):
        with pytest.raises(people.PeopleError, match="只有安全管理员可以办理"):
            move()
    assert list(Membership.objects.all()) == [held]
    assert list(ProposedMembership.objects.all()) == [proposal]


def test_confirming_is_all_or_none(clerk, place, system, security):
    good = people.propose(clerk, place.unit, REPORTER, by=system)
    left = make_user("left")
    bad = people.propose(left, place.unit, REPORTER, by=system)
    User.objects.filter(pk=left.pk).update(is_active=False)
    with pytest.raises(people.PeopleError, match="已停用"):
        people.confirm([good, bad], by=security)
    assert not Membership.objects.exists()
    assert ProposedMembership.objects.count() == 2


def test_a_proposal_that_a_colleague_handled_is_not_confirmed_again(clerk, place, system, security):
    proposal = people.propose(clerk, place.unit, REPORTER, by=system)
    people.decline([proposal], by=security)
    proposal.pk = 1
    with pytest.raises(people.PeopleError, match="已由别人处理"):
        people.confirm([proposal], by=security)


def test_a_role_is_proposed_once_and_not_where_it_is_held(clerk, place, system, security):
    proposal = people.propose(clerk, place.unit, REPORTER, by=system)
    with pytest.raises(people.PeopleError, match="正在等待确认"):
        people.propose(clerk, place.unit, REPORTER, by=system)
    people.confirm([proposal], by=security)
    with pytest.raises(people.PeopleError, match="已经是"):
        people.propose(clerk, place.unit, REPORTER, by=system)


def test_whoever_has_a_site_role_gets_no_membership_by_any_way(place, system, security):
    auditor = make_user("auditor", site_role="audit")
    with pytest.raises(people.PeopleError, match="不能兼任"):
        people.propose(auditor, place.unit, REPORTER, by=system)
    # Proposed before the appointment, whatever way that came about.
    proposal = ProposedMembership.objects.create(user=auditor, unit=place.unit, role=REPORTER)
    with pytest.raises(people.PeopleError, match="不能兼任"):
        people.confirm([proposal], by=security)
    with pytest.raises(Exception, match="不能兼任"):
        Membership(user=auditor, unit=place.unit, role=REPORTER).full_clean()
    assert not Membership.objects.exists()


def test_whoever_has_a_membership_or_a_proposal_gets_no_site_role(clerk, place, system):
    reporter = make_user("reporter", unit=place)
    with pytest.raises(people.PeopleError, match="不能兼任"):
        people.appoint(reporter, User.SiteRole.SYSTEM)
    people.propose(clerk, place.unit, REPORTER, by=system)
    with pytest.raises(people.PeopleError, match="不能兼任"):
        people.appoint(clerk, User.SiteRole.AUDIT)
    reporter.site_role = "audit"
    with pytest.raises(Exception, match="不能兼任"):
        reporter.full_clean()
    assert not User.objects.filter(pk__in=[reporter.pk, clerk.pk]).exclude(site_role="").exists()


def test_nobody_holds_two_of_the_three_site_roles(clerk):
    people.appoint(clerk, User.SiteRole.SYSTEM)
    with pytest.raises(people.PeopleError, match="请先免去"):
        people.appoint(clerk, User.SiteRole.SECURITY)
    assert User.objects.get(pk=clerk.pk).site_role == "system"


def test_a_site_role_that_there_is_not_is_refused_by_the_database():
    with pytest.raises(Exception, match="one_site_role"):
        make_user("odd", site_role="root")


def test_a_dismissed_administrator_is_closed_and_keeps_no_role(system):
    people.dismiss(system)
    system.refresh_from_db()
    assert (system.site_role, system.is_active) == ("", False)


def test_a_disabled_person_keeps_what_was_filed_and_the_role(place, system):
    leaving = make_user("leaving", unit=place)
    make_submission(make_form(place.campaign), place, period_of(place.campaign, 1), submitted_by=leaving)
    people.disable(leaving, by=system)
    leaving.refresh_from_db()
    assert not leaving.is_active
    assert leaving.memberships.count() == Submission.objects.filter(submitted_by=leaving).count() == 1
    with pytest.raises(people.PeopleError, match="已经停用"):
        people.disable(leaving, by=system)
    people.enable(leaving, by=system)
    assert User.objects.get(pk=leaving.pk).is_active


def test_nobody_disables_an_administrator_or_oneself(system, security):
    for person in (system, security):
        with pytest.raises(people.PeopleError, match="不由您停用"):
            people.disable(person, by=system)


def test_the_history_says_who_confirmed_whose_proposal(clerk, place, system, security, client):
    people.propose(clerk, place.unit, REPORTER, by=system)
    client.force_login(security)
    [proposal] = ProposedMembership.objects.all()
    client.post(
        "/admin/accounts/proposedmembership/", {"action": "confirm", "_selected_action": [proposal.pk]}
    )
    [granted] = Membership.history.all()
    assert (granted.history_user, granted.history_change_reason) == (security, "确认 system 的提名")
    assert ProposedMembership.history.filter(history_type="-").get().history_change_reason == "已确认"
