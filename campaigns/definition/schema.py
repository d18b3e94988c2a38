# ruff: noqa: RUF009 (key() makes a dataclass field)
"""Every key of a definition: what it reads, its limits and its default, in the order of the contract.

The limits are those of the model fields, so that what has been read can be stored in any database. The
classes are named like the models that they become; `docs/definition.md` says it for people.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time
from decimal import Decimal
from typing import Any, Self

from campaigns import calendar_rules
from campaigns.models.units import Level

from .kinds import Choice, Clock, Day, Flag, Group, Kind, ListOf, Number, ReadingError, Text, Truth, Whole
from .mistakes import UNITS_FILE, Log, shown
from .source import Node, Pairs, Scalar, node_of, suggestion

MONEY = "万元"
REPORTER = "reporter"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Derived:
    """A default that follows from the other keys of the entry."""

    of: Callable[[Mapping[str, Any]], Any]


_REQUIRED = object()


@dataclass(frozen=True)
class Key:
    """`name`: as written in the file. `default`: a value, or Derived; absent where the key is required.

    `shown`: written by a dump even where it is the default, because the rest reads badly without it.
    """

    kind: Kind
    default: Any = _REQUIRED
    name: str = ""
    shown: bool = False

    @property
    def is_required(self) -> bool:
        return self.default is _REQUIRED


def key(kind: Kind, default: Any = _REQUIRED, name: str = "", *, shown: bool = False) -> Any:
    return field(metadata={"key": Key(kind, default, name, shown)})


class Entry:
    """A mapping of the definition: its dataclass fields are its keys."""

    @classmethod
    def keys(cls) -> dict[str, Key]:
        """Return the keys by field name, in the order of the contract."""
        return {part.name: part.metadata["key"] for part in fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def names(cls) -> list[str]:
        """Return the keys as written in the file."""
        return [part.name or name for name, part in cls.keys().items()]

    @classmethod
    def read(cls, node: Node, path: str, log: Log) -> Self:
        if not isinstance(node, Pairs):
            raise ReadingError("应为一组“键: 值”，请检查缩进，以及冒号是不是半角、后面有没有空格。")
        given = {name: (line, value) for name, line, value in node.pairs}
        known = cls.names()
        for name, (line, _) in given.items():
            here = f"{path}.{name}" if path else name
            log.lines[here] = line
            if name not in known:
                log.add(
                    f"{path}.{shown(name)}" if path else shown(name),
                    f"不认识的键；{suggestion(name, known)}",
                    line=line,
                )
        values: dict[str, Any] = {}
        for field_name, part in cls.keys().items():
            name = part.name or field_name
            here = f"{path}.{name}" if path else name
            _, value = given.get(name, (0, Scalar("")))
            blank = isinstance(value, Scalar) and (
                value.is_null or (part.is_required and not value.text.strip())
            )
            try:
                if not blank:
                    values[field_name] = part.kind.read(value, here, log)
                elif part.is_required:
                    raise ReadingError("不能为空，请填写。" if name in given else f"缺少 {name}，请补上。")
            except ReadingError as error:
                log.add(here, str(error))
                log.unsound.add(here)
                if part.is_required:
                    values[field_name] = part.kind.stand_in
        return cls(**cls.completed(values))

    @classmethod
    def completed(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return `values` with the defaults of the keys that are not there."""
        complete = dict(values)
        missing = [(name, part.default) for name, part in cls.keys().items() if name not in values]
        complete |= {name: default for name, default in missing if not isinstance(default, Derived)}
        for name, default in missing:
            if isinstance(default, Derived):
                complete[name] = default.of(complete)
        return complete

    @classmethod
    def stand_in(cls) -> Self:
        """Return what takes the place of an entry that could not be read."""
        required = {name: part.kind.stand_in for name, part in cls.keys().items() if part.is_required}
        return cls(**cls.completed(required))

    @classmethod
    def from_plain(cls, data: object) -> Self:
        """Read plain data as `plain` wrote it. Raises ReadingError where it does not fit."""
        log = Log()
        entry = cls.read(node_of(data), "", log)
        if log.mistakes:
            raise ReadingError(str(log.mistakes[0]))
        return entry

    def plain(self) -> dict[str, Any]:
        """Return the keys that differ from their defaults as JSON-like data, in the order of the contract."""
        values = {name: getattr(self, name) for name in self.keys()}
        found = {}
        for field_name, part in self.keys().items():
            value = values[field_name]
            default = part.default.of(values) if isinstance(part.default, Derived) else part.default
            if value != default or (part.shown and value not in (None, 0)):
                found[part.name or field_name] = part.kind.plain(value)
        return found

    @property
    def identity(self) -> tuple[Any, ...]:
        """Return what makes it the same entry when the file changes."""
        raise NotImplementedError


