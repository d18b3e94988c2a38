"""The campaign that is running: Jiangsu's, moved so that today lies in its fifth period, and lived through until now."""

from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal

import chinese_calendar
import pytest
import time_machine
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar_rules import Workdays, periods
from campaigns.definition import read
from campaigns.models import Campaign, DayOff, Exemption
from chunfeng.accounts.models import User
from reports.demo import loading, plan
from reports.demo.running import CODE, running
from reports.entry.checks import check, check_many
from reports.entry.validation import FATAL, QUERY, blocking
from reports.models import CampaignEvent, SignOff
from reports.permissions import reviewable
from reports.tasks import tasks_of
from tests.factories import SHANGHAI

from .running_demo import loaded, moments, reports

MODEL = read(loading.FIXTURES / "jiangsu-2024")
MONDAY = datetime(2026, 11, 23, 10, 15, tzinfo=SHANGHAI)


def day(text):
    return date.fromisoformat(text)


def periods_on(today):
    campaign = running(MODEL, today).campaign
    return periods(campaign.reporting.rule(), campaign.starts, campaign.ends, Workdays())


@pytest.fixture
def _known_until_2026(monkeypatch):
    """The calendar package as of 2026: a newer one knows more years."""
    known = chinese_calendar.is_workday

    def is_workday(asked):
        if asked.year > 2026:
            raise NotImplementedError
        return known(asked)

    monkeypatch.setattr(chinese_calendar, "is_workday", is_workday)


# --- dates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "starts", "fifth_starts", "fifth_ends"),
    [
        ("2026-11-23", "2026-10-29", "2026-11-21", "2026-11-27"),
        ("2026-11-27", "2026-10-29", "2026-11-21", "2026-11-27"),  # a Friday: the last day of the period
        ("2026-11-28", "2026-11-05", "2026-11-28", "2026-12-04"),  # the Saturday after it: a new week
        ("2026-12-31", "2026-12-03", "2026-12-26", "2027-01-01"),
        ("2028-02-29", "2028-02-03", "2028-02-26", "2028-03-03"),
        ("2024-02-20", "2024-01-25", "2024-02-17", "2024-02-23"),  # the notice's own time
        ("2023-12-31", "2023-12-07", "2023-12-30", "2024-01-05"),
    ],
)
def test_today_lies_in_the_fifth_period(today, starts, fifth_starts, fifth_ends):
    found = periods_on(day(today))
    assert len(found) == 12
    assert found[0].starts_on == day(starts)
    assert (found[4].starts_on, found[4].ends_on) == (day(fifth_starts), day(fifth_ends))


@given(st.dates(date(1995, 1, 1), date(2095, 12, 31)))
def test_whatever_day_it_is(today):
    fifth = periods_on(today)[4]
    assert fifth.starts_on <= today <= fifth.ends_on
    assert (fifth.starts_on.weekday(), fifth.ends_on.weekday()) == (5, 4)


def test_the_code_and_the_title_hold_in_every_week_and_year():
    for today in ("2026-11-23", "2027-03-01"):
        campaign = running(MODEL, day(today)).campaign
        assert (campaign.code, campaign.title) == ("jiangsu-demo", "江苏省春风行动（演示）")


