"""The moves of a report, every refusal of one, and what the trail keeps."""

import hashlib
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
import time_machine

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.entry import drafts
from reports.models import Submission, SubmissionEvent
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

COORDINATOR = Membership.Role.COORDINATOR
# 18:00 in Shanghai on the first Friday.
DUE = datetime(2024, 1, 26, 10, 0, tzinfo=UTC)


class World:
    """A city with two coordinators over one county with two clerks; one form, due at 18:00."""

    def __init__(self, **form):
        form.setdefault("indicators", [{}, {}, {"decimals": 2, "unit_of_measure": "万元"}])
        self.campaign = make_campaign("jiangsu-2024", due_time=time(18, 0))
        self.form = make_form(self.campaign, "fu1", **form)
        self.city = make_place(self.campaign, "320300", level="prefecture")
        self.county = make_place(self.campaign, "320381", parent=self.city)
        self.wang = make_user("wang", unit=self.county, name="王五")
        self.li = make_user("li", unit=self.county, name="李四")
        self.zhao = make_user("zhao", unit=self.city, role=COORDINATOR, name="赵六")
        self.qian = make_user("qian", unit=self.city, role=COORDINATOR, name="钱七")

    def draft(self, figures=None, *, number=1, **more):
        figures = {1: 120} if figures is None else figures
        more.setdefault("status", Submission.Status.DRAFT)
        return make_submission(self.form, self.county, period_of(self.campaign, number), figures, **more)

    def submitted(self, figures=None, *, number=1):
        submission = self.draft(figures, number=number)
        lifecycle.submit(submission, by=self.wang)
        return submission

    def close(self):
        self.campaign.closed_at = datetime(2024, 4, 20, tzinfo=UTC)
        self.campaign.save()


@pytest.fixture
def world():
    return World()


def at(moment):
    return time_machine.travel(moment, tick=False)


def again(submission):
    """The report as another request reads it."""
    return Submission.objects.get(pk=submission.pk)


def moves(submission):
    return list(submission.events.values_list("move", flat=True))


def unmoved(submission, status, events):
    return (again(submission).status, moves(submission)) == (status, events)


# Submitting


def test_submitting_gives_a_receipt_and_keeps_the_figures_as_sent(world):
    submission = world.draft({1: 120, 3: "88.5"}, responsible="张三", phone="025-1")
    drafts.save_explanations(submission, {"blank": "第二列没有发生"}, by=world.wang)
    with at(DUE):
        lifecycle.submit(submission, by=world.wang)
    stored = again(submission)
    assert stored.status == submission.status == "submitted"
    assert stored.receipt == submission.receipt == "JIANGSU-2024-FU1-01-320381-1"
    assert (stored.submitted_at, stored.first_submitted_at, stored.submitted_by) == (DUE, DUE, world.wang)
    [event] = submission.events.all()
    assert (event.move, event.actor, event.actor_name, event.at) == ("submitted", world.wang, "王五", DUE)
    assert event.receipt == submission.receipt
    assert event.snapshot == {
        "campaign": "jiangsu-2024",
        "form": "fu1",
        "version": 1,
        "unit": "320381",
        "period": "2024-01-26",
        "figures": {"1": "120", "2": None, "3": "88.50"},
        "explanations": [
            {
                "finding": "blank",
                "message": "2 指标2未填。没有发生请填 0，可以留空上报。",
                "text": "第二列没有发生",
            }
        ],
        "responsible": "张三",
        "prepared_by": "",
        "phone": "025-1",
        "no_change": False,
    }
    text = "jiangsu-2024\nfu1\n1\n320381\n2024-01-26\n1=120\n2=\n3=88.50"
    assert event.checksum == hashlib.sha256(text.encode()).hexdigest()
    assert event.checksum == lifecycle.checksum(submission) == lifecycle.digest(event.snapshot)


def test_the_checksum_orders_columns_by_number_and_tells_blank_from_zero():
    kept = {"campaign": "c", "form": "f", "version": 2, "unit": "u", "period": "2024-01-26"}
    text = "c\nf\n2\nu\n2024-01-26\n2=0\n10=5"
    figures = {"10": "5", "2": "0"}
    assert lifecycle.digest({**kept, "figures": figures}) == hashlib.sha256(text.encode()).hexdigest()
    assert lifecycle.digest({**kept, "figures": {"10": "5", "2": None}}) != lifecycle.digest(
        {**kept, "figures": figures}
    )


