"""Any sequence of moves, closings, renames, mergers and openings leaves the past as it was, and parts add up.

Earlier means: periods that end before the first day on which the tree differs, that is before the day from which
a move, a new name or an opening holds, and on or before the last day of a place that closes. More examples:
MOVES_EXAMPLES=2000.
"""

import io
import os
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from openpyxl import load_workbook

from campaigns.definition import meaning
from campaigns.definition.dump import current
from campaigns.definition.mistakes import Log
from campaigns.models import UnitPlace
from campaigns.places import PlaceError, close_place, merge, move_unit, open_place, rename, reopen_place
from reports.excel.write import roll_up_workbook
from reports.rollup import roll_up
from tests.factories import make_campaign, make_form, make_place, make_submission

EXAMPLES = int(os.environ.get("MOVES_EXAMPLES", "25"))

START = date(2024, 1, 25)
ENDS = [date(2024, 1, 26) + timedelta(days=7 * week) for week in range(3)]
# From the day before the campaign to the day after it, ends of periods among them.
DAYS = [START + timedelta(days=day) for day in range(-1, 17)]
CODES = ["P", "A", "B", "A1", "A2", "A3", "B1", "B2"]
COLUMNS = [{"nature": "cumulative"}, {"nature": "flow"}, {"nature": "stock", "decimals": 2}]
BASES = [("accepted", "cumulative"), ("received", "cumulative"), ("accepted", "increment")]


@dataclass(frozen=True)
class Step:
    """What somebody tries: most of it makes sense, some of it is refused. codes index the units there are."""

    kind: str
    unit: int
    other: int
    on: date
    after_close: str


steps = st.builds(
    Step,
    kind=st.sampled_from(
        ["move", "move", "move", "close", "close", "rename", "correct", "merge", "open", "reopen"]
    ),
    unit=st.integers(0, 20),
    other=st.integers(0, 20),
    on=st.sampled_from(DAYS),
    after_close=st.sampled_from(["stop", "keep"]),
)
reports = st.dictionaries(
    st.tuples(st.sampled_from(CODES), st.integers(1, len(ENDS))),
    st.tuples(
        st.sampled_from(["draft", "submitted", "accepted", "accepted", "accepted"]),
        st.tuples(*[st.none() | st.integers(0, 500)] * len(COLUMNS)),
    ),
    max_size=20,
)


def build(reported):
    campaign = make_campaign(period_ends=ENDS, starts=START)
    form = make_form(campaign, indicators=[dict(column) for column in COLUMNS])
    places = {"P": make_place(campaign, "P", level="province")}
    for code in CODES[1:]:
        parent = places["P"] if len(code) == 1 else places[code[0]]
        places[code] = make_place(
            campaign, code, parent=parent, level="prefecture" if len(code) == 1 else "county"
        )
    periods = {period.number: period for period in campaign.periods.all()}
    for (code, number), (status, figures) in reported.items():
        cells = dict(enumerate(figures, start=1))
        make_submission(form, places[code], periods[number], cells, status=status)
    return campaign, form, periods


def latest(campaign, number):
    """The latest place of one of the units."""
    units = sorted(set(campaign.places.values_list("unit__code", flat=True)))
    places = campaign.places.filter(unit__code=units[number % len(units)])
    return max(places, key=lambda place: place.opens or date.min)


def take(campaign, step):
    """Do it; return the first day on which the tree differs. Raises PlaceError."""
    place, other = latest(campaign, step.unit), latest(campaign, step.other)
    match step.kind:
        case "move":
            move_unit(place, other, step.on)
        case "rename":
            rename(place, f"{place.name}新", f"{place.short[:20]}新", on=step.on)
        case "correct":
            rename(place, f"{place.name}正", f"{place.short[:20]}正", on=None)
            return date.max
        case "open":
            code = f"N{campaign.places.count()}" if step.unit % 2 else place.unit.code
            open_place(
                campaign, other, step.on, code=code, name=f"新{code}", short=f"新{code}", level="county"
            )
        case "reopen":
            closed = place.closes
            reopen_place(place)
            return closed + timedelta(days=1)
        case "close":
            close_place(place, step.on, step.after_close)
            return step.on + timedelta(days=1)
        case "merge":
            merge(place, other, step.on, step.after_close)
            return step.on + timedelta(days=1)
    return step.on


