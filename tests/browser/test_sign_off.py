"""扎口上报 in a real browser: signed with two counties missing, reopened, a late report, signed again."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from campaigns import definition
from campaigns.models import Campaign, ReportingUnit
from chunfeng.accounts.models import Membership
from reports.models import SignOff, Submission
from tests.browser.sessions import log_in, log_out
from tests.factories import make_submission, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIXTURES = Path(__file__).parents[2] / "fixtures"
PERIOD = "2024-01-26"
LATE = "320324"
ABSENT = "320382"
"""睢宁县 reports late, 邳州市 never."""


@pytest.fixture
def campaign():
    """Jiangsu; every unit of Xuzhou but two has reported 10 in each column of both forms."""
    definition.load(definition.read(FIXTURES / "jiangsu-2024"))
    campaign = Campaign.objects.get(code="jiangsu-2024")
    coordinator = Membership.Role.COORDINATOR
    make_user("city", unit=unit("320300"), role=coordinator, name="演示市审核员")
    make_user("province", unit=unit("320000"), role=coordinator, name="演示省审核员")
    make_user("clerk", unit=unit(LATE), name="演示填报员")
    period = campaign.periods.get(ends_on=PERIOD)
    for place in campaign.places.filter(unit__code__startswith="3203").exclude(unit__code__in=(LATE, ABSENT)):
        for form in campaign.forms.all():
            figures = {indicator.number: 10 for indicator in form.columns}
            make_submission(form, place, period, figures)
    return campaign


def unit(code):
    return ReportingUnit.objects.get(code=code)


def totals(page, annex):
    """The figures of the city's total on the form, band after band."""
    paper = page.locator("section.paper").nth(annex - 1)
    rows = paper.get_by_role("region", name="总计").locator("tr.total")
    return [text.strip() for row in rows.all() for text in row.locator("td").all_inner_texts()]


def open_period(page, live_server):
    page.get_by_role("link", name="扎口", exact=True).click()
    page.select_option("select[name=period]", PERIOD)
    page.get_by_role("button", name="查看").click()
    expect(page).to_have_url(f"{live_server.url}/c/jiangsu-2024/sign-off/{PERIOD}/320300/")


def test_a_city_signs_is_reopened_takes_a_late_report_and_signs_again(page, live_server, campaign):
    log_in(page, live_server.url, "city")
    open_period(page, live_server)

    # Nine of eleven have reported; the two others are confirmed one by one.
    assert totals(page, 1) == ["90"] * 16 + ["90.00"] * 2
    missing = page.get_by_role("checkbox")
    expect(missing).to_have_count(2)
    page.get_by_label("睢宁县").check()
    page.get_by_role("button", name="扎口上报").click()
    # The browser itself asks for the second.
    assert not SignOff.objects.exists()
    page.get_by_label("邳州市").check()
    page.get_by_role("button", name="扎口上报").click()
    expect(page.locator(".messages")).to_contain_text("扎口编号 JIANGSU-2024-01-320300-1")
    expect(page.locator("[aria-label=扎口回执]")).to_contain_text(
        "睢宁县（附件1、附件2）、邳州市（附件1、附件2）"
    )
    expect(page.get_by_role("button", name="扎口上报")).to_have_count(0)

    # What is below is locked.
    page.locator("section.paper").first.get_by_role("link", name="沛县").first.click()
    expect(page.locator("main")).to_contain_text("本期已由徐州市扎口上报，请先由上级重新打开")
    expect(page.get_by_role("button", name="重新打开")).to_have_count(0)
    log_out(page)

    # The late county may still report; nobody may decide on it.
    log_in(page, live_server.url, "clerk")
    page.locator(f"a[href*='tasks/fu1/{PERIOD}/{LATE}']").first.click()
    for number in range(1, 19):
        page.fill(f"#c{number}", {2: "3", 3: "1", 4: "2", 5: "0", 9: "0"}.get(number, "2"))
    # 7 + 8 should be 6: 2 + 2 is not 2.
    page.fill("#c6", "4")
    page.get_by_role("button", name="检查", exact=True).click()
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("[aria-label=上报回执]")).to_be_visible()
    expect(page.locator("main")).to_contain_text("本期已由徐州市扎口上报")
    expect(page.get_by_role("button", name="撤回修改")).to_have_count(0)
    log_out(page)

    log_in(page, live_server.url, "city")
    open_period(page, live_server)
    expect(page.locator("[aria-label=待审报表]")).to_contain_text("睢宁县 附件1")
    expect(page.locator("[aria-label=待审报表]")).to_contain_text("扎口后上报")
    assert totals(page, 1)[0] == "90"
    log_out(page)

    # The province sees who has signed and opens the period again, with a reason.
    log_in(page, live_server.url, "province")
    page.get_by_role("link", name="扎口", exact=True).click()
    page.select_option("select[name=period]", PERIOD)
    page.get_by_role("button", name="查看").click()
    row = page.locator("tbody tr", has=page.get_by_role("link", name="徐州市"))
    expect(row).to_contain_text("已扎口")
    expect(row).to_contain_text("睢宁县、邳州市")
    row.locator("summary").click()
    row.get_by_role("button", name="确认重新打开").click()
    assert SignOff.objects.get().status == "signed"
    row.get_by_label("原因").fill("睢宁县附件1已补报，请审核后重新扎口")
    row.get_by_role("button", name="确认重新打开").click()
    expect(page.locator(".messages")).to_contain_text("已重新打开：徐州市")
    expect(row).to_contain_text("睢宁县附件1已补报，请审核后重新扎口")
    log_out(page)

    # The city accepts the late report and signs again.
    log_in(page, live_server.url, "city")
    open_period(page, live_server)
    expect(page.locator("main")).to_contain_text("睢宁县附件1已补报，请审核后重新扎口")
    page.get_by_role("link", name="睢宁县 附件1").click()
    page.get_by_role("button", name="通过 A", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("已通过")
    open_period(page, live_server)
    assert totals(page, 1)[:6] == ["92", "93", "91", "92", "90", "94"]
    for name in ("睢宁县", "邳州市"):
        page.get_by_label(name).check()
    page.get_by_role("button", name="重新扎口上报").click()
    expect(page.locator(".messages")).to_contain_text("扎口编号 JIANGSU-2024-01-320300-2")
    log_out(page)

    log_in(page, live_server.url, "province")
    page.goto(f"{live_server.url}/c/jiangsu-2024/sign-off/{PERIOD}/320300/")
    expect(page.locator("[aria-label=扎口回执]")).to_contain_text("睢宁县（附件2）、邳州市（附件1、附件2）")
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.locator(".under-bar")).to_contain_text("已通过")
    moves = page.locator("[aria-label=办理记录] strong").all_inner_texts()
    assert moves == ["扎口上报", "重新打开", "扎口上报", "通过"]
    signed = SignOff.objects.get()
    assert signed.snapshot["forms"][0]["total"]["1"] == "92"
    assert Submission.objects.get(unit__code=LATE).status == "accepted"
