"""Reading in a separate process: whatever a file does to it, the server stays as it was."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
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

    def start(self) -> None:
        """Let the process begin while its first file is still on its way."""
        with suppress(OSError):
            self._running()

    def book(self, data: bytes, *, rows: int, columns: int) -> Book:
        """Read one file within `rows` and `columns`. Raises RefusedFile."""
        with self._bounded():
            self._ask(data, rows, columns)
            return self._told()

    def books(self, files: Sequence[bytes], *, rows: int, columns: int) -> Iterator[Book | RefusedFile]:
        """Read files; for each its book, or why it was refused. The next is read while one is looked at."""
        is_ahead = False
        try:
            for data, following in zip_longest(files, files[1:]):
                outcome: Book | RefusedFile
                try:
                    with self._bounded():
                        if not is_ahead:
                            self._ask(data, rows, columns)
                        is_ahead = False
                        outcome = self._told()
                except RefusedFile as refused:
                    outcome = refused
                if following is not None:
                    with suppress(RefusedFile), self._bounded():
                        self._ask(following, rows, columns)
                        is_ahead = True
                yield outcome
        finally:
            if is_ahead:
                self.close()  # with its answer, for which nobody asks any more

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Count what is waited for; after a failure of the process it is another's turn. Raises RefusedFile."""
        if self._spent > WHOLE:
            raise RefusedFile(Kind.OVERRUN, "all files together")
        began = time.monotonic()
        try:
            yield
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise RefusedFile(Kind.OVERRUN, str(error)) from error
        finally:
            self._spent += time.monotonic() - began

    def _ask(self, data: bytes, rows: int, columns: int) -> None:
        check_size(len(data))
        pipe = self._running().stdin
        if pipe is None:
            raise EOFError("no pipe")
        head = json.dumps({"rows": rows, "columns": columns, "size": len(data)}).encode()
        pipe.write(LENGTH.pack(len(head)) + head + data)
        pipe.flush()

    def _told(self) -> Book:
        pipe = self._process.stdout if self._process else None
        if pipe is None:
            raise EOFError("no process")
        deadline = time.monotonic() + WAIT
        [length] = LENGTH.unpack(_read(pipe, LENGTH.size, deadline))
        if length > LONGEST_ANSWER:
            raise EOFError("answer too long")
        told: dict[str, Any] = json.loads(_read(pipe, length, deadline))
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
        one.start()
        yield one
    finally:
        one.close()
