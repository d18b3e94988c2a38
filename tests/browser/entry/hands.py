"""What the tests of the entry page do with it, and the report that they fill."""

from dataclasses import dataclass

from playwright.sync_api import expect

from chunfeng.accounts.models import User
from reports.entry import drafts
from reports.models import Submission
from tests.browser.sessions import log_in


@dataclass
class World:
    """A county whose form has two bands of three columns: 2 其中 of 1, 4 compared with a last report, 6 money."""

    form: object
    place: object
    period: object
    address: str

    @property
    def report(self):
        return Submission.objects.get(unit=self.place.unit, period=self.period)

    @property
    def figures(self):
        return {n: str(v.normalize()) for n, v in drafts.figures_of(self.report).items() if v is not None}


def enter(page, world, username="clerk"):
    log_in(page, world.address, username)
    expect(page.locator("html[data-ready]")).to_be_attached()


def saved(page):
    expect(page.locator("#save-state")).to_have_attribute("data-phase", "saved")
    expect(page.locator("#save-state")).to_contain_text("已保存")


def cut(page):
    """Let nothing leave the page, not even what is sent as it goes, until it is loaded again."""
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('cut')); }")


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.value")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def paste(page, **flavours):
    """Put what a program leaves on the clipboard into the focused cell, as Ctrl+V does."""
    page.evaluate(
        """(flavours) => {
          const data = new DataTransfer();
          for (const [kind, text] of Object.entries(flavours)) data.setData(kind, text);
          document.activeElement.dispatchEvent(
            new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        {{"text": "text/plain", "html": "text/html"}[kind]: text for kind, text in flavours.items()},
    )


def colleague_saves(page, world, figures):
    """A colleague changes figures, and the page hears of it."""
    colleague = User.objects.get(username="colleague")
    drafts.save_figures(world.report, figures, seen=None, by=colleague)
    page.evaluate("dispatchEvent(new Event('focus'))")


def copies(page):
    return page.evaluate("Object.values(localStorage).map((copy) => Object.keys(JSON.parse(copy).cells))")
