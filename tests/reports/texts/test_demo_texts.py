"""The demonstration's texts: plausible, the same every time, of every state, with drawn pictures."""

from pathlib import Path

import pytest
from django.conf import settings

from chunfeng.accounts.models import Membership
from reports.demo import office, texts
from reports.models import Attachment, TextReport

FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "demo" / "texts.yaml"


@pytest.fixture
def people(world):
    memberships = Membership.objects.select_related("user")
    roles = {(row.unit_id, row.role): row.user for row in memberships}
    places = {place.pk: place for place in world.campaign.places.select_related("unit")}
    return office.People(roles, places)


def test_units_write_cases_of_every_period_some_adopted_some_repeated_and_the_same_every_time(world, people):
    told = texts.read_texts(FIXTURE)
    texts.write_texts(world.campaign, people, told, None)
    first = list(TextReport.objects.order_by("pk").values_list("title", "text", "status"))
    assert len(first) >= 2 * 2 * 3
    assert {"accepted", "submitted"} <= {status for *_, status in first}
    assert Attachment.objects.filter(content_type="image/jpeg", has_consent=True).count() == texts.PICTURES
    Attachment.objects.all().delete()
    TextReport.objects.all().delete()
    texts.write_texts(world.campaign, people, told, None)
    assert list(TextReport.objects.order_by("pk").values_list("title", "text", "status")) == first
