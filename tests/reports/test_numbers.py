"""What a typed figure is read as, and how it is written again."""

import time as clock
from datetime import date, datetime, time, timedelta
from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.numbers import FigureError, format_figure, parse_cell_value, parse_figure, plain

MONEY = {"decimals": 2, "maximum": Decimal("1000000.00"), "unit": "万元"}


def refusal(text, **column):
    with pytest.raises(FigureError) as refused:
        parse_figure(text, **column)
    return refused.value


@pytest.mark.parametrize(
    ("typed", "figure"),
    [
        ("0", "0"),
        ("7", "7"),
        ("007", "7"),
        ("-0", "0"),
        ("12.", "12"),
        ("12.00", "12"),
        ("１２３", "123"),
        ("１２．００", "12"),
        ("1,234", "1234"),
        ("1，234", "1234"),
        ("１，２３４", "1234"),
        ("1,234,567", "1234567"),
        ("12,345.00", "12345"),
        ("'123", "123"),
        ("999999999999999", "999999999999999"),
        ("0" * 60 + "12", "12"),
    ],
)
def test_a_whole_number_is_read(typed, figure):
    read = parse_figure(typed)
    assert read == Decimal(figure)
    assert str(read) == figure


@pytest.mark.parametrize(
    ("typed", "figure"),
    [
        ("88.5", "88.50"),
        ("88.50000", "88.50"),
        (".5", "0.50"),
        ("５．２５", "5.25"),
        ("1,000,000", "1000000.00"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
    ],
)
def test_money_has_exactly_two_decimals(typed, figure):
    assert str(parse_figure(typed, **MONEY)) == figure


@pytest.mark.parametrize(
    "blank", ["", " ", "\t", "\u3000", "\u00a0", "\ufeff", "\u200b", "\r\n", " " * 10_000]
)
def test_blank_is_none_and_not_zero(blank):
    assert parse_figure(blank) is None
    assert parse_figure("0") == 0


@pytest.mark.parametrize(
    "around", [" ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2060", "\r\n", "\u200e"]
)
def test_blanks_around_a_figure_are_trimmed(around):
    assert parse_figure(f"{around}12") == 12
    assert parse_figure(f"12{around}") == 12
    assert parse_figure(around * 3 + "12" + around * 3) == 12


@pytest.mark.parametrize("between", [" ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\n"])
def test_blanks_inside_a_figure_are_refused(between):
    assert "数字中间有空格" in str(refusal(f"1{between}234"))


@pytest.mark.parametrize(
    "typed", ["1,23,4", "12,34", "1234,567", ",123", "1,", "1,,234", "1,234.5,6", "0,5", "1，23，4"]
)
def test_misplaced_thousands_separators_are_refused(typed):
    assert "千分位分隔符位置不对" in str(refusal(typed, decimals=2))


@pytest.mark.parametrize(
    ("typed", "fix", "mark"),
    [
        ("12万", "120000", "万"),
        ("１２万", "120000", "万"),
        ("3.5万", "35000", "万"),
        ("1.2亿", "120000000", "亿"),
        ("3千", "3000", "千"),
        ("5百", "500", "百"),
        ("2千万", "20000000", "千万"),
        ("1,200万", "12000000", "万"),
        ("12w", "120000", "w"),
        ("3K", "3000", "K"),
        ("12万人", "120000", "万"),
        ("12 万", "120000", "万"),
    ],
)
def test_a_magnitude_is_refused_with_the_figure_in_full(typed, fix, mark):
    error = refusal(typed, unit="人")
    assert str(error) == f"请填写完整数字 {fix}，不要带“{mark}”。"
    assert error.suggestion == fix


@pytest.mark.parametrize(
    ("typed", "says", "fix"),
    [
        ("3.5万", "本列单位已是万元，请填写 3.5。", "3.5"),
        ("3.5万元", "本列单位已是万元，请填写 3.5。", "3.5"),
        ("3.50 万元", "本列单位已是万元，请填写 3.5。", "3.5"),
        ("20万", "本列单位已是万元，请填写 20。", "20"),
        ("12w", "本列单位已是万元，请填写 12。", "12"),
        ("1.2亿", "本列单位是万元，请填写 12000。", "12000"),
        ("1.2亿元", "本列单位是万元，请填写 12000。", "12000"),
        ("3千万", "本列单位是万元，请填写 3000。", "3000"),
        ("3千元", "本列单位是万元，请填写 0.3。", "0.3"),
        ("35000元", "本列单位是万元，请填写 3.5。", "3.5"),
        ("35元", "本列单位是万元，请换算成万元后只填数字。", None),
        ("3千", "本列单位是万元，请换算成万元后只填数字。", None),
        ("200亿", "超出上限 1,000,000.00 万元，请核对位数和单位。", None),
        ("3.555万", "最多保留两位小数，例如 3.56。", "3.56"),
        ("12人", "本列单位是“万元”，不是“人”，请核对后只填数字。", None),
    ],
)
def test_in_a_column_of_wan_yuan_the_fix_is_in_wan_yuan(typed, says, fix):
    error = refusal(typed, **MONEY)
    assert (str(error), error.suggestion) == (says, fix)


@pytest.mark.parametrize(
    ("typed", "unit", "mark"),
    [
        ("12人", "人", "人"),
        ("12场次", "场次", "场次"),
        ("12 场", "场次", "场"),
        ("12份", "", "份"),
        ("１２人", "人次", "人"),
    ],
)
def test_a_unit_of_measure_is_refused_with_the_bare_number(typed, unit, mark):
    error = refusal(typed, unit=unit)
    assert str(error) == f"请只填数字 12，不要带“{mark}”。"
    assert error.suggestion == "12"


def test_a_unit_of_another_column_brings_no_suggestion():
    error = refusal("12万元", unit="人")
    assert str(error) == "本列单位是“人”，不是“元”，请核对后只填数字。"
    assert error.suggestion is None


def test_a_suggestion_is_never_made_that_would_be_refused():
    assert "整数" in str(refusal("12.5人", unit="人"))
    assert "整数" in str(refusal("1.23455万", unit="人"))
    assert "超出上限" in str(refusal("12亿", unit="人", maximum=Decimal(10_000_000)))
    assert "不能为负数" in str(refusal("-12万", unit="人"))


@pytest.mark.parametrize("typed", ["-5", "－5", "−5", "-0.01", "－１，２３４", "-1e0"[:2]])
def test_a_negative_figure_is_refused(typed):
    assert str(refusal(typed, decimals=2)) == "不能为负数，请填写 0 或大于 0 的数字。"


@pytest.mark.parametrize("typed", ["12.5", "0.1", "12.01", "１２．５"])
def test_a_fraction_in_a_whole_number_column_is_refused(typed):
    error = refusal(typed)
    assert str(error) == "本列只能填整数，请填写不带小数的数字。"
    assert error.suggestion is None


def test_a_third_decimal_of_money_is_refused_with_the_rounded_figure():
    error = refusal("0.125", **MONEY)
    assert (str(error), error.suggestion) == ("最多保留两位小数，例如 0.13。", "0.13")
    assert refusal("0.124", **MONEY).suggestion == "0.12"
    assert refusal("0.124", decimals=2, maximum=Decimal("0.124")).suggestion == "0.12"
    assert refusal("0.125", decimals=2, maximum=Decimal("0.125")).suggestion is None


@pytest.mark.parametrize(
    "typed",
    [
        "1e308",
        "1e3",
        "1E+3",
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "1_000",
        "0x10",
        "0b1",
        "١٢",
        "१२",
        "①②",
        "十二",
        "一百",
        "½",
        "1.2.3",
        "1..2",
        ".",
        "'",
        "''1",
        "--1",
        "1-",
        "1/2",
        "1。5",
        "12\u202e",
        "12\x00",
        "12\ud800",
        "True",
        "½万",
        "$5",
        "2024-01-31",
    ],
)
def test_what_is_no_number_is_refused_as_no_number(typed):
    message = str(refusal(typed))
    assert "不是数字" in message
    message.encode()


def test_a_refusal_shows_chinese_and_hides_what_cannot_be_printed():
    assert str(refusal("十二\x00\u202e")) == "“十二□□”不是数字，请只用 0—9 填写，例如 1234。"
    assert str(refusal("甲" * 30)).startswith("“" + "甲" * 20 + "…”不是数字")


@pytest.mark.parametrize(
    "typed", ["-", "－", "—", "–", "——", "--", "无", "暂无", "/", "／", " - ", "N/A", "未统计"]
)
def test_a_mark_for_nothing_is_refused_with_both_ways_to_mend_it(typed):
    assert "没有发生请填 0，未统计请留空" in str(refusal(typed))


@pytest.mark.parametrize("typed", ["约200", "200余", "200左右", "近200", "200多人", "超200", "几十"])
def test_a_vague_figure_is_refused(typed):
    assert "不是确切的数字" in str(refusal(typed))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("+5", "不要带“+”"),
        ("＋5", "不要带“+”"),
        ("12%", "百分数"),
        ("１２％", "百分数"),
        ("#DIV/0!", "公式的错误值"),
        ("=SUM(A1:A3)", "公式"),
        ("9" * 65, "内容过长"),
        ("x" * 1000, "内容过长（1000 个字符）"),
    ],
)
def test_other_slips_are_named(typed, says):
    message = str(refusal(typed))
    assert says in message
    assert message.endswith("。")


