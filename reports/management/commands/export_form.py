"""manage.py export_form: the official workbook of one form, unit and period."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import ReportForm, ReportingPeriod, ReportingUnit
from reports.excel.template import template_workbook
from reports.excel.write import blank_workbook, report_workbook, roll_up_workbook
from reports.management.arguments import named_form, named_period, named_unit
from reports.models import Submission
from reports.rollup import RollUpError, place_at, roll_up
from reports.tasks import owes

KINDS = ("report", "roll-up", "blank", "template")


class Command(BaseCommand):
    help = "按官方表式导出 Excel 工作簿：本单位填报的报表、含所属各单位的汇总表、空表，或填报模板。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="活动代码，例如 wuhan-2014")
        parser.add_argument("form", metavar="FORM", help="报表代码，例如 fu1")
        parser.add_argument("--unit", metavar="CODE", help="单位代码")
        parser.add_argument("--period", metavar="DATE", help="报告期截止日，例如 2014-02-28")
        parser.add_argument(
            "--kind",
            default="report",
            help="report（本单位填报的，默认）、roll-up（汇总）、blank（空表）或 template（填报模板）",
        )
        parser.add_argument(
            "--basis", default="accepted", help="汇总口径：accepted（正式数，默认）、received 或 strict"
        )
        parser.add_argument(
            "--measure", default="cumulative", help="汇总内容：cumulative（累计，默认）或 increment"
        )
        parser.add_argument("--out", required=True, metavar="FILE.xlsx", help="写入的文件")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["kind"] not in KINDS:
            raise CommandError(f"--kind 不能是“{options['kind']}”，应为 {'、'.join(KINDS)} 之一。")
        form = named_form(options["campaign"], options["form"])
        unit = named_unit(form.campaign, options["unit"])
        period = named_period(form.campaign, options["period"])
        data = _workbook(form, unit, period, options)
        path = Path(options["out"])
        try:
            path.write_bytes(data)
        except OSError as error:
            raise CommandError(
                f"文件 {path} 无法写入，请检查 --out 的文件夹是否存在、是否有写入权限。"
            ) from error
        self.stdout.write(f"已导出 {path}")


def _workbook(
    form: ReportForm, unit: ReportingUnit, period: ReportingPeriod, options: dict[str, Any]
) -> bytes:
    kind = options["kind"]
    if kind == "report":
        return _report(form, unit, period)
    if kind == "template":
        place = place_at(unit, period)
        if not owes(place, form):
            raise CommandError(f"{unit}不填报{form}，没有填报模板，请核对 --unit 和报表代码。")
        return template_workbook(form, place, period)
    try:
        rollup = roll_up(form, period, unit, basis=options["basis"], measure=options["measure"])
    except RollUpError as error:
        raise CommandError(str(error)) from error
    if not rollup.rows:
        raise CommandError(f"{unit}及其所属单位都不填报{form}，请核对 --unit 和报表代码。")
    return (
        blank_workbook(form, unit, period)
        if kind == "blank"
        else roll_up_workbook(form, period, unit, rollup)
    )


def _report(form: ReportForm, unit: ReportingUnit, period: ReportingPeriod) -> bytes:
    submission = Submission.objects.filter(report_form=form, unit=unit, period=period).first()
    if submission is None:
        raise CommandError(
            f"{unit}{period}没有填报{form}。"
            "要导出含所属单位的汇总，请用 --kind roll-up；要空表，请用 --kind blank。"
        )
    return report_workbook(submission)
