"""Mutated workbooks: no crash, no other figure than the original's. Many more by `make soak`."""

import statistics
import time
from pathlib import Path

import pytest

from reports.excel.known import Known
from reports.excel.process import reader
from reports.excel.read import read_workbook
from reports.excel.reading import Scope
from reports.numbers import plain

from .mutations import mutated
from .workbooks import FIGURES

pytestmark = pytest.mark.django_db
OUTCOMES = ("ok", "ask", "refused")


def wrong_figures(world, reading):
    """The figures that a reading holds and the original does not."""
    decimals = {indicator.number: indicator.decimals for indicator in world.rows.columns}
    return {
        (unit.code, number): value
        for unit, figures in reading.values.items()
        for number, value in figures.items()
        if unit != world.own.unit or plain(value, decimals[number]) != FIGURES[number]
    }


@pytest.mark.parametrize("tens", range(20))
def test_mutations_are_read_right_or_not_at_all(world, good, tens):
    for seed in range(tens * 10, tens * 10 + 10):
        reading = world.read(mutated(good, seed))
        assert reading.outcome in OUTCOMES, seed
        assert not wrong_figures(world, reading), seed


@pytest.mark.soak
def test_five_thousand_mutations_in_the_process_that_reads(world, good):
    """Figures printed: outcomes, restarts of the process, its peak memory, time a file."""
    counts = dict.fromkeys(OUTCOMES, 0)
    wrong, restarts, peak, times = [], 0, 0, []
    known = Known(Scope([world.campaign]))
    with reader() as one:
        pid = None
        for seed in range(5000):
            data = mutated(good, seed)
            began = time.perf_counter()
            reading = read_workbook(data, "附件1.xlsx", known=known, by=one)
            times.append(time.perf_counter() - began)
            counts[reading.outcome] += 1
            wrong += [(seed, cell) for cell in wrong_figures(world, reading)]
            process = one._process
            restarts += pid is not None and (process is None or process.pid != pid)
            pid = process.pid if process else None
            if pid and seed % 50 == 0:
                status = Path(f"/proc/{pid}/status").read_text()
                peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]))
    print(  # noqa: T201 (a soak prints its figures)
        f"\n5000 mutations: {counts}, wrong figures {len(wrong)}, process restarted {restarts} times, "
        f"its peak {peak // 1024} MB, a file {statistics.median(times) * 1000:.1f} ms (median), "
        f"{max(times) * 1000:.0f} ms (longest)"
    )
    assert not wrong
    assert not restarts
