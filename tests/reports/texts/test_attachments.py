"""Files of a text: taken whole or in pieces, kept, given out, cleaned up."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports import lifecycle as reports_lifecycle
from reports.models import Attachment, Figure, TextReport
from reports.texts import attachments, lifecycle
from reports.texts.attachments import AttachmentError, OutOfStep
from tests.factories import make_submission

from .files import doc, jpeg, mp4, mp4_with_position, pdf, png, webp


def stored():
    """The files that lie in the folder."""
    return sorted(path.name for path in Path(settings.PRIVATE_ROOT).rglob("*") if path.is_file())


def take(owner, name, data, by):
    return attachments.take(owner, name, len(data), [data], by=by)


@pytest.fixture
def report(world):
    return world.case()


def test_a_photograph_is_kept_as_a_copy_with_a_thumbnail_under_names_of_our_own(world, report):
    file = take(report, "招聘会.jpg", jpeg(), world.clerk)
    assert (file.name, file.content_type, file.kind) == ("招聘会.jpg", "image/jpeg", "picture")
    assert len(stored()) == 2
    assert not any("招聘会" in name for name in stored())


@pytest.mark.parametrize(
    ("sent", "data", "kept"),
    [
        ("招聘会.JPEG", jpeg(), "招聘会.JPEG"),
        ("截图.jpg", png(), "截图.png"),
        ("屏幕.png", jpeg(), "屏幕.jpg"),
        ("微信.v2.webp", webp(), "微信.v2.jpg"),
    ],
    ids=["a photograph", "a drawing named jpg", "a photograph named png", "a WebP"],
)
def test_a_picture_is_named_as_what_it_is_kept_as(world, report, sent, data, kept):
    assert take(report, sent, data, world.clerk).name == kept


def test_what_is_refused_leaves_nothing_behind(world, report, django_capture_on_commit_callbacks):
    with (
        pytest.raises(AttachmentError, match="不是 jpg"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        take(report, "照片.jpg", b"MZ" + b"\x00" * 100, world.clerk)
    assert not Attachment.objects.exists()
    assert stored() == []


def test_the_same_photograph_twice_is_kept_once(world, report):
    take(report, "甲.jpg", jpeg(), world.clerk)
    with pytest.raises(AttachmentError, match=r"与已上传的“甲\.jpg”是同一个文件"):
        take(report, "乙.jpg", jpeg(), world.clerk)
    assert Attachment.objects.count() == 1


def test_two_files_of_one_name_are_both_kept(world, report):
    take(report, "照片.jpg", jpeg(), world.clerk)
    take(report, "照片.jpg", jpeg(colour="#b3231b"), world.clerk)
    assert Attachment.objects.filter(name="照片.jpg").count() == 2


def test_a_broken_upload_goes_on_where_it_broke(world, report):
    data = mp4()
    file = attachments.begin(report, "招聘会.mp4", len(data), by=world.clerk)
    assert attachments.receive(file, 0, data[:400]) == 400
    with pytest.raises(OutOfStep) as step:
        attachments.receive(file, 0, data[:400])
    assert step.value.received == 400
    attachments.receive(file, 400, data[400:])
    attachments.finish(file)
    assert attachments.path_of(file).read_bytes() == data


def test_a_film_is_stored_without_the_place_where_it_was_taken(world, report):
    film = take(report, "招聘会.mp4", mp4_with_position(), world.clerk)
    assert b"+30.5867" not in attachments.path_of(film).read_bytes()


def test_a_file_that_comes_while_its_text_is_sent_is_refused(world, report):
    data = pdf()
    file = attachments.begin(report, "方案.pdf", len(data), by=world.clerk)
    attachments.receive(file, 0, data)
    TextReport.objects.filter(pk=report.pk).update(status="submitted")  # in the moment before it was begun
    with pytest.raises(AttachmentError, match="附件不能再增减"):
        attachments.finish(Attachment.objects.get(pk=file.pk))
    assert not Attachment.objects.exists()


def test_a_file_that_is_given_up_while_it_is_judged_stays_given_up(world, report):
    data = pdf()
    file = attachments.begin(report, "方案.pdf", len(data), by=world.clerk)
    attachments.receive(file, 0, data)
    Attachment.objects.filter(pk=file.pk).delete()
    with pytest.raises(AttachmentError, match="已由同事放弃"):
        attachments.finish(file)
    assert not Attachment.objects.exists()
    assert stored() == []


def test_a_file_may_not_grow_over_what_was_announced(world, report):
    file = attachments.begin(report, "招聘会.mp4", 10, by=world.clerk)
    with pytest.raises(AttachmentError, match="比声明的大"):
        attachments.receive(file, 0, b"x" * 11)


def test_a_file_that_is_not_whole_is_not_finished(world, report):
    data = pdf()
    file = attachments.begin(report, "方案.pdf", len(data), by=world.clerk)
    attachments.receive(file, 0, data[:-1])
    with pytest.raises(AttachmentError, match="还没有传完"):
        attachments.finish(file)
    with pytest.raises(lifecycle.TextError, match="还没有传完"):
        lifecycle.submit(report, seen=report.version, by=world.clerk)


def test_a_full_disk_is_said_before_anything_is_sent(world, report, monkeypatch):
    usage = type("Usage", (), {"free": 100 * 1024 * 1024})
    monkeypatch.setattr(attachments.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(AttachmentError, match="磁盘空间不足"):
        attachments.begin(report, "招聘会.mp4", 1000, by=world.clerk)


def test_a_text_has_at_most_twenty_files(world, report):
    for number in range(20):
        take(report, f"{number}.doc", doc() + bytes([number]), world.clerk)
    with pytest.raises(AttachmentError, match="附件已有 20 个"):
        take(report, "多.doc", doc(), world.clerk)


def test_a_picture_goes_out_only_with_the_consent_of_those_in_it(world, report):
    file = take(report, "照片.jpg", jpeg(), world.clerk)
    with pytest.raises(lifecycle.TextError, match="征得照片中人员同意"):
        lifecycle.submit(report, seen=report.version, by=world.clerk)
    Attachment.objects.filter(pk=file.pk).update(has_consent=True)
    lifecycle.submit(report, seen=report.version, by=world.clerk)


def test_files_of_an_adopted_case_are_kept(world, report):
    file = take(report, "方案.pdf", pdf(), world.clerk)
    lifecycle.submit(report, seen=report.version, by=world.clerk)
    lifecycle.accept(report, seen=report.version, by=world.sun)
    with pytest.raises(AttachmentError, match="已采用，附件不能再增减"):
        attachments.remove(Attachment.objects.get(pk=file.pk))
    with pytest.raises(AttachmentError, match="已采用，附件不能再增减"):
        take(report, "又一份.pdf", pdf(b"\n"), world.clerk)


def test_a_removed_file_is_gone_from_the_folder(world, report, django_capture_on_commit_callbacks):
    file = take(report, "照片.jpg", jpeg(), world.clerk)
    with django_capture_on_commit_callbacks(execute=True):
        attachments.remove(file)
    assert stored() == []


def test_a_scan_is_void_once_the_figures_change(world):
    submission = make_submission(world.form, world.city, world.period, {1: 5}, status="submitted")
    scan = take(submission, "盖章.pdf", pdf(), world.clerk)
    assert (scan.kind, scan.checksum) == ("scan", reports_lifecycle.checksum(submission))
    assert not attachments.is_void(scan)
    Figure.objects.filter(submission=submission).update(value=6)
    assert attachments.is_void(Attachment.objects.get(pk=scan.pk))


def test_a_scan_of_an_accepted_report_is_kept_unless_it_is_void(world):
    submission = make_submission(world.form, world.city, world.period, {1: 5})
    scan = take(submission, "盖章.pdf", pdf(), world.clerk)
    assert attachments.scans_of(submission) == [(scan, False, True)]
    with pytest.raises(AttachmentError, match="要留存"):
        attachments.remove(scan)
    Figure.objects.filter(submission=submission).update(value=6)
    assert attachments.scans_of(submission) == [(scan, True, False)]
    attachments.remove(Attachment.objects.get(pk=scan.pk))
    assert not Attachment.objects.exists()


def test_a_draft_takes_no_scan(world):
    submission = make_submission(world.form, world.city, world.period, {1: 5}, status="draft")
    with pytest.raises(AttachmentError, match="上报后再上传盖章扫描件"):
        take(submission, "盖章.pdf", pdf(), world.clerk)


def test_the_clean_up_takes_strays_and_uploads_broken_off_a_day_ago_and_nothing_else(
    world, report, capsys, django_capture_on_commit_callbacks
):
    kept = take(report, "方案.pdf", pdf(), world.clerk)
    young = attachments.begin(report, "新.pdf", 10, by=world.clerk)
    attachments.receive(young, 0, b"12345")
    old = attachments.begin(report, "旧.pdf", 10, by=world.clerk)
    attachments.receive(old, 0, b"12345")
    yesterday = timezone.now() - timedelta(hours=25)
    Attachment.objects.filter(pk=old.pk).update(begun_at=yesterday)
    stray = attachments.path_of(kept).with_name("nobody-knows-me")
    stray.write_bytes(b"x")
    fresh = attachments.path_of(kept).with_name("just-arriving")
    fresh.write_bytes(b"x")
    now = timezone.now().timestamp()
    for path in (stray, attachments.path_of(kept)):
        os.utime(path, (yesterday.timestamp(), yesterday.timestamp()))
    os.utime(fresh, (now, now))
    everything = stored()
    call_command("clean_files")
    assert "nobody-knows-me" in capsys.readouterr().out
    assert stored() == everything
    with django_capture_on_commit_callbacks(execute=True):
        call_command("clean_files", delete=True)
    assert set(Attachment.objects.all()) == {kept, young}
    assert stored() == sorted(["just-arriving", Path(kept.stored).name, f"{Path(young.stored).name}.part"])
    assert "1 个没有传完的附件" in capsys.readouterr().out


def test_the_clean_up_refuses_a_folder_of_which_the_database_knows_no_file(world, report):
    kept = take(report, "方案.pdf", pdf(), world.clerk)
    path = attachments.path_of(kept)
    os.utime(path, (0, 0))
    Attachment.objects.all().delete()  # as where DATABASE_URL names another database
    with pytest.raises(CommandError, match="没有一个属于当前数据库"):
        call_command("clean_files", delete=True)
    assert path.exists()
