"""The pages of texts: what they say, what their buttons do, how files come and go."""

from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document
from PIL import Image

from campaigns.models import TextDuty
from reports.models import Attachment, TextReport
from reports.texts import attachments, lifecycle
from tests.factories import make_picture, make_submission, make_text, make_user

from .conftest import NOW, TEXT
from .files import jpeg, mp4, pdf, png


@pytest.fixture
def clerk(client, world):
    client.force_login(world.clerk)
    return client


def posted(report, **more):
    values = {"seen": report.version, "title": "送岗到家门口", "place": "徐州市云龙区", "text": TEXT}
    return values | more


def address(page, *arguments):
    return reverse(f"reports:{page}", args=arguments)


def test_a_clerk_sees_what_is_owed_and_begins_a_case(world, clerk):
    page = clerk.get(address("text-board", "spring")).text
    assert "一周特色亮点工作" in page
    assert "0/3" in page
    begin = address("text-create", "spring", world.cases.pk, "2024-01-26", "320300")
    response = clerk.post(begin)
    [report] = TextReport.objects.all()
    assert response.url == address("text-edit", report.pk)


def test_a_case_is_sent_from_the_page_in_one_click(world, clerk):
    report = world.case(text="")
    response = clerk.post(
        address("text-edit", report.pk), posted(report, action="submit", categories=["online", "brand"])
    )
    assert response.url == address("text-detail", report.pk)
    report.refresh_from_db()
    assert (report.status, report.category_names) == ("submitted", ["线上招聘", "劳务品牌"])


def test_what_was_typed_stays_on_the_page_where_it_is_not_complete(world, clerk):
    report = world.case(text="")
    response = clerk.post(address("text-edit", report.pk), posted(report, text="太短了", action="submit"))
    assert response.status_code == 409
    assert "不足 80 字" in response.text
    assert "太短了" in response.text
    report.refresh_from_db()
    assert (report.status, report.text) == ("draft", "太短了")


def test_what_was_typed_stays_on_the_page_where_a_colleague_was_first(world, clerk):
    report = world.case()
    old = posted(report, title="我的标题")
    lifecycle.save(report, {"title": "同事的标题"}, seen=report.version, by=world.colleague)
    response = clerk.post(address("text-edit", report.pk), old | {"action": "save"})
    assert response.status_code == 409
    assert "已由钱八修改" in response.text
    assert "我的标题" in response.text


def test_the_coordinator_of_a_city_sees_what_the_city_owes(world, client):
    client.force_login(make_user("zhao", unit=world.city, role="coordinator"))
    page = client.get(address("text-board", "spring")).text
    assert "一周特色亮点工作" in page
    assert "写一条" not in page


def test_all_that_is_missing_is_said_at_once(world, clerk):
    report, data = world.case(), jpeg()
    attachments.take(report, "照片.jpg", len(data), [data], by=world.clerk)
    page = clerk.post(
        address("text-edit", report.pk), posted(report, title="", place="", text="太短了", action="submit")
    ).text
    for said in ("请填写标题", "请填写地点", "不足 80 字", "图片“照片.jpg”还没有确认"):
        assert said in page


def test_who_adopts_a_case_that_was_just_withdrawn_is_told_so(world, client):
    report = world.sent()
    seen = report.version
    lifecycle.withdraw(report, seen=seen, by=world.clerk)
    client.force_login(world.sun)
    for move in ("text-accept", "text-return", "text-score"):
        response = client.post(address(move, report.pk), {"seen": seen}, follow=True)
        assert response.redirect_chain == [(address("case-list", "spring"), 302)]
        assert "已由填报单位撤回修改" in response.text
    client.force_login(world.neighbour)
    assert client.post(address("text-accept", report.pk), {"seen": seen}).status_code == 404


def test_a_case_that_was_never_sent_is_nobodys_to_decide(world, client):
    report = world.case()
    client.force_login(world.sun)
    assert client.post(address("text-accept", report.pk), {"seen": report.version}).status_code == 404


def test_who_does_not_read_the_repeated_case_is_not_told_of_it(world, client):
    world.sent(title="徐州的标题")
    copied = world.sent(unit=world.other.unit, by=world.neighbour, title="抄来的")
    for user, told in ((world.sun, True), (world.neighbour, False)):
        client.force_login(user)
        for page in (address("text-detail", copied.pk), f"{address('case-list', 'spring')}?q=苏州"):
            assert ("徐州的标题" in client.get(page).text) is told


