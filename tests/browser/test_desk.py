"""报送情况 and 催报 in a real browser: the heat-map by mouse and keyboard alone, a reminder sent, read and answered."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from chunfeng.accounts.models import Membership
from reports.models import Reminder
from tests.browser.axe import serious
from tests.browser.sessions import sign_in
from tests.factories import SHANGHAI, make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    """Two periods are over, the third is open. 徐州 has three counties: one late, one returned, one that did nothing."""
    today = timezone.localdate(timezone=SHANGHAI)
    ends = [today - timedelta(days=8), today - timedelta(days=1), today + timedelta(days=6)]
    campaign = make_campaign(period_ends=ends, starts=today - timedelta(days=14))
    form = make_form(campaign, annex="附件1")
    top = make_place(campaign, "32", level="province", reports=False, name="江苏省")
    city = make_place(campaign, "3203", parent=top, level="prefecture", reports=False, name="徐州市")
    places = {
        name: make_place(campaign, code, parent=city, name=name)
        for code, name in (("320302", "鼓楼区"), ("320303", "云龙区"), ("320311", "泉山区"))
    }
    clerk = make_user("clerk", name="周填报", unit=places["泉山区"], phone="000-1")
    first, second, _ = campaign.periods.all()
    late = {"first_submitted_at": first.due_at + timedelta(hours=2), "submitted_by": clerk}
    accepted = make_submission(
        form, places["鼓楼区"], first, {1: 1}, submitted_at=late["first_submitted_at"], **late
    )
    make_submission(form, places["鼓楼区"], second, {1: 1})
    make_submission(form, places["云龙区"], first, {1: 1}, status="returned", changed_by=clerk)
    return {
        "form": form,
        "places": places,
        "second": second,
        "accepted": accepted,
        "clerk": clerk,
        "chief": make_user("chief", name="钱审核", unit=city, role=Membership.Role.COORDINATOR),
    }


def test_the_heat_map_says_who_and_when_and_is_walked_by_keys(page, context, live_server, world):
    sign_in(context, live_server, world["chief"])
    page.goto(f"{live_server.url}/c/spring/progress/")
    rows = page.locator("table.heat tbody tr")
    assert [row.split()[:4] for row in rows.all_inner_texts()] == [
        ["鼓楼区", "迟", "✓", "未"],
        ["云龙区", "退", "未", "未"],
        ["泉山区", "未", "未", "未"],
    ]
    # Each state has a colour as well as its sign.
    colours = page.evaluate(
        "[...document.querySelectorAll('table.heat tbody td > [aria-label]')].map(mark => mark.textContent +"
        " getComputedStyle(mark).backgroundColor + getComputedStyle(mark).borderTopColor)"
    )
    assert len(set(colours)) == 5  # 迟, ✓, 退, 未 overdue, 未 that has time
    assert page.locator("tfoot tr").first.inner_text().split()[:4] == ["应报", "3", "3", "3"]
    assert serious(page) == {}

    # One Tab stop for all cells; arrows go on from there, and say what the cell is.
    page.locator("table.heat tbody td > [tabindex='0']").focus()
    expect(page.locator("[data-heat-says]")).to_contain_text("鼓楼区 第1期：已通过（迟报")
    expect(page.locator("[data-heat-says]")).to_contain_text("周填报上报")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-heat-says]")).to_contain_text("云龙区 第2期：未报（已过截止）")
    page.keyboard.press("Home")
    expect(page.locator(":focus")).to_have_text("退")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_server.url}/submissions/{world['accepted'].pk}/")


def test_one_click_on_a_column_reminds_and_the_log_says_whether_it_helped(page, context, live_server, world):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(context, live_server, world["chief"])
    page.goto(f"{live_server.url}/c/spring/progress/")
    page.get_by_role("button", name="第2期").click()
    page.get_by_role("link", name="催报", exact=True).click()

    # Who gets it, what is missing, how late; the words follow what is typed.
    expect(page.get_by_role("button", name="发送催报 2 个单位")).to_be_visible()
    row = page.get_by_role("row", name="泉山区")
    expect(row).to_contain_text("附件1 未报")
    expect(row).to_contain_text("已逾期")
    expect(row).to_contain_text("周填报 000-1")
    expect(page.get_by_role("row", name="云龙区")).to_contain_text("没有填报员账号")
    assert serious(page) == {}
    page.get_by_label("催报内容").fill("请【单位】今天报【报表】")
    text = row.get_by_role("textbox", name="给泉山区的文字")
    expect(text).to_have_value("请泉山区今天报附件1")
    row.get_by_role("button", name="复制").click()
    assert page.evaluate("navigator.clipboard.readText()") == "请泉山区今天报附件1"
    page.get_by_label("云龙区", exact=True).uncheck()
    page.get_by_role("button", name="发送催报 1 个单位").click()
    expect(page.locator(".messages")).to_contain_text("已催报 1 个单位")
    expect(page.get_by_role("row", name="泉山区")).to_contain_text("还没有上报")
    assert serious(page) == {}

    # Within twelve hours it is not ticked again, and refused if it is.
    page.goto(f"{live_server.url}/c/spring/reminders/{world['second'].ends_on}/")
    expect(page.get_by_label("泉山区", exact=True)).not_to_be_checked()
    page.get_by_label("泉山区", exact=True).check()
    page.get_by_label("云龙区", exact=True).uncheck()
    page.get_by_role("button", name="发送催报").click()
    expect(page.locator(".messages")).to_contain_text("12 小时内不重复催报")
    assert Reminder.objects.count() == 1

    # The clerk finds it in the bar and is led to the form.
    sign_in(context, live_server, world["clerk"])
    page.goto(f"{live_server.url}/c/spring/tasks/")
    page.get_by_role("link", name="通知 1 条未读").click()
    expect(page.locator("article.notice")).to_contain_text("请泉山区今天报附件1")
    assert serious(page) == {}
    page.get_by_role("button", name="去办理").click()
    expect(page).to_have_url(f"{live_server.url}/c/spring/tasks/fu1/{world['second'].ends_on}/320311/")

    sent = Reminder.objects.get().at + timedelta(hours=2, minutes=5)
    make_submission(world["form"], world["places"]["泉山区"], world["second"], {1: 1}, submitted_at=sent)
    sign_in(context, live_server, world["chief"])
    page.goto(f"{live_server.url}/c/spring/reminders/")
    expect(page.get_by_role("row", name="泉山区")).to_contain_text("2 小时 5 分后报齐")


def test_a_due_time_on_a_holiday_is_decided_where_it_is_seen(page, context, live_server, world):
    campaign = world["form"].campaign
    saturday = timezone.localdate(timezone=SHANGHAI) + timedelta(days=1)
    while saturday.weekday() != 5:
        saturday += timedelta(days=1)
    period = campaign.periods.last()
    period.due_at = datetime(saturday.year, saturday.month, saturday.day, 17, 30, tzinfo=SHANGHAI)
    period.save()
    root = make_user("root", unit=campaign.places.get(parent=None), role=Membership.Role.COORDINATOR)
    sign_in(context, live_server, root)
    page.goto(f"{live_server.url}/c/spring/progress/")
    question = page.get_by_role("region", name="待决定的截止时间")
    expect(question).to_contain_text("周六")
    assert serious(page) == {}
    question.get_by_label("第3期的理由").fill("逢双休日")
    question.get_by_role("button", name="顺延到").click()
    expect(page.locator(".messages")).to_contain_text("第3期的截止时间已决定：顺延")
    expect(question).to_have_count(0)
    page.get_by_role("button", name="第3期").click()
    expect(page.locator(".dropdown-menu.show")).to_contain_text("原为")
