"""Log-in, log-out and the change of one's password."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from campaigns.models import Campaign

from . import passwords
from .forms import LoginForm, PasswordChangeForm
from .models import User


@method_decorator(login_not_required, name="dispatch")
class LogIn(LoginView):
    """Django's own log-in: a return address that leads off this server is ignored."""

    form_class = LoginForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs):
        now = timezone.now()
        campaigns = Campaign.objects.filter(closed_at=None).prefetch_related("periods")
        return super().get_context_data(
            campaigns=[(campaign, campaign.period_at(now)) for campaign in campaigns],
            now=now,
            demo_users=demo_users() if settings.DEMO else (),
            contact_phone=settings.CONTACT_PHONE,
            **kwargs,
        )


def demo_users():
    """People of the demonstration, in the order in which they were made, with their offices."""
    return (
        User.objects.filter(is_demo=True, is_active=True).prefetch_related("memberships__unit").order_by("pk")
    )


@login_not_required
@require_POST
def demo_log_in(request):
    """Log in as one of the invented people, without a password. Only in a demonstration: otherwise 404."""
    username = request.POST.get("username", "")
    if not settings.DEMO or "\x00" in username:  # PostgreSQL cannot even look for a NUL.
        raise Http404
    user = get_object_or_404(demo_users(), username=username)
    login(request, user, backend="chunfeng.accounts.backends.PeopleBackend")
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_POST
def log_out(request):
    logout(request)
    return redirect("accounts:login")


def password_change(request):
    """Change one's password; at the first log-in with an issued one there is no way round this page."""
    form = PasswordChangeForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        passwords.choose(request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(request, request.user)
        messages.success(request, "密码已修改。")
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/password_change.html", {"form": form})
