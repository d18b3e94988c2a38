"""Queue and list of reports: fifty rows a page, filters that stay in the address, search that is literal."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode

import pytest
from django.urls import reverse

from campaigns.models import UnitPlace
from chunfeng.accounts.models import Membership
from reports.models import SubmissionEvent
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_places,
    make_submission,
    make_submissions,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db


class World:
    """A city with a coordinator over three districts; district 1 has reported in two periods."""

    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign, annex="附件1")
        self.second_form = make_form(self.campaign, "fu2", annex="附件2")
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False, name="武汉市")
        self.boss = make_user("boss", unit=self.city, role="coordinator")
        self.first, self.second, self.third = self.campaign.periods.all()

    def district(self, code, name):
        return make_place(self.campaign, code, parent=self.city, name=name)

    def waiting(self, place, period=None, form=None, *, explained=(), times=1, late=False):
        """A submitted report; explained: keys of findings; times: how often it was sent."""
        period = period or self.first
        at = period.due_at + timedelta(hours=1 if late else -1)
        report = make_submission(
            form or self.form,
            place,
            period,
            {1: 1},
            status="submitted",
            submitted_at=at,
            first_submitted_at=at,
        )
        kept = {"explanations": [{"finding": key, "message": "", "text": "已核对"} for key in explained]}
        for _ in range(times):
            report.events.create(move=SubmissionEvent.Move.SUBMITTED, actor_name="演示", at=at, snapshot=kept)
        return report

    def many(self, number):
        """`number` districts 0001, 0002, …, each with one report of the first period, sent in this order."""
        codes = [f"{count:04d}" for count in range(1, number + 1)]
        places = make_places(self.campaign, codes, parent=self.city)
        make_submissions(self.form, places, self.first, {1: 1}, status="submitted")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def boss(client, world):
    client.force_login(world.boss)
    return client


def ask(client, name, **query):
    return client.get(f"{reverse(f'reports:{name}', args=['spring'])}?{urlencode(query)}")


def queue(client, **query):
    page = ask(client, "review-queue", **query).context["page"]
    return [(row.submission.unit.code, row.submission.period.number) for row in page]


def listed(client, **query):
    page = ask(client, "submission-list", **query).context["page"]
    return [(report.unit.code, report.period.number, report.report_form.code) for report in page]


# Paging


@pytest.mark.parametrize("name", ["review-queue", "submission-list"])
@pytest.mark.parametrize(
    ("asked", "number", "first", "rows"),
    [
        ("1", 1, "0001", 50),
        ("2", 2, "0051", 50),
        ("3", 3, "0101", 20),
        ("0", 1, "0001", 50),
        ("-1", 1, "0001", 50),
        ("9999", 3, "0101", 20),
        ("abc", 1, "0001", 50),
        ("", 1, "0001", 50),
        ("9" * 5000, 1, "0001", 50),
        ("1.5", 1, "0001", 50),
        ("\x00", 1, "0001", 50),
    ],
)
def test_a_list_has_fifty_rows_a_page_and_every_number_leads_to_one(
    boss, world, name, asked, number, first, rows
):
    world.many(120)
    answer = ask(boss, name, page=asked)
    assert answer.status_code == 200
    shown = answer.context["page"]
    row = shown[0]
    assert (shown.number, len(shown)) == (number, rows)
    assert (row.submission if name == "review-queue" else row).unit.code == first


def test_links_to_other_pages_keep_the_filters(boss, world):
    world.many(120)
    text = ask(boss, "submission-list", q="单位", mark="submitted", page="2").text
    assert "第 <strong>2</strong>/3 页，51—100，共 120 份" in text
    links = dict(re.findall(r'rel="(prev|next)" href="([^"]+)"', text))
    kept = {"q": ["单位"], "mark": ["submitted"]}
    assert parse_qs(unescape(links["prev"])[1:]) == kept | {"page": ["1"]}
    assert parse_qs(unescape(links["next"])[1:]) == kept | {"page": ["3"]}


def test_a_list_of_one_page_has_no_links_to_pages(boss, world):
    world.many(50)
    assert "翻页" not in ask(boss, "review-queue").text


# The queue


def test_the_queue_is_searched_by_name_code_and_initials(boss, world):
    world.waiting(world.district("420103", "江汉区"))
    world.waiting(world.district("420102", "江岸区"))
    assert queue(boss, q="江汉") == [("420103", 1)]
    assert queue(boss, q="jaq") == [("420102", 1)]
    assert sorted(queue(boss, q="42010")) == [("420102", 1), ("420103", 1)]
    for nothing in ("%", "_", "' OR 1=1 --", "\x00", "<script>"):
        assert queue(boss, q=nothing) == []


def test_the_queue_is_filtered_by_form_period_and_mark(boss, world):
    world.waiting(world.district("plain", "甲区"))
    world.waiting(world.district("fallen", "乙区"), explained=["fall:1"])
    world.waiting(world.district("explained", "丙区"), explained=["share:4"])
    world.waiting(world.district("late", "丁区"), late=True)
    world.waiting(world.district("again", "戊区"), times=2)
    world.waiting(world.district("other", "己区"), world.second, world.second_form)
    assert queue(boss, mark="falls") == [("fallen", 1)]
    assert queue(boss, mark="explained") == [("fallen", 1), ("explained", 1)]
    assert queue(boss, mark="late") == [("late", 1)]
    assert queue(boss, mark="again") == [("again", 1)]
    assert queue(boss, form="fu2") == queue(boss, period="2024-02-02") == [("other", 2)]
    assert queue(boss, form="fu1", period="2024-02-02") == []
    assert len(queue(boss)) == 6


def test_the_queue_says_how_many_wait_and_how_many_are_shown(boss, world):
    world.waiting(world.district("plain", "甲区"))
    world.waiting(world.district("fallen", "乙区"), explained=["fall:1"])
    text = ask(boss, "review-queue", mark="falls").text
    assert "待审 2" in text
    assert "筛选出 1 份" in text
    assert "没有符合条件的报表" in ask(boss, "review-queue", mark="late").text


@pytest.mark.parametrize("name", ["review-queue", "submission-list"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"period": "9999"},
        {"period": "2024-02-30"},
        {"period": "\x00"},
        {"form": "fu9"},
        {"form": "\x00"},
        {"mark": "gone"},
    ],
)
def test_a_filter_that_does_not_exist_is_not_found(boss, name, wrong):
    assert ask(boss, name, **wrong).status_code == 404


@pytest.mark.parametrize("name", ["review-queue", "submission-list"])
def test_empty_filters_are_none(boss, world, name):
    world.waiting(world.district("plain", "甲区"))
    assert len(ask(boss, name, q="", form="", period="", mark="", page="").context["page"]) == 1


def test_what_was_searched_stands_in_the_box_as_text(boss):
    assert 'value="&quot;&gt;&lt;script&gt;"' in ask(boss, "review-queue", q='"><script>').text


# The list


def test_the_list_begins_with_the_latest_period_then_follows_registry_and_forms(boss, world):
    second = world.district("b", "乙区")
    first = world.district("a", "甲区")
    UnitPlace.objects.filter(pk=second.pk).update(position=99)
    for place in (second, first):
        make_submission(world.form, place, world.first, {1: 1})
        make_submission(world.second_form, place, world.second, {1: 1}, status="draft")
        make_submission(world.form, place, world.second, {1: 1})
    assert listed(boss) == [
        ("a", 2, "fu1"),
        ("a", 2, "fu2"),
        ("b", 2, "fu1"),
        ("b", 2, "fu2"),
        ("a", 1, "fu1"),
        ("b", 1, "fu1"),
    ]


def test_the_list_is_filtered_by_unit_form_period_and_state(boss, world):
    first, second = world.district("420103", "江汉区"), world.district("420102", "江岸区")
    make_submission(world.form, first, world.first, {1: 1})
    make_submission(world.second_form, second, world.first, {1: 1}, status="returned")
    make_submission(world.form, second, world.second, {1: 1}, status="draft")
    assert listed(boss, q="jhq") == [("420103", 1, "fu1")]
    assert listed(boss, form="fu2") == [("420102", 1, "fu2")]
    assert listed(boss, period="2024-02-02") == [("420102", 2, "fu1")]
    assert listed(boss, mark="returned") == [("420102", 1, "fu2")]
    assert listed(boss, mark="draft", q="江") == [("420102", 2, "fu1")]
    assert listed(boss, mark="accepted", q="ja") == []


def test_the_list_offers_only_forms_in_scope_and_periods_that_have_opened(boss, world, time_machine):
    time_machine.move_to("2024-02-01 09:00 +0800")
    make_submission(world.form, world.district("a", "甲区"), world.first, {1: 1})
    page = ask(boss, "submission-list")
    assert [form.code for form in page.context["forms"]] == ["fu1"]
    assert [period.number for period in page.context["periods"]] == [2, 1]


def test_a_clerk_finds_the_history_of_the_own_unit_alone(client, world):
    own, other = world.district("a", "甲区"), world.district("b", "乙区")
    for place in (own, other):
        make_submission(world.form, place, world.first, {1: 1})
    client.force_login(make_user("clerk", unit=own))
    assert listed(client) == [("a", 1, "fu1")]
    assert "<h1>历史填报 1</h1>" in ask(client, "submission-list").text


def test_the_list_of_one_campaign_has_nothing_of_another(client, world):
    own = world.district("a", "甲区")
    later = make_campaign("later")
    make_submission(make_form(later), make_place(later, "a"), period_of(later, 1), {1: 1})
    client.force_login(make_user("clerk", unit=own))
    assert listed(client) == []
    assert len(client.get(reverse("reports:submission-list", args=["later"])).context["page"]) == 1


def test_the_bar_leads_everyone_with_an_office_to_the_list(client, world):
    own = world.district("a", "甲区")
    address = reverse("reports:submission-list", args=["spring"])
    for role in Membership.Role:
        client.force_login(make_user(f"a-{role}", unit=own, role=role))
        name = "历史填报" if role == Membership.Role.REPORTER else "报表"
        assert f'<a href="{address}" aria-current="page">{name}</a>' in client.get(address).text
