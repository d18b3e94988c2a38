"""Downloads: official workbooks, templates, and figures as one long table; and the page that offers them.

Each download leaves a line in the log of the server: who took what.
"""

import logging
from dataclasses import dataclass

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.http import require_safe

from campaigns.models import UnitPlace
from reports.excel.flat import flat_workbook
from reports.excel.many import series_workbook, units_workbook
from reports.excel.template import template_archive, template_workbook
from reports.excel.write import (
    blank_workbook,
    file_name,
    forms_workbook,
    report_workbook,
    roll_up_workbook,
    safe_name,
)
from reports.exchange import flat
from reports.exchange.batches import may_gather
from reports.exchange.exports import counted_reports, owed_below
from reports.models import Submission
from reports.rollup import RollUpError, place_at, roll_up
from reports.tasks import owes, place_held

from .finding import find_campaign, find_form, find_period, find_place, find_submission
from .totals import BASIS_NAMES, MEASURE_NAMES, chosen, find_roll_up

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = "application/zip"
CSV = "text/csv; charset=utf-8"
MOST_SHEETS = 300
"""Of a workbook with a sheet a unit: what is longer is taken a city at a time."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A kind of file. links: what it is called in each of its variants, with the address."""

    name: str
    says: str
    links: list[tuple[str, str]]


@require_safe
def exports(request, campaign):
    """导出: what can be taken out about a form, a period and a unit in scope."""
    campaign = find_campaign(request, campaign)
    ends_on = request.GET.get("period")
    period = find_period(campaign, ends_on) if ends_on else campaign.period_at(timezone.now())
    if period is None:
        raise Http404
    period.campaign = campaign
    roots = _roots(request.user, period)
    code = request.GET.get("unit")
    place = find_place(request, period, code) if code else next(iter(roots), None)
    if place is None:
        raise Http404
    owed = owed_below(request.user, period, place)
    forms = [form for form, _ in owed]
    code = request.GET.get("form")
    asked = find_form(campaign, code) if code else None
    form = asked if asked in forms else next(iter(forms), None)
    choice = chosen(request)
    children = place.children.filter(pk__in=UnitPlace.objects.visible_to(request.user).values("pk"))
    held = UnitPlace.objects.held_in(period).filter(pk__in=children.values("pk"))
    above = UnitPlace.objects.visible_to(request.user).filter(pk__in=place.ancestor_ids)
    context = {
        "campaign": campaign,
        "period": period,
        "periods": [
            one for one in campaign.periods.all() if one == period or one.starts_on <= campaign.today()
        ],
        "form": form,
        "forms": forms,
        "place": place,
        "above": above.select_related("unit").order_by("path"),
        "below": held.select_related("unit").order_by("position"),
        "roots": [root for root in roots if root.pk not in place.ancestor_ids],
        "choice": choice,
        "bases": BASIS_NAMES,
        "gathers": may_gather(request.user, campaign),
        "offers": _offers(request, form, period, place, choice, dict(owed)) if form else [],
    }
    return render(request, "reports/exports.html", context)


def _roots(user, period):
    """The user's units in the campaign as they stand in the period, the highest first."""
    by_unit = {}
    places = period.campaign.places.filter(unit__memberships__user=user).distinct()
    for place in places.select_related("unit").order_by("position"):
        by_unit.setdefault(place.unit_id, []).append(place)
    held = [place_held(places, period.ends_on) for places in by_unit.values()]
    return sorted((place for place in held if place), key=lambda place: len(place.path))


