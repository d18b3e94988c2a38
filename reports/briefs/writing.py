"""What becomes of a brief: drafted, edited, refreshed, frozen, drafted anew, issued. The only code that writes one.

Each change is one transaction, conditional on the version that its caller saw, and keeps the whole text as a
version. What was edited by hand is written by nobody else: a refresh changes its numbers alone, a new draft nothing.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils import timezone

from chunfeng.accounts.models import Membership, User
from reports.lifecycle import IMPORT_NAME, TransitionError, storable
from reports.models import Brief, BriefParagraph, Edition

from . import facts, sentences
from .numbers import Numbers, at_number, count_numbers, from_typing, frozen, refreshed

Kind = Brief.Kind
_TEMPLATES = {
    Kind.BRIEF: sentences.brief,
    Kind.STAGE: sentences.summary,
    Kind.SUMMARY: sentences.summary,
}
_INSERTED = "own."
"""Begins the key of a paragraph that no template writes."""
SECOND_CLICK = timedelta(minutes=1)
"""Within which nobody means a second issue of the same edition."""
LONGEST = 10_000
"""Characters of a paragraph."""


class BriefError(TransitionError):
    """A change that is refused; the message is a sentence for the user. Nothing has been changed."""


def can_write(user: User, edition: Edition) -> bool:
    """True for the coordinators of the edition's unit."""
    return (
        user.is_active
        and user.memberships.filter(role=Membership.Role.COORDINATOR, unit=edition.unit_id).exists()
    )


def draft(edition: Edition, *, by: User | None, kind: str = Kind.BRIEF, day: date | None = None) -> Brief:
    """Return the next numbered issue, or a summary, written from an edition. day: printed in its head; None = today.

    A second click gets what the first has made.
    """
    if kind not in Kind.values:
        raise BriefError("请选择要起草的是简报、阶段性进展情况还是工作总结。")
    campaign = edition.period.campaign
    written = _TEMPLATES[Kind(kind)](facts.read(edition))
    ends_on = edition.period.ends_on
    same = Brief.objects.filter(campaign=campaign, unit=edition.unit, kind=kind)
    clicked = same.filter(
        edition=edition, version=1, changed_by=by, changed_at__gt=timezone.now() - SECOND_CLICK
    )
    if by and (first := clicked.last()):
        return first
    of_kind = "进展情况" if kind == Kind.BRIEF else Kind(kind).label
    brief = Brief(
        edition=edition,
        unit=edition.unit,
        campaign=campaign,
        kind=kind,
        title=f"{campaign.title}{of_kind}（截至{ends_on.month}月{ends_on.day}日）"[:100],
        day=day or campaign.today(),
        changed_at=timezone.now(),
        changed_by=by,
    )
    try:
        with transaction.atomic():
            brief.number = (same.aggregate(Max("number"))["number__max"] or 0) + 1
            brief.save(force_insert=True)
            _store(brief, written)
            _keep(brief, "起草", by)
    except IntegrityError:
        raise BriefError("该期简报刚由他人起草，请刷新后再操作。") from None
    return brief


def edit(brief: Brief, position: int, typed: str, known: Numbers, *, seen: int, by: User) -> None:
    """Store a paragraph as typed; what is left empty is not printed. known: numbers as of today."""
    lines = storable(typed).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    text = "\n".join(line.strip() for line in lines).strip()  # Word copies the indent, which is set anyway
    if len(text) > LONGEST:
        raise BriefError(f"一段最多 {LONGEST} 字，现在有 {len(text)} 字，请缩短。")

    def change() -> None:
        paragraph = brief.paragraphs.get(position=position)
        paragraph.text = from_typing(text, paragraph.text, known)
        if paragraph.kind == BriefParagraph.Kind.TABLE and (problem := _table_problem(paragraph.text)):
            raise BriefError(problem)
        paragraph.is_edited = True
        if paragraph.text or not paragraph.key.startswith(_INSERTED):
            paragraph.save(update_fields=["text", "is_edited"])
        else:  # nothing that a new draft might bring back
            paragraph.delete()
            _order(brief.paragraphs.all())

    _change(brief, "修改", change, seen=seen, by=by)


def _table_problem(text: str) -> str:
    """Return which row has more cells than the header, whose last ones no page would show; "" where none has."""
    rows = [line.split("｜") for line in text.split("\n") if "｜" in line]
    wide = next((row for row in rows if len(row) > len(rows[0])), None)
    if wide is None:
        return ""
    return f"“{wide[0].strip()[:20]}”一行有 {len(wide)} 格，表头只有 {len(rows[0])} 格，请补上表头或删去多余的格。"


def insert(brief: Brief, drafted: sentences.Drafted, *, after: int, seen: int, by: User) -> int:
    """Put a paragraph after the one at position `after`, as if edited by hand, and return its position."""

    def change() -> None:
        rows = list(brief.paragraphs.all())
        before = next((row for row in rows if row.position == after), None)
        if before is None:
            raise BriefError("没有找到要插入的位置，请刷新后再操作。")
        row = BriefParagraph(
            brief=brief,
            section=before.section,
            key=f"{_INSERTED}{brief.version}",
            kind=BriefParagraph.Kind.TABLE if drafted.is_table else BriefParagraph.Kind.TEXT,
            text=drafted.text,
            is_edited=True,
        )
        rows.insert(rows.index(before) + 1, row)
        _order(rows)

    _change(brief, "插入", change, seen=seen, by=by)
    return after + 1


