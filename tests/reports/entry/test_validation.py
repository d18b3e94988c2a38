"""Default checks, written rules and explanations: tables worked by hand."""

import hashlib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reports.entry.validation import (
    EarlierReport,
    Finding,
    IndicatorFacts,
    OtherForm,
    WrittenRule,
    blocking,
    explanation_problem,
    increments,
    run_rules,
)

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
REASON = "2月20日起在火车站设点集中接待"

SERVED = IndicatorFacts(3, "提供免费服务人数", "人")
LOANS = IndicatorFacts(10, "提供小额担保贷款金额（万元）", "万元", decimals=2, slip=Decimal(100))


def figures(values: dict[int, Any]) -> dict[int, Decimal | None]:
    return {number: None if value is None else Decimal(str(value)) for number, value in values.items()}


def series(number: int, *values: Any) -> list[EarlierReport]:
    """Weekly reports of one column, oldest first."""
    first = date(2024, 1, 26)
    return [
        EarlierReport(first + timedelta(weeks=week), figures({number: value}))
        for week, value in enumerate(values)
    ]


def keys(findings: list[Finding]) -> list[str]:
    return [finding.key for finding in findings]


def cell_keys(facts: IndicatorFacts, value: Any, *earlier: Any) -> list[str]:
    """Keys of what is found in one column that says `value` after the reports `earlier`."""
    found = run_rules([facts], [], figures({facts.number: value}), history=series(facts.number, *earlier))
    return keys(found)


# --- the figure by itself ------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "decimals", "maximum", "value", "expected"),
    [
        ("人", 0, None, 0, []),
        ("人", 0, None, -1, ["min:3"]),
        ("人", 0, None, "12.5", ["decimals:3"]),
        ("人", 0, None, "12.0000", []),
        ("人", 0, None, 10_000_000, []),
        ("人", 0, None, 10_000_001, ["max:3"]),
        ("万元", 2, None, "1000000.00", []),
        ("万元", 2, None, "1000000.01", ["max:3"]),
        ("万元", 2, None, "12.34", []),
        ("万元", 2, None, "12.345", ["decimals:3"]),
        ("人", 0, Decimal(500), 500, []),
        ("人", 0, Decimal(500), 501, ["max:3"]),
        ("人", 0, Decimal(20_000_000), 15_000_000, []),
    ],
)
def test_a_figure_is_not_negative_has_the_decimals_of_its_column_and_stays_below_its_maximum(
    unit, decimals, maximum, value, expected
):
    facts = IndicatorFacts(3, "指标", unit, decimals=decimals, maximum=maximum)
    found = run_rules([facts], [], figures({3: value}))
    assert keys(found) == expected
    assert {finding.finding_class for finding in found} <= {"fatal"}
    assert {finding.cells for finding in found} <= {(3,)}


def test_messages_about_one_figure_name_the_column_the_figure_and_the_remedy():
    facts = IndicatorFacts(7, "发放补贴", "万元", decimals=2)
    [above] = run_rules([facts], [], figures({7: "1234567.5"}))
    assert above.message == "7 发放补贴：1,234,567.50 超出上限 1,000,000.00 万元，请核对位数和单位"
    [finer] = run_rules([facts], [], figures({7: "1.005"}))
    assert finer.message == "7 发放补贴：1.005 最多保留 2 位小数，请改正"
    [below] = run_rules([facts], [], figures({7: -1}))
    assert below.message == "7 发放补贴：−1.00 是负数，请填写 0 或大于 0 的数字"


# --- 其中 ------------------------------------------------------------

TRAINED = IndicatorFacts(11, "组织参加职业技能培训人数", "人")
SUBSIDISED = IndicatorFacts(14, "其中：享受培训补贴人数", "人", parent=11)


def test_a_part_above_its_whole_marks_both_cells_in_the_words_of_the_form():
    [finding] = run_rules([TRAINED, SUBSIDISED], [], figures({11: 560, 14: 612}))
    assert finding == Finding(
        "sub:14",
        "fatal",
        "14 其中：享受培训补贴人数 (612) 不能大于 11 组织参加职业技能培训人数 (560)",
        (14, 11),
    )


def test_a_part_as_large_as_its_whole_passes():
    assert run_rules([TRAINED, SUBSIDISED], [], figures({11: 560, 14: 560})) == []


@pytest.mark.parametrize("value", [0, 12])
def test_a_part_needs_its_whole_to_be_filled_even_where_it_is_0(value):
    found = run_rules([TRAINED, SUBSIDISED], [], figures({11: None, 14: value}))
    assert keys(found) == ["sub:14", "blank"]
    assert found[0].message == (
        f"14 其中：享受培训补贴人数 ({value}) 已填，11 组织参加职业技能培训人数 未填，请补填第11列"
    )
    assert found[0].cells == (14, 11)


