"""填报员: the details of a cell, what a check stops, the last look, the receipt and paper."""

from .portal import Portal

CAMPAIGN = "/c/jiangsu-demo"
PAPER = "table.list tr:has-text('已通过') a.title"


def take(portal: Portal) -> None:
    clerk = portal.as_("xinyi")
    clerk.goto(f"{CAMPAIGN}/tasks/")
    drafted = clerk.get_by_role("link", name="继续填报").first.get_attribute("href") or ""
    returned = clerk.get_by_role("link", name="修改", exact=True).first.get_attribute("href") or ""

    clerk.goto(drafted)
    clerk.locator("#c13").press("Control+Enter")
    clerk.locator("#details h2").wait_for()
    portal.shot(clerk, "reporter-cell")
    clerk.get_by_role("button", name="检查", exact=True).click()
    portal.shot(clerk, "reporter-problems")

    clerk.goto(returned)
    clerk.get_by_role("button", name="检查", exact=True).click()
    portal.shot(clerk, "reporter-confirm")

    clerk.goto(f"{CAMPAIGN}/reports/")
    clerk.locator(PAPER).first.click()
    code = clerk.locator("dt:has-text('数据校验码') + dd").inner_text()
    clerk.get_by_role("link", name="打印", exact=True).click()
    portal.shot(clerk, "reporter-print")
    clerk.goto(f"{CAMPAIGN}/check-code/?code={code}")
    portal.shot(clerk, "check-code")
