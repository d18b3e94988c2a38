"""The moves of a report: draft → submitted → accepted or returned. The only code that sets `status`.

Every move is one transaction and leaves one `SubmissionEvent` with the figures as they stood. It is
conditional on the status, and on the receipt, that its caller saw: of two people who move a report at once
one wins, the other is told. `by` None: an import acts, recorded as 导入.

While a unit above has signed a period off (扎口上报), its reports are neither accepted, returned, reopened nor
withdrawn. Sign-offs and these moves take turns at the row of the place that signs. Order of locks: that place
(of several by rising id), then the report. An import alone locks its reports before: they are drafts, for which
no move waits that holds a place. Submitting asks no place: it is free at any time.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.utils import timezone

from campaigns.models import UnitPlace
from chunfeng.accounts.models import User
from reports import notifications, permissions
from reports.entry.checks import check, check_many
from reports.entry.validation import Finding, blocking
from reports.models import Figure, SignOff, Submission, SubmissionEvent
from reports.numbers import plain
from reports.publishing import corrections

LONGEST_COMMENT = 1000
IMPORT_NAME = "导入"

_Status = Submission.Status
_Move = SubmissionEvent.Move
_REFRESHED = (
    "responsible",
    "prepared_by",
    "phone",
    "no_change",
    "status",
    "first_submitted_at",
    "submitted_at",
    "submitted_by",
    "receipt",
    "review_started_at",
    "accepted_at",
)
_OTHER_LINE_ENDS = re.compile("[\x0b\x0c]")
_STEERING = re.compile("[\x01-\x08\x0e-\x1f\x7f\ufffe\uffff]")
# Of the columns of a submission those that differ from report to report.
_OWN_COLUMNS = ("first_submitted_at", "submitted_at", "receipt")


class TransitionError(Exception):
    """A move that is refused; the message is a sentence for the user. Nothing has been changed."""


class AlreadySubmitted(TransitionError):  # noqa: N818 (an outcome, to be shown as one)
    """The report had been sent before, as by the first of two clicks: `submission` has its receipt."""

    def __init__(self, submission: Submission) -> None:
        receipt = f"（回执编号 {submission.receipt}）" if submission.receipt else ""
        when = f"已于{moment(submission.submitted_at, submission)}" if submission.submitted_at else "已"
        super().__init__(f"该表{when}上报{receipt}，无需重复上报。")
        self.submission = submission


class CheckFailed(TransitionError):  # noqa: N818 (likewise)
    """The report has findings that forbid submission: `findings`, fatal ones first."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"有 {len(findings)} 处须改正或说明后才能上报：{findings[0].message}")
        self.findings = findings


