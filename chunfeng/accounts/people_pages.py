"""人员: the people below a coordinator, their accounts, and slips with first passwords."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from campaigns.search import is_found

from . import passwords, people
from .models import Membership, User
from .roles import is_administrator, manages_people, people_managed_by

PER_PAGE = 50
STATES = {"active": "在用", "new": "未改初始密码", "disabled": "已停用"}


@require_safe
def people_list(request):
    """The people whose accounts are mine to look after, found by name, account, unit or pinyin initials."""
    if not manages_people(request.user):
        raise PermissionDenied
    state = request.GET.get("state", "")
    if state and state not in STATES:
        raise Http404
    search = request.GET.get("q", "").strip()
    listed = people_managed_by(request.user)
    if state:
        listed = listed.filter(is_active=state != "disabled")
    if state == "new":
        listed = listed.filter(must_change_password=True)
    if search:
        listed = listed.filter(pk__in=_found(listed, search))
    memberships = Membership.objects.select_related("unit")
    listed = listed.prefetch_related(Prefetch("memberships", queryset=memberships)).order_by("username")
    context = {
        "page": _page(request, listed),
        "search": search,
        "state": state,
        "states": STATES,
    }
    return render(request, "accounts/people.html", context)


def _page(request, listed):
    """The page that the address asks for; the first or the last where there is no such page."""
    paginator = Paginator(listed, PER_PAGE)
    try:
        number = int(request.GET.get("page", "1"))
    except ValueError:
        number = 1
    return paginator.page(min(max(number, 1), paginator.num_pages))


def _found(listed, wanted):
    """Ids of the people that `wanted` finds: one query, whatever is typed."""
    rows = listed.values_list("pk", "username", "name", "memberships__unit__code", "memberships__unit__name")
    return {
        pk
        for pk, username, name, code, unit in rows
        if is_found(wanted, username, name, unit or "") or (code and is_found(wanted, code))
    }


@require_safe
def password_confirm(request, pk):
    """Ask before a new first password takes the place of the old one."""
    person = _managed(request, pk)
    return confirm_page(request, [person])


def confirm_page(request, listed):
    """The page that asks before first passwords are issued; the administration draws it too."""
    listed = sorted(listed, key=lambda person: person.pk)
    prefetch_related_objects(listed, *passwords.UNITS)
    context = {
        "people": [(person, passwords.unit_names(person)) for person in listed[: passwords.MOST_AT_ONCE]],
        "keys": ",".join(str(person.pk) for person in listed),
        "seen": passwords.seen(listed),
        "back": _back(request),
    }
    return render(request, "accounts/password_confirm.html", context)


@require_POST
@sensitive_variables()
def password_issue(request):
    """Issue first passwords and show them this once, on the very answer to the request, as slips to print.

    Nothing of them is stored in clear, in a session or a message. The same page sent again is refused: it would
    make the slips that were just printed worthless.
    """
    if not manages_people(request.user):
        raise PermissionDenied
    keys = {
        int(key) for key in request.POST.get("people", "").split(",") if key.isdecimal() and len(key) < 16
    }
    listed = list(people_managed_by(request.user).filter(pk__in=keys))
    if len(listed) < len(keys):
        raise Http404
    try:
        slips = passwords.issue(listed, by=request.user, as_seen=request.POST.get("seen", ""))
    except people.PeopleError as error:
        messages.error(request, str(error))
        return redirect(_back(request))
    address = request.build_absolute_uri(reverse("accounts:login"))
    return render(
        request, "accounts/slips.html", {"slips": slips, "address": address, "back": _back(request)}
    )


@require_POST
def person_disable(request, pk):
    return _change(request, pk, people.disable, "已停用：{}。")


@require_POST
def person_enable(request, pk):
    return _change(request, pk, people.enable, "已启用：{}。")


def _change(request, pk, move, done):
    person = _managed(request, pk)
    try:
        move(person, by=request.user)
    except people.PeopleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done.format(f"{person}（{person.username}）"))
    return redirect("accounts:people")


def _managed(request, pk):
    """The person, if looking after the account is the user's: not there and not yours answer alike."""
    if not manages_people(request.user):
        raise PermissionDenied
    return get_object_or_404(people_managed_by(request.user), pk=pk)


def _back(request):
    if is_administrator(request.user, User.SiteRole.SYSTEM):
        return reverse("admin:accounts_user_changelist")
    return reverse("accounts:people")
