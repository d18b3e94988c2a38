"""Reading in a process apart: it is bounded, and the server's own memory stays flat."""

import resource
import subprocess
import sys
import time

import pytest

from reports.excel import child, process
from reports.excel.gate import Kind, RefusedFile
from reports.excel.process import Reader, reader

from .workbooks import bomb, bomb_by_ratio, formatted_to_the_bottom, zipped

pytestmark = pytest.mark.django_db
BOUNDS = {"rows": 260, "columns": 40}


def sleepy(seconds, monkeypatch):
    monkeypatch.setattr(process, "WAIT", seconds)


def test_it_reads_what_the_same_code_reads_here(good):
    with reader() as one:
        assert one.book(good, **BOUNDS) == child.read(good, **BOUNDS)


def test_one_process_reads_many_files(good):
    with reader() as one:
        one.book(good, **BOUNDS)
        first = one._process.pid
        with pytest.raises(RefusedFile):
            one.book(b"no workbook", **BOUNDS)
        one.book(good, **BOUNDS)
        assert one._process.pid == first
    assert one._process is None


def test_many_files_are_read_in_their_order_whatever_one_of_them_is(good):
    with reader() as one:
        outcomes = list(one.books([good, b"no workbook\0", bytes(6 * 1024 * 1024), good], **BOUNDS))
    first, not_one, too_large, last = outcomes
    assert first == last == child.read(good, **BOUNDS)
    assert (not_one.kind, too_large.kind) == (Kind.NOT_A_WORKBOOK, Kind.TOO_LARGE)


def test_a_file_that_was_handed_over_ahead_is_not_taken_for_the_next(good):
    """The answer to the second file waits when the third is asked for instead."""
    with reader() as one:
        books = one.books([good, b"no workbook"], **BOUNDS)
        next(books)
        books.close()
        assert one.book(good, **BOUNDS).marks["unit"] == "320102"


def test_a_process_that_died_while_it_read_ahead_is_replaced(good):
    with reader() as one:
        books = one.books([good, good, good], **BOUNDS)
        next(books)
        one._process.kill()
        one._process.wait()
        next(books)  # lost with the process, unless its answer had come already
        assert next(books).marks["unit"] == "320102"


def test_a_process_that_died_is_replaced(good):
    with reader() as one:
        one.book(good, **BOUNDS)
        one._process.kill()
        one._process.wait()
        assert one.book(good, **BOUNDS).marks["unit"] == "320102"


def test_an_overrun_is_ended_and_said(good, monkeypatch):
    sleepy(0.0, monkeypatch)
    one = Reader()
    with pytest.raises(RefusedFile) as refused:
        one.book(good, **BOUNDS)
    assert refused.value.kind == Kind.OVERRUN
    assert one._process is None


def test_a_file_over_the_limit_starts_no_process():
    one = Reader()
    with pytest.raises(RefusedFile) as refused:
        one.book(bytes(6 * 1024 * 1024), **BOUNDS)
    assert refused.value.kind == Kind.TOO_LARGE
    assert one._process is None


def test_files_that_are_slow_together_are_not_read_to_the_last(good, monkeypatch):
    monkeypatch.setattr(process, "WHOLE", 0.0)
    with reader() as one:
        one.book(good, **BOUNDS)
        with pytest.raises(RefusedFile) as refused:
            one.book(good, **BOUNDS)
    assert refused.value.kind == Kind.OVERRUN


def test_bombs_cost_the_server_nothing(good):
    """The peak of this very process does not move while another opens a bomb and a sheet of a million rows."""
    bombs = [bomb(good), bomb_by_ratio(good), formatted_to_the_bottom(good), zipped({"x": b"x"})]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    outcomes = []
    with reader() as one:
        for data in bombs:
            try:
                outcomes.append(len(one.book(data, **BOUNDS).sheets))
            except RefusedFile as refused:
                outcomes.append(refused.kind)
    assert outcomes == [Kind.UNPACKED, Kind.UNPACKED, 1, Kind.NOT_A_WORKBOOK]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024
    assert time.monotonic() - began < 60


def test_the_child_is_bounded_in_memory_and_time():
    """Asked of a process of its own, as limits cannot be taken back."""
    code = (
        "import resource; from reports.excel import child; child.limit(); child._wind_up();"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_FSIZE)[0],"
        "resource.getrlimit(resource.RLIMIT_CPU)[0] <= 12)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=process._ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [str(512 * 1024 * 1024), "0", "True"]