@pytest.mark.parametrize(
    ("typed", "column", "limit"),
    [
        ("10000001", {"maximum": Decimal(10_000_000), "unit": "人"}, "10,000,000 人"),
        ("1000000.01", MONEY, "1,000,000.00 万元"),
        ("1234567890123456", {"maximum": Decimal(10_000_000)}, "10,000,000"),
        ("1000000000000000", {}, "999,999,999,999,999"),
        ("10000000000000", {"decimals": 2}, "9,999,999,999,999.99"),
        ("1000000000000000", {"maximum": Decimal(10) ** 30}, "999,999,999,999,999"),
        ("9" * 64, {}, "999,999,999,999,999"),
    ],
)
def test_a_figure_over_the_limit_is_refused_with_the_limit(typed, column, limit):
    assert str(refusal(typed, **column)) == f"超出上限 {limit}，请核对位数和单位。"


def test_the_limit_itself_is_taken():
    assert parse_figure("10000000", maximum=Decimal(10_000_000)) == 10_000_000
    assert parse_figure("1,000,000.00", **MONEY) == 1_000_000
    assert parse_figure("9999999999999.99", decimals=2) == Decimal("9999999999999.99")


def test_hostile_texts_are_answered_at_once():
    start = clock.perf_counter()
    for text in [
        "1" + " " * 200_000 + "1",
        "9" * 1_000_000,
        "1," * 500_000,
        "万" * 1_000_000,
        "1" * 32 + "," * 32,
    ]:
        refusal(text, unit="人")
    with pytest.raises(FigureError, match="超出上限"):
        parse_cell_value(1 << 5_000_000)
    for huge in ("1E+999999999", "1E-999999999", "-1E-999999999"):
        with pytest.raises(FigureError):
            parse_cell_value(Decimal(huge))
    assert clock.perf_counter() - start < 1


