"""Files of texts and reports: taken in pieces, judged when whole, kept under names of the server's own.

They lie in a folder that no web server serves (`settings.PRIVATE_ROOT`). A file is first a row and a `.part`;
only when it is whole and judged does it get its name, and only then does the row say so. Whatever has no row is
a stray: see `strays`.
"""

import hashlib
import shutil
from collections.abc import Iterable
from datetime import timedelta
from os import SEEK_END
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chunfeng.accounts.models import User
from reports.lifecycle import TransitionError, checksum
from reports.models import Attachment, Submission, TextReport

from . import content

MOST_FILES = 20
"""Of one text, and of one report."""
_FINISHED = ("name", "content_type", "sha256", "thumbnail", "checksum", "finished_at")
SPARE = 200 * content.MEGABYTE
"""Bytes of the disk that uploads leave free."""
UNFINISHED_FOR = timedelta(hours=24)
"""How long a broken upload may be taken up again."""


class AttachmentError(TransitionError):
    """A file is not taken or not removed; the message is a sentence for the user."""


class OutOfStep(Exception):  # noqa: N818 (an outcome: the sender goes on from here)
    """A piece that does not begin where the file ends. received: bytes that are here."""

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


def begin(owner: TextReport | Submission, name: str, size: int, *, by: User) -> Attachment:
    """Note that a file is coming. Raises AttachmentError by its name, its size, their number, or a full disk."""
    name = content.clean_name(name)
    try:
        kind = content.announced(name, size)
    except content.ContentError as error:
        raise AttachmentError(str(error)) from None
    if problem := closed_problem(owner):
        raise AttachmentError(problem)
    if isinstance(owner, Submission) and kind == Attachment.Kind.VIDEO:
        raise AttachmentError("盖章扫描件请上传 PDF 或图片。")
    if owner.attachments.count() >= MOST_FILES:
        raise AttachmentError(f"附件已有 {MOST_FILES} 个，请先删去不需要的。")
    if shutil.disk_usage(_root()).free < size + SPARE:
        raise AttachmentError("服务器磁盘空间不足，暂时不能上传，请联系系统管理员。")
    return Attachment.objects.create(
        report=owner if isinstance(owner, TextReport) else None,
        submission=owner if isinstance(owner, Submission) else None,
        kind=Attachment.Kind.SCAN if isinstance(owner, Submission) else kind,
        name=name,
        stored=f"{timezone.now():%Y%m}/{uuid4().hex}",
        size=size,
        uploaded_by=by,
    )


def received(attachment: Attachment) -> int:
    """Return how many bytes of an unfinished file are here."""
    part = _part(attachment)
    return part.stat().st_size if part.exists() else 0


def receive(attachment: Attachment, offset: int, piece: bytes) -> int:
    """Append a piece and return how many bytes are here now.

    Raises OutOfStep where the piece does not begin at the end of what is here: a piece sent twice is not
    stored twice. Raises AttachmentError where the file would grow over the size it was announced with.
    """
    part = _part(attachment)
    part.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    with part.open(
        "r+b"
    ) as file:  # at its place, not at the end: of two that bring one piece neither doubles it
        here = file.seek(0, SEEK_END)
        if offset != here:
            raise OutOfStep(here)
        if here + len(piece) > attachment.size:
            raise AttachmentError(f"“{attachment.name}”比声明的大，已停止接收，请重新上传。")
        file.seek(offset)
        file.write(piece)
        return here + len(piece)


def finish(attachment: Attachment) -> Attachment:
    """Judge a file that is here in whole and keep it; what is refused leaves nothing behind.

    What it belongs to may have been sent, or the file given up, while it came: then it is refused as well.
    """
    part, owner = _part(attachment), attachment.report or attachment.submission
    if received(attachment) != attachment.size:
        raise AttachmentError(f"“{attachment.name}”还没有传完，请继续上传。")
    try:
        if owner and (problem := closed_problem(owner)):
            raise AttachmentError(problem)
        with part.open("rb") as file:
            found = content.judge(file, attachment.name)
            file.seek(0)
            sent = hashlib.file_digest(file, "sha256").hexdigest()
            pictures = (
                content.copies(file, attachment.name) if found.kind == Attachment.Kind.PICTURE else None
            )
        _refuse_twice(attachment, sent)
    except (content.ContentError, AttachmentError) as error:
        discard(attachment)
        raise AttachmentError(str(error)) from None
    attachment.content_type, attachment.sha256 = found.content_type, sent
    if found.content_type.startswith("video/"):
        with part.open("r+b") as film:
            content.hide_position(film)
    if pictures is None:
        part.replace(path_of(attachment))
    else:
        attachment.content_type = pictures.content_type
        attachment.name = content.named_as(attachment.name, pictures.content_type)
        attachment.thumbnail = f"{attachment.stored}-small"
        path_of(attachment).write_bytes(pictures.shared)
        thumbnail_of(attachment).write_bytes(pictures.thumbnail)
        part.unlink()
    if attachment.submission is not None:
        attachment.checksum = checksum(attachment.submission)
    attachment.finished_at = timezone.now()
    columns = {name: getattr(attachment, name) for name in _FINISHED}
    if not Attachment.objects.filter(pk=attachment.pk, finished_at=None).update(**columns):
        _refuse_given_up(attachment)
    return attachment


