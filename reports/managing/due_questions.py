"""Due times on awkward days, put to the coordinators of the campaign's root once: 提前, 顺延, 照常 or 免报.

A question is open while its due time is to come (or a week past), lies on 除夕, a holiday or a weekend, worked or
not, and nobody has moved it there or left it there by a decision. Nothing is stored but the decision, in the
campaign's log: whether a report is on time is worked out from the due time that stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import TextChoices
from django.urls import reverse

from campaigns.calendar_rules import Workdays, awkward, plain_day
from campaigns.models import Campaign, DayOff, Exemption, ReportingPeriod
from chunfeng.accounts.models import Membership, User
from reports.managing import changes
from reports.managing.changes import ChangeError, locked_period, note, reason_of, said
from reports.models import CampaignEvent, Notice
from reports.notifications import Message, tell_each

ASKED_FOR = timedelta(days=7)
"""How long after the due time it is still asked: a decision made afterwards decides who was on time all the same."""
_WEEKDAYS = "一二三四五六日"


class Choice(TextChoices):
    EARLIER = "earlier", "提前"
    LATER = "later", "顺延"
    KEEP = "keep", "照常"
    EXEMPT = "exempt", "免报"


@dataclass(frozen=True)
class Question:
    """why: 除夕. earlier, later: the same clock time on the nearest plain day; None where that is no answer.

    提前 is offered down to the period's first day.
    """

    period: ReportingPeriod
    why: str
    earlier: datetime | None
    later: datetime | None

    @property
    def seen(self) -> str:
        """What the coordinator decides about: a due time moved meanwhile is another question."""
        return self.period.due_at.isoformat()


def open_questions(
    campaign: Campaign, now: datetime, periods: Iterable[ReportingPeriod] | None = None
) -> list[Question]:
    """List what has to be decided, the nearest first. A number of queries that does not grow."""
    if campaign.closed_at is not None:
        return []
    listed = list(campaign.periods.order_by("ends_on")) if periods is None else list(periods)
    asked = [period for period in listed if period.due_at > now - ASKED_FOR]
    workdays = Workdays(dict(DayOff.objects.values_list("day", "works")))
    let_off = set(Exemption.objects.filter(period__in=asked, unit=None).values_list("period", flat=True))
    decided = changes.due_decisions(campaign, asked)
    questions = []
    for period in asked:
        period.campaign = campaign
        decision = decided.get(period.pk)
        if period.pk in let_off or (decision and decision.new == said(period.due_at, campaign)):
            continue
        if question := _question(period, workdays, now):
            questions.append(question)
    return sorted(questions, key=lambda question: question.period.due_at)


@transaction.atomic
def decide(
    period: ReportingPeriod, choice: Choice, *, seen: str, by: User, reason: str, now: datetime
) -> Question:
    """Carry out what was decided about a question that is open, and log it; returns the question.

    seen: `Question.seen` of the page. Raises ChangeError.
    """
    why = reason_of(reason)
    period = locked_period(period)
    if period.due_at.isoformat() != seen:
        due = said(period.due_at, period.campaign)
        raise ChangeError(f"第{period.number}期的截止时间已改为{due}，请按新的时间决定。")
    questions = open_questions(period.campaign, now, [period])
    if not questions:
        raise ChangeError(f"第{period.number}期的截止时间已有决定，请刷新。")
    [question] = questions
    if choice == Choice.KEEP:
        due = said(period.due_at, period.campaign)
        note(
            period.campaign,
            CampaignEvent.Kind.KEPT,
            str(period),
            by=by,
            reason=why,
            old=f"{due}（{question.why}）",
            new=due,
        )
    elif choice == Choice.EXEMPT:
        changes.exempt(period, None, by=by, reason=why)
    else:
        due_at = question.earlier if choice == Choice.EARLIER else question.later
        if due_at is None:
            raise ChangeError(f"第{period.number}期不能{choice.label}，请选择其他办法。")
        changes.set_due(period, due_at, by=by, reason=why)
    return question


def ask_about_due_times(campaign: Campaign, now: datetime) -> list[Question]:
    """Tell the coordinators of the campaign's root of open questions, of each due time once; returns those told now."""
    url = reverse("reports:campaign-dates", args=[campaign.code])
    asked = {}
    for question in open_questions(campaign, now):
        due = said(question.period.due_at, campaign)
        asked[f"请决定：{question.period}的截止时间{due}（{question.why}）"] = question
    told = Notice.objects.filter(campaign=campaign, kind=Notice.Kind.DUE, title__in=asked)
    for title in set(told.values_list("title", flat=True)):
        del asked[title]
    people = User.objects.filter(
        memberships__role=Membership.Role.COORDINATOR,
        memberships__unit__in=campaign.places.filter(parent=None).values("unit"),
    ).distinct()
    messages = [Message(people, title, "可以提前、顺延、照常或免报。", url) for title in asked]
    tell_each(messages, campaign=campaign, kind=Notice.Kind.DUE)
    return list(asked.values())


def _question(period: ReportingPeriod, workdays: Workdays, now: datetime) -> Question | None:
    local = period.due_at.astimezone(period.campaign.zone)
    why = awkward(local.date(), workdays)
    if not why:
        return None

    def moved(step: int) -> datetime | None:
        day = plain_day(local.date(), workdays, step=step)
        return None if day is None else datetime.combine(day, local.time(), period.campaign.zone)

    earlier, later = moved(-1), moved(1)
    if earlier is not None and (earlier.date() < period.starts_on or earlier <= now):
        earlier = None
    return Question(period, f"周{_WEEKDAYS[local.weekday()]}，{why}", earlier, later)
