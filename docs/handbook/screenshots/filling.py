"""填报员: what the form says while it is filled: a paste, a cut, an ended session, a cell changed elsewhere."""

import re

from playwright.sync_api import Page, expect

from .portal import Portal

PASTE = """(text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.activeElement.dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


def take(portal: Portal) -> None:
    clerk = portal.as_("xinyi")
    clerk.goto("/c/jiangsu-demo/tasks/")
    clerk.get_by_role("link", name="继续填报").first.click()
    first = _ready(clerk)

    clerk.get_by_role("button", name="图例与快捷键").click()
    portal.shot(clerk, "filling-legend")
    clerk.get_by_role("button", name="关闭", exact=True).click()
    clerk.keyboard.press("F8")
    expect(clerk.locator("#at-cell")).to_be_visible()
    portal.shot(clerk, "filling-finding")
    clerk.get_by_role("button", name="其余填 0").click()
    portal.shot(clerk, "filling-zeros")
    clerk.get_by_role("button", name="取消").click()

    clerk.locator("#c15").click()
    clerk.evaluate(PASTE, "102\t约780\t3.5万")
    expect(clerk.locator("#toasts .is-bad")).to_be_visible()
    portal.shot(clerk, "filling-paste")
    clerk.get_by_role("button", name="关闭提示").click()
    clerk.locator("#c15").press("Control+z")
    _saved(clerk)

    clerk.context.set_offline(True)
    _type(clerk, "#c1", "10120")
    expect(clerk.locator("#save-state")).to_contain_text("未同步", timeout=15_000)
    portal.shot(clerk, "filling-cut")
    clerk.route("**/save/", lambda route: route.abort())
    clerk.context.set_offline(False)
    clerk.once("dialog", lambda dialog: dialog.accept())
    clerk.reload()
    _ready(clerk)
    portal.shot(clerk, "filling-kept")
    clerk.unroute("**/save/")
    clerk.get_by_role("button", name="恢复并保存").click()
    _saved(clerk)
    _type(clerk, "#c1", first)
    _saved(clerk)

    cookies = clerk.context.cookies()
    clerk.context.clear_cookies(name="sessionid")
    _type(clerk, "#c1", "10125")
    expect(clerk.locator("#sign-in")).to_be_visible(timeout=15_000)
    portal.shot(clerk, "filling-log-in")
    clerk.context.add_cookies(cookies)
    clerk.get_by_role("button", name="已在别处登录，继续").click()
    _saved(clerk)
    clerk.reload()
    _ready(clerk)

    other = clerk.context.new_page()
    other.goto(clerk.url)
    _ready(other)
    _type(other, "#c1", "10130")
    _saved(other)
    _type(clerk, "#c1", "10128")
    expect(clerk.locator("#conflicts")).to_be_visible(timeout=15_000)
    portal.shot(clerk, "filling-conflict")
    clerk.get_by_role("button", name=re.compile("^用对方的")).click()
    _type(clerk, "#c1", first)
    _saved(clerk)
    other.close()


def _ready(page: Page) -> str:
    """Return the text of the first cell once the scripts run."""
    page.locator("html[data-ready]").wait_for()
    return page.locator("#c1").input_value()


def _type(page: Page, cell: str, text: str) -> None:
    page.locator(cell).fill(text)
    page.locator(cell).press("Tab")


def _saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_have_attribute("data-phase", "saved", timeout=20_000)
