"""Lists that hold at size: filters that stay in the address, fifty rows a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest

from campaigns.models import Campaign, ReportForm, ReportingPeriod
from campaigns.search import units_found

from .finding import find_form, find_period

PER_PAGE = 50


@dataclass(frozen=True)
class Filters:
    """What the address asks a list for. form and period None, mark "": all.

    search: as typed; units: ids of the units that it finds, None where nothing is typed.
    """

    search: str
    units: set[int] | None
    form: ReportForm | None
    period: ReportingPeriod | None
    mark: str

    @property
    def are_set(self) -> bool:
        return bool(self.search or self.form or self.period or self.mark)


def filters_of(request: HttpRequest, campaign: Campaign, marks: Mapping[str, str]) -> Filters:
    """Read the filters of a list; 404 for a form, a period or a mark that does not exist."""
    asked = request.GET
    mark = asked.get("mark", "")
    if mark and mark not in marks:
        raise Http404
    search = asked.get("q", "").strip()
    return Filters(
        search=search,
        units=units_found(campaign, search) if search else None,
        form=find_form(campaign, asked["form"]) if asked.get("form") else None,
        period=find_period(campaign, asked["period"]) if asked.get("period") else None,
        mark=mark,
    )


def page_of(request: HttpRequest, rows: Sequence[Any]) -> Page:
    """Return the page that the address asks for; the first or the last where there is no such page."""
    paginator = Paginator(rows, PER_PAGE)
    try:
        number = int(request.GET.get("page", "1"))
    except ValueError:
        number = 1
    return paginator.page(min(max(number, 1), paginator.num_pages))


def periods_offered(campaign: Campaign) -> list[ReportingPeriod]:
    """The periods that a list may be filtered by: those that have opened, the latest first."""
    return list(campaign.periods.filter(starts_on__lte=campaign.today()).order_by("-ends_on"))