def change_number(
    brief: Brief, position: int, number: int, what: str, now: Numbers, *, seen: int, by: User
) -> None:
    """Refresh, freeze or thaw (`what`) the number-th number of one paragraph. now: numbers as of today."""
    moves: dict[str, tuple[str, Callable[[str], str]]] = {
        "refresh": ("刷新一个数字", lambda text: refreshed(text, now)),
        "freeze": ("冻结一个数字", lambda text: frozen(text, is_frozen=True)),
        "thaw": ("解冻一个数字", lambda text: frozen(text, is_frozen=False)),
    }
    if what not in moves:
        raise BriefError("请选择刷新、冻结还是解除冻结。")
    move, rewrite = moves[what]

    def change() -> None:
        paragraph = brief.paragraphs.get(position=position)
        if not 0 < number <= count_numbers(paragraph.text):
            raise BriefError("没有找到这个数字，请刷新后再操作。")
        paragraph.text = at_number(paragraph.text, number, rewrite)
        paragraph.save(update_fields=["text"])

    _change(brief, move, change, seen=seen, by=by)


def rename(brief: Brief, title: str, *, seen: int, by: User) -> None:
    words = " ".join(storable(title).split())
    if not words or len(words) > 100:
        raise BriefError("请填写标题，最多 100 字。")
    _change(brief, "改标题", lambda: None, seen=seen, by=by, title=words)


def refresh(brief: Brief, now: Numbers, *, seen: int, by: User) -> None:
    """刷新数字: each number that is not frozen as it is today, in every paragraph."""
    _change(brief, "刷新数字", lambda: _rewrite(brief, lambda text: refreshed(text, now)), seen=seen, by=by)


def freeze(brief: Brief, *, is_frozen: bool, seen: int, by: User) -> None:
    """冻结数字: no refresh changes them; or lift it."""
    move = "冻结数字" if is_frozen else "解除冻结"
    _change(
        brief,
        move,
        lambda: _rewrite(brief, lambda text: frozen(text, is_frozen=is_frozen)),
        seen=seen,
        by=by,
    )


def draft_again(brief: Brief, *, seen: int, by: User) -> None:
    """重新生成草稿, from the latest issue of the edition; paragraphs edited by hand stay as they are."""
    latest = (
        Edition.objects.filter(unit=brief.unit_id, period=brief.edition.period_id)
        .select_related("period__campaign", "unit")
        .order_by("issue")
        .last()
    )
    edition = latest or brief.edition
    written = _TEMPLATES[Kind(brief.kind)](facts.read(edition))
    _change(brief, "重新生成草稿", lambda: _store(brief, written), seen=seen, by=by, edition=edition)


def issue(brief: Brief, *, seen: int, by: User) -> None:
    """印发: the numbers are frozen, and nothing changes any more."""
    _change(
        brief,
        "印发",
        lambda: _rewrite(brief, lambda text: frozen(text, is_frozen=True)),
        seen=seen,
        by=by,
        status=Brief.Status.ISSUED,
        day=brief.campaign.today(),
    )


def snapshot(brief: Brief) -> dict[str, object]:
    paragraphs = brief.paragraphs.values("section", "key", "kind", "text", "is_edited")
    return {"title": brief.title, "paragraphs": list(paragraphs)}


def _store(brief: Brief, written: list[sentences.Drafted]) -> None:
    """Replace what the templates wrote; what was edited stays in its section, and no paragraph is written twice."""
    before = list(brief.paragraphs.all())
    edited = {paragraph.key: paragraph for paragraph in before if paragraph.is_edited}
    brief.paragraphs.filter(is_edited=False).delete()
    rows = [
        edited.pop(drafted.key)
        if drafted.key in edited
        else BriefParagraph(
            brief=brief,
            section=drafted.section,
            key=drafted.key,
            kind=BriefParagraph.Kind.TABLE if drafted.is_table else BriefParagraph.Kind.TEXT,
            text=drafted.text,
        )
        for drafted in written
    ]
    order = {section: number for number, section in enumerate(sentences.SECTIONS)}
    for row in edited.values():  # behind what it stood behind, else at the end of its section
        above = {one.key for one in before if one.position < row.position}
        behind = [
            number for number, one in enumerate(rows) if one.key in above and one.section == row.section
        ]
        rows.insert(behind[-1] + 1 if behind else len(rows), row)
    rows.sort(key=lambda row: order.get(row.section, len(order)))
    _order(rows)


def _order(rows: Iterable[BriefParagraph]) -> None:
    for position, row in enumerate(rows, start=1):
        row.position = position
        row.save()


def _rewrite(brief: Brief, rewrite: Callable[[str], str]) -> None:
    for paragraph in brief.paragraphs.all():
        text = rewrite(paragraph.text)
        if text != paragraph.text:
            paragraph.text = text
            paragraph.save(update_fields=["text"])


def _change(
    brief: Brief, move: str, change: Callable[[], None], *, seen: int, by: User, **columns: object
) -> None:
    with transaction.atomic():
        rows = Brief.objects.filter(pk=brief.pk, version=seen, status=Brief.Status.DRAFT)
        if not rows.update(version=F("version") + 1, changed_at=timezone.now(), changed_by=by, **columns):
            now = Brief.objects.select_related("changed_by").get(pk=brief.pk)
            if not now.is_editable:
                raise BriefError("该期已印发，不能再改。")
            who = now.changed_by.name if now.changed_by else IMPORT_NAME
            raise BriefError(f"已由{who}修改，请刷新后再操作；您填写的内容仍在页面上，请先复制。")
        brief.refresh_from_db()
        change()
        _keep(brief, move, by)


def _keep(brief: Brief, move: str, by: User | None) -> None:
    brief.versions.create(
        number=brief.version,
        move=move,
        actor_name=str(by)[:50] if by else IMPORT_NAME,
        at=brief.changed_at,
        snapshot=snapshot(brief),
    )
