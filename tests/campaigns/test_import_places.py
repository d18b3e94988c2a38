"""The pages that take units and places in: scoped to the campaigns of the user."""

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from campaigns.models import Campaign, ReportingUnit, UnitPlace
from campaigns.registry import COLUMNS
from campaigns.tables import read_table, write_excel
from tests.factories import make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db
FULL = list(COLUMNS)


@pytest.fixture
def campaign():
    campaign = make_campaign(title="自己的活动")
    make_place(campaign, "320000", level="province", reports=False)
    return campaign


@pytest.fixture
def other():
    other = make_campaign("other", title="别处的活动")
    make_place(other, "510000", level="province", reports=False)
    return other


@pytest.fixture
def system(client):
    user = make_user("system", site_role="system")
    client.force_login(user)
    return user


@pytest.fixture
def leader(client, campaign):
    user = make_user("leader", unit=campaign.places.get(), role="coordinator")
    client.force_login(user)
    return user


def county(code="320381", parent="320000", name="新沂市人社局"):
    return [code, name, "", "县（市、区）", parent, "", "是", "", "", ""]


def upload(client, rows, columns=FULL, model="unitplace", **more):
    file = SimpleUploadedFile("units.xlsx", write_excel(columns, rows))
    told = {"import_file": file, "format": "0", "resource": "0", **more}
    return client.post(f"/admin/campaigns/{model}/import/", told)


def confirm(client, preview, model="unitplace", **more):
    told = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', preview.text)) | more
    return client.post(f"/admin/campaigns/{model}/process_import/", told, follow=True)


def test_places_are_previewed_and_taken_into_the_campaign_that_was_chosen(client, system, campaign, other):
    preview = upload(client, [county(), county("320382", name="邳州市人社局")], campaign=campaign.pk)
    assert preview.text.count("新增") == 2
    assert campaign.places.count() == 1
    assert "新增 2 项" in confirm(client, preview).text
    assert sorted(campaign.places.values_list("unit__code", flat=True)) == ["320000", "320381", "320382"]
    assert other.places.count() == 1
    assert {row.history_user for row in UnitPlace.history.filter(name="新沂市人社局")} == {system}


def test_a_correction_shows_old_and_new_in_the_preview(client, system, campaign):
    make_place(campaign, "320381", parent=campaign.places.get(), name="旧名")
    preview = upload(client, [county()], campaign=campaign.pk)
    assert "<del>旧名</del> <ins>新沂市人社局</ins>" in preview.text
    assert "style=" not in preview.text
    assert "更新 1 项" in confirm(client, preview).text
    assert UnitPlace.objects.get(unit__code="320381").name == "新沂市人社局"


def test_a_bad_row_stops_the_table(client, system, campaign):
    preview = upload(client, [county(), county("320382", parent="999")], campaign=campaign.pk)
    assert "“上级代码”：没有代码为 999 的单位" in preview.text
    assert '<th scope="row">3</th>' in preview.text
    assert campaign.places.count() == 1


def test_the_table_needs_a_campaign(client, system, campaign):
    assert "这个字段是必填项" in upload(client, [county()]).text


def test_a_leader_is_offered_and_allowed_the_own_campaign_alone(client, leader, campaign, other):
    page = client.get("/admin/campaigns/unitplace/import/").text
    assert "自己的活动" in page
    assert "别处的活动" not in page
    assert "选择一个有效的选项" in upload(client, [county()], campaign=other.pk).text
    preview = upload(client, [county()], campaign=campaign.pk)
    # The confirmation names another campaign than the preview.
    confirm(client, preview, campaign=other.pk)
    assert not UnitPlace.objects.filter(unit__code="320381").exists()
    confirm(client, preview)
    assert UnitPlace.objects.get(unit__code="320381").campaign == campaign


def test_a_leader_takes_no_office_of_another_campaign(client, leader, campaign, other):
    assert "已是其他活动的单位" in upload(client, [county("510000")], campaign=campaign.pk).text
    told = {
        "campaign": campaign.pk,
        "code": "510000",
        "above": "320000",
        "name": "x",
        "short": "x",
        "level": "county",
    }
    assert "已是其他活动的单位" in client.post("/admin/campaigns/unitplace/add/", told).text
    assert other.places.get().unit.places.count() == 1


