"""Signing in without the log-in page; telling pages from files."""

from django.test import Client


def sign_in(context, live_server, user):
    """Give the browser the session of a person who has logged in, in place of any other."""
    client = Client()
    client.force_login(user)
    session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    context.add_cookies([session])


def answers_with_a_page(context, address):
    """Tell whether an address answers 200 with a page, not with a file."""
    answer = context.request.get(address)
    assert answer.status == 200, address
    return answer.headers["content-type"].startswith("text/html")
