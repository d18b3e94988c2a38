"""The moves of a text, and who may make them."""

from datetime import timedelta

import pytest
import time_machine

from reports.models import Notice, TextEvent, TextReport
from reports.texts import duties, lifecycle
from reports.texts.lifecycle import TextError
from tests.factories import make_user

from .conftest import NOW, TEXT

Status = TextReport.Status


def test_a_case_is_written_sent_and_adopted(world):
    report = world.case()
    lifecycle.submit(report, seen=report.version, by=world.clerk)
    assert (report.status, report.submitted_at) == (Status.SUBMITTED, NOW)
    lifecycle.accept(report, seen=report.version, by=world.sun)
    assert (report.status, report.state) == (Status.ACCEPTED, "已采用")
    assert list(report.events.values_list("move", "actor_name")) == [
        ("submitted", "王五"),
        ("accepted", "孙七"),
    ]


def test_a_returned_case_quotes_the_reason_and_tells_the_unit(world):
    report = world.sent()
    lifecycle.return_for_correction(report, seen=report.version, by=world.sun, comment="请补充成效数据")
    assert report.last_return().comment == "请补充成效数据"
    assert set(Notice.objects.values_list("recipient__username", "kind")) == {
        ("clerk", "returned"),
        ("colleague", "returned"),
    }


def test_a_return_needs_a_reason(world):
    report = world.sent()
    with pytest.raises(TextError, match="写明退回的原因"):
        lifecycle.return_for_correction(report, seen=report.version, by=world.sun, comment=" \n")
    report.refresh_from_db()
    assert report.status == Status.SUBMITTED


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"title": " "}, "请填写标题"),
        ({"place": ""}, "请填写地点"),
        ({"text": "太短" * 39}, "有 78 字，不足 80 字"),
        ({"text": "长" * 801}, "超过 800 字，请删去 1 字"),
    ],
)
def test_an_incomplete_case_is_not_sent_and_says_what_it_lacks(world, values, says):
    report = world.case(**values)
    with pytest.raises(TextError, match=says):
        lifecycle.submit(report, seen=report.version, by=world.clerk)
    assert not report.events.exists()


@pytest.mark.parametrize("count", [80, 800])
def test_a_case_of_just_the_least_or_the_most_characters_is_sent(world, count):
    report = world.case(text="字" * count)
    lifecycle.submit(report, seen=report.version, by=world.clerk)
    assert report.status == Status.SUBMITTED


def test_of_two_who_write_at_once_the_second_is_told_who_was_first(world):
    report = world.case()
    mine, yours = (TextReport.objects.get(pk=report.pk) for _ in range(2))
    lifecycle.save(yours, {"title": "乙"}, seen=yours.version, by=world.colleague)
    with pytest.raises(TextError, match="已由钱八修改"):
        lifecycle.save(mine, {"title": "甲"}, seen=mine.version, by=world.clerk)
    report.refresh_from_db()
    assert report.title == "乙"


def test_of_two_who_decide_at_once_the_second_is_told_the_state(world):
    report = world.sent()
    first, second = (TextReport.objects.get(pk=report.pk) for _ in range(2))
    lifecycle.accept(first, seen=first.version, by=world.sun)
    with pytest.raises(TextError, match="现在是“已采用”"):
        lifecycle.accept(second, seen=second.version, by=world.sun)
    assert report.events.filter(move=TextEvent.Move.ACCEPTED).count() == 1


def test_nobody_adopts_what_they_wrote(world):
    both = make_user("both", unit=world.province, role="coordinator")
    both.memberships.create(unit=world.city.unit, role="reporter")
    report = world.sent(by=both)
    assert not lifecycle.can_decide(both, report)
    with pytest.raises(TextError, match="不能由您审核"):
        lifecycle.accept(report, seen=report.version, by=both)


