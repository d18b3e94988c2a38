"""Where totals and their figures stand: addresses, and the links from the highest unit down."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from reports.rollup import BASES, MEASURES


def address_of(
    form: ReportForm,
    period: ReportingPeriod,
    unit: str,
    choice: Mapping[str, str] | None = None,
    *,
    page: str = "roll-up",
) -> str:
    """The address of a roll-up; basis and measure stand in it where they are not the official ones."""
    url = reverse(f"reports:{page}", args=[period.campaign.code, form.code, period.ends_on.isoformat(), unit])
    return f"{url}{_query(choice)}"


def figures_at(
    form: ReportForm,
    period: ReportingPeriod,
    unit: str,
    choice: Mapping[str, str] | None = None,
    *,
    page: str = "roll-up-figure",
) -> tuple[str, str]:
    """What stands before and after the number of a column in the address of its figure."""
    url = reverse(
        f"reports:{page}", args=[period.campaign.code, form.code, period.ends_on.isoformat(), unit, 0]
    )
    return url.removesuffix("0/"), f"/{_query(choice)}"


def crumb_links(
    crumbs: Sequence[UnitPlace],
    form: ReportForm,
    period: ReportingPeriod,
    choice: Mapping[str, str],
    column: int | None = None,
) -> list[tuple[str, str]]:
    """Names and addresses from the user's highest unit down; the last is the page itself.

    column: lead to this figure of each unit's roll-up instead of to the whole of it.
    """
    links = []
    for number, place in enumerate(crumbs):
        is_above_lines = number == 0 and not place.line and any(one.line for one in crumbs)
        # Below several lines the short name is the same in each: only the whole name tells them apart.
        name = place.name if place.line and (number == 0 or not crumbs[number - 1].line) else place.short
        if is_above_lines:
            name += "（各条线）"
            url = reverse("reports:lines", args=[period.campaign.code, period.ends_on.isoformat()])
        elif column is not None:
            before, after = figures_at(form, period, place.unit.code, choice)
            url = f"{before}{column}{after}"
        else:
            url = address_of(form, period, place.unit.code, choice)
        links.append((name, url))
    return links


def _query(choice: Mapping[str, str] | None) -> str:
    official = {"basis": BASES[0], "measure": MEASURES[0]}
    asked = {key: value for key, value in (choice or {}).items() if value != official[key]}
    return f"?{urlencode(asked)}" if asked else ""
