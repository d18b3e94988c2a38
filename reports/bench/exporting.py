"""The official workbook of a roll-up, against openpyxl writing the same cells without any look."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook, load_workbook

from reports.excel.write import roll_up_workbook
from reports.rollup import Coverage, RollUp, Row

from .campaign import wuhan
from .frame import Bench, Outcome, measurement

FEW, HUNDRED, MANY = 15, 100, 2850


@measurement("export", ours=f"导出 {FEW} 行官方汇总表", theirs="openpyxl 只写同样的单元格", goal=1.3)
def few_rows(bench: Bench) -> Outcome:
    return _export(bench, FEW)


@measurement("export-100", ours=f"导出 {HUNDRED} 行官方汇总表", theirs="openpyxl 只写同样的单元格", goal=1.3)
def hundred_rows(bench: Bench) -> Outcome:
    return _export(bench, HUNDRED)


@measurement("export-2850", ours=f"导出 {MANY} 行官方汇总表", theirs="openpyxl 只写同样的单元格", goal=1.0)
def many_rows(bench: Bench) -> Outcome:
    return _export(bench, MANY)


def _export(bench: Bench, rows: int) -> Outcome:
    campaign = wuhan(bench)
    form = campaign.forms.get(code="fu1")
    period = campaign.periods.get(ends_on=date(2014, 2, 28))
    place = campaign.places.select_related("unit").get(unit__code="420100-hr")
    rollup = _roll_up([column.number for column in form.columns], rows)

    def ours() -> bytes:
        return roll_up_workbook(form, period, place.unit, rollup, place=place)

    return bench.compare(ours, _bare(ours()))


def _bare(official: bytes) -> Callable[[], bytes]:
    """Return what writes the values of `official` into a new workbook, a row at a time."""
    cells = [list(row) for row in load_workbook(BytesIO(official)).worksheets[0].iter_rows(values_only=True)]

    def write() -> bytes:
        book = Workbook()
        for row in cells:
            book.active.append(row)
        buffer = BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return write


def _roll_up(numbers: list[int], rows: int) -> RollUp:
    """A roll-up of so many units, each with a figure in every column."""
    one = Coverage(expected=1, reported=1, carried=0, never=0, exempt=0)
    values: list[dict[int, Decimal | None]] = [
        {number: Decimal(row * 31 + number * 7) for number in numbers} for row in range(rows)
    ]
    total: dict[int, Decimal | None] = dict.fromkeys(numbers, Decimal(7))
    made = tuple(
        Row(
            unit=str(row),
            name=f"{row}号单位",
            own=False,
            state="reported",
            as_of=None,
            coverage=one,
            values=of_row,
            cumulative=of_row,
            blank={},
            place=row,
            has_below=False,
        )
        for row, of_row in enumerate(values, start=1)
    )
    return RollUp(
        campaign="",
        form="",
        period=date(2014, 2, 28),
        unit="",
        basis="accepted",
        measure="cumulative",
        coverage=replace(one, expected=rows, reported=rows),
        as_of=None,
        total=total,
        cumulative=total,
        blank={},
        rows=made,
        carried=(),
        never=(),
        exempt=(),
    )
