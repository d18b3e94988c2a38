"""Past years' attachments read together: a page that says what each holds, and the table for the import."""

import io
from datetime import timedelta
from zipfile import ZIP_STORED

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from reports.exchange import batches, uploads
from reports.models import Figure, Submission, Upload, UploadBatch
from tests.factories import make_place, make_submission, make_user

from .test_recognition import gathered
from .test_uploads import filled
from .workbooks import zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator(world):
    return make_user("coordinator", unit=world.city, role="coordinator")


@pytest.fixture
def desk(world, client, coordinator):
    client.force_login(coordinator)
    return Desk(client, world)


class Desk:
    """The coordinator's page, without scripts."""

    def __init__(self, client, world):
        self.client, self.world = client, world

    def send(self, **files):
        """Send files; their names are the keywords, an ending added to plain workbooks."""
        named = []
        for name, data in files.items():
            file = io.BytesIO(data)
            file.name = name if "." in name else f"{name}.xlsx"
            named.append(file)
        address = reverse("reports:batch-page", args=[self.world.campaign.code])
        self.client.post(address, {"files": named})
        return UploadBatch.objects.latest("pk")

    def text(self, batch):
        return self.client.get(reverse("reports:batch-detail", args=[batch.pk])).text

    def table(self, batch, form="fu1"):
        response = self.client.get(reverse("reports:batch-figures", args=[batch.pk, form]))
        return response.content.decode("utf-8-sig") if response.status_code == 200 else None


def test_a_zip_of_mails_becomes_the_table_that_the_import_takes(world, desk, tmp_path):
    mails = {
        "玄武/附件1.xlsx": filled(world, {1: 5, 2: 9, 6: "1.5"}),
        "玄武/第二期/附件1.xlsx": filled(world, {1: 6, 4: "约3"}, period=2),
        "秦淮.xlsx": filled(world, {1: 7}, unit=world.sibling),
    }
    batch = desk.send(**{"去年.zip": zipped(mails)})
    text = desk.text(batch)
    assert "已识别 <strong>3</strong>" in text
    assert "3 份报表，5 个数字" in text
    assert not Submission.objects.exists()
    table = desk.table(batch)
    assert table.splitlines() == [
        "unit,period,1,2,3,4,5,6",
        "320102,2024-01-26,5,9,,,,1.50",
        "320104,2024-01-26,7,,,,,",
        "320102,2024-02-02,6,,,,,",
    ]
    path = tmp_path / "fu1.csv"
    path.write_text(table, encoding="utf-8")
    call_command("import_figures", "spring", "fu1", str(path))
    assert Figure.objects.filter(value__isnull=False).count() == 5


def test_only_units_below_the_coordinator_are_taken(world, client):
    client.force_login(make_user("street", unit=world.own, role="coordinator"))
    desk = Desk(client, world)
    batch = desk.send(own=filled(world, {1: 5}), other=filled(world, {1: 7}, unit=world.sibling))
    assert "不在您审核的单位之内" in desk.text(batch)
    assert "320104" not in desk.table(batch)


def test_a_report_sent_twice_is_listed_once_and_not_at_all_while_its_figures_differ(world, desk):
    batch = desk.send(first=filled(world, {1: 5}), again=filled(world, {1: 5}))
    assert "与“first.xlsx”里的数字相同" in desk.text(batch)
    assert desk.table(batch).count("320102") == 1
    batch = desk.send(first=filled(world, {1: 5}), corrected=filled(world, {1: 6}))
    assert "2 个文件里的数字不同（“first.xlsx”、“corrected.xlsx”）" in desk.text(batch)
    assert desk.table(batch) is None
    first = batch.uploads.get(name="first.xlsx")
    desk.client.post(reverse("reports:upload-drop", args=[first.pk]))
    assert "320102,2024-01-26,6" in desk.table(batch)


