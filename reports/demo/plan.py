"""What each unit of the demonstration reports and what becomes of it: plain values, before anything is stored.

Special cases stand in `fixtures/demo/cases.csv`, a row a case: in these periods, for these cells,
  missing      nothing is reported                   late         so many hours (`amount`) after the due time
  blank        the cells stay blank                  more         the figures are `amount` more than invented
  typed        the cell holds `text`                 reason       `text` explains the queries at the cells
  draft        the first `amount` cells are filled   no_change    与上期相同
  waiting      submitted      accepted               exempt       免报 of all forms, for the reason `text`
  returned     with `text`    resubmitted            returned with `text` while `amount` too high, then accepted
  reopened     accepted while `amount` too high, then reopened with `text`
  copied       in every period all figures are those of the unit `text`
Cases of no form are 扎口上报 of a city:
  signed       signed off     sign_accepted  signed off, then accepted by the province
  sign_reopened              signed off, then reopened with `text`
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from campaigns.calendar_rules import Workdays, next_workday

from .figures import chance

_LATE, _MISSING, _WAITING = 0.04, 0.015, 0.05
# In the campaign that is running: whole cities sign off, and one late county makes its city late.
_LATE_NOW = 0.015
# What becomes of a report in the period in progress: shares of accepted, waiting, draft; the rest is not begun.
_IN_PROGRESS = (("accepted", 0.42), ("waiting", 0.66), ("draft", 0.78))
_LIVES = ("draft", "waiting", "accepted", "returned", "resubmitted", "reopened", "no_change")
# What would be still to come in office hours happens within so long: the night before, or these hours.
_SPELL = timedelta(hours=5)
SIGN_OFFS = ("signed", "sign_accepted", "sign_reopened")
_AFTER_A_GAP = "上一期没有报送，本期新增包含两期的工作"


@dataclass(frozen=True)
class Case:
    kind: str
    periods: range
    cells: tuple[int, ...]
    amount: Decimal
    text: str


Cases = Mapping[tuple[str, str, str], Sequence[Case]]
"""By campaign, form and unit."""


@dataclass(frozen=True)
class Period:
    """due_at: on the campaign's clocks."""

    number: int
    starts_on: date
    ends_on: date
    due_at: datetime


@dataclass(frozen=True)
class Step:
    """A move of a report: sent, returned, corrected, accepted or reopened."""

    move: str
    at: datetime


@dataclass(frozen=True)
class Plan:
    """One report. figures: texts as typed, by number. reasons: by number of the cell, 0 = every other one.

    corrected: the figures after the step of that name. drafted_at: when the figures were last typed.
    """

    period: int
    figures: Mapping[int, str]
    drafted_at: datetime
    steps: tuple[Step, ...] = ()
    reasons: Mapping[int, str] = field(default_factory=dict)
    corrected: Mapping[int, str] = field(default_factory=dict)
    comment: str = ""
    cells: tuple[int, ...] = ()
    no_change: bool = False

    @property
    def is_plain(self) -> bool:
        """Filled once, then sent, or sent and accepted."""
        moves = tuple(step.move for step in self.steps)
        return not self.no_change and moves in (("sent",), ("sent", "accepted"))


def read_cases(path: Path) -> Cases:
    """Read the special cases."""
    cases: dict[tuple[str, str, str], list[Case]] = {}
    with path.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            first, _, last = row["periods"].partition("-")
            case = Case(
                kind=row["case"],
                periods=range(int(first), int(last or first) + 1),
                cells=tuple(int(cell) for cell in row["cells"].split()),
                amount=Decimal(row["amount"] or 0),
                text=row["text"],
            )
            cases.setdefault((row["campaign"], row["form"], row["unit"]), []).append(case)
    return cases


def plans(
    unit: str,
    form: str,
    reports: Sequence[Mapping[int, Decimal]],
    periods: Sequence[Period],
    cases: Sequence[Case],
    reasons: Mapping[int, str],
    *,
    is_known: bool,
    now: datetime | None = None,
) -> Iterator[Plan]:
    """Yield what one unit reports on one form, earliest period first; the last is in progress.

    reports: invented figures of every period. reasons: for jumps that invented figures have, by number.
    is_known: somebody logs in for the unit; nothing happens there by chance, as where there are cases.
    now: on the campaign's clocks; nothing happens later. None where all periods are long past.
    """
    by_chance = not is_known and not cases
    told = dict(reasons)
    for period, invented in zip(periods, reports, strict=True):
        here = [case for case in cases if period.number in case.periods]
        kinds = {case.kind: case for case in here}
        luck = chance("life", unit, form, period.number)
        left = len(periods) - period.number
        life = next((kind for kind in _LIVES if kind in kinds), None) or _life(luck.random(), left, by_chance)
        if life == "missing" or not kinds.keys().isdisjoint({"missing", "exempt"}):
            told = {0: _AFTER_A_GAP}
            continue
        figures = {number: f"{value:f}" for number, value in invented.items()}
        for case in here:
            for cell in case.cells:
                figures[cell] = _changed(case, figures[cell])
                if case.kind == "reason":
                    told[cell] = case.text
        clock = Clock(period, luck, kinds.get("late"), by_chance, now)
        yield _plan(life, kinds.get(life), period.number, figures, told, clock)
        told = dict(reasons)


