"""The demonstration's texts: plausible, the same every time, of every state, with drawn pictures."""

from pathlib import Path

import pytest
from django.conf import settings

from chunfeng.accounts.models import Membership
from reports.demo import office, telling, texts
from reports.models import Attachment, Contact, Notice, TextReport, UrgentMatter
from reports.texts import duties
from tests.factories import make_user

from .conftest import NOW

FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "demo" / "texts.yaml"


@pytest.fixture
def people(world):
    return people_of(world)


def people_of(world):
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


def test_units_name_contacts_before_the_day(world, people):
    duty = world.duty("contact", "联系人及联系方式", each="prefecture", due=NOW.date())
    telling.name_contacts(world.campaign, people, None)
    named = Contact.objects.filter(unit__in=(world.city.unit, world.other.unit))
    assert Contact.objects.exclude(saved_at__lt=duties.due_at(duty, None, world.campaign)).count() == 0
    assert named.count() in (2, 4)


def test_an_urgent_matter_has_been_seen_by_everybody(world):
    make_user("city", unit=world.city, role="coordinator")
    telling.report_urgently(world.campaign, people_of(world), NOW)
    matter = UrgentMatter.objects.get()
    assert [one.acknowledged_at is None for one in matter.sightings.all()] == [False, False]
    assert matter.notes.count() == 2
    assert not Notice.objects.unread().exists()
