"""催报: who still has to send what, the words that remind them, the sending and what came of it.

A unit is reminded at most once in twelve hours, whatever the period and whoever asks, unless the sender insists.
Sending takes turns at the rows of the places reminded, so that of two coordinators who click at once one reminds.
The timer (`manage.py remind`) sends each of its three reminders once a unit and period.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from campaigns.models import Campaign, ReportForm, ReportingPeriod, UnitPlace
from chunfeng.accounts.models import User
from reports.completeness.progress import Owed, State, read
from reports.lifecycle import storable
from reports.models import Notice, Reminder, Submission
from reports.notifications import Message, entry_path, reporters_of, tell_each
from reports.register import whom_to_call

PAUSE = timedelta(hours=12)
LONGEST_TEXT = 500
OVERDUE_FOR = timedelta(days=7)
"""How long after the due time the timer still reminds: an old campaign that nobody closed stays quiet."""
TIMER = "系统"
DEFAULT_TEXT = "【单位】：【报告期】的【报表】还没有上报，截止时间是【截止时间】，【时限】。请尽快登录系统填报；有困难请及时联系我们。"
PLACEHOLDERS = ("【单位】", "【报告期】", "【报表】", "【截止时间】", "【时限】")

_Moment = Reminder.Moment


class ReminderError(ValueError):
    """A reminder that is refused; the message is a sentence. Nothing has been sent."""


@dataclass(frozen=True)
class Missing:
    """A unit that has not sent everything of a period.

    owed: what is missing, in the order of the forms. last: its latest reminder in the campaign; times: how often
    it was reminded of this period. contact: whom to call: the first that the unit named for the campaign, otherwise,
    where it has no reporter, who filled its latest report; a name and a telephone, "" where none is known.
    """

    place: UnitPlace
    period: ReportingPeriod
    owed: Sequence[Owed]
    people: Sequence[User]
    last: Reminder | None
    times: int
    contact: str = ""

    @property
    def due_at(self) -> datetime:
        return self.owed[0].due_at

    @property
    def forms(self) -> str:
        """附件1（被退回）、附件2: who has sent a report would not look for it under what was never sent."""
        return "、".join(
            (one.form.annex or one.form.title) + ("（被退回）" if one.state == State.RETURNED else "")
            for one in self.owed
        )

    def is_paused(self, now: datetime) -> bool:
        """Reminded so lately that a reminder has to be insisted on."""
        return self.last is not None and now - self.last.at < PAUSE


@dataclass(frozen=True)
class Outcome:
    """What came of sending: reminders, and for each unit that got none the reason in words."""

    sent: Sequence[Reminder]
    passed_over: Sequence[tuple[UnitPlace, str]]


@dataclass(frozen=True)
class Result:
    """What followed a reminder. filed of asked reports came after it; took: until the last of them."""

    reminder: Reminder
    filed: int
    asked: int
    took: timedelta | None

    @property
    def is_complete(self) -> bool:
        return self.asked > 0 and self.filed == self.asked


@dataclass
class _Known:
    """What is known of units beside their reports."""

    people: Mapping[int, Sequence[User]] = field(default_factory=dict)
    last: Mapping[int, Reminder] = field(default_factory=dict)
    times: Mapping[int, int] = field(default_factory=dict)
    contacts: Mapping[int, str] = field(default_factory=dict)


def missing_in(period: ReportingPeriod, places: QuerySet[UnitPlace], now: datetime) -> list[Missing]:
    """List who, of the units at `places`, has not sent everything in a period, in registry order.

    Nobody where the period has not opened. A number of queries that does not grow.
    """
    found = read(period.campaign, places, now=now, periods=[period])
    listed = [(line.place, [one for one in line.cells[period.pk] if one.is_missing]) for line in found.lines]
    listed = [(place, owed) for place, owed in listed if owed]
    known = _known(period, [place.unit_id for place, _ in listed])
    return [
        Missing(
            place,
            period,
            owed,
            people=known.people[place.unit_id],
            last=known.last.get(place.unit_id),
            times=known.times.get(place.unit_id, 0),
            contact=known.contacts.get(place.unit_id, ""),
        )
        for place, owed in listed
    ]


def _known(period: ReportingPeriod, units: Sequence[int]) -> _Known:
    people = reporters_of(units)
    last: dict[int, Reminder] = {}
    times: dict[int, int] = defaultdict(int)
    sent = Reminder.objects.filter(period__campaign=period.campaign, unit__in=units).defer("text")
    for reminder in sent.order_by("at", "pk"):
        last[reminder.unit_id] = reminder
        times[reminder.unit_id] += reminder.period_id == period.pk
    named = Submission.objects.filter(
        period__campaign=period.campaign, unit__in=[unit for unit in units if not people[unit]]
    )
    contacts = {
        unit: " ".join(part for part in (name, phone) if part)
        for unit, name, phone in named.exclude(prepared_by="", phone="")
        .order_by("ends_on")
        .values_list("unit", "prepared_by", "phone")
    }
    contacts |= whom_to_call(period.campaign, units)
    return _Known(people, last, times, contacts)


def filled(text: str, missing: Missing, now: datetime) -> str:
    """Return the text for one unit, its placeholders replaced."""
    for placeholder, word in words_for(missing, now).items():
        text = text.replace(placeholder, word)
    return text


def words_for(missing: Missing, now: datetime) -> dict[str, str]:
    """Return what stands for each of PLACEHOLDERS in the text for one unit."""
    due = missing.due_at.astimezone(missing.period.campaign.zone)
    words = (
        missing.place.name,
        str(missing.period),
        missing.forms,
        f"{due.month}月{due.day}日{due:%H:%M}",
        time_limit(missing.due_at, now),
    )
    return dict(zip(PLACEHOLDERS, words, strict=True))


def time_limit(due_at: datetime, now: datetime) -> str:
    """Say how far off a due time is: 还有5小时, 已逾期2天."""
    hours = int(abs((due_at - now).total_seconds()) // 3600)
    span = f"{hours // 24}天" if hours >= 48 else f"{hours}小时" if hours else "不到1小时"
    return f"已逾期{span}" if due_at < now else f"还有{span}"


def send(
    period: ReportingPeriod,
    places: Collection[UnitPlace],
    text: str,
    *,
    by: User | None,
    now: datetime,
    force: bool = False,
    moment: Reminder.Moment = _Moment.MANUAL,
) -> Outcome:
    """Remind the units at `places`, as far as something of theirs is missing now. Raises ReminderError.

    force: also those that were reminded within the pause. A timed moment reminds nobody twice.
    """
    words = text_of(text)
    if period.campaign.closed_at is not None:
        raise ReminderError("专项活动已关闭，不能再上报，所以不用催报。")
    with transaction.atomic():
        chosen = UnitPlace.objects.filter(pk__in=[place.pk for place in places])
        # Sorted by id like every lock of places; SQLite has one writer at a time anyway.
        list(chosen.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk", flat=True))
        missing = {one.place.pk: one for one in missing_in(period, chosen, now)}
        passed_over = []
        reminded = []
        told_before = _told_at(period, moment)
        for place in places:
            one = missing.get(place.pk)
            if one is None:
                passed_over.append((place, "已经报齐或不用报，无需催报"))
            elif place.unit_id in told_before:
                passed_over.append((place, f"已经{moment.label}"))
            elif one.is_paused(now) and not force:
                passed_over.append((place, f"{_ago(one, now)}刚催过，12 小时内不重复催报"))
            else:
                reminded.append(one)
        sent = Reminder.objects.bulk_create(
            Reminder(
                period=period,
                unit=one.place.unit,
                moment=moment,
                missing=[owed.form.code for owed in one.owed],
                text=filled(words, one, now),
                people=len(one.people),
                forced=force and one.is_paused(now),
                sent_by=by,
                sender_name=str(by)[:50] if by else TIMER,
                at=now,
            )
            for one in reminded
        )
        tell_each(
            [_message(one, reminder.text) for one, reminder in zip(reminded, sent, strict=True)],
            campaign=period.campaign,
            kind=Notice.Kind.REMINDER,
        )
    return Outcome(sent, passed_over)


def text_of(text: str) -> str:
    """Return the words of a reminder as they are sent. Raises ReminderError."""
    words = storable(text).strip()
    if not any(character.isalnum() for character in words):
        raise ReminderError("请填写催报内容。")
    if len(words) > LONGEST_TEXT:
        raise ReminderError(f"催报内容最多 {LONGEST_TEXT} 个字，现在有 {len(words)} 个，请缩短。")
    return words


def timed(campaign: Campaign, now: datetime, *, before: timedelta, after: timedelta) -> list[Missing]:
    """List what the timer would remind of now: units with something missing, by period and registry order.

    Those that `send` passes over (reminded lately, or told at this moment already) are left out.
    """
    if campaign.closed_at is not None:
        return []
    found = []
    for period in campaign.periods.filter(starts_on__lte=now.astimezone(campaign.zone).date()):
        # An extension may be later than the period's own due time: who has one is asked in either case.
        if period.due_at - before > now:
            continue
        extended = period.extensions.filter(due_at__gt=now - OVERDUE_FOR).exists()
        if period.due_at < now - OVERDUE_FOR and not extended:
            continue
        period.campaign = campaign
        told: dict[Reminder.Moment, set[int]] = {one: _told_at(period, one) for one in _Moment}
        for one in missing_in(period, campaign.places.all(), now):
            moment = moment_of(one.due_at, now, before=before, after=after)
            if moment is not None and not one.is_paused(now) and one.place.unit_id not in told[moment]:
                found.append(one)
    return found


def moment_of(
    due_at: datetime, now: datetime, *, before: timedelta, after: timedelta
) -> Reminder.Moment | None:
    """Return which of the timer's reminders is due; None where none is."""
    if now < due_at - before or now >= due_at + OVERDUE_FOR:
        return None
    if now < due_at:
        return _Moment.BEFORE
    return _Moment.AT if now < due_at + after else _Moment.AFTER


