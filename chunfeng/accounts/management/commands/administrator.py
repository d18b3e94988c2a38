"""Appoint, reset or dismiss one of the site's three administrators: `manage.py administrator`.

Only here, at the server: in the portal no administrator can make, reset or close another.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from chunfeng.accounts import passwords, people
from chunfeng.accounts.models import User


class Command(BaseCommand):
    help = "任命、重置或免去系统管理员、安全管理员、审计管理员。新的初始密码只显示一次。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="账号")
        todo = parser.add_mutually_exclusive_group(required=True)
        todo.add_argument(
            "--appoint", choices=User.SiteRole.values, help="任命；system 系统、security 安全、audit 审计"
        )
        todo.add_argument("--reset", action="store_true", help="发放新的初始密码")
        todo.add_argument("--dismiss", action="store_true", help="免去并停用账号")
        parser.add_argument("--name", default="", help="姓名（账号还没有时必填）")

    @transaction.atomic
    def handle(self, *_: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["username"]).first()
        try:
            if options["appoint"]:
                self._appoint(user, options)
            elif user is None or not user.site_role:
                raise CommandError(f"没有账号为 {options['username']} 的管理员。")
            elif options["reset"]:
                self._issue(user)
            else:
                people.dismiss(user)
                self.stdout.write(f"{user}（{user.username}）已免去并停用。")
        except people.PeopleError as error:
            raise CommandError(str(error)) from None

    def _appoint(self, user: User | None, options: dict[str, Any]) -> None:
        if user is None:
            if not options["name"].strip():
                raise CommandError("这个账号还没有，请用 --name 写明姓名。")
            user = people.enrol(username=options["username"], name=options["name"].strip())
        people.appoint(user, User.SiteRole(options["appoint"]))
        self.stdout.write(f"{user}（{user.username}）已任{user.get_site_role_display()}。")
        if not user.has_usable_password():
            self._issue(user)

    def _issue(self, user: User) -> None:
        [slip] = passwords.issue([user], by=None)
        self.stdout.write(f"初始密码（只显示这一次，首次登录须修改）：{slip.password}")
