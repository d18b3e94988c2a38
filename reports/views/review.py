"""审核: the queue of what waits for me, one report with its differences, and the decisions."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, prefetch_related_objects
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from reports import lifecycle, permissions
from reports.forms import ReturnForm
from reports.models import Submission, SubmissionEvent

from .finding import find_campaign, find_submission
from .listing import filters_of, page_of, periods_offered
from .submission import report_page

MARKS = {"falls": "有下降", "explained": "有核实说明", "late": "迟报", "again": "再次上报"}


@require_safe
def review_queue(request, campaign):
    """What waits for my decision: reports with explanations first, then the longest waiting."""
    campaign = find_campaign(request, campaign)
    if not permissions.is_coordinator(request.user):
        raise PermissionDenied
    filters = filters_of(request, campaign, MARKS)
    waiting = waiting_for(request.user, campaign)
    sent = SubmissionEvent.objects.filter(move=SubmissionEvent.Move.SUBMITTED)
    prefetch_related_objects(waiting, Prefetch("events", queryset=sent, to_attr="sendings"))
    rows = [row for row in map(_queue_row, waiting) if _is_wanted(row, filters)]
    rows.sort(key=lambda row: (-row["falls"], -row["queries"], row["submission"].submitted_at))
    page = page_of(request, rows)
    context = {
        "campaign": campaign,
        "page": page,
        "locked": lifecycle.signed_off(row["submission"] for row in page),
        "waiting": len(waiting),
        "filters": filters,
        "forms": {submission.report_form_id: submission.report_form for submission in waiting}.values(),
        "periods": periods_offered(campaign),
        "marks": MARKS,
        "now": timezone.now(),
    }
    return render(request, "reports/review_queue.html", context)


def waiting_for(user, campaign):
    """The submitted reports of a campaign that `user` may decide on."""
    submitted = list(
        Submission.objects.visible_to(user)
        .filter(period__campaign=campaign, status=Submission.Status.SUBMITTED)
        .select_related("unit", "period", "report_form", "submitted_by")
        .order_by("report_form__position", "-ends_on", "unit__code")
    )
    mine = permissions.reviewable(user, submitted)
    return [submission for submission in submitted if submission.pk in mine]


def _queue_row(submission):
    """One line of the queue. submission.sendings: its submission events."""
    explanations = submission.sendings[-1].snapshot.get("explanations", []) if submission.sendings else []
    falls = sum(entry["finding"].startswith("fall:") for entry in explanations)
    return {
        "submission": submission,
        "falls": falls,
        "queries": len(explanations),
        "times": len(submission.sendings),
    }


def _is_wanted(row, filters):
    submission = row["submission"]
    marked = {
        "": True,
        "falls": row["falls"],
        "explained": row["queries"],
        "late": submission.is_late,
        "again": row["times"] > 1,
    }
    return (
        (filters.units is None or submission.unit_id in filters.units)
        and filters.form in (None, submission.report_form)
        and filters.period in (None, submission.period)
        and marked[filters.mark]
    )


@require_safe
def submission_review(request, pk):
    """One report as differences. Opening it ends the clerk's right to withdraw."""
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    if submission.status != Submission.Status.SUBMITTED:
        messages.info(request, f"该表{submission.get_status_display()}，现在不需要审核。")
        return redirect("reports:submission-detail", pk)
    if lifecycle.signed_off([submission]):
        return redirect("reports:submission-detail", pk)
    if request.method == "GET":
        lifecycle.start_review(submission, by=request.user)
    return _review_page(request, submission, ReturnForm(report_form=submission.report_form))


def _review_page(request, submission, form, status=200):
    waiting = [row.pk for row in waiting_for(request.user, request.campaign)]
    context = report_page(request, submission) | {
        "return_form": form,
        "picked": [int(cell) for cell in form["cells"].value() or () if str(cell).isdecimal()],
        "waiting": len(waiting),
    }
    return render(request, "reports/review.html", context, status=status)


@require_POST
def submission_accept(request, pk):
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    try:
        lifecycle.accept(submission, by=request.user, seen=request.POST.get("seen", ""))
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已通过：{submission}。")
    return redirect("reports:review-queue", request.campaign.code)


@require_POST
def submission_return(request, pk):
    submission = find_submission(request, pk)
    if not permissions.can_review(request.user, submission):
        raise PermissionDenied
    form = ReturnForm(request.POST, report_form=submission.report_form)
    if not form.is_valid():
        return _review_page(request, submission, form, status=400)
    try:
        lifecycle.return_for_correction(
            submission, by=request.user, seen=request.POST.get("seen", ""), **form.cleaned_data
        )
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已退回：{submission}。")
    return redirect("reports:review-queue", request.campaign.code)


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
