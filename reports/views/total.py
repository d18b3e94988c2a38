"""One figure of the roll-up: what it is made of, as a part of the page that shows it or as a page of its own."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports import permissions
from reports.rollup.total_details import total_details

from .addresses import address_of, crumb_links, figures_at
from .paper import printed_rows
from .totals import BASIS_NAMES, MEASURE_NAMES, chosen, find_roll_up


@require_safe
def roll_up_figure(request, campaign, form, period, unit, number):
    """Shares, series, 环比 and 对账 of one total; `?part=1` is the panel alone."""
    found = find_roll_up(request, campaign, form, period, unit)
    form, period, place = found.form, found.period, found.place
    indicator = next((column for column in form.columns if column.number == number), None)
    if indicator is None:
        raise Http404
    choice = chosen(request)
    has_increment = choice["basis"] != "strict"
    if not has_increment:
        choice["measure"] = "cumulative"
    details = total_details(form, period, place, indicator, **choice)
    periods = list(period.campaign.periods.all())
    rows = {
        printed.row.unit: printed for printed in printed_rows(details.rollup, form, period, periods, choice)
    }

    def here(**changed):
        before, after = figures_at(form, period, unit, choice | changed)
        return f"{before}{number}{after}"

    context = {
        "campaign": period.campaign,
        "form": form,
        "period": period,
        "place": place,
        "details": details,
        "shares": [(share, rows[share.row.unit]) for share in details.shares],
        "crumbs": crumb_links(found.crumbs, form, period, choice, number),
        "choice": choice,
        "bases": [
            (name.partition("：")[0], here(basis=key), key == choice["basis"])
            for key, name in BASIS_NAMES.items()
        ],
        "measures": [
            (name, here(measure=key), key == choice["measure"])
            for key, name in MEASURE_NAMES.items()
            if has_increment or key == choice["measure"]
        ],
        "url": here(),
        "reads_editions": permissions.reads_totals(request.user, period.campaign),
        "roll_up": address_of(form, period, unit, choice),
    }
    page = "reports/partials/total_details.html" if "part" in request.GET else "reports/roll_up_figure.html"
    return render(request, page, context)
