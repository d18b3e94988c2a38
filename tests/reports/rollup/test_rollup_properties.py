"""The roll-up against a naive model of its rules, over random campaigns. More examples: ROLLUP_EXAMPLES=2000."""

import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import Exemption, ReportingUnit, UnitPlace
from reports.models import Figure, Submission
from reports.rollup import roll_up, total_of
from tests.factories import make_campaign, make_form

EXAMPLES = int(os.environ.get("ROLLUP_EXAMPLES", "60"))

START = date(2024, 1, 20)
ENDS = [date(2024, 1, 26) + timedelta(days=7 * week) for week in range(4)]
# Days on, before and after the ends of periods.
DAYS = [START + timedelta(days=day) for day in range(4, 32)]
COLUMNS = [
    (7, "cumulative", 0),
    (2, "cumulative", 2),
    (5, "flow", 0),
    (4, "flow", 1),
    (1, "stock", 2),
]
LEVELS = ["nation", "province", "prefecture", "county"]
OWN_NAMES = {"nation": "国家本级", "province": "省本级", "prefecture": "市本级"}
QUESTIONS = [
    ("accepted", "cumulative"),
    ("received", "cumulative"),
    ("strict", "cumulative"),
    ("accepted", "increment"),
    ("received", "increment"),
]


@dataclass
class Place:
    """parent: the index of an earlier place, None at the root. The index of a place is its place in the registry."""

    unit: int
    parent: int | None
    reports: bool
    line: str
    opens: date | None = None
    closes: date | None = None
    after_close: str = ""


@dataclass
class World:
    """reports: (unit, period) -> (status, {indicator number: Decimal or None}). exempt: (unit or None, period)."""

    line: str
    numbers: list[int]
    places: list[Place] = field(default_factory=list)
    reports: dict = field(default_factory=dict)
    exempt: set = field(default_factory=set)


@st.composite
def worlds(draw):
    numbers = draw(st.sampled_from([[7, 2], [7, 2, 5, 4, 1], [5], [1, 7], [7]]))
    world = World(draw(st.sampled_from(["", "hr"])), numbers)
    depth = {}

    def add(unit, parents, **dates):
        parent = draw(st.sampled_from(parents)) if parents else None
        depth[len(world.places)] = 0 if parent is None else depth[parent] + 1
        reports = draw(st.sampled_from([True, True, True, False]))
        line = draw(st.sampled_from(["", "", "hr", "hr", "union"]))
        world.places.append(Place(unit, parent, reports, line, **dates))

    add(0, [])
    units = draw(st.integers(2, 8))
    for unit in range(1, units + 1):
        parents = [index for index, place in enumerate(world.places) if depth[index] < len(LEVELS) - 1]
        opens = draw(st.sampled_from([None, None, None, *DAYS]))
        closes = draw(st.sampled_from([None, None, *DAYS]))
        if opens and closes and closes < opens:
            opens, closes = closes, opens
        after_close = draw(st.sampled_from(["", "stop", "keep"])) if closes else ""
        add(unit, parents, opens=opens, closes=closes, after_close=after_close)
        if closes and draw(st.booleans()):
            later = closes + timedelta(days=draw(st.integers(1, 9)))
            ends = draw(st.sampled_from([None, None, later + timedelta(days=8)]))
            add(unit, parents, opens=later, closes=ends, after_close="stop" if ends else "")

    statuses = st.sampled_from([None, "draft", "submitted", "returned", "accepted", "accepted", "accepted"])
    for unit in range(units + 1):
        for period in range(len(ENDS)):
            status = draw(statuses)
            if status:
                world.reports[unit, period] = (status, {n: draw(figures(n)) for n in numbers})
            if draw(st.integers(0, 7)) == 0:
                world.exempt.add((unit, period))
    if draw(st.integers(0, 4)) == 0:
        world.exempt.add((None, draw(st.integers(0, 3))))
    return world


def figures(number):
    [decimals] = [decimals for one, _, decimals in COLUMNS if one == number]
    cents = st.integers(0, 10**7) | st.integers(0, 30) | st.just(0)
    figure = cents.map(lambda whole: Decimal(whole).scaleb(-decimals))
    return st.none() | figure | figure


