"""The moves of a text: draft → submitted → adopted or returned. The only code that writes a text or its `status`.

As with reports every move is one transaction, leaves one `TextEvent`, and is conditional on the version that
its caller saw: of two people who write or decide at once one wins, the other is told.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, ReportingPeriod, ReportingUnit, TextDuty, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports import notifications
from reports.lifecycle import IMPORT_NAME, LONGEST_COMMENT, TransitionError, storable
from reports.models import TextEvent, TextReport
from reports.tasks import place_held

from .duties import opens_on, owed_by
from .similar import most_alike

SHORTEST, LONGEST = 80, 800
"""Characters of a case, blanks not counted."""
SHORTEST_OTHER = 20
"""Of any other text that comes without a file."""
MOST_CASES = 20
"""Of one unit in one period."""

Status, Move, Kind = TextReport.Status, TextEvent.Move, TextDuty.Kind
WRITTEN = ("title", "place", "figures", "text")

_BLANKS = re.compile(r"[ \t\u00a0\u3000]+")
_LINE_ENDS = re.compile(r"\r\n?|\x0b|\x0c|\u2028|\u2029")
_MANY_LINES = re.compile(r"\n{2,}")


class TextError(TransitionError):
    """A move that is refused; the message is a sentence for the user. Nothing has been changed."""


def plain_paragraphs(text: str) -> str:
    """Return a text as plain paragraphs, one a line: what Word and WPS put between and before them is taken out."""
    lines = _LINE_ENDS.sub("\n", storable(text)).split("\n")
    cleaned = "\n".join(_BLANKS.sub(" ", line).strip() for line in lines)
    return _MANY_LINES.sub("\n", cleaned).strip("\n")


def length(text: str) -> int:
    """Characters of a text, blanks and line ends not counted: what the counter on the page shows."""
    return len("".join(text.split()))


def can_write(user: User, report: TextReport) -> bool:
    """True for the reporters of the unit itself."""
    return (
        user.is_active
        and user.memberships.filter(role=Membership.Role.REPORTER, unit=report.unit_id).exists()
    )


def deciders(reports: Iterable[TextReport]) -> dict[int, set[int]]:
    """Return who may adopt, score or return each text: ids of people by id of text.

    The active coordinators of every unit above the place that the unit holds (at the root: its own), but for
    who wrote or sent it. A bounded number of queries.
    """
    listed = list(reports)
    places: dict[int, list[UnitPlace]] = {}
    for place in UnitPlace.objects.filter(unit__in={report.unit_id for report in listed}):
        places.setdefault(place.unit_id, []).append(place)
    above = {report.pk: _places_above(report, places.get(report.unit_id, [])) for report in listed}
    units = dict(
        UnitPlace.objects.filter(pk__in={pk for found in above.values() for pk in found}).values_list(
            "pk", "unit"
        )
    )
    people: dict[int, set[int]] = {}
    active = Membership.objects.filter(role=Membership.Role.COORDINATOR, user__is_active=True)
    for unit_id, user_id in active.filter(unit__in=set(units.values())).values_list("unit_id", "user_id"):
        people.setdefault(unit_id, set()).add(user_id)
    authors: dict[int, set[int | None]] = {report.pk: {report.changed_by_id} for report in listed}
    for pk, actor in TextEvent.objects.filter(report__in=listed, move=Move.SUBMITTED).values_list(
        "report", "actor"
    ):
        authors[pk].add(actor)
    return {
        pk: {user for place in found for user in people.get(units.get(place, 0), set())} - authors[pk]
        for pk, found in above.items()
    }


def can_decide(user: User, report: TextReport) -> bool:
    """True where the text is the user's to adopt, score or return. Of many, ask `deciders`."""
    return user.pk in deciders([report])[report.pk]


def begin(
    campaign: Campaign, duty: TextDuty, unit: ReportingUnit, period: ReportingPeriod | None, *, by: User
) -> TextReport:
    """Return a new case, or the unit's one text of another duty, begun now if there is none. Raises TextError."""
    if duty.kind != Kind.CASE:
        existing = TextReport.objects.filter(duty=duty, unit=unit, period=period).first()
        if existing is not None:
            return existing
    if problem := _beginning_problem(campaign, duty, unit, period):
        raise TextError(problem)
    report = TextReport(duty=duty, kind=duty.kind, unit=unit, period=period, changed_by=by)
    try:
        with transaction.atomic():
            report.save(force_insert=True)
    except IntegrityError:  # a colleague began it in the same moment
        return TextReport.objects.get(duty=duty, unit=unit, period=period)
    return report


