"""Every kind of exported workbook of all five forms equals its golden file: texts, merges, sizes, looks, print set-up.

A golden file of tests/workbooks/ is the workbook as text, to be read in a comparison. Written anew, after looking at
the workbooks themselves, by GOLDEN=write pytest tests/reports/excel/test_golden_workbooks.py.
"""

import os
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from campaigns.definition import load, read
from campaigns.models import ReportingUnit
from reports.excel.many import series_workbook
from reports.excel.template import template_workbook
from reports.excel.write import blank_workbook, report_workbook, roll_up_workbook
from reports.rollup import place_at, roll_up
from tests.factories import make_submission

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
GOLDEN = Path(__file__).resolve().parents[2] / "workbooks"
CASES = {
    "wuhan-2014": (
        date(2014, 2, 28),
        {
            "fu1": ("420100-hr", "420103-hr"),
            "fu2": ("420100-union", "420103-union"),
            "fu3": ("420100-women", "420103-women"),
        },
    ),
    "jiangsu-2024": (date(2024, 2, 23), {"fu1": ("320300", "320381"), "fu2": ("320300", "320381")}),
}


def figures_of(form, times):
    """Whole numbers and, in 万元, cents; one cell in seven is left blank."""
    return {
        column.number: None
        if column.number % 7 == 0
        else (Decimal(column.number * 110 * times) + (Decimal("0.50") if column.decimals else 0))
        for column in form.columns
    }


def workbooks(form, period, city, unit):
    """Each kind of workbook, by its name."""
    before = form.campaign.periods.filter(ends_on__lt=period.ends_on).last()
    before.campaign = form.campaign
    make_submission(form, unit, before, figures_of(form, 1))
    sent = make_submission(
        form,
        unit,
        period,
        figures_of(form, 2),
        responsible="周砚秋",
        prepared_by="林晓禾",
        phone="000-0000 0000",
    )
    make_submission(form, city, before, figures_of(form, 3))
    rollup = roll_up(form, period, city)
    series = [(one, roll_up(form, one, city)) for one in (before, period)]
    return {
        "report": report_workbook(sent),
        "roll-up": roll_up_workbook(form, period, city, rollup, formulas=True),
        "series": series_workbook(form, city, series),
        "blank": blank_workbook(form, unit, period),
        "template": template_workbook(form, place_at(unit, period), period),
    }


def described(data):
    """A workbook as lines of text."""
    looks = {}
    lines = []
    book = load_workbook(BytesIO(data))
    for sheet in book:
        setup, margins = sheet.page_setup, sheet.page_margins
        lines += [
            f"[{sheet.title}] {sheet.sheet_state} protected={sheet.protection.sheet} freeze={sheet.freeze_panes}",
            f"page {setup.orientation} {setup.paperSize} {setup.fitToWidth}x{setup.fitToHeight}"
            f" centred={sheet.print_options.horizontalCentered} titles={sheet.print_title_rows}"
            f" margins={margins.left},{margins.right},{margins.top},{margins.bottom}",
            f"foot {sheet.oddFooter.left.text} | {sheet.oddFooter.right.text}",
            "widths "
            + " ".join(
                f"{name}={one.width * 7:.0f}" for name, one in sorted(sheet.column_dimensions.items())
            ),
            "merges " + " ".join(sorted(str(merged) for merged in sheet.merged_cells.ranges)),
        ]
        lines += [
            f"takes {rule.type} {rule.formula1}..{rule.formula2} {rule.sqref}"
            for rule in sheet.data_validations.dataValidation
        ]
        for row in sheet.iter_rows():
            height = sheet.row_dimensions[row[0].row].height
            cells = [cell for cell in row if cell.has_style or cell.value is not None]
            lines.append(f"row {row[0].row} {height}")
            lines += [f"  {_cell(cell, looks)}" for cell in cells]
    return "\n".join([*lines, "looks", *(f"  {name} {look}" for look, name in looks.items()), ""])


def _cell(cell, looks):
    font, align, border = cell.font, cell.alignment, cell.border
    sides = "".join(
        name[0] for name in ("left", "right", "top", "bottom") if getattr(border, name).style == "thin"
    )
    look = (
        f"{font.name} {font.size:g}{' bold' if font.bold else ''}{' italic' if font.italic else ''}"
        f" {align.horizontal}/{align.vertical} wrap={align.wrap_text} shrink={align.shrink_to_fit}"
        f" indent={align.indent:g} {cell.number_format} sides={sides} locked={cell.protection.locked}"
        f" quoted={cell.quotePrefix}"
    )
    name = looks.setdefault(look, f"look{len(looks) + 1}")
    note = f" note={cell.comment.text}" if cell.comment else ""
    value = "" if cell.value is None else f" {cell.data_type} {str(cell.value)!r}"
    return f"{cell.coordinate} {name}{value}{note}"


@pytest.mark.parametrize("code", CASES)
def test_every_kind_of_workbook_equals_its_golden_file(code):
    campaign = load(read(FIXTURES / code)).campaign
    ends_on, units = CASES[code]
    period = campaign.periods.select_related("campaign").get(ends_on=ends_on)
    different = []
    for form_code, codes in units.items():
        form = campaign.forms.select_related("campaign").get(code=form_code)
        city, unit = (ReportingUnit.objects.get(code=one) for one in codes)
        for kind, data in workbooks(form, period, city, unit).items():
            golden = GOLDEN / f"{code}-{form_code}-{kind}.txt"
            text = described(data)
            if os.environ.get("GOLDEN") == "write":
                golden.write_text(text, encoding="utf-8")
            if golden.read_text(encoding="utf-8") != text:
                different.append(golden.name)
    assert different == []
