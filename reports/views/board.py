"""汇总: a unit with all below it on the official form; several lines side by side, never added together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, Max, OuterRef, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.models import Campaign, ReportForm, ReportingPeriod, UnitPlace
from campaigns.models.units import PATH_DIGITS, UnitPlaceQuerySet
from chunfeng.accounts.models import User
from reports import permissions
from reports.letterhead import heading
from reports.models import Edition, Submission
from reports.numbers import format_figure
from reports.publishing.published import Paper
from reports.rollup import BASES, MEASURES, RollUp, Row, Total, roll_up, total_of
from reports.tasks import owes, place_held

from .finding import find_campaign, find_form, find_period, find_place

BASIS_NAMES = {
    "accepted": "正式数：已通过，缺报沿用",
    "received": "含待审：已上报即计，缺报沿用",
    "strict": "仅本期：本期已通过，不沿用",
}
MEASURE_NAMES = {"cumulative": "累计", "increment": "本期新增"}
MARKS = {
    "received": "（含待审报表，不是正式数）",
    "strict": "（仅含本期报送的单位，不是正式数）",
    "increment": "（本期新增）",
}
"""What stands under the title of a form that shows anything but official cumulative figures."""

BAR_WIDTH = 220
MANY_COLUMNS = 12
LONGEST_FIGURE = 7
"""Characters of a figure that fit a column where there are many, on a screen of 1366 pixels."""
NAMES_ON_TOP = 4
NAMES_OF_BLANKS = 8


@dataclass(frozen=True)
class Found:
    """What the address of a roll-up names. crumbs: the places from the user's highest down to this one, included.

    forms: all that the unit or one below it owes in the period.
    """

    form: ReportForm
    period: ReportingPeriod
    place: UnitPlace
    crumbs: list[UnitPlace]
    forms: list[ReportForm]


@dataclass(frozen=True)
class PrintedRow:
    """A row of the roll-up as the page prints it.

    url: the row's own roll-up, or the counted report of a unit with none below it; "" where none is counted.
    status, is_late: of that report; status None where the row stands for several units or nothing is counted.
    carried_from: number of the period whose report is carried, None where none is.
    waits: this period's report is submitted and not counted.
    jump: what the increment of a unit covers where it is more than this period: "第2—3期", "首次报送" or "".
    """

    row: Row
    url: str
    status: str | None
    is_late: bool | None
    carried_from: int | None
    waits: bool
    jump: str
    figures: tuple[str, str] | None = None
    """What stands before and after the column's number in the address; None where nothing is counted."""

    @property
    def is_report(self) -> bool:
        """True for the report of one unit, False for a unit with all below it."""
        return _is_report(self.row)

    @property
    def is_carried(self) -> bool:
        """True where the row holds earlier figures alone; an exempted unit's may be earlier ones, too."""
        return self.row.state == "carried" or (self.row.state == "exempt" and self.carried_from is not None)


@require_safe
def roll_up_home(request, campaign):
    """Lead to the user's highest unit: to its latest total, or to its lines where it has several.

    Who reads no total, as the clerk of a unit with others below it, comes to the reports that there are to read.
    """
    campaign = find_campaign(request, campaign)
    found = first_total(request.user, campaign)
    if found is None:
        return redirect("reports:submission-list", campaign.code)
    place, period, forms = found
    if len({form.line for form in forms}) > 1:
        return redirect("reports:lines", campaign.code, period.ends_on.isoformat())
    return redirect(address_of(forms[0], period, place.unit.code))