def _life(luck: float, left: int, by_chance: bool) -> str:
    if left == 0:
        return next((life for life, share in _IN_PROGRESS if luck < share), "missing")
    if by_chance and luck < _MISSING:
        return "missing"
    return "waiting" if by_chance and left == 1 and luck > 1 - _WAITING else "accepted"


def _changed(case: Case, text: str) -> str:
    """Return the text of a cell as a special case leaves it."""
    if case.kind == "more":
        return f"{Decimal(text) + case.amount:f}"
    if case.kind in ("blank", "typed"):
        return case.text
    return text


def _plan(
    life: str,
    case: Case | None,
    period: int,
    figures: dict[int, str],
    reasons: Mapping[int, str],
    clock: "Clock",
) -> Plan:
    sent_at = clock.sent()
    accepted_at = clock.decided(sent_at)
    comment, cells = (case.text, case.cells) if case else ("", ())
    wrong = (
        figures | {cell: f"{Decimal(figures[cell]) + case.amount:f}" for cell in cells} if case else figures
    )
    steps: tuple[Step, ...] = ()
    corrected: Mapping[int, str] = {}
    match life:
        case "draft":
            filled = int(case.amount) if case else clock.luck.randint(5, len(figures) - 1)
            figures = {number: text if number <= filled else "" for number, text in figures.items()}
        case "waiting":
            steps = (Step("sent", sent_at),)
        case "returned":
            steps = (Step("sent", sent_at), Step("returned", accepted_at))
        case "resubmitted":
            corrected, figures = figures, wrong
            again_at = clock.by_now(accepted_at, minutes=clock.luck.randint(40, 160))
            steps = (
                Step("sent", sent_at),
                Step("returned", accepted_at),
                Step("corrected", again_at),
                Step("sent", again_at),
                Step("accepted", clock.decided(again_at)),
            )
        case "reopened":
            figures = wrong
            reopened_at = clock.decided(accepted_at)
            steps = (Step("sent", sent_at), Step("accepted", accepted_at), Step("reopened", reopened_at))
        case _:
            steps = (Step("sent", sent_at), Step("accepted", accepted_at))
    return Plan(
        period=period,
        figures=figures,
        drafted_at=max(sent_at - timedelta(minutes=clock.luck.randint(3, 50)), clock.opened),
        steps=steps,
        reasons=reasons,
        corrected=corrected,
        comment=comment,
        cells=cells,
        no_change=life == "no_change",
    )


class Clock:
    """When things happen to one report: in office hours, on working days, and nothing after `now`."""

    is_workday = Workdays()

    def __init__(
        self, period: Period, luck: random.Random, late: Case | None, by_chance: bool, now: datetime | None
    ) -> None:
        self.period = period
        self.luck = luck
        self.late = late
        self.by_chance = by_chance
        self.now = now
        self.opened = datetime.combine(period.starts_on, time(), period.due_at.tzinfo)

    def sent(self) -> datetime:
        """The day of the due time or one of the days before, from the period's last on; some are late.

        In a period that has not ended: any of its days up to now.
        """
        due_at = self.period.due_at
        if self.late is not None and not self._is_to_come(due_at):
            return self.by_now(due_at, minutes=60 * int(self.late.amount) + self.luck.randint(1, 50))
        late = _LATE if self.now is None else _LATE_NOW
        if self.by_chance and self.luck.random() < late and not self._is_to_come(due_at):
            return self._by_now(due_at, self._morning_after(due_at))
        first, last = self.period.ends_on, due_at.date()
        if self._is_to_come(datetime.combine(first, time.max, due_at.tzinfo)):
            first = self.period.starts_on
        if self.now is not None:
            last = min(last, self.now.date())
        span = range(first.toordinal(), last.toordinal() + 1)
        days = [day for day in map(date.fromordinal, span) if self.is_workday(day)]
        begun = datetime.combine(first, time(), due_at.tzinfo)
        if self.now is not None:
            begun = max(begun, self.now - _SPELL)
        return self._by_now(begun, self._at_work(self.luck.choice(days or [last])))

    def decided(self, after: datetime) -> datetime:
        """Within the hour, or on the next working day."""
        soon = after + timedelta(minutes=self.luck.randint(15, 60))
        if soon.time() > time(17, 15) or not self.is_workday(soon.date()):
            soon = self._morning_after(after)
        return self._by_now(after, soon)

    def by_now(self, after: datetime, *, minutes: int) -> datetime:
        """So many minutes later, or sooner where that is still to come."""
        return self._by_now(after, after + timedelta(minutes=minutes))

    def _by_now(self, after: datetime, moment: datetime) -> datetime:
        if self.now is None or moment <= self.now:
            return moment
        span = min(self.now - after, _SPELL) * self.luck.uniform(0.2, 0.8)
        return after + timedelta(seconds=int(span.total_seconds()))

    def _is_to_come(self, moment: datetime) -> bool:
        return self.now is not None and self.now < moment

    def _morning_after(self, moment: datetime) -> datetime:
        return self._at_work(next_workday(moment.date() + timedelta(days=1), self.is_workday))

    def _at_work(self, day: date) -> datetime:
        # 8:45 to 15:45: there is time left to decide on it before the due time of the day.
        moment = datetime.combine(day, time(8, 45), self.period.due_at.tzinfo)
        return moment + timedelta(seconds=self.luck.randint(0, 25_200))
