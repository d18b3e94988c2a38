"""Issued first passwords and the rules for chosen ones (O57, O58, O60)."""

import re
from itertools import pairwise

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from chunfeng.accounts import passwords, people
from chunfeng.accounts.models import PasswordHistory, ProposedMembership, User
from tests.factories import PASSWORD, make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db
CHOSEN = "Willow-in-march"


@pytest.fixture
def system():
    return make_user("system", site_role="system")


@pytest.fixture
def clerk():
    return make_user("clerk-7", unit=make_place(make_campaign(), "420103-hr"), name="张三丰")


def complaints(password, user):
    with pytest.raises(ValidationError) as refused:
        validate_password(password, user)
    return "".join(refused.value.messages)


def change(client, old, new):
    told = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(reverse("accounts:password-change"), told)


# --- issued -----------------------------------------------------------------------------------------


def test_an_issued_password_is_readable_random_and_strong_enough_for_everyone():
    made = {passwords.new_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert re.fullmatch(r"[^0Oo1lI\W_]{4}-[^0Oo1lI\W_]{4}-[^0Oo1lI\W_]{4}", password)
        validate_password(password, User(username="somebody", name="某人", site_role="audit"))


def test_an_issued_password_logs_in_once_to_the_page_for_a_new_one(clerk, system, client):
    [slip] = passwords.issue([clerk], by=system)
    assert (slip.person, slip.units) == (clerk, ("单位420103-hr",))
    told = {"username": "clerk-7", "password": slip.password}
    assert client.post(reverse("accounts:login"), told).status_code == 302
    assert client.get("/").url == reverse("accounts:password-change")
    assert change(client, slip.password, CHOSEN).status_code == 302
    assert client.get("/").url != reverse("accounts:password-change")
    assert client.post(reverse("accounts:logout")).status_code == 302
    assert "不正确" in client.post(reverse("accounts:login"), told).text


def test_an_issued_password_is_stored_as_a_hash_and_shown_by_no_representation(clerk, system, caplog):
    caplog.set_level("DEBUG")
    [slip] = passwords.issue([clerk], by=system)
    clerk.refresh_from_db()
    assert clerk.check_password(slip.password)
    assert slip.password not in clerk.password
    assert slip.password not in repr(slip)
    assert slip.password not in caplog.text
    assert all(slip.password not in str(vars(row)) for row in User.history.all())


def test_an_issued_password_is_hashed_quickly_a_chosen_one_with_all_rounds(clerk, system, settings, client):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    [slip] = passwords.issue([clerk], by=system)
    clerk.refresh_from_db()
    assert clerk.password.split("$")[1] == str(passwords.ISSUED_ROUNDS)
    client.post(reverse("accounts:login"), {"username": "clerk-7", "password": slip.password})
    change(client, slip.password, CHOSEN)
    clerk.refresh_from_db()
    assert int(clerk.password.split("$")[1]) > 500_000


def test_issuing_forgets_the_wrong_guesses_at_the_old_password(clerk, system, client):
    for _ in range(5):
        client.post(reverse("accounts:login"), {"username": "Clerk-7", "password": "wrong"})
    [slip] = passwords.issue([clerk], by=system)
    told = {"username": "clerk-7", "password": slip.password}
    assert client.post(reverse("accounts:login"), told).status_code == 302


def test_an_open_session_ends_when_a_password_is_issued(clerk, system, client):
    client.force_login(clerk)
    passwords.issue([clerk], by=system)
    assert client.get("/").url.startswith(reverse("accounts:login"))


def test_the_other_sessions_end_when_one_changes_ones_password(clerk):
    here, there = Client(), Client()
    here.force_login(clerk)
    there.force_login(clerk)
    change(here, PASSWORD, CHOSEN)
    assert not here.get("/").url.startswith(reverse("accounts:login"))
    assert there.get("/").url.startswith(reverse("accounts:login"))


def test_nobody_gets_a_password_from_whoever_does_not_look_after_the_account(clerk, system):
    auditor = make_user("auditor", site_role="audit")
    for by, person in ((auditor, clerk), (system, auditor), (system, system), (make_user("other"), clerk)):
        before = User.objects.get(pk=person.pk).password
        with pytest.raises(people.PeopleError, match="不由您发放"):
            passwords.issue([person], by=by)
        assert User.objects.get(pk=person.pk).password == before


def test_a_disabled_account_gets_no_password(clerk, system):
    people.disable(clerk, by=system)
    with pytest.raises(people.PeopleError, match="请先启用"):
        passwords.issue([clerk], by=system)


def test_too_many_at_once_and_nobody_are_refused(system):
    with pytest.raises(people.PeopleError, match="没有选中"):
        passwords.issue([], by=system)
    crowd = [people.enrol(username=f"p{number}", name="某人") for number in range(passwords.MOST_AT_ONCE + 1)]
    with pytest.raises(people.PeopleError, match="请分批办理"):
        passwords.issue(crowd, by=system)
    assert not User.objects.filter(username__startswith="p", password_changed_at__isnull=False).exists()


def test_a_slip_names_units_still_to_be_confirmed(system):
    place = make_place(make_campaign(), "420103")
    newcomer = people.enrol(username="new", name="新人")
    ProposedMembership.objects.create(user=newcomer, unit=place.unit, role="reporter")
    [slip] = passwords.issue([newcomer], by=system)
    assert slip.units == ("单位420103",)


# --- chosen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("12345678", "至少要有 10 个字符"),
        ("Short-7x", "至少要有 10 个字符"),
        ("alllowercase", "四类中的至少 3 类"),
        ("lower-and-sign", "四类中的至少 3 类"),
        ("my-CLERK-7-word", "不能包含账号"),
        ("Spring-张三丰-7", "不能包含姓名"),
        ("Spring-420103-HR", "不能包含单位代码"),
        ("Spring+420103+x", "不能包含单位代码"),
        ("Password123", "太常见"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(clerk, password, sentence):
    assert sentence in complaints(password, clerk)


@pytest.mark.parametrize("password", ["Willow-in-march", "willow in 2024", "春风送岗Spring2024"])
def test_three_of_four_classes_and_ten_characters_are_enough(clerk, password):
    validate_password(password, clerk)


def test_the_code_of_a_unit_that_is_only_proposed_is_looked_for_too(clerk):
    other = make_place(make_campaign("other"), "320581")
    ProposedMembership.objects.create(user=clerk, unit=other.unit, role="viewer")
    assert "单位代码" in complaints("Spring-320581-x", clerk)


def test_administrators_need_twelve_characters():
    auditor = make_user("auditor", site_role="audit", name="秋分")
    assert "至少要有 12 个字符" in complaints("Willow-mar7", auditor)
    validate_password("Willow-march7", auditor)


def test_none_of_the_last_five_passwords_comes_back_the_sixth_may(clerk, client):
    client.force_login(clerk)
    used = [PASSWORD] + [f"Willow-number-{number}" for number in range(1, 6)]
    for old, new in pairwise(used):
        assert change(client, old, new).status_code == 302
    # In use is number 5; with it the last five are 1 to 5.
    for past in used[1:]:
        assert "最近 5 次" in change(client, used[-1], past).text
    assert change(client, used[-1], PASSWORD).status_code == 302
    assert PasswordHistory.objects.filter(user=clerk).count() == 5


def test_one_setting_says_how_many_past_passwords_are_kept(clerk, system, settings):
    rule = "chunfeng.accounts.validators.PastPasswordsValidator"
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": rule, "OPTIONS": {"last": 2}}]
    for _ in range(3):
        passwords.issue([clerk], by=system)
    assert PasswordHistory.objects.filter(user=clerk).count() == 2


def test_an_issued_password_counts_among_the_past_ones(clerk, system, client):
    [slip] = passwords.issue([clerk], by=system)
    clerk.refresh_from_db()
    client.force_login(clerk)
    assert change(client, slip.password, CHOSEN).status_code == 302
    assert "最近 5 次" in change(client, CHOSEN, slip.password).text


def test_the_page_lists_the_rules(clerk, client):
    client.force_login(clerk)
    page = client.get(reverse("accounts:password-change")).text
    for rule in ("至少要有 10 个字符", "四类中的至少 3 类", "不能包含账号、姓名或单位代码", "最近 5 次"):
        assert rule in page


def test_the_history_of_a_person_holds_no_password_and_no_log_in(clerk, client):
    before = clerk.history.count()
    client.post(reverse("accounts:login"), {"username": "clerk-7", "password": PASSWORD})
    assert clerk.history.count() == before
    change(client, PASSWORD, CHOSEN)
    latest = clerk.history.latest()
    assert (latest.history_change_reason, latest.history_user) == ("本人修改密码", clerk)
    assert not hasattr(latest, "password")
