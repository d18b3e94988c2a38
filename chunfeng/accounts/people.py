"""People, their roles and their accounts: the only code that enrols, confirms, withdraws and disables.

Nobody alone can open the figures to somebody. A system administrator enrols a person and proposes a role; the
role opens nothing until a security administrator, who makes no accounts, confirms it.
"""

from collections.abc import Iterable

from django.db import transaction

from campaigns.models import ReportingUnit

from .models import SITE_ROLE_HOLDS_NO_OTHER, Membership, ProposedMembership, User
from .roles import is_administrator, people_managed_by


class PeopleError(Exception):
    """A change that is refused; the message is a sentence that says why."""


def enrol(*, username: str, name: str, phone: str = "", email: str = "") -> User:
    """Make an account without a role and without a password: nobody can log in before a slip is issued."""
    if User.objects.filter(username__iexact=username).exists():
        raise PeopleError(f"账号“{username}”已经存在，请换一个账号。")
    user = User(username=username, name=name, phone=phone, email=email, must_change_password=True)
    user.set_unusable_password()
    user.save()
    return user


@transaction.atomic
def propose(user: User, unit: ReportingUnit, role: str, *, by: User | None) -> ProposedMembership:
    """Put a role forward for confirmation. Raises PeopleError where it is held or proposed already."""
    _refuse_site_role(_lock(user))
    if user.memberships.filter(unit=unit, role=role).exists():
        raise PeopleError(f"{user}已经是{unit}的{Membership.Role(role).label}，不用再提名。")
    proposal, made = ProposedMembership.objects.get_or_create(
        user=user, unit=unit, role=role, defaults={"proposed_by": by}
    )
    if not made:
        raise PeopleError(f"{user}任{unit}{Membership.Role(role).label}的提名正在等待确认，不用再提。")
    return proposal


@transaction.atomic
def confirm(proposals: Iterable[ProposedMembership], *, by: User) -> list[Membership]:
    """Turn proposals into memberships, all or none. Raises PeopleError."""
    _require(by, User.SiteRole.SECURITY)
    keys = [proposal.pk for proposal in proposals]
    waiting = ProposedMembership.objects.select_related("user", "unit", "proposed_by").filter(pk__in=keys)
    listed = list(waiting.select_for_update(of=("self",)).order_by("pk"))
    if len(listed) < len(set(keys)):
        raise PeopleError("选中的提名有的已由别人处理，请刷新后再操作。")
    people = _locked({proposal.user_id for proposal in listed})
    confirmed = []
    for proposal in listed:
        user = people[proposal.user_id]
        _refuse_site_role(user)
        if not user.is_active:
            raise PeopleError(
                f"{user}（{user.username}）的账号已停用，不能确认角色；请先启用账号，或退回提名。"
            )
        membership = Membership(user=user, unit=proposal.unit, role=proposal.role)
        if not user.memberships.filter(unit=proposal.unit, role=proposal.role).exists():
            proposer = proposal.proposed_by.username if proposal.proposed_by else "导入"
            membership._change_reason = f"确认 {proposer} 的提名"[:100]
            membership.save()
            confirmed.append(membership)
        proposal._change_reason = "已确认"
        proposal.delete()
    return confirmed


@transaction.atomic
def decline(proposals: Iterable[ProposedMembership], *, by: User) -> int:
    """Drop proposals without granting anything; return how many were still waiting."""
    _require(by, User.SiteRole.SECURITY)
    listed = ProposedMembership.objects.filter(pk__in=[proposal.pk for proposal in proposals])
    found = list(listed.select_for_update())
    for proposal in found:
        proposal._change_reason = "退回提名"
        proposal.delete()
    return len(found)


@transaction.atomic
def withdraw_role(membership: Membership, *, by: User) -> None:
    _require(by, User.SiteRole.SECURITY)
    membership._change_reason = "收回角色"
    membership.delete()


@transaction.atomic
def disable(user: User, *, by: User | None) -> None:
    """Close an account: what the person filed stays, the open session ends at the next request."""
    _set_active(user, False, by)


@transaction.atomic
def enable(user: User, *, by: User | None) -> None:
    _set_active(user, True, by)


@transaction.atomic
def appoint(user: User, site_role: User.SiteRole) -> None:
    """Make somebody one of the site's administrators; only the server's command line does. Raises PeopleError."""
    held = _lock(user)
    if held.site_role and held.site_role != site_role:
        raise PeopleError(f"{user}已是{held.get_site_role_display()}，三种管理员不能兼任，请先免去。")
    if held.memberships.exists() or held.proposals.exists():
        raise PeopleError(f"{user}在单位有角色或待确认的角色。{SITE_ROLE_HOLDS_NO_OTHER}")
    user.site_role = site_role
    user._change_reason = "任命"
    user.save(update_fields=["site_role"])


@transaction.atomic
def dismiss(user: User) -> None:
    """Take the site role away and close the account: whoever administered does not go on with figures unseen."""
    user.site_role = ""
    user.is_active = False
    user._change_reason = "免去并停用"
    user.save(update_fields=["site_role", "is_active"])


def _set_active(user: User, is_active: bool, by: User | None) -> None:
    word = "启用" if is_active else "停用"
    if by is not None and not people_managed_by(by).filter(pk=user.pk).exists():
        raise PeopleError(f"{user}（{user.username}）的账号不由您{word}。")
    held = _lock(user)
    if held.is_active == is_active:
        raise PeopleError(f"{user}（{user.username}）的账号已经{word}。")
    user.is_active = is_active
    user._change_reason = word
    user.save(update_fields=["is_active"])


def _require(by: User, site_role: User.SiteRole) -> None:
    if not is_administrator(by, site_role):
        raise PeopleError(f"只有{site_role.label}可以办理。")


def _refuse_site_role(user: User) -> None:
    if user.site_role:
        raise PeopleError(f"{user}是{user.get_site_role_display()}。{SITE_ROLE_HOLDS_NO_OTHER}")


def _lock(user: User) -> User:
    """Return the person's row, held: an appointment and a membership must not pass each other by."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _locked(keys: Iterable[int]) -> dict[int, User]:
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=list(keys)).order_by("pk")
    return {user.pk: user for user in rows}
