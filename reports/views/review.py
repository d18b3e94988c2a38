"""审核: the queue of what waits for me, one report with its differences, and the decisions."""

from datetime import datetime, time

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reports import lifecycle, permissions
from reports.forms import ReturnForm
from reports.models import Look, Submission, SubmissionEvent
from reports.publishing.corrections import effect
from reports.review import bulk, queue
from reports.review.desk import earlier_remarks, read_desk
from reports.review.suspects import about

from .campaign_page import due_questions_for
from .finding import find_campaign, find_submission
from .listing import PER_PAGE, filters_of, page_of, periods_offered
from .submission import report_page
from .totals import highest_place

VIEWS = {"cumulative": "累计", "increment": "新增", "compare": "对比"}

_Move = SubmissionEvent.Move


@require_safe
def review_queue(request, campaign):
    """What waits for my decision, those in most need first."""
    campaign = find_campaign(request, campaign)
    if not permissions.is_coordinator(request.user):
        raise PermissionDenied
    bulk.finish_due(campaign)
    found = find_queue(request, campaign)
    page = page_of(request, found["rows"])
    bulks = bulk.shown_to(request.user, campaign)
    context = found | {
        "page": page,
        "decided_today": _decided_today(request.user, campaign),
        "bulks": bulks,
        "pending": any(one.done_at is None for one in bulks),
        "query": filters_kept(request),
        "questions": due_questions_for(request, campaign),
        "now": timezone.now(),
    }
    return render(request, "reports/review_queue.html", context)


@require_safe
def submission_review(request, pk):
    """One report as differences, beside the queue. Opening it ends the clerk's right to withdraw."""
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    if bulk.finish_due(request.campaign):
        submission.refresh_from_db()
    if submission.status != Submission.Status.SUBMITTED:
        messages.info(request, f"该表{submission.get_status_display()}，现在不需要审核。")
        return redirect("reports:submission-detail", pk)
    if lifecycle.signed_off([submission]):
        return redirect("reports:submission-detail", pk)
    if request.method == "GET":
        lifecycle.start_review(submission, by=request.user)
        _look(request.user, submission)
    return _desk(request, submission, ReturnForm(report_form=submission.report_form))


@require_POST
def submission_look(request, pk):
    """Note that the report is still open on the desk; say who else has it open, and what became of it."""
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    decided = lifecycle.what_became_of(submission, request.POST.get("seen", ""))
    if not decided:
        _look(request.user, submission)
    return JsonResponse({"looking": _lookers(request.user, submission), "decided": decided})


@require_POST
def submission_accept(request, pk):
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    rows = find_queue(request, request.campaign)["rows"]
    try:
        lifecycle.accept(submission, by=request.user, seen=request.POST.get("seen", ""))
    except lifecycle.TransitionError as error:
        messages.error(request, f"{submission}：{error}")
    else:
        messages.success(request, f"已通过：{submission}。")
    return _next(request, submission, rows)


@require_POST
def submission_return(request, pk):
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    form = ReturnForm(request.POST, report_form=submission.report_form)
    if not form.is_valid():
        return _desk(request, submission, form, status=400)
    rows = find_queue(request, request.campaign)["rows"]
    try:
        lifecycle.return_for_correction(
            submission, by=request.user, seen=request.POST.get("seen", ""), **form.cleaned_data
        )
    except lifecycle.TransitionError as error:
        messages.error(request, f"{submission}：{error}")
    else:
        messages.success(request, f"已退回：{submission}。")
    return _next(request, submission, rows)


@require_POST
def submission_reopen(request, pk):
    """Send an accepted report back for a correction, with the reason."""
    submission = find_submission(request, pk)
    if not permissions.can_reopen(request.user, submission):
        raise PermissionDenied
    form = ReturnForm(request.POST, report_form=submission.report_form)
    if form.is_valid():
        try:
            lifecycle.reopen(submission, by=request.user, **form.cleaned_data)
        except lifecycle.TransitionError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "已重新打开，退回填报单位更正。")
        return redirect("reports:submission-detail", pk)
    context = report_page(request, submission) | {"reopen_form": form}
    return render(request, "reports/submission_detail.html", context, status=400)


