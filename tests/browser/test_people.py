"""Three people who share the power over accounts: 45 clerks enrolled, confirmed, given slips; one logs in."""

import re

import pytest
from playwright.sync_api import expect

from campaigns.tables import write_excel
from chunfeng.accounts.models import Membership, ProposedMembership, User
from tests.browser.sessions import log_in, log_out
from tests.factories import make_campaign, make_form, make_place, make_user

pytestmark = pytest.mark.django_db(transaction=True)
COUNTIES = 45


@pytest.fixture
def office():
    """A city with 45 counties, and the site's administrators."""
    campaign = make_campaign()
    make_form(campaign)
    city = make_place(
        campaign, "420100", level="prefecture", name="武汉市人力资源和社会保障局", reports=False
    )
    for number in range(COUNTIES):
        make_place(campaign, f"4201{number + 10:02d}", parent=city, name=f"第{number + 1}区人力资源局")
    make_user("system", name="陈立春", site_role="system")
    make_user("security", name="林雨水", site_role="security")
    return campaign


@pytest.fixture
def violations(page):
    """What the browser refused to run or draw on the pages of the test."""
    refused = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
    return refused


def people_table():
    columns = ["账号", "姓名", "联系电话", "单位代码", "角色"]
    rows = [
        [f"qu{number + 1:02d}", f"填报员{number + 1}", "027-8500 0000", f"4201{number + 10:02d}", "填报员"]
        for number in range(COUNTIES)
    ]
    return {
        "name": "人员.xlsx",
        "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "buffer": write_excel(columns, rows),
    }


def act(page, action):
    """Tick every row of a list of the administration and run an action on them."""
    page.locator("#action-toggle").check()
    page.get_by_label("动作").select_option(label=action)
    page.get_by_role("button", name="执行").click()


def test_forty_five_people_are_enrolled_confirmed_and_given_slips(page, live_server, office, violations):
    # The system administrator brings them in, with the roles that are proposed.
    log_in(page, live_server.url, "system")
    expect(page).to_have_url(f"{live_server.url}/admin/")
    page.get_by_role("link", name="人员", exact=True).click()
    page.get_by_role("link", name="批量导入").click()
    page.get_by_label("文件").set_input_files(people_table())
    page.get_by_role("button", name="上传并预览").click()
    expect(page.locator(".import-rows tbody tr")).to_have_count(COUNTIES)
    assert not ProposedMembership.objects.exists()
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("导入完成：新增 45 项")).to_be_visible()
    assert ProposedMembership.objects.count() == COUNTIES
    assert not Membership.objects.exists()
    log_out(page)

    # The security administrator, who makes no accounts, confirms all at once.
    log_in(page, live_server.url, "security")
    page.get_by_role("link", name="待确认的角色", exact=True).click()
    act(page, "批量确认")
    expect(page.get_by_text("已确认 45 项角色")).to_be_visible()
    assert Membership.objects.filter(role="reporter").count() == COUNTIES
    log_out(page)

    # The slips are printed, one a person, two a row.
    log_in(page, live_server.url, "system")
    page.goto(f"{live_server.url}/admin/accounts/user/?memberships__role__exact=reporter")
    act(page, "发放初始密码，打印密码条")
    expect(page.get_by_text("为 45 人发放初始密码")).to_be_visible()
    page.get_by_role("button", name="生成并显示密码条").click()
    slips = page.locator(".slip")
    expect(slips).to_have_count(COUNTIES)
    slip = slips.filter(has_text="第7区人力资源局")
    password = slip.locator(".password").inner_text()
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", password)
    expect(slip).to_contain_text("qu07")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    page.emulate_media(media="screen")
    log_out(page)

    # One of the clerks logs in and comes no further than the page for a new password.
    log_in(page, live_server.url, "qu07", password)
    expect(page).to_have_url(f"{live_server.url}/password/")
    page.goto(f"{live_server.url}/c/spring/tasks/")
    expect(page).to_have_url(f"{live_server.url}/password/")
    page.get_by_label("原密码").fill(password)
    page.locator("#id_new_password1").fill("Willow-in-march-7")
    page.locator("#id_new_password2").fill("Willow-in-march-7")
    page.get_by_role("button", name="修改密码").click()
    expect(page.get_by_role("heading", name="我的任务")).to_be_visible()
    assert not User.objects.get(username="qu07").must_change_password
    assert violations == []
