"""What looks odd in a report beside the unit's earlier ones and its siblings' of the same period. No database.

Beyond the checks that the clerk answers (`reports.entry.validation`): these are for the coordinator, who asks. Each says
which cells, what, how sure it is and how much it weighs; nothing is forbidden by it.
"""

import hashlib
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from reports.entry.validation import Figures, IndicatorFacts, increments


class Kind(StrEnum):
    YUAN = "yuan"
    SWAPPED = "swapped"
    TENFOLD = "tenfold"
    FALL = "fall"
    COPIED = "copied"
    SAME = "same"
    PARTS = "parts"
    ROUND = "round"
    REUSED = "reused"


NAMES = {
    Kind.YUAN: "元当万元",
    Kind.SWAPPED: "数字颠倒",
    Kind.TENFOLD: "多一位或少一位",
    Kind.FALL: "累计下降",
    Kind.COPIED: "与别的单位相同",
    Kind.SAME: "与上期全同",
    Kind.PARTS: "其中全等于总数",
    Kind.ROUND: "多为整数",
    Kind.REUSED: "说明雷同",
}
CERTAIN, LIKELY, POSSIBLE, FAINT = "确定", "很可能", "可能", "留意"

_MONEY = "万元"
_SLIP = 100
_TEN_THOUSAND = range(2_000, 50_001)
"""How far from 10,000 the ratio of a slip from 元 to 万元 may be, and still be likely one."""
_FEW = 3
_ROUND_FROM = 20
_ROUND_COUNT = 6
_ROUND_SHARE = Decimal("0.8")
_PARTS_FROM = 10
_SHORTEST_REASON = 6


@dataclass(frozen=True)
class Report:
    """One report of a unit. explanations: text by key of the finding."""

    ends_on: date
    figures: Figures
    explanations: Mapping[str, str] = field(default_factory=dict)
    no_change: bool = False

    @cached_property
    def filled(self) -> dict[int, Decimal]:
        """The figures that are neither blank nor 0."""
        return {number: value for number, value in self.figures.items() if value}

    @cached_property
    def reasons(self) -> set[str]:
        """The explanations without their blanks."""
        return {_words(text) for text in self.explanations.values()}


@dataclass(frozen=True)
class Anomaly:
    """weight: 1 to 100, the gravest first. key: the same as long as the figures that it speaks of are."""

    kind: Kind
    cells: tuple[int, ...]
    message: str
    weight: int
    sure: str

    @property
    def key(self) -> str:
        text = hashlib.sha256(self.message.encode()).hexdigest()[:16]
        return f"{self.kind}:{self.cells[0] if self.cells else 0}:{text}"

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    @property
    def question(self) -> str:
        """The sentence with which the unit is asked, to be edited."""
        return f"{self.message}。请核对台账：如有误，请说明应为多少；如无误，请说明原因。"


@dataclass(frozen=True)
class _Change:
    """A figure against the unit's earlier ones. base: what it counts from; median: of the `known` increments before."""

    facts: IndicatorFacts
    value: Decimal
    base: Decimal
    increment: Decimal
    median: Decimal
    known: int


def find(
    facts: Sequence[IndicatorFacts], reports: Sequence[Report], siblings: Mapping[str, Report]
) -> list[Anomaly]:
    """Find what is odd in the last of a unit's reports, the gravest first.

    reports: of one form, submitted or accepted, oldest first. siblings: reports of other units on the same form
    and period, by name.
    """
    *earlier, report = reports
    found = [
        anomaly
        for column in facts
        if (anomaly := _cell(column, [*(one.figures for one in earlier), report.figures], report))
    ]
    found += _copied(facts, report, siblings)
    found += _same(report, earlier)
    found += _parts(facts, report)
    found += _round(facts, report, earlier)
    found += _reused(report, earlier, siblings)
    return sorted(found, key=lambda anomaly: (-anomaly.weight, anomaly.cells))


