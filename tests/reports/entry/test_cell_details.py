"""The details of a cell: what it means, how it went, who changed it, what was said; for who may read the unit."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reports import lifecycle
from reports.entry import drafts
from reports.entry.cell_details import cell_details
from reports.models import Submission
from reports.trend import trend
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db

FRIDAYS = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(14)]


@pytest.fixture
def world():
    return World()


class World:
    def __init__(self):
        self.campaign = make_campaign(period_ends=FRIDAYS)
        self.form = make_form(
            self.campaign,
            indicators=[
                {"label": "提供免费服务人数", "explain": "累计提供免费服务的人数。"},
                {"label": "其中：女性人数", "of": 1},
            ],
            rules=[("c1 < 50 or c2 <= 0.8 * c1", "query")],
        )
        self.city = make_place(self.campaign, "city", level="prefecture", reports=False)
        self.place = make_place(self.campaign, "mine", parent=self.city, name="江汉区")
        self.clerk = make_user("clerk", unit=self.place, name="林某")
        self.reviewer = make_user("reviewer", unit=self.city, role="coordinator", name="韩某")
        self.periods = list(self.campaign.periods.all())

    def page(self, client, number, period=1, **more):
        period = self.periods[period - 1].ends_on.isoformat()
        return client.get(
            reverse("reports:cell-details", args=["spring", "fu1", period, "mine", number]), more
        )

    def sent(self, period, figures):
        return make_submission(self.form, self.place, self.periods[period - 1], figures)

    def details(self, period, number):
        key = {"report_form": self.form, "unit": self.place.unit, "period": self.periods[period - 1]}
        report = Submission.objects.filter(**key).first() or Submission(**key, ends_on=key["period"].ends_on)
        return cell_details(report, self.form.columns[number - 1])


def test_the_last_twelve_periods_stand_with_their_increments(world):
    for period in range(1, 14):
        world.sent(period, {1: 100 * period, 2: 10})
    points = world.details(14, 1).points
    assert [point.period.number for point in points] == list(range(3, 15))
    assert [point.value for point in points] == [*(100 * period for period in range(3, 14)), None]
    assert [point.increment for point in points] == [100] * 11 + [None]


def test_a_period_without_a_report_is_a_gap_and_the_next_increment_covers_it(world):
    world.sent(1, {1: 100})
    world.sent(3, {1: 160})
    points = world.details(3, 1).points
    assert [(point.value, point.increment) for point in points] == [(100, 100), (None, None), (160, 60)]


def test_the_checks_of_the_cell_are_said_in_words(world):
    for period, value in ((1, 100), (2, 400), (3, 700)):
        world.sent(period, {1: value, 2: 10})
    said = " ".join(world.details(4, 1).checks)
    # Earlier increments 100, 300, 300: three times their median is 900, above the floor of 200.
    assert "低于上期累计 700 须说明原因" in said
    assert "本期新增超过 900 须说明原因" in said
    said = " ".join(world.details(4, 2).checks)
    assert "不能大于第1列“提供免费服务人数”" in said
    assert "第1列 小于 50 或者 第2列 不大于 0.8 × 第1列（否则须说明原因）" in said


def test_changes_reasons_and_remarks_of_the_cell_are_told_with_their_people(client, world):
    report = drafts.open_draft(world.form, world.place.unit, world.periods[0])
    drafts.save_figures(report, {1: "100", 2: "80"}, seen=None, by=world.clerk)
    drafts.save_figures(report, {2: "90"}, seen=None, by=world.clerk)
    details = world.details(1, 2)
    [finding] = details.findings
    drafts.save_explanations(report, {finding.key: "本期以女性专场招聘为主"}, by=world.clerk)
    lifecycle.submit(report, by=world.clerk)
    lifecycle.return_for_correction(report, by=world.reviewer, comment="女性人数请核对", cells=[2])

    client.force_login(world.clerk)
    page = world.page(client, 2, part=1)
    assert "<html" not in page.text
    assert "80 → <strong>90</strong>" in page.text
    assert "本期以女性专场招聘为主" in page.text
    assert "韩某" in page.text
    assert "指出本列" in page.text
    assert "女性人数请核对" not in world.page(client, 1, part=1).text

    # A later report tells what was said of the earlier one.
    lifecycle.submit(report, by=world.clerk)
    later = world.details(2, 2)
    assert [(reason.period.number, reason.text) for reason in later.reasons] == [
        (1, "本期以女性专场招聘为主")
    ]
    assert [remark.names_cell for remark in later.remarks] == [True]
    assert world.details(2, 1).reasons[0].text == "本期以女性专场招聘为主"  # the rule names both cells


def test_a_column_that_does_not_exist_and_a_unit_out_of_scope_are_not_found(client, world):
    stranger = make_user("stranger", unit=make_place(world.campaign, "other", parent=world.city))
    client.force_login(world.clerk)
    assert world.page(client, 1).status_code == 200
    assert world.page(client, 3).status_code == 404
    client.force_login(stranger)
    assert world.page(client, 1).status_code == 404


def test_what_people_wrote_is_shown_as_text(client, world):
    report = world.sent(1, {1: 5, 2: 1})
    lifecycle.reopen(report, by=world.reviewer, comment="<script>alert(1)</script>", cells=[1])
    client.force_login(world.clerk)
    assert "&lt;script&gt;" in world.page(client, 1).text


def test_a_long_history_takes_as_many_queries_as_a_short_one(client, world):
    client.force_login(world.clerk)

    def queries(period):
        with CaptureQueriesContext(connection) as captured:
            world.page(client, 1, period=period)
        return len(captured)

    for period in (1, 2):
        world.sent(period, {1: period, 2: 1})
    short = queries(2)
    for period in range(3, 15):
        world.sent(period, {1: period, 2: 1})
    assert queries(14) == short


def test_a_fall_hangs_below_the_axis_and_a_gap_parts_the_line():
    chart = trend(
        ["1", "2", "3", "4"],
        [Decimal(100), Decimal(60), None, Decimal(80)],
        [Decimal(100), Decimal(-40), None, None],
    )
    up, down = chart.bars
    assert not up.is_fall
    assert up.y + up.height == pytest.approx(chart.axis)
    assert down.is_fall
    assert down.y == chart.axis
    assert up.height / down.height == pytest.approx(100 / 40, rel=0.01)
    assert len(chart.lines) == 1
    assert len(chart.dots) == 3


def test_a_series_without_figures_draws_an_empty_chart():
    chart = trend(["1", "2"], [None, None], [None, None])
    assert (chart.bars, chart.lines, chart.dots) == ((), (), ())
    assert len(chart.labels) == 2
