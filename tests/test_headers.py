"""What every answer forbids the browser: to store it, to frame it, to run or fetch anything that is not ours.

And where its links lead: nobody is shown one that is refused.
"""

import logging
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from django.db import transaction

from tests.access import PEOPLE, fetch, make_world, read_pages, read_table, shown

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}
OF_A_FILE = POLICY - {"default-src 'self'"} | {"default-src 'none'", "sandbox"}
"""Of what people uploaded: opened alone, it can do nothing at all."""
FILES = {"reports:attachment-file", "reports:attachment-thumbnail"}
SHOWN = shown(read_pages(read_table()))


class Page(HTMLParser):
    """Collects what a strict policy would block, and every address that a page names."""

    def __init__(self):
        super().__init__()
        self.blocked, self.addresses, self.links, self.inside = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.inside = tag if tag == "style" or (tag == "script" and "src" not in given) else ""
        if given.get("type") == "application/json":
            self.inside = ""
        self.blocked += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        named = [given[name] for name in ("href", "src", "action", "formaction") if given.get(name)]
        self.blocked += [f"<{tag} {address}>" for address in named if address.startswith("javascript:")]
        self.addresses += named
        self.links += [given["href"]] if tag == "a" and given.get("href") else []

    def handle_data(self, data):
        if self.inside and data.strip():
            self.blocked.append(f"<{self.inside}> {data.strip()[:60]}")


@pytest.fixture(scope="module")
def clients(django_db_setup, django_db_blocker):
    """By person, in one world that is rolled back in the end."""
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        yield {person: (world, world.client(person)) for person in PEOPLE}
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def responses(clients):
    """One response by page and person: each page as each person sees it who is shown it."""
    found = {}
    for page, asked in SHOWN.items():
        for question in asked:
            if (page, question.person) not in found:
                response, _ = fetch(*clients[question.person], question)
                found[page, question.person] = response
    return found


def assert_closed(response, about, policy=POLICY):
    assert set(response.headers["Content-Security-Policy"].split("; ")) == policy, about
    assert response.headers["Cache-Control"] == "no-store", about
    assert response.headers["X-Frame-Options"] == "DENY", about
    assert response.headers["X-Content-Type-Options"] == "nosniff", about
    assert response.headers["Referrer-Policy"] == "same-origin", about
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", about
    assert "camera=()" in response.headers["Permissions-Policy"], about


def test_every_page_forbids_storing_framing_and_foreign_code(responses):
    assert len({page for page, _ in responses}) > 15
    for (page, person), response in responses.items():
        is_file = page in FILES and response.status_code == 200
        assert_closed(response, (page, person), OF_A_FILE if is_file else POLICY)


def test_a_refusal_forbids_the_same(client):
    for response in (client.get("/nowhere/"), client.get("/login/demo/")):
        assert_closed(response, response.status_code)


def test_no_page_has_code_or_style_of_its_own_or_an_address_outside_the_server(responses):
    looked_at = 0
    for about, response in responses.items():
        if response.status_code != 200 or "text/html" not in response.headers["Content-Type"]:
            continue
        page = Page()
        page.feed(response.text)
        assert page.blocked == [], about
        outside = [address for address in page.addresses if "//" in address or address.startswith("data:")]
        assert outside == [], about
        looked_at += 1
    assert looked_at > 20


def test_no_link_leads_whoever_is_shown_it_to_a_refusal(clients, responses):
    refused, followed = {}, set()
    for (page, person), response in responses.items():
        if response.status_code != 200 or "text/html" not in response.headers["Content-Type"]:
            continue
        parsed = Page()
        parsed.feed(response.text)
        for link in parsed.links:
            address = urljoin(response.wsgi_request.path, link).partition("#")[0]
            path = address.partition("?")[0]
            if (person, path) in followed or path.startswith("/admin/"):
                continue
            followed.add((person, path))
            with transaction.atomic():
                status = clients[person][1].get(address).status_code
                transaction.set_rollback(True)
            if status >= 400:
                refused[person, address] = (page, status)
    assert len(followed) > 100
    assert refused == {}


def test_static_files_may_be_stored(client, settings):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    response = client.get("/static/css/chunfeng.css")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] != "no-store"
