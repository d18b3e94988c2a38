"""The main job in a real browser: a clerk reports, the city returns and accepts, the total stands."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command
from openpyxl import load_workbook
from playwright.sync_api import expect

from campaigns import definition
from campaigns.models import ReportingUnit
from chunfeng.accounts.models import Membership
from tests.browser.sessions import log_in, log_out
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIXTURES = Path(__file__).parents[2] / "fixtures"


@dataclass(frozen=True)
class Case:
    """One unit's first report. `typed`: figures as typed by column; `corrected`: what a column becomes later."""

    campaign: str
    unit: str
    above: str
    period: str
    typed: dict
    fatal: str
    mended: tuple
    query: str
    corrected: tuple
    total: dict


WUHAN = Case(
    campaign="wuhan-2014",
    unit="420103-hr",
    above="420100-hr",
    period="2014-01-31",
    # 11 was meant to be 660: its part 14 is larger. Women are 90 % of column 4's parent.
    typed=dict(
        enumerate(
            [
                "12,600",
                "9",
                "3860",
                "3474",
                "1035",
                "468",
                "212",
                "86",
                "164",
                "71",
                "385",
                "158",
                "62",
                "612",
                "４１８",
                "175",
                "14",
                "6",
            ],
            start=1,
        )
    ),
    fatal="14 其中：享受培训补贴人数 (612) 不能大于 11 组织参加职业技能培训人数 (385)",
    mended=(14, "240"),
    query="第4列",
    corrected=(2, "10"),
    total={
        "1": "12600",
        "2": "10",
        "3": "3860",
        "4": "3474",
        "5": "1035",
        "6": "468",
        "7": "212",
        "8": "86",
        "9": "164",
        "10": "71",
        "11": "385",
        "12": "158",
        "13": "62",
        "14": "240",
        "15": "418",
        "16": "175",
        "17": "14",
        "18": "6",
    },
)
JIANGSU = Case(
    campaign="jiangsu-2024",
    unit="320381",
    above="320300",
    period="2024-01-26",
    # 5 events of a labour brand among 4 events in all; online and offline make 3, not 4.
    typed=dict(
        enumerate(
            [
                "1500",
                "4",
                "1",
                "2",
                "5",
                "1200",
                "500",
                "700",
                "100",
                "300",
                "6",
                "12",
                "3",
                "10",
                "25",
                "40",
                "12.50",
                "88.5",
            ],
            start=1,
        )
    ),
    fatal="5 劳务品牌专场招聘 (5) 不能大于 2 举办各类招聘活动 (4)",
    mended=(5, "1"),
    query="第3列",
    corrected=(1, "1600"),
    total={
        "1": "1600",
        "2": "4",
        "3": "1",
        "4": "2",
        "5": "1",
        "6": "1200",
        "7": "500",
        "8": "700",
        "9": "100",
        "10": "300",
        "11": "6",
        "12": "12",
        "13": "3",
        "14": "10",
        "15": "25",
        "16": "40",
        "17": "12.50",
        "18": "88.50",
    },
)


@pytest.fixture(params=[WUHAN, JIANGSU], ids=["wuhan", "jiangsu"])
def case(request):
    definition.load(definition.read(FIXTURES / request.param.campaign))
    make_user("clerk", unit=ReportingUnit.objects.get(code=request.param.unit), name="演示填报员")
    above = ReportingUnit.objects.get(code=request.param.above)
    make_user("coordinator", unit=above, role=Membership.Role.COORDINATOR, name="演示审核员")
    return request.param


def check(page):
    """检查, and wait for its page: until then the old one tells findings too, as they are saved."""
    with page.expect_navigation():
        page.get_by_role("button", name="检查", exact=True).click()


