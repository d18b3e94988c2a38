"""Saving while things break: cuts, reloads, busy servers, ended sessions; the copy kept in the browser."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from chunfeng.accounts.models import User
from reports.entry import drafts
from reports.models import FigureChange, Submission
from tests.browser.entry.hands import copies, cut, enter, press, saved
from tests.browser.sessions import sign_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_lost_by_a_cut_a_reload_a_busy_server_or_an_ended_session(page, world, context):
    enter(page, world)
    context.set_offline(True)
    page.locator("#c1").click()
    for text in ("11", "5", "33", "44", "55"):
        page.keyboard.type(text)
        press(page, "Enter")
    expect(page.locator("#save-state")).to_contain_text("未同步 5 项")
    context.set_offline(False)
    saved(page)
    assert world.figures == {1: "11", 2: "5", 3: "33", 4: "44", 5: "55"}

    # The server is busy while more is typed; the page is thrown away and loaded again.
    page.route("**/save/", lambda route: route.fulfill(status=503, json={"sentence": "系统繁忙"}))
    page.locator("#c1").fill("12")
    page.locator("#c6").fill("6.5")
    expect(page.locator("#save-state")).to_contain_text("未同步 2 项")
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    cut(page)
    page.reload()
    assert warned == ["beforeunload"]
    page.unroute("**/save/")
    expect(page.locator("#left-behind")).to_contain_text("还没有保存的 2 项")
    page.get_by_role("button", name="恢复并保存").click()
    saved(page)
    assert (world.figures[1], world.figures[6]) == ("12", "6.5")

    # The session ends: a log-in over the page, then it goes on.
    Session.objects.all().delete()
    page.locator("#c3").fill("35")
    press(page, "Tab")
    expect(page.locator("#sign-in")).to_be_visible()
    page.fill("#sign-in-password", "wrong-password-1")
    page.get_by_role("button", name="登录并保存").click()
    expect(page.locator("#sign-in [data-problem]")).to_be_visible()
    page.fill("#sign-in-password", PASSWORD)
    page.get_by_role("button", name="登录并保存").click()
    saved(page)
    assert world.figures[3] == "35"
    changes = FigureChange.objects.filter(submission=world.report, indicator__number=1)
    assert [int(change.new) for change in changes] == [11, 12]

    # At log-out the copy goes; the next person is offered nothing.
    page.route("**/save/", lambda route: route.abort())
    page.locator("#c2").fill("6")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("未同步")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []
    page.unroute("**/save/")
    enter(page, world, "colleague")
    expect(page.locator("#left-behind")).to_be_hidden()


def test_ones_own_save_that_arrives_after_the_reload_is_no_colleagues(page, world):
    enter(page, world)
    sent = []
    page.route("**/save/", lambda route: sent.append(route.request))  # under way, and stays so
    page.locator("#c6").fill("6.5")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_have_attribute("data-phase", "saving")
    while not sent:
        page.wait_for_timeout(20)
    request = {"url": sent[0].url, "data": sent[0].post_data, "headers": sent[0].all_headers()}
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.unroute("**/save/")
    assert page.request.post(**request).ok  # only now does the server hear of it
    assert world.figures == {6: "6.5"}

    page.get_by_role("button", name="恢复并保存").click()
    page.locator("#c6").fill("7.25")
    press(page, "Tab")
    saved(page)
    expect(page.locator("#conflicts")).to_be_hidden()
    assert world.figures == {6: "7.25"}
    trail = FigureChange.objects.filter(submission=world.report).order_by("pk")
    assert [str(change.new.normalize()) for change in trail] == ["6.5", "7.25"]


def test_an_answer_that_is_no_save_is_told_plainly_and_the_typing_kept(page, world):
    enter(page, world)
    state = page.locator("#save-state")
    answer = {"status": 429, "headers": {"Retry-After": "600"}}
    page.route("**/save/", lambda route: route.fulfill(body="<h1>nginx</h1>", **answer))
    page.locator("#c1").fill("11")
    press(page, "Tab")
    expect(state).to_contain_text("未同步 1 项：保存过于频繁")
    answer.clear()
    answer |= {"status": 200, "content_type": "text/html"}
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(state).to_contain_text("可能要先在浏览器里登录办公网络")
    answer.clear()
    answer |= {"status": 413}
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(state).to_contain_text("内容过大，服务器没有接收")
    # What was not taken may be changed: the newer text goes, alone.
    page.locator("#c1").fill("12")
    answer |= {"status": 403}
    press(page, "Tab")
    expect(state).to_contain_text("服务器拒绝保存")
    answer |= {"status": 503}
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(state).to_contain_text("系统繁忙")
    page.unroute("**/save/")
    page.evaluate("dispatchEvent(new Event('online'))")
    saved(page)
    assert [int(change.new) for change in FigureChange.objects.filter(submission=world.report)] == [12]

    # A refusal that lasts is the account's: no more is sent, what was typed stays.
    page.route("**/save/", lambda route: route.fulfill(status=403, body="no"))
    page.locator("#c2").fill("5")
    press(page, "Tab")
    for _ in range(2):
        expect(state).to_contain_text("服务器拒绝保存")
        page.evaluate("dispatchEvent(new Event('online'))")
    expect(state).to_contain_text("未保存 1 项：您的账号现在不能保存这张表")
    expect(page.locator("#c2")).to_have_value("5")
    page.unroute("**/save/")
    page.on("dialog", lambda dialog: dialog.accept())


def test_reasons_and_the_sign_off_line_are_saved_while_they_are_typed(page, world):
    enter(page, world)
    page.locator("#c4").fill("15")
    press(page, "Tab")
    saved(page)
    page.locator("#why-fall\\:4").click()
    page.keyboard.type("上期重复统计了五场")
    saved(page)
    assert world.report.explanations.get().text == "上期重复统计了五场"
    page.keyboard.type("活动")
    saved(page)
    expect(page.locator("#why-fall\\:4")).to_be_focused()
    assert world.report.explanations.get().text == "上期重复统计了五场活动"

    # What has not got through survives a reload, and leaving the page asks.
    cut(page)
    page.locator("[name=responsible]").click()
    page.keyboard.type("林主任")
    expect(page.locator("#save-state")).to_contain_text("未同步 1 项")
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.reload()
    assert warned == ["beforeunload"]
    page.get_by_role("button", name="恢复并保存").click()
    expect(page.locator("[name=responsible]")).to_have_value("林主任")
    saved(page)
    assert world.report.responsible == "林主任"


def test_a_reason_that_is_gone_over_while_it_is_under_way_is_stored_as_it_stands(page, world):
    enter(page, world)
    page.locator("#c4").fill("15")
    press(page, "Tab")
    saved(page)
    held = []
    page.route("**/save/", lambda route: route.continue_() if held else held.append(route))
    why = page.locator("#why-fall\\:4")
    why.fill("写错了的原因")
    press(page, "Enter")
    while not held:
        page.wait_for_timeout(20)
    why.fill("")
    press(page, "Enter")
    held[0].continue_()
    saved(page)
    expect(why).to_have_value("")
    expect(page.locator("#toasts")).to_be_empty()
    assert not world.report.explanations.exists()


def test_two_tabs_of_one_report_keep_a_copy_each_also_where_one_is_a_duplicate(page, world, context):
    enter(page, world)
    cut(page)
    page.locator("#c1").fill("11")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("未同步 1 项")

    # A browser that duplicates a tab takes along what the tab keeps for itself.
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    duplicate = context.new_page()
    duplicate.goto(world.address.rsplit("/c/", 1)[0] + "/static/icon.svg")
    duplicate.evaluate("(kept) => Object.assign(sessionStorage, JSON.parse(kept))", kept)
    duplicate.goto(world.address)
    expect(duplicate.locator("html[data-ready]")).to_be_attached()
    expect(duplicate.locator("#left-behind")).to_be_hidden()
    duplicate.locator("#c3").fill("33")
    press(duplicate, "Tab")
    saved(duplicate)
    assert copies(page) == [["1"]]
    duplicate.close()

    # The tab itself takes over what its own page has left, and what is left of one that broke down some time ago.
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("#left-behind")).to_contain_text("还没有保存的 1 项")
    page.evaluate(
        """() => {
          for (const [key, copy] of Object.entries(localStorage)) {
            const aged = {...JSON.parse(copy), cells: {5: {text: "55", seen: ""}}, alive: Date.now() - 60000};
            localStorage.setItem(`${key}x`, JSON.stringify(aged));
          }
        }"""
    )
    page.reload()
    expect(page.locator("#left-behind")).to_contain_text("还没有保存的 2 项")
    # What is typed anew is no longer offered.
    page.locator("#c1").fill("12")
    press(page, "Tab")
    expect(page.locator("#left-behind")).to_contain_text("还没有保存的 1 项")
    page.get_by_role("button", name="恢复并保存").click()
    saved(page)
    assert world.figures == {1: "12", 3: "33", 5: "55"}
    assert copies(page) == []


def test_a_figure_in_dispute_survives_a_reload_and_what_is_stored_is_not_offered(page, world):
    enter(page, world)
    page.locator("#c1").fill("120")
    press(page, "Tab")
    saved(page)
    colleague = User.objects.get(username="colleague")
    drafts.save_figures(world.report, {1: "130"}, seen=None, by=colleague)
    page.locator("#c1").fill("140")
    press(page, "Tab")
    expect(page.locator("#conflicts")).to_contain_text("您填的是 140")
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.reload()
    assert warned == ["beforeunload"]
    expect(page.locator("#left-behind")).to_contain_text("第1列 140")
    page.get_by_role("button", name="恢复并保存").click()
    expect(page.locator("#conflicts")).to_contain_text("改为 130，您填的是 140")
    page.get_by_role("button", name="用我的 140").click()
    saved(page)
    assert world.figures == {1: "1.4E+2"}

    # Stored, though its answer never came.
    page.route("**/save/", lambda route: (route.fetch(), route.abort()))
    page.locator("#c2").fill("60")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("未同步 1 项")
    page.reload()
    expect(page.locator("html[data-ready]")).to_be_attached()
    expect(page.locator("#c2")).to_have_value("60")
    expect(page.locator("#left-behind")).to_be_hidden()
    assert copies(page) == []


def test_ones_own_words_that_arrive_after_the_reload_are_no_colleagues(page, world):
    enter(page, world)
    sent = []
    page.route("**/save/", lambda route: sent.append(route.request))
    page.locator("[name=responsible]").fill("林主任")
    while not sent:
        page.wait_for_timeout(20)
    request = {"url": sent[0].url, "data": sent[0].post_data, "headers": sent[0].all_headers()}
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.unroute("**/save/")
    assert page.request.post(**request).ok
    page.locator("[name=responsible]").fill("林局长")
    saved(page)
    expect(page.locator("#toasts")).to_be_empty()
    assert world.report.responsible == "林局长"


def test_nothing_is_kept_any_more_once_log_out_has_been_agreed_to(page, world):
    enter(page, world)
    page.route("**/save/", lambda route: route.abort())
    page.locator("#c2").fill("6")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("未同步")
    # The server takes its time, and a save is tried again meanwhile.
    page.route("**/logout/", lambda route: (page.wait_for_timeout(3500), route.continue_()))
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == []


def test_the_log_in_waits_for_a_pause_in_typing_stays_open_and_lets_the_check_go_on(page, world):
    enter(page, world)
    Session.objects.all().delete()
    page.locator("#c4").click()
    page.keyboard.type("25")
    press(page, "Enter")
    with page.expect_response("**/save/") as refused:
        page.keyboard.type("12")
    assert refused.value.status == 401
    page.keyboard.type("345")
    expect(page.locator("#save-state")).to_contain_text("请重新登录")
    expect(page.locator("#sign-in")).to_be_visible()
    expect(page.locator("#c5")).to_have_value("12345")
    expect(page.locator("#sign-in-password")).to_be_focused()
    press(page, "Escape", "Escape", "Escape")
    expect(page.locator("#sign-in")).to_be_visible()
    page.fill("#sign-in-password", PASSWORD)
    page.get_by_role("button", name="登录并保存").click()
    saved(page)
    assert world.figures == {4: "25", 5: "12345"}

    # 检查 waits for the log-in and goes on by itself.
    Session.objects.all().delete()
    page.locator("#c3").fill("7")
    page.get_by_role("button", name="检查", exact=True).click()
    expect(page.locator("#sign-in")).to_be_visible()
    page.fill("#sign-in-password", PASSWORD)
    page.get_by_role("button", name="登录并保存").click()
    expect(page.get_by_role("heading", name="核对")).to_be_visible()
    assert world.figures[3] == "7"


def test_whoever_else_has_logged_in_meanwhile_is_named_and_a_closed_form_says_why(
    page, world, context, live_server
):
    enter(page, world)
    sign_in(context, live_server, User.objects.get(username="colleague"))
    page.locator("#c1").fill("5")
    press(page, "Tab")
    expect(page.locator("#sign-in")).to_contain_text("这个浏览器里现在登录的是许某。请在那个页面点“退出”")
    context.clear_cookies()
    page.fill("#sign-in-password", PASSWORD)
    page.get_by_role("button", name="登录并保存").click()
    saved(page)
    assert world.figures == {1: "5"}

    Submission.objects.update(status=Submission.Status.SUBMITTED)
    page.evaluate("dispatchEvent(new Event('focus'))")
    state = page.locator("#save-state")
    expect(state).to_have_text("× 该表已上报，不能修改；如需修改，请先撤回。")
    page.locator("#c2").fill("3")
    press(page, "Tab")
    expect(state).to_have_text("× 未保存 1 项：该表已上报，不能修改；如需修改，请先撤回。")
    page.get_by_role("button", name="检查", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("还有 1 项没有保存：该表已上报，不能修改")
