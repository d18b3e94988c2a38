"""Typing in the entry grid: keys, pauses, input methods, the tools that fill many cells."""

import pytest
from playwright.sync_api import expect

from tests.browser.entry.hands import enter, focused, press, saved

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_keyboard_moves_edits_reverts_fills_and_undoes_as_in_a_spreadsheet(page, world):
    sent = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/save/") else None)
    enter(page, world)
    page.locator("#c1").click()
    page.keyboard.type("100")
    press(page, "Enter")
    assert focused(page) == "c2"
    saved(page)
    assert world.figures == {1: "1E+2"}

    # Typing replaces; Esc brings the old text back and sends nothing.
    count = len(sent)
    press(page, "ArrowLeft")
    page.keyboard.type("7")
    expect(page.locator("#c1")).to_have_value("7")
    press(page, "Escape")
    expect(page.locator("#c1")).to_have_value("100")
    press(page, "F2", "ArrowLeft", "ArrowLeft")
    page.keyboard.type("5")
    expect(page.locator("#c1")).to_have_value("1500")
    assert focused(page) == "c1"
    press(page, "Escape")
    page.wait_for_timeout(600)
    assert len(sent) == count

    # A click takes the cell whole, a double click sets the caret.
    page.locator("#c1").click()
    page.locator("#c1").dblclick()
    press(page, "End")
    page.keyboard.type("0")
    expect(page.locator("#c1")).to_have_value("1000")
    press(page, "Escape")
    expect(page.locator("#c1")).to_have_value("100")

    # Four ways, to the ends, in number order across the bands, and out at 检查.
    walked = []
    for key in (
        "ArrowDown",
        "ArrowRight",
        "ArrowUp",
        "End",
        "Home",
        "Control+ArrowRight",
        "Control+ArrowDown",
        "Control+Home",
    ):
        press(page, key)
        walked.append(focused(page))
    assert walked == ["c4", "c5", "c2", "c3", "c1", "c3", "c6", "c1"]
    walked = []
    for _ in range(6):
        press(page, "Tab")
        walked.append(focused(page))
    assert walked == ["c2", "c3", "c4", "c5", "c6", "check"]
    press(page, "Shift+Tab")
    assert focused(page) == "c6"
    press(page, "Shift+Tab", "Shift+Enter")
    assert focused(page) == "c4"

    # Ctrl+D takes the figure above, which is last period's; Ctrl+R the one to the left.
    press(page, "Control+d", "ArrowRight", "Control+r")
    expect(page.locator("#c4")).to_have_value("20")
    expect(page.locator("#c5")).to_have_value("20")
    expect(page.locator("#increment-5")).to_have_text("+13")
    press(page, "Control+z", "Control+z")
    expect(page.locator("#c4")).to_have_value("")
    press(page, "Control+y")
    expect(page.locator("#c4")).to_have_value("20")

    # A pause saves as well, and what was typed stays after a reload.
    page.locator("#c6").click()
    page.keyboard.type("８８．５")
    saved(page)
    page.reload()
    expect(page.locator("#c6")).to_have_value("88.50")
    assert world.figures == {1: "1E+2", 4: "2E+1", 6: "88.5"}


def test_a_pause_within_a_figure_rewrites_nothing_under_the_hands(page, world):
    enter(page, world)
    page.locator("#c6").click()
    page.keyboard.type("88")
    saved(page)
    page.keyboard.type(".5")
    saved(page)
    expect(page.locator("#c6")).to_have_value("88.5")
    press(page, "Shift+Tab")
    expect(page.locator("#c6")).to_have_value("88.50")
    page.keyboard.type("1234")
    saved(page)
    page.keyboard.type("56")
    press(page, "Enter")
    saved(page)
    expect(page.locator("#c5")).to_have_value("123,456")
    assert world.figures == {5: "123456", 6: "88.5"}


def test_what_was_typed_before_the_scripts_had_arrived_is_saved_too(page, world):
    enter(page, world)
    page.route(
        "**/entry/main.js", lambda route: (page.fill("#c1", "17"), page.fill("#c2", "5"), route.continue_())
    )
    page.goto(world.address)
    expect(page.locator("html[data-ready]")).to_be_attached()
    saved(page)
    assert world.figures == {1: "17", 2: "5"}


def test_an_input_method_loses_no_letter_and_its_keys_move_nothing(page, world):
    enter(page, world)
    page.locator("#c1").click()
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "w", "selectionStart": 1, "selectionEnd": 1})
    keyboard.send("Input.imeSetComposition", {"text": "wu", "selectionStart": 2, "selectionEnd": 2})
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
             new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    assert focused(page) == "c1"
    keyboard.send("Input.insertText", {"text": "无"})
    expect(page.locator("#c1")).to_have_value("无")
    press(page, "Enter")
    expect(page.locator("td:has(#c1).cell-fatal")).to_be_visible()
    expect(page.locator("#findings")).to_contain_text("没有发生请填 0，未统计请留空")


def test_the_rest_is_zeroed_after_asking_and_last_period_taken_over_in_one_action(page, world):
    enter(page, world)
    page.locator("#c1").fill("5")
    page.get_by_role("button", name="其余填 0").click()
    expect(page.locator("#zero")).to_contain_text("将把 5 个未填的单元格填为 0（第2、3、4、5、6列）")
    page.get_by_role("button", name="填 0", exact=True).click()
    saved(page)
    assert world.figures == {1: "5", 2: "0", 3: "0", 4: "0", 5: "0", 6: "0"}
    press(page, "Control+z")
    expect(page.locator("#c6")).to_have_value("")
    page.get_by_role("button", name="与上期相同").click()
    expect(page.locator("#toasts")).to_contain_text("已按上期填好")
    saved(page)
    assert world.figures == {4: "2E+1", 5: "7"}
    assert world.report.no_change
    page.get_by_role("button", name="撤销").click()
    saved(page)
    assert world.figures == {1: "5"}
    assert not world.report.no_change
