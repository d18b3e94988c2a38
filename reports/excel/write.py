"""The official workbook of a form: a unit's own report, a roll-up with all units below, or the blank form.

Here stands what is written around and into the table; how it is drawn is in `sheet`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import quote_sheetname

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from reports.letterhead import SignOff, heading, printed_period, sign_off_of, signatures, standing
from reports.models import Submission
from reports.rollup import RollUp, Row, place_at

from .book import to_bytes
from .mark import mark_of, write_properties
from .sheet import BASE_FONT, BASE_SIZE, Line, Paper, draw_sheet, printable, side_by_side

CREATOR = "春风行动统计报送"
TOTAL = "总计"
DOTS = "……"
KINDS = {
    "report": "",
    "roll-up": "汇总",
    "units": "各单位",
    "series": "各期",
    "blank": "空表",
    "template": "填报模板",
}
"""The kinds of workbook, and what each is called in the name of a file."""

_MEASURES = {"cumulative": "", "increment": "（本期新增）"}
"""What stands under the title beside the form's own words."""

_BASES = {
    "received": "口径：含待审报表，不是正式数。",
    "strict": "口径：仅计本期已通过的报表，未报本期的单位不沿用上期，不是正式数。",
}
_NOT_IN_FILE_NAME = re.compile(r'[<>:"/\\|?*\s\x00-\x1f\x7f]+')


def report_workbook(submission: Submission) -> bytes:
    """Return what the unit itself filed; whatever is not accepted says so at the foot of the page.

    Layout rows: 总计, which equals it, and the unit's own row. Layout bands: its figures under each band.
    """
    form, period = submission.report_form, submission.period
    figures = dict(submission.figures.values_list("indicator__number", "value"))
    book = new_book(form, period, submission.unit, "report")
    draw_report(book, sheet_title(form), submission, place_at(submission.unit, period), figures)
    return to_bytes(book)


def draw_report(
    book: Workbook,
    name: str,
    submission: Submission,
    place: UnitPlace,
    figures: Mapping[int, Decimal | None],
    *,
    state: str | None = None,
    footnotes: Sequence[str] = (),
) -> None:
    """Add the sheet of one report. state: at its foot, None for what it is as long as it is not accepted."""
    form = submission.report_form
    lines = [Line(place.short, figures)]
    if form.layout == ReportForm.Layout.ROWS:
        lines.insert(0, Line(TOTAL, figures, total=True))
    foot = standing(submission) if state is None else state
    sign_off = sign_off_of(submission)
    paper = paper_of(form, place, submission.period, sign_off, state=foot, footnotes=footnotes)
    draw_sheet(book, name, paper, form.header, lines)


def blank_workbook(form: ReportForm, unit: ReportingUnit, period: ReportingPeriod) -> bytes:
    """Return the form as issued, to be filled by hand: in layout rows 总计, an empty row and two of dots."""
    place = place_at(unit, period)
    stubs = [TOTAL, "", DOTS, DOTS] if form.layout == ReportForm.Layout.ROWS else [place.short]
    lines = [Line(stub, {}, total=stub == TOTAL) for stub in stubs]
    book = new_book(form, period, unit, "blank")
    draw_sheet(book, sheet_title(form), paper_of(form, place, period, SignOff()), form.header, lines)
    return to_bytes(book)


def roll_up_workbook(
    form: ReportForm,
    period: ReportingPeriod,
    unit: ReportingUnit,
    rollup: RollUp,
    *,
    formulas: bool = False,
    place: UnitPlace | None = None,
) -> bytes:
    """Return the unit with all below it. rollup: what `roll_up` found for this form, period and unit.

    formulas: totals as live sums, see `draw_roll_up`. place: the unit's in the period, where it is at hand.
    """
    book = new_book(form, period, unit, "roll-up")
    draw_roll_up(book, form, period, unit, rollup, formulas=formulas, place=place)
    return to_bytes(book)


def forms_workbook(
    unit: ReportingUnit,
    period: ReportingPeriod,
    papers: Sequence[tuple[ReportForm, RollUp]],
    *,
    state: str = "",
    formulas: bool = False,
) -> bytes:
    """Return several forms of one unit in one file, each drawn as `roll_up_workbook` draws it.

    papers: forms in printed order with what `roll_up` found for this period and unit. state: at the foot of
    every page, "" for none.
    """
    book = new_book(None, period, unit, "roll-up")
    for form, rollup in papers:
        draw_roll_up(book, form, period, unit, rollup, state=state, formulas=formulas)
    return to_bytes(book)


def draw_roll_up(
    book: Workbook,
    form: ReportForm,
    period: ReportingPeriod,
    unit: ReportingUnit,
    rollup: RollUp,
    *,
    state: str = "",
    formulas: bool = False,
    place: UnitPlace | None = None,
) -> None:
    """Add the sheets of a roll-up: in layout bands the total in its bands, then a sheet with a row a unit.

    formulas: a total is a live sum of its rows, the carried ones included, in each column where that is exactly
    the figure; the bands of a total point to it.
    """
    place = place or place_at(unit, period)
    total = Line(TOTAL, rollup.total, total=True, summed=_summed(rollup) if formulas else ())
    lines = [total, *(Line(row.name, row.values, carried=_is_carried(row, period)) for row in rollup.rows)]
    paper = paper_of(
        form,
        place,
        period,
        SignOff(),
        footnotes=footnotes(period, rollup),
        measure=_MEASURES[rollup.measure],
        state=state,
    )
    if form.layout == ReportForm.Layout.ROWS:
        draw_sheet(book, sheet_title(form), paper, form.header, lines)
        return
    units = draw_sheet(book, f"{sheet_title(form)[:28]}分单位", paper, side_by_side(form.header), lines)
    name = quote_sheetname(units.sheet.title)
    pointing = {number: f"{name}!{units.address(number, 0)}" for number in total.summed}
    draw_sheet(
        book, sheet_title(form), paper, form.header, [Line(place.short, rollup.total, formulas=pointing)]
    )
    # The total comes first; what it points to has to be drawn before.
    book.move_sheet(units.sheet, 1)