def save(report: TextReport, values: Mapping[str, Any], *, seen: int, by: User) -> None:
    """Store what was written: the fields of `WRITTEN` and `categories`. seen: the version that was on the page.

    Raises TextError where it may not be written now, or where a colleague has changed it meanwhile.
    """
    columns: dict[str, Any] = {name: _one_line(values[name]) for name in WRITTEN if name in values}
    if "text" in values:
        columns["text"] = plain_paragraphs(values["text"])
    if "categories" in values:
        columns["categories"] = [one for one in TextReport.Category.values if one in values["categories"]]
    with transaction.atomic():
        if problem := writing_problem(report):
            raise TextError(problem)
        columns |= {"changed_at": timezone.now(), "changed_by": by}
        _move(report, seen, TextReport.EDITABLE, columns, "修改")


def submit(report: TextReport, *, seen: int, by: User) -> None:
    """Send a text that is complete. Raises TextError."""
    now = timezone.now()
    with transaction.atomic():
        if problem := writing_problem(report):
            raise TextError(problem)
        if problem := completeness_problem(report):
            raise TextError(problem)
        columns = {
            "status": Status.SUBMITTED,
            "submitted_at": now,
            "first_submitted_at": report.first_submitted_at or now,
            "decided_at": None,
        }
        if report.is_case:
            columns |= _likeness(report)
        _move(report, seen, TextReport.EDITABLE, columns, "上报")
        _record(report, Move.SUBMITTED, by, now)


def withdraw(report: TextReport, *, seen: int, by: User) -> None:
    """Take a submitted text back into the draft, as long as nobody has decided on it."""
    with transaction.atomic():
        first = None if report.first_submitted_at == report.submitted_at else report.first_submitted_at
        columns = {"status": Status.DRAFT, "submitted_at": None, "first_submitted_at": first}
        _move(report, seen, [Status.SUBMITTED], columns, "撤回")
        _record(report, Move.WITHDRAWN, by, timezone.now())


def accept(report: TextReport, *, seen: int, by: User, comment: str = "") -> None:
    """采用 a case, or accept another text."""
    now = timezone.now()
    with transaction.atomic():
        _refuse_author(report, by)
        _move(report, seen, [Status.SUBMITTED], {"status": Status.ACCEPTED, "decided_at": now}, "审核")
        _record(report, Move.ACCEPTED, by, now, comment)


def return_for_correction(report: TextReport, *, seen: int, by: User, comment: str) -> None:
    """Send a text back to its unit, with the reason; one that was adopted, too."""
    reason = storable(comment).strip()
    if not reason:
        raise TextError("请写明退回的原因：填报员要知道改什么。")
    now = timezone.now()
    with transaction.atomic():
        _refuse_author(report, by)
        columns = {"status": Status.RETURNED, "decided_at": now}
        _move(report, seen, TextReport.SENT, columns, "退回")
        _record(report, Move.RETURNED, by, now, reason[:LONGEST_COMMENT])
        notifications.came_back(
            report.unit,
            report.duty.campaign,
            title=f"“{report}”被退回",
            text=reason,
            url=reverse("reports:text-detail", args=[report.pk]),
        )


def score(report: TextReport, *, points: int, by: User) -> None:
    """Give a case one to five points; the last counts."""
    if points not in range(1, 6):
        raise TextError("评分为 1 至 5 分。")
    with transaction.atomic():
        _refuse_author(report, by)
        if not TextReport.objects.filter(pk=report.pk, status__in=TextReport.SENT).update(score=points):
            raise TextError("该材料还没有上报，不能评分。")
        report.score = points
        _record(report, Move.SCORED, by, timezone.now(), f"{points} 分")


def discard(report: TextReport, *, seen: int) -> None:
    """Delete a draft that was never sent. Its files have been removed before."""
    if report.events.exists():
        raise TextError("该材料上报过，要留存，不能删除。")
    if report.attachments.exists():
        raise TextError("请先删去附件，再删除草稿。")
    if not TextReport.objects.filter(pk=report.pk, version=seen, status=Status.DRAFT).delete()[0]:
        raise TextError("该材料已变化，请刷新后再操作。")


def writing_problem(report: TextReport) -> str:
    """Return why a text may not be written now; "" where it may."""
    if report.duty.campaign.closed_at is not None:
        return "专项活动已关闭，不再接收文字材料。"
    if report.status == Status.ACCEPTED:
        return f"该材料{report.state}，不能修改；如需更正，请联系审核员退回。"
    if report.status == Status.SUBMITTED:
        return "该材料已上报，不能修改；如需修改，请先撤回。"
    return ""


def completeness_problem(report: TextReport) -> str:
    """Return all that a text lacks before it can be sent: where, and how to mend it; "" where nothing."""
    return "".join(_lacking(report))


