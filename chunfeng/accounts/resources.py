"""People in bulk, by django-import-export: see `campaigns.tables` for the steps, `enrolment` for the rules."""

from typing import Any

from import_export.fields import Field

from campaigns.tables import TableResource

from . import enrolment
from .models import Membership, User


class EnrolmentResource(TableResource):
    """Upload: a row an account and a role."""

    username = Field("username", "账号")
    name = Field("name", "姓名")
    phone = Field("phone", "联系电话")
    unit = Field("shown_unit", "单位代码")
    role = Field("shown_role", "角色")

    ALIASES = {written: column for column, written in enrolment.COLUMNS.items()}
    REQUIRED = ("账号", "姓名", "单位代码", "角色")

    class Meta:
        model = User
        fields = tuple(enrolment.COLUMNS.values())

    def prepare(self, rows: list[dict[str, str]]) -> None:
        self.planned = enrolment.plan(rows)
        self.mistakes = dict(self.planned.mistakes)
        # A second row of a new account is no second account.
        self.first: dict[str, int] = {}
        for number, entry in enumerate(self.planned.entries if not self.mistakes else ()):
            self.first.setdefault(entry.username.lower(), number)

    def instance_of(self, number: int) -> tuple[User, bool]:
        entry = self.planned.entries[number]
        if entry.person is not None:
            return entry.person, False
        return User(), self.first[entry.username.lower()] == number

    def fill(self, instance: User, number: int) -> None:
        entry = self.planned.entries[number]
        instance.username, instance.name = entry.username, entry.name
        instance.phone = instance.phone if entry.person else entry.phone
        instance.shown_unit = f"{entry.unit.code} {entry.unit.name}"  # type: ignore[attr-defined]
        instance.shown_role = Membership.Role(entry.role).label  # type: ignore[attr-defined]

    def carry_out(self, by: Any) -> None:
        enrolment.carry_out(self.planned, by=by)


class PeopleResource(TableResource):
    """Download: a row a person, with units and roles in words."""

    username = Field("username", "账号")
    name = Field("name", "姓名")
    phone = Field("phone", "联系电话")
    roles = Field(column_name="单位和角色")
    state = Field(column_name="状态")

    class Meta:
        model = User
        fields = ("username", "name", "phone", "roles", "state")

    def dehydrate_roles(self, person: User) -> str:
        held = [f"{one.unit.name} {one.get_role_display()}" for one in person.memberships.all()]
        proposed = [f"{one.unit.name} {one.get_role_display()}（待确认）" for one in person.proposals.all()]
        return "；".join(held + proposed)

    def dehydrate_state(self, person: User) -> str:
        return "在用" if person.is_active else "已停用"
