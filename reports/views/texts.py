"""文字材料: who owes which, one text with its files, and the decisions on it."""

from collections import Counter, defaultdict
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.models import TextDuty, UnitPlace
from campaigns.search import units_found
from chunfeng.accounts.models import Membership
from reports import word
from reports.briefs.own import own_text
from reports.lifecycle import TransitionError
from reports.models import Attachment, TextReport
from reports.permissions import is_coordinator
from reports.text_forms import CaseForm, TextForm, TextReturnForm
from reports.texts import attachments, duties, lifecycle
from reports.texts.content import EXTENSIONS, LIMITS
from reports.texts.word import cases_document

from .finding import enter, find_campaign, find_period, find_place
from .listing import page_of, periods_offered

DRAFTED = (TextDuty.Kind.PROGRESS, TextDuty.Kind.SUMMARY)
"""Texts that can be drafted from figures."""
ONCE = "once"
"""Stands in an address for the period of a duty that is owed once."""


@require_safe
def text_board(request, campaign):
    """What is owed in words: of the period asked for, and all that is owed once.

    What I write myself row by row; the other units that I read, my own as their coordinator among them, side by side.
    """
    campaign = find_campaign(request, campaign)
    periods = periods_offered(campaign)
    period = find_period(campaign, request.GET["period"]) if request.GET.get("period") else _current(periods)
    search = request.GET.get("q", "").strip()
    places = UnitPlace.objects.visible_to(request.user).filter(campaign=campaign).select_related("unit")
    found = units_found(campaign, search) if search else None
    held = [place for place in places if found is None or place.unit_id in found]
    rows = duties.board(campaign, held, [period] if period else [])
    may_write = set(
        request.user.memberships.filter(role=Membership.Role.REPORTER).values_list("unit", flat=True)
    )
    now = timezone.now()
    mine = [row for row in rows if row.place.unit_id in may_write]
    others = [row for row in rows if row.place.unit_id not in may_write]
    context = {
        "campaign": campaign,
        "period": period,
        "periods": periods,
        "search": search,
        "mine": [(row, row.is_overdue(now)) for row in mine],
        "groups": _by_duty(others, now),
        "now": now,
    }
    return render(request, "reports/texts/board.html", context)


def _current(periods):
    """The period that is reported now: the first of those that have opened and are not yet due, else the latest."""
    now = timezone.now()
    return next(
        (period for period in reversed(periods) if period.due_at >= now), periods[0] if periods else None
    )


def _by_duty(rows, now):
    """The board of a coordinator: (duty, period, done, rows), units that are behind first."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.duty, row.period].append((row, row.is_overdue(now)))
    return [
        (
            duty,
            period,
            sum(row.is_done for row, _ in listed),
            sorted(listed, key=lambda each: each[0].is_done),
        )
        for (duty, period), listed in groups.items()
    ]


@require_POST
def text_create(request, campaign, duty, period, unit):
    """Begin a case, or open the unit's one text of another duty."""
    campaign = find_campaign(request, campaign)
    duty = get_object_or_404(campaign.texts, pk=duty)
    duty.campaign = campaign
    found = None if period == ONCE else find_period(campaign, period)
    place = find_place(request, found or campaign.periods.last(), unit)
    report = TextReport(duty=duty, unit=place.unit, period=found)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    try:
        report = lifecycle.begin(campaign, duty, place.unit, found, by=request.user)
    except lifecycle.TextError as error:
        messages.error(request, str(error))
        return redirect("reports:text-board", campaign.code)
    return redirect("reports:text-edit", report.pk)


@require_safe
def text_detail(request, pk):
    """One text as it was written, its files, its trail; for a coordinator the decisions."""
    report = find_text(request, pk)
    return _detail_page(request, report, TextReturnForm())


def _detail_page(request, report, form, status=200):
    decides = lifecycle.can_decide(request.user, report)
    context = {
        "report": report,
        "repeated": _repeated(request.user, [report]),
        "campaign": report.duty.campaign,
        "files": report.attachments.visible_to(request.user),
        "events": report.events.all(),
        "returned": report.last_return(),
        "may_write": lifecycle.can_write(request.user, report),
        "decides": decides,
        "return_form": form if decides and report.status in TextReport.SENT else None,
        "points": range(1, 6),
        "count": lifecycle.length(report.text),
    }
    return render(request, "reports/texts/detail.html", context, status=status)


def _repeated(user, listed):
    """Of the cases that those listed repeat the ids of those that the user reads: nobody is told of another's."""
    repeated = [report.repeats_id for report in listed if report.repeats_id]
    return set(TextReport.objects.visible_to(user).filter(pk__in=repeated).values_list("pk", flat=True))