# The model: every rule read off the page, one unit at a time.


class Model:
    def __init__(self, world):
        self.world = world
        self.natures = {number: nature for number, nature, _ in COLUMNS}

    def places_of(self, unit):
        return [index for index, place in enumerate(self.world.places) if place.unit == unit]

    def later(self, indexes):
        return max(indexes, key=lambda index: self.world.places[index].opens or date.min)

    def held(self, unit, period):
        """The place where the unit counts, or None."""
        open_then = [index for index in self.places_of(unit) if self.counts(index, period)]
        return self.later(open_then) if open_then else None

    def counts(self, index, period):
        """Whether a unit may stand at the place in the period."""
        place, end = self.world.places[index], ENDS[period]
        has_opened = place.opens is None or end >= place.opens
        return has_opened and (place.closes is None or end <= place.closes or place.after_close == "keep")

    def has_below(self, index, period):
        below = [one for one, place in enumerate(self.world.places) if place.parent == index]
        return any(self.counts(one, period) for one in below)

    def root(self, unit, period):
        held = self.held(unit, period)
        return self.later(self.places_of(unit)) if held is None else held

    def chain(self, index):
        """The place and all above it, from below."""
        above = []
        while index is not None:
            above.append(index)
            index = self.world.places[index].parent
        return above

    def owing(self, root, period):
        """{unit: the unit in whose row it stands, None for its own} of all that owe the form at or below `root`."""
        rows = {}
        for unit in {place.unit for place in self.world.places}:
            held = self.held(unit, period)
            if held is None or root not in self.chain(held):
                continue
            place = self.world.places[held]
            of_line = not self.world.line or not place.line or place.line == self.world.line
            if place.reports and of_line:
                chain = self.chain(held)
                child = chain.index(root) - 1
                rows[unit] = None if child < 0 else self.world.places[chain[child]].unit
        return rows

    def history(self, unit, period, basis):
        """[(period, figures)] of the reports that count, latest first."""
        statuses = ("submitted", "accepted") if basis == "received" else ("accepted",)
        found = []
        if basis == "strict" and not self.world.exempt.isdisjoint({(unit, period), (None, period)}):
            return found
        for past in range(period, -1, -1):
            status, cells = self.world.reports.get((unit, past), (None, None))
            if status in statuses and (basis != "strict" or past == period):
                found.append((past, cells))
        return found

    def cell(self, unit, period, basis, number, *, flow_to_date=True):
        history = self.history(unit, period, basis)
        if not history:
            return None
        if self.natures[number] == "cumulative":
            return history[0][1][number]
        if self.natures[number] == "stock" or not flow_to_date:
            return history[0][1][number] if history[0][0] == period else None
        return add(cells[number] for _, cells in history)

    def value(self, root, group, period, basis, measure, number):
        """The total of the row `group`, or of all where it is "all"."""
        root_now, root_before = root

        def units(at, when):
            owing = self.owing(at, when).items()
            return [unit for unit, row in owing if group in ("all", row)]

        is_flow = self.natures[number] == "flow"
        now = units(root_now, period)
        if measure == "cumulative":
            return add(self.cell(unit, period, basis, number) for unit in now)
        before = units(root_before, period - 1) if period else []
        fresh = add(self.cell(unit, period, basis, number, flow_to_date=False) for unit in now)
        past = None if is_flow else add(self.cell(unit, period - 1, basis, number) for unit in before)
        reported = [cells[number] for unit in now for _, cells in self.history(unit, period, basis)]
        reported += [cells[number] for unit in before for _, cells in self.history(unit, period - 1, basis)]
        if all(figure is None for figure in reported):
            return None
        return (fresh or 0) - (past or 0)

    def summary(self, units, period, basis, measure):
        counts = dict.fromkeys(["reported", "carried", "never", "exempt"], 0)
        days, blank = [], dict.fromkeys(self.world.numbers, 0)
        for unit in units:
            history = self.history(unit, period, basis)
            if not self.world.exempt.isdisjoint({(unit, period), (None, period)}):
                counts["exempt"] += 1
            elif not history:
                counts["never"] += 1
            else:
                counts["reported" if history[0][0] == period else "carried"] += 1
            if history:
                past, cells = history[0]
                days.append(ENDS[past])
                for number in self.world.numbers:
                    nature = self.natures[number]
                    this_period_only = nature == "stock" or (nature == "flow" and measure == "increment")
                    if cells[number] is None and (past == period or not this_period_only):
                        blank[number] += 1
        states = [state for state in ("reported", "carried", "never") if counts[state]]
        expected = counts["reported"] + counts["carried"] + counts["never"]
        return {
            "coverage": (expected, *counts.values()),
            "state": {0: "exempt", 1: states[0] if states else ""}.get(len(states), "mixed"),
            "as_of": min(days, default=None),
            "blank": {number: units for number, units in blank.items() if units},
        }

    def roll_up(self, unit, period, basis, measure):
        places = self.world.places
        now = self.root(unit, period)
        root = (now, self.root(unit, period - 1) if period else now)
        owing = self.owing(now, period)
        children = [index for index, place in enumerate(places) if place.parent == now]

        def values(group, measure):
            return {n: self.value(root, group, period, basis, measure, n) for n in self.world.numbers}

        rows = []
        for child in {row for row in owing.values() if row is not None}:
            stands = [index for index in children if places[index].unit == child]
            held = self.held(child, period)
            shown = held if held in stands else self.later(stands)
            rows.append((shown, child))
        shown_rows = [(now, None)] if None in owing.values() else []
        shown_rows += sorted(rows)
        own_name = f"单位{unit}"
        if self.has_below(now, period):
            own_name = OWN_NAMES.get(level_of(places, now), f"{own_name}本级")
        return {
            **self.summary(owing, period, basis, measure),
            "total": values("all", measure),
            "cumulative": values("all", "cumulative"),
            "rows": [
                {
                    **self.summary(
                        [one for one, row in owing.items() if row == child], period, basis, measure
                    ),
                    "unit": f"u{unit if child is None else child}",
                    "own": child is None,
                    "name": own_name if child is None else f"单位{child}",
                    "place": shown,
                    "has_below": child is not None
                    and any(
                        row == child and self.world.places[self.held(one, period)].parent != now
                        for one, row in owing.items()
                    ),
                    "values": values(child, measure),
                    "cumulative": values(child, "cumulative"),
                }
                for shown, child in shown_rows
            ],
            **self.names(owing, now, own_name, period, basis),
        }

    def names(self, owing, root, own_name, period, basis):
        named = {"carried": [], "never": [], "exempt": []}
        for unit in sorted(owing, key=lambda one: self.held(one, period)):
            held = self.held(unit, period)
            place = self.world.places[held]
            name = f"单位{unit}"
            if self.has_below(held, period):
                name += "本级"
            if held == root:
                name = own_name
            elif place.parent != root:
                name = f"单位{self.world.places[place.parent].unit}{name}"
            history = self.history(unit, period, basis)
            if not self.world.exempt.isdisjoint({(unit, period), (None, period)}):
                named["exempt"].append(name)
            elif not history:
                named["never"].append(name)
            elif history[0][0] < period:
                named["carried"].append((name, ENDS[history[0][0]]))
        return named


