"""The files of a definition as trees of texts with their lines: no types are guessed here.

What a value means is decided by its key (`kinds`), never by how it is spelt: `no`, `on`, `17:30` and `007`
are texts until a key asks for something else, and quotes make no difference, except that quoted "null" and
"" are texts. Anchors, aliases and tags are refused.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from .mistakes import CAMPAIGN_FILE, Log, shown

MAX_YAML_BYTES = 1024 * 1024
MAX_CSV_BYTES = 20 * 1024 * 1024
MAX_DEPTH = 12
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Control characters (PostgreSQL refuses NUL), line separators, overrides of direction, half characters."""
_NULLS = ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Scalar:
    """`quoted`: never null, whatever it says; so are the cells of a table that are not empty."""

    text: str
    line: int = 0
    quoted: bool = False

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class Items:
    items: "tuple[Node, ...]"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """`pairs`: (key, line of the key, value); keys are unique."""

    pairs: "tuple[tuple[str, int, Node], ...]"
    line: int = 0


Node = Scalar | Items | Pairs


def node_of(value: object) -> Node:
    """Return JSON-like data as the tree that the same data in a file gives."""
    match value:
        case None:
            return Scalar("")
        case bool():
            return Scalar("true" if value else "false")
        case dict():
            return Pairs(tuple((str(key), 0, node_of(part)) for key, part in value.items()))
        case list() | tuple():
            return Items(tuple(map(node_of, value)))
    return Scalar(str(value), quoted=True)


# --- files ----------------------------------------------------------------------------------------


def read_text(path: Path, limit: int, log: Log) -> str | None:
    """Read a UTF-8 text file, with or without BOM; None after a mistake was noted."""
    name = path.name
    try:
        if not path.exists():
            log.add_file(name, "找不到这个文件，请检查文件夹和文件名。")
            return None
        if not path.is_file():
            log.add_file(name, "不是普通文件，请检查文件夹和文件名。")
            return None
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError:
        log.add_file(name, "无法读取，请检查文件权限。")
        return None
    if len(content) > limit:
        log.add_file(name, f"文件超过 {limit // 1024 // 1024} MB，请检查是不是放错了文件。")
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        log.add_file(name, "文件是 UTF-16 编码，请另存为 UTF-8 编码。", line=1)
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        log.add_file(name, "不是 UTF-8 编码（可能是 GBK 或不是文本文件），请另存为 UTF-8 编码。", line=line)
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := FORBIDDEN.search(text.replace("\t", " ")):
        line = text.count("\n", 0, found.start()) + 1
        log.add_file(name, f"含有不可见的字符（U+{ord(found.group()):04X}），请删去。", line=line)
        return None
    return text


# --- YAML -----------------------------------------------------------------------------------------

# The beginning of what PyYAML says, and what it means to the author. The first that fits is taken.
_SYNTAX = (
    ("mapping values are not allowed", "这里不该有冒号：请检查缩进，含有半角冒号的文字请加引号"),
    ("could not find expected ':'", "键后面缺少半角冒号，或冒号后没有空格"),
    ("expected ',' or ']'", "方括号没有配对，或项之间缺少半角逗号"),
    ("expected ',' or '}'", "花括号没有配对，或项之间缺少半角逗号"),
    ("found unexpected end of stream", "引号没有配对"),
    ("found unexpected document separator", "引号没有配对"),
    ("expected <block end>", "缩进与上面的行不一致"),
    ("block sequence entries are not allowed", "“- ”的位置不对，请检查缩进"),
    ("found unknown escape character", "双引号里的反斜杠写法无效，请改用单引号"),
    ("expected the node content", "缺少值或括号没有配对"),
    ("found undefined tag handle", "不能使用标签（!），请删去，或给文字加引号"),
    ("found undefined alias", "不能使用别名（*），请删去，或给文字加引号"),
    ("expected alphabetic or numeric character", "不能使用锚点（&）和别名（*），请删去，或给文字加引号"),
    ("found character", "这个字符不能开头（缩进不能用 Tab），请改用空格缩进或给文字加引号"),
)


class _StopError(Exception):
    """What follows cannot be read; the mistake has been noted."""


def read_yaml(path: Path, log: Log) -> Node | None:
    """Read the tree of a YAML file; None after a mistake that leaves nothing to read."""
    text = read_text(path, MAX_YAML_BYTES, log)
    if text is None:
        return None
    loader = yaml.SafeLoader(text)
    try:
        return _document(loader, log)
    except _StopError:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem)
        advice = next(
            (advice for start, advice in _SYNTAX if problem.startswith(start)), "请检查缩进、冒号和引号"
        )
        log.add_file(CAMPAIGN_FILE, f"YAML 格式有误：{advice}。", line=mark.line + 1 if mark else None)
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML turns escapes such as "\UFFFFFFFF" into characters without looking.
        log.add_file(CAMPAIGN_FILE, "YAML 格式有误：请检查缩进、冒号、引号和反斜杠。", line=loader.line + 1)
    return None


