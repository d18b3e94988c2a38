"""`manage.py administrator`: the only way to appoint, reset and dismiss one of the three."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chunfeng.accounts.models import User
from tests.factories import make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db


def administrator(*arguments):
    out = StringIO()
    call_command("administrator", *arguments, stdout=out)
    return out.getvalue()


def test_a_new_administrator_is_made_with_a_first_password_that_must_be_changed():
    said = administrator("sys", "--appoint", "system", "--name", "陈立春")
    assert "陈立春（sys）已任系统管理员" in said
    made = User.objects.get(username="sys")
    assert made.site_role == "system"
    assert made.must_change_password
    assert made.check_password(re.search(r"：(\S+)\s*$", said)[1])
    assert (made.is_staff, made.is_superuser) == (False, False)


def test_a_known_person_is_appointed_without_a_new_password():
    make_user("known", name="某人")
    assert "初始密码" not in administrator("KNOWN", "--appoint", "audit")
    assert User.objects.get().site_role == "audit"


def test_a_new_account_needs_a_name():
    with pytest.raises(CommandError, match="请用 --name"):
        administrator("sys", "--appoint", "system")


def test_whoever_has_another_site_role_or_a_role_in_a_unit_is_refused():
    make_user("security", site_role="security")
    make_user("clerk", unit=make_place(make_campaign(), "a"))
    for username in ("security", "clerk"):
        with pytest.raises(CommandError, match="不能兼任"):
            administrator(username, "--appoint", "system")
    assert not User.objects.filter(site_role="system").exists()


def test_a_reset_prints_a_new_password_once():
    user = make_user("security", site_role="security")
    password = re.search(r"：(\S+)\s*$", administrator("security", "--reset"))[1]
    user.refresh_from_db()
    assert user.check_password(password)
    assert user.must_change_password


def test_a_dismissed_administrator_is_closed():
    make_user("security", site_role="security")
    administrator("security", "--dismiss")
    assert (User.objects.get().site_role, User.objects.get().is_active) == ("", False)


@pytest.mark.parametrize("todo", ["--reset", "--dismiss"])
def test_people_without_a_site_role_are_none_of_its_business(todo):
    make_user("clerk")
    for username in ("clerk", "nobody"):
        with pytest.raises(CommandError, match="没有账号为"):
            administrator(username, todo)
    assert User.objects.get().is_active


def test_the_history_says_that_the_server_did_it():
    administrator("sys", "--appoint", "system", "--name", "陈立春")
    assert {row.history_user for row in User.history.all()} == {None}
    assert "任命" in {row.history_change_reason for row in User.history.all()}