def _lacking(report: TextReport) -> Iterator[str]:
    count = length(report.text)
    files = list(report.attachments.all())
    if not report.is_case and count < SHORTEST_OTHER and not files:
        yield f"内容只有 {count} 字，请写到 {SHORTEST_OTHER} 字以上，或上传附件。"
    if report.is_case:
        if not report.title:
            yield "请填写标题。"
        if not report.place:
            yield "请填写地点：在哪里做的。"
        if count < SHORTEST:
            yield f"内容有 {count} 字，不足 {SHORTEST} 字，请补充做法和成效。"
        if count > LONGEST:
            yield f"内容有 {count} 字，超过 {LONGEST} 字，请删去 {count - LONGEST} 字。"
        unasked = "、".join(f"“{file.name}”" for file in files if file.is_picture and not file.has_consent)
        if unasked:
            yield f"图片{unasked}还没有确认：请征得照片中人员同意后勾选，或删去图片。"
    if any(file.finished_at is None for file in files):
        yield "有附件还没有传完：请继续上传，或删去后再上报。"


def _beginning_problem(
    campaign: Campaign, duty: TextDuty, unit: ReportingUnit, period: ReportingPeriod | None
) -> str:
    if campaign.closed_at is not None:
        return "专项活动已关闭，不再接收文字材料。"
    if duty.each_period != (period is not None):
        return f"“{duty}”{'按期报送，请选择报告期' if duty.each_period else '不按期报送'}。"
    if campaign.today() < opens_on(period, campaign):
        return f"还没有到填报时间，{opens_on(period, campaign):%m月%d日}开放。"
    places = UnitPlace.objects.filter(campaign=campaign, unit=unit)
    place = place_held(places, period.ends_on if period else duty.due or campaign.ends)
    if place is None or not owed_by(place, duty):
        return f"{unit}不需要报送“{duty}”。"
    if duty.kind == Kind.CONTACT:
        return "联系人请在“联系人”页填写。"
    if (
        duty.kind == Kind.CASE
        and TextReport.objects.filter(duty=duty, unit=unit, period=period).count() >= MOST_CASES
    ):
        return f"本期已有 {MOST_CASES} 条，请先整理已有的。"
    return ""


def _likeness(report: TextReport) -> dict[str, Any]:
    """The case of an earlier or the same week that a case repeats, and how much of it; None and None."""
    others = (
        TextReport.objects.cases().sent().exclude(pk=report.pk).filter(duty__campaign=report.duty.campaign_id)
    )
    if report.period is not None:
        others = others.filter(period__ends_on__lte=report.period.ends_on)
    found = most_alike(report.text, others.values_list("pk", "text"))
    return {"repeats_id": found[0] if found else None, "likeness": found[1] if found else None}


def _move(report: TextReport, seen: int, statuses: Iterable[str], columns: dict[str, Any], what: str) -> None:
    """Change the columns of a text that is still as its caller saw it, on the caller's instance too."""
    rows = TextReport.objects.filter(pk=report.pk, version=seen, status__in=statuses)
    if not rows.update(version=F("version") + 1, **columns):
        now = TextReport.objects.select_related("changed_by").get(pk=report.pk)
        if now.status not in statuses:
            raise TextError(f"该材料现在是“{now.state}”，不能{what}，请刷新后再操作。")
        who = now.changed_by.name if now.changed_by else IMPORT_NAME
        raise TextError(f"该材料已由{who}修改，请刷新后再{what}；您填写的内容仍在页面上，请先复制。")
    report.refresh_from_db()


def _record(report: TextReport, move: str, by: User | None, at: datetime, comment: str = "") -> None:
    snapshot = {name: getattr(report, name) for name in (*WRITTEN, "categories")}
    snapshot["attachments"] = list(report.attachments.values_list("sha256", flat=True))
    report.events.create(
        move=move,
        actor=by,
        actor_name=by.name if by else IMPORT_NAME,
        at=at,
        comment=storable(comment),
        snapshot=snapshot,
    )


def _refuse_author(report: TextReport, by: User) -> None:
    wrote = report.changed_by_id == by.pk or report.events.filter(move=Move.SUBMITTED, actor=by).exists()
    if wrote:
        raise TextError("您填写过该材料，不能由您审核，请由其他审核员处理。")


def _places_above(report: TextReport, places: list[UnitPlace]) -> list[int]:
    """Ids of the places above the one that the unit holds in its campaign; its own at the root."""
    campaign = report.duty.campaign
    day = report.period.ends_on if report.period else report.duty.due or campaign.ends
    place = place_held([one for one in places if one.campaign_id == campaign.pk], day)
    if place is None:
        return []
    return place.ancestor_ids[:-1] or [place.pk]


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", " ".join(storable(text).split()))
