"""Five wrong passwords lock an account for one address for fifteen minutes (O55, O56)."""

import pytest
from django.urls import reverse

from chunfeng.accounts import lock_outs
from chunfeng.accounts.models import FailedLogIn, LogIn
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
HOME, BUREAU = "10.0.0.1", "10.0.0.2"


@pytest.fixture(autouse=True)
def _people(time_machine):
    time_machine.move_to("2024-02-02 09:00 +0800", tick=False)
    make_user("clerk")
    make_user("colleague")


def log_in(client, username="clerk", password=PASSWORD, address=HOME, **headers):
    told = {"username": username, "password": password}
    return client.post(reverse("accounts:login"), told, REMOTE_ADDR=address, **headers)


def fail(client, times, username="clerk", **more):
    return [log_in(client, username, "wrong", **more) for _ in range(times)]


def test_the_fifth_wrong_password_locks_and_the_right_one_gets_the_same_sentence(client):
    *first, fifth = fail(client, 5)
    assert all("账号或密码不正确" in answer.text and answer.status_code == 200 for answer in first)
    right = log_in(client)
    for answer in (fifth, right):
        assert lock_outs.SENTENCE in answer.text
        assert answer.status_code == 429
    assert "_auth_user_id" not in client.session


def test_an_account_that_there_is_not_locks_with_the_same_sentence(client):
    there = [(answer.status_code, lock_outs.SENTENCE in answer.text) for answer in fail(client, 6)]
    not_there = [
        (answer.status_code, lock_outs.SENTENCE in answer.text) for answer in fail(client, 6, "nobody")
    ]
    assert there == not_there


def test_four_wrong_passwords_and_the_right_one_begin_anew(client):
    fail(client, 4)
    assert log_in(client).status_code == 302
    client.logout()
    fail(client, 4)
    assert log_in(client).status_code == 302


def test_colleagues_at_the_same_address_and_the_same_account_elsewhere_are_not_locked(client):
    fail(client, 5)
    assert log_in(client, "colleague").status_code == 302
    client.logout()
    assert log_in(client, address=BUREAU).status_code == 302


def test_spelling_an_account_differently_gives_no_further_tries(client):
    for username in ("clerk", "CLERK", " Clerk", "ｃlerk", "cLerk"):
        log_in(client, username, "wrong")
    assert log_in(client).status_code == 429


def test_another_browser_gives_no_further_tries(client):
    for number in range(5):
        log_in(client, password="wrong", HTTP_USER_AGENT=f"browser {number}")
    assert log_in(client, HTTP_USER_AGENT="yet another").status_code == 429


def test_the_lock_ends_after_fifteen_minutes_and_tries_meanwhile_do_not_prolong_it(client, time_machine):
    fail(client, 5)
    time_machine.move_to("2024-02-02 09:14:59 +0800", tick=False)
    assert log_in(client).status_code == 429
    time_machine.move_to("2024-02-02 09:15:01 +0800", tick=False)
    assert log_in(client).status_code == 302


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(client, settings):
    settings.BEHIND_PROXY = True
    for forged in range(5):
        log_in(client, password="wrong", HTTP_X_FORWARDED_FOR=f"1.2.3.{forged}, {BUREAU}")
    assert log_in(client, HTTP_X_FORWARDED_FOR=f"9.9.9.9, {BUREAU}").status_code == 429
    assert log_in(client, HTTP_X_FORWARDED_FOR=HOME).status_code == 302


def test_without_a_proxy_a_header_does_not_choose_the_address(client):
    for forged in range(5):
        log_in(client, password="wrong", HTTP_X_FORWARDED_FOR=f"1.2.3.{forged}")
    assert log_in(client).status_code == 429


def test_the_security_administrator_unlocks(client, admin_client):
    fail(client, 5)
    fail(client, 2, "colleague")
    security = make_user("security", site_role="security")
    admin_client.force_login(security)
    page = admin_client.get("/admin/accounts/lockout/").text
    assert "已锁定" in page
    assert "未锁定" in page
    [row] = lock_outs.counted().filter(username="clerk")
    told = {"action": "unlock", "_selected_action": [row.pk]}
    assert admin_client.post("/admin/accounts/lockout/", told).status_code == 302
    assert log_in(client).status_code == 302
    assert [row.username for row in lock_outs.counted()] == ["colleague"]


@pytest.mark.parametrize("role", ["system", "audit"])
def test_the_other_administrators_do_not_unlock(client, role):
    fail(client, 5)
    client.force_login(make_user("other", site_role=role))
    [row] = lock_outs.counted()
    told = {"action": "unlock", "_selected_action": [row.pk]}
    assert client.post("/admin/accounts/lockout/", told).status_code == 403
    client.logout()
    assert log_in(client).status_code == 429


def test_log_ins_and_failures_leave_a_trail_without_passwords(client):
    fail(client, 1)
    log_in(client)
    assert [row.username for row in LogIn.objects.all()] == ["clerk"]
    [failed] = FailedLogIn.objects.all()
    assert (failed.username, failed.ip_address) == ("clerk", HOME)
    assert "wrong" not in str([vars(row) for row in lock_outs.counted()] + [vars(failed)])
