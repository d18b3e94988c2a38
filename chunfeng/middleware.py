"""What holds for every answer of the portal, whichever page gives it."""

from django.conf import settings
from django.utils import timezone

from . import errors

METHODS = ("GET", "HEAD", "POST")
AUDITED = (403, 404, 409)
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "usb")
)


class AnswersMiddleware:
    """Three methods alone; nothing but static files is stored by a browser; refusals leave a line in the log."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method in METHODS:
            with timezone.override(None):  # a page that enters a campaign takes its zone, for itself alone
                response = self.get_response(request)
        else:
            response = errors.page(request, 405)
            response.headers["Allow"] = ", ".join(METHODS)
        if not hasattr(response, "incident"):
            response = _noted(request, response)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        if not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "no-store"
        return response


def _noted(request, response):
    """A bare 405 gets its page; a refusal that is a page already is written down if someone is signed in."""
    if response.status_code == 405:
        allowed = response.headers["Allow"]
        response = errors.page(request, 405)
        response.headers["Allow"] = allowed
    elif response.status_code in AUDITED and hasattr(request, "user") and request.user.is_authenticated:
        errors.record(request, response.status_code)
    return response
