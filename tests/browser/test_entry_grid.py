"""The entry grid in a real browser: keys, clipboard, saving through cuts and log-outs, colleagues, findings."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from django.urls import reverse
from playwright.sync_api import expect

from chunfeng.accounts.models import User
from reports import lifecycle
from reports.entry import drafts
from reports.models import Figure, FigureChange, Submission
from tests.browser.axe import serious
from tests.browser.sessions import log_in, sign_in
from tests.factories import PASSWORD, make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class World:
    """A county whose form has two bands of three columns: 2 其中 of 1, 4 compared with a last report, 6 money."""

    form: object
    place: object
    period: object
    address: str

    @property
    def report(self):
        return Submission.objects.get(unit=self.place.unit, period=self.period)

    @property
    def figures(self):
        return {n: str(v.normalize()) for n, v in drafts.figures_of(self.report).items() if v is not None}


@pytest.fixture
def world(live_server):
    campaign = make_campaign()
    form = make_form(
        campaign,
        layout="bands",
        bands=[3, 3],
        title="春风行动专项活动开展情况统计表",
        signatures=["单位负责人签章", "填表人签章", "联系电话", "填报日期"],
        indicators=[
            {"label": "提供免费服务人数"},
            {"label": "其中：女性人数", "of": 1},
            {"label": "发放宣传资料", "unit_of_measure": "份"},
            {"label": "举办招聘活动", "unit_of_measure": "场次"},
            {"label": "达成就业意向人数"},
            {"label": "发放补贴", "unit_of_measure": "万元", "decimals": 2},
        ],
        rules=[("c1 < 50 or c2 <= 0.8 * c1", "query")],
    )
    place = make_place(campaign, "320381", name="新沂市")
    make_user("clerk", unit=place, name="林某")
    make_user("colleague", unit=place, name="许某")
    first, second, _ = campaign.periods.all()
    make_submission(form, place, first, {4: 20, 5: 7})
    path = reverse("reports:entry", args=["spring", "fu1", second.ends_on.isoformat(), "320381"])
    return World(form, place, second, live_server.url + path)


def enter(page, world, username="clerk"):
    log_in(page, world.address, username)
    expect(page.locator("html[data-ready]")).to_be_attached()


def saved(page):
    expect(page.locator("#save-state")).to_have_attribute("data-phase", "saved")
    expect(page.locator("#save-state")).to_contain_text("已保存")


def cut(page):
    """Let nothing leave the page, not even what is sent as it goes, until it is loaded again."""
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('cut')); }")


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.value")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def paste(page, **flavours):
    """Put what a program leaves on the clipboard into the focused cell, as Ctrl+V does."""
    page.evaluate(
        """(flavours) => {
          const data = new DataTransfer();
          for (const [kind, text] of Object.entries(flavours)) data.setData(kind, text);
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        {{"text": "text/plain", "html": "text/html"}[kind]: text for kind, text in flavours.items()},
    )


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


def test_blocks_from_excel_and_wps_land_where_they_belong(page, world):
    enter(page, world)
    toasts = page.locator("#toasts")
    page.locator("#c1").fill("9")
    page.locator("#c1").press("Tab")
    saved(page)

    # One row runs in number order; blanks keep; what is no figure is named; one step undoes all.
    page.locator("#c1").click()
    paste(page, text='1,234\t１２ \t\t"约\r\n200"\t3.5万\t12.50\t8\t9\r\n')
    expect(toasts).to_contain_text("已粘贴 3 项，2 项未识别")
    expect(toasts).to_contain_text("超出表格的 2 列未粘贴")
    expect(toasts).to_contain_text("第5列“3.5万”：请填写完整数字 35000，不要带“万”。")
    saved(page)
    assert world.figures == {1: "1234", 2: "12", 6: "12.5"}
    press(page, "Control+z")
    expect(page.locator("#c1")).to_have_value("9")
    saved(page)
    assert world.figures == {1: "9"}

    # A block of two rows lies across the bands; a column of six runs by number.
    page.locator("#c2").click()
    paste(page, text="4\t5\r\n6\t7\r\n")
    saved(page)
    assert world.figures == {1: "9", 2: "4", 3: "5", 5: "6", 6: "7"}
    page.locator("#c1").click()
    paste(page, text="10\n9\n8\n70\n60\n5")
    saved(page)
    expect(toasts).to_contain_text("按列号依次填入")
    assert world.figures == {1: "1E+1", 2: "9", 3: "8", 4: "7E+1", 5: "6E+1", 6: "5"}

    # Units first: the own row alone is taken.
    page.locator("#c1").click()
    paste(page, text="睢宁县\t1\t1\t1\r\n新沂市\t20\t11\t12\r\n")
    expect(toasts).to_contain_text("其他单位的 1 行未粘贴")
    saved(page)
    assert world.figures[1] == "2E+1"
    paste(page, text="睢宁县\t1\t1\t1\r\n")
    expect(toasts).to_contain_text("是“睢宁县”的，不是本单位的")

    # A whole sheet, from any cell: by its row of numbers, in HTML alone as well.
    page.locator("#c6").click()
    sheet = (
        "春风行动专项活动开展情况统计表\t\t\t\n项目\t提供免费服务人数\t其中：\t发放宣传资料\n"
        "\t\t女性人数\t（份）\n序号\t1\t2\t3\n总计\t900\t900\t900\n新沂市\t31\t21\t11\n"
        "项目\t举办招聘活动\t达成就业意向人数\t发放补贴\n序号\t4\t5\t6\n新沂市\t41\t51\t6.10\n备注\t\t\t\n"
    )
    paste(page, text=sheet)
    expect(toasts).to_contain_text("按列号对应")
    saved(page)
    assert world.figures == {1: "31", 2: "21", 3: "11", 4: "41", 5: "51", 6: "6.1"}
    rows = "".join(
        f"<tr>{''.join(f'<td>{text}</td>' for text in line.split(' '))}</tr>"
        for line in ("提供免费服务人数 其中：女性人数 发放宣传资料", "32 22 12")
    )
    paste(page, html=f"<table><tbody>{rows}</tbody></table>", text="32 22 12")
    expect(toasts).to_contain_text("按表头对应")
    saved(page)
    assert [world.figures[number] for number in (1, 2, 3)] == ["32", "22", "12"]


