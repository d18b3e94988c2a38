"""What becomes of a campaign when its definition is loaded again: three-way, on plain values.

base: the definition as last loaded. ours: the campaign as it stands. theirs: the definition now. Where ours
differs from base, a coordinator changed it in the portal, and it stays; everything else follows the file.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from . import schema
from .kinds import Kind, ListOf
from .mistakes import shown

MAX_SHOWN = 40
E = TypeVar("E", bound=schema.Entry)
T = TypeVar("T")


def merge(base: schema.State, ours: schema.State, theirs: schema.State) -> tuple[schema.State, list[str]]:
    """Return the campaign as it should be, and a sentence for each value of the portal that was kept."""
    kept: list[str] = []
    periods = _merge_list(base.periods, ours.periods, theirs.periods, "periods", kept)
    merged = schema.State(
        campaign=_merge_entry(base.campaign, ours.campaign, theirs.campaign, "", kept),
        units=_merge_list(base.units, ours.units, theirs.units, "units", kept),
        periods=tuple(sorted(periods, key=lambda period: period.ends)),
    )
    return merged, kept


def changes(ours: schema.State, wanted: schema.State) -> list[str]:
    """Return a sentence for each value in which `wanted` differs from the campaign as it stands."""
    found: list[str] = []
    _compare_entry(ours.campaign, wanted.campaign, "", found)
    _compare_list(ours.units, wanted.units, "units", found)
    _compare_list(ours.periods, wanted.periods, "periods", found)
    return found


def keyed(entries: Iterable[E]) -> dict[tuple[Any, ...], E]:
    """Return the entries by identity, in order; twins are told apart by their number."""
    return numbered((entry.identity, entry) for entry in entries)


def numbered(pairs: Iterable[tuple[tuple[Any, ...], T]]) -> dict[tuple[Any, ...], T]:
    """Return the values by identity, each identity with the number of its twin, from 0, added to it."""
    seen: Counter[tuple[Any, ...]] = Counter()
    found = {}
    for identity, value in pairs:
        found[(*identity, seen[identity])] = value
        seen[identity] += 1
    return found


def holds_entries(kind: Kind) -> bool:
    return isinstance(kind, ListOf) and isinstance(kind.kind, schema.EntryOf)


def _merge_entry(base: E | None, ours: E, theirs: E, path: str, kept: list[str]) -> E:
    if base is None:
        # Added in the portal and in the file alike.
        base = theirs
    values: dict[str, Any] = {}
    for name, part in theirs.keys().items():
        here = _below(path, part.name or name)
        before, stored, written = getattr(base, name), getattr(ours, name), getattr(theirs, name)
        if holds_entries(part.kind):
            values[name] = _merge_list(before, stored, written, here, kept)
        elif isinstance(written, schema.Entry):
            values[name] = _merge_entry(before, stored, written, here, kept)
        elif stored in (before, written):
            values[name] = written
        else:
            values[name] = stored
            kept.append(
                f"{here}：保留页面上的{_said(part.kind, stored)}（文件中是{_said(part.kind, written)}）"
            )
    if "lines" in values:
        values["lines"] = schema.fitting_lines(values["lines"], values["label"])
    return replace(theirs, **values)  # type: ignore[type-var]


def _merge_list(
    base: tuple[E, ...], ours: tuple[E, ...], theirs: tuple[E, ...], path: str, kept: list[str]
) -> tuple[E, ...]:
    before, stored, written = keyed(base), keyed(ours), keyed(theirs)
    merged: dict[tuple[Any, ...], E] = {}
    for key in before | stored | written:
        here = f"{path}[{_name(key)}]"
        if key in stored and key in written:
            merged[key] = _merge_entry(before.get(key), stored[key], written[key], here, kept)
        elif key in written and key not in before:
            merged[key] = written[key]
        elif key in written:
            kept.append(f"{here}：已在页面上删去，不再载入")
        elif key in stored and stored[key] != before.get(key):
            merged[key] = stored[key]
            kept.append(f"{here}：文件中没有，保留页面上{'修改' if key in before else '新增'}的这一项")
    return tuple(merged[key] for key in _order(before, stored, written) if key in merged)


def _order(before: Iterable[Any], stored: Iterable[Any], written: Iterable[Any]) -> list[Any]:
    """Return all keys in the order of the portal, or of the file where the file's order is new."""
    first, second = list(stored), list(written)
    known = set(before)
    in_file = set(second)
    if [key for key in before if key in in_file] != [key for key in second if key in known]:
        first, second = second, first
    in_first = set(first)
    after: dict[Any, list[Any]] = {}
    previous = None
    for key in second:
        if key in in_first:
            previous = key
        else:
            after.setdefault(previous, []).append(key)
    return after.get(None, []) + [part for key in first for part in (key, *after.get(key, ()))]


def _compare_entry(ours: schema.Entry, wanted: schema.Entry, path: str, found: list[str]) -> None:
    for name, part in wanted.keys().items():
        here = _below(path, part.name or name)
        old, new = getattr(ours, name), getattr(wanted, name)
        if holds_entries(part.kind):
            _compare_list(old, new, here, found)
        elif isinstance(new, schema.Entry):
            _compare_entry(old, new, here, found)
        elif old != new:
            found.append(f"{here}：{_said(part.kind, old)}改为{_said(part.kind, new)}")


def _compare_list(
    ours: tuple[schema.Entry, ...], wanted: tuple[schema.Entry, ...], path: str, found: list[str]
) -> None:
    old, new = keyed(ours), keyed(wanted)
    found += [f"{path}[{_name(key)}]：删去" for key in old if key not in new]
    for key, entry in new.items():
        if key in old:
            _compare_entry(old[key], entry, f"{path}[{_name(key)}]", found)
        else:
            found.append(f"{path}[{_name(key)}]：新增")
    if [key for key in old if key in new] != [key for key in new if key in old]:
        found.append(f"{path}：改变次序")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _name(key: tuple[Any, ...]) -> str:
    *parts, twin = key
    words = [str(part) for part in parts if part not in (None, "")] + ([str(twin + 1)] if twin else [])
    return shown(" ".join(words))


def _said(kind: Kind, value: object) -> str:
    if value in (None, "", ()):
        return "“”"
    plain = kind.plain(value)
    if isinstance(plain, list):
        text = "、".join(map(str, plain))
    else:
        text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"“{shown(text, MAX_SHOWN)}”"
