"""Logging in, the forced first password, demonstration log-ins."""

import pytest
from django.db import IntegrityError
from django.urls import reverse
from django.utils import timezone

from chunfeng.accounts.models import User
from tests.factories import PASSWORD, make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    campaign = make_campaign()
    return make_user("Clerk", unit=make_place(campaign, "a"))


def log_in(client, username="Clerk", password=PASSWORD, **more):
    return client.post(reverse("accounts:login"), {"username": username, "password": password, **more})


def test_a_log_in_name_ignores_case(client, clerk):
    assert log_in(client, username="cLERK").status_code == 302
    assert client.get(reverse("reports:home")).status_code == 302


def test_two_people_cannot_have_names_that_differ_in_case_only(clerk):
    with pytest.raises(IntegrityError):
        User.objects.create(username="CLERK", name="另一人")


@pytest.mark.parametrize("credentials", [{"password": "wrong"}, {"username": "nobody"}])
def test_a_wrong_log_in_gets_one_neutral_sentence(client, clerk, credentials):
    response = log_in(client, **credentials)
    assert response.status_code == 200
    assert "账号或密码不正确" in response.text


@pytest.mark.parametrize("username", ["\x00", "x" * 100_000])
def test_a_name_that_no_database_can_look_for_is_refused(client, clerk, settings, username):
    response = log_in(client, username=username)
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session
    settings.DEMO = True
    assert client.post(reverse("accounts:demo-login"), {"username": username}).status_code == 404


def test_a_disabled_person_gets_the_same_sentence(client, clerk):
    User.objects.update(is_active=False)
    assert "账号或密码不正确" in log_in(client).text


def test_the_session_of_a_person_who_is_disabled_ends_at_the_next_request(client, clerk):
    client.force_login(clerk)
    User.objects.update(is_active=False)
    response = client.get(reverse("reports:home"))
    assert response.url.startswith(reverse("accounts:login"))


def test_a_return_address_that_leads_elsewhere_is_ignored(client, clerk):
    assert log_in(client, next="https://evil.example/").url == reverse("reports:home")


def test_an_issued_password_leads_to_the_page_for_a_new_one_only(client, clerk):
    User.objects.update(must_change_password=True)
    log_in(client)
    for address in (reverse("reports:home"), reverse("reports:task-list", args=["spring"])):
        assert client.get(address).url == reverse("accounts:password-change")
    new = {"old_password": PASSWORD, "new_password1": "Willow-in-march", "new_password2": "Willow-in-march"}
    assert client.post(reverse("accounts:password-change"), new).status_code == 302
    assert client.get(reverse("reports:task-list", args=["spring"])).status_code == 200
    assert log_in(client, password="Willow-in-march").status_code == 302


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "太短"), ("1234567890", "数字"), (PASSWORD, "不能与原密码相同"), ("password123", "太常见")],
)
def test_a_weak_new_password_is_refused_with_the_reason(client, clerk, password, sentence):
    client.force_login(clerk)
    new = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    response = client.post(reverse("accounts:password-change"), new)
    assert response.status_code == 200
    assert sentence in response.text


def test_demonstration_people_exist_only_in_a_demonstration(client, clerk, settings):
    make_user("demo", is_demo=True, name="演示人员")
    settings.DEMO = False
    assert "以此身份进入" not in client.get(reverse("accounts:login")).text
    assert client.post(reverse("accounts:demo-login"), {"username": "demo"}).status_code == 404
    assert "账号或密码不正确" in log_in(client, username="demo").text


def test_in_a_demonstration_one_click_logs_an_invented_person_in_and_nobody_else(client, clerk, settings):
    make_user("demo", is_demo=True, name="演示人员")
    settings.DEMO = True
    assert client.post(reverse("accounts:demo-login"), {"username": "Clerk"}).status_code == 404
    assert client.post(reverse("accounts:demo-login"), {"username": "demo"}).status_code == 302
    assert client.session["_auth_user_id"] == str(User.objects.get(username="demo").pk)


def test_the_log_in_page_names_campaigns_and_their_next_due_time(client, clerk, time_machine):
    time_machine.move_to("2024-01-30 12:00 +0800")
    page = client.get(reverse("accounts:login")).text
    assert "某市2024年春风行动" in page
    assert "2月2日 17:30" in page


def test_the_due_time_of_a_campaign_without_periods_is_a_dash(client):
    make_campaign(period_ends=[timezone.localdate()]).periods.all().delete()
    assert client.get(reverse("accounts:login")).status_code == 200
