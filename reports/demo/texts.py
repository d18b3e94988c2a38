"""What the demonstration's units report in words: cases with drawn pictures, progress, summaries. All invented."""

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone
from PIL import Image, ImageDraw

from campaigns.models import Campaign, ReportingPeriod, TextDuty
from chunfeng.accounts.models import Membership, User
from reports.models import Attachment, TextEvent, TextReport
from reports.texts import attachments, duties, lifecycle

from .figures import chance
from .office import People

Status, Move, Kind = TextReport.Status, TextEvent.Move, TextDuty.Kind
PICTURES = 4


def write_texts(campaign: Campaign, people: People, told: Mapping[str, Any], now: datetime | None) -> None:
    """Write what is owed in words up to `now`, most of it decided on, some late, some missing."""
    now = now or max(period.due_at for period in campaign.periods.all()) + timedelta(days=30)
    opened = [period for period in campaign.periods.order_by("ends_on") if _start(period) <= now]
    places = list(campaign.places.select_related("unit"))
    owed = [
        row
        for row in duties.board(campaign, places, opened)
        if row.duty.kind in (Kind.CASE, Kind.PROGRESS, Kind.SUMMARY)
    ]
    written = [report for row in owed for report in _reports(row, told, people, now)]
    TextReport.objects.bulk_create(written)
    TextEvent.objects.bulk_create(event for report in written for event in _events(report, people, told))
    _repeat(written)
    _draw_pictures(written, people)


