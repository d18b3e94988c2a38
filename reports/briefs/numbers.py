"""Numbers bound to their source inside a text.

In a stored text a number is a token, {{n:KEY=VALUE}}, frozen {{n:KEY=VALUE!}}: KEY names the source, VALUE is the
exact decimal that is quoted, empty where nothing was reported. While someone types, it stands as 〔3：1,234〕, the
third number of the paragraph; what is moved or taken out stays bound, a number that is typed over becomes plain
text, and 〔附件1第2列累计〕, a source by its words or its key, becomes a number. A text never gets a token in any
other way: `unbound` is for whatever was written by people.

Keys: fu1.2.cumulative and fu1.2.increment (column 2 of a form, the unit's total), with @320300 the same of a unit
below, fu1.2.growth@320300 its increment in per cent of what stood before; fu1.expected, .reported, .carried,
.never; and those of `reports.briefs.sources`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from campaigns.header import Column
from reports.numbers import format_figure
from reports.rollup import Coverage, RollUp

_TOKEN = re.compile(r"\{\{n:(?P<key>[\w.@-]+)=(?P<value>-?[\d.]*)(?P<frozen>!?)\}\}")
_TYPED = re.compile(r"〔([^〔〕]*)〕")
_STOOD = re.compile(r"(\d{1,3})：(.*)", re.DOTALL)
_HALF = re.compile(r"〔\d{1,3}：")
_BRACKETS = re.compile(r"〔(?!\d{4}〕)|(?<!〔\d{4})〕")
"""All but those around a year."""
_BRACES = re.compile(r"\{(?=\{)")
_COVERAGE_WORDS = {"expected": "应报单位数", "reported": "本期报送", "carried": "沿用上期", "never": "未报"}
_TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Number:
    """What a source says. value: None where nothing is reported. source: in words. form: code; "" = of no form.

    report: id of the submission whose figure it is; None for a total.
    """

    value: Decimal | None
    decimals: int
    source: str
    form: str = ""
    measure: str = "cumulative"
    report: int | None = None


Numbers = Mapping[str, Number]


class State(StrEnum):
    LATEST = "latest"
    FROZEN = "frozen"
    CHANGED = "changed"
    GONE = "gone"


STATE_WORDS = {
    State.LATEST: "最新",
    State.FROZEN: "已冻结",
    State.CHANGED: "已变化",
    State.GONE: "来源已不存在",
}


@dataclass(frozen=True)
class Chip:
    """A number in a text. published: as the edition has it; now: as it is today; both None where the source is gone."""

    key: str
    value: Decimal | None
    is_frozen: bool
    published: Number | None
    now: Number | None

    @property
    def has_changed(self) -> bool:
        return self.now is not None and self.now.value != self.value

    @property
    def state(self) -> State:
        if self.is_frozen:
            return State.FROZEN
        if self.now is None:
            return State.GONE
        return State.CHANGED if self.has_changed else State.LATEST

    @property
    def state_word(self) -> str:
        return STATE_WORDS[self.state]

    @property
    def source(self) -> Number | None:
        return self.now or self.published

    @property
    def text(self) -> str:
        if self.source:
            return format_figure(self.value, self.source.decimals)
        return format_figure(self.value, max(0, -_exponent(self.value)))

    @property
    def now_text(self) -> str:
        return format_figure(self.now.value, self.now.decimals) if self.now else ""

    @property
    def published_text(self) -> str:
        return format_figure(self.published.value, self.published.decimals) if self.published else ""

    @property
    def source_words(self) -> str:
        return self.source.source if self.source else STATE_WORDS[State.GONE]

    @property
    def title(self) -> str:
        """What hovering says: the source, the state, and what else it is or was."""
        said = list(dict.fromkeys([self.source_words, self.state_word]))
        if self.has_changed:
            said.append(f"现为 {self.now_text}")
        if self.published and self.published.value != self.value:
            said.append(f"发布时 {self.published_text}")
        return "，".join(said)


def token(key: str, value: Decimal | None, *, frozen: bool = False) -> str:
    return f"{{{{n:{key}={'' if value is None else f'{value:f}'}{'!' if frozen else ''}}}}}"


def unbound(text: str) -> str:
    """Return what people wrote so that nothing in it reads as a token or as a cell's edge."""
    return _typed_words(text).replace("｜", "|")


def pieces(text: str, published: Numbers, now: Numbers) -> Iterator[str | Chip]:
    """Yield a text as words and chips."""
    at = 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        key = found["key"]
        value = Decimal(found["value"]) if found["value"] else None
        yield Chip(key, value, bool(found["frozen"]), published.get(key), now.get(key))
        at = found.end()
    if at < len(text):
        yield text[at:]


