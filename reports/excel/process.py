"""Reading in a separate process: whatever a file does to it, the server stays as it was."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .cells import Book
from .child import LENGTH, SECONDS, unpacked
from .gate import Kind, RefusedFile, check_size

LONGEST_ANSWER = 64 * 1024 * 1024
WAIT = 3 * SECONDS
"""Seconds by the clock for one file: on a busy machine ten of CPU take longer."""
WHOLE = 120
"""Seconds by the clock that one reader gives all its files: a zip full of slow ones is not read to its end."""
_ROOT = Path(__file__).resolve().parents[2]


class Reader:
    """A child process that reads files one after the other; one that dies or overruns is replaced.

    Use it in a `with`: `with reader() as read: book = read.book(data, rows=…, columns=…)`.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._spent = 0.0

    def book(self, data: bytes, *, rows: int, columns: int) -> Book:
        """Read one file within `rows` and `columns`. Raises RefusedFile."""
        check_size(len(data))
        if self._spent > WHOLE:
            raise RefusedFile(Kind.OVERRUN, "all files together")
        began = time.monotonic()
        try:
            return self._read(data, rows, columns)
        finally:
            self._spent += time.monotonic() - began

    def _read(self, data: bytes, rows: int, columns: int) -> Book:
        process = self._running()
        head = json.dumps({"rows": rows, "columns": columns, "size": len(data)}).encode()
        deadline = time.monotonic() + WAIT
        try:
            told = _answer(process, LENGTH.pack(len(head)) + head + data, deadline)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise RefusedFile(Kind.OVERRUN, str(error)) from error
        if "refused" in told:
            raise RefusedFile(Kind(told["refused"]), told["detail"])
        return unpacked(told["book"])

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.communicate()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            # Nothing of the server's surroundings goes along: no settings, no secrets.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "reports.excel.child"],
                cwd=_ROOT,
                env={"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                close_fds=True,
            )
        return self._process


def _answer(process: subprocess.Popen[bytes], request: bytes, deadline: float) -> dict[str, Any]:
    """Send a request and return what is answered. Raises OSError, EOFError or TimeoutError."""
    if process.stdin is None or process.stdout is None:
        raise EOFError("no pipes")
    process.stdin.write(request)
    process.stdin.flush()
    [length] = LENGTH.unpack(_read(process.stdout, LENGTH.size, deadline))
    if length > LONGEST_ANSWER:
        raise EOFError("answer too long")
    told: dict[str, Any] = json.loads(_read(process.stdout, length, deadline))
    return told


def _read(stream: IO[bytes], size: int, deadline: float) -> bytes:
    """Read exactly `size` bytes before the deadline. Raises EOFError or TimeoutError."""
    chunks: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while size:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("no answer in time")
            chunk = os.read(stream.fileno(), min(size, 1024 * 1024))
            if not chunk:
                raise EOFError("the reading process has ended")
            chunks.append(chunk)
            size -= len(chunk)
    return b"".join(chunks)


@contextmanager
def reader() -> Iterator[Reader]:
    """Return a reader whose process ends with the block."""
    one = Reader()
    try:
        yield one
    finally:
        one.close()


def read_files(files: Sequence[bytes], *, rows: int, columns: int) -> Iterator[Book | RefusedFile]:
    """Read files with one process; for each its book, or why it was refused."""
    with reader() as one:
        for data in files:
            try:
                yield one.book(data, rows=rows, columns=columns)
            except RefusedFile as refused:
                yield refused