def _offers(request, form, period, place, choice, owed):
    """The kinds of file there are for this choice, each with its addresses."""
    one = [period.campaign.code, form.code, period.ends_on.isoformat(), place.unit.code]
    whole = [one[0], *one[2:]]
    own = Submission.objects.visible_to(request.user).filter(report_form=form, period=period, unit=place.unit)
    offers = []
    if report := own.first():
        address = reverse("reports:submission-export", args=[report.pk])
        offers.append(Offer("本单位报表", "本单位填报的官方表；未通过的在页脚注明。", [("Excel", address)]))
    if _may_roll_up(request, one):
        basis = {"basis": choice["basis"]}

        def asked(name, arguments, **more):
            return f"{reverse(f'reports:{name}', args=arguments)}?{urlencode(basis | more)}"

        def totals(name, arguments):
            return [
                ("数值", asked(name, arguments)),
                ("总计为公式", asked(name, arguments, formulas=1)),
            ]

        offers.append(
            Offer(
                "汇总表",
                "官方表式，总计在前，每个单位一行，附沿用、未报说明。",
                totals("roll-up-export", one),
            )
        )
        if place.children.exists() and len(owed[form]) <= MOST_SHEETS:
            says = f"总计一张，{len(owed[form])} 个填报单位中计入总计的各一张。"
            offers.append(Offer("各单位报表", says, totals("units-export", one)))
        if len(owed) > 1:
            says = f"{len(owed)} 张报表的汇总表合为一个工作簿。"
            offers.append(Offer("全部报表", says, totals("forms-export", whole)))
        measures = [
            (name, asked("series-export", one, measure=key))
            for key, name in MEASURE_NAMES.items()
            if choice["basis"] != "strict" or key == "cumulative"
        ]
        offers.append(Offer("各期数据", "从第 1 期到所选报告期，每期一行。", measures))
    scope = {"unit": place.unit.code}
    offers += [
        Offer(
            "数据明细",
            "每个数值一行，含状态、是否按时、上期数值和本期新增，供统计分析；包括草稿，可按状态筛选。",
            [
                ("本表本期 CSV", _flat("csv", period, scope | {"form": one[1], "period": one[2]})),
                ("本表本期 Excel", _flat("xlsx", period, scope | {"form": one[1], "period": one[2]})),
                ("全部 CSV", _flat("csv", period, scope)),
                ("全部 Excel", _flat("xlsx", period, scope)),
            ],
        ),
        Offer(
            "填报模板", "官方表式，附上期数，可离线填好再导入。", _templates(form, one, whole, place, owed)
        ),
        Offer("空表", "供打印手填。", [("Excel", reverse("reports:blank-export", args=one))]),
    ]
    return offers


def _templates(form, one, whole, place, owed):
    links = []
    if owes(place, form):
        links.append(("本单位", reverse("reports:template-export", args=one)))
    files = sum(map(len, owed.values()))
    if files > 1:
        links.append((f"全部 {files} 份（zip）", reverse("reports:templates-export", args=whole)))
    return links


def _flat(kind, period, asked):
    return f"{reverse(f'reports:figures-{kind}', args=[period.campaign.code])}?{urlencode(asked)}"


def _may_roll_up(request, one):
    try:
        find_roll_up(request, *one)
    except Http404:
        return False
    return True


@require_safe
def roll_up_export(request, campaign, form, period, unit):
    """The unit with all below it, on the basis and in the measure that its page shows."""
    found = find_roll_up(request, campaign, form, period, unit)
    rollup = _rolled_up(found.form, found.period, found.place, chosen(request))
    content = roll_up_workbook(
        found.form,
        found.period,
        found.place.unit,
        rollup,
        formulas=_wants_formulas(request),
        place=found.place,
    )
    return _download(request, content, file_name(found.form, found.period, found.place.short, "roll-up"))


@require_safe
def units_export(request, campaign, form, period, unit):
    """总计, and a sheet for each unit below with the report that it counts."""
    found = find_roll_up(request, campaign, form, period, unit)
    choice = chosen(request)
    owed = dict(owed_below(request.user, found.period, found.place))
    places = owed.get(found.form, [])
    if len(places) > MOST_SHEETS or choice["measure"] != "cumulative":
        raise Http404
    rollup = _rolled_up(found.form, found.period, found.place, choice)
    counted = counted_reports(found.form, found.period, places, choice["basis"])
    content = units_workbook(
        found.form, found.period, found.place.unit, rollup, counted, formulas=_wants_formulas(request)
    )
    return _download(request, content, file_name(found.form, found.period, found.place.short, "units"))