@given(st.text(max_size=80), st.sampled_from([0, 2]), st.sampled_from(["", "人", "万元", "场次"]))
def test_no_text_raises_anything_but_a_figure_error(text, decimals, unit):
    try:
        read = parse_figure(text, decimals=decimals, unit=unit)
    except FigureError as error:
        str(error).encode()
    else:
        assert read is None or (read >= 0 and read.as_tuple().exponent == -decimals)


figure_like = st.text(alphabet="0123456789０５,，.．-－+'eE_ \u3000%十百千万亿wK元人场次约余", max_size=16)


@given(figure_like, st.sampled_from([0, 2]), st.sampled_from(["", "人", "万元", "亿元"]))
def test_every_suggestion_would_be_taken(text, decimals, unit):
    column = {"decimals": decimals, "unit": unit, "maximum": Decimal(1_000_000)}
    suggestion, message = None, "。"
    try:
        parse_figure(text, **column)
    except FigureError as error:
        suggestion, message = error.suggestion, str(error)
    assert message.endswith("。")
    if suggestion is not None:
        assert suggestion in message
        assert parse_figure(suggestion, **column) is not None


@given(st.integers(0, 10**15 - 1), st.integers(0, 4), st.booleans())
def test_a_figure_written_and_read_again_is_the_same(digits, decimals, thousands):
    figure = Decimal(digits).scaleb(-decimals)
    assert parse_figure(format_figure(figure, decimals, thousands=thousands), decimals=decimals) == figure
    assert parse_figure(plain(figure, decimals), decimals=decimals) == figure


