"""通知: what is told to whom, by which ways, and that no mail server can harm what was saved."""

import pytest
from django.core import mail
from django.urls import reverse

from reports import lifecycle, notifications
from reports.models import Notice, Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db
Kind = Notice.Kind


class GoneServer:
    """A mail backend whose server does not answer."""

    def __init__(self, *args, **kwargs):
        pass

    def open(self):
        raise ConnectionRefusedError("nobody listens")


class PickyServer:
    """A mail backend that takes every message but the one to `picky@example.org`."""

    taken: list = []

    def __init__(self, *args, **kwargs):
        pass

    def open(self):
        return True

    def close(self):
        raise OSError("already closed")

    def send_messages(self, messages):
        if messages[0].to == ["picky@example.org"]:
            raise ValueError("mailbox unavailable")
        self.taken.extend(messages)
        return len(messages)


@pytest.fixture
def campaign():
    return make_campaign()


def told(campaign, people, commit, **more):
    with commit(execute=True):
        notifications.tell(people, campaign=campaign, kind=Kind.REMINDER, title="请上报", **more)
    notifications.wait_for_mail()


def test_everyone_is_told_once_and_by_email_where_there_is_an_address(
    campaign, django_capture_on_commit_callbacks
):
    with_address = make_user("a", name="甲", email="a@example.org")
    without = make_user("b", name="乙")
    told(
        campaign,
        [with_address, without, with_address],
        django_capture_on_commit_callbacks,
        text="第4期还差1张表",
        url="/c/spring/tasks/",
    )
    assert list(Notice.objects.order_by("pk").values_list("recipient__name", "title")) == [
        ("甲", "请上报"),
        ("乙", "请上报"),
    ]
    [message] = mail.outbox
    assert message.to == ["a@example.org"]
    assert message.subject == "【某市2024年春风行动】请上报"
    assert "第4期还差1张表" in message.body
    assert "请登录春风行动统计报送系统" in message.body


def test_a_link_in_an_email_begins_with_the_portal_s_address(
    campaign, settings, django_capture_on_commit_callbacks
):
    settings.PORTAL_URL = "https://portal.example.org"
    told(
        campaign, [make_user("a", email="a@example.org")], django_capture_on_commit_callbacks, url="/notices/"
    )
    assert "https://portal.example.org/notices/" in mail.outbox[0].body


def test_who_is_disabled_is_not_told(campaign, django_capture_on_commit_callbacks):
    told(
        campaign,
        [make_user("a", email="a@example.org", is_active=False)],
        django_capture_on_commit_callbacks,
    )
    assert not Notice.objects.exists()
    assert mail.outbox == []


def test_a_notice_may_be_told_without_email(campaign, django_capture_on_commit_callbacks):
    told(campaign, [make_user("a", email="a@example.org")], django_capture_on_commit_callbacks, email=False)
    assert Notice.objects.count() == 1
    assert mail.outbox == []


def test_a_line_break_in_a_title_cannot_write_a_header(campaign, django_capture_on_commit_callbacks):
    person = make_user("a", email="a@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        notifications.tell(
            [person], campaign=campaign, kind=Kind.URGENT, title="急报\r\nBcc: x@example.org", email=True
        )
    notifications.wait_for_mail()
    assert mail.outbox[0].subject == "【某市2024年春风行动】急报 Bcc: x@example.org"


def test_a_link_off_the_portal_is_refused(campaign):
    with pytest.raises(ValueError, match="not a path"):
        notifications.tell(
            [make_user("a")], campaign=campaign, kind=Kind.URGENT, title="急报", url="https://example.org"
        )


def test_a_mail_server_that_is_gone_is_logged_and_harms_nothing(
    campaign, settings, caplog, django_capture_on_commit_callbacks
):
    settings.EMAIL_BACKEND = f"{__name__}.GoneServer"
    told(campaign, [make_user("a", email="a@example.org")], django_capture_on_commit_callbacks)
    assert Notice.objects.count() == 1
    assert "no connection to the mail server" in caplog.text


def test_one_mailbox_that_refuses_does_not_keep_the_others_from_their_mail(
    campaign, settings, caplog, django_capture_on_commit_callbacks
):
    settings.EMAIL_BACKEND = f"{__name__}.PickyServer"
    people = [make_user(name, email=f"{name}@example.org") for name in ("first", "picky", "last")]
    told(campaign, people, django_capture_on_commit_callbacks)
    assert [message.to for message in PickyServer.taken] == [["first@example.org"], ["last@example.org"]]
    assert "picky@example.org was not sent" in caplog.text