@dataclass(frozen=True)
class EntryOf:
    """The kind of a key that holds an entry."""

    cls: type[Entry]

    @property
    def stand_in(self) -> Entry:
        return self.cls.stand_in()

    def read(self, node: Node, path: str, log: Log) -> Entry:
        return self.cls.read(node, path, log)

    def plain(self, value: Entry) -> dict[str, Any]:
        return value.plain()


def entries(cls: type[Entry], limit: int) -> ListOf:
    return ListOf(EntryOf(cls), limit)


LEVEL = Choice(tuple(Level.values))
_LINE = Text(20)
_CODE = Text(
    40,
    pattern=re.compile("[A-Za-z0-9][A-Za-z0-9_-]*"),
    advice="代码只能用字母、数字、“-”和“_”，以字母或数字开头",
)
_FORM_CODE = Text(
    20,
    pattern=re.compile("(?!last$)[a-z][a-z0-9_]*"),
    advice="报表代码只能用小写字母、数字和“_”，以字母开头，不能是 last",
)
_UNIT_CODE = Text(40, pattern=re.compile(r"[^\s/\\]+"), advice="单位代码里不能有空格和斜杠")
_FILE_NAME = Text(100, pattern=re.compile(r"[^./\\][^/\\]*"), advice="应为同一文件夹里的文件名，如 units.csv")
_LABELS = ListOf(Text(40), 12)
_AMOUNT = Number(CENT, Decimal(10) ** 13)
_FACTOR = Number(CENT, Decimal(10) ** 6)


@dataclass(frozen=True, kw_only=True)
class Document(Entry):
    number: str = key(Text(60), "")
    issued: date | None = key(Day(), None)
    issuers: tuple[str, ...] = key(ListOf(Text(100), 50), ())


@dataclass(frozen=True, kw_only=True)
class WrittenPeriod(Entry):
    """One period. `due` None: worked out from `ends`; `due_time` None: that of the campaign."""

    ends: date = key(Day())
    due: date | None = key(Day(), None)
    due_time: time | None = key(Clock(), None)
    title: str = key(Text(50), "")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.ends,)


@dataclass(frozen=True, kw_only=True)
class Reporting(Entry):
    every: str = key(
        Choice(("week", "half-month", "list")),
        Derived(lambda given: "list" if given["periods"] else "week"),
        shown=True,
    )
    weekday: str | None = key(
        Choice(WEEKDAYS), Derived(lambda given: "friday" if given["every"] == "week" else None), shown=True
    )
    due_time: time = key(Clock(), time(17, 30), shown=True)
    on_holiday: str = key(Choice(("keep", "next-workday")), "keep", shown=True)
    extra: tuple[WrittenPeriod, ...] = key(entries(WrittenPeriod, 200), ())
    periods: tuple[WrittenPeriod, ...] = key(entries(WrittenPeriod, 1000), ())

    def rule(self) -> calendar_rules.Rule:
        def written(entry: WrittenPeriod) -> calendar_rules.Written:
            return calendar_rules.Written(entry.ends, entry.due, entry.due_time, entry.title)

        return calendar_rules.Rule(
            every=self.every,  # type: ignore[arg-type]
            weekday=WEEKDAYS.index(self.weekday) if self.weekday else None,
            due_time=self.due_time,
            on_holiday=self.on_holiday,  # type: ignore[arg-type]
            extra=tuple(map(written, self.extra)),
            periods=tuple(map(written, self.periods)),
        )


@dataclass(frozen=True, kw_only=True)
class Indicator(Entry):
    number: int = key(Whole(1, 9999))
    label: str = key(Text(100))
    unit: str = key(Text(20), "")
    decimals: int = key(Whole(0, 4), Derived(lambda given: 2 if given["unit"] == MONEY else 0), shown=True)
    nature: str = key(Choice(("cumulative", "flow", "stock")), "cumulative")
    of: int | None = key(Whole(1, 9999), None)
    group: tuple[str, ...] | None = key(Group(ListOf(Text(100), 5)), None)
    confirmed: bool = key(Truth(), True)
    jump: Decimal | None = key(_FACTOR, None)
    jump_floor: Decimal | None = key(Number(Decimal(0), Decimal(10) ** 13), None)
    slip: Decimal | None = key(_FACTOR, None)
    maximum: Decimal | None = key(_AMOUNT, None, "max")
    lines: tuple[str, ...] = key(ListOf(Text(100, strip=False), 20), ())
    explain: str = key(Text(4000, lines=True), "")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.number,)


@dataclass(frozen=True, kw_only=True)
class Check(Entry):
    rule: str = key(Text(500))
    rule_class: str = key(Choice(("fatal", "query", "hint")), "query", "class", shown=True)
    say: str = key(Text(200), "")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.rule,)


@dataclass(frozen=True, kw_only=True)
class Doubt(Entry):
    about: str = key(Text(40), "")
    quote: str = key(Text(4000, lines=True), "")
    reading: str = key(Text(4000, lines=True), "")
    settled: str = key(Text(4000, lines=True), "")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.about, self.quote)


