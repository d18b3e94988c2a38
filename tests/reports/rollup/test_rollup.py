"""Totals up the tree: the rules of the roll-up one by one, with numbers added up by hand."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Exemption, ReportingUnit
from reports.rollup import Coverage, RollUpError, as_json, place_at, roll_up
from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

pytestmark = pytest.mark.django_db

JANUARY_26, FEBRUARY_2, FEBRUARY_9 = date(2024, 1, 26), date(2024, 2, 2), date(2024, 2, 9)


@pytest.fixture
def campaign():
    """Three weekly periods: 26 January, 2 and 9 February."""
    return make_campaign()


@pytest.fixture
def form(campaign):
    return make_form(campaign, indicators=2)


@pytest.fixture
def city(campaign):
    return make_place(campaign, "320100", name="南京市", level="prefecture", reports=False)


@pytest.fixture
def east(campaign, city):
    return make_place(campaign, "320102", name="玄武区", parent=city)


@pytest.fixture
def west(campaign, city, east):
    return make_place(campaign, "320104", name="秦淮区", parent=city)


@pytest.fixture
def report(campaign, form):
    """Store a report: of a place, in the period with that number, of 1 -> figure."""

    def make(place, number, *figures, status="accepted"):
        by_number = dict(enumerate(figures, start=1))
        return make_submission(form, place, period_of(campaign, number), by_number, status=status)

    return make


@pytest.fixture
def ask(campaign, form, city):
    """Roll up in the period with that number: the city unless told otherwise."""

    def roll(number, place=None, **how):
        return roll_up(how.pop("form", form), period_of(campaign, number), (place or city).unit, **how)

    return roll


def exempt(campaign, number, place=None):
    unit = place.unit if place else None
    period = period_of(campaign, number)
    Exemption.objects.create(period=period, unit=unit, reason="停工", granted_by="某处")


def rows(result):
    return [(row.name, row.state, row.values[1]) for row in result.rows]


# What a total is made of


def test_a_total_is_the_units_own_report_and_all_below_it(campaign, report, ask):
    province = make_place(campaign, "320000", name="江苏省", level="province", reports=False)
    city = make_place(campaign, "320300", name="徐州市", level="prefecture", parent=province)
    county = make_place(campaign, "320302", name="鼓楼区", parent=city)
    report(city, 3, 100, 7)
    report(county, 3, 20, 0)
    result = ask(3, province)
    assert result.total == {1: 120, 2: 7}
    assert result.coverage == Coverage(expected=2, reported=2, carried=0, never=0, exempt=0)
    [row] = result.rows
    assert (row.unit, row.name, row.own, row.values) == ("320300", "徐州市", False, {1: 120, 2: 7})
    assert row.has_below
    assert row.place == city.pk


def test_the_own_report_comes_first_and_children_follow_in_registry_order(campaign, report, ask):
    city = make_place(campaign, "320300", name="徐州市", level="prefecture")
    later = make_place(campaign, "320302", name="鼓楼区", parent=city)
    first = make_place(campaign, "320303", name="云龙区", parent=city)
    type(later).objects.filter(pk=later.pk).update(position=99)
    report(later, 3, 1)
    report(first, 3, 2)
    report(city, 3, 4)
    result = ask(3, city)
    assert [(row.unit, row.name, row.own, row.values[1]) for row in result.rows] == [
        ("320300", "市本级", True, 4),
        ("320303", "云龙区", False, 2),
        ("320302", "鼓楼区", False, 1),
    ]


@pytest.mark.parametrize(
    ("level", "name"),
    [
        ("nation", "国家本级"),
        ("province", "省本级"),
        ("prefecture", "市本级"),
        ("county", "某地本级"),
        ("office", "某地本级"),
    ],
)
def test_own_figures_are_named_by_the_level_where_there_are_units_below(campaign, ask, level, name):
    above = make_place(campaign, "top", name="某地", level=level)
    make_place(campaign, "below", parent=above)
    [own, _] = ask(1, above).rows
    assert own.name == name


def test_a_leaf_has_one_row_of_its_own_name(report, ask, east):
    report(east, 3, 5, 6)
    [row] = ask(3, east).rows
    assert (row.unit, row.name, row.own, row.has_below) == ("320102", "玄武区", True, False)


def test_a_unit_that_never_reported_adds_nothing_and_is_not_zero(report, ask, east, west):
    report(east, 3, 5)
    result = ask(3)
    assert rows(result) == [("玄武区", "reported", 5), ("秦淮区", "never", None)]
    assert result.coverage == Coverage(expected=2, reported=1, carried=0, never=1, exempt=0)
    assert result.never == ("秦淮区",)
    assert result.total == {1: 5, 2: None}


def test_blank_is_not_zero_and_is_counted(report, ask, east, west):
    report(east, 3, None, 0)
    report(west, 3, 4, None)
    result = ask(3)
    assert result.total == {1: 4, 2: 0}
    assert result.blank == {1: 1, 2: 1}
    assert [row.blank for row in result.rows] == [{1: 1}, {2: 1}]
    assert result.rows[0].values == {1: None, 2: 0}


def test_a_cell_without_a_stored_figure_is_blank(report, ask, east):
    report(east, 3, 4)
    assert ask(3).blank == {2: 1}


def test_a_unit_is_carried_with_the_date_of_its_last_report(report, ask, east, west):
    report(east, 1, 10)
    report(west, 2, 1)
    report(west, 3, 3)
    result = ask(3)
    assert result.total[1] == 13
    assert result.coverage == Coverage(expected=2, reported=1, carried=1, never=0, exempt=0)
    assert rows(result) == [("玄武区", "carried", 10), ("秦淮区", "reported", 3)]
    assert [row.as_of for row in result.rows] == [JANUARY_26, FEBRUARY_9]
    assert result.carried == (("玄武区", JANUARY_26),)
    assert result.as_of == JANUARY_26


def test_a_row_never_mixes_two_weeks(report, ask, east):
    report(east, 1, 10, 99)
    report(east, 2, 12, None)
    result = ask(3)
    assert result.total == {1: 12, 2: None}
    assert result.blank == {2: 1}


def test_a_future_period_is_not_filled(report, ask, east):
    report(east, 2, 5)
    assert ask(1).total[1] is None
    assert ask(1).rows[0].state == "never"


def test_a_row_of_units_that_differ_is_mixed(campaign, report, ask):
    province = make_place(campaign, "320000", name="江苏省", level="province", reports=False)
    city = make_place(campaign, "320300", name="徐州市", level="prefecture", parent=province)
    county = make_place(campaign, "320302", name="鼓楼区", parent=city)
    make_place(campaign, "320303", name="云龙区", parent=city)
    report(city, 3, 1)
    report(county, 2, 2)
    result = ask(3, province)
    [row] = result.rows
    assert (row.state, row.as_of) == ("mixed", FEBRUARY_2)
    assert row.coverage == Coverage(expected=3, reported=1, carried=1, never=1, exempt=0)


def test_footnotes_name_a_unit_further_down_with_the_one_above_it(campaign, report, ask):
    province = make_place(campaign, "320000", name="江苏省", level="province", reports=True)
    city = make_place(campaign, "320300", name="徐州市", level="prefecture", parent=province)
    county = make_place(campaign, "320302", name="鼓楼区", parent=city)
    report(county, 1, 1)
    result = ask(3, province)
    assert result.carried == (("徐州市鼓楼区", JANUARY_26),)
    assert result.never == ("省本级", "徐州市本级")


def test_only_children_with_someone_who_owes_the_form_have_a_row(campaign, report, ask):
    office = make_place(campaign, "office", name="办公室", level="office", reports=False)
    bureau = make_place(campaign, "hr", name="人社局", line="hr", parent=office)
    make_place(campaign, "union", name="总工会", line="union", parent=office)
    make_place(campaign, "empty", name="空", reports=False, parent=office)
    every_line = make_place(campaign, "any", name="综合", parent=office)
    form = make_form(campaign, code="fu2", indicators=1, line="hr")
    make_submission(form, bureau, period_of(campaign, 1), {1: 3})
    result = ask(1, office, form=form)
    assert rows(result) == [("人社局", "reported", 3), ("综合", "never", None)]
    assert every_line.pk == result.rows[1].place


def test_a_report_of_another_form_counts_for_nothing(campaign, ask, east):
    other = make_form(campaign, code="fu2", indicators=2)
    make_submission(other, east, period_of(campaign, 3), {1: 7})
    assert ask(3).total[1] is None


def test_a_report_of_another_campaign_counts_for_nothing(ask, east):
    last_year = make_campaign(code="last", period_ends=[date(2023, 2, 3)], starts=date(2023, 1, 28))
    form = make_form(last_year, indicators=2)
    make_place(last_year, "320102")
    make_submission(form, east, period_of(last_year, 1), {1: 7})
    assert ask(3).rows[0].state == "never"


# Bases


def test_a_newer_report_that_is_not_accepted_does_not_push_out_the_accepted_one(report, ask, east):
    report(east, 1, 10)
    report(east, 3, 12, status="submitted")
    assert ask(3).total[1] == 10
    assert ask(3).rows[0].state == "carried"
    received = ask(3, basis="received")
    assert (received.total[1], received.rows[0].state) == (12, "reported")


def test_received_counts_the_last_report_sent_and_carries_it(report, ask, east):
    report(east, 1, 8, status="submitted")
    report(east, 2, 9, status="returned")
    result = ask(3, basis="received")
    assert (result.total[1], result.carried) == (8, (("玄武区", JANUARY_26),))


@pytest.mark.parametrize("status", ["draft", "returned"])
@pytest.mark.parametrize("basis", ["accepted", "received", "strict"])
def test_drafts_and_returned_reports_count_nowhere(report, ask, east, status, basis):
    report(east, 3, 5, status=status)
    result = ask(3, basis=basis)
    assert (result.total[1], result.rows[0].state) == (None, "never")


def test_strict_counts_accepted_reports_of_this_very_period_and_carries_nobody(report, ask, east, west):
    report(east, 2, 10)
    report(west, 3, 3)
    result = ask(3, basis="strict")
    assert result.total[1] == 3
    assert result.coverage == Coverage(expected=2, reported=1, carried=0, never=1, exempt=0)
    assert (result.never, result.carried) == (("玄武区",), ())


def test_strict_leaves_out_what_is_only_submitted(report, ask, east):
    report(east, 3, 5, status="submitted")
    assert ask(3, basis="strict").total[1] is None


def test_strict_has_no_increment(ask, east):
    with pytest.raises(RollUpError, match="不能计算本期新增"):
        ask(3, basis="strict", measure="increment")


def test_an_unknown_basis_or_measure_is_refused(ask, east):
    with pytest.raises(RollUpError, match="accepted"):
        ask(3, basis="all")
    with pytest.raises(RollUpError, match="increment"):
        ask(3, measure="growth")


def test_a_unit_outside_the_campaign_is_refused(campaign, form):
    stranger = ReportingUnit.objects.create(code="999", name="外单位")
    with pytest.raises(RollUpError, match="外单位"):
        roll_up(form, period_of(campaign, 1), stranger)


def test_a_form_of_another_campaign_is_refused(campaign, east):
    other = make_form(make_campaign(code="other"))
    with pytest.raises(RollUpError, match="同一个活动"):
        roll_up(other, period_of(campaign, 1), east.unit)


# 免报


def test_an_exempted_unit_is_not_expected_but_its_last_report_counts(campaign, report, ask, east, west):
    report(east, 2, 10, 1)
    report(west, 3, 3, None)
    exempt(campaign, 3, east)
    result = ask(3)
    assert result.total == {1: 13, 2: 1}
    assert result.coverage == Coverage(expected=1, reported=1, carried=0, never=0, exempt=1)
    assert (result.exempt, result.carried, result.as_of) == (("玄武区",), (), FEBRUARY_2)
    assert ask(3, basis="strict").total == {1: 3, 2: None}


def test_in_the_strict_figure_an_exempted_units_report_of_this_period_does_not_count(
    campaign, report, ask, east, west
):
    report(east, 3, 10, 1)
    report(west, 3, 3, 2)
    exempt(campaign, 3, east)
    assert ask(3).total == {1: 13, 2: 3}
    result = ask(3, basis="strict")
    assert (result.total, result.exempt) == ({1: 3, 2: 2}, ("玄武区",))


def test_a_row_of_exempted_units_alone_is_exempt(campaign, report, ask, east):
    exempt(campaign, 3, east)
    [row] = ask(3).rows
    assert (row.state, row.values[1], row.as_of) == ("exempt", None, None)
    assert row.coverage == Coverage(expected=0, reported=0, carried=0, never=0, exempt=1)


def test_exempted_units_do_not_make_a_row_mixed(campaign, report, ask):
    province = make_place(campaign, "320000", name="江苏省", level="province", reports=False)
    city = make_place(campaign, "320300", name="徐州市", level="prefecture", parent=province)
    county = make_place(campaign, "320302", name="鼓楼区", parent=city)
    report(city, 3, 1)
    exempt(campaign, 3, county)
    assert ask(3, province).rows[0].state == "reported"


def test_an_exemption_of_all_holds_for_its_period_only(campaign, report, ask, east, west):
    report(east, 1, 5)
    exempt(campaign, 2)
    assert ask(2).coverage == Coverage(expected=0, reported=0, carried=0, never=0, exempt=2)
    assert ask(2).total[1] == 5
    assert ask(3).coverage == Coverage(expected=2, reported=0, carried=1, never=1, exempt=0)


# Places


def test_a_report_counts_where_the_unit_stands_in_the_period_asked_for(campaign, report, ask, city):
    other = make_place(campaign, "320300", name="徐州市", level="prefecture", reports=False)
    make_place(campaign, "320111", name="浦口区", parent=city, closes=FEBRUARY_2)
    moved = make_place(campaign, "320111", name="浦口区", parent=other, opens=date(2024, 2, 3))
    report(moved, 1, 10)
    assert (ask(2).total[1], ask(2, other).total[1]) == (10, None)
    assert (ask(3).total[1], ask(3, other).total[1]) == (None, 10)
    assert ask(3).rows == ()
    assert ask(3, other).rows[0].place == moved.pk


def test_a_move_shows_in_both_increments_as_the_totals_stand(campaign, report, ask, city, east):
    other = make_place(campaign, "320300", name="徐州市", level="prefecture", reports=False)
    make_place(campaign, "320111", name="浦口区", parent=city, closes=FEBRUARY_2)
    moved = make_place(campaign, "320111", name="浦口区", parent=other, opens=date(2024, 2, 3))
    report(east, 2, 100)
    report(east, 3, 101)
    report(moved, 2, 10)
    report(moved, 3, 14)
    # 南京: 101 now, 110 before. 徐州: 14 now, nothing before.
    lost, gained = ask(3, measure="increment"), ask(3, other, measure="increment")
    assert (lost.total[1], rows(lost)) == (-9, [("玄武区", "reported", 1)])
    assert (gained.total[1], rows(gained)) == (14, [("浦口区", "reported", 14)])


def test_of_two_places_that_count_a_unit_stands_at_the_later(campaign, report, ask, city):
    other = make_place(campaign, "320300", name="徐州市", level="prefecture", reports=False)
    dates = {"closes": FEBRUARY_2, "after_close": "keep"}
    make_place(campaign, "320111", name="浦口区", parent=city, **dates)
    moved = make_place(campaign, "320111", name="浦口区", parent=other, opens=date(2024, 2, 3))
    report(moved, 1, 10)
    assert (ask(3).total[1], ask(3, other).total[1]) == (None, 10)


def test_a_place_counts_from_the_period_that_ends_when_it_opens(campaign, ask, city):
    make_place(campaign, "320111", parent=city, opens=FEBRUARY_2)
    make_place(campaign, "320112", parent=city, opens=date(2024, 2, 3))
    assert [ask(number).coverage.expected for number in (1, 2, 3)] == [0, 1, 2]


def test_a_unit_closed_with_stop_counts_in_periods_that_end_by_then(campaign, report, ask, city):
    closed = make_place(campaign, "320111", parent=city, closes=FEBRUARY_2, after_close="stop")
    successor = make_place(campaign, "320112", parent=city)
    report(closed, 2, 10)
    report(successor, 2, 5)
    report(successor, 3, 18)
    assert ask(2).total[1] == 15
    assert (ask(3).total[1], ask(3).coverage.expected) == (18, 1)
    # The successor's 18 contain the 10: what is new is 18 - 15.
    assert ask(3, measure="increment").total[1] == 3


def test_a_unit_closed_with_keep_stays_expected_and_carried(campaign, report, ask, city):
    closed = make_place(campaign, "320111", name="浦口区", parent=city, closes=FEBRUARY_2, after_close="keep")
    report(closed, 2, 10)
    result = ask(3)
    assert (result.total[1], result.carried) == (10, (("浦口区", FEBRUARY_2),))


def test_a_child_moved_within_its_parent_is_one_row_where_it_stands_then(campaign, report, ask, city):
    make_place(campaign, "320124", name="溧水县", short="溧水县", parent=city, closes=FEBRUARY_2)
    other = make_place(campaign, "320125", name="高淳区", parent=city)
    renamed = make_place(campaign, "320124", short="溧水区", parent=city, opens=date(2024, 2, 3))
    report(renamed, 2, 10)
    report(renamed, 3, 12)
    report(other, 3, 1)
    assert rows(ask(2)) == [("溧水县", "reported", 10), ("高淳区", "never", None)]
    assert rows(ask(3, measure="increment")) == [("高淳区", "reported", 1), ("溧水区", "reported", 2)]


def test_the_place_of_a_unit_is_the_one_held_then_or_its_latest(campaign, city):
    first = make_place(campaign, "320111", parent=city, closes=JANUARY_26, after_close="stop")
    second = make_place(campaign, "320111", parent=city, opens=date(2024, 2, 4))
    assert place_at(first.unit, period_of(campaign, 1)) == first
    assert place_at(first.unit, period_of(campaign, 2)) == second
    assert place_at(first.unit, period_of(campaign, 3)) == second


# Increments


def test_an_increment_is_the_difference_of_two_totals(report, ask, east, west):
    report(east, 1, 10)
    report(east, 2, 14)
    report(west, 2, 5)
    assert ask(1, measure="increment").total[1] == 10
    second = ask(2, measure="increment")
    assert (second.total[1], second.cumulative[1]) == (9, 19)
    assert rows(second) == [("玄武区", "reported", 4), ("秦淮区", "reported", 5)]
    assert [row.cumulative[1] for row in second.rows] == [14, 5]
    third = ask(3, measure="increment")
    assert rows(third) == [("玄武区", "carried", 0), ("秦淮区", "carried", 0)]


def test_an_increment_after_a_gap_covers_the_weeks_carried(report, ask, east):
    report(east, 1, 10)
    report(east, 3, 40)
    assert [ask(number, measure="increment").total[1] for number in (1, 2, 3)] == [10, 0, 30]


def test_an_increment_is_null_only_where_no_unit_ever_reported_the_cell(report, ask, east):
    report(east, 1, 7, None)
    report(east, 2, None, None)
    report(east, 3, None, None)
    increments = [ask(number, measure="increment").total for number in (1, 2, 3)]
    # Column 1: 7 came, 7 was dropped by a blank, then nothing. Column 2 never had a figure.
    assert increments == [{1: 7, 2: None}, {1: -7, 2: None}, {1: 0, 2: None}]


def test_an_increment_is_zero_where_only_a_unit_that_has_left_once_reported_the_cell(
    campaign, report, ask, city, east
):
    leaving = make_place(campaign, "320111", parent=city, closes=FEBRUARY_2, after_close="stop")
    report(leaving, 1, 5, None)
    report(leaving, 2, None, None)
    result = ask(3, measure="increment")
    assert result.total == {1: 0, 2: None}
    assert rows(result) == [("玄武区", "never", None)]


def test_what_a_unit_first_reported_after_moving_away_is_no_zero_where_it_was(campaign, report, ask, city):
    other = make_place(campaign, "320300", name="徐州市", level="prefecture", reports=False)
    make_place(campaign, "320111", parent=city, closes=FEBRUARY_2)
    moved = make_place(campaign, "320111", parent=other, opens=date(2024, 2, 3))
    report(moved, 2, 1, None)
    report(moved, 3, 2, 8)
    assert ask(3, measure="increment").total == {1: -1, 2: None}
    assert ask(3, other, measure="increment").total == {1: 2, 2: 8}


def test_an_increment_can_be_of_what_was_received(report, ask, east):
    report(east, 1, 10)
    report(east, 2, 15, status="submitted")
    assert ask(2, measure="increment").total[1] == 0
    assert ask(2, measure="increment", basis="received").total[1] == 5


# Natures and decimals


def test_a_flow_adds_up_over_periods_and_its_increment_is_this_periods_value(campaign, ask, east, west):
    form = make_form(campaign, code="fu2", indicators=[{"nature": "flow"}])
    for place, number, figure in [(east, 1, 3), (east, 2, 4), (west, 1, 10), (east, 3, None)]:
        make_submission(form, place, period_of(campaign, number), {1: figure})
    assert [ask(number, form=form).total[1] for number in (1, 2, 3)] == [13, 17, 17]
    increments = [ask(number, form=form, measure="increment").total[1] for number in (1, 2, 3)]
    assert increments == [13, 4, 0]
    assert ask(2, form=form, basis="strict").total[1] == 4


def test_a_stock_is_that_of_this_periods_reports(campaign, ask, east, west):
    form = make_form(campaign, code="fu2", indicators=[{"nature": "stock"}, {}])
    make_submission(form, east, period_of(campaign, 1), {1: 30, 2: 1})
    make_submission(form, west, period_of(campaign, 1), {1: 5, 2: 1})
    make_submission(form, west, period_of(campaign, 2), {1: 8, 2: 4})
    first, second = ask(1, form=form), ask(2, form=form)
    assert (first.total[1], second.total[1]) == (35, 8)
    assert second.total[2] == 5
    assert [row.values[1] for row in second.rows] == [None, 8]
    assert ask(2, form=form, measure="increment").total[1] == 8 - 35


def test_decimals_add_up_exactly(campaign, ask, east, west):
    form = make_form(campaign, code="fu2", indicators=[{"decimals": 2}, {"decimals": 2}])
    make_submission(form, east, period_of(campaign, 1), {1: "0.10", 2: "9999999999999.99"})
    make_submission(form, west, period_of(campaign, 1), {1: "0.20"})
    result = ask(1, form=form)
    assert result.total == {1: Decimal("0.30"), 2: Decimal("9999999999999.99")}
    assert as_json(result)["total"] == {"1": "0.30", "2": "9999999999999.99"}


def test_a_figure_is_written_with_the_decimals_of_its_indicator(campaign, ask, east):
    form = make_form(campaign, code="fu2", indicators=[{"decimals": 2}, {"decimals": 2}])
    make_submission(form, east, period_of(campaign, 1), {1: "0", 2: "7"})
    make_submission(form, east, period_of(campaign, 2), {1: "0", 2: "5.5"})
    printed = [as_json(ask(number, form=form, measure="increment"))["total"] for number in (1, 2)]
    assert printed == [{"1": "0.00", "2": "7.00"}, {"1": "0.00", "2": "-1.50"}]


def test_decimals_are_rounded_after_adding(campaign, ask, east, west):
    form = make_form(campaign, code="fu2", indicators=[{"decimals": 0}])
    make_submission(form, east, period_of(campaign, 1), {1: "0.4"})
    make_submission(form, west, period_of(campaign, 1), {1: "0.4"})
    result = ask(1, form=form)
    assert (result.total[1], [row.values[1] for row in result.rows]) == (1, [0, 0])


def test_a_half_is_rounded_up_although_floats_add_up_to_less(campaign, ask):
    """As floats, 0.1 + 2.3 + 2.3 + 2.8 is 7.499999999999999, in whatever order."""
    province = make_place(campaign, "320000", level="province", reports=False)
    city = make_place(campaign, "320300", level="prefecture", parent=province, reports=False)
    form = make_form(campaign, code="fu2", indicators=[{"decimals": 0}])
    for code, figure in [("a", "0.1"), ("b", "2.3"), ("c", "2.3"), ("d", "2.8")]:
        county = make_place(campaign, code, parent=city)
        make_submission(form, county, period_of(campaign, 1), {1: figure})
    assert ask(1, province, form=form).total[1] == 8


# Five ways to get cumulative totals wrong, seen in the issues of another system


def test_akvo_5194_an_overview_adds_up_cumulatively(report, ask, east, west):
    """The last reports of two units, made in different weeks: 40 + 25, not the 25 of this week alone."""
    report(east, 1, 40)
    report(west, 2, 25)
    assert ask(2).total[1] == 65


def test_akvo_5211_cumulative_figures_are_not_added_over_periods(report, ask, east):
    """10, 25 and 30 since the campaign began are 30, not 65."""
    report(east, 1, 10)
    report(east, 2, 25)
    report(east, 3, 30)
    assert [ask(number).total[1] for number in (1, 2, 3)] == [10, 25, 30]


def test_akvo_5212_a_total_does_not_shrink_because_a_unit_is_late(report, ask, east, west):
    """60 after two weeks; in the third only one unit has reported: 45 + 20, not 45."""
    report(east, 2, 40)
    report(west, 2, 20)
    report(east, 3, 45)
    assert [ask(number).total[1] for number in (2, 3)] == [60, 65]


def test_akvo_5239_repeated_reports_of_one_unit_are_not_added(report, ask, east, west):
    """A unit that sends twice as often counts once: 12 + 5, not 10 + 12 + 5."""
    report(east, 1, 10)
    report(east, 2, 12)
    report(west, 2, 5)
    assert ask(2).total[1] == 17


def test_akvo_5241_an_edit_of_an_earlier_period_does_not_override_a_later_one(report, ask, east, west):
    """Both first reports are corrected after the second: only the unit without a later report changes it."""
    corrected = [report(east, 1, 10), report(west, 1, 5)]
    report(east, 2, 30)
    assert ask(2).total[1] == 35
    for submission, figure in zip(corrected, (99, 6), strict=True):
        submission.figures.filter(indicator__number=1).update(value=figure)
        submission.save()
    assert ask(1).total[1] == 105
    assert ask(2).total[1] == 36


# Shape and cost


def test_json_holds_exact_decimals_null_and_names(campaign, report, ask, city, east, west):
    report(east, 2, 10, 0)
    exempt(campaign, 3, west)
    assert as_json(ask(3)) == {
        "campaign": "spring",
        "form": "fu1",
        "period": "2024-02-09",
        "unit": "320100",
        "basis": "accepted",
        "measure": "cumulative",
        "coverage": {"expected": 1, "reported": 0, "carried": 1, "never": 0, "exempt": 1},
        "total": {"1": "10", "2": "0"},
        "blank": {},
        "rows": [
            {
                "unit": "320102",
                "name": "玄武区",
                "own": False,
                "state": "carried",
                "as_of": "2024-02-02",
                "coverage": {"expected": 1, "reported": 0, "carried": 1, "never": 0},
                "values": {"1": "10", "2": "0"},
                "blank": {},
            },
            {
                "unit": "320104",
                "name": "秦淮区",
                "own": False,
                "state": "exempt",
                "as_of": None,
                "coverage": {"expected": 0, "reported": 0, "carried": 0, "never": 0, "exempt": 1},
                "values": {"1": None, "2": None},
                "blank": {},
            },
        ],
    }


@pytest.mark.parametrize("measure", ["cumulative", "increment"])
def test_the_number_of_queries_does_not_grow_with_the_units(campaign, form, city, measure):
    def queries(units):
        for number in range(campaign.places.count(), units + 1):
            place = make_place(campaign, f"c{number}", parent=city)
            for period in (1, 3):
                make_submission(form, place, period_of(campaign, period), {1: period, 2: None})
        asked = type(form).objects.get(pk=form.pk)
        with CaptureQueriesContext(connection) as captured:
            result = roll_up(asked, period_of(campaign, 3), city.unit, measure=measure)
        assert result.coverage.reported == units
        return len(captured)

    assert queries(6) == queries(60)
