"""Import figures from a CSV file: one row a report, all rows or none.

An import goes the way of the pages: `reports.entry.drafts` reads and stores the figures, `reports.lifecycle`
checks, sends and accepts. All happens in one transaction that is given up at a refusal, but not before every
refusal has been found.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from campaigns.definition.source import suggestion
from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from reports import lifecycle
from reports.entry import drafts
from reports.entry.checks import facts
from reports.entry.validation import FATAL, Finding
from reports.models import Submission
from reports.numbers import FigureError, parse_figure
from reports.tasks import owes, place_held

UNIT, PERIOD, SUBMITTED_AT = "unit", "period", "submitted_at"
MAX_BYTES = 50 * 1024 * 1024
_BATCH = 500

_Status = Submission.Status
STATES = (_Status.DRAFT, _Status.SUBMITTED, _Status.ACCEPTED)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    _DAY.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# Takes the place of reasons that were not given, in a transaction that is given up.
_STAND_IN = "导入时没有给出核实说明"


@dataclass(frozen=True)
class Problem:
    """line: None = the whole file. columns: by their names in the header, none = the whole row."""

    line: int | None
    columns: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        if self.line is None:
            return self.message
        named = f"，{'、'.join(self.columns)} 列" if self.columns else ""
        return f"第 {self.line} 行{named}：{self.message}"


class ImportRefusedError(Exception):
    """Nothing has been stored; `problems` says why, in order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = list(problems)


@dataclass(frozen=True)
class Imported:
    """What was stored. figures: filled cells. explained: queries that carry the common explanation.

    times_dropped: drafts for which the file tells when they were sent: that is not kept.
    """

    reports: int
    units: int
    periods: int
    figures: int
    explained: int
    times_dropped: int


@dataclass(frozen=True)
class Row:
    """One report of the file. figures: texts as typed, by indicator number, "" = blank."""

    line: int
    unit: ReportingUnit
    period: ReportingPeriod
    figures: Mapping[int, str]
    submitted_at: datetime | None


