"""Template → filled → saved by LibreOffice as .xlsx and .xls → read: exactly the figures, for every form."""

import shutil
import subprocess
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from campaigns.definition import load, read
from campaigns.models import ReportingUnit
from reports.excel.known import Known
from reports.excel.read import read_workbook
from reports.excel.reading import Scope
from reports.excel.template import template_workbook
from reports.rollup import place_at
from tests.factories import make_submission

from .conftest import InProcess

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
SOFFICE = shutil.which("soffice")
WANTED = {
    ("wuhan-2014", date(2014, 2, 28)): {"fu1": "420103-hr", "fu2": "420103-union", "fu3": "420103-women"},
    ("jiangsu-2024", date(2024, 2, 23)): {"fu1": "320381", "fu2": "320381"},
}


@pytest.fixture
def templates():
    """By name: form, unit, period and the template, with a report in the period before."""
    made = {}
    for (code, ends_on), units in WANTED.items():
        campaign = load(read(FIXTURES / code)).campaign
        period = campaign.periods.select_related("campaign").get(ends_on=ends_on)
        before = campaign.periods.filter(ends_on__lt=ends_on).last()
        for form_code, unit_code in units.items():
            form = campaign.forms.select_related("campaign").get(code=form_code)
            unit = ReportingUnit.objects.get(code=unit_code)
            make_submission(form, unit, before, {column.number: 3 for column in form.columns})
            data = template_workbook(form, place_at(unit, period), period)
            made[f"{code}-{form_code}"] = form, unit, period, data
    return made


def figures_of(form):
    return {
        column.number: Decimal(400 + column.number) + (Decimal("0.25") if column.decimals else 0)
        for column in form.columns
    }


def filled(data, form):
    """The template with a figure typed into each open cell, in the order of the columns' numbers."""
    book = load_workbook(BytesIO(data))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if not cell.protection.locked]
    for cell, value in zip(cells, figures_of(form).values(), strict=True):
        cell.value = float(value)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def assert_read(data, form, unit, period, values):
    reading = read_workbook(data, "x.xlsx", known=Known(Scope([form.campaign])), by=InProcess())
    assert (reading.outcome, reading.form, reading.unit, reading.period) == ("ok", form, unit, period)
    assert reading.as_json()["recognised_by"] == "mark"
    assert (reading.values, reading.rejected) == ({unit: values}, [])


def test_a_template_sent_back_as_it_is_changes_nothing(templates):
    for form, unit, period, data in templates.values():
        assert_read(data, form, unit, period, {})


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice on this machine")
def test_what_is_filled_in_is_read_as_saved_by_libreoffice(templates, tmp_path):
    for name, (form, _, _, data) in templates.items():
        (tmp_path / f"{name}.xlsx").write_bytes(filled(data, form))
    for kind in ("xlsx", "xls"):
        command = [SOFFICE, "--headless", f"-env:UserInstallation=file://{tmp_path}/office", "--convert-to"]
        command += [kind, "--outdir", str(tmp_path / kind)]
        files = [str(tmp_path / f"{name}.xlsx") for name in templates]
        subprocess.run([*command, *files], check=True, capture_output=True, timeout=240)
        for name, (form, unit, period, _) in templates.items():
            data = (tmp_path / kind / f"{name}.{kind}").read_bytes()
            assert_read(data, form, unit, period, figures_of(form))
