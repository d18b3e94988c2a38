"""Downloads of the official workbook: what is in them, what they are called, and who gets them."""

from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from chunfeng.accounts.models import Membership
from reports.rollup import as_json, roll_up
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

COORDINATOR = Membership.Role.COORDINATOR
REPORTER = Membership.Role.REPORTER


@pytest.fixture
def world():
    """A city (1000; 1.50) with a county (234; 2.25) in period 1, and another city."""
    campaign = make_campaign()
    form = make_form(
        campaign, indicators=[{}, {"decimals": 2, "unit_of_measure": "万元"}], layout="rows", annex="附件1"
    )
    province = make_place(campaign, "32", reports=False, level="province", name="某省")
    city = make_place(campaign, "3201", parent=province, level="prefecture", name="甲市")
    county = make_place(campaign, "320101", parent=city, name="东区")
    other = make_place(campaign, "3202", parent=province, level="prefecture", name="乙市")
    first = period_of(campaign, 1)
    make_submission(form, city, first, {1: 1000, 2: "1.50"})
    report = make_submission(form, county, first, {1: 234, 2: "2.25"})
    return SimpleNamespace(
        campaign=campaign, form=form, city=city, county=county, other=other, first=first, report=report
    )


def login(client, unit, role=COORDINATOR):
    client.force_login(make_user(f"{unit.unit.code}-{role}", unit=unit, role=role))


def address(world, page, unit, period=None):
    period = period or world.first
    return reverse(
        f"reports:{page}",
        args=[world.campaign.code, world.form.code, period.ends_on.isoformat(), unit.unit.code],
    )


def figures_of(response):
    """The rows of figures of the first sheet: {name: (figures)}."""
    sheet = load_workbook(BytesIO(response.content)).worksheets[0]
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0] and row[0] != "甲"]
    return {row[0]: row[1:3] for row in rows if isinstance(row[1], int | float | Decimal)}


def test_the_downloaded_roll_up_holds_the_total_of_page_and_command(client, world):
    login(client, world.city)
    page = client.get(address(world, "roll-up", world.city))
    workbook = client.get(address(world, "roll-up-export", world.city))
    total = as_json(roll_up(world.form, world.first, world.city.unit))["total"]
    assert total == {"1": "1234", "2": "3.75"}
    assert page.context["rollup"].total == {1: Decimal(1234), 2: Decimal("3.75")}
    assert figures_of(workbook) == {"总计": (1234, 3.75), "市本级": (1000, 1.5), "东区": (234, 2.25)}


def test_the_download_follows_the_basis_and_measure_of_the_page(client, world):
    login(client, world.city)
    second = period_of(world.campaign, 2)
    make_submission(world.form, world.county, second, {1: 240, 2: "2"}, status="submitted")
    url = address(world, "roll-up-export", world.city, second)
    assert figures_of(client.get(url))["总计"] == (1234, 3.75)
    received = client.get(url, {"basis": "received", "measure": "increment"})
    assert figures_of(received)["总计"] == (6, -0.25)
    page = client.get(address(world, "roll-up", world.city, second), {"basis": "received"})
    assert f'href="{url}?basis=received"' in page.content.decode()


def test_it_is_an_excel_file_with_a_chinese_name_that_no_cache_keeps(client, world):
    login(client, world.city)
    response = client.get(address(world, "roll-up-export", world.city))
    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert response["Cache-Control"] == "no-store"
    disposition = response["Content-Disposition"]
    assert disposition.startswith("attachment; filename*=utf-8''")
    assert unquote(disposition.split("''")[1]) == "附件1_甲市_汇总_第1期_截至2024-01-26.xlsx"


def test_a_report_is_downloaded_as_it_was_filed(client, world):
    login(client, world.county, REPORTER)
    response = client.get(reverse("reports:submission-export", args=[world.report.pk]))
    assert figures_of(response) == {"总计": (234, 2.25), "东区": (234, 2.25)}
    assert unquote(response["Content-Disposition"]).endswith("附件1_东区_第1期_截至2024-01-26.xlsx")
    assert response["Cache-Control"] == "no-store"


def test_the_blank_form_holds_no_figures(client, world):
    login(client, world.county, REPORTER)
    response = client.get(address(world, "blank-export", world.county))
    sheet = load_workbook(BytesIO(response.content)).worksheets[0]
    assert "总计" in [row[0].value for row in sheet.rows]
    assert 234 not in [cell.value for row in sheet.rows for cell in row]
    assert unquote(response["Content-Disposition"]).endswith("附件1_东区_空表_第1期_截至2024-01-26.xlsx")
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", [REPORTER, COORDINATOR])
def test_another_city_gets_none_of_them(client, world, role):
    login(client, world.other, role)
    report = reverse("reports:submission-export", args=[world.report.pk])
    urls = [address(world, page, world.county) for page in ("roll-up-export", "blank-export")]
    assert [client.get(url).status_code for url in [report, *urls]] == [404, 404, 404]


def test_a_reporter_of_the_city_does_not_get_its_counties_by_the_roll_up(client, world):
    login(client, world.city, REPORTER)
    assert client.get(address(world, "roll-up-export", world.city)).status_code == 404
    assert client.get(address(world, "blank-export", world.city)).status_code == 200


def test_downloads_ask_for_a_log_in_and_are_not_posted(client, world):
    urls = [
        reverse("reports:submission-export", args=[world.report.pk]),
        address(world, "roll-up-export", world.city),
        address(world, "blank-export", world.city),
    ]
    assert [client.get(url).status_code for url in urls] == [302, 302, 302]
    login(client, world.city)
    assert [client.post(url).status_code for url in urls] == [405, 405, 405]
    assert client.get(reverse("reports:submission-export", args=[999999])).status_code == 404
