"""What the official form prints of a roll-up: its rows with their links and states, coverage above, notes below."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.urls import reverse

from campaigns.models import ReportForm, ReportingPeriod, UnitPlace
from reports.letterhead import heading
from reports.models import Submission
from reports.numbers import format_figure
from reports.publishing.published import Paper
from reports.rollup import RollUp, Row

from .addresses import address_of, figures_at
from .totals import below

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


def _waiting(form: ReportForm, period: ReportingPeriod, place: UnitPlace) -> int:
    """How many reports of this very period are submitted and wait for a decision."""
    submitted = Submission.objects.filter(report_form=form, period=period, status=Submission.Status.SUBMITTED)
    return submitted.filter(unit__places__in=below([place]).counted_in(period)).distinct().count()


def _is_report(row: Row) -> bool:
    return row.own or not row.has_below


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


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
