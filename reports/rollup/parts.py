"""A row in the making: counts of units and sums before rounding, and what they come to in either measure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

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

# What a column shows to date, and the two that its increment is the difference of.
_KINDS: dict[str, tuple[str, str, str | None]] = {
    CUMULATIVE: (COUNTED, COUNTED, BEFORE),
    FLOW: (FLOWS, FRESH, None),
    STOCK: (FRESH, FRESH, FRESH_BEFORE),
}
_NOTHING = Decimal(0)


class Column(NamedTuple):
    """An indicator, with the kinds of the sums that it shows. last_place: what they are rounded to."""

    number: int
    pk: int
    nature: str
    last_place: Decimal
    to_date: str
    now: str
    was: str | None


def columns_of(indicators: Iterable[Indicator]) -> list[Column]:
    return [
        Column(one.number, one.pk, one.nature, Decimal(1).scaleb(-one.decimals), *_KINDS[one.nature])
        for one in indicators
    ]


@dataclass
class Part:
    """A row in the making: counts of units, and sums before rounding.

    counted: how many reports count, of which counted_fresh are of this very period; counted_before: in the
    period before. sums: by kind and id of the indicator; a cell that no report fills has none. filled, the same:
    how many reports that count fill it. ever: indicators that a unit has once reported, looked for only where
    there is nothing to take a difference of.
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
    sums: defaultdict[str, dict[int, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    filled: defaultdict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    ever: set[int] = field(default_factory=set)

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

    def add_sum(self, kind: str, indicator: int, amount: Decimal, filled: int) -> None:
        sums, counts = self.sums[kind], self.filled[kind]
        if indicator in sums:
            sums[indicator] += amount
            counts[indicator] += filled
        else:
            sums[indicator], counts[indicator] = amount, filled

    def add(self, other: "Part") -> None:
        self.reported += other.reported
        self.carried += other.carried
        self.never += other.never
        self.exempt += other.exempt
        self.counted += other.counted
        self.counted_fresh += other.counted_fresh
        self.as_of = min(filter(None, (self.as_of, other.as_of)), default=None)
        for kind, sums in other.sums.items():
            counts = other.filled[kind]
            for indicator, amount in sums.items():
                self.add_sum(kind, indicator, amount, counts[indicator])
        self.ever |= other.ever

    def values(self, columns: Iterable[Column], measure: str) -> dict[int, Decimal | None]:
        value = self._increment if measure == "increment" else self._to_date
        return {column.number: value(column) for column in columns}

    def _to_date(self, column: Column) -> Decimal | None:
        return self._total(column.to_date, column)

    def _increment(self, column: Column) -> Decimal | None:
        now = self._total(column.now, column)
        was = self._total(column.was, column) if column.was else None
        if now is None and was is None:
            return _NOTHING.quantize(column.last_place) if column.pk in self.ever else None
        return (_NOTHING if now is None else now) - (_NOTHING if was is None else was)

    def _total(self, kind: str, column: Column) -> Decimal | None:
        """Return the sum as printed; None where no report fills the cell."""
        amount = self.sums[kind].get(column.pk)
        return None if amount is None else amount.quantize(column.last_place, ROUND_HALF_UP)

    def has_increment(self, column: Column) -> bool:
        """Say whether there is anything to take a difference of."""
        return column.pk in self.sums[column.now] or (
            column.was is not None and column.pk in self.sums[column.was]
        )

    def blank(self, columns: Iterable[Column], measure: str) -> dict[int, int]:
        """Count, of the reports that a value is made of, those that leave its cell blank.

        Of a flow to date that is the last report of each unit, as of a cumulative figure.
        """
        blank = {}
        for column in columns:
            fresh_only = column.nature == STOCK or (column.nature == FLOW and measure == "increment")
            filled = self.filled[FRESH if fresh_only else COUNTED].get(column.pk, 0)
            missing = (self.counted_fresh if fresh_only else self.counted) - filled
            if missing:
                blank[column.number] = missing
        return blank
