"""通知: what I was told, in every campaign of mine."""

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reports.models import Notice

from .finding import find_campaign
from .listing import page_of


@require_safe
def notice_list(request):
    """My notices, the latest first. ?campaign=: the campaign that the bar goes on showing."""
    if request.GET.get("campaign"):
        find_campaign(request, request.GET["campaign"])
    mine = Notice.objects.visible_to(request.user)
    counted = mine.aggregate(all=Count("pk"), unread=Count("pk", filter=Q(read_at=None)))
    is_unread = "unread" in request.GET
    context = {
        "page": page_of(request, (mine.unread() if is_unread else mine).select_related("campaign")),
        "counted": counted,
        "is_unread": is_unread,
    }
    return render(request, "reports/notices.html", context)


@require_POST
def notice_read(request, pk):
    """Mark a notice as read; with `open`, go on to what it is about."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    Notice.objects.filter(pk=notice.pk).unread().update(read_at=timezone.now())
    return redirect(notice.url) if "open" in request.POST and notice.url else _back(request)


@require_POST
def notice_read_all(request):
    Notice.objects.visible_to(request.user).unread().update(read_at=timezone.now())
    return _back(request)


def _back(request):
    """The list as it was: its page, its filter and its bar."""
    query = request.GET.urlencode()
    return redirect(f"{reverse('reports:notice-list')}{f'?{query}' if query else ''}")
