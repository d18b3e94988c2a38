"""A database for the measurements alone, of the portal's own kind: made, migrated and removed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from django.db import connection, connections
from django.test.utils import setup_test_environment, teardown_test_environment


@contextmanager
def scratch_database() -> Iterator[None]:
    """Point every connection at a new database until the end: a file on SQLite, beside the portal's on PostgreSQL.

    Nothing is mailed meanwhile. The portal's own database is not opened.
    """
    settings = connections.settings["default"]
    own_name, own_test = settings["NAME"], dict(settings["TEST"])
    with TemporaryDirectory(prefix="chunfeng-bench-") as folder:
        name = f"chunfeng_bench_{token_hex(4)}"
        settings["TEST"]["NAME"] = name if connection.vendor == "postgresql" else str(Path(folder) / name)
        setup_test_environment(debug=False)
        try:
            connection.creation.create_test_db(verbosity=0, autoclobber=False, serialize=False)
            try:
                yield
            finally:
                connection.creation.destroy_test_db(own_name, verbosity=0)
        finally:
            teardown_test_environment()
            settings["TEST"].clear()
            settings["TEST"].update(own_test)


def settle() -> None:
    """Leave the tables as a running server keeps them: PostgreSQL knows what is in them, and reads indexes alone."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")
