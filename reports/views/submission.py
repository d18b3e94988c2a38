"""Reports, read-only: the list of all in scope, and one with its figures, its receipt and its trail."""

from django.db.models import Exists, OuterRef, Subquery
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import UnitPlace
from reports import lifecycle, permissions, tasks
from reports.entry import checks, drafts
from reports.entry.grid import build_grid
from reports.forms import ReturnForm
from reports.letterhead import heading, imprint, sign_off_of, signatures
from reports.models import Edition, Submission, SubmissionEvent
from reports.publishing.corrections import effect_of_reopening, touched
from reports.review import questions
from reports.rollup import place_at
from reports.texts.attachments import scans_of

from .finding import find_campaign, find_submission
from .listing import filters_of, page_of, periods_offered
from .totals import highest_place

STATES = dict(Submission.Status.choices)
QUOTED = 8
"""Editions that are named beside a report that they use."""


@require_safe
def submission_list(request, campaign):
    """报表: all that is in the user's scope, the latest period first; for a clerk the unit's own history."""
    campaign = find_campaign(request, campaign)
    filters = filters_of(request, campaign, STATES)
    in_scope = Submission.objects.visible_to(request.user).filter(period__campaign=campaign)
    reports = in_scope
    if filters.units is not None:
        reports = reports.filter(unit__in=filters.units)
    if filters.form:
        reports = reports.filter(report_form=filters.form)
    if filters.period:
        reports = reports.filter(period=filters.period)
    if filters.mark:
        reports = reports.filter(status=filters.mark)
    places = UnitPlace.objects.filter(campaign=campaign, unit=OuterRef("unit")).order_by("position")
    reports = (
        reports.select_related("unit", "period", "report_form", "submitted_by", "changed_by")
        .annotate(registry_position=Subquery(places.values("position")[:1]))
        .order_by("-ends_on", "registry_position", "report_form__position")
    )
    context = {
        "campaign": campaign,
        "page": page_of(request, reports),
        "filters": filters,
        "forms": campaign.forms.filter(Exists(in_scope.filter(report_form=OuterRef("pk")))),
        "periods": periods_offered(campaign),
        "marks": STATES,
        "is_history": not any(membership.reads_below for membership in request.user.memberships.all()),
    }
    return render(request, "reports/submission_list.html", context)


@require_safe
def submission_detail(request, pk):
    submission = find_submission(request, pk)
    context = report_page(request, submission) | {
        "scans": scans_of(submission),
        "uploads": submission.uploads.select_related("owner"),
        "asks": request.GET.get("ask"),
    }
    accepted = submission.status == Submission.Status.ACCEPTED
    if accepted and not context["locked"] and permissions.can_reopen(request.user, submission):
        context["reopen_form"] = ReturnForm(report_form=submission.report_form)
        context |= _reopening(request, submission, context["place"])
    if submission.status in Submission.SENT and permissions.can_fill(request.user, submission.unit):
        context["is_mine"] = True
        context["next_task"] = tasks.next_task(request.user, request.campaign, submission)
    return render(request, "reports/submission_detail.html", context)


def _reopening(request, submission, place):
    """What is known before an accepted report is reopened; what it moves only where it is asked for."""
    quoting = touched(submission)
    visible = Edition.objects.visible_to(request.user).filter(pk__in=[one.pk for one in quoting])
    ids = set(visible.values_list("pk", flat=True))
    quoted = [one for one in quoting if one.pk in ids][:QUOTED]
    found = {"quoted": quoted, "quoted_elsewhere": len(quoting) - len(quoted)}
    if "effect" in request.GET:
        found["effect"] = effect_of_reopening(submission, highest_place(request.user, place))
    return found


def report_page(request, submission):
    """Everything that is printed of a report as it stands."""
    form = submission.report_form
    place = place_at(submission.unit, submission.period)
    sign_off = sign_off_of(submission)
    figures = drafts.figures_of(submission)
    _, previous = checks.previous_figures(submission)
    findings = checks.check(submission)
    events = list(submission.events.select_related("actor"))
    returned = submission.last_return()
    locked = (
        lifecycle.signed_off([submission]).get(submission.pk)
        if submission.status in Submission.SENT
        else None
    )
    return {
        "submission": submission,
        "form": form,
        "period": submission.period,
        "place": place,
        "heading": heading(form, place, sign_off),
        "signatures": signatures(form, place, sign_off),
        "imprint": imprint(submission, lifecycle.checksum(submission)),
        "grid": build_grid(
            form,
            figures,
            previous=previous,
            findings=findings,
            marked=returned.cells if returned else (),
        ),
        "findings": findings,
        "events": events,
        "questions": list(submission.questions.prefetch_related("entries")),
        "for_unit": questions.speaks_for_unit(request.user, submission),
        "sent": next((e for e in reversed(events) if e.move == SubmissionEvent.Move.SUBMITTED), None),
        "locked": locked,
        "may": {
            "edit": permissions.can_edit(request.user, submission),
            "withdraw": not locked and permissions.can_withdraw(request.user, submission),
            "review": not locked
            and submission.status == Submission.Status.SUBMITTED
            and permissions.can_review(request.user, submission),
        },
        "now": timezone.now(),
    }
