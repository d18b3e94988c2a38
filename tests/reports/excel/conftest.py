"""The small world of uploads: one form in rows, one in bands, three units, three periods."""

from dataclasses import dataclass
from typing import Any

import pytest

from reports.excel import child
from reports.excel.gate import RefusedFile
from reports.excel.known import Known
from reports.excel.read import read_workbook
from reports.excel.reading import Asked, Scope
from reports.excel.write import report_workbook
from tests.factories import (
    make_bands_form,
    make_campaign,
    make_place,
    make_rows_form,
    make_submission,
    period_of,
)

from .workbooks import FIGURES


class InProcess:
    """Reads like `reports.excel.process.Reader`, without a process: quicker, and failures show their trace."""

    def book(self, data, *, rows, columns):
        told = child.answer(data, rows, columns)
        if "refused" in told:
            raise RefusedFile(child.Kind(told["refused"]), told["detail"])
        return child.unpacked(told["book"])


@dataclass
class World:
    campaign: Any
    rows: Any
    bands: Any
    city: Any
    own: Any
    sibling: Any

    def period(self, number):
        return period_of(self.campaign, number)

    def read(self, data, name="附件1.xlsx", *, units=None, **asked):
        scope = Scope([self.campaign], None if units is None else frozenset(one.unit_id for one in units))
        return read_workbook(data, name, known=Known(scope), asked=Asked(**asked), by=InProcess())


@pytest.fixture
def world():
    campaign = make_campaign("spring", title="南京市2024年春风行动")
    rows = make_rows_form(
        campaign,
        title="南京市2024年春风行动工作情况统计表",
        notes=["1．统计数据为累计数，从2024年1月25日起计算。"],
        indicators=[
            {"number": 1, "label": "发放宣传资料份数", "unit_of_measure": "份"},
            {"number": 2, "label": "提供免费服务人数", "lines": ["提供免费", "服务人数"]},
            {"number": 3, "label": "其中：女性人数", "group": [""], "of": 2},
            {"number": 4, "label": "组织培训人数"},
            {"number": 5, "label": "其中：女性人数", "group": [""], "of": 4},
            {"number": 6, "label": "发放小额贷款（万元）", "unit_of_measure": "万元", "decimals": 2},
        ],
    )
    bands = make_bands_form(
        campaign,
        indicators=[
            {"number": 1, "label": "举办劳务协作招聘", "unit_of_measure": "场次"},
            {"number": 2, "label": "其中：面向陕西、青海", "unit_of_measure": "场次", "of": 1},
            {"number": 3, "label": "包车", "unit_of_measure": "辆次", "group": ["服务保障"]},
            {"number": 4, "label": "包车运输人数", "group": ["服务保障"]},
            {"number": 5, "label": "投入资金", "unit_of_measure": "万元", "decimals": 2},
        ],
    )
    city = make_place(campaign, "3201", name="南京市人力资源和社会保障局", short="南京市", level="prefecture")
    named = "{}人力资源（社会保障）局"
    own = make_place(campaign, "320102", parent=city, name=named.format("玄武区"), short="玄武区")
    sibling = make_place(campaign, "320104", parent=city, name=named.format("秦淮区"), short="秦淮区")
    return World(campaign, rows, bands, city, own, sibling)


@pytest.fixture
def good(world):
    """The official workbook of 玄武区 for the second period, as exported."""
    return report_workbook(make_submission(world.rows, world.own, world.period(2), FIGURES))
