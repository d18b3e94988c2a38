"""Whatever is accepted, corrected or moved after publication: what an edition and its notes say is what is true now."""

from contextlib import suppress
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import UnitPlace
from campaigns.places import move_unit
from reports import lifecycle
from reports.models import Edition, Figure, Submission
from reports.publishing import editions
from reports.rollup import held_or_latest, roll_up
from tests.factories import make_campaign, make_form, make_province, make_submission

PERIODS = 4
UNITS = 3

reports = st.tuples(
    st.just("report"),
    st.integers(0, UNITS - 1),
    st.integers(0, PERIODS - 1),
    st.one_of(st.none(), st.integers(0, 9)),
)
published = st.tuples(st.just("publish"), st.integers(0, 2), st.integers(0, PERIODS - 1))
moves = st.tuples(st.just("move"), st.integers(0, UNITS - 1), st.integers(1, PERIODS - 1))
histories = st.lists(st.one_of(reports, reports, published, moves), min_size=4, max_size=14)


class World:
    """A province over two cities, one with two counties, one with one, over four weeks that are past."""

    def __init__(self):
        ends = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(PERIODS)]
        self.campaign = make_campaign(period_ends=ends)
        self.form = make_form(self.campaign, indicators=1, layout="rows", annex="附件1")
        self.province, self.cities, counties = make_province(self.campaign, "东区", "西区")
        self.units = [place.unit for place in counties[:UNITS]]
        self.periods = list(self.campaign.periods.all())

    def report(self, unit, number, value):
        """Accept a report, or send back the one there is and accept it with another figure."""
        period = self.periods[number]
        found = Submission.objects.filter(unit=self.units[unit], period=period).first()
        if found is None:
            found = make_submission(self.form, self.units[unit], period, {1: value}, status="submitted")
        else:
            lifecycle.reopen(found, by=None, comment="台账有误，请更正")
            Figure.objects.filter(submission=found).update(value=value)
            Submission.objects.filter(pk=found.pk).update(status="submitted")
            found.refresh_from_db()
        lifecycle.accept(found, by=None)

    def publish(self, which, number):
        unit, period = (self.province, *self.cities)[which].unit, self.periods[number]
        place = held_or_latest(list(UnitPlace.objects.filter(unit=unit)), period.ends_on)
        # Refused where there is nothing to publish, or nothing new.
        with suppress(editions.EditionError):
            editions.publish(place, period, by=None, reason="再版")

    def move(self, unit, number):
        """Move a county to the other city from a period on: of those that nobody has published."""
        on = self.periods[number].starts_on
        place = UnitPlace.objects.filter(unit=self.units[unit]).latest_first().first()
        if Edition.objects.filter(period__ends_on__gte=on).exists() or (place.opens and place.opens >= on):
            return
        [other] = [city for city in self.cities if city.pk != place.parent_id]
        move_unit(place, other, on)


class NotesTellTheTruth(TestCase):
    @settings(max_examples=30)
    @given(history=histories)
    def test_an_edition_with_its_notes_is_what_is_true_now(self, history):
        world = World()
        for name, *arguments in history:
            getattr(world, name)(*arguments)
        for edition in Edition.objects.all():
            kept = edition.content["forms"]["fu1"]
            said = {measure: kept[measure]["total"]["1"] for measure in ("cumulative", "increment")}
            for note in edition.corrections.order_by("pk"):
                for change in note.changes:
                    assert said[change["measure"]] == change["was"]
                    said[change["measure"]] = change["now"]
            now = roll_up(world.form, edition.period, edition.unit, measure="increment")
            true = {"cumulative": now.cumulative[1], "increment": now.total[1]}
            assert said == {key: None if value is None else str(value) for key, value in true.items()}
