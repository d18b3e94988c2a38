"""Who looks after whose account: only people all of whose units are strictly below."""

from datetime import date

import pytest

from chunfeng.accounts.models import Membership, ProposedMembership
from chunfeng.accounts.roles import campaigns_led_by, people_managed_by, units_below
from tests.factories import make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db
COORDINATOR, VIEWER = Membership.Role.COORDINATOR, Membership.Role.VIEWER


@pytest.fixture
def campaign():
    return make_campaign()


@pytest.fixture
def province(campaign):
    return make_place(campaign, "320000", level="province")


@pytest.fixture
def city(campaign, province):
    return make_place(campaign, "320300", parent=province, level="prefecture")


@pytest.fixture
def county(campaign, city):
    return make_place(campaign, "320381", parent=city)


@pytest.fixture
def coordinator(city):
    return make_user("city", unit=city, role=COORDINATOR)


def names(people):
    return sorted(person.username for person in people)


def test_a_coordinator_looks_after_people_below_never_above_beside_or_elsewhere(
    campaign, province, city, county, coordinator
):
    make_user("county", unit=county)
    make_user("county-review", unit=county, role=COORDINATOR)
    make_user("beside", unit=city)
    make_user("colleague", unit=city, role=COORDINATOR)
    make_user("above", unit=province, role=COORDINATOR)
    sibling = make_place(campaign, "320500", parent=province, level="prefecture")
    make_user("sibling", unit=make_place(campaign, "320581", parent=sibling))
    make_user("nobody")
    make_user("security", site_role="security")
    assert names(people_managed_by(coordinator)) == ["county", "county-review"]


def test_a_person_with_one_foot_elsewhere_is_not_looked_after(city, county, province, coordinator):
    both = make_user("both", unit=county)
    Membership.objects.create(user=both, unit=province.unit, role=VIEWER)
    promoted = make_user("promoted", unit=county)
    ProposedMembership.objects.create(user=promoted, unit=city.unit, role=COORDINATOR)
    assert names(people_managed_by(coordinator)) == []


@pytest.mark.parametrize("role", [Membership.Role.REPORTER, VIEWER])
def test_reporters_and_viewers_look_after_nobody(city, county, role):
    make_user("county", unit=county)
    assert names(people_managed_by(make_user("other", unit=city, role=role))) == []


def test_a_disabled_coordinator_looks_after_nobody(county, coordinator):
    make_user("county", unit=county)
    coordinator.is_active = False
    assert names(people_managed_by(coordinator)) == []


def test_the_system_administrator_looks_after_everybody_without_a_site_role(county, coordinator):
    system = make_user("system", site_role="system")
    make_user("audit", site_role="audit")
    make_user("county", unit=county)
    assert names(people_managed_by(system)) == ["city", "county"]


@pytest.mark.parametrize("flags", [{"is_staff": True}, {"is_superuser": True, "is_staff": True}])
def test_flags_look_after_nobody(county, flags):
    make_user("county", unit=county)
    assert names(people_managed_by(make_user("flagged", **flags))) == []


def test_the_other_line_of_the_same_city_is_not_below(campaign, province):
    hr = make_place(campaign, "420100-hr", parent=province, level="prefecture", line="hr")
    union = make_place(campaign, "420100-union", parent=province, level="prefecture", line="union")
    make_user("union-clerk", unit=make_place(campaign, "420103-union", parent=union, line="union"))
    make_user("hr-clerk", unit=make_place(campaign, "420103-hr", parent=hr, line="hr"))
    assert names(people_managed_by(make_user("hr", unit=hr, role=COORDINATOR))) == ["hr-clerk"]


def test_a_county_that_left_the_city_is_no_longer_below_it(
    campaign, province, city, coordinator, time_machine
):
    time_machine.move_to("2024-02-06 12:00 +0800")
    taker = make_place(campaign, "320500", parent=province, level="prefecture")
    left = make_place(campaign, "320382", parent=city, closes=date(2024, 2, 2))
    make_place(campaign, "320382", parent=taker, opens=date(2024, 2, 3))
    make_user("moved", unit=left)
    assert names(people_managed_by(coordinator)) == []
    assert names(people_managed_by(make_user("taker", unit=taker, role=COORDINATOR))) == ["moved"]


def test_a_county_that_will_leave_is_below_until_the_day(campaign, province, city, coordinator, time_machine):
    time_machine.move_to("2024-02-02 12:00 +0800")
    taker = make_place(campaign, "320500", parent=province, level="prefecture")
    leaving = make_place(campaign, "320382", parent=city, closes=date(2024, 2, 2))
    make_place(campaign, "320382", parent=taker, opens=date(2024, 2, 3))
    make_user("leaves", unit=leaving)
    assert names(people_managed_by(coordinator)) == ["leaves"]


def test_the_tree_of_the_latest_campaign_counts_not_last_years(city, county, coordinator):
    this_year = make_campaign("later", starts=date(2025, 1, 25), period_ends=[date(2025, 2, 28)])
    root = make_place(this_year, "320000", level="province")
    make_place(this_year, "320300", parent=root, level="prefecture")
    make_place(this_year, "320381", parent=root)
    make_user("county", unit=county)
    assert names(people_managed_by(coordinator)) == []


def test_a_campaign_without_the_city_takes_no_county_from_it(county, coordinator):
    elsewhere = make_campaign("elsewhere", starts=date(2025, 1, 25), period_ends=[date(2025, 2, 28)])
    make_place(elsewhere, "320381", parent=make_place(elsewhere, "100000", level="nation"))
    assert list(units_below(coordinator)) == [county.unit]


def test_a_campaign_is_led_by_the_coordinators_at_its_root_alone(campaign, province, coordinator):
    leader = make_user("leader", unit=province, role=COORDINATOR)
    make_user("viewer", unit=province, role=VIEWER)
    other = make_campaign("other")
    make_place(other, "510000", level="province")
    assert list(campaigns_led_by(leader)) == [campaign]
    assert not campaigns_led_by(coordinator).exists()
    leader.is_active = False
    assert not campaigns_led_by(leader).exists()
