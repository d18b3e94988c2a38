"""A row in the making: counts of units and sums before rounding, and what they come to in either measure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from campaigns.models import Indicator

from .answer import Coverage
from .question import CUMULATIVE, FLOW, STOCK

OWN = 0
"""The key of the unit's own report, beside the ids of the children's units."""

COUNTED, BEFORE = "counted", "before"
"""The sums of all reports that count in the period, and in the one before."""
FRESH, FRESH_BEFORE = "counted fresh", "before fresh"
"""The sums of those among them that are of that very period."""
FLOWS = "to_date"
"""The sums of a flow's reports to date."""

Cell = tuple[str, int]
"""The key of a sum: one of the kinds above, and the id of an indicator."""

# What a column shows to date, and the two that its increment is the difference of.
_TO_DATE: dict[str, str] = {CUMULATIVE: COUNTED, FLOW: FLOWS, STOCK: FRESH}
_IN_PERIOD: dict[str, tuple[str, str | None]] = {
    CUMULATIVE: (COUNTED, BEFORE),
    FLOW: (FRESH, None),
    STOCK: (FRESH, FRESH_BEFORE),
}
_NOTHING = Decimal(0)


@dataclass
class Part:
    """A row in the making: counts of units, and sums before rounding.

    counted: how many reports count, of which counted_fresh are of this very period; counted_before: in the
    period before. A cell that no report fills has no sum; filled: how many reports that count fill it. ever:
    indicators that a unit has once reported, looked for only where there is nothing to take a difference of.
    """

    reported: int = 0
    carried: int = 0
    never: int = 0
    exempt: int = 0
    counted: int = 0
    counted_fresh: int = 0
    counted_before: int = 0
    as_of: date | None = None
    has_below: bool = False
    sums: dict[Cell, Decimal] = field(default_factory=dict)
    filled: dict[Cell, int] = field(default_factory=dict)
    ever: set[int] = field(default_factory=set)

    @property
    def coverage(self) -> Coverage:
        expected = self.reported + self.carried + self.never
        return Coverage(expected, self.reported, self.carried, self.never, self.exempt)

    def add_units(self, units: int, as_of: date | None, end: date, *, exempt: bool, below: bool) -> None:
        if exempt:
            self.exempt += units
        elif as_of is None:
            self.never += units
        elif as_of == end:
            self.reported += units
        else:
            self.carried += units
        if as_of is not None:
            self.counted += units
            self.counted_fresh += units if as_of == end else 0
            self.as_of = min(self.as_of or as_of, as_of)
        self.has_below = self.has_below or below

    def add_sum(self, cell: Cell, amount: Decimal, filled: int) -> None:
        if cell in self.sums:
            self.sums[cell] += amount
            self.filled[cell] += filled
        else:
            self.sums[cell], self.filled[cell] = amount, filled

    def add(self, other: "Part") -> None:
        for count in ("reported", "carried", "never", "exempt", "counted", "counted_fresh"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.as_of = min(filter(None, (self.as_of, other.as_of)), default=None)
        for cell, amount in other.sums.items():
            self.add_sum(cell, amount, other.filled[cell])
        self.ever |= other.ever

    def total(self, kind: str, indicator: Indicator) -> Decimal | None:
        """Return the sum as printed; None where no report fills the cell."""
        amount = self.sums.get((kind, indicator.pk))
        return None if amount is None else _rounded(amount, indicator.decimals)

    def cumulative(self, indicator: Indicator) -> Decimal | None:
        return self.total(_TO_DATE[indicator.nature], indicator)

    def increment(self, indicator: Indicator) -> Decimal | None:
        now, was = (
            None if kind is None else self.total(kind, indicator) for kind in _IN_PERIOD[indicator.nature]
        )
        if now is None and was is None:
            return _rounded(_NOTHING, indicator.decimals) if indicator.pk in self.ever else None
        return (_NOTHING if now is None else now) - (_NOTHING if was is None else was)

    def has_increment(self, indicator: Indicator) -> bool:
        """Say whether there is anything to take a difference of."""
        return any((kind, indicator.pk) in self.sums for kind in _IN_PERIOD[indicator.nature] if kind)

    def values(self, columns: Iterable[Indicator], measure: str) -> dict[int, Decimal | None]:
        value = self.increment if measure == "increment" else self.cumulative
        return {indicator.number: value(indicator) for indicator in columns}

    def blank(self, columns: Iterable[Indicator], measure: str) -> dict[int, int]:
        """Count, of the reports that a value is made of, those that leave its cell blank.

        Of a flow to date that is the last report of each unit, as of a cumulative figure.
        """
        blank = {}
        for indicator in columns:
            fresh_only = indicator.nature == STOCK or (indicator.nature == FLOW and measure == "increment")
            filled = self.filled.get((FRESH if fresh_only else COUNTED, indicator.pk), 0)
            missing = (self.counted_fresh if fresh_only else self.counted) - filled
            if missing:
                blank[indicator.number] = missing
        return blank


def _rounded(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(_last_place(decimals), ROUND_HALF_UP)


@lru_cache
def _last_place(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)
