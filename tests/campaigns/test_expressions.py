"""The arithmetic of validation rules."""

from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.expressions import Cell, Expression, ExpressionError, parse


def cells(**figures):
    """Give figures by short names: c3=5, last_c3=4, fu2_c1=7; None is a blank cell."""
    named = {}
    for name, value in figures.items():
        prefix, _, number = name.rpartition("c")
        prefix = prefix.rstrip("_")
        last = prefix == "last"
        cell = Cell(int(number), form=None if last or not prefix else prefix, last=last)
        named[cell] = None if value is None else Decimal(str(value))
    return named


@pytest.mark.parametrize(
    ("rule", "figures", "holds"),
    [
        ("c3 >= c9", {"c3": 10, "c9": 10}, True),
        ("c3 >= c9", {"c3": 9, "c9": 10}, False),
        ("c3 > c9", {"c3": 10, "c9": 10}, False),
        ("c3 < c9", {"c3": 9, "c9": 10}, True),
        ("c3 <= c9", {"c3": 11, "c9": 10}, False),
        ("c3 != c9", {"c3": 11, "c9": 10}, True),
        ("c3 + c4 == c2", {"c2": 7, "c3": 3, "c4": 4}, True),
        ("c3 + c4 == c2", {"c2": 8, "c3": 3, "c4": 4}, False),
        ("c17 / c2 <= 20", {"c17": "100.00", "c2": 5}, True),
        ("c17 / c2 <= 20", {"c17": "100.01", "c2": 5}, False),
        ("not (c17 > 0) or c2 > 0", {"c17": 5, "c2": 0}, False),
        ("not (c17 > 0) or c2 > 0", {"c17": 0, "c2": 0}, True),
        ("not c17 > 0 or c2 > 0", {"c17": 5, "c2": 1}, True),
        ("(c6 > 0) == (c2 > 0)", {"c6": 5, "c2": 3}, True),
        ("(c6 > 0) == (c2 > 0)", {"c6": 0, "c2": 0}, True),
        ("(c6 > 0) == (c2 > 0)", {"c6": 5, "c2": 0}, False),
        ("(c6 > 0) != (c2 > 0)", {"c6": 5, "c2": 0}, True),
        ("c3 < 50 or (c4 >= 0.2 * c3 and c4 <= 0.8 * c3)", {"c3": 50, "c4": 10}, True),
        ("c3 < 50 or (c4 >= 0.2 * c3 and c4 <= 0.8 * c3)", {"c3": 50, "c4": 9}, False),
        ("c3 < 50 or (c4 >= 0.2 * c3 and c4 <= 0.8 * c3)", {"c3": 49, "c4": 0}, True),
        ("fu2.c1 + fu2.c9 <= c2", {"fu2_c1": 2, "fu2_c9": 3, "c2": 4}, False),
        ("c3 >= last.c3", {"c3": 4, "last_c3": 5}, False),
        ("1 <= c1 <= 3", {"c1": 2}, True),
        ("1 <= c1 <= 3", {"c1": 4}, False),
        ("1 <= c1 <= 3", {"c1": 0}, False),
        ("c1 - c2 - c3 == 1", {"c1": 6, "c2": 3, "c3": 2}, True),
        ("c1 - (c2 - c3) == 5", {"c1": 6, "c2": 3, "c3": 2}, True),
        ("c1 / c2 / c3 == 1", {"c1": 6, "c2": 3, "c3": 2}, True),
        ("c1 + c2 * c3 == 12", {"c1": 6, "c2": 3, "c3": 2}, True),
        ("(c1 + c2) * c3 == 18", {"c1": 6, "c2": 3, "c3": 2}, True),
        ("-c1 + c2 == -3", {"c1": 6, "c2": 3}, True),
        ("c1 - -c2 == 9", {"c1": 6, "c2": 3}, True),
        ("c1 == 1 or c1 == 2 and c2 == 9", {"c1": 1, "c2": 0}, True),
        ("(c1 == 1 or c1 == 2) and c2 == 9", {"c1": 1, "c2": 0}, False),
        ("c1\n  <= c2", {"c1": 1, "c2": 2}, True),
    ],
)
def test_a_rule_says_whether_it_holds(rule, figures, holds):
    assert parse(rule).holds(cells(**figures)) is holds


def test_numbers_are_decimals_and_never_floats():
    assert parse("0.1 + 0.2 == c1").holds(cells(c1="0.3")) is True
    assert parse("c1 + c2 == c3").holds(cells(c1="0.1", c2="0.2", c3="0.3")) is True