def test_a_report_goes_from_the_clerk_to_the_official_workbook(page, live_server, case, tmp_path):
    log_in(page, live_server.url, "clerk")
    expect(page.get_by_role("heading", name="我的任务")).to_be_visible()
    page.locator(f"a[href*='tasks/fu1/{case.period}/{case.unit}']").first.click()

    # The form is filled; the check stops what cannot be and asks about what is unlikely.
    for number, text in case.typed.items():
        page.fill(f"#c{number}", text)
    check(page)
    expect(page.locator("#problems")).to_contain_text(case.fatal)
    expect(page.locator("#problems")).to_be_focused()
    assert page.title().startswith("错误：")
    number, text = case.mended
    page.fill(f"#c{number}", text)
    check(page)
    expect(page.locator("#findings")).not_to_contain_text("不能大于")
    queries = page.locator("#findings li", has=page.locator("input"))
    expect(queries.first).to_contain_text(case.query)
    for reason in queries.locator("input.form-control").all():
        reason.fill("活动刚开始，已与台账逐项核对，本期女性和线上场次占比偏高")
    check(page)
    expect(page.get_by_role("heading", name="核对")).to_be_visible()
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("[aria-label=上报回执]")).to_contain_text("回执编号")
    expect(page.locator("[aria-label=上报回执]")).to_be_in_viewport(ratio=1)
    log_out(page)

    # The coordinator marks a cell and says what is wrong.
    log_in(page, live_server.url, "coordinator")
    page.get_by_role("link", name="审核", exact=True).last.click()
    number, text = case.corrected
    page.check(f"input[name=cells][value='{number}']")
    page.locator("summary", has_text="退回").click()
    page.get_by_role("button", name="退回填报单位").click()
    expect(page.locator("main")).to_contain_text("请写明原因")
    expect(page.locator(f"input[name=cells][value='{number}']").first).to_be_checked()
    page.fill("#id_comment", "请与活动台账核对后重报")
    page.get_by_role("button", name="退回填报单位").click()
    expect(page.locator(".messages")).to_contain_text("已退回")
    log_out(page)

    # The clerk finds it on top, with the reason and the cell marked, and corrects it.
    log_in(page, live_server.url, "clerk")
    expect(page.locator(".quote.returned").first).to_contain_text("请与活动台账核对后重报")
    page.get_by_role("link", name="修改", exact=True).click()
    expect(
        page.locator("td.cell-marked, td:has(> i[title='退回时指出'])").locator(f"#c{number}")
    ).to_be_visible()
    page.fill(f"#c{number}", text)
    check(page)
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("[aria-label=上报回执]")).to_be_visible()
    log_out(page)

    # Accepted: page, command and workbook say the same figures.
    log_in(page, live_server.url, "coordinator")
    page.get_by_role("link", name="审核", exact=True).last.click()
    page.get_by_role("button", name="通过").click()
    expect(page.locator(".messages")).to_contain_text("已通过")
    page.goto(f"{live_server.url}/c/{case.campaign}/roll-up/fu1/{case.period}/{case.above}/")
    on_page = [
        text.strip().replace(",", "") for text in page.locator("tr.total td:not(.aside)").all_inner_texts()
    ]
    expected = [case.total[str(number)] for number in range(1, 19)]
    assert on_page[:18] == expected
    assert roll_up(case)["total"] == case.total
    with page.expect_download() as download:
        page.get_by_role("link", name="导出官方表").click()
    saved = tmp_path / "total.xlsx"
    download.value.save_as(saved)
    assert figures_in(saved, row_of="总计" if case is WUHAN else "徐州市") == expected


def roll_up(case):
    printed = io.StringIO()
    call_command(
        "roll_up",
        case.campaign,
        "fu1",
        "--unit",
        case.above,
        "--period",
        case.period,
        "--format",
        "json",
        stdout=printed,
    )
    return json.loads(printed.getvalue())


def figures_in(path, *, row_of):
    """The 18 figures behind the stub `row_of` on the first sheet, printed with the cell's own decimals."""
    sheet = load_workbook(path).worksheets[0]
    found = []
    for row in sheet.iter_rows():
        if str(row[0].value or "").strip() == row_of:
            found += [cell for cell in row[1:] if cell.value is not None]
    return [f"{cell.value:.2f}" if "0.00" in cell.number_format else str(cell.value) for cell in found]
