"""What coordinators change in a campaign that runs: due times, 延期 and 免报, labels and doubts, targets, its end."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import Doubt, Exemption, Indicator, ReportingUnit
from campaigns.search import units_found
from reports import permissions
from reports.campaign_forms import DueForm, ReasonForm
from reports.managing import changes
from reports.managing.changes import ChangeError
from reports.managing.due_questions import Choice, decide
from reports.models import CampaignEvent, Extension, Submission

from .campaign_page import due_questions_for, tabs
from .finding import find_campaign, find_form, find_period
from .listing import page_of


def find_coordinated(request, code, *, manages=False):
    """The campaign, for its coordinators; `manages`: for those at its root."""
    campaign = find_campaign(request, code)
    if manages:
        allowed = permissions.can_manage(request.user, campaign)
    else:
        allowed = bool(permissions.announcing_units(request.user, campaign))
    if not allowed:
        raise PermissionDenied
    return campaign


def _told(request, form, act, done):
    """Do what a form asks and say what became of it: `act` gets the form's cleaned data."""
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, errors[0])
        return
    try:
        act(form)
    except ChangeError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)


# --- due times, 延期, 免报 ------------------------------------------------------------------------


@require_safe
def campaign_dates(request, campaign):
    """Every period with its due time, who has more, and who is let off."""
    campaign = find_coordinated(request, campaign)
    periods = campaign.periods.annotate(
        extended=Count("extensions", distinct=True),
        let_off=Count("exemptions", filter=Q(exemptions__unit__isnull=False), distinct=True),
        all_let_off=Count("exemptions", filter=Q(exemptions__unit__isnull=True), distinct=True),
    ).order_by("ends_on")
    changed = changes.due_changes(campaign, periods)
    context = {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "rows": [(period, changed.get(period.pk)) for period in periods],
        "questions": due_questions_for(request, campaign),
        "now": timezone.now(),
    }
    return render(request, "reports/campaign/dates.html", context)


@require_safe
def period_dates(request, campaign, period):
    """One period: its due time, and the units below mine that are given more time or let off."""
    campaign = find_coordinated(request, campaign)
    period = find_period(campaign, period)
    return render(request, "reports/campaign/period.html", _period_page(request, campaign, period))


def _period_page(request, campaign, period):
    mine = permissions.extendable(request.user, period).select_related("unit").order_by("position")
    search = request.GET.get("q", "").strip()[:50]
    places = mine.filter(unit__in=units_found(campaign, search)) if search else mine
    page = page_of(request, places)
    units = [place.unit_id for place in page]
    extended = {one.unit_id: one for one in _granted(Extension, period, units).select_related("granted_by")}
    let_off = {one.unit_id: one for one in _granted(Exemption, period, units)}
    reported = {}
    for report in (
        Submission.objects.filter(period=period, unit__in=units).with_due_at().select_related("period")
    ):
        reported.setdefault(report.unit_id, []).append(report)
    due = period.due_at.astimezone(campaign.zone)
    return {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "period": period,
        "due": due,
        "page": page,
        "rows": [
            {
                "place": place,
                "extension": extended.get(place.unit_id),
                "exemption": let_off.get(place.unit_id),
                "sent": sum(one.status in Submission.SENT for one in reported.get(place.unit_id, ())),
                "late": any(one.is_late for one in reported.get(place.unit_id, ())),
            }
            for place in page
        ],
        "search": search,
        "for_all": Exemption.objects.filter(period=period, unit=None).first(),
        "manages": permissions.can_manage(request.user, campaign),
        "changed": changes.due_changes(campaign, [period]).get(period.pk),
        "now": timezone.now(),
    }


def _granted(model, period, units):
    return model.objects.filter(period=period, unit__in=units)


@require_POST
def period_due(request, campaign, period):
    campaign = find_coordinated(request, campaign, manages=True)
    period = find_period(campaign, period)

    def act(form):
        changes.set_due(
            period, form.due_at(campaign.zone), by=request.user, reason=form.cleaned_data["reason"]
        )

    _told(request, DueForm(request.POST), act, f"第{period.number}期的截止时间已调整。")
    return _back(campaign, period)


