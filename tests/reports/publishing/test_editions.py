"""Editions: what is frozen, who is warned, what a later correction says beside them, who may read them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import Exemption, Indicator
from campaigns.places import move_unit
from reports import lifecycle
from reports.entry import drafts
from reports.models import Correction, Edition, Figure, Notice, Submission
from reports.publishing import corrections, editions, sign_off
from reports.publishing.published import differences, is_intact, papers
from reports.rollup import as_json, roll_up
from tests.factories import (
    make_place,
    make_submission,
    make_user,
    period_of,
)
from tests.reports.publishing.provinces import COORDINATOR, VIEWER, correct, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_an_edition_freezes_what_the_roll_up_says_on_the_official_basis(world):
    edition = editions.publish(world.province, world.second, by=world.boss)
    kept = edition.content["forms"]["fu1"]
    assert kept["cumulative"] == as_json(roll_up(world.form, world.second, world.province.unit))
    increment = roll_up(world.form, world.second, world.province.unit, measure="increment")
    assert kept["increment"] == as_json(increment)
    assert (kept["cumulative"]["total"], kept["increment"]["total"]) == (
        {"1": "35", "2": "1"},
        {"1": "5", "2": "0"},
    )
    assert kept["carried"] == [["乙市东区", "2024-01-26"]]
    assert (edition.number, edition.issue, edition.title) == (2, 1, "第2期")
    assert is_intact(edition)


def test_what_an_edition_keeps_reads_as_the_roll_up_that_was_frozen(world):
    Indicator.objects.filter(number=2).update(group=["其中："], lines=["指标", "2"])
    edition = Edition.objects.get(pk=editions.publish(world.province, world.second, by=world.boss).pk)
    [paper] = papers(edition)
    for measure in ("cumulative", "increment"):
        now = roll_up(world.form, world.second, world.province.unit, measure=measure)
        kept = paper.in_measure(measure)
        assert [(row.name, row.values, row.state, row.as_of) for row in kept.rows] == [
            (row.name, row.values, row.state, row.as_of) for row in now.rows
        ]
        assert (kept.total, kept.coverage, kept.as_of, kept.carried) == (
            now.total,
            now.coverage,
            now.as_of,
            now.carried,
        )
    form = type(world.form).objects.get(pk=world.form.pk)
    assert paper.header == form.header


def test_cities_that_have_not_signed_missing_units_and_waiting_reports_are_warned_of(world):
    make_submission(world.form, world.counties[1], world.second, {1: 21}, status="submitted")
    sign_off.sign(world.cities[0].unit, world.second, by=None, missing=[])
    found = editions.draft(world.province, world.second)
    assert [place.short for place in found.unsigned] == ["乙市"]
    assert len(found.standing.waiting) == 1
    Submission.objects.filter(status="submitted").delete()
    found = editions.draft(world.province, world.second)
    assert [one.name for one in found.standing.missing] == ["东区"]


def test_a_reissue_needs_a_reason_and_other_figures(world):
    first = editions.publish(world.province, world.second, by=world.boss)
    with pytest.raises(editions.EditionError, match="再版须写明原因"):
        editions.publish(world.province, world.second, by=world.boss)
    with pytest.raises(editions.EditionError, match="相同，无需再版"):
        editions.publish(world.province, world.second, by=world.boss, reason="补报")
    make_submission(world.form, world.counties[1], world.second, {1: 22, 2: 3})
    again = editions.publish(world.province, world.second, by=world.boss, reason="东区补报")
    assert (again.issue, again.title, again.reason) == (2, "第2期（第2版）", "东区补报")
    assert Edition.objects.get(pk=first.pk).content["forms"]["fu1"]["cumulative"]["total"]["1"] == "35"
    assert again.content["forms"]["fu1"]["cumulative"]["total"]["1"] == "37"


def test_what_changed_since_it_was_read_is_not_published(world):
    seen = editions.draft(world.province, world.second).checksum
    make_submission(world.form, world.counties[1], world.second, {1: 22})
    with pytest.raises(editions.EditionError, match="在您核对后有变化"):
        editions.publish(world.province, world.second, by=world.boss, seen=seen)
    assert not Edition.objects.exists()


def test_nothing_accepted_and_a_period_to_come_cannot_be_published(world):
    Submission.objects.filter(ends_on=world.second.ends_on).delete()
    Submission.objects.filter(ends_on=world.first.ends_on).update(status="submitted")
    with pytest.raises(editions.EditionError, match="还没有已通过的报表"):
        editions.publish(world.province, world.second, by=world.boss)
    third = period_of(world.campaign, 3)
    third.starts_on = world.campaign.today() + timedelta(days=1)
    with pytest.raises(editions.EditionError, match="现在还不能发布"):
        editions.publish(world.province, third, by=world.boss)


def test_of_two_who_publish_at_once_one_is_told(world, monkeypatch):
    editions.publish(world.province, world.second, by=world.boss)
    stale = editions.draft(world.province, world.second)
    monkeypatch.setattr(editions, "draft", lambda *_: stale_first(stale))
    with pytest.raises(editions.EditionError, match="刚由他人发布"):
        editions.publish(world.province, world.second, by=world.boss)


def stale_first(found):
    """The draft as one saw it who did not know of the edition."""
    return editions.Draft(found.place, found.period, found.standing, found.figures, found.unsigned, None)


def test_the_database_takes_no_second_edition_of_one_issue(world):
    edition = editions.publish(world.province, world.second, by=world.boss)
    edition.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        edition.save(force_insert=True)


def test_a_correction_is_noted_beside_each_edition_that_it_moves_and_changes_none(world):
    published = {
        (place.unit.code, period.number): editions.publish(place, period, by=None)
        for place in (world.province, *world.cities)
        for period in (world.first, world.second)
    }
    stored = {key: (edition.content, edition.workbook) for key, edition in published.items()}
    correct(world, world.report, {1: 13})
    noted = {
        (note.edition.unit.code, note.edition.number): corrections.described(note.changes)
        for note in Correction.objects.all()
    }
    assert noted == {
        ("32", 2): ["附件1第1列累计 35 → 33", "附件1第1列本期新增 5 → 3"],
        ("3201", 2): ["附件1第1列累计 15 → 13", "附件1第1列本期新增 5 → 3"],
    }
    note = Correction.objects.first()
    assert (note.get_kind_display(), note.reason, note.actor_name) == ("更正", "第1列有误，请更正", "boss")
    for key, edition in published.items():
        now = Edition.objects.get(pk=edition.pk)
        assert (now.content, bytes(now.workbook)) == stored[key]
        assert is_intact(now)


def test_a_correction_of_an_earlier_period_moves_the_increment_after_it(world):
    edition = editions.publish(world.cities[0], world.second, by=None)
    first = Submission.objects.get(unit=world.counties[0].unit, period=world.first)
    correct(world, first, {1: 12})
    [note] = edition.corrections.all()
    assert corrections.described(note.changes) == ["附件1第1列本期新增 5 → 3"]


def test_a_correction_is_noted_where_the_unit_was_before_it_moved(world):
    # East of 甲市 moves to 乙市 after period 1: 甲市 has 5 in period 2 after 10 in the first, which is corrected to 12.
    west = make_place(world.campaign, "320109", parent=world.cities[0], name="西区")
    make_submission(world.form, west, world.second, {1: 5})
    first = Submission.objects.get(unit=world.counties[0].unit, period=world.first)
    move_unit(world.counties[0], world.cities[1], world.second.starts_on)
    left, joined = (editions.publish(city, world.second, by=None) for city in world.cities)
    correct(world, first, {1: 12})
    assert [corrections.described(note.changes) for note in left.corrections.all()] == [
        ["附件1第1列本期新增 −5 → −7"]
    ]
    # In period 2 its own report of 15 counts there, and in period 1 it stood elsewhere.
    assert not joined.corrections.exists()


def test_a_report_that_came_after_publication_is_noted_as_such(world):
    edition = editions.publish(world.province, world.second, by=None)
    late = make_submission(world.form, world.counties[1], world.second, {1: 22, 2: None}, status="submitted")
    lifecycle.accept(late, by=world.boss)
    [note] = edition.corrections.all()
    assert note.get_kind_display() == "补报"
    assert corrections.described(note.changes)[0] == "附件1第1列累计 35 → 37"


def test_what_is_accepted_again_unchanged_leaves_no_note_and_a_second_correction_starts_from_the_first(world):
    edition = editions.publish(world.province, world.second, by=None)
    correct(world, world.report, {1: 15})
    assert not edition.corrections.exists()
    correct(world, world.report, {1: 13})
    correct(world, world.report, {1: 15})
    said = [corrections.described(note.changes)[0] for note in edition.corrections.all()]
    assert said == ["附件1第1列累计 35 → 33", "附件1第1列累计 33 → 35"]


def test_before_approval_the_page_says_what_will_move(world, client):
    edition = editions.publish(world.province, world.second, by=None)
    lifecycle.reopen(world.report, by=world.boss, comment="第1列有误")
    drafts.save_figures(world.report, {1: "13"}, seen=None, by=world.clerk)
    lifecycle.submit(world.report, by=world.clerk)
    found = corrections.effect(world.report, world.province)
    moved = [
        (one.period.number, [(cell.column, cell.measure, cell.was, cell.now) for cell in one.cells])
        for one in found.periods
    ]
    # Period 3 is not published: it would carry the report, 13 + 20 after 15 + 20.
    assert moved == [
        (2, [(1, "累计", "35", "33"), (1, "本期新增", "5", "3")]),
        (3, [(1, "累计", "35", "33")]),
    ]
    world.report.refresh_from_db()
    assert world.report.status == "submitted"
    client.force_login(world.boss)
    page = client.get(reverse("reports:submission-review", args=[world.report.pk])).content.decode()
    assert "通过后将变动的汇总数" in page
    assert reverse("reports:edition-detail", args=[edition.pk]) in page


def test_before_approval_no_total_is_said_to_move_that_a_later_report_makes(world):
    first = Submission.objects.get(unit=world.counties[0].unit, period=world.first)
    lifecycle.reopen(first, by=world.boss, comment="第1列有误")
    drafts.save_figures(first, {1: "12"}, seen=None, by=world.clerk)
    lifecycle.submit(first, by=world.clerk)
    [moved] = corrections.effect(first, world.province).periods
    # Period 2 counts its report of 15 before and after.
    assert (moved.period.number, [(cell.was, cell.now) for cell in moved.cells]) == (1, [("30", "32")])


def test_before_approval_a_first_report_is_set_against_the_one_that_was_carried(world):
    editions.publish(world.cities[1], world.second, by=None)
    late = make_submission(world.form, world.counties[1], world.second, {1: 22, 2: None}, status="submitted")
    found = corrections.effect(late, world.province)
    # 15 + 20 carried becomes 15 + 22; the province has published nothing.
    assert [(one.period.number, [(cell.was, cell.now) for cell in one.cells]) for one in found.periods] == [
        (2, [("35", "37")]),
        (3, [("35", "37")]),
    ]
    assert found.elsewhere == 1


def test_a_report_that_moves_nothing_published_is_accepted_without_a_word(world):
    waiting = make_submission(world.form, world.counties[1], world.second, {1: 22}, status="submitted")
    assert corrections.effect(waiting, world.province) is None


def test_the_comparison_is_with_the_official_figures_of_now(world):
    edition = editions.publish(world.province, world.second, by=None)
    assert differences(edition, world.province) == []
    Figure.objects.filter(submission=world.report, indicator__number=1).update(value=Decimal(18))
    found = differences(edition, world.province)
    assert [(one.measure, one.column.number, one.published, one.now, one.change) for one in found] == [
        ("cumulative", 1, 35, 38, 3),
        ("increment", 1, 5, 8, 3),
    ]


def test_readers_at_the_unit_and_above_are_told_and_the_publisher_is_not(world):
    city = make_user("city", unit=world.cities[0], role=COORDINATOR)
    looker = make_user("looker", unit=world.province, role=VIEWER)
    editions.publish(world.cities[0], world.second, by=city)
    told = Notice.objects.filter(kind=Notice.Kind.EDITION)
    assert {notice.recipient for notice in told} == {world.boss, looker}
    assert {notice.title for notice in told} == {"甲市发布第2期（截至2月2日）"}


def test_an_edition_is_read_by_coordinators_and_viewers_there_and_above_alone(world):
    people = {
        "own": make_user("a", unit=world.cities[0], role=VIEWER),
        "above": world.boss,
        "sibling": make_user("c", unit=world.cities[1], role=COORDINATOR),
        "clerk": make_user("d", unit=world.cities[0]),
        "below": world.clerk,
    }
    editions.publish(world.cities[0], world.second, by=None)
    seen = {name: Edition.objects.visible_to(person).count() for name, person in people.items()}
    assert seen == {"own": 1, "above": 1, "sibling": 0, "clerk": 0, "below": 0}


def test_publishing_is_two_clicks_and_the_stored_workbook_is_what_is_downloaded(world, client):
    client.force_login(world.boss)
    parts = [world.campaign.code, "2024-02-02", "32"]
    page = client.get(reverse("reports:edition-draft", args=parts))
    assert "还没有扎口上报：甲市、乙市（2 个）" in page.content.decode()
    seen = page.context["draft"].checksum
    response = client.post(reverse("reports:edition-publish", args=parts), {"seen": seen})
    edition = Edition.objects.get()
    assert response.url == reverse("reports:edition-detail", args=[edition.pk])
    shown = client.get(response.url).content.decode()
    assert ">35</td>" in shown
    assert "东区（截至1月26日）" in shown
    Indicator.objects.filter(number=1).update(label="改名")
    Exemption.objects.create(period=world.second, unit=None, reason="春节", granted_by="某人")
    Submission.objects.filter(ends_on=world.first.ends_on).update(status="returned")
    assert client.get(response.url).content.decode().replace("已发布第2期。", "") != ""
    again = client.get(response.url).content.decode()
    assert ">35</td>" in again
    assert "改名" not in again
    download = client.get(reverse("reports:edition-workbook", args=[edition.pk]))
    assert download.content == bytes(edition.workbook)
    assert "2024-02-02.xlsx" in download["Content-Disposition"]


def test_a_refused_publication_keeps_the_reason_and_says_why(world, client):
    editions.publish(world.province, world.second, by=None)
    client.force_login(world.boss)
    parts = [world.campaign.code, "2024-02-02", "32"]
    response = client.post(reverse("reports:edition-publish", args=parts), {"seen": "", "reason": "补报"})
    assert response.status_code == 409
    assert "数据在您核对后有变化" in response.content.decode()


def test_the_list_offers_the_latest_period_that_is_not_published(world, client):
    client.force_login(world.boss)
    address = reverse("reports:edition-list", args=[world.campaign.code])
    assert [(place.short, period.number) for place, period in client.get(address).context["next"]] == [
        ("某省", 2)
    ]
    editions.publish(world.province, world.second, by=None)
    page = client.get(address)
    assert [(place.short, period.number) for place, period in page.context["next"]] == [("某省", 1)]
    assert [edition.title for edition in page.context["page"]] == ["第2期"]
    assert client.get(address, {"unit": "3201"}).status_code == 404


def test_reports_accepted_together_share_a_note_that_names_them_all(world):
    editions.publish(world.province, world.third, by=world.boss)
    late = [
        make_submission(world.form, county, world.third, {1: value, 2: 1}, status="submitted")
        for county, value in zip(world.counties, (18, 29), strict=True)
    ]
    lifecycle.accept_many(late, by=world.boss)
    [note] = Correction.objects.all()
    assert note.submission == late[0]
    assert note.reason == f"（与{late[1].unit}一并通过，变动是合计数）"
    # 15 and 20 were carried: 35 becomes 18 + 29.
    assert [(one["measure"], one["was"], one["now"]) for one in note.changes if one["column"] == 1] == [
        ("cumulative", "35", "47"),
        ("increment", "0", "12"),
    ]


def test_a_note_says_that_another_report_is_reopened_and_missing_in_it(world):
    edition = editions.publish(world.province, world.second, by=None)
    lifecycle.reopen(world.report, by=world.boss, comment="第1列有误，请更正")
    late = make_submission(world.form, world.counties[1], world.second, {1: 22, 2: None}, status="submitted")
    lifecycle.accept(late, by=world.boss)
    lifecycle.submit(world.report, by=world.clerk)
    lifecycle.accept(world.report, by=world.boss)
    # 15 + 20; without the 15 the 10 of period 1 is carried: 10 + 22; then 15 + 22.
    first, second = edition.corrections.all()
    assert [corrections.described(note.changes)[0] for note in (first, second)] == [
        "附件1第1列累计 35 → 32",
        "附件1第1列累计 32 → 37",
    ]
    assert first.reason == f"（{world.report.unit}的报表已重新打开、尚未再次通过，变动含其影响）"
    assert second.reason == "第1列有误，请更正"


def test_reopening_names_the_editions_that_use_the_report_and_shows_what_it_moves(world, client):
    editions.publish(world.province, world.second, by=world.boss)
    editions.publish(world.cities[0], world.second, by=world.boss)
    client.force_login(world.boss)
    url = reverse("reports:submission-detail", args=[world.report.pk])
    page = client.get(url).content.decode()
    assert "某省 第2期</a>、" in page
    assert "甲市 第2期</a>用到这份报表" in page
    effect = client.get(url, {"effect": "1"}).context["effect"]
    moved, carried_on = effect.periods
    # Without it the county's 10 of the first period is carried; column 2 was 1 then, too.
    assert [(cell.column, cell.was, cell.now) for cell in moved.cells] == [(1, "35", "30")]
    assert [edition.title for edition in moved.editions] == ["第2期"]
    assert (carried_on.period.number, carried_on.editions) == (3, ())
    assert Submission.objects.get(pk=world.report.pk).status == "accepted"
    lifecycle.reopen(world.report, by=world.boss, comment="第1列有误，请更正")
    assert roll_up(world.form, world.second, world.province.unit).total[1] == 30


def test_before_many_are_accepted_the_page_shows_which_published_totals_they_move(world, client):
    editions.publish(world.province, world.first, by=world.boss)
    editions.publish(world.province, world.second, by=world.boss)
    client.force_login(world.boss)
    url = reverse("reports:bulk-confirm", args=[world.campaign.code])
    assert client.get(url).context["effect"] is None
    late = make_submission(world.form, world.counties[1], world.second, {1: 26, 2: 4}, status="submitted")
    effect = client.get(url).context["effect"]
    [moved] = effect.periods
    assert moved.period == world.second
    # 15 + 26 for 15 + 20; column 2 1 + 4 for 1, the first report left it blank.
    assert [(cell.column, cell.measure, cell.was, cell.now) for cell in moved.cells] == [
        (1, "累计", "35", "41"),
        (2, "累计", "1", "5"),
        (1, "本期新增", "5", "11"),
        (2, "本期新增", "0", "4"),
    ]
    assert Submission.objects.get(pk=late.pk).status == "submitted"
    # Who does not read the edition is told that there is one.
    client.force_login(make_user("near", unit=world.cities[1], role=COORDINATOR))
    effect = client.get(url).context["effect"]
    assert (effect.periods, effect.elsewhere) == ((), 1)


def test_an_edition_whose_store_was_touched_says_so(world, client):
    edition = editions.publish(world.province, world.second, by=None)
    content = edition.content
    content["forms"]["fu1"]["cumulative"]["total"]["1"] = "36"
    Edition.objects.filter(pk=edition.pk).update(content=content)
    client.force_login(world.boss)
    page = client.get(reverse("reports:edition-detail", args=[edition.pk])).content.decode()
    assert "存储的数据与发布时不一致" in page
    assert timezone.now() >= edition.published_at


HISTORIES = ("correct", "late", "close", "rename", "exempt")


class EditionProperties(TestCase):
    @settings(max_examples=10)
    @given(st.lists(st.sampled_from(HISTORIES), min_size=1, max_size=4))
    def test_no_later_history_changes_what_was_published(self, history):
        world = make_world()
        published = [
            editions.publish(place, period, by=None)
            for place in (world.province, *world.cities)
            for period in (world.first, world.second)
        ]
        before = [(bytes(edition.workbook), edition.checksum, shown(edition)) for edition in published]
        for number, event in enumerate(history):
            live(world, event, number)
        for edition, (workbook, checksum, figures) in zip(published, before, strict=True):
            now = Edition.objects.get(pk=edition.pk)
            assert (bytes(now.workbook), now.checksum, shown(now)) == (workbook, checksum, figures)
            assert is_intact(now)


def shown(edition):
    """All that the page of an edition prints of its figures."""
    return [
        (paper.heading, paper.header, paper.cumulative, paper.increment)
        for paper in papers(Edition.objects.get(pk=edition.pk))
    ]


def live(world, event, number):
    """Let something happen after publication."""
    if event == "correct":
        correct(world, Submission.objects.get(pk=world.report.pk), {1: 13 + number})
    elif event == "late" and not Submission.objects.filter(unit=world.counties[1].unit, period=world.second):
        late = make_submission(world.form, world.counties[1], world.second, {1: 22}, status="submitted")
        lifecycle.accept(late, by=world.boss)
    elif event == "close":
        county = world.counties[1]
        county.closes, county.after_close = world.first.starts_on, "stop"
        county.save()
    elif event == "rename":
        Indicator.objects.filter(report_form=world.form).update(label=f"改名{number}")
        type(world.province).objects.update(short=f"改名{number}")
    elif event == "exempt":
        Exemption.objects.get_or_create(period=world.second, unit=None, defaults={"reason": "春节"})