@require_safe
def roll_up_page(request, campaign, form, period, unit):
    """One form of a unit with all below it: 总计 first, then its own report and its direct children."""
    found = find_roll_up(request, campaign, form, period, unit)
    form, period, place = found.form, found.period, found.place
    choice = chosen(request)
    if "form" in request.GET or "period" in request.GET:
        # The filters are a plain form; the address names what is shown.
        form = find_form(period.campaign, request.GET.get("form", form.code))
        period = find_period(period.campaign, request.GET.get("period", period.ends_on.isoformat()))
        return redirect(address_of(form, period, unit, choice))
    has_no_increment = choice == {"basis": "strict", "measure": "increment"}
    if has_no_increment:
        choice["measure"] = "cumulative"
    periods = list(period.campaign.periods.all())
    published = Edition.objects.visible_to(request.user).filter(unit=place.unit, period=period)
    rollup = roll_up(form, period, place.unit, **choice)
    context = printed(rollup, form, period, place, periods, choice) | {
        "campaign": period.campaign,
        "period": period,
        "place": place,
        "crumbs": crumb_links(found.crumbs, form, period, choice),
        "others": _other_roots(request.user, form, period, found.crumbs[0]),
        "forms": found.forms,
        "periods": [one for one in periods if one == period or one.starts_on <= period.campaign.today()],
        "choice": choice,
        "bases": BASIS_NAMES,
        "measures": [
            (name, address_of(form, period, unit, choice | {"measure": key}), key == choice["measure"])
            for key, name in MEASURE_NAMES.items()
        ],
        "has_no_increment": has_no_increment,
        "figures": figures_at(form, period, unit, choice),
        "export": address_of(form, period, unit, choice, page="roll-up-export"),
        "edition": published.defer("content", "workbook").order_by("-issue").first(),
        "reads_editions": permissions.reads_totals(request.user, period.campaign),
        "may_publish": permissions.can_publish(request.user, place.unit),
        "now": timezone.now(),
    }
    return render(request, "reports/roll_up.html", context)


@require_safe
def lines(request, campaign, period):
    """The lines of the user's highest unit side by side: the 总计 of each form, and no sum over them."""
    campaign = find_campaign(request, campaign)
    period = find_period(campaign, period)
    reading = _reading(request.user)
    held = (place_held(places, period.ends_on) for places in _roots(request.user, campaign))
    owed = ((place, _forms_below(place, period)) for place in held if place and place.unit_id in reading)
    place, forms = next(
        ((place, forms) for place, forms in owed if len({form.line for form in forms}) > 1), (None, [])
    )
    if place is None:
        raise Http404
    if "period" in request.GET:
        period = find_period(campaign, request.GET["period"])
        return redirect("reports:lines", campaign.code, period.ends_on.isoformat())
    heads = _heads(place, period, forms)
    rollups = [roll_up(form, period, head.unit) for form, head in zip(forms, heads, strict=True)]
    grown = [
        total_of(form, period, head.unit, measure="increment")
        for form, head in zip(forms, heads, strict=True)
    ]
    periods = [one for one in campaign.periods.all() if one == period or one.starts_on <= campaign.today()]
    context = {
        "campaign": campaign,
        "period": period,
        "periods": periods,
        "place": place,
        "panels": [
            paper_of(form, rollup, heading(form, head))
            | {
                "place": head,
                "url": address_of(form, period, head.unit.code),
                "figures": figures_at(form, period, head.unit.code),
            }
            for form, rollup, head in zip(forms, rollups, heads, strict=True)
        ],
        "common": _common(forms, period, heads, grown),
        "now": timezone.now(),
    }
    return render(request, "reports/lines.html", context)


@dataclass(frozen=True)
class LineCell:
    """A column of one line's form, beside the like of other lines. increment: what the period added."""

    total: Decimal | None
    increment: Decimal | None
    decimals: int
    url: str


def _common(
    forms: Sequence[ReportForm],
    period: ReportingPeriod,
    heads: Sequence[UnitPlace],
    totals: Sequence[Total],
) -> list[tuple[str, str, list[LineCell | None]]]:
    """The columns that more than one form has, by label, unit and parent: what each line says, in printed order.

    totals: with increments. No sum over lines: the same people may stand in several.
    """
    found: dict[tuple[str, str, str], list[LineCell | None]] = {}
    for number, (form, head, total) in enumerate(zip(forms, heads, totals, strict=True)):
        labels = {column.pk: column.label for column in form.columns}
        before, after = figures_at(form, period, head.unit.code)
        for column in form.columns:
            parent = labels[column.parent_id] if column.parent_id else ""
            key = (column.label, column.unit_of_measure, parent)
            cells = found.setdefault(key, [None] * len(forms))
            cells[number] = LineCell(
                total.cumulative[column.number],
                total.total[column.number],
                column.decimals,
                f"{before}{column.number}{after}",
            )
    return [
        (f"{parent}，{label}" if parent else label, unit, cells)
        for (label, unit, parent), cells in found.items()
        if sum(cell is not None for cell in cells) > 1
    ]