@dataclass(frozen=True, kw_only=True)
class Form(Entry):
    code: str = key(_FORM_CODE)
    annex: str = key(Text(20), "")
    title: str = key(Text(100))
    subtitle: str = key(Text(100), "")
    line: str = key(_LINE, "")
    layout: str = key(
        Choice(("rows", "bands")), Derived(lambda given: "bands" if given["bands"] else "rows"), shown=True
    )
    bands: tuple[int, ...] = key(ListOf(Whole(1, 150), 20), ())
    filled_by: str = key(Text(100), "")
    head: tuple[str, ...] = key(_LABELS, ())
    printed_unit: str = key(Text(40), "")
    print_units: str = key(Text(60), "")
    signatures: tuple[str, ...] = key(_LABELS, ())
    notes_title: str = key(Text(20), "")
    notes: tuple[str, ...] = key(ListOf(Text(2000, lines=True, strip=False), 100), ())
    indicators: tuple[Indicator, ...] = key(entries(Indicator, 150))
    checks: tuple[Check, ...] = key(entries(Check, 500), ())
    doubts: tuple[Doubt, ...] = key(entries(Doubt, 500), ())

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.code,)


@dataclass(frozen=True, kw_only=True)
class Target(Entry):
    form: str = key(Text(20))
    indicator: int = key(Whole(1, 9999))
    at_least: Decimal = key(_AMOUNT)
    over: str = key(Choice(("campaign", "week")), "campaign")
    each: str = key(LEVEL, "")
    say: str = key(Text(200), "")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.form, self.indicator, self.over, self.each)


@dataclass(frozen=True, kw_only=True)
class TextDuty(Entry):
    kind: str = key(Choice(("case", "progress", "plan", "summary", "contact", "event")))
    title: str = key(Text(100), "")
    each_period: bool = key(Truth(), False)
    due: date | None = key(Day(), None)
    at_least: int | None = key(Whole(1, 1000), None)
    each: str = key(Choice((*Level.values, REPORTER)), REPORTER)
    line: str = key(_LINE, "")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.kind, self.title, self.each, self.line)


@dataclass(frozen=True, kw_only=True)
class Campaign(Entry):
    """The whole of campaign.yaml."""

    code: str = key(_CODE)
    title: str = key(Text(100))
    theme: str = key(Text(200), "")
    document: Document = key(EntryOf(Document), Derived(lambda _: Document.from_plain({})))
    starts: date = key(Day())
    ends: date = key(Day())
    counts_from: date = key(Day(), Derived(lambda given: given["starts"]))
    time_zone: str = key(Text(40), "Asia/Shanghai")
    reporting: Reporting = key(EntryOf(Reporting), Derived(lambda _: Reporting.from_plain({})), shown=True)
    sign_off_by: str = key(LEVEL, "")
    units_file: str = key(_FILE_NAME, UNITS_FILE, "units")
    forms: tuple[Form, ...] = key(entries(Form, 50))
    targets: tuple[Target, ...] = key(entries(Target, 500), ())
    texts: tuple[TextDuty, ...] = key(entries(TextDuty, 500), ())
    doubts: tuple[Doubt, ...] = key(entries(Doubt, 500), ())


@dataclass(frozen=True, kw_only=True)
class Unit(Entry):
    """A row of units.csv: the place of a unit. `opens`, `closes`: None = since or until ever."""

    code: str = key(_UNIT_CODE)
    name: str = key(Text(100))
    short: str = key(Text(40), Derived(lambda given: _short(given["name"])))
    level: str = key(LEVEL)
    parent: str = key(Text(40), "")
    line: str = key(_LINE, "")
    reports: bool = key(Flag(), False)
    opens: date | None = key(Day(), None)
    closes: date | None = key(Day(), None)
    after_close: str = key(Choice(("stop", "keep")), "")

    REQUIRED_COLUMNS = ("code", "name", "level", "parent", "reports")

    @property
    def identity(self) -> tuple[Any, ...]:
        return (self.code, self.opens)

    def is_open(self, day: date) -> bool:
        return (self.opens is None or self.opens <= day) and (self.closes is None or day <= self.closes)


def fitting_lines(lines: tuple[str, ...], label: str) -> tuple[str, ...]:
    """Return `lines` where they join to `label`, else (): a label changed in the portal loses its breaks."""
    return lines if "".join(lines) == label else ()


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:39] + "…"


@dataclass(frozen=True)
class State:
    """A campaign as a whole: definition, units in order, and periods with every date worked out."""

    campaign: Campaign
    units: tuple[Unit, ...]
    periods: tuple[WrittenPeriod, ...]


@dataclass(frozen=True)
class Definition:
    """A definition without mistakes. `lines`: the line of each path, for what a load refuses."""

    campaign: Campaign
    units: tuple[Unit, ...]
    lines: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
