"""Password rules whose sentences Django's own translation lacks, and the office's own.

Length and the list of common passwords always hold. Character classes and past passwords are what graded
protection (等保) asks for: taking their line out of AUTH_PASSWORD_VALIDATORS switches them off.
"""

import re

from django.contrib.auth import password_validation
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError

from .models import PasswordHistory, User

SHORTEST_WORD = 4
"""Shorter account names and unit codes are not looked for: they come up by chance."""


class MinimumLengthValidator(password_validation.MinimumLengthValidator):
    def __init__(self, min_length: int = 8, administrators: int = 12) -> None:
        super().__init__(min_length)
        self.administrators = administrators

    def validate(self, password: str, user: User | None = None) -> None:
        least = self.administrators if user is not None and user.site_role else self.min_length
        if len(password) < least:
            raise ValidationError(f"密码太短，至少要有 {least} 个字符。", code="password_too_short")

    def get_help_text(self) -> str:
        return f"密码至少要有 {self.min_length} 个字符，系统、安全、审计管理员至少 {self.administrators} 个。"


class CharacterClassesValidator:
    CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")

    def __init__(self, at_least: int = 3) -> None:
        self.at_least = at_least

    def validate(self, password: str, user: User | None = None) -> None:  # noqa: ARG002
        if sum(bool(re.search(found, password)) for found in self.CLASSES) < self.at_least:
            raise ValidationError(self.get_help_text(), code="password_too_plain")

    def get_help_text(self) -> str:
        return f"密码要包含大写字母、小写字母、数字、符号这四类中的至少 {self.at_least} 类。"


class OwnWordsValidator:
    """What a colleague would try first: the account, the name, the code of the unit."""

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None:
            return
        typed = password.casefold()
        words = [("账号", user.username)] if len(user.username) >= SHORTEST_WORD else []
        if len(user.name) > 1:
            words.append(("姓名", user.name))
        words += [("单位代码", code) for code in _unit_codes(user) if len(code) >= SHORTEST_WORD]
        for what, word in words:
            if word.casefold() in typed:
                raise ValidationError(f"密码中不能包含{what}。", code="password_has_own_word")

    def get_help_text(self) -> str:
        return "密码中不能包含账号、姓名或单位代码。"


def _unit_codes(user: User) -> set[str]:
    """Return the codes of the user's units, and of each the part before its line: 420103 of 420103-hr."""
    if user.pk is None:
        return set()
    codes = {
        *user.memberships.values_list("unit__code", flat=True),
        *user.proposals.values_list("unit__code", flat=True),
    }
    return codes | {code.partition("-")[0] for code in codes}


class PastPasswordsValidator:
    def __init__(self, last: int = 5) -> None:
        self.last = last

    def validate(self, password: str, user: User | None = None) -> None:
        if user is None or user.pk is None:
            return
        past = list(user.past_passwords.values_list("password", flat=True)[: self.last])
        if any(check_password(password, used) for used in dict.fromkeys([user.password, *past])):
            raise ValidationError(self.get_help_text(), code="password_used_before")

    def password_changed(self, password: str, user: User | None = None) -> None:  # noqa: ARG002
        """Keep the hash of a password that has come into use, and no more than the last ones.

        Django calls this once a password that was set has been saved; `passwords.issue` for one that is given out.
        """
        if user is not None:
            PasswordHistory.objects.create(user=user, password=user.password)
            kept = list(user.past_passwords.values_list("pk", flat=True)[: self.last])
            user.past_passwords.exclude(pk__in=kept).delete()

    def get_help_text(self) -> str:
        return f"新密码不能与原密码相同，也不能与最近 {self.last} 次用过的密码相同。"
