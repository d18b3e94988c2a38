"""How quick the entry page feels in a browser: `make bench-browser` prints the medians."""

import statistics

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.conftest import browser_context_args, browser_type_launch_args  # noqa: F401
from tests.browser.sessions import log_in
from tests.factories import make_campaign, make_form, make_place, make_user

pytestmark = [pytest.mark.soak, pytest.mark.django_db(transaction=True)]

ROUNDS = 9
KEYS = 40
TO_PAINT = """
() => { window.paints = [];
  addEventListener("keydown", (event) => {
    const from = event.timeStamp;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => window.paints.push(performance.now() - from);
      after.port2.postMessage(0);
    });
  }, true); }
"""
TO_STORED = """
(text) => new Promise((done) => {
  const from = performance.now();
  const stored = () => {
    if (document.getElementById("save-state").dataset.phase !== "saved") return;
    document.removeEventListener("cell:saved", later);
    done(performance.now() - from);
  };
  const later = () => setTimeout(stored);
  document.addEventListener("cell:saved", later);
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.activeElement.dispatchEvent(
    new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
})
"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@pytest.mark.parametrize("bands", [[10, 10], [18] * 20], ids=["2 x 10, the largest real form", "20 x 18"])
def test_the_entry_page_feels_instant(bands, live_server, page, capsys, request):
    campaign = make_campaign()
    make_form(campaign, layout="bands", bands=bands, indicators=sum(bands))
    make_user("clerk", unit=make_place(campaign, "county"))
    ends_on = campaign.periods.first().ends_on.isoformat()
    address = live_server.url + reverse("reports:entry", args=["spring", "fu1", ends_on, "county"])
    log_in(page, live_server.url, "clerk")

    painted = []
    for _ in range(ROUNDS):
        page.goto(address)
        expect(page.locator("html[data-ready]")).to_be_attached()
        painted.append(page.evaluate(FIRST_PAINT))

    pasted = []
    for round_ in range(1, ROUNDS + 1):
        page.locator("#c1").click()
        block = "\r\n".join(
            "\t".join(str(round_ * 1000 + row * 18 + column) for column in range(width))
            for row, width in enumerate(bands)
        )
        pasted.append(page.evaluate(TO_STORED, block))

    page.evaluate(TO_PAINT)
    page.locator("#c1").click()
    for key in range(KEYS):
        page.keyboard.press("Enter" if key % 5 == 4 else str(key % 5 + 1))
    page.wait_for_timeout(300)
    keys = page.evaluate("window.paints")

    with capsys.disabled():
        print(  # noqa: T201
            f"\n{request.node.callspec.id}: keystroke to paint {statistics.median(keys):.0f} ms of {len(keys)} (goal 50), "
            f"first paint {statistics.median(painted):.0f} ms (goal 1000), "
            f"paste of {sum(bands)} cells to stored {statistics.median(pasted):.0f} ms (goal 1000)"
        )
    assert statistics.median(keys) < 50
    assert statistics.median(painted) < 1000
    assert statistics.median(pasted) < 1000
