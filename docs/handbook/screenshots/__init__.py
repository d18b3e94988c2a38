"""The pictures of the handbook, taken from a demonstration: `make handbook`.

Each chapter is a module of this package with `take(portal)`; what stands in CHAPTERS is taken in that order.
"""

from . import administrators, briefs, coordinator, exports, filling, reporter, sending, texts, uploads

CHAPTERS = {
    "reporter": reporter,
    "sending": sending,
    "filling": filling,
    "coordinator": coordinator,
    "exports": exports,
    "uploads": uploads,
    "texts": texts,
    "briefs": briefs,
    "administrators": administrators,
}
