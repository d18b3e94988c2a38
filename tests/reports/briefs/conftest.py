"""A province of two cities with two counties each, two periods, one form with a fall and a carried county."""

from types import SimpleNamespace

import pytest

from campaigns.models import Target, TextDuty
from chunfeng.accounts.models import Membership
from reports.publishing import editions
from tests.factories import (
    make_campaign,
    make_form,
    make_province,
    make_submission,
    make_text,
    make_user,
    period_of,
)

COORDINATOR = Membership.Role.COORDINATOR
INDICATORS = [
    {"label": "举办招聘活动", "unit_of_measure": "场次"},
    {"label": "筹集岗位", "unit_of_measure": "个"},
    {"label": "其中：线上岗位", "unit_of_measure": "个", "of": 2},
    {"label": "使用资金", "unit_of_measure": "万元", "decimals": 2},
]


@pytest.fixture
def world():
    """Period 1: 10, 20, 40 and nothing; period 2: 15, 40, carried and nothing. The second city's funds fall."""
    campaign = make_campaign(title="某省2024年春风行动（演示）")
    form = make_form(campaign, indicators=INDICATORS, layout="rows", annex="附件1")
    province, cities, counties = make_province(campaign, "东区", "西区")
    first, second = period_of(campaign, 1), period_of(campaign, 2)
    make_submission(form, counties[0], first, {1: 10, 2: 1000, 3: 400, 4: "2.50"})
    make_submission(form, counties[1], first, {1: 40, 2: 500, 3: None, 4: "1.00"})
    make_submission(form, counties[2], first, {1: 20, 2: 2000, 3: 100, 4: "5.00"})
    report = make_submission(form, counties[0], second, {1: 15, 2: 1500, 3: 600, 4: "3.00"})
    make_submission(form, counties[2], second, {1: 40, 2: 2600, 3: 150, 4: "4.00"})
    duty = TextDuty.objects.create(
        campaign=campaign, position=1, kind="case", each_period=True, each="prefecture", at_least=3
    )
    columns = {column.number: column for column in form.columns}
    Target.objects.create(
        campaign=campaign, position=1, indicator=columns[2], at_least=10_000, over="campaign"
    )
    Target.objects.create(
        campaign=campaign, position=2, indicator=columns[1], at_least=6, over="week", each="county"
    )
    boss = make_user("boss", unit=province, role=COORDINATOR)
    city = make_user("city", unit=cities[0])
    case = make_text(
        duty, cities[0], second, by=city, status="accepted", title="夜市招聘", text="晚间直播带岗。" * 20
    )
    return SimpleNamespace(
        campaign=campaign,
        form=form,
        province=province,
        cities=cities,
        counties=counties,
        first=first,
        second=second,
        report=report,
        boss=boss,
        clerk=make_user("clerk", unit=counties[0]),
        viewer=make_user("viewer", unit=province, role=Membership.Role.VIEWER),
        below=make_user("below", unit=cities[0], role=COORDINATOR),
        case=case,
        edition=editions.publish(province, second, by=boss),
    )
