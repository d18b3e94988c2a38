"""What the demonstration's coordinators do at the desk: 催报, a due time decided; and when people were told of things."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from campaigns.models import Campaign, ReportingPeriod
from reports.completeness import reminders
from reports.completeness.progress import read
from reports.managing.due_questions import Choice, decide, open_questions
from reports.models import CampaignEvent, Notice, Reminder, SubmissionEvent
from reports.notifications import reporters_of

from .office import People

_MORNING = timedelta(hours=16)
"""From the due time to the next morning."""
_ON_TIME = timedelta(minutes=10)
_READ_AFTER = timedelta(minutes=25)
_DUE_REASON = "报送日恰逢放假，顺延到上班以后"


def remind(campaign: Campaign, periods: Sequence[ReportingPeriod], people: People, now: datetime) -> None:
    """Log the timer's reminder of each report that came late after all; the province reminds who still is missing."""
    places = campaign.places.select_related("unit")
    for period in periods:
        at = period.due_at + _ON_TIME
        if at > now:
            continue
        late = [
            (line.place, [one for one in line.cells.get(period.pk, ()) if one.is_late])
            for line in read(campaign, places, now=now, periods=[period]).lines
        ]
        people_of = reporters_of([place.unit_id for place, owed in late if owed])
        Reminder.objects.bulk_create(
            Reminder(
                period=period,
                unit=place.unit,
                moment=Reminder.Moment.AT,
                missing=[one.form.code for one in owed],
                text=reminders.filled(
                    reminders.DEFAULT_TEXT,
                    reminders.Missing(place, period, owed, people_of[place.unit_id], None, 0),
                    at,
                ),
                people=len(people_of[place.unit_id]),
                sender_name=reminders.TIMER,
                at=at,
            )
            for place, owed in late
            if owed
        )
    due = [period for period in periods if period.due_at + _MORNING <= now]
    if due:
        reminders.send(
            due[-1],
            list(places.filter(reports=True)),
            reminders.DEFAULT_TEXT,
            by=people.reviewer(people.root),
            now=due[-1].due_at + _MORNING,
        )
        Notice.objects.filter(campaign=campaign, kind=Notice.Kind.REMINDER).update(
            at=due[-1].due_at + _MORNING
        )


def decide_due_times(campaign: Campaign, people: People, now: datetime) -> None:
    """Decide the first of several due times on awkward days; the others wait for whoever tries the demonstration."""
    questions = open_questions(campaign, now)
    if len(questions) > 1:
        decide(
            questions[0].period,
            Choice.LATER,
            seen=questions[0].seen,
            by=people.reviewer(people.root),
            reason=_DUE_REASON,
            now=now,
        )


def date_notices(campaign: Campaign) -> None:
    """Date notices, which have the loading's own dates, to what they tell of; what was settled since has been read."""
    told = iter(Notice.objects.filter(campaign=campaign, kind=Notice.Kind.RETURNED).order_by("pk"))
    moves = (SubmissionEvent.Move.RETURNED, SubmissionEvent.Move.REOPENED)
    events = SubmissionEvent.objects.filter(submission__period__campaign=campaign, move__in=moves)
    listed = list(events.select_related("submission").order_by("pk"))
    people = reporters_of({event.submission.unit_id for event in listed})
    dated = []
    for event in listed:
        for notice in islice(told, len(people[event.submission.unit_id])):
            notice.at = event.at
            if event.submission.status != "returned":
                notice.read_at = event.at + _READ_AFTER
            dated.append(notice)
    Notice.objects.bulk_update(dated, ["at", "read_at"])
    moved = CampaignEvent.objects.filter(campaign=campaign, kind=CampaignEvent.Kind.DUE).last()
    if moved is not None:
        Notice.objects.filter(campaign=campaign, kind=Notice.Kind.DUE).update(at=moved.at)