@require_safe
def forms_export(request, campaign, period, unit):
    """All forms that the unit or one below it owes, in one workbook."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    owed = owed_below(request.user, period, place)
    if not owed:
        raise Http404
    forms = find_roll_up(request, campaign.code, owed[0][0].code, period.ends_on.isoformat(), unit).forms
    choice = chosen(request)
    papers = [(form, _rolled_up(form, period, place, choice)) for form in forms]
    content = forms_workbook(place.unit, period, papers, formulas=_wants_formulas(request))
    name = safe_name("各表汇总", place.short, f"第{period.number}期", f"截至{period.ends_on}")
    return _download(request, content, f"{name}.xlsx")


@require_safe
def series_export(request, campaign, form, period, unit):
    """The unit with all below it over the periods up to this one, a row a period."""
    found = find_roll_up(request, campaign, form, period, unit)
    choice = chosen(request)
    periods = found.period.campaign.periods.filter(ends_on__lte=found.period.ends_on).order_by("ends_on")
    series = []
    for one in periods:
        one.campaign = found.period.campaign
        series.append((one, _rolled_up(found.form, one, found.place, choice)))
    content = series_workbook(found.form, found.place.unit, series)
    return _download(request, content, file_name(found.form, found.period, found.place.short, "series"))


@require_safe
def blank_export(request, campaign, form, period, unit):
    """The form as issued, headed for the unit and to be filled by hand."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    name = file_name(form, period, place.short, "blank")
    return _download(request, blank_workbook(form, place.unit, period), name)


@require_safe
def submission_export(request, pk):
    """What the unit itself filed."""
    submission = find_submission(request, pk)
    place = place_at(submission.unit, submission.period)
    name = file_name(submission.report_form, submission.period, place.short)
    return _download(request, report_workbook(submission), name)


@require_safe
def template_export(request, campaign, form, period, unit):
    """The form to be filled in Excel and uploaded, for one unit that owes it."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    if not owes(place, form):
        raise Http404
    name = file_name(form, period, place.short, "template")
    return _download(request, template_workbook(form, place, period), name)


@require_safe
def templates_export(request, campaign, period, unit):
    """The templates of a unit and of all below it that the user reads, in one zip."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    place = find_place(request, period, unit)
    owed = owed_below(request.user, period, place)
    if not owed:
        raise Http404
    name = f"{safe_name('填报模板', place.short, f'第{period.number}期', f'截至{period.ends_on}')}.zip"
    return _streamed(request, template_archive(period, owed), name, ZIP)


@require_safe
def figures_csv(request, campaign):
    """Every figure that the user reads of the campaign, form, period and unit asked for, a line each."""
    campaign = find_campaign(request, campaign)
    rows, name = _figures(request, campaign)
    return _streamed(request, flat.as_csv(rows), f"{name}.csv", CSV)


@require_safe
def figures_xlsx(request, campaign):
    """The same as a workbook."""
    campaign = find_campaign(request, campaign)
    rows, name = _figures(request, campaign)
    return _streamed(request, flat_workbook("数据", flat.HEAD, rows, flat.NUMBERS), f"{name}.xlsx", XLSX)


def _figures(request, campaign):
    """The lines asked for, and a name for them."""
    reports = Submission.objects.visible_to(request.user).filter(period__campaign=campaign)
    parts = ["明细"]
    if code := request.GET.get("form"):
        form = find_form(campaign, code)
        reports = reports.filter(report_form=form)
        parts.append(form.annex or form.title)
    period = None
    if ends_on := request.GET.get("period"):
        period = find_period(campaign, ends_on)
        reports = reports.filter(period=period)
        parts.append(f"第{period.number}期")
    if code := request.GET.get("unit"):
        place = find_place(request, period or campaign.period_at(timezone.now()), code)
        below = UnitPlace.objects.filter(campaign=campaign, path__startswith=place.path)
        reports = reports.filter(unit__in=below.values("unit"))
        parts.append(place.short)
    return flat.lines(campaign, reports), safe_name(*parts, timezone.localdate().isoformat())


def _rolled_up(form, period, place, choice):
    try:
        return roll_up(form, period, place.unit, **choice)
    except RollUpError:
        # Increments on the basis of this period alone: the page says why there are none.
        raise Http404 from None


def _wants_formulas(request):
    return request.GET.get("formulas") == "1"


def _download(request, content, name):
    """A workbook to be saved."""
    return HttpResponse(content, headers=download_headers(request, name, XLSX))


def _streamed(request, pieces, name, content_type):
    """A file that is sent while it is made."""
    return StreamingHttpResponse(pieces, headers=download_headers(request, name, content_type))


def download_headers(request, name, content_type):
    """The figures are not everyone's and may change: no cache keeps them."""
    log.info("%s took %s as %s", request.user.get_username(), request.get_full_path(), name)
    return {
        "Content-Type": content_type,
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=name),
        "Cache-Control": "no-store",
    }
