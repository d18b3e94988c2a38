"""Due times on 除夕, holidays and weekends: asked once, decided in four ways, and judged by from then on."""

import itertools
from datetime import UTC, date, datetime

import pytest

from campaigns.calendar_rules import Workdays, awkward, new_year, plain_day
from chunfeng.accounts.models import Membership
from reports.managing import changes
from reports.managing.changes import ChangeError
from reports.managing.due_questions import Choice, ask_about_due_times, decide, open_questions
from reports.models import CampaignEvent, Notice, Submission
from tests.factories import SHANGHAI, make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 2, 1, 1, tzinfo=UTC)
FRIDAYS = [date(2024, 1, 26), date(2024, 2, 2), date(2024, 2, 9), date(2024, 2, 16)]
WHY = "按省厅安排"


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2024, 2, 9), "除夕"),
        (date(2024, 2, 16), "春节假期"),
        (date(2024, 2, 18), "调休上班的双休日"),
        (date(2024, 2, 24), "双休日"),
        (date(2024, 2, 19), ""),
        (date(2024, 4, 5), "清明假期"),
        # The arrangement of this year is not known; holidays with a fixed date are.
        (date(2049, 1, 1), "元旦假期"),
        (date(2049, 2, 1), "除夕"),
        (date(2049, 2, 3), "春节假期"),
        (date(2049, 2, 5), ""),
    ],
)
def test_days_that_are_bad_to_be_due_on(day, why):
    assert awkward(day, Workdays()) == why


def test_a_day_that_the_coordinators_entered_as_off_is_awkward():
    assert awkward(date(2024, 3, 6), Workdays({date(2024, 3, 6): False})) == "放假"


def test_the_nearest_plain_days_pass_over_holidays_and_weekends_worked_instead():
    # 4 February 2024 is a Sunday that is worked, 18 February too.
    assert plain_day(date(2024, 2, 9), Workdays(), step=1) == date(2024, 2, 19)
    assert plain_day(date(2024, 2, 9), Workdays(), step=-1) == date(2024, 2, 8)
    assert plain_day(date(2024, 2, 5), Workdays(), step=-1) == date(2024, 2, 2)


def test_the_lunar_year_begins_between_21_january_and_21_february():
    days = [new_year(year) for year in range(2010, 2051)]
    assert all(date(day.year, 1, 21) <= day <= date(day.year, 2, 21) for day in days)
    # A lunar year has 12 or 13 months of 29 or 30 days.
    lengths = {(after - before).days for before, after in itertools.pairwise(days)}
    assert lengths <= {353, 354, 355, 383, 384, 385}
    assert new_year(2009) is None


@pytest.fixture
def world():
    """Due on Fridays at 17:30: the third on 除夕, the fourth in the holidays."""
    campaign = make_campaign(period_ends=FRIDAYS)
    top = make_place(campaign, "32", level="province", reports=False)
    place = make_place(campaign, "320302", parent=top)
    return {
        "campaign": campaign,
        "place": place,
        "form": make_form(campaign),
        "by": make_user("root", name="苏审核", unit=top, role=Membership.Role.COORDINATOR),
        "clerk": make_user("clerk", unit=place),
        "third": campaign.periods.get(number=3),
    }


def asked(world, now=NOW):
    return [(one.period.number, one.why) for one in open_questions(world["campaign"], now)]


def decided(world, choice, *, seen=None, now=NOW, reason=WHY):
    period = world["third"]
    return decide(
        period, choice, seen=seen or period.due_at.isoformat(), by=world["by"], reason=reason, now=now
    )


def due(world):
    return world["campaign"].periods.get(number=3).due_at.astimezone(SHANGHAI)


def test_awkward_due_times_are_asked_about_until_a_week_after(world):
    assert [number for number, _ in asked(world)] == [3, 4]
    assert asked(world)[0] == (3, "周五，除夕")
    assert [number for number, _ in asked(world, datetime(2024, 2, 17, tzinfo=UTC))] == [4]
    assert asked(world, datetime(2024, 3, 1, tzinfo=UTC)) == []


def test_moving_it_keeps_the_clock_logs_old_and_new_and_tells_the_reporters(world):
    decided(world, Choice.LATER)
    assert due(world) == datetime(2024, 2, 19, 17, 30, tzinfo=SHANGHAI)
    event = CampaignEvent.objects.get()
    assert (event.kind, event.old, event.new, event.reason) == (
        "due",
        "2024年2月9日 17:30",
        "2024年2月19日 17:30",
        WHY,
    )
    notice = Notice.objects.get()
    assert notice.recipient == world["clerk"]
    assert notice.title == "第3期（截至2月9日）的报送截止时间改为2024年2月19日 17:30"
    assert [number for number, _ in asked(world)] == [4]