def test_a_blank_part_asks_nothing_of_its_whole():
    assert keys(run_rules([TRAINED, SUBSIDISED], [], figures({11: 560}))) == ["blank"]


def test_a_part_is_named_by_its_label_as_printed():
    events = IndicatorFacts(2, "举办各类招聘活动", "场次")
    online = IndicatorFacts(3, "线上招聘", "场次", parent=2)
    [finding] = run_rules([events, online], [], figures({2: 5, 3: 6}))
    assert finding.message == "3 线上招聘 (6) 不能大于 2 举办各类招聘活动 (5)"


# --- blanks ------------------------------------------------------------


def test_one_blank_cell_is_named_and_several_are_counted():
    columns = [IndicatorFacts(number, f"指标{number}", "人") for number in (1, 2, 3)]
    [one] = run_rules(columns, [], figures({1: 0, 2: 5, 3: None}))
    assert one == Finding("blank", "hint", "3 指标3未填。没有发生请填 0，可以留空上报。", (3,))
    [several] = run_rules(columns, [], figures({2: 5}))
    assert several == Finding("blank", "hint", "2 项未填（第1、3列）。没有发生请填 0，可以留空上报。", (1, 3))


def test_a_cell_left_blank_where_the_last_report_had_a_figure_is_a_query():
    found = run_rules([SERVED], [], {}, history=series(3, 5420))
    assert found[0] == Finding(
        "gone:3", "query", "3 提供免费服务人数：上期为 5,420，本期未填，请补填或说明原因", (3,)
    )
    assert keys(found) == ["gone:3", "blank"]


@pytest.mark.parametrize(
    ("earlier", "value", "expected"),
    [
        ([0], None, ["gone:3", "blank"]),  # 0 was a report
        ([5, None], None, ["blank"]),  # the last report had none
        ([], None, ["blank"]),
        ([5], 0, ["fall:3"]),
    ],
)
def test_only_the_last_report_decides_whether_a_figure_is_gone(earlier, value, expected):
    assert cell_keys(SERVED, value, *earlier) == expected


# --- falls ------------------------------------------------------------


def test_a_fall_says_from_what_to_what():
    facts = IndicatorFacts(14, "扶持创业人数", "人")
    [finding] = run_rules([facts], [], figures({14: 196}), history=series(14, 100, 212))
    assert finding == Finding("fall:14", "query", "14 扶持创业人数：212 → 196，比上期少 16", (14,))


@pytest.mark.parametrize(
    ("nature", "earlier", "value", "expected"),
    [
        ("cumulative", [212], 212, []),
        ("cumulative", [212], 211, ["fall:3"]),
        ("cumulative", [300, 212], 250, []),  # the latest decides, not the highest
        ("cumulative", [212, None], 100, []),  # the latest left it blank
        ("flow", [212], 100, []),
        ("stock", [212], 100, []),
    ],
)
def test_only_cumulative_figures_are_asked_about_a_fall(nature, earlier, value, expected):
    facts = IndicatorFacts(3, "指标", "人", nature=nature)
    assert cell_keys(facts, value, *earlier) == expected


# --- jumps ------------------------------------------------------------


def test_a_jump_says_the_increment_the_median_and_the_limit():
    facts = IndicatorFacts(15, "提供劳动维权服务和法律援助人数", "人")
    # Increments 200 and 218: median 209, three times 627; 2164 - 418 = 1746.
    [finding] = run_rules([facts], [], figures({15: 2164}), history=series(15, 200, 418))
    assert finding == Finding(
        "jump:15",
        "query",
        "15 提供劳动维权服务和法律援助人数：本期新增 1,746，超过以往新增中位数 209 的 3 倍 (627)",
        (15,),
    )


@pytest.mark.parametrize(
    ("earlier", "value", "expected"),
    [
        # Increments 100, 100, so at most 300.
        ([100, 200], 500, []),
        ([100, 200], 501, ["jump:3"]),
        # Increments 100, 200, 600: median 200, not the mean 300, so at most 600.
        ([100, 300, 900], 1500, []),
        ([100, 300, 900], 1501, ["jump:3"]),
        # Increments 100, 150: median 125, so at most 375.
        ([100, 250], 625, []),
        ([100, 250], 626, ["jump:3"]),
        # One earlier report is no series; the third report is the first that is asked.
        ([], 9000, []),
        ([100], 9000, []),
        # Increments 10, 10: 30 is passed, the floor of 200 decides: 199 is below it, 200 is not.
        ([10, 20], 219, []),
        ([10, 20], 220, ["jump:3"]),
        # Median 0: any increment is above three times 0, so the floor alone decides.
        ([0, 0], 199, []),
        ([0, 0], 200, ["jump:3"]),
        # 100, blank, 300: the only increment is the first, 100; 300 is not counted from the blank.
        ([100, None, 300], 600, []),
        ([100, None, 300], 601, ["jump:3"]),
        # The first report left it blank: the second is not counted from 0, no increment is known yet.
        ([None, 300], 9000, []),
        # The last report left it blank: this increment is unknown.
        ([100, 200, None], 9000, []),
        # A fall is an increment too: 100, -50, 100: median 100.
        ([100, 50, 150], 450, []),
        ([100, 50, 150], 451, ["jump:3"]),
    ],
)
def test_an_increment_is_at_most_3_times_the_median_of_earlier_ones_or_below_the_floor(
    earlier, value, expected
):
    assert cell_keys(SERVED, value, *earlier) == expected


