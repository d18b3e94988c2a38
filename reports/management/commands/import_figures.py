"""manage.py import_figures: reports of one form from a CSV file, all or none."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.entry.validation import explanation_problem
from reports.exchange.importing import STATES, SUBMITTED_AT, ImportRefusedError, import_figures
from reports.management.arguments import named_form
from reports.models import Submission


class Command(BaseCommand):
    help = (
        "从 CSV 文件导入一张报表的数据，每行一个单位的一期。表头：unit,period,1,2,…[,submitted_at]，"
        "即单位代码、报告期截止日（2024-02-09）、各指标序号、上报时间（可省略）。"
        "UTF-8 或 GB18030 编码。有一处不合要求就全部不导入，并逐处列出。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="活动代码，例如 wuhan-2014")
        parser.add_argument("form", metavar="FORM", help="报表代码，例如 fu1")
        parser.add_argument("file", metavar="FILE.csv", help="数据文件")
        parser.add_argument(
            "--state",
            default=str(STATES[0]),
            help="导入后的状态：draft 草稿（默认）、submitted 待审、accepted 已通过",
        )
        parser.add_argument(
            "--allow-queries",
            default="",
            metavar="TEXT",
            help="核实性问题的核实说明（导入为 submitted、accepted 时用）；不给则有核实性问题就不导入",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["state"] not in STATES:
            raise CommandError(f"--state 不能是“{options['state']}”，请改用 {'、'.join(STATES)} 之一。")
        form = named_form(options["campaign"], options["form"])
        explanation = options["allow_queries"].strip()
        if explanation and (problem := explanation_problem(explanation)):
            raise CommandError(f"--allow-queries：{problem}")
        try:
            data = Path(options["file"]).read_bytes()
        except OSError:
            raise CommandError(f"文件 {options['file']} 不能读取，请检查路径和权限。") from None
        try:
            done = import_figures(form, data, state=options["state"], explanation=explanation)
        except ImportRefusedError as error:
            count = len(error.problems)
            raise CommandError(f"{count} 处不合要求，全部没有导入：\n{error}") from None
        state = Submission.Status(options["state"]).label
        self.stdout.write(
            f"已导入“{form}”{done.reports} 份（{done.units} 个单位，{done.periods} 期，{done.figures} 个数字），"
            f"状态：{state}。"
        )
        if done.explained:
            self.stdout.write(f"{done.explained} 处核实性问题的说明：{explanation}")
        if done.times_dropped:
            self.stderr.write(
                f"注意：{SUBMITTED_AT} 列有 {done.times_dropped} 份写了上报时间，导入为草稿不保留；"
                "要保留，请用 --state submitted 或 accepted。"
            )
