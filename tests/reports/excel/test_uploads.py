"""Uploading through the pages: nothing stored before the confirmation, then by the same code as the grid."""

import hashlib
import io
import os
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from reports.entry import drafts
from reports.excel.template import template_workbook
from reports.exchange import uploads
from reports.models import Figure, FigureChange, Submission, Upload
from tests.factories import make_submission, make_user

from .test_recognition import gathered
from .workbooks import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(world):
    return make_user("clerk", unit=world.own)


@pytest.fixture
def page(world, client, clerk):
    client.force_login(clerk)
    return Page(client, world)


class Page:
    """A browser without scripts at the upload page."""

    def __init__(self, client, world):
        self.client, self.world = client, world
        self.address = reverse("reports:upload-page", args=[world.campaign.code])

    def send(self, *files, **asked):
        named = [io.BytesIO(data) for data in files]
        for number, file in enumerate(named):
            file.name = f"附件{number}.xlsx"
        return self.client.post(self.address, {"files": named, **asked})

    def upload(self, data, **asked):
        self.send(data, **asked)
        return Upload.objects.latest("pk")

    def get(self, upload, **query):
        return self.client.get(reverse("reports:upload-detail", args=[upload.pk]), query).text

    def post(self, verb, upload, **posted):
        return self.client.post(reverse(f"reports:upload-{verb}", args=[upload.pk]), posted, follow=True)

    def confirm(self, upload):
        return self.post("confirm", upload, token=uploads.preview(upload).token)


def filled(world, figures, unit=None, period=1):
    """A template of 附件1 with figures in the unit's row."""
    data = template_workbook(world.rows, unit or world.own, world.period(period))

    def fill(book, sheet):
        for number, value in figures.items():
            sheet.cell(8, number + 1).value = value

    return opened(data, fill)


def stored(world, unit=None):
    rows = Figure.objects.filter(submission__unit=(unit or world.own).unit)
    return dict(rows.values_list("indicator__number", "value"))


def test_a_preview_stores_nothing_and_a_confirmation_stores_what_it_showed(world, page, clerk):
    report = make_submission(world.rows, world.own, world.period(1), {1: 5, 2: 7, 3: 2}, status="draft")
    upload = page.upload(filled(world, {1: 5, 2: 9, 4: "约3", 6: 1.5}))
    text = page.get(upload)
    assert "确认导入（2 项）" in text
    assert "约3" in text
    assert "E8" in text
    assert stored(world) == {1: 5, 2: 7, 3: 2}
    assert "已导入 2 项" in page.confirm(upload).text
    assert stored(world) == {1: 5, 2: 9, 3: 2, 6: Decimal("1.50")}
    trail = FigureChange.objects.filter(submission=report).values_list(
        "indicator__number", "old", "new", "actor"
    )
    assert sorted(trail) == [(2, 7, 9, clerk.pk), (6, None, Decimal("1.50"), clerk.pk)]


def test_the_original_is_kept_with_its_hash_and_given_out_unchanged(world, page):
    data = filled(world, {1: 5})
    upload = page.upload(data)
    page.confirm(upload)
    upload.refresh_from_db()
    assert upload.sha256 == hashlib.sha256(data).hexdigest()
    response = page.client.get(reverse("reports:upload-file", args=[upload.pk]))
    assert b"".join(response.streaming_content) == data
    assert response["Content-Disposition"].startswith("attachment")
    assert [report.unit for report in upload.reports.all()] == [world.own.unit]


def test_the_page_of_the_report_leads_to_the_file_that_filled_it(world, page):
    upload = page.upload(filled(world, {1: 5}))
    page.confirm(upload)
    address = reverse("reports:submission-detail", args=[Submission.objects.get().pk])
    text = page.client.get(address).text
    assert reverse("reports:upload-file", args=[upload.pk]) in text
    assert upload.sha256 in text
    page.post("undo", upload)
    assert "已撤销" in page.client.get(address).text


def test_a_template_of_an_older_version_leads_to_the_one_of_now(world, page):
    data = filled(world, {1: 5})
    world.rows.indicators.filter(number=1).update(label="发放宣传品份数")
    type(world.rows).objects.filter(pk=world.rows.pk).update(version=2)
    text = page.get(page.upload(data, form="fu1", unit="320102", period="2024-01-26"))
    assert "第1版的表，现行是第2版" in text
    assert reverse("reports:template-export", args=["spring", "fu1", "2024-01-26", "320102"]) in text