def add(figures):
    filled = [figure for figure in figures if figure is not None]
    return sum(filled) if filled else None


def level_of(places, index):
    depth = 0
    while places[index].parent is not None:
        index, depth = places[index].parent, depth + 1
    return LEVELS[depth]


def build(world):
    """Store the world; return the form, the periods and the places' ids by index."""
    campaign = make_campaign(period_ends=ENDS, starts=START)
    chosen = [column for column in COLUMNS if column[0] in world.numbers]
    form = make_form(
        campaign,
        line=world.line,
        indicators=[
            {"number": number, "nature": nature, "decimals": decimals} for number, nature, decimals in chosen
        ],
    )
    other_form = make_form(campaign, code="fu2", indicators=1)
    count = 1 + max(place.unit for place in world.places)
    ReportingUnit.objects.bulk_create(ReportingUnit(code=f"u{n}", name=f"单位{n}局") for n in range(count))
    by_code = ReportingUnit.objects.in_bulk(field_name="code")
    units = [by_code[f"u{n}"] for n in range(count)]
    stored = []
    for index, place in enumerate(world.places):
        parent = None if place.parent is None else stored[place.parent]
        made = UnitPlace(
            campaign=campaign,
            unit=units[place.unit],
            parent=parent,
            path="",
            position=index + 1,
            level=level_of(world.places, index),
            line=place.line,
            name=f"单位{place.unit}局",
            short=f"单位{place.unit}",
            reports=place.reports,
            opens=place.opens,
            closes=place.closes,
            after_close=place.after_close,
        )
        made.save()
        made.path = UnitPlace.path_below(parent, made.pk)
        stored.append(made)
    UnitPlace.objects.bulk_update(stored, ["path"])
    periods = list(campaign.periods.order_by("number"))
    by_number = {indicator.number: indicator for indicator in form.indicators.all()}
    Submission.objects.bulk_create(
        Submission(
            report_form=form, unit=units[unit], period=periods[period], ends_on=ENDS[period], status=status
        )
        for (unit, period), (status, _) in world.reports.items()
    )
    submissions = {(one.unit_id, one.period_id): one for one in Submission.objects.all()}
    Figure.objects.bulk_create(
        Figure(
            submission=submissions[units[unit].pk, periods[period].pk],
            indicator=by_number[number],
            value=value,
        )
        for (unit, period), (_, cells) in world.reports.items()
        for number, value in cells.items()
    )
    # A report on another form must count for nothing here.
    Submission.objects.create(
        report_form=other_form, unit=units[0], period=periods[-1], ends_on=ENDS[-1], status="accepted"
    )
    Exemption.objects.bulk_create(
        Exemption(
            period=periods[period],
            unit=None if unit is None else units[unit],
            reason="停工",
            granted_by="某处",
        )
        for unit, period in world.exempt
    )
    return form, periods, units, [place.pk for place in stored]


