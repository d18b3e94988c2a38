"""Totals over periods say what the roll-up of each period says, in one statement however many there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import UnitPlace
from reports.rollup import roll_up
from reports.rollup.series import OWN, series
from reports.tasks import place_held
from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

from .test_rollup_properties import EXAMPLES, build, worlds


class SeriesProperties(TestCase):
    @settings(
        max_examples=max(EXAMPLES // 2, 20),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(worlds(), st.integers(0, 8), st.sampled_from(["accepted", "received"]))
    def test_each_period_of_a_series_is_its_roll_up(self, world, unit, basis):
        form, periods, units, _ = build(world)
        ids = {one.code: one.pk for one in units}
        for asked in (units[0], units[unit % len(units)]):
            found = series(form, asked, basis=basis)
            places = list(UnitPlace.objects.filter(unit=asked))
            for before, period in zip([None, *periods], periods, strict=False):
                if place_held(places, period.ends_on) is None:
                    continue
                now = roll_up(form, period, asked, basis=basis, measure="increment")
                assert {n: found.total(period, n) for n in found.numbers} == now.cumulative
                for row in now.rows:
                    child = OWN if row.own else ids[row.unit]
                    values = {n: found.of_child(child, period, n) for n in found.numbers}
                    assert values == row.cumulative, (period, row.unit)
                if before and place_held(places, before.ends_on) is None:
                    continue
                for number in found.numbers:
                    increment = found.increment(period, number)
                    # Where neither period has a total the roll-up reads on: was the cell ever reported?
                    assert increment == now.total[number] or (
                        increment is None and now.total[number] in (None, 0)
                    )


@pytest.mark.django_db
def test_a_series_takes_the_same_statements_for_three_periods_as_for_one():
    campaign = make_campaign()
    form = make_form(campaign)
    city = make_place(campaign, "city", reports=False)
    county = make_place(campaign, "county", parent=city)
    make_submission(form, county, period_of(campaign, 1), {1: 5})
    form.columns  # noqa: B018 (read once)
    counts = []
    for number in (1, 3):
        with CaptureQueriesContext(connection) as captured:
            found = series(form, city.unit, numbers=[1], until=period_of(campaign, number))
        counts.append(len(captured))
        assert found.total(period_of(campaign, number), 1) == 5
    assert counts[0] == counts[1]
