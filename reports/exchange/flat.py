"""All figures that a person reads as one long table, a line a figure: for analysts, as CSV or Excel.

It is read and handed on unit by unit, so that a nation takes no more memory than a district.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from django.db.models import QuerySet

from campaigns.models import Campaign, Indicator, UnitPlace
from reports.exchange.exports import figures_of
from reports.models import Submission
from reports.numbers import plain
from reports.tasks import place_held

HEAD = (
    "单位代码",
    "单位",
    "隶属",
    "报表",
    "报告期",
    "截至",
    "状态",
    "是否按时",
    "指标序号",
    "指标",
    "性质",
    "数值",
    "计量单位",
    "上期数值",
    "本期新增",
)
NUMBERS = frozenset({HEAD.index(name) for name in ("报告期", "指标序号", "数值", "上期数值", "本期新增")})
"""Columns that hold numbers, or nothing."""

_UNITS_AT_ONCE = 50
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ON_TIME = {True: "迟报", False: "按时", None: ""}

Cells = tuple[str, ...]


class _Earlier(NamedTuple):
    """What a report is compared with: the unit's latest earlier one that was sent."""

    figures: dict[int, Decimal | None]
    is_any: bool


def lines(campaign: Campaign, reports: QuerySet[Submission]) -> Iterator[Cells]:
    """Yield a line for each figure of `reports`, all of `campaign`: texts in the order of `HEAD`.

    Units in registry order, then forms, periods and columns. 上期数值 is that of the unit's latest earlier report
    that was submitted or accepted, wherever it is; 本期新增 the difference, nothing before counting as 0, of a flow
    the figure itself. A blank cell is empty text.
    """
    tree = _Tree(campaign)
    forms = list(campaign.forms.all())
    units = reports.order_by().values_list("unit_id", flat=True).distinct()
    ordered = sorted(units, key=tree.position)
    for some in _batches(ordered, _UNITS_AT_ONCE):
        wanted = set(reports.filter(unit__in=some).order_by().values_list("pk", flat=True))
        # What is compared with may lie outside what was asked for: an earlier period.
        history = Submission.objects.filter(unit__in=some, report_form__in=forms).with_due_at()
        by_key: dict[tuple[int, int], list[Submission]] = {}
        for report in history.select_related("unit", "period").order_by("ends_on"):
            by_key.setdefault((report.unit_id, report.report_form_id), []).append(report)
        figures = figures_of(report for listed in by_key.values() for report in listed)
        for unit in some:
            for form in forms:
                earlier = _Earlier({}, False)
                for report in by_key.get((unit, form.pk), ()):
                    of_report = figures[report.pk]
                    if report.pk in wanted:
                        head = (*tree.names(report), form.annex or form.title, *_state(report))
                        for column in form.columns:
                            yield head + _figure(column, of_report.get(column.number), earlier)
                    if report.status in Submission.SENT:
                        earlier = _Earlier(of_report, True)


def as_csv(rows: Iterable[Cells]) -> Iterator[bytes]:
    """Yield the table as CSV in UTF-8 with the mark by which Excel knows it, a few hundred lines a piece.

    A text that a spreadsheet would take for a formula has an apostrophe before it; numbers have none.
    """
    writer = csv.writer(_Echo())
    yield "\ufeff".encode()
    yield writer.writerow(HEAD).encode()
    for some in _batches(rows, 500):
        yield "".join(writer.writerow(map(_safe, range(len(HEAD)), row)) for row in some).encode()


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _safe(column: int, text: str) -> str:
    return f"'{text}" if column not in NUMBERS and text.startswith(_FORMULA) else text


class _Tree:
    """Names and order of the campaign's places, read once."""

    def __init__(self, campaign: Campaign) -> None:
        self._by_unit: dict[int, list[UnitPlace]] = {}
        self._shorts: dict[int, str] = {}
        for place in campaign.places.order_by("position").iterator():
            self._by_unit.setdefault(place.unit_id, []).append(place)
            self._shorts[place.pk] = place.short

    def position(self, unit: int) -> int:
        return self._by_unit[unit][0].position

    def names(self, report: Submission) -> tuple[str, str, str]:
        """Return code, name and the short names from the root down to the unit, as they were in the period."""
        places = self._by_unit[report.unit_id]
        place = place_held(places, report.ends_on) or places[-1]
        above = "/".join(self._shorts[pk] for pk in place.ancestor_ids)
        return report.unit.code, place.name, above


def _state(report: Submission) -> tuple[str, str, str, str]:
    on_time = _ON_TIME[report.is_late]
    return str(report.period.number), _iso(report.ends_on), report.get_status_display(), on_time


def _figure(column: Indicator, value: Decimal | None, earlier: _Earlier) -> tuple[str, ...]:
    before = earlier.figures.get(column.number)
    increment = value
    if column.nature != Indicator.Nature.FLOW and value is not None and earlier.is_any:
        increment = value - (before or 0)
    number, unit, nature = str(column.number), column.unit_of_measure, column.get_nature_display()
    texts = ("" if one is None else plain(one, column.decimals) for one in (value, before, increment))
    written, written_before, written_increment = texts
    return number, column.label, nature, written, unit, written_before, written_increment


def _iso(day: date) -> str:
    return day.isoformat()


def _batches(items: Iterable, size: int) -> Iterator[Sequence]:
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
