"""What the entry page and the server say to each other between two loads of the page, as JSON.

The page sends what was typed; the answer is everything that the page shows: figures as stored, increments,
findings. The browser works nothing out. A batch that was answered by nobody is sent again as it was: it is
compared with what is stored (`drafts.save`), so the second time it changes nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from campaigns.models import ReportForm, UnitPlace
from chunfeng.accounts.models import User
from reports.entry import checks, drafts
from reports.entry.grid import Grid, GridCell, build_grid
from reports.entry.validation import Finding, blocking, explanation_problem
from reports.lifecycle import moment
from reports.models import FigureChange, Presence, Submission, SubmissionEvent
from reports.numbers import format_figure
from reports.templatetags.figures import increment, time_left

LATE = "已过截止时间，本次上报将记为迟报。"
_LONGEST = 4000
_SAY_AGAIN = timedelta(seconds=15)
_FORGOTTEN = timedelta(days=1)


class BatchError(ValueError):
    """What came is no batch of an entry page; the message is a sentence."""


@dataclass(frozen=True)
class Batch:
    """What a page sends. Without entries it only asks what is new.

    person: id of the person to whom the page was drawn. asked: `drafts.asked` of the form as it was drawn then, ""
    where not told. same: 与上期相同. version, change: of the last answer (`answer`), "" and 0 where there was none.
    """

    entries: drafts.Entries
    person: int
    asked: str
    same: bool
    version: str
    change: int

    @property
    def asks_only(self) -> bool:
        sent = self.entries
        return not (sent.figures or sent.explanations or sent.sign_off or self.same)


def read_batch(body: bytes) -> Batch:
    """Read {"as": 7, "cells": {"3": {"text": "130", "seen": "120"}}, "why": {KEY: {…}}, "line": {NAME: {…}}}.

    "asked", "same", "version" and "change" may be missing. Raises BatchError.
    """
    try:
        sent = json.loads(body)
        figures, seen = _texts(sent.get("cells", {}))
        numbers = {int(number): number for number in figures if number.isascii() and number.isdigit()}
        explanations, seen_explanations = _texts(sent.get("why", {}))
        line, seen_line = _texts(sent.get("line", {}))
        return Batch(
            entries=drafts.Entries(
                figures={number: figures[name] for number, name in numbers.items()},
                seen={number: seen[name] for number, name in numbers.items()},
                explanations=explanations,
                seen_explanations=seen_explanations,
                sign_off={name: line[name] for name in drafts.SIGN_OFF if name in line},
                seen_sign_off=seen_line,
            ),
            person=int(sent.get("as", 0)),
            asked=str(sent.get("asked", "")),
            same=sent.get("same") is True,
            version=str(sent.get("version", "")),
            change=int(sent.get("change", 0)),
        )
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        raise BatchError("提交的内容不完整，没有保存，请刷新页面后再试。") from None


def version_of(submission: Submission | None) -> str:
    """What changes with every save of the report and with its moves; "" where it is not begun."""
    if submission is None or submission.changed_at is None:
        return ""
    return f"{submission.changed_at.isoformat()} {submission.status}"


def last_change(submission: Submission | None) -> int:
    """The id of the latest change of a figure of the report; 0 where there is none."""
    if submission is None:
        return 0
    return submission.changes.aggregate(last=Max("pk"))["last"] or 0


def others_present(form: ReportForm, place: UnitPlace, period_id: int, user: User) -> list[str]:
    """Say that `user` has the form open; return the names of the others who have. Two statements at most, mostly one."""
    now = timezone.now()
    here = {"report_form": form, "unit_id": place.unit_id, "period_id": period_id}
    rows = list(Presence.objects.filter(**here).current().select_related("person").order_by("person"))
    own = next((row for row in rows if row.person_id == user.pk), None)
    if own is None or own.at < now - _SAY_AGAIN:
        Presence.objects.bulk_create(
            [Presence(**here, person=user, at=now)],
            update_conflicts=True,
            unique_fields=["unit", "period", "report_form", "person"],
            update_fields=["at"],
        )
    if own is None:
        Presence.objects.filter(person=user, at__lt=now - _FORGOTTEN).delete()
    return [str(row.person) for row in rows if row.person_id != user.pk]


def answer(
    form: ReportForm,
    submission: Submission,
    *,
    user: User,
    saved: drafts.Saved | None = None,
    change: int = 0,
) -> dict[str, Any]:
    """Tell how the report stands, and what became of the batch.

    submission: need not be stored. change: of the last answer: what others changed since is told in "changes".
    """
    stored = submission.pk is not None
    read = checks.examine(submission)
    findings = read.findings if read.is_begun else []
    returned = submission.last_return() if stored else None
    grid = build_grid(
        form,
        read.figures,
        previous=read.previous,
        findings=findings,
        typed=read.refused,
        marked=returned.cells if returned else (),
    )
    theirs, latest = _changes(submission, user, change) if stored else ({}, 0)
    saved = saved or drafts.Saved()
    numbers = counts(findings, grid)
    return {
        "version": version_of(submission),
        "change": latest,
        "cells": {cell.indicator.number: _cell(cell) for cell in grid.cells},
        "html": {
            "bar": render_to_string(
                "reports/partials/findings_bar.html", {"counts": numbers, "scripts": True}
            ),
            "findings": render_to_string(
                "reports/partials/findings.html", {"findings": findings, "editable": True}
            ),
        },
        "findings": [told_finding(finding) for finding in findings],
        "counts": numbers,
        "saved": saved_line(submission),
        "status": submission.status if submission.changed_at else "none",
        "returned": _returned(submission, returned),
        "refused": {number: reason for number, (_, reason) in saved.refused.items()},
        "problems": saved.problems,
        "conflicts": [_conflict(conflict, form) for conflict in saved.conflicts],
        "changes": theirs,
        "why": {finding.key: finding.explanation for finding in findings},
        "line": {name: getattr(submission, name) for name in drafts.SIGN_OFF} if stored else {},
        **deadline(submission),
    }


def counts(findings: list[Finding], grid: Grid) -> dict[str, int]:
    """How many findings of each class, how many that block, how many cells are filled, of how many."""
    classes = {name: sum(f.finding_class == name for f in findings) for name in ("fatal", "query", "hint")}
    return classes | {"blocking": len(blocking(findings)), "filled": grid.filled, "total": grid.total}


def deadline(submission: Submission) -> dict[str, Any]:
    """How far off the due time is now, by the server's clock, and whether it has passed."""
    now, due_at = timezone.now(), submission.due_at
    late = now > due_at and submission.is_editable
    return {"due": time_left(due_at, now), "late": LATE if late else ""}


