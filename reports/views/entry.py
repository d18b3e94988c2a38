"""Filling and checking one report."""

import json
from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from reports import lifecycle, tasks
from reports.entry import autosave, checks, drafts
from reports.entry.grid import build_grid
from reports.entry.validation import QUERY, Finding, blocking
from reports.letterhead import (
    DRAFT_MARK,
    Imprint,
    heading,
    printed_period,
    sign_off_of,
    signatures,
    standing,
)
from reports.models import Submission
from reports.numbers import format_figure

from .finding import find_campaign, find_form, find_period, find_place_to_fill

CHECKS = ("check", "submit")
"""检查 leads straight to 核对 where nothing blocks; so does 上报, which checks first."""
CHECKED = "?checked=1#problems"
"""Back on the form with what blocks on top of it."""


def is_ready(submission):
    """Say whether the report could be sent as it is stored: something is filled and nothing blocks."""
    read = checks.examine(submission)
    return any(value is not None for value in read.figures.values()) and not blocking(read.findings)


@require_http_methods(["GET", "HEAD", "POST"])
def entry(request, campaign, form, period, unit):
    """The form as issued, to be filled by the unit's own reporter; others are led to the report or its total."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place, fills = find_place_to_fill(request, period, unit)
    if not tasks.owes(place, form):
        raise Http404
    submission = drafts.report_of(form, place.unit, period)
    if not fills:
        in_scope = Submission.objects.visible_to(request.user)
        if submission is None or request.method == "POST" or not in_scope.contains(submission):
            raise PermissionDenied
        return redirect("reports:submission-detail", submission.pk)
    if submission is None and not tasks.may_begin(place, form, period.ends_on):
        raise Http404
    if request.method == "POST":
        # Also where a colleague has sent the report meanwhile: the refusal keeps on the page what was typed.
        return _save(request, form, place, period, submission)
    if submission is not None and not submission.is_editable:
        return redirect("reports:submission-detail", submission.pk)
    page = _page(request, form, place, period, submission)
    if "checked" in request.GET:
        # Once more, as it may have been mended since: a page that is only read again says nothing.
        page["problems"] = blocking(page["findings"])
        page["is_empty"] = not page["grid"].filled and not page["problems"]
    return render(request, "reports/entry.html", page)


def _save(request, form, place, period, stands):
    """Store what was posted and go on: back to the form, to what blocks, or to the last look before sending.

    stands: the report as it was before, None where it was not begun.
    """
    action = "ask" if "ask" in request.POST else request.POST.get("action", "save")
    try:
        drafts.refuse_other_columns(form, request.POST.get("asked", ""))
        submission = stands or drafts.open_draft(form, place.unit, period)
        saved = drafts.save(submission, _entries(request.POST, form), by=request.user)
        # With a colleague's figures in dispute nothing more is written over them.
        if action == "zero" and not saved.conflicts:
            drafts.fill_blanks_with_zero(submission, by=request.user)
        elif action == "same" and not saved.conflicts:
            drafts.copy_last(submission, by=request.user)
    except lifecycle.TransitionError as error:
        messages.error(request, str(error))
        page = _page(request, form, place, period, stands, posted=request.POST)
        return render(request, "reports/entry.html", page, status=409)
    for problem in saved.problems.values():
        messages.error(request, problem)
    if saved.conflicts:
        page = _page(request, form, place, period, submission, conflicts=saved.conflicts)
        return render(request, "reports/entry.html", page, status=409)
    if action == "ask":
        asking = urlencode({"ask": request.POST.get("ask", "")[:4]})
        return redirect(f"{reverse('reports:submission-detail', args=[submission.pk])}?{asking}#questions")
    if saved.refused:
        messages.warning(request, f"已保存；{len(saved.refused)} 项填写没有识别，已在表中标出。")
    elif action == "save":
        messages.success(request, "草稿已保存。")
    here = redirect(request.path)
    if action in CHECKS:
        if not saved.problems and is_ready(submission):
            return redirect("reports:submission-confirm", submission.pk)
        here["Location"] += CHECKED
    return here


def _typed(posted, form):
    names = {indicator.number: f"c{indicator.number}" for indicator in form.columns}
    return {number: posted[name] for number, name in names.items() if name in posted}


def _entries(posted, form):
    """What the page holds and what it held when it was drawn."""
    typed = _typed(posted, form)
    reasons = [name.removeprefix("why-") for name in posted if name.startswith("why-")]
    line = [name for name in drafts.SIGN_OFF if name in posted]
    return drafts.Entries(
        figures=typed,
        seen={number: posted.get(f"seen-c{number}", "") for number in typed},
        explanations={key: posted[f"why-{key}"] for key in reasons},
        seen_explanations={key: posted.get(f"seen-why-{key}", "") for key in reasons},
        sign_off={name: posted[name] for name in line},
        seen_sign_off={name: posted.get(f"seen-{name}", "") for name in line},
    )


def _page(request, form, place, period, submission, *, conflicts=(), posted=None):
    """Everything the entry page prints.

    posted: what to keep in the inputs where a save was refused as a whole. Sent again, all of it counts as
    typed over blanks: what stands there by then is a colleague's, and is told as such.
    """
    blank = Submission(report_form=form, period=period, unit=place.unit, ends_on=period.ends_on)
    read = checks.examine(submission or blank)
    findings = read.findings if read.is_begun else []
    if posted is not None:
        findings = _with_reasons(findings, posted)
    returned = submission.last_return() if submission else None
    decimals = {indicator.number: indicator.decimals for indicator in form.columns}
    typed = dict(read.refused) | {conflict.number: conflict.yours for conflict in conflicts}
    if posted is not None:
        typed = _typed(posted, form)
    grid = build_grid(
        form,
        read.figures if posted is None else {},
        previous=read.previous,
        findings=findings,
        typed=typed,
        marked=returned.cells if returned else (),
    )
    threads = list(submission.questions.open()) if submission else []
    return {
        "form": form,
        "place": place,
        "period": period,
        "submission": submission,
        "heading": heading(form, place),
        "grid": grid,
        "asked": drafts.asked(form),
        "findings": findings,
        "version": autosave.version_of(submission),
        "change": autosave.last_change(submission),
        "saved_at": "" if posted is not None else autosave.saved_line(submission),
        "threads": threads,
        "unanswered": sum(bool(thread.waits_for_unit) for thread in threads),
        "names": json.dumps([place.short, place.name, place.unit.name], ensure_ascii=False),
        "is_refused": posted is not None,
        "found": [autosave.told_finding(finding) for finding in findings],
        "late": autosave.deadline(submission or blank)["late"],
        "counts": autosave.counts(findings, grid),
        "line": sign_off_line(request.user, submission or blank, posted or {}),
        "signatures": signatures(form, place, sign_off_of(submission or blank)),
        "imprint": Imprint(f"{printed_period(period)}　{standing(submission or blank)}", DRAFT_MARK),
        "has_previous": bool(read.previous),
        "returned": returned,
        "due_at": (submission or blank).due_at,
        "conflicts": [
            (conflict, format_figure(conflict.theirs, decimals[conflict.number])) for conflict in conflicts
        ],
        "now": timezone.now(),
    }


def _with_reasons(findings, posted):
    """The findings with the explanations as posted; one whose finding is gone still shows its text."""
    typed = {name.removeprefix("why-"): text for name, text in posted.items() if name.startswith("why-")}
    kept = [replace(one, explanation=typed.pop(one.key, one.explanation)) for one in findings]
    gone = "这一处现在没有问题，您写的说明没有保存："
    return kept + [Finding(key, QUERY, gone, (), text) for key, text in typed.items() if text.strip()]


def sign_off_line(user, submission, posted):
    """The sign-off fields as typed, as stored, from last time, otherwise from the account: (field, value, stored)."""
    stored = {name: getattr(submission, name) for name in drafts.SIGN_OFF}
    if submission.pk is None:
        stored = drafts.earlier_line(submission)
    offered = stored | {
        "prepared_by": stored["prepared_by"] or user.name,
        "phone": stored["phone"] or user.phone,
    }
    return [
        (Submission._meta.get_field(name), posted.get(name, offered[name]), stored[name])
        for name in drafts.SIGN_OFF
    ]