@pytest.mark.usefixtures("_known_until_2026")
def test_the_due_dates_around_a_year_whose_holidays_are_not_known():
    # 1 January 2027 is a Friday: New Year's Day, but of a year that nobody has announced.
    assert [(str(period.ends_on), str(period.due_on)) for period in periods_on(day("2026-11-23"))] == [
        ("2026-10-30", "2026-10-30"),
        ("2026-11-06", "2026-11-06"),
        ("2026-11-13", "2026-11-13"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-27", "2026-11-27"),
        ("2026-12-04", "2026-12-04"),
        ("2026-12-11", "2026-12-11"),
        ("2026-12-18", "2026-12-18"),
        ("2026-12-25", "2026-12-25"),
        ("2027-01-01", "2027-01-01"),
        ("2027-01-08", "2027-01-08"),
        ("2027-01-11", "2027-01-13"),
    ]


def test_holidays_are_those_of_the_new_dates():
    # Spring Festival 2025: 28 January to 4 February. Of 2024's holidays none has moved along.
    assert [(str(period.ends_on), str(period.due_on)) for period in periods_on(day("2025-02-05"))] == [
        ("2025-01-10", "2025-01-10"),
        ("2025-01-17", "2025-01-17"),
        ("2025-01-24", "2025-01-24"),
        ("2025-01-31", "2025-02-05"),
        ("2025-02-07", "2025-02-07"),
        ("2025-02-14", "2025-02-14"),
        ("2025-02-21", "2025-02-21"),
        ("2025-02-28", "2025-02-28"),
        ("2025-03-07", "2025-03-07"),
        ("2025-03-14", "2025-03-14"),
        ("2025-03-21", "2025-03-21"),
        ("2025-03-24", "2025-03-26"),
    ]


def test_a_due_date_moves_to_a_weekend_that_is_worked_instead():
    # National Day 2023: 29 September to 6 October off, Saturday 7 October worked.
    due = {str(period.ends_on): str(period.due_on) for period in periods_on(day("2023-10-08"))}
    assert (due["2023-09-29"], due["2023-10-06"], due["2023-10-13"]) == (
        "2023-10-07",
        "2023-10-07",
        "2023-10-13",
    )


# --- what happens when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 21, 0, 0, tzinfo=SHANGHAI),  # the period has just opened
        datetime(2026, 11, 21, 0, 40, tzinfo=SHANGHAI),
        datetime(2026, 11, 23, 7, 30, tzinfo=SHANGHAI),
        datetime(2026, 11, 25, 12, 0, tzinfo=SHANGHAI),
        datetime(2026, 11, 27, 17, 29, 59, tzinfo=SHANGHAI),
        datetime(2026, 11, 27, 23, 59, 59, tzinfo=SHANGHAI),  # past due
        datetime(2023, 10, 7, 9, 0, tzinfo=SHANGHAI),  # two earlier periods are due today
        datetime(2025, 2, 5, 9, 0, tzinfo=SHANGHAI),
    ],
)
def test_nothing_is_planned_before_its_period_or_after_now(now):
    cases = [
        plan.Case(kind, range(number, number + 1), (1,), Decimal(2), "请核对后重新上报")
        for number, kind in enumerate(("resubmitted", "reopened", "late", "late", "returned"), start=1)
    ]
    planned = [
        plan.Period(
            one.number, one.starts_on, one.ends_on, datetime.combine(one.due_on, time(17, 30), SHANGHAI)
        )
        for one in periods_on(now.date())[:5]
    ]
    reports = [{number: Decimal(5 * period.number) for number in range(1, 11)} for period in planned]
    seen = set()
    for unit in range(60):
        told = cases if unit % 2 else ()
        for one in plan.plans(str(unit), "fu1", reports, planned, told, {}, is_known=False, now=now):
            period = planned[one.period - 1]
            opened = datetime.combine(period.starts_on, time(), SHANGHAI)
            moments = [opened, one.drafted_at, *(step.at for step in one.steps), now]
            assert moments == sorted(moments)
            if period.number < 5 and one.steps and now > period.due_at:
                assert one.steps[0].at >= datetime.combine(period.ends_on, time(), SHANGHAI)
            seen.update(step.move for step in one.steps)
    assert seen == {"sent", "accepted", "returned", "corrected", "reopened"}


# --- as loaded ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _on_monday(django_db_setup, django_db_blocker):
    """Load once for the tests of this module that ask for it: each runs in a savepoint inside."""
    with django_db_blocker.unblock(), time_machine.travel(MONDAY, tick=False), loaded(MONDAY):
        yield


@pytest.fixture
def campaign(_on_monday, db, settings):
    settings.DEMO = True
    with time_machine.travel(MONDAY, tick=False):
        yield Campaign.objects.get(code=CODE)


def person(username):
    return User.objects.get(username=username)


def keys(submission, *classes):
    return [finding.key for finding in check(submission) if finding.finding_class in classes]


def test_it_is_a_campaign_of_its_own_with_the_same_units_forms_and_checks(campaign):
    model = Campaign.objects.get(code="jiangsu-2024")
    assert (campaign.starts, campaign.ends, campaign.sign_off_by) == (
        day("2026-10-29"),
        day("2027-01-11"),
        "prefecture",
    )
    assert campaign.period_at(MONDAY).number == 5
    for one, other in zip(campaign.forms.all(), model.forms.all(), strict=True):
        assert (one.code, one.title, one.indicators.count(), one.rules.count()) == (
            other.code,
            other.title,
            other.indicators.count(),
            other.rules.count(),
        )
    places = [set(one.places.values_list("unit", "level")) for one in (campaign, model)]
    assert places[0] == places[1]
    assert len(places[0]) == 109