@require_POST
def period_decide(request, campaign, period):
    """提前, 顺延, 照常 or 免报 of a due time on an awkward day. ?back=progress: asked on that page."""
    campaign = find_coordinated(request, campaign, manages=True)
    period = find_period(campaign, period)
    choice = request.POST.get("choice")
    done = f"第{period.number}期的截止时间已决定：{dict(Choice.choices).get(choice, '')}。"

    def act(form):
        if choice not in Choice.values:
            raise ChangeError("请选择提前、顺延、照常或免报。")
        decide(
            period,
            Choice(choice),
            seen=request.POST.get("seen", ""),
            by=request.user,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )

    _told(request, ReasonForm(request.POST), act, done)
    page = "progress" if request.GET.get("back") == "progress" else "campaign-dates"
    return redirect(f"reports:{page}", campaign.code)


@require_POST
def period_extend(request, campaign, period):
    """延期 for the units ticked."""
    campaign = find_coordinated(request, campaign)
    period = find_period(campaign, period)
    units = _ticked(request, period)

    def act(form):
        changes.extend(
            period,
            units,
            form.due_at(campaign.zone),
            by=request.user,
            reason=form.cleaned_data["reason"],
        )

    _told(request, DueForm(request.POST), act, f"已延期：{_listed(units)}。")
    return _back(campaign, period)


@require_POST
def period_exempt(request, campaign, period):
    """免报 for the units ticked; at the root, with `all`, for every unit."""
    campaign = find_coordinated(request, campaign)
    period = find_period(campaign, period)
    if "all" in request.POST:
        if not permissions.can_manage(request.user, campaign):
            raise PermissionDenied
        units, named = None, changes.EVERY_UNIT
    else:
        units = _ticked(request, period)
        named = _listed(units)

    def act(form):
        changes.exempt(period, units, by=request.user, reason=form.cleaned_data["reason"])

    _told(request, ReasonForm(request.POST), act, f"已设为免报：{named}。")
    return _back(campaign, period)


@require_POST
def extension_lift(request, campaign, pk):
    campaign = find_coordinated(request, campaign)
    extension = get_object_or_404(
        Extension.objects.select_related("period__campaign", "unit"), pk=pk, period__campaign=campaign
    )
    _refuse_others(request, extension)

    def act(form):
        changes.lift_extension(extension, by=request.user, reason=form.cleaned_data["reason"])

    _told(request, ReasonForm(request.POST), act, f"已取消{extension.unit.name}的延期。")
    return _back(campaign, extension.period)


@require_POST
def exemption_lift(request, campaign, pk):
    campaign = find_coordinated(request, campaign)
    exemption = get_object_or_404(
        Exemption.objects.select_related("period__campaign", "unit"), pk=pk, period__campaign=campaign
    )
    if exemption.unit is not None:
        _refuse_others(request, exemption)
    elif not permissions.can_manage(request.user, campaign):
        raise PermissionDenied

    def act(form):
        changes.lift_exemption(exemption, by=request.user, reason=form.cleaned_data["reason"])

    _told(request, ReasonForm(request.POST), act, "已取消免报。")
    return _back(campaign, exemption.period)


def _refuse_others(request, granted):
    """404 for what was granted to a unit that is not below the user's: as if it did not exist."""
    if not permissions.can_extend(request.user, granted.unit, granted.period):
        raise Http404


def _ticked(request, period):
    """The units that were ticked, all of them below the user's; 404 for any other."""
    codes = {code for code in request.POST.getlist("unit") if "\0" not in code}
    allowed = permissions.extendable(request.user, period).filter(unit__code__in=codes).values("unit")
    units = list(ReportingUnit.objects.filter(pk__in=allowed).order_by("code"))
    if len(units) < len(set(request.POST.getlist("unit"))):
        raise Http404
    return units


def _listed(units):
    names = [unit.name for unit in units]
    return "、".join(names[:3]) + (f"等{len(names)}个单位" if len(names) > 3 else "")


def _back(campaign, period):
    return redirect("reports:period-dates", campaign.code, period.ends_on.isoformat())


# --- labels and doubts ----------------------------------------------------------------------------


@require_safe
def campaign_doubts(request, campaign):
    """待核实: columns whose label is not certain, and the register of doubts with quote and reading."""
    campaign = find_coordinated(request, campaign)
    forms = list(campaign.forms.prefetch_related("indicators"))
    doubts = list(campaign.doubts.select_related("report_form").order_by("position", "pk"))
    labels = [
        (
            form,
            [
                one
                for one in form.indicators.all()
                if not one.confirmed or one.number == _asked(request, form)
            ],
        )
        for form in forms
    ]
    context = {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "labels": labels,
        "uncertain": sum(len(columns) for _, columns in labels),
        "forms": forms,
        "doubts": [
            *((form, [one for one in doubts if one.report_form_id == form.pk]) for form in forms),
            (None, [one for one in doubts if one.report_form_id is None]),
        ],
        "open": sum(not doubt.settled for doubt in doubts),
        "total": len(doubts),
        "manages": permissions.can_manage(request.user, campaign),
        "now": timezone.now(),
    }
    return render(request, "reports/campaign/doubts.html", context)