def test_markup_in_a_text_is_shown_as_text(world, clerk):
    report = world.case(title="<script>alert(1)</script>", text="<b>粗</b>" + TEXT)
    page = clerk.get(address("text-detail", report.pk)).text
    assert "<script>alert" not in page
    assert "&lt;b&gt;粗" in page


def test_a_draft_is_its_units_own(world, client):
    report = world.case()
    for user, status in ((world.colleague, 200), (world.sun, 404), (world.neighbour, 404)):
        client.force_login(user)
        assert client.get(address("text-detail", report.pk)).status_code == status


def test_the_province_adopts_a_case_from_the_list_and_comes_back_to_it(world, client):
    report = world.sent()
    client.force_login(world.sun)
    page = client.get(address("case-list", "spring")).text
    assert "采用到简报" in page
    response = client.post(address("text-accept", report.pk), {"seen": report.version, "back": "cases"})
    assert response.url == address("case-list", "spring")
    page = client.get(address("case-list", "spring"), {"status": "accepted"}).text
    assert "已采用" in page
    assert "采用到简报" not in page


def test_the_list_tells_how_many_each_unit_sent_and_how_many_were_adopted(world, client):
    report = world.sent()
    world.sent(title="乙")
    lifecycle.accept(report, seen=report.version, by=world.sun)
    client.force_login(world.sun)
    response = client.get(address("case-list", "spring"), {"period": "2024-01-26"})
    assert response.context["tally"] == [("徐州市", 2, 1, 3, True), ("苏州市", 0, 0, 3, True)]


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({}, 1),
        ({"q": "徐州"}, 1),
        ({"q": "苏州"}, 0),
        ({"category": "brand"}, 1),
        ({"category": "online"}, 0),
    ],
)
def test_the_list_is_filtered_by_unit_and_category(world, client, asked, count):
    world.sent(categories=["brand"])
    client.force_login(world.sun)
    assert len(client.get(address("case-list", "spring"), asked).context["page"]) == count


@pytest.mark.parametrize("asked", [{"period": "2030-01-01"}, {"status": "lost"}, {"category": "none"}])
def test_a_filter_that_does_not_exist_is_not_found(world, client, asked):
    client.force_login(world.sun)
    assert client.get(address("case-list", "spring"), asked).status_code == 404


def test_a_return_without_a_reason_says_so_and_changes_nothing(world, client):
    report = world.sent()
    client.force_login(world.sun)
    response = client.post(address("text-return", report.pk), {"seen": report.version, "comment": ""})
    assert response.status_code == 400
    assert "请写明退回的原因" in response.text


@pytest.mark.parametrize("points", ["9" * 5000, "0", "6", "x", "", "²"])
def test_points_outside_one_to_five_are_refused_in_words(world, client, points):
    report = world.sent()
    client.force_login(world.sun)
    response = client.post(address("text-score", report.pk), {"points": points}, follow=True)
    assert "评分为 1 至 5 分" in response.text
    report.refresh_from_db()
    assert report.score is None


def test_the_word_document_has_the_sent_cases_with_their_pictures(world, client):
    report = world.case()
    data = jpeg()
    file = attachments.take(report, "照片.jpg", len(data), [data], by=world.clerk)
    Attachment.objects.filter(pk=file.pk).update(has_consent=True, caption="招聘会现场")
    lifecycle.submit(report, seen=report.version, by=world.clerk)
    world.case(title="还没有写完")
    client.force_login(world.sun)
    response = client.get(address("case-export", "spring"), {"period": "2024-01-26"})
    document = Document(BytesIO(response.content))
    lines = [paragraph.text for paragraph in document.paragraphs]
    assert lines[:1] == ["一周特色亮点工作"]
    assert "一、送岗到家门口" in lines
    assert "招聘会现场" in lines
    assert "还没有写完" not in "".join(lines)
    assert any(name.startswith("word/media/") for name in ZipFile(BytesIO(response.content)).namelist())