@pytest.mark.parametrize(
    ("unit", "decimals", "floor"),
    [
        ("份", 0, 2000),
        ("场次", 0, 10),
        ("次", 0, 10),
        ("辆次", 0, 10),
        ("列次", 0, 10),
        ("架次", 0, 10),
        ("万元", 2, 50),
        ("人", 0, 200),
        ("人次", 0, 200),
        ("个", 0, 200),
        ("家", 0, 200),
    ],
)
def test_each_unit_of_measure_has_its_floor(unit, decimals, floor):
    facts = IndicatorFacts(3, "指标", unit, decimals=decimals)
    step = Decimal(1).scaleb(-decimals)
    assert cell_keys(facts, floor - step, 0, 0) == []
    assert cell_keys(facts, floor, 0, 0) == ["jump:3"]


def test_a_definition_may_set_the_times_and_the_floor_of_a_jump():
    facts = IndicatorFacts(3, "指标", "人", jump=Decimal("2.50"), jump_floor=Decimal(0))
    # Increments 10 and 11: median 10.5, 2.5 times 26.25.
    assert cell_keys(facts, 47, 10, 21) == []
    [finding] = run_rules([facts], [], figures({3: 48}), history=series(3, 10, 21))
    assert finding.message == "3 指标：本期新增 27，超过以往新增中位数 10.5 的 2.5 倍 (26.25)"


@pytest.mark.parametrize("nature", ["flow", "stock"])
def test_only_cumulative_figures_are_asked_about_a_jump(nature):
    assert cell_keys(IndicatorFacts(3, "指标", "人", nature=nature), 9000, 10, 20) == []


# --- 元 typed for 万元 ------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "value", "expected"),
    [
        # Already the second report is asked: 元 for 万元 shows at once. Median 0.30, so at most 30.00.
        (["0.30"], "30.30", []),
        (["0.30"], "30.31", ["slip:10"]),
        ([], "99999", []),
        # Median 0: nothing is known of the size.
        (["0.00", "0.00"], "49.99", []),
        # Increments 0.01, 0, 0: median 0.
        (["0.01", "0.01", "0.01"], "1.50", []),
        # No floor: 1.01 is far below 50 and still more than 100 times 0.01.
        (["0.01", "0.02"], "1.02", []),
        (["0.01", "0.02"], "1.03", ["slip:10"]),
        # A jump that is a slip as well is asked twice: two different reasons.
        (["5.00", "10.00"], "510.01", ["jump:10", "slip:10"]),
        (["5.00", "10.00"], "510.00", ["jump:10"]),
        (["5.00", "10.00", None], "99999", []),
    ],
)
def test_an_increment_over_100_times_the_median_may_be_the_wrong_unit(earlier, value, expected):
    assert cell_keys(LOANS, value, *earlier) == expected


def test_a_slip_names_the_mistake_to_look_for():
    [finding] = run_rules([LOANS], [], figures({10: "31"}), history=series(10, "0.3"))
    assert finding == Finding(
        "slip:10",
        "query",
        "10 提供小额担保贷款金额（万元）：本期新增 30.70，超过以往新增中位数 0.30 的 100 倍 (30.00)，"
        "请核对是否把元填成了万元",
        (10,),
    )


def test_without_the_key_there_is_no_slip():
    facts = IndicatorFacts(10, "金额", "万元", decimals=2)
    assert cell_keys(facts, "99999", "0.30") == []


def test_a_flow_slips_by_its_own_figure():
    facts = IndicatorFacts(3, "本期金额", "万元", decimals=2, nature="flow", slip=Decimal(100))
    assert cell_keys(facts, "100", "1", "1") == []
    assert cell_keys(facts, "100.01", "1", "1") == ["slip:3"]


# --- no growth ------------------------------------------------------------


