"""简报: what has been drafted, one brief as a page whose numbers lead to their sources, and what is done to it."""

from itertools import groupby

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reports import permissions, word
from reports.briefs import facts, inserting, writing
from reports.briefs.numbers import (
    Chip,
    State,
    count_left_plain,
    for_typing,
    name_for_typing,
    pieces,
    plain_text,
)
from reports.briefs.sources import cases_of
from reports.briefs.word import document, head_name, table_of
from reports.excel.write import safe_name
from reports.models import Brief, BriefParagraph, Edition
from reports.publishing.published import papers

from .finding import enter, find_campaign
from .listing import page_of


@require_safe
def brief_list(request, campaign):
    """Briefs of the units that the user reads, the latest first; the user's own editions that have none yet."""
    campaign = find_campaign(request, campaign)
    if not permissions.reads_totals(request.user, campaign):
        raise PermissionDenied
    listed = Brief.objects.visible_to(request.user).filter(campaign=campaign)
    own = [places[0].unit_id for places in permissions.publishing_places(request.user, campaign)]
    offered = (
        Edition.objects.filter(period__campaign=campaign, unit__in=own, briefs=None)
        .defer("content", "workbook")
        .select_related("unit", "period")
        .order_by("-period__ends_on", "path", "-issue")
    )
    context = {
        "campaign": campaign,
        "page": page_of(
            request, listed.select_related("unit", "edition__period", "changed_by").defer(*_HEAVY)
        ),
        "offered": offered[:3],
        "latest": Edition.objects.filter(period__campaign=campaign, unit__in=own)
        .defer("content", "workbook")
        .select_related("unit", "period")
        .order_by("-period__ends_on", "path", "-issue")
        .first(),
        "publishes": bool(own),
    }
    return render(request, "reports/briefs/list.html", context)


_HEAVY = ("edition__content", "edition__workbook")


@require_POST
def edition_brief(request, pk):
    """Draft a numbered issue from an edition of the user's own unit."""
    editions = Edition.objects.visible_to(request.user).select_related("period__campaign", "unit")
    edition = get_object_or_404(editions.defer("workbook"), pk=pk)
    enter(request, edition.period.campaign)
    if not writing.can_write(request.user, edition):
        raise PermissionDenied
    try:
        brief = writing.draft(edition, by=request.user, kind=request.POST.get("kind", Brief.Kind.BRIEF))
    except writing.BriefError as error:
        messages.error(request, str(error))
        return redirect("reports:brief-list", edition.period.campaign.code)
    messages.success(request, f"已起草{brief}，每个数字都与发布数据相连。")
    return redirect("reports:brief-detail", brief.pk)


@require_safe
def brief_detail(request, pk):
    brief = _find(request, pk)
    return render(request, "reports/briefs/detail.html", _page(request, brief))


@require_POST
def brief_insert(request, pk):
    """Put a block after a paragraph; an empty one is opened for writing at once."""
    brief = _find_to_write(request, pk)
    asked = {name: request.POST.get(name, "") for name in ("what", "indicator", "case")}
    try:
        drafted = inserting.block(facts.read(brief.edition), **asked)
        position = writing.insert(
            brief,
            drafted,
            after=_whole(request.POST, "after"),
            seen=_whole(request.POST, "seen"),
            by=request.user,
        )
    except writing.BriefError as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('reports:brief-detail', args=[pk])}#insert")
    if not drafted.text:
        return redirect("reports:brief-paragraph", pk, position)
    messages.success(request, f"已插入“{inserting.Block(asked['what']).label}”，数字与来源相连。")
    return redirect(f"{reverse('reports:brief-detail', args=[pk])}#p{position}")


