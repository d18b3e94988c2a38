"""Pages for refused and failed requests: Chinese, no technical detail, an incident number that the log repeats.

They are drawn without request, session or database: a page about a failure must not fail for the same reason.
"""

import logging
import secrets
import sys
from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.encoding import escape_uri_path

log = logging.getLogger("chunfeng.requests")


@dataclass(frozen=True)
class Words:
    """What an error page says: what happened, and how to go on."""

    title: str
    happened: str
    remedy: str


WORDS = {
    400: Words(
        "请求有误",
        "服务器不能识别这次请求，没有办理。",
        "请回到上一页，刷新后再试；网址是手工输入的，请核对后重新输入。",
    ),
    403: Words(
        "没有权限",
        "您的账号不能办理这一项，没有作任何改动。",
        "需要办理的，请联系本单位的系统管理员或上级审核员。",
    ),
    404: Words(
        "没有找到",
        "您要看的内容不存在，或者不在您的查看范围内。",
        "请核对网址，或从首页重新进入。",
    ),
    405: Words(
        "不能这样打开",
        "这个网址不能这样打开，没有作任何改动。",
        "请从首页重新进入，用页面上的按钮办理。",
    ),
    413: Words(
        "提交的内容过大",
        "提交的内容超过了服务器的限制，没有保存。",
        "请回到上一页，减少内容后再提交。",
    ),
    500: Words(
        "系统出错",
        "服务器处理时出错，刚才的操作可能没有保存。",
        "请回到上一页核对，过几分钟再试。",
    ),
}

EXPIRED = Words(
    "页面已过期，没有保存",
    "这个页面打开之后，您在别处重新登录过，或者浏览器清除了记录。刚才填写的内容还没有保存。",
    "请后退到上一页，刷新后再提交。",
)
KEPT = Words(
    EXPIRED.title,
    EXPIRED.happened,
    "您填写的内容都还在，点“再次提交”即可继续。",
)

SIGNED_OUT = Words(
    "登录已超时，没有保存",
    "太久没有操作，登录已结束。刚才填写的内容还没有保存，都还在这个页面里。",
    "请先点“重新登录”（在新标签页打开），登录后回到本页，点“再次提交”。",
)

PASSWORD = "password"  # noqa: S105 (part of a field's name)


def bad_request(request, exception):
    status = 413 if isinstance(exception, RequestDataTooBig) else 400
    return page(request, status, reason=type(exception).__name__)


def permission_denied(request, exception):
    return page(request, 403, reason=type(exception).__name__)


def not_found(request, exception):
    return page(request, 404, reason=type(exception).__name__)


def server_error(request):
    return page(request, 500, reason=type(sys.exception()).__name__)


def csrf_failure(request, reason=""):
    """403 for a form without a valid token; what was typed can be sent again with one click.

    Only where the browser says that the form came from this very server, and a signed-in person sent it: for
    anyone else the click would forge the request after all. Passwords are never repeated, files cannot be.
    """
    own_page = request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"
    kept = _to_repeat(request)
    if kept is None or not own_page or not request.user.is_authenticated:
        return page(request, 403, words=EXPIRED, reason=reason)
    return page(request, 403, words=KEPT, reason=reason, kept=kept)


def signed_out(request):
    """The page for a form that was sent after the log-in had ended; None where there is nothing in it to keep.

    Its token is valid: that has been asked before the log-in. A log-in changes the token, so that the form may be
    asked for once more by `csrf_failure`.
    """
    kept = _to_repeat(request)
    if kept is None or not kept["fields"]:
        return None
    return page(request, 403, words=SIGNED_OUT, reason="signed out", kept=kept | {"signs_in": True})


def _to_repeat(request):
    """What a form holds as `page` takes it; None where it cannot be repeated."""
    posted = [(name, value) for name, values in request.POST.lists() for value in values]
    if not posted or request.FILES or any(PASSWORD in name for name, _ in posted):
        return None
    again = [(name, value) for name, value in posted if name != "csrfmiddlewaretoken"]
    return {"address": request.get_full_path(), "fields": again, "token": get_token(request)}


def page(request, status, *, words=None, reason="", kept=None):
    """Return the page for `status` and log the request under its incident number.

    kept: {"address", "fields": [(name, value)], "token", "signs_in": after a log-in (may be missing)} of a form that
    may be sent again; None = no such form.
    """
    incident = secrets.token_hex(4)
    record(request, status, incident=incident, reason=reason)
    context = {"words": words or WORDS[status], "incident": incident, "kept": kept}
    response = HttpResponse(render_to_string("error.html", context), status=status)
    response.incident = incident
    return response


def record(request, status, *, incident="-", reason=""):
    """Write one line about a refused or failed request; for a failure with its trace."""
    log.log(
        logging.ERROR if status >= 500 else logging.WARNING,
        "%s %s %s user=%s incident=%s %s",
        status,
        request.method,
        escape_uri_path(request.path),
        _who(request),
        incident,
        reason,
        exc_info=status >= 500,
    )


def _who(request):
    """The id of the signed-in person, "-" for a visitor, "?" where the failure keeps us from knowing."""
    try:
        return request.user.pk or "-"
    except AttributeError:
        return "-"
    except Exception:
        return "?"
