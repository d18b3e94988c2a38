"""The difference view: shares, bars, marks and what changed since a return, worked out by hand."""

from decimal import Decimal
from types import SimpleNamespace

from reports.entry.grid import GridCell
from reports.entry.validation import Finding, IndicatorFacts
from reports.review.differences import differences


def difference(value, history=(), *, total=None, returned=None, findings=(), **facts):
    """The difference of one cell, column 1, against its earlier figures."""
    cell = GridCell(
        indicator=SimpleNamespace(number=1),
        value=None if value is None else Decimal(value),
        text="",
        seen="",
        previous=Decimal(history[-1]) if history else None,
        findings=tuple(findings),
        marked=False,
    )
    [row] = differences(
        [cell],
        [IndicatorFacts(1, "招聘", **facts)],
        [{1: Decimal(figure)} for figure in history],
        totals={1: None if total is None else Decimal(total)},
        returned=returned,
    )
    return row


def test_a_share_is_per_cent_of_the_total_above_to_one_place():
    assert difference(2480, total=5794).share == Decimal("42.8")
    assert difference(None, total=5794).share is None
    assert difference(0, total=0).share is None


def test_the_bar_stands_at_the_median_where_the_increment_equals_it():
    # Increments 100, 120, 110: the median is 110; now 440 - 330 = 110.
    bar = difference(440, (100, 220, 330)).bar
    assert (bar.width, bar.jump_at, bar.is_over, bar.is_fall) == (14.0, 42.0, False, False)


def test_a_bar_over_the_limit_is_marked_and_one_far_over_it_is_cut():
    history = (100, 200, 300)
    assert difference(610, history).bar.is_over
    assert not difference(600, history).bar.is_over
    assert difference(1200, history).bar.is_cut
    assert difference(1200, history).bar.width == 112


def test_a_jump_below_the_floor_of_its_unit_is_drawn_but_not_marked():
    # 4 after 1, 1, 1: four times the median, but fewer than the 10 events from which a jump is one.
    assert not difference(7, (1, 2, 3), unit="场次").bar.is_over
    assert difference(13, (1, 2, 3), unit="场次").bar.is_over


def test_the_limit_is_the_columns_own():
    bar = difference(610, (100, 200, 300), jump=Decimal(5)).bar
    assert (bar.jump_at, bar.is_over) == (70.0, False)


def test_a_fall_is_drawn_by_its_size_and_nothing_where_there_is_no_median():
    bar = difference(290, (100, 200, 300)).bar
    assert (bar.is_fall, bar.width) == (True, 1.4)
    assert difference(5).bar is None
    assert difference(5, (0, 0)).bar is None


def test_a_jump_says_how_many_times_the_median_it_is():
    finding = Finding("jump:1", "query", "超过", (1,))
    row = difference(890, (100, 200, 300), findings=[finding])
    assert [mark.text for mark in row.marks] == ["5.9 倍"]
    assert row.is_outlier


def test_what_changed_since_the_return_is_known_and_a_blank_is_a_change():
    assert difference(130, returned={1: Decimal(120)}).is_changed
    assert not difference(120, returned={1: Decimal(120)}).is_changed
    assert difference(None, returned={1: Decimal(120)}).is_changed
    assert not difference(130).is_changed


def test_the_last_six_increments_are_shown_and_the_first_counts_from_nothing():
    row = difference(90, (10, 20, 30, 40, 50, 60, 80))
    assert row.earlier == (10, 10, 10, 10, 10, 20)
    assert row.median == 10
