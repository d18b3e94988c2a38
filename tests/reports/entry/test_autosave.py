"""What an open entry page sends while its user types, and what it is told."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reports.entry import drafts
from reports.models import FigureChange, Presence, Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db


class World:
    """A district with two clerks; the form has a whole, its part, and a sum of money."""

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
        )
        self.mine = make_place(self.campaign, "mine", name="江汉区")
        self.clerk = make_user("clerk", unit=self.mine, name="林某")
        self.colleague = make_user("colleague", unit=self.mine, name="许某")
        self.first, self.second, _ = self.campaign.periods.all()

    def send(self, client, cells=None, *, person=None, **more):
        body = {
            "as": (person or self.clerk).pk,
            "cells": {number: {"text": text, "seen": seen} for number, (text, seen) in (cells or {}).items()},
        }
        address = reverse(
            "reports:entry-save", args=["spring", "fu1", self.first.ends_on.isoformat(), "mine"]
        )
        return client.post(address, json.dumps(body | more), content_type="application/json")

    @property
    def report(self):
        return Submission.objects.get(unit=self.mine.unit, period=self.first)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def clerk(client, world):
    client.force_login(world.clerk)
    return client


@pytest.fixture
def colleague(world):
    client = Client()
    client.force_login(world.colleague)
    return client


def test_a_cell_is_stored_and_the_answer_carries_everything_the_page_shows(clerk, world):
    told = world.send(clerk, {1: ("１，２００", ""), 2: ("1,300", "")}).json()
    assert drafts.figures_of(world.report) == {1: 1200, 2: 1300}
    assert told["cells"]["1"] == {
        "text": "1,200",
        "seen": "1200",
        "value": "1,200",
        "previous": "—",
        "previous_seen": "",
        "increment": "+1,200",
        "fall": False,
        "mark": "fatal",
    }
    assert told["cells"]["3"]["text"] == ""
    [fatal] = [finding for finding in told["findings"] if finding["class"] == "fatal"]
    assert fatal["message"] == "2 其中：女性人数 (1,300) 不能大于 1 提供免费服务人数 (1,200)"
    assert (fatal["key"], fatal["cells"]) == ("sub:2", [2, 1])
    assert told["counts"] == {"fatal": 1, "query": 1, "hint": 1, "blocking": 2, "filled": 2, "total": 3}
    assert told["late"] == "已过截止时间，本次上报将记为迟报。"


def test_the_increment_is_told_against_the_last_report(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 120})
    world.first = world.second
    told = world.send(clerk, {1: ("130", "")}).json()
    assert told["cells"]["1"]["increment"] == "+10"
    told = world.send(clerk, {1: ("110", "130")}).json()
    assert (told["cells"]["1"]["increment"], told["cells"]["1"]["fall"]) == ("\N{MINUS SIGN}10", True)


def test_a_batch_sent_again_changes_nothing(clerk, world):
    batch = {1: ("12", ""), 3: ("0.5", "")}
    first, second = (world.send(clerk, batch).json() for _ in range(2))
    assert FigureChange.objects.count() == 2
    assert drafts.figures_of(world.report) == {1: 12, 3: Decimal("0.50")}
    assert (second["version"], second["conflicts"]) == (first["version"], [])


def test_what_cannot_be_read_is_kept_as_text_and_told_with_its_mending(clerk, world):
    told = world.send(clerk, {1: ("12万", ""), 2: ("5", "")}).json()
    assert told["refused"] == {"1": "请填写完整数字 120000，不要带“万”。"}
    assert (told["cells"]["1"]["text"], told["cells"]["1"]["seen"]) == ("12万", "")
    assert drafts.figures_of(world.report) == {2: 5}


def test_a_colleagues_figure_is_not_overwritten_and_both_are_offered(clerk, colleague, world):
    before = world.send(clerk, {1: ("120", "")}).json()
    world.send(colleague, {1: ("130", "120"), 2: ("60", "")}, person=world.colleague)
    told = world.send(clerk, {1: ("140", "120")}, change=before["change"]).json()
    [conflict] = told["conflicts"]
    assert (conflict["number"], conflict["yours"], conflict["theirs"], conflict["by"]) == (
        1,
        "140",
        "130",
        "许某",
    )
    assert told["changes"]["2"]["by"] == "许某"
    assert (told["cells"]["2"]["text"], told["others"]) == ("60", ["许某"])
    assert drafts.figures_of(world.report)[1] == 130
    assert world.send(clerk, {1: ("140", "130")}).json()["conflicts"] == []
    assert drafts.figures_of(world.report)[1] == 140


def test_a_page_that_only_asks_learns_what_is_new_and_begins_no_report(clerk, colleague, world):
    assert world.send(clerk).json()["unchanged"] is True
    assert not Submission.objects.exists()
    told = world.send(colleague, {1: ("7", "")}, person=world.colleague).json()
    news = world.send(clerk, version="", change=0).json()
    assert (news["cells"]["1"]["text"], news["changes"]["1"]["by"]) == ("7", "许某")
    again = world.send(clerk, version=told["version"], change=told["change"]).json()
    assert (again["unchanged"], again["others"]) == (True, ["许某"])
    Presence.objects.filter(person=world.colleague).update(at=timezone.now() - timedelta(minutes=2))
    assert world.send(clerk, version=told["version"]).json()["others"] == []


def test_reasons_and_the_sign_off_line_are_saved_too_never_over_a_colleagues(clerk, colleague, world):
    told = world.send(clerk, {1: ("100", ""), 2: ("90", "")}).json()
    [key] = [finding["key"] for finding in told["findings"] if finding["class"] == "query"]
    why = {key: {"text": "属实", "seen": ""}}
    told = world.send(clerk, why=why, line={"phone": {"text": "000-1", "seen": ""}}).json()
    [finding] = [finding for finding in told["findings"] if finding["key"] == key]
    assert finding["explanation"] == "属实"
    assert finding["problem"].startswith("“属实”没有说明原因")
    assert world.report.phone == "000-1"
    why = {key: {"text": "本期以女性专场招聘为主", "seen": ""}}
    refused = world.send(colleague, person=world.colleague, why=why).json()["problems"]
    assert "已由林某于" in refused[key]
    assert world.report.explanations.get().text == "属实"


def test_no_change_since_last_period_is_one_action_and_recorded(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 120, 2: 60, 3: "1.5"})
    world.first = world.second
    cells = dict.fromkeys((1, 2, 3), ("", ""))
    told = world.send(clerk, cells, same=True).json()
    assert [told["cells"][number]["text"] for number in "123"] == ["120", "60", "1.50"]
    assert world.report.no_change


def test_a_report_that_was_sent_meanwhile_is_refused_with_a_sentence(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 5}, status=Submission.Status.SUBMITTED)
    for refused in (world.send(clerk, {1: ("6", "5")}), world.send(clerk)):
        assert refused.status_code == 409
        assert "该表已上报" in refused.json()["sentence"]
    assert drafts.figures_of(world.report) == {1: 5}


def test_a_page_of_a_form_that_asks_for_something_else_by_now_saves_nothing(clerk, world):
    drawn = drafts.asked(world.form)
    assert world.send(clerk, {1: ("5", "")}, asked=drawn).status_code == 200
    world.form.indicators.filter(number=1).update(unit_of_measure="家")
    for refused in (world.send(clerk, {1: ("6", "5")}, asked=drawn), world.send(clerk, asked=drawn)):
        assert refused.status_code == 409
        assert "请刷新页面，对照现在的表核对后再保存" in refused.json()["sentence"]
    assert drafts.figures_of(world.report) == {1: 5}


def test_an_ended_session_is_told_and_another_account_never_saves_for_the_first(client, colleague, world):
    assert world.send(client, {1: ("6", "")}).status_code == 401
    refused = world.send(colleague, {1: ("6", "")})  # drawn for the clerk
    assert refused.status_code == 401
    assert "现在登录的是" in refused.json()["sentence"]
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        '{"cells": []}',
        '{"cells": {"1": {"text": 5}}}',
        '{"cells": {"1": {}}}',
        '{"as": "x"}',
        '{"as": 1e999}',
        '{"why": {"k": null}}',
        '{"cells": {"1": {"text": "%s"}}}' % ("9" * 5000),
        "[" * 100_000,
    ],
)
def test_what_is_no_batch_is_refused_and_nothing_is_half_saved(clerk, world, body):
    address = reverse("reports:entry-save", args=["spring", "fu1", world.first.ends_on.isoformat(), "mine"])
    refused = clerk.post(address, body, content_type="application/json")
    assert refused.status_code in (400, 401)
    assert not Submission.objects.exists()


def test_a_busy_database_is_told_so_that_the_page_sends_again(clerk, world, monkeypatch):
    def busy(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr(drafts, "save", busy)
    refused = world.send(clerk, {1: ("6", "")})
    assert (refused.status_code, refused.json()["sentence"]) == (503, "系统繁忙，您填写的内容已保留。")


def test_a_save_takes_as_few_statements_for_three_cells_as_for_one(clerk, world):
    make_submission(world.form, world.mine, world.first, {1: 120})
    world.first = world.second
    world.send(clerk, {1: ("1", "")})
    taken = []
    for batch in ({1: ("2", "1")}, {1: ("3", "2"), 2: ("1", ""), 3: ("1", "")}):
        with CaptureQueriesContext(connection) as context:
            world.send(clerk, batch)
        taken.append(len(context))
    assert taken[0] == taken[1]
    # 22 and the savepoint that a test adds: nothing is read twice but what was refused, before and after.
    assert taken[0] <= 24
