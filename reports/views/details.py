"""The details of one cell: a part of the page that shows it, or a page of its own."""

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports import permissions, tasks
from reports.entry.cell_details import cell_details
from reports.models import Submission
from reports.review import questions

from .finding import find_campaign, find_form, find_period, find_place


@require_safe
def cell(request, campaign, form, period, unit, number):
    """What a cell means and what became of it; `?part=1` is the panel alone.

    `?part=entry` is the panel beside the form that is being filled: asking there saves first.
    """
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    indicator = next((column for column in form.columns if column.number == number), None)
    if indicator is None or not tasks.owes(place, form):
        raise Http404
    key = {"report_form": form, "unit": place.unit, "period": period}
    submission = Submission.objects.visible_to(request.user).filter(**key).first()
    if submission is not None:
        submission.report_form, submission.unit, submission.period = form, place.unit, period
    asks_from_form = request.GET.get("part") == "entry"
    context = {
        "form": form,
        "place": place,
        "period": period,
        "submission": submission,
        "details": cell_details(submission or Submission(**key, ends_on=period.ends_on), indicator),
        "may_fill": permissions.can_fill(request.user, place.unit),
        "asks_from_form": asks_from_form,
        "may_ask": not asks_from_form
        and submission is not None
        and questions.speaks_for_unit(request.user, submission) is not None,
        "now": timezone.now(),
    }
    page = "reports/partials/cell_details.html" if "part" in request.GET else "reports/cell_details.html"
    return render(request, page, context)
