"""What looks odd in a report: each kind with figures worked out by hand, and its plain neighbour that is not odd."""

from datetime import date
from decimal import Decimal

import pytest

from reports.entry.validation import IndicatorFacts
from reports.review.anomalies import CERTAIN, LIKELY, POSSIBLE, Kind, Report, find

PLAIN = [IndicatorFacts(number, f"指标{number}", "人") for number in range(1, 9)]


def report(week, *, explanations=None, no_change=False, **figures):
    """c1=5 → {1: 5}."""
    values = {
        int(name[1:]): None if value is None else Decimal(str(value)) for name, value in figures.items()
    }
    return Report(date(2024, 2, week), values, explanations or {}, no_change)


def series(*values, facts=None, **last):
    """The anomalies of one column with these figures, one report each."""
    reports = [report(week, c1=value) for week, value in enumerate(values[:-1], start=1)]
    reports.append(report(len(values), c1=values[-1], **last))
    return find([facts or IndicatorFacts(1, "招聘", "人")], reports, {})


def kinds(anomalies):
    return [anomaly.kind for anomaly in anomalies]


def test_a_plain_series_has_nothing_odd_about_it():
    assert series(103, 211, 305, 412) == []
    assert series(103) == []


def test_a_fall_is_certain_and_weighs_less_once_it_is_explained():
    # 412 → 309: a quarter is lost, 5 of 20.
    [fall] = series(103, 211, 412, 309)
    assert (fall.kind, fall.sure, fall.weight) == (Kind.FALL, CERTAIN, 65)
    assert fall.message == "1 招聘：累计数由 412 降到 309"
    [told] = series(103, 211, 412, 309, explanations={"fall:1": "剔除重复登记的人员"})
    assert told.weight == 45


def test_swapped_digits_are_found_where_the_other_figure_fits():
    # Increments 103, 102, 107 have the median 103; 132 after 312 is a fall, 312 ... 321 would be 9 more.
    [swapped] = series(103, 205, 312, 132)
    assert (swapped.kind, swapped.sure) == (Kind.SWAPPED, LIKELY)
    assert "填 132 与以往不合，312 相合" in swapped.message


def test_no_swap_is_seen_in_a_figure_that_fits_or_where_none_would():
    assert series(103, 205, 312, 415) == []
    assert kinds(series(103, 205, 312, 222)) == [Kind.FALL]


@pytest.mark.parametrize(
    ("last", "sure"),
    [
        # Median 100: 4150 - 300 = 3850 is 38 times; a tenth of 4150 is 415, which fits.
        (4150, LIKELY),
        # 300 + 12000: neither a tenth of it nor of the increment fits.
        (12300, POSSIBLE),
    ],
)
def test_a_tenfold_jump_is_likely_a_digit_too_many_where_a_tenth_fits(last, sure):
    [jump] = series(100, 200, 300, last)
    assert (jump.kind, jump.sure) == (Kind.TENFOLD, sure)


def test_a_digit_too_few_is_told_from_a_mere_fall():
    [short] = series(1000, 2000, 3000, 400)
    assert (short.kind, short.sure) == (Kind.TENFOLD, LIKELY)
    assert "像是少了一位" in short.message


def test_a_jump_below_the_floor_of_its_unit_is_no_anomaly():
    assert series(1, 2, 3, 23) == []


def test_yuan_typed_for_ten_thousand_yuan_is_found_by_its_ratio():
    money = IndicatorFacts(1, "补贴", "万元", decimals=2)
    # Median 40.00; 400,000 is 10,000 times as much.
    [slip] = series("40.00", "80.00", "120.00", "400120.00", facts=money)
    assert (slip.kind, slip.sure) == (Kind.YUAN, LIKELY)
    assert "10,000 倍" in slip.message
    [large] = series("40.00", "80.00", "120.00", "6120.00", facts=money)
    assert (large.kind, large.sure) == (Kind.YUAN, POSSIBLE)


def test_all_figures_equal_to_last_time_are_odd_unless_that_was_stated():
    same = {"c1": 12, "c2": 7, "c3": 31}
    found = find(PLAIN, [report(1, **same), report(2, **same)], {})
    assert kinds(found) == [Kind.SAME]
    assert find(PLAIN, [report(1, **same), report(2, **same, no_change=True)], {}) == []
    assert find(PLAIN, [report(1, **same), report(2, c1=12, c2=7, c3=32)], {}) == []


def test_parts_equal_to_their_wholes_everywhere_are_odd_and_in_one_place_are_not():
    facts = [
        IndicatorFacts(1, "总数", "人"),
        IndicatorFacts(2, "其中：女性", "人", parent=1),
        IndicatorFacts(3, "总数", "人"),
        IndicatorFacts(4, "其中：女性", "人", parent=3),
    ]
    [found] = find(facts, [report(1, c1=31, c2=31, c3=47, c4=47)], {})
    assert (found.kind, found.cells) == (Kind.PARTS, (2, 4))
    assert find(facts, [report(1, c1=31, c2=31, c3=47, c4=46)], {}) == []
    assert find(facts, [report(1, c1=3, c2=3, c3=4, c4=4)], {}) == []


def test_figures_that_nearly_all_end_in_nought_are_a_habit_when_they_did_before():
    rounded = {f"c{number}": 100 * number for number in range(1, 7)}
    [once] = find(PLAIN, [report(1, c7=13, **rounded)], {})
    assert (once.kind, once.weight) == (Kind.ROUND, 30)
    again = {f"c{number}": 110 * number for number in range(1, 7)}
    found = find(PLAIN, [report(1, **rounded), report(2, **again)], {})
    assert [(one.kind, one.weight) for one in found] == [(Kind.ROUND, 45)]
    odd = {f"c{number}": 101 * number for number in range(1, 7)}
    assert find(PLAIN, [report(1, **odd)], {}) == []


def test_an_explanation_word_for_word_as_before_or_as_anothers_is_named():
    text = "上期误将重复登记的人计入"
    first = report(1, c1=5, explanations={"rule:abc": text})
    second = report(2, c1=6, explanations={"jump:1": f" {text}"})
    [before] = find(PLAIN, [first, second], {})
    assert (before.kind, before.cells) == (Kind.REUSED, (1,))
    assert "截至2月1日" in before.message
    [beside] = find(PLAIN, [second], {"江汉区": report(2, c1=9, explanations={"jump:1": text})})
    assert "江汉区" in beside.message
    assert beside.weight < before.weight


def test_a_report_equal_to_a_siblings_is_likely_copied():
    figures = {f"c{number}": 13 * number + 1 for number in range(1, 7)}
    [copied] = find(PLAIN, [report(1, **figures)], {"江汉区": report(1, **figures)})
    assert (copied.kind, copied.sure) == (Kind.COPIED, LIKELY)
    assert find(PLAIN, [report(1, **figures)], {"江汉区": report(1, **figures | {"c1": 1})}) == []


def test_the_gravest_stands_first_and_a_key_lasts_as_long_as_the_figures():
    facts = [IndicatorFacts(1, "甲", "人"), IndicatorFacts(2, "乙", "人")]
    earlier = [report(1, c1=100, c2=1000), report(2, c1=200, c2=2000), report(3, c1=300, c2=3000)]
    found = find(facts, [*earlier, report(4, c1=290, c2=400)], {})
    assert kinds(found) == [Kind.TENFOLD, Kind.FALL]
    again = find(facts, [*earlier, report(4, c1=290, c2=400)], {})
    assert [one.key for one in found] == [one.key for one in again]
    changed = find(facts, [*earlier, report(4, c1=280, c2=400)], {})
    assert found[1].key != changed[1].key
