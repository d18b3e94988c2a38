"""What becomes of hostile and odd workbooks: none crashes, none stores a wrong figure, no good one is refused."""

import pytest

from reports.excel.gate import SENTENCES
from reports.numbers import plain

from .workbooks import CASES, FIGURES

pytestmark = pytest.mark.django_db


def test_there_are_enough_of_them():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_odd_workbook_gets_what_it_should(world, good, case):
    reading = world.read(case.make(good))
    assert reading.outcome == case.outcome, reading.reason
    if case.refused:
        assert reading.reason == SENTENCES[case.refused]
    said = [reading.reason, *reading.warnings, *(one.reason for one in reading.rejected)]
    assert case.says in "\n".join(said)
    if case.outcome == "ok":
        decimals = {indicator.number: indicator.decimals for indicator in world.rows.columns}
        expected = {number: text for number, text in (FIGURES | case.changed).items() if text is not None}
        assert set(reading.values) == {world.own.unit}
        values = reading.values[world.own.unit]
        assert {number: plain(value, decimals[number]) for number, value in values.items()} == expected
        assert reading.period == world.period(2)
        assert tuple(one.cell for one in reading.rejected) == case.cells
