"""Two people on one form, and what the reviewer does meanwhile."""

import pytest
from playwright.sync_api import expect

from chunfeng.accounts.models import User
from reports import lifecycle
from reports.entry import drafts
from reports.models import Submission
from tests.browser.entry.hands import colleague_saves, enter, paste, press, saved
from tests.factories import make_place, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_on_one_form_see_each_other_and_overwrite_nothing(page, world, browser):
    enter(page, world)
    other = browser.new_context()
    colleague = other.new_page()
    enter(colleague, world, "colleague")
    page.locator("#c1").fill("120")
    press(page, "Enter")
    saved(page)
    colleague.evaluate("dispatchEvent(new Event('focus'))")
    expect(colleague.locator("#c1")).to_have_value("120")
    expect(colleague.locator("#others")).to_contain_text("林某 也打开着这张表")
    expect(colleague.locator("#toasts")).to_contain_text("第1列已由 林某 于")

    colleague.locator("#c1").fill("130")
    colleague.locator("#c1").press("Enter")
    saved(colleague)
    page.locator("#c1").fill("140")
    press(page, "Tab")
    conflict = page.locator("#conflicts")
    expect(conflict).to_contain_text("已由 许某 于")
    expect(conflict).to_contain_text("改为 130，您填的是 140")
    assert world.figures[1] == "1.3E+2"
    page.get_by_role("button", name="检查", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("请先处理 1 个与他人不一致的单元格")
    page.get_by_role("button", name="用我的 140").click()
    saved(page)
    assert world.figures[1] == "1.4E+2"

    # Whoever has sent it meanwhile: what the other types is kept and said.
    Submission.objects.update(status=Submission.Status.SUBMITTED)
    page.locator("#c3").fill("3")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("该表已上报，不能修改")
    expect(page.locator("#c3")).to_have_value("3")
    other.close()


def test_esc_and_undo_take_back_ones_own_typing_and_never_a_colleagues_figure(page, world):
    enter(page, world)
    page.locator("#c1").click()
    paste(page, text="120\t60")
    saved(page)
    colleague_saves(page, world, {1: "130"})
    expect(page.locator("#c1")).to_have_value("130")
    expect(page.locator("#toasts")).to_contain_text("第1列已由 许某 于")

    # The cell at hand has a figure that came in after it was reached.
    press(page, "Escape")
    page.keyboard.type("5")
    press(page, "Escape")
    expect(page.locator("#c1")).to_have_value("130")

    # Of the paste the other cell alone is still one's own.
    press(page, "Control+z")
    expect(page.locator("#c2")).to_have_value("")
    saved(page)
    expect(page.locator("#c1")).to_have_value("130")
    assert world.figures == {1: "1.3E+2"}

    # What comes in while one types is shown once the typing is taken back.
    page.locator("#c1").click()
    page.keyboard.type("7")
    colleague_saves(page, world, {1: "150"})
    expect(page.locator("#toasts")).to_contain_text("改为 150")
    press(page, "Escape")
    expect(page.locator("#c1")).to_have_value("150")

    # Taken back after a pause has sent it, a figure in dispute is the colleague's.
    colleague = User.objects.get(username="colleague")
    drafts.save_figures(world.report, {1: "160"}, seen=None, by=colleague)
    page.keyboard.type("9")
    expect(page.locator("#conflicts")).to_contain_text("改为 160，您填的是 9")
    press(page, "Escape")
    expect(page.locator("#conflicts")).to_be_hidden()
    saved(page)
    expect(page.locator("#c1")).to_have_value("160")
    assert world.figures == {1: "1.6E+2"}


def test_news_that_a_save_has_overtaken_is_dropped_and_a_colleagues_change_told_once(page, world):
    enter(page, world)
    page.locator("#c1").fill("120")
    press(page, "Tab")
    saved(page)
    # An answer to the page's question takes long, and a figure is typed and saved meanwhile.
    page.evaluate(
        """() => {
          const fetching = window.fetch;
          window.fetch = async (address, sent) => {
            const answer = await fetching(address, sent);
            if (sent?.body && !("cells" in JSON.parse(sent.body))) await new Promise((done) => (window.letGo = done));
            return answer;
          };
        }"""
    )
    colleague_saves(page, world, {3: "9"})
    while not page.evaluate("Boolean(window.letGo)"):
        page.wait_for_timeout(20)
    page.locator("#c1").fill("150")
    press(page, "Tab")
    expect(page.locator("#c3")).to_have_value("9")
    saved(page)
    page.evaluate("letGo()")
    page.wait_for_timeout(200)
    expect(page.locator("#c1")).to_have_value("150")
    expect(page.locator("#toasts .toast-note")).to_have_count(1)
    assert world.figures == {1: "1.5E+2", 3: "9"}

    # Whoever comes back to the page sets off more than one event.
    page.reload()
    expect(page.locator("html[data-ready]")).to_be_attached()
    drafts.save_figures(world.report, {5: "8"}, seen=None, by=User.objects.get(username="colleague"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange')); dispatchEvent(new Event('focus'))")
    expect(page.locator("#c5")).to_have_value("8")
    page.wait_for_timeout(300)
    expect(page.locator("#toasts .toast-note")).to_have_count(1)


def test_words_of_a_colleague_are_shown_and_gone_over_by_nothing_that_was_left_alone(page, world):
    enter(page, world)
    page.locator("#c4").fill("15")
    page.locator("#c5").fill("9")
    press(page, "Tab")
    saved(page)
    colleague = User.objects.get(username="colleague")
    why = page.locator("#why-fall\\:4")

    def words(reason, responsible):
        entries = drafts.Entries(explanations={"fall:4": reason}, sign_off={"responsible": responsible})
        drafts.save(world.report, entries, by=colleague)

    words("许某写的原因在此", "许主任")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("[name=responsible]")).to_have_value("许主任")
    expect(why).to_have_value("许某写的原因在此")

    # Both changed the same: the colleague's stays, one's own is told until it is read.
    words("许某又改了原因", "许局长")
    why.fill("林某写的原因")
    page.locator("[name=responsible]").fill("林主任")
    press(page, "Tab")
    toasts = page.locator("#toasts")
    expect(toasts).to_contain_text("改为“许某又改了原因”，您写的“林某写的原因”未保存")
    expect(toasts).to_contain_text("单位负责人已被同事改为“许局长”，您填写的“林主任”未保存")
    expect(why).to_have_value("许某又改了原因")
    expect(page.locator("[name=responsible]")).to_have_value("许局长")
    saved(page)

    page.get_by_role("button", name="检查", exact=True).click()
    expect(page.get_by_role("heading", name="核对")).to_be_visible()
    assert world.report.responsible == "许局长"
    assert world.report.explanations.get().text == "许某又改了原因"


def test_a_report_that_comes_back_while_its_page_is_open_says_why_and_takes_what_has_waited(page, world):
    enter(page, world)
    page.locator("#c4").fill("25")
    page.locator("#c5").fill("9")
    press(page, "Tab")
    saved(page)
    lifecycle.submit(world.report, by=User.objects.get(username="colleague"))
    page.evaluate("dispatchEvent(new Event('focus'))")
    state = page.locator("#save-state")
    expect(state).to_contain_text("该表已上报，不能修改")
    page.locator("#c3").fill("7")
    press(page, "Tab")
    expect(state).to_contain_text("未保存 1 项")

    reviewer = make_user(
        "reviewer", unit=make_place(world.form.campaign, "3203", level="prefecture"), role="coordinator"
    )
    lifecycle.return_for_correction(world.report, by=reviewer, comment="第4列请核对", cells=[4])
    page.evaluate("dispatchEvent(new Event('focus'))")
    saved(page)
    expect(page.locator("#toasts")).to_contain_text("退回：第4列请核对")
    expect(page.locator("td:has(#c4).cell-marked > i")).to_have_text("退")
    assert world.figures == {3: "7", 4: "25", 5: "9"}


def test_a_colleagues_figure_for_the_cell_that_one_goes_on_typing_in_is_offered_beside_ones_own(page, world):
    enter(page, world)
    page.locator("#c1").click()
    page.keyboard.type("12")
    saved(page)
    colleague_saves(page, world, {1: "99"})
    expect(page.locator("#toasts")).to_contain_text("改为 99")
    page.keyboard.type("3")
    press(page, "Tab")
    expect(page.locator("#conflicts")).to_contain_text("改为 99，您填的是 123")
    assert world.figures == {1: "99"}

    # Left as it is, it shows the colleague's.
    page.locator("#c2").click()
    page.keyboard.type("5")
    saved(page)
    colleague_saves(page, world, {2: "8"})
    expect(page.locator("#toasts")).to_contain_text("改为 8")
    press(page, "Tab")
    expect(page.locator("#c2")).to_have_value("8")
    assert world.figures == {1: "99", 2: "8"}
