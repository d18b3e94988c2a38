"""Mutated workbooks: bit flips, edits of the archive, edits of the XML. None of them makes another figure.

The XML is edited where that cannot turn one number into another: tags are lost, doubled or renamed, junk without
digits is put in. What is read of such a file is therefore a figure of the original, or nothing.
"""

import random
import re
import struct
from zipfile import ZIP_STORED

from .workbooks import SHEET, members, zipped

JUNK = ("x", "<", "&", "<c>", "]]>", "\x01", "&#0;", "<!--", "元")


def mutated(data: bytes, seed: int) -> bytes:
    """Return the mutation number `seed` of a workbook: always the same."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    return chance.choice(KINDS)(data, chance)


def flip_bits(data, chance):
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data, chance):
    return data[: chance.randrange(len(data))]


def overwrite(data, chance):
    at, length = chance.randrange(len(data)), chance.randint(1, 400)
    return data[:at] + chance.randbytes(length) + data[at + length :]


def drop_part(data, chance):
    parts = members(data)
    del parts[chance.choice(list(parts))]
    return zipped(parts)


def swap_parts(data, chance):
    parts = members(data)
    one, other = chance.sample(list(parts), 2)
    parts[one], parts[other] = parts[other], parts[one]
    return zipped(parts)


def rename_part(data, chance):
    parts = members(data)
    name = chance.choice(list(parts))
    parts[chance.choice(["../", "/", "x/", "XL/"]) + name] = parts.pop(name)
    return zipped(parts)


def lie_in_directory(data, chance):
    changed = bytearray(data)
    entries = [match.start() for match in re.finditer(b"PK\x01\x02", data)]
    offset = chance.choice([8, 10, 16, 20, 24, 42])
    struct.pack_into("<I", changed, chance.choice(entries) + offset, chance.randrange(2**32))
    return bytes(changed)


def store(data, chance):
    return zipped(members(data), ZIP_STORED) + chance.randbytes(chance.randrange(40))


def _edit(data, change):
    parts = members(data)
    return zipped(parts | {SHEET: change(parts[SHEET].decode()).encode("utf-8", "replace")})


def _tags(text):
    return [match.span() for match in re.finditer(r"<[^<>]+>", text)]


def lose_tag(data, chance):
    def change(text):
        start, end = chance.choice(_tags(text))
        return text[:start] + text[end:]

    return _edit(data, change)


def double_tag(data, chance):
    def change(text):
        start, end = chance.choice(_tags(text))
        return text[:end] + text[start:end] + text[end:]

    return _edit(data, change)


def put_junk(data, chance):
    def change(text):
        at = chance.randrange(len(text))
        return text[:at] + chance.choice(JUNK) + text[at:]

    return _edit(data, change)


def change_type(data, chance):
    """Give a cell another type or style: a number becomes a text, a truth value, a date, a percentage."""

    def change(text):
        cells = [match.span() for match in re.finditer(r"<c r=\"[A-Z]+\d+\"[^>]*>", text)]
        start, end = chance.choice(cells)
        kind = chance.choice(["s", "b", "e", "d", "str", "inlineStr", "zz"])
        tag = re.sub(r' (t|s)="\w+"', "", text[start:end]).replace(
            "<c ", f'<c t="{kind}" s="{chance.randrange(99)}" '
        )
        return text[:start] + tag + text[end:]

    return _edit(data, change)


KINDS = (
    flip_bits,
    cut,
    overwrite,
    drop_part,
    swap_parts,
    rename_part,
    lie_in_directory,
    store,
    lose_tag,
    double_tag,
    put_junk,
    change_type,
)
