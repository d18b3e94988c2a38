"""询问: a coordinator asks a unit about its report, or the unit its coordinators; the other side answers.

Two sides take part: the reporters of the unit, and the coordinators from the unit up to the root. Whoever is
asked is told. Once answered, either side may go on, and the side that asked settles it.
"""

from collections.abc import Iterable

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign
from chunfeng.accounts.models import Membership, User
from reports import notifications, permissions
from reports.lifecycle import lock, storable
from reports.models import Notice, Question, Submission

LONGEST_TEXT = 1000

_State = Question.State


class QuestionError(Exception):
    """What is refused; the message is a sentence for the user. Nothing has been changed."""


def speaks_for_unit(user: User, submission: Submission) -> bool | None:
    """Return on which side `user` takes part: True for the unit, False above it, None for nobody's."""
    if permissions.can_fill(user, submission.unit):
        return True
    return False if permissions.coordinates(user, submission) else None


@transaction.atomic
def ask(
    submission: Submission, *, by: User, text: str, cells: Iterable[int] = (), anomaly: str = ""
) -> Question:
    """Open a thread. cells: numbers of columns meant. Raises QuestionError."""
    from_unit = _side(by, submission)
    written = _text(text)
    numbers = sorted(set(cells))
    if unknown := set(numbers) - {indicator.number for indicator in submission.report_form.columns}:
        raise QuestionError(f"本表没有第 {min(unknown)} 列，请重新选择涉及的列。")
    if anomaly:
        # Of two who ask at once the second finds the thread of the first.
        lock(submission, along=())
    if anomaly and submission.questions.filter(anomaly=anomaly).exists():
        raise QuestionError("这一处异常已经询问过，请查看原来的询问。")
    question = Question.objects.create(
        submission=submission, from_unit=from_unit, cells=numbers, anomaly=anomaly, asked_by=by
    )
    _write(question, by, from_unit, written)
    return question


@transaction.atomic
def reply(question: Question, *, by: User, text: str) -> None:
    """Write in a thread that is not settled: the side that was asked answers, the other one asks again."""
    from_unit = _side(by, question.submission)
    written = _text(text)
    state = _State.ASKED if from_unit == question.from_unit else _State.ANSWERED
    if not Question.objects.open().filter(pk=question.pk).update(state=state):
        raise QuestionError("该询问已经了结，请另提一个询问。")
    _write(question, by, from_unit, written)


@transaction.atomic
def settle(question: Question, *, by: User) -> None:
    """Close a thread, by the side that asked."""
    if _side(by, question.submission) != question.from_unit:
        raise QuestionError("询问由提出的一方了结。")
    settled = {"state": _State.SETTLED, "settled_by": by, "settled_at": timezone.now()}
    if not Question.objects.open().filter(pk=question.pk).update(**settled):
        raise QuestionError("该询问已经了结。")


def waiting_for(user: User, campaign: Campaign) -> int:
    """Count the threads that wait for `user` to answer, on whichever side: in two queries."""
    units = set(user.memberships.filter(role=Membership.Role.REPORTER).values_list("unit_id", flat=True))
    asked = Question.objects.visible_to(user).filter(
        submission__period__campaign=campaign, state=_State.ASKED
    )
    return sum(
        (unit in units) != from_unit for unit, from_unit in asked.values_list("submission__unit", "from_unit")
    )


def _side(user: User, submission: Submission) -> bool:
    side = speaks_for_unit(user, submission)
    if side is None:
        raise QuestionError("只有填报单位和上级审核员可以询问和答复。")
    return side


def _text(text: str) -> str:
    written = storable(text).strip()
    if not any(character.isalnum() for character in written):
        raise QuestionError("请写明内容。")
    if len(written) > LONGEST_TEXT:
        raise QuestionError(f"最多 {LONGEST_TEXT} 个字，现在有 {len(written)} 个，请缩短。")
    return written


def _write(question: Question, by: User, from_unit: bool, text: str) -> None:
    question.entries.create(author=by, author_name=str(by)[:50], from_unit=from_unit, text=text)
    submission = question.submission
    asks = from_unit == question.from_unit
    place = reverse("reports:submission-detail", args=[submission.pk])
    cells = f"第{'、'.join(map(str, question.cells))}列" if question.cells else ""
    notifications.tell(
        _other_side(question, from_unit),
        campaign=submission.period.campaign,
        kind=Notice.Kind.QUESTION if asks else Notice.Kind.ANSWER,
        title=f"{'询问' if asks else '答复'}：{submission}{cells}",
        text=text,
        url=f"{place}#question-{question.pk}",
    )


def _other_side(question: Question, from_unit: bool) -> list[User]:
    """Whom it concerns: those of the other side who have written, else the reporters or the reviewers."""
    submission = question.submission
    wrote = question.entries.filter(from_unit=not from_unit).values("author")
    written = list(User.objects.filter(pk__in=wrote))
    if not from_unit:
        reporters = notifications.reporters_of([submission.unit_id])[submission.unit_id]
        return [*reporters, *(one for one in written if one not in reporters)]
    return written or list(User.objects.filter(pk__in=permissions.reviewers([submission])[submission.pk]))
