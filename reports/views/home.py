"""The way in: 我的任务 of a clerk, and where each role begins."""

from collections import defaultdict
from itertools import groupby

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import Campaign
from reports import permissions, tasks
from reports.contacts import contacts_of
from reports.entry import checks, validation
from reports.managing.changes import due_changes
from reports.managing.schedule import calendar_warning
from reports.review import questions

from .campaign_page import standing
from .finding import find_campaign

LATEST = 4
"""Of what has been accepted or exempted so many are listed."""
COMING = 4
"""So many due times ahead are shown."""
CHECKED = 4
"""Drafts of so many forms and periods are checked for the list."""


@require_safe
def home(request):
    """Lead to the campaign that needs the user first: the one whose next due time is nearest, else the latest.

    The site's administrators have no campaign: they begin in the administration.
    """
    if request.user.site_role:
        return redirect("admin:index")
    campaigns = list(Campaign.objects.visible_to(request.user).prefetch_related("periods"))
    if not campaigns:
        return render(request, "reports/no_campaign.html")
    now = timezone.now()

    def waiting(campaign):
        period = campaign.period_at(now)
        due = period.due_at if period else now
        return (due < now, abs((due - now).total_seconds()))

    return redirect("reports:campaign", min(campaigns, key=waiting).code)


@require_safe
def campaign(request, campaign):
    """The first page of a campaign for the user's role in it."""
    campaign = find_campaign(request, campaign)
    if permissions.is_reporter(request.user):
        return redirect("reports:task-list", campaign.code)
    if permissions.is_coordinator(request.user):
        return redirect("reports:review-queue", campaign.code)
    return redirect("reports:board-home", campaign.code)


@require_safe
def task_list(request, campaign):
    """我的任务: what my units owe, what came back first."""
    campaign = find_campaign(request, campaign)
    listed = tasks.tasks_of(request.user, campaign)
    periods = list(campaign.periods.all())
    now = timezone.now()
    context = {
        "campaign": campaign,
        "groups": _groups(listed),
        "problems": _problems(listed),
        "nothing_due": all(task.state not in tasks.URGENT for task in listed),
        "coming": [period for period in periods if period.due_at >= now][:COMING],
        "places": list({task.place.pk: task.place for task in listed}.values()),
        "periods": periods,
        "due_changes": due_changes(campaign, periods),
        "next_period": tasks.next_period(campaign),
        "announcements": standing(request.user, campaign)[:3],
        "contacts": contacts_of(request.user, campaign),
        "calendar_warning": calendar_warning(campaign, periods),
        # Of each form one task stands for its notes and its blank sheet.
        "explained": sorted(
            {task.form.pk: task for task in listed}.values(), key=lambda task: task.form.position
        ),
        "questions_waiting": questions.waiting_for(request.user, campaign),
        "now": now,
        "today": campaign.today(),
    }
    return render(request, "reports/task_list.html", context)


def _groups(listed):
    """(state, tasks to show, how many more there are): of what is done the latest alone, the rest is history."""
    groups = [(state, list(group)) for state, group in groupby(listed, key=lambda task: task.state)]
    limits = {tasks.State.ACCEPTED: LATEST, tasks.State.EXEMPT: LATEST}
    return [
        (state, group[: limits.get(state)], max(len(group) - limits.get(state, len(group)), 0))
        for state, group in groups
    ]


def _problems(listed):
    """What 检查 would find in the drafts at hand: {report: (fatal, queries without a good explanation)}.

    Of the first few forms and periods alone, so that the page costs the same however many are overdue.
    """
    drafts = defaultdict(list)
    for task in listed:
        if task.can_fill and task.filled:
            drafts[task.form.pk, task.period.pk].append(task.submission)
    found = {}
    for submissions in list(drafts.values())[:CHECKED]:
        for pk, findings in checks.check_many(submissions).items():
            blocking = [finding.finding_class for finding in validation.blocking(findings)]
            found[pk] = (blocking.count(validation.FATAL), blocking.count(validation.QUERY))
    return found