def _document(loader: yaml.SafeLoader, log: Log) -> Node | None:
    events = iter(loader.get_event, None)
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                _refuse(event, "一个文件只能有一份定义，请删去分隔线“---”后面的内容。", log)
            root = _node(next(events), events, log, 0)
    if root is None or (isinstance(root, Scalar) and root.is_null):
        log.add_file(CAMPAIGN_FILE, "文件是空的，请写入活动的定义。")
        return None
    return root


def _node(event: yaml.Event, events: Iterator[yaml.Event], log: Log, depth: int) -> Node:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        _refuse(event, "不能使用锚点（&）和别名（*），请把内容写全，或给文字加引号。", log)
    if tag := getattr(event, "tag", None):
        _refuse(event, f"不能使用标签“{shown(tag)}”，请删去，或给文字加引号。", log)
    if depth > MAX_DEPTH:
        _refuse(event, f"嵌套超过 {MAX_DEPTH} 层，请检查括号和缩进。", log)
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, line, quoted=event.style is not None)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_node(event, events, log, depth + 1))
        return Items(tuple(items), line)
    pairs: dict[str, tuple[str, int, Node]] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, log, depth + 1)
        value = _node(next(events), events, log, depth + 1)
        if not isinstance(key, Scalar):
            log.add_file(CAMPAIGN_FILE, "冒号前的键应是一个词，请检查括号。", line=key.line)
        elif key.text in pairs:
            first = pairs[key.text][1]
            sentence = f"这个键在第 {first} 行已经写过，请合并为一处。"
            log.add_file(CAMPAIGN_FILE, sentence, line=key.line, key=shown(key.text))
        else:
            pairs[key.text] = (key.text, key.line, value)
    return Pairs(tuple(pairs.values()), line)


def _refuse(event: yaml.Event, sentence: str, log: Log) -> None:
    log.add_file(CAMPAIGN_FILE, sentence, line=_line(event))
    raise _StopError


def _line(event: yaml.Event) -> int:
    return cast(yaml.Mark, event.start_mark).line + 1


# --- CSV ------------------------------------------------------------------------------------------


def read_csv(path: Path, known: Sequence[str], required: Sequence[str], log: Log) -> list[Pairs] | None:
    """Read the rows of a CSV file, each by column; None after a mistake that leaves nothing to read."""
    text = read_text(path, MAX_CSV_BYTES, log)
    return None if text is None else rows_of(text, path.name, known, required, log)


def rows_of(
    text: str, name: str, known: Sequence[str], required: Sequence[str], log: Log
) -> list[Pairs] | None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Pairs] = []
    columns: list[str] | None = None
    line = 1
    try:
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                break
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if columns is None:
                columns = cells
                if not _check_columns(columns, name, known, required, line, log):
                    return None
            elif len(cells) > len(columns):
                sentence = (
                    f"这一行有 {len(cells)} 格，表头只有 {len(columns)} 列；含逗号的文字请加英文双引号。"
                )
                log.add_file(name, sentence, line=line)
                log.unsound.add("units")
            else:
                pairs = zip(columns, cells, strict=False)
                rows.append(
                    Pairs(
                        tuple((key, line, Scalar(cell, line, quoted=cell != "")) for key, cell in pairs), line
                    )
                )
    except csv.Error:
        log.add_file(name, "CSV 格式有误：请检查英文双引号是否配对。", line=line)
        return None
    if columns is None:
        log.add_file(name, "文件是空的，请写入表头和单位。")
        return None
    return rows


def _check_columns(
    columns: Sequence[str], name: str, known: Sequence[str], required: Sequence[str], line: int, log: Log
) -> bool:
    before = len(log.mistakes)
    if missing := [column for column in required if column not in columns]:
        sentence = f"缺少列 {'、'.join(missing)}；第一行应是列名，用半角逗号分隔。"
        log.add_file(name, sentence, line=line, key=missing[0])
    for index, column in enumerate(columns):
        if column not in known:
            advice = suggestion(column, known)
            label = f"列“{shown(column)}”" if column else f"第 {index + 1} 列没有列名"
            log.add_file(name, f"{label}，不认识；{advice}", line=line, key=shown(column))
        elif column in columns[:index]:
            log.add_file(name, f"列 {column} 出现了两次，请删去一列。", line=line, key=column)
    return len(log.mistakes) == before


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return the end of a sentence that names the nearest known word, or all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"是不是想写 {near[0]}？" if near else f"可以写的有：{'、'.join(known)}。"