def test_a_second_click_changes_nothing_and_shows_the_same_receipt(world):
    first, second = world.draft(), None
    second = again(first)
    lifecycle.submit(first, by=world.wang)
    with pytest.raises(lifecycle.AlreadySubmitted, match="JIANGSU-2024-FU1-01-320381-1") as refused:
        lifecycle.submit(second, by=world.wang)
    assert refused.value.submission.receipt == first.receipt
    assert unmoved(first, "submitted", ["submitted"])


def test_a_report_that_was_accepted_meanwhile_is_not_sent_again(world):
    submission = world.submitted()
    late_click = again(submission)
    lifecycle.accept(submission, by=world.zhao)
    with pytest.raises(lifecycle.AlreadySubmitted):
        lifecycle.submit(late_click, by=world.wang)
    assert unmoved(submission, "accepted", ["submitted", "accepted"])


@pytest.mark.parametrize("figures", [{}, {1: None, 2: None}])
def test_a_report_without_a_single_figure_is_not_sent(world, figures):
    submission = world.draft(figures)
    with pytest.raises(lifecycle.TransitionError, match="还没有填写任何数据"):
        lifecycle.submit(submission, by=world.wang)
    assert unmoved(submission, "draft", [])


def test_a_single_zero_is_a_report(world):
    assert world.submitted({2: 0}).status == "submitted"


def test_figures_that_a_colleague_changed_after_the_last_look_are_not_sent(world):
    submission = world.draft()
    seen = lifecycle.checksum(submission)
    with at(datetime(2024, 1, 26, 6, 3, tzinfo=UTC)):
        drafts.save_figures(again(submission), {1: "130"}, seen={1: "120"}, by=world.li)
        with pytest.raises(lifecycle.TransitionError, match="李四于1月26日 14:03修改了数据") as refused:
            lifecycle.submit(submission, by=world.wang, seen=seen)
    assert not isinstance(refused.value, lifecycle.AlreadySubmitted)
    assert unmoved(submission, "draft", [])
    lifecycle.submit(submission, by=world.wang, seen=lifecycle.checksum(submission))
    assert submission.status == "submitted"


def test_fatal_findings_forbid_submission_and_are_handed_on():
    world = World(indicators=[{}, {"of": 1}])
    submission = world.draft({1: 100, 2: 101})
    with pytest.raises(lifecycle.CheckFailed, match="有 1 处须改正或说明后才能上报") as refused:
        lifecycle.submit(submission, by=world.wang)
    [finding] = refused.value.findings
    assert (finding.finding_class, finding.cells) == ("fatal", (2, 1))
    assert unmoved(submission, "draft", [])


def test_a_query_passes_with_an_explanation_and_a_refused_text_never_does():
    world = World(indicators=3, rules=[("c1 == c2", "query")])
    submission = world.draft({1: 100, 2: 99})
    with pytest.raises(lifecycle.CheckFailed) as refused:
        lifecycle.submit(submission, by=world.wang)
    [finding] = refused.value.findings
    drafts.save_explanations(submission, {finding.key: "一场招聘会只有线上部分"}, by=world.wang)
    drafts.save_figures(submission, {1: "12万"}, seen=None, by=world.wang)
    with pytest.raises(lifecycle.CheckFailed, match="12万"):
        lifecycle.submit(submission, by=world.wang)
    drafts.save_figures(submission, {1: "100"}, seen=None, by=world.wang)
    lifecycle.submit(submission, by=world.wang)
    # The hint that column 3 is blank asks for no explanation and carries none.
    [explanation] = submission.events.get().snapshot["explanations"]
    assert explanation["text"] == "一场招聘会只有线上部分"


def test_nothing_is_sent_before_the_period_opens(world):
    submission = world.draft(number=2)
    with (
        at(datetime(2024, 1, 26, 15, 59, 59, tzinfo=UTC)),
        pytest.raises(lifecycle.TransitionError, match="第2期从1月27日起填报"),
    ):
        lifecycle.submit(submission, by=world.wang)
    assert unmoved(submission, "draft", [])