def test_a_closed_campaign_gets_no_place_by_table_or_by_hand(client, system, campaign):
    preview = upload(client, [county()], campaign=campaign.pk)
    Campaign.objects.update(closed_at=timezone.now())
    assert "预览之后数据有了变化" in confirm(client, preview).text
    assert "活动已关闭，单位不再变动" in upload(client, [county()], campaign=campaign.pk).text
    told = {
        "campaign": campaign.pk,
        "code": "x",
        "above": "320000",
        "name": "x",
        "short": "x",
        "level": "county",
    }
    assert "活动已关闭，单位不再变动" in client.post("/admin/campaigns/unitplace/add/", told).text
    assert campaign.places.count() == 1


def test_an_earlier_place_is_corrected_by_hand_and_the_present_one_stays(client, system, campaign):
    root = campaign.places.get()
    first = make_place(campaign, "320381", parent=root, name="误名", closes=date(2024, 1, 31))
    later = make_place(campaign, "320381", parent=root, name="今名", opens=date(2024, 2, 1))
    told = {"name": "原名", "short": "原名", "level": "county", "line": "", "reports": "on"}
    client.post(f"/admin/campaigns/unitplace/{first.pk}/change/", told)
    first.refresh_from_db()
    later.refresh_from_db()
    assert (first.name, later.name) == ("原名", "今名")


def test_what_was_exported_can_be_uploaded_again_unchanged(client, system, campaign):
    make_place(campaign, "320381", parent=campaign.places.get(), name="新沂市人社局", line="hr")
    exported = client.post("/admin/campaigns/unitplace/export/", {"format": "0", "resource": "0"}).content
    dataset = read_table(exported)
    assert dataset.headers[1:] == FULL
    assert dataset[1][1:8] == ("320381", "新沂市人社局", "新沂市人社局", "县（市、区）", "320000", "hr", "是")
    before = list(UnitPlace.objects.values())
    preview = upload(client, [row[1:] for row in dataset], campaign=campaign.pk)
    assert "<del>" not in preview.text
    confirm(client, preview)
    assert list(UnitPlace.objects.values()) == before


def test_a_leader_exports_the_own_campaign_alone(client, leader, campaign, other):
    for model in ("unitplace", "reportingunit"):
        told = {"format": "1", "resource": "0"}
        exported = client.post(f"/admin/campaigns/{model}/export/", told).content.decode()
        assert "320000" in exported
        assert "510000" not in exported


def test_offices_are_made_and_renamed_by_code(client, system, campaign):
    rows = [["320000", "江苏省人社厅"], ["330000", "浙江省人社厅"]]
    preview = upload(client, rows, ["代码", "名称"], "reportingunit")
    assert "新增 1 项，更新 1 项" in confirm(client, preview, "reportingunit").text
    assert dict(ReportingUnit.objects.values_list("code", "name")) == dict(rows)


def test_mistakes_in_a_table_of_offices_are_named(client, system):
    rows = [["", "甲"], ["a b", "乙"], ["c", ""], ["d", "丁"], ["d", "丁"], ["e", "戊" * 101]]
    page = upload(client, rows, ["代码", "名称"], "reportingunit").text
    for sentence in ("“代码”：不能为空", "不能有空格", "“名称”：不能为空", "有两行", "最多 100 个字"):
        assert sentence in page
    assert not ReportingUnit.objects.exists()


def test_a_line_break_or_invisible_character_is_refused(client, system):
    file = SimpleUploadedFile("units.csv", '代码,名称\nx,"甲\n乙"\n'.encode())
    told = {"import_file": file, "format": "0", "resource": "0"}
    page = client.post("/admin/campaigns/reportingunit/import/", told).text
    assert "“名称”里有换行或不可见的字符" in page
    assert not ReportingUnit.objects.exists()
