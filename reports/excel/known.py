"""What files are compared with: forms, periods and units of a scope, read once for all files of one sending."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from campaigns.models import Campaign, Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from reports.entry.checks import facts
from reports.tasks import owes, place_held

from .reading import Scope
from .recognise import Shape
from .units import UnitNames

_EXTRA_ROWS, _EXTRA_COLUMNS = 240, 21
"""What is read beyond a row a unit and a column an indicator: 200 and 20, and room for the header."""


class Tree:
    """The units of a campaign in one period, as one form asks them. Ids are those of units.

    held: the place at which a unit counts. owing: who owes the form. above_others: who has units below that do.
    """

    def __init__(self, places: list[UnitPlace], form: ReportForm, period: ReportingPeriod) -> None:
        by_unit: dict[int, list[UnitPlace]] = defaultdict(list)
        for place in places:
            by_unit[place.unit_id].append(place)
        self.held: dict[int, UnitPlace] = {
            pk: one for pk, several in by_unit.items() if (one := place_held(several, period.ends_on))
        }
        self.owing = {pk for pk, place in self.held.items() if owes(place, form)}
        parents = {self.held[pk].parent_id for pk in self.owing}
        self.above_others = {pk for pk, place in self.held.items() if place.pk in parents}
        self.units: dict[int, ReportingUnit] = {place.unit_id: place.unit for place in places}
        self.by_code = {unit.code: pk for pk, unit in self.units.items()}
        self.names = UnitNames(places, self.owing, form)


class Columns:
    """The columns of a form by number, and the largest figure that each takes, None = any."""

    def __init__(self, form: ReportForm) -> None:
        self.indicators: Mapping[int, Indicator] = {column.number: column for column in form.columns}
        self.limits: Mapping[int, Decimal | None] = {
            known.number: known.limit for known in facts(form.columns)
        }


class Known:
    """Reads what a scope holds when it is first wanted. Not to be kept: what is changed meanwhile is not seen."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._places: dict[int, list[UnitPlace]] = {}
        self._trees: dict[tuple[int, int], Tree] = {}
        self._columns: dict[int, Columns] = {}

    @cached_property
    def forms(self) -> list[ReportForm]:
        """All forms, in the order of campaigns and of their printing."""
        campaigns = {campaign.pk: campaign for campaign in self.scope.campaigns}
        forms = ReportForm.objects.filter(campaign__in=campaigns).prefetch_related("indicators")
        listed = list(forms.order_by("campaign", "position"))
        for form in listed:
            form.campaign = campaigns[form.campaign_id]
        return listed

    @cached_property
    def shapes(self) -> dict[int, Shape]:
        """Each form as it is looked for in a sheet, by its id."""
        return {form.pk: shape_of(form) for form in self.forms}

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """How many rows and columns of a sheet are read."""
        places = UnitPlace.objects.filter(campaign__in=self.scope.campaigns).count()
        widest = max((len(form.columns) for form in self.forms), default=0)
        return places + _EXTRA_ROWS, widest + _EXTRA_COLUMNS

    @cached_property
    def _periods(self) -> dict[int, list[ReportingPeriod]]:
        found: dict[int, list[ReportingPeriod]] = {}
        for campaign in self.scope.campaigns:
            found[campaign.pk] = list(campaign.periods.all())
            for period in found[campaign.pk]:
                period.campaign = campaign
        return found

    def periods(self, campaign: Campaign) -> list[ReportingPeriod]:
        return self._periods[campaign.pk]

    def tree(self, form: ReportForm, period: ReportingPeriod) -> Tree:
        campaign = form.campaign_id
        if campaign not in self._places:
            places = UnitPlace.objects.filter(campaign=campaign).select_related("unit").order_by("position")
            self._places[campaign] = list(places)
        key = form.pk, period.pk
        if key not in self._trees:
            self._trees[key] = Tree(self._places[campaign], form, period)
        return self._trees[key]

    def columns(self, form: ReportForm) -> Columns:
        if form.pk not in self._columns:
            self._columns[form.pk] = Columns(form)
        return self._columns[form.pk]


def shape_of(form: ReportForm) -> Shape:
    """Return a form as it is looked for in a sheet."""
    numbers = {indicator.pk: indicator.number for indicator in form.columns}
    parents = {
        indicator.number: numbers[indicator.parent_id]
        for indicator in form.columns
        if indicator.parent_id is not None
    }
    return Shape(form.header, form.title, form.subtitle, parents)
