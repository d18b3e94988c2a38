"""A roll-up as it is handed out: plain values, made once and never changed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Coverage:
    """What a total is made of, in reporting units: 应报 = 本期 + 沿用 + 未报; 免报 stands apart."""

    expected: int
    reported: int
    carried: int
    never: int
    exempt: int

    @property
    def state(self) -> str:
        """reported, carried or never where all units expected agree, else mixed; exempt: none is expected."""
        states = [state for state in ("reported", "carried", "never") if getattr(self, state)]
        if len(states) > 1:
            return "mixed"
        return states[0] if states else "exempt"


@dataclass(frozen=True)
class Row:
    """The unit's own report (`own`), or a direct child with all below it.

    state: as in `Coverage`.
    as_of: the end of the period of the earliest report counted; None where none is.
    values: by indicator number, in the measure asked for; None where no unit reported the cell.
    cumulative: the same to date, whatever the measure.
    blank: by indicator number, how many units' counted reports left the cell blank; no entry for 0.
    place: id of the unit's UnitPlace. has_below: the row counts units below this one.
    """

    unit: str
    name: str
    own: bool
    state: str
    as_of: date | None
    coverage: Coverage
    values: dict[int, Decimal | None]
    cumulative: dict[int, Decimal | None]
    blank: dict[int, int]
    place: int
    has_below: bool


@dataclass(frozen=True, kw_only=True)
class Total:
    """A unit with all below it at a period. campaign, form and unit are codes, period is its end; the rest as in `Row`.

    carried (with the end of the period that it comes from), never and exempt name the units of the whole
    subtree in registry order: one further down than a child with the unit above it, 徐州市鼓楼区; one that
    has units below it for what it did itself, 徐州市本级.
    """

    campaign: str
    form: str
    period: date
    unit: str
    basis: str
    measure: str
    coverage: Coverage
    as_of: date | None
    total: dict[int, Decimal | None]
    cumulative: dict[int, Decimal | None]
    blank: dict[int, int]
    carried: tuple[tuple[str, date], ...]
    never: tuple[str, ...]
    exempt: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RollUp(Total):
    """A total with what it is made of: the unit's own row, then its children in registry order."""

    rows: tuple[Row, ...]


def as_json(roll_up: RollUp) -> dict[str, Any]:
    """Return what `manage.py roll_up --format json` prints: values as exact decimals in text."""
    return {
        "campaign": roll_up.campaign,
        "form": roll_up.form,
        "period": roll_up.period.isoformat(),
        "unit": roll_up.unit,
        "basis": roll_up.basis,
        "measure": roll_up.measure,
        "coverage": _coverage_json(roll_up.coverage),
        "total": _values_json(roll_up.total),
        "blank": {str(number): units for number, units in roll_up.blank.items()},
        "rows": [
            {
                "unit": row.unit,
                "name": row.name,
                "own": row.own,
                "state": row.state,
                "as_of": row.as_of.isoformat() if row.as_of else None,
                "coverage": _coverage_json(row.coverage),
                "values": _values_json(row.values),
                "blank": {str(number): units for number, units in row.blank.items()},
            }
            for row in roll_up.rows
        ],
    }


def _coverage_json(coverage: Coverage) -> dict[str, int]:
    counts = {
        "expected": coverage.expected,
        "reported": coverage.reported,
        "carried": coverage.carried,
        "never": coverage.never,
    }
    return counts | {"exempt": coverage.exempt} if coverage.exempt else counts


def _values_json(values: dict[int, Decimal | None]) -> dict[str, str | None]:
    return {str(number): None if value is None else f"{value:f}" for number, value in values.items()}
