"""Load a campaign's definition: `manage.py load_campaign fixtures/wuhan-2014`."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.definition import DefinitionError, load, read

SHOWN = 50


class Command(BaseCommand):
    help = "载入活动定义（campaign.yaml 和 units.csv）。先全部检查，有一处错误就什么也不改；可以反复载入。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", metavar="PATH", help="活动定义所在的文件夹")
        parser.add_argument(
            "--replace", action="store_true", help="用文件覆盖审核员在页面上的修改（默认保留页面上的修改）"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            loaded = load(read(options["path"]), replace=options["replace"])
        except DefinitionError as error:
            raise CommandError(f"活动定义有 {len(error.mistakes)} 处错误，没有载入：\n{error}") from None
        counts = "，".join(f"{name} {number}" for name, number in loaded.counts.items())
        done = "已新建" if loaded.created else "已更新" if loaded.changes else "没有变化"
        self.stdout.write(f"{done}：{loaded.campaign.code} {loaded.campaign.title}（{counts}）")
        self.list("修改", loaded.changes)
        self.list("保留", loaded.kept)
        self.list("注意", loaded.warnings)

    def list(self, title: str, sentences: Sequence[str]) -> None:
        for sentence in sentences[:SHOWN]:
            self.stdout.write(f"{title}：{sentence}")
        if len(sentences) > SHOWN:
            self.stdout.write(f"{title}：另有 {len(sentences) - SHOWN} 处")
