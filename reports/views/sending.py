"""The way of a filled report: 核对 before it is sent, its receipt, and taking it back."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reports import lifecycle, permissions
from reports.entry import checks, drafts
from reports.entry.grid import build_grid
from reports.letterhead import heading, imprint, sign_off_of, signatures
from reports.models import SubmissionEvent
from reports.rollup import place_at

from .entry import CHECKED, is_ready, sign_off_line
from .finding import find_place, find_submission


@require_http_methods(["GET", "HEAD", "POST"])
def submission_confirm(request, pk):
    """核对: the whole form read-only, as it will be sent, with the sign-off line to complete; then 上报."""
    submission = find_submission(request, pk)
    if not permissions.can_fill(request.user, submission.unit):
        raise PermissionDenied
    if not submission.is_editable:
        return redirect("reports:submission-detail", pk)
    if request.method == "POST":
        return _send(request, submission)
    if not is_ready(submission):
        return _back(submission, CHECKED)
    return render(request, "reports/confirm.html", _confirm_page(request, submission))


def _send(request, submission):
    """Store the sign-off line and send; what cannot be sent leads back to the form with the reason."""
    try:
        problems = _save_line(request, submission)
        if problems:
            for problem in problems.values():
                messages.error(request, problem)
            page = _confirm_page(request, submission, posted=request.POST)
            return render(request, "reports/confirm.html", page, status=409)
        lifecycle.submit(submission, by=request.user, seen=request.POST.get("seen", ""))
    except lifecycle.AlreadySubmitted:
        pass
    except lifecycle.CheckFailed:
        return _back(submission, CHECKED)
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
        return _back(submission)
    decides = submission.first_submitted_at == submission.submitted_at
    if decides and submission.is_late and not request.POST.get("warned"):
        messages.warning(request, "已过截止时间，本次上报记为迟报。")
    return redirect("reports:submission-detail", submission.pk)


def _save_line(request, submission):
    """Store what was changed in the sign-off fields; return why any was not, by name of the field."""
    line = {name: request.POST[name] for name in drafts.SIGN_OFF if name in request.POST}
    if not line or not submission.is_editable:
        return {}
    seen = {name: request.POST.get(f"seen-{name}", "") for name in line}
    entries = drafts.Entries(sign_off=line, seen_sign_off=seen)
    try:
        return drafts.save(submission, entries, by=request.user).problems
    except drafts.DraftError:
        # Sent by a first click, or by a colleague: sending itself says so.
        return {}


def _confirm_page(request, submission, *, posted=None):
    form = submission.report_form
    place = find_place(request, submission.period, submission.unit.code)
    findings = checks.check(submission)
    seen = lifecycle.checksum(submission)
    _, previous = checks.previous_figures(submission)
    sign_off = sign_off_of(submission)
    now = timezone.now()
    return {
        "submission": submission,
        "form": form,
        "period": submission.period,
        "place": place,
        "heading": heading(form, place, sign_off),
        "signatures": signatures(form, place, sign_off),
        "imprint": imprint(submission, seen),
        "grid": build_grid(form, drafts.figures_of(submission), previous=previous, findings=findings),
        "findings": findings,
        "line": sign_off_line(request.user, submission, posted or {}),
        "seen": seen,
        "back": _back(submission)["Location"],
        # A report that came back was on time, or was not, when it was first sent.
        "decides": submission.first_submitted_at is None,
        "is_late": now > submission.due_at,
        "seconds_left": int((submission.due_at - now).total_seconds()) + 1,
        "now": now,
    }


@require_safe
def submission_receipt(request, pk):
    """The receipt of the latest submission, for paper."""
    submission = find_submission(request, pk)
    sent = submission.events.filter(move=SubmissionEvent.Move.SUBMITTED).last()
    context = {
        "submission": submission,
        "form": submission.report_form,
        "period": submission.period,
        "place": place_at(submission.unit, submission.period),
        "sent": sent,
        "filled": sum(text is not None for text in sent.snapshot["figures"].values()) if sent else 0,
    }
    return render(request, "reports/receipt.html", context)


@require_POST
def submission_withdraw(request, pk):
    submission = find_submission(request, pk)
    if not permissions.can_fill(request.user, submission.unit):
        raise PermissionDenied
    try:
        lifecycle.withdraw(submission, by=request.user)
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
        return redirect("reports:submission-detail", pk)
    messages.success(request, "已撤回，可以继续修改；改好后请重新上报。")
    return _back(submission)


def _back(submission, more=""):
    """Lead to the form."""
    answer = redirect(
        "reports:entry",
        submission.period.campaign.code,
        submission.report_form.code,
        submission.period.ends_on.isoformat(),
        submission.unit.code,
    )
    answer["Location"] += more
    return answer