def test_the_word_document_has_small_pictures_and_does_without_those_that_are_lost(world, client):
    report = world.case()
    for name, data in (
        ("大.jpg", jpeg(4000, 3000)),
        ("徽标.png", png(200, 100)),
        ("失.jpg", jpeg(colour="#b3231b")),
    ):
        file = attachments.take(report, name, len(data), [data], by=world.clerk)
    attachments.path_of(file).unlink()
    Attachment.objects.update(has_consent=True)
    lifecycle.submit(report, seen=report.version, by=world.clerk)
    client.force_login(world.sun)
    content = client.get(address("case-export", "spring"), {"period": "2024-01-26"}).content
    with ZipFile(BytesIO(content)) as package:
        pictures = [
            Image.open(BytesIO(package.read(name)))
            for name in sorted(package.namelist())
            if name.startswith("word/media/")
        ]
    assert [picture.size for picture in pictures] == [(960, 1280), (200, 100)]
    assert pictures[1].getpixel((0, 0)) == (255, 255, 255)
    text = [paragraph.text for paragraph in Document(BytesIO(content)).paragraphs]
    assert "（图片“失.jpg”没有找到，请联系系统管理员。）" in text
    assert text[1] == f"{world.campaign.title}第1期（截至1月26日）"


def test_files_are_taken_from_a_plain_form_and_problems_are_named(world, clerk):
    report = world.case()
    files = [
        SimpleUploadedFile("招聘会（第1场）😀.jpg", jpeg()),
        SimpleUploadedFile("照片.jpg", b"MZ\x00"),
        SimpleUploadedFile("图.svg", b"<svg/>"),
    ]
    page = clerk.post(address("text-file-add", report.pk), {"files": files}, follow=True).text
    assert "已上传：招聘会（第1场）😀.jpg" in page
    assert "“照片.jpg”的内容不是" in page
    assert "不能上传“图.svg”" in page
    assert Attachment.objects.count() == 1


def test_a_file_comes_in_pieces_and_goes_on_after_a_break(world, clerk):
    report, data = world.case(), mp4(700)
    told = {"name": "招聘会.mp4", "size": len(data)}
    begun = clerk.post(address("text-file-begin", report.pk), told).json()
    assert begun["received"] == 0
    piece = address("attachment-piece", begun["id"])

    def send(offset, part):
        return clerk.post(f"{piece}?offset={offset}", part, content_type="application/octet-stream")

    assert send(0, data[:300]).json() == {"received": 300}
    assert send(0, data[:300]).status_code == 409
    again = clerk.post(address("text-file-begin", report.pk), told).json()
    assert (again["id"], again["received"]) == (begun["id"], 300)
    assert send(300, data[300:]).json() == {"received": len(data)}
    assert clerk.post(address("attachment-finish", begun["id"])).json() == {"done": True}
    response = clerk.get(address("attachment-file", begun["id"]))
    assert b"".join(response.streaming_content) == data
    assert response["Content-Disposition"].startswith("attachment;")


def test_a_video_over_the_limit_is_refused_before_it_is_sent(world, clerk):
    told = {"name": "长片.mp4", "size": 500 * 1024 * 1024}
    response = clerk.post(address("text-file-begin", world.case().pk), told)
    assert response.status_code == 400
    assert "视频不能超过 200 MB" in response.json()["problem"]


def test_an_upload_that_is_not_mine_is_not_there(world, clerk, client):
    report, data = world.case(), pdf()
    file = attachments.begin(report, "方案.pdf", len(data), by=world.colleague)
    for page in ("attachment-finish", "attachment-file"):
        method = clerk.get if page == "attachment-file" else clerk.post
        assert method(address(page, file.pk)).status_code == 404
    assert Attachment.objects.filter(pk=file.pk).exists()


def test_a_broken_upload_of_a_colleague_can_be_given_up(world, clerk, client):
    report = world.case()
    file = attachments.begin(report, "方案.pdf", 100, by=world.colleague)
    assert clerk.post(address("attachment-delete", file.pk)).url == address("text-edit", report.pk)
    other = attachments.begin(report, "方案.pdf", 100, by=world.colleague)
    client.force_login(world.neighbour)
    assert client.post(address("attachment-delete", other.pk)).status_code == 404
    assert set(Attachment.objects.all()) == {other}


def test_the_end_of_an_upload_may_be_told_twice(world, clerk):
    report, data = world.case(), pdf()
    file = attachments.begin(report, "方案.pdf", len(data), by=world.clerk)
    attachments.receive(file, 0, data)
    for _ in range(2):
        assert clerk.post(address("attachment-finish", file.pk)).json() == {"done": True}