def test_nothing_is_sent_withdrawn_or_returned_in_a_closed_campaign_but_accepted_it_is(world):
    draft, waiting = world.draft(number=1), world.submitted(number=2)
    world.close()
    with pytest.raises(lifecycle.TransitionError, match="专项活动已关闭"):
        lifecycle.submit(again(draft), by=world.wang)
    with pytest.raises(lifecycle.TransitionError, match="专项活动已关闭"):
        lifecycle.withdraw(again(waiting), by=world.wang)
    with pytest.raises(lifecycle.TransitionError, match="先重新开放专项活动"):
        lifecycle.return_for_correction(again(waiting), by=world.zhao, comment="请核对")
    lifecycle.accept(again(waiting), by=world.zhao)
    with pytest.raises(lifecycle.TransitionError, match="先重新开放专项活动"):
        lifecycle.reopen(again(waiting), by=world.zhao, comment="请核对")
    assert unmoved(draft, "draft", [])
    assert unmoved(waiting, "accepted", ["submitted", "accepted"])


def test_codes_of_full_length_still_give_receipts_that_differ():
    campaign = make_campaign("c" * 40)
    form = make_form(campaign, "f" * 20)
    place = make_place(campaign, "u" * 40, name="某县")
    submission = make_submission(form, place, period_of(campaign, 1), {1: 5}, status="draft")
    lifecycle.submit(submission, by=None)
    assert (len(submission.receipt), submission.receipt[-2:]) == (80, "-1")
    lifecycle.withdraw(submission, by=None)
    lifecycle.submit(submission, by=None)
    assert (len(submission.receipt), submission.receipt[-2:]) == (80, "-2")


# On time or late


@pytest.mark.parametrize(
    ("sent_at", "is_late"),
    [
        (DUE, False),
        (DUE.replace(microsecond=999_999), False),
        (DUE.replace(second=1), True),
    ],
)
def test_the_due_second_is_on_time_and_the_next_is_late(world, sent_at, is_late):
    submission = world.draft()
    assert submission.is_late is None
    with at(sent_at):
        lifecycle.submit(submission, by=world.wang)
    assert submission.is_late is is_late
    assert again(submission).is_late is is_late


def test_withdrawn_and_sent_again_after_the_due_time_is_late(world):
    submission = world.draft()
    with at(DUE):
        lifecycle.submit(submission, by=world.wang)
        lifecycle.withdraw(submission, by=world.wang)
    assert (submission.first_submitted_at, submission.is_late) == (None, None)
    with at(DUE.replace(hour=11)):
        lifecycle.submit(submission, by=world.wang)
    assert submission.is_late is True


def test_returned_and_sent_again_after_the_due_time_stays_on_time(world):
    submission = world.draft()
    with at(DUE):
        lifecycle.submit(submission, by=world.wang)
        lifecycle.return_for_correction(submission, by=world.zhao, comment="请核对第1列")
    for hour in (11, 12):
        with at(DUE.replace(hour=hour)):
            lifecycle.submit(submission, by=world.wang)
            # Withdrawing a later submission does not undo the first.
            lifecycle.withdraw(submission, by=world.wang)
            assert submission.first_submitted_at == DUE
    with at(DUE.replace(hour=13)):
        lifecycle.submit(submission, by=world.wang)
    assert (again(submission).first_submitted_at, submission.submitted_at) == (DUE, DUE.replace(hour=13))
    assert again(submission).is_late is False
    assert submission.receipt == "JIANGSU-2024-FU1-01-320381-4"


def test_an_import_tells_the_time_or_leaves_it_unknown_for_good(world):
    known, unknown = world.draft(number=1), world.draft(number=2)
    lifecycle.submit(known, by=None, at=DUE)
    assert (known.is_late, known.events.get().actor_name) == (False, "导入")
    lifecycle.submit(unknown, by=None)
    assert (unknown.is_late, unknown.first_submitted_at) == (None, None)
    lifecycle.accept(unknown, by=None)
    lifecycle.reopen(unknown, by=world.zhao, comment="请核对第1列")
    lifecycle.submit(unknown, by=world.wang)
    assert unknown.is_late is None


# Withdrawing


def test_a_withdrawn_report_is_a_draft_again_with_its_figures(world):
    submission = world.submitted()
    receipt = submission.receipt
    lifecycle.withdraw(submission, by=world.li)
    stored = again(submission)
    assert (stored.status, stored.receipt, stored.submitted_at, stored.submitted_by) == (
        "draft",
        "",
        None,
        None,
    )
    assert moves(submission) == ["submitted", "withdrawn"]
    event = submission.events.last()
    assert (event.actor_name, event.receipt) == ("李四", receipt)
    assert event.snapshot["figures"]["1"] == "120"
    assert drafts.save_figures(submission, {1: "121"}, seen={1: "120"}, by=world.wang).changed == (1,)