@pytest.mark.parametrize(
    ("value", "column", "figure"),
    [
        (None, {}, None),
        ("", {}, None),
        (" １２ ", {}, "12"),
        (12, {}, "12"),
        (0, {}, "0"),
        (12.0, {}, "12"),
        (-0.0, {}, "0"),
        (0.1 + 0.2, MONEY, "0.30"),
        (sum([0.1] * 100), MONEY, "10.00"),
        (0.3 - 0.1 - 0.2, MONEY, "0.00"),
        (88.5, MONEY, "88.50"),
        (1e5, {}, "100000"),
        (123456.78, MONEY, "123456.78"),
        (Decimal("88.5"), MONEY, "88.50"),
        (Decimal("1E+2"), {}, "100"),
        (Decimal("0E-100"), {}, "0"),
        (Decimal("0E+999999"), {}, "0"),
        (12.000000000001, {}, "12"),
    ],
)
def test_the_value_of_a_cell_is_read(value, column, figure):
    read = parse_cell_value(value, **column)
    assert (None if read is None else str(read)) == figure


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (True, "真/假"),
        (False, "真/假"),
        (12.5, "整数"),
        (12.000000001, "整数"),
        (Decimal("12.000000000000001"), "整数"),
        (Decimal("12." + "0" * 99 + "1"), "整数"),
        (-1, "不能为负数"),
        (-0.5, "不能为负数"),
        (10**16, "超出上限"),
        (1e16, "超出上限"),
        (1e12 + 0.25, "整数"),
        (Decimal("-1E+999"), "不能为负数"),
        (1e308, "超出上限"),
        (float("nan"), "不是数字"),
        (float("inf"), "不是数字"),
        (Decimal("NaN"), "不是数字"),
        (Decimal("sNaN"), "不是数字"),
        (Decimal("-Infinity"), "不是数字"),
        (date(2024, 1, 31), "日期"),
        (datetime(2024, 1, 31), "日期"),
        (time(12, 0), "日期"),
        (timedelta(days=1), "日期"),
        ([12], "不是数字"),
        ("12万", "120000"),
        (b"12", "不是数字"),
    ],
)
def test_the_value_of_a_cell_is_refused(value, says):
    with pytest.raises(FigureError, match=says):
        parse_cell_value(value)


@given(st.floats(), st.sampled_from([0, 2]))
def test_no_float_raises_anything_but_a_figure_error(value, decimals):
    try:
        read = parse_cell_value(value, decimals=decimals)
    except FigureError:
        return
    assert read is not None
    assert abs(float(read) - value) <= 1e-6


@given(st.integers(0, 10**13 - 1))
def test_a_float_with_two_decimals_is_that_decimal(cents):
    figure = Decimal(cents).scaleb(-2)
    assert parse_cell_value(float(figure), decimals=2) == figure


@pytest.mark.parametrize(
    ("value", "decimals", "for_people", "for_programs"),
    [
        ("12345", 0, "12,345", "12345"),
        ("12345.00", 0, "12,345", "12345"),
        ("88.5", 2, "88.50", "88.50"),
        ("0", 0, "0", "0"),
        ("1234567.89", 2, "1,234,567.89", "1234567.89"),
        ("1E+3", 0, "1,000", "1000"),
        ("-1234", 0, "−1,234", "-1234"),
        ("-0.004", 2, "0.00", "0.00"),
        ("0.125", 2, "0.13", "0.13"),
        ("2.5", 0, "3", "3"),
        ("-2.5", 0, "−3", "-3"),
        ("123456789012345678901234567890.12", 2, "123,456,789,012,345,678,901,234,567,890.12", None),
    ],
)
def test_figures_are_written_with_exactly_their_decimals(value, decimals, for_people, for_programs):
    assert format_figure(Decimal(value), decimals) == for_people
    assert format_figure(Decimal(value), decimals, thousands=False) == for_people.replace(",", "")
    assert plain(Decimal(value), decimals) == (for_programs or value)


def test_blank_is_written_as_a_dash():
    assert format_figure(None, 0) == "—"
    assert format_figure(None, 2, thousands=False) == "—"


def test_the_threads_own_precision_changes_nothing():
    before = getcontext().prec
    getcontext().prec = 3
    try:
        assert str(parse_figure("1,234,567.89", decimals=2)) == "1234567.89"
        assert str(parse_cell_value(123456.78, decimals=2)) == "123456.78"
        assert format_figure(Decimal("1234567.89"), 2) == "1,234,567.89"
        assert refusal("12345.6万").suggestion == "123456000"
        assert "999,999,999,999,999" in str(refusal("9" * 20))
    finally:
        getcontext().prec = before