def first_total(user: User, campaign: Campaign) -> tuple[UnitPlace, ReportingPeriod, list[ReportForm]] | None:
    """The user's highest unit whose total is the user's to read, at its latest period with figures; the forms there.

    The total of a unit with others below it is for those who read below it.
    """
    reading = _reading(user)
    for places in _roots(user, campaign):
        period = _latest_period(campaign, places)
        place = place_held(places, period.ends_on) if period else None
        if period is None or place is None:
            continue
        is_read = place.unit_id in reading or not place.children.exists()
        if is_read and (forms := _forms_below(place, period)):
            return place, period, forms
    return None


def head_of(place: UnitPlace, period: ReportingPeriod, form: ReportForm) -> UnitPlace:
    """The unit under `place` that stands over all that owe the form: an office above several lines has one a line."""
    return _heads(place, period, [form])[0] if not place.line and form.line else place


def find_roll_up(request, campaign, form, period, unit):
    """Find what the address of a roll-up names; 404 where nobody at the unit or below it owes the form."""
    campaign = find_campaign(request, campaign)
    form = find_form(campaign, form)
    period = find_period(campaign, period)
    place, crumbs, forms = find_total(request, period, unit)
    if form not in forms:
        raise Http404
    return Found(form, period, place, crumbs, forms)


def find_total(request, period, unit):
    """Return the place of a unit in a period, the path to it, and the forms that it or one below it owes.

    404 for whoever does not read below the unit, unless it has none below it then; where it does not count in the
    period; where nobody there owes anything.
    """
    place = find_place(request, period, unit)
    crumbs = _crumbs(request.user, place)
    if not crumbs and not place.children.counted_in(period).exists():
        crumbs = [place]
    forms = _forms_below(place, period)
    if not crumbs or place_held([place], period.ends_on) is None or not forms:
        raise Http404
    return place, crumbs, forms


def chosen(request):
    """Return the basis and the measure that the address asks for; 404 for one that does not exist."""
    basis = request.GET.get("basis", BASES[0])
    measure = request.GET.get("measure", MEASURES[0])
    if basis not in BASES or measure not in MEASURES:
        raise Http404
    return {"basis": basis, "measure": measure}


def printed(
    rollup: RollUp,
    form: ReportForm,
    period: ReportingPeriod,
    place: UnitPlace,
    periods: Sequence[ReportingPeriod],
    choice: Mapping[str, str],
) -> dict[str, Any]:
    """What the official form prints of a roll-up with a row a unit. periods: all of the campaign."""
    rows = printed_rows(rollup, form, period, periods, choice)
    return paper_of(form, rollup, heading(form, place), rows) | {
        "rows": rows,
        "waiting": _waiting(form, period, place),
    }


def _roots(user: User, campaign: Campaign) -> list[list[UnitPlace]]:
    """The places of each of the user's units: the units that read below first, the highest first of all."""
    reading = _reading(user)
    by_unit: dict[int, list[UnitPlace]] = {}
    places = campaign.places.filter(unit__memberships__user=user).distinct()
    for place in places.select_related("unit").order_by("position"):
        by_unit.setdefault(place.unit_id, []).append(place)
    return sorted(
        by_unit.values(), key=lambda places: (places[0].unit_id not in reading, len(places[0].path))
    )


def _reading(user: User) -> set[int]:
    """Ids of the units below which `user` reads."""
    return {membership.unit_id for membership in user.memberships.all() if membership.reads_below}


