"""Header trees: the five official forms cell by cell, and each rule of `group` in a case of its own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from campaigns.header import Band, Column, Header, build_header

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"

Cell = tuple[str, int, int, int]  # text, column (0 = stub), rowspan, colspan


def official_header(campaign: str, code: str) -> Header:
    text = (FIXTURES / campaign / "campaign.yaml").read_text(encoding="utf-8")
    [form] = [form for form in yaml.safe_load(text)["forms"] if form["code"] == code]
    return build_header(
        [column(**indicator) for indicator in form["indicators"]],
        layout=form["layout"],
        bands=form.get("bands"),
        print_units=form.get("print_units"),
    )


def column(number: int, label: str = "", group: Any = None, **keys: Any) -> Column:
    """Return a column from the keys of an indicator in a definition."""
    return Column(
        number=number,
        label=label or f"列{number}",
        unit=keys.get("unit", ""),
        group=group if group is None else (group,) if isinstance(group, str) else tuple(group),
        lines=tuple(keys.get("lines", ())),
        confirmed=keys.get("confirmed", True),
        decimals=keys.get("decimals", 0),
    )


def columns(*groups: Any) -> list[Column]:
    return [column(number, group=group) for number, group in enumerate(groups, start=1)]


def grid(band: Band) -> list[list[Cell]]:
    return [[(cell.text, cell.column, cell.rowspan, cell.colspan) for cell in row] for row in band.rows]


def covered(band: Band) -> list[tuple[int, int]]:
    return sorted(
        (row, column)
        for cells in band.rows
        for cell in cells
        for row in range(cell.row, cell.row + cell.rowspan)
        for column in range(cell.column, cell.column + cell.colspan)
    )


# Expected by hand from the notices: a label spans both rows, a blank box stands above each 其中.
WUHAN_FU1 = [
    [
        ("", 0, 2, 1),
        ("发放春风卡等宣传资料份数", 1, 2, 1),
        ("组织专场招聘活动次数", 2, 2, 1),
        ("提供免费服务人数", 3, 2, 1),
        ("", 4, 1, 1),
        ("本地企业吸纳农村劳动者就业人数", 5, 2, 1),
        ("", 6, 1, 1),
        ("跨地区有组织劳务输出成功人数", 7, 2, 1),
        ("", 8, 1, 1),
        ("接受创业服务人数", 9, 2, 1),
        ("", 10, 1, 1),
        ("组织参加职业技能培训人数", 11, 2, 1),
        ("", 12, 1, 1),
        ("", 13, 1, 1),
        ("", 14, 1, 1),
        ("提供劳动维权服务和法律援助人数", 15, 2, 1),
        ("", 16, 1, 1),
        ("推荐用工规范诚信企业个数", 17, 2, 1),
        ("推荐诚信服务机构个数", 18, 2, 1),
    ],
    [
        ("其中：女性人数", 4, 1, 1),
        ("其中：女性人数", 6, 1, 1),
        ("其中：女性人数", 8, 1, 1),
        ("其中：女性人数", 10, 1, 1),
        ("其中：女性人数", 12, 1, 1),
        ("其中：参加创业培训人数", 13, 1, 1),
        ("其中：享受培训补贴人数", 14, 1, 1),
        ("其中：女性人数", 16, 1, 1),
    ],
]
WUHAN_FU2 = [
    [
        ("", 0, 2, 1),
        ("发放宣传资料份数", 1, 2, 1),
        ("组织专场招聘会次数", 2, 2, 1),
        ("提供免费服务人数", 3, 2, 1),
        ("跨地区有组织劳务输出人数", 4, 2, 1),
        ("成功介绍农村劳动者就业人数", 5, 2, 1),
        ("组织参加职业技能培训人数", 6, 2, 1),
        ("", 7, 1, 1),
        ("接受创业服务人数", 8, 2, 1),
        ("组织家政服务培训人数", 9, 2, 1),
        ("提供小额担保贷款金额（万元）", 10, 2, 1),
        ("组织参加创业培训人数", 11, 2, 1),
        ("提供劳动维权服务和法律援助人数", 12, 2, 1),
    ],
    [("其中：享受培训补贴人数", 7, 1, 1)],
]
WUHAN_FU3 = [
    [
        ("", 0, 2, 1),
        ("发放宣传资料份数", 1, 2, 1),
        ("组织专场招聘活动次数", 2, 2, 1),
        ("提供免费服务人数", 3, 2, 1),
        ("成功介绍女性就业人数", 4, 2, 1),
        ("", 5, 1, 1),
        ("跨地区有组织劳务输出女性人数", 6, 2, 1),
        ("组织参加职业技能培训女性人数", 7, 2, 1),
        ("", 8, 1, 1),
        ("参加创业培训女性人数", 9, 2, 1),
        ("", 10, 1, 1),
        ("发放小额担保贷款（万元）", 11, 2, 1),
        ("提供劳动维权服务和法律援助女性人数", 12, 2, 1),
    ],
    [
        ("其中：农村妇女人数", 5, 1, 1),
        ("其中：享受培训补贴人数", 8, 1, 1),
        ("其中：农村妇女人数", 10, 1, 1),
    ],
]
JIANGSU_FU1 = [
    [
        [
            ("项目", 0, 2, 1),
            ("发放宣传资料 (份)", 1, 2, 1),
            ("举办各类招聘活动 (场次)", 2, 2, 1),
            ("其中：", 3, 1, 3),
            ("筹集发布岗位信息数 (个)", 6, 2, 1),
            ("其中：线上招聘岗位 (个)", 7, 2, 1),
            ("其中：线下招聘岗位 (个)", 8, 2, 1),
            ("其中：劳务品牌专场招聘岗位 (个)", 9, 2, 1),
        ],
        [
            ("线上招聘 (场次)", 3, 1, 1),
            ("线下招聘 (场次)", 4, 1, 1),
            ("劳务品牌专场招聘 (场次)", 5, 1, 1),
        ],
    ],
    [
        [
            ("项目", 0, 1, 1),
            ("达成就业意向人数 (人)", 1, 1, 1),
            ("推介创业项目数 (个)", 2, 1, 1),
            ("组织创业导师指导 (人次)", 3, 1, 1),
            ("提供创业场地资源 (个)", 4, 1, 1),
            ("扶持创业人数 (人)", 5, 1, 1),
            ("走访联系重点企业 (家)", 6, 1, 1),
            ("帮助企业送工人数 (人)", 7, 1, 1),
            ("用于开展各类招聘活动使用资金数量 (万元)", 8, 1, 1),
            ("发放各类就业补贴数量 (万元)", 9, 1, 1),
        ],
    ],
]
JIANGSU_FU2 = [
    [
        [
            ("项目", 0, 1, 1),
            ("举办东西部劳务协作专场招聘(场次)", 1, 1, 1),
            ("其中：面向陕西、青海(场次)", 2, 1, 1),
            ("东西部劳务协作专场招聘信息数(个)", 3, 1, 1),
            ("其中：面向陕西、青海(个)", 4, 1, 1),
            ("新签东西部劳务协作协议(份)", 5, 1, 1),
            ("其中：陕西、青海(份)", 6, 1, 1),
            ("新建东西部劳务协作基地(个)", 7, 1, 1),
            ("其中：陕西、青海(个)", 8, 1, 1),
            ("举办南北劳务协作招聘(场次)", 9, 1, 1),
            ("南北劳务协作专场招聘信息数(个)", 10, 1, 1),
        ],
    ],
    [
        [
            ("项目", 0, 2, 1),
            ("新签南北挂钩劳务协作协议(份)", 1, 2, 1),
            ("新建南北挂钩劳务协作基地(个)", 2, 2, 1),
            ("“点对点”服务保障", 3, 1, 6),
            ("合计运输人数(人)", 9, 2, 1),
            ("其中：陕西、青海务工人员(人)", 10, 2, 1),
        ],
        [
            ("包车(辆次)", 3, 1, 1),
            ("包车运输人数(人)", 4, 1, 1),
            ("专列（包车厢）(列次)", 5, 1, 1),
            ("专列（包车厢）运输人数(人)", 6, 1, 1),
            ("包机(架次)", 7, 1, 1),
            ("包机运输人数(人)", 8, 1, 1),
        ],
    ],
]


@pytest.mark.parametrize(
    ("campaign", "code", "expected"),
    [
        ("wuhan-2014", "fu1", [WUHAN_FU1]),
        ("wuhan-2014", "fu2", [WUHAN_FU2]),
        ("wuhan-2014", "fu3", [WUHAN_FU3]),
        ("jiangsu-2024", "fu1", JIANGSU_FU1),
        ("jiangsu-2024", "fu2", JIANGSU_FU2),
    ],
)
def test_official_header_is_drawn_as_issued(
    campaign: str, code: str, expected: list[list[list[Cell]]]
) -> None:
    header = official_header(campaign, code)
    assert [grid(band) for band in header.bands] == expected
    assert [band.depth for band in header.bands] == [len(rows) for rows in expected]


@pytest.mark.parametrize(
    ("campaign", "code", "number_rows", "width"),
    [
        ("wuhan-2014", "fu1", ["甲 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"], 18),
        ("wuhan-2014", "fu2", ["甲 1 2 3 4 5 6 7 8 9 10 11 12"], 12),
        ("wuhan-2014", "fu3", ["甲 1 2 3 4 5 6 7 8 9 10 11 12"], 12),
        ("jiangsu-2024", "fu1", ["序号 1 2 3 4 5 6 7 8 9", "序号 10 11 12 13 14 15 16 17 18"], 9),
        ("jiangsu-2024", "fu2", ["序号 1 2 3 4 5 6 7 8 9 10", "序号 11 12 13 14 15 16 17 18 19 20"], 10),
    ],
)
def test_number_row_of_an_official_form(campaign: str, code: str, number_rows: list[str], width: int) -> None:
    header = official_header(campaign, code)
    assert [" ".join(band.number_row) for band in header.bands] == number_rows
    assert header.width == width


def test_only_the_six_lost_labels_carry_the_mark() -> None:
    header = official_header("jiangsu-2024", "fu2")
    marked = [cell.number for band in header.bands for row in band.rows for cell in row if cell.mark]
    assert marked == [13, 14, 15, 16, 17, 18]
    [lost] = [cell for cell in header.bands[1].rows[1] if cell.number == 13]
    assert lost.mark == "待核实"
    assert lost.text == "包车(辆次)"


def test_paths_name_the_groups_above_a_label() -> None:
    paths = official_header("jiangsu-2024", "fu1").paths()
    assert list(paths) == [1, 2, 6, 7, 8, 9, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    assert paths[2] == ("举办各类招聘活动",)
    assert paths[5] == ("其中：", "劳务品牌专场招聘")
    assert paths[7] == ("其中：线上招聘岗位",)


def test_printed_paths_carry_the_unit() -> None:
    paths = official_header("jiangsu-2024", "fu2").paths(printed=True)
    assert paths[13] == ("“点对点”服务保障", "包车(辆次)")


def test_blank_box_is_no_part_of_a_path() -> None:
    assert official_header("wuhan-2014", "fu1").paths()[14] == ("其中：享受培训补贴人数",)


def test_label_without_group_spans_all_header_rows() -> None:
    [band] = build_header(columns(None, ["甲", "乙"])).bands
    assert band.depth == 3
    assert grid(band) == [
        [("", 0, 3, 1), ("列1", 1, 3, 1), ("甲", 2, 1, 1)],
        [("乙", 2, 1, 1)],
        [("列2", 2, 1, 1)],
    ]


def test_blank_boxes_are_never_shared() -> None:
    [band] = build_header(columns("", "")).bands
    assert grid(band)[0] == [("", 0, 2, 1), ("", 1, 1, 1), ("", 2, 1, 1)]


def test_neighbours_with_the_same_group_share_one_cell() -> None:
    [band] = build_header(columns("甲", "甲", "乙", "甲")).bands
    assert grid(band)[0] == [("", 0, 2, 1), ("甲", 1, 1, 2), ("乙", 3, 1, 1), ("甲", 4, 1, 1)]


def test_group_is_interrupted_by_a_column_without_group() -> None:
    [band] = build_header(columns("甲", None, "甲")).bands
    assert grid(band)[0] == [("", 0, 2, 1), ("甲", 1, 1, 1), ("列2", 2, 2, 1), ("甲", 3, 1, 1)]


def test_group_is_never_shared_across_bands() -> None:
    header = build_header(columns("甲", "甲", "甲"), layout="bands", bands=[2, 1])
    assert [grid(band)[0][1:] for band in header.bands] == [[("甲", 1, 1, 2)], [("甲", 1, 1, 1)]]


def test_second_level_is_shared_only_inside_the_same_first_level_cell() -> None:
    [band] = build_header(columns(["甲", "丙"], ["甲", "丙"], ["乙", "丙"])).bands
    assert grid(band) == [
        [("", 0, 3, 1), ("甲", 1, 1, 2), ("乙", 3, 1, 1)],
        [("丙", 1, 1, 2), ("丙", 3, 1, 1)],
        [("列1", 1, 1, 1), ("列2", 2, 1, 1), ("列3", 3, 1, 1)],
    ]


def test_nothing_is_shared_under_blank_boxes() -> None:
    [band] = build_header(columns(["", "丙"], ["", "丙"])).bands
    assert grid(band)[1] == [("丙", 1, 1, 1), ("丙", 2, 1, 1)]


def test_blank_boxes_inside_a_shared_group_stay_apart() -> None:
    [band] = build_header(columns(["甲", ""], ["甲", ""])).bands
    assert grid(band)[:2] == [[("", 0, 3, 1), ("甲", 1, 1, 2)], [("", 1, 1, 1), ("", 2, 1, 1)]]


def test_label_with_fewer_groups_spans_the_remaining_rows() -> None:
    [band] = build_header(columns("甲", ["甲", "乙"])).bands
    assert grid(band) == [
        [("", 0, 3, 1), ("甲", 1, 1, 2)],
        [("列1", 1, 2, 1), ("乙", 2, 1, 1)],
        [("列2", 2, 1, 1)],
    ]


@pytest.mark.parametrize(
    "groups",
    [
        (None, "", "甲", "甲"),
        ("甲", ["甲", "乙"], ["甲", "乙"], None),
        (["", "丙"], ["甲", ""], ["甲", "", "丁"], ""),
    ],
)
def test_cells_cover_the_header_once_without_gaps(groups: tuple[Any, ...]) -> None:
    [band] = build_header(columns(*groups)).bands
    assert covered(band) == [(row, column) for row in range(band.depth) for column in range(len(groups) + 1)]


def test_unit_is_printed_behind_labels_only() -> None:
    given = [column(1, "包车", group="服务", unit="辆次"), column(2, "其他", group="服务")]
    [band] = build_header(given, layout="bands", print_units="{label} ({unit})").bands
    assert [cell.text for cell in band.rows[0]] == ["项目", "服务"]
    assert [(cell.label, cell.suffix) for cell in band.rows[1]] == [("包车", " (辆次)"), ("其他", "")]


def test_print_units_is_never_a_format_string() -> None:
    given = [column(1, "{unit.__class__}", unit="{label}")]
    [band] = build_header(given, print_units="{label}[{unit}]{unit.__class__}").bands
    assert band.rows[0][1].text == "{unit.__class__}[{label}]{unit.__class__}"


@pytest.mark.parametrize("template", ["({unit})", "({unit}) {label}", "{label}{label}"])
def test_print_units_must_begin_with_the_label(template: str) -> None:
    with pytest.raises(ValueError, match=r"应以 \{label\} 开头"):
        build_header(columns(None), print_units=template)


def test_label_breaks_at_its_lines_or_anywhere() -> None:
    given = [
        column(1, "组织专场招聘活动次数", lines=["组织专场", "招聘活动", "次数"]),
        column(2, "组织专场招聘活动次数"),
    ]
    [band] = build_header(given).bands
    assert [(cell.lines, cell.breaks) for cell in band.rows[0][1:]] == [
        (("组织专场", "招聘活动", "次数"), False),
        (("组织专场招聘活动次数",), True),
    ]


def test_lines_of_an_older_label_are_ignored() -> None:
    [band] = build_header([column(1, "包车趟次", lines=["包车", "辆次"])]).bands
    assert (band.rows[0][1].text, band.rows[0][1].breaks) == ("包车趟次", True)


def test_bands_must_add_up_to_the_number_of_columns() -> None:
    with pytest.raises(ValueError, match=r"bands 各段列数之和（2\+2=4）与指标数（3）不符"):
        build_header(columns(None, None, None), layout="bands", bands=[2, 2])


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"layout": "bands", "bands": [3, 0]}, "每段至少要有一列"),
        ({"layout": "rows", "bands": [2, 1]}, "rows 版式只有一段"),
        ({"layout": "table"}, "版式“table”无效"),
    ],
)
def test_impossible_layout_is_refused_with_a_sentence(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        build_header(columns(None, None, None), **keys)


def test_repeated_number_is_refused() -> None:
    with pytest.raises(ValueError, match="指标序号重复：2"):
        build_header([column(1), column(2), column(2)])


def test_form_without_columns_has_only_its_stub() -> None:
    header = build_header([])
    assert header.width == 0
    assert grid(header.bands[0]) == [[("", 0, 1, 1)]]