def _refuse_given_up(attachment: Attachment) -> None:
    """Leave nothing of a file whose row is gone. One that was finished twice at once is kept."""
    if not Attachment.objects.filter(pk=attachment.pk).exists():
        _unlink([path_of(attachment), thumbnail_of(attachment)])
        raise AttachmentError(f"“{attachment.name}”已由同事放弃上传，请重新选择文件。")


def take(
    owner: TextReport | Submission, name: str, size: int, pieces: Iterable[bytes], *, by: User
) -> Attachment:
    """Take a whole file at once, as a plain form sends it."""
    attachment = begin(owner, name, size, by=by)
    try:
        offset = 0
        for piece in pieces:
            offset = receive(attachment, offset, piece)
    except AttachmentError:
        discard(attachment)
        raise
    return finish(attachment)


def closed_problem(owner: TextReport | Submission) -> str:
    """Return why no file may be added to or taken from `owner` now; "" where one may.

    A stamped scan follows the report, so a report takes one once it has been sent.
    """
    if isinstance(owner, Submission):
        return "" if owner.status in Submission.SENT else "该表还没有上报，上报后再上传盖章扫描件。"
    if owner.status == TextReport.Status.ACCEPTED:
        return f"该材料{owner.state}，附件不能再增减。"
    return "" if owner.is_editable else "该材料已上报，附件不能再增减；如需修改，请先撤回。"


def remove(attachment: Attachment) -> None:
    """Delete a file of a text that may still be edited, or a scan whose report is not accepted."""
    owner = attachment.report or attachment.submission
    if isinstance(owner, Submission) and _is_kept(owner, is_void=is_void(attachment)):
        raise AttachmentError("该表已审核通过，盖章扫描件要留存，不能删除。")
    if isinstance(owner, TextReport) and (problem := closed_problem(owner)):
        raise AttachmentError(problem)
    discard(attachment)


def discard(attachment: Attachment) -> None:
    """Delete the row and, once that has become true, what is stored of it."""
    paths = [_part(attachment), path_of(attachment), thumbnail_of(attachment)]
    with transaction.atomic():
        attachment.delete()
        transaction.on_commit(lambda: _unlink(paths))


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def is_void(scan: Attachment, now: str = "") -> bool:
    """Say whether the figures have changed since the scanned sheet was printed. now: their checksum, where known."""
    return scan.submission is not None and scan.checksum != (now or checksum(scan.submission))


def scans_of(submission: Submission) -> list[tuple[Attachment, bool, bool]]:
    """Return the stamped scans of a report, each with whether it is void and whether it has to be kept."""
    now = checksum(submission)
    scans = submission.attachments.filter(finished_at__isnull=False).select_related("uploaded_by")
    judged = [(scan, is_void(scan, now)) for scan in scans]
    return [(scan, void, _is_kept(submission, is_void=void)) for scan, void in judged]


def _is_kept(submission: Submission, *, is_void: bool) -> bool:
    """A scan of an accepted report is kept as long as it shows the figures that were accepted."""
    return submission.status == Submission.Status.ACCEPTED and not is_void


def path_of(attachment: Attachment) -> Path:
    return _root() / attachment.stored


def thumbnail_of(attachment: Attachment) -> Path:
    return _root() / f"{attachment.stored}-small"


def strays(older_than: timedelta = UNFINISHED_FOR) -> list[Path]:
    """Return the files of the folder that belong to no row and are old enough to belong to none that is coming.

    Raises AttachmentError where not one file of the folder has a row: then it is the folder of another database.
    """
    rows = set(Attachment.objects.values_list("stored", flat=True))
    before = timezone.now().timestamp() - older_than.total_seconds()
    paths = sorted(path for path in _root().rglob("*") if path.is_file())
    unknown = [path for path in paths if _stored(path) not in rows]
    found = [path for path in unknown if path.stat().st_mtime < before]
    if found and len(unknown) == len(paths):
        raise AttachmentError(
            f"附件目录 {_root()} 有 {len(paths)} 个文件，没有一个属于当前数据库，可能连错了数据库，没有删除。"
            "请核对 DATABASE_URL 和 PRIVATE_ROOT；确实不要的文件请手工移走。"
        )
    return found


def abandoned(older_than: timedelta = UNFINISHED_FOR):
    """Return the uploads that were broken off and not taken up again."""
    return Attachment.objects.filter(finished_at=None, begun_at__lt=timezone.now() - older_than)


def _refuse_twice(attachment: Attachment, sent: str) -> None:
    owner = attachment.report or attachment.submission
    if owner and (twin := owner.attachments.filter(sha256=sent, finished_at__isnull=False).first()):
        raise AttachmentError(f"“{attachment.name}”与已上传的“{twin.name}”是同一个文件，没有重复保存。")


def _stored(path: Path) -> str:
    """What a row calls the file at `path`."""
    return path.relative_to(_root()).as_posix().removesuffix(".part").removesuffix("-small")


def _part(attachment: Attachment) -> Path:
    return _root() / f"{attachment.stored}.part"


def _root() -> Path:
    root = Path(settings.PRIVATE_ROOT) / "attachments"
    root.mkdir(parents=True, exist_ok=True)
    return root
