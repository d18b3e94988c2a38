"""The project's own measurements: `manage.py bench`.

Each compares two ways side by side in one run and prints the ratio with its goal: on a shared machine
ratios hold, milliseconds do not. A module a group; a measurement is a function that `@measurement` registers.
They run on a database made for the run and removed after it (`scratch`), never on the portal's own.
"""

# Importing a group registers its measurements, in this order.
from . import totals, entry, exporting, tables, reading, consolidation, writers, progress  # noqa: F401, I001
from .frame import MEASUREMENTS

__all__ = ["MEASUREMENTS"]
