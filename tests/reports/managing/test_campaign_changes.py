"""What coordinators change while a campaign runs: every change is checked, logged, and outlives a reload."""

import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from campaigns import registry
from campaigns.definition import dump, load, read, write
from campaigns.models import Campaign, Doubt, Exemption, Indicator, Target, UnitPlace
from campaigns.places import PlaceError
from chunfeng.accounts.models import Membership
from reports import lifecycle
from reports.entry import drafts
from reports.excel.write import blank_workbook
from reports.managing import changes, place_changes
from reports.managing.changes import ChangeError
from reports.models import CampaignEvent, Extension, Figure, SignOff, Submission
from reports.publishing import editions
from reports.rollup import roll_up
from reports.tasks import State, tasks_of
from tests.campaigns.definitions import SMALL, UNITS, changed, write_definition
from tests.factories import (
    SHANGHAI,
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

COORDINATOR = Membership.Role.COORDINATOR
WHY = "春节假期顺延"


@pytest.fixture
def world():
    """A province P over city A with counties A1 and A2, and city B; periods end 26 January, 2 and 9 February."""
    campaign = make_campaign()
    form = make_form(campaign, indicators=2)
    places = {"P": make_place(campaign, "P", level="province", reports=False)}
    for code, parent in (("A", "P"), ("A1", "A"), ("A2", "A"), ("B", "P")):
        level = "prefecture" if len(code) == 1 else "county"
        places[code] = make_place(campaign, code, parent=places[parent], level=level)
    by = make_user("root", unit=places["P"], role=COORDINATOR, name="苏若宁")
    return {"campaign": campaign, "form": form, "by": by, **places}


def at(month, day, hour=17, minute=30):
    return datetime.combine(date(2024, month, day), time(hour, minute), SHANGHAI)


def log(campaign):
    return [
        (row.kind, row.subject, row.old, row.new, row.reason, row.actor_name)
        for row in CampaignEvent.objects.filter(campaign=campaign).order_by("pk")
    ]


# --- due times ------------------------------------------------------------------------------------


def test_a_moved_due_time_is_logged_with_both_times_and_decides_for_everyone(world):
    period = period_of(world["campaign"], 1)
    sent = make_submission(world["form"], world["A1"], period, {1: 1}, submitted_at=at(1, 27, 9))
    assert sent.is_late
    changes.set_due(period, at(1, 29, 12, 0), by=world["by"], reason=f" {WHY} ")
    sent = Submission.objects.get(pk=sent.pk)
    assert (sent.due_at, sent.is_late) == (at(1, 29, 12, 0), False)
    assert log(world["campaign"]) == [
        ("due", "第1期（截至1月26日）", "2024年1月26日 17:30", "2024年1月29日 12:00", WHY, "苏若宁")
    ]


@pytest.mark.parametrize(
    ("due_at", "reason", "sentence"),
    [
        (at(1, 26), WHY, "本来就是2024年1月26日 17:30"),
        (at(1, 24), WHY, "应在2024年1月25日至"),
        (datetime(2025, 1, 27, 0, 0, tzinfo=SHANGHAI), WHY, "请检查日期"),
        (at(1, 29), " 。", "请写明理由"),
        (at(1, 29), "理" * 201, "理由最多 200 个字，现在有 201 个"),
    ],
)
def test_a_due_time_without_sense_or_reason_is_refused(world, due_at, reason, sentence):
    period = period_of(world["campaign"], 1)
    with pytest.raises(ChangeError, match=sentence):
        changes.set_due(period, due_at, by=world["by"], reason=reason)
    assert period_of(world["campaign"], 1).due_at == at(1, 26)
    assert log(world["campaign"]) == []


# --- 延期 -----------------------------------------------------------------------------------------


def test_an_extension_decides_whether_its_unit_is_late_and_nobody_else(world):
    period = period_of(world["campaign"], 1)
    for code in ("A1", "A2"):
        make_submission(world["form"], world[code], period, {1: 1}, submitted_at=at(1, 29, 10, 0))
    changes.extend(period, [world["A1"].unit], at(1, 29, 10, 0), by=world["by"], reason=WHY)

    def late():
        return {one.unit.code: (one.due_at, one.is_late) for one in Submission.objects.all()}

    assert late() == {"A1": (at(1, 29, 10, 0), False), "A2": (at(1, 26), True)}
    assert log(world["campaign"]) == [
        (
            "extended",
            "第1期（截至1月26日） 单位A1",
            "2024年1月26日 17:30",
            "2024年1月29日 10:00",
            WHY,
            "苏若宁",
        )
    ]
    changes.extend(period, [world["A1"].unit], at(1, 29, 9, 59), by=world["by"], reason=WHY)
    assert late()["A1"] == (at(1, 29, 9, 59), True)
    # Who is due later than the extension with everyone else stays so.
    changes.set_due(period, at(1, 30), by=world["by"], reason=WHY)
    assert late() == {"A1": (at(1, 30), False), "A2": (at(1, 30), False)}


def test_the_clerks_concerned_are_told_of_an_extension_and_of_an_exemption_and_when_it_is_taken_back(world):
    clerk, other = make_user("a1", unit=world["A1"]), make_user("a2", unit=world["A2"])
    period = period_of(world["campaign"], 2)
    changes.extend(period, [world["A1"].unit], at(2, 5), by=world["by"], reason=WHY)
    changes.lift_extension(Extension.objects.get(), by=world["by"], reason="已按时报送")
    changes.exempt(period, [world["A1"].unit], by=world["by"], reason="受灾")
    changes.lift_exemption(Exemption.objects.get(), by=world["by"], reason="已恢复")
    told = clerk.notices.order_by("pk").values_list("title", "text")
    assert list(told) == [
        ("第2期（截至2月2日）延期到2024年2月5日 17:30报送", f"理由：{WHY}"),
        (
            "第2期（截至2月2日）的延期已取消，仍按2024年2月2日 17:30报送",
            "原延期到2024年2月5日 17:30。理由：已按时报送",
        ),
        ("第2期（截至2月2日）免报", "不用报送，汇总沿用上一份已通过的数据。理由：受灾"),
        ("第2期（截至2月2日）不再免报，请于2024年2月2日 17:30前报送", "理由：已恢复"),
    ]
    assert not other.notices.exists()
    changes.exempt(period, None, by=world["by"], reason="全省统一")
    assert other.notices.get().title == "第2期（截至2月2日）免报"


def test_an_extension_moves_the_clerks_task(world):
    clerk = make_user("clerk", unit=world["A1"])
    period = period_of(world["campaign"], 3)
    before = {
        task.period.number: (task.due_at, task.is_overdue) for task in tasks_of(clerk, world["campaign"])
    }
    assert before[3] == (at(2, 9), True)
    tomorrow = timezone.now() + timedelta(days=1)
    Extension.objects.create(
        period=period, unit=world["A1"].unit, due_at=tomorrow, reason=WHY, granted_by=world["by"]
    )
    tasks = {task.period.number: task for task in tasks_of(clerk, world["campaign"])}
    assert (tasks[3].due_at, tasks[3].is_overdue, tasks[3].is_extended) == (tomorrow, False, True)
    assert (tasks[2].due_at, tasks[2].is_overdue, tasks[2].is_extended) == (at(2, 2), True, False)


def test_an_extension_taken_back_leaves_the_period_s_due_time(world):
    period = period_of(world["campaign"], 1)
    changes.extend(period, [world["A1"].unit], at(1, 29), by=world["by"], reason=WHY)
    extension = Extension.objects.get()
    changes.lift_extension(extension, by=world["by"], reason="已恢复正常")
    assert Submission(report_form=world["form"], period=period, unit=world["A1"].unit).due_at == at(1, 26)
    assert log(world["campaign"])[-1] == (
        "extension_lifted",
        "第1期（截至1月26日） 单位A1",
        "2024年1月29日 17:30",
        "2024年1月26日 17:30",
        "已恢复正常",
        "苏若宁",
    )
    with pytest.raises(ChangeError, match="已被取消"):
        changes.lift_extension(extension, by=world["by"], reason="再来一次")


def test_an_extension_for_nobody_or_to_an_earlier_time_is_refused(world):
    period = period_of(world["campaign"], 1)
    with pytest.raises(ChangeError, match="请先勾选要延期的单位"):
        changes.extend(period, [], at(1, 29), by=world["by"], reason=WHY)
    with pytest.raises(ChangeError, match="延期须晚于本期截止时间2024年1月26日 17:30"):
        changes.extend(period, [world["A1"].unit], at(1, 26), by=world["by"], reason=WHY)
    assert not Extension.objects.exists()


def test_a_list_of_reports_knows_due_times_without_a_query_a_row(world):
    period = period_of(world["campaign"], 1)
    for code in ("A", "A1", "A2", "B"):
        make_submission(world["form"], world[code], period, {1: 1})
    changes.extend(period, [world["A2"].unit], at(1, 29), by=world["by"], reason=WHY)
    with CaptureQueriesContext(connection) as captured:
        listed = Submission.objects.visible_to(world["by"]).select_related("period", "unit")
        due = {one.unit.code: one.due_at for one in listed}
    assert due == {"A": at(1, 26), "A1": at(1, 26), "A2": at(1, 29), "B": at(1, 26)}
    assert len(captured) == 4  # memberships, units, their places, reports


# --- 免报 -----------------------------------------------------------------------------------------


def test_an_exempted_unit_owes_nothing_until_it_is_taken_back(world):
    campaign, period = world["campaign"], period_of(world["campaign"], 1)
    changes.exempt(period, [world["A1"].unit, world["A2"].unit], by=world["by"], reason="停工")
    assert roll_up(world["form"], period, world["P"].unit).coverage.expected == 2  # A and B
    assert roll_up(world["form"], period, world["P"].unit).coverage.exempt == 2
    clerk = make_user("clerk", unit=world["A1"])
    assert [task.state for task in tasks_of(clerk, campaign) if task.period == period] == [State.EXEMPT]
    with pytest.raises(ChangeError, match="单位A1在第1期已经免报"):
        changes.exempt(period, [world["B"].unit, world["A1"].unit], by=world["by"], reason="停工")
    changes.lift_exemption(Exemption.objects.get(unit=world["A1"].unit), by=world["by"], reason="复工")
    assert roll_up(world["form"], period, world["P"].unit).coverage.expected == 3
    assert log(campaign) == [
        ("exempted", "第1期（截至1月26日） 单位A1", "", "免报", "停工", "苏若宁"),
        ("exempted", "第1期（截至1月26日） 单位A2", "", "免报", "停工", "苏若宁"),
        ("exemption_lifted", "第1期（截至1月26日） 单位A1", "免报", "", "复工", "苏若宁"),
    ]


def test_a_period_is_let_off_for_every_unit_once(world):
    period = period_of(world["campaign"], 2)
    changes.exempt(period, None, by=world["by"], reason="春节")
    assert roll_up(world["form"], period, world["P"].unit).coverage.expected == 0
    for units in (None, [world["A1"].unit]):
        with pytest.raises(ChangeError, match="第2期已经全部免报"):
            changes.exempt(period, units, by=world["by"], reason="春节")
    with pytest.raises(ChangeError, match="请先勾选免报的单位"):
        changes.exempt(period_of(world["campaign"], 3), [], by=world["by"], reason="春节")
    changes.lift_exemption(Exemption.objects.get(), by=world["by"], reason="照常")
    assert log(world["campaign"])[-1][:4] == ("exemption_lifted", "第2期（截至2月2日） 全部单位", "免报", "")


# --- labels, doubts, targets ----------------------------------------------------------------------


def printed_header(form):
    """The texts of the blank form's workbook, without line breaks."""
    form = type(form).objects.get(pk=form.pk)
    place = form.campaign.places.first()
    sheet = load_workbook(io.BytesIO(blank_workbook(form, place.unit, form.campaign.periods.first()))).active
    return {str(cell.value).replace("\n", "") for row in sheet.iter_rows() for cell in row if cell.value}


def test_a_renamed_label_stands_on_the_form_and_in_the_workbook_and_touches_no_figure(world):
    form = make_form(
        world["campaign"],
        "fu2",
        annex="附件2",
        indicators=[{"label": "包车", "unit_of_measure": "辆次", "lines": ["包", "车"], "confirmed": False}],
    )
    make_submission(form, world["A1"], period_of(world["campaign"], 1), {1: 12})
    changes.name_indicator(form.indicators.get(), " 包车趟次 ", "趟", by=world["by"], reason="经省厅电话核实")
    form = type(form).objects.get(pk=form.pk)
    [cell] = [cell for cell in form.header.bands[0].rows[0] if cell.number == 1]
    assert (cell.label, cell.mark) == ("包车趟次", "")
    assert "包车趟次" in printed_header(form)
    assert "包车" not in printed_header(form)
    assert Figure.objects.get(submission__report_form=form).value == Decimal(12)
    assert form.version == 2
    assert log(world["campaign"]) == [
        ("label", "附件2 第1列", "包车（辆次） 待核实", "包车趟次（趟）", "经省厅电话核实", "苏若宁")
    ]


def test_a_label_is_confirmed_as_it_stands(world):
    form = make_form(
        world["campaign"], "fu2", indicators=[{"label": "包车", "lines": ["包", "车"], "confirmed": False}]
    )
    indicator = form.indicators.get()
    changes.name_indicator(indicator, "包车", "人", by=world["by"], reason="经省厅电话核实")
    indicator.refresh_from_db()
    assert (indicator.label, indicator.lines, indicator.confirmed) == ("包车", ["包", "车"], True)
    # No report has been stored: what nobody has filled is no new version.
    assert type(form).objects.get(pk=form.pk).version == 1
    with pytest.raises(ChangeError, match="列名和计量单位都没有变，而且已经核实"):
        changes.name_indicator(indicator, "包车", "人", by=world["by"], reason="再核实一次")


@pytest.mark.parametrize(
    ("label", "unit", "sentence"),
    [
        (" ", "人", "列名不能为空"),
        ("列" * 101, "人", "列名：最多 100 个字，现有 101 个"),
        ("包\u202e车", "人", "列名：含有不可见的字符"),
        ("包车", "人" * 21, "计量单位：最多 20 个字"),
    ],
)
def test_a_label_that_a_definition_could_not_hold_is_refused(world, label, unit, sentence):
    indicator = world["form"].indicators.first()
    with pytest.raises(ChangeError, match=sentence):
        changes.name_indicator(indicator, label, unit, by=world["by"], reason="核实")
    assert Indicator.objects.get(pk=indicator.pk).label == "指标1"


def test_a_doubt_is_settled_and_opened_again(world):
    doubt = Doubt.objects.create(
        campaign=world["campaign"], position=1, about="c1", quote="（场次）", reading="按“个”填报。"
    )
    changes.settle(doubt, "按“场次”填报。", "省厅2月1日答复。", by=world["by"], reason="电话核实")
    doubt.refresh_from_db()
    assert (doubt.reading, doubt.settled) == ("按“场次”填报。", "省厅2月1日答复。")
    with pytest.raises(ChangeError, match="处理和核实结果都没有变"):
        changes.settle(doubt, "按“场次”填报。", "省厅2月1日答复。", by=world["by"], reason="电话核实")
    with pytest.raises(ChangeError, match="处理不能为空"):
        changes.settle(doubt, " ", "", by=world["by"], reason="电话核实")
    changes.settle(doubt, "按“场次”填报。", "", by=world["by"], reason="答复有误")
    assert log(world["campaign"]) == [
        (
            "doubt",
            "通知：（场次）",
            "按“个”填报。\n待核实",
            "按“场次”填报。\n省厅2月1日答复。",
            "电话核实",
            "苏若宁",
        ),
        (
            "doubt",
            "通知：（场次）",
            "按“场次”填报。\n省厅2月1日答复。",
            "按“场次”填报。\n待核实",
            "答复有误",
            "苏若宁",
        ),
    ]


def test_a_target_is_changed_as_typed(world):
    target = Target.objects.create(
        campaign=world["campaign"],
        position=1,
        indicator=world["form"].indicators.first(),
        at_least=244,
        over="campaign",
        say="全市",
    )
    changes.set_target(target, "1,300.5", "全市合计", by=world["by"], reason="省里加任务")
    target.refresh_from_db()
    assert (target.at_least, target.say) == (Decimal("1300.50"), "全市合计")
    assert log(world["campaign"]) == [
        ("target", "工作情况统计表 第1列 指标1", "≥ 244 全市", "≥ 1300.50 全市合计", "省里加任务", "苏若宁")
    ]
    for text in ("0", "-1", "很多", "", "1.234"):
        with pytest.raises(ChangeError, match="不少于："):
            changes.set_target(target, text, "全市合计", by=world["by"], reason="省里加任务")
    with pytest.raises(ChangeError, match="都没有变"):
        changes.set_target(target, "1300.5", "全市合计", by=world["by"], reason="省里加任务")


# --- reload and dump ------------------------------------------------------------------------------

DEFINITION = changed(
    SMALL,
    (
        "      - {number: 3, label: 资金, unit: 万元}",
        "      - {number: 3, label: 资金, unit: 万元, confirmed: false, lines: [资, 金]}",
    ),
    (
        "    checks:\n      - {rule: c2 <= c1, class: hint}",
        "    doubts: [{about: c3, quote: 资金, reading: 万元}]\n"
        "    checks:\n      - {rule: c2 <= c1, class: hint}",
    ),
)


def test_what_was_changed_here_outlives_a_reload_and_is_in_the_dump(tmp_path):
    folder = write_definition(tmp_path, DEFINITION, UNITS)
    campaign = load(read(folder)).campaign
    by = make_user("root")
    period = campaign.periods.get(number=1)
    due_at = datetime(2025, 2, 10, 12, 0, tzinfo=SHANGHAI)
    changes.set_due(period, due_at, by=by, reason=WHY)
    third = Indicator.objects.get(report_form__campaign=campaign, label="资金")
    changes.name_indicator(third, "补贴资金", "万元", by=by, reason="核实")
    changes.settle(campaign.doubts.get(), "按万元填报", "省厅答复", by=by, reason="核实")
    changes.set_target(campaign.targets.get(), "5", "每市", by=by, reason="加任务")
    places = {place.unit.code: place for place in campaign.places.all()}
    move = place_changes.renaming(places["101"], "甲新区人社局", "甲新区", date(2025, 2, 10))
    place_changes.make(move, by=by, reason="更名")
    close = place_changes.closing(places["102"], date(2025, 2, 14), "keep")
    place_changes.make(close, by=by, reason="撤销")

    def stands(campaign):
        period = campaign.periods.get(number=1)
        [third] = [one for one in campaign.forms.first().columns if one.number == 3]
        doubt, target = campaign.doubts.get(), campaign.targets.get()
        return (
            period.due_at,
            (third.label, third.confirmed),
            (doubt.reading, doubt.settled),
            (target.at_least, target.say),
            [
                (place.unit.code, place.name, str(place.opens), str(place.closes), place.after_close)
                for place in campaign.places.select_related("unit").order_by("position")
            ],
        )

    expected = (
        due_at,
        ("补贴资金", True),
        ("按万元填报", "省厅答复"),
        (Decimal(5), "每市"),
        [
            ("100", "某市人社局", "None", "None", ""),
            ("101", "甲区人社局", "None", "2025-02-09", ""),
            ("101", "甲新区人社局", "2025-02-10", "None", ""),
            ("102", "乙区人社局", "None", "2025-02-14", "keep"),
        ],
    )
    assert stands(campaign) == expected
    again = load(read(folder))
    assert stands(again.campaign) == expected
    assert (again.changes, again.created) == ([], False)
    before = dump(again.campaign)
    write(again.campaign, tmp_path / "dumped")
    Campaign.objects.filter(pk=campaign.pk).update(code="former")
    fresh = load(read(tmp_path / "dumped")).campaign
    assert stands(fresh) == expected
    assert dump(fresh) == before


# --- the tree -------------------------------------------------------------------------------------


def test_a_move_is_shown_with_the_totals_before_and_after_and_leaves_nothing_behind(world):
    # A1 has 40 in period 1 and 50 in period 2, B 7 in period 2. From 1 February A1 stands below B.
    campaign = world["campaign"]
    for code, number, value in (("A1", 1, 40), ("A1", 2, 50), ("B", 2, 7)):
        make_submission(world["form"], world[code], period_of(campaign, number), {1: value})
    rows = list(campaign.places.order_by("pk").values())
    change = place_changes.moving(world["A1"], world["B"], date(2024, 2, 1))
    shown = place_changes.preview(change, at(2, 2, 9))
    assert list(campaign.places.order_by("pk").values()) == rows
    assert log(campaign) == []
    assert [period.number for period in shown.changed] == [2, 3]
    assert [period.number for period in shown.unchanged] == [1]
    figures = {
        (row.period.number, one.name): (
            one.before.coverage.expected,
            one.before.values[1],
            one.after.coverage.expected,
            one.after.values[1],
        )
        for row in shown.shown
        for one in row.differences
    }
    assert figures == {
        (2, "单位A"): (3, 50, 2, None),
        (2, "单位B"): (1, 7, 2, 57),
        (2, "单位P"): (4, 57, 4, 57),
        (3, "单位A"): (3, 50, 2, None),
        (3, "单位B"): (1, 7, 2, 57),
        (3, "单位P"): (4, 57, 4, 57),
    }
    assert [column.number for column in shown.shown[0].changed_columns] == [1]
    place_changes.make(change, by=world["by"], reason="区划调整")
    for number, code, total in ((1, "A", 40), (1, "B", None), (2, "A", None), (2, "B", 57), (3, "B", 57)):
        assert roll_up(world["form"], period_of(campaign, number), world[code].unit).total[1] == total
    assert log(campaign) == [
        ("place_moved", "单位A1（A1）", "上级：单位A", "2024年2月1日起，上级：单位B", "区划调整", "苏若宁")
    ]


def test_a_change_long_after_today_shows_the_first_period_that_it_changes(world):
    make_submission(world["form"], world["A1"], period_of(world["campaign"], 1), {1: 40})
    change = place_changes.closing(world["A1"], date(2024, 2, 5), "stop")
    shown = place_changes.preview(change, at(1, 26, 9))
    assert [period.number for period in shown.changed] == [3]
    assert sorted({row.period.number for row in shown.shown}) == [1, 2, 3]
    last = {one.name: (one.before.values[1], one.after.values[1]) for one in shown.shown[-1].differences}
    assert last == {"单位A": (40, None), "单位P": (40, None)}


def test_keeping_a_closed_unit_s_figures_changes_no_total(world):
    make_submission(world["form"], world["A1"], period_of(world["campaign"], 1), {1: 40})
    change = place_changes.closing(world["A1"], date(2024, 2, 1), "keep")
    shown = place_changes.preview(change, at(2, 9, 9))
    assert (shown.changed, len(shown.unchanged)) == ((), 3)
    place_changes.make(change, by=world["by"], reason="撤销")
    assert roll_up(world["form"], period_of(world["campaign"], 3), world["A"].unit).total[1] == 40


def test_nothing_stops_before_a_report_that_has_been_sent(world):
    for number, status in ((1, "accepted"), (2, "submitted"), (3, "draft")):
        make_submission(
            world["form"], world["A1"], period_of(world["campaign"], number), {1: 4}, status=status
        )
    early = date(2024, 2, 1)
    for change in (
        place_changes.closing(world["A1"], early, "stop"),
        place_changes.merging(world["A1"], world["A2"], early, "stop"),
    ):
        for act in (
            lambda change=change: place_changes.preview(change, at(2, 9)),
            lambda change=change: place_changes.make(change, by=world["by"], reason="并入"),
        ):
            with pytest.raises(PlaceError, match="单位A1已报送截至2024年2月2日的报表"):
                act()
    merging = place_changes.merging(world["A1"], world["A2"], date(2024, 2, 2), "stop")
    place_changes.make(merging, by=world["by"], reason="并入")
    assert log(world["campaign"])[-1][3] == ("2024年2月2日并入单位A2（A2），停止计入（已由接续单位包含）")


def test_a_consolidated_report_that_was_signed_stays_as_it_was(world):
    campaign = world["campaign"]
    signed = SignOff.objects.create(
        unit=world["A"].unit,
        period=period_of(campaign, 2),
        status="signed",
        first_signed_at=at(2, 2),
        signed_at=at(2, 2),
        receipt="X",
    )
    move = place_changes.moving(world["A1"], world["B"], date(2024, 2, 2))
    with pytest.raises(PlaceError, match="单位A的第2期（截至2月2日）已扎口上报"):
        place_changes.preview(move, at(2, 9))
    with pytest.raises(PlaceError, match="请把日期定在2024年2月2日之后"):
        place_changes.make(move, by=world["by"], reason="区划调整")
    # What leaves totals alone, and what holds only afterwards, goes through.
    place_changes.make(
        place_changes.renaming(world["A2"], "甲二局", "甲二", date(2024, 2, 1)), by=world["by"], reason="更名"
    )
    signed.status = "reopened"
    signed.save()
    place_changes.make(move, by=world["by"], reason="区划调整")


def test_the_registry_moves_no_total_that_was_signed_and_nothing_once_the_campaign_is_closed(world):
    campaign = world["campaign"]
    SignOff.objects.create(
        unit=world["A"].unit,
        period=period_of(campaign, 2),
        status="signed",
        first_signed_at=at(2, 2),
        signed_at=at(2, 2),
        receipt="X",
    )

    def row(code, parent, *, name="某局", reports="是", opens=""):
        return {
            "代码": code,
            "名称": name,
            "级别": "县（市、区）",
            "上级代码": parent,
            "填报": reports,
            "启用": opens,
        }

    rows = [
        row("A3", "A", opens="2024-02-03"),
        row("A4", "A", opens="2024-02-02"),
        row("A41", "A4", opens="2024-02-02"),
        row("B1", "B"),
        row("A1", "A", name="更正的名称"),
        row("A2", "A", reports="否"),
    ]

    def refused(*rows):
        planned = registry.plan(campaign, rows)
        assert not planned.mistakes
        with transaction.atomic():
            return place_changes.refused_rows(planned)

    signed = "单位A的第2期（截至2月2日）已扎口上报，汇总数不能再变；请先重新打开扎口。"
    assert refused(*rows) == {1: signed, 2: signed, 5: signed}
    Campaign.objects.update(closed_at=timezone.now())
    closed = "活动已关闭，单位不再变动；如确需变动，请先重新开放活动。"
    assert refused(row("B1", "B"), row("A1", "A", name="更正的名称")) == {0: closed}


def test_a_change_names_what_was_published_of_the_periods_that_it_moves(world):
    campaign = world["campaign"]
    for code, number, value in (("A1", 1, 40), ("A1", 2, 50), ("B", 2, 7)):
        make_submission(world["form"], world[code], period_of(campaign, number), {1: value})
    for code, number in (("A", 1), ("A", 2), ("B", 2)):
        editions.publish(world[code], period_of(campaign, number), by=None)
    move = place_changes.moving(world["A1"], world["B"], date(2024, 2, 1))
    published = place_changes.preview(move, at(2, 2, 9)).published
    # Period 1 ends before the move.
    assert [str(edition) for edition in published] == ["单位A 第2期", "单位B 第2期"]


def test_a_unit_that_is_opened_is_expected_from_its_period_on(world):
    campaign = world["campaign"]
    asked = {"code": "A3", "name": "甲三局", "short": "甲三", "level": "county", "line": "", "reports": True}
    change = place_changes.opening(campaign, world["A"], date(2024, 2, 1), **asked, by=world["by"])
    shown = place_changes.preview(change, at(2, 9))
    assert [period.number for period in shown.changed] == [2, 3]
    assert not UnitPlace.objects.filter(unit__code="A3").exists()
    place_changes.make(change, by=world["by"], reason="新设")
    expected = [
        roll_up(world["form"], period_of(campaign, n), world["A"].unit).coverage.expected for n in (1, 2, 3)
    ]
    assert expected == [3, 4, 4]
    assert log(campaign) == [
        ("place_opened", "甲三局（A3）", "", "2024年2月1日启用，上级：单位A，填报本级数据", "新设", "苏若宁")
    ]


def test_a_closing_taken_back_counts_again(world):
    make_submission(world["form"], world["A1"], period_of(world["campaign"], 1), {1: 40})
    place_changes.make(
        place_changes.closing(world["A1"], date(2024, 2, 1), "stop"), by=world["by"], reason="撤销"
    )
    assert roll_up(world["form"], period_of(world["campaign"], 2), world["A"].unit).total[1] is None
    closed = UnitPlace.objects.get(pk=world["A1"].pk)
    place_changes.make(place_changes.reopening(closed), by=world["by"], reason="弄错了")
    assert roll_up(world["form"], period_of(world["campaign"], 2), world["A"].unit).total[1] == 40
    assert log(world["campaign"])[-1][:4] == (
        "place_reopened",
        "单位A1（A1）",
        "2024年2月1日停用，停止计入（已由接续单位包含）",
        "未停用",
    )


def test_every_kind_of_change_of_the_tree_leaves_one_row_in_the_log(world):
    def now(code):
        return UnitPlace.objects.filter(unit__code=code).order_by("opens").last()

    day = date(2024, 2, 3)
    asked = {"code": "A3", "name": "甲三局", "short": "甲三", "level": "county", "line": "", "reports": True}
    kinds = CampaignEvent.Kind
    changes_made = {
        kinds.PLACE_OPENED: lambda: place_changes.opening(
            world["campaign"], now("A"), day, **asked, by=world["by"]
        ),
        kinds.PLACE_MOVED: lambda: place_changes.moving(now("A1"), now("B"), day),
        kinds.PLACE_RENAMED: lambda: place_changes.renaming(now("A2"), "甲二局", "甲二", None),
        kinds.PLACE_MERGED: lambda: place_changes.merging(now("A3"), now("A2"), day, "stop"),
        kinds.PLACE_CLOSED: lambda: place_changes.closing(now("A2"), day, "keep"),
        kinds.PLACE_REOPENED: lambda: place_changes.reopening(now("A2")),
    }
    for change in changes_made.values():
        place_changes.make(change(), by=world["by"], reason="区划调整")
    rows = log(world["campaign"])
    assert [row[0] for row in rows] == list(changes_made)
    assert set(changes_made) == {kind for kind in kinds if kind.startswith("place_")}
    assert all(new and why == "区划调整" and who == "苏若宁" for _, _, _, new, why, who in rows)


def test_a_preview_locks_no_place_and_adds_up_again_only_what_the_change_touches(world):
    def asked(on):
        with CaptureQueriesContext(connection) as captured:
            place_changes.preview(place_changes.closing(world["A1"], on, "stop"), at(2, 9))
        return [query["sql"] for query in captured]

    # Under the first change the second and the third period are added up, under the second the third alone.
    early, late = asked(date(2024, 1, 26)), asked(date(2024, 2, 5))
    assert len(late) < len(early)
    assert not [sql for sql in early if 'FROM "campaigns_unitplace"' in sql and " FOR " in sql]


def test_a_preview_takes_the_same_queries_however_many_units(world):
    def queries():
        change = place_changes.closing(world["A1"], date(2024, 2, 5), "stop")
        with CaptureQueriesContext(connection) as captured:
            place_changes.preview(change, at(2, 9))
        return len(captured)

    few = queries()
    for number in range(3, 30):
        make_place(world["campaign"], f"A{number}", parent=world["A"])
    assert queries() == few


# --- the end --------------------------------------------------------------------------------------


def test_after_closing_nothing_is_filled_or_sent_until_it_is_opened_again(world):
    campaign, form = world["campaign"], world["form"]
    clerk = make_user("clerk", unit=world["A1"])
    draft = make_submission(form, world["A1"], period_of(campaign, 1), {1: 4, 2: 5}, status="draft")
    sent = make_submission(form, world["A2"], period_of(campaign, 1), {1: 4, 2: 5}, status="submitted")
    changes.close_campaign(campaign, by=world["by"], reason="工作已结束")
    with pytest.raises(lifecycle.TransitionError, match="专项活动已关闭"):
        lifecycle.submit(Submission.objects.get(pk=draft.pk), by=clerk)
    with pytest.raises(drafts.DraftError, match="专项活动已关闭"):
        drafts.open_draft(form, world["A1"].unit, period_of(Campaign.objects.get(), 2))
    with pytest.raises(ChangeError, match="活动已关闭，单位不再变动"):
        place_changes.make(
            place_changes.closing(world["B"], date(2024, 2, 5), "keep"), by=world["by"], reason="撤销"
        )
    # What has been sent may still be accepted, and everything is read.
    lifecycle.accept(Submission.objects.get(pk=sent.pk), by=world["by"])
    assert roll_up(form, period_of(campaign, 1), world["P"].unit).total[1] == 4
    with pytest.raises(ChangeError, match="活动已经关闭"):
        changes.close_campaign(campaign, by=world["by"], reason="再关一次")
    changes.reopen_campaign(campaign, by=world["by"], reason="补报")
    lifecycle.submit(Submission.objects.get(pk=draft.pk), by=clerk)
    with pytest.raises(ChangeError, match="活动没有关闭"):
        changes.reopen_campaign(campaign, by=world["by"], reason="补报")
    assert [(kind, reason) for kind, _, _, _, reason, _ in log(campaign)] == [
        ("closed", "工作已结束"),
        ("reopened", "补报"),
    ]
