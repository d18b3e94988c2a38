"""What Excel, WPS and Word leave on the clipboard lands where it belongs."""

import pytest
from playwright.sync_api import expect

from tests.browser.entry.hands import enter, paste, press, saved

pytestmark = pytest.mark.django_db(transaction=True)


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
