"""manage.py roll_up: a unit with all below it at the end of a period, as JSON or CSV."""

import csv
import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import ReportForm
from reports.management.arguments import named_form, named_period, named_unit
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
        form = named_form(options["campaign"], options["form"])
        try:
            result = roll_up(
                form,
                named_period(form.campaign, options["period"]),
                named_unit(form.campaign, options["unit"]),
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


def _text(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _made_of(as_of: date | None, coverage: Coverage) -> list[object]:
    return [as_of or "", coverage.expected, coverage.reported, coverage.carried, coverage.never]


def _values(values: dict[int, Any]) -> list[str]:
    return ["" if value is None else f"{value:f}" for value in values.values()]
