"""What a reader hands on of a workbook: plain values in bounds, nothing of the file itself.

No dataclasses here nor in `gate`: to import them takes a quarter of the start of the process that reads.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

LONGEST_TEXT = 1000
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class CellKind(StrEnum):
    """What a cell holds. PERCENT: a number shown as a percentage; SCALED: one shown a thousand or more times
    smaller than it is; EMPTY_FORMULA: a formula that nobody has calculated."""

    NUMBER = "n"
    TEXT = "s"
    TRUTH = "b"
    DATE = "d"
    ERROR = "e"
    PERCENT = "p"
    SCALED = "k"
    EMPTY_FORMULA = "f"


class Cell(NamedTuple):
    """value: a number as its shortest decimal, a date as ISO text, anything else as it stands.

    is_formula: the value is what a formula gave when the file was saved.
    """

    kind: CellKind
    value: str
    is_formula: bool = False


class Sheet:
    """One sheet. Rows and columns count from 1. Cells under a merge are not among `cells`.

    merges: (first row, first column, last row, last column). cut: rows beyond the bounds were not read.
    """

    def __init__(self, name: str, *, is_hidden: bool = False) -> None:
        self.name, self.is_hidden = name, is_hidden
        self.cells: dict[tuple[int, int], Cell] = {}
        self.merges: list[tuple[int, int, int, int]] = []
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.cut = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sheet) and vars(self) == vars(other)


class Book:
    """marks: our custom document properties without their prefix: campaign, form, version, unit, period, kind."""

    def __init__(self, container: str, *, marks: dict[str, str] | None = None) -> None:
        self.container = container
        self.sheets: list[Sheet] = []
        self.marks = marks or {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Book) and vars(self) == vars(other)


def shown(text: str) -> str:
    """Return a text of a file without what no database takes: a sign for the unknown stands in its place."""
    return _NO_TEXT.sub("\ufffd", text[:LONGEST_TEXT])


def address(row: int, column: int) -> str:
    """Return `E7` for row 7 and column 5."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


@lru_cache(maxsize=4096)
def place(text: str) -> tuple[int, int] | None:
    """Return row and column of `E7`; None where the text is no address."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column
