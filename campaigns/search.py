"""Find units as people type them: a part of the name, of the code, or the first letters of its pinyin."""

import unicodedata
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from campaigns.models import Campaign


@lru_cache(maxsize=20_000)
def initials(name: str) -> str:
    """Return the first letter of each syllable: 江汉区 → jhq. What is not Chinese stays as it is.

    Computed, not stored: a name changed in the portal is found at once. The cache holds a nation's names.
    """
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower()


def normal(text: str) -> str:
    """Return what was typed as it is compared: full-width letters and capitals make no difference."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def is_found(wanted: str, code: str, *names: str) -> bool:
    """Say whether the code or one of the names of a unit has `wanted` in it, taken literally."""
    sought = normal(wanted)
    return sought in normal(code) or any(sought in normal(name) or sought in initials(name) for name in names)


def units_found(campaign: Campaign, wanted: str) -> set[int]:
    """Return the ids of the campaign's units that `wanted` finds: one query, whatever is typed."""
    places = campaign.places.order_by().values_list("unit", "unit__code", "unit__name", "name", "short")
    return {unit for unit, code, *names in places if is_found(wanted, code, *names)}
