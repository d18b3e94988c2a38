"""扎口: which units have signed a period off, the page of one of them, and the moves."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import Campaign, ReportingPeriod, UnitPlace
from reports import lifecycle, permissions
from reports.forms import ReopenSignOffForm
from reports.models import SignOff
from reports.publishing import sign_off

from .finding import find_campaign, find_period, find_place
from .paper import printed

OFFICIAL = {"basis": "accepted", "measure": "cumulative"}


@dataclass(frozen=True)
class Row:
    """A unit that signs off, in the list. signed: its SignOff or None; is_exempt: nobody there owes a report."""

    standing: sign_off.Standing
    signed: SignOff | None
    may_accept: bool
    may_reopen: bool

    @property
    def place(self) -> UnitPlace:
        return self.standing.place

    @property
    def is_exempt(self) -> bool:
        return self.standing.expected == 0 and self.signed is None

    @property
    def is_locked(self) -> bool:
        return self.signed is not None and self.signed.is_locking


@require_safe
def sign_off_home(request, campaign):
    """Lead a unit that signs to its latest open period that it has not signed; others to the list."""
    campaign = find_campaign(request, campaign)
    places = _readable(request, campaign)
    period = _period_at_hand(campaign)
    own = set(request.user.memberships.values_list("unit_id", flat=True))
    units = {place.unit_id for place in places}
    if len(units) > 1 or not units <= own:
        return redirect("reports:sign-off-list", campaign.code, period.ends_on.isoformat())
    signed = set(SignOff.objects.locking().filter(unit__in=units).values_list("period_id", flat=True))
    opened = [one for one in _periods(campaign, period) if one.ends_on <= period.ends_on]
    signing = [one for one in reversed(opened) if sign_off.signers(places, one)]
    if not signing:
        return redirect("reports:sign-off-list", campaign.code, period.ends_on.isoformat())
    waiting = (
        one
        for one in signing
        if one.pk not in signed and any(standing.expected for standing in _standings(places, one))
    )
    chosen = next(waiting, signing[0])
    return redirect("reports:sign-off", campaign.code, chosen.ends_on.isoformat(), places[0].unit.code)


@require_safe
def sign_off_list(request, campaign, period):
    """Which units have signed the period off, when, late or not; who has not."""
    campaign = find_campaign(request, campaign)
    places = _readable(request, campaign)
    period = find_period(campaign, period)
    if "period" in request.GET:
        chosen = find_period(campaign, request.GET["period"])
        return redirect("reports:sign-off-list", campaign.code, chosen.ends_on.isoformat())
    rows = _rows(request, places, period)
    expected = [row for row in rows if not row.is_exempt]
    locked = [row for row in expected if row.is_locked]
    context = {
        "campaign": campaign,
        "period": period,
        "periods": _periods(campaign, period),
        "rows": rows,
        "expected": len(expected),
        "locked": len(locked),
        "late": sum(row.signed.is_late for row in locked),
        "accepted": sum(row.signed.status == SignOff.Status.ACCEPTED for row in locked),
        "open": [row for row in expected if not row.is_locked],
        "now": timezone.now(),
    }
    return render(request, "reports/sign_off_list.html", context)


@require_safe
def sign_off_page(request, campaign, period, unit):
    """What one unit signs: its consolidated report, who is missing, what waits; and what became of it."""
    period, place = _find(request, campaign, period, unit)
    if "period" in request.GET:
        chosen = find_period(period.campaign, request.GET["period"])
        return redirect("reports:sign-off", period.campaign.code, chosen.ends_on.isoformat(), unit)
    return render(request, "reports/sign_off.html", _page(request, period, place))


@require_POST
def sign_off_sign(request, campaign, period, unit):
    period, place = _find(request, campaign, period, unit)
    if not permissions.can_sign_off(request.user, place):
        raise PermissionDenied
    confirmed = set(request.POST.getlist("missing"))
    seen = request.POST.get("seen", "")
    try:
        signed = sign_off.sign(place.unit, period, by=request.user, missing=confirmed, seen=seen)
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
        page = _page(request, period, place, ticked=confirmed)
        return render(request, "reports/sign_off.html", page, status=409)
    late = "已过截止时间，记为迟报。" if signed.is_late else ""
    messages.success(request, f"已扎口上报，扎口编号 {signed.receipt}。{late}")
    return _back(request, period, place)


@require_POST
def sign_off_accept(request, campaign, period, unit):
    period, place = _find(request, campaign, period, unit)
    signed = _signed(period, place)
    _refuse_unless(permissions.can_accept_sign_off(request.user, place, signed), signed)
    try:
        sign_off.accept_sign_off(signed, by=request.user, seen=request.POST.get("seen", ""))
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已通过：{place.short} {period}扎口。")
    return _back(request, period, place)


@require_POST
def sign_off_reopen(request, campaign, period, unit):
    period, place = _find(request, campaign, period, unit)
    signed = _signed(period, place)
    _refuse_unless(permissions.can_reopen_sign_off(request.user, place), signed)
    form = ReopenSignOffForm(request.POST)
    if not form.is_valid():
        page = _page(request, period, place, form=form)
        return render(request, "reports/sign_off.html", page, status=400)
    seen = request.POST.get("seen", "")
    try:
        sign_off.reopen_sign_off(signed, by=request.user, seen=seen, comment=form.cleaned_data["comment"])
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已重新打开：{place.short} {period}，由{place.short}处理后重新扎口。")
    return _back(request, period, place)


def _find(request, campaign, period, unit):
    """The period and the place that signs; 404 out of scope, 403 for whoever does not read below the unit."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    place.campaign = campaign
    if not campaign.sign_off_by or not sign_off.signers([place], period):
        raise Http404
    if not permissions.sign_off_places(request.user, campaign).filter(pk=place.pk).exists():
        raise PermissionDenied
    return period, place


