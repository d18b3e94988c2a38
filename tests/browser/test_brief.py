"""Friday evening in a real browser: three cases and an urgent matter come in, two are adopted, the brief writes itself."""

import pytest
from playwright.sync_api import expect

from campaigns.models import TextDuty
from chunfeng.accounts.models import Membership, User
from reports import lifecycle
from reports.entry import drafts
from reports.models import Submission, UrgentMatter
from reports.publishing import editions
from tests.browser.sessions import log_in, log_out
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)
from tests.reports.texts.files import jpeg

pytestmark = pytest.mark.django_db(transaction=True)

LEAVING = "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
"""Says whether leaving the page asks first."""
CASES = {
    "夜市招聘": ("#5c9b7d", "工作人员白天走访社区收集需求，晚上把招聘会办到夜市，现场咨询政策、登记求职。"),
    "直播带岗": ("#1d5a94", "主播走进车间讲薪资、讲食宿，网友边看边投简历，后台专人逐条回复并预约面试。"),
    "专车返岗": (
        "#b07a0c",
        "摸清返岗时间和去向，统一组织大巴点对点送达，随车联络员全程照应，费用由财政承担。",
    ),
}


@pytest.fixture
def campaign():
    """A province with one city and one county, whose report of the first period is published: 40 events."""
    campaign = make_campaign(title="某省2024年春风行动")
    form = make_form(
        campaign, indicators=[{"label": "举办招聘活动", "unit_of_measure": "场次"}], annex="附件1"
    )
    coordinator = Membership.Role.COORDINATOR
    province = make_place(campaign, "32", reports=False, level="province", name="某省")
    city = make_place(campaign, "3201", parent=province, reports=False, level="prefecture", name="甲市")
    county = make_place(campaign, "320101", parent=city, name="东区")
    TextDuty.objects.create(
        campaign=campaign, position=1, kind="case", each_period=True, each="prefecture", at_least=3
    )
    make_user("clerk", unit=county)
    make_user("city", unit=city)
    boss = make_user("boss", unit=province, role=coordinator)
    make_submission(form, county, period_of(campaign, 1), {1: 40})
    editions.publish(province, period_of(campaign, 1), by=boss)
    return campaign


def write_case(page, live_server, title):
    """A case of the first week, with a photograph whose people agreed."""
    page.goto(f"{live_server.url}/c/spring/texts/?period=2024-01-26")
    page.get_by_role("button", name="写一条").click()
    page.fill("#id_title", title)
    page.fill("#id_place", "甲市人力资源市场")
    colour, text = CASES[title]
    page.fill("#id_text", text * 3)
    page.get_by_role("button", name="存草稿").click()
    photo = {"name": f"{title}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(colour=colour)}
    page.set_input_files("#files", photo)
    page.get_by_label("已征得照片中人员同意").check()
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator(".messages")).to_contain_text(f"已上报：{title}")


def correct(to):
    """What the county does when its report was reopened: 40 becomes `to`, is sent and accepted."""
    clerk, boss = (User.objects.get(username=name) for name in ("clerk", "boss"))
    report = Submission.objects.get()
    lifecycle.reopen(report, by=boss, comment="第1列有误，请更正")
    drafts.save_figures(report, {1: str(to)}, seen=None, by=clerk)
    lifecycle.submit(report, by=clerk)
    lifecycle.accept(report, by=boss)


def test_cases_are_adopted_and_a_corrected_number_is_marked_in_the_brief(page, live_server, campaign):
    log_in(page, live_server.url, "city")
    for title in CASES:
        write_case(page, live_server, title)
    page.goto(f"{live_server.url}/c/spring/urgent/new/")
    page.get_by_label("突发事件").check()
    page.fill("#id_title", "返岗专车在服务区滞留")
    page.fill("#id_text", "两辆返岗专车因大雪滞留服务区，九十人，已送餐并联系交警。")
    page.get_by_role("button", name="立即报出").click()
    assert UrgentMatter.objects.get().title == "返岗专车在服务区滞留"
    log_out(page)

    log_in(page, live_server.url, "boss")
    expect(page.locator("body")).to_contain_text("返岗专车在服务区滞留")
    page.goto(f"{live_server.url}/c/spring/cases/?period=2024-01-26")
    for title in ("夜市招聘", "直播带岗"):
        page.locator("article.case", has_text=title).get_by_role("button", name="采用到简报").click()
        expect(page.locator(".messages")).to_contain_text(f"已采用：{title}")

    page.get_by_role("link", name="简报", exact=True).click()
    page.get_by_role("button", name="起草简报").click()
    document = page.locator("article.brief-page")
    expect(document).to_contain_text("举办招聘活动40场次，本期新增40场次")
    expect(document).to_contain_text("本期采用特色亮点2条。")
    expect(document).to_contain_text("甲市：夜市招聘。")
    expect(document).not_to_contain_text("专车返岗")

    # By hand: the sentence is another one, its number stays bound.
    page.get_by_role("link", name="修改“总体进展”第 1 段").click()
    page.fill("#text", "春节前各地抓紧行动，已举办〔3：40〕场次。")
    page.locator("#text").evaluate("field => field.setSelectionRange(0, 0)")
    page.select_option("#number-unit", label="甲市")
    page.get_by_role("button", name="累计", exact=True).click()
    expect(page.locator("#text")).to_have_value(
        "〔甲市附件1第1列累计〕春节前各地抓紧行动，已举办〔3：40〕场次。"
    )
    page.fill("#text", "春节前各地抓紧行动，已举办〔3：40〕场次。")
    assert page.evaluate(LEAVING)
    page.get_by_role("button", name="保存").click()
    expect(document).to_contain_text("春节前各地抓紧行动，已举办40场次。")
    expect(page.locator(".chip-changed:visible")).to_have_count(1)  # the one in the legend

    correct(42)
    page.reload()
    edited = page.locator("#p1")
    expect(edited.locator(".chip-changed")).to_have_text("40")
    expect(edited).to_contain_text("▲已变化，现为 42")
    page.get_by_role("button", name="刷新数字").click()
    expect(edited).to_contain_text("春节前各地抓紧行动，已举办42场次。")
    expect(edited.locator(".chip-changed")).to_have_count(0)
    page.get_by_role("button", name="重新生成草稿").click()
    expect(edited).to_contain_text("春节前各地抓紧行动，已举办42场次。")
    expect(edited).to_contain_text("手工修改")

    # A block goes in behind it; its number is frozen alone.
    page.get_by_role("link", name="在“总体进展”第 1 段之后插入").click()
    page.get_by_role("button", name="累计", exact=True).click()
    page.get_by_role("link", name="“总体进展”第 2 段的数字").click()
    page.get_by_role("button", name="刷新：附件1第1列累计").click()
    page.get_by_role("button", name="冻结：附件1第1列累计").click()
    page.get_by_role("link", name="返回简报").click()
    expect(page.locator("#p2 .chip-frozen")).to_have_text("42")

    with page.expect_download() as download:
        page.get_by_role("link", name="导出 Word").click()
    assert download.value.suggested_filename.endswith("简报_第1期.docx")
    page.get_by_role("link", name="起草", exact=True).click()
    expect(document).to_contain_text("举办招聘活动40▲已变化，现为 42场次")
