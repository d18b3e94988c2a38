"""People in bulk: a table of accounts, each row with the role that is proposed for it.

An account may have several rows, one a role. Nothing here opens anything: the accounts have no password before
slips are issued, the roles wait for a security administrator.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Lower

from campaigns.models import ReportingUnit

from . import people
from .models import Membership, User

COLUMNS = {"账号": "username", "姓名": "name", "联系电话": "phone", "单位代码": "unit", "角色": "role"}
_LIMITS = {"账号": 150, "姓名": 50, "联系电话": 30, "单位代码": 40}
_REQUIRED = ("账号", "姓名", "单位代码", "角色")
_ROLES = {label: value for value, label in Membership.Role.choices} | {
    value: value for value in Membership.Role.values
}


@dataclass(frozen=True)
class Entry:
    """One row. person: the account as stored, None where the row makes it."""

    username: str
    name: str
    phone: str
    unit: ReportingUnit
    role: str
    person: User | None


@dataclass(frozen=True)
class Plan:
    """mistakes: sentences by number of the row, from 0; entries are whole only where there are none."""

    entries: Sequence[Entry] = ()
    mistakes: Mapping[int, list[str]] = field(default_factory=dict)


def plan(rows: Sequence[Mapping[str, str]]) -> Plan:
    """Read rows by column name (`COLUMNS`) and check them together and against what is stored, in few queries."""
    accounts = [_account(row.get("账号", "")) for row in rows]
    stored = _stored(accounts)
    units = ReportingUnit.objects.in_bulk({row.get("单位代码", "") for row in rows}, field_name="code")
    mistakes: dict[int, list[str]] = {}
    entries = []
    first: dict[str, tuple[int, str, str]] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for number, (row, username) in enumerate(zip(rows, accounts, strict=True)):
        found = _wording(row, username)
        unit = units.get(row.get("单位代码", ""))
        role = _ROLES.get(row.get("角色", ""), "")
        name, phone, key = row.get("姓名", ""), row.get("联系电话", ""), username.lower()
        if row.get("单位代码") and unit is None:
            found.append(f"“单位代码”：没有代码为 {row['单位代码']} 的单位，请改正，或先导入这个单位。")
        if row.get("角色") and not role:
            found.append(f"“角色”：“{row['角色']}”无效，可以写的有：{'、'.join(Membership.Role.labels)}。")
        if username and (name, phone) != first.setdefault(key, (number, name, phone))[1:]:
            found.append(f"账号 {username} 在表里另有一行，姓名或电话不同，请改成一致，或换一个账号。")
        if unit is not None and role and seen.setdefault((key, unit.code, role), number) != number:
            found.append("与前面的一行完全相同，请删去一行。")
        person = stored.get(key)
        if person is not None and not found:
            found += _against_stored(person, name, unit, role)
        if found:
            mistakes[number] = found
        elif unit is not None:
            entries.append(Entry(username, name, phone, unit, role, person))
    return Plan(entries, mistakes)


@transaction.atomic
def carry_out(planned: Plan, *, by: User | None) -> list[User]:
    """Make the accounts and propose the roles; return the new people. Raises PeopleError."""
    for number, sentences in planned.mistakes.items():
        raise people.PeopleError(f"第 {number + 1} 项：{sentences[0]}")
    made: dict[str, User] = {}
    for entry in planned.entries:
        key = entry.username.lower()
        person = entry.person or made.get(key)
        if person is None:
            person = people.enrol(username=entry.username, name=entry.name, phone=entry.phone)
            made[key] = person
        people.propose(person, entry.unit, entry.role, by=by)
    return list(made.values())


def _account(text: str) -> str:
    """The form in which log-in looks an account up: full-width letters are plain ones."""
    return unicodedata.normalize("NFKC", text).strip()


def _stored(accounts: Sequence[str]) -> dict[str, User]:
    named = User.objects.annotate(lower=Lower("username")).filter(
        lower__in={name.lower() for name in accounts}
    )
    people_stored = named.prefetch_related("memberships", "proposals")
    return {user.username.lower(): user for user in people_stored}


def _wording(row: Mapping[str, str], username: str) -> list[str]:
    found = [f"“{column}”不能为空，请填写。" for column in _REQUIRED if not row.get(column)]
    for column, limit in _LIMITS.items():
        if len(row.get(column, "")) > limit:
            found.append(f"“{column}”最多 {limit} 个字，现有 {len(row[column])} 个，请缩短。")
    try:
        UnicodeUsernameValidator()(username or "x")
    except ValidationError:
        found.append("“账号”只能用文字、字母、数字和 @ . + - _，请去掉空格等其他符号。")
    return found


def _against_stored(person: User, name: str, unit: ReportingUnit | None, role: str) -> list[str]:
    account = f"账号 {person.username} 已经有了"
    if person.name != name:
        return [f"{account}，姓名是{person.name}：同一个人请把姓名写成一致，不是同一个人请换一个账号。"]
    if person.site_role:
        return [f"{account}，是{person.get_site_role_display()}，不能兼任其他角色。"]
    if not person.is_active:
        return [f"{account}，但已停用，请先在人员页面启用。"]
    for held, state in ((person.memberships, "已经任职"), (person.proposals, "已经提名、正在等待确认")):
        if any(one.unit_id == getattr(unit, "pk", None) and one.role == role for one in held.all()):
            return [f"{account}，这个角色{state}，请删去这一行。"]
    return []