@pytest.mark.parametrize(
    ("nature", "earlier", "value", "expected"),
    [
        # 100 grew from 0, then nothing three times.
        ("cumulative", [100, 100, 100], 100, ["flat:3"]),
        ("cumulative", [100, 100], 100, []),
        ("cumulative", [50, 100, 100], 100, []),
        ("cumulative", [100, 100, 100], 101, []),
        # 0 in the first report is no growth either.
        ("cumulative", [0, 0], 0, ["flat:3"]),
        ("cumulative", [0], 0, []),
        # Over a blank nothing is known.
        ("cumulative", [100, 100, None, 100], 100, []),
        ("cumulative", [100, None, 100, 100], 100, []),
        ("cumulative", [None, 100, 100, 100], 100, ["flat:3"]),
        # A fall is no growth.
        ("cumulative", [100, 100, 100], 99, ["fall:3", "flat:3"]),
        ("flow", [0, 0, 0], 0, []),
        ("stock", [100, 100, 100], 100, []),
    ],
)
def test_three_periods_running_without_growth_give_a_hint(nature, earlier, value, expected):
    facts = IndicatorFacts(3, "指标", "人", nature=nature)
    assert cell_keys(facts, value, *earlier) == expected


def test_the_hint_about_no_growth_asks_for_nothing():
    [finding] = run_rules([SERVED], [], figures({3: 1200}), history=series(3, 1200, 1200, 1200))
    assert finding == Finding(
        "flat:3", "hint", "3 提供免费服务人数：连续三期没有增长 (1,200)，请确认没有漏报", (3,)
    )
    assert blocking([finding]) == []


def test_increments_are_counted_between_neighbours_and_the_first_from_0():
    reports = [figures({3: value}) for value in (5, 8, None, 9, 7)]
    assert increments(SERVED, reports) == [5, 3, None, None, -2]
    assert increments(IndicatorFacts(3, "本期", nature="flow"), reports) == [5, 8, None, 9, 7]


# --- written rules ------------------------------------------------------------

EVENTS = [
    IndicatorFacts(2, "举办各类招聘活动", "场次"),
    IndicatorFacts(3, "线上招聘", "场次"),
    IndicatorFacts(4, "线下招聘", "场次"),
]
SUM_RULE = "c3 + c4 == c2"


def rule_key(text: str) -> str:
    return f"rule:{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def test_a_written_rule_says_its_words_and_the_figures():
    rule = WrittenRule(SUM_RULE, "query", "线上与线下之和应等于招聘活动总数")
    [finding] = run_rules(EVENTS, [rule], figures({2: 1027, 3: 11, 4: 15}))
    assert finding == Finding(
        rule_key(SUM_RULE),
        "query",
        "线上与线下之和应等于招聘活动总数（第3列 11，第4列 15，第2列 1,027）",
        (3, 4, 2),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SUM_RULE, "应满足：3 线上招聘 (11) + 4 线下招聘 (15) 等于 2 举办各类招聘活动 (27)"),
        ("c3>=c4", "应满足：3 线上招聘 (11) 不小于 4 线下招聘 (15)"),
        (
            "not (c3 > 0) or c2 / c3 < 2",
            "应满足：并非 (3 线上招聘 (11) 大于 0) 或者 2 举办各类招聘活动 (27) ÷ 3 线上招聘 (11) 小于 2",
        ),
        (
            "c2 <= 0.5 * c4 and c3 != 11",
            "应满足：2 举办各类招聘活动 (27) 不大于 0.5 × 4 线下招聘 (15) 并且 3 线上招聘 (11) 不等于 11",
        ),
        ("c2 <= last.c2", "应满足：2 举办各类招聘活动 (27) 不大于 上期 2 举办各类招聘活动 (20)"),
    ],
)
def test_a_rule_without_words_of_its_own_is_printed_in_chinese(text, message):
    found = run_rules(
        EVENTS, [WrittenRule(text, "query")], figures({2: 27, 3: 11, 4: 15}), history=series(2, 20)
    )
    assert [finding.message for finding in found] == [message]


@pytest.mark.parametrize("rule_class", ["fatal", "query", "hint"])
def test_a_rule_has_the_class_that_the_definition_gives_it(rule_class):
    [finding] = run_rules(EVENTS, [WrittenRule(SUM_RULE, rule_class)], figures({2: 1, 3: 1, 4: 1}))
    assert finding.finding_class == rule_class


def test_a_rule_does_not_run_where_a_cell_is_blank_or_a_divisor_is_0():
    blank = run_rules(EVENTS, [WrittenRule(SUM_RULE, "query")], figures({2: 9, 3: 1, 4: None}))
    assert keys(blank) == ["blank"]
    assert run_rules(EVENTS, [WrittenRule("c2 / c3 <= 1", "query")], figures({2: 9, 3: 0, 4: 0})) == []