def test_a_report_that_a_coordinator_has_opened_is_not_withdrawn(world):
    submission = world.submitted()
    stale = again(submission)
    lifecycle.start_review(submission, by=world.zhao)
    assert again(submission).review_started_at is not None
    with pytest.raises(lifecycle.TransitionError, match="审核员已开始审核，不能撤回"):
        lifecycle.withdraw(stale, by=world.wang)
    assert unmoved(submission, "submitted", ["submitted"])


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("draft", "该表已被撤回或尚未上报"),
        ("returned", "该表已被退回，可以直接修改"),
        ("accepted", "该表已审核通过，不能撤回"),
    ],
)
def test_only_a_submitted_report_is_withdrawn(world, status, sentence):
    submission = world.draft(status=status)
    with pytest.raises(lifecycle.TransitionError, match=sentence):
        lifecycle.withdraw(submission, by=world.wang)
    assert unmoved(submission, status, [])


def test_an_old_page_does_not_withdraw_a_later_submission(world):
    submission = world.submitted()
    old_page = again(submission)
    lifecycle.withdraw(submission, by=world.wang)
    lifecycle.submit(submission, by=world.li)
    with pytest.raises(lifecycle.TransitionError, match="该表已重新上报"):
        lifecycle.withdraw(old_page, by=world.wang)
    assert again(submission).status == "submitted"


# Opening for review


def test_the_review_begins_once_and_only_for_a_coordinator_whose_report_it_is(world):
    submission = world.submitted()
    province = make_user("above", unit=make_place(world.campaign, "320000"), role=COORDINATOR)
    for nobody in (world.wang, province):
        lifecycle.start_review(submission, by=nobody)
        assert again(submission).review_started_at is None
    with at(DUE):
        lifecycle.start_review(submission, by=world.zhao)
    lifecycle.start_review(submission, by=world.qian)
    assert again(submission).review_started_at == submission.review_started_at == DUE


def test_opening_an_old_page_does_not_begin_the_review_of_a_later_submission(world):
    submission = world.submitted()
    old_page = again(submission)
    lifecycle.withdraw(submission, by=world.wang)
    lifecycle.start_review(submission, by=world.zhao)
    assert again(submission).review_started_at is None
    lifecycle.submit(submission, by=world.wang)
    lifecycle.start_review(old_page, by=world.zhao)
    assert again(submission).review_started_at is None


def test_a_returned_report_that_is_sent_again_waits_for_a_new_review(world):
    submission = world.submitted()
    lifecycle.start_review(submission, by=world.zhao)
    lifecycle.return_for_correction(submission, by=world.zhao, comment="请核对第1列")
    lifecycle.submit(submission, by=world.wang)
    assert submission.review_started_at is None
    lifecycle.withdraw(submission, by=world.wang)
    assert submission.status == "draft"


# Deciding


def test_accepting_is_recorded_with_the_figures_and_their_explanations():
    world = World(indicators=2, rules=[("c1 == c2", "query")])
    submission = world.draft({1: 100, 2: 99})
    [finding] = lifecycle.check(submission)
    drafts.save_explanations(submission, {finding.key: "一场招聘会只有线上部分"}, by=world.wang)
    lifecycle.submit(submission, by=world.wang)
    with at(DUE):
        lifecycle.accept(submission, by=world.zhao, seen=submission.receipt)
    assert (again(submission).status, again(submission).accepted_at) == ("accepted", DUE)
    sent, accepted = submission.events.all()
    assert (accepted.move, accepted.actor_name, accepted.receipt) == ("accepted", "赵六", sent.receipt)
    assert (accepted.snapshot, accepted.checksum) == (sent.snapshot, sent.checksum)
    assert accepted.snapshot["explanations"][0]["message"] == finding.message
    lifecycle.reopen(submission, by=world.zhao, comment="说明不清楚")
    drafts.save_explanations(submission, {finding.key: "线上部分由市里统一举办"}, by=world.wang)
    lifecycle.submit(submission, by=world.wang)
    lifecycle.accept(submission, by=world.zhao)
    assert submission.events.last().snapshot["explanations"][0]["text"] == "线上部分由市里统一举办"


