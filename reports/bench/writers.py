"""Many writers on one SQLite file: with the portal's settings none fails, with Django's own they do."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.db.utils import ConnectionHandler

from .frame import Bench, Outcome, measurement

WRITERS = 50
TRANSACTIONS = 1000
_ALIAS = "bench-writers"
_TABLES = (
    "CREATE TABLE report (id integer PRIMARY KEY, version integer NOT NULL)",
    "CREATE TABLE trail (id integer PRIMARY KEY AUTOINCREMENT, report integer NOT NULL, version integer NOT NULL)",
    "INSERT INTO report VALUES (1, 0)",
)


@measurement(
    "writers",
    ours=f"{WRITERS} 个写入者 {TRANSACTIONS} 次先读后写失败的次数（本系统的 SQLite 设置）",
    theirs="同样的写入，Django 默认设置（对照，必须有失败）",
    goal=0,
)
def at_once(bench: Bench) -> Outcome:
    ours = _failures(bench.folder() / "portal.sqlite3", settings.SQLITE_OPTIONS)
    control = _failures(bench.folder() / "default.sqlite3", {})
    # Without a failure of the control the run proves nothing.
    ratio = ours / control if control else float("inf")
    return Outcome(ours, control, ratio, unit="次")


def _failures(path: Path, options: dict[str, Any]) -> int:
    """Let all writers count up one report and leave a row each time; return how many transactions failed.

    Raises AssertionError where an acknowledged write is missing or counted twice.
    """
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}
    connections.settings[_ALIAS] = ConnectionHandler({"default": database}).settings["default"]
    try:
        with closing(connections[_ALIAS]) as own, own.cursor() as cursor:
            for statement in _TABLES:
                cursor.execute(statement)
        failed = _write_at_once()
        with closing(connections[_ALIAS]) as own, own.cursor() as cursor:
            cursor.execute("SELECT version, (SELECT COUNT(DISTINCT version) FROM trail) FROM report")
            version, trail = cursor.fetchone()
    finally:
        del connections[_ALIAS]
        del connections.settings[_ALIAS]
    if not version == trail == TRANSACTIONS - failed:
        raise AssertionError(f"{TRANSACTIONS - failed} writes were acknowledged, {version} stand")
    return failed


def _write_at_once() -> int:
    failed: list[OperationalError] = []
    start = threading.Barrier(WRITERS)

    def write() -> None:
        start.wait(30)
        with closing(connections[_ALIAS]) as own:
            for _ in range(TRANSACTIONS // WRITERS):
                try:
                    with transaction.atomic(using=_ALIAS), own.cursor() as cursor:
                        cursor.execute("SELECT version FROM report WHERE id = 1")
                        [version] = cursor.fetchone()
                        cursor.execute("UPDATE report SET version = %s WHERE id = 1", [version + 1])
                        cursor.execute("INSERT INTO trail (report, version) VALUES (1, %s)", [version + 1])
                except OperationalError as error:
                    failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(failed)
