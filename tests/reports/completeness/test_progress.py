"""Completeness, timeliness, streaks and returns, worked out by hand on a few reports."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Exemption
from campaigns.places import rename
from reports import lifecycle
from reports.completeness.heat_map import said_of
from reports.completeness.progress import State, Tally, by_unit, longest_streak, read, streak, tally, worst
from reports.models import Extension
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user

pytestmark = pytest.mark.django_db

FRIDAYS = [date(2024, 1, 26) + timedelta(weeks=week) for week in range(5)]
BEFORE_THE_LAST = datetime(2024, 2, 22, 1, tzinfo=UTC)
"""Four periods are due, the fifth is open."""


@pytest.fixture
def world():
    campaign = make_campaign(period_ends=FRIDAYS)
    city = make_place(campaign, "city", reports=False, level="prefecture")
    return {
        "campaign": campaign,
        "form": make_form(campaign, annex="附件1"),
        "periods": list(campaign.periods.all()),
        "city": city,
        "place": make_place(campaign, "320302", parent=city),
    }


def report(world, number, status="accepted", *, after=timedelta(0), place=None, form=None, **more):
    period = world["periods"][number - 1]
    if status in ("accepted", "submitted"):
        more.setdefault("first_submitted_at", period.due_at + after)
    return make_submission(
        form or world["form"], place or world["place"], period, {1: 1}, status=status, **more
    )


def line_of(world, now=BEFORE_THE_LAST, **more):
    [line] = read(world["campaign"], world["campaign"].places.all(), now=now, **more).lines
    return line


def states(line):
    return [worst(owed) for owed in line.cells.values()]


def test_a_unit_s_reports_are_counted_as_expected_received_and_on_time(world):
    report(world, 1)
    report(world, 2, after=timedelta(seconds=1))
    report(world, 3, "submitted", first_submitted_at=None)
    # The fourth is missing; the fifth is not due and not in the figures.
    line = line_of(world)
    assert line.due == Tally(expected=4, on_time=1, late=1, unknown=1, exempt=0)
    assert line.due.missing == 1
    assert line.due.completeness == Decimal("0.75")
    # Of four, one came at a time that nobody knows: one of three was on time.
    assert line.due.timeliness == Decimal(1) / 3
    assert states(line) == [State.ACCEPTED, State.LATE, State.SUBMITTED, State.NONE, State.NONE]


def test_the_due_second_itself_is_on_time_and_the_fraction_after_it_too(world):
    report(world, 1, after=timedelta(microseconds=999_999))
    assert line_of(world).due.on_time == 1


def test_a_returned_report_is_not_received_until_it_comes_back(world):
    sent = report(world, 1, "returned", first_submitted_at=world["periods"][0].due_at)
    line = line_of(world)
    assert states(line)[0] == State.RETURNED
    assert line.due.received == 0
    sent.status = "submitted"
    sent.save()
    assert line_of(world).due == Tally(expected=4, on_time=1)


def test_who_is_let_off_is_not_expected_and_shows_so_unless_it_reported_all_the_same(world):
    for number in (1, 2):
        Exemption.objects.create(
            period=world["periods"][number - 1], unit=world["place"].unit, reason="春节", granted_by="省"
        )
    Exemption.objects.create(period=world["periods"][2], unit=None, reason="春节", granted_by="省")
    report(world, 2)
    line = line_of(world)
    assert states(line)[:3] == [State.EXEMPT, State.ACCEPTED, State.EXEMPT]
    assert line.due == Tally(expected=1, exempt=3)


def test_who_was_let_off_and_reports_all_the_same_is_never_late(world):
    Exemption.objects.create(
        period=world["periods"][0], unit=world["place"].unit, reason="春节", granted_by="省"
    )
    report(world, 1, after=timedelta(days=1))
    line = line_of(world)
    [owed] = line.cells[world["periods"][0].pk]
    assert (owed.state, owed.is_late) == (State.ACCEPTED, None)
    assert said_of(owed, world["campaign"].zone).startswith("已通过（免报")
    assert line.due == Tally(expected=3, exempt=1)


def test_more_time_for_one_unit_makes_its_late_report_punctual(world):
    report(world, 1, after=timedelta(hours=2))
    assert line_of(world).due.late == 1
    Extension.objects.create(
        period=world["periods"][0],
        unit=world["place"].unit,
        due_at=world["periods"][0].due_at + timedelta(hours=2),
        reason="停电",
        granted_by=make_user("chief"),
    )
    assert line_of(world).due == Tally(expected=4, on_time=1)


def test_a_due_time_that_is_moved_is_what_on_time_is_judged_by_from_then_on(world):
    report(world, 1, after=timedelta(hours=2))
    first = world["periods"][0]
    first.due_at += timedelta(days=2)
    first.save()
    assert states(line_of(world))[0] == State.ACCEPTED


def test_a_streak_counts_late_and_missing_periods_and_passes_over_exempted_ones(world):
    report(world, 1, after=timedelta(hours=1))
    Exemption.objects.create(
        period=world["periods"][1], unit=world["place"].unit, reason="春节", granted_by="省"
    )
    report(world, 3, after=timedelta(hours=1))
    line = line_of(world)
    # Late, let off, late, missing; the fifth is not due.
    assert streak(line.cells, world["periods"]) == 3
    report(world, 4)
    line = line_of(world)
    assert streak(line.cells, world["periods"]) == 0
    assert longest_streak(line.cells, world["periods"]) == 2


def test_another_name_neither_ends_a_streak_nor_splits_a_record(world):
    report(world, 1)
    for number in (2, 3, 4):
        report(world, number, after=timedelta(hours=1))
    rename(world["place"], "新区", "新区", on=FRIDAYS[2])
    found = read(world["campaign"], world["campaign"].places.all(), now=BEFORE_THE_LAST)
    assert [len(line.cells) for line in found.lines] == [2, 3]
    [line] = by_unit(found.lines)
    assert line.place.short == "新区"
    assert line.due == Tally(expected=4, on_time=1, late=3)
    assert streak(line.cells, world["periods"]) == longest_streak(line.cells, world["periods"]) == 3
    assert list(line.cells) == [period.pk for period in world["periods"]]


def test_one_late_form_of_two_makes_the_period_late(world):
    other = make_form(world["campaign"], "fu2", annex="附件2")
    report(world, 1)
    report(world, 1, form=other, after=timedelta(hours=1))
    line = line_of(world)
    assert len(line.cells[world["periods"][0].pk]) == 2
    assert states(line)[0] == State.LATE
    assert line_of(world, forms=[world["form"]]).due.late == 0


def test_returns_are_counted_and_a_reopening_is_none(world):
    chief = make_user("chief", unit=world["city"], role="coordinator")
    sent = report(world, 1, "submitted")
    lifecycle.return_for_correction(sent, by=chief, comment="请核对")
    sent.status = "submitted"
    sent.save()
    lifecycle.return_for_correction(sent, by=chief, comment="请再核对")
    accepted = report(world, 2)
    lifecycle.reopen(accepted, by=chief, comment="有补报")
    assert line_of(world).returned == 2


def test_a_unit_owes_only_the_forms_of_its_line_while_its_place_is_open(world):
    make_form(world["campaign"], "fu2", line="union")
    place = world["place"]
    place.line, place.opens, place.closes = "hr", FRIDAYS[1], FRIDAYS[2]
    place.after_close = "keep"
    place.save()
    line = line_of(world)
    assert list(line.cells) == [world["periods"][1].pk, world["periods"][2].pk]
    assert [one.form.code for owed in line.cells.values() for one in owed] == ["fu1", "fu1"]


def test_a_period_that_has_not_opened_owes_nothing(world):
    assert len(line_of(world, datetime(2024, 1, 25, 1, tzinfo=UTC)).cells) == 1


def test_the_worst_state_of_several_is_the_one_to_act_on(world):
    line = line_of(world)
    [owed] = line.cells[world["periods"][0].pk]
    assert worst([]) is None
    assert worst([owed]) == State.NONE
    assert list(State) == ["returned", "none", "draft", "submitted", "late", "exempt", "accepted"]
    assert tally([]) == Tally()
    assert tally([]).timeliness is None


def test_six_hundred_units_are_read_in_the_queries_of_one(world, django_assert_num_queries):
    now = timezone.now()
    with django_assert_num_queries(7):
        read(world["campaign"], world["campaign"].places.all(), now=now)
    for number in range(20):
        report(world, 1, place=make_place(world["campaign"], f"more-{number}", parent=world["city"]))
    with django_assert_num_queries(7):
        assert len(read(world["campaign"], world["campaign"].places.all(), now=now).lines) == 21
