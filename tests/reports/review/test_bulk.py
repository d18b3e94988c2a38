"""批量通过: the names first, ten seconds to stop it, done even where nobody waits for it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.models import Bulk, Submission
from reports.review import bulk, questions
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db

FIGURES = {1: 12, 2: 3, 3: 4}


@pytest.fixture
def world():
    return World()


@pytest.fixture
def boss(client, world):
    client.force_login(world.boss)
    return client


class World:
    """A city whose districts have sent one report each."""

    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign)
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.boss = make_user("boss", unit=self.city, role="coordinator")
        self.period = self.campaign.periods.first()

    def sent(self, code, reason=""):
        place = make_place(self.campaign, code, parent=self.city, name=f"{code}区")
        report = make_submission(self.form, place, self.period, FIGURES, status="draft")
        lifecycle.submit(report, by=make_user(f"clerk-{code}", unit=place))
        if reason:
            event = report.events.last()
            event.snapshot["explanations"] = [{"finding": "fall:1", "message": "", "text": reason}]
            event.save()
        return report

    def status(self, *reports):
        return [Submission.objects.get(pk=report.pk).status for report in reports]


def ask(client, name, *arguments, **posted):
    return client.post(reverse(f"reports:bulk-{name}", args=arguments), posted, follow=True)


def confirmed(client):
    """What the page of names carries."""
    return client.get(reverse("reports:bulk-confirm", args=["spring"])).context["seen"]


def pass_time(seconds=11):
    for pending in Bulk.objects.pending():
        Bulk.objects.filter(pk=pending.pk).update(due_at=timezone.now() - timedelta(seconds=seconds - 10))


def test_the_names_come_first_and_rows_with_marks_are_not_among_them(boss, world):
    world.sent("江岸")
    world.sent("江汉", reason="上期误将重复登记的人计入")
    page = boss.get(reverse("reports:bulk-confirm", args=["spring"])).text
    assert "批量通过 1 份" in page
    assert "江岸区" in page
    assert "江汉区" not in page
    assert "另有 1 份有标记" in page


def test_for_ten_seconds_nothing_has_been_accepted_and_the_queue_says_so(boss, world):
    first, second = world.sent("a"), world.sent("b")
    page = ask(boss, "start", "spring", seen=confirmed(boss))
    assert "正在批量通过 <strong>2</strong> 份" in page.text
    [pending] = Bulk.objects.pending()
    ask(boss, "finish", pending.pk)
    assert world.status(first, second) == ["submitted", "submitted"]


def test_when_the_time_is_up_they_are_accepted_by_who_asked(boss, world):
    first, second = world.sent("a"), world.sent("b")
    ask(boss, "start", "spring", seen=confirmed(boss))
    pass_time()
    page = ask(boss, "finish", Bulk.objects.get().pk)
    assert "已批量通过 2 份" in page.text
    assert world.status(first, second) == ["accepted", "accepted"]
    assert [report.events.last().actor for report in (first, second)] == [world.boss, world.boss]


def test_a_stopped_one_accepts_nothing_later(boss, world):
    report = world.sent("a")
    ask(boss, "start", "spring", seen=confirmed(boss))
    pending = Bulk.objects.get()
    assert "已停止" in ask(boss, "stop", pending.pk).text
    pass_time()
    bulk.finish_due(world.campaign)
    assert world.status(report) == ["submitted"]


def test_what_is_done_cannot_be_stopped(boss, world):
    world.sent("a")
    ask(boss, "start", "spring", seen=confirmed(boss))
    pass_time()
    bulk.finish_due(world.campaign)
    assert "已经完成" in ask(boss, "stop", Bulk.objects.get().pk).text


def test_it_is_done_by_the_next_who_opens_the_queue_though_the_browser_was_closed(client, world):
    report = world.sent("a")
    client.force_login(world.boss)
    ask(client, "start", "spring", seen=confirmed(client))
    pass_time()
    client.force_login(make_user("colleague", unit=world.city, role="coordinator"))
    client.get(reverse("reports:review-queue", args=["spring"]))
    assert world.status(report) == ["accepted"]
    assert report.events.last().actor == world.boss


def test_what_changed_meanwhile_is_left_out_and_named(boss, world):
    kept, withdrawn, again, decided = (world.sent(code) for code in ("a", "b", "c", "d"))
    ask(boss, "start", "spring", seen=confirmed(boss))
    lifecycle.withdraw(withdrawn, by=withdrawn.submitted_by)
    lifecycle.withdraw(again, by=again.submitted_by)
    lifecycle.submit(again, by=again.submitted_by)
    colleague = make_user("colleague", unit=world.city, role="coordinator", name="另一审核员")
    lifecycle.return_for_correction(decided, by=colleague, comment="请核对台账")
    pass_time()
    page = ask(boss, "finish", Bulk.objects.get().pk).text
    assert world.status(kept, withdrawn, again, decided) == ["accepted", "draft", "submitted", "returned"]
    assert "已批量通过 1 份" in page
    assert "b区" in page
    assert "重新上报，数据未变" in page
    assert "已由另一审核员" in page


def test_what_got_a_mark_between_page_and_click_is_left_out(boss, world):
    plain, marked = world.sent("a"), world.sent("b")
    seen = confirmed(boss)
    event = marked.events.last()
    event.snapshot["explanations"] = [{"finding": "jump:1", "message": "", "text": "集中开展了活动"}]
    event.save()
    ask(boss, "start", "spring", seen=seen)
    pass_time()
    bulk.finish_due(world.campaign)
    assert world.status(plain, marked) == ["accepted", "submitted"]


def test_what_is_asked_about_while_it_is_pending_is_left_out(boss, world):
    plain, asked = world.sent("a"), world.sent("b")
    ask(boss, "start", "spring", seen=confirmed(boss))
    colleague = make_user("colleague", unit=world.city, role="coordinator")
    questions.ask(asked, by=colleague, text="第1列请核对台账")
    pass_time()
    page = ask(boss, "finish", Bulk.objects.get().pk).text
    assert world.status(plain, asked) == ["accepted", "submitted"]
    assert "该表有未了结的询问，请单独审核。" in page


def test_the_second_of_two_clicks_proposes_nothing(boss, world):
    report = world.sent("a")
    seen = confirmed(boss)
    ask(boss, "start", "spring", seen=seen)
    assert "正在批量通过" in ask(boss, "start", "spring", seen=seen).text
    assert Bulk.objects.count() == 1
    later = world.sent("b")
    ask(boss, "start", "spring", seen=confirmed(boss))
    assert [item.submission for item in Bulk.objects.first().items.all()] == [later]
    assert world.status(report, later) == ["submitted", "submitted"]


def test_who_is_no_coordinator_any_more_accepts_nothing(boss, world):
    report = world.sent("a")
    ask(boss, "start", "spring", seen=confirmed(boss))
    Membership.objects.filter(user=world.boss).delete()
    make_user("successor", unit=world.city, role="coordinator")
    pass_time()
    bulk.finish_due(world.campaign)
    assert world.status(report) == ["submitted"]
    assert "不由您审核" in Bulk.objects.get().items.get().refusal


def test_a_list_that_nobody_signed_is_refused(boss, world):
    report = world.sent("a")
    assert "已过期" in ask(boss, "start", "spring", seen="[[1, '']]").text
    assert not Bulk.objects.exists()
    assert world.status(report) == ["submitted"]


def test_nothing_is_proposed_where_all_have_changed(boss, world):
    report = world.sent("a")
    seen = confirmed(boss)
    lifecycle.accept(report, by=world.boss)
    assert "没有可以批量通过的" in ask(boss, "start", "spring", seen=seen).text
    assert not Bulk.objects.exists()


def test_a_colleague_cannot_stop_it(client, world):
    world.sent("a")
    client.force_login(world.boss)
    ask(client, "start", "spring", seen=confirmed(client))
    client.force_login(make_user("colleague", unit=world.city, role="coordinator"))
    assert ask(client, "stop", Bulk.objects.get().pk).status_code == 404
