"""What tests of several rooms share."""

import sqlite3

import pytest
from django.db import connection, connections


@pytest.fixture
def database(transactional_db, tmp_path):
    """A database for threads: SQLite in memory refuses a second writer, a copy on file lets it wait."""
    if connection.vendor != "sqlite":
        yield
        return
    path = str(tmp_path / "race.sqlite3")
    with sqlite3.connect(path) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    copy.close()
    in_memory, settings = connections["default"], connections.settings["default"]
    name = settings["NAME"]
    # Connections share these settings: from here on every new one opens the file.
    del connections["default"]
    settings["NAME"] = path
    yield
    connections["default"].close()
    settings["NAME"] = name
    connections["default"] = in_memory
