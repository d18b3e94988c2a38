"""All forms of a unit in one official workbook."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from reports.excel.write import forms_workbook, roll_up_workbook
from reports.rollup import roll_up
from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    """A city of one county, its period and its two forms with their totals."""
    campaign = make_campaign()
    period = period_of(campaign, 1)
    forms = [
        make_form(campaign, "fu1", annex="附件1"),
        make_form(campaign, "fu2", annex="附件2", layout="bands"),
    ]
    city = make_place(campaign, "3201", reports=False, level="prefecture", name="甲市")
    county = make_place(campaign, "320101", parent=city, name="东区")
    for form in forms:
        make_submission(form, county, period, {1: 5})
    return city.unit, period, [(form, roll_up(form, period, city.unit)) for form in forms]


def test_each_form_has_the_sheets_of_its_own_workbook(asked):
    unit, period, papers = asked
    together = load_workbook(BytesIO(forms_workbook(unit, period, papers)))
    assert together.sheetnames == ["附件1", "附件2", "附件2分单位"]
    for form, rollup in papers:
        for alone in load_workbook(BytesIO(roll_up_workbook(form, period, unit, rollup))):
            rows = [[cell.value for cell in row] for row in alone.iter_rows()]
            assert [[cell.value for cell in row] for row in together[alone.title].iter_rows()] == rows


def test_the_file_says_what_it_is_and_is_the_same_whenever_it_is_made(asked):
    unit, period, papers = asked
    content = forms_workbook(unit, period, papers, state="第2版")
    assert content == forms_workbook(unit, period, papers, state="第2版")
    book = load_workbook(BytesIO(content))
    said = {one.name: one.value for one in book.custom_doc_props.props}
    assert said == {
        "chunfeng-campaign": "spring",
        "chunfeng-unit": "3201",
        "chunfeng-period": "2024-01-26",
        "chunfeng-kind": "roll-up",
    }
    assert book["附件1"].oddFooter.left.text == "第1期（截至2024年1月26日）　第2版"
