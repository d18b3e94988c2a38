"""审核员: a city that reviews and signs, and the province above it."""

from playwright.sync_api import Page

from .portal import Portal

CHART_DRAWS = 1500
"""Milliseconds after which a chart stands still."""


def take(portal: Portal) -> None:
    city = portal.as_("xuzhou-review")
    city.goto("/c/jiangsu-demo/review/")
    portal.shot(city, "review-queue")
    city.locator("table.list a.title").first.click()
    portal.shot(city, "review-desk")

    line = portal.as_("wuhan-hr-review")
    line.goto("/c/wuhan-2014/roll-up/fu1/2014-03-15/420100-hr/")
    portal.shot(line, "roll-up-line")  # the picture of the README too

    office = portal.as_("wuhan-office")
    office.goto("/c/wuhan-2014/anomalies/?period=2014-03-31")
    portal.shot(office, "anomalies")
    office.goto("/c/wuhan-2014/questions/?mark=open")
    portal.shot(office, "questions")
    office.goto("/c/wuhan-2014/lines/2014-03-15/")
    portal.shot(office, "roll-up-lines")

    city.goto("/c/jiangsu-demo/roll-up/")
    portal.shot(city, "roll-up-page")
    city.goto("/c/jiangsu-demo/sign-off/")
    portal.shot(city, "sign-off-city")
    city.goto("/people/")
    portal.shot(city, "people")

    province = portal.as_("jiangsu-review")
    province.goto("/c/jiangsu-demo/board/")
    province.locator(".board-chart svg").wait_for()
    province.wait_for_timeout(CHART_DRAWS)
    portal.shot(province, "board")
    # The third edition of the campaign that is over was corrected: its figure has something to reconcile.
    province.goto("/c/jiangsu-2024/roll-up/fu1/2024-02-09/320000/")
    province.locator(".form-table tr.total a.cell-link").first.click()
    province.locator("#details .shares").wait_for()
    portal.shot(province, "roll-up-figure")
    province.goto("/c/jiangsu-2024/roll-up/fu1/2024-02-09/320000/figures/1/")
    portal.shot(province, "roll-up-reconciled", part=".details")
    province.goto("/c/jiangsu-demo/editions/")
    portal.shot(province, "edition-list")
    province.locator(".panel a.btn-primary, table.list a.title").first.click()
    portal.shot(province, "edition-draft")
    province.goto("/c/jiangsu-demo/sign-off/")
    portal.shot(province, "sign-off-province")
    for page in ("dates", "doubts", "targets", "units", "log"):
        province.goto(f"/c/jiangsu-demo/manage/{page}/")
        portal.shot(province, f"manage-{page}")
    _desk(portal, province)
    province.goto("/c/jiangsu-demo/manage/units/320381/")
    portal.shot(province, "manage-unit")


def _desk(portal: Portal, province: Page) -> None:
    """报送情况, 催报 of the latest period that is over, and what came of reminders."""
    province.goto("/c/jiangsu-demo/progress/")
    portal.shot(province, "progress")
    over = province.locator(".heat .period:has(+ .is-current)").get_by_role("button")
    over.click()
    province.locator(".dropdown-menu.show").get_by_role("link", name="催报").click()
    portal.shot(province, "remind")
    province.goto("/c/jiangsu-demo/reminders/")
    portal.shot(province, "reminder-log")
