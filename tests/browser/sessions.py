"""Signing in, by the log-in page and without it; telling pages from files."""

from django.test import Client
from playwright.sync_api import Error, expect

from tests.factories import PASSWORD


def log_in(page, address, username, password=PASSWORD):
    """Sign in by hand. address: any page of the portal that asks for it."""
    page.goto(address)
    page.get_by_label("账号").fill(username)
    page.get_by_label("密码", exact=True).fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="登录", exact=True).click()


def log_out(page):
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", name="登录")).to_be_visible()


def sign_in(context, live_server, user):
    """Give the browser the session of a person who has logged in, in place of any other."""
    client = Client()
    client.force_login(user)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([session])


def opens(page, address):
    """Open an address that answers with a page; False where it answers with a file."""
    try:
        assert page.goto(address).status == 200, address
    except Error as error:
        if "Download is starting" not in str(error):
            raise
        return False
    return page.evaluate("document.contentType") == "text/html"
