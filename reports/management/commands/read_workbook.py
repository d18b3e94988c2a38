"""manage.py read_workbook: what an upload of a workbook would do, as JSON; nothing is stored."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.models import Campaign
from chunfeng.accounts.models import User
from reports.excel.gate import RefusedFile, check_size
from reports.excel.known import Known
from reports.excel.read import read_workbook
from reports.excel.reading import ASK, OK, REFUSED, Asked, Reading, Scope
from reports.exchange.uploads import fillable
from reports.management.arguments import named_form, named_period, named_unit

EXIT = {OK: 0, REFUSED: 1, ASK: 2}


class Command(BaseCommand):
    help = (
        "读一个填好的工作簿（.xlsx 或 .xls），用 JSON 写出上传时会怎样处理，不保存任何内容。"
        "返回值：0 可以导入（没有识别的单元格列在 rejected），2 须先确认报表、单位或报告期，1 不能导入。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.xlsx", help="工作簿")
        parser.add_argument("--campaign", metavar="C", help="活动代码，例如 wuhan-2014；省略则在全部活动里找")
        parser.add_argument("--form", metavar="F", help="报表代码，例如 fu1（同时写明 --campaign）")
        parser.add_argument("--unit", metavar="CODE", help="单位代码（同时写明 --campaign）")
        parser.add_argument(
            "--period", metavar="DATE", help="报告期截止日，例如 2014-02-28（同时写明 --campaign）"
        )
        parser.add_argument("--as", dest="username", metavar="USERNAME", help="只读这个账号可以填报的单位")
        parser.add_argument(
            "--sure", action="store_true", help="文件里写的单位、报告期与参数不同时，以参数为准"
        )
        parser.add_argument("--total", action="store_true", help="“总计”行的数字就是本单位的数字")

    def handle(self, *_: Any, **options: Any) -> None:
        reading = _reading(options)
        self.stdout.write(json.dumps(reading.as_json(), ensure_ascii=False, indent=1))
        if EXIT[reading.outcome]:
            sys.exit(EXIT[reading.outcome])


def _reading(options: dict[str, Any]) -> Reading:
    """Read the file; what the arguments name and is not there is refused like what the file holds."""
    path = Path(options["file"])
    try:
        asked = _asked(options)
        scope = _scope(options["username"], asked.campaign)
        check_size(path.stat().st_size)
        data = path.read_bytes()
    except (CommandError, RefusedFile) as refused:
        return Reading(REFUSED, str(refused))
    except OSError:
        return Reading(REFUSED, f"文件 {path} 不能读取，请检查路径和权限。")
    return read_workbook(data, path.name, known=Known(scope), asked=asked)


def _asked(options: dict[str, Any]) -> Asked:
    code = options["campaign"]
    if code is None:
        if options["form"] or options["unit"] or options["period"]:
            raise CommandError("写明 --form、--unit 或 --period 时，请同时用 --campaign 写明活动代码。")
        return Asked(total=options["total"])
    form = named_form(code, options["form"]) if options["form"] else None
    campaign = form.campaign if form else _campaign(code)
    return Asked(
        campaign=campaign,
        form=form,
        unit=named_unit(campaign, options["unit"]) if options["unit"] else None,
        period=named_period(campaign, options["period"]) if options["period"] else None,
        settled=frozenset({"unit", "period"} if options["sure"] else ()),
        total=options["total"],
    )


def _campaign(code: str) -> Campaign:
    campaign = Campaign.objects.filter(code=code).first()
    if campaign is None:
        known = "、".join(Campaign.objects.values_list("code", flat=True)) or "无"
        raise CommandError(f"没有代码为“{code}”的活动，请核对。已有的活动：{known}。")
    return campaign


def _scope(username: str | None, campaign: Campaign | None) -> Scope:
    if username is None:
        return Scope([campaign] if campaign else list(Campaign.objects.all()))
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"没有账号“{username}”，请核对 --as。")
    return fillable(user, campaign)