def test_last_is_the_latest_earlier_report_alone():
    rule = WrittenRule("c3 <= 2 * last.c3", "query")
    assert run_rules([SERVED], [rule], figures({3: 21})) == []
    assert keys(run_rules([SERVED], [rule], figures({3: 21}), history=series(3, 10))) == [rule_key(rule.text)]
    assert run_rules([SERVED], [rule], figures({3: 21}), history=series(3, 10, 11)) == []
    assert run_rules([SERVED], [rule], figures({3: 21}), history=series(3, 10, None)) == []


def test_a_rule_that_stands_twice_is_asked_once_by_its_stricter_class():
    rules = [WrittenRule(SUM_RULE, "query"), WrittenRule(SUM_RULE, "fatal")]
    [finding] = run_rules(EVENTS, rules, figures({2: 1, 3: 1, 4: 1}))
    assert finding.finding_class == "fatal"


COOPERATION = [IndicatorFacts(1, "东西部专场招聘", "场次"), IndicatorFacts(9, "南北招聘", "场次")]
BETWEEN = "c1 + c9 <= fu1.c2"


def test_a_rule_between_forms_is_found_from_the_form_that_holds_it():
    fu1 = OtherForm("附件1", EVENTS, figures({2: 10}))
    rule = WrittenRule(BETWEEN, "query", "一般不多于招聘活动", form="fu2")
    values = figures({1: 6, 9: 5})
    [finding] = run_rules(COOPERATION, [rule], values, form="fu2", other_forms={"fu1": fu1})
    assert finding == Finding(
        rule_key(BETWEEN), "query", "一般不多于招聘活动（第1列 6，第9列 5，附件1第2列 10）", (1, 9)
    )
    assert run_rules(COOPERATION, [rule], values, form="fu2") == []


def test_a_rule_between_forms_is_found_from_the_form_that_it_names():
    fu2 = OtherForm("附件2", COOPERATION, figures({1: 6, 9: 5}))
    digest = rule_key(BETWEEN).removeprefix("rule:")
    spoken = WrittenRule(BETWEEN, "query", "一般不多于招聘活动", form="fu2")
    values = figures({2: 10, 3: 10, 4: 0})
    [finding] = run_rules(EVENTS, [spoken], values, form="fu1", other_forms={"fu2": fu2})
    assert finding == Finding(
        f"rule:fu2:{digest}",
        "query",
        "附件2：一般不多于招聘活动（附件2第1列 6，附件2第9列 5，第2列 10）",
        (2,),
    )
    silent = WrittenRule(BETWEEN, "query", form="fu2")
    [finding] = run_rules(EVENTS, [silent], values, form="fu1", other_forms={"fu2": fu2})
    assert finding.message == (
        "附件2：应满足：附件2 1 东西部专场招聘 (6) + 附件2 9 南北招聘 (5) 不大于 2 举办各类招聘活动 (10)"
    )
    enough = figures({2: 11, 3: 11, 4: 0})
    assert run_rules(EVENTS, [spoken], enough, form="fu1", other_forms={"fu2": fu2}) == []


def test_last_in_a_rule_of_another_form_is_the_last_report_of_that_form():
    rule = WrittenRule("c1 - last.c1 <= fu1.c2", "query", form="fu2")
    before = {"fu2": OtherForm("附件2", COOPERATION, figures({1: 9}), figures({1: 6}))}
    none_before = {"fu2": OtherForm("附件2", COOPERATION, figures({1: 9}))}
    history = [EarlierReport(date(2024, 1, 26), figures({1: 9, 2: 1, 3: 1, 4: 1}))]
    two, three = figures({2: 2, 3: 2, 4: 2}), figures({2: 3, 3: 3, 4: 3})
    assert len(run_rules(EVENTS, [rule], two, history=history, form="fu1", other_forms=before)) == 1
    assert run_rules(EVENTS, [rule], three, history=history, form="fu1", other_forms=before) == []
    assert run_rules(EVENTS, [rule], two, history=history, form="fu1", other_forms=none_before) == []


# --- refused entries ------------------------------------------------------------


def test_what_was_typed_and_refused_is_fatal_and_names_text_and_remedy():
    found = run_rules([SERVED], [], {}, refused={3: "12万"}, history=series(3, 100))
    # Neither blank nor gone: something stands in the cell.
    assert found == [
        Finding(
            "refused:3",
            "fatal",
            "3 提供免费服务人数：填写的“12万”没有存为数字。请填写完整数字 120000，不要带“万”。",
            (3,),
        )
    ]