def results(reminders: Iterable[Reminder]) -> list[Result]:
    """Say of each reminder what followed it, in one query."""
    listed = list(reminders)
    sent: dict[tuple[int, int], dict[str, datetime | None]] = defaultdict(dict)
    rows = Submission.objects.filter(
        unit__in={one.unit_id for one in listed},
        period__in={one.period_id for one in listed},
        submitted_at__isnull=False,
    )
    for unit, period, form, at in rows.order_by().values_list(
        "unit", "period", "report_form__code", "submitted_at"
    ):
        sent[unit, period][form] = at
    found = []
    for one in listed:
        own = sent[one.unit_id, one.period_id]
        filed = filter(None, (own.get(form) for form in one.missing))
        after = [at - one.at for at in filed if at > one.at]
        found.append(Result(one, len(after), len(one.missing), max(after, default=None)))
    return found


def _told_at(period: ReportingPeriod, moment: Reminder.Moment) -> set[int]:
    """Units that have had the timer's reminder; nobody for a reminder by hand."""
    if moment == _Moment.MANUAL:
        return set()
    return set(Reminder.objects.filter(period=period, moment=moment).values_list("unit", flat=True))


def _message(missing: Missing, text: str) -> Message:
    period, place = missing.period, missing.place
    form: ReportForm = missing.owed[0].form
    alone = len(missing.owed) == 1
    return Message(
        people=missing.people,
        title=f"催报：{place.name} {period} {missing.forms}",
        text=text,
        url=entry_path(period.campaign, form, period, place.unit)
        if alone
        else reverse("reports:task-list", args=[period.campaign.code]),
    )


def _ago(missing: Missing, now: datetime) -> str:
    assert missing.last is not None  # noqa: S101 - asked of paused ones alone
    minutes = int((now - missing.last.at).total_seconds() // 60)
    span = f"{minutes // 60} 小时" if minutes >= 60 else f"{minutes} 分钟"
    return f"{span}前{missing.last.sender_name}"
