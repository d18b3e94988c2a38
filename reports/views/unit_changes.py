"""单位变动: close, merge, move, rename and open units; what it does to totals is shown before it is confirmed."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import ReportingPeriod, UnitPlace
from campaigns.places import PlaceError
from campaigns.search import is_found, normal, units_found
from reports.campaign_forms import CloseForm, MoveForm, OpenForm, ReasonForm, RenameForm
from reports.managing import place_changes
from reports.managing.changes import ChangeError
from reports.rollup import RollUpError

from .campaign_manage import find_coordinated
from .campaign_page import line_names, tabs
from .listing import page_of

FORMS = {"close": CloseForm, "move": MoveForm, "rename": RenameForm, "reopen": ReasonForm, "open": OpenForm}
NAMES = {
    "close": "停用或并入",
    "move": "调整上级",
    "rename": "更名",
    "reopen": "撤销停用",
    "open": "新设单位",
}
NAMES_SHOWN = 5


@require_safe
def campaign_units(request, campaign):
    """The registry, to be searched; each unit leads to its changes."""
    campaign = find_coordinated(request, campaign, manages=True)
    places = campaign.places.select_related("unit", "parent").order_by("position")
    search = request.GET.get("q", "").strip()[:50]
    if search:
        places = places.filter(unit__in=units_found(campaign, search))
    context = {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "page": page_of(request, places),
        "search": search,
        "today": campaign.today(),
    }
    return render(request, "reports/campaign/units.html", context)


@require_safe
def unit_change(request, campaign, unit):
    """One unit: where it has stood, and what can be changed."""
    campaign = find_coordinated(request, campaign, manages=True)
    place = _latest_place(campaign, unit)
    return render(request, "reports/campaign/unit.html", _unit_page(request, campaign, place))


@require_safe
def unit_open(request, campaign):
    campaign = find_coordinated(request, campaign, manages=True)
    return render(request, "reports/campaign/unit_open.html", _open_page(request, campaign, None))


@require_POST
def unit_preview(request, campaign, unit, kind):
    """What the change would do; with `confirm` it is made."""
    campaign = find_coordinated(request, campaign, manages=True)
    if kind not in FORMS or kind == "open":
        raise Http404
    place = _latest_place(campaign, unit)
    form = FORMS[kind](request.POST)

    def refused():
        if (kind == "reopen") != bool(place.closes and place.after_close):
            # A colleague was faster: the form is no longer on the page.
            for error in form.non_field_errors():
                messages.error(request, error)
            return redirect("reports:unit-change", campaign.code, unit)
        page = _unit_page(request, campaign, place) | {f"{kind}_form": form}
        return render(request, "reports/campaign/unit.html", page, status=400)

    return _preview_or_make(request, campaign, kind, form, lambda: _change(kind, place, form), refused)


@require_POST
def unit_open_preview(request, campaign):
    campaign = find_coordinated(request, campaign, manages=True)
    form = OpenForm(request.POST, lines=_lines(campaign))

    def refused():
        return render(
            request, "reports/campaign/unit_open.html", _open_page(request, campaign, form), status=400
        )

    return _preview_or_make(
        request, campaign, "open", form, lambda: _opening(campaign, form, request.user), refused
    )


def _preview_or_make(request, campaign, kind, form, change, refused):
    if not form.is_valid():
        return refused()
    try:
        wanted = change()
        if "confirm" in request.POST:
            place = place_changes.make(wanted, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, f"已{wanted.kind.label}：{wanted.subject}。")
            return redirect("reports:unit-change", campaign.code, place.unit.code)
        shown = place_changes.preview(wanted, timezone.now())
    except (PlaceError, ChangeError, RollUpError) as error:
        form.add_error(None, str(error))
        return refused()
    context = {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "name": NAMES[kind],
        "preview": shown,
        "change": wanted,
        "reason": form.cleaned_data["reason"],
        "posted": [
            (key, value)
            for key, values in request.POST.lists()
            for value in values
            if key not in ("csrfmiddlewaretoken", "confirm")
        ],
        "now": timezone.now(),
    }
    return render(request, "reports/campaign/unit_confirm.html", context)


def _change(kind, place, form):
    """The change that a valid form asks for. Raises PlaceError where a unit that it names is not found."""
    asked = form.cleaned_data
    if kind == "close":
        if asked["into"].strip():
            into = _named_place(place.campaign, asked["into"], "接续单位")
            return place_changes.merging(place, into, asked["on"], asked["after_close"])
        return place_changes.closing(place, asked["on"], asked["after_close"])
    if kind == "move":
        parent = _named_place(place.campaign, asked["parent"], "上级单位", asked["on"])
        return place_changes.moving(place, parent, asked["on"])
    if kind == "rename":
        return place_changes.renaming(place, asked["name"], asked["short"], asked["on"])
    return place_changes.reopening(place)


def _opening(campaign, form, by):
    asked = form.cleaned_data
    parent = _named_place(campaign, asked["parent"], "上级单位", asked["on"])
    return place_changes.opening(
        campaign,
        parent,
        asked["on"],
        code=asked["code"],
        name=asked["name"],
        short=asked["short"],
        level=asked["level"],
        line=asked.get("line", ""),
        reports=asked["reports"],
        by=by,
    )


def _named_place(campaign, typed, what, on=None):
    """The place of the unit that was typed, by code, or by a name that is found once; `on`: as it stands then."""
    held = ReportingPeriod(campaign=campaign, ends_on=on or campaign.today())
    places = list(UnitPlace.objects.held_in(held).select_related("unit").order_by("position"))
    sought = normal(typed)
    exact = [one for one in places if sought in map(normal, (one.unit.code, one.name, one.short))]
    found = exact or [one for one in places if is_found(typed, one.unit.code, one.name, one.short)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise PlaceError(f"没有找到{what}“{typed.strip()}”，请填写名录中的代码或名称。")
    names = "、".join(f"{one.short}（{one.unit.code}）" for one in found[:NAMES_SHOWN])
    more = f"等{len(found)}个" if len(found) > NAMES_SHOWN else ""
    raise PlaceError(f"{what}“{typed.strip()}”不止一个：{names}{more}，请填写代码。")


def _latest_place(campaign, code):
    if "\0" in code:  # PostgreSQL takes no text with a NUL in it, not even to look for.
        raise Http404
    places = list(campaign.places.filter(unit__code=code).select_related("unit", "parent"))
    if not places:
        raise Http404
    # The first place may have no first day.
    return max(places, key=lambda place: (place.opens is not None, place.opens or campaign.starts))


def _unit_page(request, campaign, place):
    places = campaign.places.filter(unit=place.unit_id).select_related("parent")
    below = UnitPlace.objects.filter(parent=place, closes=None).order_by("position")
    return {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "place": place,
        "places": sorted(places, key=lambda one: (one.opens is not None, one.opens or campaign.starts)),
        "below": [one.short for one in below[: NAMES_SHOWN + 1]],
        "close_form": CloseForm(),
        "move_form": MoveForm(),
        "rename_form": RenameForm(initial={"name": place.name, "short": place.short}),
        "reopen_form": ReasonForm(),
        "reports": place.unit.submissions.filter(period__campaign=campaign).sent().count(),
    }


def _open_page(request, campaign, form):
    return {
        "campaign": campaign,
        "tabs": tabs(request, campaign),
        "open_form": form or OpenForm(lines=_lines(campaign)),
    }


def _lines(campaign):
    return list(line_names(campaign.forms.all()).items())
