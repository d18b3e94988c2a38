"""发布: what has been published, one edition as it was and as it is now, and the page before publishing."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from campaigns.models import UnitPlace
from reports import permissions
from reports.models import Edition, Submission
from reports.publishing import editions
from reports.publishing.corrections import described
from reports.publishing.published import differences, is_intact, papers
from reports.review import bulk
from reports.rollup import MEASURES
from reports.tasks import place_held

from .exports import XLSX
from .finding import enter, find_campaign, find_period
from .listing import page_of
from .paper import PrintedRow, paper_of
from .totals import MEASURE_NAMES, find_total


@require_safe
def edition_list(request, campaign):
    """What has been published in the user's scope, the latest period first; what the user could publish next."""
    campaign = find_campaign(request, campaign)
    if not permissions.reads_totals(request.user, campaign):
        raise PermissionDenied
    published = _published(request, campaign)
    units = {edition.unit_id: edition.unit for edition in published.order_by("path").select_related("unit")}
    asked = request.GET.get("unit", "")
    chosen = next((unit for unit in units.values() if unit.code == asked), None)
    if asked and chosen is None:
        raise Http404
    if chosen:
        published = published.filter(unit=chosen)
    listed = (
        published.annotate(notes=Count("corrections"))
        .select_related("unit", "period__campaign")
        .order_by("-period__ends_on", "path", "-issue")
    )
    context = {
        "campaign": campaign,
        "page": page_of(request, listed),
        "units": units.values(),
        "chosen": chosen,
        "next": _publishable(request, campaign),
    }
    return render(request, "reports/edition_list.html", context)


@require_safe
def edition_draft(request, campaign, period, unit):
    """What would be published, and what speaks against it."""
    period, place = _find_own(request, campaign, period, unit)
    return render(request, "reports/edition_draft.html", _draft_page(place, period))


@require_POST
def edition_publish(request, campaign, period, unit):
    period, place = _find_own(request, campaign, period, unit)
    reason = request.POST.get("reason", "")
    try:
        edition = editions.publish(
            place, period, by=request.user, seen=request.POST.get("seen", ""), reason=reason
        )
    except editions.EditionError as error:
        messages.error(request, str(error))
        page = _draft_page(place, period, reason=reason)
        return render(request, "reports/edition_draft.html", page, status=409)
    messages.success(request, f"已发布{edition.title}。以后的更正只在旁注明，不改动本期发布的数据。")
    return redirect("reports:edition-detail", edition.pk)


@require_safe
def edition_detail(request, pk):
    """An edition from what it keeps alone."""
    edition = _find(request, pk)
    measure = request.GET.get("measure", MEASURES[0])
    if measure not in MEASURES:
        raise Http404
    numbers = dict(edition.period.campaign.periods.values_list("ends_on", "number"))
    context = _edition_page(edition) | {
        "measure": measure,
        "measures": MEASURE_NAMES,
        "papers": [
            paper_of(paper, paper.in_measure(measure), paper.heading)
            | {"rows": [_printed(row, edition, numbers) for row in paper.in_measure(measure).rows]}
            for paper in papers(edition)
        ],
    }
    return render(request, "reports/edition.html", context)


@require_safe
def edition_compare(request, pk):
    """An edition against the official figures of today."""
    edition = _find(request, pk)
    place = _place_of(edition)
    context = _edition_page(edition) | {
        "differences": differences(edition, place) if place else [],
        "now": timezone.now(),
    }
    return render(request, "reports/edition_compare.html", context)


@require_safe
def edition_workbook(request, pk):
    """The workbook as it was stored."""
    edition = _find(request, pk)
    name = editions.file_name(edition, _place_of(edition))
    return HttpResponse(
        bytes(edition.workbook),
        headers={
            "Content-Type": XLSX,
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
            "Cache-Control": "no-store",
        },
    )


def _published(request, campaign):
    return (
        Edition.objects.visible_to(request.user)
        .filter(period__campaign=campaign)
        .defer("workbook", "content")
    )


def _find(request, pk):
    rows = Edition.objects.visible_to(request.user).select_related("period__campaign", "unit")
    edition = get_object_or_404(rows, pk=pk)
    enter(request, edition.period.campaign)
    return edition


def _find_own(request, campaign, period, unit):
    """The period and the place of a unit whose totals the user reads (else 404) and publishes (else 403)."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    place, _, _ = find_total(request, period, unit)
    if not permissions.can_publish(request.user, place.unit):
        raise PermissionDenied
    bulk.finish_due(campaign)  # what was accepted together belongs into the edition
    return period, place


def _draft_page(place, period, *, reason=""):
    found = editions.draft(place, period)
    return {
        "campaign": period.campaign,
        "period": period,
        "place": place,
        "draft": found,
        "has_begun": period.starts_on <= period.campaign.today(),
        "reason": reason,
        "papers": [paper_of(form, cumulative, ()) for form, cumulative, _ in found.figures],
        "now": timezone.now(),
    }


def _edition_page(edition):
    issues = edition.period.editions.filter(unit=edition.unit_id).defer("workbook", "content")
    return {
        "campaign": edition.period.campaign,
        "period": edition.period,
        "edition": edition,
        "issues": issues.order_by("issue"),
        "intact": is_intact(edition),
        "corrections": [
            (one, described(one.changes))
            for one in edition.corrections.select_related(
                "submission__unit", "submission__report_form", "submission__period"
            )
        ],
    }


def _place_of(edition):
    places = UnitPlace.objects.filter(campaign=edition.period.campaign_id, unit=edition.unit_id)
    return place_held(places.select_related("unit"), edition.period.ends_on)


def _printed(row, edition, numbers):
    """A row as it was. numbers: of the campaign's periods, by their ends."""
    is_carried = row.as_of is not None and row.as_of < edition.period.ends_on
    return PrintedRow(
        row=row,
        url="",
        status=Submission.Status.ACCEPTED,
        is_late=None,
        carried_from=numbers.get(row.as_of) if is_carried else None,
        waits=False,
        jump="",
    )


def _publishable(request, campaign):
    """The user's own units that publish, each with its latest period that has figures and no edition."""
    offered = []
    begun = campaign.periods.filter(starts_on__lte=campaign.today()).order_by("-ends_on")
    for unit_places in permissions.publishing_places(request.user, campaign):
        paths = Q(pk__in=[])
        for place in unit_places:
            paths |= Q(unit__places__path__startswith=place.path)
        accepted = Submission.objects.accepted().filter(paths, period=OuterRef("pk"))
        missing = begun.filter(Exists(accepted)).exclude(editions__unit=unit_places[0].unit)
        for period in missing[:1]:
            if place := place_held(unit_places, period.ends_on):
                offered.append((place, period))
    return offered