def test_products_of_large_figures_stay_exact_whatever_the_thread_has_set():
    before = getcontext().prec
    getcontext().prec = 5
    try:
        large = cells(c1=999_999_999_999_999, c2=999_999_999_999_998, c3=999_999_999_999_997)
        assert parse("c1 * c2 == c1 * c3 + c1").holds(large) is True
        assert parse("c1 * c2 == c1 * c3").holds(large) is False
        assert parse("c1 * c1 - c2 * c2 == c1 + c2").holds(large) is True
    finally:
        getcontext().prec = before


@pytest.mark.parametrize(
    ("rule", "figures"),
    [
        ("c3 >= c9", {"c3": 5, "c9": None}),
        ("c3 >= c9", {"c3": 5}),
        ("c3 >= 0 or c9 >= 0", {"c3": 5, "c9": None}),
        ("c3 >= last.c3", {"c3": 5}),
        ("c17 / c2 <= 20", {"c17": 1, "c2": 0}),
        ("c17 / (c2 - c3) <= 20", {"c17": 1, "c2": 4, "c3": 4}),
        ("c2 == 0 or c17 / c2 <= 20", {"c17": 1, "c2": 0}),
        ("c2 > 0 and c17 / c2 <= 20", {"c17": 1, "c2": 0}),
        ("5 < c2 < c17 / c2", {"c17": 1, "c2": 0}),
        ("(c2 > 1) == (c17 > 0) == (c17 / c2 > 1)", {"c17": 1, "c2": 0}),
        ("0 * (c17 / c2) == 0", {"c17": 1, "c2": 0}),
        ("c1 / -c2 < 1", {"c1": 1, "c2": 0}),
        ("c1 / c2 < 1", {"c1": 0, "c2": "0.00"}),
    ],
)
def test_a_rule_does_not_run_with_a_blank_cell_or_a_divisor_of_zero(rule, figures):
    assert parse(rule).holds(cells(**figures)) is None


