"""The history of master data: who changed what; the loader's bulk paths leave no rows."""

import pytest
from django.urls import reverse

from campaigns.definition import load, read
from campaigns.models import DayOff, Indicator, ReportingPeriod, ReportingUnit, Target, UnitPlace
from tests.campaigns.definitions import write_definition
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def system(client):
    user = make_user("system", name="陈立春", site_role="system")
    client.force_login(user)
    return user


def test_a_change_in_the_administration_names_its_author_and_both_values(client, system):
    unit = ReportingUnit.objects.create(code="a", name="旧名")
    client.post(reverse("admin:campaigns_reportingunit_change", args=[unit.pk]), {"name": "新名"})
    latest = unit.history.latest()
    assert (latest.name, latest.history_user, latest.history_type) == ("新名", system, "~")
    page = client.get(reverse("admin:campaigns_reportingunit_history", args=[unit.pk])).text
    assert "名称：旧名 → 新名" in page
    assert "陈立春（system）" in page


def test_the_auditor_reads_the_same_in_one_list(client, system):
    unit = ReportingUnit.objects.create(code="a", name="旧名")
    client.post(reverse("admin:campaigns_reportingunit_change", args=[unit.pk]), {"name": "新名"})
    client.force_login(make_user("audit", site_role="audit"))
    page = client.get("/admin/campaigns/historicalreportingunit/").text
    assert "名称：旧名 → 新名" in page
    assert "陈立春（system）" in page
    assert "服务器命令" in page
    assert "→" not in client.get("/admin/campaigns/historicalreportingunit/", {"kind": "+"}).text


def test_a_moved_due_time_asks_for_a_reason_and_is_in_both_logs(client, system):
    campaign = make_campaign()
    period = period_of(campaign, 1)
    address = reverse("admin:campaigns_reportingperiod_change", args=[period.pk])
    told = {"due_at_0": "2024-01-29", "due_at_1": "12:00", "reason": ""}
    assert "必填" in client.post(address, told).text
    assert client.post(address, told | {"reason": "节假日顺延", "ends_on": "2024-01-30"}).status_code == 302
    moved = ReportingPeriod.objects.get(pk=period.pk)
    assert f"{moved.due_at.astimezone(campaign.zone):%F %T}" == "2024-01-29 12:00:00"
    assert moved.ends_on == period.ends_on
    assert period.history.latest().history_user == system
    assert campaign.events.get().reason == "节假日顺延"


def test_a_due_time_that_the_rule_refuses_changes_nothing_and_says_why(client, system):
    period = period_of(make_campaign(), 1)
    address = reverse("admin:campaigns_reportingperiod_change", args=[period.pk])
    told = {"due_at_0": "2034-01-29", "due_at_1": "12:00", "reason": "笔误"}
    assert "请检查日期" in client.post(address, told, follow=True).text
    assert ReportingPeriod.objects.get(pk=period.pk).due_at == period.due_at


def test_a_target_is_changed_with_a_reason(client, system):
    campaign = make_campaign()
    form = make_form(campaign)
    target = Target.objects.create(
        campaign=campaign, position=1, indicator=form.columns[0], at_least=5, over="campaign"
    )
    address = reverse("admin:campaigns_target_change", args=[target.pk])
    client.post(address, {"at_least": "1000000.00", "say": "百万岗位", "reason": "省厅通知"})
    target.refresh_from_db()
    assert (target.at_least, target.say) == (1_000_000, "百万岗位")
    assert target.history.latest().history_user == system


def test_days_off_are_kept_and_their_deletion_is_in_the_history(client, system):
    told = {"day": "2024-02-10", "name": "春节"}
    client.post(reverse("admin:campaigns_dayoff_add"), told)
    day = DayOff.objects.get()
    client.post(reverse("admin:campaigns_dayoff_delete", args=[day.pk]), {"post": "yes"})
    assert not DayOff.objects.exists()
    assert [(row.history_type, row.history_user) for row in DayOff.history.all()] == [
        ("-", system),
        ("+", system),
    ]


def test_a_place_added_by_hand_is_one_row_of_the_history_with_its_path(client, system):
    campaign = make_campaign()
    make_place(campaign, "320000", level="province")
    told = {
        "campaign": campaign.pk,
        "code": "320300",
        "above": "320000",
        "name": "徐州市人社局",
        "short": "徐州市",
        "level": "prefecture",
        "reports": "on",
    }
    assert client.post(reverse("admin:campaigns_unitplace_add"), told).status_code == 302
    place = campaign.places.get(unit__code="320300")
    [kept] = place.history.all()
    assert (kept.history_type, kept.path, kept.history_user) == ("+", place.path, system)
    refused = client.post(reverse("admin:campaigns_unitplace_add"), told | {"code": "x", "above": "999"})
    assert "没有代码为 999 的单位" in refused.text
    assert not campaign.places.filter(unit__code="x").exists()


def test_a_place_is_corrected_by_hand_but_not_moved(client, system):
    campaign = make_campaign()
    place = make_place(campaign, "320000", level="province", name="旧名")
    told = {
        "name": "新名",
        "short": "新",
        "level": "province",
        "reports": "on",
        "parent": "",
        "closes": "2024-02-01",
    }
    client.post(reverse("admin:campaigns_unitplace_change", args=[place.pk]), told)
    place.refresh_from_db()
    assert (place.name, place.short, place.closes) == ("新名", "新", None)
    make_submission(make_form(campaign), place, period_of(campaign, 1), {1: 5})
    answer = client.post(
        reverse("admin:campaigns_unitplace_change", args=[place.pk]), told | {"reports": "", "name": "又名"}
    )
    assert "已有填报数据" in answer.text
    place.refresh_from_db()
    assert (place.name, place.reports) == ("新名", True)


def test_history_keeps_no_row_from_being_dropped_by_a_reload(tmp_path):
    """A reload deletes what the file no longer has: its history stays and stands in nobody's way."""
    campaign = load(read(write_definition(tmp_path))).campaign
    form = campaign.forms.first()
    extra = Indicator.objects.create(report_form=form, number=99, position=99, label="多余的一列")
    assert extra.history.count() == 1
    load(read(write_definition(tmp_path)), replace=True)
    assert not Indicator.objects.filter(pk=extra.pk).exists()
    assert Indicator.history.filter(id=extra.pk).latest().history_type == "-"


def test_the_loader_leaves_no_row_for_what_it_makes_in_bulk(tmp_path):
    load(read(write_definition(tmp_path)))
    assert UnitPlace.objects.exists()
    assert not UnitPlace.history.exists()
    assert not Indicator.history.exists()
