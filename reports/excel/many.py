"""Workbooks of many official sheets or periods: every unit of a form, and a unit over the periods."""

from collections.abc import Sequence
from dataclasses import replace

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from reports.exchange.exports import Counted, names_apart
from reports.letterhead import SignOff, printed_period
from reports.rollup import RollUp, place_at

from .book import to_bytes
from .sheet import Line, draw_sheet, side_by_side
from .write import TOTAL, basis_notes, coverage_note, draw_report, draw_roll_up, new_book, paper_of

_SERIES = {"cumulative": "（各期累计）", "increment": "（各期本期新增）"}


def units_workbook(
    form: ReportForm,
    period: ReportingPeriod,
    unit: ReportingUnit,
    rollup: RollUp,
    counted: Sequence[tuple[UnitPlace, Counted]],
    *,
    formulas: bool = False,
) -> bytes:
    """Return 总计 as `roll_up_workbook` draws it, then a sheet a unit: the report of it that the total counts.

    counted: in the order of the sheets. A report that is carried says so at its foot.
    """
    book = new_book(form, period, unit, "units")
    draw_roll_up(book, form, period, unit, rollup, formulas=formulas)
    book.worksheets[0].title = TOTAL
    names = names_apart([place for place, _ in counted])
    for place, (submission, figures) in counted:
        if submission.period_id == period.pk:
            draw_report(book, names[place.pk], submission, place, figures)
            continue
        state = f"沿用至第{period.number}期"
        note = f"本表是{printed_period(submission.period)}的数，{state}。"
        draw_report(book, names[place.pk], submission, place, figures, state=state, footnotes=[note])
    return to_bytes(book)


def series_workbook(
    form: ReportForm, unit: ReportingUnit, series: Sequence[tuple[ReportingPeriod, RollUp]]
) -> bytes:
    """Return a unit with all below it over the periods: a row a period, in the columns of the form.

    series: periods in their order with what `roll_up` found, at least one. Where not all units reported, the
    row is set in italics as a carried one is, and a note says what it is made of.
    """
    (first, _), (last, latest) = series[0], series[-1]
    book = new_book(form, last, unit, "series")
    lines = [
        Line(
            f"第{period.number}期 {period.ends_on.month}月{period.ends_on.day}日",
            rollup.total,
            carried=rollup.coverage.reported < rollup.coverage.expected,
        )
        for period, rollup in series
    ]
    paper = paper_of(
        form,
        place_at(unit, last),
        last,
        SignOff(),
        footnotes=[*(coverage_note(period, rollup) for period, rollup in series), *basis_notes(latest)],
        measure=_SERIES[latest.measure],
    )
    paper = replace(paper, signatures=(), foot=f"第{first.number}期至第{last.number}期")
    draw_sheet(book, "各期", paper, side_by_side(form.header), lines)
    return to_bytes(book)
