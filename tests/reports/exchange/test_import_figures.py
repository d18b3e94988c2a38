"""The import of figures from a CSV file: all or nothing, through the checks of the pages."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign, ReportForm
from reports import lifecycle
from reports.entry import drafts
from reports.exchange import importing
from reports.models import Explanation, Figure, FigureChange, Submission, SubmissionEvent
from reports.rollup import roll_up
from tests.factories import make_campaign, make_form, make_place, make_submission, make_user, period_of

pytestmark = pytest.mark.django_db

HEADER = "unit,period,1,2,3"
REASON = "春节后集中举办三场招聘会"


@dataclass
class World:
    """Two counties under a city; 1 persons, 2 the women among them, 3 money; 1 is at least ten times 3."""

    campaign: Campaign
    form: ReportForm
    folder: object

    def load(self, *rows, header=HEADER, encoding="utf-8", **options):
        text = "\n".join([header, *rows]) + "\n"
        path = self.folder / "figures.csv"
        path.write_bytes(text.encode(encoding))
        call_command("import_figures", self.campaign.code, self.form.code, str(path), **options)

    def refused(self, *rows, **options):
        """The sentences with which an import is refused; nothing of it may stay."""
        before = stored()
        with pytest.raises(CommandError) as error:
            self.load(*rows, **options)
        assert error.value.returncode == 1
        assert stored() == before
        return str(error.value).splitlines()

    def report(self, unit, number):
        return Submission.objects.get(unit__code=unit, period=period_of(self.campaign, number))


def stored():
    models = (Submission, Figure, FigureChange, Explanation, SubmissionEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


def figures_of(submission):
    return dict(submission.figures.values_list("indicator__number", "value"))


@pytest.fixture
def world(tmp_path):
    campaign = make_campaign()
    form = make_form(
        campaign,
        title="统计表",
        indicators=[{}, {"of": 1}, {"unit_of_measure": "万元", "decimals": 2}],
        rules=[("c1 >= 10 * c3", "query")],
    )
    city = make_place(campaign, "3201", level="prefecture", reports=False, name="某市")
    for code, name in (("320102", "玄武区"), ("320104", "秦淮区")):
        make_place(campaign, code, parent=city, name=name)
    return World(campaign, form, tmp_path)


def test_drafts_hold_the_figures_and_their_trail_as_imported(world, capsys):
    world.load('320102,2024-01-26,"1,200",500,88.5', "320104,2024-01-26,0,,", "")
    first, second = world.report("320102", 1), world.report("320104", 1)
    assert (first.status, second.status) == ("draft", "draft")
    assert figures_of(first) == {1: 1200, 2: 500, 3: Decimal("88.50")}
    # Blank is not zero.
    assert figures_of(second) == {1: 0}
    assert first.changed_at is not None
    assert set(FigureChange.objects.values_list("actor", "old")) == {(None, None)}
    assert SubmissionEvent.objects.count() == 0
    assert "2 份（2 个单位，1 期，4 个数字），状态：草稿" in capsys.readouterr().out


def test_an_import_may_fill_a_draft_again_and_empties_what_is_blank_now(world):
    draft = drafts.open_draft(world.form, make_unit(world), period_of(world.campaign, 1))
    drafts.save_figures(draft, {1: "5", 2: "12万", 3: "0.3"}, seen=None, by=None)
    world.load("320102,2024-01-26,7,,0.30")
    assert figures_of(draft) == {1: 7, 3: Decimal("0.30")}
    assert not draft.refused_entries.exists()
    changes = draft.changes.filter(indicator__number=1).values_list("old", "new")
    assert list(changes) == [(None, 5), (5, 7)]
    world.load("320102,2024-01-26,,3,0.30")
    assert figures_of(draft) == {1: None, 2: 3, 3: Decimal("0.30")}


def make_unit(world):
    return world.campaign.places.get(unit__code="320102").unit


def test_a_draft_begun_by_an_import_takes_the_sign_off_line_of_the_report_before(world):
    make_submission(
        world.form, make_unit(world), period_of(world.campaign, 1), {1: 5}, prepared_by="甲", phone="000-1"
    )
    world.load("320102,2024-02-02,7,,", "320104,2024-02-02,7,,")
    assert (world.report("320102", 2).prepared_by, world.report("320102", 2).phone) == ("甲", "000-1")
    assert world.report("320104", 2).prepared_by == ""


def test_accepted_reports_count_at_once_and_their_trail_says_import(world):
    world.load("320102,2024-01-26,40,20,", "320104,2024-01-26,50,,", state="accepted")
    period = period_of(world.campaign, 1)
    total = roll_up(world.form, period, world.campaign.places.get(unit__code="3201").unit).total
    assert (total[1], total[2], total[3]) == (90, 20, None)
    report = world.report("320102", 1)
    assert report.accepted_at is not None
    events = report.events.values_list("move", "actor", "actor_name", "receipt")
    receipt = "SPRING-FU1-01-320102-1"
    assert list(events) == [
        ("submitted", None, "导入", receipt),
        ("accepted", None, "导入", receipt),
    ]
    sent, accepted = report.events.all()
    assert sent.snapshot["figures"] == accepted.snapshot["figures"] == {"1": "40", "2": "20", "3": None}
    assert sent.checksum == accepted.checksum == lifecycle.checksum(report)


def test_submitted_reports_wait_for_their_coordinator(world):
    coordinator = make_user("city", unit=world.campaign.places.get(unit__code="3201"), role="coordinator")
    world.load("320102,2024-01-26,40,20,", state="submitted")
    report = world.report("320102", 1)
    assert (report.status, report.accepted_at, report.submitted_by) == ("submitted", None, None)
    lifecycle.accept(report, by=coordinator)
    assert world.report("320102", 1).status == "accepted"


def test_an_import_sends_what_sending_one_by_one_sends(world):
    """A batch is the single move many times: the same columns, the same trail."""
    kept = {}
    for code in ("320102", "320104"):
        make_submission(world.form, unit_of(world, code), period_of(world.campaign, 1), {1: 90, 3: 5})
    row = "2024-02-02,80,20,5,2024-02-02T16:00"
    header = HEADER + ",submitted_at"
    world.load(f"320102,{row}", header=header, state="accepted", allow_queries=REASON)
    at = datetime(2024, 2, 2, 8, tzinfo=UTC)
    single = drafts.open_draft(world.form, unit_of(world, "320104"), period_of(world.campaign, 2))
    drafts.save_figures(single, {1: "80", 2: "20", 3: "5"}, seen=None, by=None)
    drafts.save_explanations(single, {"fall:1": REASON}, by=None)
    lifecycle.submit(single, by=None, at=at)
    lifecycle.accept(single, by=None)
    for code in ("320102", "320104"):
        report = world.report(code, 2)
        events = [
            (event.move, event.comment, event.cells, event.snapshot | {"unit": ""})
            for event in report.events.all()
        ]
        kept[code] = (report.status, report.first_submitted_at, report.submitted_at, events)
    assert kept["320102"] == kept["320104"]
    assert kept["320102"][1:3] == (at, at)


def unit_of(world, code):
    return world.campaign.places.get(unit__code=code).unit


@pytest.mark.parametrize(
    ("submitted_at", "is_late", "first"),
    [
        ("2024-01-26T17:30:00", False, datetime(2024, 1, 26, 9, 30, tzinfo=UTC)),
        ("2024-01-26 17:30:01", True, datetime(2024, 1, 26, 9, 30, 1, tzinfo=UTC)),
        ("2024-01-26T09:30:00Z", False, datetime(2024, 1, 26, 9, 30, tzinfo=UTC)),
        ("2024-01-26T17:30:00+00:00", True, datetime(2024, 1, 26, 17, 30, tzinfo=UTC)),
        ("", None, None),
    ],
)
def test_whether_an_imported_report_is_on_time_is_told_by_its_column(world, submitted_at, is_late, first):
    header = HEADER + ",submitted_at"
    world.load(f"320102,2024-01-26,40,20,,{submitted_at}", header=header, state="submitted")
    report = world.report("320102", 1)
    assert (report.first_submitted_at, report.is_late) == (first, is_late)
    assert report.submitted_at is not None


def test_without_the_column_it_is_unknown_whether_a_report_is_on_time(world):
    world.load("320102,2024-01-26,40,20,", state="accepted")
    assert world.report("320102", 1).is_late is None


def test_a_draft_keeps_no_time_of_submission_and_the_import_says_so(world, capsys):
    header = HEADER + ",submitted_at"
    world.load("320102,2024-01-26,40,20,,2024-01-26T10:00", header=header)
    assert world.report("320102", 1).submitted_at is None
    assert "submitted_at 列有 1 份写了上报时间，导入为草稿不保留" in capsys.readouterr().err
    world.load("320102,2024-02-02,40,20,,", header=header)
    assert capsys.readouterr().err == ""


def test_one_bad_cell_imports_nothing_and_every_bad_cell_is_named(world):
    said = world.refused(
        "320102,2024-01-26,12万,20,",
        "320102,2024-02-02,50,-1,1.234",
        "320104,2024-01-26,40,20,",
    )
    assert said == [
        "3 处不合要求，全部没有导入：",
        "第 2 行，1 列：请填写完整数字 120000，不要带“万”。",
        "第 3 行，2 列：不能为负数，请填写 0 或大于 0 的数字。",
        "第 3 行，3 列：最多保留两位小数，例如 1.23。",
    ]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("320199,2024-01-26,1,,", "第 2 行，unit 列：没有代码为“320199”的单位，请填本活动单位表里的代码。"),
        ("玄武区,2024-01-26,1,,", "第 2 行，unit 列：“玄武区”是名称，请填单位代码 320102。"),
        (",2024-01-26,1,,", "第 2 行，unit 列：没有填单位，请填单位代码。"),
        (
            "320102,2024-01-27,1,,",
            "第 2 行，period 列：“2024-01-27”不是本活动报告期的截止日期，可以写的有：2024-01-26、2024-02-02、2024-02-09。",
        ),
        (
            "320102,20240126,1,,",
            "第 2 行，period 列：“20240126”不是日期，请写成 2024-02-09 这样的格式。",
        ),
        (
            "3201,2024-01-26,1,,",
            "第 2 行：某市在第1期不填报“统计表”，请核对单位代码和报表。",
        ),
        (
            "320102,2024-01-26,,,",
            "第 2 行：一个数字都没有填；与上期相同请写出各列的数字，没有报送请删去这一行。",
        ),
        ("320102,2024/1/26,1,,", "第 2 行，period 列：“2024/1/26”不是日期，请写成 2024-02-09 这样的格式。"),
        ("320102,2024-01-26,1", "第 2 行：这一行有 3 格，表头有 5 列，请对齐。"),
        ("320102,2024-01-26,1,,,7", "第 2 行：这一行有 6 格，表头有 5 列，请对齐。"),
    ],
)
def test_a_row_that_names_no_report_is_refused_with_the_remedy(world, row, sentence):
    assert world.refused(row)[1:] == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("٢٠٢٤-01-26T10:00", "“٢٠٢٤-01-26T10:00”不是时间，请写成 2024-02-09T16:30:00 这样的格式。"),
        ("昨天", "“昨天”不是时间，请写成 2024-02-09T16:30:00 这样的格式。"),
        ("2024-01-26", "“2024-01-26”不是时间，请写成 2024-02-09T16:30:00 这样的格式。"),
        ("2024-01-26T25:00", "“2024-01-26T25:00”不是时间，请写成 2024-02-09T16:30:00 这样的格式。"),
        ("2024-02-02T12:00", "上报时间 2024-02-02T12:00 还没有到，请核对。"),
        ("2024-01-24T12:00", "上报时间 2024-01-24T12:00 早于第1期的第一天 2024-01-25，请核对。"),
    ],
)
def test_a_time_that_cannot_be_is_refused(world, text, sentence):
    with time_machine.travel(datetime(2024, 2, 1, 12, tzinfo=UTC), tick=False):
        said = world.refused(f"320102,2024-01-26,1,,,{text}", header=HEADER + ",submitted_at")
    assert said[1:] == [f"第 2 行，submitted_at 列：{sentence}"]


def test_the_bad_cells_of_a_row_that_names_no_report_are_named_too(world):
    said = world.refused("320199,2024-01-26,约5,,1.5万")
    assert [sentence.split("：")[0] for sentence in said[1:]] == [
        "第 2 行，unit 列",
        "第 2 行，1 列",
        "第 2 行，3 列",
    ]


def test_a_unit_twice_in_one_period_is_refused(world):
    said = world.refused("320102,2024-01-26,1,,", "320102,2024-02-02,2,,", "320102,2024-01-26,3,,")
    assert said[1:] == ["第 4 行：玄武区第1期在第 2 行已经写过，请只留一行。"]


@pytest.mark.parametrize(("opens", "closes"), [(date(2024, 2, 3), None), (None, date(2024, 2, 1))])
def test_a_unit_that_owes_nothing_in_a_period_is_refused_there(world, opens, closes):
    make_place(world.campaign, "320106", name="鼓楼区", opens=opens, closes=closes, after_close="keep")
    said = world.refused("320106,2024-02-02,1,,")
    assert said[1:] == ["第 2 行：鼓楼区在第2期不是本活动的填报单位，请核对单位代码和报告期。"]


def test_a_unit_of_another_line_is_refused(world):
    make_place(world.campaign, "320102-union", name="玄武区总工会", line="union")
    world.form.line = "hr"
    world.form.save()
    said = world.refused("320102-union,2024-01-26,1,,")
    assert said[1:] == ["第 2 行：玄武区总工会在第1期不填报“统计表”，请核对单位代码和报表。"]


def test_a_period_that_has_not_begun_and_a_closed_campaign_take_no_figures(world):
    with time_machine.travel(datetime(2024, 1, 30, 4, tzinfo=UTC), tick=False):
        assert "现在还不能填报" in world.refused("320102,2024-02-09,1,,")[1]
    world.campaign.closed_at = datetime(2024, 4, 1, tzinfo=UTC)
    world.campaign.save()
    assert "专项活动已关闭" in world.refused("320102,2024-01-26,1,,")[1]


@pytest.mark.parametrize(
    ("status", "label"), [("submitted", "待审"), ("returned", "被退回"), ("accepted", "已通过")]
)
def test_a_report_that_is_no_draft_is_not_touched(world, status, label):
    make_submission(world.form, make_unit(world), period_of(world.campaign, 1), {1: 5}, status=status)
    said = world.refused("320102,2024-01-26,7,,", "320104,2024-01-26,7,,")
    assert said[1:] == [
        f"第 2 行：玄武区第1期的报表已存在且状态是“{label}”，导入只能写草稿；如需更正请在页面上退回后修改。"
    ]


@pytest.mark.parametrize(
    ("header", "sentences"),
    [
        (
            "unit,period,1,2",
            ["第 1 行：缺少列 3；“统计表”的列是 unit、period 和指标序号 1—3。"],
        ),
        (
            "Unit,period,1,2,3,4,",
            [
                "第 1 行：缺少列 unit；“统计表”的列是 unit、period 和指标序号 1—3。",
                "第 1 行：列“Unit”不认识；是不是想写 unit？",
                "第 1 行：列“4”不认识；可以写的有：unit、period、1、2、3、submitted_at。",
                "第 1 行：第 7 列没有列名，请补上或删去这一列。",
            ],
        ),
        ("unit,period,1,2,3,2", ["第 1 行：列 2 出现了 2 次，请只留一列。"]),
        ("unit;period;1;2;3", ["第 1 行：列之间请用英文逗号分隔。"]),
    ],
)
def test_columns_that_are_missing_unknown_or_repeated_are_named(world, header, sentences):
    assert world.refused("320102,2024-01-26,1,,", header=header)[1:] == sentences


def test_columns_may_stand_in_any_order(world):
    world.load("2,2024-01-26,9,320102,", header="2,period,1,unit,3")
    assert figures_of(world.report("320102", 1)) == {1: 9, 2: 2}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_offices_own_encodings_are_read(world, encoding):
    make_place(world.campaign, "县320106", name="鼓楼区")
    world.load("县320106,2024-01-26,１２,,", encoding=encoding)
    assert figures_of(world.report("县320106", 1)) == {1: 12}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "文件是空的，第一行应是列名：unit,period,1,2,…"),
        (HEADER.encode(), "文件里没有数据，请在表头下每行写一个单位的一期报表。"),
        (HEADER.encode("utf-16"), "文件是 UTF-16 编码，请另存为“CSV UTF-8（逗号分隔）”后再导入。"),
        (b"PK\x03\x04....", "文件是 Excel 工作簿，不是 CSV，请另存为“CSV UTF-8（逗号分隔）”后再导入。"),
        (b"unit,\xff\xff", "文字编码不是 UTF-8，也不是 GB18030，请另存为“CSV UTF-8（逗号分隔）”后再导入。"),
        (HEADER.encode() + b'\n"320102', "第 2 行：CSV 格式有误，请检查英文双引号是否配对。"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_with_the_remedy(world, data, sentence):
    path = world.folder / "bad.csv"
    path.write_bytes(data)
    with pytest.raises(CommandError) as error:
        call_command("import_figures", "spring", "fu1", str(path))
    assert str(error.value).splitlines()[1:] == [sentence]


@pytest.mark.parametrize(
    ("campaign", "form", "file", "sentence"),
    [
        ("autumn", "fu1", "figures.csv", "没有代码为“autumn”的活动，请核对。已有的活动：spring。"),
        (
            "spring",
            "fu9",
            "figures.csv",
            "某市2024年春风行动没有代码为“fu9”的报表，请核对。已有的报表：fu1。",
        ),
        ("spring", "fu1", "none.csv", "文件 none.csv 不能读取，请检查路径和权限。"),
    ],
)
def test_what_is_not_there_is_named(world, campaign, form, file, sentence):
    with pytest.raises(CommandError) as error:
        call_command("import_figures", campaign, form, file)
    assert str(error.value) == sentence


def test_fatal_findings_refuse_a_report_that_is_sent_but_not_a_draft(world):
    row = "320102,2024-01-26,40,41,"
    said = world.refused(row, state="submitted", allow_queries=REASON)
    assert said[1:] == ["第 2 行，2、1 列：2 指标2 (41) 不能大于 1 指标1 (40)。"]
    world.load(row)
    assert world.report("320102", 1).status == "draft"


def test_queries_refuse_unless_they_are_explained_and_the_reason_travels_with_the_figures(world, capsys):
    row = "320102,2024-01-26,40,,5"
    said = world.refused(row, state="accepted")
    assert said[1:] == [
        "第 2 行，1、3 列：应满足：1 指标1 (40) 不小于 10 × 3 指标3 (5.00)。"
        "请核对；数字无误的，用 --allow-queries 写明核实说明。"
    ]
    world.load(row, state="accepted", allow_queries=REASON)
    report = world.report("320102", 1)
    assert report.status == "accepted"
    assert list(report.explanations.values_list("text", "author")) == [(REASON, None)]
    [accepted] = report.events.filter(move="accepted")
    assert [kept["text"] for kept in accepted.snapshot["explanations"]] == [REASON]
    assert f"1 处核实性问题的说明：{REASON}" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["属实", "核实无误", "12345678"])
def test_the_common_reason_must_be_a_reason(world, text):
    [said] = world.refused("320102,2024-01-26,40,,5", state="accepted", allow_queries=text)
    assert said.startswith("--allow-queries：")


def test_later_periods_are_compared_with_earlier_ones_whatever_the_order_of_the_rows(world):
    said = world.refused("320102,2024-02-02,30,,", "320102,2024-01-26,40,,", state="submitted")
    assert said[1:] == [
        "第 2 行，1 列：1 指标1：40 → 30，比上期少 10。请核对；数字无误的，用 --allow-queries 写明核实说明。"
    ]
    world.load("320102,2024-02-02,40,,", "320102,2024-01-26,30,,", state="submitted")
    assert world.report("320102", 2).status == "submitted"


def test_every_query_of_a_series_is_listed_at_once_each_against_the_row_before(world):
    said = world.refused(
        "320102,2024-01-26,40,,5", "320102,2024-02-02,60,,5", "320102,2024-02-09,59,,5", state="accepted"
    )
    assert [sentence.split("：")[0] for sentence in said[1:]] == ["第 2 行，1、3 列", "第 4 行，1 列"]
    assert "60 → 59" in said[2]


def test_after_a_row_that_cannot_be_read_only_what_is_fatal_is_said_of_the_unit(world):
    """A fall below a report that would not have been the last one is no finding."""
    said = world.refused(
        "320102,2024-01-26,40,,",
        "320102,2024-02-02,约30,,",
        "320102,2024-02-09,35,36,",
        "320104,2024-01-26,40,,",
        "320104,2024-02-02,30,,",
        state="submitted",
    )
    assert [sentence.split("：")[0] for sentence in said[1:]] == [
        "第 3 行，1 列",
        "第 4 行，2、1 列",
        "第 6 行，1 列",
    ]


def test_an_import_takes_as_many_statements_for_many_units_as_for_few(world):
    def statements(*codes):
        for code in codes:
            make_place(world.campaign, code)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            rows = [f"{code},{day},40,20," for code in codes for day in ("2024-01-26", "2024-02-02")]
            world.load(*rows, state="accepted")
        return len(queries)

    assert statements("1") == statements(*map(str, range(2, 12)))


def test_a_period_with_more_units_than_fit_one_batch_is_imported_whole(world, monkeypatch):
    monkeypatch.setattr(importing, "_BATCH", 1)
    world.load("320102,2024-01-26,40,20,", "320104,2024-01-26,50,,", state="accepted")
    assert Submission.objects.accepted().count() == 2


def test_a_state_that_there_is_not_is_refused_with_a_sentence(world):
    with pytest.raises(CommandError, match="请改用 draft、submitted、accepted 之一"):
        world.load("320102,2024-01-26,40,20,", state="approved")
    assert not Submission.objects.exists()
