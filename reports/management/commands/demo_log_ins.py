"""Print where the demonstration is and who may log in: `manage.py demo_log_ins`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chunfeng.accounts.models import Membership, User
from reports.demo.loading import PASSWORD


class Command(BaseCommand):
    help = "显示演示环境的地址，以及每种角色的一个登录账号。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, metavar="N", help="服务端口（默认 8000）")

    def handle(self, *_: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("演示账号只在演示环境有效，请先设置环境变量 DEMO=1。")
        memberships = Membership.objects.filter(user__is_demo=True, user__is_active=True)
        first: dict[str, Membership] = {}
        for membership in memberships.select_related("user", "unit").order_by("user", "pk"):
            first.setdefault(membership.role, membership)
        if not first:
            raise CommandError("还没有演示人员，请先运行 manage.py load_demo。")
        self.stdout.write(f"http://127.0.0.1:{options['port']}/")
        self.stdout.write(f"在登录页选一个身份直接进入，或用账号登录，密码都是 {PASSWORD}：")
        for membership in first.values():
            user = membership.user
            role = membership.get_role_display()
            self.stdout.write(f"  {role}  {user.username}  {user.name}（{membership.unit}）")
        for user in User.objects.filter(is_demo=True, is_active=True).exclude(site_role="").order_by("pk"):
            self.stdout.write(f"  {user.get_site_role_display()}  {user.username}  {user.name}")
