"""The coordinator's pages: queue, differences, decisions, and who may not see or make them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reports import lifecycle
from reports.letterhead import check_code
from reports.models import Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


class World:
    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign)
        self.province = make_place(self.campaign, "province", level="province", reports=False)
        self.city = make_place(self.campaign, "city", parent=self.province, level="prefecture")
        self.other_city = make_place(self.campaign, "other", parent=self.province, level="prefecture")
        self.district = make_place(self.campaign, "district", parent=self.city, name="江汉区")
        self.boss = make_user("boss", unit=self.city, role="coordinator")
        self.stranger = make_user("stranger", unit=self.other_city, role="coordinator")
        self.clerk = make_user("clerk", unit=self.district)
        self.first, self.second, _ = self.campaign.periods.all()

    def submitted(self, period=None, figures=None):
        report = make_submission(
            self.form, self.district, period or self.first, figures or {1: 12, 2: 3, 3: 4}, status="draft"
        )
        lifecycle.submit(report, by=self.clerk)
        return report


def url(name, report):
    return reverse(f"reports:submission-{name}", args=[report.pk])


def test_the_queue_lists_what_waits_for_me_and_nothing_else(client, world):
    world.submitted()
    make_submission(world.form, world.other_city, world.first, {1: 1}, status="submitted")
    make_submission(world.form, world.district, world.second, {1: 1}, status="draft")
    client.force_login(world.boss)
    page = client.get(reverse("reports:review-queue", args=["spring"]))
    assert [row.submission.unit.code for row in page.context["page"]] == ["district"]


def test_falls_and_explanations_come_first_in_the_queue(client, world):
    plain = make_place(world.campaign, "plain", parent=world.city)
    make_submission(world.form, world.district, world.first, {1: 20, 2: 3, 3: 4})
    report = make_submission(world.form, plain, world.second, {1: 1, 2: 1, 3: 1}, status="draft")
    lifecycle.submit(report, by=make_user("other", unit=plain))
    fallen = make_submission(world.form, world.district, world.second, {1: 12, 2: 3, 3: 4}, status="draft")
    fallen.explanations.create(finding="fall:1", text="上期误将重复登记的人计入")
    lifecycle.submit(fallen, by=world.clerk)
    client.force_login(world.boss)
    page = client.get(reverse("reports:review-queue", args=["spring"]))
    assert [row.submission.unit.code for row in page.context["page"]] == ["district", "plain"]
    assert "▼ 降 1" in page.text


def test_a_review_shows_differences_and_the_clerks_reasons(client, world):
    make_submission(world.form, world.district, world.first, {1: 20, 2: 3, 3: 4})
    report = make_submission(world.form, world.district, world.second, {1: 12, 2: 5, 3: 4}, status="draft")
    report.explanations.create(finding="fall:1", text="上期误将重复登记的人计入")
    lifecycle.submit(report, by=world.clerk)
    client.force_login(world.boss)
    page = client.get(url("review", report)).text
    assert "20 → 12，比上期少 8" in page
    assert "上期误将重复登记的人计入" in page
    assert "\N{MINUS SIGN}8" in page
    assert "+2" in page


def test_opening_a_review_ends_the_clerks_right_to_withdraw(client, world):
    report = world.submitted()
    client.force_login(world.clerk)
    assert "撤回修改" in client.get(url("detail", report)).text
    client.force_login(world.boss)
    client.get(url("review", report))
    client.force_login(world.clerk)
    assert "撤回修改" not in client.get(url("detail", report)).text
    client.post(url("withdraw", report))
    report.refresh_from_db()
    assert report.status == Submission.Status.SUBMITTED


def test_a_withdrawn_report_can_be_edited_again(client, world):
    report = world.submitted()
    client.force_login(world.clerk)
    answer = client.post(url("withdraw", report))
    assert answer.url == reverse("reports:entry", args=["spring", "fu1", "2024-01-26", "district"])
    assert client.get(answer.url).status_code == 200


def test_accepting_a_report_withdrawn_a_second_ago_says_so(client, world):
    report = world.submitted()
    receipt = report.receipt
    lifecycle.withdraw(report, by=world.clerk)
    client.force_login(world.boss)
    page = client.post(url("accept", report), {"seen": receipt}, follow=True).text
    assert "该表已被撤回，请刷新" in page
    report.refresh_from_db()
    assert report.status == Submission.Status.DRAFT


def test_of_two_coordinators_the_second_is_told_what_the_first_decided(client, world):
    colleague = make_user("colleague", unit=world.city, role="coordinator", name="另一审核员")
    report = world.submitted()
    lifecycle.accept(report, by=colleague)
    client.force_login(world.boss)
    answer = {"seen": report.receipt, "comment": "请核对台账"}
    page = client.post(url("return", report), answer, follow=True).text
    assert "另一审核员" in page
    report.refresh_from_db()
    assert report.status == Submission.Status.ACCEPTED


@pytest.mark.parametrize("comment", ["", "   "])
def test_a_return_without_a_reason_is_refused_and_the_picked_cells_stay_picked(client, world, comment):
    report = world.submitted()
    client.force_login(world.boss)
    answer = client.post(url("return", report), {"comment": comment, "cells": ["2"], "seen": report.receipt})
    assert answer.status_code == 400
    assert "请写明原因" in answer.text
    assert answer.context["picked"] == [2]
    report.refresh_from_db()
    assert report.status == Submission.Status.SUBMITTED


def test_a_return_may_not_name_a_cell_that_the_form_lacks(client, world):
    report = world.submitted()
    client.force_login(world.boss)
    answer = client.post(
        url("return", report), {"comment": "请核对台账", "cells": ["99", "x"], "seen": report.receipt}
    )
    assert answer.status_code == 400


def test_an_accepted_report_is_reopened_with_a_reason(client, world):
    report = world.submitted()
    lifecycle.accept(report, by=world.boss)
    client.force_login(world.boss)
    assert client.post(url("reopen", report), {"comment": ""}).status_code == 400
    client.post(url("reopen", report), {"comment": "总数有误，请更正", "cells": ["1"]})
    report.refresh_from_db()
    assert report.status == Submission.Status.RETURNED
    assert report.last_return().cells == [1]


@pytest.mark.parametrize(
    "name", ["detail", "review", "accept", "return", "reopen", "confirm", "withdraw", "export"]
)
def test_another_citys_coordinator_finds_nothing(client, world, name):
    report = world.submitted()
    client.force_login(world.stranger)
    assert client.get(url(name, report)).status_code in (404, 405)
    assert client.post(url(name, report), {"comment": "请核对台账"}).status_code in (404, 405)
    report.refresh_from_db()
    assert report.status == Submission.Status.SUBMITTED


@pytest.mark.parametrize("name", ["review", "accept", "return", "reopen"])
def test_a_clerk_may_not_review(client, world, name):
    report = world.submitted()
    client.force_login(world.clerk)
    statuses = {client.get(url(name, report)).status_code, client.post(url(name, report)).status_code}
    assert statuses <= {403, 405}
    assert client.get(reverse("reports:review-queue", args=["spring"])).status_code == 403


def test_a_viewer_reads_and_decides_nothing(client, world):
    report = world.submitted()
    client.force_login(make_user("viewer", unit=world.city, role="viewer"))
    assert client.get(url("detail", report)).status_code == 200
    assert client.get(url("review", report)).status_code == 403
    assert client.post(url("accept", report), {"seen": report.receipt}).status_code == 403


def test_the_receipt_shows_number_time_and_checksum(client, world):
    report = world.submitted()
    client.force_login(world.clerk)
    page = client.get(url("detail", report)).text
    assert report.receipt in page
    assert check_code(lifecycle.checksum(report)) in page


def test_the_queue_asks_as_many_queries_for_six_units_as_for_sixty(client, world):
    client.force_login(world.boss)
    counts = []
    for number in (6, 54):
        for _ in range(number):
            place = make_place(world.campaign, f"u{world.campaign.places.count()}", parent=world.city)
            make_submission(world.form, place, world.first, {1: 1}, status="submitted")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(reverse("reports:review-queue", args=["spring"]))
        counts.append(len(queries))
    assert page.context["page"].paginator.count == 60
    assert counts[0] == counts[1]


def many_submitted(world, count):
    """Reports of so many districts, sent in this order."""
    reports = []
    for number in range(count):
        place = make_place(world.campaign, f"d{number}", parent=world.city)
        report = make_submission(world.form, place, world.first, {1: 12, 2: 3, 3: 4}, status="draft")
        lifecycle.submit(report, by=make_user(f"clerk{number}", unit=place))
        reports.append(report)
    return reports


def test_after_a_decision_the_next_report_of_the_queue_opens_at_once(client, world):
    first, second, third = many_submitted(world, 3)
    client.force_login(world.boss)
    answer = client.post(url("accept", second), {"seen": second.receipt})
    assert answer.url == url("review", third)
    answer = client.post(url("return", third), {"seen": third.receipt, "comment": "请核对台账"})
    assert answer.url == url("review", first)
    answer = client.post(url("accept", first), {"seen": first.receipt})
    assert answer.url == reverse("reports:review-queue", args=["spring"])


def test_the_filters_stay_while_one_goes_through_the_queue(client, world):
    first, second, third = many_submitted(world, 3)
    client.force_login(world.boss)
    answer = client.post(f"{url('accept', first)}?q=d2", {"seen": first.receipt})
    assert answer.url == f"{url('review', third)}?q=d2"
    page = client.get(answer.url)
    assert [row.submission for row in page.context["beside"]] == [third]
    assert "第 <strong>1</strong>/1 份" in page.text
    assert second.receipt not in page.text


def test_a_report_that_was_sent_again_meanwhile_stays_on_the_desk_with_a_sentence(client, world):
    first, _ = many_submitted(world, 2)
    seen = first.receipt
    lifecycle.withdraw(first, by=first.submitted_by)
    lifecycle.submit(first, by=world.clerk)
    client.force_login(world.boss)
    page = client.post(url("accept", first), {"seen": seen}, follow=True)
    assert page.redirect_chain[-1][0] == url("review", first)
    assert "重新上报，数据未变" in page.text


def test_after_a_resubmission_the_reviewer_sees_only_what_changed(client, world):
    report = world.submitted()
    lifecycle.return_for_correction(report, by=world.boss, comment="第2列与台账不符", cells=[2])
    report.figures.filter(indicator__number=2).update(value=9)
    lifecycle.submit(report, by=world.clerk)
    client.force_login(world.boss)
    page = client.get(url("review", report))
    assert [row.cell.indicator.number for row in page.context["desk"].changed] == [2]
    assert 'id="c2"' in page.text
    assert 'id="c1"' not in page.text
    assert "第2列与台账不符" in page.text
    assert 'id="c1"' in client.get(f"{url('review', report)}?show=all").text


def test_the_same_figures_sent_again_are_said_to_be_the_same(client, world):
    report = world.submitted()
    lifecycle.return_for_correction(report, by=world.boss, comment="请核对台账")
    lifecycle.submit(report, by=world.clerk)
    client.force_login(world.boss)
    assert "与退回时完全相同" in client.get(url("review", report)).text


def test_the_share_is_of_the_city_with_what_waits(client, world):
    make_submission(world.form, world.city, world.first, {1: 36, 2: 1, 3: 4})
    report = world.submitted()
    client.force_login(world.boss)
    page = client.get(url("review", report))
    # 12 of 12 + 36, 3 of 3 + 1, 4 of 4 + 4.
    assert [str(row.share) for row in page.context["desk"].rows] == ["25.0", "75.0", "50.0"]
    assert "占全市" in page.text


@pytest.mark.parametrize("view", ["cumulative", "increment", "compare"])
def test_the_desk_has_three_views_and_no_others(client, world, view):
    report = world.submitted()
    client.force_login(world.boss)
    assert client.get(f"{url('review', report)}?view={view}").status_code == 200
    assert client.get(f"{url('review', report)}?view=nothing").status_code == 404


def test_one_hears_who_else_has_the_report_open_and_what_became_of_it(client, world):
    colleague = make_user("colleague", unit=world.city, role="coordinator", name="另一审核员")
    report = world.submitted()
    client.force_login(colleague)
    client.get(url("review", report))
    client.force_login(world.boss)
    assert "另一审核员 也正在查看" in client.get(url("review", report)).text
    assert "另一审核员 正在看" in client.get(reverse("reports:review-queue", args=["spring"])).text
    told = client.post(url("look", report), {"seen": report.receipt}).json()
    assert told == {"looking": ["另一审核员"], "decided": ""}
    lifecycle.accept(report, by=colleague)
    told = client.post(url("look", report), {"seen": report.receipt}).json()
    assert "已由另一审核员" in told["decided"]
    assert "通过" in told["decided"]
