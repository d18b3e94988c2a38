"""审核 in a real browser: the desk by keyboard, a return and what changed since, and a coordinator's whole Friday."""

import io
import sys
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from campaigns import definition
from campaigns.models import Campaign, ReportingUnit
from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.models import Edition, Submission, SubmissionEvent
from tests.browser.sessions import log_in
from tests.factories import make_submission, make_user

pytestmark = pytest.mark.django_db(transaction=True)

FIXTURES = Path(__file__).parents[2] / "fixtures"
PERIOD = 3
MISSING, QUERIES, FALLS = 6, 5, 2
MOST_CLICKS = 25


@pytest.fixture
def campaign():
    """Wuhan: three half-months of 48 units, the third waiting; one person coordinates the office and all lines."""
    definition.load(definition.read(FIXTURES / "wuhan-2014"))
    campaign = Campaign.objects.get(code="wuhan-2014")
    boss = make_user("boss", name="演示审核员")
    for code in ("420100-office", "420100-hr", "420100-union", "420100-women"):
        unit = ReportingUnit.objects.get(code=code)
        Membership.objects.create(user=boss, unit=unit, role=Membership.Role.COORDINATOR)
    periods = list(campaign.periods.order_by("ends_on"))[:PERIOD]
    forms = {form.line: form for form in campaign.forms.all()}
    places = list(campaign.places.filter(reports=True).select_related("unit"))
    for number, place in enumerate(places):
        form = forms[place.line]
        for times, period in enumerate(periods, start=1):
            figures = {column.number: 10 * times + 60 * (column.parent_id is None) for column in form.columns}
            if period.number < PERIOD:
                make_submission(form, place, period, figures)
            elif number >= MISSING:
                _send(form, place, period, figures, number - MISSING)
    return campaign


def _send(form, place, period, figures, number):
    """The first few have explanations, two of them about a fall."""
    explanations = []
    if number < QUERIES + FALLS:
        figures[1] = 5 if number < FALLS else 900
        kind = "fall" if number < FALLS else "jump"
        reason = "剔除重复登记的份数" if number < FALLS else "集中进村发放宣传资料"
        explanations = [{"finding": f"{kind}:1", "message": "", "text": reason}]
    report = make_submission(
        form, place, period, figures, status="submitted", receipt=f"R-{place.pk}", prepared_by="演示填报员"
    )
    for told in explanations:
        report.explanations.create(finding=told["finding"], text=told["text"])
    report.events.create(
        move=SubmissionEvent.Move.SUBMITTED,
        actor_name="导入",
        at=period.due_at,
        receipt=report.receipt,
        snapshot=lifecycle.snapshot(report, explanations),
    )


@pytest.fixture
def desk(page, live_server, campaign):
    """The queue, signed in."""
    log_in(page, f"{live_server.url}/c/{campaign.code}/review/", "boss")
    expect(page.get_by_role("heading", name="待审 42")).to_be_visible()
    return page


def ready(page):
    page.wait_for_function("document.documentElement.dataset.ready !== undefined")


def opened(page):
    """The address of the report that is on the desk, once its keys work."""
    page.wait_for_url("**/submissions/*/review/**")
    ready(page)
    return page.url


def marks_of(page):
    return ["".join(text.split()) for text in page.locator(".desk-marks").all_inner_texts()]


