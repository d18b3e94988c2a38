"""The one parser of typed figures, for grid, paste, Excel, CSV and API, and how figures are written again.

Figures are written with the digits 0-9. Their full-width forms and the full-width comma, point and minus read
the same; nothing else does: no NFKC, which turns ② into 2, and no digits of other scripts.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, ROUND_UP, Context, Decimal
from functools import cache

BLANK_MARK = "—"
MAX_LENGTH = 64
# SQLite adds decimals as floats, which carry 15 digits.
MAX_DIGITS = 15

_EXACT = Context(prec=4 * MAX_LENGTH)
_BEYOND = 10**MAX_LENGTH
_EXACT_FLOATS = 2**53
_NOISE = Decimal("1e-12")
_MOST_NOISE = Decimal("1e-6")

# The overrides of writing direction are not among the trimmed: under one, 12 is seen as 21.
_BLANKS = (
    " \t\r\n\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)
_INNER_BLANK = re.compile(f"[{_BLANKS}]")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９，．－−", "0123456789,.--")

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+"
_NUMBER = re.compile(f"'?(-?(?:{_DIGITS}))")
_MAGNITUDE = "[十百千]?[万亿]|万亿|[十百千wWkK]"
_MAGNITUDES = {"十": 10, "百": 100, "千": 10**3, "k": 10**3, "万": 10**4, "w": 10**4, "亿": 10**8}
_UNITS = "人民币|元|人次|人|名|位|场次|场|辆次|列次|架次|车次|次|份|个|家|户|条|件|项|期|天|辆|列|架"
_SCALED_UNIT = re.compile("([十百千]?[万亿]|千)(.+)")
_NOTHING = re.compile(
    r"[-—–]{1,4}|[/／\\]|无|暂无|没有|无数据|未统计|未填|空|n/?a|null|none|nil", re.IGNORECASE
)
_VAGUE = re.compile("[约近超余多几]|大概|左右|以上|以下|不足|不到")
_SCIENTIFIC = re.compile(r"-?[0-9.]+[eE][-+]?[0-9]+")
_COUNTS = {1: "一", 2: "两", 3: "三", 4: "四"}


class FigureError(ValueError):
    """A figure that cannot be taken; the message is a sentence, before which callers name the cell (`D7：`).

    suggestion: the figure to type instead, which would be taken; None where only the clerk can know.
    """

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


def parse_figure(
    text: str, *, decimals: int = 0, maximum: Decimal | None = None, unit: str = ""
) -> Decimal | None:
    """Read a typed figure: None for a blank, else a Decimal >= 0 with exactly `decimals` places.

    maximum: the largest figure taken, in the indicator's unit; never more than 15 digits in all are taken.
    unit: the indicator's unit of measure, for the advice in messages: in "万元", `3.5万` is meant as 3.5.
    A leading apostrophe, Excel's mark of a number kept as text, is passed over. A leading plus is refused: in
    a cumulative column `+5` may mean 5 more. Raises FigureError.
    """
    column = _Column(decimals, maximum, unit)
    typed = text.strip(_BLANKS)
    if not typed:
        return None
    if len(typed) > MAX_LENGTH:
        raise FigureError(f"内容过长（{len(typed)} 个字符），请只填一个数字。")
    plain = typed.translate(_FULL_WIDTH)
    if match := _NUMBER.fullmatch(plain):
        return column.checked(_decimal(match[1]))
    raise _refusal(plain, _shown(typed), column)


def parse_cell_value(
    value: object, *, decimals: int = 0, maximum: Decimal | None = None, unit: str = ""
) -> Decimal | None:
    """Read the value of an Excel cell or of JSON like `parse_figure`: None, text, int, float or Decimal.

    A float stands for its shortest decimal. The noise of binary sums (0.1 + 0.2) is rounded off: at most
    1e-12 of the figure, or of 1 for figures below 1. More than that (12.000000001) is refused.
    Truth values, dates, NaN and infinities are refused with FigureError.
    """
    column = _Column(decimals, maximum, unit)
    match value:
        case None:
            return None
        case str():
            return parse_figure(value, decimals=decimals, maximum=maximum, unit=unit)
        case bool():
            raise FigureError("是“真/假”值，不是数字，请填写数字。")
        case int():
            # Bounded first: converting an int of a million digits takes minutes.
            return column.checked(Decimal(max(-_BEYOND, min(value, _BEYOND))))
        case float() if value.is_integer() and abs(value) <= _EXACT_FLOATS:
            return column.checked(Decimal(int(value)))
        case float() if math.isfinite(value):
            return column.checked(_without_noise(_bounded(Decimal(repr(value))), decimals))
        case Decimal() if value.is_finite():
            return column.checked(_bounded(value))
        case date() | time() | timedelta():
            raise FigureError("是日期或时间，不是数字，请把单元格格式改为“数值”后重新填写。")
    raise FigureError("不是数字，请只用 0—9 填写，例如 1234。")


def format_figure(value: Decimal | None, decimals: int, *, thousands: bool = True) -> str:
    """Write a figure for people: `12,345`, `88.50`, `−3` with a real minus; "—" for None (not reported)."""
    if value is None:
        return BLANK_MARK
    rounded = _rounded(value, decimals)
    return f"{rounded:,f}".replace("-", "−") if thousands else f"{rounded:f}".replace("-", "−")


def percentage(part: Decimal | None) -> str:
    """Write a part of a whole, from 0 to 1: 98%, cut off and not rounded, so that 100% is all; "—" for None."""
    return "—" if part is None else f"{int(part * 100)}%"


def plain(value: Decimal, decimals: int) -> str:
    """Write a figure for programs, exactly and without thousands: `12345`, `88.50`, `-3`."""
    return f"{_rounded(value, decimals):f}"


@dataclass(frozen=True)
class _Column:
    """What an indicator asks of its figures."""

    decimals: int
    maximum: Decimal | None
    unit: str

    @property
    def limit(self) -> Decimal:
        highest = Decimal(f"{10**MAX_DIGITS - 1}E-{self.decimals}")
        return highest if self.maximum is None else min(self.maximum, highest)

    @property
    def scale(self) -> int:
        """How many of its base unit one unit is: 10000 for 万元, 1 for 人."""
        match = _SCALED_UNIT.fullmatch(self.unit)
        return _magnitude(match[1]) if match else 1

    @property
    def base_unit(self) -> str:
        match = _SCALED_UNIT.fullmatch(self.unit)
        return match[2] if match else self.unit

    @property
    def places(self) -> str:
        return f"最多保留{_COUNTS.get(self.decimals, self.decimals)}位小数"

    def checked(self, number: Decimal) -> Decimal:
        if number < 0:
            raise FigureError("不能为负数，请填写 0 或大于 0 的数字。")
        if number > self.limit:
            highest = f"{format_figure(self.limit, self.decimals)} {self.unit}".strip()
            raise FigureError(f"超出上限 {highest}，请核对位数和单位。")
        rounded = _rounded(number, self.decimals)
        if rounded == number:
            return rounded
        if self.decimals == 0:
            raise FigureError("本列只能填整数，请填写不带小数的数字。")
        if rounded > self.limit:
            raise FigureError(f"{self.places}，请改正。")
        raise FigureError(f"{self.places}，例如 {rounded:f}。", f"{rounded:f}")


def _refusal(plain: str, shown: str, column: _Column) -> FigureError:
    """Say what is wrong with a text that is no number. plain: with plain digits; shown: as typed."""
    if _NOTHING.fullmatch(plain):
        return FigureError(f"“{shown}”不是数字：没有发生请填 0，未统计请留空。")
    if plain.startswith("#"):
        return FigureError(f"“{shown}”是公式的错误值，请改正公式或直接填写数字。")
    if plain.startswith(("=", "＝")):
        return FigureError(f"“{shown}”是公式，请填写计算好的数字。")
    if plain.startswith(("+", "＋")):
        return FigureError("不要带“+”，请填写完整数字，不要只填新增数。")
    if advice := _unit_advice(plain, column):
        return advice
    if plain.endswith(("%", "％", "‰")):
        return FigureError(f"“{shown}”是百分数，请填写实际数量。")
    if _VAGUE.search(plain):
        return FigureError(f"“{shown}”不是确切的数字，请填写实际数字，不要写“约”“余”“左右”等。")
    if _INNER_BLANK.search(plain) and _NUMBER.fullmatch(_INNER_BLANK.sub("", plain)):
        return FigureError("数字中间有空格或看不见的字符，请去掉；一格只填一个数字。")
    if re.fullmatch(r"-?[0-9]*(?:,[0-9]*)+(?:\.[0-9,]*)?", plain) and re.search("[0-9]", plain):
        return FigureError("千分位分隔符位置不对，请每三位用一个逗号，或不写逗号；小数点请用“.”。")
    if _SCIENTIFIC.fullmatch(plain):
        return FigureError(f"“{shown}”不是数字：请填写完整数字，不要用科学计数法。")
    return FigureError(f"“{shown}”不是数字，请只用 0—9 填写，例如 1234。")


def _unit_advice(plain: str, column: _Column) -> FigureError | None:
    """Work out the figure meant by `12万`, `12人` or `3.5万元`; None where the text is nothing like that."""
    base_unit, scale = column.base_unit, column.scale
    units = f"{re.escape(base_unit)}|{_UNITS}" if base_unit else _UNITS
    match = re.fullmatch(f"(-?(?:{_DIGITS}))[{_BLANKS}]*({_MAGNITUDE})?[{_BLANKS}]*({units})?", plain)
    if match is None or not (match[2] or match[3]):
        return None
    magnitude = _magnitude(match[2] or "")
    unit = match[3] or ""
    if unit and base_unit and not set(unit) & set(base_unit):
        return FigureError(f"本列单位是“{column.unit}”，不是“{unit}”，请核对后只填数字。")
    convert = f"本列单位是{column.unit}，请换算成{column.unit}后只填数字。"
    if not unit and magnitude < scale:
        # 3千 in a column of 万元 may be 3千元 or 3千万元: only the clerk knows.
        return FigureError(convert)
    number = _EXACT.divide(_EXACT.multiply(_decimal(match[1]), Decimal(magnitude)), Decimal(scale))
    try:
        fix = _shortest(column.checked(number))
    except FigureError as error:
        lost_in_conversion = 0 < number < column.limit and magnitude != scale and column.decimals
        return FigureError(convert) if lost_in_conversion else error
    if scale == 1 and match[2]:
        return FigureError(f"请填写完整数字 {fix}，不要带“{match[2]}”。", fix)
    if scale == 1:
        return FigureError(f"请只填数字 {fix}，不要带“{unit}”。", fix)
    already = "已" if magnitude == scale else ""
    return FigureError(f"本列单位{already}是{column.unit}，请填写 {fix}。", fix)


def _magnitude(text: str) -> int:
    return math.prod(_MAGNITUDES[character] for character in text.lower())


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace(",", ""))


def _bounded(number: Decimal) -> Decimal:
    """Cut `number` to 64 digits on either side of the point, never nearer to 0, so that it costs little."""
    if not number:
        return Decimal(0)
    if number.adjusted() >= MAX_LENGTH:
        return Decimal(_BEYOND).copy_sign(number)
    return number.quantize(_last_place(MAX_LENGTH), ROUND_UP, _EXACT)


def _without_noise(number: Decimal, decimals: int) -> Decimal:
    rounded = _rounded(number, decimals)
    noise = min(max(abs(number), Decimal(1)) * _NOISE, _MOST_NOISE)
    return rounded if abs(_EXACT.subtract(number, rounded)) <= noise else number


def _rounded(number: Decimal, decimals: int) -> Decimal:
    """Return `number` with exactly `decimals` places, halves away from 0; a 0 has no sign."""
    rounded = number.quantize(_last_place(decimals), ROUND_HALF_UP, _EXACT)
    return rounded if rounded else rounded.copy_abs()


@cache
def _last_place(decimals: int) -> Decimal:
    """Return 0.01 for two decimals."""
    return Decimal(1).scaleb(-decimals)


def _shortest(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(text: str) -> str:
    """Return `text` fit to stand in a message: shortened, and without characters that cannot be printed."""
    shown = "".join(character if character.isprintable() else "□" for character in text[:20])
    return shown + "…" if len(text) > 20 else shown
