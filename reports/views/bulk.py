"""批量通过: the names before the act, ten seconds to stop it, and what came of it."""

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from reports import lifecycle, permissions
from reports.models import Bulk
from reports.publishing.corrections import effect_of_many
from reports.review import bulk

from .finding import enter, find_campaign
from .review import filters_kept, find_queue

_SALT = "reports.review.bulk"


@require_safe
def bulk_confirm(request, campaign):
    """How many reports without marks would be accepted, and which."""
    campaign = _find(request, campaign)
    found = find_queue(request, campaign)
    clean = sorted(found["clean"], key=lambda row: row.submission.report_form.position)
    seen = [(row.submission.pk, row.submission.receipt) for row in clean]
    context = found | {
        "clean": clean,
        "marked": sum(not row.is_clean for row in found["rows"]),
        "seen": signing.dumps(seen, salt=_SALT, compress=True),
        "query": filters_kept(request),
        "effect": effect_of_many([row.submission for row in clean], request.user),
    }
    return render(request, "reports/bulk_confirm.html", context)


@require_POST
def bulk_start(request, campaign):
    """Keep the acceptance pending for ten seconds."""
    campaign = _find(request, campaign)
    try:
        seen = signing.loads(request.POST.get("seen", ""), salt=_SALT, max_age=24 * 3600)
    except signing.BadSignature:
        messages.error(request, "批量通过的页面已过期，请重新核对名单。")
        return redirect(_queue(request))
    clean = {row.submission.pk: row.submission for row in find_queue(request, campaign)["clean"]}
    try:
        bulk.propose(campaign, seen, clean, by=request.user)
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
    return redirect(_queue(request))


@require_POST
def bulk_stop(request, pk):
    pending = _find_own(request, pk)
    try:
        bulk.stop(pending)
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "已停止，没有通过任何报表。")
    return redirect(_queue(request))


@require_POST
def bulk_finish(request, pk):
    """The page's timer: do it, if it is due."""
    pending = _find_own(request, pk)
    bulk.finish(pending)
    return redirect(_queue(request))


def _find(request, code):
    campaign = find_campaign(request, code)
    if not permissions.is_coordinator(request.user):
        raise PermissionDenied
    return campaign


def _find_own(request, pk):
    """The user's own bulk acceptance."""
    pending = get_object_or_404(Bulk.objects.select_related("campaign", "by"), pk=pk, by=request.user)
    enter(request, pending.campaign)
    return pending


def _queue(request):
    return reverse("reports:review-queue", args=[request.campaign.code]) + filters_kept(request)