def as_stated(result, indexes):
    """A RollUp in the model's shape. indexes: of places, by id."""

    def part(one):
        coverage = one.coverage
        return {
            "coverage": (
                coverage.expected,
                coverage.reported,
                coverage.carried,
                coverage.never,
                coverage.exempt,
            ),
            "as_of": one.as_of,
            "blank": one.blank,
            "cumulative": one.cumulative,
        }

    return {
        **part(result),
        "total": result.total,
        "rows": [
            {
                **part(row),
                "unit": row.unit,
                "own": row.own,
                "name": row.name,
                "state": row.state,
                "place": indexes[row.place],
                "has_below": row.has_below,
                "values": row.values,
            }
            for row in result.rows
        ],
        "carried": list(result.carried),
        "never": list(result.never),
        "exempt": list(result.exempt),
    }


class RollUpProperties(TestCase):
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(worlds(), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=2, max_size=2))
    def test_every_roll_up_is_what_the_rules_say(self, world, asked):
        form, periods, units, ids = build(world)
        indexes = {pk: index for index, pk in enumerate(ids)}
        model = Model(world)
        questions = {(0, 0), (0, 3), *((unit % len(units), period) for unit, period in asked)}
        for unit, period in sorted(questions):
            for basis, measure in QUESTIONS:
                result = roll_up(form, periods[period], units[unit], basis=basis, measure=measure)
                expected = model.roll_up(unit, period, basis, measure)
                expected.pop("state")
                asked_for = (f"u{unit}", ENDS[period], basis, measure)
                assert as_stated(result, indexes) == expected, asked_for
                # Alone, to the last decimal that is printed.
                total = total_of(form, periods[period], units[unit], basis=basis, measure=measure)
                without_rows = {name: value for name, value in vars(result).items() if name != "rows"}
                assert repr(vars(total)) == repr(without_rows), asked_for