def test_a_report_that_was_sent_here_already_is_left_out(world, desk):
    make_submission(world.rows, world.own, world.period(1), {1: 1})
    batch = desk.send(own=filled(world, {1: 5}), other=filled(world, {1: 7}, unit=world.sibling))
    assert "系统里已有这份报表（已通过）" in desk.text(batch)
    assert "320102" not in desk.table(batch)


def test_what_a_file_does_not_say_is_asked_and_the_answer_lists_it(world, desk):
    batch = desk.send(own=gathered(["玄武区", 5], ["秦淮区", 7]))
    assert "须选择 <strong>1</strong>" in desk.text(batch)
    upload = batch.uploads.get()
    answer = {"form": "", "unit": "", "period": "2024-02-09"}
    page = desk.client.post(reverse("reports:upload-answer", args=[upload.pk]), answer, follow=True)
    assert "确认导入" not in page.text
    assert desk.table(batch).count(",2024-02-09,") == 2


def test_a_coordinator_stores_nothing_even_by_a_request_made_by_hand(world, desk):
    upload = desk.send(own=filled(world, {1: 5})).uploads.get()
    response = desk.client.post(reverse("reports:upload-confirm", args=[upload.pk]), {"token": ""})
    assert response.status_code == 409
    assert "审核员不能代填" in response.text
    assert not Submission.objects.exists()


def test_what_is_not_opened_in_a_zip_is_said_and_the_rest_is_read(world, desk):
    good = filled(world, {1: 5})
    files = {
        "旧/更旧.zip": zipped({"a.xlsx": good}),
        "盖章.pdf": b"%PDF",
        "玄武.xlsx": good,
        "坏.xlsx": b"as it was packed",
    }
    archive = zipped(files, ZIP_STORED).replace(b"as it was packed", b"as it was broken")
    batch = desk.send(**{"去年.zip": archive})
    text = desk.text(batch)
    assert "旧／更旧.zip：是没有打开的压缩包" in text
    assert "里面有 1 个文件不是工作簿，没有打开：盖章.pdf" in text
    assert "坏.xlsx：文件已损坏" in text
    assert desk.table(batch).count("\r\n") == 2


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_names_in_a_zip_without_a_word_on_their_encoding_are_read(world, desk, encoding):
    name = "玄武区 报送.xlsx".encode(encoding)
    stand_in = "q" * len(name)  # zipfile itself writes no such name
    archive = zipped({stand_in: filled(world, {1: 5})}).replace(stand_in.encode(), name)
    assert desk.send(**{"a.zip": archive}).uploads.get().name == "玄武区 报送.xlsx"


def test_an_archive_of_another_kind_says_what_to_do(world, desk):
    assert "改存为一个 .zip" in desk.text(desk.send(**{"去年.rar": b"Rar!\x1a\x07\x00"}))


def test_a_batch_goes_when_its_files_are_cleared(world, desk):
    batch = desk.send(own=filled(world, {1: 5}))
    path = uploads.path_of(batch.uploads.get())
    uploads.clear(before=timezone.now() + timedelta(minutes=1))
    assert not path.exists()
    assert not UploadBatch.objects.exists()


def test_saying_what_a_batch_holds_costs_the_same_for_many_files(
    world, coordinator, django_assert_num_queries
):
    batch = UploadBatch.objects.create(owner=coordinator, campaign=world.campaign)
    places = [world.own, *(make_place(world.campaign, f"more-{n}", parent=world.city) for n in range(4))]
    batches.add(batch, [(f"{place.unit.code}.xlsx", filled(world, {1: 5}, unit=place)) for place in places])
    assert Upload.objects.count() == 5
    with django_assert_num_queries(5):
        assert batches.gathered(batch).tables[0].reports == 5


def test_an_ods_is_no_archive_of_files():
    data = zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"})
    assert uploads.delivered(data, "附件1.ods") == uploads.Delivery([("附件1.ods", data)], [])
