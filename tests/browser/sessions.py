"""Signing in without the log-in page; telling pages from files."""

from django.test import Client
from playwright.sync_api import Error


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
