"""What waits for a coordinator's decision, in the order of need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Prefetch, Subquery, prefetch_related_objects

from campaigns.models import Campaign, UnitPlace
from chunfeng.accounts.models import User
from reports import permissions
from reports.models import Look, Question, Submission, SubmissionEvent

LONG_WAIT = timedelta(days=2)

MARKS = {"falls": "有下降", "explained": "有核实说明", "again": "再次上报", "late": "迟报", "clean": "无标记"}


@dataclass(frozen=True)
class Row:
    """One waiting report. queries: its 核实说明, falls: those about a fall; times: how often it was sent.

    looking: names of colleagues who have it open. asked: its open 询问.
    """

    submission: Submission
    falls: int
    queries: int
    times: int
    looking: tuple[str, ...] = ()
    asked: int = 0

    @property
    def short(self) -> str:
        """The unit's short name in the campaign."""
        return self.submission.short or self.submission.unit.name  # type: ignore[attr-defined]

    @property
    def is_clean(self) -> bool:
        """Nothing about it asks for a look: no explanation, no fall, no open 询问, never returned before."""
        return not self.queries and self.times <= 1 and not self.asked

    def waits_long(self, now: datetime) -> bool:
        sent = self.submission.submitted_at
        return sent is not None and now - sent > LONG_WAIT

    def has(self, mark: str) -> bool:
        """Say whether one of MARKS is on the report; "" is on all."""
        on = {
            "": True,
            "falls": bool(self.falls),
            "explained": bool(self.queries),
            "again": self.times > 1,
            "late": bool(self.submission.is_late),
            "clean": self.is_clean,
        }
        return on[mark]


def waiting_for(user: User, campaign: Campaign) -> list[Row]:
    """Return the submitted reports that `user` may decide on, those in most need first.

    Falls before other explanations, more before fewer, then what was sent before, then the longest waiting.
    The number of queries does not grow.
    """
    places = UnitPlace.objects.filter(campaign=campaign, unit=OuterRef("unit")).latest_first()
    submitted = list(
        Submission.objects.visible_to(user)
        .filter(period__campaign=campaign, status=Submission.Status.SUBMITTED)
        .annotate(short=Subquery(places.values("short")[:1]))
        .select_related("unit", "period__campaign", "report_form", "submitted_by")
        .order_by("report_form__position", "-ends_on", "unit__code")
    )
    mine = permissions.reviewable(user, submitted)
    reports = [submission for submission in submitted if submission.pk in mine]
    looks = Look.objects.current().exclude(person=user).select_related("person").order_by("at")
    sent = SubmissionEvent.objects.filter(move=SubmissionEvent.Move.SUBMITTED)
    prefetch_related_objects(
        reports,
        Prefetch("events", queryset=sent, to_attr="sendings"),
        Prefetch("questions", queryset=Question.objects.open(), to_attr="open_questions"),
        Prefetch("looks", queryset=looks, to_attr="lookers"),
    )
    return sorted(map(_row, reports), key=_need)


def neighbours(rows: Sequence[Row], pk: int) -> tuple[int | None, int | None, int | None]:
    """Return the place of a report in the queue, counted from 1, and the ids of those before and after it.

    None where it is not in the queue, or the first, or the last.
    """
    order = [row.submission.pk for row in rows]
    if pk not in order:
        return None, None, order[0] if order else None
    at = order.index(pk)
    before = order[at - 1] if at else None
    after = order[at + 1] if at + 1 < len(order) else None
    return at + 1, before, after


def next_after(rows: Sequence[Row], pk: int, left: Iterable[int]) -> int | None:
    """Return the report to open once `pk` has been decided: the next one in the queue, else its first.

    left: ids of those that still wait.
    """
    waiting = set(left) - {pk}
    order = [row.submission.pk for row in rows]
    at = order.index(pk) if pk in order else -1
    return next((one for one in (*order[at + 1 :], *order[: max(at, 0)]) if one in waiting), None)


def _need(row: Row) -> tuple[int, int, bool, float]:
    sent = row.submission.submitted_at
    return -row.falls, -row.queries, row.times <= 1, sent.timestamp() if sent else 0.0


def _row(submission: Submission) -> Row:
    sendings, lookers = submission.sendings, submission.lookers  # type: ignore[attr-defined]
    explanations = sendings[-1].snapshot.get("explanations", []) if sendings else []
    return Row(
        submission=submission,
        falls=sum(entry["finding"].startswith("fall:") for entry in explanations),
        queries=len(explanations),
        times=len(sendings),
        looking=tuple(str(look.person) for look in lookers),
        asked=len(submission.open_questions),  # type: ignore[attr-defined]
    )
