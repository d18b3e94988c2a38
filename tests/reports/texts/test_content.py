"""What a file is, by its content."""

from io import BytesIO

import pytest
from PIL import Image

from reports.models import Attachment
from reports.texts.content import ContentError, announced, clean_name, copies, hide_position, judge

from .files import (
    box,
    doc,
    docx,
    grey_of_16_bits,
    jpeg,
    jpeg_of_two,
    jpeg_with_odd_notes,
    mp4,
    mp4_with_position,
    pdf,
    png,
    png_claiming,
)

MEGABYTE = 1024 * 1024

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

GOOD = {
    "a photograph": ("照片.jpg", jpeg(), "image/jpeg"),
    "a photograph called jpeg in capitals": ("DSC.JPEG", jpeg(), "image/jpeg"),
    "a photograph of a telephone with two lenses": ("IMG.jpg", jpeg_of_two(), "image/jpeg"),
    "a picture named jpg that is a png": ("截图.jpg", png(), "image/png"),
    "a drawing": ("图.png", png(), "image/png"),
    "a PDF": ("方案.pdf", pdf(), "application/pdf"),
    "a PDF with line ends behind it": ("方案.pdf", pdf(b"\r\n\r\n"), "application/pdf"),
    "a Word document": ("总结.docx", docx(), DOCX),
    "a document with a link in it": ("总结.docx", docx(relation=("hyperlink", "https://example.com/")), DOCX),
    "a document with a template on its writer's disk": (
        "总结.docx",
        docx(relation=("attachedTemplate", "file:///C:\\模板\\公文.dotx")),
        DOCX,
    ),
    "an old Word document": ("总结.doc", doc(), "application/msword"),
    "a WPS document": ("总结.wps", doc(), "application/msword"),
    "a film": ("招聘会.mp4", mp4(), "video/mp4"),
    "a film of a telephone": ("IMG.MOV", mp4(), "video/quicktime"),
}
BAD = {
    "a program named jpg": ("照片.jpg", b"MZ\x90\x00" + b"\x00" * 200),
    "a page named jpg": ("照片.jpg", b"<html><script>alert(1)</script></html>"),
    "a drawing in SVG named png": ("图.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
    "an SVG": ("图.svg", b"<svg/>"),
    "a page": ("页.html", b"<html></html>"),
    "a program": ("安装.exe", b"MZ"),
    "a GIF named png": ("图.png", b"GIF89a" + b"\x00" * 20),
    "more pixels than are ever drawn": ("大.png", png_claiming(60_000, 60_000)),
    "a PDF that was cut": ("方案.pdf", pdf()[:-10]),
    "a PDF with an archive behind it": ("方案.pdf", pdf(docx())),
    "a page named pdf": ("方案.pdf", b"<html>%PDF-1.7 %%EOF"),
    "a Word document that was cut": ("总结.docx", docx()[:-30]),
    "an archive named docx": ("总结.docx", docx(types="application/zip")),
    "a workbook named docx": (
        "总结.docx",
        docx(types="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
    ),
    "a document with a macro": ("总结.docx", docx(names=["word/vbaProject.bin"])),
    "a document that names macros": (
        "总结.docx",
        docx(types="application/vnd.ms-word.document.macroEnabled.main+xml"),
    ),
    "a program with an archive behind it": ("总结.docx", b"MZ\x90\x00" + docx()),
    "a document whose template lies elsewhere": (
        "总结.docx",
        docx(relation=("attachedTemplate", "https://example.com/a.dotm")),
    ),
    "a document with an object on another machine": (
        "总结.docx",
        docx(relation=("oleObject", "file://server/share/a.xls")),
    ),
    "an old document with a macro": ("总结.doc", doc("WordDocument", "Macros", "_VBA_PROJECT")),
    "an installer named doc": ("总结.doc", doc("SummaryInformation")),
    "a page named doc": ("总结.doc", b"<html></html>"),
    "a film that was cut": ("招聘会.mp4", mp4()[:-1]),
    "a film with a page in front": ("招聘会.mp4", b"<html></html>" + mp4()),
    "a film with a page behind": ("招聘会.mp4", mp4() + b"<script>alert(1)</script>"),
    "a film of boxes without end": ("招聘会.mp4", mp4() + box(b"free") * 100_000),
    "a film without pictures": ("招聘会.mp4", box(b"ftyp", b"isom") + box(b"moov")),
    "a name without an ending": ("照片", jpeg()),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_good_file_is_known_by_its_content(case):
    name, data, content_type = GOOD[case]
    assert judge(BytesIO(data), name).content_type == content_type


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_a_sentence_that_names_it(case):
    name, data = BAD[case]
    with pytest.raises(ContentError) as refusal:
        judge(BytesIO(data), name)
    assert name in str(refusal.value)
    assert str(refusal.value).endswith("。")


def test_a_photograph_that_was_cut_is_refused_when_it_is_drawn():
    data = jpeg(2000, 2000)
    with pytest.raises(ContentError, match="不完整"):
        copies(BytesIO(data[: len(data) // 2]), "照片.jpg")


def test_the_copy_of_a_photograph_stands_upright_and_says_nothing_of_where_it_was_taken():
    sent = jpeg(640, 480, with_position=True)
    assert Image.open(BytesIO(sent)).getexif().get_ifd(0x8825)
    kept = Image.open(BytesIO(copies(BytesIO(sent), "照片.jpg").shared))
    assert kept.size == (480, 640)
    assert dict(kept.getexif()) == {}


def test_of_a_photograph_with_a_second_one_behind_it_the_first_is_kept():
    kept = copies(BytesIO(jpeg_of_two()), "照片.jpg")
    red, green, _blue = Image.open(BytesIO(kept.shared)).getpixel((0, 0))
    assert green > red
    assert b"MPF" not in kept.shared


def test_a_photograph_whose_notes_cannot_be_read_is_taken_and_turned():
    kept = copies(BytesIO(jpeg_with_odd_notes()), "照片.jpg")
    assert Image.open(BytesIO(kept.shared)).size == (480, 640)


def test_a_grey_scan_of_16_bits_keeps_its_shades():
    kept = Image.open(BytesIO(copies(BytesIO(grey_of_16_bits(25_600)), "扫描.png").shared))
    assert kept.getpixel((0, 0)) == (100, 100, 100)


def test_what_is_transparent_stands_on_white_in_the_thumbnail():
    kept = copies(BytesIO(png()), "徽标.png")
    assert Image.open(BytesIO(kept.thumbnail)).getpixel((0, 0)) == (255, 255, 255)


def test_a_film_is_kept_without_the_place_where_it_was_taken_and_else_as_it_is():
    sent = mp4_with_position()
    film = BytesIO(sent)
    hide_position(film)
    kept = film.getvalue()
    assert sent.count(b"+30.5867") == 2
    assert kept.count(b"+30.5867") == 0
    assert b"Telephone" in kept
    assert len(kept) == len(sent)
    assert judge(film, "招聘会.mov").content_type == "video/quicktime"


def test_a_film_that_names_no_place_is_kept_to_the_byte():
    film = BytesIO(mp4())
    hide_position(film)
    assert film.getvalue() == mp4()


def test_what_hides_behind_a_photograph_is_not_kept():
    kept = copies(BytesIO(jpeg() + b"<script>alert(1)</script>"), "照片.jpg")
    assert b"script" not in kept.shared + kept.thumbnail


def test_a_large_photograph_is_kept_in_the_size_of_a_screen():
    kept = copies(BytesIO(jpeg(4000, 3000)), "照片.jpg")
    assert max(Image.open(BytesIO(kept.shared)).size) == 2560
    assert max(Image.open(BytesIO(kept.thumbnail)).size) == 320


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("长片.mp4", 500 * MEGABYTE, "视频不能超过 200 MB"),
        ("照片.jpg", 21 * MEGABYTE, "图片不能超过 20 MB"),
        ("方案.pdf", 21 * MEGABYTE, "文档不能超过 20 MB"),
        ("照片.jpg", 0, "空文件"),
        ("安装.exe", 5, "只收"),
        ("IMG_2041.HEIC", 5, "另存为 jpg"),
    ],
)
def test_a_file_is_refused_by_its_name_or_size_before_any_of_it_is_read(name, size, says):
    with pytest.raises(ContentError, match=says):
        announced(name, size)


def test_a_file_of_just_the_limit_is_taken():
    assert announced("长片.mp4", 200 * MEGABYTE) == Attachment.Kind.VIDEO


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\照片\\招聘会（第1场） 😀.jpg", "招聘会（第1场） 😀.jpg"),
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("a\r\nb\x00c.pdf", "abc.pdf"),
        ("gpj\u202exe.jpg", "gpjxe.jpg"),
        ("   .  ", "附件"),
        (".jpg", "jpg"),
        ("长" * 300 + ".docx", "长" * 145 + ".docx"),
    ],
)
def test_names_are_kept_but_for_what_cannot_be_seen(given, kept):
    assert clean_name(given) == kept
