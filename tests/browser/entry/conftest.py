"""The entry page of one county, whose form has what the tests need."""

import pytest
from django.urls import reverse

from tests.browser.entry.hands import World
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user


@pytest.fixture
def world(live_server):
    campaign = make_campaign()
    form = make_form(
        campaign,
        layout="bands",
        bands=[3, 3],
        title="春风行动专项活动开展情况统计表",
        signatures=["单位负责人签章", "填表人签章", "联系电话", "填报日期"],
        indicators=[
            {"label": "提供免费服务人数"},
            {"label": "其中：女性人数", "of": 1},
            {"label": "发放宣传资料", "unit_of_measure": "份"},
            {"label": "举办招聘活动", "unit_of_measure": "场次"},
            {"label": "达成就业意向人数"},
            {"label": "发放补贴", "unit_of_measure": "万元", "decimals": 2},
        ],
        rules=[("c1 < 50 or c2 <= 0.8 * c1", "query")],
    )
    place = make_place(campaign, "320381", name="新沂市")
    make_user("clerk", unit=place, name="林某")
    make_user("colleague", unit=place, name="许某")
    first, second, _ = campaign.periods.all()
    make_submission(form, place, first, {4: 20, 5: 7})
    path = reverse("reports:entry", args=["spring", "fu1", second.ends_on.isoformat(), "320381"])
    return World(form, place, second, live_server.url + path)