def test_the_same_file_again_changes_nothing(world, page):
    data = filled(world, {1: 5, 2: 9})
    page.confirm(page.upload(data))
    again = page.upload(data)
    assert "确认导入（0 项）" in page.get(again)
    changes = FigureChange.objects.count()
    assert "0 项变化" in page.confirm(again).text
    assert FigureChange.objects.count() == changes


def test_a_file_without_figures_begins_no_report(world, page):
    upload = page.upload(filled(world, {}))
    assert "0 项变化" in page.confirm(upload).text
    assert not Submission.objects.exists()


def test_a_stale_preview_is_refused_with_a_new_one(world, page, clerk):
    report = make_submission(world.rows, world.own, world.period(1), {1: 5}, status="draft")
    upload = page.upload(filled(world, {1: 6, 2: 9}))
    token = uploads.preview(upload).token
    drafts.save_figures(report, {1: "8"}, seen=None, by=make_user("colleague", unit=world.own))
    response = page.post("confirm", upload, token=token)
    assert response.status_code == 409
    assert "预览之后" in response.text
    assert '<s class="up-old">8</s>' in response.text
    assert stored(world) == {1: 8}
    page.confirm(upload)
    assert stored(world) == {1: 6, 2: 9}


def test_a_confirmation_twice_stores_once(world, page):
    upload = page.upload(filled(world, {1: 5}))
    token = uploads.preview(upload).token
    page.post("confirm", upload, token=token)
    response = page.post("confirm", upload, token=token)
    assert response.status_code == 409
    assert "已导入" in response.text
    assert FigureChange.objects.count() == 1


def test_an_import_is_undone_as_a_whole_or_not_at_all(world, page, clerk):
    report = make_submission(world.rows, world.own, world.period(1), {1: 5}, status="draft")
    upload = page.upload(filled(world, {1: 6, 2: 9}))
    page.confirm(upload)
    drafts.save_figures(report, {2: "10"}, seen=None, by=clerk)
    assert page.post("undo", upload).status_code == 409
    assert stored(world) == {1: 6, 2: 10}
    drafts.save_figures(report, {2: "9"}, seen=None, by=clerk)
    assert "2 项恢复" in page.post("undo", upload).text
    assert stored(world) == {1: 5, 2: None}


@pytest.mark.parametrize(("status", "says"), [("accepted", "已审核通过"), ("submitted", "已上报")])
def test_a_report_that_is_locked_takes_nothing(world, page, status, says):
    make_submission(world.rows, world.own, world.period(1), {1: 5}, status=status)
    upload = page.upload(filled(world, {1: 6}))
    assert says in page.get(upload)
    assert page.confirm(upload).status_code == 409
    assert stored(world) == {1: 5}


def test_another_unit_than_the_page_asks_and_the_answer_counts(world, page):
    page.client.force_login(both := make_user("both", unit=world.own))
    both.memberships.create(unit=world.sibling.unit, role="reporter")
    asked = {"form": "fu1", "unit": "320104", "period": "2024-01-26"}
    upload = page.upload(filled(world, {1: 5}), **asked)
    text = page.get(upload)
    assert "玄武区" in text
    assert "秦淮区" in text
    assert "确认导入" not in text
    page.post("answer", upload, form="fu1", unit="320104", period="2024-01-26")
    upload.refresh_from_db()
    assert list(upload.found["values"]) == ["320104"]
    page.confirm(upload)
    assert stored(world, world.sibling) == {1: 5}
    assert stored(world) == {}


def test_another_period_than_the_page_asks_before_it_is_stored_anywhere(world, page):
    asked = {"form": "fu1", "unit": "320102", "period": "2024-02-02"}
    upload = page.upload(filled(world, {1: 5}, period=1), **asked)
    assert "请先确认" in page.get(upload)
    page.post("answer", upload, form="fu1", unit="320102", period="2024-01-26")
    upload.refresh_from_db()
    assert upload.found["period"] == "2024-01-26"


def test_the_unit_of_another_clerk_is_refused_and_the_file_not_kept(world, page):
    upload = page.upload(filled(world, {1: 5}, unit=world.sibling))
    assert "不在您可以填报的单位之内" in page.get(upload)
    assert not uploads.path_of(upload).exists()
    assert page.post("confirm", upload, token="").status_code == 409
    assert not Submission.objects.exists()


