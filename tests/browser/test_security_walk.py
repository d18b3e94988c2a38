"""A security-minded walk as each role: every page it is shown, in a real browser that reports what it blocks."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from campaigns.models import ReportingUnit
from reports.models import Submission, SubmissionEvent
from tests.access import PEOPLE, make_world, read_pages, read_table, shown
from tests.browser.axe import serious
from tests.browser.sessions import opens, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = shown(read_pages(read_table()))


@pytest.fixture
def world():
    return make_world()


def watch(page, live_server):
    """Collect what the browser complains about, and requests that leave the server."""
    complaints = []
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # a file has no icon of ours
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on(
        "response",
        lambda told: complaints.append(f"{told.status} {told.url}") if told.status >= 400 else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((live_server.url, "data:"))
            else complaints.append(f"left for {asked.url}")
        ),
    )
    return complaints


def shown_to(person):
    """One question for each page that the person is shown, about what is theirs where that is shown."""
    asked = {}
    for name, questions in SHOWN.items():
        for question in questions:
            [row] = question.page.rows_about(question)
            if question.person == person and row.cells[person] == "200":
                asked.setdefault(name, question)
    return asked


FIRST_SHOWN_TO = {name: person for person in reversed(PEOPLE) for name in shown_to(person)}


@pytest.mark.parametrize("person", PEOPLE)
def test_no_page_of_a_role_makes_the_browser_complain_or_is_hard_to_read(
    person, world, page, context, live_server
):
    """axe and the width are asked of each page once, of the first role that is shown it."""
    if person != "visitor":
        sign_in(context, live_server, world.people[person])
    complaints, hard, walked = watch(page, live_server), {}, set()
    for name, question in shown_to(person).items():
        if not opens(page, live_server.url + question.page.address(**world.arguments(question))):
            complaints.clear()  # of the browser's own viewer of pictures
            continue
        assert complaints == [], str(question)
        walked.add(name)
        if FIRST_SHOWN_TO[name] == person:
            found = serious(page)
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                found["wider than the window"] = name
            if found:
                hard[name] = found
            complaints.clear()  # of what axe itself tried
    assert hard == {}
    assert walked


def test_after_a_log_out_the_back_button_shows_nothing(world, page, live_server):
    page.goto(f"{live_server.url}/login/")
    page.fill("#id_username", "reporter")
    page.fill("#id_password", "spring-2024-wind")
    page.get_by_role("button", name="登录", exact=True).click()
    report = world.reports["own", "submitted"]
    page.goto(live_server.url + reverse("reports:submission-detail", args=[report.pk]))
    expect(page.locator("main")).to_contain_text("单位district-hr")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("单位district-hr")


def test_markup_in_names_and_reasons_is_text(world, page, context, live_server):
    markup = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    report = world.reports["own", "returned"]
    ReportingUnit.objects.filter(pk=report.unit_id).update(name=markup)
    world.places["own"].name = world.places["own"].short = markup[:40]
    world.places["own"].save()
    report.events.create(
        move=SubmissionEvent.Move.RETURNED, actor_name=markup[:50], at=report.period.due_at, comment=markup
    )
    for person, pages in {
        "reporter": [
            reverse("reports:task-list", args=["spring"]),
            reverse("reports:entry", args=["spring", "fu1", report.ends_on.isoformat(), "district-hr"]),
            reverse("reports:submission-detail", args=[report.pk]),
        ],
        "coordinator": [
            reverse("reports:review-queue", args=["spring"]),
            f"{reverse('reports:submission-list', args=['spring'])}?q={markup}",
            reverse("reports:roll-up", args=["spring", "fu1", report.ends_on.isoformat(), "district-hr"]),
        ],
    }.items():
        context.clear_cookies()
        sign_in(context, live_server, world.people[person])
        complaints = watch(page, live_server)
        for address in pages:
            page.goto(live_server.url + address)
            assert "<script>alert(1)" in page.inner_text("body") + page.locator("input").evaluate_all(
                "fields => fields.map(field => field.value).join(' ')"
            ), address
            assert complaints == [], address


def test_another_site_cannot_frame_a_page(world, page, context, live_server):
    sign_in(context, live_server, world.people["reporter"])
    page.goto("data:text/html,<p>elsewhere</p>")
    page.evaluate(
        "address => { const frame = document.createElement('iframe'); frame.src = address;"
        " document.body.append(frame); }",
        f"{live_server.url}/c/spring/tasks/",
    )
    page.wait_for_timeout(1000)
    assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]


def test_a_form_whose_token_has_gone_is_sent_again_with_one_click(world, browser, live_server):
    # Without scripts: with them every cell is saved as it is typed.
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(context, live_server, world.people["reporter"])
    report = world.reports["own", "draft"]
    address = reverse("reports:entry", args=["spring", "fu1", report.ends_on.isoformat(), "district-hr"])
    page.goto(live_server.url + address)
    page.fill("#c1", "17")
    # As when the person has logged in again in another window.
    context.add_cookies([{"name": "csrftoken", "value": "x" * 32, "url": live_server.url}])
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("heading", name="页面已过期")).to_be_visible()
    assert report.figures.get(indicator__number=1).value == 5
    page.get_by_role("button", name="再次提交").click()
    expect(page.locator(".messages")).to_contain_text("草稿已保存")
    assert report.figures.get(indicator__number=1).value == 17
    context.close()


@pytest.mark.parametrize("person", ["reporter", "coordinator", "city", "system", "nobody"])
def test_an_address_typed_by_hand_shows_what_is_there_for_nobody(person, world, page, context, live_server):
    sign_in(context, live_server, world.people[person])
    texts = set()
    beyond = Submission.objects.latest("pk").pk + 1
    for pk in (world.reports["campaign", "accepted"].pk, world.reports["line", "draft"].pk, beyond):
        answer = page.goto(f"{live_server.url}/submissions/{pk}/")
        assert answer.status == 404
        expect(page.get_by_role("heading", name="没有找到")).to_be_visible()
        texts.add(re.sub(r"[0-9a-f]{8}", "", page.inner_text("main")))
    assert len(texts) == 1
