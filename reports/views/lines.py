"""The lines of an office side by side: the 总计 of each form, and what they count alike; never added together."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from reports.letterhead import heading
from reports.rollup import Total, roll_up, total_of
from reports.tasks import place_held

from .addresses import address_of, figures_at
from .finding import find_campaign, find_period
from .paper import paper_of
from .totals import forms_below, heads_of, roots, units_read


@require_safe
def lines(request, campaign, period):
    """The lines of the user's highest unit side by side: the 总计 of each form, and no sum over them."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    reading = units_read(request.user)
    held = (place_held(places, period.ends_on) for places in roots(request.user, campaign))
    owed = ((place, forms_below(place, period)) for place in held if place and place.unit_id in reading)
    place, forms = next(
        ((place, forms) for place, forms in owed if len({form.line for form in forms}) > 1), (None, [])
    )
    if place is None:
        raise Http404
    if "period" in request.GET:
        period = find_period(campaign, request.GET["period"])
        return redirect("reports:lines", campaign.code, period.ends_on.isoformat())
    heads = heads_of(place, period, forms)
    rollups = [roll_up(form, period, head.unit) for form, head in zip(forms, heads, strict=True)]
    grown = [
        total_of(form, period, head.unit, measure="increment")
        for form, head in zip(forms, heads, strict=True)
    ]
    periods = [one for one in campaign.periods.all() if one == period or one.starts_on <= campaign.today()]
    context = {
        "campaign": campaign,
        "period": period,
        "periods": periods,
        "place": place,
        "panels": [
            paper_of(form, rollup, heading(form, head))
            | {
                "place": head,
                "url": address_of(form, period, head.unit.code),
                "figures": figures_at(form, period, head.unit.code),
            }
            for form, rollup, head in zip(forms, rollups, heads, strict=True)
        ],
        "common": _common(forms, period, heads, grown),
        "now": timezone.now(),
    }
    return render(request, "reports/lines.html", context)


@dataclass(frozen=True)
class LineCell:
    """A column of one line's form, beside the like of other lines. increment: what the period added."""

    total: Decimal | None
    increment: Decimal | None
    decimals: int
    url: str


def _common(
    forms: Sequence[ReportForm],
    period: ReportingPeriod,
    heads: Sequence[UnitPlace],
    totals: Sequence[Total],
) -> list[tuple[str, str, list[LineCell | None]]]:
    """The columns that more than one form has, by label, unit and parent: what each line says, in printed order.

    totals: with increments. No sum over lines: the same people may stand in several.
    """
    found: dict[tuple[str, str, str], list[LineCell | None]] = {}
    for number, (form, head, total) in enumerate(zip(forms, heads, totals, strict=True)):
        labels = {column.pk: column.label for column in form.columns}
        before, after = figures_at(form, period, head.unit.code)
        for column in form.columns:
            parent = labels[column.parent_id] if column.parent_id else ""
            key = (column.label, column.unit_of_measure, parent)
            cells = found.setdefault(key, [None] * len(forms))
            cells[number] = LineCell(
                total.cumulative[column.number],
                total.total[column.number],
                column.decimals,
                f"{before}{column.number}{after}",
            )
    return [
        (f"{parent}，{label}" if parent else label, unit, cells)
        for (label, unit, parent), cells in found.items()
        if sum(cell is not None for cell in cells) > 1
    ]
