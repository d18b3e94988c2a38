"""交接卡: what the next clerk has to know, for the unit's own people and those above."""

from datetime import timedelta

import pytest
from django.urls import reverse

from reports.review import questions
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db


def test_the_card_says_who_fills_who_signs_what_was_reported_and_what_is_open(client):
    campaign = make_campaign()
    form = make_form(campaign, indicators=2, annex="附件1")
    city = make_place(campaign, "city", level="prefecture", reports=False)
    district = make_place(campaign, "district", parent=city, name="江汉区")
    boss = make_user("boss", unit=city, role="coordinator", name="韩审核", phone="000-0000 0003")
    clerk = make_user("clerk", unit=district, name="林填报", phone="000-0000 0001")
    first, second, _ = campaign.periods.all()
    make_submission(form, district, first, {1: 1205, 2: None})
    late = make_submission(
        form,
        district,
        second,
        {1: 1310, 2: 7},
        responsible="王负责",
        prepared_by="林填报",
        submitted_at=second.due_at + timedelta(seconds=1),
    )
    for number in (1, 2):
        late.explanations.create(finding=f"jump:{number}", text="集中举办了五场招聘会")
    questions.ask(late, by=boss, text="第2列上期为何留空？", cells=[2])
    client.force_login(clerk)
    page = client.get(reverse("reports:unit-card", args=["spring", "district"])).text
    for text in ("林填报 000-0000 0001", "韩审核 000-0000 0003", "王负责", "1,205", "1,310"):
        assert text in page
    assert '集中举办了五场招聘会 <span class="muted nowrap">2 次' in page
    assert "第2列上期为何留空？" in page
    # Three periods are long past: one on time, one late, one never sent.
    for name, count in (("已到期应报", 3), ("按时", 1), ("迟报", 1), ("未报", 1)):
        assert f"<dt>{name}</dt><dd>{count} 份" in page


def test_a_unit_that_has_done_nothing_has_a_card_as_well(client):
    campaign = make_campaign()
    make_form(campaign)
    city = make_place(campaign, "city", level="prefecture", reports=False)
    make_place(campaign, "district", parent=city)
    client.force_login(make_user("boss", unit=city, role="coordinator"))
    page = client.get(reverse("reports:unit-card", args=["spring", "district"])).text
    assert "没有可用的填报员账号" in page
    assert "还没有上报过" in page
