"""A definition is read whole and checked whole: every mistake has its file, line, key and a sentence."""

from datetime import date, time
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.definition import DefinitionError, read
from campaigns.models import Campaign, ReportingUnit

from .definitions import FIXTURES, SMALL, UNITS, changed, write_definition


def mistakes_of(folder):
    with pytest.raises(DefinitionError) as refused:
        read(folder)
    return [str(mistake) for mistake in refused.value.mistakes]


# --- what is needed, and what stands in for the rest ---------------------------------------------------------


def test_few_keys_are_enough(tmp_path):
    campaign = """
code: a
title: 活动
starts: 2025-02-03
ends: 2025-02-28
forms:
- code: fu1
  title: 表
  indicators:
  - {number: 1, label: 人数}
  - {number: 2, label: 资金, unit: 万元}
"""
    definition = read(
        write_definition(tmp_path, campaign, "code,name,level,parent,reports\n1,某局,county,,1\n")
    )
    found = definition.campaign
    assert (found.counts_from, found.time_zone) == (date(2025, 2, 3), "Asia/Shanghai")
    assert (found.reporting.every, found.reporting.weekday) == ("week", "friday")
    assert (found.reporting.due_time, found.reporting.on_holiday) == (time(17, 30), "keep")
    [form] = found.forms
    assert (form.layout, form.line, form.checks) == ("rows", "", ())
    assert [indicator.decimals for indicator in form.indicators] == [0, 2]
    [unit] = definition.units
    assert (unit.short, unit.reports, unit.opens) == ("某局", True, None)


def test_bands_without_a_layout_mean_the_layout_with_bands(tmp_path):
    assert read(write_definition(tmp_path)).campaign.forms[0].layout == "bands"


def test_a_list_of_periods_needs_no_every(tmp_path):
    text = changed(SMALL, ("{weekday: friday}", "{periods: [{ends: 2025-02-14}]}"))
    assert read(write_definition(tmp_path, text)).campaign.reporting.every == "list"


def test_a_long_name_is_cut_for_the_short_one(tmp_path):
    units = changed(UNITS, ("某市人社局", "某" * 41))
    assert read(write_definition(tmp_path, units=units)).units[0].short == "某" * 39 + "…"


def test_null_is_the_same_as_a_key_left_out(tmp_path):
    text = changed(SMALL, ("title: 统计表", "title: 统计表\n    subtitle: null\n    line: ~\n    filled_by:"))
    assert read(write_definition(tmp_path, text)).campaign == read(write_definition(tmp_path)).campaign


# --- spelling ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["no", "on", "yes", "off", "y", "1_000", "0x10", "017", "1e3", "2025", "12:30:45"]
)
def test_words_that_yaml_1_1_reads_as_something_else_stay_words(tmp_path, word):
    text = changed(SMALL, ("label: 招聘活动", f"label: {word}"), ("title: 某市春风行动", f"title: {word}"))
    campaign = read(write_definition(tmp_path, text)).campaign
    assert (campaign.title, campaign.forms[0].indicators[0].label) == (word, word)


@pytest.mark.parametrize("written", ["17:30", '"17:30"', "'17:30'", "17:30:00"])
def test_a_time_means_the_same_with_and_without_quotes(tmp_path, written):
    text = changed(SMALL, ("{weekday: friday}", f"{{due_time: {written}}}"))
    assert read(write_definition(tmp_path, text)).campaign.reporting.due_time == time(17, 30)


def test_quotes_make_no_difference_to_dates_and_numbers(tmp_path):
    text = changed(SMALL, ("starts: 2025-02-03", 'starts: "2025-02-03"'), ("number: 3", "number: '3'"))
    assert read(write_definition(tmp_path, text)).campaign == read(write_definition(tmp_path)).campaign


def test_a_quoted_null_is_a_text(tmp_path):
    text = changed(SMALL, ("title: 统计表", 'title: "null"'))
    assert read(write_definition(tmp_path, text)).campaign.forms[0].title == "null"