def find_queue(request, campaign):
    """The queue with the filters of the address, and what the filters offer.

    locked: ids of reports that a sign-off locks. clean: rows that may be accepted in bulk.
    """
    filters = filters_of(request, campaign, queue.MARKS)
    waiting = queue.waiting_for(request.user, campaign)
    rows = [
        row
        for row in waiting
        if (filters.units is None or row.submission.unit_id in filters.units)
        and filters.form in (None, row.submission.report_form)
        and filters.period in (None, row.submission.period)
        and row.has(filters.mark)
    ]
    locked = lifecycle.signed_off(row.submission for row in rows)
    return {
        "campaign": campaign,
        "rows": rows,
        "waiting": len(waiting),
        "locked": locked,
        "clean": [row for row in rows if row.is_clean and row.submission.pk not in locked],
        "filters": filters,
        "forms": {row.submission.report_form_id: row.submission.report_form for row in waiting}.values(),
        "periods": periods_offered(campaign),
        "marks": queue.MARKS,
    }


def _desk(request, submission, form, status=200):
    """The desk with one report on it. form: the ReturnForm, filled where it was refused."""
    view = request.GET.get("view", "compare")
    shown = request.GET.get("show", "changed")
    if view not in VIEWS or shown not in ("changed", "all"):
        raise Http404
    found = find_queue(request, submission.period.campaign)
    position, before, after = queue.neighbours(found["rows"], submission.pk)
    report = report_page(request, submission)
    desk = read_desk(submission, report["place"], report["grid"].cells, report["events"])
    context = {
        "desk": desk,
        "only_changed": desk.returned is not None and shown == "changed",
        "queries": [finding for finding in report["findings"] if finding.finding_class != "hint"],
        "hints": [finding for finding in report["findings"] if finding.finding_class == "hint"],
        "remarks": earlier_remarks(submission),
        "suspects": about(submission, request.user),
        "return_form": form,
        "picked": [int(cell) for cell in form["cells"].value() or () if str(cell).isdecimal()],
        "position": position,
        "before": before,
        "after": after,
        "beside": _beside(found["rows"], position),
        "decided_today": _decided_today(request.user, found["campaign"]),
        "looking": _lookers(request.user, submission),
        "views": VIEWS,
        "view": view,
        "query": filters_kept(request),
        "effect": effect(submission, highest_place(request.user, report["place"])),
    }
    return render(request, "reports/review.html", report | found | context, status=status)


def _beside(rows, position):
    """The part of the queue that stands beside a report: as many as a list's page, the report among them."""
    first = max(0, (position or 1) - 1 - PER_PAGE // 2)
    return rows[first : first + PER_PAGE]


def _decided_today(user, campaign):
    """How many reports of the campaign `user` has accepted or returned since midnight."""
    midnight = datetime.combine(campaign.today(), time(), campaign.zone)
    decided = SubmissionEvent.objects.filter(
        actor=user, at__gte=midnight, move__in=(_Move.ACCEPTED, _Move.RETURNED)
    )
    return decided.filter(submission__period__campaign=campaign).count()


def _look(user, submission):
    Look.objects.update_or_create(submission=submission, person=user, defaults={"at": timezone.now()})


def _lookers(user, submission):
    looks = Look.objects.current().filter(submission=submission).exclude(person=user)
    return [str(look.person) for look in looks.select_related("person").order_by("at")]


def filters_kept(request):
    """The filters of the address, "?form=fu1" or "", so that a decision leads on in the same queue."""
    kept = request.GET.copy()
    for one in ("view", "show", "page"):
        kept.pop(one, None)
    return f"?{kept.urlencode()}" if kept else ""


def _next(request, submission, rows):
    """Go on to the next report of the queue as it was, or back to the queue where none is left.

    A report that still waits, because it was not decided, stays open.
    """
    waiting = Submission.objects.filter(
        pk__in=[row.submission.pk for row in rows], status=Submission.Status.SUBMITTED
    )
    left = set(waiting.values_list("pk", flat=True))
    locked = lifecycle.signed_off([row.submission for row in rows if row.submission.pk in left])
    left -= locked.keys()
    following = submission.pk if submission.pk in left else queue.next_after(rows, submission.pk, left)
    if following is None:
        address = reverse("reports:review-queue", args=[request.campaign.code])
    else:
        address = reverse("reports:submission-review", args=[following])
    return redirect(address + filters_kept(request))
