"""Which of a unit's places counts on a day is said of places that were read, in the ORM and in the roll-up's SQL: alike."""

from datetime import date, timedelta
from types import SimpleNamespace

from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import UnitPlace
from reports.rollup.places import counts, none_later
from reports.tasks import place_held
from tests.factories import make_campaign, make_place

FIRST = date(2024, 1, 1)
days = st.one_of(st.none(), st.integers(0, 12).map(lambda day: FIRST + timedelta(days=day)))
dates = st.lists(
    st.tuples(days, days, st.sampled_from(("stop", "keep"))).filter(
        lambda one: None in one[:2] or one[0] <= one[1]
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one[0],
)


class PlacesAgree(TestCase):
    @settings(max_examples=60)
    @given(drawn=dates, day=st.integers(-1, 13))
    def test_python_the_orm_and_the_statement_name_the_same_place(self, drawn, day):
        campaign = make_campaign()
        places = [
            make_place(
                campaign, "320381", opens=opens, closes=closes, after_close=after_close if closes else ""
            )
            for opens, closes, after_close in drawn
        ]
        period = SimpleNamespace(campaign=campaign, ends_on=FIRST + timedelta(days=day))
        held = place_held(places, period.ends_on)
        expected = [] if held is None else [held.pk]
        mine = UnitPlace.objects.filter(campaign=campaign)
        assert list(mine.held_in(period).values_list("pk", flat=True)) == expected
        assert set(mine.counted_in(period)) == {place for place in places if place.counts(period.ends_on)}
        assert list(mine.open_in(period)) == ([held] if held and held.is_open(period.ends_on) else [])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT place.id FROM campaigns_unitplace place WHERE place.campaign_id = %(campaign)s"  # noqa: S608
                f" AND {counts('place', '%(end)s')} AND {none_later('%(end)s')}",
                {"campaign": campaign.pk, "end": connection.ops.adapt_datefield_value(period.ends_on)},
            )
            assert [pk for (pk,) in cursor.fetchall()] == expected