def read_texts(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _start(period: ReportingPeriod) -> datetime:
    return datetime.combine(period.starts_on, datetime.min.time(), period.campaign.zone)


def _reports(
    row: duties.Owed, told: Mapping[str, Any], people: People, now: datetime
) -> Iterator[TextReport]:
    """The texts of one duty of one unit as luck has them."""
    luck = chance("text", row.duty.position, row.place.unit.code, row.period.number if row.period else 0)
    due = row.due_at or now
    is_past = due < now
    if row.duty.kind == Kind.CASE:
        count = luck.choice((3, 3, 3, 4, 2)) if is_past else luck.randint(0, 3)
        for pattern in luck.sample(told["cases"], count):
            yield _report(row, luck, pattern, people, _sent(row, luck, now), is_past)
    elif (is_past and luck.random() < 0.9) or luck.random() < 0.3:
        pattern = {"text": told[row.duty.kind]}
        yield _report(row, luck, pattern, people, _sent(row, luck, now), is_past)


def _sent(row: duties.Owed, luck: random.Random, now: datetime) -> datetime:
    """When it was sent: mostly in the two days before it is due, now and then after, never later than now."""
    due = row.due_at or now
    hours = luck.uniform(-40, -1) if luck.random() < 0.93 else luck.uniform(1, 20)
    return min(due + timedelta(hours=hours), now - timedelta(minutes=luck.randint(5, 300)))


def _report(
    row: duties.Owed,
    luck: random.Random,
    pattern: Mapping[str, Any],
    people: People,
    sent: datetime,
    is_past: bool,
) -> TextReport:
    words = {
        "unit": row.place.short,
        "n": luck.randint(6, 60),
        "m": luck.randint(3, 40) * 50 + luck.randint(1, 49),
        "k": luck.randint(40, 400),
    }
    chances = (Status.ACCEPTED,) * 7 + (Status.SUBMITTED,) * 2 + (Status.RETURNED,)
    status = luck.choice(chances) if is_past else luck.choice((Status.SUBMITTED, Status.DRAFT))
    is_sent = status != Status.DRAFT
    decided = status in (Status.ACCEPTED, Status.RETURNED)
    return TextReport(
        duty=row.duty,
        kind=row.duty.kind,
        unit=row.place.unit,
        period=row.period,
        status=status,
        title=pattern.get("title", ""),
        place=pattern.get("place", "").format(**words),
        figures=pattern.get("figures", "").format(**words),
        categories=pattern.get("categories", []),
        text=lifecycle.plain_paragraphs(pattern["text"].format(**words)),
        score=luck.randint(3, 5) if status == Status.ACCEPTED and row.duty.kind == Kind.CASE else None,
        changed_at=sent,
        changed_by=people.acting(row.place, Membership.Role.REPORTER),
        first_submitted_at=sent if is_sent else None,
        submitted_at=sent if is_sent else None,
        decided_at=min(sent + timedelta(hours=luck.uniform(1, 20)), timezone.now()) if decided else None,
    )


def _events(report: TextReport, people: People, told: Mapping[str, Any]) -> Iterator[TextEvent]:
    if report.submitted_at is None:
        return
    author: User | None = report.changed_by
    yield TextEvent(
        report=report,
        move=Move.SUBMITTED,
        actor=author,
        actor_name=author.name if author else lifecycle.IMPORT_NAME,
        at=report.submitted_at,
    )
    if report.decided_at:
        decider = people.reviewer(people.root)
        returned = report.status == Status.RETURNED
        yield TextEvent(
            report=report,
            move=Move.RETURNED if returned else Move.ACCEPTED,
            actor=decider,
            actor_name=decider.name,
            at=report.decided_at,
            comment=told["returned"] if returned else "",
        )


def _repeat(written: list[TextReport]) -> None:
    """One unit sends last week's case once more: the list warns of it."""
    cases = [report for report in written if report.is_case and report.status == Status.SUBMITTED]
    for report in reversed(cases):
        earlier = next(
            (
                one
                for one in written
                if one.unit_id == report.unit_id
                and one.is_case
                and one.status in TextReport.SENT
                and _ends_on(one) < _ends_on(report)
            ),
            None,
        )
        if earlier:
            columns = {name: getattr(earlier, name) for name in ("title", "place", "figures", "text")}
            TextReport.objects.filter(pk=report.pk).update(repeats=earlier, likeness=100, **columns)
            return


def _ends_on(report: TextReport) -> date:
    """A case is of a period."""
    assert report.period is not None  # noqa: S101
    return report.period.ends_on


def _draw_pictures(written: list[TextReport], people: People) -> None:
    """A few drawn pictures to cases whose unit has somebody in the demonstration, else to the first."""
    cases = [report for report in written if report.is_case and report.status in TextReport.SENT]
    cases.sort(key=lambda report: _ends_on(report), reverse=True)
    cases.sort(key=lambda report: report.changed_by is None)
    uploader = people.reviewer(people.root)
    for number, report in enumerate(cases[:PICTURES]):
        data = _picture(number)
        status = report.status
        report.status = Status.DRAFT  # files are added while a text is being written
        file = attachments.take(
            report, f"演示图片{number + 1}.jpg", len(data), [data], by=report.changed_by or uploader
        )
        report.status = status
        Attachment.objects.filter(pk=file.pk).update(
            caption="招聘会现场（示意图）", has_consent=True, finished_at=report.submitted_at
        )


@cache
def _picture(number: int) -> bytes:
    """A drawing of a job fair: stands with people in front, in flat colours. No photograph, nobody real."""
    luck = chance("picture", number)
    image = Image.new("RGB", (960, 640), ("#e6f1eb", "#e8f1fa", "#fff3d1", "#f6f8f7")[number % 4])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 430, 960, 640), fill="#d9dfdc")
    for stand in range(4):
        left = 40 + stand * 230
        draw.rectangle((left, 200, left + 190, 250), fill="#1b6247")
        draw.rectangle((left, 250, left + 190, 440), fill="#ffffff", outline="#7b8681", width=3)
        draw.rectangle((left + 15, 380, left + 175, 440), fill="#5c9b7d")
    for _ in range(16):
        x, y = luck.randint(30, 920), luck.randint(430, 590)
        colour = luck.choice(("#1d5a94", "#7d5200", "#4d5752", "#b07a0c", "#134a35"))
        draw.ellipse((x - 13, y - 62, x + 13, y - 36), fill="#e9c9a5")
        draw.rounded_rectangle((x - 18, y - 36, x + 18, y + 24), 12, fill=colour)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()
