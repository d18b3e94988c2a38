"""Load the demonstration: `manage.py load_demo`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.demo.loading import DemoError, is_loaded, load_demo


class Command(BaseCommand):
    help = "载入演示数据：两项活动、虚构的人员和数字。只用于演示环境（DEMO=1）和空的数据库。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--unless-loaded", action="store_true", help="已经载入时什么也不做")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["unless_loaded"] and is_loaded():
            return
        try:
            reports = load_demo()
        except DemoError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"演示数据已载入：{reports} 份报表。")
