"""The way in: 我的任务 of a clerk, and where each role begins."""

from itertools import groupby

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import Campaign
from reports import permissions, tasks
from reports.changes import due_changes
from reports.contacts import contacts_of
from reports.schedule import calendar_warning

from .campaign_page import standing
from .finding import find_campaign


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
    return redirect("reports:roll-up-home", campaign.code)


@require_safe
def task_list(request, campaign):
    """我的任务: what my units owe, what came back first."""
    campaign = find_campaign(request, campaign)
    listed = tasks.tasks_of(request.user, campaign)
    periods = list(campaign.periods.all())
    context = {
        "campaign": campaign,
        "groups": [(state, list(group)) for state, group in groupby(listed, key=lambda task: task.state)],
        "places": list({task.place.pk: task.place for task in listed}.values()),
        "periods": periods,
        "due_changes": due_changes(campaign, periods),
        "next_period": tasks.next_period(campaign),
        "announcements": standing(request.user, campaign)[:3],
        "contacts": contacts_of(request.user, campaign),
        "calendar_warning": calendar_warning(campaign, periods),
        "forms": {task.form.pk: task.form for task in listed}.values(),
        "now": timezone.now(),
    }
    return render(request, "reports/task_list.html", context)
