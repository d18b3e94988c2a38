"""Totals over periods: what `roll_up` says of a unit in each of several periods, in one statement.

For lines and bars over a campaign, and for what is judged week by week. The statement reads, for each period, the
places that count in it and the last report of each, as `reports.rollup` does for one; how many periods are asked
for changes neither its text nor the number of statements.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import connection

from campaigns.models import Indicator, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from campaigns.models.units import PATH_DIGITS
from reports.rollup.places import counts, none_later
from reports.tasks import place_held

OWN = 0
_STORED = Decimal("0.0001")
_NATURE = Indicator.Nature

_WHICH = {"accepted": "report.status = 'accepted'", "received": "report.status IN ('submitted', 'accepted')"}
_STATEMENT = """
WITH stand AS (
    SELECT period.id AS period_id, period.ends_on, place.unit_id,
        CAST('0' || SUBSTR(place.path, %(child)s, {digits}) AS bigint) AS child
    FROM campaigns_reportingperiod period
    JOIN campaigns_unitplace place ON place.campaign_id = period.campaign_id AND place.path LIKE %(path)s
        AND place.reports AND (%(line)s = '' OR place.line = '' OR place.line = %(line)s)
        AND {counts}
        AND {none_later}
    WHERE period.id IN ({periods})
), counted AS (
    SELECT stand.*, (
        SELECT report.id FROM reports_submission report
        WHERE report.report_form_id = %(form)s AND report.unit_id = stand.unit_id AND {which}
            AND report.ends_on <= stand.ends_on
        ORDER BY report.ends_on DESC LIMIT 1
    ) AS report_id
    FROM stand
)
SELECT counted.period_id, counted.child, figure.indicator_id, SUM(figure.value), 0
FROM counted
JOIN reports_submission latest ON latest.id = counted.report_id
JOIN reports_figure figure ON figure.submission_id = latest.id
JOIN campaigns_indicator indicator ON indicator.id = figure.indicator_id
WHERE figure.value IS NOT NULL AND figure.indicator_id IN ({indicators})
    AND (indicator.nature = 'cumulative' OR indicator.nature = 'stock' AND latest.ends_on = counted.ends_on)
GROUP BY 1, 2, 3
UNION ALL
SELECT stand.period_id, stand.child, figure.indicator_id, SUM(figure.value),
    CASE WHEN report.ends_on = stand.ends_on THEN 1 ELSE 0 END
FROM stand
JOIN reports_submission report ON report.report_form_id = %(form)s AND report.unit_id = stand.unit_id
    AND {which} AND report.ends_on <= stand.ends_on
JOIN reports_figure figure ON figure.submission_id = report.id
JOIN campaigns_indicator indicator ON indicator.id = figure.indicator_id AND indicator.nature = 'flow'
WHERE figure.value IS NOT NULL AND figure.indicator_id IN ({indicators})
GROUP BY 1, 2, 3, 5"""


@dataclass(frozen=True)
class Series:
    """Totals to date of a unit and of its children, by period and indicator number; None where none is reported.

    children: by the child's unit id; `OWN` is the unit's own report. periods: in order. flows: numbers of columns
    whose increment is what the period's own reports add, in `added`, and not a difference.
    """

    periods: tuple[ReportingPeriod, ...]
    numbers: tuple[int, ...]
    totals: dict[tuple[int, int], Decimal]
    children: dict[int, dict[tuple[int, int], Decimal]] = field(default_factory=dict)
    flows: frozenset[int] = frozenset()
    added: dict[int | None, dict[tuple[int, int], Decimal]] = field(default_factory=dict)
    """By the child's unit id as `children`; None: the whole unit."""

    def total(self, period: ReportingPeriod, number: int) -> Decimal | None:
        return self.totals.get((period.pk, number))

    def increment(self, period: ReportingPeriod, number: int) -> Decimal | None:
        """The difference to the period before, nothing before counting as 0; None where neither has a total."""
        return self._increment(self.totals, None, period, number)

    def of_child(self, unit: int, period: ReportingPeriod, number: int) -> Decimal | None:
        return self.children.get(unit, {}).get((period.pk, number))

    def increment_of_child(self, unit: int, period: ReportingPeriod, number: int) -> Decimal | None:
        return self._increment(self.children.get(unit, {}), unit, period, number)

    def _increment(
        self,
        totals: dict[tuple[int, int], Decimal],
        unit: int | None,
        period: ReportingPeriod,
        number: int,
    ) -> Decimal | None:
        if number in self.flows:
            return self.added.get(unit, {}).get((period.pk, number))
        index = self.periods.index(period)
        now = totals.get((period.pk, number))
        was = totals.get((self.periods[index - 1].pk, number)) if index else None
        if now is None and was is None:
            return None
        return (now or Decimal(0)) - (was or Decimal(0))


