"""The definition of a campaign: read and check its files, load and dump them (`docs/definition.md`)."""

from .dump import dump, write
from .load import Loaded, load
from .mistakes import DefinitionError, Mistake
from .read import read
from .schema import Definition

__all__ = ["Definition", "DefinitionError", "Loaded", "Mistake", "dump", "load", "read", "write"]
