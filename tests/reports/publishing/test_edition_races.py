"""An edition and an acceptance at the same instant: what the edition has not read stands in a note beside it."""

import pytest

from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.models import Correction, Edition, Submission
from reports.publishing import editions
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of
from tests.reports.racing import ROUNDS, again, at_once


class World:
    """A city over two counties: one has 3 accepted, the 20 of the other wait."""

    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign, indicators=1)
        self.city = make_place(self.campaign, "320300", level="prefecture", reports=False)
        near, far = (make_place(self.campaign, code, parent=self.city) for code in ("320324", "320381"))
        coordinator = Membership.Role.COORDINATOR
        self.zhao = make_user("zhao", unit=self.city, role=coordinator, name="赵六")
        self.qian = make_user("qian", unit=self.city, role=coordinator, name="钱七")
        self.period = period_of(self.campaign, 1)
        make_submission(self.form, far, self.period, {1: 3})
        self.report = make_submission(self.form, near, self.period, {1: 20}, status="submitted")


@pytest.fixture
def world(database):
    return World()


@pytest.mark.parametrize("act", ["accept", "accept_many"])
def test_an_acceptance_is_in_the_edition_or_in_a_note_beside_it(world, act):
    def publish():
        editions.publish(world.city, world.period, by=world.zhao)

    def accept():
        report = again(world.report)
        if act == "accept":
            lifecycle.accept(report, by=world.qian)
        else:
            lifecycle.accept_many([report], by=world.qian)

    for _ in range(ROUNDS):
        Correction.objects.all().delete()
        Edition.objects.all().delete()
        Submission.objects.filter(pk=world.report.pk).update(status="submitted", accepted_at=None)
        outcomes = at_once(publish, accept)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        [edition] = Edition.objects.all()
        published = edition.content["forms"]["fu1"]["cumulative"]["total"]["1"]
        notes = [note.changes[0]["now"] for note in Correction.objects.all()]
        assert (published, notes) in [("23", []), ("3", ["23"])]