def test_coordinators_above_decide_and_those_of_the_unit_itself_do_not(world):
    own = make_user("own", unit=world.city, role="coordinator")
    report = world.sent()
    assert lifecycle.deciders([report]) == {report.pk: {world.sun.pk}}
    assert not lifecycle.can_decide(own, report)


def test_a_withdrawn_first_sending_does_not_count_as_on_time(world):
    report = world.sent()
    lifecycle.withdraw(report, seen=report.version, by=world.clerk)
    assert (report.status, report.first_submitted_at) == (Status.DRAFT, None)


def test_a_returned_case_keeps_its_first_sending(world):
    report = world.sent()
    lifecycle.return_for_correction(report, seen=report.version, by=world.sun, comment="请补充")
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        lifecycle.submit(report, seen=report.version, by=world.clerk)
    assert report.first_submitted_at == NOW


def test_a_case_that_repeats_an_earlier_one_says_which(world):
    first = world.sent()
    again = world.sent(title="再次送岗", by=None)
    assert (again.repeats, again.likeness) == (first, 100)
    assert first.repeats is None


def test_a_sent_text_is_kept_and_a_draft_may_be_deleted(world):
    report, draft = world.sent(), world.case()
    with pytest.raises(TextError, match="要留存"):
        lifecycle.discard(report, seen=report.version)
    lifecycle.discard(draft, seen=draft.version)
    assert not TextReport.objects.filter(pk=draft.pk).exists()


def test_a_county_owes_no_case_where_only_cities_do(world):
    with pytest.raises(TextError, match="新沂市不需要报送"):
        lifecycle.begin(world.campaign, world.cases, world.county.unit, world.period, by=world.clerk)


def test_a_text_owed_once_is_begun_once(world):
    summary = world.duty("summary", "整体活动总结", due=world.period.ends_on, each="prefecture")
    first = lifecycle.begin(world.campaign, summary, world.city.unit, None, by=world.clerk)
    assert lifecycle.begin(world.campaign, summary, world.city.unit, None, by=world.colleague) == first


def test_paragraphs_pasted_from_word_are_plain():
    pasted = "　　一是\x01广泛\x1f动员。\uffff\r\n\r\n\u00a0\u00a0二是  精准对接。\x0b三是\t强化保障。\r\n"
    assert lifecycle.plain_paragraphs(pasted) == "一是广泛动员。\n二是 精准对接。\n三是 强化保障。"


def test_a_city_that_sent_two_of_three_lacks_one(world):
    world.sent(), world.sent(title="乙")
    world.case(title="草稿")
    rows = {
        row.place.short: row
        for row in duties.board(world.campaign, [world.city, world.other], [world.period])
    }
    assert (rows["徐州市"].count, rows["徐州市"].missing, rows["徐州市"].is_done) == (2, 1, False)
    assert (rows["苏州市"].count, rows["苏州市"].missing) == (0, 3)


def test_the_third_case_decides_whether_the_week_is_on_time(world):
    world.sent(), world.sent(title="乙")
    with time_machine.travel(world.period.due_at + timedelta(seconds=1), tick=False):
        world.sent(title="丙")
    [row] = duties.board(world.campaign, [world.city], [world.period])
    assert (row.is_done, row.is_late) == (True, True)


def test_a_line_narrows_who_owes_a_text(world):
    plan = world.duty("plan", "工作方案", each="county", line="hr")
    world.county.line = "union"
    assert not duties.owed_by(world.county, plan)
    world.county.line = "hr"
    assert duties.owed_by(world.county, plan)


def test_nothing_is_handed_in_of_a_meeting(world):
    assert not duties.owed_by(world.province, world.duty("event", "总结会", each="province"))


def test_nothing_is_written_once_the_campaign_is_closed(world):
    report = world.case()
    world.campaign.closed_at = NOW
    world.campaign.save()
    report = TextReport.objects.get(pk=report.pk)
    with pytest.raises(TextError, match="已关闭"):
        lifecycle.save(report, {"text": TEXT}, seen=report.version, by=world.clerk)