def test_a_rule_lists_its_cells_in_order_of_first_appearance():
    rule = parse("fu2.c1 + c10 <= c2 + last.c2 + c10")
    assert rule.ordered_cells == (Cell(1, form="fu2"), Cell(10), Cell(2), Cell(2, last=True))
    assert rule.cells == frozenset(rule.ordered_cells)
    assert [str(cell) for cell in rule.ordered_cells] == ["fu2.c1", "c10", "c2", "last.c2"]
    assert rule.text == "fu2.c1 + c10 <= c2 + last.c2 + c10"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "空的"),
        ("  \n", "空的"),
        ("c3", "整条规则"),
        ("c3 + 1", "整条规则"),
        ("3 >= 9", "没有指标"),
        ("c3 = c9", "两个等号"),
        ("c3 >= ", "没有写完"),
        ("c3 >= c9 c4", "缺少运算符"),
        ("(c3 >= c9", "右括号"),
        ("c3 >= c9)", "多了一个右括号"),
        ("c3 >= > c9", "这里应是指标"),
        ("+c3 >= c9", "这里应是指标"),
        ("(c1 > 0) + 1 > 0", "加减乘除"),
        ("c1 + (c2 > 0) > 0", "加减乘除"),
        ("-(c1 > 0) == c2", "负号"),
        ("(c1 > 0) == 1", "不能拿比较的结果和数字相比"),
        ("1 == (c1 > 0)", "不能拿数字和比较的结果相比"),
        ("(c1 > 0) < (c2 > 0)", "只能用“==”或“!=”"),
        ("not c1", "“not”后面"),
        ("c1 and c2 > 0", "“and”两边"),
        ("c2 > 0 or c1", "“or”两边"),
        ("c1 == not (c2 > 0)", "这里应是指标"),
        ("c1 > 1_000", "数字只能写成"),
        ("c1 > 1e3", "数字只能写成"),
        ("c1 > 0x10", "数字只能写成"),
        ("c1 > .5", "数字只能写成"),
        ("c1 > 5.", "数字只能写成"),
        ("c1 > " + "9" * 31, "数字过长"),
        ("c1 > １０", "不认识这个字符"),
        ("ｃ1 > 10", "不认识这个字符"),
        ("c١ > 10", "不认识这个名称"),
        ("c1 ＞ 10", "不认识这个字符"),
        ("c0 > 1", "不认识这个名称"),
        ("c01 > 1", "不认识这个名称"),
        ("c99999 > 1", "不认识这个名称"),
        ("C1 > 1", "不认识这个名称"),
        ("Fu1.c1 > 1", "不认识这个名称"),
        ("last.fu1.c1 > 1", "不认识这个名称"),
        ("c1 is c2", "不认识这个名称"),
        ("True or c1 > 1", "不认识这个名称"),
        ("__import__('os').system('true') > c1", "不认识这个名称"),
        ("c1 // c2 > 1", "四种运算"),
        ("c1 ** c2 > 1", "四种运算"),
        ("c1 % c2 > 1", "不认识这个字符"),
        ("c1 > 1 # c2", "不认识这个字符"),
        ("c1 > 1\x00", "不认识这个字符"),
        ("c1 > \ud800", "不认识这个字符"),
        ("c1 >= 0 or " * 50 + "c1 >= 0", "规则过长"),
        ("(" * 21 + "c1" + ")" * 21 + " > 0", "太深"),
        ("c1 > " + "-" * 21 + "1", "太深"),
        ("not " * 21 + "c1 > 0", "太深"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_sentence(rule, says):
    with pytest.raises(ExpressionError) as refusal:
        parse(rule)
    message = str(refusal.value)
    assert says in message
    assert message.endswith("。")
    message.encode()


def test_a_refusal_names_the_rule_and_the_place():
    with pytest.raises(ExpressionError) as refusal:
        parse("c3 + c4 = c2")
    assert str(refusal.value) == "校验规则“c3 + c4 = c2”第 9 个字符“=”处有误：判断相等请写两个等号“==”。"


def test_a_refusal_shows_chinese_and_hides_what_cannot_be_printed():
    with pytest.raises(ExpressionError) as refusal:
        parse("c3 > 约\x00\ud800")
    assert "“c3 > 约□□”第 6 个字符“约”处" in str(refusal.value)


def test_twenty_levels_and_five_hundred_characters_are_still_read():
    assert parse("(" * 20 + "c1" + ")" * 20 + " > 0").holds(cells(c1=1)) is True
    assert parse("-" * 20 + "c1 > 0").holds(cells(c1=1)) is True
    longest = "c1" + "+1" * 246 + " == 10"
    assert len(longest) == 500
    assert parse(longest).holds(cells(c1=-236)) is True
    with pytest.raises(ExpressionError, match="规则过长"):
        parse(longest + " ")


pieces = [*"c123.() -+*/<>=!_e", "and ", "or ", "not ", "last.", "fu2.c1 ", "c1 ", "c2 > 0 "]
rule_like = st.lists(st.sampled_from(pieces), max_size=60).map("".join)


@given(st.one_of(st.text(max_size=600), rule_like, st.text(alphabet="(-n ", min_size=100, max_size=600)))
def test_no_text_raises_anything_but_an_expression_error(text):
    try:
        rule = parse(text)
    except ExpressionError as error:
        str(error).encode()
    else:
        assert rule.holds(dict.fromkeys(rule.cells, Decimal(3))) in (True, False, None)


numbers = st.one_of(
    st.sampled_from(["c1", "c2", "c3", "last.c1", "fu2.c1"]),
    st.integers(0, 99).map(str),
    st.sampled_from(["0.5", "0.25", "20.00"]),
)
sums = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=6,
)
comparisons = st.one_of(
    st.tuples(sums, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), sums).map(" ".join),
    st.tuples(sums, st.just("<="), sums, st.just("<"), sums).map(" ".join),
)
rules = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not ({})".format),
        inner.map("not {}".format),
        inner.map("({})".format),
        st.tuples(inner, st.sampled_from(["==", "!="]), inner).map(
            lambda three: "({}) {} ({})".format(*three)
        ),
    ),
    max_leaves=4,
)


@given(rules, st.lists(st.integers(-4, 4), min_size=5, max_size=5))
def test_precedence_is_pythons(text, figures):
    # A cell, so that no rule is refused for having none.
    rule = parse(text + " and c1 == c1") if "c" not in text else parse(text)
    named = [Cell(1), Cell(2), Cell(3), Cell(1, last=True), Cell(1, form="fu2")]
    values = dict(zip(named, map(Decimal, figures), strict=True))
    # Quarters and integers are exact as floats, so that Python may be the judge.
    spelled = text
    for name, figure in zip(
        ["last.c1", "fu2.c1", "c1", "c2", "c3"], [*figures[3:], *figures[:3]], strict=True
    ):
        spelled = spelled.replace(name, f"({figure})")
    assert rule.holds(values) is eval(spelled)  # noqa: S307


def test_equal_rules_are_equal_and_may_be_kept_in_sets():
    assert parse("c1 > 0") == parse("c1 > 0")
    assert len({parse("c1 > 0"), parse("c1 > 0")}) == 1
    assert isinstance(parse("c1 > 0"), Expression)