def _signed(period, place):
    """The sign-off to decide on; None where nothing was signed."""
    signed = SignOff.objects.select_related("unit").filter(unit=place.unit, period=period).first()
    if signed is not None:
        signed.period = period
    return signed


def _refuse_unless(may_decide, signed):
    """403 for whoever may not, told before whether anything was signed; then 404 where nothing was."""
    if not may_decide:
        raise PermissionDenied
    if signed is None:
        raise Http404


def _readable(request, campaign):
    """The places that sign off and that the user reads; 403 for a role that reads nothing below."""
    if not campaign.sign_off_by:
        raise Http404
    places = list(permissions.sign_off_places(request.user, campaign).select_related("unit"))
    if not places and any(membership.reads_below for membership in request.user.memberships.all()):
        raise Http404
    if not places:
        raise PermissionDenied
    return places


def _period_at_hand(campaign: Campaign) -> ReportingPeriod:
    """The period to report now, or the first where none has opened."""
    period = campaign.period_at(timezone.now())
    if period is None:
        raise Http404
    opened = campaign.periods.filter(starts_on__lte=campaign.today(), ends_on__lte=period.ends_on)
    period = opened.order_by("ends_on").last() or campaign.periods.order_by("ends_on").first()
    period.campaign = campaign
    return period


def _periods(campaign: Campaign, period: ReportingPeriod) -> list[ReportingPeriod]:
    """The periods that have opened, and the one at hand."""
    listed = [one for one in campaign.periods.all() if one == period or one.starts_on <= campaign.today()]
    for one in listed:
        one.campaign = campaign
    return listed


def _standings(places, period):
    """The standing of each of these places that signs off in the period and has anyone who fills a form."""
    found = sign_off.standings(sign_off.signers(places, period), period)
    return [standing for standing in found.values() if standing.forms]


def _rows(request, places, period):
    listed = _standings(places, period)
    signed = {}
    units = [standing.place.unit_id for standing in listed]
    found = SignOff.objects.filter(period=period, unit__in=units).with_due_at()
    for one in found.select_related("signed_by", "accepted_by"):
        one.period = period
        signed[one.unit_id] = one
    above = permissions.coordinators_above(standing.place for standing in listed)
    return [_row(request.user, one, signed.get(one.place.unit_id), above[one.place.pk]) for one in listed]


def _row(user, standing, signed, above):
    signed_by = signed.signed_by_id if signed else None
    return Row(
        standing,
        signed,
        may_accept=user.pk in permissions.deciders(above, signed_by),
        may_reopen=user.pk in permissions.deciders(above),
    )


def _page(request, period, place, *, ticked=(), form=None):
    """Everything the page of one unit prints. ticked: codes confirmed; form: a refused one, to show its fault."""
    campaign = period.campaign
    signed = (
        SignOff.objects.filter(unit=place.unit, period=period)
        .select_related("signed_by", "accepted_by")
        .first()
    )
    if signed is not None:
        signed.period = period
    locked = signed is not None and signed.is_locking
    found = sign_off.consolidated(place, period)
    standing = found.standing
    periods = list(campaign.periods.all())
    reports = [one.submission for one in standing.waiting]
    mine = set() if locked else permissions.reviewable(request.user, reports)
    waits = locked and signed.status == SignOff.Status.SIGNED
    may_reopen = locked and permissions.can_reopen_sign_off(request.user, place)
    annexes = {one.code: one.annex or one.title for one in standing.forms}
    since = {one.place.unit.code for one in standing.missing}
    return {
        "campaign": campaign,
        "period": period,
        "periods": _periods(campaign, period),
        "place": place,
        "signed": signed,
        "is_locked": locked,
        "standing": standing,
        "seen": found.checksum,
        "ticked": ticked,
        # Who was confirmed as missing, with the annexes then; and whether all has come in since.
        "confirmed": [
            (one["name"], [annexes.get(code, code) for code in one["forms"]], one["unit"] not in since)
            for one in (signed.missing if signed else ())
        ],
        "waiting": [
            (one, one.submission.pk in mine, locked and one.submission.submitted_at > signed.signed_at)
            for one in standing.waiting
        ],
        "changes": sign_off.changes_since(signed, found) if locked else [],
        "papers": [
            printed(rollup, one, period, place, periods, OFFICIAL)
            for one, rollup in zip(standing.forms, found.rollups, strict=True)
        ],
        "may_sign": not locked and permissions.can_sign_off(request.user, place),
        "has_begun": campaign.today() >= period.starts_on,
        "may_accept": waits and permissions.can_accept_sign_off(request.user, place, signed),
        "reopen_form": (form or ReopenSignOffForm()) if may_reopen else None,
        "events": list(signed.events.all()) if signed else [],
        "reads_others": permissions.sign_off_places(request.user, campaign).exclude(unit=place.unit).exists(),
        "now": timezone.now(),
    }


def _back(request, period, place):
    """To the list where the button stood there, else to the unit's page."""
    end = period.ends_on.isoformat()
    if request.POST.get("back") == "list":
        return redirect("reports:sign-off-list", period.campaign.code, end)
    return redirect("reports:sign-off", period.campaign.code, end, place.unit.code)
