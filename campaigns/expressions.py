"""The arithmetic of validation rules: `c3 + c4 == c2`, `fu2.c1 <= c2`, `(c6 > 0) == (c2 > 0)`.

A rule names cells and plain decimal numbers, joined by + - * /, comparisons and `and`, `or`, `not`, with
Python's precedence. It has a parser of its own: Python's would fold full-width letters and take `1_000`.
Sums and products are exact; a quotient has 50 digits, so write `c1 == c2 * c3` rather than `c1 / c2 == c3`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from typing import Literal

MAX_LENGTH = 500
MAX_DEPTH = 20
MAX_DIGITS = 30

_CONTEXT = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN)

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r\n]+)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<number>[0-9.][A-Za-z0-9_.]*)"
    r"|(?P<sign><=|>=|==|!=|//|\*\*|[-+*/()<>=])"
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CELL = re.compile(r"(?:[a-z][a-z0-9_]*\.)?c[1-9][0-9]{0,3}")
_KEYWORDS = ("and", "or", "not")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class ExpressionError(ValueError):
    """A rule that cannot be read; the message is a sentence that names the rule, the place and the remedy."""


@dataclass(frozen=True)
class Cell:
    """A cell that a rule names: an indicator of this form, of another form, or of the last report."""

    number: int
    form: str | None = None
    last: bool = False

    def __str__(self) -> str:
        prefix = "last." if self.last else f"{self.form}." if self.form else ""
        return f"{prefix}c{self.number}"


@dataclass(frozen=True)
class Expression:
    """A rule that has been read; `ordered_cells` stand as they first appear in `text`."""

    text: str
    ordered_cells: tuple[Cell, ...]
    _root: "_Truth"

    @property
    def cells(self) -> frozenset[Cell]:
        return frozenset(self.ordered_cells)

    def holds(self, values: Mapping[Cell, Decimal | None]) -> bool | None:
        """Tell whether the rule holds; None where it does not run.

        It runs only where all its cells are filled and no divisor anywhere in it is 0, even in a branch that
        `and` or `or` need not look at: whether a rule runs must not depend on the order of its parts.
        """
        filled: dict[Cell, Decimal] = {}
        for cell in self.ordered_cells:
            value = values.get(cell)
            if value is None:
                return None
            filled[cell] = value
        with localcontext(_CONTEXT):
            try:
                return _holds(self._root, filled)
            except _ZeroDivisorError:
                return None


def parse(text: str) -> Expression:
    """Read a rule of at most 500 characters. Raises ExpressionError, and nothing else, for any text."""
    return _Parser(text).parse()


# What a rule is made of.


@dataclass(frozen=True)
class _Constant:
    value: Decimal


@dataclass(frozen=True)
class _Negative:
    part: "_Number"


@dataclass(frozen=True)
class _Chain:
    """Terms joined by + and -, or factors joined by * and /, from the left."""

    first: "_Number"
    rest: tuple[tuple[str, "_Number"], ...]


@dataclass(frozen=True)
class _Comparison:
    """Numbers compared in a row: `a <= b <= c` holds where each neighbour does."""

    first: "_Number"
    rest: tuple[tuple[str, "_Number"], ...]


@dataclass(frozen=True)
class _Agreement:
    """Truth values compared in a row by == and !=."""

    first: "_Truth"
    rest: tuple[tuple[str, "_Truth"], ...]


@dataclass(frozen=True)
class _Not:
    part: "_Truth"


@dataclass(frozen=True)
class _Junction:
    word: Literal["and", "or"]
    parts: tuple["_Truth", ...]


_Number = _Constant | Cell | _Negative | _Chain
_Truth = _Comparison | _Agreement | _Not | _Junction
_Level = Callable[[], _Number | _Truth]


class _ZeroDivisorError(Exception):
    pass


def _value(node: _Number, cells: Mapping[Cell, Decimal]) -> Decimal:
    match node:
        case _Constant():
            return node.value
        case Cell():
            return cells[node]
        case _Negative():
            return -_value(node.part, cells)
    total = _value(node.first, cells)
    for sign, part in node.rest:
        value = _value(part, cells)
        if sign == "+":
            total += value
        elif sign == "-":
            total -= value
        elif sign == "*":
            total *= value
        elif value == 0:
            raise _ZeroDivisorError
        else:
            total /= value
    return total


def _holds(node: _Truth, cells: Mapping[Cell, Decimal]) -> bool:
    # Lists, not generators: every part is evaluated, so that no divisor of 0 stays hidden.
    match node:
        case _Not():
            return not _holds(node.part, cells)
        case _Junction():
            truths = [_holds(part, cells) for part in node.parts]
            return all(truths) if node.word == "and" else any(truths)
        case _Agreement():
            truths = [_holds(node.first, cells), *(_holds(part, cells) for _, part in node.rest)]
            signs = [sign for sign, _ in node.rest]
            return all(map(_compare, truths, signs, truths[1:]))
    values = [_value(node.first, cells), *(_value(part, cells) for _, part in node.rest)]
    signs = [sign for sign, _ in node.rest]
    return all(map(_compare, values, signs, values[1:]))


def _compare(left: Decimal | bool, sign: str, right: Decimal | bool) -> bool:
    match sign:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "==":
            return left == right
    return left != right


# Reading.


@dataclass(frozen=True)
class _Token:
    text: str
    kind: str
    position: int


class _Parser:
    """Recursive descent, one method a level of precedence, loosest first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        self.index = 0
        self.cells: dict[Cell, None] = {}
        if len(text) > MAX_LENGTH:
            raise self.error(f"规则过长（{len(text)} 个字符，最多 {MAX_LENGTH} 个），请拆成几条规则")
        self.tokens = list(self.read_tokens())

    def parse(self) -> Expression:
        if self.current.kind == "end":
            raise self.error("规则是空的，请填写，例如“c3 >= c9”")
        root = self.disjunction()
        if self.current.kind != "end":
            if self.current.text == ")":
                raise self.error("多了一个右括号，请删去或补上左括号", self.current)
            raise self.error("前面缺少运算符，请补上，例如“+”“<=”“and”", self.current)
        truth = self.truth(root, None, "整条规则的结果应是“成立”或“不成立”，请写成比较，例如“c3 >= c9”")
        if not self.cells:
            raise self.error("规则里没有指标，指标请写成 c 加编号，例如“c3 >= c9”")
        return Expression(self.text, tuple(self.cells), truth)

    # One method a level.

    def disjunction(self) -> _Number | _Truth:
        return self.junction("or", self.conjunction)

    def conjunction(self) -> _Number | _Truth:
        return self.junction("and", self.negation)

    def junction(self, word: Literal["and", "or"], part: _Level) -> _Number | _Truth:
        start = self.current
        first = part()
        if self.current.text != word:
            return first
        remedy = f"“{word}”两边都应是比较，请写成例如“c3 > 0 {word} c4 > 0”"
        parts = [self.truth(first, start, remedy)]
        while self.take(word):
            start = self.current
            parts.append(self.truth(part(), start, remedy))
        return _Junction(word, tuple(parts))

    def negation(self) -> _Number | _Truth:
        if not self.take("not"):
            return self.comparison()
        start = self.current
        with_not = self.deeper(self.negation)
        return _Not(self.truth(with_not, start, "“not”后面应是比较，请写成例如“not (c3 > 0)”"))

    def comparison(self) -> _Number | _Truth:
        first = self.sum()
        operands: list[tuple[_Token, _Number | _Truth]] = []
        while self.current.text in _COMPARISONS:
            sign = self.advance()
            operands.append((sign, self.sum()))
        if not operands:
            return first
        if isinstance(first, _Number):
            numbers = [(sign.text, self.compared_number(part, sign)) for sign, part in operands]
            return _Comparison(first, tuple(numbers))
        truths = [(sign.text, self.compared_truth(part, sign)) for sign, part in operands]
        return _Agreement(first, tuple(truths))

    def compared_number(self, part: _Number | _Truth, sign: _Token) -> _Number:
        return self.number(part, sign, "不能拿数字和比较的结果相比，请在两边都写数字，或两边都写带括号的比较")

    def compared_truth(self, part: _Number | _Truth, sign: _Token) -> _Truth:
        if sign.text not in ("==", "!="):
            raise self.error("比较的结果之间只能用“==”或“!=”，请改写", sign)
        return self.truth(part, sign, "不能拿比较的结果和数字相比，请在两边都写带括号的比较，或两边都写数字")

    def sum(self) -> _Number | _Truth:
        return self.chain(("+", "-"), self.product)

    def product(self) -> _Number | _Truth:
        return self.chain(("*", "/"), self.signed)

    def chain(self, signs: tuple[str, str], part: _Level) -> _Number | _Truth:
        start = self.current
        first = part()
        if self.current.text not in signs:
            return first
        remedy = "比较的结果不能参加加减乘除，请检查括号"
        number = self.number(first, start, remedy)
        rest: list[tuple[str, _Number]] = []
        while self.current.text in signs:
            sign = self.advance()
            value = self.number(part(), sign, remedy)
            if sign.text == "/" and value == _Constant(Decimal(0)):
                raise self.error("不能除以 0，这条规则永远不会检查，请改正", sign)
            rest.append((sign.text, value))
        return _Chain(number, tuple(rest))

    def signed(self) -> _Number | _Truth:
        sign = self.take("-")
        if sign is None:
            return self.primary()
        return _Negative(self.number(self.deeper(self.signed), sign, "比较的结果前不能加负号，请检查括号"))

    def primary(self) -> _Number | _Truth:
        token = self.current
        if token.kind == "number":
            self.advance()
            return _Constant(Decimal(token.text))
        if token.kind == "cell":
            self.advance()
            return self.cell(token)
        if self.take("("):
            inside = self.deeper(self.disjunction)
            if not self.take(")"):
                raise self.error("这里缺少右括号“)”，请补上", self.current)
            return inside
        if token.kind == "end":
            raise self.error("规则没有写完，请补上后面的指标或数字", token)
        raise self.error("这里应是指标（如 c3）、数字或左括号，请改正", token)

    def cell(self, token: _Token) -> Cell:
        *prefix, name = token.text.split(".")
        last = prefix == ["last"]
        cell = Cell(int(name[1:]), form=prefix[0] if prefix and not last else None, last=last)
        self.cells.setdefault(cell)
        return cell

    # Tools.

    @property
    def current(self) -> _Token:
        return self.tokens[self.index]

    def advance(self) -> _Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def take(self, text: str) -> _Token | None:
        return self.advance() if self.current.text == text else None

    def deeper(self, level: _Level) -> _Number | _Truth:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(
                f"括号、“not”或负号套得太深（最多 {MAX_DEPTH} 层），请拆成几条规则", self.current
            )
        node = level()
        self.depth -= 1
        return node

    def number(self, node: _Number | _Truth, token: _Token | None, remedy: str) -> _Number:
        if isinstance(node, _Number):
            return node
        raise self.error(remedy, token)

    def truth(self, node: _Number | _Truth, token: _Token | None, remedy: str) -> _Truth:
        if isinstance(node, _Number):
            raise self.error(remedy, token)
        return node

    def read_tokens(self) -> Iterator[_Token]:
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                token = _Token(self.text[position], "unknown", position)
                raise self.error("不认识这个字符，规则里只能用半角的字母、数字和运算符，请改正", token)
            kind = match.lastgroup or ""
            token = _Token(match.group(), kind, position)
            position = match.end()
            if kind != "blank":
                yield self.checked(token)
        yield _Token("", "end", position)

    def checked(self, token: _Token) -> _Token:
        if token.kind == "number":
            if not _NUMBER.fullmatch(token.text):
                raise self.error("数字只能写成“20”或“0.8”这样，请改写", token)
            if len(token.text) > MAX_DIGITS:
                raise self.error(f"数字过长（最多 {MAX_DIGITS} 位），请改短", token)
        elif token.kind == "word":
            if token.text in _KEYWORDS:
                return token
            if not _CELL.fullmatch(token.text):
                raise self.error("不认识这个名称，指标请写成“c3”“last.c3”或“fu2.c1”", token)
            return _Token(token.text, "cell", token.position)
        elif token.text == "=":
            raise self.error("判断相等请写两个等号“==”", token)
        elif token.text in ("//", "**"):
            raise self.error("只能用 + - * / 四种运算，请改写", token)
        return token

    def error(self, remedy: str, token: _Token | None = None) -> ExpressionError:
        rule = f"校验规则“{_shown(self.text, 60)}”" if self.text else "校验规则"
        place = ""
        if token is not None and token.kind == "end":
            place = "的末尾"
        elif token is not None:
            place = f"第 {token.position + 1} 个字符“{_shown(token.text, 20)}”处"
        return ExpressionError(f"{rule}{place}有误：{remedy}。")


def _shown(text: str, length: int) -> str:
    """Return `text` fit to stand in a message: shortened, and without characters that cannot be printed."""
    shown = "".join(character if character.isprintable() else "□" for character in text[:length])
    return shown + "…" if len(text) > length else shown
