"""催报: who is still to be reminded, the words, once in twelve hours, and what came of it."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Exemption
from chunfeng.accounts.models import Membership
from reports.completeness import reminders
from reports.models import Extension, Notice, Reminder
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DUE = datetime(2024, 1, 26, 9, 30, tzinfo=UTC)
Moment = Reminder.Moment


@pytest.fixture
def world():
    """A city over three counties and two forms: 甲 has sent both, 乙 one, 丙 none and has no reporter."""
    campaign = make_campaign(period_ends=[date(2024, 1, 26), date(2024, 2, 2)])
    forms = [make_form(campaign, "fu1", annex="附件1"), make_form(campaign, "fu2", annex="附件2")]
    top = make_place(campaign, "32", level="province", reports=False)
    city = make_place(campaign, "3203", parent=top, level="prefecture", reports=False, name="徐州市")
    places = {
        name: make_place(campaign, code, parent=city, name=name)
        for code, name in (("320302", "甲县"), ("320303", "乙县"), ("320304", "丙县"))
    }
    period = campaign.periods.first()
    for form, name in ((forms[0], "甲县"), (forms[1], "甲县"), (forms[0], "乙县")):
        make_submission(form, places[name], period, {1: 1})
    coordinator = Membership.Role.COORDINATOR
    return {
        "campaign": campaign,
        "forms": forms,
        "period": period,
        "places": places,
        "chief": make_user("chief", name="钱审核", unit=city, role=coordinator),
        "province": make_user("province", unit=top, role=coordinator),
        "clerk": make_user("clerk", name="周填报", unit=places["乙县"], phone="000-1"),
    }


def missing(world, now=DUE + HOUR):
    return reminders.missing_in(world["period"], world["campaign"].places.all(), now)


def send(world, *names, now=DUE + HOUR, text=reminders.DEFAULT_TEXT, **more):
    places = [world["places"][name] for name in names]
    return reminders.send(world["period"], places, text, by=more.pop("by", world["chief"]), now=now, **more)


def test_who_has_not_sent_everything_is_listed_with_what_is_missing(world):
    assert [(one.place.name, one.forms) for one in missing(world)] == [
        ("乙县", "附件2"),
        ("丙县", "附件1、附件2"),
    ]
    Exemption.objects.create(
        period=world["period"], unit=world["places"]["丙县"].unit, reason="撤并", granted_by="市"
    )
    assert [one.place.name for one in missing(world)] == ["乙县"]


def test_a_returned_report_is_missing_and_a_waiting_one_is_not(world):
    make_submission(world["forms"][1], world["places"]["乙县"], world["period"], {1: 1}, status="submitted")
    make_submission(world["forms"][0], world["places"]["丙县"], world["period"], {1: 1}, status="returned")
    assert [(one.place.name, one.forms) for one in missing(world)] == [("丙县", "附件1（被退回）、附件2")]


def test_the_words_name_unit_period_forms_and_the_due_time(world):
    outcome = send(world, "乙县", now=DUE + 50 * HOUR)
    assert outcome.sent[0].text == (
        "乙县：第1期（截至1月26日）的附件2还没有上报，截止时间是1月26日17:30，已逾期2天。"
        "请尽快登录系统填报；有困难请及时联系我们。"
    )
    notice = Notice.objects.get()
    assert (notice.recipient, notice.kind) == (world["clerk"], Notice.Kind.REMINDER)
    assert notice.url == "/c/spring/tasks/fu2/2024-01-26/320303/"


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(minutes=-10), "还有不到1小时"),
        (timedelta(hours=-5, minutes=-1), "还有5小时"),
        (timedelta(hours=47), "已逾期47小时"),
        (timedelta(days=3, hours=5), "已逾期3天"),
    ],
)
def test_how_far_off_a_due_time_is(off, said):
    assert reminders.time_limit(DUE, DUE + off) == said


def test_a_unit_with_more_time_is_told_its_own_due_time(world):
    Extension.objects.create(
        period=world["period"],
        unit=world["places"]["乙县"].unit,
        due_at=DUE + 48 * HOUR,
        reason="停电",
        granted_by=world["chief"],
    )
    assert "截止时间是1月28日17:30，还有47小时" in send(world, "乙县").sent[0].text


def test_a_unit_without_reporter_is_logged_and_told_nobody(world):
    make_submission(
        world["forms"][0],
        world["places"]["丙县"],
        world["campaign"].periods.last(),
        {1: 1},
        prepared_by="孙",
        phone="000-9",
    )
    [_, one] = missing(world)
    assert one.contact == "孙 000-9"
    assert send(world, "丙县").sent[0].people == 0
    assert not Notice.objects.exists()


def test_what_has_been_sent_meanwhile_is_not_asked_for(world):
    outcome = send(world, "甲县", "乙县")
    assert [one.unit.name for one in outcome.sent] == ["乙县"]
    assert outcome.passed_over == [(world["places"]["甲县"], "已经报齐或不用报，无需催报")]


def test_a_unit_is_reminded_once_in_twelve_hours_whoever_asks_unless_it_is_insisted_on(world):
    send(world, "乙县")
    again = DUE + HOUR + 12 * HOUR
    refused = send(world, "乙县", now=again - timedelta(seconds=1), by=world["province"])
    assert refused.sent == []
    assert refused.passed_over[0][1] == "11 小时前钱审核刚催过，12 小时内不重复催报"
    assert send(world, "乙县", now=again).sent[0].forced is False
    assert send(world, "乙县", now=again + HOUR, force=True).sent[0].forced is True
    assert [one.times for one in missing(world) if one.last] == [3]


def test_a_campaign_that_is_closed_and_words_that_say_nothing_are_refused(world):
    with pytest.raises(reminders.ReminderError, match="请填写催报内容"):
        send(world, "乙县", text=" 。 ")
    with pytest.raises(reminders.ReminderError, match="最多 500 个字，现在有 501 个"):
        send(world, "乙县", text="催" * 501)
    world["campaign"].closed_at = timezone.now()
    world["campaign"].save()
    world["period"].refresh_from_db()
    with pytest.raises(reminders.ReminderError, match="已关闭"):
        send(world, "乙县")
    assert not Reminder.objects.exists()


def test_whether_a_reminder_helped_is_read_off_the_reports_it_named(world):
    [reminder] = send(world, "丙县").sent
    place, period = world["places"]["丙县"], world["period"]
    assert reminders.results([reminder])[0].filed == 0
    make_submission(world["forms"][0], place, period, {1: 1}, submitted_at=reminder.at + HOUR)
    [result] = reminders.results([reminder])
    assert (result.filed, result.asked, result.is_complete) == (1, 2, False)
    make_submission(world["forms"][1], place, period, {1: 1}, submitted_at=reminder.at + 3 * HOUR)
    [result] = reminders.results([reminder])
    assert (result.is_complete, result.took) == (True, 3 * HOUR)


# The page


def address(world, more=""):
    return f"/c/spring/reminders/{world['period'].ends_on}/{more}"


def test_the_page_lists_who_gets_it_and_sending_leads_to_the_log(client, world):
    client.force_login(world["chief"])
    page = client.get(address(world))
    assert [row["missing"].place.name for row in page.context["rows"]] == ["乙县", "丙县"]
    assert "周填报 000-1" in page.text
    assert "没有填报员账号" in page.text
    sent = client.post(
        address(world, "send/"), {"unit": ["320303", "320304"], "text": "请【单位】尽快报【报表】"}
    )
    assert sent.url == "/c/spring/reminders/"
    log = client.get(sent.url).text
    assert "请乙县尽快报附件2" in log
    assert "其中 1 个没有填报员账号" in log
    assert "还没有上报" in log
    assert [row["is_ticked"] for row in client.get(address(world)).context["rows"]] == [False, False]


def test_a_refused_text_keeps_what_was_typed_and_ticked(client, world):
    client.force_login(world["chief"])
    page = client.post(address(world, "send/"), {"unit": ["320304"], "text": "催" * 501})
    assert "现在有 501 个" in page.text
    assert page.context["text"] == "催" * 501
    assert [row["is_ticked"] for row in page.context["rows"]] == [False, True]
    assert "请先勾选" in client.post(address(world, "send/"), {"text": "请报"}).text


def test_only_units_below_mine_are_reminded(client, world):
    other = make_place(world["campaign"], "3201", parent=world["campaign"].places.get(unit__code="32"))
    chief = make_user("other", unit=other, role=Membership.Role.COORDINATOR)
    client.force_login(chief)
    assert client.post(address(world, "send/"), {"unit": ["320303"], "text": "请报"}).status_code == 404
    assert "本期没有要催的单位" in client.get(address(world)).text
    client.force_login(world["clerk"])
    assert client.get(address(world)).status_code == 403
    assert not Reminder.objects.exists()


def test_a_missing_cell_of_the_heat_map_leads_to_the_reminder_of_that_unit(client, world):
    client.force_login(world["chief"])
    assert 'href="/c/spring/reminders/2024-01-26/?unit=320304"' in client.get("/c/spring/progress/").text
    page = client.get(address(world, "?unit=320304"))
    assert [row["is_ticked"] for row in page.context["rows"]] == [False, True]


def test_the_board_of_a_city_leads_to_the_reminder_of_its_own_units(client, world):
    elsewhere = make_place(world["campaign"], "3201", parent=world["campaign"].places.get(unit__code="32"))
    client.force_login(world["province"])
    board = client.get("/c/spring/board/fu1/2024-01-26/3203/")
    # Of 附件1 丙县 alone is missing; of all that is owed also 附件2 of 乙县.
    assert board.context["to_remind"] == 2
    assert 'href="/c/spring/reminders/2024-01-26/?below=3203"' in board.text
    rows = client.get(address(world, "?below=3203")).context["rows"]
    assert [row["missing"].place.name for row in rows] == ["乙县", "丙县"]
    assert client.get("/c/spring/board/fu1/2024-01-26/32/").context["to_remind"] == 3
    refused = client.post(address(world, "send/?below=3203"), {"unit": [elsewhere.unit.code], "text": "请报"})
    assert refused.status_code == 404
    assert client.get(address(world, "?below=nowhere")).status_code == 404
    client.force_login(make_user("viewer", unit=world["places"]["甲县"].parent, role=Membership.Role.VIEWER))
    assert client.get("/c/spring/board/fu1/2024-01-26/3203/").context["to_remind"] == 0


# The timer


def run(monkeypatch, now, *arguments):
    monkeypatch.setattr(timezone, "now", lambda: now)
    out = StringIO()
    call_command("remind", *arguments, stdout=out)
    return out.getvalue()


def sent_to(name):
    return list(Reminder.objects.filter(unit__name=name).order_by("at").values_list("moment", flat=True))


def test_the_timer_reminds_before_at_and_after_the_due_time_each_once(world, monkeypatch):
    # 乙县 alone is looked at: the second period opens on the 27th.
    for hours, total in ((-25, 0), (-24, 1), (-23, 1), (0, 2), (5, 2), (24, 3), (60, 3)):
        run(monkeypatch, DUE + hours * HOUR)
        assert len(sent_to("乙县")) == total, hours
    assert sent_to("乙县") == [Moment.BEFORE, Moment.AT, Moment.AFTER]
    assert Reminder.objects.first().sender_name == "系统"


def test_the_timer_leaves_alone_whoever_was_reminded_lately_and_whoever_has_sent(world, monkeypatch):
    send(world, "乙县", now=DUE - HOUR)
    run(monkeypatch, DUE)
    assert sent_to("乙县") == [Moment.MANUAL]
    assert sent_to("甲县") == []
    run(monkeypatch, DUE + 11 * HOUR)
    assert sent_to("乙县") == [Moment.MANUAL, Moment.AT]


def test_the_timer_goes_by_a_unit_s_own_due_time(world, monkeypatch):
    Extension.objects.create(
        period=world["period"],
        unit=world["places"]["乙县"].unit,
        due_at=DUE + 72 * HOUR,
        reason="停电",
        granted_by=world["chief"],
    )
    run(monkeypatch, DUE)
    assert (sent_to("乙县"), sent_to("丙县")) == ([], [Moment.AT])
    run(monkeypatch, DUE + 49 * HOUR)
    assert sent_to("乙县") == [Moment.BEFORE]


def test_a_due_time_long_past_and_a_closed_campaign_remind_nobody(world, monkeypatch):
    assert "已提醒 0 个单位" in run(monkeypatch, datetime(2025, 1, 1, tzinfo=UTC))
    world["campaign"].closed_at = DUE
    world["campaign"].save()
    assert "已提醒 0 个单位" in run(monkeypatch, DUE)
    with pytest.raises(CommandError, match="没有代码为 spring"):
        run(monkeypatch, DUE, "spring")


def test_a_dry_run_names_the_units_and_sends_nothing(world, monkeypatch):
    said = run(monkeypatch, DUE, "spring", "--dry-run")
    assert "spring 第1期（截至1月26日） 截止时提醒：乙县 附件2" in said
    assert "将提醒 2 个单位" in said
    assert not Reminder.objects.exists()