def import_figures(
    form: ReportForm, data: bytes, *, state: str = _Status.DRAFT, explanation: str = ""
) -> Imported:
    """Store the reports of a CSV file as `state`, in order of periods.

    data: UTF-8 or GB18030, columns `unit,period,1,2,…[,submitted_at]` in any order. Without `submitted_at` it
    stays unknown whether a report is on time; of a draft the time is not kept. explanation: for the queries
    of all reports, "" = a query is a refusal. Raises ImportRefusedError.
    """
    problems: list[Problem] = []
    records = _records(_decoded(data), form)
    reader = _Reader(form)
    rows = [row for record in records if (row := reader.read(*record, problems)) is not None]
    if not rows and not problems:
        problems.append(Problem(None, (), "文件里没有数据，请在表头下每行写一个单位的一期报表。"))
    try:
        with transaction.atomic():
            explained = _store(form, rows, state, explanation, reader.gaps(rows), problems)
            if problems:
                raise ImportRefusedError(sorted(problems, key=lambda problem: problem.line or 0))
    except lifecycle.TransitionError as error:
        # Somebody moved one of the reports after its row had been read.
        raise _refused(str(error)) from error
    return Imported(
        reports=len(rows),
        units=len({row.unit.pk for row in rows}),
        periods=len({row.period.pk for row in rows}),
        figures=sum(bool(text.strip()) for row in rows for text in row.figures.values()),
        explained=explained,
        times_dropped=sum(row.submitted_at is not None for row in rows) if state == _Status.DRAFT else 0,
    )


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused(f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请分成几个文件导入。")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused("文件是 UTF-16 编码，请另存为“CSV UTF-8（逗号分隔）”后再导入。")
    if data.startswith(b"PK\x03\x04"):
        raise _refused("文件是 Excel 工作簿，不是 CSV，请另存为“CSV UTF-8（逗号分隔）”后再导入。")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("文字编码不是 UTF-8，也不是 GB18030，请另存为“CSV UTF-8（逗号分隔）”后再导入。")


def _refused(message: str, line: int | None = None) -> ImportRefusedError:
    return ImportRefusedError([Problem(line, (), message)])


def _records(text: str, form: ReportForm) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield line, header and cells of every row that is not empty, once the header has been found good."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if header is None and any(cells):
                header = cells
                _check_header(header, line, form)
            elif header is not None and any(cells):
                yield line, header, cells
            line = reader.line_num + 1
    except csv.Error:
        raise _refused("CSV 格式有误，请检查英文双引号是否配对。", line) from None
    if header is None:
        raise _refused("文件是空的，第一行应是列名：unit,period,1,2,…")


def _check_header(header: Sequence[str], line: int, form: ReportForm) -> None:
    numbers = [str(indicator.number) for indicator in form.columns]
    known = [UNIT, PERIOD, *numbers, SUBMITTED_AT]
    if len(header) == 1 and re.search("[;；\t，]", header[0]):
        raise _refused("列之间请用英文逗号分隔。", line)
    problems = []
    if missing := [name for name in (UNIT, PERIOD, *numbers) if name not in header]:
        problems.append(
            f"缺少列 {'、'.join(missing)}；“{form}”的列是 unit、period 和指标序号 {_span(numbers)}。"
        )
    for position, name in enumerate(header, start=1):
        if not name:
            problems.append(f"第 {position} 列没有列名，请补上或删去这一列。")
        elif name not in known:
            problems.append(f"列“{name[:20]}”不认识；{suggestion(name, known)}")
    repeated = dict.fromkeys(name for name in header if name and header.count(name) > 1)
    problems += [f"列 {name} 出现了 {header.count(name)} 次，请只留一列。" for name in repeated]
    if problems:
        raise ImportRefusedError([Problem(line, (), problem) for problem in problems])


def _span(numbers: Sequence[str]) -> str:
    return f"{numbers[0]}—{numbers[-1]}" if len(numbers) > 1 else "".join(numbers)


class _Reader:
    """Reads rows against the campaign's units, places, periods and reports, one query each."""

    def __init__(self, form: ReportForm) -> None:
        self.form = form
        self.facts = facts(form.columns)
        self.zone = form.campaign.zone
        self.now = timezone.now()
        self.periods = {period.ends_on: period for period in form.campaign.periods.order_by("ends_on")}
        self.not_open = {}
        for period in self.periods.values():
            period.campaign = form.campaign
            self.not_open[period] = lifecycle.filling_problem(Submission(report_form=form, period=period))
        self.units: dict[str, ReportingUnit] = {}
        self.places: dict[str, list[UnitPlace]] = defaultdict(list)
        for place in form.campaign.places.select_related("unit"):
            self.units[place.unit.code] = place.unit
            self.places[place.unit.code].append(place)
        beyond_draft = Submission.objects.filter(report_form=form).exclude(status=_Status.DRAFT)
        self.moved = {
            (unit, period): _Status(status).label
            for unit, period, status in beyond_draft.values_list("unit_id", "period_id", "status")
        }
        self.lines: dict[tuple[int, int], int] = {}
        self.refused: list[tuple[ReportingUnit, ReportingPeriod]] = []

    def read(self, line: int, header: list[str], cells: list[str], problems: list[Problem]) -> Row | None:
        """Return the report of a row; None after a refusal, which is added to `problems`."""
        if len(cells) != len(header):
            problems.append(Problem(line, (), f"这一行有 {len(cells)} 格，表头有 {len(header)} 列，请对齐。"))
            return None
        row = dict(zip(header, cells, strict=True))
        found: list[Problem] = []
        unit = self._unit(line, row[UNIT], found)
        period = self._period(line, row[PERIOD], found)
        if unit is not None and period is not None:
            found += [Problem(line, (), message) for message in self._refusals(line, unit, period)]
        figures = {indicator.number: row[str(indicator.number)] for indicator in self.form.columns}
        if not any(figures.values()):
            found.append(
                Problem(line, (), "一个数字都没有填；与上期相同请写出各列的数字，没有报送请删去这一行。")
            )
        submitted_at = self._instant(line, row.get(SUBMITTED_AT, ""), period, found)
        problems += found
        if found or unit is None or period is None:
            problems += self._unreadable(line, figures)
            if unit is not None and period is not None:
                self.refused.append((unit, period))
            return None
        return Row(line, unit, period, figures, submitted_at)

    def gaps(self, rows: Sequence[Row]) -> dict[int, date]:
        """Return by id of the unit the end of the first period whose report is missing for a refusal."""
        there = {(row.unit.pk, row.period.pk) for row in rows} | self.moved.keys()
        missing = [(unit, period) for unit, period in self.refused if (unit.pk, period.pk) not in there]
        # The earliest comes last and stays.
        missing.sort(key=lambda pair: pair[1].ends_on, reverse=True)
        return {unit.pk: period.ends_on for unit, period in missing}

    def _unreadable(self, line: int, figures: Mapping[int, str]) -> Iterator[Problem]:
        """Find the refused cells of a row that goes no further."""
        for known in self.facts:
            try:
                parse_figure(
                    figures[known.number], decimals=known.decimals, maximum=known.limit, unit=known.unit
                )
            except FigureError as error:
                yield Problem(line, (str(known.number),), str(error))

    def _unit(self, line: int, code: str, found: list[Problem]) -> ReportingUnit | None:
        if code in self.units:
            return self.units[code]
        by_name = sorted(
            {
                place.unit.code
                for places in self.places.values()
                for place in places
                if code in (place.name, place.short, place.unit.name)
            }
        )
        if not code:
            message = "没有填单位，请填单位代码。"
        elif by_name:
            message = f"“{code[:40]}”是名称，请填单位代码 {' 或 '.join(by_name[:3])}。"
        else:
            message = f"没有代码为“{code[:40]}”的单位，请填本活动单位表里的代码。"
        found.append(Problem(line, (UNIT,), message))
        return None

    def _period(self, line: int, text: str, found: list[Problem]) -> ReportingPeriod | None:
        try:
            ends_on = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            ends_on = None
        if ends_on in self.periods:
            return self.periods[ends_on]
        if ends_on is None:
            message = f"“{text[:40]}”不是日期，请写成 2024-02-09 这样的格式。"
            found.append(Problem(line, (PERIOD,), message))
            return None
        known = "、".join(day.isoformat() for day in self.periods)
        message = f"“{text[:40]}”不是本活动报告期的截止日期，可以写的有：{known}。"
        found.append(Problem(line, (PERIOD,), message))
        return None

    def _refusals(self, line: int, unit: ReportingUnit, period: ReportingPeriod) -> Iterator[str]:
        first = self.lines.setdefault((unit.pk, period.pk), line)
        if first != line:
            yield f"{unit}第{period.number}期在第 {first} 行已经写过，请只留一行。"
        place = place_held(self.places[unit.code], period.ends_on)
        if place is None or (place.closes is not None and place.closes < period.ends_on):
            yield f"{unit}在第{period.number}期不是本活动的填报单位，请核对单位代码和报告期。"
        elif not owes(place, self.form):
            yield f"{unit}在第{period.number}期不填报“{self.form}”，请核对单位代码和报表。"
        if (unit.pk, period.pk) in self.moved:
            label = self.moved[unit.pk, period.pk]
            yield f"{unit}第{period.number}期的报表已存在且状态是“{label}”，导入只能写草稿；如需更正请在页面上退回后修改。"
        if problem := self.not_open[period]:
            yield problem

    def _instant(
        self, line: int, text: str, period: ReportingPeriod | None, found: list[Problem]
    ) -> datetime | None:
        """Read when a report was sent; without an offset it is on the campaign's clocks."""
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
            if at is not None:
                at = at.replace(tzinfo=self.zone) if at.tzinfo is None else at.astimezone(self.zone)
        except (ValueError, OverflowError):
            at = None
        if at is None:
            message = f"“{text[:40]}”不是时间，请写成 2024-02-09T16:30:00 这样的格式。"
        elif at > self.now:
            message = f"上报时间 {text} 还没有到，请核对。"
        elif period is not None and at.date() < period.starts_on:
            message = f"上报时间 {text} 早于第{period.number}期的第一天 {period.starts_on}，请核对。"
        else:
            return at
        found.append(Problem(line, (SUBMITTED_AT,), message))
        return None


def _store(
    form: ReportForm,
    rows: Sequence[Row],
    state: str,
    explanation: str,
    gaps: dict[int, date],
    problems: list[Problem],
) -> int:
    """Store the reports, earlier periods first; return how many queries were explained. Adds refusals.

    gaps: where a unit's first missing report ends. Its later ones are compared with one that is too old: what
    is found there is listed only where it is fatal.
    """
    explained = 0
    for batch in _batches(rows):
        period = batch[0].period
        drafted = drafts.import_many(form, period, {row.unit: row.figures for row in batch})
        readable = []
        for row in batch:
            submission, saved = drafted[row.unit]
            problems += [
                Problem(row.line, (str(number),), message) for number, (_, message) in saved.refused.items()
            ]
            if saved.refused:
                gaps.setdefault(row.unit.pk, period.ends_on)
            else:
                readable.append((row, submission))
        if state == _Status.DRAFT:
            continue
        unresolved = _send(readable, explanation)
        sent = []
        for row, submission in readable:
            fatal, queries = unresolved.get(submission.pk, ([], []))
            is_comparable = gaps.get(row.unit.pk, period.ends_on) >= period.ends_on
            problems += [_as_problem(row.line, finding) for finding in fatal]
            if explanation:
                explained += len(queries)
            elif is_comparable:
                problems += [_as_problem(row.line, finding) for finding in queries]
            if fatal:
                gaps.setdefault(row.unit.pk, period.ends_on)
            else:
                sent.append(submission)
        if state == _Status.ACCEPTED:
            lifecycle.accept_many(sent, by=None)
    return explained


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of one period after the other, not too many at once."""
    by_period: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        by_period[row.period.ends_on].append(row)
    for _, together in sorted(by_period.items()):
        for start in range(0, len(together), _BATCH):
            yield together[start : start + _BATCH]


def _send(
    reports: Sequence[tuple[Row, Submission]], explanation: str
) -> dict[int, tuple[list[Finding], list[Finding]]]:
    """Submit reports; return by id the fatal findings and the queries of those that were not sent at once.

    Queries alone are explained, and the report is sent. Without `explanation` a stand-in sends it all the
    same: the import will be given up, but until then later reports are compared with this one.
    """
    failed = lifecycle.submit_many(
        [submission for _, submission in reports], at={report.pk: row.submitted_at for row, report in reports}
    )
    unresolved = {}
    for row, submission in reports:
        findings = failed.get(submission.pk, [])
        fatal = [finding for finding in findings if finding.finding_class == FATAL]
        queries = [finding for finding in findings if finding.finding_class != FATAL]
        if queries and not fatal:
            reasons = {finding.key: explanation or _STAND_IN for finding in queries}
            drafts.save_explanations(submission, reasons, by=None)
            lifecycle.submit(submission, by=None, at=row.submitted_at)
        unresolved[submission.pk] = fatal, queries
    return unresolved


def _as_problem(line: int, finding: Finding) -> Problem:
    remedy = "" if finding.finding_class == FATAL else "。请核对；数字无误的，用 --allow-queries 写明核实说明"
    message = finding.message.removesuffix("。") + remedy
    return Problem(line, tuple(map(str, finding.cells)), f"{message}。")