def _crumbs(user: User, place: UnitPlace) -> list[UnitPlace]:
    """The places from the highest below which `user` reads down to this one; none where there is none."""
    reading = _reading(user)
    above = UnitPlace.objects.select_related("unit").in_bulk(place.ancestor_ids)
    path = [above[pk] for pk in place.ancestor_ids]
    first = next((number for number, one in enumerate(path) if one.unit_id in reading), len(path))
    return path[first:]


def highest_place(user: User, place: UnitPlace) -> UnitPlace:
    """The highest place on the path to this one below which `user` reads; the place itself where there is none."""
    return next(iter(_crumbs(user, place)), place)


def _latest_period(campaign: Campaign, places: Iterable[UnitPlace]) -> ReportingPeriod | None:
    """The latest period with an accepted report at one of the places or below, else the one to report now."""
    accepted = Submission.objects.accepted().filter(period=OuterRef("pk"), unit__places__in=_below(places))
    latest = campaign.periods.filter(Exists(accepted)).order_by("ends_on").last()
    return latest or campaign.period_at(timezone.now())


def _below(places: Iterable[UnitPlace]) -> UnitPlaceQuerySet:
    """These places of one campaign and all below them."""
    scope = Q(pk__in=[])
    for place in places:
        scope |= Q(path__startswith=place.path)
    return UnitPlace.objects.filter(scope)


def _forms_below(place: UnitPlace, period: ReportingPeriod) -> list[ReportForm]:
    """The forms that the unit or one below it owes in the period, in printed order."""
    reporting = _below([place]).counted_in(period).filter(reports=True)
    lines_below = reporting.order_by().values_list("line", flat=True).distinct()
    kinds = [UnitPlace(reports=True, line=line) for line in lines_below]
    return [form for form in period.campaign.forms.all() if any(owes(kind, form) for kind in kinds)]


def _heads(place: UnitPlace, period: ReportingPeriod, forms: Iterable[ReportForm]) -> list[UnitPlace]:
    """For each form the child of `place` under which all stand that owe it; `place` if there are more."""
    reporting = list(_below([place]).counted_in(period).filter(reports=True).only("path", "line", "reports"))
    by_path = {child.path: child for child in place.children.select_related("unit")}
    heads = []
    for form in forms:
        stems = {one.path[: len(place.path) + PATH_DIGITS + 1] for one in reporting if owes(one, form)}
        heads.append(by_path.get(stems.pop(), place) if len(stems) == 1 else place)
    return heads


def _waiting(form: ReportForm, period: ReportingPeriod, place: UnitPlace) -> int:
    """How many reports of this very period are submitted and wait for a decision."""
    submitted = Submission.objects.filter(report_form=form, period=period, status=Submission.Status.SUBMITTED)
    return submitted.filter(unit__places__in=_below([place]).counted_in(period)).distinct().count()


def _is_report(row: Row) -> bool:
    return row.own or not row.has_below


def printed_rows(
    rollup: RollUp,
    form: ReportForm,
    period: ReportingPeriod,
    periods: Sequence[ReportingPeriod],
    choice: Mapping[str, str],
) -> list[PrintedRow]:
    """The rows with their links and states: two queries at most, however many rows there are."""
    numbered = {one.ends_on: one for one in periods}
    units = [row.unit for row in rollup.rows if _is_report(row)]
    ends = {row.as_of for row in rollup.rows if row.as_of} | {period.ends_on}
    reports = {
        (report.unit.code, report.ends_on): report
        for report in Submission.objects.filter(report_form=form, unit__code__in=units, ends_on__in=ends)
        .with_due_at()
        .select_related("unit", "period")
    }
    jumps = _jumps(rollup, form, period, periods, units) if rollup.measure == "increment" else {}

    def figures_of(row: Row) -> tuple[str, str] | None:
        if row.as_of is None:
            return None
        if _is_report(row):
            return figures_at(form, numbered[row.as_of], row.unit, page="cell-details")
        return figures_at(form, period, row.unit, choice)

    def printed(row: Row) -> PrintedRow:
        report = reports.get((row.unit, row.as_of)) if row.as_of and _is_report(row) else None
        latest = reports.get((row.unit, period.ends_on)) if _is_report(row) else None
        if not _is_report(row):
            url = address_of(form, period, row.unit, choice)
        else:
            url = reverse("reports:submission-detail", args=[report.pk]) if report else ""
        is_counted = report is not None and report == latest
        return PrintedRow(
            row=row,
            url=url,
            status=report.status if report else None,
            is_late=report.is_late if report else None,
            carried_from=numbered[row.as_of].number if report and not is_counted and row.as_of else None,
            waits=latest is not None and latest.status == Submission.Status.SUBMITTED and not is_counted,
            jump=jumps.get(row.unit, ""),
            figures=figures_of(row),
        )

    return [printed(row) for row in rollup.rows]


