"""急报: the red button, the list, one matter with who has seen it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chunfeng.accounts.models import Membership
from reports.models import UrgentMatter
from reports.permissions import is_reporter
from reports.text_forms import UrgentForm, UrgentNoteForm
from reports.texts import urgent

from .finding import enter, find_campaign
from .listing import page_of


@require_safe
def urgent_list(request, campaign):
    campaign = find_campaign(request, campaign)
    matters = (
        UrgentMatter.objects.visible_to(request.user)
        .filter(campaign=campaign)
        .select_related("unit", "author")
        .annotate(told=Count("sightings"), acknowledged=Count("sightings__acknowledged_at"))
        .order_by("-at", "-pk")
    )
    context = {
        "campaign": campaign,
        "page": page_of(request, matters),
        "may_report": is_reporter(request.user),
    }
    return render(request, "reports/urgent/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def urgent_create(request, campaign):
    campaign = find_campaign(request, campaign)
    places = urgent.reporting_places(request.user, campaign)
    if not places:
        raise PermissionDenied
    form = UrgentForm(request.POST or None, places=places)
    if request.method != "POST":
        return render(request, "reports/urgent/create.html", {"campaign": campaign, "form": form})
    if form.is_valid():
        typed = dict(form.cleaned_data)
        try:
            matter = urgent.report(typed.pop("place"), **typed, by=request.user)
        except urgent.UrgentError as error:
            form.add_error(None, str(error))
        else:
            told = matter.sightings.count()
            if told:
                messages.success(request, f"已报出，{told} 名审核员会立即看到。")
            else:
                messages.warning(request, "已报出，但本单位和上级都没有审核员可以通知，请打电话报告。")
            return redirect("reports:urgent-detail", matter.pk)
    return render(request, "reports/urgent/create.html", {"campaign": campaign, "form": form}, status=400)


@require_safe
def urgent_detail(request, pk):
    matter = _find(request, pk)
    sighting = urgent.open_by(matter, request.user) if request.method == "GET" else None
    return _page(request, matter, sighting, UrgentNoteForm())


def _page(request, matter, sighting, form, status=200):
    context = {
        "matter": matter,
        "campaign": matter.campaign,
        "sightings": matter.sightings.select_related("user", "unit"),
        "notes": matter.notes.select_related("author"),
        "sighting": sighting,
        "form": form if _may_note(request.user, matter) else None,
    }
    return render(request, "reports/urgent/detail.html", context, status=status)


@require_POST
def urgent_acknowledge(request, pk):
    matter = _find(request, pk)
    if not matter.sightings.filter(user=request.user).exists():
        raise PermissionDenied
    urgent.acknowledge(matter, by=request.user)
    messages.success(request, f"已签收：{matter}。")
    return redirect("reports:urgent-detail", pk)


@require_POST
def urgent_note(request, pk):
    matter = _find(request, pk)
    if not _may_note(request.user, matter):
        raise PermissionDenied
    form = UrgentNoteForm(request.POST)
    if not form.is_valid():
        return _page(request, matter, urgent.open_by(matter, request.user), form, status=400)
    urgent.add_note(matter, text=form.cleaned_data["text"], by=request.user)
    return redirect("reports:urgent-detail", pk)


def _find(request, pk):
    matters = UrgentMatter.objects.visible_to(request.user).select_related("campaign", "unit", "author")
    matter = get_object_or_404(matters, pk=pk)
    enter(request, matter.campaign)
    return matter


def _may_note(user, matter):
    """True for the unit's reporters and for every coordinator who was told."""
    writes = user.memberships.filter(unit=matter.unit_id, role=Membership.Role.REPORTER)
    return writes.exists() or matter.sightings.filter(user=user).exists()