def test_the_cells_of_a_table_are_texts_whatever_they_say(tmp_path):
    units = changed(UNITS, ("甲区人社局", "null"), ("乙区人社局", "~"))
    assert [unit.name for unit in read(write_definition(tmp_path, units=units)).units[1:]] == ["null", "~"]


def test_a_decimal_is_exact(tmp_path):
    text = changed(SMALL, ("at_least: 3", "at_least: 0.30"))
    assert read(write_definition(tmp_path, text)).campaign.targets[0].at_least == Decimal("0.3")


def test_one_text_a_list_and_nothing_are_three_kinds_of_group(tmp_path):
    text = changed(
        SMALL,
        ("label: 招聘活动,", 'label: 招聘活动, group: "",'),
        ("label: 线上,", "label: 线上, group: 其中：,"),
        ("label: 资金,", "label: 资金, group: [甲, 乙],"),
    )
    campaign = read(write_definition(tmp_path, text)).campaign
    groups = [indicator.group for form in campaign.forms for indicator in form.indicators]
    assert groups == [("",), ("其中：",), ("甲", "乙"), None]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    ],
)
def test_windows_files_read_the_same(tmp_path, encode):
    plain = read(write_definition(tmp_path))
    assert read(write_definition(tmp_path, encode(SMALL), encode(UNITS))) == plain


def test_columns_stand_in_any_order_and_blank_lines_are_passed_over(tmp_path):
    units = "reports,parent,level,name,code\n\n1,,prefecture, 某市人社局 ,100\n,,,,\n0,100,county,甲区人社局,101\n"
    definition = read(write_definition(tmp_path, units=units))
    assert [(unit.code, unit.name, unit.reports) for unit in definition.units] == [
        ("100", "某市人社局", True),
        ("101", "甲区人社局", False),
    ]


def test_a_unit_moves_by_a_second_row_with_later_dates(tmp_path):
    units = changed(
        UNITS,
        (
            "101,甲区人社局,county,100,1,,,",
            "101,甲区人社局,county,100,1,,2025-02-07,\n"
            "101,甲区人社局,county,200,1,2025-02-08,,\n"
            "200,另一市人社局,prefecture,,0,2025-02-08,,",
        ),
    )
    assert [
        unit.opens for unit in read(write_definition(tmp_path, units=units)).units if unit.code == "101"
    ] == [
        None,
        date(2025, 2, 8),
    ]


def test_where_a_city_moves_its_counties_need_a_second_row_too(tmp_path):
    head, *rows = UNITS.splitlines()
    root, moved = "1,某省厅,province,,0,,,", "100,某市人社局,prefecture,1,1,2025-02-10,,"
    city = "100,某市人社局,prefecture,,1,,2025-02-09,"
    with pytest.raises(DefinitionError) as refused:
        read(write_definition(tmp_path, units="\n".join([head, root, city, moved, *rows[1:], ""])))
    assert [mistake.line for mistake in refused.value.mistakes] == [5, 6]
    assert "前一行 closes 写 2025-02-09，后一行 opens 写 2025-02-10" in str(refused.value)
    split = [row.replace("1,,,", f"1,{span},") for row in rows[1:] for span in (",2025-02-09", "2025-02-10,")]
    assert (
        len(read(write_definition(tmp_path, units="\n".join([head, root, city, moved, *split, ""]))).units)
        == 7
    )


def test_where_a_city_moves_a_county_closed_with_its_figures_kept_goes_along_by_a_row_for_that_day(tmp_path):
    head, *_ = UNITS.splitlines()
    root, moved = "1,某省厅,province,,0,,,", "100,某市人社局,prefecture,1,1,2025-02-10,,"
    city = "100,某市人社局,prefecture,,1,,2025-02-09,"
    closed = "101,甲区人社局,county,100,1,,2025-02-05,keep"
    with pytest.raises(DefinitionError) as refused:
        read(write_definition(tmp_path, units="\n".join([head, root, city, moved, closed, ""])))
    assert [mistake.line for mistake in refused.value.mistakes] == [5]
    assert "opens 和 closes 都写 2025-02-10，after_close 写 keep" in str(refused.value)
    along = "101,甲区人社局,county,100,1,2025-02-10,2025-02-10,keep"
    definition = read(
        write_definition(tmp_path, units="\n".join([head, root, city, moved, closed, along, ""]))
    )
    assert len(definition.units) == 5


