"""What the values of a definition may be: each kind reads the text of a node and writes the value again."""

import re
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from .mistakes import Log, shown
from .source import FORBIDDEN, Items, Node, Scalar

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


class ReadingError(ValueError):
    """A value that cannot be taken; the message is a sentence."""


class PlainNumber(str):
    """An exact decimal in plain data: a string to JSON, a bare number in YAML."""


class Kind(Protocol):
    @property
    def stand_in(self) -> Any:
        """What takes the place of a required value that could not be read."""

    def read(self, node: Node, path: str, log: Log) -> Any:
        """Return the value of `node`. Raises ReadingError; mistakes further down are noted in `log`."""

    def plain(self, value: Any) -> Any:
        """Return the value as JSON-like data that reads as the same value."""


class OneValue:
    """A kind whose values are written as one text. `expected` names it in a sentence."""

    expected: ClassVar[str]

    def read(self, node: Node, path: str, log: Log) -> Any:  # noqa: ARG002
        if not isinstance(node, Scalar):
            found = "列表" if isinstance(node, Items) else "一组键"
            raise ReadingError(f"应为{self.expected}，现为{found}，请改写。")
        return self.parse(node.text)

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def plain(self, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Text(OneValue):
    """Text as typed, without the blanks around it unless `strip` is False.

    `lines`: it may have several. `pattern`: what it must look like, which `advice` says in words.
    """

    limit: int
    lines: bool = False
    strip: bool = True
    pattern: re.Pattern[str] | None = None
    advice: str = ""
    stand_in: str = ""
    expected = "文字"

    def parse(self, text: str) -> str:
        text = text.strip() if self.strip else text.rstrip("\n")
        if found := FORBIDDEN.search(text):
            raise ReadingError(f"含有不可见的字符（U+{ord(found.group()):04X}），请删去。")
        if "\n" in text and not self.lines:
            raise ReadingError("应写在一行内，请去掉换行。")
        if len(text) > self.limit:
            raise ReadingError(f"最多 {self.limit} 个字，现有 {len(text)} 个，请缩短。")
        if self.pattern and text and not self.pattern.fullmatch(text):
            raise ReadingError(f"“{shown(text)}”无效：{self.advice}。")
        return text


@dataclass(frozen=True)
class Whole(OneValue):
    low: int
    high: int
    stand_in: int = 0
    expected = "整数"

    def parse(self, text: str) -> int:
        text = text.strip()
        if not _WHOLE.fullmatch(text) or not self.low <= int(text) <= self.high:
            raise ReadingError(f"应为 {self.low} 到 {self.high} 的整数，现为“{shown(text)}”，请改正。")
        return int(text)


@dataclass(frozen=True)
class Number(OneValue):
    """A decimal number from `low` to below `below` with at most two decimals."""

    low: Decimal
    below: Decimal
    stand_in: Decimal = Decimal(0)
    expected = "数字"

    def parse(self, text: str) -> Decimal:
        text = text.strip()
        if not _NUMBER.fullmatch(text):
            raise ReadingError(f"应为数字（如 100 或 2.5），现为“{shown(text)}”，请改正。")
        value = Decimal(text)
        if not self.low <= value < self.below:
            raise ReadingError(f"应不小于 {self.low:f}、小于 {self.below:f}，现为 {text}，请改正。")
        if value != round(value, 2):
            raise ReadingError(f"最多两位小数，现为 {text}，请改正。")
        return value

    def plain(self, value: Decimal) -> int | PlainNumber:
        return int(value) if value == int(value) else PlainNumber(f"{value.normalize():f}")


@dataclass(frozen=True)
class Day(OneValue):
    stand_in: date = FIRST_DAY
    expected = "日期"

    def parse(self, text: str) -> date:
        text = text.strip()
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            raise ReadingError(f"没有“{text}”这一天，请改正。") from None
        if day is None:
            raise ReadingError(f"日期应写成 2024-01-25 这样，现为“{shown(text)}”，请改写。")
        if not FIRST_DAY <= day <= LAST_DAY:
            raise ReadingError(f"日期 {text} 应在 {FIRST_DAY} 和 {LAST_DAY} 之间，请检查年份。")
        return day

    def plain(self, value: date) -> str:
        return value.isoformat()


@dataclass(frozen=True)
class Clock(OneValue):
    stand_in: time = time(0)
    expected = "时刻"

    def parse(self, text: str) -> time:
        match = _CLOCK.fullmatch(text.strip())
        if not match:
            raise ReadingError(f"时刻应写成 17:30 这样（00:00 到 23:59），现为“{shown(text)}”，请改写。")
        return time(int(match[1]), int(match[2]), int(match[3] or 0))

    def plain(self, value: time) -> str:
        return value.isoformat("seconds" if value.second else "minutes")


@dataclass(frozen=True)
class Truth(OneValue):
    stand_in: bool = False
    expected = " true 或 false"

    def parse(self, text: str) -> bool:
        word = text.strip().lower()
        if word not in ("true", "false"):
            raise ReadingError(f"应写 true 或 false，现为“{shown(text)}”，请改写。")
        return word == "true"


@dataclass(frozen=True)
class Flag(OneValue):
    """1 or 0, as a table has it."""

    stand_in: bool = False
    expected = " 1 或 0"

    def parse(self, text: str) -> bool:
        if text.strip() not in ("1", "0"):
            raise ReadingError(f"应写 1（填报）或 0（不填报），现为“{shown(text)}”，请改写。")
        return text.strip() == "1"

    def plain(self, value: bool) -> str:
        return "1" if value else "0"


@dataclass(frozen=True)
class Choice(OneValue):
    values: tuple[str, ...]
    stand_in: str = ""
    expected = "一个词"

    def parse(self, text: str) -> str:
        word = text.strip()
        if word not in self.values:
            raise ReadingError(f"“{shown(word)}”无效，可以写的有：{'、'.join(self.values)}。")
        return word


@dataclass(frozen=True)
class ListOf:
    """A list of values or of entries, as a tuple."""

    kind: Kind
    limit: int
    stand_in: tuple[Any, ...] = ()

    def read(self, node: Node, path: str, log: Log) -> tuple[Any, ...]:
        if not isinstance(node, Items):
            raise ReadingError("应为列表，请写成 [一, 二]，或每项一行、以“- ”开头。")
        if len(node.items) > self.limit:
            raise ReadingError(f"最多 {self.limit} 项，现有 {len(node.items)} 项，请检查。")
        values = []
        for index, item in enumerate(node.items):
            here = f"{path}[{index}]"
            log.lines[here] = item.line
            try:
                if isinstance(item, Scalar) and item.is_null:
                    raise ReadingError("这一项是空的，请补上或删去。")
                values.append(self.kind.read(item, here, log))
            except ReadingError as error:
                log.add(here, str(error))
                log.unsound |= {here, path}
                values.append(self.kind.stand_in)
        return tuple(values)

    def plain(self, value: tuple[Any, ...]) -> list[Any]:
        return [self.kind.plain(part) for part in value]


@dataclass(frozen=True)
class Group:
    """The cells above a label, from the top: one text or a list; None where the label spans all rows."""

    texts: ListOf
    stand_in: None = None

    def read(self, node: Node, path: str, log: Log) -> tuple[str, ...] | None:
        if isinstance(node, Items):
            return self.texts.read(node, path, log) or None
        return (self.texts.kind.read(node, path, log),)

    def plain(self, value: tuple[str, ...] | None) -> str | list[str] | None:
        if value is None:
            return None
        return value[0] if len(value) == 1 else list(value)
