"""The template of a form for one unit and period: to be filled in Excel or WPS and uploaded again.

It is the official form with the unit's row. Cells to be filled are open, take only what the portal takes and bear
the last figure as a note; everything else is protected, without a password. They are empty, whatever the draft
holds: an empty cell changes nothing, so that an old file never puts old figures back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation

from campaigns.models import Indicator, ReportForm, ReportingPeriod, UnitPlace
from reports.entry.checks import facts
from reports.exchange.exports import figures_of, names_apart
from reports.letterhead import SignOff
from reports.models import Submission
from reports.numbers import format_figure, plain

from . import mark
from .archive import archive
from .book import to_bytes
from .sheet import Drawn, Line, draw_sheet
from .write import CREATOR, TOTAL, file_name, new_book, paper_of, safe_name, sheet_title

NOTE_WIDTH, NOTE_HEIGHT = 170, 44
_LAST = {
    Indicator.Nature.CUMULATIVE: "上期累计",
    Indicator.Nature.FLOW: "上期",
    Indicator.Nature.STOCK: "上期期末",
}


@dataclass(frozen=True)
class Earlier:
    """The report that a unit last sent before the period. ends_on: None where there is none."""

    ends_on: date | None = None
    figures: Mapping[int, Decimal | None] = field(default_factory=dict)
    sign_off: SignOff = field(default_factory=SignOff)


def earlier_reports(form: ReportForm, period: ReportingPeriod, units: Iterable[int]) -> dict[int, Earlier]:
    """Return the last report sent before `period` of each of these units, by unit id, in two queries."""
    sent = Submission.objects.sent().filter(
        report_form=form, unit__in=list(units), ends_on__lt=period.ends_on
    )
    latest = {report.unit_id: report for report in sent.order_by("ends_on")}
    figures = figures_of(latest.values())
    return {
        unit: Earlier(
            report.ends_on,
            figures[report.pk],
            SignOff(report.responsible, report.prepared_by, report.phone),
        )
        for unit, report in latest.items()
    }


def template_workbook(
    form: ReportForm, place: UnitPlace, period: ReportingPeriod, earlier: Earlier | None = None
) -> bytes:
    """Return the template for the unit at `place`. earlier: what it last sent, None to look it up."""
    if earlier is None:
        earlier = earlier_reports(form, period, [place.unit_id]).get(place.unit_id, Earlier())
    book = new_book(form, period, place.unit, "template")
    lines = [Line(place.short, {}, open=True)]
    if form.layout == ReportForm.Layout.ROWS:
        numbers = [column.number for column in form.columns]
        lines.insert(0, Line(TOTAL, {}, total=True, summed=numbers))
    paper = paper_of(form, place, period, earlier.sign_off)
    drawn = draw_sheet(book, sheet_title(form), paper, form.header, lines)
    _open_cells(drawn, form, len(lines) - 1, earlier)
    mark.write_sheet(book, mark.mark_of(form, place.unit, period, "template"))
    return to_bytes(book)


def template_archive(
    period: ReportingPeriod, owed: Sequence[tuple[ReportForm, Sequence[UnitPlace]]]
) -> Iterator[bytes]:
    """Yield a zip of templates as they are made, a folder a form, a file a unit: one at a time is in memory.

    owed: forms with the units that owe them.
    """
    return archive(_files(period, owed))


def _files(
    period: ReportingPeriod, owed: Sequence[tuple[ReportForm, Sequence[UnitPlace]]]
) -> Iterator[tuple[str, bytes]]:
    for form, places in owed:
        earlier = earlier_reports(form, period, [place.unit_id for place in places])
        folder = f"{safe_name(form.annex or form.title)}/" if len(owed) > 1 else ""
        names = names_apart(places)
        for place in places:
            name = file_name(form, period, names[place.pk], "template")
            last = earlier.get(place.unit_id, Earlier())
            yield f"{folder}{name}", template_workbook(form, place, period, last)


def _open_cells(drawn: Drawn, form: ReportForm, line: int, earlier: Earlier) -> None:
    """Let the cells of a line be filled, with their limits and the last figures; protect all else."""
    sheet = drawn.sheet
    limits = {known.number: known.limit for known in facts(form.columns)}
    rules: dict[tuple[int, Decimal], DataValidation] = {}
    for column in form.columns:
        address = drawn.address(column.number, line)
        kind = (column.decimals, limits[column.number])
        if kind not in rules:
            rules[kind] = _limited(*kind)
            sheet.add_data_validation(rules[kind])
        rules[kind].add(address)
        if earlier.ends_on:
            note = Comment(_note(column, earlier, earlier.ends_on), CREATOR)
            note.width, note.height = NOTE_WIDTH, NOTE_HEIGHT
            sheet[address].comment = note
    sheet.protection.enable()
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    first = drawn.address(form.columns[0].number, line)
    sheet.sheet_view.selection[-1].activeCell = sheet.sheet_view.selection[-1].sqref = first


def _limited(decimals: int, limit: Decimal) -> DataValidation:
    """Return what Excel refuses, in the portal's own terms."""
    largest = plain(limit, decimals)
    what = f"最多 {decimals} 位小数的数" if decimals else "整数"
    return DataValidation(
        type="decimal" if decimals else "whole",
        operator="between",
        formula1="0",
        formula2=largest,
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="不能这样填",
        error=f"请填 0 至 {largest} 之间的{what}，不带单位和“万”字；没有数字请留空。",
    )


def _note(column: Indicator, earlier: Earlier, ends_on: date) -> str:
    what = _LAST[Indicator.Nature(column.nature)]
    value = earlier.figures.get(column.number)
    figure = "未填" if value is None else format_figure(value, column.decimals)
    return f"{what}（截至{ends_on.month}月{ends_on.day}日）：{figure}"
