"""A workbook is dropped, looked at, imported and undone, in a real browser; without a pointer as well."""

import base64

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from reports.excel.template import template_workbook
from reports.models import Figure
from tests.browser.sessions import log_in
from tests.factories import make_campaign, make_form, make_place, make_user, period_of
from tests.reports.excel.workbooks import opened

pytestmark = pytest.mark.django_db(transaction=True)

DROP = """(files) => {
  const data = new DataTransfer();
  for (const [content, name] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_drop_preview_confirm_and_undo(page, live_server):
    campaign = make_campaign("spring", title="某市春风行动")
    place = make_place(campaign, "320102", name="玄武区局", short="玄武区")
    form = make_form(campaign, annex="附件1", title="工作情况统计表", indicators=3)
    make_user("clerk", unit=place)
    period = period_of(campaign, 1)

    def fill(book, sheet):
        row = next(cell.row for cell in sheet["A"] if cell.value == "玄武区")
        for column, value in ((2, 120), (3, "１３"), (4, "约3")):
            sheet.cell(row, column).value = value

    data = opened(template_workbook(form, place, period), fill)
    log_in(page, live_server.url, "clerk")
    entry = reverse("reports:entry", args=["spring", "fu1", period.ends_on.isoformat(), "320102"])
    page.goto(live_server.url + entry)
    page.get_by_role("link", name="导入 Excel").click()
    page.wait_for_selector("html[data-ready]")
    page.evaluate(DROP, [[base64.b64encode(data).decode(), "附件1.xlsx"]])
    page.wait_for_url("**/uploads/*/")
    expect(page.locator(".up-count.up-new")).to_contain_text("新填 2")
    expect(page.get_by_text("约3").first).to_be_visible()
    assert not Figure.objects.exists()
    page.get_by_role("link", name="有问题").click()
    expect(page.get_by_role("row", name="约3").last).to_contain_text("不是确切的数字")
    confirm = page.get_by_role("button", name="确认导入（2 项）")
    confirm.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已导入 2 项")).to_be_visible()
    assert set(Figure.objects.values_list("value", flat=True)) == {120, 13}
    page.get_by_role("link", name="去填报页").click()
    expect(page.locator("#c1")).to_have_value("120")
    page.go_back()
    page.get_by_role("button", name="撤销本次导入").click()
    expect(page.get_by_text("2 项恢复为导入以前的数字")).to_be_visible()
    assert set(Figure.objects.values_list("value", flat=True)) == {None}


def test_past_attachments_dropped_together_are_shown_together(page, live_server):
    campaign = make_campaign("spring", title="某市春风行动")
    city = make_place(campaign, "3201", name="南京市局", short="南京市", reports=False)
    places = [make_place(campaign, f"32010{n}", parent=city, name=f"{n}号局", short=f"{n}号") for n in (2, 4)]
    form = make_form(campaign, annex="附件1", title="工作情况统计表", indicators=3)
    make_user("coordinator", unit=city, role="coordinator")
    files = [
        [
            base64.b64encode(template_workbook(form, place, period_of(campaign, 1))).decode(),
            f"{place.short}.xlsx",
        ]
        for place in places
    ]
    log_in(page, live_server.url, "coordinator")
    page.goto(f"{live_server.url}/c/spring/attachments/")
    page.wait_for_selector("html[data-ready]")
    page.evaluate(DROP, files)
    page.wait_for_url("**/attachments/*/")
    expect(page.get_by_role("row", name="没有填写数字")).to_have_count(2)
    page.get_by_role("button", name="不用 2号.xlsx").click()
    expect(page.get_by_role("row", name="没有填写数字")).to_have_count(1)
