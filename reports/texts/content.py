"""What a file is, told by its content and not by its name; pure functions over an open file.

A file is taken where it is one thing from its first byte to its last: what something else hides behind or in
front of is refused, and so is what was cut.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from os import SEEK_END
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from defusedxml.ElementTree import fromstring
from PIL import Image

from reports.models import Attachment

Kind = Attachment.Kind
MEGABYTE = 1024 * 1024
LIMITS = {Kind.PICTURE: 20 * MEGABYTE, Kind.DOCUMENT: 20 * MEGABYTE, Kind.VIDEO: 200 * MEGABYTE}
"""Bytes a file of each kind may have."""
EXTENSIONS = {
    "jpg": Kind.PICTURE,
    "jpeg": Kind.PICTURE,
    "png": Kind.PICTURE,
    "webp": Kind.PICTURE,
    "mp4": Kind.VIDEO,
    "mov": Kind.VIDEO,
    "pdf": Kind.DOCUMENT,
    "docx": Kind.DOCUMENT,
    "xlsx": Kind.DOCUMENT,
    "pptx": Kind.DOCUMENT,
    "doc": Kind.DOCUMENT,
    "wps": Kind.DOCUMENT,
}
TAKEN = "图片（jpg、png、webp）、视频（mp4、mov）、文档（pdf、docx、xlsx、pptx、doc、wps）"
MOST_PIXELS = 40_000_000
LARGEST_SIDE = 2560
"""Pixels of the longer side of the copy that is kept of a picture."""
THUMBNAIL_SIDE = 320
PAPER_SIDE = 1280
"""Of a picture in a document: as wide as the text of a page, 200 pixels an inch."""
LONGEST_NAME = 150

_READ = ("JPEG", "PNG", "WEBP")
_ENDINGS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
_FORMATS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
"""MPO is a JPEG with a second one behind it, as many telephones take them: the first is the photograph."""
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ADVICE = {
    "heic": "这是手机的高效格式照片，请先在手机或看图软件里另存为 jpg",
    "heif": "这是手机的高效格式照片，请先在手机或看图软件里另存为 jpg",
    "gif": "请另存为 jpg 或 png",
    "bmp": "请另存为 jpg 或 png",
    "tif": "请另存为 jpg、png 或 PDF",
    "tiff": "请另存为 jpg、png 或 PDF",
    "ofd": "请导出为 PDF",
    "xls": "请另存为 xlsx",
    "ppt": "请另存为 pptx",
}
"""What to do with a file that is often sent and not taken."""
_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moof", b"mfra", b"sidx", b"meta"}
_HOLDERS = (b"moov", b"trak", b"udta", b"meta")
_PLACES = (b"\xa9xyz", b"loci")
_MOST_BOXES = 100_000
_LONGEST_PART = MEGABYTE
"""Bytes that are read of a document's list of types, and of all its relations."""
_FAR = re.compile(r"(https?|ftp|mhtml):|(file:)?[\\/]{2}[^\\/]", re.IGNORECASE)
_FETCHED = ("attachedTemplate", "oleObject", "frame", "subDocument")
"""Kinds of relations whose target is got as the document is opened."""


class ContentError(ValueError):
    """The file is not taken; the message is a sentence for the user."""


@dataclass(frozen=True)
class Found:
    kind: Attachment.Kind
    content_type: str


@dataclass(frozen=True)
class _Box:
    """A box of a film. at: where it begins; start, end: of what it holds."""

    kind: bytes
    at: int
    start: int
    end: int


@dataclass(frozen=True)
class Copies:
    """What is kept of a picture: drawn anew as JPEG, or PNG where it has transparency; nothing else of the file."""

    shared: bytes
    thumbnail: bytes
    content_type: str


def clean_name(name: str) -> str:
    """Return the name of a file as people may see it: no path, nothing that cannot be seen or turns the text."""
    last = PurePosixPath(name.replace("\\", "/")).name
    seen = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Co", "Cs"))
    seen = re.sub(r"\s+", " ", seen).strip(" .")
    stem, dot, extension = seen.rpartition(".")
    if not dot or len(extension) > 8:
        return seen[:LONGEST_NAME] or "附件"
    return f"{stem[: LONGEST_NAME - len(extension) - 1] or '附件'}.{extension}"


def announced(name: str, size: int) -> Attachment.Kind:
    """Return what a file of this name would be; refuse by name or size before any of it is read."""
    kind = _kind(name)
    if size <= 0:
        raise ContentError(f"“{name}”是空文件，请检查后重新选择。")
    if size > LIMITS[kind]:
        limit = LIMITS[kind] // MEGABYTE
        raise ContentError(
            f"“{name}”有 {size / MEGABYTE:.0f} MB，{kind.label}不能超过 {limit} MB，请压缩后上传。"
        )
    return kind


