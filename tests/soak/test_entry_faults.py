"""Sixty longer runs of typing while things break; the figures are printed."""

from collections import Counter

import pytest

from tests.browser.conftest import browser_context_args, browser_type_launch_args  # noqa: F401
from tests.browser.faults import KINDS, Run, Server
from tests.browser.sessions import log_in

pytestmark = pytest.mark.soak

RUNS = 60
STEPS = 12


def test_sixty_runs_of_every_fault_lose_and_double_nothing(tmp_path, page, capsys):
    server = Server(tmp_path)
    try:
        log_in(page, server.url, "clerk")
        runs, typed, acknowledged, bad = Counter(), 0, 0, []
        for number in range(1, RUNS + 1):
            run = Run(server, page, KINDS[number % len(KINDS)], period=number, seed=1000 + number)
            run.go(steps=STEPS)
            lost, doubled = run.compare()
            runs[run.kind] += 1
            typed += sum(map(len, run.typed.values()))
            acknowledged += sum(map(len, run.acknowledged.values()))
            bad += [(run.kind, run.seed, lost, doubled)] if lost or doubled else []
            with capsys.disabled():
                print(f"{number} {run.kind}: {lost or doubled or 'nothing lost or doubled'}", flush=True)  # noqa: T201
    finally:
        server.kill()
    with capsys.disabled():
        print(f"\n{sum(runs.values())} runs {dict(runs)}, {typed} figures typed, {acknowledged} acknowledged")  # noqa: T201
        print(f"lost or doubled: {bad or 'none'}")  # noqa: T201
    assert bad == []
