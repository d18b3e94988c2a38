"""A clerk who has never seen the portal: how many actions a correct report takes, and what a screen reader says."""

import sys

import pytest
from playwright.sync_api import expect

from campaigns import definition
from campaigns.models import ReportForm, ReportingUnit
from chunfeng.accounts.models import User
from reports.models import Submission
from tests.browser.sessions import log_in, sign_in
from tests.campaigns.definitions import FIXTURES
from tests.factories import make_submission, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIGURES = [12600, 9, 3860, 1742, 1035, 468, 212, 86, 164, 71, 385, 158, 62, 240, 418, 175, 14, 6]


@pytest.fixture
def wuhan(live_server):
    """The form of Wuhan's HR line, and a clerk of 江汉区 who has reported nothing yet."""
    definition.load(definition.read(FIXTURES / "wuhan-2014"))
    unit = ReportingUnit.objects.get(code="420103-hr")
    make_user("clerk", unit=unit, name="演示填报员", phone="000-0000 0000（演示）")
    return ReportForm.objects.get(campaign__code="wuhan-2014", code="fu1")


def test_a_new_clerk_reports_eighteen_figures_with_three_other_actions(page, live_server, wuhan, capsys):
    actions = []

    def act(name, locator):
        locator.click()
        actions.append(name)

    log_in(page, live_server.url, "clerk")
    expect(page.get_by_role("heading", name="我的任务")).to_be_visible()
    act("打开", page.get_by_role("link", name="开始填报").first)
    page.locator("#c1").focus()
    for figure in FIGURES:
        page.keyboard.type(str(figure))
        page.keyboard.press("Tab")
    act("检查", page.get_by_role("button", name="检查", exact=True))
    expect(page.get_by_role("heading", name="核对")).to_be_visible()
    expect(page.get_by_label("填表人")).to_have_value("演示填报员")
    expect(page.get_by_label("联系电话")).to_have_value("000-0000 0000（演示）")
    act("上报", page.get_by_role("button", name="上报", exact=True))
    expect(page.locator("[aria-label=上报回执]")).to_contain_text("回执编号")

    report = Submission.objects.get()
    stored = dict(report.figures.values_list("indicator__number", "value"))
    assert stored == dict(enumerate(FIGURES, start=1))
    assert report.prepared_by == "演示填报员"
    with capsys.disabled():
        sys.stdout.write(
            f"\n填报附件1（18 个数字）：除填数和移动外 {len(actions)} 步：{'、'.join(actions)}\n"
        )
    assert len(actions) <= 3


def test_a_cell_is_named_by_unit_headers_column_and_last_figure(page, context, live_server, wuhan):
    first, second, *_ = wuhan.campaign.periods.all()
    unit = ReportingUnit.objects.get(code="420103-hr")
    make_submission(wuhan, unit, first, {3: 200, 4: 96, 17: None})
    sign_in(context, live_server, User.objects.get(username="clerk"))
    page.goto(f"{live_server.url}/c/wuhan-2014/tasks/fu1/{second.ends_on}/420103-hr/")
    names = {
        3: "江汉区，提供免费服务人数，第3列，上期 200",
        4: "江汉区，其中：女性人数，第4列，上期 96",
        14: "江汉区，其中：享受培训补贴人数，第14列，上期 —",
        17: "江汉区，推荐用工规范诚信企业个数，第17列，上期 —",
    }
    for number, name in names.items():
        expect(page.get_by_role("textbox", name=name, exact=True)).to_have_id(f"c{number}")
    cells = page.locator("input.cell-input")
    expect(cells).to_have_count(18)
    for number, cell in enumerate(cells.all(), start=1):
        expect(cell).to_have_accessible_name(
            f"江汉区，{wuhan.columns[number - 1].label}，第{number}列，上期 { {3: 200, 4: 96}.get(number, '—') }"
        )

    # Ctrl+Enter tells all about the cell; Esc leads back to it.
    page.locator("#c4").focus()
    page.keyboard.press("Control+Enter")
    panel = page.locator("#details")
    expect(panel.get_by_role("heading", name="4 其中：女性人数")).to_be_focused()
    expect(panel).to_contain_text("第3列“提供免费服务人数”中的女性人数。")
    expect(page.locator("#c4")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("#c4")).to_be_focused()