def test_the_queue_is_worked_by_keyboard_and_a_return_leads_to_what_changed(desk, live_server):
    page = desk
    ready(page)
    # Falls first, then the other explanations; J and K move, Enter opens.
    first = page.locator(".queue tbody tr").nth(0)
    expect(first).to_contain_text("▼ 降 1")
    page.keyboard.press("j")
    expect(page.locator(".queue a.title").nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".queue a.title").nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    address = opened(page)
    assert marks_of(page)[:3] == ["▼降1?1", "▼降1?1", "?1"]
    expect(page.locator(".desk-bar")).to_contain_text("第 1/42 份")
    # Last time 80, now 5: the difference, the share of the city and the clerk's reason stand on the page.
    row = page.locator("#c1")
    expect(row).to_contain_text("\N{MINUS SIGN}75")
    expect(row.locator("rect.bar-fall")).to_have_count(1)
    expect(page.locator(".desk-reasons")).to_contain_text("剔除重复登记的份数")
    # J opens the next, K the one before.
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != address)
    opened(page)
    page.keyboard.press("k")
    page.wait_for_url(address)
    opened(page)
    # Single keys can be turned off, which is remembered.
    page.get_by_role("button", name="单键快捷键：开").click()
    page.reload()
    ready(page)
    page.keyboard.press("r")
    expect(page.locator(".desk-return textarea")).to_be_hidden()
    page.get_by_role("button", name="单键快捷键：关").click()
    # R asks for the reason, Escape takes it back; a return without one is refused and says so.
    page.keyboard.press("r")
    expect(page.locator(".desk-return textarea")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".desk-return textarea")).to_be_hidden()
    page.keyboard.press("r")
    page.locator("#c1 th").click()
    page.locator("#c2 input").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator(".picked-cells")).to_have_text("第 1、3 列")
    page.get_by_role("button", name="退回填报单位").click()
    expect(page.get_by_text("请写明原因：填报员要知道改什么。")).to_be_visible()
    expect(page.locator("#c3 input")).to_be_checked()
    page.locator(".desk-return textarea").fill("第1、3列与台账不符")
    page.get_by_role("button", name="退回填报单位").click()
    page.wait_for_url(lambda url: url != address and "review" in url)
    assert opened(page) != address
    expect(page.locator(".messages")).to_contain_text("已退回")
    # The unit corrects one cell and sends again: that cell alone is shown.
    report = Submission.objects.get(pk=int(address.split("/submissions/")[1].split("/")[0]))
    assert report.last_return().cells == [1, 3]
    report.figures.filter(indicator__number=1).update(value=105)
    lifecycle.submit(report, by=None)
    page.goto(address)
    opened(page)
    expect(page.locator(".differences tbody tr")).to_have_count(1)
    expect(page.locator("#c1")).to_contain_text("105")
    page.get_by_role("link", name="全部", exact=True).click()
    expect(page.locator(".differences tbody tr")).to_have_count(len(report.report_form.columns))


def test_bulk_acceptance_can_be_stopped_and_leaves_marked_rows_alone(desk):
    page = desk
    page.get_by_role("link", name="批量通过无标记的 35 份…").click()
    expect(page.locator(".bulk-names li")).to_have_count(35)
    page.get_by_role("button", name="通过这 35 份").click()
    expect(page.locator(".bulk")).to_contain_text("秒后完成")
    page.get_by_role("button", name="停止").click()
    expect(page.locator(".messages")).to_contain_text("没有通过任何报表")
    assert Submission.objects.filter(status="submitted").count() == 42


def test_a_whole_friday_from_the_queue_to_a_published_edition(desk, campaign, capsys):
    page = desk
    ready(page)
    begun, clicks = time.monotonic(), 0

    def click(locator):
        nonlocal clicks
        clicks += 1
        locator.click()

    # Two falls and five queries, one by one: each decision opens the next.
    click(page.locator(".queue a.title").nth(0))
    for left in range(QUERIES + FALLS, 0, -1):
        address = opened(page)
        assert sum(text != "无标记" for text in marks_of(page)) == left
        page.keyboard.press("a")
        clicks += 1
        page.wait_for_url(lambda url, before=address: url != before)
    opened(page)
    # The 35 without marks together; ten seconds in which it could be stopped.
    click(page.get_by_role("link", name="批量通过无标记的 35 份…"))
    click(page.get_by_role("button", name="通过这 35 份"))
    expect(page.get_by_text("已批量通过 35 份")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name="待审 0")).to_be_visible()
    # The edition: six have not reported, and are named as carried.
    click(page.get_by_role("link", name="去发布"))
    click(page.get_by_role("link", name="核对并发布").nth(0))
    expect(page.locator(".edition-warnings")).to_contain_text("没有报齐")
    click(page.get_by_role("button", name="发布第3期"))
    with page.expect_download() as download:
        click(page.get_by_role("link", name="下载发布时的官方表"))
    seconds = time.monotonic() - begun
    workbook = load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    with capsys.disabled():
        sys.stdout.write(
            f"\nFriday: 42 reports, {clicks} clicks and keys, {seconds:.0f} s of which 10 s are the pause\n"
        )
    assert len(workbook.sheetnames) >= 1
    assert clicks <= MOST_CLICKS
    edition = Edition.objects.get()
    assert edition.period == campaign.periods.get(number=PERIOD)
    accepted = Submission.objects.accepted().filter(period__number=PERIOD)
    assert accepted.count() == 42
    # 附件1 indicator 1: every report that counts, carried ones with their 80 of the second half-month.
    counted = {}
    form = campaign.forms.get(code="fu1")
    for report in Submission.objects.accepted().filter(report_form=form).order_by("ends_on"):
        counted[report.unit_id] = report.figures.get(indicator__number=1).value
    stored = edition.content["forms"]["fu1"]["cumulative"]["total"]["1"]
    assert int(stored) == sum(counted.values())
