"""What may be opened: the bytes of an uploaded file are checked here before any reader sees them.

Nothing that the archive declares of itself is believed: sizes are counted while inflating, with a bound on each
step. Pure functions without Django: this runs in the process that reads (`reports.excel.child`).
"""

import re
import struct
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from enum import StrEnum
from io import BytesIO
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

MEGABYTE = 1024 * 1024
MAX_BYTES = 5 * MEGABYTE
MAX_UNPACKED = 50 * MEGABYTE
MAX_RATIO = 200
RATIO_FROM = MEGABYTE
"""A part may be packed as tightly as it likes while it is smaller than this."""
MAX_PARTS = 500
_STEP = 256 * 1024

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT = "mimetype"
_KEPT = (".xml", ".rels")
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
# In UTF-8, and with the zeros of UTF-16 between the letters.
_DTD = re.compile(rb"<\x00?!\x00?(?:D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E|E\x00?N\x00?T\x00?I\x00?T\x00?Y)")
_LONGEST_DTD = 20
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_OVERRIDE = re.compile(rb"<(?:\w+:)?(?:Override|Default)\s([^>]*)>")
_ATTRIBUTE = re.compile(rb"""(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class Kind(StrEnum):
    """The kinds of refusal; each has one sentence."""

    EMPTY = "empty"
    NOT_A_WORKBOOK = "not-a-workbook"
    OTHER_FORMAT = "other-format"
    ARCHIVE = "archive"
    ARCHIVE_TOO_LARGE = "archive-too-large"
    TOO_LARGE = "too-large"
    DAMAGED = "damaged"
    UNPACKED = "unpacked"
    PASSWORD = "password"  # noqa: S105 (the kind of a refusal)
    MACRO = "macro"
    UNSAFE = "unsafe"
    OVERRUN = "overrun"


SENTENCES = {
    Kind.EMPTY: "文件不是有效的 Excel 工作簿（.xlsx）：它是空的（0 字节），请核对后重新选择。",
    Kind.NOT_A_WORKBOOK: "文件不是有效的 Excel 工作簿（.xlsx），请重新另存后上传。",
    Kind.OTHER_FORMAT: (
        "文件不是有效的 Excel 工作簿（.xlsx）：它是网页、文本（.csv）或别的格式（.ods、.xlsb），"
        "有的系统导出的“.xls”就是这样。请在 Excel 或 WPS 中打开，另存为“Excel 工作簿（.xlsx）”后上传。"
    ),
    Kind.ARCHIVE: "是没有打开的压缩包，请解压后上传里面的工作簿，或把它们改存为一个 .zip 压缩包。",
    Kind.ARCHIVE_TOO_LARGE: "压缩包过大（上限 20 MB、500 个文件，解压后 50 MB），请分成几个压缩包上传。",
    Kind.TOO_LARGE: "文件超过 5 MB 的上限，请删去图片和无关的工作表，另存后上传。",
    Kind.DAMAGED: "文件已损坏或不完整，请在 Excel 或 WPS 中打开，另存为 .xlsx 后重新上传。",
    Kind.UNPACKED: "文件展开后过大，不是一般的报表。请把报表复制到新建的工作簿，保存为 .xlsx 后上传。",
    Kind.PASSWORD: "文件设有打开密码，请去掉密码后重新上传。",
    Kind.MACRO: "文件含有宏，不能上传。请另存为不含宏的“Excel 工作簿（.xlsx）”后上传。",
    Kind.UNSAFE: "文件含有不安全的内容，没有打开。请把报表复制到新建的工作簿，保存为 .xlsx 后上传。",
    Kind.OVERRUN: "文件读取超过时间或内存限制，请只保留报表所在的工作表，另存为 .xlsx 后上传。",
}


class RefusedFile(Exception):  # noqa: N818 (an outcome, to be shown as one)
    """The file is not opened, or not read to its end; the message is a sentence for the user."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(SENTENCES[kind])
        self.kind = kind
        self.detail = detail


class Package(NamedTuple):
    """What passed. container: `xlsx` or `xls`. parts: the XML parts of an .xlsx by name in lower case, inflated."""

    container: str
    parts: dict[str, bytes]


def check_size(size: int) -> None:
    """Refuse a file by its size alone: before it has been read."""
    if size > MAX_BYTES:
        raise RefusedFile(Kind.TOO_LARGE, f"{size} bytes")


def check(data: bytes) -> Package:
    """Return what may be read of a file. Raises RefusedFile."""
    check_size(len(data))
    if data.startswith(_OLE):
        return _check_ole(data)
    if not data.startswith(_ZIP):
        if not data:
            raise RefusedFile(Kind.EMPTY)
        raise RefusedFile(Kind.OTHER_FORMAT if _is_text(data) else Kind.NOT_A_WORKBOOK, "magic")
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
        # A file cut short begins like a workbook and has lost its directory.
        kind = (
            Kind.DAMAGED if b"[Content_Types].xml" in data[:4096] or b"xl/" in data else Kind.NOT_A_WORKBOOK
        )
        raise RefusedFile(kind, str(error)) from error
    _check_members(members)
    _check_names(members)
    parts: dict[str, bytes] = {}
    room = MAX_UNPACKED
    for member in members:
        if member.is_dir():
            continue
        name = member.filename.lower()
        kept, size = _inflate(data, member, room, keep=name.endswith(_KEPT))
        room -= size
        if kept is not None:
            parts[name] = kept
    _check_content(parts, [member.filename.lower() for member in members])
    return Package("xlsx", parts)


def _is_text(data: bytes) -> bool:
    """True for a web page, XML or CSV: Excel opens them too, whatever their name says."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    begin = data[:4096]
    return not _CONTROL.search(begin) and any(_decodes(begin, encoding) for encoding in ("utf-8", "gb18030"))


def _decodes(begin: bytes, encoding: str) -> bool:
    try:
        getincrementaldecoder(encoding)().decode(begin)
    except UnicodeDecodeError:
        return False
    return True


MAX_ARCHIVE = 20 * MEGABYTE
_WORKBOOKS = (".xlsx", ".xls", ".xlsm")
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz")
_OTHER_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b")


class Archive(NamedTuple):
    """A zip of files, by their names with the folder: 玄武区／附件1.xlsx. workbooks: not checked yet. others: no workbooks, not opened."""

    workbooks: list[tuple[str, bytes]]
    refused: list[tuple[str, RefusedFile]]
    others: list[str]


def archive_of(data: bytes) -> Archive | None:
    """Return what is in a zip of files; None where `data` is no archive. Raises RefusedFile.

    Names may be in GBK, as zips from Chinese systems are. An archive in the zip is not opened.
    """
    if data.startswith(_OTHER_ARCHIVES):
        raise RefusedFile(Kind.ARCHIVE, "no zip")
    return None if not data.startswith(_ZIP) or _is_package(data) else _archived(data)


def _is_package(data: bytes) -> bool:
    """True for an .xlsx itself, a zip whose own directory lists the content types, and for an .ods."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = {name.lower() for name in archive.namelist()}
            return bool(names & {"[content_types].xml", _OPEN_DOCUMENT})
    except (BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error):
        return True


def _archived(data: bytes) -> Archive:
    if len(data) > MAX_ARCHIVE:
        raise RefusedFile(Kind.ARCHIVE_TOO_LARGE, f"{len(data)} bytes")
    with ZipFile(BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
    if len(members) > MAX_PARTS:
        raise RefusedFile(Kind.ARCHIVE_TOO_LARGE, f"{len(members)} files")
    # Nothing is unpacked to a disk: a name is only shown, whatever path stands in it.
    _check_members(members)
    found = Archive([], [], [])
    room = MAX_UNPACKED
    for member in members:
        name = _name_of(member)
        *folders, base = name.replace("\\", "/").split("/")
        if base.startswith(("~$", ".")) or "__MACOSX" in folders:
            continue
        # In the zips of offices the folder often names the unit or the period.
        name = "／".join((*folders[-1:], base))
        if base.lower().endswith(_ARCHIVES):
            found.refused.append((name, RefusedFile(Kind.ARCHIVE, "in an archive")))
        elif not base.lower().endswith(_WORKBOOKS):
            found.others.append(name)
        else:
            try:
                content, size = _inflate(data, member, room, keep=True, is_xml=False)
            except RefusedFile as refused:
                if refused.kind == Kind.UNPACKED:
                    raise RefusedFile(Kind.ARCHIVE_TOO_LARGE, refused.detail) from refused
                found.refused.append((name, refused))
                continue
            room -= size
            found.workbooks.append((name, content or b""))
    return found


def _name_of(member: ZipInfo) -> str:
    """Return the name of a file in a zip: said to be UTF-8, or UTF-8 without a word, or GBK."""
    if member.flag_bits & 0x800:
        return member.filename
    written = member.orig_filename.encode("cp437", "replace")
    try:
        return written.decode("utf-8")
    except UnicodeDecodeError:
        return written.decode("gb18030", "replace")


def _check_ole(data: bytes) -> Package:
    """An old .xls, or what Excel makes of a workbook with a password: both are OLE files."""
    names = data  # names of streams stand in the file in UTF-16
    if "EncryptedPackage".encode("utf-16-le") in names:
        raise RefusedFile(Kind.PASSWORD, "EncryptedPackage")
    if "_VBA_PROJECT".encode("utf-16-le") in names:
        raise RefusedFile(Kind.MACRO, "VBA")
    if not any(name.encode("utf-16-le") in names for name in ("Workbook\x00", "Book\x00", "WORKBOOK\x00")):
        raise RefusedFile(Kind.NOT_A_WORKBOOK, "no Workbook stream")
    return Package("xls", {})


def _check_members(members: list[ZipInfo]) -> None:
    """Refuse what is too many, encrypted, or packed in a way that no office uses."""
    if len(members) > MAX_PARTS:
        raise RefusedFile(Kind.UNPACKED, f"{len(members)} parts")
    for member in members:
        if member.flag_bits & 0x1:
            raise RefusedFile(Kind.PASSWORD, f"encrypted {member.orig_filename!r}")
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise RefusedFile(Kind.UNSAFE, f"method {member.compress_type}")


def _check_names(members: list[ZipInfo]) -> None:
    """Refuse names in a workbook that no spreadsheet writes."""
    seen = set()
    for member in members:
        # As it stands in the file: ZipInfo cuts a name at a NUL.
        name = member.orig_filename
        if (
            not name
            or name.startswith(("/", "\\"))
            or "\\" in name
            or "\x00" in name
            or _DRIVE.match(name)
            or ".." in name.split("/")
        ):
            raise RefusedFile(Kind.UNSAFE, f"name {name!r}")
        if name.lower() in seen:
            raise RefusedFile(Kind.UNSAFE, f"twice {name!r}")
        seen.add(name.lower())


def _inflate(
    data: bytes, member: ZipInfo, room: int, *, keep: bool, is_xml: bool = True
) -> tuple[bytes | None, int]:
    """Inflate one part in bounded steps; return it where it is to be kept, and its true size.

    What is kept is searched for a DTD, if it is XML.
    """
    packed = _packed(data, member)
    kept: list[bytes] = []
    size, crc, tail = 0, 0, b""
    for chunk in _chunks(packed, member.compress_type):
        size += len(chunk)
        if size > room:
            raise RefusedFile(Kind.UNPACKED, f"{member.filename!r} beyond {MAX_UNPACKED} bytes")
        if size > RATIO_FROM and size > MAX_RATIO * max(1, member.compress_size):
            raise RefusedFile(Kind.UNPACKED, f"{member.filename!r} ratio")
        crc = zlib.crc32(chunk, crc)
        if keep:
            if is_xml and _has_dtd(tail + chunk):
                raise RefusedFile(Kind.UNSAFE, f"DTD in {member.filename!r}")
            tail = chunk[-_LONGEST_DTD:]
            kept.append(chunk)
    if size != member.file_size or crc != member.CRC:
        raise RefusedFile(Kind.DAMAGED, f"{member.filename!r} is not what the directory says")
    return (b"".join(kept) if keep else None), size


def _has_dtd(part: bytes) -> bool:
    """Search a part for a DTD; most hold no such sign at all, which is seen much sooner."""
    return b"!" in part and _DTD.search(part) is not None


def _packed(data: bytes, member: ZipInfo) -> memoryview:
    """Return the packed bytes of a part: behind its local header, which must tell the same name and method."""
    start = member.header_offset
    try:
        magic, _, flags, method, *_, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, start)
    except struct.error as error:
        raise RefusedFile(Kind.DAMAGED, "local header") from error
    begin = start + _LOCAL_HEADER.size
    name = data[begin : begin + name_length]
    encoding = "utf-8" if member.flag_bits & 0x800 else "cp437"
    if (
        magic != _ZIP
        or flags & 0x1
        or method != member.compress_type
        or name != member.orig_filename.encode(encoding, "replace")
    ):
        raise RefusedFile(Kind.DAMAGED, "local header differs")
    begin += name_length + extra_length
    if begin + member.compress_size > len(data):
        raise RefusedFile(Kind.DAMAGED, "part beyond the end")
    return memoryview(data)[begin : begin + member.compress_size]


def _chunks(packed: memoryview, method: int) -> Iterator[bytes]:
    if method == ZIP_STORED:
        for start in range(0, len(packed), _STEP):
            yield bytes(packed[start : start + _STEP])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        waiting: bytes | memoryview = packed
        while not inflater.eof:
            chunk = inflater.decompress(waiting, _STEP)
            waiting = inflater.unconsumed_tail
            if not chunk and not waiting:
                break
            yield chunk
    except zlib.error as error:
        raise RefusedFile(Kind.DAMAGED, str(error)) from error
    if not inflater.eof:
        raise RefusedFile(Kind.DAMAGED, "stream without end")


def _check_content(parts: dict[str, bytes], names: list[str]) -> None:
    """Refuse what is another kind of document, and macros in whatever guise."""
    types = parts.get("[content_types].xml")
    if types is None:
        kind = Kind.OTHER_FORMAT if _OPEN_DOCUMENT in names else Kind.NOT_A_WORKBOOK
        raise RefusedFile(kind, "no content types")
    declared = set()
    for attributes in _OVERRIDE.findall(types):
        found = {name: double or single for name, double, single in _ATTRIBUTE.findall(attributes)}
        declared.add(found.get(b"ContentType", b"").decode("utf-8", "replace").lower())
    if any("sheet.binary" in kind for kind in declared):
        raise RefusedFile(Kind.OTHER_FORMAT, "xlsb")
    is_macro = any(
        "macroenabled" in kind or "vbaproject" in kind or "macrosheet" in kind for kind in declared
    )
    if is_macro or any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise RefusedFile(Kind.MACRO, "macro")
    if _WORKBOOK.lower() not in declared:
        raise RefusedFile(Kind.NOT_A_WORKBOOK, "content type")
