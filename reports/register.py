"""The register of contacts (联系人及联系方式): who is named for each unit, and who may see which number.

A number is personal: whoever reads the unit sees 138****1234; the unit's own people and coordinators above may
have it shown, and every showing and every export is written down.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from campaigns.models import Campaign, ReportingUnit, UnitPlace
from chunfeng.accounts.models import Membership, User
from reports.lifecycle import TransitionError, storable
from reports.models import Contact, ContactAccess

MOST = 10
"""Contacts of one unit in one campaign."""
_HIDDEN = "****"
_NUMBER = re.compile(r"[0-9+（）()\-—－ 转]{5,30}")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９＋－", "0123456789+-")
What = ContactAccess.What


class RegisterError(TransitionError):
    """Contacts are not taken; the message is a sentence for the user."""


def masked(number: str) -> str:
    """Return a number of which only the first three and the last four signs are legible: 138****1234."""
    signs = re.sub(r"\s", "", number)
    if not signs:
        return ""
    return f"{signs[:3]}{_HIDDEN}{signs[-4:]}" if len(signs) >= 9 else _HIDDEN


def contacts_of_units(campaign: Campaign, units: Iterable[int]) -> dict[int, list[Contact]]:
    """Return the contacts of units, by id of unit, in one query."""
    found: dict[int, list[Contact]] = defaultdict(list)
    for contact in Contact.objects.filter(campaign=campaign, unit__in=set(units)):
        found[contact.unit_id].append(contact)
    return found


def named_since(campaign: Campaign) -> dict[int, datetime]:
    """Return since when each unit has named somebody, by id of unit: what its duty asks."""
    rows = Contact.objects.filter(campaign=campaign).order_by().values_list("unit")
    return dict(rows.annotate(since=Min("saved_at")))


def sign_off_line(campaign: Campaign, unit: int) -> dict[str, str]:
    """Return what the register knows of the line under a form: 单位负责人, 填表人 and 联系电话, "" where nothing."""
    named = {contact.role: contact for contact in reversed(contacts_of_units(campaign, [unit])[unit])}
    responsible = named.get(Contact.Role.RESPONSIBLE)
    prepares = named.get(Contact.Role.REPORTER) or named.get(Contact.Role.CONTACT)
    return {
        "responsible": responsible.name if responsible else "",
        "prepared_by": prepares.name if prepares else "",
        "phone": (prepares.phone or prepares.mobile) if prepares else "",
    }


def whom_to_call(campaign: Campaign, units: Iterable[int]) -> dict[int, str]:
    """Return the first contact of each unit that has named any, with a number: "王某 025-…"."""
    return {
        unit: " ".join(part for part in (contacts[0].name, contacts[0].mobile or contacts[0].phone) if part)
        for unit, contacts in contacts_of_units(campaign, units).items()
    }


def version(campaign: Campaign, unit: ReportingUnit) -> int:
    """Return a number that rises with every change of the unit's contacts; 0 before the first."""
    changes = ContactAccess.objects.filter(campaign=campaign, unit=unit, what=What.CHANGED)
    return changes.aggregate(last=Max("pk"))["last"] or 0


def save(
    campaign: Campaign,
    unit: ReportingUnit,
    rows: Sequence[Mapping[str, Any]],
    *,
    by: User,
    seen: int | None = None,
) -> list[Contact]:
    """Put `rows` (dicts of a contact's columns) in the place of what the unit had named; the first naming keeps its time.

    seen: the `version` that was on the page; None = not asked. Raises RegisterError.
    """
    if not rows:
        raise RegisterError("请至少填一名联系人。")
    if len(rows) > MOST:
        raise RegisterError(f"每个单位最多填 {MOST} 名联系人。")
    for number, row in enumerate(rows, start=1):
        if problem := _row_problem(row):
            raise RegisterError(f"第 {number} 行：{problem}")
    now = timezone.now()
    with transaction.atomic():
        ReportingUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)  # of two who save one waits
        if seen is not None and seen != version(campaign, unit):
            raise RegisterError(
                "联系人刚由同事修改，请另开一页核对；您填写的内容仍在页面上，核对后刷新再填。"
            )
        earlier = Contact.objects.filter(campaign=campaign, unit=unit)
        since = earlier.aggregate(since=Min("saved_at"))["since"] or now
        earlier.delete()
        contacts = Contact.objects.bulk_create(
            Contact(
                campaign=campaign,
                unit=unit,
                position=position,
                saved_at=since if position == 0 else now,
                saved_by=by,
                **{name: _clean(row.get(name, "")) for name in ("role", "name", "post", "phone", "mobile")},
            )
            for position, row in enumerate(rows)
        )
        note(campaign, unit, What.CHANGED, by)
    return contacts


def note(campaign: Campaign, unit: ReportingUnit | None, what: str, by: User) -> None:
    """Write down that numbers were shown, exported or changed."""
    ContactAccess.objects.create(campaign=campaign, unit=unit, what=what, user=by)


def can_write(user: User, unit: ReportingUnit) -> bool:
    """True for the reporters and coordinators of the unit itself."""
    roles = (Membership.Role.REPORTER, Membership.Role.COORDINATOR)
    return user.is_active and user.memberships.filter(unit=unit, role__in=roles).exists()


def may_show(user: User, campaign: Campaign, units: Iterable[int]) -> set[int]:
    """Return of `units` those whose numbers `user` may have shown: own ones, and those below as a coordinator."""
    wanted = set(units)
    own = set(user.memberships.filter(unit__in=wanted).values_list("unit", flat=True))
    above = UnitPlace.objects.filter(
        campaign=campaign,
        unit__memberships__user=user,
        unit__memberships__role=Membership.Role.COORDINATOR,
    ).order_by()
    paths = list(above.values_list("path", flat=True))
    places = UnitPlace.objects.filter(campaign=campaign, unit__in=wanted).values_list("unit", "path")
    return own | {unit for unit, path in places if any(path.startswith(one) for one in paths)}


def _row_problem(row: Mapping[str, Any]) -> str:
    if row.get("role") not in Contact.Role.values:
        return "请选择类别。"
    if not _clean(row.get("name", "")):
        return "请填写姓名。"
    numbers = [_clean(row.get(name, "")) for name in ("phone", "mobile")]
    if not any(numbers):
        return "请填写办公电话或手机。"
    for number in numbers:
        if number and not _NUMBER.fullmatch(number):
            return f"“{number}”不是电话号码，请只填数字、横线和括号。"
    return ""


def _clean(text: str) -> str:
    return " ".join(storable(text).translate(_FULL_WIDTH).split())
