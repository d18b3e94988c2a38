"""Short runs of every kind of fault; `make soak` makes the long ones (tests/soak/test_entry_faults.py)."""

import pytest

from tests.browser.faults import KINDS, Run, Server
from tests.browser.sessions import log_in


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("faults"))
    yield server
    server.kill()


@pytest.fixture(scope="module")
def signed_in(server, browser, browser_context_args):
    """One context for all runs: a log-in costs a third of a second of this machine."""
    context = browser.new_context(**browser_context_args)
    page = context.new_page()
    log_in(page, server.url, "clerk")
    yield page
    context.close()


@pytest.mark.parametrize("number", range(1, 11))
def test_no_figure_is_lost_or_doubled_whatever_breaks_while_typing(number, server, signed_in):
    run = Run(server, signed_in, KINDS[number % len(KINDS)], period=number, seed=number)
    run.go(steps=8)
    assert run.compare() == ([], [])
