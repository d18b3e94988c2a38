"""Many reports at once: what imports and the demonstration call does what the single moves do."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports import lifecycle
from reports.entry import drafts
from reports.entry.checks import check, check_many
from reports.models import FigureChange, Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    return make_form(make_campaign(), indicators=2)


def places(form, *codes):
    return [make_place(form.campaign, code) for code in codes]


def test_each_report_is_compared_with_its_own_units_last_one(form):
    first, second = places(form, "1", "2")
    for place, before in ((first, 10), (second, 20)):
        make_submission(form, place, period_of(form.campaign, 1), {1: before})
    rows = [
        make_submission(form, place, period_of(form.campaign, 2), {1: 5, 2: 0}, status="draft")
        for place in (first, second)
    ]
    found = check_many(rows)
    assert {row.pk: check(row) for row in rows} == found
    assert ["10 → 5" in found[rows[0].pk][0].message, "20 → 5" in found[rows[1].pk][0].message] == [
        True,
        True,
    ]
    assert check_many([]) == {}


def test_checking_many_takes_as_many_statements_as_checking_one(form):
    rows = [
        make_submission(form, place, period_of(form.campaign, 1), {1: 5}, status="draft")
        for place in places(form, *map(str, range(1, 8)))
    ]
    counts = []
    for some in (rows[:1], rows):
        with CaptureQueriesContext(connection) as queries:
            check_many(some)
        counts.append(len(queries))
    # The first call also reads the form's columns and rules for good.
    assert counts[1] <= counts[0]


def test_a_reason_given_before_is_sent_along(form):
    [place] = places(form, "1")
    make_submission(form, place, period_of(form.campaign, 1), {1: 9})
    row = make_submission(form, place, period_of(form.campaign, 2), {1: 5, 2: 0}, status="draft")
    assert list(lifecycle.submit_many([row], at={})) == [row.pk]
    row.refresh_from_db()
    assert (row.status, row.events.count()) == ("draft", 0)
    drafts.save_explanations(row, {"fall:1": "上期误将培训人数计入"}, by=None)
    assert lifecycle.submit_many([row], at={}) == {}
    [sent] = row.events.all()
    assert [kept["text"] for kept in sent.snapshot["explanations"]] == ["上期误将培训人数计入"]
    assert Submission.objects.get(pk=row.pk).status == "submitted"


def test_a_report_withdrawn_before_is_on_time_by_its_new_submission(form):
    [place] = places(form, "1")
    clerk = make_user("clerk", unit=place)
    row = make_submission(form, place, period_of(form.campaign, 1), {1: 5}, status="draft")
    lifecycle.submit(row, by=clerk)
    lifecycle.withdraw(row, by=clerk)
    at = datetime(2024, 1, 26, 9, tzinfo=UTC)
    lifecycle.submit_many([row], at={row.pk: at})
    row.refresh_from_db()
    assert (row.first_submitted_at, row.is_late) == (at, False)
    # The second number of the same report.
    assert row.receipt.endswith("-2")


def waiting(form, *codes):
    return [
        make_submission(
            form, place, period_of(form.campaign, 1), {1: 5}, status="submitted", receipt=f"R-{code}"
        )
        for place, code in zip(places(form, *codes), codes, strict=True)
    ]


def test_accepting_many_is_recorded_for_each_with_who_and_when(form):
    rows = waiting(form, "1", "2")
    coordinator = make_user("city", name="韩知远")
    at = datetime(2024, 1, 29, 2, tzinfo=UTC)
    lifecycle.accept_many(rows, by=coordinator, at={row.pk: at for row in rows})
    for row in rows:
        row.refresh_from_db()
        assert (row.status, row.accepted_at) == ("accepted", at)
        [event] = row.events.all()
        assert (event.move, event.actor, event.actor_name, event.at) == (
            "accepted",
            coordinator,
            "韩知远",
            at,
        )
        assert event.snapshot["figures"] == {"1": "5", "2": None}


def test_who_filled_one_of_many_accepts_none_of_them(form):
    rows = waiting(form, "1", "2")
    coordinator = make_user("city")
    FigureChange.objects.create(
        submission=rows[1], indicator=form.indicators.get(number=1), new=5, actor=coordinator
    )
    with pytest.raises(lifecycle.TransitionError, match="您填报过该表"):
        lifecycle.accept_many(rows, by=coordinator)
    assert set(Submission.objects.values_list("status", flat=True)) == {"submitted"}


@pytest.mark.parametrize("change", [{"receipt": "R-2-again"}, {"status": "returned"}])
def test_many_are_not_accepted_when_one_is_no_longer_what_it_was(form, change):
    rows = waiting(form, "1", "2")
    Submission.objects.filter(pk=rows[1].pk).update(**change)
    with pytest.raises(lifecycle.TransitionError):
        lifecycle.accept_many(rows, by=None)
    assert not Submission.objects.filter(status="accepted").exists()


def test_only_drafts_of_units_that_owe_the_form_are_filled(form):
    first, city = make_place(form.campaign, "1"), make_place(form.campaign, "2", reports=False)
    period = period_of(form.campaign, 1)
    with pytest.raises(drafts.DraftError, match="不填报"):
        drafts.import_many(form, period, {first.unit: {1: "5"}, city.unit: {1: "5"}})
    make_submission(form, first, period, {1: 5}, status="returned")
    with pytest.raises(drafts.DraftError, match="已不是草稿"):
        drafts.import_many(form, period, {first.unit: {1: "6"}})
    assert list(Submission.objects.values_list("figures__value", flat=True)) == [5]