def plain_text(text: str, known: Numbers) -> str:
    """Return a text as it is printed."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in pieces(text, known, known))


def for_typing(text: str, known: Numbers) -> str:
    """Return a text as it is shown where it is typed: every number as 〔3：1,234〕."""
    said, number = "", 0
    for piece in pieces(text, known, known):
        if isinstance(piece, str):
            said += piece
        else:
            number += 1
            said += f"〔{number}：{piece.text}〕"
    return said


def from_typing(typed: str, before: str, known: Numbers) -> str:
    """Return a typed text as it is stored; `before` is the stored text from which the page was made.

    A source that is named anew is bound with the value that it has in `known`.
    """
    tokens = _tokens(before, known)
    keys = keys_by_name(known)
    stored, words, at = "", "", 0
    for found in _TYPED.finditer(typed):
        words += _whole_words(typed[at : found.start()])
        at, bound = found.end(), ""
        if stood := _STOOD.fullmatch(found[1]):
            if not (bound := _stands(stood, tokens)):
                words += stood[2].strip()
        elif key := keys.get(found[1].strip()):
            bound = token(key, known[key].value)
        else:
            words += found[0]
        if bound:
            stored += _typed_words(words) + bound
            words = ""
    return stored + _typed_words(words + _whole_words(typed[at:]))


def _whole_words(text: str) -> str:
    """Words between numbers; of a number of which a bracket was taken out, 〔3：1,234, what it says."""
    return _HALF.sub("", text)


def count_left_plain(typed: str, before: str, known: Numbers) -> int:
    """Return how many numbers `from_typing` leaves as plain text: typed over, or brought from another paragraph."""
    tokens = _tokens(before, known)
    stood = (_STOOD.fullmatch(found[1]) for found in _TYPED.finditer(typed))
    halves = _HALF.findall(_TYPED.sub("", typed))
    return len(halves) + sum(1 for one in stood if one and not _stands(one, tokens))


def _tokens(text: str, known: Numbers) -> list[tuple[str, str]]:
    """What stands in 〔1：…〕, 〔2：…〕, … of a stored text: (token, as it is printed)."""
    return [(found[0], plain_text(found[0], known)) for found in _TOKEN.finditer(text)]


def _stands(stood: re.Match[str], tokens: Sequence[tuple[str, str]]) -> str:
    """Return the token that a typed 〔3：1,234〕 is; "" where the third number does not say that."""
    number = int(stood[1])
    if 0 < number <= len(tokens) and tokens[number - 1][1] == stood[2].strip():
        return tokens[number - 1][0]
    return ""


def keys_by_name(known: Numbers) -> dict[str, str]:
    """Return what a number may be called while someone types: its key, and the words of its source.

    Words that several sources have name none of them.
    """
    shared = Counter(number.source for number in known.values())
    words = {number.source: key for key, number in known.items() if shared[number.source] == 1}
    return words | {key: key for key in known}


def name_for_typing(key: str, known: Numbers) -> str:
    """Return how a number is asked for while someone types: 〔附件1第2列累计〕."""
    source = known[key].source
    return f"〔{source if keys_by_name(known).get(source) == key else key}〕"


def refreshed(text: str, now: Numbers) -> str:
    """Return a text with each number as it is now; frozen ones, and those whose source is gone, stay."""

    def newer(found: re.Match[str]) -> str:
        known = now.get(found["key"])
        return found[0] if found["frozen"] or known is None else token(found["key"], known.value)

    return _TOKEN.sub(newer, text)


def frozen(text: str, *, is_frozen: bool) -> str:
    """Return a text with each number frozen, or free again."""
    return _TOKEN.sub(lambda found: f"{{{{n:{found['key']}={found['value']}{'!' * is_frozen}}}}}", text)


def count_numbers(text: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(text))


def at_number(text: str, number: int, rewrite: Callable[[str], str]) -> str:
    """Return a text in which the number-th of its numbers, from 1, is rewritten; unchanged where there is none."""
    for position, found in enumerate(_TOKEN.finditer(text), start=1):
        if position == number:
            return text[: found.start()] + rewrite(found[0]) + text[found.end() :]
    return text


def of_form(code: str, annex: str, columns: Sequence[Column], rollup: RollUp) -> dict[str, Number]:
    """Return all numbers of one form by key. rollup: with increments."""
    found = _of_coverage(f"{code}.", annex, code, rollup.coverage)
    for column in columns:
        found |= _of_cell(code, annex, column, "", "", rollup.cumulative, rollup.total)
        for row in rollup.rows:
            found |= _of_cell(code, annex, column, row.name, f"@{row.unit}", row.cumulative, row.values)
    return found


def growth(cumulative: Decimal | None, increment: Decimal | None) -> Decimal | None:
    """Return the increment in per cent of what stood before; None where nothing did."""
    if cumulative is None or increment is None or cumulative - increment <= 0:
        return None
    return (100 * increment / (cumulative - increment)).quantize(_TENTH, ROUND_HALF_UP)


def _of_coverage(prefix: str, annex: str, form: str, coverage: Coverage) -> dict[str, Number]:
    return {
        f"{prefix}{name}": Number(Decimal(getattr(coverage, name)), 0, f"{annex}{words}", form)
        for name, words in _COVERAGE_WORDS.items()
    }


def _of_cell(
    code: str,
    annex: str,
    column: Column,
    unit_name: str,
    suffix: str,
    cumulative: Mapping[int, Decimal | None],
    increment: Mapping[int, Decimal | None],
) -> dict[str, Number]:
    number, source = column.number, f"{unit_name}{annex}第{column.number}列"
    to_date, fresh = cumulative.get(number), increment.get(number)
    return {
        f"{code}.{number}.cumulative{suffix}": Number(to_date, column.decimals, f"{source}累计", code),
        f"{code}.{number}.increment{suffix}": Number(
            fresh, column.decimals, f"{source}本期新增", code, "increment"
        ),
        f"{code}.{number}.growth{suffix}": Number(
            growth(to_date, fresh), 1, f"{source}本期增幅（%）", code, "increment"
        ),
    }


def _typed_words(text: str) -> str:
    """What people typed, with nothing in it that could be read as a number; 苏人社发〔2024〕5号 stays as it is."""
    return _BRACKETS.sub(lambda found: "（" if found[0] == "〔" else "）", _BRACES.sub("{ ", text))


def _exponent(value: Decimal | None) -> int:
    exponent = value.as_tuple().exponent if value is not None else 0
    return exponent if isinstance(exponent, int) else 0
