"""The two definitions in fixtures/: facts counted by hand in the notices."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CAMPAIGNS = ("wuhan-2014", "jiangsu-2024")
FORMS = (
    ("wuhan-2014", "fu1"),
    ("wuhan-2014", "fu2"),
    ("wuhan-2014", "fu3"),
    ("jiangsu-2024", "fu1"),
    ("jiangsu-2024", "fu2"),
)


def definition(campaign: str) -> dict[str, Any]:
    loaded = yaml.safe_load((FIXTURES / campaign / "campaign.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def form(campaign: str, code: str) -> dict[str, Any]:
    [found] = [form for form in definition(campaign)["forms"] if form["code"] == code]
    assert isinstance(found, dict)
    return found


def units(campaign: str) -> list[dict[str, str]]:
    with (FIXTURES / campaign / "units.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("campaign", "code", "indicators", "notes", "checks", "doubts"),
    [
        ("wuhan-2014", "fu1", 18, 3, 8, 4),
        ("wuhan-2014", "fu2", 12, 2, 4, 1),
        ("wuhan-2014", "fu3", 12, 2, 3, 2),
        ("jiangsu-2024", "fu1", 18, 2, 9, 2),
        ("jiangsu-2024", "fu2", 20, 1, 8, 8),
    ],
)
def test_form_is_complete(
    campaign: str, code: str, indicators: int, notes: int, checks: int, doubts: int
) -> None:
    found = form(campaign, code)
    assert [indicator["number"] for indicator in found["indicators"]] == list(range(1, indicators + 1))
    assert (len(found["notes"]), len(found["checks"]), len(found["doubts"])) == (notes, checks, doubts)


@pytest.mark.parametrize(("campaign", "code"), FORMS)
def test_every_column_is_explained_and_breaks_between_words(campaign: str, code: str) -> None:
    for indicator in form(campaign, code)["indicators"]:
        assert "".join(indicator["lines"]) == indicator["label"]
        assert indicator["explain"]
        assert indicator.get("decimals", 0) == (2 if indicator["unit"] == "万元" else 0)


@pytest.mark.parametrize(
    ("campaign", "code", "parents"),
    [
        ("wuhan-2014", "fu1", {4: 3, 6: 5, 8: 7, 10: 9, 12: 11, 13: 11, 14: 11, 16: 15}),
        ("wuhan-2014", "fu2", {7: 6}),
        ("wuhan-2014", "fu3", {5: 4, 8: 7, 10: 9}),
        ("jiangsu-2024", "fu1", {3: 2, 4: 2, 5: 2, 7: 6, 8: 6, 9: 6}),
        ("jiangsu-2024", "fu2", {2: 1, 4: 3, 6: 5, 8: 7, 20: 19}),
    ],
)
def test_parents_are_those_of_the_notice(campaign: str, code: str, parents: dict[int, int]) -> None:
    indicators = form(campaign, code)["indicators"]
    assert {each["number"]: each["of"] for each in indicators if "of" in each} == parents


@pytest.mark.parametrize(
    ("campaign", "code", "groups"),
    [
        ("wuhan-2014", "fu1", dict.fromkeys([4, 6, 8, 10, 12, 13, 14, 16], "")),
        ("wuhan-2014", "fu2", {7: ""}),
        ("wuhan-2014", "fu3", {5: "", 8: "", 10: ""}),
        ("jiangsu-2024", "fu1", dict.fromkeys([3, 4, 5], "其中：")),
        ("jiangsu-2024", "fu2", dict.fromkeys(range(13, 19), "“点对点”服务保障")),
    ],
)
def test_groups_are_those_of_the_notice(campaign: str, code: str, groups: dict[int, str]) -> None:
    indicators = form(campaign, code)["indicators"]
    assert {each["number"]: each["group"] for each in indicators if "group" in each} == groups


@pytest.mark.parametrize(
    ("campaign", "code", "measures"),
    [
        ("wuhan-2014", "fu1", "份 次 人 人 人 人 人 人 人 人 人 人 人 人 人 人 个 个"),
        ("wuhan-2014", "fu2", "份 次 人 人 人 人 人 人 人 万元 人 人"),
        ("wuhan-2014", "fu3", "份 次 人 人 人 人 人 人 人 人 万元 人"),
        ("jiangsu-2024", "fu1", "份 场次 场次 场次 场次 个 个 个 个 人 个 人次 个 人 家 人 万元 万元"),
        ("jiangsu-2024", "fu2", "场次 场次 个 个 份 份 个 个 场次 个 份 个 辆次 人 列次 人 架次 人 人 人"),
    ],
)
def test_each_column_keeps_its_own_unit(campaign: str, code: str, measures: str) -> None:
    assert [each["unit"] for each in form(campaign, code)["indicators"]] == measures.split()


def test_only_the_lost_labels_are_unconfirmed() -> None:
    unconfirmed = {
        (campaign, code): [
            each["number"] for each in form(campaign, code)["indicators"] if not each.get("confirmed", True)
        ]
        for campaign, code in FORMS
    }
    assert unconfirmed.pop(("jiangsu-2024", "fu2")) == [13, 14, 15, 16, 17, 18]
    assert not any(unconfirmed.values())


def test_slips_are_looked_for_in_the_three_columns_named() -> None:
    slips = [
        (campaign, code, each["number"], each["slip"])
        for campaign, code in FORMS
        for each in form(campaign, code)["indicators"]
        if "slip" in each
    ]
    assert slips == [
        ("wuhan-2014", "fu2", 10, 100),
        ("wuhan-2014", "fu3", 11, 100),
        ("jiangsu-2024", "fu1", 18, 100),
    ]


@pytest.mark.parametrize(
    ("campaign", "code", "rules"),
    [
        (
            "wuhan-2014",
            "fu1",
            [
                "c3 >= c9",
                "c3 >= c15",
                "c3 < 50 or (c4 >= 0.2 * c3 and c4 <= 0.8 * c3)",
                "c5 < 50 or (c6 >= 0.2 * c5 and c6 <= 0.8 * c5)",
                "c7 < 50 or (c8 >= 0.2 * c7 and c8 <= 0.8 * c7)",
                "c9 < 50 or (c10 >= 0.2 * c9 and c10 <= 0.8 * c9)",
                "c11 < 50 or (c12 >= 0.2 * c11 and c12 <= 0.8 * c11)",
                "c15 < 50 or (c16 >= 0.2 * c15 and c16 <= 0.8 * c15)",
            ],
        ),
        ("wuhan-2014", "fu2", ["c3 >= c5", "c3 >= c8", "c3 >= c12", "c10 <= 5000"]),
        ("wuhan-2014", "fu3", ["c3 >= c4", "c3 >= c12", "c11 <= 5000"]),
        (
            "jiangsu-2024",
            "fu1",
            [
                "c3 + c4 == c2",
                "(c6 > 0) == (c2 > 0)",
                "(c7 > 0) == (c3 > 0)",
                "c7 + c8 == c6",
                "(c8 > 0) == (c4 > 0)",
                "(c9 > 0) == (c5 > 0)",
                "c10 <= c6",
                "c17 / c2 <= 20",
                "not (c17 > 0) or c2 > 0",
            ],
        ),
        (
            "jiangsu-2024",
            "fu2",
            [
                "c14 + c16 + c18 == c19",
                "(c13 > 0) == (c14 > 0)",
                "(c15 > 0) == (c16 > 0)",
                "(c17 > 0) == (c18 > 0)",
                "(c1 > 0) == (c3 > 0)",
                "(c9 > 0) == (c10 > 0)",
                "c1 + c9 <= fu1.c2",
                "c3 + c10 <= fu1.c6",
            ],
        ),
    ],
)
def test_written_checks_are_queries_with_a_sentence(campaign: str, code: str, rules: list[str]) -> None:
    checks = form(campaign, code)["checks"]
    assert [check["rule"] for check in checks] == rules
    assert {check["class"] for check in checks} == {"query"}
    assert all(check["say"] for check in checks)


@pytest.mark.parametrize(("campaign", "code"), FORMS)
def test_rules_and_doubts_name_existing_columns(campaign: str, code: str) -> None:
    numbers = {
        each["code"]: {indicator["number"] for indicator in each["indicators"]}
        for each in definition(campaign)["forms"]
    }
    found = form(campaign, code)
    for check in found["checks"]:
        for other, number in re.findall(r"(?:(\w+)\.)?\bc(\d+)", check["rule"]):
            assert int(number) in numbers[other or code], check["rule"]
    for doubt in found["doubts"]:
        assert set(doubt) == {"about", "quote", "reading"}
        assert doubt["about"] == "form" or int(doubt["about"][1:]) in numbers[code]


def test_notes_are_numbered_as_printed() -> None:
    assert [note[:2] for note in form("wuhan-2014", "fu1")["notes"]] == ["1．", "2．", "3．"]
    assert [note[:2] for note in form("jiangsu-2024", "fu1")["notes"]] == ["1、", "2、"]
    assert form("wuhan-2014", "fu1")["notes"][2] == (
        "3．“本地企业吸纳农村劳动者就业人数”指在2014年1月至3月期间，本地企业吸纳的劳动者人数。"
    )
    assert form("wuhan-2014", "fu3")["notes"][1] == (
        "2．“自主创业成功女性人数”指在2014年1月至3月期间地级市范围内自主创业成功的妇女劳动者人数"
    )
    assert form("jiangsu-2024", "fu2")["notes"] == [
        "统计数据为累计数，时间节点为1月25日起至报送日，由各设区市统一扎口报送。"
    ]


def test_wuhan_heads_name_the_filling_office() -> None:
    heads = [
        (form["line"], form["subtitle"], form["filled_by"], form["printed_unit"])
        for form in definition("wuhan-2014")["forms"]
    ]
    assert heads == [
        ("hr", "（人力资源社会保障部门）", "____人力资源（社会保障）局", "单位：人"),
        ("union", "（工会组织）", "____总工会", "单位：人"),
        ("women", "（妇联组织）", "____妇联", "单位：人"),
    ]


def test_wuhan_has_sixteen_units_in_each_line_below_the_office() -> None:
    found = units("wuhan-2014")
    assert len(found) == 49
    assert Counter((unit["level"], unit["line"], unit["reports"]) for unit in found) == {
        ("office", "", "0"): 1,
        ("prefecture", "hr", "1"): 1,
        ("prefecture", "union", "1"): 1,
        ("prefecture", "women", "1"): 1,
        ("county", "hr", "1"): 15,
        ("county", "union", "1"): 15,
        ("county", "women", "1"): 15,
    }


def test_wuhan_districts_stand_in_registry_order_line_by_line() -> None:
    districts = [
        *("江岸区", "江汉区", "硚口区", "汉阳区", "武昌区", "青山区", "洪山区", "东西湖区", "汉南区"),
        *("蔡甸区", "江夏区", "黄陂区", "新洲区", "东湖高新区", "武汉经济开发区"),
    ]
    found = [unit for unit in units("wuhan-2014") if unit["level"] == "county"]
    assert [unit["short"] for unit in found] == districts * 3
    assert [unit["parent"] for unit in found] == (
        ["420100-hr"] * 15 + ["420100-union"] * 15 + ["420100-women"] * 15
    )
    assert [(found[at]["code"], found[at]["name"]) for at in (1, 16, 31, 14)] == [
        ("420103-hr", "江汉区人力资源（社会保障）局"),
        ("420103-union", "江汉区总工会"),
        ("420103-women", "江汉区妇联"),
        ("4201KF-hr", "武汉经济开发区人力资源（社会保障）局"),
    ]


def test_a_jiangsu_form_is_owed_by_108_units() -> None:
    found = units("jiangsu-2024")
    assert Counter((unit["level"], unit["reports"]) for unit in found) == {
        ("province", "0"): 1,
        ("prefecture", "1"): 13,
        ("county", "1"): 95,
    }
    assert {unit["line"] for unit in found} == {""}


def test_jiangsu_cities_have_their_counties_below_them() -> None:
    counties = Counter(unit["parent"] for unit in units("jiangsu-2024") if unit["level"] == "county")
    assert counties == {
        "320100": 11,
        "320200": 7,
        "320300": 10,
        "320400": 6,
        "320500": 9,
        "320600": 7,
        "320700": 6,
        "320800": 7,
        "320900": 9,
        "321000": 6,
        "321100": 6,
        "321200": 6,
        "321300": 5,
    }


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_codes_are_unique_and_parents_stand_before_their_children(campaign: str) -> None:
    seen: set[str] = set()
    for unit in units(campaign):
        assert unit["code"] not in seen
        assert unit["parent"] in seen or not seen
        seen.add(unit["code"])


def test_dates_and_hours_of_the_calendars() -> None:
    wuhan, jiangsu = definition("wuhan-2014"), definition("jiangsu-2024")
    assert (wuhan["starts"], wuhan["ends"], wuhan["counts_from"]) == (
        date(2014, 1, 21),
        date(2014, 3, 31),
        date(2014, 1, 1),
    )
    assert wuhan["reporting"]["extra"] == [{"ends": date(2014, 3, 31), "due": date(2014, 4, 5)}]
    assert (jiangsu["starts"], jiangsu["ends"]) == (date(2024, 1, 25), date(2024, 4, 8))
    assert jiangsu["reporting"]["extra"] == [
        {"ends": date(2024, 4, 8), "due": date(2024, 4, 10), "title": "收官数据"}
    ]
    assert {wuhan["reporting"]["due_time"], jiangsu["reporting"]["due_time"]} == {"17:30"}


def test_text_duties_of_the_notices() -> None:
    duties = {
        campaign: [
            (text["kind"], text["each"], text.get("line"), text.get("due"), text.get("each_period", False))
            for text in definition(campaign)["texts"]
        ]
        for campaign in CAMPAIGNS
    }
    assert duties["wuhan-2014"] == [
        ("progress", "reporter", None, None, True),
        ("summary", "reporter", None, date(2014, 4, 5), False),
        ("plan", "county", "hr", None, False),
        ("progress", "office", None, None, False),
        ("event", "office", None, date(2014, 4, 30), False),
    ]
    assert duties["jiangsu-2024"] == [
        ("contact", "prefecture", None, date(2024, 1, 26), False),
        ("case", "prefecture", None, None, True),
        ("summary", "prefecture", None, date(2024, 2, 29), False),
        ("summary", "prefecture", None, date(2024, 4, 10), False),
    ]


def test_targets_of_the_notices() -> None:
    targets = [
        (target["form"], target["indicator"], target["at_least"], target["over"], target.get("each"))
        for campaign in CAMPAIGNS
        for target in definition(campaign)["targets"]
    ]
    assert targets == [
        ("fu1", 2, 244, "campaign", None),
        ("fu1", 6, 1_000_000, "campaign", None),
        ("fu1", 2, 3, "week", "county"),
    ]


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_yaml_holds_no_value_that_only_yaml_1_1_misreads(campaign: str) -> None:
    text = (FIXTURES / campaign / "campaign.yaml").read_text(encoding="utf-8")
    # yes/no/on/off as booleans, 17:30 as a number in base sixty.
    assert not re.search(
        r"[:,\[{-] +(yes|no|on|off|y|n|\d+:\d+)\s*([,\]}#]|$)", text, re.IGNORECASE | re.MULTILINE
    )