def due_on_a_saturday(world):
    """Due on 24 February, two weeks after the period's end: the Friday before is a plain day."""
    world["third"].due_at = datetime(2024, 2, 24, 17, 30, tzinfo=SHANGHAI)
    world["third"].save()
    world["third"].refresh_from_db()


def test_a_report_may_be_asked_for_before_the_holiday_on_which_its_period_ends(world):
    third, fourth = open_questions(world["campaign"], NOW)
    assert third.earlier == datetime(2024, 2, 8, 17, 30, tzinfo=SHANGHAI)
    # All days of the fourth period up to its end are holidays.
    assert fourth.earlier is None
    decided(world, Choice.EARLIER)
    assert due(world).day == 8


def test_whether_a_report_is_late_follows_the_decision(world):
    due_on_a_saturday(world)
    sent = datetime(2024, 2, 24, 10, 0, tzinfo=SHANGHAI)
    make_submission(world["form"], world["place"], world["third"], {1: 1}, first_submitted_at=sent)
    assert Submission.objects.get().is_late is False
    decided(world, Choice.EARLIER)
    assert due(world).day == 23
    assert Submission.objects.get().is_late is True


def test_keeping_it_and_letting_everybody_off_close_the_question_too(world):
    decided(world, Choice.KEEP)
    assert due(world).day == 9
    assert CampaignEvent.objects.get().get_kind_display() == "截止时间照常"
    assert [number for number, _ in asked(world)] == [4]
    with pytest.raises(ChangeError, match="已有决定"):
        decided(world, Choice.LATER)


def test_letting_everybody_off_leaves_nothing_to_ask(world):
    decided(world, Choice.EXEMPT)
    assert world["third"].exemptions.get().unit is None
    assert [number for number, _ in asked(world)] == [4]


def test_a_due_time_moved_by_hand_to_such_a_day_is_decided(world):
    changes.set_due(world["third"], datetime(2024, 2, 18, 12, tzinfo=SHANGHAI), by=world["by"], reason=WHY)
    assert [number for number, _ in asked(world)] == [4]


def test_a_decision_about_a_due_time_that_has_moved_meanwhile_is_refused(world):
    old = world["third"].due_at.isoformat()
    changes.set_due(world["third"], datetime(2024, 2, 20, 12, tzinfo=SHANGHAI), by=world["by"], reason=WHY)
    with pytest.raises(ChangeError, match="已改为2024年2月20日 12:00"):
        decided(world, Choice.LATER, seen=old)
    with pytest.raises(ChangeError, match="写明理由"):
        decided(world, Choice.KEEP, reason=" ")


def test_a_day_that_is_past_cannot_be_chosen_any_more(world):
    due_on_a_saturday(world)
    late = datetime(2024, 2, 23, 10, tzinfo=UTC)
    assert open_questions(world["campaign"], late)[-1].earlier is None
    with pytest.raises(ChangeError, match="不能提前"):
        decided(world, Choice.EARLIER, now=late)


def test_the_root_s_coordinators_are_told_of_each_question_once(world):
    assert len(ask_about_due_times(world["campaign"], NOW)) == 2
    assert ask_about_due_times(world["campaign"], NOW) == []
    assert list(Notice.objects.values_list("recipient__username", flat=True)) == ["root", "root"]


def test_the_questions_stand_on_the_pages_of_who_decides(client, world, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(world["by"])
    for page in ("progress/", "manage/dates/", "review/"):
        assert "落在假日或双休日" in client.get(f"/c/spring/{page}").text
    answer = client.post(
        "/c/spring/manage/dates/2024-02-09/decide/?back=progress",
        {"choice": "later", "reason": WHY, "seen": world["third"].due_at.isoformat()},
    )
    assert answer.url == "/c/spring/progress/"
    page = client.get(answer.url).text
    assert "第3期的截止时间已决定：顺延" in page
    assert "原为2024年2月9日 17:30" in page
    client.force_login(world["clerk"])
    assert "原为2024年2月9日 17:30" in client.get("/c/spring/tasks/").text
    assert "落在假日或双休日" not in client.get("/c/spring/tasks/").text
