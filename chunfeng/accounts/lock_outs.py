"""Lock-outs: five wrong passwords for an account from one address close it there for fifteen minutes.

django-axes counts; the settings that begin with AXES_ name the functions here. A lock-out is told in one
sentence whether or not there is such an account.
"""

import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address

from axes.utils import reset
from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from .models import LockOut

SENTENCE = "密码错误次数过多，该账号在这里已暂停登录 15 分钟。请稍后再试，或请安全管理员解锁。"


def account_named(request: HttpRequest, credentials: dict[str, str] | None = None) -> str:
    """The account that is tried: log-in names ignore case, so one name cannot be tried in several spellings."""
    named = credentials if credentials is not None else request.POST
    return unicodedata.normalize("NFKC", named.get("username") or "").strip().lower()[:255]


def client_address(request: HttpRequest) -> str | None:
    """The address that asks; behind a proxy the one that the proxy itself saw, which is the last it names."""
    found = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        found = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or found
    try:
        return str(ip_address(found))
    except ValueError:
        return None


def log_in_page(request: HttpRequest, response: HttpResponse, credentials: object) -> HttpResponse:  # noqa: ARG001
    """The log-in page as it was drawn, with the sentence in it (`LoginForm`)."""
    response.status_code = 429
    return response


def counted() -> QuerySet[LockOut]:
    """Failures that still count, latest first, each with `failures`: all for that account from that address.

    A browser more is a row more; it is their sum that locks.
    """
    recent = LockOut.objects.filter(attempt_time__gt=timezone.now() - _cool_off())
    same = recent.filter(username=OuterRef("username"), ip_address=OuterRef("ip_address")).order_by()
    total = same.values("username").annotate(total=Sum("failures_since_start")).values("total")
    return recent.annotate(failures=Subquery(total))


def is_locked(row: LockOut) -> bool:
    """Tell whether the failures of a row of `counted` have reached the limit."""
    return row.failures >= settings.AXES_FAILURE_LIMIT


def unlock(rows: Iterable[LockOut]) -> int:
    """Forget the failures of these accounts from these addresses; return how many pairs there were."""
    pairs = {(row.username, row.ip_address) for row in rows}
    for username, address in pairs:
        reset(username=username, ip=address)
    return len(pairs)


def forget_failures(username: str) -> None:
    """Forget the failures of an account from everywhere: guesses at an old password do not lock a new one."""
    reset(username=username.lower())


def _cool_off() -> timedelta:
    return settings.AXES_COOLOFF_TIME
