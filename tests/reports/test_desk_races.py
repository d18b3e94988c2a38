"""Two coordinators at the same instant: publishing, reminding, asking, and stopping what is pending."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.completeness import reminders
from reports.lifecycle import TransitionError
from reports.models import Bulk, BulkItem, Edition, Notice, Question, Reminder, Submission, SubmissionEvent
from reports.publishing import editions
from reports.review import bulk, questions
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of
from tests.reports.racing import ROUNDS, again, at_once


class World:
    """A city over two counties, one with its report accepted; two coordinators at the city."""

    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign, indicators=1, annex="附件1")
        self.city = make_place(self.campaign, "320300", level="prefecture", reports=False)
        self.near, self.far = (
            make_place(self.campaign, code, parent=self.city) for code in ("320324", "320381")
        )
        self.clerk = make_user("clerk", unit=self.near)
        self.zhao, self.qian = (
            make_user(name, unit=self.city, role=Membership.Role.COORDINATOR) for name in ("zhao", "qian")
        )
        self.period = period_of(self.campaign, 1)
        make_submission(self.form, self.far, self.period, {1: 3})


@pytest.fixture
def world(database):
    return World()


def test_of_two_who_publish_at_once_one_is_told_that_it_is_done(world):
    def publish(by):
        return lambda: editions.publish(world.city, world.period, by=by)

    for _ in range(ROUNDS):
        Edition.objects.all().delete()
        outcomes = at_once(publish(world.zhao), publish(world.qian))
        [refused] = [one for one in outcomes if isinstance(one, Exception)]
        assert isinstance(refused, editions.EditionError)
        [edition] = Edition.objects.all()
        assert edition.issue == 1


def test_of_two_who_remind_at_once_one_reminds(world):
    now = timezone.now()

    def remind(by):
        return lambda: reminders.send(
            world.period, [world.near], reminders.DEFAULT_TEXT, by=by, now=timezone.now()
        )

    for _ in range(ROUNDS):
        Reminder.objects.all().delete()
        Notice.objects.all().delete()
        outcomes = at_once(remind(world.zhao), remind(world.qian))
        assert sorted(len(outcome.sent) for outcome in outcomes) == [0, 1]
        assert Reminder.objects.filter(at__gte=now).count() == 1
        assert Notice.objects.filter(recipient=world.clerk).count() == 1


def test_of_two_who_ask_about_one_anomaly_at_once_one_is_shown_the_thread_of_the_other(world):
    report = make_submission(world.form, world.near, world.period, {1: 9}, status="submitted")

    def ask(by):
        return lambda: questions.ask(again(report), by=by, text="请核对台账。", anomaly="fall:1:0")

    for _ in range(ROUNDS):
        Question.objects.all().delete()
        outcomes = at_once(ask(world.zhao), ask(world.qian))
        assert [type(one) for one in outcomes].count(questions.QuestionError) == 1
        assert Question.objects.count() == 1


@pytest.fixture
def pending(world):
    report = make_submission(world.form, world.near, world.period, {1: 9}, status="submitted", receipt="A-1")
    made = Bulk.objects.create(
        campaign=world.campaign, by=world.zhao, due_at=timezone.now() - timedelta(seconds=1)
    )
    BulkItem.objects.create(bulk=made, submission=report, receipt="A-1")
    return made


def anew(pending):
    Bulk.objects.filter(pk=pending.pk).update(done_at=None, stopped_at=None)
    BulkItem.objects.filter(bulk=pending).update(refusal="")
    Submission.objects.filter(receipt="A-1").update(status="submitted", accepted_at=None)
    SubmissionEvent.objects.all().delete()
    return Submission.objects.get(receipt="A-1")


def test_what_is_pending_is_stopped_or_done_never_both(world, pending):
    for _ in range(ROUNDS):
        report = anew(pending)
        stopped, _ = at_once(
            lambda: bulk.stop(Bulk.objects.get(pk=pending.pk)),
            lambda: bulk.finish(Bulk.objects.get(pk=pending.pk)),
        )
        was_stopped = not isinstance(stopped, TransitionError)
        assert again(report).status == ("submitted" if was_stopped else "accepted")


def test_what_is_due_is_done_once_though_the_timer_and_a_colleague_come_together(world, pending):
    for _ in range(ROUNDS):
        report = anew(pending)
        outcomes = at_once(
            lambda: bulk.finish(Bulk.objects.get(pk=pending.pk)), lambda: bulk.finish_due(world.campaign)
        )
        assert not [one for one in outcomes if isinstance(one, Exception)]
        assert report.events.filter(move="accepted").count() == 1
        assert pending.items.get().refusal == ""


def test_a_report_returned_while_it_is_accepted_with_others_is_left_out_and_named(world, pending):
    for _ in range(ROUNDS):
        report = anew(pending)
        _, returned = at_once(
            lambda: bulk.finish(Bulk.objects.get(pk=pending.pk)),
            lambda: lifecycle.return_for_correction(
                Submission.objects.get(receipt="A-1"), by=world.qian, comment="第1列有误"
            ),
        )
        was_returned = not isinstance(returned, TransitionError)
        assert again(report).status == ("returned" if was_returned else "accepted")
        assert ("退回" in pending.items.get().refusal) == was_returned
        assert report.events.count() == 1