@require_http_methods(["GET", "HEAD", "POST"])
def text_edit(request, pk):
    """Write a text; what was typed and not stored stays on the page."""
    report = find_text(request, pk)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    if request.method != "POST":
        if not report.is_editable:
            return redirect("reports:text-detail", pk)
        names = ("title", "place", "figures", "categories", "text")
        form = _form_of(report)(initial={name: getattr(report, name) for name in names})
        return _edit_page(request, report, form, report.version)
    form, seen = _form_of(report)(request.POST), _seen(request)
    if not form.is_valid():
        return _edit_page(request, report, form, seen, status=400)
    try:
        lifecycle.save(report, form.cleaned_data, seen=seen, by=request.user)
        _save_captions(request, report)
        if request.POST.get("action") == "submit":
            lifecycle.submit(report, seen=report.version, by=request.user)
    except lifecycle.TextError as error:
        messages.error(request, str(error))
        saved = report.version if report.version > seen else seen
        return _edit_page(request, report, form, saved, status=409)
    if request.POST.get("action") == "submit":
        messages.success(request, f"已上报：{report}。")
        return redirect("reports:text-detail", pk)
    messages.success(request, "草稿已保存。")
    return redirect("reports:text-edit", pk)


def _edit_page(request, report, form, seen, status=200):
    files = _with_captions(request, report)
    context = {
        "report": report,
        "campaign": report.duty.campaign,
        "form": form,
        "seen": seen,
        "files": [file for file in files if file.finished_at],
        "unfinished": [(file, attachments.received(file)) for file in files if not file.finished_at],
        "returned": report.last_return(),
        "sent": duties.sent_beside(report) if report.is_case else None,
        "count": lifecycle.length(form["text"].value() or ""),
        "shortest": lifecycle.SHORTEST if report.is_case else lifecycle.SHORTEST_OTHER,
        "longest": lifecycle.LONGEST if report.is_case else "",
        "may_draft": report.kind in DRAFTED and not report.text,
        "may_discard": not report.events.exists(),
        "accept": ",".join(f".{extension}" for extension in EXTENSIONS),
        "limits": [(kind.label, limit // (1024 * 1024)) for kind, limit in LIMITS.items()],
    }
    return render(request, "reports/texts/edit.html", context, status=status)


def _form_of(report):
    return CaseForm if report.is_case else TextForm


def _save_captions(request, report):
    for file in _with_captions(request, report):
        Attachment.objects.filter(pk=file.pk).update(caption=file.caption, has_consent=file.has_consent)


def _with_captions(request, report):
    """The files of a text with what was typed beside them: captions, and whether the people in them agreed."""
    longest = Attachment._meta.get_field("caption").max_length
    files = list(report.attachments.all())
    for file in files:
        if f"caption-{file.pk}" in request.POST:
            caption = lifecycle.plain_paragraphs(request.POST[f"caption-{file.pk}"]).replace("\n", " ")
            file.caption = caption[:longest]
            file.has_consent = f"consent-{file.pk}" in request.POST
    return files


@require_POST
def text_withdraw(request, pk):
    report = find_text(request, pk)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    return _moved(
        request,
        report,
        "已撤回，可以继续修改。",
        lambda: lifecycle.withdraw(report, seen=_seen(request), by=request.user),
    )


@require_POST
def text_draft(request, pk):
    """生成草稿: fill an empty text from the unit's own accepted figures; what is written is never written over."""
    report = find_text(request, pk)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    drafted = own_text(report) if report.kind in DRAFTED and not report.text else ""
    if not drafted:
        messages.error(request, "没有可用的已通过数据，或内容已经写了，没有生成草稿。")
        return redirect("reports:text-edit", pk)
    try:
        lifecycle.save(report, {"text": drafted}, seen=_seen(request), by=request.user)
    except lifecycle.TextError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "已按本单位已通过的数据生成草稿，请修改补充后上报。")
    return redirect("reports:text-edit", pk)


@require_POST
def text_discard(request, pk):
    report = find_text(request, pk)
    if not lifecycle.can_write(request.user, report):
        raise PermissionDenied
    try:
        lifecycle.discard(report, seen=_seen(request))
    except lifecycle.TextError as error:
        messages.error(request, str(error))
        return redirect("reports:text-edit", pk)
    messages.success(request, "草稿已删除。")
    return redirect("reports:text-board", report.duty.campaign.code)


def _decides(view):
    """Give `view` the text that the user decides on; who comes after the unit has taken it back is told so."""

    @wraps(view)
    def decided(request, pk):
        taken_back = TextReport.objects.filter(pk=pk, status=TextReport.Status.DRAFT, events__isnull=False)
        report = taken_back.select_related("duty__campaign", "period").first()
        if report is not None and lifecycle.can_decide(request.user, report):
            return _taken_back(request, report)
        report = find_text(request, pk)
        if not lifecycle.can_decide(request.user, report):
            raise PermissionDenied
        return view(request, report)

    return decided


def _taken_back(request, report):
    messages.error(request, f"“{report.duty}”已由填报单位撤回修改，重新上报后再审核。")
    return redirect(
        "reports:case-list" if report.is_case else "reports:text-board", report.duty.campaign.code
    )


@require_POST
@_decides
def text_accept(request, report):
    done = "已采用" if report.is_case else "已通过"
    return _moved(
        request,
        report,
        f"{done}：{report}。",
        lambda: lifecycle.accept(report, seen=_seen(request), by=request.user),
    )


@require_POST
@_decides
def text_return(request, report):
    form = TextReturnForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, report, form, status=400)
    return _moved(
        request,
        report,
        f"已退回：{report}。",
        lambda: lifecycle.return_for_correction(
            report, seen=_seen(request), by=request.user, comment=form.cleaned_data["comment"]
        ),
    )