def test_four_periods_are_nearly_all_accepted_some_late_and_some_carried(campaign):
    lateness = Counter()
    for number in range(1, 5):
        rows = reports(campaign, period__number=number)
        counts = Counter(row.status for row in rows)
        assert counts["draft"] == 0
        # 108 units owe two forms each.
        assert 0.9 * 216 <= counts["accepted"] <= counts.total() < 216
        lateness.update(row.is_late for row in rows)
    assert lateness[None] == 0
    assert 0.005 <= lateness[True] / lateness.total() <= 0.04


def test_the_fifth_period_is_in_progress_and_none_after_it_has_begun(campaign):
    counts = Counter(reports(campaign, period__number=5).values_list("status", flat=True))
    assert counts["accepted"] >= 40
    assert counts["submitted"] >= 30
    assert counts["draft"] >= 10
    assert counts["returned"] == 2
    assert counts.total() < 200
    assert not reports(campaign, period__number__gt=5).exists()


def test_every_report_that_was_sent_passes_the_checks(campaign):
    for form in campaign.forms.all():
        for period in campaign.periods.filter(number__lte=5):
            sent = list(reports(campaign, report_form=form, period=period).sent())
            found = check_many(sent)
            assert {row.pk for row in sent if blocking(found[row.pk])} == set()


def test_nothing_happens_before_the_campaign_or_after_now(campaign):
    begins = datetime.combine(campaign.starts, time(), SHANGHAI)
    for column, first, last in moments(campaign):
        assert begins <= first <= last <= MONDAY, column


# --- what people find -----------------------------------------------------------------------------------------


def test_the_clerk_finds_a_return_with_its_cells_a_draft_and_a_countdown(campaign, client):
    tasks = {(task.form.code, task.period.number): task for task in tasks_of(person("xinyi"), campaign)}
    returned, begun = tasks.pop(("fu2", 5)), tasks.pop(("fu1", 5))
    assert (returned.state, returned.submission.last_return().cells) == ("returned", [14, 19])
    assert returned.returned_reason == "第14、19列较上期变化较大，请与运输台账核对后重新上报。"
    assert (begun.state, begun.filled, begun.is_overdue) == ("due", 14, False)
    assert keys(begun.submission, FATAL) == ["sub:9"]
    assert {task.state for task in tasks.values()} == {"accepted"}
    assert [key for key, task in tasks.items() if task.is_late] == [("fu1", 2)]

    client.force_login(person("xinyi"))
    # From Monday 10:15 to Friday 17:30.
    assert "还有 4 天 7 小时" in client.get(reverse("reports:task-list", args=[CODE])).text
    with time_machine.travel(datetime(2026, 11, 27, 18, 0, tzinfo=SHANGHAI), tick=False):
        client.force_login(person("xinyi"))
        assert "已过截止 30 分钟" in client.get(reverse("reports:task-list", args=[CODE])).text


def test_one_county_has_not_begun(campaign):
    assert not reports(campaign, period__number=5, unit__code="320321").exists()
    assert reports(campaign, period__number=4, unit__code="320321").count() == 2


def test_the_city_finds_reports_waiting_some_with_reasons_and_one_with_a_fall(campaign):
    waiting = reports(campaign, status="submitted")
    mine = reviewable(person("xuzhou-review"), waiting)
    found = [keys(row, QUERY) for row in waiting if row.pk in mine]
    assert len(found) >= 8
    assert sum(key == "fall:14" for one in found for key in one) == 1
    assert sum(bool(one) for one in found) >= 3
    assert any(not one for one in found)
    # None of them is locked by the sign-off of the period before.
    assert {row.period.number for row in waiting if row.pk in mine} == {5}