def _summed(rollup: RollUp) -> list[int]:
    """Return the columns whose total is exactly the sum of the rows as printed."""
    added: dict[int, Decimal] = dict.fromkeys(rollup.total, Decimal(0))
    for row in rollup.rows:
        for number, value in row.values.items():
            added[number] += value or 0
    return [number for number, total in rollup.total.items() if total is not None and added[number] == total]


def file_name(form: ReportForm, period: ReportingPeriod, short: str, kind: str = "report") -> str:
    """Return a name for a download, fit for every system: 附件1_江汉区_第3期_截至2014-02-28.xlsx."""
    parts = (form.annex or form.title, short, KINDS[kind], f"第{period.number}期", f"截至{period.ends_on}")
    return f"{safe_name(*parts)}.xlsx"


def safe_name(*parts: str) -> str:
    """Return a name of a file or folder that every system takes, its parts joined by _; without an ending."""
    safe = (_NOT_IN_FILE_NAME.sub("", printable(part))[:30].strip(".") for part in parts)
    return "_".join(part for part in safe if part) or "_"


def new_book(form: ReportForm | None, period: ReportingPeriod, unit: ReportingUnit, kind: str) -> Workbook:
    """Return a workbook without sheets; custom properties say what it is, for the reader of an upload.

    form: None for a workbook of several.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    book._named_styles["Normal"].font = Font(name=BASE_FONT, size=BASE_SIZE)
    book.properties.creator = CREATOR
    book.properties.title = printable(form.title if form else period.campaign.title)
    # Excel asks for a time. The period's end is the same in every export of the same figures.
    book.properties.created = book.properties.modified = datetime.combine(period.ends_on, time())
    write_properties(book, mark_of(form, unit, period, kind))
    return book


def sheet_title(form: ReportForm) -> str:
    """Return what the sheet of a form is called, before it is cut to what Excel takes."""
    return form.annex or form.title


def paper_of(
    form: ReportForm,
    place: UnitPlace,
    period: ReportingPeriod,
    sign_off: SignOff,
    *,
    footnotes: Sequence[str] = (),
    measure: str = "",
    state: str = "",
) -> Paper:
    return Paper(
        title=form.title,
        subtitle=form.subtitle + measure,
        head=heading(form, place, sign_off),
        signatures=signatures(form, place, sign_off),
        notes=(*([form.notes_title] if form.notes_title and form.notes else []), *form.notes, *footnotes),
        foot=printed_period(period) + (f"　{state}" if state else ""),
    )


def _is_carried(row: Row, period: ReportingPeriod) -> bool:
    """Say whether a row holds earlier figures alone; an exempted unit's may be earlier ones, too."""
    if row.state == "exempt":
        return row.as_of is not None and row.as_of < period.ends_on
    return row.state == "carried"


def coverage_note(period: ReportingPeriod, rollup: RollUp) -> str:
    """Return how many units a total is made of: 第3期（截至2月28日）：应报16个单位，…。"""
    coverage = rollup.coverage
    counts = [f"应报{coverage.expected}个单位", f"本期报送{coverage.reported}个"]
    if rollup.basis != "strict":
        counts.append(f"沿用上期{coverage.carried}个")
    counts.append(f"未报送{coverage.never}个")
    if coverage.exempt:
        counts.append(f"另有免报{coverage.exempt}个")
    return f"第{period.number}期（截至{_day(period.ends_on)}）：{'，'.join(counts)}。"


def basis_notes(rollup: RollUp) -> list[str]:
    """Return the note that a basis is not the official one, none for the official one."""
    return [_BASES[rollup.basis]] if rollup.basis in _BASES else []


def footnotes(period: ReportingPeriod, rollup: RollUp) -> list[str]:
    """Return what a roll-up is made of: coverage, who is carried or missing, blanks, an unofficial basis."""
    notes = [coverage_note(period, rollup)]
    absent = []
    if rollup.carried:
        names = "、".join(
            f"{name}（截至{_day(as_of, period.ends_on.year)}）" for name, as_of in rollup.carried
        )
        absent.append(f"沿用上期：{names}")
    if rollup.never:
        absent.append(f"未报送：{'、'.join(rollup.never)}")
    if rollup.exempt:
        absent.append(f"免报：{'、'.join(rollup.exempt)}")
    if absent:
        notes.append("；".join(absent) + "。")
    if blank := {number: count for number, count in rollup.blank.items() if count}:
        counts = [f"第{number}列{count}个单位" for number, count in blank.items()]
        notes.append(f"留空：{'，'.join(counts)}；留空不等于0，未计入总计。")
    return notes + basis_notes(rollup)


def _day(day: date, year: int | None = None) -> str:
    """Return 2014年2月28日, or 2月28日 in the given year."""
    return f"{'' if day.year == year else f'{day.year}年'}{day.month}月{day.day}日"
