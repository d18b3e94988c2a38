"""What is asked of a roll-up: a form over a unit at a period, on a basis; refused in a sentence where it makes no sense."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from campaigns.models import Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from campaigns.models.units import Level
from reports.tasks import place_held

BASES = ("accepted", "received", "strict")
MEASURES = ("cumulative", "increment")
CUMULATIVE, FLOW, STOCK = Indicator.Nature.CUMULATIVE, Indicator.Nature.FLOW, Indicator.Nature.STOCK

_OWN_NAMES = {Level.NATION: "国家本级", Level.PROVINCE: "省本级", Level.PREFECTURE: "市本级"}


class RollUpError(ValueError):
    """A roll-up that cannot be made; the message is a sentence."""


class Side(NamedTuple):
    """A period to read, and the place below which to read it. name: of its part of the statement."""

    name: str
    place: UnitPlace
    period: ReportingPeriod


class Question(NamedTuple):
    """What is read. children: the unit of each child's place, by the place's id; None where no rows are wanted."""

    form: ReportForm
    basis: str
    sides: Sequence[Side]
    children: Mapping[int, int] | None

    @property
    def mark(self) -> str:
        """Which reports' sums stand apart.

        fresh: those of the very period, where a flow or a stock asks for them. same: those that count on both
        sides at the same place, whose figures need not be read twice. "": none.
        """
        if any(indicator.nature in (FLOW, STOCK) for indicator in self.form.columns):
            return "fresh"
        return "same" if len({side.place.pk for side in self.sides}) < len(self.sides) else ""


def check(form: ReportForm, period: ReportingPeriod, basis: str, measure: str) -> None:
    if basis not in BASES:
        raise RollUpError(
            f"没有“{basis}”这种口径，请用 accepted（已通过）、received（已收到）或 strict（仅本期）。"
        )
    if measure not in MEASURES:
        raise RollUpError(f"没有“{measure}”这种指标，请用 cumulative（累计）或 increment（本期新增）。")
    if basis == "strict" and measure == "increment":
        raise RollUpError("“仅本期”口径不沿用以前的数据，不能计算本期新增，请改用其他口径或累计数。")
    if form.campaign_id != period.campaign_id:
        raise RollUpError("报表和报告期不属于同一个活动，请重新选择。")


def place_at(unit: ReportingUnit, period: ReportingPeriod) -> UnitPlace:
    """Return the place that `unit` holds in `period`; its latest where it holds none then. Raises RollUpError."""
    return held_or_latest(places_of(unit, period), period.ends_on)


def places_of(unit: ReportingUnit, period: ReportingPeriod) -> list[UnitPlace]:
    """Return the places that `unit` has had in the campaign. Raises RollUpError where there is none."""
    places = list(UnitPlace.objects.filter(campaign=period.campaign_id, unit=unit).select_related("unit"))
    if not places:
        raise RollUpError(f"单位“{unit.name}”（{unit.code}）不在本次活动的单位名录中，请改选单位。")
    return places


def own_name(place: UnitPlace, children: Iterable[UnitPlace], period: ReportingPeriod) -> str:
    """Return the name of what a unit did itself, beside the units below it in the period: 市本级; a leaf's is its own.

    children: of the place, at any time; others are passed over.
    """
    below = (child for child in children if child.parent_id == place.pk)
    return name_above(place) if any(place_held([child], period.ends_on) for child in below) else place.short


def name_above(place: UnitPlace) -> str:
    """Return the name of what a unit did itself where it has units below it."""
    return _OWN_NAMES.get(Level(place.level), f"{place.short}本级")


def held_or_latest(places: Sequence[UnitPlace], day: date) -> UnitPlace:
    """Return the one of a unit's places in a campaign (at least one) that it holds on `day`, otherwise its latest."""
    return place_held(places, day) or max(places, key=lambda place: place.opens or date.min)
