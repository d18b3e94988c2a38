"""What is checked in a report: the default checks of every form and the written rules of its definition.

No database: plain figures in, findings out, so that grid, import, API and command say the same.
`reports.entry.checks` reads what is compared.
"""

import hashlib
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache

from campaigns.expressions import Cell, Expression, parse
from reports.numbers import FigureError, format_figure, parse_figure

FATAL, QUERY, HINT = "fatal", "query", "hint"

Figures = Mapping[int, Decimal | None]
"""Indicator number -> figure; None, or no entry, where the cell is blank."""

DEFAULT_JUMP = Decimal(3)
_MONEY = "万元"
_EVENTS = ("场次", "次", "辆次", "列次", "架次")

SHORTEST_EXPLANATION = 6
LONGEST_EXPLANATION = 500

# The same few rules are read at every save.
_parsed = lru_cache(maxsize=1024)(parse)


@dataclass(frozen=True)
class Finding:
    """What a check found. `key` stays the same while the finding does: explanations are stored under it.

    cells: numbers of this form's columns to mark; the reason box stands at the first. None are marked where a
    rule of this form names cells of other forms alone.
    """

    key: str
    finding_class: str
    message: str
    cells: tuple[int, ...]
    explanation: str = ""


@dataclass(frozen=True)
class IndicatorFacts:
    """What the checks know of an indicator.

    jump, jump_floor, maximum: None = the default. slip: None = no such check.
    """

    number: int
    label: str
    unit: str = ""
    parent: int | None = None
    decimals: int = 0
    nature: str = "cumulative"
    jump: Decimal | None = None
    jump_floor: Decimal | None = None
    slip: Decimal | None = None
    maximum: Decimal | None = None

    @property
    def name(self) -> str:
        return f"{self.number} {self.label}"

    @property
    def limit(self) -> Decimal:
        return default_maximum(self.unit) if self.maximum is None else self.maximum

    @property
    def floor(self) -> Decimal:
        return default_jump_floor(self.unit) if self.jump_floor is None else self.jump_floor

    def written(self, value: Decimal) -> str:
        """Write a figure with the column's decimals, or all of its own where it has more."""
        exponent = value.normalize().as_tuple().exponent
        return format_figure(value, max(self.decimals, -exponent if isinstance(exponent, int) else 0))


@dataclass(frozen=True)
class WrittenRule:
    """A check of the definition. `form`: code of the form it stands in, "" = the form that is checked."""

    text: str
    finding_class: str
    say: str = ""
    form: str = ""

    @property
    def expression(self) -> Expression:
        return _parsed(self.text)


@dataclass(frozen=True)
class EarlierReport:
    ends_on: date
    figures: Figures


@dataclass(frozen=True)
class OtherForm:
    """Another form of the same unit and period, as last saved; `last`: its latest earlier report sent."""

    name: str
    indicators: Sequence[IndicatorFacts]
    figures: Figures
    last: Figures = field(default_factory=dict)


def default_maximum(unit: str) -> Decimal:
    return Decimal("1000000.00") if unit == _MONEY else Decimal(10_000_000)


def default_jump_floor(unit: str) -> Decimal:
    """The increment below which no jump is asked about: docs/rules.md, "Default checks"."""
    if unit == "份":
        return Decimal(2000)
    if unit == _MONEY:
        return Decimal(50)
    return Decimal(10) if unit in _EVENTS else Decimal(200)


def run_rules(
    indicators: Sequence[IndicatorFacts],
    rules: Iterable[WrittenRule],
    figures: Figures,
    *,
    history: Sequence[EarlierReport] = (),
    form: str = "",
    other_forms: Mapping[str, OtherForm] | None = None,
    refused: Mapping[int, str] | None = None,
) -> list[Finding]:
    """Check one report: fatal findings first, then queries, then hints, each by column number.

    history: the unit's earlier reports of this form that are submitted or accepted, oldest first.
    form: the code of the checked form, by which rules of `other_forms` (by code) name its cells.
    refused: number -> text that was typed and could not be read.
    A check runs only where all its cells are filled. The default checks and their limits: docs/rules.md.
    Raises ExpressionError for a rule that cannot be read; a definition with one is never loaded.
    """
    report = _Report(indicators, figures, history, form, other_forms or {}, refused or {})
    findings = [*report.refusals(), *report.sums(), *report.blanks()]
    for facts in indicators:
        findings += report.cell_findings(facts)
        findings += report.history_findings(facts)
    for rule in rules:
        findings += report.rule_findings(rule)
    findings.sort(key=_order)
    # A rule that stands twice is one question: the stricter comes first and stays.
    unique: dict[str, Finding] = {}
    for finding in findings:
        unique.setdefault(finding.key, finding)
    return list(unique.values())