def totals(campaign, form, periods):
    """{period number: {(unit, basis, measure): coverage, total and rows}}: all that a page shows, names apart."""
    units = list({place.unit_id: place.unit for place in campaign.places.select_related("unit")}.values())
    return {
        number: {
            (unit.code, basis, measure): _figures(roll_up(form, period, unit, basis=basis, measure=measure))
            for unit in units
            for basis, measure in BASES
        }
        for number, period in periods.items()
    }


def _figures(found):
    rows = [
        (row.unit, row.own, row.state, row.as_of, row.coverage, row.values, row.blank) for row in found.rows
    ]
    return {"whole": (found.coverage, found.total, found.blank, found.as_of), "rows": sorted(rows, key=str)}


def printed(campaign, form, periods):
    """The root's workbook of each period, cell by cell: {period number: {(sheet, cell): what stands in it}}."""
    root = campaign.places.filter(parent=None).order_by("position").first().unit
    found = {}
    for number, period in periods.items():
        content = roll_up_workbook(form, period, root, roll_up(form, period, root))
        found[number] = {
            (sheet.title, cell.coordinate): cell.value
            for sheet in load_workbook(io.BytesIO(content))
            for row in sheet.iter_rows()
            for cell in row
        }
    return found


def figures_of(paper):
    """The figures of a workbook, where they stand."""
    return {cell: value for cell, value in paper.items() if isinstance(value, int | float | Decimal)}


def check_tree(campaign):
    """The registry is one that a definition can say, and every path is that of its parent."""
    places = campaign.places.select_related("parent").order_by("position")
    assert [place.position for place in places] == list(range(1, len(places) + 1))
    for place in places:
        assert place.path == UnitPlace.path_below(place.parent, place.pk)
    log = Log()
    state = current(campaign)
    meaning.check(state.campaign, state.units, log)
    assert [str(mistake) for mistake in log.mistakes] == []


def check_parts(shown):
    """What stands in a row is what the row's own page shows, and the rows add up to the total.

    Of cumulative figures: an increment is the difference of what a unit had below it, and who has left it in
    between has no row there any more.
    """
    for (unit, basis, measure), found in shown.items():
        if measure == "increment":
            continue
        _, whole, _, _ = found["whole"]
        for column in whole:
            values = [row[5][column] for row in found["rows"] if row[5][column] is not None]
            assert whole[column] == (sum(values) if values else None), (unit, basis, measure, column)
        expected = sum(row[4].expected for row in found["rows"])
        assert found["whole"][0].expected == expected
        for code, own, _, _, coverage, values, _ in found["rows"]:
            if not own:
                below_coverage, below, _, _ = shown[code, basis, measure]["whole"]
                assert (coverage, values) == (below_coverage, below), (unit, code, basis, measure)


class MovesProperties(TestCase):
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(reports, st.lists(steps, min_size=1, max_size=6))
    # A unit below A2 from the second period on: in the first A2 is a leaf, and is named as one.
    @example({}, [Step("open", 19, 2, date(2024, 2, 1), "stop")])
    def test_the_past_stays_and_parts_add_up(self, reported, tried):
        campaign, form, periods = build(reported)
        before, paper = totals(campaign, form, periods), printed(campaign, form, periods)
        for step in tried:
            rows = list(campaign.places.order_by("pk").values())
            try:
                first_day = take(campaign, step)
            except PlaceError:
                assert list(campaign.places.order_by("pk").values()) == rows
                event(f"{step.kind} refused")
                continue
            event(f"{step.kind} done")
            check_tree(campaign)
            after, print_after = totals(campaign, form, periods), printed(campaign, form, periods)
            for number, period in periods.items():
                check_parts(after[number])
                if period.ends_on < first_day:
                    for asked, figures in before[number].items():
                        assert after[number][asked] == figures, (step, number, asked)
                    # Only a name that was written wrongly is put right on the paper of the past.
                    same = figures_of if step.kind == "correct" else dict
                    assert same(print_after[number]) == same(paper[number]), (step, number)
            before, paper = after, print_after