@pytest.fixture
def world(campaign):
    form = make_form(campaign, annex="附件1")
    city = make_place(campaign, "city", reports=False, level="prefecture")
    place = make_place(campaign, "420102", name="江岸区", parent=city)
    clerk = make_user("clerk", name="填报", unit=place, email="clerk@example.org")
    chief = make_user("chief", name="审核", unit=city, role="coordinator")
    make_user("below-the-city", unit=city)
    report = make_submission(form, place, period_of(campaign, 1), {1: 1}, status="submitted")
    return {"report": report, "clerk": clerk, "chief": chief}


def test_the_unit_s_reporters_are_told_why_a_report_came_back(world, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.return_for_correction(world["report"], by=world["chief"], comment="第1列请核对")
    notifications.wait_for_mail()
    notice = Notice.objects.get()
    assert (notice.recipient, notice.kind) == (world["clerk"], Kind.RETURNED)
    assert notice.title == "江岸区 附件1 第1期（截至1月26日）被退回，请更正后再次上报"
    assert notice.text == "第1列请核对"
    assert notice.url == "/c/spring/tasks/fu1/2024-01-26/420102/"
    assert [message.to for message in mail.outbox] == [["clerk@example.org"]]


def test_a_refused_return_tells_nobody(world):
    Submission.objects.update(status="draft")
    with pytest.raises(lifecycle.TransitionError):
        lifecycle.return_for_correction(world["report"], by=world["chief"], comment="第1列请核对")
    assert not Notice.objects.exists()


def test_a_reopened_report_is_told_like_a_returned_one(world):
    lifecycle.accept(world["report"], by=world["chief"])
    lifecycle.reopen(world["report"], by=world["chief"], comment="有补报数据")
    assert "已重新打开" in Notice.objects.get(recipient=world["clerk"]).title


def test_the_bar_counts_what_is_unread_and_opening_a_notice_reads_it(client, world):
    lifecycle.return_for_correction(world["report"], by=world["chief"], comment="第1列请核对")
    client.force_login(world["clerk"])
    page = client.get("/notices/", {"campaign": "spring"})
    assert "第1列请核对" in page.text
    assert '<b>1<span class="visually-hidden"> 条未读</span></b>' in page.text
    notice = Notice.objects.get()
    opened = client.post(reverse("reports:notice-read", args=[notice.pk]), {"open": "1"})
    assert opened.url == notice.url
    first = Notice.objects.get().read_at
    client.post(reverse("reports:notice-read", args=[notice.pk]))
    assert Notice.objects.get().read_at == first
    assert "条未读" not in client.get("/notices/").text


def test_all_notices_of_one_person_are_read_with_one_click(client, campaign):
    mine, other = make_user("mine"), make_user("other")
    notifications.tell([mine, other], campaign=campaign, kind=Kind.URGENT, title="一", email=False)
    notifications.tell([mine], campaign=campaign, kind=Kind.URGENT, title="二", email=False)
    client.force_login(mine)
    client.post("/notices/read/?unread=1")
    assert list(Notice.objects.unread().values_list("recipient__username", flat=True)) == ["other"]
    assert "没有未读的通知" in client.get("/notices/?unread=1").text


def test_a_notice_of_another_person_is_not_there(client, campaign):
    [notice] = notifications.tell(
        [make_user("other")], campaign=campaign, kind=Kind.URGENT, title="一", email=False
    )
    client.force_login(make_user("mine"))
    assert client.post(f"/notices/{notice.pk}/read/").status_code == 404


def test_of_a_moved_due_time_those_are_told_who_still_file(campaign):
    city = make_place(campaign, "city", level="prefecture", reports=False)
    files = make_user("files", unit=make_place(campaign, "a", parent=city))
    closed = make_place(campaign, "b", parent=city)
    closed.closes, closed.after_close = period_of(campaign, 1).ends_on, "keep"
    closed.save()
    make_user("has-closed", unit=closed)
    notifications.due_changed(period_of(campaign, 2), "改为2月5日", "春节")
    assert [notice.recipient for notice in Notice.objects.all()] == [files]
