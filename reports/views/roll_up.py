"""汇总: a unit with all below it on the official form."""

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports import permissions
from reports.models import Edition
from reports.rollup import roll_up

from .addresses import address_of, crumb_links, figures_at
from .finding import find_campaign, find_form, find_period
from .paper import printed
from .totals import BASIS_NAMES, MEASURE_NAMES, chosen, find_roll_up, first_total, other_roots


@require_safe
def roll_up_home(request, campaign):
    """Lead to the user's highest unit: to its latest total, or to its lines where it has several.

    Who reads no total, as the clerk of a unit with others below it, comes to the reports that there are to read.
    """
    campaign = find_campaign(request, campaign)
    found = first_total(request.user, campaign)
    if found is None:
        return redirect("reports:submission-list", campaign.code)
    place, period, forms = found
    if len({form.line for form in forms}) > 1:
        return redirect("reports:lines", campaign.code, period.ends_on.isoformat())
    return redirect(address_of(forms[0], period, place.unit.code))


@require_safe
def roll_up_page(request, campaign, form, period, unit):
    """One form of a unit with all below it: 总计 first, then its own report and its direct children."""
    found = find_roll_up(request, campaign, form, period, unit)
    form, period, place = found.form, found.period, found.place
    choice = chosen(request)
    if "form" in request.GET or "period" in request.GET:
        # The filters are a plain form; the address names what is shown.
        form = find_form(period.campaign, request.GET.get("form", form.code))
        period = find_period(period.campaign, request.GET.get("period", period.ends_on.isoformat()))
        return redirect(address_of(form, period, unit, choice))
    has_no_increment = choice == {"basis": "strict", "measure": "increment"}
    if has_no_increment:
        choice["measure"] = "cumulative"
    periods = list(period.campaign.periods.all())
    published = Edition.objects.visible_to(request.user).filter(unit=place.unit, period=period)
    rollup = roll_up(form, period, place.unit, **choice)
    context = printed(rollup, form, period, place, periods, choice) | {
        "campaign": period.campaign,
        "period": period,
        "place": place,
        "crumbs": crumb_links(found.crumbs, form, period, choice),
        "others": other_roots(request.user, form, period, found.crumbs[0]),
        "forms": found.forms,
        "periods": [one for one in periods if one == period or one.starts_on <= period.campaign.today()],
        "choice": choice,
        "bases": BASIS_NAMES,
        "measures": [
            (name, address_of(form, period, unit, choice | {"measure": key}), key == choice["measure"])
            for key, name in MEASURE_NAMES.items()
        ],
        "has_no_increment": has_no_increment,
        "figures": figures_at(form, period, unit, choice),
        "export": address_of(form, period, unit, choice, page="roll-up-export"),
        "edition": published.defer("content", "workbook").order_by("-issue").first(),
        "reads_editions": permissions.reads_totals(request.user, period.campaign),
        "may_publish": permissions.can_publish(request.user, place.unit),
        "now": timezone.now(),
    }
    return render(request, "reports/roll_up.html", context)
