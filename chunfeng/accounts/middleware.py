"""The first log-in with an issued password leads to one page until a new one is set."""

from django.shortcuts import redirect
from django.urls import reverse


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
