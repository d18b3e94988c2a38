"""What a unit owes, and the list of a clerk's tasks."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Exemption, UnitPlace
from chunfeng.accounts.models import Membership
from reports import lifecycle, tasks
from reports.entry import drafts
from reports.tasks import State
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

# Noon in Shanghai on Saturday 3 February: periods 1 and 2 are past due, period 3 opened at midnight.
NOW = datetime(2024, 2, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def world():
    campaign = make_campaign()
    form = make_form(campaign, "fu1")
    place = make_place(campaign, "320381")
    clerk = make_user("clerk", unit=place, name="王五")
    with time_machine.travel(NOW, tick=False):
        yield SimpleNamespace(campaign=campaign, form=form, place=place, unit=place.unit, clerk=clerk)


def report(world, number, figures=None, *, form=None, place=None, **more):
    period = period_of(world.campaign, number)
    return make_submission(form or world.form, place or world.place, period, figures, **more)


def listed(world, user=None):
    found = tasks.tasks_of(user or world.clerk, world.campaign)
    return [(task.unit.code, task.form.code, task.period.number, task.state.value) for task in found]


def exempt(world, number, unit=None):
    period = period_of(world.campaign, number)
    return Exemption.objects.create(period=period, unit=unit, reason="春节", granted_by="赵六")


# Owing


@pytest.mark.parametrize(
    ("reports", "place_line", "form_line", "expected"),
    [
        (True, "", "", True),
        (True, "hr", "", True),
        (True, "", "hr", True),
        (True, "hr", "hr", True),
        (True, "union", "hr", False),
        (False, "", "", False),
        (False, "hr", "hr", False),
    ],
)
def test_a_form_is_owed_by_who_files_figures_in_its_line(world, reports, place_line, form_line, expected):
    world.form.line = form_line
    assert tasks.owes(UnitPlace(reports=reports, line=place_line), world.form) is expected


@pytest.mark.parametrize(
    ("day", "held"),
    [
        (date(2024, 1, 31), "first"),
        (date(2024, 2, 1), None),
        (date(2024, 2, 9), None),
        (date(2024, 2, 10), "second"),
    ],
)
def test_a_place_is_held_from_the_day_it_opens_to_the_day_it_closes(day, held):
    first = UnitPlace(short="first", closes=date(2024, 1, 31))
    second = UnitPlace(short="second", opens=date(2024, 2, 10))
    found = tasks.place_held([second, first], day)
    assert (found.short if found else None) == held


def test_of_two_places_the_later_is_held_and_a_kept_one_for_good():
    kept = UnitPlace(short="kept", closes=date(2024, 1, 31), after_close="keep")
    later = UnitPlace(short="later", opens=date(2024, 2, 1))
    assert tasks.place_held([kept, later], date(2024, 2, 9)).short == "later"
    assert tasks.place_held([later, kept], date(2024, 1, 26)).short == "kept"
    assert tasks.place_held([kept], date(2024, 12, 31)).short == "kept"
    kept.after_close = "stop"
    assert tasks.place_held([kept], date(2024, 2, 9)) is None


def test_the_place_held_is_one_that_counts(world):
    city = make_place(world.campaign, "320300")
    world.place.closes, world.place.after_close = date(2024, 1, 31), "keep"
    world.place.save()
    make_place(world.campaign, "320381", parent=city, opens=date(2024, 2, 1))
    for period in world.campaign.periods.all():
        counted = list(UnitPlace.objects.counted_in(period).filter(unit=world.unit))
        assert tasks.place_held(world.unit.places.all(), period.ends_on) in counted


# The list


def test_every_form_is_a_task_in_every_period_that_has_opened(world):
    make_form(world.campaign, "fu2")
    make_form(world.campaign, "fu3", line="union")
    world.place.line = "hr"
    world.place.save()
    due = [("320381", form, number, "due") for number in (1, 2, 3) for form in ("fu1", "fu2")]
    assert listed(world) == due
    with time_machine.travel(datetime(2024, 2, 2, 15, 59, tzinfo=UTC), tick=False):
        assert listed(world) == due[:4]
    with time_machine.travel(datetime(2024, 1, 24, 12, 0, tzinfo=UTC), tick=False):
        assert listed(world) == []


def test_tasks_are_those_of_the_units_that_one_reports_for(world):
    other = make_place(world.campaign, "320382")
    boss = make_user("boss", unit=world.place, role=Membership.Role.COORDINATOR)
    assert listed(world, boss) == []
    Membership.objects.create(user=world.clerk, unit=other.unit, role=Membership.Role.REPORTER)
    assert [unit for unit, _, number, _ in listed(world) if number == 1] == ["320381", "320382"]
    world.clerk.is_active = False
    assert listed(world) == []


def test_the_list_begins_with_what_came_back_then_what_is_due_and_ends_with_what_is_done(world):
    fu2 = make_form(world.campaign, "fu2")
    report(world, 1, status="accepted")
    report(world, 2, status="submitted")
    report(world, 1, form=fu2, status="submitted")
    report(world, 2, form=fu2, status="returned")
    fu3 = make_form(world.campaign, "fu3")
    report(world, 1, form=fu3, status="returned")
    report(world, 3, form=fu3, status="draft")
    exempt(world, 3, world.unit)
    assert listed(world) == [
        ("320381", "fu3", 1, "returned"),
        ("320381", "fu2", 2, "returned"),
        ("320381", "fu3", 2, "due"),
        ("320381", "fu1", 2, "submitted"),
        ("320381", "fu2", 1, "submitted"),
        ("320381", "fu1", 1, "accepted"),
        ("320381", "fu1", 3, "exempt"),
        ("320381", "fu2", 3, "exempt"),
        ("320381", "fu3", 3, "exempt"),
    ]


def test_an_overdue_task_stays_until_it_is_sent(world):
    [first, second, third] = tasks.tasks_of(world.clerk, world.campaign)
    assert [task.is_overdue for task in (first, second, third)] == [True, True, False]
    assert first.due_at == datetime(2024, 1, 26, 9, 30, tzinfo=UTC)
    report(world, 1, status="submitted", submitted_at=NOW)
    [waiting] = [task for task in tasks.tasks_of(world.clerk, world.campaign) if task.period.number == 1]
    assert (waiting.state, waiting.is_overdue, waiting.is_late) == (State.SUBMITTED, False, True)


@pytest.mark.parametrize(("seconds", "overdue"), [(0, False), (1, True)])
def test_a_task_is_overdue_from_the_second_after_the_due_one(world, seconds, overdue):
    with time_machine.travel(datetime(2024, 2, 2, 9, 30, seconds, 999, tzinfo=UTC), tick=False):
        [_, task] = tasks.tasks_of(world.clerk, world.campaign)
    assert task.is_overdue is overdue


def test_a_report_that_came_back_is_neither_overdue_nor_late_once_it_was_on_time(world):
    submission = report(world, 1, {1: 5}, status="draft")
    with time_machine.travel(datetime(2024, 1, 26, 9, 0, tzinfo=UTC), tick=False):
        lifecycle.submit(submission, by=world.clerk)
    city = make_user("city", unit=make_place(world.campaign, "320300"), role=Membership.Role.COORDINATOR)
    lifecycle.return_for_correction(submission, by=city, comment="第1列请核对", cells=[1])
    lifecycle.submit(submission, by=world.clerk)
    lifecycle.accept(submission, by=city)
    lifecycle.reopen(submission, by=city, comment="漏报一个街道")
    [task] = [task for task in tasks.tasks_of(world.clerk, world.campaign) if task.submission]
    assert (task.state, task.is_overdue, task.is_late) == (State.RETURNED, False, False)
    # The latest reason, not the first.
    assert task.returned_reason == "漏报一个街道"


def test_a_correction_that_was_withdrawn_is_not_overdue_either(world):
    submission = report(
        world, 1, {1: 5}, status="draft", first_submitted_at=datetime(2024, 1, 26, tzinfo=UTC)
    )
    [task] = [task for task in tasks.tasks_of(world.clerk, world.campaign) if task.submission == submission]
    assert (task.state, task.is_overdue, task.is_late) == (State.DUE, False, False)


def test_an_old_reason_is_not_shown_once_the_report_was_sent_again(world):
    submission = report(world, 1, {1: 5}, status="submitted")
    lifecycle.return_for_correction(submission, by=None, comment="第1列请核对")
    lifecycle.submit(submission, by=world.clerk)
    [task] = [task for task in tasks.tasks_of(world.clerk, world.campaign) if task.submission]
    assert task.returned_reason == ""


def test_a_task_tells_how_far_it_is_and_who_changed_it_last(world):
    submission = report(world, 3, {1: 5, 2: None}, status="draft")
    drafts.save_figures(submission, {3: "0"}, seen=None, by=world.clerk)
    [third] = [task for task in tasks.tasks_of(world.clerk, world.campaign) if task.period.number == 3]
    assert (third.filled, third.cells, third.changed_by, third.changed_at) == (2, 3, "王五", NOW)
    assert submission.figures.get(indicator__number=3).value == Decimal(0)
    drafts.save_figures(submission, {1: "6"}, seen=None, by=None)
    found = {task.period.number: task for task in tasks.tasks_of(world.clerk, world.campaign)}
    assert found[3].changed_by == "导入"
    assert (found[1].filled, found[1].cells, found[1].changed_by, found[1].changed_at) == (0, 3, "", None)


@pytest.mark.parametrize("for_all", [True, False])
def test_what_is_exempted_is_not_owed_but_what_was_filed_stays(world, for_all):
    other = make_place(world.campaign, "320382")
    Membership.objects.create(user=world.clerk, unit=other.unit, role=Membership.Role.REPORTER)
    report(world, 1, status="accepted")
    exempt(world, 1, None if for_all else world.unit)
    exempt(world, 2, None if for_all else world.unit)
    found = {
        (task.unit.code, task.period.number): task for task in tasks.tasks_of(world.clerk, world.campaign)
    }
    assert (found["320381", 1].state, found["320381", 1].is_exempt) == (State.ACCEPTED, True)
    assert (found["320381", 2].state, found["320381", 2].is_overdue) == (State.EXEMPT, False)
    assert found["320382", 2].state == (State.EXEMPT if for_all else State.DUE)
    assert found["320381", 3].state == State.DUE


def test_a_unit_owes_from_the_first_period_that_ends_after_it_opened_to_the_last_before_it_closed(world):
    late = make_place(world.campaign, "320382", opens=date(2024, 2, 2))
    gone = make_place(world.campaign, "320383", closes=date(2024, 2, 1), after_close="stop")
    kept = make_place(world.campaign, "320384", closes=date(2024, 2, 1), after_close="keep")
    report(world, 3, place=kept, status="draft")
    clerk = make_user("three")
    for place in (late, gone, kept):
        Membership.objects.create(user=clerk, unit=place.unit, role=Membership.Role.REPORTER)
    # What a closed unit has begun stays listed; nothing new is asked of it.
    assert sorted((unit, number) for unit, _, number, _ in listed(world, clerk)) == [
        ("320382", 2),
        ("320382", 3),
        ("320383", 1),
        ("320384", 1),
        ("320384", 3),
    ]


def test_a_moved_unit_has_each_task_once_at_the_place_it_then_held(world):
    city = make_place(world.campaign, "320400")
    world.place.closes = date(2024, 1, 31)
    world.place.save()
    moved = make_place(world.campaign, "320381", parent=city, opens=date(2024, 2, 1))
    found = tasks.tasks_of(world.clerk, world.campaign)
    assert [task.place for task in found] == [world.place, moved, moved]


def test_a_closed_campaign_asks_for_nothing_new(world):
    report(world, 1, status="accepted")
    report(world, 2, status="draft")
    assert [task.can_fill for task in tasks.tasks_of(world.clerk, world.campaign)] == [True, True, False]
    world.campaign.closed_at = NOW
    world.campaign.save()
    assert listed(world) == [("320381", "fu1", 2, "due"), ("320381", "fu1", 1, "accepted")]
    assert [task.can_fill for task in tasks.tasks_of(world.clerk, world.campaign)] == [False, False]
    with time_machine.travel(datetime(2024, 1, 24, 12, 0, tzinfo=UTC), tick=False):
        assert tasks.next_period(world.campaign) is None


def test_the_next_period_is_the_first_that_has_not_opened(world):
    with time_machine.travel(datetime(2024, 1, 26, 12, 0, tzinfo=UTC), tick=False):
        assert tasks.next_period(world.campaign).number == 2
    with time_machine.travel(datetime(2024, 1, 24, 12, 0, tzinfo=UTC), tick=False):
        assert tasks.next_period(world.campaign).number == 1
    assert tasks.next_period(world.campaign) is None


def test_the_list_takes_the_same_queries_however_many_units_and_reports(world):
    def read():
        with CaptureQueriesContext(connection) as captured:
            for task in tasks.tasks_of(world.clerk, world.campaign):
                for name in ("unit", "due_at", "can_fill", "changed_by", "changed_at", "is_late"):
                    getattr(task, name)
                if task.submission:
                    assert task.submission.unit == task.unit
        return len(captured)

    report(world, 1, {1: 5}, status="returned")
    few = read()
    for number in range(20):
        place = make_place(world.campaign, f"3204{number:02d}")
        Membership.objects.create(user=world.clerk, unit=place.unit, role=Membership.Role.REPORTER)
        report(world, 1, {1: 5}, place=place, status="returned", changed_by=world.clerk, changed_at=NOW)
    # Periods, forms, places, reports, reasons, exemptions and extensions.
    assert read() == few == 7