def _cell(facts: IndicatorFacts, series: Sequence[Figures], report: Report) -> Anomaly | None:
    """The most telling explanation of one figure's change, None where it is plain."""
    value = series[-1].get(facts.number)
    if value is None or len(series) < 2:
        return None
    before = series[-2].get(facts.number)
    *earlier, increment = increments(facts, series)
    amounts = [amount for amount in earlier if amount is not None]
    if increment is None or before is None or not amounts:
        return None
    median = statistics.median(amounts)
    base = before if facts.nature == "cumulative" else Decimal(0)
    change = _Change(facts, value, base, increment, median, len(amounts))
    for test in (_yuan, _swapped, _tenfold) if median > 0 else ():
        if anomaly := test(change):
            return anomaly
    if facts.nature == "cumulative" and value < before:
        lost = int(20 * (before - value) / before)
        explained = f"fall:{facts.number}" in report.explanations
        message = f"{facts.name}：累计数由 {facts.written(before)} 降到 {facts.written(value)}"
        return Anomaly(Kind.FALL, (facts.number,), message, (40 if explained else 60) + lost, CERTAIN)
    return None


def _yuan(change: _Change) -> Anomaly | None:
    ratio = change.increment / change.median
    if change.facts.unit != _MONEY or ratio < _SLIP:
        return None
    likely = int(ratio) in _TEN_THOUSAND
    message = (
        f"{change.facts.name}：本期新增 {change.facts.written(change.increment)} 万元，是以往新增中位数 {change.facts.written(change.median)} 的"
        f" {ratio:,.0f} 倍，像是把元填成了万元"
    )
    sure, weight = (LIKELY, 98) if likely else (POSSIBLE, 90)
    return Anomaly(Kind.YUAN, (change.facts.number,), message, weight, sure)


def _swapped(change: _Change) -> Anomaly | None:
    """Two neighbouring digits in each other's place: the figure does not fit the series, the other one does."""
    is_odd = change.increment < 0 or (
        change.increment > 3 * change.median and change.increment >= change.facts.floor
    )
    # One increment is no series, and of two digits too many fit by chance.
    if not is_odd or change.known < 2 or change.value < 100 or change.value != int(change.value):
        return None
    digits = str(int(change.value))
    for at in range(len(digits) - 1):
        turned_text = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        turned = Decimal(turned_text)
        if (
            turned != change.value
            and not turned_text.startswith("0")
            and change.base <= turned <= change.base + 2 * change.median
        ):
            message = (
                f"{change.facts.name}：填 {change.facts.written(change.value)} 与以往不合，{change.facts.written(turned)} 相合，"
                f"像是第 {at + 1}、{at + 2} 位数字颠倒"
            )
            return Anomaly(Kind.SWAPPED, (change.facts.number,), message, 92, LIKELY)
    return None


def _tenfold(change: _Change) -> Anomaly | None:
    """A digit too many or too few."""
    if change.increment < 0 and change.base <= 10 * change.value <= change.base + 3 * change.median:
        message = f"{change.facts.name}：填 {change.facts.written(change.value)}，乘以 10 才与以往相合，像是少了一位"
        return Anomaly(Kind.TENFOLD, (change.facts.number,), message, 88, LIKELY)
    if change.increment >= 10 * change.median and change.increment >= change.facts.floor:
        fits = (
            change.base <= change.value / 10 <= change.base + 3 * change.median
            or change.base <= change.base + change.increment / 10 <= change.base + 3 * change.median
        )
        times = change.increment / change.median
        message = (
            f"{change.facts.name}：本期新增 {change.facts.written(change.increment)}，是以往新增中位数 {change.facts.written(change.median)} 的"
            f" {times:,.0f} 倍" + ("，像是多了一位" if fits else "")
        )
        sure, weight = (LIKELY, 85) if fits else (POSSIBLE, 75)
        return Anomaly(Kind.TENFOLD, (change.facts.number,), message, weight, sure)
    return None


