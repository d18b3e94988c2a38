"""First passwords: issued once, printed on a slip, stored only as a hash; and the change of one's own."""

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher
from django.contrib.auth.password_validation import password_changed
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from . import lock_outs
from .models import User
from .people import PeopleError
from .roles import people_managed_by

ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("0Oo1lI")))
"""Without the characters that are mistaken for one another on paper."""
GROUPS, GROUP_LENGTH = 3, 4
ISSUED_ROUNDS = 10_000
"""Of PBKDF2. Twelve random characters need no slow hash, and a hundred slips must not take a minute. The password
that its owner chooses gets Django's full number of rounds."""
MOST_AT_ONCE = 500
UNITS = ("memberships__unit", "proposals__unit")


@dataclass(frozen=True)
class Slip:
    """What one printed slip says. `password` is nowhere else. units: those still to be confirmed included."""

    person: User
    units: tuple[str, ...]
    password: str = field(repr=False)


def new_password() -> str:
    """Return a random password such as Kf7m-q3Wd-8tRx, with small and capital letters and digits in it."""
    while True:
        groups = ["".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS)]
        password = "-".join(groups)
        if all(
            set(password) & set(kind)
            for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits)
        ):
            return password


def seen(people: Iterable[User]) -> str:
    """Return a mark of the people's passwords as they stand: a page sent twice issues nothing the second time."""
    stands = ";".join(f"{person.pk}:{person.password_changed_at}" for person in people)
    return salted_hmac("chunfeng.accounts.passwords", stands, algorithm="sha256").hexdigest()


@sensitive_variables()
@transaction.atomic
def issue(people: Iterable[User], *, by: User | None, as_seen: str | None = None) -> list[Slip]:
    """Give each of the people a first password, which must be changed at the next log-in; sessions end at once.

    by: None at the server's command line, which alone may do so for site administrators. as_seen: `seen` of the
    page that asks; None = not asked. Failures counted against the accounts are forgotten. Raises PeopleError.
    """
    keys = [person.pk for person in people]
    locked = list(User.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    _refuse(locked, by, as_seen)
    prefetch_related_objects(locked, *UNITS)
    slips = []
    for person in locked:
        password = new_password()
        person.password = _hash(password)
        person.must_change_password = True
        person.password_changed_at = timezone.now()
        person._change_reason = "发放初始密码"
        person.save(update_fields=["password", "must_change_password", "password_changed_at"])
        password_changed(password, person)
        lock_outs.forget_failures(person.username)
        slips.append(Slip(person, unit_names(person), password))
    slips.sort(key=lambda slip: (slip.units, slip.person.username))
    return slips


@sensitive_variables()
def choose(user: User, password: str) -> None:
    """Store the password that its owner chose, already validated. All other sessions of the user end."""
    user.set_password(password)
    user.must_change_password = False
    user.password_changed_at = timezone.now()
    user._change_reason = "本人修改密码"
    user.save(update_fields=["password", "must_change_password", "password_changed_at"])


def unit_names(person: User) -> tuple[str, ...]:
    """Return the names of the person's units, each once, those still to be confirmed included.

    Of many people, prefetch UNITS first.
    """
    held = [membership.unit.name for membership in person.memberships.all()]
    proposed = [proposal.unit.name for proposal in person.proposals.all()]
    return tuple(dict.fromkeys(held + proposed))


def _refuse(people: list[User], by: User | None, as_seen: str | None) -> None:
    if not people:
        raise PeopleError("没有选中人员。")
    if len(people) > MOST_AT_ONCE:
        raise PeopleError(f"一次最多发放 {MOST_AT_ONCE} 人的初始密码，现选中 {len(people)} 人，请分批办理。")
    if by is not None:
        managed = set(people_managed_by(by).filter(pk__in=[person.pk for person in people]))
        for person in people:
            if person not in managed:
                raise PeopleError(f"{person}（{person.username}）的密码不由您发放。")
    for person in people:
        if not person.is_active:
            raise PeopleError(f"{person}（{person.username}）的账号已停用，请先启用再发放密码。")
    if as_seen is not None and as_seen != seen(people):
        raise PeopleError("这些人的密码刚刚已经更新过，本次没有再发放。如确需重发，请重新选择人员。")


def _hash(password: str) -> str:
    hasher = get_hasher()
    if isinstance(hasher, PBKDF2PasswordHasher):
        return hasher.encode(password, hasher.salt(), iterations=ISSUED_ROUNDS)
    return hasher.encode(password, hasher.salt())
