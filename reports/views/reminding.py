"""催报: whom a period still waits for, the words, the sending, and the log of what came of it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reports import permissions, register
from reports.completeness import reminders
from reports.models import Reminder

from .finding import find_campaign, find_period, find_place
from .listing import page_of
from .progress import find_below

MOST = 1000
"""So many units are listed and reminded at a time."""


@require_safe
def remind(request, campaign, period):
    """Who below me has not sent everything, why not yet, and the text for each.

    ?unit=: that one alone is ticked. ?below=: the units there alone are listed.
    """
    campaign, period, places = _reminded(request, campaign, period)
    ticked = {request.GET["unit"]} if request.GET.get("unit") else None
    register.note(campaign, None, register.What.SHOWN, request.user)  # the page prints whom to call
    return render(request, "reports/remind.html", _page(campaign, period, places, ticked=ticked))


@require_POST
def remind_send(request, campaign, period):
    """Remind the units ticked; with `force` also those that were reminded lately."""
    campaign, period, places = _reminded(request, campaign, period)
    codes = set(request.POST.getlist("unit"))
    chosen = [place for place in places.select_related("unit") if place.unit.code in codes]
    text = request.POST.get("text", "")
    if len(chosen) < len(codes):
        raise Http404
    try:
        if not chosen:
            raise reminders.ReminderError("请先勾选要催报的单位。")
        force = "force" in request.POST
        outcome = reminders.send(period, chosen, text, by=request.user, now=timezone.now(), force=force)
    except reminders.ReminderError as error:
        messages.error(request, str(error))
        return render(
            request, "reports/remind.html", _page(campaign, period, places, ticked=codes, text=text)
        )
    _say(request, outcome)
    if not outcome.sent:
        return redirect("reports:remind", campaign.code, period.ends_on.isoformat())
    return redirect("reports:reminder-log", campaign.code)


@require_safe
def reminder_log(request, campaign):
    """Every reminder to a unit below mine, the latest first, and what followed."""
    campaign = find_campaign(request, campaign)
    below = find_below(request.user, campaign)
    listed = Reminder.objects.filter(
        period__campaign=campaign, unit__in=campaign.places.filter(below).values("unit")
    )
    if request.GET.get("period"):
        listed = listed.filter(period=find_period(campaign, request.GET["period"]))
    page = page_of(request, listed.select_related("unit", "period"))
    context = {
        "campaign": campaign,
        "page": page,
        "results": reminders.results(page),
        "periods": campaign.periods.filter(reminders__isnull=False).distinct().order_by("-ends_on"),
        "asked": request.GET.get("period", ""),
    }
    return render(request, "reports/reminder_log.html", context)


def _reminded(request, code, ends_on):
    """The campaign, the period, and the places in it that the user may remind; 403 for who coordinates nothing."""
    campaign = find_campaign(request, code)
    if not permissions.announcing_units(request.user, campaign):
        raise PermissionDenied
    period = find_period(campaign, ends_on)
    places = permissions.extendable(request.user, period).order_by("position")
    if request.GET.get("below"):
        places = places.filter(path__startswith=find_place(request, period, request.GET["below"]).path)
    return campaign, period, places


def _page(campaign, period, places, *, ticked=None, text=reminders.DEFAULT_TEXT):
    now = timezone.now()
    missing = reminders.missing_in(period, places, now)
    rows = [
        {
            "missing": one,
            "limit": reminders.time_limit(one.due_at, now),
            "is_paused": one.is_paused(now),
            "is_ticked": one.place.unit.code in ticked if ticked is not None else not one.is_paused(now),
            "text": reminders.filled(text, one, now),
            "words": reminders.words_for(one, now),
        }
        for one in missing[:MOST]
    ]
    return {
        "campaign": campaign,
        "period": period,
        "rows": rows,
        "more": len(missing) - len(rows),
        "text": text,
        "placeholders": reminders.PLACEHOLDERS,
        "longest": reminders.LONGEST_TEXT,
        "paused": sum(row["is_paused"] for row in rows),
        "is_open": period.starts_on <= campaign.today(),
        "now": now,
    }


def _say(request, outcome):
    if outcome.sent:
        by_hand = sum(not one.people for one in outcome.sent)
        said = f"已催报 {len(outcome.sent)} 个单位。"
        if by_hand:
            said += f"其中 {by_hand} 个没有填报员账号，请用文字电话或微信转告。"
        messages.success(request, said)
    if outcome.passed_over:
        named = "；".join(f"{place.short}：{why}" for place, why in outcome.passed_over[:5])
        rest = len(outcome.passed_over) - 5
        messages.warning(request, f"没有催报：{named}{f'；另有 {rest} 个' if rest > 0 else ''}。")