def _jumps(
    rollup: RollUp,
    form: ReportForm,
    period: ReportingPeriod,
    periods: Sequence[ReportingPeriod],
    units: Iterable[str],
) -> dict[str, str]:
    """What the increments of units cover that reported in this period but not in the one before."""
    earlier = [one for one in periods if one.ends_on < period.ends_on]
    if not earlier:
        return {}
    counted = Submission.objects.accepted() if rollup.basis == "accepted" else Submission.objects.sent()
    counted = counted.filter(report_form=form, unit__code__in=units, ends_on__lt=period.ends_on)
    last = dict(counted.order_by().values_list("unit__code").annotate(Max("ends_on")))
    jumps = {}
    for row in rollup.rows:
        if not _is_report(row) or row.as_of != period.ends_on or last.get(row.unit) == earlier[-1].ends_on:
            continue
        if row.unit not in last:
            jumps[row.unit] = "首次报送"
        else:
            first = next(one for one in periods if one.ends_on > last[row.unit])
            jumps[row.unit] = f"第{first.number}—{period.number}期"
    return jumps


def paper_of(
    form: ReportForm | Paper, rollup: RollUp, heading: Sequence[str], rows: Iterable[PrintedRow] = ()
) -> dict[str, Any]:
    """What the official form, the line of coverage above it and the notes below it print of a roll-up."""
    coverage = rollup.coverage
    bar, start = [], 0
    for part, units in (("done", coverage.reported), ("carried", coverage.carried), ("none", coverage.never)):
        width = round(BAR_WIDTH * units / coverage.expected) if coverage.expected else 0
        bar.append((part, start, width))
        start += width
    absent = [
        ("沿用", [f"{name}（截至{_day(as_of)}）" for name, as_of in rollup.carried]),
        ("未报", rollup.never),
        ("免报", rollup.exempt),
    ]
    return {
        "form": form,
        "rollup": rollup,
        "heading": heading,
        "footnotes": _footnotes(rollup, rows),
        "is_wide": _is_wide(form, rollup),
        "marks": [MARKS[key] for key in (rollup.measure, rollup.basis) if key in MARKS],
        "bar": bar,
        "absent": "".join(f"{word}：{_listed(names, NAMES_ON_TOP)}。" for word, names in absent if names),
    }


def _footnotes(rollup: RollUp, rows: Iterable[PrintedRow]) -> list[str]:
    """What stands below the form. Note 1 explains the sign at totals, note 2 that at units."""
    notes = []
    if rollup.blank:
        notes.append(f"1 留空的单位：{'，'.join(_blanks(rollup))}；未计入总计，留空不等于 0。")
    if jumps := [f"{row.row.name}（{row.jump}）" for row in rows if row.jump]:
        notes.append(f"2 上期未报送，本期新增包含以前各期：{'、'.join(jumps)}。")
    absent = [
        ("沿用上期", [f"{name}（截至{_day(as_of)}）" for name, as_of in rollup.carried]),
        ("未报送", rollup.never),
        ("免报", rollup.exempt),
    ]
    if parts := [f"{word}：{'、'.join(names)}" for word, names in absent if names]:
        notes.append(f"{'；'.join(parts)}。")
    return notes


