"""我的任务 as a page: what came back first and why, what is left to do, when the next period opens."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reports import lifecycle
from reports.entry import drafts
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db


class World:
    def __init__(self, **campaign):
        self.campaign = make_campaign(**campaign)
        columns = [{"label": "服务人数"}, {"label": "其中：女性人数", "of": 1}, {"label": "场次"}]
        rules = [("c1 < 50 or c2 <= 0.8 * c1", "query")]
        self.form = make_form(self.campaign, annex="附件1", indicators=columns, rules=rules)
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.place = make_place(self.campaign, "mine", parent=self.city, name="江汉区")
        self.clerk = make_user("clerk", unit=self.place, name="林某")
        self.reviewer = make_user("reviewer", unit=self.city, role="coordinator", name="韩某")
        self.periods = list(self.campaign.periods.all())

    def draft(self, number, figures):
        report = drafts.open_draft(self.form, self.place.unit, self.periods[number - 1])
        drafts.save_figures(report, figures, seen=None, by=self.clerk)
        return report


@pytest.fixture
def world():
    return World()


def page(client, world):
    if "_auth_user_id" not in client.session:
        client.force_login(world.clerk)
    answer = client.get(reverse("reports:task-list", args=["spring"]))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]))


def test_what_came_back_says_who_sent_it_back_why_and_which_columns(client, world):
    report = world.draft(1, {1: "10", 2: "3"})
    lifecycle.submit(report, by=world.clerk)
    lifecycle.return_for_correction(report, by=world.reviewer, comment="女性人数与台账不一致", cells=[2])
    text = page(client, world)
    assert text.index("被退回") < text.index("待填报")
    assert "女性人数与台账不一致 （涉及第 2 列，表中已标出）" in text
    assert re.search(r"韩某 \d+月\d+日 \d\d:\d\d 退回", text)


def test_a_draft_says_how_far_it_is_and_what_is_wrong_with_it(client, world):
    world.draft(1, {1: "100", 2: "101"})  # a part above its whole, and 101 % women to be explained
    text = page(client, world)
    assert "2/3" in text
    assert "× 1 错误" in text
    assert "? 1 待说明" in text
    assert re.search(r"林某 \d+月\d+日 \d\d:\d\d 保存", text)


def test_a_report_that_was_late_says_by_how_much(client, world):
    late = world.periods[0].due_at + timedelta(hours=15)
    make_submission(world.form, world.place, world.periods[0], {1: 1}, submitted_at=late)
    assert "迟 15 小时 0 分" in page(client, world)


def test_with_everything_sent_the_page_says_when_the_next_period_opens(client):
    today = timezone.localdate()
    ends = [today, today + timedelta(days=7)]
    world = World(period_ends=ends, starts=today - timedelta(days=3))
    assert "目前没有要填报的任务" not in page(client, world)
    lifecycle.submit(world.draft(1, {1: "1"}), by=world.clerk)
    opens, due = today + timedelta(days=1), ends[1]
    text = page(client, world)
    assert f"第2期将于{opens.month}月{opens.day}日开放填报，{due.month}月{due.day}日 17:30 截止" in text


def test_of_what_is_done_the_latest_four_are_listed_the_rest_is_history(client):
    start = timezone.localdate() - timedelta(weeks=20)
    world = World(
        period_ends=[start + timedelta(weeks=week) for week in range(6)], starts=start - timedelta(days=6)
    )
    for period in world.periods:
        make_submission(world.form, world.place, period, {1: 1})
    text = page(client, world)
    assert "已通过 6" in text
    assert "更早的 2 份见历史填报" in text
    assert "第3期" in text
    assert "第2期" not in text


def test_the_page_costs_the_same_however_many_drafts_are_overdue(client):
    start = timezone.localdate() - timedelta(weeks=20)
    world = World(
        period_ends=[start + timedelta(weeks=week) for week in range(9)], starts=start - timedelta(days=6)
    )

    def queries():
        with CaptureQueriesContext(connection) as captured:
            page(client, world)
        return len(captured)

    for number in range(1, 5):
        world.draft(number, {1: "10", 2: "3"})
    queries()  # logs in
    few = queries()
    for number in range(5, 10):
        world.draft(number, {1: "10", 2: "3"})
    assert queries() == few