def test_a_picture_is_shown_alone_and_can_do_nothing(world, clerk):
    report, data = world.case(), jpeg()
    file = attachments.take(report, "照片.jpg", len(data), [data], by=world.clerk)
    response = clerk.get(address("attachment-file", file.pk))
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Disposition"].startswith("inline;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "no-store"


def test_who_may_not_read_a_text_may_not_read_its_files(world, client):
    report, data = world.case(), jpeg()
    file = attachments.take(report, "照片.jpg", len(data), [data], by=world.clerk)
    for user, status in ((world.colleague, 200), (world.sun, 404), (world.neighbour, 404)):
        client.force_login(user)
        assert client.get(address("attachment-file", file.pk)).status_code == status
        assert client.get(address("attachment-thumbnail", file.pk)).status_code == status
    client.logout()
    assert client.get(address("attachment-file", file.pk)).url.startswith("/login")


def test_what_is_added_to_a_returned_text_is_its_units_own_until_it_is_sent_again(world, client):
    report, data, more = world.case(), jpeg(), jpeg(colour="#b3231b")
    first = attachments.take(report, "原有.jpg", len(data), [data], by=world.clerk)
    Attachment.objects.update(has_consent=True)
    lifecycle.submit(report, seen=report.version, by=world.clerk)
    lifecycle.return_for_correction(report, seen=report.version, by=world.sun, comment="换照片")
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        added = attachments.take(report, "新加.jpg", len(more), [more], by=world.clerk)
    for user, status in ((world.colleague, 200), (world.sun, 404)):
        client.force_login(user)
        assert client.get(address("attachment-file", first.pk)).status_code == 200
        assert client.get(address("attachment-thumbnail", added.pk)).status_code == status
        assert ("新加.jpg" in client.get(address("text-detail", report.pk)).text) is (status == 200)
    Attachment.objects.update(has_consent=True)
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        lifecycle.submit(report, seen=report.version, by=world.clerk)
    assert client.get(address("attachment-file", added.pk)).status_code == 200


def test_a_stamped_scan_hangs_on_its_report_and_is_marked_void_when_figures_change(world, clerk):
    submission = make_submission(world.form, world.city, world.period, {1: 5}, status="submitted")
    scan = SimpleUploadedFile("盖章.pdf", pdf())
    page = clerk.post(address("submission-scan-add", submission.pk), {"files": [scan]}, follow=True).text
    assert "盖章.pdf" in page
    assert "已作废" not in page
    submission.figures.update(value=6)
    assert "已作废" in clerk.get(address("submission-detail", submission.pk)).text


def test_captions_and_consent_are_saved_with_the_text(world, clerk):
    report, data = world.case(), jpeg()
    file = attachments.take(report, "照片.jpg", len(data), [data], by=world.clerk)
    typed = {f"caption-{file.pk}": "2月2日 招聘会现场", f"consent-{file.pk}": "on", "action": "save"}
    clerk.post(address("text-edit", report.pk), posted(report) | typed)
    file.refresh_from_db()
    assert (file.caption, file.has_consent) == ("2月2日 招聘会现场", True)


def test_captions_and_consent_stay_on_the_page_where_a_colleague_was_first(world, clerk):
    report, data = world.case(), jpeg()
    file = attachments.take(report, "照片.jpg", len(data), [data], by=world.clerk)
    typed = {f"caption-{file.pk}": "招聘会现场", f"consent-{file.pk}": "on", "action": "save"}
    old = posted(report) | typed
    lifecycle.save(report, {"title": "同事的标题"}, seen=report.version, by=world.colleague)
    page = clerk.post(address("text-edit", report.pk), old).text
    assert 'value="招聘会现场"' in page
    assert f'name="consent-{file.pk}" checked' in page


def test_a_campaign_without_duties_in_words_says_so(world, clerk):
    TextDuty.objects.all().delete()
    assert "没有要求报送文字材料" in clerk.get(address("text-board", "spring")).text


@pytest.mark.parametrize("page", ["case-list", "text-board"])
def test_a_page_asks_no_more_for_more_cases(world, client, page):
    client.force_login(world.sun)

    def asked():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address(page, "spring")).status_code == 200
        return len(captured)

    def write(place, by):
        make_picture(make_text(world.cases, place, world.period, by=by, title="送岗"), by=by)

    write(world.city, world.clerk)
    asked()
    few = asked()
    for _ in range(5):
        write(world.city, world.clerk)
        write(world.other, world.neighbour)
    assert asked() == few