EXCEL = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta name=ProgId content=Excel.Sheet><meta name=Generator content="Microsoft Excel 15">
<style><!--table {mso-displayed-decimal-separator:"\\."; mso-displayed-thousand-separator:"\\,";}
.xl66 {mso-number-format:"\\#\\,\\#\\#0"; text-align:right;}--></style></head>
<body><table border=0 cellpadding=0 cellspacing=0 width=288 style='border-collapse:collapse;width:216pt'>
<!--StartFragment--><col width=72 span=4 style='mso-width-source:userset;mso-width-alt:2304'>
%s<!--EndFragment--></table></body></html>"""
WPS = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta name="ProgId" content="Excel.Sheet"/>
<meta name="Generator" content="WPS Office ET"/><style>.et3{mso-number-format:"General";}</style></head>
<body><table width="360" border="0" style="border-collapse:collapse;"><!--StartFragment-->
%s<!--EndFragment--></table></body></html>"""
MERGED = """<tr height=19><td rowspan=2 class=xl65>项目</td><td colspan=2 class=xl65>服务</td><td rowspan=2>发放宣传资料</td></tr>
<tr><td class=xl65>提供免费服务人数</td><td class=xl65>其中：<br style='mso-data-placement:same-cell'>女性人数</td></tr>"""


def copy(page, text, html):
    """Leave both flavours on the browser's own clipboard, as a program does."""
    page.evaluate(
        """([text, html]) => navigator.clipboard.write([new ClipboardItem({
             "text/plain": new Blob([text], {type: "text/plain"}),
             "text/html": new Blob([html], {type: "text/html"})})])""",
        [text, html],
    )


def test_ctrl_v_takes_what_excel_wps_and_word_leave_merged_headers_and_all(page, world, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    enter(page, world)

    # Excel: a whole sheet under its merged header; text has a blank for each cell that is merged away.
    rows = """<tr><td>序号</td><td x:num>1</td><td x:num>2</td><td x:num>3</td></tr>
      <tr><td>新沂市</td><td class=xl66 align=right x:num="1331">1,331</td><td x:num>321</td><td x:num>11</td></tr>"""
    text = (
        '项目\t服务\t\t发放宣传资料\r\n\t提供免费服务人数\t"其中：\n女性人数"\t\r\n'
        "序号\t1\t2\t3\r\n新沂市\t1,331\t321\t11\r\n"
    )
    page.locator("#c5").click()
    copy(page, text, EXCEL % (MERGED + rows))
    press(page, "Control+v")
    expect(page.locator("#toasts")).to_contain_text("已粘贴 3 项；按列号对应")
    saved(page)
    assert world.figures == {1: "1331", 2: "321", 3: "11"}

    # WPS: one row with an empty cell between.
    row = '<tr height="18"><td class="et3" x:num="41">41</td><td class="et3"></td><td class="et3" x:num="6.1">6.10</td></tr>'
    page.locator("#c4").click()
    copy(page, "41\t\t6.10\r\n", WPS % row)
    press(page, "Control+v")
    saved(page)
    assert world.figures == {1: "1331", 2: "321", 3: "11", 4: "41", 6: "6.1"}

    # Word and browsers write no blank for what is merged away: by their text figures would move by a column.
    row = "<tr><td><p>新沂市</p></td><td><p>1400</p></td><td><p>400</p></td><td><p>12</p></td></tr>"
    text = "项目\t服务\t发放宣传资料\n提供免费服务人数\t其中：女性人数\n新沂市\t1400\t400\t12\n"
    copy(page, text, f"<table>{MERGED}{row}</table>")
    press(page, "Control+v")
    expect(page.locator("#toasts")).to_contain_text("按表头对应")
    saved(page)
    assert [world.figures[number] for number in (1, 2, 3)] == ["1.4E+3", "4E+2", "12"]


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


def colleague_saves(page, world, figures):
    """A colleague changes figures, and the page hears of it."""
    colleague = User.objects.get(username="colleague")
    drafts.save_figures(world.report, figures, seen=None, by=colleague)
    page.evaluate("dispatchEvent(new Event('focus'))")


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
    expect(page.locator("#save-state")).to_contain_text("未同步 1 项", timeout=8000)
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    page.reload()
    assert warned == ["beforeunload"]
    page.get_by_role("button", name="恢复并保存").click()
    expect(page.locator("[name=responsible]")).to_have_value("林主任")
    saved(page)
    assert world.report.responsible == "林主任"


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


def copies(page):
    return page.evaluate("Object.values(localStorage).map((copy) => Object.keys(JSON.parse(copy).cells))")


def test_two_tabs_of_one_report_keep_a_copy_each_also_where_one_is_a_duplicate(page, world, context):
    enter(page, world)
    cut(page)
    page.locator("#c1").fill("11")
    press(page, "Tab")
    expect(page.locator("#save-state")).to_contain_text("未同步 1 项", timeout=8000)

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
    expect(page.locator("#save-state")).to_contain_text("未同步 1 项", timeout=8000)
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
    expect(page.locator("#save-state")).to_contain_text("未同步", timeout=8000)
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