def _texts(entries: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Split {name: {"text", "seen"}} into texts and what was seen; anything but texts is refused."""
    texts = {name: entry["text"] for name, entry in entries.items()}
    seen = {name: entry.get("seen", "") for name, entry in entries.items()}
    for text in (*texts.values(), *seen.values()):
        if not isinstance(text, str) or len(text) > _LONGEST:
            raise BatchError
    return texts, seen


def _returned(submission: Submission, returned: SubmissionEvent | None) -> str:
    """Say why a report came back that is to be corrected now; "" of any other."""
    if returned is None:
        return ""
    who, when, what = returned.actor_name, moment(returned.at, submission), returned.get_move_display()
    return f"该表已由{who}于{when}{what}：{returned.comment}"


def _cell(cell: GridCell) -> dict[str, Any]:
    decimals = cell.indicator.decimals
    return {
        "text": cell.text,
        "seen": cell.seen,
        "value": format_figure(cell.value, decimals),
        "previous": format_figure(cell.previous, decimals),
        "previous_seen": cell.previous_seen,
        "increment": increment(cell.increment, decimals),
        "fall": cell.is_fall,
        "mark": cell.mark or ("marked" if cell.marked else ""),
    }


def told_finding(finding: Finding) -> dict[str, Any]:
    """A finding as the page's scripts know it."""
    text = finding.explanation
    return {
        "key": finding.key,
        "class": finding.finding_class,
        "message": finding.message,
        "cells": finding.cells,
        "explanation": text,
        "problem": (explanation_problem(text) or "") if text else "",
        "blocks": bool(blocking([finding])),
    }


def _conflict(conflict: drafts.Conflict, form: ReportForm) -> dict[str, Any]:
    decimals = next(column.decimals for column in form.columns if column.number == conflict.number)
    return {
        "number": conflict.number,
        "yours": conflict.yours,
        "theirs": format_figure(conflict.theirs, decimals),
        "by": conflict.by_name,
        "at": _clock(conflict.at),
    }


def _changes(submission: Submission, user: User, change: int) -> tuple[dict[int, dict[str, str]], int]:
    """Who else changed which cell after the change with the id `change`, and when; and the latest id."""
    rows = FigureChange.objects.filter(submission=submission, pk__gt=change)
    latest, theirs = change, {}
    for row in rows.select_related("actor", "indicator"):
        latest = row.pk
        if row.actor_id != user.pk:
            theirs[row.indicator.number] = {
                "by": str(row.actor or drafts.IMPORT_NAME),
                "at": _clock(row.at),
                "to": format_figure(row.new, row.indicator.decimals),
            }
    return theirs, latest


def saved_line(submission: Submission | None) -> str:
    """When the report was last saved: 14:31 today, 2月9日 14:31 before."""
    at = submission.changed_at if submission else None
    if at is None:
        return ""
    today = timezone.localdate(at) == timezone.localdate()
    return _clock(at) if today else date_format(timezone.localtime(at), "n月j日 H:i")


def _clock(at: Any) -> str:
    return f"{timezone.localtime(at):%H:%M}" if at else ""
