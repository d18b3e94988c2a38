"""报送情况: the heat-map of units and periods, one unit's history, and the export for the yearly assessment."""

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from campaigns.models import UnitPlace
from campaigns.models.units import Level
from campaigns.search import units_found
from chunfeng.accounts.models import Membership
from reports import permissions
from reports.completeness.heat_map import heat_map, said_of
from reports.completeness.progress import SIGNS, Tally, by_unit, read, streak
from reports.completeness.reminders import results
from reports.excel.assessment import assessment_workbook, records_csv
from reports.managing.changes import due_changes
from reports.models import Reminder, Submission
from reports.notifications import reporters_of

from .campaign_page import due_questions_for
from .exports import XLSX
from .finding import find_campaign, find_form, find_period

READING = (Membership.Role.COORDINATOR, Membership.Role.VIEWER)


@require_safe
def progress(request, campaign):
    """Who has reported what: rows of units below mine, columns of periods."""
    campaign = find_campaign(request, campaign)
    tops = find_tops(request.user, campaign)
    chosen = _Chosen(request, campaign, tops)
    now = timezone.now()
    found = read(campaign, chosen.places, now=now, forms=[chosen.form] if chosen.form else None)
    heads = {pk for line in found.lines for pk in line.place.ancestor_ids}
    names = UnitPlace.objects.filter(pk__in=heads).select_related("unit").in_bulk()
    shown = heat_map(
        found,
        tops=chosen.within or tops,
        names=names,
        remind=permissions.remindable(request.user, campaign),
        opened=request.GET.getlist("open"),
        changes=due_changes(campaign, found.periods),
        until=find_period(campaign, request.GET["until"]) if request.GET.get("until") else None,
    )
    context = {
        "campaign": campaign,
        "map": shown,
        "chosen": chosen,
        "forms": campaign.forms.all(),
        "coordinates": bool(permissions.announcing_units(request.user, campaign)),
        "questions": due_questions_for(request, campaign),
        "now": now,
    }
    return render(request, "reports/progress.html", context)


@require_safe
def progress_export(request, campaign):
    """The assessment of what was due so far, as the filters have it: a workbook, or its records as CSV."""
    campaign = find_campaign(request, campaign)
    chosen = _Chosen(request, campaign, find_tops(request.user, campaign))
    found = read(campaign, chosen.places, now=timezone.now(), forms=[chosen.form] if chosen.form else None)
    if request.GET.get("format") == "csv":
        content, kind, name = records_csv(found), "text/csv; charset=utf-8", f"{campaign.title}报送明细.csv"
    else:
        parents = UnitPlace.objects.in_bulk({line.place.parent_id for line in found.lines} - {None})
        content, kind, name = assessment_workbook(found, parents), XLSX, f"{campaign.title}报送考核表.xlsx"
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content, headers={"Content-Type": kind, "Content-Disposition": disposition})


@require_safe
def unit_progress(request, campaign, unit):
    """One unit: whom to call, and each report that it owed, the latest first."""
    campaign = find_campaign(request, campaign)
    below = find_below(request.user, campaign)
    places = campaign.places.filter(below, unit__code=unit) if "\0" not in unit else campaign.places.none()
    place = places.select_related("unit", "parent").latest_first().first()
    if place is None:
        raise Http404
    found = read(campaign, places, now=timezone.now())
    line = next(iter(by_unit(found.lines)), None)
    rows = [
        (owed, SIGNS[owed.state], said_of(owed, campaign.zone))
        for cells in (reversed(line.cells.values()) if line else ())
        for owed in cells
    ]
    context = {
        "campaign": campaign,
        "place": place,
        "rows": rows,
        "streak": streak(line.cells, found.periods) if line else 0,
        "due": line.due if line else Tally(),
        "returned": line.returned if line else 0,
        "people": reporters_of([place.unit_id])[place.unit_id],
        "reminders": results(
            Reminder.objects.filter(period__campaign=campaign, unit=place.unit).select_related("period")[:10]
        ),
        "signed": _last_signed(campaign, place.unit_id),
    }
    return render(request, "reports/unit_progress.html", context)


def _last_signed(campaign, unit):
    """The latest report of the unit that names who filled it or a telephone; None where none does."""
    named = Submission.objects.filter(period__campaign=campaign, unit=unit).exclude(prepared_by="", phone="")
    return named.select_related("period").order_by("-ends_on").first()


def find_tops(user, campaign):
    """The places of the units at which `user` reads all below, none within another; 403 for whoever reads none."""
    own = campaign.places.filter(unit__memberships__user=user, unit__memberships__role__in=READING)
    places = list(own.distinct().select_related("unit").order_by("position"))
    tops = [one for one in places if not any(one.path.startswith(up.path) and one != up for up in places)]
    if not tops:
        raise PermissionDenied
    return tops


def find_below(user, campaign):
    """What `user` reads there, as a condition on places; 403 for whoever reads nothing."""
    return _below(find_tops(user, campaign))


def _below(tops):
    scope = Q()
    for top in tops:
        scope |= Q(path__startswith=top.path)
    return scope


class _Chosen:
    """What the address asks for: form, level, unit (all below it) and search. places: those that it leaves.

    under: the unit's latest place; within: all of them.
    """

    def __init__(self, request, campaign, tops):
        asked = request.GET
        self.form = find_form(campaign, asked["form"]) if asked.get("form") else None
        self.level = asked.get("level", "")
        self.search = asked.get("q", "").strip()[:50]
        places = campaign.places.filter(_below(tops))
        self.levels = _levels(places)
        below = places.filter(parent__in=tops, children__isnull=False).distinct().select_related("unit")
        # A city that was renamed has two places: it is offered once, and means both.
        self.cities = list({city.unit_id: city for city in below.order_by("position")}.values())
        self.under, self.within = None, []
        if asked.get("unit"):
            code = asked["unit"]
            self.within = [one for one in [*tops, *below.order_by("position")] if one.unit.code == code]
            if not self.within:
                raise Http404
            self.under = self.within[-1]
            places = places.filter(_below(self.within))
        if self.level:
            if self.level not in dict(self.levels):
                raise Http404
            places = places.filter(level=self.level)
        if self.search:
            places = places.filter(unit__in=units_found(campaign, self.search))
        self.places = places

    @property
    def are_set(self):
        return bool(self.form or self.level or self.search or self.under)


def _levels(places):
    known = set(places.filter(reports=True).order_by().values_list("level", flat=True).distinct())
    return [choice for choice in Level.choices if choice[0] in known]
