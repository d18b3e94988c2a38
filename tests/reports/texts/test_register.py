"""联系人: named by the unit, masked for others, every showing and export written down."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.urls import reverse
from openpyxl import load_workbook

from reports import register
from reports.entry import drafts
from reports.models import Contact, ContactAccess
from reports.register import RegisterError, masked
from reports.texts import duties
from tests.factories import make_user

from .conftest import NOW

WANG = {
    "role": "contact",
    "name": "演示王",
    "post": "科长",
    "phone": "0516-00000000",
    "mobile": "00012345678",
}


def name(world, *rows, by=None):
    return register.save(world.campaign, world.city.unit, list(rows) or [WANG], by=by or world.clerk)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("13812341234", "138****1234"), ("0516-00000000", "051****0000"), ("12345", "****"), ("", "")],
)
def test_a_number_is_legible_at_both_ends_alone(number, shown):
    assert masked(number) == shown


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "至少填一名"),
        ([WANG] * 11, "最多填 10 名"),
        ([WANG, WANG | {"name": " "}], "第 2 行：请填写姓名"),
        ([WANG | {"phone": "", "mobile": ""}], "请填写办公电话或手机"),
        ([WANG | {"mobile": "打我微信"}], "不是电话号码"),
        ([WANG | {"role": "boss"}], "请选择类别"),
    ],
)
def test_what_is_wrong_with_a_row_is_said_and_nothing_is_stored(world, rows, says):
    with pytest.raises(RegisterError, match=says):
        register.save(world.campaign, world.city.unit, rows, by=world.clerk)
    assert not Contact.objects.exists()


def test_a_number_typed_in_full_width_is_taken(world):
    [contact] = name(world, WANG | {"mobile": "０００１２３４５６７８", "phone": "0516－00000000"})
    assert (contact.mobile, contact.phone) == ("00012345678", "0516-00000000")


def test_naming_somebody_fulfils_the_duty_and_a_later_change_does_not_make_it_late(world):
    world.duty("contact", "联系人及联系方式", due=world.period.ends_on, each="prefecture")
    name(world)
    with time_machine.travel(NOW + timedelta(days=5), tick=False):
        name(world, WANG | {"post": "处长"})
        rows = {row.place.short: row for row in duties.board(world.campaign, [world.city, world.other], [])}
    assert (rows["徐州市"].is_done, rows["徐州市"].is_late) == (True, False)
    assert (rows["苏州市"].is_done, rows["苏州市"].is_late) == (False, None)


def test_a_coordinator_above_sees_a_number_on_demand_and_it_is_written_down(world, client):
    name(world)
    client.force_login(world.sun)
    page = client.get(reverse("reports:contact-list", args=["spring"])).text
    assert "000****5678" in page
    assert "00012345678" not in page
    page = client.post(reverse("reports:contact-show", args=["spring", "320300"])).text
    assert "00012345678" in page
    seen = ContactAccess.objects.filter(what="shown")
    assert list(seen.values_list("user__username", "unit__code")) == [("sun", "320300")]


def test_a_viewer_never_sees_a_number(world, client):
    name(world)
    client.force_login(make_user("viewer", unit=world.province, role="viewer"))
    page = client.get(reverse("reports:contact-list", args=["spring"])).text
    assert "演示王" in page
    assert "显示号码" not in page
    assert client.post(reverse("reports:contact-show", args=["spring", "320300"])).status_code == 403


def test_the_export_has_whole_numbers_as_text_and_is_written_down(world, client):
    name(world, WANG | {"name": "=1+1"})
    client.force_login(world.sun)
    response = client.post(reverse("reports:contact-export", args=["spring"]))
    sheet = load_workbook(BytesIO(response.content)).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["徐州市", "联系人", "=1+1", "科长", "0516-00000000", "00012345678"]
    ]
    assert {cell.data_type for cell in sheet[2]} == {"s"}
    assert ContactAccess.objects.filter(what="exported", user=world.sun, unit=None).count() == 1


def test_the_unit_fills_its_own_rows_on_one_page(world, client):
    client.force_login(world.clerk)
    edit = reverse("reports:contact-edit", args=["spring", "320300"])
    assert client.get(edit).status_code == 200
    response = client.post(edit, posted(world))
    assert response.url == reverse("reports:contact-list", args=["spring"])
    assert Contact.objects.get().mobile == "00012345678"


def posted(world, **more):
    typed = {"contact-TOTAL_FORMS": "2", "contact-INITIAL_FORMS": "0"}
    typed |= {f"contact-0-{key}": value for key, value in WANG.items()}
    typed |= {"contact-1-role": "reporter", "seen": register.version(world.campaign, world.city.unit)}
    return typed | more


def test_a_number_without_a_name_is_asked_for_and_not_dropped(world, client):
    client.force_login(world.clerk)
    edit = reverse("reports:contact-edit", args=["spring", "320300"])
    response = client.post(edit, posted(world, **{"contact-1-mobile": "00087654321"}))
    assert response.status_code == 400
    assert "请填写姓名；不要这一行的，请整行清空" in response.text
    assert 'value="00087654321"' in response.text
    assert not Contact.objects.exists()


def test_of_two_who_fill_the_rows_the_second_is_told(world, client):
    old = posted(world)
    name(world, WANG | {"name": "演示赵"}, by=world.colleague)
    client.force_login(world.clerk)
    response = client.post(reverse("reports:contact-edit", args=["spring", "320300"]), old)
    assert response.status_code == 400
    assert "刚由同事修改" in response.text
    assert 'value="演示王"' in response.text
    assert Contact.objects.get().name == "演示赵"


def test_what_was_typed_stays_where_a_number_is_none(world, client):
    client.force_login(world.clerk)
    typed = {"contact-TOTAL_FORMS": "1", "contact-INITIAL_FORMS": "0"}
    typed |= {f"contact-0-{key}": value for key, value in (WANG | {"mobile": "没有手机"}).items()}
    response = client.post(reverse("reports:contact-edit", args=["spring", "320300"]), typed)
    assert response.status_code == 400
    assert "第 1 行：“没有手机”不是电话号码" in response.text
    assert 'value="没有手机"' in response.text


def test_a_neighbour_neither_reads_nor_writes(world, client):
    name(world)
    client.force_login(world.neighbour)
    assert "演示王" not in client.get(reverse("reports:contact-list", args=["spring"])).text
    assert client.get(reverse("reports:contact-edit", args=["spring", "320300"])).status_code == 404


def test_a_first_report_takes_the_sign_off_line_from_the_register(world):
    name(world, WANG | {"role": "responsible", "name": "演示李"}, WANG | {"role": "reporter"})
    report = drafts.open_draft(world.form, world.city.unit, world.period)
    assert (report.responsible, report.prepared_by, report.phone) == ("演示李", "演示王", "0516-00000000")


def test_whom_to_call_is_the_first_that_the_unit_named(world):
    name(world, WANG, WANG | {"name": "演示李"})
    units = [world.city.unit_id, world.other.unit_id]
    assert register.whom_to_call(world.campaign, units) == {world.city.unit_id: "演示王 00012345678"}
