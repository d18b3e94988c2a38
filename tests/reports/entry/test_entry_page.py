"""The entry page without JavaScript: typing kept, nothing half-saved, nobody else's report touched."""

import re
from decimal import Decimal

import pytest
from django.db.models import ProtectedError
from django.urls import reverse

from reports.models import Figure, Submission
from reports.review import questions
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    """A city with two districts; the form has a whole, its part, and a sum of money."""
    return World()


class World:
    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(
            self.campaign,
            indicators=[
                {"label": "提供免费服务人数"},
                {"label": "其中：女性人数", "of": 1},
                {"label": "补贴金额", "unit_of_measure": "万元", "decimals": 2},
            ],
            rules=[("c1 < 50 or c2 <= 0.8 * c1", "query")],
            signatures=["单位负责人签章", "填表人签章", "联系电话", "填报日期"],
        )
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.mine = make_place(self.campaign, "mine", parent=self.city, name="江汉区")
        self.sibling = make_place(self.campaign, "sibling", parent=self.city)
        self.clerk = make_user("clerk", unit=self.mine, name="林某", phone="000-0000 0001")
        self.first, self.second, _ = self.campaign.periods.all()

    def address(self, period=None, unit="mine"):
        period = period or self.first
        return reverse("reports:entry", args=["spring", "fu1", period.ends_on.isoformat(), unit])

    def report(self, period=None):
        return Submission.objects.get(unit=self.mine.unit, period=period or self.first)

    def figures(self, period=None):
        rows = self.report(period).figures.values_list("indicator__number", "value")
        return dict(rows)


@pytest.fixture
def clerk(client, world):
    client.force_login(world.clerk)
    return client


def typed(c1="", c2="", c3="", **more):
    return {"c1": c1, "c2": c2, "c3": c3, "action": "save", **more}


def test_the_page_shows_the_form_with_last_figures_and_the_account_in_the_sign_off(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 12600, 2: None})
    page = clerk.get(world.address(world.second)).text
    assert "12,600" in page
    assert 'value="林某"' in page
    assert 'value="000-0000 0001"' in page


def test_looking_begins_no_report(clerk, world):
    clerk.get(world.address())
    assert not Submission.objects.exists()


def test_figures_are_stored_as_typed_whatever_their_width_and_separators(clerk, world):
    clerk.post(world.address(), typed("１，２３４", " 1,000 ", "88.5"))
    assert world.figures() == {1: 1234, 2: 1000, 3: Decimal("88.50")}


def test_blank_and_zero_stay_what_they_are(clerk, world):
    clerk.post(world.address(), typed("0", "", "0.00"))
    assert world.figures().get(1) == 0
    assert world.figures().get(2) is None
    page = clerk.get(world.address()).text
    assert 'id="c1" name="c1" value="0"' in page
    assert 'id="c2" name="c2" value=""' in page


def test_what_cannot_be_read_stays_on_the_screen_with_its_mending_and_the_rest_is_stored(clerk, world):
    page = clerk.post(world.address(), typed("12万", "5"), follow=True).text
    assert "请填写完整数字 120000" in page
    assert 'value="12万"' in page
    assert world.figures() == {2: 5}


def test_a_part_larger_than_its_whole_is_stored_but_cannot_be_sent(clerk, world):
    page = clerk.post(world.address(), typed("100", "101", action="submit"), follow=True).text
    assert "2 其中：女性人数 (101) 不能大于 1 提供免费服务人数 (100)" in page
    assert world.figures()[2] == 101
    assert world.report().status == Submission.Status.DRAFT


def test_a_query_needs_a_real_explanation_before_the_form_can_be_sent(clerk, world):
    page = clerk.post(world.address(), typed("100", "90", "1", action="submit"), follow=True)
    [key] = [finding.key for finding in page.context["findings"] if finding.finding_class == "query"]
    seen = {"seen-c1": "100", "seen-c2": "90", "seen-c3": "1"}
    bare = typed("100", "90", "1", action="submit", **seen, **{f"why-{key}": "属实"})
    assert "没有说明原因" in clerk.post(world.address(), bare, follow=True).text
    good = bare | {f"why-{key}": "本期以女性专场招聘为主", f"seen-why-{key}": "属实"}
    assert clerk.post(world.address(), good).url == reverse(
        "reports:submission-confirm", args=[world.report().pk]
    )


def test_a_handmade_post_cannot_send_past_the_checks(clerk, world):
    clerk.post(world.address(), typed("100", "101"))
    confirm = reverse("reports:submission-confirm", args=[world.report().pk])
    page = clerk.post(confirm, {"seen": ""}, follow=True).text
    assert "alert-error" in page
    assert world.report().status == Submission.Status.DRAFT


def send(clerk, world):
    clerk.post(world.address(), typed("100", "40", "1"))
    confirm = reverse("reports:submission-confirm", args=[world.report().pk])
    return confirm, clerk.get(confirm).context["seen"]


