"""One report, read-only: its figures, its receipt, what was explained and what happened to it."""

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports import checks, drafts, permissions
from reports.forms import ReturnForm
from reports.grid import build_grid
from reports.letterhead import heading, sign_off_of
from reports.models import Submission, SubmissionEvent
from reports.rollup import place_at

from .finding import find_submission


@require_safe
def submission_detail(request, pk):
    submission = find_submission(request, pk)
    context = report_page(request, submission)
    accepted = submission.status == Submission.Status.ACCEPTED
    if accepted and permissions.can_reopen(request.user, submission):
        context["reopen_form"] = ReturnForm(report_form=submission.report_form)
    return render(request, "reports/submission_detail.html", context)


def report_page(request, submission):
    """Everything that is printed of a report as it stands."""
    form = submission.report_form
    place = place_at(submission.unit, submission.period)
    figures = drafts.figures_of(submission)
    _, previous = checks.previous_figures(submission)
    findings = checks.check(submission)
    events = list(submission.events.select_related("actor"))
    returned = submission.last_return()
    return {
        "submission": submission,
        "form": form,
        "period": submission.period,
        "place": place,
        "heading": heading(form, place, sign_off_of(submission)),
        "grid": build_grid(
            form,
            figures,
            previous=previous,
            findings=findings,
            marked=returned.cells if returned else (),
        ),
        "findings": findings,
        "events": events,
        "sent": next((e for e in reversed(events) if e.move == SubmissionEvent.Move.SUBMITTED), None),
        "may": {
            "edit": permissions.can_edit(request.user, submission),
            "withdraw": permissions.can_withdraw(request.user, submission),
            "review": submission.status == Submission.Status.SUBMITTED
            and permissions.can_review(request.user, submission),
        },
        "now": timezone.now(),
    }