@require_POST
@_decides
def text_score(request, report):
    points = request.POST.get("points") or "0"
    return _moved(
        request,
        report,
        f"已评 {points} 分：{report}。",
        lambda: lifecycle.score(
            report, points=int(points) if points in list("12345") else 0, by=request.user
        ),
    )


def _moved(request, report, done, move):
    """Make a move and say what became of it; back to the list where it was made in one."""
    try:
        move()
    except TransitionError as error:
        if not TextReport.objects.visible_to(request.user).filter(pk=report.pk).exists():
            return _taken_back(request, report)  # in this very moment
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    if request.POST.get("back") == "cases":
        return redirect("reports:case-list", report.duty.campaign.code)
    return redirect("reports:text-detail", report.pk)


@require_safe
def case_list(request, campaign):
    """特色亮点 of the units that I read: cards, the latest first, and how many each unit has sent of those asked."""
    campaign = find_campaign(request, campaign)
    filters = _case_filters(request, campaign)
    listed = _cases(request.user, campaign, filters)
    page = page_of(request, listed)
    people = lifecycle.deciders(page.object_list) if is_coordinator(request.user) else {}
    context = {
        "campaign": campaign,
        "page": page,
        "repeated": _repeated(request.user, page.object_list),
        "decides": {pk for pk, found in people.items() if request.user.pk in found},
        "filters": filters,
        "periods": periods_offered(campaign),
        "statuses": [status for status in TextReport.Status if status != TextReport.Status.DRAFT],
        "categories": TextReport.Category.choices,
        "points": range(1, 6),
        "query": request.GET.urlencode(),
        "tally": _tally(request.user, campaign, filters["period"]),
    }
    return render(request, "reports/texts/cases.html", context)


def _case_filters(request, campaign):
    """What the address asks for; 404 for a period or state that does not exist."""
    asked = request.GET
    status, category = asked.get("status", ""), asked.get("category", "")
    if (status and status not in TextReport.Status.values) or (
        category and category not in TextReport.Category.values
    ):
        raise Http404
    search = asked.get("q", "").strip()
    return {
        "period": find_period(campaign, asked["period"]) if asked.get("period") else None,
        "status": status,
        "category": category,
        "search": search,
        "units": units_found(campaign, search) if search else None,
    }


def _cases(user, campaign, filters):
    cases = (
        TextReport.objects.visible_to(user)
        .cases()
        .filter(duty__campaign=campaign)
        .select_related("unit", "period", "duty__campaign", "repeats__unit", "repeats__period")
        .prefetch_related("attachments")
        .order_by("-period__ends_on", "unit__code", "pk")
    )
    if filters["period"]:
        cases = cases.filter(period=filters["period"])
    if filters["status"]:
        cases = cases.filter(status=filters["status"])
    return [
        case
        for case in cases
        if (filters["units"] is None or case.unit_id in filters["units"])
        and (not filters["category"] or filters["category"] in case.categories)
    ]


def _tally(user, campaign, period):
    """报送 / 采用 by unit: of one period, or of all. Rows (name, sent, adopted, asked, is short)."""
    places = list(UnitPlace.objects.visible_to(user).filter(campaign=campaign).select_related("unit"))
    periods = [period] if period else list(periods_offered(campaign))
    sent, adopted, asked, names = Counter(), Counter(), Counter(), {}
    for owed in duties.board(campaign, places, periods):
        if owed.duty.kind != TextDuty.Kind.CASE:
            continue
        key = owed.place.unit_id
        names.setdefault(key, owed.place.short)
        asked[key] += owed.at_least
        sent[key] += owed.count
        adopted[key] += sum(report.status == TextReport.Status.ACCEPTED for report in owed.reports)
    return [(names[key], sent[key], adopted[key], asked[key], sent[key] < asked[key]) for key in names]


@require_safe
def case_export(request, campaign):
    """The cases of the list, those that were sent, in the pattern of 附件3 as a Word document."""
    campaign = find_campaign(request, campaign)
    filters = _case_filters(request, campaign)
    listed = [case for case in _cases(request.user, campaign, filters) if case.status in TextReport.SENT]
    data = cases_document(campaign, filters["period"], listed, attachments.path_of)
    response = HttpResponse(data, content_type=word.CONTENT_TYPE)
    span = f"第{filters['period'].number}期" if filters["period"] else ""
    response["Content-Disposition"] = content_disposition_header(
        True, f"{campaign.title}一周特色亮点工作{span}.docx"
    )
    return response


def find_text(request, pk):
    """A text in scope, with what every page about it prints."""
    report = get_object_or_404(
        TextReport.objects.visible_to(request.user).select_related(
            "duty__campaign", "period", "unit", "changed_by", "repeats__unit", "repeats__period"
        ),
        pk=pk,
    )
    enter(request, report.duty.campaign)
    if report.period is not None:
        report.period.campaign = report.duty.campaign
    return report


def _seen(request):
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else -1
