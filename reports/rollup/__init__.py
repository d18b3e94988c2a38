"""Totals up the tree, each with what it is made of: computed on read, never stored.

A unit contributes its last whole report that counts, never single cells of several, at the place that it
holds in the period asked for. One statement finds that report by one index entry a unit and adds the figures
up: no form of it in the ORM comes near.

`answer`: what is returned. `question`: what may be asked, and of which place. `statement`: what is read, at which `places`. `parts`: the
sums of a row in the making. `total`: from question to answer, with rows (`roll_up`) or without (`total_of`).
"""

from .answer import Coverage, RollUp, Row, Total, as_json
from .question import BASES, MEASURES, RollUpError, held_or_latest, place_at
from .total import roll_up, total_of

__all__ = [
    "BASES",
    "MEASURES",
    "Coverage",
    "RollUp",
    "RollUpError",
    "Row",
    "Total",
    "as_json",
    "held_or_latest",
    "place_at",
    "roll_up",
    "total_of",
]
