"""人员: a coordinator's list of people below, their accounts and slips."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chunfeng.accounts.models import Membership, User
from tests.factories import make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db
PEOPLE = reverse("accounts:people")


@pytest.fixture
def city():
    return make_place(make_campaign(), "420100", level="prefecture", name="武汉市人社局")


@pytest.fixture
def county(city):
    return make_place(city.campaign, "420103", parent=city, name="江汉区人社局")


@pytest.fixture
def clerk(county):
    return make_user("jianghan", unit=county, name="林晓禾")


@pytest.fixture
def coordinator(city, client):
    user = make_user("wuhan", unit=city, role="coordinator")
    client.force_login(user)
    return user


def issue(client, person, seen=None):
    if seen is None:
        page = client.get(reverse("accounts:password-confirm", args=[person.pk])).text
        seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    return client.post(reverse("accounts:password-issue"), {"people": str(person.pk), "seen": seen}), seen


@pytest.mark.parametrize(("role", "status"), [("reporter", 403), ("viewer", 403), ("coordinator", 200)])
def test_the_page_is_the_coordinators(city, client, role, status):
    client.force_login(make_user("somebody", unit=city, role=role, is_staff=True, is_superuser=True))
    assert client.get(PEOPLE).status_code == status


@pytest.mark.parametrize(("role", "status"), [("system", 200), ("security", 403), ("audit", 403), ("", 403)])
def test_of_the_administrators_the_one_of_accounts_has_it(client, role, status):
    client.force_login(make_user("somebody", site_role=role, is_staff=True, is_superuser=True))
    assert client.get(PEOPLE).status_code == status


@pytest.mark.parametrize("search", ["林晓", "JIANG", "江汉", "420103", "lxh", "jhq"])
def test_people_are_found_by_name_account_unit_code_and_initials(client, county, clerk, coordinator, search):
    make_user("other", unit=make_place(county.campaign, "420104", parent=county.parent, name="硚口区人社局"))
    page = client.get(PEOPLE, {"q": search}).text
    assert "林晓禾" in page
    assert "硚口区" not in page


@pytest.mark.parametrize("search", ["' OR 1=1 --", "%", "_", "\x00"])
def test_what_is_typed_is_taken_literally(client, clerk, coordinator, search):
    assert "没有符合条件的人员" in client.get(PEOPLE, {"q": search}).text


def test_people_are_filtered_by_state_and_an_unknown_state_is_not_there(client, clerk, coordinator):
    assert "林晓禾" in client.get(PEOPLE, {"state": "active"}).text
    assert "林晓禾" not in client.get(PEOPLE, {"state": "new"}).text
    assert "林晓禾" not in client.get(PEOPLE, {"state": "disabled"}).text
    assert client.get(PEOPLE, {"state": "x"}).status_code == 404


def test_a_slip_is_shown_once_and_the_same_page_sent_again_issues_nothing(client, clerk, coordinator):
    answer, seen = issue(client, clerk)
    password = re.search(r'class="code password">([\w-]+)<', answer.text)[1]
    for printed in ("江汉区人社局", "林晓禾", "jianghan", "http://testserver/login/"):
        assert printed in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    clerk.refresh_from_db()
    assert clerk.check_password(password)
    again, _ = issue(client, clerk, seen)
    assert again.status_code == 302
    assert password not in client.get(again.url).text
    clerk.refresh_from_db()
    assert clerk.check_password(password)
    assert password not in str(dict(client.session))


def test_asking_for_the_page_issues_nothing(client, clerk, coordinator):
    client.get(reverse("accounts:password-confirm", args=[clerk.pk]))
    assert client.get(reverse("accounts:password-issue")).status_code == 405
    assert User.objects.get(pk=clerk.pk).password == clerk.password


def test_people_above_beside_elsewhere_and_nobody_answer_alike(client, city, clerk, coordinator):
    others = [
        make_user("beside", unit=city),
        make_user("audit", site_role="audit"),
        make_user("elsewhere", unit=make_place(make_campaign("b"), "b")),
        coordinator,
        User(pk=10**6),
    ]
    for other in others:
        for name in ("person-disable", "person-enable"):
            assert client.post(reverse(f"accounts:{name}", args=[other.pk])).status_code == 404
        assert client.get(reverse("accounts:password-confirm", args=[other.pk])).status_code == 404
        assert issue(client, other, "x")[0].status_code == 404
    assert User.objects.filter(is_active=False).count() == 0


def test_one_strange_id_among_ones_own_issues_nothing(client, city, clerk, coordinator):
    told = {"people": f"{clerk.pk},{make_user('beside', unit=city).pk}", "seen": "x"}
    assert client.post(reverse("accounts:password-issue"), told).status_code == 404
    assert User.objects.get(pk=clerk.pk).password == clerk.password


@pytest.mark.parametrize("people", ["", "abc", "1;2", "9" * 400])
def test_ids_that_are_none_change_nothing(client, clerk, coordinator, people):
    answer = client.post(reverse("accounts:password-issue"), {"people": people, "seen": ""})
    assert answer.status_code in (302, 404)
    assert User.objects.get(pk=clerk.pk).password == clerk.password


def test_a_leaving_clerk_is_disabled_and_enabled_again_by_post_alone(client, clerk, coordinator):
    disable, enable = (reverse(f"accounts:person-{word}", args=[clerk.pk]) for word in ("disable", "enable"))
    assert client.get(disable).status_code == 405
    client.post(disable)
    assert not User.objects.get(pk=clerk.pk).is_active
    assert "已停用" in client.get(PEOPLE).text
    client.post(enable)
    assert User.objects.get(pk=clerk.pk).is_active
    assert [row.history_change_reason for row in clerk.history.all()[:2]] == ["启用", "停用"]
    assert {row.history_user for row in clerk.history.all()[:2]} == {coordinator}


def test_the_list_asks_as_many_queries_for_six_people_as_for_sixty(client, city, coordinator):
    def asked():
        with CaptureQueriesContext(connection) as captured:
            client.get(PEOPLE, {"q": "clerk"})
        return len(captured)

    def add(numbers):
        for number in numbers:
            place = make_place(city.campaign, f"u{number}", parent=city)
            Membership.objects.create(
                user=make_user(f"clerk{number}"), unit=place.unit, role=Membership.Role.REPORTER
            )

    add(range(6))
    few = asked()
    add(range(6, 60))
    assert asked() == few


def test_pages_that_there_are_not_lead_to_the_first_or_the_last(client, city, coordinator):
    for number in range(51):
        place = make_place(city.campaign, f"u{number}", parent=city)
        make_user(f"clerk{number:02d}", unit=place)
    for page, shown in (("-1", "clerk00"), ("abc", "clerk00"), ("2", "clerk50"), ("99", "clerk50")):
        assert shown in client.get(PEOPLE, {"page": page}).text


def test_markup_in_a_name_is_shown_as_text(client, county, coordinator):
    make_user("evil", unit=county, name="<script>alert(1)</script>")
    assert "<script>alert" not in client.get(PEOPLE).text
