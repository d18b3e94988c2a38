"""Load the demonstration: `manage.py load_demo`."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.definition.kinds import Day, ReadingError
from reports.demo.loading import DemoError, is_loaded, load_demo


class Command(BaseCommand):
    help = "载入演示数据：两项往年活动和一项进行中的活动、虚构的人员和数字。只用于演示环境（DEMO=1）和空的数据库。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--unless-loaded", action="store_true", help="已经载入时什么也不做")
        parser.add_argument(
            "--today", metavar="YYYY-MM-DD", help="进行中的活动以这一天的此时为准（默认今天），供测试用"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["unless_loaded"] and is_loaded():
            return
        try:
            reports = load_demo(_now_on(options["today"]))
        except (DemoError, ReadingError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"演示数据已载入：{reports} 份报表。")


def _now_on(day: str | None) -> datetime | None:
    """Return this time of that day; None where no day is given."""
    if not day:
        return None
    clock = timezone.localtime()
    return datetime.combine(Day().parse(day), clock.time(), clock.tzinfo)