def series(
    form: ReportForm,
    unit: ReportingUnit,
    *,
    numbers: Iterable[int] | None = None,
    until: ReportingPeriod | None = None,
    basis: str = "accepted",
) -> Series:
    """Add `form` up over `unit` and all below it at each period of the campaign up to `until`, included.

    numbers: of the columns wanted; None = all. basis: accepted or received, as for `roll_up`. One
    statement for each place that the unit has had.
    """
    periods = list(form.campaign.periods.order_by("ends_on"))
    if until is not None:
        periods = [period for period in periods if period.ends_on <= until.ends_on]
    wanted = [column for column in form.columns if numbers is None or column.number in set(numbers)]
    places = list(UnitPlace.objects.filter(campaign=form.campaign_id, unit=unit))
    by_place: dict[int, list[ReportingPeriod]] = defaultdict(list)
    held = {place.pk: place for place in places}
    for period in periods:
        if place := place_held(places, period.ends_on):
            by_place[place.pk].append(period)
    children_units = dict(UnitPlace.objects.filter(parent__in=by_place).values_list("pk", "unit_id"))
    totals: dict[tuple[int, int], Decimal] = {}
    children: dict[int, dict[tuple[int, int], Decimal]] = defaultdict(dict)
    added: dict[int | None, dict[tuple[int, int], Decimal]] = defaultdict(dict)
    by_pk = {column.pk: column for column in wanted}
    for pk, of_place in by_place.items():
        for period_id, child, indicator, amount, is_fresh in _run(form, held[pk], of_place, wanted, basis):
            cell = (period_id, by_pk[indicator].number)
            exact = Decimal(str(amount)).quantize(_STORED)
            unit_id = children_units.get(child, OWN)
            sums = [children[unit_id], totals]
            if is_fresh:
                sums += [added[unit_id], added[None]]
            for one in sums:
                one[cell] = one.get(cell, Decimal(0)) + exact
    decimals = {column.number: column.decimals for column in wanted}
    for sums_of in (totals, *children.values(), *added.values()):
        for cell, amount in sums_of.items():
            sums_of[cell] = amount.quantize(Decimal(1).scaleb(-decimals[cell[1]]), ROUND_HALF_UP)
    return Series(
        tuple(periods),
        tuple(column.number for column in wanted),
        totals,
        dict(children),
        frozenset(column.number for column in wanted if column.nature == _NATURE.FLOW),
        dict(added),
    )


def _run(
    form: ReportForm,
    root: UnitPlace,
    periods: Sequence[ReportingPeriod],
    columns: Sequence[Indicator],
    basis: str,
) -> list[tuple[int, int, int, Decimal | float, int]]:
    if not columns:
        return []
    parameters: dict[str, Any] = {
        "form": form.pk,
        "line": form.line,
        "path": f"{root.path}%",
        "child": len(root.path) + 1,
        **{f"period{number}": period.pk for number, period in enumerate(periods)},
        **{f"indicator{number}": column.pk for number, column in enumerate(columns)},
    }
    statement = _STATEMENT.format(
        digits=PATH_DIGITS,
        which=_WHICH[basis],
        counts=counts("place", "period.ends_on"),
        none_later=none_later("period.ends_on"),
        periods=", ".join(f"%({name})s" for name in parameters if name.startswith("period")),
        indicators=", ".join(f"%({name})s" for name in parameters if name.startswith("indicator")),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