def judge(file: BinaryIO, name: str) -> Found:
    """Return what a whole file is. Raises ContentError where it is not what its name says, or not whole."""
    extension, kind = _extension(name), _kind(name)
    if kind == Kind.PICTURE:
        return Found(kind, _picture_type(file, name))
    if kind == Kind.VIDEO:
        _check_video(file, name)
        return Found(kind, "video/mp4" if extension == "mp4" else "video/quicktime")
    if extension == "pdf":
        _check_pdf(file, name)
        return Found(kind, "application/pdf")
    if extension in _OFFICE:
        _check_office(file, name, extension)
        return Found(kind, _OFFICE[extension])
    _check_old_word(file, name, extension)
    return Found(kind, "application/msword")


def copies(file: BinaryIO, name: str) -> Copies:
    """Draw a picture anew, turned upright, without anything that stands in the file beside it."""
    try:
        file.seek(0)
        with Image.open(file, formats=_READ) as source:
            source.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
            turn = _TURNS.get(_orientation(source))
            has_alpha = source.mode in ("RGBA", "LA", "PA") or "transparency" in source.info
            if source.mode.startswith("I"):  # 16 bits of grey, which a plain conversion cuts off at 255
                drawn = source.point(lambda grey: grey / 256).convert("RGB")
            else:
                drawn = source.convert("RGBA" if has_alpha else "RGB")
            drawn = drawn.transpose(turn) if turn is not None else drawn
    except Exception as error:  # readers raise whatever a broken file leads them to
        raise ContentError(f"图片“{name}”不完整或已损坏，请重新选择。") from error
    drawn.info.clear()
    drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    small = drawn.copy()
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    if has_alpha:
        small = _on_white(small)
        return Copies(_saved(drawn, "PNG"), _saved(small, "JPEG"), "image/png")
    return Copies(_saved(drawn, "JPEG"), _saved(small, "JPEG"), "image/jpeg")


def named_as(name: str, content_type: str) -> str:
    """Return the name of a picture with the ending of what it was drawn as: a WebP opens as the JPEG that it now is."""
    if _FORMATS.get(_ENDINGS.get(_extension(name), "")) == content_type:
        return name
    return f"{name.rpartition('.')[0]}.{'png' if content_type == 'image/png' else 'jpg'}"


def for_paper(path: Path) -> bytes:
    """Return a picture that is kept as a JPEG for a document: a week's pictures together can still be sent by mail."""
    with Image.open(path, formats=_READ) as kept:
        kept.draft("RGB", (PAPER_SIDE, PAPER_SIDE))
        drawn = _on_white(kept.convert("RGBA")) if kept.mode == "RGBA" else kept.convert("RGB")
    drawn.thumbnail((PAPER_SIDE, PAPER_SIDE))
    return _saved(drawn, "JPEG")


