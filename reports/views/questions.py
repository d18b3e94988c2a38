"""询问: what is asked and answered about reports, on both sides."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from reports import permissions
from reports.models import Question
from reports.review import questions

from .finding import enter, find_campaign, find_submission
from .listing import filters_of, page_of, periods_offered

MARKS = {"open": "未了结", "asked": "待答复", "answered": "已答复", "settled": "已了结"}


@require_safe
def question_list(request, campaign):
    """Every thread on reports in scope; those that are open, unless the address asks for others."""
    campaign = find_campaign(request, campaign)
    filters = filters_of(request, campaign, MARKS)
    found = Question.objects.visible_to(request.user).filter(submission__period__campaign=campaign)
    if filters.units is not None:
        found = found.filter(submission__unit__in=filters.units)
    if filters.form:
        found = found.filter(submission__report_form=filters.form)
    if filters.period:
        found = found.filter(submission__period=filters.period)
    if filters.mark == "open":
        found = found.open()
    elif filters.mark:
        found = found.filter(state=filters.mark)
    found = found.select_related(
        "submission__unit", "submission__period", "submission__report_form", "asked_by"
    )
    context = {
        "campaign": campaign,
        "page": page_of(request, found.prefetch_related("entries").order_by("state", "-pk")),
        "reviews": permissions.is_coordinator(request.user),
        "filters": filters,
        "forms": campaign.forms.all(),
        "periods": periods_offered(campaign),
        "marks": MARKS,
    }
    return render(request, "reports/question_list.html", context)


@require_POST
def submission_ask(request, pk):
    """Ask about a report. back: "anomalies" or a path of the portal leads there, anything else to the thread."""
    submission = find_submission(request, pk)
    if questions.speaks_for_unit(request.user, submission) is None:
        raise PermissionDenied
    cells = [int(cell) for cell in request.POST.getlist("cells") if cell.isascii() and cell.isdigit()]
    try:
        question = questions.ask(
            submission,
            by=request.user,
            text=request.POST.get("text", ""),
            cells=[cell for cell in cells if cell < 1000],
            anomaly=request.POST.get("anomaly", "")[:60],
        )
    except questions.QuestionError as error:
        messages.error(request, str(error))
        return redirect(_back(request, submission))
    messages.success(request, f"已询问：{submission}。对方会收到通知。")
    return redirect(_back(request, submission, question))


@require_POST
def question_reply(request, pk):
    question = _find(request, pk)
    try:
        questions.reply(question, by=request.user, text=request.POST.get("text", ""))
    except questions.QuestionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "已发出，对方会收到通知。")
    return redirect(_back(request, question.submission, question))


@require_POST
def question_settle(request, pk):
    question = _find(request, pk)
    try:
        questions.settle(question, by=request.user)
    except questions.QuestionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "已了结。")
    return redirect(_back(request, question.submission, question))


def _find(request, pk):
    """A thread in scope in which the user takes part."""
    question = get_object_or_404(
        Question.objects.visible_to(request.user).select_related(
            "submission__unit", "submission__period__campaign", "submission__report_form"
        ),
        pk=pk,
    )
    enter(request, question.submission.period.campaign)
    if questions.speaks_for_unit(request.user, question.submission) is None:
        raise PermissionDenied
    return question


def _back(request, submission, question=None):
    if request.POST.get("back") == "anomalies":
        address = reverse("reports:anomaly-list", args=[request.campaign.code])
        return f"{address}?{request.GET.urlencode()}" if request.GET else address
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    address = reverse("reports:submission-detail", args=[submission.pk])
    return f"{address}#question-{question.pk}" if question else f"{address}#questions"
