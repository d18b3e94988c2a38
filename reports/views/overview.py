"""概览: the board of a unit at a period, one form at a time, for a screen, a wall and paper."""

from fractions import Fraction

from django.db.models import OuterRef, Subquery
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import TextDuty, UnitPlace
from reports import permissions
from reports.completeness.reminders import missing_in
from reports.completeness.targets import days_passed
from reports.models import Edition, TextReport
from reports.overview import read_board
from reports.review.suspects import top

from .finding import find_campaign, find_form, find_period
from .totals import find_roll_up, first_total, head_of

ANOMALIES = 10
HIGHLIGHTS = 3


@require_safe
def board_home(request, campaign):
    """Lead to the board of the user's highest unit, at its latest period with figures."""
    campaign = find_campaign(request, campaign)
    found = first_total(request.user, campaign)
    if found is None:
        return redirect("reports:submission-list", campaign.code)
    place, period, forms = found
    return redirect(
        "reports:board", campaign.code, forms[0].code, period.ends_on.isoformat(), place.unit.code
    )


@require_safe
def board(request, campaign, form, period, unit):
    found = find_roll_up(request, campaign, form, period, unit)
    period, form = found.period, found.form
    if "form" in request.GET or "period" in request.GET:
        form = find_form(period.campaign, request.GET.get("form", form.code))
        period = find_period(period.campaign, request.GET.get("period", period.ends_on.isoformat()))
        return redirect("reports:board", period.campaign.code, form.code, period.ends_on.isoformat(), unit)
    place = head_of(found.place, period, form)
    now = timezone.now()
    shown = read_board(form, period, place, now)
    campaign = period.campaign
    edition = Edition.objects.visible_to(request.user).filter(unit=place.unit, period=period)
    parts = [campaign.code, form.code, period.ends_on.isoformat()]
    context = {
        "campaign": campaign,
        "board": shown,
        "form": form,
        "forms": found.forms,
        "period": period,
        "periods": [
            one for one in campaign.periods.all() if one == period or one.starts_on <= campaign.today()
        ],
        "place": place,
        "asked": found.place,
        "edition": edition.defer("content", "workbook").order_by("-issue").first(),
        "reads_editions": permissions.reads_totals(request.user, campaign),
        "suspects": top(request.user, period, place, ANOMALIES)
        if permissions.is_coordinator(request.user)
        else [],
        "to_remind": _to_remind(request.user, period, place, now),
        "is_coordinator": permissions.is_coordinator(request.user),
        "highlights": _highlights(request.user, period, place),
        "chart": _chart(shown),
        "roll_up": reverse("reports:roll-up", args=[*parts, place.unit.code]),
        "now": now,
    }
    return render(request, "reports/board.html", context)


def _to_remind(user, period, place, now):
    """How many units of those here the reader may remind: as many as the page of reminders then lists, of all forms."""
    below = permissions.extendable(user, period).filter(path__startswith=place.path)
    return len(missing_in(period, below, now)) if permissions.is_coordinator(user) else 0


def _highlights(user, period, place):
    """The latest cases of the unit and those below it, up to the period; None where none are asked for."""
    if not period.campaign.texts.filter(kind=TextDuty.Kind.CASE).exists():
        return None
    below = UnitPlace.objects.filter(path__startswith=place.path)
    cases = TextReport.objects.visible_to(user).cases().sent()
    cases = cases.filter(
        duty__campaign=period.campaign, period__ends_on__lte=period.ends_on, unit__in=below.values("unit")
    )
    shorts = UnitPlace.objects.filter(campaign=period.campaign, unit=OuterRef("unit")).latest_first()
    return (
        cases.annotate(short=Subquery(shorts.values("short")[:1]))
        .select_related("period", "unit")
        .order_by("-period__ends_on", "-submitted_at")[:HIGHLIGHTS]
    )


def _chart(shown):
    """The trend in plain values, as static/js/chart.js draws it."""
    trend = shown.trend
    points = trend.points
    shares = [
        Fraction(*days_passed(shown.period.campaign, one.ends_on))
        for one in (*(point.period for point in points), *trend.later)
    ]
    return {
        "unit": trend.indicator.unit_of_measure,
        "periods": [
            f"{one.ends_on.month}/{one.ends_on.day}" for one in (*(p.period for p in points), *trend.later)
        ],
        "totals": [_number(point.total) for point in points],
        "increments": [_number(point.increment) for point in points],
        "falls": [number for number, point in enumerate(points) if point.is_fall],
        "target": _number(trend.at_least),
        "time": [float(share * Fraction(trend.at_least)) for share in shares] if trend.at_least else [],
    }


def _number(value):
    return None if value is None else float(value)