def snapshot(submission: Submission, explanations: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Return a report as it is stored, in plain values: what an event of its trail keeps.

    figures: exact texts by number ("120", "88.50"), None where blank, every column of the form.
    explanations: dicts of finding, message and text.
    """
    return _snapshot(submission, dict(submission.figures.values_list("indicator_id", "value")), explanations)


def _snapshot(
    submission: Submission,
    values: Mapping[int, Decimal | None],
    explanations: Iterable[Mapping[str, str]],
) -> dict[str, Any]:
    figures = {}
    for indicator in submission.report_form.columns:
        value = values.get(indicator.pk)
        figures[str(indicator.number)] = None if value is None else plain(value, indicator.decimals)
    return {
        "campaign": submission.period.campaign.code,
        "form": submission.report_form.code,
        "version": submission.report_form.version,
        "unit": submission.unit.code,
        "period": submission.ends_on.isoformat(),
        "figures": figures,
        "explanations": [dict(explanation) for explanation in explanations],
        "responsible": submission.responsible,
        "prepared_by": submission.prepared_by,
        "phone": submission.phone,
        "no_change": submission.no_change,
    }


def checksum(submission: Submission) -> str:
    """Return the checksum of the figures as they are stored now: what the clerk confirms as `seen`."""
    return digest(snapshot(submission))


def digest(kept: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a snapshot's figures as 64 hexadecimal digits; pages print `letterhead.check_code` of it.

    It is taken over a text in UTF-8 that anyone can write again, one item a line, lines parted by a single
    LF, none after the last: campaign code, form code, form version, unit code, the period's end
    (2024-02-23), then every column by rising number as `number=figure`, the figure with exactly the column's
    decimals and without thousands (`17=88.50`), nothing after the sign where blank (`5=`).
    """
    heading = [str(kept[key]) for key in ("campaign", "form", "version", "unit", "period")]
    figures = sorted(kept["figures"].items(), key=lambda item: int(item[0]))
    text = "\n".join([*heading, *(f"{number}={figure or ''}" for number, figure in figures)])
    return hashlib.sha256(text.encode()).hexdigest()


def submit(
    submission: Submission, *, by: User | None, seen: str | None = None, at: datetime | None = None
) -> None:
    """Send a draft or returned report to its coordinator, with a new receipt.

    seen: checksum of the figures that the clerk confirmed; None = not asked. at: for imports alone, when the
    report was sent; an import without it leaves unknown whether the report is on time. Raises
    TransitionError, as AlreadySubmitted or CheckFailed where that is the reason.
    """
    # The click counts, not the wait for a colleague's transaction.
    sent_at = at or timezone.now()
    with transaction.atomic():
        current = lock(submission)
        if not current.is_editable:
            raise AlreadySubmitted(current)
        if problem := filling_problem(current):
            raise TransitionError(problem)
        if not current.figures.filter(value__isnull=False).exists():
            raise TransitionError("还没有填写任何数据，不能上报。如与上期相同，请先点“与上期相同”。")
        findings = check(current)
        as_sent = snapshot(current, _explained(findings))
        if seen is not None and seen != digest(as_sent):
            raise TransitionError(_changed_meanwhile(current))
        if unresolved := blocking(findings):
            raise CheckFailed(unresolved)
        moves = list(current.events.values_list("move", flat=True))
        columns = _columns_sent(current, moves, by, at, sent_at)
        moved = Submission.objects.filter(pk=current.pk, status=current.status).update(**columns)
        if not moved:
            raise TransitionError("该表状态已变化，请刷新后再操作。")
        current.receipt = columns["receipt"]
        _record(current, _Move.SUBMITTED, by, as_sent, at=sent_at)
    submission.refresh_from_db(fields=_REFRESHED)


def withdraw(submission: Submission, *, by: User | None) -> None:
    """Take a submitted report back into the draft, as long as no coordinator has opened it.

    A first submission that is withdrawn does not decide any more whether the report is on time.
    """
    with transaction.atomic():
        if submission.period.campaign.closed_at is not None:
            raise TransitionError("专项活动已关闭，撤回后不能再上报，所以不能撤回。")
        _refuse_signed_off(submission)
        waiting = Submission.objects.filter(
            pk=submission.pk,
            status=_Status.SUBMITTED,
            receipt=submission.receipt,
            review_started_at=None,
        )
        is_first = When(first_submitted_at=F("submitted_at"), then=Value(None, DateTimeField()))
        moved = waiting.update(
            status=_Status.DRAFT,
            first_submitted_at=Case(is_first, default=F("first_submitted_at")),
            submitted_at=None,
            submitted_by=None,
            receipt="",
        )
        if not moved:
            raise TransitionError(_why_not_withdrawn(submission))
        # The instance still has the receipt that was withdrawn.
        _record(submission, _Move.WITHDRAWN, by, _as_sent(submission))
    submission.refresh_from_db(fields=_REFRESHED)


def start_review(submission: Submission, *, by: User) -> None:
    """Note that a coordinator has opened the submitted report: from now on it cannot be withdrawn.

    Nothing happens where `by` may not review it, where it has been opened before, or where it is no longer
    the submission that was opened: callers need not ask first.
    """
    if submission.status != _Status.SUBMITTED or submission.review_started_at is not None:
        return
    if not permissions.can_review(by, submission):
        return
    waiting = Submission.objects.filter(
        pk=submission.pk, status=_Status.SUBMITTED, receipt=submission.receipt, review_started_at=None
    )
    waiting.update(review_started_at=timezone.now())
    submission.refresh_from_db(fields=_REFRESHED)


def accept(
    submission: Submission, *, by: User | None, seen: str | None = None, at: datetime | None = None
) -> None:
    """Accept a submitted report: its figures count from now on.

    seen: the receipt of the submission that the coordinator read; None = the instance's. at: for imports
    alone, here and below. Raises TransitionError, also for whoever filled the report.
    """
    accepted_at = at or timezone.now()
    with transaction.atomic():
        _refuse_signed_off(submission)
        _decide(submission, by, seen, {"status": _Status.ACCEPTED, "accepted_at": accepted_at})
        _record(submission, _Move.ACCEPTED, by, _as_sent(submission), at=accepted_at)
        corrections.note([submission], by=by)


def return_for_correction(
    submission: Submission,
    *,
    by: User | None,
    comment: str,
    cells: Iterable[int] = (),
    seen: str | None = None,
    at: datetime | None = None,
) -> None:
    """Send a submitted report back to its unit. comment: what to correct; cells: numbers of columns meant.

    seen: the receipt of the submission that the coordinator read; None = the instance's. Raises
    TransitionError.
    """
    reason, numbers = _correction(submission, comment, cells)
    with transaction.atomic():
        _refuse_signed_off(submission)
        _decide(submission, by, seen, {"status": _Status.RETURNED})
        snapshot_sent = _as_sent(submission)
        _record(submission, _Move.RETURNED, by, snapshot_sent, comment=reason, cells=numbers, at=at)
        notifications.returned(submission, reason)


def what_became_of(submission: Submission, seen: str) -> str:
    """Say in a sentence what became of a submission that waited with the receipt `seen`; "" while it waits."""
    if submission.status == _Status.SUBMITTED and submission.receipt == seen:
        return ""
    return _why_not_decided(submission, seen)


def reopen(
    submission: Submission,
    *,
    by: User | None,
    comment: str,
    cells: Iterable[int] = (),
    at: datetime | None = None,
) -> None:
    """Send an accepted report back to its unit for a correction, with the reason. Raises TransitionError."""
    reason, numbers = _correction(submission, comment, cells)
    with transaction.atomic():
        _refuse_signed_off(submission)
        _refuse_filler(submission, by)
        accepted = Submission.objects.filter(
            pk=submission.pk, status=_Status.ACCEPTED, receipt=submission.receipt
        )
        if not accepted.update(status=_Status.RETURNED, accepted_at=None):
            raise TransitionError("该表已不是“已通过”状态，请刷新后再操作。")
        submission.refresh_from_db(fields=_REFRESHED)
        snapshot_sent = _as_sent(submission)
        _record(submission, _Move.REOPENED, by, snapshot_sent, comment=reason, cells=numbers, at=at)
        notifications.returned(submission, reason, reopened=True)


def submit_many(
    submissions: Sequence[Submission], *, at: Mapping[int, datetime | None]
) -> dict[int, list[Finding]]:
    """Send drafts of one form and period as `submit` does for an import, in a bounded number of statements.

    The caller has just written and locked them (`drafts.import_many`). at: as for `submit`, by id. Returns by
    id what forbids submission; these reports stay drafts.
    """
    findings = check_many(submissions)
    failed = {pk: unresolved for pk, found in findings.items() if (unresolved := blocking(found))}
    sent = [submission for submission in submissions if submission.pk not in failed]
    values = _values(sent)
    moves: dict[int, list[str]] = defaultdict(list)
    for pk, move in SubmissionEvent.objects.filter(submission__in=sent).values_list("submission", "move"):
        moves[pk].append(move)
    now = timezone.now()
    events = []
    each: dict[str, Any] = {}
    for submission in sent:
        told = at.get(submission.pk)
        each = _columns_sent(submission, moves[submission.pk], None, told, told or now)
        for name, value in each.items():
            setattr(submission, name, value)
        kept = _snapshot(submission, values[submission.pk], _explained(findings[submission.pk]))
        events.append(_event(submission, _Move.SUBMITTED, None, kept, at=submission.submitted_at))
    if sent:
        # What is the same for all is written in one plain statement.
        common = {name: value for name, value in each.items() if name not in _OWN_COLUMNS}
        Submission.objects.filter(pk__in=[submission.pk for submission in sent]).update(**common)
        Submission.objects.bulk_update(sent, _OWN_COLUMNS)
    SubmissionEvent.objects.bulk_create(events)
    return failed


def accept_many(
    submissions: Sequence[Submission], *, by: User | None, at: Mapping[int, datetime] | None = None
) -> None:
    """Accept reports of one form as `accept` does, in a bounded number of statements; all or none.

    at: for imports alone, by id. Raises TransitionError where one is no longer the submission it was.
    """
    now = timezone.now()
    with transaction.atomic():
        for submission, people in zip(submissions, permissions.fillers(submissions).values(), strict=True):
            if by is not None and by.pk in people:
                raise TransitionError(f"{submission}：您填报过该表，不能由您审核，请由其他审核员处理。")
        locked = signed_off(submissions, hold=True)
        for submission in submissions:
            if submission.pk in locked:
                raise TransitionError(f"{submission}：{locked[submission.pk]}")
        waiting = Submission.objects.filter(
            pk__in=[submission.pk for submission in submissions], status=_Status.SUBMITTED
        ).select_for_update(no_key=True)
        receipts = dict(waiting.values_list("pk", "receipt"))
        for submission in submissions:
            if receipts.get(submission.pk) != submission.receipt:
                raise TransitionError(_why_not_decided(submission, submission.receipt))
            submission.status = _Status.ACCEPTED
            submission.accepted_at = (at or {}).get(submission.pk, now)
        waiting.update(status=_Status.ACCEPTED, accepted_at=now)
        if at:
            Submission.objects.bulk_update(submissions, ["accepted_at"])
        values = _values(submissions)
        carried = {
            (pk, receipt): kept.get("explanations", ())
            for pk, receipt, kept in SubmissionEvent.objects.filter(
                submission__in=submissions, move=_Move.SUBMITTED
            ).values_list("submission", "receipt", "snapshot")
        }
        SubmissionEvent.objects.bulk_create(
            _event(
                submission,
                _Move.ACCEPTED,
                by,
                _snapshot(
                    submission, values[submission.pk], carried.get((submission.pk, submission.receipt), ())
                ),
                at=submission.accepted_at,
            )
            for submission in submissions
        )
        corrections.note(submissions, by=by)


def lock(
    submission: Submission,
    *,
    along: Sequence[str] = ("report_form", "period__campaign", "unit", "changed_by"),
) -> Submission:
    """Read a report anew and keep others from changing it until the transaction ends.

    along: what is read with it. PostgreSQL locks the row; on SQLite the transaction is the only writer from its
    beginning (IMMEDIATE).
    """
    rows = Submission.objects.select_related(*along) if along else Submission.objects.all()
    return rows.select_for_update(of=("self",), no_key=True).get(pk=submission.pk)


def signed_off(submissions: Iterable[Submission], *, hold: bool = False) -> dict[int, str]:
    """Say of each report that a sign-off locks by whom, by id; reports that are free are left out.

    It is the place that the unit held in the report's period that counts, with those above it then. hold: keep
    sign-offs of these places waiting until the transaction ends. A bounded number of queries.
    """
    listed = list(submissions)
    asked = Submission.objects.filter(pk__in=[row.pk for row in listed])
    levels = dict(
        asked.exclude(period__campaign__sign_off_by="").values_list("pk", "period__campaign__sign_off_by")
    )
    if not levels:
        return {}
    held = permissions.places_held([row for row in listed if row.pk in levels])
    above = {pk for place in held.values() if place for pk in place.ancestor_ids}
    places = UnitPlace.objects.filter(pk__in=above, level__in=set(levels.values())).order_by("pk")
    signers = {place.pk: place for place in (places.select_for_update(no_key=True) if hold else places)}
    # Read after the places are held: a sign-off that was being made is there now, or has yet to begin.
    locking = SignOff.objects.locking().filter(
        unit__in={place.unit_id for place in signers.values()}, period__in={row.period_id for row in listed}
    )
    signed = set(locking.values_list("unit_id", "period_id"))
    locked = {}
    for row in listed:
        place = held.get(row.pk)
        for pk in place.ancestor_ids if place else ():
            signer = signers.get(pk)
            if signer and (signer.unit_id, row.period_id) in signed:
                locked[row.pk] = f"本期已由{signer.short}扎口上报，请先由上级重新打开。"
    return locked


def filling_problem(submission: Submission) -> str | None:
    """Say why figures of the report's period are not taken now; None where they are."""
    period = submission.period
    if period.campaign.closed_at is not None:
        return "专项活动已关闭，不能再填报；如需补报请联系审核员。"
    if not period.is_open:
        return f"第{period.number}期从{_day(period.starts_on)}起填报，现在还不能填报。"
    return None


def moment(at: datetime, submission: Submission | SignOff) -> str:
    """Write an instant for a sentence, in the campaign's zone: 2月9日 17:31."""
    local = at.astimezone(submission.period.campaign.zone)
    return f"{_day(local)} {local:%H:%M}"


def storable(text: str) -> str:
    """Return `text` without what a database, a workbook or a document refuses.

    NUL and halves of surrogate pairs become �. Of the other signs that steer a machine only tabs and line ends
    stay: Word leaves them behind in what is copied from it, and its own line end, VT, becomes one of ours.
    """
    whole = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _STEERING.sub("", _OTHER_LINE_ENDS.sub("\n", whole))


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _receipt(submission: Submission, count: int) -> str:
    """The number of the `count`th submission of a report: JIANGSU-2024-FU1-05-320381-1."""
    form, period = submission.report_form, submission.period
    which = f"{period.campaign.code}-{form.code}-{period.number:02d}-{submission.unit.code}".upper()
    longest = Submission._meta.get_field("receipt").max_length or 0
    # Codes of full length would push the count out of the column.
    return f"{which[: longest - len(str(count)) - 1]}-{count}"


def _columns_sent(
    submission: Submission,
    moves: Sequence[str],
    by: User | None,
    told: datetime | None,
    sent_at: datetime,
) -> dict[str, Any]:
    """What a submission writes. moves: made so far. told: when an import says that it was sent."""
    is_first = moves.count(_Move.SUBMITTED) == moves.count(_Move.WITHDRAWN)
    is_known = by is not None or told is not None
    first = submission.first_submitted_at
    return {
        "status": _Status.SUBMITTED,
        "first_submitted_at": sent_at if is_first and is_known and first is None else first,
        "submitted_at": sent_at,
        "submitted_by": by,
        "receipt": _receipt(submission, moves.count(_Move.SUBMITTED) + 1),
        "review_started_at": None,
        "accepted_at": None,
    }


def _explained(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [
        {"finding": finding.key, "message": finding.message, "text": finding.explanation}
        for finding in findings
        if finding.explanation
    ]


def _values(submissions: Iterable[Submission]) -> dict[int, dict[int, Decimal | None]]:
    """Return figures by indicator's id, by id of the report."""
    values: dict[int, dict[int, Decimal | None]] = defaultdict(dict)
    rows = Figure.objects.filter(submission__in=submissions)
    for pk, indicator, value in rows.values_list("submission_id", "indicator_id", "value"):
        values[pk][indicator] = value
    return values


def _changed_meanwhile(submission: Submission) -> str:
    if submission.changed_at is None:
        return "数据与您核对的不一致，请重新核对后再上报。"
    who, when = submission.changed_by or IMPORT_NAME, moment(submission.changed_at, submission)
    return f"{who}于{when}修改了数据，与您核对的不一致，请重新核对后再上报。"


def _correction(submission: Submission, comment: str, cells: Iterable[int]) -> tuple[str, list[int]]:
    """Read what is to be corrected: the reason, trimmed, and the numbers of the columns meant."""
    reason = storable(comment).strip()
    if not any(character.isalnum() for character in reason):
        raise TransitionError("请写明退回原因，例如“第4列大于第3列，请核对”。")
    if len(reason) > LONGEST_COMMENT:
        raise TransitionError(f"退回原因最多 {LONGEST_COMMENT} 个字，现在有 {len(reason)} 个，请缩短。")
    numbers = sorted(set(cells))
    if unknown := set(numbers) - {indicator.number for indicator in submission.report_form.columns}:
        raise TransitionError(f"本表没有第 {min(unknown)} 列，请重新选择须更正的列。")
    if submission.period.campaign.closed_at is not None:
        raise TransitionError("专项活动已关闭，退回后填报单位不能修改，请先重新开放专项活动。")
    return reason, numbers


def _refuse_signed_off(submission: Submission) -> None:
    for sentence in signed_off([submission], hold=True).values():
        raise TransitionError(sentence)


def _refuse_filler(submission: Submission, by: User | None) -> None:
    if by is not None and by.pk in permissions.fillers([submission])[submission.pk]:
        raise TransitionError("您填报过该表，不能由您审核，请由其他审核员处理。")


def _decide(submission: Submission, by: User | None, seen: str | None, columns: dict[str, Any]) -> None:
    """Change the columns of a report that still is the submission that was seen, or say what became of it."""
    receipt = submission.receipt if seen is None else seen
    _refuse_filler(submission, by)
    waiting = Submission.objects.filter(pk=submission.pk, status=_Status.SUBMITTED, receipt=receipt)
    if not waiting.update(**columns):
        raise TransitionError(_why_not_decided(submission, receipt))
    submission.refresh_from_db(fields=_REFRESHED)


def _why_not_decided(submission: Submission, seen: str) -> str:
    current = Submission.objects.get(pk=submission.pk)
    events = list(submission.events.all())
    last = events[-1] if events else None
    if current.status == _Status.SUBMITTED:
        sums = {event.receipt: event.checksum for event in events if event.move == _Move.SUBMITTED}
        same = seen in sums and sums[seen] == sums.get(current.receipt)
        when = f"于{moment(current.submitted_at, submission)}" if current.submitted_at else ""
        return f"该表已{when}重新上报，数据{'未变' if same else '有变化'}，请刷新后再审核。"
    if current.status == _Status.DRAFT:
        return "该表已被撤回，请刷新。" if last else "该表尚未上报，请刷新。"
    decision = "通过" if current.status == _Status.ACCEPTED else "退回"
    if last is None:
        return f"该表已被{decision}，请刷新。"
    return f"该表已由{last.actor_name}于{moment(last.at, submission)}{decision}，请刷新。"


def _why_not_withdrawn(submission: Submission) -> str:
    current = Submission.objects.get(pk=submission.pk)
    if current.status == _Status.DRAFT:
        return "该表已被撤回或尚未上报，请刷新。"
    if current.status == _Status.RETURNED:
        return "该表已被退回，可以直接修改，无需撤回。"
    if current.status == _Status.ACCEPTED:
        return "该表已审核通过，不能撤回；如需更正，请联系审核员退回。"
    if current.review_started_at is not None:
        return "审核员已开始审核，不能撤回；如需更正，请联系审核员退回。"
    return "该表已重新上报，请刷新后再操作。"


def _as_sent(submission: Submission) -> dict[str, Any]:
    """The figures as they stand, with the explanations that their submission carried."""
    sent = submission.events.filter(move=_Move.SUBMITTED, receipt=submission.receipt).last()
    return snapshot(submission, sent.snapshot.get("explanations", ()) if sent else ())


def _record(
    submission: Submission,
    move: SubmissionEvent.Move,
    by: User | None,
    kept: dict[str, Any],
    *,
    at: datetime | None = None,
    comment: str = "",
    cells: Iterable[int] = (),
) -> None:
    event = _event(submission, move, by, kept, at=at)
    event.comment, event.cells = comment, list(cells)
    event.save()


def _event(
    submission: Submission,
    move: SubmissionEvent.Move,
    by: User | None,
    kept: dict[str, Any],
    *,
    at: datetime | None = None,
) -> SubmissionEvent:
    return SubmissionEvent(
        submission=submission,
        move=move,
        actor=by,
        actor_name=str(by)[:50] if by else IMPORT_NAME,
        at=at or timezone.now(),
        snapshot=kept,
        receipt=submission.receipt,
        checksum=digest(kept),
    )
