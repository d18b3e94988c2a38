"""概览 in a real browser: a chart under the strict policy with its table beside it, and three clicks down to the cell."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.access import make_world
from tests.browser.sessions import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_figure_of_the_board_is_three_clicks_from_the_clerks_cell(page, context, live_server):
    world = make_world()
    sign_in(context, live_server, world.people["city"])
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(live_server.url + reverse("reports:board", args=["spring", "fu1", "2024-01-26", "city-hr"]))
    # Four units have an accepted report of the first period, 5 in each column.
    expect(page.locator("[data-column='1']")).to_have_text("20")
    expect(page.locator("[data-increment='1']")).to_have_text("+20")
    expect(page.locator(".board-chart svg")).to_be_visible()
    page.locator(".board-chart").hover()
    assert said == []
    page.get_by_text("看表格").click()
    expect(page.locator("[data-total='2024-01-26']")).to_have_text("20")
    page.locator("[data-column='1']").click()
    expect(page.locator(".form-table tr.total td").first).to_contain_text("20")
    page.locator(".form-table").get_by_role("link", name="单位district-hr", exact=True).click()
    page.get_by_role("link", name="单位district-hr本级").click()
    expect(page.locator(".form-table tr.own td").first).to_contain_text("5")


def test_a_figure_opens_what_it_is_made_of_and_leads_down_to_the_cell_and_back(page, context, live_server):
    world = make_world()
    sign_in(context, live_server, world.people["city"])
    page.goto(live_server.url + reverse("reports:roll-up", args=["spring", "fu1", "2024-01-26", "city-hr"]))
    figures = page.locator(".form-table a.cell-link")
    figures.first.click()
    panel = page.locator("#details")
    expect(panel.get_by_role("heading", name="各单位占比")).to_be_visible()
    expect(panel.locator(".total-value strong")).to_have_text("20")
    # Down to the district, then to what it did itself: the clerk's cell, with a link to the report.
    panel.locator(".shares").get_by_role("link", name="单位district-hr", exact=True).click()
    panel.locator(".shares").get_by_role("link", name="单位district-hr本级").click()
    expect(panel.get_by_role("heading", name="修改记录")).to_be_visible()
    panel.get_by_role("button", name="返回").click()
    panel.get_by_role("button", name="返回").click()
    expect(panel.locator(".total-value strong")).to_have_text("20")
    # Esc leads back to the figure; from there the arrows move, and open details follow them.
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(figures.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(figures.first).not_to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(panel).to_be_visible()