def _blanks(rollup: RollUp) -> list[str]:
    """Say for each column that units left blank which ones they are, or how many below which unit."""
    texts = []
    for number in rollup.blank:
        names = [
            row.name if _is_report(row) else f"{row.name}（{row.blank[number]}个单位）"
            for row in rollup.rows
            if row.blank.get(number)
        ]
        texts.append(f"第{number}列 {_listed(names, NAMES_OF_BLANKS)}")
    return texts


def _listed(names: Sequence[str], most: int) -> str:
    if len(names) <= most:
        return "、".join(names)
    return f"{'、'.join(names[:most])}等{len(names)}个"


def _is_wide(form: ReportForm | Paper, rollup: RollUp) -> bool:
    """True where figures need more room than a screen of 1366 pixels gives to so many columns."""
    if form.header.width <= MANY_COLUMNS:
        return False

    def width(value: Decimal | None, decimals: int) -> int:
        mark = 1 if value is not None and value < 0 else 0
        return len(format_figure(value, decimals)) + mark

    return any(
        width(values[column.number], column.decimals) > LONGEST_FIGURE
        for values in (rollup.total, *(row.values for row in rollup.rows))
        for column in form.columns
    )


def crumb_links(
    crumbs: Sequence[UnitPlace],
    form: ReportForm,
    period: ReportingPeriod,
    choice: Mapping[str, str],
    column: int | None = None,
) -> list[tuple[str, str]]:
    """Names and addresses from the user's highest unit down; the last is the page itself.

    column: lead to this figure of each unit's roll-up instead of to the whole of it.
    """
    links = []
    for number, place in enumerate(crumbs):
        is_above_lines = number == 0 and not place.line and any(one.line for one in crumbs)
        # Below several lines the short name is the same in each: only the whole name tells them apart.
        name = place.name if place.line and (number == 0 or not crumbs[number - 1].line) else place.short
        if is_above_lines:
            name += "（各条线）"
            url = reverse("reports:lines", args=[period.campaign.code, period.ends_on.isoformat()])
        elif column is not None:
            before, after = figures_at(form, period, place.unit.code, choice)
            url = f"{before}{column}{after}"
        else:
            url = address_of(form, period, place.unit.code, choice)
        links.append((name, url))
    return links


def _other_roots(
    user: User, form: ReportForm, period: ReportingPeriod, root: UnitPlace
) -> list[tuple[str, str]]:
    """Names and addresses of the user's other units that read below, and do not stand below this one."""
    reading = _reading(user)
    held = [place_held(places, period.ends_on) for places in _roots(user, period.campaign)]
    links = []
    for place in held:
        if place is None or place.unit_id not in reading or place.path.startswith(root.path):
            continue
        if forms := _forms_below(place, period):
            shown = form if form in forms else forms[0]
            links.append((place.name, address_of(shown, period, place.unit.code)))
    return links


def figures_at(
    form: ReportForm,
    period: ReportingPeriod,
    unit: str,
    choice: Mapping[str, str] | None = None,
    *,
    page: str = "roll-up-figure",
) -> tuple[str, str]:
    """What stands before and after the number of a column in the address of its figure."""
    url = reverse(
        f"reports:{page}", args=[period.campaign.code, form.code, period.ends_on.isoformat(), unit, 0]
    )
    return url.removesuffix("0/"), f"/{_query(choice)}"


def address_of(
    form: ReportForm,
    period: ReportingPeriod,
    unit: str,
    choice: Mapping[str, str] | None = None,
    *,
    page: str = "roll-up",
) -> str:
    """The address of a roll-up; basis and measure stand in it where they are not the official ones."""
    url = reverse(f"reports:{page}", args=[period.campaign.code, form.code, period.ends_on.isoformat(), unit])
    return f"{url}{_query(choice)}"


def _query(choice: Mapping[str, str] | None) -> str:
    official = {"basis": BASES[0], "measure": MEASURES[0]}
    asked = {key: value for key, value in (choice or {}).items() if value != official[key]}
    return f"?{urlencode(asked)}" if asked else ""


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
