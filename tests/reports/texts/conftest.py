"""A province over two cities that owe three cases a week; files in a folder of the test's own."""

from datetime import UTC, datetime

import pytest
import time_machine

from campaigns.models import TextDuty
from reports.texts import lifecycle
from tests.factories import make_campaign, make_form, make_place, make_user, period_of

NOW = datetime(2024, 1, 26, 2, tzinfo=UTC)
"""A Friday morning in Shanghai, the first period's last day."""
TEXT = "某市组织人力资源市场举办春风送岗专场招聘会，企业提供岗位，现场达成就业意向。" * 3


@pytest.fixture(autouse=True)
def _private_folder(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _friday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world(db):
    return World()


class World:
    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign, annex="附件1")
        self.province = make_place(self.campaign, "320000", level="province", reports=False, name="江苏省")
        self.city = make_place(
            self.campaign, "320300", parent=self.province, level="prefecture", name="徐州市"
        )
        self.county = make_place(self.campaign, "320381", parent=self.city, name="新沂市")
        self.other = make_place(
            self.campaign, "320500", parent=self.province, level="prefecture", name="苏州市"
        )
        self.cases = self.duty("case", "一周特色亮点工作", each_period=True, at_least=3, each="prefecture")
        self.clerk = make_user("clerk", unit=self.city, name="王五")
        self.colleague = make_user("colleague", unit=self.city, name="钱八")
        self.sun = make_user("sun", unit=self.province, role="coordinator", name="孙七")
        self.neighbour = make_user("neighbour", unit=self.other, name="周九")
        self.period = period_of(self.campaign, 1)

    def duty(self, kind, title, **more):
        position = self.campaign.texts.count() + 1
        return TextDuty.objects.create(
            campaign=self.campaign, position=position, kind=kind, title=title, **more
        )

    def case(self, *, unit=None, by=None, **values):
        """A case as it is being written; values: what stands in it besides."""
        unit, by = unit or self.city.unit, by or self.clerk
        report = lifecycle.begin(self.campaign, self.cases, unit, self.period, by=by)
        values = {"title": "送岗到家门口", "place": "徐州市云龙区", "text": TEXT, "categories": []} | values
        lifecycle.save(report, values, seen=report.version, by=by)
        return report

    def sent(self, **values):
        report = self.case(**values)
        lifecycle.submit(report, seen=report.version, by=values.get("by") or self.clerk)
        return report
