"""急报: told to everyone above at once, on top of their pages until acknowledged, with a log of who saw it when."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse

from chunfeng.accounts.models import Membership
from reports import notifications
from reports.models import Notice, UrgentMatter
from reports.texts import urgent
from tests.factories import make_user

from .conftest import NOW

TEXT = "2月2日9时，招聘会现场人员过多，已分流，无人受伤。"


@pytest.fixture
def people(world):
    """Coordinators of the city, the province, another city; a viewer and a disabled coordinator of the province."""
    return {
        "city": make_user("city", unit=world.city, role="coordinator", name="赵六"),
        "other": make_user("other", unit=world.other, role="coordinator", name="吴十"),
        "viewer": make_user("viewer", unit=world.province, role="viewer"),
        "gone": make_user("gone", unit=world.province, role="coordinator", is_active=False),
        "county": make_user("county", unit=world.county, name="郑一"),
    }


@pytest.fixture
def matter(world, people):
    return urgent.report(world.county, kind="incident", title="现场人员过多", text=TEXT, by=people["county"])


def detail(matter):
    return reverse("reports:urgent-detail", args=[matter.pk])


def test_the_coordinators_of_every_level_above_are_told_and_nobody_else(world, people, matter):
    told = {sighting.user: sighting.unit.code for sighting in matter.sightings.all()}
    assert told == {people["city"]: "320300", world.sun: "320000"}
    assert set(Notice.objects.values_list("recipient", "kind")) == {
        (people["city"].pk, "urgent"),
        (world.sun.pk, "urgent"),
    }


def test_an_email_leaves_at_once(world, people, django_capture_on_commit_callbacks):
    world.sun.email = "sun@example.com"
    world.sun.save()
    with django_capture_on_commit_callbacks(execute=True):
        urgent.report(world.county, kind="major", title="欠薪聚集", text=TEXT, by=people["county"])
    notifications.wait_for_mail()
    [message] = mail.outbox
    assert message.to == ["sun@example.com"]
    assert "重大情况" in message.subject


def test_it_stands_on_top_of_every_page_until_acknowledged(world, client, matter):
    client.force_login(world.sun)
    about = reverse("reports:campaign-about", args=["spring"])
    banner = f'<a href="{detail(matter)}">新沂市：现场人员过多</a>'
    assert banner in client.get(about).text
    client.post(reverse("reports:urgent-acknowledge", args=[matter.pk]))
    assert banner not in client.get(about).text


def test_the_log_tells_who_opened_and_who_acknowledged_when(world, people, client, matter):
    client.force_login(world.sun)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        client.get(detail(matter))
    with time_machine.travel(NOW + timedelta(minutes=9), tick=False):
        client.post(reverse("reports:urgent-acknowledge", args=[matter.pk]))
        client.post(reverse("reports:urgent-acknowledge", args=[matter.pk]))
    sighting = matter.sightings.get(user=world.sun)
    assert sighting.seen_at == NOW + timedelta(minutes=5)
    assert sighting.acknowledged_at == NOW + timedelta(minutes=9)
    assert matter.sightings.get(user=people["city"]).seen_at is None


def test_a_reporter_reports_from_the_red_button(world, people, client):
    client.force_login(people["county"])
    page = client.get(reverse("reports:task-list", args=["spring"])).text
    create = reverse("reports:urgent-create", args=["spring"])
    assert f'class="bar-urgent" href="{create}"' in page
    typed = {"place": "320381", "kind": "opinion", "title": "网上有不实招聘信息", "text": TEXT}
    response = client.post(create, typed, follow=True)
    assert "2 名审核员会立即看到" in response.text
    client.post(create, typed)  # a second click
    assert UrgentMatter.objects.count() == 1
    assert Notice.objects.count() == 2
    assert UrgentMatter.objects.get().author == people["county"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"kind": ""}, "请选择类别"),
        ({"kind": "gossip"}, "没有“gossip”这一类"),
        ({"title": ""}, "请填写标题"),
        ({"text": "出事了"}, "不少于 10 字"),
        ({"place": "320300"}, "320300"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(world, people, client, typed, says):
    client.force_login(people["county"])
    whole = {"place": "320381", "kind": "major", "title": "欠薪聚集", "text": TEXT}
    response = client.post(reverse("reports:urgent-create", args=["spring"]), whole | typed)
    assert response.status_code == 400
    assert says in response.text
    assert not UrgentMatter.objects.exists()


def test_a_closed_campaign_still_takes_what_cannot_wait(world, people):
    world.campaign.closed_at = NOW
    world.campaign.save()
    assert urgent.report(world.county, kind="major", title="欠薪聚集", text=TEXT, by=people["county"]).pk


def test_a_note_reaches_everyone_concerned_but_its_author(world, people, matter):
    Notice.objects.all().delete()
    urgent.add_note(matter, text="请每小时续报一次", by=world.sun)
    assert set(Notice.objects.values_list("recipient", flat=True)) == {people["city"].pk, people["county"].pk}


def test_where_nobody_can_be_told_the_page_says_to_call(world, people, client):
    Membership.objects.filter(role="coordinator").delete()
    client.force_login(people["county"])
    typed = {"place": "320381", "kind": "opinion", "title": "网上有不实招聘信息", "text": TEXT}
    response = client.post(reverse("reports:urgent-create", args=["spring"]), typed, follow=True)
    assert "没有审核员可以通知，请打电话报告" in response.text


def test_a_note_sent_twice_is_one(world, people, matter):
    for _ in range(2):
        urgent.add_note(matter, text="已疏散", by=people["county"])
    assert matter.notes.count() == 1


def test_other_cities_do_not_see_it(people, client, matter):
    client.force_login(people["other"])
    assert client.get(detail(matter)).status_code == 404


def test_a_viewer_reads_but_does_not_acknowledge(people, client, matter):
    client.force_login(people["viewer"])
    assert client.get(detail(matter)).status_code == 200
    assert client.post(reverse("reports:urgent-acknowledge", args=[matter.pk])).status_code == 403


def test_the_list_says_how_many_have_acknowledged_the_latest_first(world, people, client, matter):
    urgent.acknowledge(matter, by=world.sun)
    later = urgent.report(world.county, kind="major", title="欠薪聚集", text=TEXT, by=people["county"])
    client.force_login(world.sun)
    page = client.get(reverse("reports:urgent-list", args=["spring"]))
    assert [(row.pk, row.acknowledged, row.told) for row in page.context["page"]] == [
        (later.pk, 0, 2),
        (matter.pk, 1, 2),
    ]
