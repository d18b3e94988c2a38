"""Two people at the same instant, on real connections: threads, on a file where the database is SQLite."""

from decimal import Decimal

import pytest

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.entry import drafts
from reports.models import Figure, FigureChange, Submission, SubmissionEvent
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)
from tests.reports.racing import ROUNDS, again, at_once


class World:
    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign)
        self.city = make_place(self.campaign, "320300")
        self.county = make_place(self.campaign, "320381", parent=self.city)
        self.wang = make_user("wang", unit=self.county, name="王五")
        self.li = make_user("li", unit=self.county, name="李四")
        coordinator = Membership.Role.COORDINATOR
        self.zhao = make_user("zhao", unit=self.city, role=coordinator, name="赵六")
        self.qian = make_user("qian", unit=self.city, role=coordinator, name="钱七")
        self.period = period_of(self.campaign, 1)

    def draft(self, figures=None):
        return make_submission(self.form, self.county, self.period, figures, status="draft")


@pytest.fixture
def world(database):
    return World()


def moves(submission):
    return list(SubmissionEvent.objects.filter(submission=submission).values_list("move", flat=True))


def test_two_clerks_who_open_a_form_at_once_share_one_report(world):
    for number in (1, 2, 3):
        period = period_of(world.campaign, number)

        def open_it(period=period):
            return drafts.open_draft(world.form, world.county.unit, period).pk

        outcomes = at_once(open_it, open_it, open_it)
        assert outcomes == [Submission.objects.get(period=period).pk] * 3


def test_two_clerks_who_save_one_cell_at_once_never_overwrite_each_other(world):
    submission = world.draft()
    shown = ""
    for number in range(ROUNDS):
        yours, theirs = str(10 + number), str(50 + number)

        def save(text, by, shown=shown):
            return drafts.save_figures(again(submission), {1: text}, seen={1: shown}, by=by)

        first, second = at_once(lambda t=yours: save(t, world.wang), lambda t=theirs: save(t, world.li))
        # One was stored; the other was told, with the figure that stands.
        assert sorted([len(first.changed), len(second.changed)]) == [0, 1]
        loser = first if first.conflicts else second
        figure = Figure.objects.get(submission=submission, indicator__number=1).value
        [conflict] = loser.conflicts
        assert conflict.theirs == figure != Decimal(conflict.yours)
        assert FigureChange.objects.count() == number + 1
        shown = str(int(figure))


def test_two_clerks_who_save_different_cells_at_once_both_succeed(world):
    submission = world.draft()
    for number in range(ROUNDS):
        seen = {1: str(number) if number else "", 2: str(number) if number else ""}
        typed = str(number + 1)
        outcomes = at_once(
            lambda s=seen, t=typed: drafts.save_figures(
                again(submission), {1: t, 2: s[2]}, seen=s, by=world.wang
            ),
            lambda s=seen, t=typed: drafts.save_figures(
                again(submission), {1: s[1], 2: t}, seen=s, by=world.li
            ),
        )
        assert [(saved.changed, saved.conflicts) for saved in outcomes] == [((1,), ()), ((2,), ())]
        assert drafts.figures_of(submission) == {1: Decimal(typed), 2: Decimal(typed)}


def test_a_double_click_gives_one_submission_and_one_receipt(world):
    submission = world.draft({1: 5})
    for number in range(1, ROUNDS + 1):

        def click():
            clicked = again(submission)
            lifecycle.submit(clicked, by=world.wang)
            return clicked.receipt

        first, second = sorted(at_once(click, click), key=lambda outcome: isinstance(outcome, Exception))
        assert first == f"SPRING-FU1-01-320381-{number}"
        assert isinstance(second, lifecycle.AlreadySubmitted)
        assert second.submission.receipt == first
        lifecycle.withdraw(again(submission), by=world.wang)
    assert moves(submission) == ["submitted", "withdrawn"] * ROUNDS


def decided_once(world, submission, *acts):
    """Let the acts race; say which move won, after checking that the others were told so in a sentence."""
    before = len(moves(submission))
    outcomes = at_once(*acts)
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == len(acts) - 1
    assert all(isinstance(outcome, lifecycle.TransitionError) for outcome in refused), refused
    assert all(
        "请刷新" in str(outcome) or "不能撤回" in str(outcome) or "无需撤回" in str(outcome)
        for outcome in refused
    )
    assert len(moves(submission)) == before + 1
    return moves(submission)[-1]


def test_of_two_coordinators_who_decide_at_once_one_wins_and_the_other_is_told(world):
    submission = world.draft({1: 5})
    for _ in range(ROUNDS):
        lifecycle.submit(submission, by=world.wang)
        page_of_zhao, page_of_qian = again(submission), again(submission)
        won = decided_once(
            world,
            submission,
            lambda page=page_of_zhao: lifecycle.accept(page, by=world.zhao),
            lambda page=page_of_qian: lifecycle.return_for_correction(
                page, by=world.qian, comment="第1列请核对"
            ),
        )
        assert again(submission).status == won
        if won == "accepted":
            lifecycle.reopen(again(submission), by=world.zhao, comment="第1列请核对")


def test_a_report_is_either_withdrawn_or_decided(world):
    submission = world.draft({1: 5})
    for _ in range(ROUNDS):
        lifecycle.submit(submission, by=world.wang)
        page, page_of_clerk = again(submission), again(submission)
        won = decided_once(
            world,
            submission,
            lambda page=page: lifecycle.return_for_correction(page, by=world.zhao, comment="第1列请核对"),
            lambda page=page_of_clerk: lifecycle.withdraw(page, by=world.wang),
        )
        assert again(submission).status == {"returned": "returned", "withdrawn": "draft"}[won]


def test_a_save_is_either_in_the_report_that_is_sent_or_refused(world):
    submission = world.draft({1: 5})
    for number in range(ROUNDS):
        figure = str(10 + number)
        page, page_of_colleague = again(submission), again(submission)
        sent, saved = at_once(
            lambda page=page: lifecycle.submit(page, by=world.wang),
            lambda page=page_of_colleague, text=figure: drafts.save_figures(
                page, {1: text}, seen=None, by=world.li
            ),
        )
        assert sent is None
        [event] = SubmissionEvent.objects.filter(receipt=page.receipt)
        is_in_it = event.snapshot["figures"]["1"] == figure
        assert is_in_it is (not isinstance(saved, drafts.DraftError))
        assert event.checksum == lifecycle.checksum(again(submission))
        lifecycle.return_for_correction(again(submission), by=world.zhao, comment="第1列请核对")
