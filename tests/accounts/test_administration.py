"""The administration, role by model by action; flags open nothing; rows out of scope are not there."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse
from django.utils import timezone

from campaigns.models import DayOff, ReportingUnit, Target, UnitPlace
from chunfeng.accounts.models import FailedLogIn, LockOut, Membership, ProposedMembership, User
from chunfeng.administration import site
from chunfeng.administration.site import MAY
from reports.models import FigureChange, Submission, SubmissionEvent
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db

# What each role may do with the pages of each model: v view, a add, c change, d delete, i import, e export.
TABLE = """
                                      system  security audit leader
accounts.user                         vac-ie  v-----   -     -
accounts.proposedmembership           v--d--  v-----   -     -
accounts.membership                   v-----  v--d--   -     -
accounts.lockout                      -       l        -     -
accounts.login                        -       -        l     -
accounts.failedlogin                  -       -        l     -
accounts.historicaluser               -       -        l     -
accounts.historicalmembership         -       -        l     -
accounts.historicalproposedmembership -       -        l     -
campaigns.reportingunit               vacdie  v-----   -     v-c--e
campaigns.unitplace                   vac-ie  -        -     vac-ie
campaigns.reportingperiod             v-c---  -        -     v-c---
campaigns.dayoff                      vacd--  -        -     vacd--
campaigns.target                      v-c---  -        -     v-c---
campaigns.historicalreportingunit     -       -        l     -
campaigns.historicalunitplace         -       -        l     -
campaigns.historicalreportingperiod   -       -        l     -
campaigns.historicaldayoff            -       -        l     -
campaigns.historicaltarget            -       -        l     -
campaigns.historicalindicator         -       -        l     -
reports.submissionevent               -       -        l     -
reports.figurechange                  -       -        l     -
reports.signoffevent                  -       -        l     -
reports.campaignevent                 -       -        l     -
"""
HEAD, *LINES = [line.split() for line in TABLE.strip().splitlines()]
EXPECTED = {
    (role, model): set(letters) - {"-"}
    for model, *cells in LINES
    for role, letters in zip(HEAD, cells, strict=True)
}
PAGES = {
    "changelist": "vl",
    "add": "a",
    "change": "v",
    "history": "v",
    "delete": "d",
    "import": "i",
    "export": "e",
}


@pytest.fixture
def campaign():
    """A province with a city, one row of each model."""
    campaign = make_campaign()
    form = make_form(campaign)
    province = make_place(campaign, "320000", level="province")
    city = make_place(campaign, "320300", parent=province, level="prefecture")
    clerk = make_user("clerk", unit=city)
    DayOff.objects.create(day="2024-02-10", name="春节")
    Target.objects.create(
        campaign=campaign, position=1, indicator=form.columns[0], at_least=5, over="campaign"
    )
    ProposedMembership.objects.create(user=clerk, unit=city.unit, role="viewer")
    submission = make_submission(form, city, period_of(campaign, 1), {1: 98765})
    SubmissionEvent.objects.create(
        submission=submission,
        move="submitted",
        actor=clerk,
        actor_name="张三",
        at=timezone.now(),
        comment="应为98765",
        snapshot={"figures": {"1": "98765"}},
    )
    FigureChange.objects.create(submission=submission, indicator=form.columns[0], old=4321, new=98765)
    LockOut.objects.create(username="x", ip_address="10.0.0.1", failures_since_start=1)
    FailedLogIn.objects.create(username="x", ip_address="10.0.0.1")
    # Nothing hangs on it: the one office that may be deleted.
    ReportingUnit.objects.create(code="spare", name="备用")
    return campaign


def person(role, campaign):
    if role == "leader":
        return make_user("leader", unit=campaign.places.get(parent=None), role=Membership.Role.COORDINATOR)
    return make_user(f"the-{role}", site_role=role)


def row_of(model, role):
    if model is ReportingUnit:
        # The one that hangs on nothing is out of a leader's scope.
        return model.objects.get(code="320300" if role == "leader" else "spare")
    if model is User:
        return model.objects.get(username="clerk")
    return model._default_manager.order_by("pk").last()


def test_the_table_has_a_row_for_every_model_and_every_role():
    assert {model._meta.label_lower for model in site._registry} == {model for _, model in EXPECTED}
    assert set(HEAD) == set(MAY)


def pages_of(model):
    """The pages that a model has here, with what a role needs for each: a trail has its list and nothing else."""
    named = admin_names()
    for page, needed in PAGES.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}_{page}"
        if name in named:
            yield page, f"admin:{name}", needed


def admin_names():
    return {name for name in get_resolver().namespace_dict["admin"][1].reverse_dict if isinstance(name, str)}


@pytest.mark.parametrize("role", HEAD)
def test_every_page_answers_as_the_table_says(client, campaign, role):
    client.force_login(person(role, campaign))
    assert client.get(reverse("admin:index")).status_code == 200
    asked = 0
    for model in site._registry:
        letters = EXPECTED[role, model._meta.label_lower]
        for page, name, needed in pages_of(model):
            about_one = page in ("change", "history", "delete")
            address = reverse(name, args=[row_of(model, role).pk] if about_one else [])
            expected = 200 if letters & set(needed) else 403
            assert client.get(address).status_code == expected, address
            asked += 1
    assert asked > 60


@pytest.mark.parametrize("role", HEAD)
def test_what_the_table_does_not_allow_is_not_done_by_post_either(client, campaign, role):
    client.force_login(person(role, campaign))
    for model in site._registry:
        letters = EXPECTED[role, model._meta.label_lower]
        for page, name, _ in pages_of(model):
            needed = {"add": "a", "change": "c", "delete": "d", "import": "i", "export": "e"}.get(page)
            if needed is None or needed in letters:
                continue
            address = reverse(name, args=[row_of(model, role).pk] if page in ("change", "delete") else [])
            before = list(model._default_manager.order_by("pk").values())
            assert client.post(address, {"post": "yes", "name": "改名"}).status_code == 403, address
            assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("role", HEAD)
def test_the_index_offers_what_the_table_allows_and_nothing_else(client, campaign, role):
    client.force_login(person(role, campaign))
    page = client.get(reverse("admin:index")).text
    for model in site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert (f'href="{address}"' in page) == bool(EXPECTED[role, model._meta.label_lower]), address


@pytest.mark.parametrize("role", ["reporter", "coordinator", "viewer", None])
@pytest.mark.parametrize("flags", [{}, {"is_staff": True}, {"is_staff": True, "is_superuser": True}])
def test_without_a_site_role_flags_and_permissions_open_nothing(client, campaign, role, flags):
    place = campaign.places.get(unit__code="320300")
    user = make_user("flagged", unit=place if role else None, role=role, **flags)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    unit = reverse("admin:campaigns_unitplace_change", args=[place.pk])
    for address in (
        reverse("admin:index"),
        "/admin/campaigns/unitplace/",
        unit,
        "/admin/jsi18n/",
        "/admin/none/",
    ):
        for method in (client.get, client.post):
            answer = method(address)
            assert answer.status_code == 404, address
    assert "管理</a>" not in client.get("/", follow=True).text


def test_a_visitor_is_led_to_the_portals_own_log_in(client):
    answer = client.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("accounts:login"))
    assert "next=/admin/accounts/user/" in answer.redirect_chain[-1][0]


def test_a_disabled_administrator_is_out_at_the_next_request(client, campaign):
    system = person("system", campaign)
    client.force_login(system)
    User.objects.filter(pk=system.pk).update(is_active=False)
    assert client.get(reverse("admin:index")).status_code == 302


def test_a_site_role_opens_no_page_of_figures(client, campaign):
    for role in ("system", "security", "audit"):
        client.force_login(person(role, campaign))
        assert client.get("/").url == reverse("admin:index")
        for page in ("tasks", "review", "roll-up", "reports"):
            assert client.get(f"/c/spring/{page}/").status_code == 404
        assert client.get(f"/submissions/{Submission.objects.get().pk}/").status_code == 404


def test_the_trails_show_moves_and_no_figures(client, campaign):
    client.force_login(person("audit", campaign))
    moves = client.get("/admin/reports/submissionevent/").text
    assert "张三" in moves
    assert "上报" in moves
    cells = client.get("/admin/reports/figurechange/").text
    assert "1 指标1" in cells
    for page in (moves, cells):
        assert "98765" not in page
        assert "4321" not in page


@pytest.fixture
def elsewhere():
    """Another campaign, which the leader does not lead."""
    other = make_campaign("other", title="别处的活动")
    form = make_form(other)
    make_place(other, "510000", level="province")
    Target.objects.create(campaign=other, position=1, indicator=form.columns[0], at_least=5, over="campaign")
    return other


def test_a_leader_sees_the_own_campaign_alone(client, campaign, elsewhere):
    client.force_login(person("leader", campaign))
    rows = {
        "unitplace": elsewhere.places.get(),
        "reportingperiod": period_of(elsewhere, 1),
        "target": elsewhere.targets.get(),
        "reportingunit": elsewhere.places.get().unit,
    }
    for model, row in rows.items():
        assert "别处的活动" not in client.get(f"/admin/campaigns/{model}/").text
        assert "单位510000" not in client.get(f"/admin/campaigns/{model}/").text
        for page in ("change", "delete"):
            there = client.get(reverse(f"admin:campaigns_{model}_{page}", args=[row.pk]))
            gone = client.get(reverse(f"admin:campaigns_{model}_{page}", args=[10**6]))
            assert there.status_code == gone.status_code
            assert there.status_code in (302, 403)
        assert client.get(reverse(f"admin:campaigns_{model}_history", args=[row.pk])).status_code == 404


def test_an_office_that_another_campaign_knows_is_not_renamed_by_a_leader(client, campaign, elsewhere):
    client.force_login(person("leader", campaign))
    unit = campaign.places.get(unit__code="320300").unit
    address = reverse("admin:campaigns_reportingunit_change", args=[unit.pk])
    assert client.post(address, {"name": "新名称"}).status_code == 302
    assert ReportingUnit.objects.get(pk=unit.pk).name == "新名称"
    UnitPlace.objects.create(
        campaign=elsewhere, unit=unit, position=9, level="county", name="x", short="x", path="x"
    )
    assert client.post(address, {"name": "又一名称"}).status_code == 403
    assert ReportingUnit.objects.get(pk=unit.pk).name == "新名称"


def test_an_office_with_anything_on_it_is_not_deleted_an_empty_one_is(client, campaign):
    client.force_login(person("system", campaign))
    used = ReportingUnit.objects.get(code="320300")
    spare = ReportingUnit.objects.get(code="spare")
    for unit, status in ((used, 403), (spare, 302)):
        address = reverse("admin:campaigns_reportingunit_delete", args=[unit.pk])
        assert client.post(address, {"post": "yes"}).status_code == status
    assert list(ReportingUnit.objects.filter(code__in=["320300", "spare"])) == [used]


def test_no_list_deletes_in_bulk_and_no_person_is_ever_deleted(client, campaign):
    client.force_login(person("system", campaign))
    for model in ("accounts/user", "campaigns/reportingunit", "campaigns/dayoff"):
        assert "delete_selected" not in client.get(f"/admin/{model}/").text
    clerk = User.objects.get(username="clerk")
    assert client.post(f"/admin/accounts/user/{clerk.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=clerk.pk).exists()


def test_a_day_without_a_next_one_in_the_address_is_no_error_of_the_server(client, campaign):
    client.force_login(person("system", campaign))
    for day in ("&day__day=31", ""):
        answer = client.get(f"/admin/campaigns/dayoff/?day__year=9999&day__month=12{day}", follow=True)
        assert answer.status_code == 200


def test_the_system_administrator_cannot_grant_by_any_form(client, campaign):
    client.force_login(person("system", campaign))
    clerk = User.objects.get(username="clerk")
    unit = ReportingUnit.objects.get(code="320000")
    told = {
        "name": "改名",
        "phone": "",
        "email": "",
        "site_role": "security",
        "is_superuser": "on",
        "is_staff": "on",
        "password": "x",
        "memberships-0-role": "coordinator",
        "proposals-TOTAL_FORMS": "2",
        "proposals-INITIAL_FORMS": "1",
        "proposals-0-id": str(clerk.proposals.get().pk),
        "proposals-0-user": str(clerk.pk),
        "proposals-1-user": str(clerk.pk),
        "proposals-1-unit": str(unit.pk),
        "proposals-1-role": "coordinator",
    }
    answer = client.post(reverse("admin:accounts_user_change", args=[clerk.pk]), told)
    assert answer.status_code == 302
    before = clerk.password
    clerk.refresh_from_db()
    assert (clerk.name, clerk.site_role, clerk.is_superuser, clerk.is_staff) == ("改名", "", False, False)
    assert clerk.password == before
    assert [row.role for row in clerk.memberships.all()] == ["reporter"]
    assert sorted(clerk.proposals.values_list("unit__code", "role")) == [
        ("320000", "coordinator"),
        ("320300", "viewer"),
    ]
    told = {"action": "confirm", "_selected_action": [row.pk for row in clerk.proposals.all()]}
    client.post("/admin/accounts/proposedmembership/", told)
    assert clerk.memberships.count() == 1


def test_a_role_that_is_held_is_not_proposed(client, campaign):
    client.force_login(person("system", campaign))
    clerk = User.objects.get(username="clerk")
    told = {
        "name": "张三",
        "proposals-TOTAL_FORMS": "1",
        "proposals-INITIAL_FORMS": "0",
        "proposals-0-user": str(clerk.pk),
        "proposals-0-unit": str(ReportingUnit.objects.get(code="320300").pk),
        "proposals-0-role": "reporter",
    }
    answer = client.post(reverse("admin:accounts_user_change", args=[clerk.pk]), told)
    assert "已经是这个单位的该角色" in answer.text


def test_a_new_person_made_by_hand_waits_for_slip_and_confirmation(client, campaign):
    client.force_login(person("system", campaign))
    told = {
        "username": "newcomer",
        "name": "新人",
        "proposals-TOTAL_FORMS": "1",
        "proposals-INITIAL_FORMS": "0",
        "proposals-0-unit": str(ReportingUnit.objects.get(code="320300").pk),
        "proposals-0-role": "reporter",
    }
    assert client.post(reverse("admin:accounts_user_add"), told).status_code == 302
    made = User.objects.get(username="newcomer")
    assert not made.has_usable_password()
    assert made.proposals.get().role == "reporter"
    assert not made.memberships.exists()
    assert "已经存在" in client.post(reverse("admin:accounts_user_add"), told | {"username": "NEWCOMER"}).text


def test_site_administrators_are_not_touched_by_one_another(client, campaign):
    client.force_login(person("system", campaign))
    auditor = person("audit", campaign)
    assert client.post(f"/admin/accounts/user/{auditor.pk}/change/", {"name": "x"}).status_code == 403
    for action in ("disable", "issue_passwords"):
        told = {"action": action, "_selected_action": [auditor.pk]}
        assert 'class="error"' in client.post("/admin/accounts/user/", told, follow=True).text
    before = auditor.password
    auditor.refresh_from_db()
    assert auditor.is_active
    assert auditor.password == before


def test_the_action_leads_to_slips_by_one_confirmation(client, campaign):
    client.force_login(person("system", campaign))
    clerk = User.objects.get(username="clerk")
    told = {"action": "issue_passwords", "_selected_action": [clerk.pk]}
    page = client.post("/admin/accounts/user/", told)
    assert "为 1 人发放初始密码" in page.text
    assert f'value="{clerk.pk}"' in page.text
    assert User.objects.get(pk=clerk.pk).password == clerk.password


def test_lists_and_the_page_that_asks_take_as_many_queries_for_two_people_as_for_twenty(client, campaign):
    def asked(role):
        client.force_login(User.objects.get(username=f"the-{role}"))
        counts = []
        for model in site._registry:
            if (
                "v" in EXPECTED[role, model._meta.label_lower]
                or "l" in EXPECTED[role, model._meta.label_lower]
            ):
                with CaptureQueriesContext(connection) as captured:
                    client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
                counts.append((model._meta.label, len(captured)))
        if role == "system":
            chosen = list(User.objects.filter(username__startswith="many").values_list("pk", flat=True))
            with CaptureQueriesContext(connection) as captured:
                told = {"action": "issue_passwords", "_selected_action": chosen}
                assert "发放初始密码" in client.post("/admin/accounts/user/", told).text
            counts.append(("slips", len(captured)))
        return counts

    def add(numbers):
        root = campaign.places.get(parent=None)
        for number in numbers:
            place = make_place(campaign, f"m{number}", parent=root)
            someone = make_user(f"many{number}", unit=place)
            ProposedMembership.objects.create(user=someone, unit=place.unit, role="viewer")
            report = make_submission(campaign.forms.get(), place, period_of(campaign, 1))
            SubmissionEvent.objects.create(submission=report, move="submitted", at=timezone.now())
            FigureChange.objects.create(
                submission=report, indicator=campaign.forms.get().columns[0], old=1, new=2, actor=someone
            )

    roles = ("system", "security", "audit")
    for role in roles:
        person(role, campaign)
    add(range(2))
    few = {role: asked(role) for role in roles}
    add(range(2, 20))
    assert {role: asked(role) for role in roles} == few


def test_the_security_administrator_withdraws_roles_and_gives_none_alone(client, campaign):
    client.force_login(person("security", campaign))
    clerk = User.objects.get(username="clerk")
    unit = ReportingUnit.objects.get(code="320000")
    told = {"user": clerk.pk, "unit": unit.pk, "role": "coordinator"}
    assert client.post(reverse("admin:accounts_membership_add"), told).status_code == 403
    held = clerk.memberships.get()
    client.post(reverse("admin:accounts_membership_delete", args=[held.pk]), {"post": "yes"})
    assert not clerk.memberships.exists()
    assert Membership.history.filter(id=held.pk).latest().history_type == "-"


def test_a_past_state_is_not_stored_again_from_the_history(client, campaign):
    client.force_login(person("system", campaign))
    day = DayOff.objects.get()
    past = day.history.get()
    address = f"/admin/campaigns/dayoff/{day.pk}/history/"
    assert "新增" in client.get(address).text
    assert client.post(f"{address}{past.pk}/", {"day": "2024-02-11"}).status_code in (302, 404)
    assert str(DayOff.objects.get().day) == "2024-02-10"


def test_pages_of_the_administration_hold_no_inline_script_or_style(client, campaign):
    for role in HEAD:
        client.force_login(person(role, campaign))
        for model in site._registry:
            for page, name, _ in pages_of(model):
                about_one = page in ("change", "history", "delete")
                address = reverse(name, args=[row_of(model, role).pk] if about_one else [])
                answer = client.get(address)
                for forbidden in (" style=", "<style", "onclick=", "onchange=", "<script>", "javascript:"):
                    assert forbidden not in answer.text, (address, forbidden)
