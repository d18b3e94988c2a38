"""axe finds nothing serious on the pages of the main job, empty and filled."""

import pytest
from django.urls import reverse

from reports.briefs import writing
from tests.access import FIGURES, PERIOD_OF, make_world
from tests.browser.axe import serious
from tests.browser.sessions import sign_in
from tests.factories import make_submission

pytestmark = pytest.mark.django_db(transaction=True)


def entry(number):
    return lambda world: reverse(
        "reports:entry",
        args=["spring", "fu1", world.periods[number].ends_on.isoformat(), "district-hr"],
    )


def about(name, whose, state):
    return lambda world: reverse(f"reports:{name}", args=[world.reports[whose, state].pk])


def of_spring(name, *more):
    return lambda _: reverse(f"reports:{name}", args=["spring", *more])


PAGES = {
    "log-in": ("visitor", lambda _: reverse("accounts:login")),
    "password": ("reporter", lambda _: reverse("accounts:password-change")),
    "tasks": ("reporter", of_spring("task-list")),
    "tasks, none": ("viewer", of_spring("task-list")),
    "entry": ("reporter", entry(PERIOD_OF["draft"])),
    "entry, returned": ("reporter", entry(PERIOD_OF["returned"])),
    "entry, empty": ("reporter", entry(PERIOD_OF["none"])),
    "entry, with findings": ("reporter", entry(PERIOD_OF["signed"])),
    "entry, stopped by a check": (
        "reporter",
        lambda world: f"{entry(PERIOD_OF['signed'])(world)}?checked=1",
    ),
    "cell": ("reporter", of_spring("cell-details", "fu1", "2024-02-02", "district-hr", 1)),
    "print": ("reporter", about("submission-print", "own", "submitted")),
    "check code": ("city", lambda world: f"{of_spring('check-code')(world)}?code=7K2M-9QXT-4H3D"),
    "confirm": ("reporter", about("submission-confirm", "own", "draft")),
    "receipt": ("reporter", about("submission-detail", "own", "submitted")),
    "detail, to reopen": ("coordinator", about("submission-detail", "own", "accepted")),
    "history": ("reporter", of_spring("submission-list")),
    "queue": ("city", of_spring("review-queue")),
    "queue, empty": ("root", of_spring("review-queue")),
    "review": ("coordinator", about("submission-review", "own", "submitted")),
    "list": ("city", of_spring("submission-list")),
    "roll-up": ("city", of_spring("roll-up", "fu1", "2024-02-09", "city-hr")),
    "roll-up, figure": ("city", of_spring("roll-up-figure", "fu1", "2024-02-09", "city-hr", 1)),
    "roll-up, increment": (
        "city",
        lambda world: f"{of_spring('roll-up', 'fu1', '2024-02-09', 'city-hr')(world)}?measure=increment",
    ),
    "lines": ("root", of_spring("lines", "2024-02-09")),
    "board": ("city", of_spring("board", "fu1", "2024-02-09", "city-hr")),
    "editions": ("city", of_spring("edition-list")),
    "edition": (
        "city",
        lambda world: reverse("reports:edition-detail", args=[world.things["edition", "above"].pk]),
    ),
    "edition, to publish": ("city", of_spring("edition-draft", "2024-02-09", "city-hr")),
    "brief, to write": (
        "coordinator",
        lambda world: reverse("reports:brief-detail", args=[world.things["brief", "own"].pk]),
    ),
    "summary, to write": (
        "coordinator",
        lambda world: reverse(
            "reports:brief-detail",
            args=[writing.draft(world.things["edition", "own"], by=None, kind="summary").pk],
        ),
    ),
    "not found": ("reporter", lambda _: "/nowhere/"),
}


def test_axe_finds_nothing_serious_in_any_state(page, context, live_server):
    """Every address by itself is asked in test_security_walk.py."""
    world = make_world()
    last = world.periods[PERIOD_OF["signed"]]
    make_submission(world.forms["own"], world.places["own"], last, FIGURES | {1: 1, 2: -1}, status="draft")
    found = {}
    for name, (person, address) in PAGES.items():
        context.clear_cookies()
        if person != "visitor":
            sign_in(context, live_server, world.people[person])
        page.goto(live_server.url + address(world))
        if broken := serious(page):
            found[name] = broken
    assert found == {}