def test_a_return_says_what_to_correct(world):
    submission = world.submitted()
    lifecycle.return_for_correction(
        submission, by=world.zhao, comment="  第1列\x00偏大，请核对 ", cells=[3, 1, 3]
    )
    event = submission.events.last()
    assert (event.move, event.comment, event.cells) == ("returned", "第1列�偏大，请核对", [1, 3])
    assert again(submission).status == "returned"
    assert submission.last_return() == event


@pytest.mark.parametrize("comment", ["", "   ", "\u3000\n", "。。。", "\u200b", "\x00"])
def test_a_return_or_a_reopening_without_a_reason_is_refused(world, comment):
    waiting = world.submitted(number=1)
    with pytest.raises(lifecycle.TransitionError, match="请写明退回原因"):
        lifecycle.return_for_correction(waiting, by=world.zhao, comment=comment)
    assert unmoved(waiting, "submitted", ["submitted"])
    lifecycle.accept(waiting, by=world.zhao)
    with pytest.raises(lifecycle.TransitionError, match="请写明退回原因"):
        lifecycle.reopen(waiting, by=world.zhao, comment=comment)
    assert unmoved(waiting, "accepted", ["submitted", "accepted"])


def test_a_return_names_columns_of_the_form_only_and_is_not_a_novel(world):
    submission = world.submitted()
    with pytest.raises(lifecycle.TransitionError, match="本表没有第 19 列"):
        lifecycle.return_for_correction(submission, by=world.zhao, comment="请核对", cells=[1, 19])
    with pytest.raises(lifecycle.TransitionError, match="最多 1000 个字，现在有 1001 个"):
        lifecycle.return_for_correction(submission, by=world.zhao, comment="字" * 1001)
    assert unmoved(submission, "submitted", ["submitted"])


def decide_on(submission, decision, by, **more):
    if decision == "accept":
        lifecycle.accept(submission, by=by, **more)
    else:
        lifecycle.return_for_correction(submission, by=by, comment="请核对第1列", **more)


@pytest.mark.parametrize("late", ["accept", "return"])
@pytest.mark.parametrize(
    ("early", "sentence"),
    [
        ("accept", "该表已由赵六于1月26日 18:00通过，请刷新"),
        ("return", "该表已由赵六于1月26日 18:00退回，请刷新"),
    ],
)
def test_of_two_coordinators_the_second_is_told_who_decided_and_what(world, early, late, sentence):
    first = world.submitted()
    second = again(first)
    with at(DUE):
        decide_on(first, early, world.zhao)
    with pytest.raises(lifecycle.TransitionError, match=sentence):
        decide_on(second, late, world.qian)
    assert len(moves(first)) == 2


@pytest.mark.parametrize("decision", ["accept", "return"])
def test_a_report_withdrawn_a_second_ago_is_not_decided(world, decision):
    submission = world.submitted()
    page = again(submission)
    lifecycle.withdraw(submission, by=world.wang)
    with pytest.raises(lifecycle.TransitionError, match="该表已被撤回，请刷新"):
        decide_on(page, decision, world.zhao)
    # The view reads the report anew and hands on the receipt that was on the page.
    with pytest.raises(lifecycle.TransitionError, match="该表已被撤回，请刷新"):
        decide_on(again(submission), decision, world.zhao, seen=page.receipt)
    assert unmoved(submission, "draft", ["submitted", "withdrawn"])


@pytest.mark.parametrize("decision", ["accept", "return"])
@pytest.mark.parametrize(("figure", "what"), [("121", "有变化"), ("120", "未变")])
def test_a_report_sent_again_since_it_was_read_is_not_decided(world, decision, figure, what):
    submission = world.submitted()
    seen = submission.receipt
    lifecycle.withdraw(submission, by=world.wang)
    drafts.save_figures(submission, {1: figure}, seen=None, by=world.wang)
    with at(DUE):
        lifecycle.submit(submission, by=world.wang)
    with pytest.raises(
        lifecycle.TransitionError, match=f"该表已于1月26日 18:00重新上报，数据{what}，请刷新后再审核"
    ):
        decide_on(again(submission), decision, world.zhao, seen=seen)
    assert unmoved(submission, "submitted", ["submitted", "withdrawn", "submitted"])


