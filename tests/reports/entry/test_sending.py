"""检查 → 核对 → 上报: what leads where, what is saved on the way, the receipt and the next form."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from reports import lifecycle
from reports.entry import drafts
from reports.models import Submission
from reports.tasks import next_task
from tests.factories import make_campaign, make_form, make_place, make_user

pytestmark = pytest.mark.django_db


class World:
    def __init__(self):
        self.campaign = make_campaign()
        columns = [{"label": "服务人数"}, {"label": "其中：女性人数", "of": 1}]
        signatures = ["单位负责人签章", "填表人签章", "联系电话", "填报日期"]
        rules = [("c1 < 50 or c2 <= 0.8 * c1", "query")]
        self.form = make_form(
            self.campaign, annex="附件1", indicators=columns, rules=rules, signatures=signatures
        )
        self.second = make_form(self.campaign, "fu2", annex="附件2", indicators=2)
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.place = make_place(self.campaign, "mine", parent=self.city, name="江汉区")
        self.clerk = make_user("clerk", unit=self.place, name="林某", phone="000-0000 0001")
        self.colleague = make_user("colleague", unit=self.place, name="叶某")
        self.reviewer = make_user("reviewer", unit=self.city, role="coordinator")
        self.first, self.later, _ = self.campaign.periods.all()

    def entry(self, period=None, form="fu1"):
        period = period or self.first
        return reverse("reports:entry", args=["spring", form, period.ends_on.isoformat(), "mine"])

    def draft(self, figures, form=None):
        report = drafts.open_draft(form or self.form, self.place.unit, self.first)
        drafts.save_figures(report, figures, seen=None, by=self.clerk)
        return report

    def confirm(self, report):
        return reverse("reports:submission-confirm", args=[report.pk])


@pytest.fixture
def world():
    return World()


@pytest.fixture
def clerk(client, world):
    client.force_login(world.clerk)
    return client


def sent(report, **more):
    return {"seen": lifecycle.checksum(report), **more}


def test_checking_leads_straight_to_the_last_look_where_nothing_blocks(clerk, world):
    answer = clerk.post(world.entry(), {"c1": "10", "c2": "4", "action": "check"})
    assert answer.url == world.confirm(Submission.objects.get())


def test_what_blocks_stands_on_top_and_each_item_leads_to_its_cell(clerk, world):
    answer = clerk.post(world.entry(), {"c1": "10", "c2": "11", "action": "check"})
    assert answer.url == f"{world.entry()}?checked=1#problems"
    page = clerk.get(answer.url).text
    assert "<title>错误：" in page
    assert "存在以下问题" in page
    top = page.partition('id="problems"')[2].partition("</section>")[0]
    assert "2 其中：女性人数 (11) 不能大于 1 服务人数 (10)" in top
    assert 'href="#c2"' in top


def test_an_unexplained_query_leads_to_its_reason_box(clerk, world):
    clerk.post(world.entry(), {"c1": "100", "c2": "90", "action": "check"})
    page = clerk.get(f"{world.entry()}?checked=1")
    [problem] = page.context["problems"]
    assert f'href="#why-{problem.key}"' in page.text
    assert f'id="why-{problem.key}"' in page.text


def test_a_page_that_is_only_opened_again_has_no_summary(clerk, world):
    world.draft({1: "10", 2: "11"})
    assert "存在以下问题" not in clerk.get(world.entry()).text


def test_checking_an_empty_form_says_what_to_do(clerk, world):
    page = clerk.post(world.entry(), {"c1": "", "c2": "", "action": "check"}, follow=True).text
    assert "还没有填写任何数字" in page


def test_the_sign_off_is_offered_from_the_account_and_saved_with_the_report(clerk, world):
    report = world.draft({1: "10"})
    page = clerk.get(world.confirm(report)).text
    assert 'name="prepared_by" value="林某"' in page
    assert 'name="phone" value="000-0000 0001"' in page
    line = {"responsible": "周某", "prepared_by": "林某", "phone": "000-0000 0001"}
    clerk.post(world.confirm(report), sent(report, **line))
    report.refresh_from_db()
    assert (report.status, report.responsible, report.prepared_by) == ("submitted", "周某", "林某")
    assert report.events.get().snapshot["responsible"] == "周某"
    # Next time it is there from last time, whoever fills.
    page = clerk.get(world.entry(world.later)).text
    assert 'name="responsible" value="周某"' in page


def test_a_sign_off_that_cannot_be_stored_sends_nothing_and_stays_on_the_screen(clerk, world):
    report = world.draft({1: "10"})
    answer = clerk.post(world.confirm(report), sent(report, responsible="长" * 60))
    assert answer.status_code == 409
    assert "单位负责人最多 50 个字" in answer.text
    assert "长" * 60 in answer.text
    report.refresh_from_db()
    assert report.status == "draft"


def test_a_double_click_makes_one_report_and_one_receipt(clerk, world):
    report = world.draft({1: "10"})
    data = sent(report, responsible="周某")
    first, second = (clerk.post(world.confirm(report), data) for _ in range(2))
    assert first.url == second.url == reverse("reports:submission-detail", args=[report.pk])
    assert report.events.count() == 1


def test_figures_changed_by_a_colleague_after_the_last_look_are_not_sent(clerk, world):
    report = world.draft({1: "10"})
    seen = sent(report)
    drafts.save_figures(report, {1: "12"}, seen=None, by=world.colleague)
    page = clerk.post(world.confirm(report), seen, follow=True).text
    assert "叶某" in page
    assert "请重新核对后再上报" in page
    report.refresh_from_db()
    assert report.status == "draft"


def test_a_last_look_that_became_wrong_meanwhile_leads_back_to_what_blocks(clerk, world):
    report = world.draft({1: "10", 2: "4"})
    drafts.save_figures(report, {2: "11"}, seen=None, by=world.colleague)
    assert clerk.get(world.confirm(report)).url == f"{world.entry()}?checked=1#problems"


def test_who_opened_the_last_look_in_time_and_sends_late_is_told(clerk, world):
    world.first.due_at = timezone.now() + timedelta(minutes=5)
    world.first.save()
    report = world.draft({1: "10"})
    page = clerk.get(world.confirm(report)).text
    assert 'data-seconds-left="300" hidden' in page or 'data-seconds-left="299" hidden' in page
    world.first.due_at = timezone.now() - timedelta(minutes=1)
    world.first.save()
    page = clerk.post(world.confirm(report), sent(report), follow=True).text
    assert "已过截止时间，本次上报记为迟报" in page


def test_after_the_due_time_the_last_look_warns_before_anything_is_sent(clerk, world):
    page = clerk.get(world.confirm(world.draft({1: "10"}))).text  # due in 2024
    assert 'data-seconds-left="-' in page
    warning = page.partition("data-late")[2].partition(">")[0]
    assert "hidden" not in warning


def test_a_report_that_came_back_is_not_called_late_for_its_correction(clerk, world):
    world.first.due_at = timezone.now() + timedelta(minutes=5)
    world.first.save()
    report = world.draft({1: "10"})
    lifecycle.submit(report, by=world.clerk)
    lifecycle.return_for_correction(report, by=world.reviewer, comment="请核对第1列")
    # By now the due time is past, but not when the report was first sent.
    Submission.objects.filter(pk=report.pk).update(first_submitted_at=timezone.now() - timedelta(days=2))
    world.first.due_at = timezone.now() - timedelta(days=1)
    world.first.save()
    assert "将记为迟报" not in clerk.get(world.confirm(report)).text
    page = clerk.post(world.confirm(report), sent(report), follow=True).text
    assert "记为迟报" not in page
    assert "按时" in page


def test_the_receipt_leads_to_the_next_form_of_the_period_then_to_the_tasks(clerk, world):
    report = world.draft({1: "10"})
    page = clerk.post(world.confirm(report), sent(report), follow=True).text
    assert "下一张表：附件2 第1期" in page
    lifecycle.submit(world.draft({1: "1"}, world.second), by=world.clerk)
    assert next_task(world.clerk, world.campaign, report).period == world.later
    for period in (world.later, world.campaign.periods.last()):
        for form in (world.form, world.second):
            other = drafts.open_draft(form, world.place.unit, period)
            drafts.save_figures(other, {1: "20"}, seen=None, by=world.clerk)
            lifecycle.submit(other, by=world.clerk)
    assert next_task(world.clerk, world.campaign, report) is None
    page = clerk.get(reverse("reports:submission-detail", args=[report.pk])).text
    assert "全部报完，回我的任务" in page


def test_the_receipt_is_printed_with_number_time_and_code(clerk, world):
    report = world.draft({1: "10", 2: "3"})
    address = reverse("reports:submission-receipt", args=[report.pk])
    assert "没有回执" in clerk.get(address).text
    lifecycle.submit(report, by=world.clerk)
    page = clerk.get(address).text
    assert report.receipt in page
    assert "2/2" in page
    assert "林某" in page
