"""A sign-off and the moves of the reports below it at the same instant: never both, never a deadlock."""

import pytest

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.models import SignOff, Submission
from reports.publishing import sign_off
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)
from tests.reports.racing import ROUNDS, again, at_once

COORDINATOR = Membership.Role.COORDINATOR
LOCKED = "本期已由徐州市扎口上报，请先由上级重新打开"


class World:
    """A province over a city over two counties that have reported 20 and 3."""

    def __init__(self):
        self.campaign = make_campaign(sign_off_by="prefecture")
        self.form = make_form(self.campaign)
        self.province = make_place(self.campaign, "320000", level="province", reports=False)
        self.city = make_place(
            self.campaign, "320300", parent=self.province, level="prefecture", reports=False, name="徐州市"
        )
        self.near = make_place(self.campaign, "320324", parent=self.city, name="睢宁县")
        self.far = make_place(self.campaign, "320381", parent=self.city)
        self.clerk = make_user("clerk", unit=self.near)
        self.zhao = make_user("zhao", unit=self.city, role=COORDINATOR, name="赵六")
        self.qian = make_user("qian", unit=self.city, role=COORDINATOR, name="钱七")
        self.sun = make_user("sun", unit=self.province, role=COORDINATOR, name="孙八")
        self.li = make_user("li", unit=self.province, role=COORDINATOR, name="李九")
        self.period = period_of(self.campaign, 1)
        self.report = make_submission(self.form, self.near, self.period, {1: 20}, status="submitted")
        make_submission(self.form, self.far, self.period, {1: 3})

    def signing(self, *, by=None, missing=()):
        """A click on what the page shows now."""
        seen = sign_off.consolidated(self.city, self.period).checksum
        return lambda: sign_off.sign(
            self.city.unit, self.period, by=by or self.zhao, missing=missing, seen=seen
        )

    def start_again(self, status):
        Submission.objects.filter(pk=self.report.pk).update(status=status)
        SignOff.objects.update(status=SignOff.Status.REOPENED)


@pytest.fixture
def world(database):
    return World()


MOVES = {
    "accept": ("submitted", lambda world, report: lifecycle.accept(report, by=world.qian)),
    "accept many": ("submitted", lambda _, report: lifecycle.accept_many([report], by=None)),
    "return": (
        "submitted",
        lambda world, report: lifecycle.return_for_correction(report, by=world.qian, comment="请核对第1列"),
    ),
    "withdraw": ("submitted", lambda world, report: lifecycle.withdraw(report, by=world.clerk)),
    "reopen": (
        "accepted",
        lambda world, report: lifecycle.reopen(report, by=world.qian, comment="请核对第1列"),
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_report_is_moved_or_the_city_signs_never_both(world, move):
    status, act = MOVES[move]
    for number in range(ROUNDS):
        world.start_again(status)
        report, click = again(world.report), world.signing()
        acts = [click, lambda report=report: act(world, report)]
        # Whoever starts first has an edge: let each have it in turn.
        outcomes = at_once(*acts) if number % 2 else at_once(*reversed(acts))[::-1]
        signed, moved = outcomes
        if isinstance(signed, SignOff):
            assert LOCKED in str(moved)
            assert again(world.report).status == status
            assert SignOff.objects.get().is_locking
        else:
            assert isinstance(signed, lifecycle.TransitionError), signed
            assert moved is None
            assert again(world.report).status != status
            assert not SignOff.objects.locking().exists()


def test_a_late_county_submits_whether_or_not_the_city_signs_at_that_moment(world):
    for _ in range(ROUNDS):
        world.start_again("draft")
        report, click = again(world.report), world.signing(missing=["320324"])
        signed, sent = at_once(click, lambda report=report: lifecycle.submit(report, by=world.clerk))
        assert sent is None
        if isinstance(signed, SignOff):
            assert signed.missing == [{"unit": "320324", "name": "睢宁县", "forms": ["fu1"]}]
        else:
            assert "睢宁县已不是未报单位" in str(signed)


def test_of_two_coordinators_who_sign_at_once_one_signs(world):
    for number in range(1, ROUNDS + 1):
        SignOff.objects.update(status=SignOff.Status.REOPENED)
        outcomes = at_once(world.signing(by=world.zhao), world.signing(by=world.qian))
        [signed] = [outcome for outcome in outcomes if isinstance(outcome, SignOff)]
        [refused] = [outcome for outcome in outcomes if outcome is not signed]
        assert isinstance(refused, lifecycle.TransitionError)
        assert "无需重复扎口" in str(refused)
        assert signed.receipt == f"SPRING-01-320300-{number}"
        assert SignOff.objects.get().events.count() == number


def test_a_sign_off_is_accepted_or_reopened_by_two_people_at_once_in_one_order(world):
    for _ in range(ROUNDS):
        SignOff.objects.update(status=SignOff.Status.REOPENED)
        world.signing()()
        pages = [SignOff.objects.get(), SignOff.objects.get()]
        accepted, reopened = at_once(
            lambda page=pages[0]: sign_off.accept_sign_off(page, by=world.sun),
            lambda page=pages[1]: sign_off.reopen_sign_off(page, by=world.li, comment="请核对"),
        )
        # Accepted and then reopened is a history; reopened and then accepted is none.
        assert reopened is None
        assert SignOff.objects.get().status == "reopened"
        if accepted is not None:
            assert "已由李九于" in str(accepted)
        moves = [event.move for event in SignOff.objects.get().events.all()]
        assert moves[-2:] == (["accepted", "reopened"] if accepted is None else ["signed", "reopened"])