def test_several_roots_and_levels_left_out_are_allowed(tmp_path):
    units = "code,name,level,parent,reports\n1,甲局,county,,1\n2,省厅,province,,0\n3,办公室,office,1,0\n4,乙局,county,2,1\n"
    assert len(read(write_definition(tmp_path, units=units)).units) == 4


def test_a_rule_may_name_its_own_form_the_last_report_and_another_form(tmp_path):
    text = changed(SMALL, ("rule: c2 <= c1", "rule: fu1.c2 <= last.c1 + fu2.c1"))
    assert (
        read(write_definition(tmp_path, text)).campaign.forms[0].checks[0].rule
        == "fu1.c2 <= last.c1 + fu2.c1"
    )


# --- mistakes ------------------------------------------------------------------------------------------------

STOCK_BY_WEEK = changed(
    SMALL, ("unit: 场次}", "unit: 场次, nature: stock}"), ("at_least: 3", "at_least: 3, over: week")
)
YAML, CSV = "campaign.yaml", "units.csv"
# What is written instead of what, then file, line and key of the mistake, and a word of its sentence.
BROKEN = {
    "unknown key": (YAML, "title: 某市", "titel: 某市", 2, "titel", "title"),
    "unknown key of an indicator": (YAML, "of: 1}", "off: 1}", 12, "forms[0].indicators[1].off", "是不是想写 of"),
    "key twice": (YAML, "ends: 2025-02-21", "ends: 2025-02-21\nends: 2025-02-22", 5, "ends", "第 4 行"),
    "missing title": (YAML, "    title: 统计表\n", "", 7, "forms[0].title", "缺少"),
    "blank title": (YAML, "title: 统计表", "title: ' '", 8, "forms[0].title", "不能为空"),
    "blank label": (YAML, "label: 资金", "label: ", 13, "forms[0].indicators[2].label", "不能为空"),
    "no forms": (YAML, SMALL[SMALL.index("forms:"):SMALL.index("targets:")], "", 1, "forms", "缺少"),
    "empty forms": (YAML, SMALL[SMALL.index("forms:"):], "forms: []", 6, "forms", "至少"),
    "text for a list": (YAML, "bands: [2, 1]", "bands: 9", 9, "forms[0].bands", "列表"),
    "list for a text": (YAML, "title: 统计表", "title: [统计表]", 8, "forms[0].title", "应为文字"),
    "text for an entry": (YAML, "{weekday: friday}", "每周", 5, "reporting", "键"),
    "text in a list of entries": (YAML, "- {rule: c2 <= c1, class: hint}", "- c2 <= c1", 15, "forms[0].checks[0]", "键"),
    "empty item": (YAML, "bands: [2, 1]", "head: [甲, ~]", 9, "forms[0].head[1]", "空"),
    "no number": (YAML, "number: 3", "number: 三", 13, "forms[0].indicators[2].number", "整数"),
    "huge number": (YAML, "number: 3", "number: " + "9" * 5000, 13, "forms[0].indicators[2].number", "整数"),
    "number with an underscore": (YAML, "number: 3", "number: 1_0", 13, "forms[0].indicators[2].number", "整数"),
    "decimals": (YAML, "unit: 万元", "unit: 万元, decimals: 5", 13, "forms[0].indicators[2].decimals", "0 到 4"),
    "yes for true": (YAML, "unit: 万元", "confirmed: yes", 13, "forms[0].indicators[2].confirmed", "true"),
    "no date": (YAML, "starts: 2025-02-03", "starts: 2025/2/3", 3, "starts", "2024-01-25"),
    "date and time": (YAML, "starts: 2025-02-03", "starts: 2025-02-03 00:00:00", 3, "starts", "2024-01-25"),
    "day that is not there": (YAML, "ends: 2025-02-21", "ends: 2025-02-29", 4, "ends", "没有"),
    "far year": (YAML, "starts: 2025-02-03", "starts: 0001-01-01", 3, "starts", "年份"),
    "ends before it starts": (YAML, "ends: 2025-02-21", "ends: 2025-02-01", 4, "ends", "早于"),
    "count from the future": (YAML, "ends: 2025-02-21", "ends: 2025-02-21\ncounts_from: 2025-03-01", 5, "counts_from", "晚于"),
    "time zone": (YAML, "code: spring", "code: spring\ntime_zone: Asia/Wuhan", 2, "time_zone", "Asia/Shanghai"),
    "time zone outside": (YAML, "code: spring", "code: spring\ntime_zone: ../../etc/passwd", 2, "time_zone", "时区"),
    "no time": (YAML, "weekday: friday", "due_time: 1050", 5, "reporting.due_time", "17:30"),
    "24 o'clock": (YAML, "weekday: friday", 'due_time: "24:00"', 5, "reporting.due_time", "23:59"),
    "no weekday": (YAML, "weekday: friday", "weekday: fridays", 5, "reporting.weekday", "friday"),
    "weekday of a half-month": (YAML, "{weekday: friday}", "{every: half-month, weekday: friday}", 5, "reporting.weekday", "week"),
    "list without periods": (YAML, "{weekday: friday}", "{every: list}", 5, "reporting.every", "periods"),
    "periods without a list": (YAML, "{weekday: friday}", "{every: week, periods: [{ends: 2025-02-10}]}", 5, "reporting.periods", "extra"),
    "two periods of one end": (YAML, "{weekday: friday}", "{extra: [{ends: 2025-02-10}, {ends: 2025-02-10}]}", 5, "reporting.extra[1].ends", "2025-02-10"),
    "period before the start": (YAML, "{weekday: friday}", "{extra: [{ends: 2025-02-01}]}", 5, "reporting.extra[0].ends", "不在活动"),
    "due years later": (YAML, "{weekday: friday}", "{extra: [{ends: 2025-02-10, due: 2052-02-10}]}", 5, "reporting.extra[0].due", "年份"),
    "due before its own end": (YAML, "{weekday: friday}", "{extra: [{ends: 2025-02-14, due: 2025-02-06}]}", 5, "reporting.extra[0].due", "早于截至日"),
    "due without an end": (YAML, "{weekday: friday}", "{extra: [{due: 2025-02-13}]}", 5, "reporting.extra[0].ends", "缺少"),
    "period after the end": (YAML, "{weekday: friday}", "{extra: [{ends: 2025-02-22}]}", 5, "reporting.extra[0].ends", "不在活动"),
    "rule that divides by 0": (YAML, "rule: c2 <= c1", "rule: c2 / 0.0 <= c1", 15, "forms[0].checks[0].rule", "除以 0"),
    "no period at all": (YAML, "ends: 2025-02-21", "ends: 2025-02-06", 5, "reporting", "没有一个报告期"),
    "sign-off": (YAML, "code: spring", "code: spring\nsign_off_by: city", 2, "sign_off_by", "prefecture"),
    "campaign code": (YAML, "code: spring", "code: 春风", 1, "code", "字母"),
    "form code": (YAML, "code: fu2", "code: FU2", 16, "forms[1].code", "小写"),
    "form called last": (YAML, "code: fu2", "code: last", 16, "forms[1].code", "last"),
    "form twice": (YAML, "code: fu2", "code: fu1", 16, "forms[1].code", "fu1"),
    "indicator twice": (YAML, "number: 3", "number: 2", 13, "forms[0].indicators[2].number", "重复"),
    "part of nothing": (YAML, "of: 1}", "of: 7}", 12, "forms[0].indicators[1].of", "7"),
    "part of itself": (YAML, "of: 1}", "of: 2}", 12, "forms[0].indicators[1].of", "自己"),
    "parts in a circle": (YAML, "unit: 场次}", "unit: 场次, of: 2}", 11, "forms[0].indicators[0].of", "1 → 2 → 1"),
    "bands": (YAML, "bands: [2, 1]", "bands: [2, 2]", 9, "forms[0].bands", "2+2=4"),
    "bands of rows": (YAML, "bands: [2, 1]", "bands: [2, 1]\n    layout: rows", 9, "forms[0].bands", "rows"),
    "print units": (YAML, "bands: [2, 1]", 'print_units: "({unit})"', 9, "forms[0].print_units", "label"),
    "lines": (YAML, "label: 招聘活动", "label: 招聘活动, lines: [招聘, 会]", 11, "forms[0].indicators[0].lines", "招聘会"),
    "label too long": (YAML, "label: 资金", "label: " + "长" * 101, 13, "forms[0].indicators[2].label", "100"),
    "NUL by an escape": (YAML, "label: 资金", 'label: "资\\0金"', 13, "forms[0].indicators[2].label", "U+0000"),
    "half a character": (YAML, "label: 资金", 'label: "资\\uD800金"', 13, "forms[0].indicators[2].label", "U+D800"),
    "label of two lines": (YAML, "label: 资金", 'label: "资\\n金"', 13, "forms[0].indicators[2].label", "一行"),
    "maximum of 16 digits": (YAML, "unit: 万元", "unit: 万元, decimals: 4, max: 100000000000", 13, "forms[0].indicators[2].max", "15"),
    "slip of nothing": (YAML, "unit: 万元", "unit: 万元, slip: 0", 13, "forms[0].indicators[2].slip", "0.01"),
    "rule": (YAML, "rule: c2 <= c1", "rule: c2 =< c1", 15, "forms[0].checks[0].rule", "="),
    "rule of an unknown column": (YAML, "rule: c2 <= c1", "rule: c2 <= c9", 15, "forms[0].checks[0].rule", "9"),
    "rule of an unknown last column": (YAML, "rule: c2 <= c1", "rule: c2 <= last.c9", 15, "forms[0].checks[0].rule", "last.c9"),
    "rule of an unknown form": (YAML, "rule: c1 <= fu1.c1", "rule: c1 <= fu3.c1", 21, "forms[1].checks[0].rule", "fu3"),
    "rule of another form's unknown column": (YAML, "rule: c1 <= fu1.c1", "rule: c1 <= fu1.c4", 21, "forms[1].checks[0].rule", "fu1.c4"),
    "rule twice": (YAML, "- {rule: c1 <= fu1.c1}", "- {rule: c1 > 0}\n      - {rule: c1 > 0}", 22, "forms[1].checks[1].rule", "相同"),
    "class": (YAML, "class: hint", "class: warning", 15, "forms[0].checks[0].class", "query"),
    "doubt about an unknown column": (YAML, "title: 统计表", "title: 统计表\n    doubts: [{about: c9, reading: 甲}]", 9, "forms[0].doubts[0].about", "9"),
    "doubt without words": (YAML, "code: spring", "code: spring\ndoubts: [{about: form}]", 2, "doubts[0]", "reading"),
    "target of an unknown form": (YAML, "form: fu1,", "form: fu3,", 23, "targets[0].form", "fu3"),
    "target of an unknown column": (YAML, "indicator: 1,", "indicator: 9,", 23, "targets[0].indicator", "9"),
    "weekly target of a stock": (YAML, SMALL, STOCK_BY_WEEK, 23, "targets[0].over", "时点数"),
    "target with a word": (YAML, "at_least: 3", "at_least: 1万", 23, "targets[0].at_least", "数字"),
    "target with three decimals": (YAML, "at_least: 3", "at_least: 0.125", 23, "targets[0].at_least", "两位"),
    "target of a level": (YAML, "at_least: 3", "at_least: 3, each: district", 23, "targets[0].each", "county"),
    "kind of a text": (YAML, "kind: summary", "kind: summery", 25, "texts[0].kind", "summary"),
    "each of a text": (YAML, "due: 2025-02-28", "each: everyone", 25, "texts[0].each", "reporter"),
    "colon in a text": (YAML, "title: 统计表", "title: 表: 统计", 8, "", "冒号"),
    "bracket": (YAML, "bands: [2, 1]", "bands: [2, 1", 10, "", "方括号"),
    "tab": (YAML, "    title: 统计表", "\ttitle: 统计表", 8, "", "空格"),
    "indentation": (YAML, "    title: 统计表", "   title: 统计表", 8, "", "缩进"),
    "anchor": (YAML, "title: 某市春风行动", "title: &a 甲", 2, "", "锚点"),
    "alias": (YAML, "title: 某市春风行动", "title: *a", 2, "", "别名"),
    "tag": (YAML, "title: 某市春风行动", "title: !!python/object/apply:os.system [ls]", 2, "", "标签"),
    "deep": (YAML, "bands: [2, 1]", "bands: " + "[" * 100_000, 9, "", "嵌套"),
    "second document": (YAML, "code: spring", "---\ncode: spring\n---\ncode: b", 3, "", "一份"),
    "list for a key": (YAML, "code: spring", "code: spring\n[a, b]: c", 2, "", "键"),
    "control character": (YAML, "某市春风行动", "某市\x1b春风行动", 2, "", "U+001B"),
    "reversed writing": (YAML, "某市春风行动", "某市\u202e春风行动", 2, "", "U+202E"),
    "units file outside": (YAML, "code: spring", "code: spring\nunits: ../units.csv", 2, "units", "文件名"),
    "missing columns": (CSV, "level,parent", "lvl,上级", 1, "level", "level、parent"),
    "unknown column": (CSV, "after_close", "after_closing", 1, "after_closing", "after_close"),
    "column twice": (CSV, "opens,closes", "opens,opens", 1, "opens", "两次"),
    "column without a name": (CSV, "opens,closes", "opens,", 1, "", "第 7 列"),
    "too many cells": (CSV, "甲区人社局", "甲区,人社局", 3, "", "9 格"),
    "blank name": (CSV, "甲区人社局", "", 3, "name", "不能为空"),
    "blank code": (CSV, "101,", ",", 3, "code", "不能为空"),
    "long code": (CSV, "101,", "1" * 41 + ",", 3, "code", "40"),
    "code with a blank": (CSV, "101,", "10 1,", 3, "code", "空格"),
    "level of a unit": (CSV, "甲区人社局,county", "甲区人社局,district", 3, "level", "county"),
    "reports": (CSV, "甲区人社局,county,100,1", "甲区人社局,county,100,是", 3, "reports", "1"),
    "parent that is not there": (CSV, "甲区人社局,county,100", "甲区人社局,county,999", 3, "parent", "999"),
    "its own parent": (CSV, "甲区人社局,county,100", "甲区人社局,county,101", 3, "parent", "自己"),
    "circle": (CSV, "某市人社局,prefecture,", "某市人社局,county,101", 2, "parent", "圈"),
    "parent below its child": (CSV, "某市人社局,prefecture,", "某市人社局,county,\n9,省厅,province,100", 3, "parent", "级别"),
    "parent not open": (CSV, "某市人社局,prefecture,,1,", "某市人社局,prefecture,,1,2025-02-10", 3, "parent", "2025-02-03"),
    "unit twice": (CSV, "102,", "101,", 4, "code", "第 3 行"),
    "places that overlap": (CSV, "102,乙区人社局,county,100,1,,,", "101,甲区,county,100,1,2025-02-10,,", 4, "code", "重叠"),
    "closes before it opens": (CSV, "甲区人社局,county,100,1,,,", "甲区人社局,county,100,1,2025-02-10,2025-02-09,stop", 3, "closes", "早于"),
    "closes without after_close": (CSV, "甲区人社局,county,100,1,,,", "甲区人社局,county,100,1,,2025-02-09,", 3, "after_close", "stop"),
    "after_close": (CSV, "甲区人社局,county,100,1,,,", "甲区人社局,county,100,1,,2025-02-09,stay", 3, "after_close", "keep"),
    "quotes": (CSV, "甲区人社局", '"甲区人社局', 3, "", "双引号"),
    "NUL in a table": (CSV, "甲区人社局", "甲区\0人社局", 3, "", "U+0000"),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_named_with_file_line_and_key_and_changes_nothing(tmp_path, name):
    file, old, new, line, key, word = BROKEN[name]
    if file == YAML:
        write_definition(tmp_path, changed(SMALL, (old, new)))
    else:
        write_definition(tmp_path, units=changed(UNITS, (old, new)))
    with pytest.raises(CommandError) as refused:
        call_command("load_campaign", tmp_path)
    place = f"{file} 第 {line} 行{' ' * bool(key)}{key}："
    found = [mistake for mistake in str(refused.value).splitlines() if mistake.startswith(place)]
    assert found, f"{place} is not in\n{refused.value}"
    assert any(word in mistake for mistake in found), found
    assert not Campaign.objects.exists()
    assert not ReportingUnit.objects.exists()


def test_a_form_must_be_owed_by_a_unit_of_its_line(tmp_path):
    text = changed(SMALL, ("title: 统计表", "title: 统计表\n    line: hr"))
    assert read(write_definition(tmp_path, text))  # units without a line belong to all lines
    units = (
        "code,name,level,parent,reports,line\n1,市总工会,prefecture,,1,union\n2,市人社局,prefecture,,0,hr\n"
    )
    [mistake] = mistakes_of(write_definition(tmp_path, text, units))
    assert mistake.startswith("campaign.yaml 第 9 行 forms[0].line：没有一个填报单位属于条线“hr”")


@pytest.mark.parametrize(("campaign", "units", "expected"), [
    (None, UNITS, ["campaign.yaml：找不到这个文件"]),
    (SMALL, None, ["units.csv：找不到这个文件"]),
    ("", UNITS, ["campaign.yaml：文件是空的"]),
    ("# 只有注释\n", UNITS, ["campaign.yaml：文件是空的"]),
    ("春风行动", UNITS, ["campaign.yaml 第 1 行：应为一组“键: 值”"]),
    ("title：春风行动", UNITS, ["campaign.yaml 第 1 行：应为一组“键: 值”"]),
    ("- a", UNITS, ["campaign.yaml 第 1 行：应为一组“键: 值”"]),
    (bytes(range(256)) * 10, UNITS, ["campaign.yaml 第 2 行：不是 UTF-8 编码"]),
    (SMALL.encode("gbk"), UNITS, ["campaign.yaml 第 2 行：不是 UTF-8 编码"]),
    (SMALL.encode("utf-16"), UNITS, ["campaign.yaml 第 1 行：文件是 UTF-16 编码"]),
    (SMALL, UNITS.encode("gbk"), ["units.csv 第 2 行：不是 UTF-8 编码"]),
    (b"a" * (1024 * 1024 + 1), UNITS, ["campaign.yaml：文件超过 1 MB"]),
    (SMALL, "", ["units.csv：文件是空的"]),
    (SMALL, UNITS.splitlines()[0], ["units.csv：没有一个单位"]),
    (SMALL, UNITS.replace(",1,", ",0,"), ["units.csv reports：没有一个单位填报"]),
    (SMALL, UNITS.replace(",", "\t"), ["units.csv 第 1 行 code：缺少列"]),
    (SMALL, "code," + "x" * 200_000, ["units.csv 第 1 行：CSV 格式有误"]),
])  # fmt: skip
def test_a_file_that_is_none_gets_a_sentence(tmp_path, campaign, units, expected):
    found = mistakes_of(write_definition(tmp_path, campaign, units))
    for start in expected:
        assert any(mistake.startswith(start) for mistake in found), found


def test_a_folder_where_a_file_should_be_gets_a_sentence(tmp_path):
    write_definition(tmp_path, campaign=None)
    (tmp_path / "campaign.yaml").mkdir()
    assert mistakes_of(tmp_path) == ["campaign.yaml：不是普通文件，请检查文件夹和文件名。"]


@pytest.mark.parametrize("path", ["nowhere", "campaign.yaml", "\0"])
def test_a_path_that_is_no_folder_gets_a_sentence(tmp_path, path):
    write_definition(tmp_path)
    assert mistakes_of(tmp_path / path)[0].endswith("不是文件夹，请给出 campaign.yaml 所在的文件夹。")


def test_the_units_file_may_have_another_name(tmp_path):
    write_definition(tmp_path, changed(SMALL, ("forms:", "units: 单位.csv\nforms:")), units=None)
    (tmp_path / "单位.csv").write_text(UNITS.replace("county", "区"))
    assert [mistake[:18] for mistake in mistakes_of(tmp_path)] == [
        "单位.csv 第 3 行 level",
        "单位.csv 第 4 行 level",
    ]


def test_all_mistakes_of_both_files_are_told_at_once_and_no_others(tmp_path):
    campaign = changed(
        SMALL,
        ("ends: 2025-02-21", "ends: morgen"),
        ("code: fu1", "code: FU1"),
        ("number: 2", "number: zwei"),
        ("rule: c2 <= c1", "rule: c2 <= c8"),
        ("at_least: 3", "at_least: 3, colour: red"),
    )
    units = changed(
        UNITS,
        ("101,甲区人社局,county", "101,甲区人社局,区"),
        ("乙区人社局,county,100", "乙区人社局,county,9"),
    )
    found = mistakes_of(write_definition(tmp_path, campaign, units))
    assert [mistake.partition("：")[0] for mistake in found] == [
        "campaign.yaml 第 4 行 ends",
        "campaign.yaml 第 7 行 forms[0].code",
        "campaign.yaml 第 12 行 forms[0].indicators[1].number",
        "campaign.yaml 第 23 行 targets[0].colour",
        "units.csv 第 3 行 level",
        "units.csv 第 4 行 parent",
    ]


def test_twenty_one_levels_of_units_are_too_many(tmp_path):
    rows = "".join(f"{n},单位{n},county,{n - 1 or ''},1\n" for n in range(1, 22))
    found = mistakes_of(write_definition(tmp_path, units="code,name,level,parent,reports\n" + rows))
    assert found == ["units.csv 第 22 行 parent：上下级超过 20 层，请减少层次。"]


# A piece of a file put somewhere else: brackets, quotes, dates and bytes where nobody expects them.
SHARDS = st.sampled_from(["[", "]", "{", "}", '"', "'", ":", ": ", "- ", "\n", "\n  ", "\t", "#", "&", "*", "!", "|", ">",
                          "%", "@", "`", "~", "null", "\0", "\ufeff", "9" * 400, "-1", "1e999", "0001-01-01", "，", ",", "\r",
                          "\\", "? ", "<<: ", "---\n", "...", "\ud7ff", "\U0001f600", "2025-02-30", "99:99"])  # fmt: skip


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_no_file_makes_anything_but_sentences(tmp_path, data):
    texts = {"campaign": SMALL, "units": UNITS}
    for name in ("campaign", "units"):
        for _ in range(data.draw(st.integers(0, 3))):
            text = texts[name]
            place = data.draw(st.integers(0, len(text)))
            cut = data.draw(st.integers(0, 30))
            texts[name] = text[:place] + data.draw(SHARDS) + text[place + cut :]
    found = None
    try:
        read(write_definition(tmp_path, **texts))
    except DefinitionError as error:
        found = error.mistakes
    assert found is None or found
    assert all(mistake.sentence.endswith(("。", "？")) for mistake in found or ())


@pytest.mark.parametrize("code", ["wuhan-2014", "jiangsu-2024"])
def test_the_definitions_of_the_two_campaigns_have_no_mistakes(code):
    assert read(FIXTURES / code).campaign.code == code


def test_the_example_in_the_documentation_is_complete(tmp_path):
    page = (FIXTURES.parent / "docs" / "definition.md").read_text()
    campaign, units = (page.split(f"```{kind}\n")[1].split("```")[0] for kind in ("yaml", "csv"))
    definition = read(write_definition(tmp_path, campaign, units))
    assert (len(definition.campaign.forms), len(definition.units)) == (1, 3)