def test_a_double_click_makes_one_report_and_one_receipt(clerk, world):
    confirm, seen = send(clerk, world)
    pages = [clerk.post(confirm, {"seen": seen}, follow=True) for _ in range(2)]
    assert [page.redirect_chain for page in pages] == [[(f"/submissions/{world.report().pk}/", 302)]] * 2
    receipts = {event.receipt for event in world.report().events.all()}
    assert len(receipts) == 1
    assert receipts.pop() in pages[1].text


def test_sending_what_a_colleague_changed_meanwhile_is_refused(clerk, world):
    confirm, seen = send(clerk, world)
    clerk.post(
        world.address(), typed("120", "40", "1", **{"seen-c1": "100", "seen-c2": "40", "seen-c3": "1"})
    )
    clerk.post(confirm, {"seen": seen})
    assert world.report().status == Submission.Status.DRAFT


def test_fields_that_are_not_the_forms_are_ignored(clerk, world):
    clerk.post(
        world.address(),
        typed("1", status="accepted", unit="sibling", submitted_at="2020-01-01", reviewed_by="1", c99="7"),
    )
    [report] = Submission.objects.all()
    assert (report.unit, report.status, report.submitted_at) == (world.mine.unit, "draft", None)
    assert world.figures() == {1: 1}


def test_a_colleagues_cell_is_not_overwritten_silently(clerk, world):
    clerk.post(world.address(), typed("100"))
    clerk.post(world.address(), typed("130", **{"seen-c1": "100"}))
    answer = clerk.post(world.address(), typed("120", "5", **{"seen-c1": "100"}))
    assert answer.status_code == 409
    assert "改为 130，您填的是 120" in answer.text
    assert 'name="c1" value="120"' in answer.text
    assert world.figures() == {1: 130, 2: 5}


def test_an_accepted_report_is_not_edited_and_the_typing_is_answered(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 5})
    answer = clerk.post(world.address(), typed("6"))
    assert answer.status_code == 409
    assert "已审核通过，不能修改" in answer.text
    assert 'name="c1" value="6"' in answer.text
    assert world.figures() == {1: 5}


def test_typing_outlives_a_colleague_who_sends_the_report_meanwhile(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 5}, status=Submission.Status.SUBMITTED)
    answer = clerk.post(world.address(), typed("6", action="submit"))
    assert answer.status_code == 409
    assert "该表已上报，不能修改" in answer.text
    assert 'name="c1" value="6"' in answer.text
    assert world.figures() == {1: 5}


def test_a_page_drawn_before_a_column_came_to_ask_for_another_unit_stores_nothing(clerk, world):
    drawn = re.search(r'name="asked" value="(\w+)"', clerk.get(world.address()).text)[1]
    world.form.indicators.filter(number=3).update(unit_of_measure="元")
    refused = clerk.post(world.address(), typed(c3="88.5", asked=drawn))
    assert refused.status_code == 409
    assert "这张表的列或单位刚刚改过，没有保存" in refused.text
    assert 'value="88.5"' in refused.text
    assert not Submission.objects.exists()

    # Looked at beside the columns as they are now, it is saved.
    drawn = re.search(r'name="asked" value="(\w+)"', refused.text)[1]
    clerk.post(world.address(), typed(c3="88.5", asked=drawn))
    assert world.figures() == {3: Decimal("88.50")}


def test_reasons_typed_outlive_a_refusal_like_figures_and_the_sign_off(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 9}, status=Submission.Status.SUBMITTED)
    report = make_submission(world.form, world.mine, world.second, {1: 6}, status=Submission.Status.SUBMITTED)
    line = {"responsible": "韩某", "prepared_by": "林某", "phone": "000-0000 0009"}
    reasons = {"why-fall:1": "上期把两个街道重复计入", "why-jump:1": "本期新设三个<点>"}
    answer = clerk.post(world.address(world.second), typed("5", **line, **reasons))
    assert answer.status_code == 409
    for kept in (
        'name="c1" value="5"',
        'value="上期把两个街道重复计入"',
        'value="本期新设三个&lt;点&gt;"',
        'value="000-0000 0009"',
    ):
        assert kept in answer.text
    assert not report.explanations.exists()
    assert "待审" in answer.text
    for untrue in ("可以上报。</a>", "将记为迟报"):
        assert untrue not in answer.text

    # Withdrawn by then, the same page sent again stores the reason and offers both figures.
    Submission.objects.filter(pk=report.pk).update(status=Submission.Status.DRAFT)
    fields = {"seen-c1": "", "seen-why-fall:1": ""}
    answer = clerk.post(world.address(world.second), typed("5", **line, **reasons, **fields))
    assert "改为 6，您填的是 5" in answer.text
    assert report.explanations.get(finding="fall:1").text == "上期把两个街道重复计入"


def test_the_coordinator_is_asked_from_the_form_and_the_typing_is_saved_first(clerk, world):
    answer = clerk.post(world.address(), typed("7", ask="2"), follow=True)
    assert world.figures() == {1: 7}
    report = world.report()
    assert answer.redirect_chain == [(f"/submissions/{report.pk}/?ask=2#questions", 302)]
    assert 'name="cells" value="2" checked' in answer.text
    assert "询问审核员" in answer.text
    questions.ask(report, by=world.clerk, text="兼职岗位计入吗？", cells=[2])
    page = clerk.get(world.address()).text
    assert "1 条询问" in page
    assert "待您答复" not in page


