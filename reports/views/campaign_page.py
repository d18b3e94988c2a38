"""活动: what the notice asks, for everyone; announcements by coordinators."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import Exemption
from reports import permissions
from reports.campaign_forms import AnnouncementForm
from reports.contacts import contacts_of
from reports.managing.changes import due_changes
from reports.managing.due_questions import open_questions
from reports.managing.schedule import schedule
from reports.models import Announcement, Extension, due_for

from .finding import find_campaign


@require_safe
def campaign_about(request, campaign):
    """The notice at a glance: its words, its dates, its columns, its targets, and whom to ask."""
    campaign = find_campaign(request, campaign)
    return render(request, "reports/campaign/about.html", _about(request, campaign))


def _about(request, campaign, form=None):
    user = request.user
    forms = list(campaign.forms.prefetch_related("indicators"))
    lines = line_names(forms)
    own = _own_places(user, campaign)
    units = permissions.announcing_units(user, campaign)
    if form is None and units:
        form = AnnouncementForm(units=_as_choices(units))
    return {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "issued": _issued(campaign),
        "schedule": _schedule(campaign, own, lines),
        "forms": _of_lines(forms, own),
        "targets": campaign.targets.select_related("indicator__report_form"),
        "contacts": contacts_of(user, campaign),
        "announcements": standing(user, campaign),
        "may_withdraw": {unit.pk for unit in units},
        "announcement_form": form,
        "now": timezone.now(),
    }


def _issued(campaign):
    """The day on which the notice was issued, in words; "" where it names none."""
    day = parse_date(campaign.document.get("issued") or "")
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def tabs(request, campaign):
    """The campaign's pages for its coordinators: (name, URL name, current). None for everyone else."""
    if not permissions.announcing_units(request.user, campaign):
        return []
    pages = [("活动", "campaign-about"), ("日期与免报", "campaign-dates"), ("待核实", "campaign-doubts")]
    if permissions.can_manage(request.user, campaign):
        pages += [
            ("目标", "campaign-targets"),
            ("单位变动", "campaign-units"),
            ("关闭与记录", "campaign-log"),
        ]
    here = request.resolver_match.url_name
    return [(name, page, here in BELONGS_TO.get(page, {page})) for name, page in pages]


def due_questions_for(request, campaign):
    """Due times on awkward days that wait for a decision of the user; none for whoever does not decide."""
    if not permissions.can_manage(request.user, campaign):
        return []
    return open_questions(campaign, timezone.now())


BELONGS_TO = {
    "campaign-about": {"campaign-about", "announcement-create"},
    "campaign-dates": {"campaign-dates", "period-dates"},
    "campaign-units": {"campaign-units", "unit-change", "unit-open", "unit-preview", "unit-open-preview"},
}
"""Which tab an address stands under, by URL names."""


def standing(user, campaign):
    """The announcements that `user` reads now, the newest first."""
    return Announcement.objects.visible_to(user, campaign).standing().select_related("unit", "author")


def line_names(forms):
    """What each line is called: the subtitle of its first form, without its brackets."""
    names = {}
    for form in forms:
        if form.line:
            names.setdefault(form.line, form.subtitle.strip("（）() ") or form.line)
    return names


def _own_places(user, campaign):
    """The places of the units for which `user` acts."""
    return list(campaign.places.filter(unit__memberships__user=user).distinct())


def _of_lines(forms, own):
    """The forms of the user's lines; all of them for whoever stands above the lines."""
    lines = {place.line for place in own}
    if "" in lines:
        return forms
    return [form for form in forms if not form.line or form.line in lines]


def _schedule(campaign, own, lines):
    units = {place.unit_id for place in own if place.reports}
    exempted = {}
    for period, unit in Exemption.objects.filter(period__campaign=campaign).values_list("period", "unit"):
        exempted.setdefault(period, set()).add(unit)
    extended = {}
    for one in Extension.objects.filter(period__campaign=campaign, unit__in=units).select_related("period"):
        if one.due_at > due_for(one.period, extended.get(one.period_id)):
            extended[one.period_id] = one.due_at
    return schedule(
        campaign,
        timezone.now(),
        changes=due_changes(campaign, campaign.periods.all()),
        extended=extended,
        exempt=[
            period for period, let_off in exempted.items() if None in let_off or (units and units <= let_off)
        ],
        lines=lines,
    )


def _as_choices(units):
    """The same units as a queryset, as a form wants them."""
    return type(units[0]).objects.filter(pk__in=[unit.pk for unit in units])


@require_POST
def announcement_create(request, campaign):
    campaign = find_campaign(request, campaign)
    units = permissions.announcing_units(request.user, campaign)
    if not units:
        raise PermissionDenied
    if request.POST.get("unit") not in {str(unit.pk) for unit in units}:
        raise Http404
    form = AnnouncementForm(request.POST, units=_as_choices(units))
    if not form.is_valid():
        return render(request, "reports/campaign/about.html", _about(request, campaign, form), status=400)
    Announcement.objects.create(campaign=campaign, author=request.user, **form.cleaned_data)
    messages.success(request, "公告已发布，本单位和下级单位都能看到。")
    return redirect("reports:campaign-about", campaign.code)


@require_POST
def announcement_withdraw(request, campaign, pk):
    campaign = find_campaign(request, campaign)
    announcement = get_object_or_404(Announcement.objects.visible_to(request.user, campaign), pk=pk)
    if not permissions.can_announce(request.user, announcement.unit, campaign):
        raise PermissionDenied
    withdrawn = Announcement.objects.filter(pk=pk, withdrawn_at=None).update(withdrawn_at=timezone.now())
    if withdrawn:
        messages.success(request, "公告已撤回。")
    else:
        messages.info(request, "公告此前已撤回。")
    return redirect("reports:campaign-about", campaign.code)
