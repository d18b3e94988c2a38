"""What the reading of an upload says: plain answers, nothing of how they were found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from campaigns.models import Campaign, ReportForm, ReportingPeriod, ReportingUnit
from reports.numbers import plain

OK, ASK, REFUSED = "ok", "ask", "refused"
_MOST_CHOICES = 20


@dataclass(frozen=True)
class Asked:
    """What the caller knows of a file. settled: which of unit and period stand even where the file says
    otherwise, because the user has answered. total: the figures in
    the row 总计 are the unit's own."""

    campaign: Campaign | None = None
    form: ReportForm | None = None
    unit: ReportingUnit | None = None
    period: ReportingPeriod | None = None
    settled: frozenset[str] = frozenset()
    total: bool = False


@dataclass(frozen=True)
class Scope:
    """Which forms are looked for, and for which units figures are taken: ids of units, None = all.

    called: what a sentence calls these units.
    """

    campaigns: Sequence[Campaign]
    units: frozenset[int] | None = None
    called: str = "您可以填报的单位"

    def has(self, unit_id: int) -> bool:
        return self.units is None or unit_id in self.units


@dataclass(frozen=True)
class Rejected:
    """A cell that is not taken: its figure stays as it is stored."""

    unit: str
    number: int
    sheet: str
    cell: str
    found: str
    reason: str


@dataclass(frozen=True)
class Source:
    """Where a figure was read: for marking up the user's own workbook."""

    sheet: str
    cell: str


@dataclass
class Reading:
    """What became of a file.

    asks: what an answer is wanted for, "" or campaign, form, unit, period, total; choices: what may be answered,
    the likely ones first. recognised: what each of form, unit and period is known by (mark, headers, name,
    argument). values: unit -> number -> figure; a cell that is empty or rejected is missing.
    empty: how many cells were empty, by unit. outdated: the file is of an older version of the form.
    """

    outcome: str = OK
    reason: str = ""
    asks: str = ""
    choices: list[Any] = field(default_factory=list)
    campaign: Campaign | None = None
    form: ReportForm | None = None
    unit: ReportingUnit | None = None
    period: ReportingPeriod | None = None
    recognised: dict[str, str] = field(default_factory=dict)
    values: dict[ReportingUnit, dict[int, Decimal]] = field(default_factory=dict)
    sources: dict[tuple[str, int], Source] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    outdated: bool = False

    def ask(self, what: str, reason: str, choices: Iterable[Any] = ()) -> "Settled":
        """Say what must be answered; the caller raises what is returned."""
        self.outcome, self.asks, self.reason, self.choices = ASK, what, reason, list(choices)
        return Settled()

    def refuse(self, reason: str) -> "Settled":
        """Say why nothing is taken; the caller raises what is returned."""
        self.outcome, self.reason = REFUSED, reason
        return Settled()

    def as_json(self) -> dict[str, Any]:
        decimals = (
            {indicator.number: indicator.decimals for indicator in self.form.columns} if self.form else {}
        )
        by_mark = self.recognised and set(self.recognised.values()) == {"mark"}
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "campaign": self.campaign.code if self.campaign else None,
            "form": self.form.code if self.form else None,
            "unit": self.unit.code if self.unit else None,
            "period": self.period.ends_on.isoformat() if self.period else None,
            "recognised_by": "mark" if by_mark else self.recognised.get("form") and "headers",
            "recognised": self.recognised,
            "values": {
                unit.code: {
                    str(number): plain(value, decimals[number]) for number, value in sorted(figures.items())
                }
                for unit, figures in self.values.items()
            }
            if self.outcome == OK
            else {},
            "rejected": [
                {
                    "unit": one.unit,
                    "number": str(one.number),
                    "sheet": one.sheet,
                    "cell": one.cell,
                    "found": one.found,
                    "reason": one.reason,
                }
                for one in self.rejected
            ],
            "warnings": self.warnings,
            "choices": [_code(choice) for choice in self.choices[:_MOST_CHOICES]],
        }


def _code(choice: Any) -> str:
    return choice.ends_on.isoformat() if isinstance(choice, ReportingPeriod) else choice.code


class Settled(Exception):  # noqa: N818 (the reading is finished)
    """Raised where nothing more is to be found out: the reading asks, or is refused."""
