"""询问: asked, answered and settled between a unit and its coordinators, each side told; anomalies that lead there."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from campaigns.models import UnitPlace
from reports.models import Dismissal, Notice, Question, Submission
from reports.review import questions
from reports.review.suspects import about, suspects, top
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


class World:
    """A district with three reports, the last of which falls from 412 to 309."""

    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign, indicators=2, annex="附件1")
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.district = make_place(self.campaign, "district", parent=self.city, name="江汉区")
        self.boss = make_user("boss", unit=self.city, role="coordinator", name="韩审核")
        self.viewer = make_user("viewer", unit=self.city, role="viewer")
        self.clerk = make_user("clerk", unit=self.district, name="林填报")
        self.other = make_user("other", unit=make_place(self.campaign, "other", parent=self.city))
        self.periods = list(self.campaign.periods.all())
        for period, value in zip(self.periods, (205, 412, 309), strict=True):
            self.report = make_submission(
                self.form, self.district, period, {1: value, 2: 7}, status=Submission.Status.SUBMITTED
            )

    def ask(self, by=None, text="第1列为什么下降？", **more):
        return questions.ask(self.report, by=by or self.boss, text=text, **more)


def notices(user):
    return list(user.notices.values_list("kind", "title"))


def test_a_coordinator_asks_and_the_units_reporters_are_told(world):
    question = world.ask(cells=[1])
    assert (question.state, question.from_unit, question.waits_for_unit) == ("asked", False, True)
    assert notices(world.clerk) == [("question", f"询问：{world.report}第1列")]
    assert notices(world.other) == []
    assert Notice.objects.get().url.endswith(f"/submissions/{world.report.pk}/#question-{question.pk}")


def test_the_unit_answers_and_who_asked_is_told_and_settles(world):
    question = world.ask()
    questions.reply(question, by=world.clerk, text="上期把两个街道重复计入。")
    question.refresh_from_db()
    assert (question.state, question.waits_for_unit) == ("answered", None)
    assert notices(world.boss) == [("answer", f"答复：{world.report}")]
    with pytest.raises(questions.QuestionError, match="由提出的一方了结"):
        questions.settle(question, by=world.clerk)
    questions.settle(question, by=world.boss)
    with pytest.raises(questions.QuestionError, match="已经了结"):
        questions.reply(question, by=world.clerk, text="再补充一句")


def test_a_clerk_asks_the_coordinator_the_same_way(world):
    question = world.ask(by=world.clerk, text="兼职岗位计入第2列吗？")
    assert (question.from_unit, question.waits_for_unit) == (True, False)
    assert notices(world.boss) == [("question", f"询问：{world.report}")]
    assert questions.waiting_for(world.boss, world.campaign) == 1
    assert questions.waiting_for(world.clerk, world.campaign) == 0
    questions.reply(question, by=world.boss, text="不计入。")
    assert questions.waiting_for(world.boss, world.campaign) == 0
    questions.reply(question, by=world.clerk, text="见习岗位呢？")
    assert questions.waiting_for(world.boss, world.campaign) == 1


@pytest.mark.parametrize("text", ["", "  ？？ ", "字" * 1001])
def test_a_question_without_words_or_with_too_many_is_refused_and_nobody_told(world, text):
    with pytest.raises(questions.QuestionError):
        world.ask(text=text)
    assert not Question.objects.exists()
    assert not Notice.objects.exists()


def test_a_column_that_the_form_lacks_cannot_be_asked_about(world):
    with pytest.raises(questions.QuestionError, match="没有第 9 列"):
        world.ask(cells=[1, 9])


def test_a_thread_is_read_by_both_sides_and_viewers_and_found_by_nobody_else(client, world):
    question = world.ask(text="第1列为什么<b>下降</b>？")
    detail = reverse("reports:submission-detail", args=[world.report.pk])
    for person, may_write in ((world.clerk, True), (world.boss, True), (world.viewer, False)):
        client.force_login(person)
        page = client.get(detail).text
        assert "第1列为什么&lt;b&gt;下降" in page
        assert (f"/questions/{question.pk}/reply/" in page) == may_write
    client.force_login(world.other)
    assert client.post(reverse("reports:question-reply", args=[question.pk])).status_code == 404
    assert "第1列" not in client.get(reverse("reports:question-list", args=["spring"])).text


def test_the_page_of_anomalies_asks_with_one_click_and_then_shows_the_thread(client, world):
    client.force_login(world.boss)
    address = reverse("reports:anomaly-list", args=["spring"]) + "?period=2024-02-09"
    page = client.get(address)
    [suspect] = page.context["page"]
    assert "1 指标1：累计数由 412 降到 309" in page.text
    posted = {
        "back": "anomalies",
        "anomaly": suspect.anomaly.key,
        "cells": suspect.anomaly.cells,
        "text": suspect.anomaly.question,
    }
    ask = reverse("reports:submission-ask", args=[world.report.pk]) + "?period=2024-02-09"
    page = client.post(ask, posted, follow=True)
    assert page.redirect_chain[-1][0] == address
    assert "待答复" in page.text
    assert top(world.boss, world.periods[2], world.city) == []
    page = client.post(ask, posted, follow=True)
    assert "已经询问过" in page.text
    assert Question.objects.count() == 1


def test_an_anomaly_that_was_looked_into_does_not_come_back_until_its_figure_changes(client, world):
    client.force_login(world.boss)
    [suspect] = suspects(world.boss, world.periods[2])
    dismiss = reverse("reports:submission-dismiss", args=[world.report.pk])
    client.post(dismiss, {"anomaly": suspect.anomaly.key, "word": "已电话核实"})
    assert Dismissal.objects.get().word == "已电话核实"
    assert suspects(world.boss, world.periods[2]) == []
    world.report.figures.filter(indicator__number=1).update(value=300)
    assert [one.anomaly.message for one in suspects(world.boss, world.periods[2])] == [
        "1 指标1：累计数由 412 降到 300"
    ]


def test_anomalies_are_those_of_reports_in_scope_that_were_sent(world):
    assert [one.short for one in suspects(world.boss, world.periods[2])] == ["江汉区"]
    assert suspects(world.other, world.periods[2]) == []
    Submission.objects.filter(pk=world.report.pk).update(status="draft")
    assert suspects(world.boss, world.periods[2]) == []


def test_the_board_and_the_desk_ask_with_one_click_and_lead_back(client, world):
    client.force_login(world.boss)
    board = reverse("reports:board", args=["spring", "fu1", world.periods[2].ends_on.isoformat(), "city"])
    desk = reverse("reports:submission-review", args=[world.report.pk])
    ask = reverse("reports:submission-ask", args=[world.report.pk])
    for page in (board, desk):
        html = client.get(page).content.decode()
        assert "累计数由 412 降到 309" in html
        assert f'action="{ask}"' in html
    [suspect] = about(world.report, world.boss)
    click = {"anomaly": suspect.anomaly.key, "cells": "1", "text": suspect.anomaly.question, "back": board}
    assert client.post(ask, click).url == board
    # Who was asked is off the board; the desk shows where the thread stands.
    assert "累计数由 412 降到 309" not in client.get(board).content.decode()
    assert f"#question-{Question.objects.get().pk}" in client.get(desk).content.decode()
    for elsewhere in ("//example.org/", "https://example.org/"):
        assert client.post(ask, click | {"back": elsewhere}).url.startswith("/submissions/")


def test_the_board_of_a_unit_names_what_is_odd_at_it_and_below_alone(world):
    quiet = UnitPlace.objects.get(unit__code="other")
    assert [one.short for one in top(world.boss, world.periods[2], world.city)] == ["江汉区"]
    assert [one.short for one in top(world.boss, world.periods[2], world.district)] == ["江汉区"]
    assert top(world.boss, world.periods[2], quiet) == []


def test_what_is_odd_about_one_report_is_what_the_list_says_of_it(world):
    beside = make_submission(
        world.form, UnitPlace.objects.get(unit__code="other"), world.periods[2], {1: 309}
    )
    listed = [one.anomaly for one in suspects(world.boss, world.periods[2]) if one.submission == world.report]
    assert [one.anomaly for one in about(world.report, world.boss)] == listed
    assert about(beside, world.boss) == []
    assert about(world.report, world.other) == []


def test_an_anomaly_is_measured_by_all_that_the_unit_added_before_as_on_the_desk():
    ends = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(11)]
    campaign = make_campaign(period_ends=ends)
    form = make_form(campaign, indicators=1)
    county = make_place(campaign, "320381")
    total = 0
    # 10, 20, … 100: half of them below 55.
    for period, added in zip(campaign.periods.all(), (*range(10, 101, 10), 5000), strict=True):
        total += added
        report = make_submission(form, county, period, {1: total})
    [suspect] = suspects(make_user("boss", unit=county, role="coordinator"), report.period)
    assert "以往新增中位数 55 的 91 倍" in suspect.anomaly.message


def test_a_report_with_an_open_question_has_a_mark_in_the_queue(client, world):
    world.ask()
    client.force_login(world.boss)
    page = client.get(reverse("reports:review-queue", args=["spring"]))
    assert [(row.submission.ends_on.day, row.asked) for row in page.context["page"] if row.asked] == [(9, 1)]
