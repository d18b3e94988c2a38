"""A small chart of one series: where bars, line and labels stand. Plain numbers in and out; a template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 278, 112
_TOP, _BOTTOM = 16, 16
_FEWEST_SLOTS = 6
_BAR_SHARE = 0.5


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    is_fall: bool


@dataclass(frozen=True)
class Dot:
    x: float
    y: float


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Trend:
    """bars: the increments. lines: points of a polyline each, apart where a value is missing. axis: y of zero."""

    bars: tuple[Bar, ...]
    lines: tuple[str, ...]
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]
    axis: float
    width: int = WIDTH
    height: int = HEIGHT


def trend(
    names: Sequence[str],
    values: Sequence[Decimal | None],
    increments: Sequence[Decimal | None],
) -> Trend:
    """Lay out one slot a name: values as a line, increments as bars on the same scale, a fall below zero."""
    known = [float(number) for number in (*values, *increments) if number is not None]
    highest, lowest = max([*known, 1]), min([*known, 0])
    slot = WIDTH / max(len(names), _FEWEST_SLOTS)
    scale = (HEIGHT - _TOP - _BOTTOM) / (highest - lowest)

    def y(number: float) -> float:
        return round(HEIGHT - _BOTTOM - (number - lowest) * scale, 1)

    def x(index: int) -> float:
        return round((index + 0.5) * slot, 1)

    bars = [
        Bar(
            x=round(x(index) - slot * _BAR_SHARE / 2, 1),
            y=min(y(float(increment)), y(0)),
            width=round(slot * _BAR_SHARE, 1),
            height=round(abs(y(float(increment)) - y(0)), 1),
            is_fall=increment < 0,
        )
        for index, increment in enumerate(increments)
        if increment is not None
    ]
    points = [
        (x(index), y(float(value))) if value is not None else None for index, value in enumerate(values)
    ]
    lines: list[list[str]] = [[]]
    for point in points:
        if point is None:
            lines.append([])
        else:
            lines[-1].append(f"{point[0]},{point[1]}")
    return Trend(
        bars=tuple(bars),
        lines=tuple(" ".join(line) for line in lines if len(line) > 1),
        dots=tuple(Dot(*point) for point in points if point),
        labels=tuple(Label(x(index), HEIGHT - 3, name) for index, name in enumerate(names)),
        axis=y(0),
    )
