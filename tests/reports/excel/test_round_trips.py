"""What is written is read again: the same figures, for every form, as exported and as LibreOffice saves it."""

import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.definition import load, read
from campaigns.models import ReportForm, ReportingUnit, UnitPlace
from reports.excel.known import Known
from reports.excel.read import read_workbook
from reports.excel.reading import Asked, Scope
from reports.excel.write import blank_workbook, report_workbook, roll_up_workbook
from reports.rollup import roll_up
from reports.tasks import owes
from tests.factories import make_submission

from .conftest import InProcess

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
FORMS = [
    ("wuhan-2014", "fu1"),
    ("wuhan-2014", "fu2"),
    ("wuhan-2014", "fu3"),
    ("jiangsu-2024", "fu1"),
    ("jiangsu-2024", "fu2"),
]
SOFFICE = shutil.which("soffice")


@pytest.fixture
def official(request):
    """A form of the notices, with the first unit below a city that owes it."""
    campaign, code = request.param
    load(read(FIXTURES / campaign))
    form = ReportForm.objects.select_related("campaign").get(campaign__code=campaign, code=code)
    places = UnitPlace.objects.filter(campaign=form.campaign).select_related("unit").order_by("position")
    place = next(one for one in places if owes(one, form) and one.level == "county")
    return form, place


def reread(form, data, **asked):
    return read_workbook(
        data, "表.xlsx", known=Known(Scope([form.campaign])), asked=Asked(**asked), by=InProcess()
    )


def figures_of(form, seed):
    """Distinct figures of the kind that each column takes."""
    return {
        indicator.number: Decimal(seed * 100 + indicator.number)
        + (Decimal("0.25") if indicator.decimals else 0)
        for indicator in form.columns
    }


@pytest.mark.parametrize("official", FORMS, indirect=True, ids="/".join)
def test_a_report_is_read_as_it_was_exported(official):
    form, place = official
    figures = figures_of(form, 7)
    figures[form.columns[2].number] = None
    period = form.campaign.periods.all()[2]
    data = report_workbook(make_submission(form, place, period, figures))
    reading = reread(form, data)
    assert (reading.outcome, reading.form, reading.unit, reading.period) == ("ok", form, place.unit, period)
    assert reading.as_json()["recognised_by"] == "mark"
    assert reading.values[place.unit] == {n: value for n, value in figures.items() if value is not None}
    assert not reading.rejected


@pytest.mark.parametrize("official", FORMS, indirect=True, ids="/".join)
def test_the_blank_form_has_no_figures(official):
    form, place = official
    reading = reread(form, blank_workbook(form, place.unit, form.campaign.periods.all()[1]))
    assert (reading.outcome, reading.unit, reading.values) == ("ok", place.unit, {place.unit: {}})


@pytest.mark.parametrize("official", FORMS, indirect=True, ids="/".join)
def test_a_roll_up_gives_the_reports_of_its_units(official):
    """The city's own row and one unit's are read; the total is not, whichever sheet it stands in."""
    form, place = official
    period = form.campaign.periods.all()[2]
    city = place.parent
    make_submission(form, city, period, figures_of(form, 3))
    make_submission(form, place, period, figures_of(form, 5))
    data = roll_up_workbook(form, period, city.unit, roll_up(form, period, city.unit))
    reading = reread(form, data)
    assert reading.outcome == "ok", reading.reason
    assert {unit: values for unit, values in reading.values.items() if values} == {
        city.unit: figures_of(form, 3),
        place.unit: figures_of(form, 5),
    }


@pytest.mark.parametrize("official", FORMS, indirect=True, ids="/".join)
def test_random_figures_come_back_the_same(official):
    """Property: whatever figures a form takes are read as they were written, blank ones as blank."""
    form, place = official
    period = form.campaign.periods.all()[0]
    submission = make_submission(form, place, period)
    whole = st.none() | st.integers(0, 10_000_000).map(Decimal)
    money = st.none() | st.integers(0, 100_000_000).map(lambda cents: Decimal(cents) / 100)
    columns = {one.number: money if one.decimals else whole for one in form.columns}

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries(columns))
    def comes_back(figures):
        submission.figures.all().delete()
        for indicator in form.columns:
            submission.figures.create(indicator=indicator, value=figures[indicator.number])
        reading = reread(form, report_workbook(submission))
        assert reading.values[place.unit] == {n: value for n, value in figures.items() if value is not None}

    comes_back()


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice on this machine")
def test_libreoffice_saves_what_is_read_again(tmp_path):
    """All five forms and both layouts, saved by LibreOffice as .xlsx and as .xls: exactly the figures."""
    written = {}
    for campaign in ("wuhan-2014", "jiangsu-2024"):
        load(read(FIXTURES / campaign))
    for campaign, code in FORMS:
        form = ReportForm.objects.select_related("campaign").get(campaign__code=campaign, code=code)
        unit = ReportingUnit.objects.get(
            code={"wuhan-2014": {"fu1": "420103-hr", "fu2": "420103-union", "fu3": "420103-women"}}.get(
                campaign, {}
            ).get(code, "320381")
        )
        period = form.campaign.periods.all()[2]
        figures = figures_of(form, 4)
        data = report_workbook(make_submission(form, unit, period, figures))
        name = f"{campaign}-{code}"
        (tmp_path / f"{name}.xlsx").write_bytes(data)
        written[name] = form, unit, period, figures
    for kind in ("xlsx", "xls"):
        out = tmp_path / kind
        command = [
            SOFFICE,
            "--headless",
            f"-env:UserInstallation=file://{tmp_path}/office",
            "--convert-to",
            kind,
        ]
        command += ["--outdir", str(out), *(str(tmp_path / f"{name}.xlsx") for name in written)]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        for name, (form, unit, period, figures) in written.items():
            data = (out / f"{name}.{kind}").read_bytes()
            reading = reread(form, data, period=period)
            assert (reading.outcome, reading.unit) == ("ok", unit), (name, kind, reading.reason)
            assert reading.values[unit] == figures, (name, kind)
            assert not reading.rejected
