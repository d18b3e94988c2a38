"""Write a campaign as it stands as a definition: `manage.py dump_campaign wuhan-2014 --out FOLDER`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.definition import write
from campaigns.models import Campaign


class Command(BaseCommand):
    help = "把活动的定义写成 campaign.yaml 和 units.csv，包括审核员在页面上的修改。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", metavar="CODE", help="活动代码")
        parser.add_argument(
            "--out", metavar="FOLDER", required=True, help="写到哪个文件夹；没有就新建，已有的文件会被覆盖"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(code=options["code"]).first()
        if campaign is None:
            codes = "、".join(Campaign.objects.values_list("code", flat=True)) or "（无）"
            raise CommandError(f"没有代码为 {options['code']} 的活动；现有：{codes}。")
        try:
            write(campaign, options["out"])
        except OSError as error:
            raise CommandError(
                f"无法写入文件夹 {options['out']}（{error.strerror}），请检查路径和权限。"
            ) from None
        self.stdout.write(f"已写出：{options['out']}（campaign.yaml、units.csv）")
