"""Invented cumulative figures: plausible, free of findings, and always the same. No database.

How each column grows stands in `fixtures/demo/figures.yaml`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import yaml

# Weekly ups and downs, few enough that no increment is three times the median of earlier ones.
_NOISE = 0.12
_SMALLEST, _BIGGEST = 0.7, 1.45


@dataclass(frozen=True)
class Growth:
    """What `figures.yaml` says of one campaign. curves: name -> weight of each period."""

    city: float
    curves: Mapping[str, Sequence[float]]
    forms: Mapping[str, Mapping[int, Mapping[str, Any]]]

    @property
    def periods(self) -> int:
        return len(next(iter(self.curves.values())))

    def reasons(self, form: str) -> dict[int, str]:
        """Return by column why it may jump, where that is told."""
        return {number: told["reason"] for number, told in self.forms[form].items() if "reason" in told}


@dataclass(frozen=True)
class Unit:
    """code: seeds all chance. is_city: reports only what the city itself did (市本级)."""

    code: str
    is_city: bool


def read_growth(path: Path) -> dict[str, Growth]:
    """Read the growth of each campaign by code."""
    return {code: Growth(**told) for code, told in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def invent(
    growth: Growth, unit: Unit, form: str, decimals: Mapping[str, Mapping[int, int]]
) -> list[dict[int, Decimal]]:
    """Return the unit's figures of `form` in every period, earliest first, by column number.

    decimals: of every column of the campaign, by form. Columns never fall, a part never exceeds its whole.
    """
    inventor = _Inventor(growth, unit, decimals)
    columns = {number: inventor.column(form, number) for number in growth.forms[form]}
    return [
        {number: values[period] for number, values in columns.items()} for period in range(growth.periods)
    ]


def chance(*about: object) -> random.Random:
    """Return chance that is the same whenever it is about the same."""
    return random.Random("/".join(map(str, about)))  # noqa: S311 - invented figures, no secrets


class _Inventor:
    """One unit's columns, each worked out once: a share needs the column that it is a share of."""

    def __init__(self, growth: Growth, unit: Unit, decimals: Mapping[str, Mapping[int, int]]) -> None:
        self.growth = growth
        self.unit = unit
        self.decimals = decimals
        self.size = chance(unit.code).uniform(_SMALLEST, _BIGGEST) * (growth.city if unit.is_city else 1)
        self.columns: dict[tuple[str, int], list[Decimal]] = {}

    def column(self, form: str, number: int) -> list[Decimal]:
        """Return the cumulative figures of a column, one a period."""
        if (form, number) not in self.columns:
            self.columns[form, number] = self._work_out(form, number)
        return self.columns[form, number]

    def _work_out(self, form: str, number: int) -> list[Decimal]:
        told = self.growth.forms[form][number]
        if "sum" in told:
            parts = [self.column(form, part) for part in told["sum"]]
            return [sum(values, Decimal(0)) for values in zip(*parts, strict=True)]
        luck = chance(self.unit.code, form, number)
        if luck.random() >= told.get("chance", 1):
            return [Decimal(0)] * self.growth.periods
        scale = self.size ** told.get("spread", 0 if "share" in told else 1)
        grown = self._share(form, told, scale, luck) if "share" in told else self._whole(told, scale, luck)
        last_place = Decimal(1).scaleb(-self.decimals[form][number])
        return [Decimal(value).quantize(last_place, ROUND_FLOOR) for value in accumulate(grown)]

    def _whole(self, told: Mapping[str, Any], scale: float, luck: random.Random) -> list[float]:
        """Return increments that follow the curve up to the final figure."""
        final = luck.uniform(*told["final"]) * scale
        curve = self.growth.curves[told.get("curve", "spring")]
        weights = [weight * luck.uniform(1 - _NOISE, 1 + _NOISE) for weight in curve]
        return [final * weight / sum(weights) for weight in weights]

    def _share(self, form: str, told: Mapping[str, Any], scale: float, luck: random.Random) -> list[float]:
        """Return increments that are a share of another column's; the unit has its own, which wavers a little."""
        *other_form, number = str(told["share"]).split(".")
        whole = self.column(other_form[0] if other_form else form, int(number))
        low, high = told["low"] * scale, told["high"] * scale
        usual = luck.uniform(low, high)
        increments = [now - before for before, now in pairwise([Decimal(0), *whole])]
        wavering = [min(max(usual * luck.uniform(1 - _NOISE, 1 + _NOISE), low), high) for _ in whole]
        return [float(increment) * share for increment, share in zip(increments, wavering, strict=True)]
