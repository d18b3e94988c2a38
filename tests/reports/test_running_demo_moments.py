"""The running campaign of the demonstration, loaded at other moments than an ordinary Monday."""

from datetime import datetime, timedelta

import pytest
import time_machine

from chunfeng.accounts.models import User
from reports.permissions import reviewable
from tests.factories import SHANGHAI

from .running_demo import loaded, moments, reports

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 23, 10, 15, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 21, 0, 30, tzinfo=SHANGHAI),  # half an hour after the fifth period opened
        datetime(2025, 2, 5, 9, 0, tzinfo=SHANGHAI),  # the fourth is due today only
        datetime(2028, 2, 29, 9, 0, tzinfo=SHANGHAI),  # the server's own clock is years behind
    ],
)
def test_at_other_moments_the_periods_are_as_far_and_nothing_is_ahead(now):
    with time_machine.travel(MONDAY, tick=False), loaded(now) as campaign:
        for column, first, last in moments(campaign):
            assert first <= last <= now, column
        stands = {period.number: period for period in campaign.periods.all()}
        assert stands[5].starts_on <= now.date() <= stands[5].ends_on
        assert stands[5].starts_on == stands[4].ends_on + timedelta(days=1)
        for number in range(1, 5):
            assert reports(campaign, period__number=number, status="accepted").count() >= 0.9 * 216
        coordinator = User.objects.get(username="xuzhou-review")
        waiting = reports(campaign, period__number=5, status="submitted")
        assert len(reviewable(coordinator, waiting)) >= 5