def test_a_period_that_has_not_begun_takes_no_figures(clerk, world, time_machine):
    time_machine.move_to("2024-01-26 10:00 +0800")
    answer = clerk.post(world.address(world.second), typed("6"))
    assert answer.status_code == 409
    assert "现在还不能填报" in answer.text
    assert 'value="6"' in answer.text
    assert not Submission.objects.exists()


def test_the_rest_is_filled_with_zero_in_one_step(clerk, world):
    clerk.post(world.address(), typed("", "", "2.5", action="zero"))
    assert world.figures() == {1: 0, 2: 0, 3: Decimal("2.50")}


def test_no_change_since_last_time_is_one_step_and_a_statement(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 100, 2: 40, 3: "1.50"})
    clerk.post(world.address(world.second), typed(action="same"))
    assert world.figures(world.second) == {1: 100, 2: 40, 3: Decimal("1.50")}
    assert world.report(world.second).no_change


def test_returned_cells_are_marked_and_the_reason_quoted(clerk, world):
    report = make_submission(world.form, world.mine, world.first, {1: 5}, status="submitted")
    boss = make_user("boss", unit=world.city, role="coordinator")
    clerk.force_login(boss)
    clerk.post(
        reverse("reports:submission-return", args=[report.pk]),
        {"comment": "请核对<script>", "cells": ["1"], "seen": report.receipt},
    )
    clerk.force_login(world.clerk)
    page = clerk.get(world.address()).text
    assert "请核对&lt;script&gt;" in page
    assert "退回时指出" in page


@pytest.mark.parametrize(
    "address",
    [
        ("spring", "fu1", "2024-01-26", "sibling"),
        ("spring", "fu1", "2024-01-26", "city"),
        ("spring", "fu1", "2024-01-26", "nobody"),
        ("spring", "fu9", "2024-01-26", "mine"),
        ("spring", "fu1", "2024-01-27", "mine"),
        ("spring", "fu1", "9999", "mine"),
        ("spring", "fu1", "' OR 1=1 --", "mine"),
        ("autumn", "fu1", "2024-01-26", "mine"),
    ],
)
def test_what_is_not_mine_or_not_there_is_not_found(clerk, world, address):
    url = reverse("reports:entry", args=address)
    assert clerk.get(url).status_code == 404
    assert clerk.post(url, typed("1")).status_code == 404
    assert not Submission.objects.exists()


def test_a_coordinator_never_edits_a_reporters_figures(client, world):
    report = make_submission(world.form, world.mine, world.first, {1: 5}, status="draft")
    client.force_login(make_user("boss", unit=world.city, role="coordinator"))
    assert client.post(world.address(), typed("6")).status_code == 403
    assert client.get(world.address()).url == reverse("reports:submission-detail", args=[report.pk])
    assert client.get(world.address(world.second)).status_code == 403
    assert world.figures() == {1: 5}


def test_names_and_notes_are_text_never_markup(clerk, world):
    world.mine.name = world.mine.short = "<script>alert(1)</script>"
    world.mine.save()
    world.form.notes = ["<img src=x>"]
    world.form.save()
    page = clerk.get(world.address()).text
    assert "<script>alert" not in page
    assert "<img" not in page


@pytest.mark.parametrize("thing", ["period", "unit", "clerk", "form"])
def test_what_has_data_cannot_be_deleted(clerk, world, thing):
    clerk.post(world.address(), typed("1"))
    subject = {"period": world.first, "unit": world.mine.unit, "clerk": world.clerk, "form": world.form}[
        thing
    ]
    with pytest.raises(ProtectedError):
        subject.delete()
    assert Figure.objects.filter(value=1).exists()


def test_the_number_of_queries_does_not_grow_with_history(clerk, world, django_assert_max_num_queries):
    for number in (1, 2):
        make_submission(world.form, world.mine, period_of(world.campaign, number), {1: 5 * number})
    third = period_of(world.campaign, 3)
    make_submission(world.form, world.mine, third, {1: 20}, status="draft")
    with django_assert_max_num_queries(40):
        assert clerk.get(world.address(third)).status_code == 200


@pytest.mark.parametrize("after_close", ["stop", "keep"])
def test_a_unit_that_has_closed_begins_no_report_by_its_address(world, client, after_close):
    client.force_login(world.clerk)
    assert client.get(world.address(world.first)).status_code == 200
    world.mine.closes, world.mine.after_close = world.first.ends_on, after_close
    world.mine.save()
    assert client.get(world.address(world.first)).status_code == 200
    assert client.get(world.address(world.second)).status_code == 404
    assert client.post(world.address(world.second), {"action": "save", "c1": "1"}).status_code == 404
    assert not Submission.objects.exists()
