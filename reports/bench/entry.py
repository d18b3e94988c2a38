"""Saving an entry page: the processor time of the whole request, against a bare Django view."""

from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import ResolverMatch, reverse

from chunfeng.accounts.models import Membership, User
from reports.entry import drafts
from reports.models import FigureChange, Submission

from .campaign import wuhan
from .frame import Bench, Outcome, cpu, measurement

SAVES = 20
"""Saves a round: one takes a few milliseconds, and the clock of a process is coarse."""
_TOKEN = "b" * 32
_UNIT, _FORM, _PERIOD = "420103-hr", "fu1", "2014-02-28"
# What `django-admin startproject` writes.
_PLAIN_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


@measurement(
    "entry", ours="保存填报页并检查（CPU）", theirs="含会话、登录和一次写入的 Django 视图（CPU）", goal=2
)
def saving(bench: Bench) -> Outcome:
    campaign = wuhan(bench)
    user = User.objects.create(username="bench-clerk", name="填报员", must_change_password=False)
    form = campaign.forms.get(code=_FORM)
    period = campaign.periods.get(ends_on=_PERIOD)
    unit = campaign.places.get(unit__code=_UNIT).unit
    Membership.objects.create(user=user, unit=unit, role=Membership.Role.REPORTER)
    submission = drafts.open_draft(form, unit, period)
    numbers = [column.number for column in form.columns]
    drafts.save_figures(submission, dict.fromkeys(numbers, "0"), seen=None, by=user)
    cookies = _cookies(user)
    address = reverse("reports:entry", args=[campaign.code, _FORM, _PERIOD, _UNIT])
    values = count(1)

    def posted() -> str:
        """One cell typed, the others as they are: what the page sends."""
        value = next(values)
        figures = {f"c{number}": "0" for number in numbers} | {"c1": str(value)}
        seen = {f"seen-c{number}": "0" for number in numbers} | {"seen-c1": str(value - 1)}
        return urlencode(figures | seen | {"action": "submit", "csrfmiddlewaretoken": _TOKEN})

    ours = _saves(WSGIHandler(), address, cookies, posted)
    with override_settings(MIDDLEWARE=_PLAIN_MIDDLEWARE):
        handler = _OneView(lambda request: _insert(request, submission))
    theirs = _saves(handler, "/", cookies, lambda: urlencode({"c1": "1", "csrfmiddlewaretoken": _TOKEN}))
    return bench.compare(ours, theirs, clock=cpu, note=f"每轮各 {SAVES} 次")


class _OneView(WSGIHandler):
    """Django with a single view and no addresses."""

    def __init__(self, view: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__()
        self._view = view

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        request.resolver_match = ResolverMatch(self._view, (), {})
        return request.resolver_match


def _insert(request: HttpRequest, submission: Submission) -> HttpResponse:
    """A view that asks who is there and inserts one row."""
    if not request.user.is_authenticated:
        raise AssertionError("the measurement is not signed in")
    FigureChange.objects.create(
        submission=submission,
        indicator_id=submission.report_form.columns[0].pk,
        new=request.POST["c1"],
        actor=request.user,
    )
    return HttpResponse("ok")


def _saves(handler: WSGIHandler, path: str, cookies: str, posted: Callable[[], str]) -> Callable[[], None]:
    requests = RequestFactory(secure=settings.SECURE_SSL_REDIRECT)

    def save() -> None:
        for _ in range(SAVES):
            environ = requests.generic(
                "POST",
                path,
                posted(),
                "application/x-www-form-urlencoded",
                HTTP_COOKIE=cookies,
                HTTP_REFERER="https://testserver/",
            ).environ
            if not (status := _served(handler, environ)).startswith(("200", "302")):
                raise AssertionError(f"the save of the measurement was answered by {status}")

    return save


def _served(handler: WSGIHandler, environ: dict[str, Any]) -> str:
    """Serve one request to its last byte; return the status."""
    statuses: list[str] = []

    def start(status: str, *_: object) -> None:
        statuses.append(status)

    response = handler(environ, start)  # type: ignore[arg-type]
    b"".join(response)
    response.close()
    return statuses[0]


def _cookies(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={_TOKEN}"