def test_many_files_and_a_zip_of_them_are_received_at_once(world, page):
    # The name as Chinese systems write it: in GBK, which zipfile itself does not write.
    name = "某区/附件1 报送.xlsx".encode("gbk")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("q" * len(name), filled(world, {1: 5}))
        archive.writestr("__MACOSX/._x.xlsx", b"x")
        archive.writestr("readme.txt", b"x")
    response = page.send(
        buffer.getvalue().replace(b"q" * len(name), name),
        b"\xff\xd8\xff photo",
        filled(world, {1: 6}, period=2),
    )
    assert response.status_code == 302
    names = set(Upload.objects.values_list("name", flat=True))
    assert names == {"某区／附件1 报送.xlsx", "附件1.xlsx", "附件2.xlsx"}
    text = page.client.get(page.address).text
    assert "不是有效的 Excel 工作簿" in text
    assert "1 项变化" in text


def test_a_script_gets_json(world, page):
    file = io.BytesIO(filled(world, {1: 5}))
    file.name = "a.xlsx"
    response = page.client.post(page.address, {"files": [file]}, headers={"Accept": "application/json"})
    [told] = response.json()["files"]
    assert told["outcome"] == "ok"
    assert "1 项变化" in told["says"]


def test_a_body_over_the_limit_is_refused_before_it_is_read(page):
    """Only its length is told: were the body read, this would fail for want of it."""
    response = page.client.post(
        page.address,
        b"",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(30 * 1024 * 1024),
    )
    assert response.status_code == 413
    assert "5 MB" in response.text
    assert not Upload.objects.exists()


def test_the_token_against_forgery_is_asked_for(world, clerk):
    client = Client(enforce_csrf_checks=True)
    client.force_login(clerk)
    address = reverse("reports:upload-page", args=[world.campaign.code])
    assert client.post(address, {"files": [io.BytesIO(b"x")]}).status_code == 403
    assert not Upload.objects.exists()


def test_the_list_of_problems_is_the_users_own_workbook_marked_up(world, page):
    upload = page.upload(filled(world, {1: 5, 2: "=cmd|' /c calc'!A1", 3: "约3"}))
    response = page.client.get(reverse("reports:upload-problems", args=[upload.pk]))
    book = load_workbook(io.BytesIO(response.content))
    sheet = book[book.sheetnames[0]]
    assert sheet["D8"].value == "约3"
    assert "约3" in sheet["D8"].comment.text
    assert sheet["D8"].fill.fgColor.rgb == "00FFF3D1"
    assert book["问题清单"].page_setup.fitToWidth == 1
    assert book["问题清单"].sheet_properties.pageSetUpPr.fitToPage
    rows = list(book["问题清单"].iter_rows(values_only=True))
    assert rows[0] == ("工作表", "单元格", "找到的内容", "原因和改法")
    assert [row[1] for row in rows[1:]] == ["C8", "D8"]
    assert all(cell.data_type == "s" for row in book["问题清单"].iter_rows() for cell in row if cell.value)


def test_names_of_files_are_cleaned(world, page):
    file = io.BytesIO(filled(world, {1: 5}))
    file.name = "..\\..\\x\u202e<b>表</b>.xlsx"
    page.client.post(page.address, {"files": [file]})
    upload = Upload.objects.get()
    assert upload.name == "b>.xlsx" or "\u202e" not in upload.name
    assert "<b>" not in page.get(upload)
    assert ".." not in upload.stored_as


def test_what_nobody_confirmed_is_cleared_and_what_was_imported_stays(world, page, capsys):
    kept, waiting = page.upload(filled(world, {1: 5})), page.upload(filled(world, {1: 6}))
    page.confirm(kept)
    stray = uploads.path_of(waiting).with_name("stray")
    stray.write_bytes(b"x")
    long_ago = timezone.now() - timedelta(days=9)
    Upload.objects.update(at=long_ago)
    os.utime(stray, (long_ago.timestamp(), long_ago.timestamp()))
    call_command("clear_uploads")
    assert "1 个没有确认的上传、1 个残留文件" in capsys.readouterr().out
    assert list(Upload.objects.all()) == [kept]
    assert uploads.path_of(kept).exists()
    assert not uploads.path_of(waiting).exists()
    assert not stray.exists()


def test_a_gathered_sheet_fills_each_of_the_clerks_units(world, page):
    page.client.force_login(both := make_user("both", unit=world.own))
    both.memberships.create(unit=world.sibling.unit, role="reporter")
    data = gathered(["玄武区", 1, 2, 1, 3, 1, 1], ["秦淮区", 2, 4, 2, 6, 2, 2])
    upload = page.upload(data, period="2024-01-26")
    page.confirm(upload)
    assert stored(world)[2] == 2
    assert stored(world, world.sibling)[2] == 4
    assert upload.reports.count() == 2