def test_a_refused_entry_is_judged_by_the_limits_of_its_column():
    narrow = IndicatorFacts(3, "指标", "人", maximum=Decimal(50))
    [finding] = run_rules([narrow], [], {}, refused={3: "51"})
    assert "超出上限 50 人" in finding.message
    [finding] = run_rules([SERVED], [], {}, refused={3: "51"})
    assert finding.message.endswith("请重新填写。")


# --- explanations ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        REASON,
        "上期误报更正",
        "  上期误报更正  ",
        "数据无误，新增3场专场招聘",
        "1月20日新增12场",
        "属实，因为春节后集中招聘",
        "补报上月漏报的数" + "。" * 492,
    ],
)
def test_an_explanation_that_says_something_is_taken(text):
    assert explanation_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "      ",
        "误报更正啊",
        "误报更正  ",
        "属实",
        "核实无误",
        "无误",
        "无",
        "已核实",
        " 属 实 。 ",
        "已核实，属实。",
        "属实属实属实",
        "已核实 已核实 已核实",
        "经核实，数据无误！",
        "无无无无无无",
        "。。。。。。",
        "111111",
        "１１１１１１",
        "123456789人",
        "啊啊啊啊啊啊",
        "说明说明说明",
        "属实123456",
        "\u200b\u200b\u200b\u200b\u200b\u200b属实",
        "误报\u200b\u200b\u200b\u200b\u200b\u200b",
        "补报" + "漏报的数" * 125,
    ],
)
def test_an_explanation_that_says_nothing_is_refused_with_what_to_do(text):
    problem = explanation_problem(text)
    assert problem is not None
    assert "请" in problem


def test_the_refusal_of_a_formula_shows_an_example_and_that_of_a_short_text_counts():
    advice = "请写明实际情况，例如“2月20日起在火车站设点，连续六天集中接待”。"
    assert explanation_problem("属实属实属实") == f"“属实属实属实”没有说明原因，{advice}"
    assert explanation_problem("误报更正啊") == f"核实说明至少 6 个字，现在只有 5 个，{advice}"
    assert explanation_problem("漏报的数" + "补" * 500) == "核实说明最多 500 个字，现在有 504 个，请缩短。"


def test_the_example_in_the_advice_is_itself_a_good_explanation():
    problem = explanation_problem("")
    assert problem is not None
    example = problem[problem.index("“") + 1 : problem.index("”")]
    assert explanation_problem(example) is None


# --- what blocks, and the order ------------------------------------------------------------


def test_fatal_findings_and_unexplained_queries_block_submission():
    fatal = Finding("sub:4", "fatal", "", (4, 3), REASON)
    bare = Finding("fall:3", "query", "", (3,))
    formula = Finding("fall:5", "query", "", (5,), "核实无误核实无误")
    explained = Finding("jump:3", "query", "", (3,), REASON)
    hint = Finding("blank", "hint", "", (7,))
    assert blocking([fatal, bare, formula, explained, hint]) == [fatal, bare, formula]


def test_findings_come_by_class_and_then_by_column():
    columns = [
        IndicatorFacts(1, "一", "人"),
        IndicatorFacts(2, "二", "人"),
        IndicatorFacts(3, "三", "人", parent=2),
        IndicatorFacts(4, "四", "人"),
        IndicatorFacts(10, "十", "人"),
    ]
    history = [EarlierReport(date(2024, 1, 26), figures({1: 9, 2: 9, 4: 9, 10: 20}))]
    rules = [WrittenRule("c10 < 1", "hint"), WrittenRule("c1 > 100", "fatal")]
    found = run_rules(columns, rules, figures({1: 5, 2: 3, 3: 4, 10: 6}), history=history)
    assert [(finding.finding_class, finding.cells[0]) for finding in found] == [
        ("fatal", 1),
        ("fatal", 3),
        ("query", 1),
        ("query", 2),
        ("query", 4),
        ("query", 10),
        ("hint", 4),
        ("hint", 10),
    ]


# --- properties ------------------------------------------------------------

texts = st.one_of(st.just(""), st.just(REASON), st.text(max_size=20))
some_findings = st.lists(
    st.builds(
        Finding,
        st.just("jump:3"),
        st.sampled_from(["fatal", "query", "hint"]),
        st.just(""),
        st.just((3,)),
        texts,
    )
)


@given(some_findings, st.integers(min_value=0, max_value=20))
def test_a_good_explanation_never_adds_to_what_blocks(found, index):
    explained = [
        Finding(
            finding.key,
            finding.finding_class,
            finding.message,
            finding.cells,
            REASON if place == index else finding.explanation,
        )
        for place, finding in enumerate(found)
    ]
    assert len(blocking(explained)) <= len(blocking(found))


@given(st.text())
def test_every_refusal_of_an_explanation_is_a_sentence(text):
    problem = explanation_problem(text)
    assert problem is None or problem.endswith("。")
    assert explanation_problem(f"  {text}\n") == problem or len(text) > 490