def _asked(request, form):
    """The column of a form that the address names (?form=fu1&column=3): one that is certain may be named anew."""
    number = request.GET.get("column", "")
    return int(number) if request.GET.get("form") == form.code and number.isdecimal() else None


@require_POST
def indicator_name(request, campaign, form, number):
    campaign = find_coordinated(request, campaign, manages=True)
    form = find_form(campaign, form)
    indicator = get_object_or_404(Indicator, report_form=form, number=number)

    def act(reasoned):
        changes.name_indicator(
            indicator,
            request.POST.get("label", ""),
            request.POST.get("unit", ""),
            by=request.user,
            reason=reasoned.cleaned_data["reason"],
        )

    _told(request, ReasonForm(request.POST), act, f"{form.annex} 第{number}列的列名已核实。")
    return redirect("reports:campaign-doubts", campaign.code)


@require_POST
def doubt_settle(request, campaign, pk):
    campaign = find_coordinated(request, campaign, manages=True)
    doubt = get_object_or_404(Doubt, campaign=campaign, pk=pk)

    def act(reasoned):
        changes.settle(
            doubt,
            request.POST.get("reading", ""),
            request.POST.get("settled", ""),
            by=request.user,
            reason=reasoned.cleaned_data["reason"],
        )

    _told(request, ReasonForm(request.POST), act, "已记下核实结果。")
    return redirect("reports:campaign-doubts", campaign.code)


# --- targets --------------------------------------------------------------------------------------


@require_safe
def campaign_targets(request, campaign):
    campaign = find_coordinated(request, campaign, manages=True)
    context = {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "targets": campaign.targets.select_related("indicator__report_form"),
    }
    return render(request, "reports/campaign/targets.html", context)


@require_POST
def target_set(request, campaign, pk):
    campaign = find_coordinated(request, campaign, manages=True)
    target = get_object_or_404(campaign.targets, pk=pk)

    def act(form):
        changes.set_target(
            target,
            request.POST.get("at_least", ""),
            request.POST.get("say", ""),
            by=request.user,
            reason=form.cleaned_data["reason"],
        )

    _told(request, ReasonForm(request.POST), act, "目标已调整。")
    return redirect("reports:campaign-targets", campaign.code)


# --- the end of the campaign, and what was changed ------------------------------------------------


@require_safe
def campaign_log(request, campaign):
    """Close or reopen the campaign; and every change made on these pages, the latest first."""
    campaign = find_coordinated(request, campaign, manages=True)
    kind = request.GET.get("kind", "")
    if kind and kind not in CampaignEvent.Kind.values:
        raise Http404
    events = CampaignEvent.objects.filter(campaign=campaign).order_by("-pk")
    context = {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "page": page_of(request, events.filter(kind=kind) if kind else events),
        "kind": kind,
        "kinds": CampaignEvent.Kind.choices,
        "waiting": Submission.objects.filter(
            period__campaign=campaign, status=Submission.Status.SUBMITTED
        ).count(),
        "drafts": Submission.objects.filter(
            period__campaign=campaign, status__in=Submission.EDITABLE
        ).count(),
        "now": timezone.now(),
    }
    return render(request, "reports/campaign/log.html", context)


@require_POST
def campaign_close(request, campaign):
    campaign = find_coordinated(request, campaign, manages=True)

    def act(form):
        changes.close_campaign(campaign, by=request.user, reason=form.cleaned_data["reason"])

    _told(request, ReasonForm(request.POST), act, "活动已关闭：不再填报和上报，可以继续查阅、审核和导出。")
    return redirect("reports:campaign-log", campaign.code)


@require_POST
def campaign_reopen(request, campaign):
    campaign = find_coordinated(request, campaign, manages=True)

    def act(form):
        changes.reopen_campaign(campaign, by=request.user, reason=form.cleaned_data["reason"])

    _told(request, ReasonForm(request.POST), act, "活动已重新开放，可以继续填报。")
    return redirect("reports:campaign-log", campaign.code)
