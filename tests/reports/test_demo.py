"""The demonstration as loaded: invented people and figures that pass the portal's own checks."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from campaigns.models import Campaign, Exemption, ReportForm, ReportingUnit
from chunfeng.accounts.models import Membership, User
from reports.demo.loading import PASSWORD
from reports.entry.checks import check, check_many
from reports.entry.validation import FATAL, QUERY, blocking
from reports.models import Explanation, Figure, FigureChange, Question, SignOff, Submission, SubmissionEvent
from reports.permissions import reviewable
from reports.review.suspects import suspects
from reports.rollup import roll_up
from reports.tasks import tasks_of

pytestmark = pytest.mark.django_db

WUHAN, JIANGSU = "wuhan-2014", "jiangsu-2024"


@pytest.fixture(scope="module")
def _loaded(django_db_setup, django_db_blocker):
    """Load once for all tests of this module: each runs in a savepoint inside."""
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    demonstration = override_settings(DEMO=True, PASSWORD_HASHERS=quick)
    with django_db_blocker.unblock(), demonstration, transaction.atomic():
        call_command("load_demo", today="2026-11-23")
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _demo(_loaded, db, settings):
    settings.DEMO = True


def reports(campaign, form, **more):
    rows = Submission.objects.filter(report_form__campaign__code=campaign, report_form__code=form, **more)
    return rows.select_related("report_form__campaign", "period__campaign", "unit").order_by("ends_on")


def report(campaign, form, unit, number):
    return reports(campaign, form, unit__code=unit, period__number=number).get()


def states(campaign, form, number):
    return Counter(reports(campaign, form, period__number=number).values_list("status", flat=True))


def findings(submission, *classes):
    return [finding for finding in check(submission) if finding.finding_class in classes]


def moves(submission):
    return list(submission.events.values_list("move", flat=True))


def total(campaign, form, unit, number, column):
    form = ReportForm.objects.get(campaign__code=campaign, code=form)
    period = form.campaign.periods.get(number=number)
    return roll_up(form, period, ReportingUnit.objects.get(code=unit)).total[column]


def person(username):
    return User.objects.get(username=username)


def work_list(username):
    campaign = Campaign.objects.visible_to(person(username)).get(code__in=(WUHAN, JIANGSU))
    return {(task.form.code, task.period.number): task for task in tasks_of(person(username), campaign)}


def waiting_for(username):
    submitted = Submission.objects.filter(
        status="submitted", report_form__campaign__code__in=(WUHAN, JIANGSU)
    ).select_related("report_form", "period", "unit")
    mine = reviewable(person(username), submitted)
    return [submission for submission in submitted if submission.pk in mine]


# --- the whole ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "periods", "expected"), [(WUHAN, 5, 48), (JIANGSU, 12, 216)])
def test_every_unit_reports_on_its_forms_and_all_but_the_last_period_are_nearly_all_accepted(
    code, periods, expected
):
    for number in range(1, periods):
        counts = sum((states(code, form.code, number) for form in forms(code)), Counter())
        assert counts["draft"] == 0
        assert counts["accepted"] >= 0.85 * expected
        assert counts.total() <= expected
    last = sum((states(code, form.code, periods) for form in forms(code)), Counter())
    # In progress: a bit of everything, and some have not begun.
    assert min(last["draft"], last["submitted"], last["returned"], last["accepted"]) >= 2
    assert last.total() < expected


def forms(code):
    return Campaign.objects.get(code=code).forms.all()


@pytest.mark.parametrize("code", [WUHAN, JIANGSU])
def test_every_report_that_was_sent_passes_the_checks(code):
    for form in forms(code):
        for period in Campaign.objects.get(code=code).periods.all():
            sent = list(reports(code, form.code, period=period).sent())
            found = check_many(sent)
            assert {submission.pk for submission in sent if blocking(found[submission.pk])} == set()


def test_cumulative_figures_fall_only_where_a_correction_says_so():
    falls = Counter()
    for code in (WUHAN, JIANGSU):
        for form in forms(code):
            series = {}
            rows = Figure.objects.filter(submission__in=reports(code, form.code).sent(), value__isnull=False)
            for unit, number, value in rows.order_by("submission__ends_on").values_list(
                "submission__unit__code", "indicator__number", "value"
            ):
                series.setdefault((unit, number), []).append(value)
            for (unit, number), values in series.items():
                falls[code, form.code, unit, number] += sum(now < before for before, now in pairwise(values))
    assert {key for key, count in falls.items() if count} == {
        (WUHAN, "fu1", "420116-hr", 5),
        (WUHAN, "fu2", "420106-union", 5),
        (WUHAN, "fu2", "420111-union", 4),
        (JIANGSU, "fu1", "320324", 14),
        (JIANGSU, "fu1", "320381", 14),
    }
    assert all(count <= 1 for count in falls.values())


def test_the_targets_are_nearly_reached_in_wuhan_and_passed_in_jiangsu():
    assert 200 <= total(WUHAN, "fu1", "420100-office", 5, 2) < 244
    assert total(JIANGSU, "fu1", "320000", 10, 6) < 1_000_000 < total(JIANGSU, "fu1", "320000", 12, 6)


def test_most_counties_hold_three_events_a_week_and_a_few_do_not():
    counties = Campaign.objects.get(code=JIANGSU).places.filter(level="county").values_list("unit")
    rows = Figure.objects.filter(
        submission__in=reports(JIANGSU, "fu1", unit__in=counties).sent(), indicator__number=2
    )
    events = {(unit, number): value for unit, number, value in rows.values_list(
        "submission__unit", "submission__period__number", "value"
    )}  # fmt: skip
    weeks = [
        value - events[unit, number - 1]
        for (unit, number), value in events.items()
        if 2 <= number <= 11 and (unit, number - 1) in events
    ]
    below = sum(week < 3 for week in weeks)
    assert 10 <= below <= 0.1 * len(weeks)


@pytest.mark.parametrize(
    ("form", "whole", "part"),
    [("fu1", 3, 4), ("fu1", 5, 6), ("fu1", 9, 10), ("fu1", 11, 12), ("fu1", 15, 16)],
)
def test_women_are_between_a_third_and_three_fifths(form, whole, part):
    women = total(WUHAN, form, "420100-hr", 4, part) / total(WUHAN, form, "420100-hr", 4, whole)
    assert Decimal("0.35") <= women <= Decimal("0.6")


@pytest.mark.parametrize(
    ("campaign", "form", "unit", "column", "value"),
    [
        (WUHAN, "fu1", "420103-hr", 1, "10219"),
        (WUHAN, "fu2", "420100-union", 10, "33.51"),
        (JIANGSU, "fu1", "320381", 6, "1304"),
        (JIANGSU, "fu2", "320500", 19, "105"),
    ],
)
def test_the_same_figures_stand_on_every_machine(campaign, form, unit, column, value):
    figures = report(campaign, form, unit, 2).figures
    assert figures.get(indicator__number=column).value == Decimal(value)


def test_everything_happened_in_order_and_in_its_own_time():
    campaigns = {
        WUHAN: (datetime(2014, 1, 20, tzinfo=UTC), datetime(2014, 4, 12, tzinfo=UTC)),
        JIANGSU: (datetime(2024, 1, 24, tzinfo=UTC), datetime(2024, 4, 20, tzinfo=UTC)),
    }
    for code, (first, last) in campaigns.items():
        mine = Submission.objects.filter(report_form__campaign__code=code)
        for rows, field in (
            (SubmissionEvent.objects.filter(submission__in=mine), "at"),
            (FigureChange.objects.filter(submission__in=mine), "at"),
            (Explanation.objects.filter(submission__in=mine), "written_at"),
            (mine, "changed_at"),
            (mine.filter(status="accepted"), "accepted_at"),
            (mine.sent(), "submitted_at"),
        ):
            assert not rows.exclude(**{f"{field}__range": (first, last)}).exists(), field
    trail = {}
    for submission, at in SubmissionEvent.objects.order_by("pk").values_list("submission", "at"):
        assert trail.get(submission, at) <= at
        trail[submission] = at


def test_some_reports_are_late_and_most_are_not():
    for code in (WUHAN, JIANGSU):
        sent = Submission.objects.sent().filter(report_form__campaign__code=code).select_related("period")
        late = Counter(row.is_late for row in sent)
        assert late[None] == 0
        assert 0.01 <= late[True] / late.total() <= 0.06


# --- special cases --------------------------------------------------------------------------------------------


def state_of(campaign, form, city, unit, number):
    form = ReportForm.objects.get(campaign__code=campaign, code=form)
    period = form.campaign.periods.get(number=number)
    rows = roll_up(form, period, ReportingUnit.objects.get(code=city)).rows
    [row] = [row for row in rows if row.unit == unit]
    return row.state, row.as_of


def test_units_are_carried_never_heard_from_and_exempted():
    wuhan = Campaign.objects.get(code=WUHAN)
    assert state_of(WUHAN, "fu1", "420100-hr", "420107-hr", 4) == (
        "carried",
        wuhan.periods.get(number=2).ends_on,
    )
    assert state_of(WUHAN, "fu1", "420100-hr", "420113-hr", 5)[0] == "never"
    assert state_of(WUHAN, "fu2", "420100-union", "420113-union", 5)[0] == "never"
    [exemption] = Exemption.objects.filter(period__campaign__code__in=(WUHAN, JIANGSU))
    assert (exemption.unit.code, exemption.period.number) == ("320322", 4)
    assert exemption.granted_by == "顾明川"
    assert exemption.granted_at.year == 2024


def test_cells_are_left_blank():
    figures = {row.period.number: row.figures.filter(indicator__number=18, value__isnull=False).exists()
               for row in reports(WUHAN, "fu1", unit__code="420111-hr")}  # fmt: skip
    assert set(figures.values()) == {False}


@pytest.mark.parametrize(
    ("key", "campaign", "form", "unit", "number", "reason"),
    [
        ("fall:14", JIANGSU, "fu1", "320381", 5, "上期误将重复登记的人员计入，已核对台账更正"),
        ("jump:16", JIANGSU, "fu1", "320381", 5, "2月19日至22日集中开行复工专车31辆次，送工1420人"),
        ("fall:5", WUHAN, "fu1", "420116-hr", 5, "上期把两个街道的数据重复计入，已按台账更正"),
        ("gone:8", WUHAN, "fu1", "420114-hr", 3, "性别台账正在复核，下期补报女性人数"),
        ("slip:18", JIANGSU, "fu1", "320382", 12, "三月底集中兑付稳岗返还资金，拨款单已存档"),
    ],
)
def test_corrections_jumps_and_gaps_carry_their_reasons(key, campaign, form, unit, number, reason):
    found = {finding.key: finding for finding in check(report(campaign, form, unit, number))}
    assert found[key].explanation == reason


def test_a_report_was_returned_corrected_and_accepted():
    row = report(WUHAN, "fu1", "420104-hr", 2)
    assert moves(row) == ["submitted", "returned", "submitted", "accepted"]
    first, _, second, _ = row.events.all()
    assert int(first.snapshot["figures"]["15"]) == int(second.snapshot["figures"]["15"]) + 300
    assert row.first_submitted_at == first.at


def test_an_accepted_report_was_reopened():
    row = report(JIANGSU, "fu1", "321183", 10)
    assert (row.status, moves(row)) == ("returned", ["submitted", "accepted", "reopened"])
    assert (row.last_return().actor_name, row.last_return().cells) == ("苏若宁", [16])


def test_the_cities_of_a_campaign_that_is_over_have_signed_some_late():
    signed = SignOff.objects.filter(period__campaign__code=JIANGSU, period__number__lte=9)
    assert Counter(signed.values_list("period__number", flat=True)) == dict.fromkeys(range(1, 10), 13) | {
        3: 12
    }
    assert set(signed.values_list("status", flat=True)) == {"accepted"}
    late = sum(row.is_late for row in signed)
    assert 0 < late < signed.count() / 2
    # The city whose county was corrected after publication had to stay open in that period.
    assert not signed.filter(period__number=3, unit__code="320900").exists()


def test_a_draft_keeps_what_was_typed_and_refused():
    row = report(JIANGSU, "fu2", "320300", 12)
    assert list(row.refused_entries.values_list("indicator__number", "text")) == [(14, "12万")]


def test_one_unit_said_that_nothing_changed():
    row = report(JIANGSU, "fu2", "320831", 4)
    assert (row.no_change, row.status) == (True, "accepted")
    assert Submission.objects.filter(no_change=True).count() == 1


# --- what people find ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "returned", "draft", "late"),
    [
        ("jianghan-hr", ("fu1", 4), ("fu1", 5), ("fu1", 1)),
        ("xinyi", ("fu2", 12), ("fu1", 12), ("fu1", 6)),
    ],
)
def test_a_clerk_finds_a_return_a_draft_a_late_report_and_accepted_ones(username, returned, draft, late):
    tasks = work_list(username)
    assert [task.state for task in tasks.values()][:3] == ["returned", "due", "accepted"]
    back, begun = tasks.pop(returned), tasks.pop(draft)
    assert back.returned_reason
    assert back.submission.last_return().cells
    assert 0 < begun.filled < begun.cells
    assert len(findings(begun.submission, FATAL)) == 1
    assert len(findings(begun.submission, QUERY)) == 1
    assert {task.state for task in tasks.values()} == {"accepted"}
    assert [key for key, task in tasks.items() if task.is_late] == [late]


@pytest.mark.parametrize("username", ["wuhan-hr-review", "xuzhou-review"])
def test_a_coordinator_finds_reports_waiting_some_with_reasons_and_falls(username):
    keys = [{finding.key for finding in findings(row, QUERY)} for row in waiting_for(username)]
    assert len(keys) >= 7
    assert sum(bool(found) for found in keys) >= 3
    assert any(key.startswith("fall:") for found in keys for key in found)
    assert any(not found for found in keys)


@pytest.mark.parametrize("username", ["wuhan-union-review", "wuhan-women-review", "jiangsu-review"])
def test_the_other_coordinators_find_work_too(username):
    assert len(waiting_for(username)) >= 3


def test_there_is_a_log_in_for_every_role_and_line():
    offices = Membership.objects.filter(user__is_demo=True).values_list("role", "unit__code")
    assert set(offices) == {
        ("reporter", "420103-hr"),
        ("reporter", "420103-union"),
        ("reporter", "420103-women"),
        ("reporter", "420100-hr"),
        ("coordinator", "420100-hr"),
        ("coordinator", "420100-union"),
        ("coordinator", "420100-women"),
        ("coordinator", "420100-office"),
        ("viewer", "420100-office"),
        ("reporter", "320381"),
        ("reporter", "320300"),
        ("coordinator", "320300"),
        ("coordinator", "320000"),
        ("viewer", "320000"),
    }
    administrators = User.objects.filter(is_demo=True).exclude(site_role="")
    assert Counter(administrators.values_list("site_role", flat=True)) == dict.fromkeys(
        ("system", "security", "audit"), 1
    )
    assert not administrators.filter(memberships__isnull=False).exists()
    assert not User.objects.filter(is_demo=False).exists()
    assert all("演示" in phone for phone in User.objects.values_list("phone", flat=True))


def test_the_address_and_a_log_in_a_role_are_printed(capsys):
    call_command("demo_log_ins", port=8080)
    said = capsys.readouterr().out
    assert said.startswith("http://127.0.0.1:8080/\n")
    for role, username in (
        ("填报员", "jianghan-hr"),
        ("审核员", "wuhan-hr-review"),
        ("查阅", "wuhan-view"),
        ("系统管理员", "system-admin"),
        ("安全管理员", "security-admin"),
        ("审计管理员", "audit-admin"),
    ):
        assert f"{role}  {username}  " in said
    assert PASSWORD in said


def test_the_log_in_page_offers_the_administrators_too(client):
    page = client.get(reverse("accounts:login")).text
    assert all(role in page for role in ("系统管理员", "安全管理员", "审计管理员"))
    answer = client.post(reverse("accounts:demo-login"), {"username": "audit-admin"}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("admin:index")


def test_the_third_campaign_is_the_one_that_runs_on_the_day_asked_for():
    assert list(Campaign.objects.values_list("code", flat=True)) == ["jiangsu-demo", JIANGSU, WUHAN]
    fifth = Campaign.objects.get(code="jiangsu-demo").periods.get(number=5)
    assert (str(fifth.starts_on), str(fifth.ends_on)) == ("2026-11-21", "2026-11-27")
    assert fifth.submissions.exists()


def test_the_sample_password_opens_nothing_outside_a_demonstration(client, settings, rf):
    # Lock-outs are counted by account and address: every log-in is a request.
    assert authenticate(rf.post("/"), username="xinyi", password=PASSWORD) == person("xinyi")
    client.force_login(person("xinyi"))
    assert client.get(reverse("accounts:password-change")).status_code == 200
    settings.DEMO = False
    assert authenticate(rf.post("/"), username="xinyi", password=PASSWORD) is None
    # The session that is open ends too.
    assert client.get(reverse("accounts:password-change")).status_code == 302


def test_loading_again_keeps_what_is_there():
    row = report(WUHAN, "fu1", "420103-hr", 5)
    figure = row.figures.get(indicator__number=1)
    Figure.objects.filter(pk=figure.pk).update(value=7)
    count = Submission.objects.count()
    # On a later day too: the campaign that runs stays where it was.
    call_command("load_demo", unless_loaded=True, today="2027-03-01")
    assert Campaign.objects.get(code="jiangsu-demo").starts == date(2026, 10, 29)
    assert (Submission.objects.count(), Figure.objects.get(pk=figure.pk).value) == (count, 7)
    with pytest.raises(CommandError, match="已经载入"):
        call_command("load_demo")


def test_questions_are_open_answered_and_settled_on_both_sides_and_lie_in_the_past():
    asked = Question.objects.filter(submission__period__campaign__code__in=(WUHAN, JIANGSU))
    assert Counter(asked.values_list("from_unit", "state")) == {
        (False, "settled"): 2,
        (False, "asked"): 2,
        (True, "asked"): 1,
        (True, "answered"): 1,
    }
    assert all(question.asked_at.year in (2014, 2024) for question in asked)


def test_anomalies_of_several_kinds_are_in_the_demonstration():
    office = User.objects.get(username="wuhan-office")
    period = Campaign.objects.get(code=WUHAN).periods.get(number=5)
    assert {suspect.anomaly.kind.value for suspect in suspects(office, period)} >= {"tenfold", "fall"}