@pytest.mark.parametrize(
    ("username", "first"),
    [
        ("xinyi", "task-list"),
        ("xuzhou", "task-list"),
        ("xuzhou-review", "review-queue"),
        ("jiangsu-review", "review-queue"),
        ("jiangsu-view", "board-home"),
    ],
)
def test_everyone_of_jiangsu_begins_in_the_campaign_that_is_running(campaign, client, username, first):
    client.force_login(person(username))
    way = [path for path, _ in client.get(reverse("reports:home"), follow=True).redirect_chain]
    assert way[:2] == [reverse("reports:campaign", args=[CODE]), reverse(f"reports:{first}", args=[CODE])]


def test_a_campaign_that_ran_out_stays_the_first_and_readable(campaign, client):
    with time_machine.travel(datetime(2027, 6, 1, 9, 0, tzinfo=SHANGHAI), tick=False):
        client.force_login(person("xinyi"))
        answer = client.get(reverse("reports:home"), follow=True)
        assert answer.redirect_chain[-1][0] == reverse("reports:task-list", args=[CODE])
        assert "还有" not in answer.text


def test_cities_have_signed_off_one_waits_and_one_was_reopened(campaign):
    rows = SignOff.objects.filter(period__campaign=campaign, period__number=4).with_due_at()
    signed = {row.unit.code: row for row in rows.select_related("unit", "period", "signed_by")}
    xuzhou, lianyungang = signed["320300"], signed["320700"]
    assert (xuzhou.status, xuzhou.signed_by.name, xuzhou.is_late) == ("signed", "顾明川", False)
    assert lianyungang.status == "reopened"
    assert lianyungang.reopened_reason == "赣榆区未报附件2，请补报后重新扎口。"
    assert {"unit": "320707", "name": "赣榆区", "forms": ["fu2"]} in lianyungang.missing
    assert [event.actor_name for event in lianyungang.events.all()] == ["导入", "苏若宁"]
    assert len(signed) < 13
    for number in (1, 2, 3):
        earlier = SignOff.objects.filter(period__campaign=campaign, period__number=number)
        assert Counter(earlier.values_list("status", flat=True)) == {"accepted": 13}


def test_a_due_date_was_moved_with_its_reason_and_announced(campaign, client):
    sixth = campaign.periods.get(number=6)
    # From Friday 17:30 to noon of the next working day.
    assert sixth.due_at == datetime(2026, 12, 7, 12, 0, tzinfo=SHANGHAI)
    event = CampaignEvent.objects.get(campaign=campaign, kind="due")
    assert (event.actor_name, event.old, event.new) == (
        "苏若宁",
        "2026年12月4日 17:30",
        "2026年12月7日 12:00",
    )
    assert event.reason
    client.force_login(person("xinyi"))
    page = client.get(reverse("reports:task-list", args=[CODE])).text
    assert "第6期报送时间调整" in page
    assert "由2026年12月4日 17:30调整为2026年12月7日 12:00" in page


def test_one_county_was_exempted(campaign):
    exemption = Exemption.objects.get(period__campaign=campaign)
    assert (exemption.unit.code, exemption.period.number, exemption.granted_by) == ("320322", 3, "顾明川")
    assert not reports(campaign, period__number=3, unit__code="320322").exists()
    assert CampaignEvent.objects.get(campaign=campaign, kind="exempted").actor_name == "顾明川"


# --- holidays that are not known ------------------------------------------------------------------------------

WARNING = "2027年的放假安排尚未收录，暂按周一至周五推算，请在节假日表中补录。"


@pytest.mark.usefixtures("_known_until_2026")
@pytest.mark.parametrize("address", ["task-list", "campaign-about"])
def test_a_year_whose_holidays_are_not_known_is_said_beside_the_dates(campaign, client, address):
    client.force_login(person("xinyi"))
    assert WARNING in client.get(reverse(f"reports:{address}", args=[CODE])).text
    assert "尚未收录" not in client.get(reverse(f"reports:{address}", args=["jiangsu-2024"])).text


@pytest.mark.usefixtures("_known_until_2026")
def test_the_tasks_do_not_warn_once_the_days_in_question_are_entered(campaign, client):
    for entered in ("2027-01-01", "2027-01-08", "2027-01-11", "2027-01-13"):
        DayOff.objects.create(day=day(entered), works=entered != "2027-01-01")
    client.force_login(person("xinyi"))
    assert "尚未收录" not in client.get(reverse("reports:task-list", args=[CODE])).text