@pytest.mark.parametrize("decision", ["accept", "return"])
@pytest.mark.parametrize(
    ("status", "sentence"),
    [("draft", "该表尚未上报"), ("accepted", "该表已被通过"), ("returned", "该表已被退回")],
)
def test_only_a_submitted_report_is_decided(world, decision, status, sentence):
    submission = world.draft(status=status)
    with pytest.raises(lifecycle.TransitionError, match=sentence):
        decide_on(submission, decision, world.zhao)
    assert unmoved(submission, status, [])


@pytest.mark.parametrize("part", ["figure", "sending"])
def test_who_filled_a_report_never_decides_on_it(world, part):
    both = make_user("both", unit=world.county, name="孙八")
    Membership.objects.create(user=both, unit=world.city.unit, role=COORDINATOR)
    submission = world.draft()
    if part == "figure":
        drafts.save_figures(submission, {2: "5"}, seen=None, by=both)
    lifecycle.submit(submission, by=world.wang if part == "figure" else both)
    for decision in ("accept", "return"):
        with pytest.raises(lifecycle.TransitionError, match="您填报过该表，不能由您审核"):
            decide_on(submission, decision, both)
    assert unmoved(submission, "submitted", ["submitted"])
    lifecycle.accept(submission, by=world.zhao)
    with pytest.raises(lifecycle.TransitionError, match="您填报过该表"):
        lifecycle.reopen(submission, by=both, comment="请核对第1列")
    assert unmoved(submission, "accepted", ["submitted", "accepted"])


# Reopening


def test_a_correction_after_acceptance_goes_through_reopening(world):
    submission = world.submitted()
    lifecycle.accept(submission, by=world.zhao)
    with pytest.raises(drafts.DraftError, match="该表已审核通过，不能修改"):
        drafts.save_figures(submission, {1: "130"}, seen=None, by=world.wang)
    lifecycle.reopen(submission, by=world.qian, comment="第1列漏报一个街道", cells=[1])
    stored = again(submission)
    assert (stored.status, stored.accepted_at) == ("returned", None)
    event = submission.events.last()
    assert (event.move, event.comment, event.cells) == ("reopened", "第1列漏报一个街道", [1])
    assert event.snapshot["figures"]["1"] == "120"
    drafts.save_figures(submission, {1: "130"}, seen=None, by=world.wang)
    lifecycle.submit(submission, by=world.wang)
    assert submission.figures.get(indicator__number=1).value == Decimal(130)
    assert moves(submission) == ["submitted", "accepted", "reopened", "submitted"]


@pytest.mark.parametrize("status", ["draft", "submitted", "returned"])
def test_only_an_accepted_report_is_reopened(world, status):
    submission = world.draft(status=status)
    with pytest.raises(lifecycle.TransitionError, match="已不是“已通过”状态"):
        lifecycle.reopen(submission, by=world.zhao, comment="请核对第1列")
    assert unmoved(submission, status, [])


def test_an_old_page_does_not_reopen_a_later_acceptance(world):
    submission = world.submitted()
    lifecycle.accept(submission, by=world.zhao)
    old_page = again(submission)
    lifecycle.reopen(submission, by=world.zhao, comment="请核对第1列")
    with pytest.raises(lifecycle.TransitionError, match="请刷新"):
        lifecycle.reopen(old_page, by=world.qian, comment="请核对第1列")
    lifecycle.submit(submission, by=world.wang)
    lifecycle.accept(submission, by=world.zhao)
    with pytest.raises(lifecycle.TransitionError, match="请刷新"):
        lifecycle.reopen(old_page, by=world.qian, comment="请核对第1列")
    assert again(submission).status == "accepted"


def test_every_move_has_a_name_for_the_trail(world):
    submission = world.submitted()
    lifecycle.withdraw(submission, by=world.wang)
    lifecycle.submit(submission, by=world.wang)
    lifecycle.return_for_correction(submission, by=world.zhao, comment="请核对第1列")
    lifecycle.submit(submission, by=world.wang)
    lifecycle.accept(submission, by=world.zhao)
    lifecycle.reopen(submission, by=world.zhao, comment="请核对第1列")
    named = [event.get_move_display() for event in submission.events.all()]
    assert named == ["上报", "撤回", "上报", "退回", "上报", "通过", "重新打开"]
    assert all(len(event.checksum) == 64 for event in SubmissionEvent.objects.all())