def _on_white(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _saved(image: Image.Image, form: str) -> bytes:
    stream = BytesIO()
    image.save(stream, form, **({"quality": 88} if form == "JPEG" else {}))
    return stream.getvalue()


def _orientation(picture: Image.Image) -> int:
    """How a photograph lies; 1, as it stands, where what the camera wrote cannot be read."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # as above
        return 1


def _kind(name: str) -> Attachment.Kind:
    extension = _extension(name)
    if extension in EXTENSIONS:
        return EXTENSIONS[extension]
    advice = f"{_ADVICE[extension]}。" if extension in _ADVICE else ""
    raise ContentError(f"不能上传“{name}”：只收{TAKEN}。{advice}")


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _picture_type(file: BinaryIO, name: str) -> str:
    """Tell a picture by its first bytes; refuse more pixels than are ever drawn before any is."""
    try:
        file.seek(0)
        with Image.open(file, formats=_READ) as image:
            width, height = image.size
            content_type = _FORMATS[image.format or ""]
    except Exception:  # readers raise whatever a broken file leads them to
        raise ContentError(f"“{name}”的内容不是 jpg、png 或 webp 图片，请重新选择。") from None
    if width * height > MOST_PIXELS:
        raise ContentError(f"图片“{name}”有 {width}×{height} 像素，太大，请缩小到 4000 万像素以内。")
    return content_type


def _check_pdf(file: BinaryIO, name: str) -> None:
    file.seek(0)
    head = file.read(8)
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - 1024))
    tail = file.read()
    if not head.startswith((b"%PDF-1.", b"%PDF-2.")):
        raise ContentError(f"“{name}”的内容不是 PDF，请重新导出后上传。")
    _, end, after = tail.rpartition(b"%%EOF")
    if not end or after.strip(b"\r\n\t \x00"):
        raise ContentError(f"PDF 文件“{name}”不完整，或末尾带有其他内容，请重新导出后上传。")


def _check_office(file: BinaryIO, name: str, extension: str) -> None:
    """An Office document without macros: a zip archive from the first byte, whose types say so."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise ContentError(f"“{name}”的内容不是 {extension} 文档，请用 Office 或 WPS 另存后上传。")
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()
            with archive.open("[Content_Types].xml") as part:
                types = part.read(_LONGEST_PART)
            far = _fetched(archive)
    except (BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        raise ContentError(f"文档“{name}”不完整、已损坏或加了密码，请另存后上传。") from None
    except Exception as error:  # zlib and lzma raise errors of their own
        raise ContentError(f"文档“{name}”不完整或已损坏，请另存后上传。") from error
    if b"macroEnabled" in types or any("vbaproject" in part.lower() for part in names):
        raise ContentError(f"文档“{name}”含有宏，请另存为不含宏的 {extension} 后上传。")
    if f"{_OFFICE[extension]}.main+xml".encode() not in types:
        raise ContentError(f"“{name}”的内容不是 {extension} 文档，请用 Office 或 WPS 另存后上传。")

    if far:
        raise ContentError(
            f"文档“{name}”打开时会从“{far[:60]}”取模板或对象，请把内容复制到新文档，另存后上传。"
        )


def _fetched(archive: ZipFile) -> str:
    """Return an address from which a document gets a template or an object as it is opened; "" for none.

    Links that a reader follows by hand, pictures, and templates on the writer's own disk are none of these.
    """
    parts = [part for part in archive.infolist() if part.filename.lower().endswith(".rels")]
    if sum(part.file_size for part in parts) > _LONGEST_PART:
        raise ValueError("more relations than any document has")
    for part in parts:
        for relation in fromstring(archive.read(part)):
            target, kind = relation.get("Target", ""), relation.get("Type", "").rpartition("/")[2]
            is_outside = relation.get("TargetMode") == "External"
            if is_outside and kind in _FETCHED and _FAR.match(target.strip()):
                return target
    return ""


def _check_old_word(file: BinaryIO, name: str, extension: str) -> None:
    """A compound file that holds a text and no macros, by the names in its directory."""
    file.seek(0)
    data = file.read()
    if not data.startswith(_OLE2) or _entry("WordDocument") not in data:
        raise ContentError(f"“{name}”的内容不是 {extension} 文档，请用 Word 或 WPS 另存后上传。")
    if _entry("_VBA_PROJECT") in data:
        raise ContentError(f"文档“{name}”含有宏，请另存为不含宏的 docx 后上传。")


def _entry(name: str) -> bytes:
    """A name as the directory of a compound file has it, with the end that closes it."""
    return f"{name}\0".encode("utf-16-le")


def _check_video(file: BinaryIO, name: str) -> None:
    """Boxes from the first byte to the last, the first of them ftyp: one that was cut does not end where it says."""
    kinds: list[bytes] = []
    for box in _boxes(file, 0, file.seek(0, SEEK_END)):
        if box is None or (not kinds and box.kind != b"ftyp") or box.kind not in _BOXES:
            raise ContentError(f"“{name}”的内容不是完整的 mp4 或 mov 视频，请重新导出后上传。")
        kinds.append(box.kind)
    if b"moov" not in kinds or not {b"mdat", b"moof"} & set(kinds):
        raise ContentError(f"“{name}”的内容不是完整的 mp4 或 mov 视频，请重新导出后上传。")


def hide_position(film: BinaryIO) -> None:
    """Blank in place what a telephone wrote into a film of where it was taken: its boxes stay, free and empty."""
    for box in list(_positions(film, 0, film.seek(0, SEEK_END))):
        film.seek(box.at + 4)
        film.write(b"free")
        film.seek(box.start)
        for left in range(box.end - box.start, 0, -MEGABYTE):
            film.write(bytes(min(left, MEGABYTE)))


def _positions(film: BinaryIO, start: int, end: int, depth: int = 0) -> Iterator[_Box]:
    """The boxes with a place: ©xyz and loci of Android, of Apple the values whose keys speak of a location."""
    named: set[bytes] = set()
    for box in _boxes(film, start, end):
        if box is None:
            return
        if box.kind in _PLACES or box.kind in named:
            yield box
        elif box.kind == b"keys":
            named = _location_keys(film, box)
        elif box.kind == b"ilst":
            yield from (one for one in _boxes(film, box.start, box.end) if one and one.kind in named)
        elif box.kind in _HOLDERS and depth < len(_HOLDERS):
            film.seek(box.start)
            is_bare = film.read(8)[4:] == b"hdlr"  # QuickTime's meta has no version in front
            inside = box.start + (4 if box.kind == b"meta" and not is_bare else 0)
            yield from _positions(film, inside, box.end, depth + 1)


def _location_keys(film: BinaryIO, keys: _Box) -> set[bytes]:
    """By which kind the values of a list of keys go that speak of a location: the number of the key."""
    entries = _boxes(film, keys.start + 8, keys.end)
    found = set()
    for number, entry in enumerate(entries, start=1):
        if entry is None:
            break
        film.seek(entry.start)
        if b"location" in film.read(min(entry.end - entry.start, 200)):
            found.add(number.to_bytes(4, "big"))
    return found


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[_Box | None]:
    """The boxes of a part of an ISO media file; None where one does not fit into it, or they are too many."""
    for _ in range(_MOST_BOXES):
        if at >= end:
            return
        file.seek(at)
        head = file.read(16)
        length, start = int.from_bytes(head[:4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), at + 16
        elif length == 0:
            length = end - at
        if length < start - at or at + length > end:
            break
        yield _Box(head[4:8], at, start, at + length)
        at += length
    yield None
