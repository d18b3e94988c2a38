"""A report as its reviewer reads it: not the figures but what is different about them. No database, no HTML."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports.entry.grid import GridCell
from reports.entry.validation import DEFAULT_JUMP, Figures, Finding, IndicatorFacts, increments

MEDIAN_AT = 14
"""How far right of zero the bar of an increment has its median, in the drawing's units."""
BAR_WIDTH = 112
SHOWN_PERIODS = 6


@dataclass(frozen=True)
class Bar:
    """An increment against the median of the earlier ones, in the drawing's units.

    jump_at: where the limit of the jump check stands. is_cut: the increment goes on beyond the drawing.
    """

    width: float
    jump_at: float
    is_fall: bool
    is_over: bool
    is_cut: bool


@dataclass(frozen=True)
class Mark:
    """A finding in two or three characters, beside the figure. finding_class: fatal, query or hint."""

    finding_class: str
    text: str


@dataclass(frozen=True)
class Difference:
    """One cell. share: per cent of the total above, None where there is none.

    earlier: the increments of the reports before, oldest first, the last SHOWN_PERIODS of them; median: of all
    of them, None where there are none. was: the figure as it was when the report was returned; is_changed:
    it is another one now.
    """

    cell: GridCell
    share: Decimal | None
    earlier: tuple[Decimal | None, ...]
    median: Decimal | None
    bar: Bar | None
    marks: tuple[Mark, ...]
    was: Decimal | None
    is_changed: bool

    @property
    def is_outlier(self) -> bool:
        return any(mark.finding_class == "query" for mark in self.marks)


def differences(
    cells: Sequence[GridCell],
    facts: Sequence[IndicatorFacts],
    history: Sequence[Figures],
    *,
    totals: Mapping[int, Decimal | None],
    returned: Figures | None = None,
) -> list[Difference]:
    """Return the differences of one report, in the order of `cells`.

    history: figures of the unit's earlier reports that count, oldest first. totals: of the unit above, this
    report included. returned: the figures when the report was last returned, None where it never was.
    """
    known = {fact.number: fact for fact in facts}
    return [_difference(cell, known[cell.indicator.number], history, totals, returned) for cell in cells]


def _difference(
    cell: GridCell,
    facts: IndicatorFacts,
    history: Sequence[Figures],
    totals: Mapping[int, Decimal | None],
    returned: Figures | None,
) -> Difference:
    number = facts.number
    *earlier, increment = increments(facts, [*history, {number: cell.value}])
    amounts = [amount for amount in earlier if amount is not None]
    median = statistics.median(amounts) if amounts else None
    was = returned.get(number) if returned is not None else None
    return Difference(
        cell=cell,
        share=_share(cell.value, totals.get(number)),
        earlier=tuple(earlier[-SHOWN_PERIODS:]),
        median=median,
        bar=_bar(increment, median, DEFAULT_JUMP if facts.jump is None else facts.jump, facts.floor),
        marks=tuple(_mark(finding, increment, median) for finding in cell.findings if finding.cells),
        was=was,
        is_changed=returned is not None and was != cell.value,
    )


def _share(value: Decimal | None, total: Decimal | None) -> Decimal | None:
    if value is None or not total:
        return None
    return (100 * value / total).quantize(Decimal("0.1"))


def _bar(increment: Decimal | None, median: Decimal | None, jump: Decimal, floor: Decimal) -> Bar | None:
    """Return the bar; None where there is nothing to measure it by. floor: below it no jump is one, as in the check."""
    if increment is None or median is None or median <= 0:
        return None
    ratio = increment / median
    width = MEDIAN_AT * abs(ratio)
    return Bar(
        width=round(float(min(width, Decimal(BAR_WIDTH))), 1),
        jump_at=round(float(min(MEDIAN_AT * jump, Decimal(BAR_WIDTH))), 1),
        is_fall=increment < 0,
        is_over=ratio > jump and increment >= floor,
        is_cut=width > BAR_WIDTH,
    )


_WORDS = {
    "fall": "下降",
    "gone": "本期未填",
    "blank": "未填",
    "flat": "三期未增",
    "sub": "大于总数",
    "rule": "关系不符",
    "refused": "未识别",
    "min": "负数",
    "max": "超上限",
    "decimals": "小数位",
}


def _mark(finding: Finding, increment: Decimal | None, median: Decimal | None) -> Mark:
    kind = finding.key.partition(":")[0]
    text = _WORDS.get(kind, "")
    if kind in ("jump", "slip") and increment is not None and median:
        times = increment / median
        text = f"{times:.1f} 倍" if times < 100 else f"{times:,.0f} 倍"
    elif kind in ("jump", "slip"):
        text = "突增"
    return Mark(finding.finding_class, text)
