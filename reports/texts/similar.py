"""How much of a text stands in another one already: pure, over plain strings."""

import re
from collections.abc import Iterable
from typing import TypeVar

ALIKE = 60
"""Per cent from which on a text is said to repeat another."""
_LENGTH = 5
_NOT_WORDS = re.compile(r"[\W_]+")

Key = TypeVar("Key")


def shingles(text: str) -> frozenset[str]:
    """Return all runs of five signs of a text, blanks and punctuation left out."""
    signs = _NOT_WORDS.sub("", text)
    return frozenset(signs[start : start + _LENGTH] for start in range(max(len(signs) - _LENGTH + 1, 0)))


def most_alike(text: str, others: Iterable[tuple[Key, str]]) -> tuple[Key, int] | None:
    """Return the one of `others` (key, text) of which most stands in `text`, with its per cent; None below `ALIKE`.

    The per cent is of the shorter of the two: a text copied into a longer one is found.
    """
    own = shingles(text)
    best: tuple[Key, int] | None = None
    for key, other in others:
        theirs = shingles(other)
        if not own or not theirs:
            continue
        share = 100 * len(own & theirs) // min(len(own), len(theirs))
        if share >= ALIKE and (best is None or share > best[1]):
            best = key, share
    return best