def _copied(
    facts: Sequence[IndicatorFacts], report: Report, siblings: Mapping[str, Report]
) -> Iterator[Anomaly]:
    figures = report.filled
    if len(figures) < min(5, len(facts)) or len(figures) < _FEW:
        return
    twins = [name for name, other in siblings.items() if other.filled == figures]
    if twins:
        names = "、".join(twins[:3])
        message = f"全部 {len(figures)} 项数据与{names}本期的完全相同"
        yield Anomaly(Kind.COPIED, (), message, 86, LIKELY)


def _same(report: Report, earlier: Sequence[Report]) -> Iterator[Anomaly]:
    figures = report.filled
    if not earlier or report.no_change or len(figures) < _FEW or earlier[-1].filled != figures:
        return
    message = f"全部 {len(figures)} 项数据与上期完全相同，没有声明“与上期相同”"
    yield Anomaly(Kind.SAME, (), message, 55, POSSIBLE)


def _parts(facts: Sequence[IndicatorFacts], report: Report) -> Iterator[Anomaly]:
    """其中 equal to its whole in every place: more likely copied than counted."""
    pairs = []
    for column in facts:
        if column.parent is None:
            continue
        part, whole = report.figures.get(column.number), report.figures.get(column.parent)
        if part is not None and whole is not None and whole >= _PARTS_FROM:
            pairs.append((column.number, part == whole))
    if len(pairs) >= 2 and all(equal for _, equal in pairs):
        numbers = tuple(number for number, _ in pairs)
        listed = "、".join(map(str, numbers))
        message = f"第{listed}列的“其中”全部等于所属的总数"
        yield Anomaly(Kind.PARTS, numbers, message, 50, POSSIBLE)


def _round(facts: Sequence[IndicatorFacts], report: Report, earlier: Sequence[Report]) -> Iterator[Anomaly]:
    counted, round_ones = _round_ones(facts, report)
    if counted < _ROUND_COUNT or round_ones < _ROUND_SHARE * counted:
        return
    habit = False
    if earlier:
        before, round_before = _round_ones(facts, earlier[-1])
        habit = before >= _ROUND_COUNT and round_before >= _ROUND_SHARE * before
    message = f"{counted} 项数据中 {round_ones} 项的末位是 0" + ("，上期也是这样" if habit else "")
    message += "，像是估计数"
    yield Anomaly(Kind.ROUND, (), message, 45 if habit else 30, POSSIBLE if habit else FAINT)


def _round_ones(facts: Sequence[IndicatorFacts], report: Report) -> tuple[int, int]:
    """How many whole-number figures are large enough to judge, and how many of them end in 0."""
    values = [
        value
        for column in facts
        if column.unit != _MONEY and (value := report.figures.get(column.number)) is not None
        if value >= _ROUND_FROM
    ]
    return len(values), sum(value % 10 == 0 for value in values)


def _reused(report: Report, earlier: Sequence[Report], siblings: Mapping[str, Report]) -> Iterator[Anomaly]:
    """An explanation that was given word for word before, or by somebody else in this period."""
    before = {words: one.ends_on for one in earlier for words in one.reasons}
    cells: dict[str, list[int]] = {}
    for key, text in report.explanations.items():
        number = key.partition(":")[2]
        cells.setdefault(_words(text), []).extend([int(number)] if number.isdecimal() else [])
    for words, numbers in cells.items():
        if len(words) < _SHORTEST_REASON:
            continue
        shown = words if len(words) <= 30 else f"{words[:30]}…"
        if words in before:
            day = before[words]
            message = f"核实说明与截至{day.month}月{day.day}日一期的一字不差：“{shown}”"
            yield Anomaly(Kind.REUSED, tuple(sorted(set(numbers))), message, 42, POSSIBLE)
        elif beside := [name for name, other in siblings.items() if words in other.reasons]:
            names = "、".join(beside[:3])
            message = f"核实说明与{names}本期的一字不差：“{shown}”"
            yield Anomaly(Kind.REUSED, tuple(sorted(set(numbers))), message, 35, FAINT)


def _words(text: str) -> str:
    return "".join(text.split())
