"""A unit's own summary: drafted from its accepted figures alone, and never over what is written."""

import pytest
from django.urls import reverse

from campaigns.models import Indicator, TextDuty
from reports.models import Figure, TextReport
from reports.texts import lifecycle
from tests.factories import make_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def text(world):
    """The summary of 甲市东区, empty; a report that waits is no part of it."""
    duty = TextDuty.objects.create(campaign=world.campaign, position=2, kind="summary", each="reporter")
    third = world.campaign.periods.get(number=3)
    make_submission(world.form, world.counties[0], third, {1: 99}, status="submitted")
    return lifecycle.begin(world.campaign, duty, world.counties[0].unit, None, by=world.clerk)


def test_it_says_what_stands_to_date_and_which_period_added_most(client, world, text):
    client.force_login(world.clerk)
    page = client.get(reverse("reports:text-edit", args=[text.pk]))
    assert reverse("reports:text-draft", args=[text.pk]) in page.text
    client.post(reverse("reports:text-draft", args=[text.pk]), {"seen": text.version})
    text.refresh_from_db()
    assert text.text.split("\n") == [
        "截至2月2日，累计举办招聘活动15场次，筹集岗位1,500个，使用资金3.00万元。",
        "其中举办招聘活动以第1期（截至1月26日）新增最多，为10场次。",
    ]
    page = client.get(reverse("reports:text-edit", args=[text.pk]))
    assert reverse("reports:text-draft", args=[text.pk]) not in page.text


def test_a_flow_is_added_up_and_a_stock_is_not_called_cumulative(client, world, text):
    flow, stock = world.form.columns[0], world.form.columns[1]
    Indicator.objects.filter(pk=flow.pk).update(nature="flow")
    Indicator.objects.filter(pk=stock.pk).update(nature="stock")
    client.force_login(world.clerk)
    client.post(reverse("reports:text-draft", args=[text.pk]), {"seen": text.version})
    text.refresh_from_db()
    assert text.text.split("\n") == [
        "截至2月2日，累计举办招聘活动25场次，使用资金3.00万元。",
        "截至2月2日，现有筹集岗位1,500个。",
        "其中举办招聘活动以第2期（截至2月2日）新增最多，为15场次。",
    ]


def test_what_was_not_done_is_not_told(client, world, text):
    second = world.campaign.periods.get(number=2)
    Figure.objects.filter(submission__unit=text.unit, submission__period=second, indicator__number=2).update(
        value=0
    )
    client.force_login(world.clerk)
    client.post(reverse("reports:text-draft", args=[text.pk]), {"seen": text.version})
    text.refresh_from_db()
    assert text.text.startswith("截至2月2日，累计举办招聘活动15场次，使用资金3.00万元。")


def test_what_is_written_is_never_written_over(client, world, text):
    TextReport.objects.filter(pk=text.pk).update(text="自己写的总结")
    client.force_login(world.clerk)
    client.post(reverse("reports:text-draft", args=[text.pk]), {"seen": text.version})
    text.refresh_from_db()
    assert text.text == "自己写的总结"
