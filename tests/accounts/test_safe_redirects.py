"""A return address leads nowhere but to this portal."""

import pytest
from django.urls import reverse

from tests.factories import PASSWORD, make_campaign, make_place, make_user

pytestmark = pytest.mark.django_db

LOG_IN = {"username": "clerk", "password": PASSWORD}
ELSEWHERE = [
    "https://evil.example/",
    "http://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "https:/\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "\x00//evil.example/",
    " //evil.example/",
]


@pytest.fixture
def clerk():
    return make_user("clerk", unit=make_place(make_campaign(), "a"))


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_log_in_leads_to_the_own_home_page_instead(client, clerk, address):
    assert client.post(reverse("accounts:login"), LOG_IN | {"next": address}).url == reverse("reports:home")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_so_does_the_log_in_page_for_whoever_is_signed_in(client, clerk, address):
    client.force_login(clerk)
    assert client.get(reverse("accounts:login"), {"next": address}).url == reverse("reports:home")


def test_a_log_in_leads_back_to_the_page_that_asked_for_it(client, clerk):
    asked = client.get(reverse("reports:task-list", args=["spring"])).url
    answer = client.post(asked, LOG_IN | {"next": reverse("reports:task-list", args=["spring"])})
    assert answer.url == reverse("reports:task-list", args=["spring"])


@pytest.mark.parametrize("address", ["//evil.example", "//evil.example/c/spring/tasks", "/\\evil.example"])
def test_a_missing_slash_is_not_mended_into_another_site(client, clerk, address):
    client.force_login(clerk)
    answer = client.get("/", PATH_INFO=address)
    assert answer.status_code == 404 or answer.url.startswith(("/%2F", "/%5C"))