def increments(facts: IndicatorFacts, reports: Iterable[Figures]) -> list[Decimal | None]:
    """Return the increment of each of a unit's reports, oldest first; the first is counted from 0.

    None where the cell is blank in the report or in the one before. A flow is its own increment.
    """
    found: list[Decimal | None] = []
    before: Decimal | None = Decimal(0)
    for figures in reports:
        value = figures.get(facts.number)
        if facts.nature == "flow":
            before = Decimal(0)
        found.append(None if value is None or before is None else value - before)
        before = value
    return found


def rule_key(rule: WrittenRule, checked: str) -> str:
    """Return the key of the finding that a written rule makes in the form with the code `checked`."""
    key = hashlib.sha256(rule.text.encode()).hexdigest()[:12]
    # Two other forms may say the same of this one.
    return f"rule:{key}" if rule.form in ("", checked) else f"rule:{rule.form}:{key}"


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Return what forbids submission: the fatal findings, and the queries without a good explanation."""
    return [
        finding
        for finding in findings
        if finding.finding_class == FATAL
        or (finding.finding_class == QUERY and explanation_problem(finding.explanation) is not None)
    ]


def explanation_problem(text: str) -> str | None:
    """Say in a sentence why `text` is no 核实说明 and what to write instead; None where it is one."""
    typed = "".join(character for character in text if character.isprintable()).strip()
    if not typed:
        return f"请填写核实说明（至少 {SHORTEST_EXPLANATION} 个字），{_ADVICE}"
    # Before its length: “属实” is not mended by padding.
    if _says_nothing(typed):
        return f"“{typed[:20]}”没有说明原因，{_ADVICE}"
    if len(typed) < SHORTEST_EXPLANATION:
        return f"核实说明至少 {SHORTEST_EXPLANATION} 个字，现在只有 {len(typed)} 个，{_ADVICE}"
    # What is stored is what was typed, unprintable characters included.
    if len(text) > LONGEST_EXPLANATION:
        return f"核实说明最多 {LONGEST_EXPLANATION} 个字，现在有 {len(text)} 个，请缩短。"
    return None


_ADVICE = "请写明实际情况，例如“2月20日起在火车站设点，连续六天集中接待”。"
_FORMULAS = re.compile("(?:属实|无误|核实|核对|确认|情况|数据|无|经|已)+")
_REPETITION = re.compile(r"(.{1,5}?)\1+")


def _says_nothing(text: str) -> bool:
    """True for the bare formulas (属实, 核实无误, …), repetitions, digits and punctuation."""
    letters = "".join(character for character in text if character.isalpha())
    return len(letters) < 2 or bool(_FORMULAS.fullmatch(letters) or _REPETITION.fullmatch(letters))


def _order(finding: Finding) -> tuple[int, float]:
    column = finding.cells[0] if finding.cells else float("inf")
    return (FATAL, QUERY, HINT).index(finding.finding_class), column


@dataclass(frozen=True)
class _Report:
    """One report and all it is compared with; each method is a group of checks."""

    indicators: Sequence[IndicatorFacts]
    figures: Figures
    history: Sequence[EarlierReport]
    form: str
    other_forms: Mapping[str, OtherForm]
    refused: Mapping[int, str]

    @property
    def last(self) -> Figures:
        return self.history[-1].figures if self.history else {}

    def refusals(self) -> Iterator[Finding]:
        for facts in self.indicators:
            text = self.refused.get(facts.number)
            if text is None:
                continue
            try:
                parse_figure(text, decimals=facts.decimals, maximum=facts.limit, unit=facts.unit)
            except FigureError as error:
                remedy = str(error)
            else:
                # The column has changed since, for example its limit.
                remedy = "请重新填写。"
            message = f"{facts.name}：填写的“{text}”没有存为数字。{remedy}"
            yield Finding(f"refused:{facts.number}", FATAL, message, (facts.number,))

    def sums(self) -> Iterator[Finding]:
        """其中: a part is at most its whole, and the whole is filled."""
        by_number = {facts.number: facts for facts in self.indicators}
        for part in self.indicators:
            value = self.figures.get(part.number)
            if part.parent is None or value is None:
                continue
            whole = by_number[part.parent]
            limit = self.figures.get(whole.number)
            named = f"{part.name} ({part.written(value)})"
            if limit is None:
                message = f"{named} 已填，{whole.name} 未填，请补填第{whole.number}列"
            elif value > limit:
                message = f"{named} 不能大于 {whole.name} ({whole.written(limit)})"
            else:
                continue
            yield Finding(f"sub:{part.number}", FATAL, message, (part.number, whole.number))

    def blanks(self) -> Iterator[Finding]:
        """Blank is not zero: count what is unfilled, and ask about what the last report had filled."""
        blank = [
            facts
            for facts in self.indicators
            if self.figures.get(facts.number) is None and facts.number not in self.refused
        ]
        for facts in blank:
            before = self.last.get(facts.number)
            if before is not None:
                message = f"{facts.name}：上期为 {facts.written(before)}，本期未填，请补填或说明原因"
                yield Finding(f"gone:{facts.number}", QUERY, message, (facts.number,))
        if blank:
            numbers = tuple(facts.number for facts in blank)
            which = (
                f"{blank[0].name}未填"
                if len(blank) == 1
                else f"{len(blank)} 项未填（第{'、'.join(map(str, numbers))}列）"
            )
            yield Finding("blank", HINT, f"{which}。没有发生请填 0，可以留空上报。", numbers)

    def cell_findings(self, facts: IndicatorFacts) -> Iterator[Finding]:
        """What a figure must be by itself."""
        value = self.figures.get(facts.number)
        if value is None:
            return
        named = f"{facts.name}：{facts.written(value)}"
        cells = (facts.number,)
        if value < 0:
            message = f"{named} 是负数，请填写 0 或大于 0 的数字"
            yield Finding(f"min:{facts.number}", FATAL, message, cells)
        if value > facts.limit:
            limit = f"{facts.written(facts.limit)} {facts.unit}".strip()
            yield Finding(f"max:{facts.number}", FATAL, f"{named} 超出上限 {limit}，请核对位数和单位", cells)
        if value != round(value, facts.decimals):
            most = f"最多保留 {facts.decimals} 位小数" if facts.decimals else "只能填整数"
            yield Finding(f"decimals:{facts.number}", FATAL, f"{named} {most}，请改正", cells)

    def history_findings(self, facts: IndicatorFacts) -> Iterator[Finding]:
        """Compare a figure with the unit's earlier ones: fall, jump, slipped unit of measure, no growth."""
        value = self.figures.get(facts.number)
        if value is None:
            return
        cells = (facts.number,)
        cumulative = facts.nature == "cumulative"
        before = self.last.get(facts.number)
        if cumulative and before is not None and value < before:
            fall = f"{facts.written(before)} → {facts.written(value)}"
            message = f"{facts.name}：{fall}，比上期少 {facts.written(before - value)}"
            yield Finding(f"fall:{facts.number}", QUERY, message, cells)

        series = [*(report.figures for report in self.history), self.figures]
        *all_earlier, increment = increments(facts, series)
        earlier = [amount for amount in all_earlier if amount is not None]
        if increment is not None and earlier:
            median = statistics.median(earlier)
            jump = DEFAULT_JUMP if facts.jump is None else facts.jump
            # From the third report on: before it there is no series to stand out of.
            jumped = increment > jump * median and increment >= facts.floor
            if cumulative and len(self.history) >= 2 and jumped:
                message = _above_median(facts, increment, median, jump)
                yield Finding(f"jump:{facts.number}", QUERY, message, cells)
            if facts.slip is not None and median > 0 and increment > facts.slip * median:
                message = _above_median(facts, increment, median, facts.slip)
                slipped = "是否把元填成了万元" if facts.unit == _MONEY else "计量单位"
                yield Finding(f"slip:{facts.number}", QUERY, f"{message}，请核对{slipped}", cells)

        running = [*all_earlier, increment][-3:]
        if cumulative and len(running) == 3 and all(amount is not None and amount <= 0 for amount in running):
            message = f"{facts.name}：连续三期没有增长 ({facts.written(value)})，请确认没有漏报"
            yield Finding(f"flat:{facts.number}", HINT, message, cells)

    def rule_findings(self, rule: WrittenRule) -> Iterator[Finding]:
        home = rule.form or self.form
        expression = rule.expression
        values = {cell: self._value(cell, home) for cell in expression.cells}
        if expression.holds(values) is not False:
            return
        # A rule that ran has all its cells filled.
        filled = {cell: value for cell, value in values.items() if value is not None}
        if rule.say:
            listed = "，".join(self._listed(cell, home, filled[cell]) for cell in expression.ordered_cells)
            message = f"{rule.say}（{listed}）"
        else:
            message = f"应满足：{in_words(expression, lambda cell: self._named(cell, home, filled[cell]))}"
        key = rule_key(rule, self.form)
        if home != self.form:
            message = f"{self.other_forms[home].name}：{message}"
        own = [cell.number for cell in expression.ordered_cells if (cell.form or home) == self.form]
        yield Finding(key, rule.finding_class, message, tuple(dict.fromkeys(own)))

    def _value(self, cell: Cell, home: str) -> Decimal | None:
        """Read a cell of a rule that stands in the form `home`; `last.cN` is of that form."""
        code = cell.form or home
        if code == self.form:
            return (self.last if cell.last else self.figures).get(cell.number)
        if code not in self.other_forms:
            return None
        other = self.other_forms[code]
        return (other.last if cell.last else other.figures).get(cell.number)

    def _facts(self, cell: Cell, home: str) -> IndicatorFacts:
        code = cell.form or home
        indicators = self.indicators if code == self.form else self.other_forms[code].indicators
        return next(facts for facts in indicators if facts.number == cell.number)

    def _place(self, cell: Cell, home: str) -> str:
        code = cell.form or home
        form = "" if code == self.form else self.other_forms[code].name
        return form + ("上期" if cell.last else "")

    def _listed(self, cell: Cell, home: str, value: Decimal) -> str:
        return f"{self._place(cell, home)}第{cell.number}列 {self._facts(cell, home).written(value)}"

    def _named(self, cell: Cell, home: str, value: Decimal) -> str:
        facts = self._facts(cell, home)
        return f"{self._place(cell, home)} {facts.name} ({facts.written(value)})".strip()


def _above_median(facts: IndicatorFacts, increment: Decimal, median: Decimal, times: Decimal) -> str:
    return (
        f"{facts.name}：本期新增 {facts.written(increment)}，超过以往新增中位数 {facts.written(median)}"
        f" 的 {times.normalize():f} 倍 ({facts.written(times * median)})"
    )


_WORDS = {
    "==": "等于",
    "!=": "不等于",
    "<=": "不大于",
    ">=": "不小于",
    "<": "小于",
    ">": "大于",
    "*": "×",
    "/": "÷",
    "and": "并且",
    "or": "或者",
    "not": "并非",
}
_TOKEN = re.compile(r"[a-z_][a-z0-9_.]*|[<>=!]=|[<>*/]")


def in_words(expression: Expression, name: Callable[[Cell], str]) -> str:
    """Write a rule in Chinese, each cell as `name` gives it."""
    cells = {str(cell): cell for cell in expression.ordered_cells}

    def word(match: re.Match[str]) -> str:
        token = match.group()
        return name(cells[token]) if token in cells else f" {_WORDS[token]} "

    return re.sub(" {2,}", " ", _TOKEN.sub(word, " ".join(expression.text.split()))).strip()
