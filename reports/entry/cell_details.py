"""All that is known of one cell of a report: what it means, how it went, who changed it, what was said about it."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from campaigns.expressions import Cell
from campaigns.models import Indicator, ReportingPeriod
from reports.entry import checks
from reports.entry.validation import (
    DEFAULT_JUMP,
    Finding,
    IndicatorFacts,
    WrittenRule,
    in_words,
    increments,
    rule_key,
)
from reports.models import Figure, FigureChange, Submission, SubmissionEvent
from reports.numbers import format_figure
from reports.trend import Trend, trend

PERIODS = 12
_CHANGES = 20
_JUMPS_FROM = 2


@dataclass(frozen=True)
class Point:
    """The cell in one period. value None: not sent, or left blank; is_current: the report at hand, as stored now."""

    period: ReportingPeriod
    value: Decimal | None
    increment: Decimal | None
    is_current: bool


@dataclass(frozen=True)
class Reason:
    """A 核实说明 about the cell, as it was sent. message: what was asked."""

    period: ReportingPeriod
    message: str
    text: str
    by_name: str
    at: datetime


@dataclass(frozen=True)
class Remark:
    """A return or reopening of the report. names_cell: it points at this cell, not at the report as a whole."""

    period: ReportingPeriod
    event: SubmissionEvent
    names_cell: bool


@dataclass(frozen=True)
class CellDetails:
    """points: the periods up to the report's, oldest first, twelve at most; what was said and done, latest first.

    checks: what is asked of the cell, in words. findings: of the report at hand. reasons: of earlier reports.
    """

    indicator: Indicator
    points: tuple[Point, ...]
    chart: Trend
    checks: tuple[str, ...]
    changes: tuple[FigureChange, ...]
    findings: tuple[Finding, ...]
    reasons: tuple[Reason, ...]
    remarks: tuple[Remark, ...]

    @property
    def latest_first(self) -> tuple[Point, ...]:
        return self.points[::-1]


def cell_details(submission: Submission, indicator: Indicator) -> CellDetails:
    """Gather what is known of a cell; the report need not be begun. As many queries for a long history as for none."""
    form, number = submission.report_form, indicator.number
    periods = [
        period for period in submission.period.campaign.periods.all() if period.ends_on <= submission.ends_on
    ]
    history = checks.history(submission)
    sent = {report.ends_on: report.figures for report in history}
    current = Figure.objects.filter(submission=submission.pk, indicator=indicator).first()
    [facts] = [known for known in checks.facts(form.columns) if known.number == number]
    earlier = increments(facts, [report.figures for report in history])
    grown = dict(zip(sent, earlier, strict=True))
    value = current.value if current else None
    *_, latest = increments(facts, [*(report.figures for report in history), {number: value}])
    points = tuple(
        Point(period, value, latest, is_current=True)
        if period.ends_on == submission.ends_on
        else Point(
            period, sent.get(period.ends_on, {}).get(number), grown.get(period.ends_on), is_current=False
        )
        for period in periods[-PERIODS:]
    )
    rules = [
        WrittenRule(text, rule_class, say, form.code)
        for text, rule_class, say in form.rules.values_list("rule", "rule_class", "say")
    ]
    annexes = dict(form.campaign.forms.values_list("code", "annex"))
    about = [rule for rule in rules if number in _own_cells(rule)]
    events = _events(submission)
    found = checks.check(submission) if submission.pk else []
    findings = [finding for finding in found if number in finding.cells and finding.key != "blank"]
    return CellDetails(
        indicator=indicator,
        points=points,
        chart=trend(
            [str(point.period.number) for point in points],
            [point.value for point in points],
            [point.increment for point in points],
        ),
        checks=(
            *_default_checks(facts, form.columns, history, earlier),
            *(_said(rule, annexes) for rule in about),
        ),
        changes=_changes(submission, indicator),
        findings=tuple(findings),
        reasons=tuple(
            _earlier_reasons([one for one in events if one.submission_id != submission.pk], number, about)
        ),
        remarks=tuple(
            Remark(event.submission.period, event, names_cell=number in event.cells)
            for event in events
            if event.move != SubmissionEvent.Move.SUBMITTED
            and (number in event.cells or (not event.cells and event.submission_id == submission.pk))
        ),
    )


def _default_checks(
    facts: IndicatorFacts,
    columns: Iterable[Indicator],
    history: Sequence[checks.EarlierReport],
    earlier: Sequence[Decimal | None],
) -> list[str]:
    """Say in words what the default checks ask of this cell now: docs/rules.md, "Default checks"."""
    said = []
    whole = next((column for column in columns if column.number == facts.parent), None)
    if whole is not None:
        said.append(f"不能大于第{whole.number}列“{whole.label}”。")
    said.append(f"不超过 {facts.written(facts.limit)}{f' {facts.unit}' if facts.unit else ''}。")
    if facts.nature != "cumulative":
        return said
    last = history[-1].figures.get(facts.number) if history else None
    if last is not None:
        said.append(f"低于上期累计 {facts.written(last)} 须说明原因。")
    known = [amount for amount in earlier if amount is not None]
    if known and len(history) >= _JUMPS_FROM:
        times = DEFAULT_JUMP if facts.jump is None else facts.jump
        most = max(times * statistics.median(known), facts.floor)
        said.append(f"本期新增超过 {format_figure(most, facts.decimals)} 须说明原因。")
    return said


_OTHERWISE = {"fatal": "否则不能上报", "query": "否则须说明原因", "hint": "否则提示"}


def _said(rule: WrittenRule, annexes: Mapping[str, str]) -> str:
    """Say what a written rule asks. annexes: what each form is called, by code."""

    def name(cell: Cell) -> str:
        other = annexes.get(cell.form, cell.form) if cell.form and cell.form != rule.form else ""
        return f"{other}{'上期' if cell.last else ''}第{cell.number}列"

    return f"{rule.say or in_words(rule.expression, name)}（{_OTHERWISE[rule.finding_class]}）。"


def _own_cells(rule: WrittenRule) -> set[int]:
    return {cell.number for cell in rule.expression.cells if (cell.form or rule.form) == rule.form}


def _changes(submission: Submission, indicator: Indicator) -> tuple[FigureChange, ...]:
    rows = FigureChange.objects.filter(
        submission__report_form=submission.report_form_id,
        submission__unit=submission.unit_id,
        submission__ends_on__lte=submission.ends_on,
        indicator=indicator,
    )
    return tuple(rows.select_related("actor", "submission__period").order_by("-pk")[:_CHANGES])


def _events(submission: Submission) -> list[SubmissionEvent]:
    """What was sent and what came back, of this report and the earlier ones, latest first."""
    moves = (SubmissionEvent.Move.SUBMITTED, SubmissionEvent.Move.RETURNED, SubmissionEvent.Move.REOPENED)
    rows = SubmissionEvent.objects.filter(
        submission__report_form=submission.report_form_id,
        submission__unit=submission.unit_id,
        submission__ends_on__lte=submission.ends_on,
        move__in=moves,
    )
    return list(
        rows.select_related("submission__period").order_by("-submission__ends_on", "-pk")[: 5 * PERIODS]
    )


def _earlier_reasons(
    events: Iterable[SubmissionEvent], number: int, rules: Sequence[WrittenRule]
) -> list[Reason]:
    """What the latest submission of each report carried about the cell; findings by key, as in `validation`."""
    keys = {rule_key(rule, rule.form) for rule in rules}
    latest: Mapping[int, SubmissionEvent] = {
        event.submission_id: event
        for event in reversed([one for one in events if one.move == SubmissionEvent.Move.SUBMITTED])
    }
    return [
        Reason(event.submission.period, told["message"], told["text"], event.actor_name, event.at)
        for event in latest.values()
        for told in event.snapshot.get("explanations", ())
        if told["finding"].partition(":")[2] == str(number) or told["finding"] in keys
    ]