@given(st.lists(st.integers(min_value=0, max_value=10_000_000), min_size=3, max_size=3), st.integers(1, 5))
def test_figures_equal_to_the_last_report_are_never_a_query_and_fatal_only_by_their_structure(values, times):
    columns = [
        IndicatorFacts(1, "全部", "人", slip=Decimal(2)),
        IndicatorFacts(2, "其中：一部分", "人", parent=1),
        IndicatorFacts(3, "其他", "份"),
    ]
    same = figures(dict(enumerate(values, start=1)))
    history = [EarlierReport(date(2024, 1, 26) + timedelta(weeks=week), same) for week in range(times)]
    found = run_rules(columns, [], same, history=history)
    expected = ["sub:2"] if values[1] > values[0] else []
    assert keys([finding for finding in found if finding.finding_class != "hint"]) == expected


@given(
    st.lists(st.one_of(st.none(), st.integers(-5, 500)), max_size=6),
    st.one_of(st.none(), st.integers(-5, 500)),
)
def test_a_finding_never_comes_twice_and_marks_only_columns_of_the_form(earlier, value):
    found = run_rules(
        [SERVED],
        [WrittenRule("c3 > last.c3", "query")],
        figures({3: value}),
        history=series(3, *earlier),
    )
    assert len(set(keys(found))) == len(found)
    assert {number for finding in found for number in finding.cells} <= {3}
    assert all(len(finding.key) <= 60 for finding in found)


# --- the definitions in fixtures/ ------------------------------------------------------------

# (campaign, form, rule) -> figures that hold, figures that fail; a text key is a cell of another form.
CASES: dict[tuple[str, str, str], tuple[dict[Any, Any], dict[Any, Any]]] = {
    ("wuhan-2014", "fu1", "c3 >= c9"): ({3: 231, 9: 231}, {3: 230, 9: 231}),
    ("wuhan-2014", "fu1", "c3 >= c15"): ({3: 418, 15: 418}, {3: 417, 15: 418}),
    ("wuhan-2014", "fu1", "c3 < 50 or (c4 >= 0.2 * c3 and c4 <= 0.8 * c3)"): ({3: 50, 4: 10}, {3: 50, 4: 9}),
    ("wuhan-2014", "fu1", "c5 < 50 or (c6 >= 0.2 * c5 and c6 <= 0.8 * c5)"): ({5: 50, 6: 40}, {5: 50, 6: 41}),
    ("wuhan-2014", "fu1", "c7 < 50 or (c8 >= 0.2 * c7 and c8 <= 0.8 * c7)"): ({7: 49, 8: 0}, {7: 50, 8: 0}),
    ("wuhan-2014", "fu1", "c9 < 50 or (c10 >= 0.2 * c9 and c10 <= 0.8 * c9)"): (
        {9: 231, 10: 98},
        {9: 231, 10: 185},
    ),
    ("wuhan-2014", "fu1", "c11 < 50 or (c12 >= 0.2 * c11 and c12 <= 0.8 * c11)"): (
        {11: 560, 12: 112},
        {11: 560, 12: 111},
    ),
    ("wuhan-2014", "fu1", "c15 < 50 or (c16 >= 0.2 * c15 and c16 <= 0.8 * c15)"): (
        {15: 100, 16: 80},
        {15: 100, 16: 81},
    ),
    ("wuhan-2014", "fu2", "c3 >= c5"): ({3: 60, 5: 60}, {3: 59, 5: 60}),
    ("wuhan-2014", "fu2", "c3 >= c8"): ({3: 60, 8: 60}, {3: 59, 8: 60}),
    ("wuhan-2014", "fu2", "c3 >= c12"): ({3: 60, 12: 60}, {3: 59, 12: 60}),
    ("wuhan-2014", "fu2", "c10 <= 5000"): ({10: "5000.00"}, {10: "5000.01"}),
    ("wuhan-2014", "fu3", "c3 >= c4"): ({3: 60, 4: 60}, {3: 59, 4: 60}),
    ("wuhan-2014", "fu3", "c3 >= c12"): ({3: 60, 12: 60}, {3: 59, 12: 60}),
    ("wuhan-2014", "fu3", "c11 <= 5000"): ({11: "5000.00"}, {11: "5000.01"}),
    ("jiangsu-2024", "fu1", "c3 + c4 == c2"): ({3: 12, 4: 15, 2: 27}, {3: 11, 4: 15, 2: 27}),
    ("jiangsu-2024", "fu1", "(c6 > 0) == (c2 > 0)"): ({6: 0, 2: 0}, {6: 0, 2: 1}),
    ("jiangsu-2024", "fu1", "(c7 > 0) == (c3 > 0)"): ({7: 5, 3: 1}, {7: 5, 3: 0}),
    ("jiangsu-2024", "fu1", "c7 + c8 == c6"): ({7: 1, 8: 2, 6: 3}, {7: 1, 8: 1, 6: 3}),
    ("jiangsu-2024", "fu1", "(c8 > 0) == (c4 > 0)"): ({8: 5, 4: 1}, {8: 0, 4: 1}),
    ("jiangsu-2024", "fu1", "(c9 > 0) == (c5 > 0)"): ({9: 0, 5: 0}, {9: 8, 5: 0}),
    ("jiangsu-2024", "fu1", "c10 <= c6"): ({10: 40, 6: 40}, {10: 41, 6: 40}),
    ("jiangsu-2024", "fu1", "c17 / c2 <= 20"): ({17: "40.00", 2: 2}, {17: "40.01", 2: 2}),
    ("jiangsu-2024", "fu1", "not (c17 > 0) or c2 > 0"): ({17: "0.00", 2: 0}, {17: "0.01", 2: 0}),
    ("jiangsu-2024", "fu2", "c14 + c16 + c18 == c19"): (
        {14: 1, 16: 2, 18: 3, 19: 6},
        {14: 1, 16: 2, 18: 3, 19: 7},
    ),
    ("jiangsu-2024", "fu2", "(c13 > 0) == (c14 > 0)"): ({13: 1, 14: 40}, {13: 1, 14: 0}),
    ("jiangsu-2024", "fu2", "(c15 > 0) == (c16 > 0)"): ({15: 0, 16: 0}, {15: 0, 16: 9}),
    ("jiangsu-2024", "fu2", "(c17 > 0) == (c18 > 0)"): ({17: 1, 18: 150}, {17: 1, 18: 0}),
    ("jiangsu-2024", "fu2", "(c1 > 0) == (c3 > 0)"): ({1: 1, 3: 9}, {1: 0, 3: 9}),
    ("jiangsu-2024", "fu2", "(c9 > 0) == (c10 > 0)"): ({9: 0, 10: 0}, {9: 1, 10: 0}),
    ("jiangsu-2024", "fu2", "c1 + c9 <= fu1.c2"): ({1: 6, 9: 5, "fu1.c2": 11}, {1: 6, 9: 5, "fu1.c2": 10}),
    ("jiangsu-2024", "fu2", "c3 + c10 <= fu1.c6"): ({3: 6, 10: 5, "fu1.c6": 11}, {3: 7, 10: 5, "fu1.c6": 11}),
}  # fmt: skip


