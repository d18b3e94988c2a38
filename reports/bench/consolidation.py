"""The whole consolidation: a hundred workbooks opened and added up by a script, against the roll-up of the same.

The script adds up 总计 and keeps no row a unit, and so it is compared with `total_of`, as review, corrections and
changes of units ask it. What the page with a row a unit takes is noted beside it.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from campaigns.models import Campaign, ReportForm, ReportingPeriod, ReportingUnit, UnitPlace
from campaigns.models.units import Level
from reports.excel.write import report_workbook
from reports.models import Figure, Submission
from reports.rollup import roll_up, total_of

from .campaign import wuhan
from .frame import Bench, Outcome, measurement
from .scratch import settle

WORKBOOKS = 100
INDICATORS = 18


class Consolidation(NamedTuple):
    """Reports of a hundred units of one city, stored as figures and, the same, as official workbooks in `folder`."""

    form: ReportForm
    period: ReportingPeriod
    city: ReportingUnit
    folder: Path


@measurement(
    "consolidation",
    ours=f"汇总 {WORKBOOKS} 份报表的总计",
    theirs=f"用 openpyxl 打开 {WORKBOOKS} 个工作簿相加",
    goal=1 / 300,
)
def against_openpyxl(bench: Bench) -> Outcome:
    return _against(bench, _added_with_openpyxl)


@measurement(
    "consolidation-calamine",
    ours=f"汇总 {WORKBOOKS} 份报表的总计",
    theirs=f"用 calamine 打开 {WORKBOOKS} 个工作簿相加",
    goal=1 / 5,
)
def against_calamine(bench: Bench) -> Outcome:
    return _against(bench, _added_with_calamine)


def hundred(bench: Bench) -> Consolidation:
    return bench.once("consolidation", lambda: _build(wuhan(bench), bench.folder()))


def _against(bench: Bench, add_up: Callable[[Path], list[Decimal]]) -> Outcome:
    made = hundred(bench)

    def ours() -> list[Decimal | None]:
        return list(total_of(made.form, made.period, made.city).total.values())

    def with_rows() -> list[Decimal | None]:
        return list(roll_up(made.form, made.period, made.city).total.values())

    if not ours() == with_rows() == add_up(made.folder):
        raise AssertionError("the sides of the measurement do not add up to the same")
    page = bench.compare(with_rows, ours)
    note = f"连同各单位一行：{page.ours * 1000:.1f} ms"
    return bench.compare(ours, lambda: add_up(made.folder), note=note)


def _added_with_openpyxl(folder: Path) -> list[Decimal]:
    """What an office's script does: the row under 甲, column by column."""
    return _added(folder, lambda path: list(load_workbook(path).worksheets[0].iter_rows(values_only=True)))


def _added_with_calamine(folder: Path) -> list[Decimal]:
    return _added(folder, lambda path: CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


def _added(folder: Path, rows_of: Callable[[Path], list]) -> list[Decimal]:
    total = [Decimal(0)] * INDICATORS
    for path in folder.iterdir():
        rows = rows_of(path)
        numbers = next(row for row, cells in enumerate(rows) if cells[0] == "甲")
        figures = rows[numbers + 2][1 : INDICATORS + 1]
        total = [so_far + Decimal(str(figure or 0)) for so_far, figure in zip(total, figures, strict=True)]
    return total


def _build(campaign: Campaign, folder: Path) -> Consolidation:
    """Give the campaign a city with a hundred districts, an accepted report of 附件1 from each."""
    form = campaign.forms.get(code="fu1")
    period = campaign.periods.select_related("campaign").get(ends_on=date(2014, 2, 28))
    city = _place(campaign, "bench-city", campaign.places.get(unit__code="420100-hr"), reports=False)
    for number in range(1, WORKBOOKS + 1):
        place = _place(campaign, f"bench-{number}", city, reports=True)
        report = Submission.objects.create(
            report_form=form,
            unit=place.unit,
            period=period,
            ends_on=period.ends_on,
            status=Submission.Status.ACCEPTED,
        )
        Figure.objects.bulk_create(
            Figure(submission=report, indicator=column, value=number * 13 + column.number)
            for column in form.columns
        )
        (folder / f"{number}.xlsx").write_bytes(report_workbook(report))
    settle()
    return Consolidation(form, period, city.unit, folder)


def _place(campaign: Campaign, code: str, parent: UnitPlace, *, reports: bool) -> UnitPlace:
    unit = ReportingUnit.objects.create(code=code, name=f"单位{code}")
    place = UnitPlace.objects.create(
        campaign=campaign,
        unit=unit,
        parent=parent,
        position=campaign.places.count() + 1,
        level=Level.COUNTY if reports else Level.PREFECTURE,
        line="hr",
        reports=reports,
        name=unit.name,
        short=code,
    )
    place.path = UnitPlace.path_below(parent, place.pk)
    place.save(update_fields=["path"])
    return place
