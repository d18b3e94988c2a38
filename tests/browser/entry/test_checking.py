"""Findings while typing, the way by 检查 and back, and what every state looks like to axe."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from playwright.sync_api import expect

from chunfeng.accounts.models import User
from reports.entry import drafts
from reports.models import Figure
from tests.browser.axe import serious
from tests.browser.entry.hands import cut, enter, focused, paste, press, saved
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def test_findings_stand_at_their_cells_and_f8_leads_from_one_to_the_next(page, world):
    enter(page, world)
    page.locator("#c1").click()
    paste(page, text="100\t101\t5\t15\t9\t1")
    saved(page)
    assert page.title().startswith("错误：")
    expect(page.locator("td:has(#c1).cell-fatal > i")).to_have_text("×")
    expect(page.locator("td:has(#c2).cell-fatal > i")).to_have_text("×")
    expect(page.locator("td:has(#c4).cell-query > i")).to_have_text("?")
    expect(page.locator("#increment-4")).to_have_text("▼\N{MINUS SIGN}5")
    expect(page.locator("#findings")).to_contain_text(
        "2 其中：女性人数 (101) 不能大于 1 提供免费服务人数 (100)"
    )
    assert page.locator("#c2").get_attribute("aria-invalid") == "true"

    press(page, "F8")
    assert focused(page) == "c2"
    expect(page.locator("#at-cell")).to_contain_text("不能大于")
    page.keyboard.type("90")
    press(page, "Enter")
    saved(page)
    assert not page.title().startswith("错误：")
    press(page, "F8")
    press(page, "F8")
    assert focused(page) == "c4"
    expect(page.locator("#at-cell")).to_contain_text("比上期少 5")
    press(page, "Alt+ArrowDown")
    page.keyboard.type("上期重复统计了五场活动")
    press(page, "Enter")
    assert focused(page) == "c4"
    saved(page)
    expect(page.locator("#why-fall\\:4")).to_have_value("上期重复统计了五场活动")
    assert world.report.explanations.get().text == "上期重复统计了五场活动"


def test_what_the_check_has_named_goes_from_the_top_as_it_is_mended(page, world):
    enter(page, world)
    page.get_by_role("button", name="检查", exact=True).click()
    problems = page.locator("#problems")
    expect(problems).to_contain_text("还没有填写任何数字")
    page.locator("#c1").click()
    paste(page, text="40\t41\t5\t15\t9")
    expect(problems).to_be_hidden()
    saved(page)

    page.get_by_role("button", name="检查", exact=True).click()
    expect(problems.locator("li")).to_have_count(2)
    page.locator("#c2").fill("30")
    press(page, "Tab")
    expect(problems.locator("li")).to_have_count(1)
    page.locator("#why-fall\\:4").fill("上期重复统计了五场活动")
    expect(problems).to_be_hidden()


def test_a_last_figure_that_is_corrected_meanwhile_is_shown_beside_the_increment_from_it(page, world):
    enter(page, world)
    assert page.locator("#previous-4").inner_text() == "20"
    Figure.objects.filter(submission__ends_on__lt=world.period.ends_on, indicator__number=4).update(value=26)
    page.locator("#c4").fill("30")
    press(page, "Tab")
    saved(page)
    expect(page.locator("#increment-4")).to_have_text("+4")
    expect(page.locator("#previous-4")).to_have_text("26")
    expect(page.locator("#c4")).to_have_accessible_name("新沂市，举办招聘活动，第4列，上期 26")
    page.locator("#c4").click()
    press(page, "Control+d")
    expect(page.locator("#c4")).to_have_value("26")


def test_a_signature_typed_at_the_last_look_is_not_left_behind_unasked(page, world):
    enter(page, world)
    page.locator("#c4").fill("25")
    page.locator("#c5").fill("9")
    page.get_by_role("button", name="检查", exact=True).click()
    expect(page.get_by_role("heading", name="核对")).to_be_visible()
    page.get_by_label("单位负责人").fill("林主任")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    with page.expect_event("dialog"):
        page.get_by_role("link", name="返回修改").click(no_wait_after=True)
    expect(page.get_by_label("单位负责人")).to_have_value("林主任")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("[aria-label=上报回执]")).to_be_visible()
    assert asked == ["beforeunload"]
    assert world.report.responsible == "林主任"


def test_axe_finds_nothing_serious_on_whatever_opens_over_the_form(page, world):
    found = {}

    def look(name, shown):
        expect(page.locator(shown)).to_be_visible()
        if broken := serious(page):
            found[name] = broken

    enter(page, world)
    page.get_by_role("button", name="图例与快捷键").click()
    look("legend", "#entry-help")
    page.get_by_role("button", name="关闭", exact=True).click()
    page.get_by_role("button", name="其余填 0").click()
    look("zeros", "#zero")
    page.get_by_role("button", name="取消").click()

    page.locator("#c1").click()
    paste(page, text="100\t101\t约5\t15")
    look("toast of rejected cells", "#toasts .is-bad")
    press(page, "F8", "F8")
    page.locator("#c4").click()
    look("reason at the cell", "#at-cell input")
    press(page, "Control+Enter")
    look("details", "#details h2")
    press(page, "Escape")

    colleague = User.objects.get(username="colleague")
    drafts.save_figures(world.report, {1: "130"}, seen=None, by=colleague)
    page.locator("#c1").fill("140")
    press(page, "Tab")
    look("conflict", "#conflicts")
    page.get_by_role("button", name="用对方的 130").click()
    saved(page)

    Session.objects.all().delete()
    page.locator("#c5").fill("8")
    press(page, "Tab")
    page.fill("#sign-in-password", "wrong-password-1")
    page.get_by_role("button", name="登录并保存").click()
    look("log-in", "#sign-in [data-problem]")
    page.fill("#sign-in-password", PASSWORD)
    page.get_by_role("button", name="登录并保存").click()
    saved(page)

    page.route("**/save/", lambda route: route.abort())
    page.locator("#c5").fill("9")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("未同步")
    page.on("dialog", lambda dialog: dialog.accept())
    cut(page)
    page.reload()
    look("local copy", "#left-behind")
    assert found == {}


def test_an_entry_page_weighs_less_than_150_kilobytes_with_all_it_loads(client, world):
    """Compressed one by one, as a proxy sends them: page, styles, and scripts with the modules they import."""
    client.force_login(User.objects.get(username="clerk"))
    html = client.get("/" + world.address.split("/", 3)[3]).text
    named = set(re.findall(r'(?:src|href)="/static/([^"]+\.(?:css|js))"', html))
    named |= {f"js/entry/{path.name}" for path in (settings.BASE_DIR / "static/js/entry").glob("*.js")}
    weights = [len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in named]
    assert len(weights) > 12
    assert sum(weights) + len(gzip.compress(html.encode())) < 150_000