def definition(campaign: str) -> dict[str, Any]:
    return yaml.safe_load((FIXTURES / campaign / "campaign.yaml").read_text(encoding="utf-8"))


def described(form: dict[str, Any]) -> list[IndicatorFacts]:
    return [
        IndicatorFacts(
            number=fields["number"],
            label=fields["label"],
            unit=fields["unit"],
            parent=fields.get("of"),
            decimals=fields.get("decimals", 0),
        )
        for fields in form["indicators"]
    ]


def test_every_written_rule_of_the_definitions_has_its_cases():
    written = {
        (campaign, form["code"], check["rule"])
        for campaign in ("wuhan-2014", "jiangsu-2024")
        for form in definition(campaign)["forms"]
        for check in form.get("checks", [])
    }
    assert written == set(CASES)


@pytest.mark.parametrize(("case", "both"), CASES.items(), ids=lambda part: " ".join(map(str, part)))
def test_every_written_rule_of_the_definitions_holds_and_fails_where_it_should(case, both):
    campaign, code, text = case
    forms = {form["code"]: form for form in definition(campaign)["forms"]}
    [check] = [check for check in forms[code]["checks"] if check["rule"] == text]
    rule = WrittenRule(text, check["class"], check.get("say", ""), code)
    held, failed = (run_case(forms, code, rule, values) for values in both)
    assert held == []
    [finding] = failed
    assert finding.finding_class == "query"
    assert finding.message.startswith(check["say"])
    assert finding.cells == tuple(number for number in both[1] if isinstance(number, int))


def run_case(forms: dict[str, Any], code: str, rule: WrittenRule, values: dict[Any, Any]) -> list[Finding]:
    own = figures({number: value for number, value in values.items() if isinstance(number, int)})
    other = figures({int(cell[5:]): value for cell, value in values.items() if isinstance(cell, str)})
    fu1 = OtherForm("附件1", described(forms["fu1"]), other)
    found = run_rules(
        described(forms[code]), [rule], own, form=code, other_forms={} if code == "fu1" else {"fu1": fu1}
    )
    return [finding for finding in found if finding.key == rule_key(rule.text)]
