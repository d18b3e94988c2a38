"""Saving while its user types: the JSON that an open entry page sends (`reports.entry.autosave`)."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, JsonResponse
from django.views.decorators.http import require_POST

from reports import lifecycle, tasks
from reports.entry import autosave, drafts
from reports.models import Submission

from .finding import find_campaign, find_form, find_period, find_place_to_fill


@login_not_required
@require_POST
def entry_save(request, campaign, form, period, unit):
    """Take what an open entry page sends while its user types; answers in JSON (`reports.entry.autosave`).

    200 saved; 401 signed out, or signed in as somebody else: the page asks for the log-in and sends again;
    409 no longer editable; 503 the database is busy: the page sends again. Others as anywhere.
    """
    if not request.user.is_authenticated:
        return _told("登录已超时，请重新登录；您填写的内容已保留。", 401)
    try:
        return _take(request, campaign, form, period, unit)
    except OperationalError:
        return _told("系统繁忙，您填写的内容已保留。", 503)


def _take(request, campaign, form, period, unit):
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place, fills = find_place_to_fill(request, period, unit)
    if not tasks.owes(place, form):
        raise Http404
    if not fills:
        raise PermissionDenied
    try:
        batch = autosave.read_batch(request.body)
    except autosave.BatchError as error:
        return _told(str(error), 400)
    if batch.person != request.user.pk:
        return _told(
            f"这个浏览器里现在登录的是{request.user}。请在那个页面点“退出”，再在这里用原来的账号登录。", 401
        )
    others = autosave.others_present(form, place, period.pk, request.user)
    saved = None
    try:
        drafts.refuse_other_columns(form, batch.asked)
        if batch.asks_only:
            submission = drafts.report_of(form, place.unit, period)
            submission = submission or _blank(form, place, period)
            if problem := drafts.editing_problem(submission):
                raise drafts.DraftError(problem)
            if autosave.version_of(submission) == batch.version:
                return JsonResponse({"unchanged": True, "others": others, **autosave.deadline(submission)})
        else:
            submission = drafts.open_draft(form, place.unit, period)
            if batch.same:
                saved = drafts.copy_last(submission, seen=batch.entries.seen, by=request.user)
            else:
                saved = drafts.save(submission, batch.entries, by=request.user)
    except lifecycle.TransitionError as error:
        return _told(str(error), 409)
    told = autosave.answer(form, submission, user=request.user, saved=saved, change=batch.change)
    return JsonResponse(told | {"others": others})


def _told(sentence, status):
    return JsonResponse({"sentence": sentence}, status=status)


def _blank(form, place, period):
    return Submission(report_form=form, unit=place.unit, period=period, ends_on=period.ends_on)