@require_safe
def brief_version(request, pk, number):
    """The text as it once stood, against the numbers of today."""
    brief = _find(request, pk)
    version = get_object_or_404(brief.versions, number=number)
    published, now = facts.known(brief.edition)
    paragraphs = [
        BriefParagraph(brief=brief, position=position, **kept)
        for position, kept in enumerate(version.snapshot["paragraphs"], start=1)
    ]
    context = {
        "campaign": brief.campaign,
        "brief": brief,
        "version": version,
        "title": version.snapshot["title"],
        "head_name": head_name(brief),
        "sections": _sections(brief, paragraphs, published, now),
        "when": _when(brief.edition),
    }
    return render(request, "reports/briefs/version.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def brief_paragraph(request, pk, number):
    """Write one paragraph: a page of its own, so that it needs no script."""
    brief = _find_to_write(request, pk)
    paragraph = get_object_or_404(brief.paragraphs, position=number)
    published, now = facts.known(brief.edition)
    known = now | published
    if request.method != "POST":
        if not brief.is_editable:
            return redirect("reports:brief-detail", pk)
        return _paragraph_page(request, brief, paragraph, for_typing(paragraph.text, known), brief.version)
    typed, seen = request.POST.get("text", ""), _whole(request.POST, "seen")
    if measure := request.POST.get("insert"):
        return _paragraph_page(request, brief, paragraph, typed + _asked(request, measure, known), seen)
    left_plain = count_left_plain(typed, paragraph.text, known)
    try:
        writing.edit(brief, number, typed, known, seen=seen, by=request.user)
    except writing.BriefError as error:
        messages.error(request, str(error))
        return _paragraph_page(request, brief, paragraph, typed, seen, status=409)
    messages.success(request, "已保存。重新生成草稿时，这一段保持不变。")
    if left_plain:
        messages.warning(
            request,
            f"有 {left_plain} 个数字改动过或来自别的段落，已按普通文字保存，不再随来源刷新；"
            "需要相连的，请用“插入数字”重新插入。",
        )
    return redirect(f"{reverse('reports:brief-detail', args=[pk])}#p{number}")


def _asked(request, measure, known):
    """What stands for the number that the form names while someone types; "" for none."""
    unit = request.POST.get("unit", "")
    key = f"{request.POST.get('indicator', '')}.{measure}{'@' if unit else ''}{unit}"
    if key not in known:
        messages.error(request, "没有这个数字，请另选指标或单位。")
        return ""
    return name_for_typing(key, known)


def _paragraph_page(request, brief, paragraph, typed, seen, status=200):
    listed = papers(brief.edition)
    context = {
        "campaign": brief.campaign,
        "brief": brief,
        "paragraph": paragraph,
        "typed": typed,
        "seen": seen,
        "rows": min(24, 3 + typed.count("\n") + len(typed) // 40),
        "indicators": _indicators(listed),
        "units": {row.unit: row.name for paper in listed for row in paper.increment.rows},
        "indicator": request.POST.get("indicator", ""),
        "unit": request.POST.get("unit", ""),
    }
    return render(request, "reports/briefs/paragraph.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def brief_numbers(request, pk, number):
    """The numbers of one paragraph, each with its source; one is refreshed, frozen or set free again."""
    brief = _find_to_write(request, pk)
    paragraph = get_object_or_404(brief.paragraphs, position=number)
    published, now = facts.known(brief.edition)
    if request.method == "POST":
        what, _, asked = request.POST.get("change", "").partition(":")
        which = int(asked) if asked.isdecimal() and len(asked) < 6 else 0
        try:
            seen = _whole(request.POST, "seen")
            writing.change_number(brief, number, which, what, now, seen=seen, by=request.user)
        except writing.BriefError as error:
            messages.error(request, str(error))
        return redirect(f"{reverse('reports:brief-numbers', args=[pk, number])}#n{which}")
    urls = _urls(brief)
    chips = [one for one in pieces(paragraph.text, published, now) if isinstance(one, Chip)]
    context = {
        "campaign": brief.campaign,
        "brief": brief,
        "paragraph": paragraph,
        "numbers": [(chip, _url_of(chip, urls)) for chip in chips],
    }
    return render(request, "reports/briefs/numbers.html", context)


@require_POST
def brief_rename(request, pk):
    title = request.POST.get("title", "")
    return _done(request, pk, "标题已修改。", lambda brief, **move: writing.rename(brief, title, **move))


@require_POST
def brief_refresh(request, pk):
    def refresh(brief, **move):
        _, now = facts.known(brief.edition)
        writing.refresh(brief, now, **move)

    return _done(request, pk, "数字已刷新，文字没有改动；排名、单位名单等请核对，或重新生成草稿。", refresh)


@require_POST
def brief_freeze(request, pk):
    return _done(
        request,
        pk,
        "数字已冻结，刷新时不再变化。",
        lambda brief, **move: writing.freeze(brief, is_frozen=True, **move),
    )


@require_POST
def brief_thaw(request, pk):
    return _done(
        request,
        pk,
        "已解除冻结。",
        lambda brief, **move: writing.freeze(brief, is_frozen=False, **move),
    )


@require_POST
def brief_draft_again(request, pk):
    return _done(request, pk, "已重新生成，手工修改过的段落保持不变。", writing.draft_again)


@require_POST
def brief_issue(request, pk):
    return _done(request, pk, "已印发，数字已冻结。", writing.issue)


@require_safe
def brief_word(request, pk):
    brief = _find(request, pk)
    published, now = facts.known(brief.edition)
    data = document(brief, brief.paragraphs.all(), published | now)
    response = HttpResponse(data, content_type=word.CONTENT_TYPE)
    name = safe_name(brief.unit.name, head_name(brief), brief.issue)
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.docx")
    return response


def _find(request, pk):
    rows = Brief.objects.visible_to(request.user).select_related(
        "edition__period__campaign", "edition__unit", "unit", "campaign", "changed_by"
    )
    brief = get_object_or_404(rows.defer("edition__workbook"), pk=pk)
    enter(request, brief.campaign)
    return brief


def _find_to_write(request, pk):
    """The brief; 403 for whoever only reads it."""
    brief = _find(request, pk)
    if not writing.can_write(request.user, brief.edition):
        raise PermissionDenied
    return brief


def _done(request, pk, said, change):
    """Make a change and say what became of it. change: called with the brief, `seen` and `by`."""
    brief = _find_to_write(request, pk)
    try:
        change(brief, seen=_whole(request.POST, "seen"), by=request.user)
    except writing.BriefError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("reports:brief-detail", pk)


def _page(request, brief):
    published, now = facts.known(brief.edition)
    sections = _sections(brief, brief.paragraphs.all(), published, now)
    chips = [chip for _, paragraphs in sections for one in paragraphs for chip in one["chips"]]
    may_write = writing.can_write(request.user, brief.edition) and brief.is_editable
    return {
        "campaign": brief.campaign,
        "brief": brief,
        "head_name": head_name(brief),
        "sections": sections,
        "when": _when(brief.edition),
        "versions": brief.versions.defer("snapshot"),
        "may_write": may_write,
        "insert": _insertable(request, brief, sections, published | now) if may_write else None,
        "count": len(chips),
        "changed": sum(chip.has_changed for chip in chips),
        "gone": sum(chip.state == State.GONE for chip in chips),
        "frozen": sum(chip.state == State.FROZEN for chip in chips),
    }


def _when(edition):
    """第2期（截至2月2日），2月5日 10:00发布: what hovering over a number says beside its source."""
    at, ends_on = timezone.localtime(edition.published_at), edition.period.ends_on
    return f"{edition.title}（截至{ends_on.month}月{ends_on.day}日），{at.month}月{at.day}日 {at:%H:%M}发布"


def _insertable(request, brief, sections, known):
    """What the panel offers: indicators and cases of the edition; places as (position, section, first words)."""
    return {
        "indicators": _indicators(papers(brief.edition)),
        "cases": cases_of(brief.edition),
        "places": [
            (one["paragraph"].position, section, plain_text(one["paragraph"].text, known)[:18])
            for section, paragraphs in sections
            for one in paragraphs
        ],
        "after": _whole(request.GET, "after"),
    }


def _sections(brief, paragraphs, published, now):
    """(section, [{"paragraph", "lines" or "caption", "header", "rows", "chips"}]), in printed order."""
    urls = _urls(brief)

    def read(text):
        return [
            {"chip": piece, "url": _url_of(piece, urls)} if isinstance(piece, Chip) else {"text": piece}
            for piece in pieces(text, published, now)
        ]

    shown = []
    for section, group in groupby(paragraphs, key=lambda paragraph: paragraph.section):
        listed = []
        for paragraph in group:
            chips = [one for one in pieces(paragraph.text, published, now) if isinstance(one, Chip)]
            entry = {"paragraph": paragraph, "chips": chips, "lines": [], "header": []}
            if paragraph.kind == BriefParagraph.Kind.TABLE:
                caption, header, rows = table_of(paragraph.text)
                entry |= {
                    "caption": read(caption),
                    "header": [read(cell) for cell in header],
                    "rows": [[read(cell) for cell in row] for row in rows],
                }
            else:
                entry["lines"] = [read(line) for line in paragraph.text.split("\n") if line.strip()]
            listed.append(entry)
        shown.append((section, listed))
    return shown


def _urls(brief):
    """Where numbers lead: to the total of a form, by form; of other keys, by their first part."""
    campaign, period = brief.campaign.code, brief.edition.period.ends_on.isoformat()
    urls = {
        "cases": f"{reverse('reports:case-list', args=[campaign])}?period={period}&status=accepted",
        "late": reverse("reports:progress", args=[campaign]),
    }
    for form in brief.edition.content["forms"]:
        urls[form] = reverse("reports:roll-up", args=[campaign, form, period, brief.unit.code])
    return urls


def _url_of(chip, urls):
    source = chip.source
    if source and source.report:
        return reverse("reports:submission-detail", args=[source.report])
    if source and source.form:
        url = urls.get(source.form, "")
        return f"{url}?measure={source.measure}" if url else ""
    return urls.get(chip.key.partition(".")[0], "")


def _indicators(listed):
    """[(name of the form, [(fu1.2, 附件1第2列, 2 举办招聘活动（场次）)])] of papers."""
    return [
        (
            paper.annex or paper.title,
            [
                (
                    f"{paper.code}.{column.number}",
                    f"{paper.annex or paper.title}第{column.number}列",
                    f"{column.number} {column.label}（{column.unit}）",
                )
                for column in paper.columns
            ],
        )
        for paper in listed
    ]


def _whole(sent, name):
    """A whole number of a form or an address, -1 for anything else."""
    typed = sent.get(name, "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else -1
