"""Who is let in: nobody without a log-in; with an issued password one page alone until a new one is set."""

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.shortcuts import redirect
from django.urls import reverse

from chunfeng import errors


class LogInMiddleware(LoginRequiredMiddleware):
    """Leads to the log-in; a form that was filled while the log-in ended is kept on a page and not thrown away."""

    def handle_no_permission(self, request, view_func):
        leads = super().handle_no_permission(request, view_func)
        # Scripts that send a form know the way to the log-in.
        if request.method != "POST" or "text/html" not in request.headers.get("Accept", ""):
            return leads
        return errors.signed_out(request) or leads


class PasswordChangeMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = request.user
        if user.is_authenticated and user.must_change_password:
            allowed = (reverse("accounts:password-change"), reverse("accounts:logout"))
            if request.path not in allowed:
                return redirect("accounts:password-change")
        return self.get_response(request)
