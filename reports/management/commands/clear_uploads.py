"""manage.py clear_uploads: delete uploaded workbooks that nobody confirmed, and files without a row."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reports.exchange.uploads import KEPT_FOR, clear


class Command(BaseCommand):
    help = "删除没有确认导入的上传文件，以及没有记录的残留文件。已导入的文件一直保留。宜每天运行一次。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, default=KEPT_FOR.days, help=f"上传满几天才删除，默认 {KEPT_FOR.days}"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["days"] < 0:
            raise CommandError("--days 不能是负数。")
        uploads, stray = clear(before=timezone.now() - timedelta(days=options["days"]))
        self.stdout.write(f"已删除 {uploads} 个没有确认的上传、{stray} 个残留文件。")
