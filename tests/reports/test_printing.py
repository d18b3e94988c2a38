"""On paper: the form as issued, 草稿 until it is accepted, and a code that leads back to the version printed."""

import pytest
from django.urls import reverse

from reports import lifecycle
from reports.entry import drafts
from reports.letterhead import check_code, checksum_beginning
from reports.models import SubmissionEvent
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


class World:
    def __init__(self):
        self.campaign = make_campaign()
        self.form = make_form(
            self.campaign,
            indicators=[{"label": "服务人数"}, {"label": "补贴", "unit_of_measure": "万元", "decimals": 2}],
            signatures=["单位负责人签章", "填报日期"],
        )
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.place = make_place(self.campaign, "mine", parent=self.city, name="江汉区")
        self.other = make_place(self.campaign, "other", parent=self.city)
        self.period = self.campaign.periods.first()
        self.clerk = make_user("clerk", unit=self.place, name="林某")
        self.reviewer = make_user("reviewer", unit=self.city, role="coordinator")

    def sent(self, figures):
        report = drafts.open_draft(self.form, self.place.unit, self.period)
        drafts.save_figures(report, figures, seen=None, by=self.clerk)
        drafts.save_sign_off(report, responsible="周某", prepared_by="", phone="", by=self.clerk)
        lifecycle.submit(report, by=self.clerk)
        return report

    def code(self, report):
        return check_code(lifecycle.checksum(report))


def printed(client, report):
    return client.get(reverse("reports:submission-print", args=[report.pk])).text


def looked_up(client, code):
    return client.get(reverse("reports:check-code", args=["spring"]), {"code": code})


def test_a_code_is_the_first_sixty_bits_in_digits_that_are_not_mistaken_for_each_other():
    assert check_code("0" * 64) == "0000-0000-0000"
    assert check_code("f" * 64) == "ZZZZ-ZZZZ-ZZZZ"
    # 0x00001 is the digit 1 in the fourth place; 0x08420 0x00000 0x00000 is 1 in the first three.
    assert check_code("00001" + "0" * 59) == "0001-0000-0000"
    assert check_code("08420" + "0" * 59) == "1110-0000-0000"


@pytest.mark.parametrize(
    "typed", ["abcd-efgh-jk01", "ABCDEFGHJKOI", " ａｂｃｄ efgh—jkol ", "ABCD EFGH JK0L"]
)
def test_a_code_is_read_as_people_copy_it(typed):
    beginning = checksum_beginning(typed)
    assert check_code(beginning + "0" * 49) == "ABCD-EFGH-JK01"


@pytest.mark.parametrize(
    "typed", ["", "ABCD", "ABCD-EFGH-JKMU", "甲乙丙丁甲乙丙丁甲乙丙丁", "ABCD-EFGH-JKMN-1"]
)
def test_what_is_no_code_is_said_so(client, world, typed):
    assert checksum_beginning(typed) is None
    client.force_login(world.clerk)
    if typed:
        assert "不是校验码" in looked_up(client, typed).text


def test_a_sheet_is_marked_as_a_draft_until_it_is_accepted(client, world):
    client.force_login(world.clerk)
    report = world.sent({1: "40", 2: "1.5"})
    sheet = printed(client, report)
    assert ">草稿<" in sheet
    assert "待审" in sheet
    assert "单位负责人签章：周某" in sheet
    assert world.code(report) in sheet
    lifecycle.accept(report, by=world.reviewer)
    sheet = printed(client, report)
    assert ">草稿<" not in sheet
    assert "1.50" in sheet


def test_a_blank_form_has_neither_figures_nor_code(client, world):
    client.force_login(world.clerk)
    address = reverse("reports:blank-print", args=["spring", "fu1", world.period.ends_on, "mine"])
    sheet = client.get(address).text
    assert sheet.count("……") == 2
    assert "校验码" not in sheet
    assert "—" not in sheet.partition("<tbody>")[2].partition("</tbody>")[0]


def test_a_code_leads_to_the_version_and_says_whether_its_figures_stand(client, world):
    client.force_login(world.reviewer)
    report = world.sent({1: "40", 2: "1.5"})
    code = world.code(report)
    page = looked_up(client, code.lower().replace("-", " "))
    assert "数字有效" in page.text
    assert report.receipt in page.text

    lifecycle.return_for_correction(report, by=world.reviewer, comment="请核对第1列")
    assert "正在更正" in looked_up(client, code).text
    drafts.save_figures(report, {1: "41"}, seen=None, by=world.clerk)
    lifecycle.submit(report, by=world.clerk)
    page = looked_up(client, code)
    assert "数字已有变化" in page.text
    [version] = page.context["versions"]
    [changed] = version.changed
    assert (changed.indicator.number, changed.printed, changed.now) == (1, 40, 41)
    assert "数字有效" in looked_up(client, world.code(report)).text


def test_a_label_confirmed_since_leaves_the_figures_of_the_sheet_standing(client, world):
    client.force_login(world.reviewer)
    code = world.code(world.sent({1: "40"}))
    world.form.version += 1  # another version makes another checksum of the same figures
    world.form.save()
    assert "数字有效" in looked_up(client, code).text


def test_a_code_of_another_unit_is_not_found(client, world):
    code = world.code(world.sent({1: "40"}))
    client.force_login(make_user("neighbour", unit=world.other))
    page = looked_up(client, code)
    assert "没有找到" in page.text
    assert "江汉区" not in page.text


def test_a_record_that_was_tampered_with_is_told(client, world):
    client.force_login(world.reviewer)
    report = world.sent({1: "40"})
    event = report.events.get()
    event.snapshot["figures"]["1"] = "400"
    SubmissionEvent.objects.filter(pk=event.pk).update(snapshot=event.snapshot)
    assert "留存记录与校验码不符" in looked_up(client, world.code(report)).text


def test_the_report_of_this_form_with_no_figures_kept_prints_dashes(client, world):
    client.force_login(world.clerk)
    report = make_submission(world.form, world.place, world.period, {1: None}, status="draft")
    assert "草稿，尚未上报" in printed(client, report)
