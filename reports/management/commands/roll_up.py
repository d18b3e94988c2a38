"""manage.py roll_up: a unit with all below it at the end of a period, as JSON or CSV."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import Campaign, ReportForm, ReportingPeriod, ReportingUnit
from reports.rollup import BASES, MEASURES, Coverage, RollUp, RollUpError, as_json, roll_up

FORMATS = ("json", "csv")


class Command(BaseCommand):
    help = "汇总一个单位及其所属各单位在一个报告期的报表，并说明总数由哪些报表构成。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="活动代码，例如 jiangsu-2024")
        parser.add_argument("form", metavar="FORM", help="报表代码，例如 fu1")
        parser.add_argument("--unit", metavar="CODE", help="单位代码，例如 320000（必填）")
        parser.add_argument("--period", metavar="DATE", help="报告期截止日，例如 2024-02-23（必填）")
        parser.add_argument(
            "--basis",
            default="accepted",
            help="口径：accepted（各单位最近一次已通过的报表，默认）、received（最近一次已上报或已通过的）"
            "或 strict（仅本期已通过的，不沿用）",
        )
        parser.add_argument(
            "--measure", default="cumulative", help="cumulative（累计，默认）或 increment（本期新增）"
        )
        parser.add_argument("--format", default="json", help="json（默认）或 csv")

    def handle(self, *_: Any, **options: Any) -> None:
        for option, choices in (("basis", BASES), ("measure", MEASURES), ("format", FORMATS)):
            if options[option] not in choices:
                known = "、".join(choices)
                raise CommandError(f"--{option} 不能是“{options[option]}”，请改用 {known} 之一。")
        campaign = Campaign.objects.filter(code=options["campaign"]).first()
        if campaign is None:
            known = _known("已有的活动", Campaign.objects.values_list("code", flat=True))
            raise CommandError(f"没有代码为“{options['campaign']}”的活动，请核对。{known}")
        form = campaign.forms.filter(code=options["form"]).first()
        if form is None:
            known = _known("已有的报表", campaign.forms.values_list("code", flat=True))
            raise CommandError(f"{campaign}没有代码为“{options['form']}”的报表，请核对。{known}")
        try:
            result = roll_up(
                form,
                _period(campaign, options["period"]),
                _unit(campaign, options["unit"]),
                basis=options["basis"],
                measure=options["measure"],
            )
        except RollUpError as error:
            raise CommandError(str(error)) from error
        if options["format"] == "csv":
            self._write_csv(form, result)
        else:
            self.stdout.write(json.dumps(as_json(result), ensure_ascii=False, indent=2))

    def _write_csv(self, form: ReportForm, result: RollUp) -> None:
        """Print a line a row, then 总计. `own` is 1 or 0; a value no unit reported is empty."""
        numbers = [indicator.number for indicator in form.columns]
        writer = csv.writer(self.stdout, lineterminator="\n")
        units = ["expected", "reported", "carried", "never"]
        writer.writerow(["unit", "name", "own", "state", "as_of", *units, *numbers])
        for row in result.rows:
            head = [_text(row.unit), _text(row.name), int(row.own), row.state]
            writer.writerow([*head, *_made_of(row.as_of, row.coverage), *_values(row.values)])
        head = [_text(result.unit), "总计", 0, result.coverage.state]
        writer.writerow([*head, *_made_of(result.as_of, result.coverage), *_values(result.total)])


def _period(campaign: Campaign, text: str | None) -> ReportingPeriod:
    if text is None:
        raise CommandError("请用 --period 写明报告期的截止日，例如 --period 2024-02-23。")
    try:
        ends_on = date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}”不是日期，--period 应写成 2024-02-23 这样的形式。") from error
    period = campaign.periods.filter(ends_on=ends_on).first()
    if period is None:
        known = _known("各期截止日", campaign.periods.values_list("ends_on", flat=True))
        raise CommandError(f"{campaign}没有截至 {ends_on} 的报告期，请核对 --period。{known}")
    return period


def _unit(campaign: Campaign, code: str | None) -> ReportingUnit:
    if code is None:
        raise CommandError("请用 --unit 写明单位代码，例如 --unit 320000。")
    unit = ReportingUnit.objects.filter(code=code, places__campaign=campaign).first()
    if unit is None:
        raise CommandError(f"代码为“{code}”的单位不在{campaign}的单位名录中，请核对 --unit。")
    return unit


def _known(what: str, values: Iterable[object]) -> str:
    return f"{what}：{'、'.join(str(value) for value in values) or '无'}。"


def _text(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _made_of(as_of: date | None, coverage: Coverage) -> list[object]:
    return [as_of or "", coverage.expected, coverage.reported, coverage.carried, coverage.never]


def _values(values: dict[int, Any]) -> list[str]:
    return ["" if value is None else f"{value:f}" for value in values.values()]
