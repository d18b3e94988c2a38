"""考核表: what was due and how punctually it came, a row a unit; and every report that was owed, a row each."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from campaigns.models import UnitPlace
from campaigns.models.units import Level
from campaigns.tables import harmless
from reports.completeness.progress import Line, Owed, Progress, State, by_unit, longest_streak, streak

_UNITS = "考核汇总"
_RECORDS = "报送明细"
_UNIT_HEAD = (
    ("单位代码", 12),
    ("单位", 28),
    ("级别", 12),
    ("上级单位", 22),
    ("应报", 8),
    ("已报", 8),
    ("按时", 8),
    ("迟报", 8),
    ("时间不详", 10),
    ("未报", 8),
    ("免报", 8),
    ("完整率", 9),
    ("及时率", 9),
    ("退回次数", 10),
    ("当前连续迟报（期）", 12),
    ("最长连续迟报（期）", 12),
)
_RECORD_HEAD = (
    ("单位代码", 12),
    ("单位", 28),
    ("报表", 34),
    ("期次", 7),
    ("截至", 12),
    ("截止时间", 18),
    ("状态", 9),
    ("首次上报", 20),
    ("是否按时", 11),
    ("迟报（小时）", 11),
)
_PERCENT = "0.0%"
_MOMENT = "yyyy-mm-dd hh:mm:ss"


def assessment_workbook(progress: Progress, parents: dict[int, UnitPlace]) -> bytes:
    """Return the workbook with both sheets. parents: places by id."""
    workbook = Workbook(write_only=True)
    heading = f"{progress.campaign.title}报送情况（统计至{_when(progress.now, progress.campaign.zone):%Y-%m-%d %H:%M}，只计已过截止时间的报表）"
    sheet = _sheet(workbook, _UNITS, _UNIT_HEAD, heading)
    for line in by_unit(progress.lines):
        sheet.append(_cells(sheet, _unit_row(line, progress, parents), {11: _PERCENT, 12: _PERCENT}))
    sheet = _sheet(workbook, _RECORDS, _RECORD_HEAD, heading)
    for row in _records(progress):
        sheet.append(_cells(sheet, row, {5: _MOMENT, 7: _MOMENT, 9: "0.0"}))
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def records_csv(progress: Progress) -> bytes:
    """Return every report that was owed as CSV in UTF-8, with a mark that Excel knows it by."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(name for name, _ in _RECORD_HEAD)
    for row in _records(progress):
        writer.writerow(harmless("" if value is None else str(value)) for value in row)
    return text.getvalue().encode("utf-8-sig")


def _unit_row(line: Line, progress: Progress, parents: dict[int, UnitPlace]) -> list[object]:
    place, due = line.place, line.due
    above = parents.get(place.parent_id) if place.parent_id else None
    return [
        place.unit.code,
        place.name,
        Level(place.level).label,
        above.name if above else "",
        due.expected,
        due.received,
        due.on_time,
        due.late,
        due.unknown,
        due.missing,
        due.exempt,
        _rate(due.completeness),
        _rate(due.timeliness),
        line.returned,
        streak(line.cells, progress.periods),
        longest_streak(line.cells, progress.periods),
    ]


def _records(progress: Progress) -> Iterable[list[object]]:
    zone = progress.campaign.zone
    for line in progress.lines:
        for owed in (one for cells in line.cells.values() for one in cells if one.is_due):
            yield _record(line, owed, zone)


def _record(line: Line, owed: Owed, zone: ZoneInfo) -> list[object]:
    sent = owed.report.first_submitted_at if owed.report and owed.is_received else None
    hours = round((sent - owed.due_at).total_seconds() / 3600, 1) if sent and owed.is_late else None
    if owed.is_exempt:
        punctual = "免报"
    elif not owed.is_received:
        punctual = "未报"
    else:
        punctual = {True: "迟报", False: "按时", None: "时间不详"}[owed.is_late]
    state = State.ACCEPTED if owed.state == State.LATE else owed.state
    return [
        line.place.unit.code,
        line.place.name,
        f"{owed.form.annex} {owed.form.title}{owed.form.subtitle}".strip(),
        owed.period.number,
        owed.period.ends_on.isoformat(),
        _when(owed.due_at, zone),
        state.label,
        _when(sent, zone) if sent else None,
        punctual,
        hours,
    ]


def _when(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _rate(share: object) -> float | None:
    return None if share is None else float(share)  # type: ignore[arg-type]


def _sheet(workbook: Workbook, title: str, head: Sequence[tuple[str, int]], heading: str) -> Worksheet:
    sheet: Worksheet = workbook.create_sheet(title)
    sheet.freeze_panes = "C3"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = Worksheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:2"
    for number, (_, width) in enumerate(head, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    first = WriteOnlyCell(sheet, heading)
    first.font = Font(name="宋体", size=12, bold=True)
    sheet.append([first])
    names = []
    for name, _ in head:
        cell = WriteOnlyCell(sheet, name)
        cell.font = Font(name="宋体", size=10.5, bold=True)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        names.append(cell)
    sheet.append(names)
    return sheet


def _cells(sheet: Worksheet, row: Sequence[object], formats: dict[int, str]) -> list[WriteOnlyCell]:
    cells = []
    for number, value in enumerate(row):
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            cell.data_type = "s"  # a name that begins with = is no formula
        if number in formats:
            cell.number_format = formats[number]
        cells.append(cell)
    return cells
