"""Loading a definition: all or nothing, as often as one likes, and never over what the portal changed or holds."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from campaigns.definition import DefinitionError, load, read
from campaigns.models import (
    Campaign,
    DayOff,
    Doubt,
    Exemption,
    Indicator,
    ReportForm,
    ReportingPeriod,
    ReportingUnit,
    UnitPlace,
    ValidationRule,
)
from tests.factories import make_submission

from .definitions import FIXTURES, SMALL, UNITS, changed, write_definition

pytestmark = pytest.mark.django_db

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def bring(tmp_path):
    """Return a function that loads the small definition with some texts of its files replaced."""

    def bring(*replacements, units=(), replace=False):
        write_definition(tmp_path, changed(SMALL, *replacements), changed(UNITS, *units))
        return load(read(tmp_path), replace=replace)

    return bring


def due_dates(campaign):
    return {
        (period.ends_on.isoformat(), f"{period.due_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
        for period in campaign.periods.all()
    }


def report(campaign, *, form="fu1", unit="101", period=1, figures=None, **more):
    return make_submission(
        campaign.forms.get(code=form),
        ReportingUnit.objects.get(code=unit),
        campaign.periods.get(number=period),
        {1: 5} if figures is None else figures,
        **more,
    )


def refusal(bring, *replacements, **more):
    with pytest.raises(DefinitionError) as refused:
        bring(*replacements, **more)
    return [str(mistake) for mistake in refused.value.mistakes]


# --- the two campaigns, counted by hand ----------------------------------------------------------------------


def test_wuhan_2014():
    campaign = load(read(FIXTURES / "wuhan-2014")).campaign
    assert due_dates(campaign) == {
        ("2014-01-31", "2014-02-07 17:30"),
        ("2014-02-15", "2014-02-17 17:30"),
        ("2014-02-28", "2014-02-28 17:30"),
        ("2014-03-15", "2014-03-17 17:30"),
        ("2014-03-31", "2014-04-05 17:30"),
    }
    first, second = campaign.periods.all()[:2]
    assert (first.starts_on, second.starts_on) == (date(2014, 1, 21), date(2014, 2, 1))
    assert {form.code: form.indicators.count() for form in campaign.forms.all()} == {
        "fu1": 18,
        "fu2": 12,
        "fu3": 12,
    }
    assert campaign.counts_from == date(2014, 1, 1)
    # An office, three bureaus, three lines of fifteen districts; all but the office report.
    assert campaign.places.count() == 49
    assert campaign.places.filter(reports=True).count() == 48
    assert {line: campaign.places.filter(line=line).count() for line in ("", "hr", "union", "women")} == {
        "": 1, "hr": 16, "union": 16, "women": 16,
    }  # fmt: skip
    women = Indicator.objects.get(report_form__campaign=campaign, report_form__code="fu1", number=4)
    assert (women.parent.number, women.group, women.lines) == (3, [""], ["其中：", "女性人数"])
    loan = Indicator.objects.get(report_form__campaign=campaign, report_form__code="fu2", number=10)
    assert (loan.decimals, loan.slip) == (2, Decimal(100))
    assert campaign.doubts.filter(report_form=None).count() == 6
    [target] = campaign.targets.all()
    assert (target.at_least, target.over, target.each) == (Decimal(244), "campaign", "")


def test_jiangsu_2024():
    campaign = load(read(FIXTURES / "jiangsu-2024")).campaign
    assert campaign.periods.count() == 12
    dates = dict(due_dates(campaign))
    # An ordinary Friday; New Year's Eve is worked; two Fridays on holidays; the closing period.
    assert dates["2024-01-26"] == "2024-01-26 17:30"
    assert dates["2024-02-09"] == "2024-02-09 17:30"
    assert dates["2024-02-16"] == "2024-02-18 17:30"
    assert dates["2024-04-05"] == "2024-04-07 17:30"
    assert dates["2024-04-08"] == "2024-04-10 17:30"
    assert campaign.periods.get(number=12).title == "收官数据"
    levels = {
        level: campaign.places.filter(level=level).count() for level in ("province", "prefecture", "county")
    }
    assert levels == {"province": 1, "prefecture": 13, "county": 95}
    assert campaign.places.filter(reports=True).count() == 108
    assert not campaign.forms.get(code="fu2").indicators.get(number=13).confirmed
    assert campaign.sign_off_by == "prefecture"


@pytest.mark.parametrize("code", ["wuhan-2014", "jiangsu-2024"])
def test_paths_lead_from_the_root_to_every_place(code):
    campaign = load(read(FIXTURES / code)).campaign
    places = {place.pk: place for place in campaign.places.all()}
    for place in places.values():
        above = [place.parent_id] if place.parent_id else []
        while above and places[above[0]].parent_id:
            above.insert(0, places[above[0]].parent_id)
        assert place.ancestor_ids == [*above, place.pk]
    [root] = campaign.places.filter(parent=None)
    assert campaign.places.filter(path__startswith=root.path).count() == len(places)


# --- again ---------------------------------------------------------------------------------------------------


def every_row():
    models = (
        Campaign,
        ReportForm,
        Indicator,
        ValidationRule,
        Doubt,
        ReportingPeriod,
        ReportingUnit,
        UnitPlace,
    )
    return {model: list(model.objects.order_by("pk").values()) for model in models}


@pytest.mark.parametrize("code", ["wuhan-2014", "jiangsu-2024"])
def test_a_second_load_changes_nothing(code):
    load(read(FIXTURES / code))
    before = every_row()
    again = load(read(FIXTURES / code))
    assert (again.created, again.changes, again.kept) == (False, [], [])
    assert every_row() == before
    load(read(FIXTURES / code), replace=True)
    assert every_row() == before


def test_a_second_load_asks_the_same_queries_for_many_units(bring, django_assert_max_num_queries):
    many = "".join(f"{code},区{code},county,100,1,,,\n" for code in range(1000, 1600))
    bring(units=[("102,", many + "102,")])
    with django_assert_max_num_queries(40):
        bring(units=[("102,", many + "102,")])


def test_what_the_file_changes_is_changed_and_told(bring):
    bring()
    loaded = bring(
        ("title: 某市春风行动", "title: 某市2025年春风行动"),
        ("label: 线上", "label: 网上"),
        ("class: hint", "class: query"),
        ("- {number: 3, label: 资金, unit: 万元}", "- {number: 4, label: 岗位, unit: 个}"),
        units=[
            ("甲区人社局", "甲区人力资源局"),
            ("102,乙区人社局,county,100,1", "103,丙区人社局,county,101,0"),
        ],
    )
    assert list(loaded.changes) == [
        "title：“某市春风行动”改为“某市2025年春风行动”",
        "forms[fu1].indicators[3]：删去",
        "forms[fu1].indicators[2].label：“线上”改为“网上”",
        "forms[fu1].indicators[4]：新增",
        "forms[fu1].checks[c2 <= c1].class：“hint”改为“query”",
        "units[102]：删去",
        "units[101].name：“甲区人社局”改为“甲区人力资源局”",
        "units[101].short：“甲区人社局”改为“甲区人力资源局”",
        "units[103]：新增",
    ]
    campaign = loaded.campaign
    assert campaign.title == "某市2025年春风行动"
    assert [(part.number, part.label) for part in campaign.forms.get(code="fu1").columns] == [
        (1, "招聘活动"), (2, "网上"), (4, "岗位"),
    ]  # fmt: skip
    assert [(place.unit.code, place.name, place.reports) for place in campaign.places.all()] == [
        ("100", "某市人社局", True), ("101", "甲区人力资源局", True), ("103", "丙区人社局", False),
    ]  # fmt: skip
    assert campaign.places.get(unit__code="103").ancestor_ids == [
        campaign.places.get(unit__code=code).pk for code in ("100", "101", "103")
    ]


def test_checks_units_and_indicators_may_change_places(bring):
    bring(("- {rule: c2 <= c1, class: hint}", "- {rule: c2 <= c1}\n      - {rule: c3 > 0}"))
    campaign = bring(
        ("- {rule: c2 <= c1, class: hint}", "- {rule: c3 > 0}\n      - {rule: c2 <= c1}"),
        ("- {number: 1, label: 招聘活动, unit: 场次}\n      - {number: 2, label: 线上, unit: 场次, of: 1}",
         "- {number: 2, label: 线上, unit: 场次, of: 1}\n      - {number: 1, label: 招聘活动, unit: 场次}"),
        units=[(UNITS[UNITS.index("101"):], "102,乙区人社局,county,100,1,,,\n101,甲区人社局,county,100,1,,,\n")],
    ).campaign  # fmt: skip
    form = campaign.forms.get(code="fu1")
    assert [rule.rule for rule in form.rules.all()] == ["c3 > 0", "c2 <= c1"]
    assert [indicator.number for indicator in form.columns] == [2, 1, 3]
    assert [place.unit.code for place in campaign.places.all()] == ["100", "102", "101"]


def test_a_new_order_is_told(bring):
    bring()
    rows = UNITS[UNITS.index("101") :].splitlines()
    loaded = bring(units=[("\n".join(rows), "\n".join(reversed(rows)))])
    assert list(loaded.changes) == ["units：改变次序"]


def test_what_the_file_no_longer_has_is_gone(bring):
    campaign = bring().campaign
    bring((SMALL[SMALL.index("targets:") :], ""), ("    checks:\n      - {rule: c1 <= fu1.c1}\n", ""))
    assert not campaign.targets.exists()
    assert not campaign.texts.exists()
    assert not campaign.forms.get(code="fu2").rules.exists()


def test_breaks_of_a_label_go_with_the_label(bring):
    campaign = bring(("label: 线上,", "label: 线上, lines: [线, 上],")).campaign
    bring(("label: 线上", "label: 网上"))
    assert campaign.forms.get(code="fu1").indicators.get(number=2).lines == []


def test_a_subtree_moves_with_its_new_parent(bring):
    inner = "104,街道,county,101,1,,,\n"
    bring(units=[("102,", inner + "102,")])
    campaign = bring(
        units=[("102,", inner + "102,"), ("101,甲区人社局,county,100", "101,甲区人社局,county,102")]
    ).campaign
    ids = {place.unit.code: place.pk for place in campaign.places.select_related("unit")}
    assert campaign.places.get(unit__code="104").ancestor_ids == [
        ids[code] for code in ("100", "102", "101", "104")
    ]


def test_a_parent_and_its_children_leave_together(bring):
    bring(units=[("102,", "110,外市,prefecture,,0,,,\n111,外区,county,110,1,,,\n102,")])
    campaign = bring().campaign
    assert set(campaign.places.values_list("unit__code", flat=True)) == {"100", "101", "102"}


def test_a_corrected_opening_day_keeps_the_place(bring):
    late = ("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,2025-02-10,,")
    place = bring(units=[late]).campaign.places.get(unit__code="102")
    later = ("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,2025-02-12,,")
    moved = bring(units=[later]).campaign.places.get(unit__code="102")
    assert (moved.pk, moved.opens) == (place.pk, date(2025, 2, 12))


def test_a_corrected_opening_day_is_allowed_under_reports(bring):
    late = ("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,2025-02-10,,")
    campaign = bring(units=[late]).campaign
    report(campaign, unit="102", period=2)
    bring(units=[("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,2025-02-12,,")])
    assert campaign.places.get(unit__code="102").opens == date(2025, 2, 12)


def test_another_time_zone_moves_the_instant_and_not_the_clock(bring):
    bring()
    period = bring(("starts:", "time_zone: Asia/Urumqi\nstarts:")).campaign.periods.get(number=1)
    # Friday 2025-02-07, 17:30 at UTC+6.
    assert period.due_at == datetime(2025, 2, 7, 11, 30, tzinfo=UTC)


def test_a_day_off_entered_in_the_portal_moves_generated_due_dates(bring):
    rule = ("{weekday: friday}", "{weekday: friday, on_holiday: next-workday}")
    assert dict(due_dates(bring(rule).campaign))["2025-02-07"] == "2025-02-07 17:30"
    DayOff.objects.create(day=date(2025, 2, 7))
    # Saturday 2025-02-08 is an adjusted working day.
    assert dict(due_dates(bring(rule).campaign))["2025-02-07"] == "2025-02-08 17:30"


def test_days_off_without_end_are_refused_and_leave_nothing(bring):
    DayOff.objects.bulk_create(DayOff(day=date(2025, 2, 7) + timedelta(days=more)) for more in range(90))
    [mistake] = refusal(bring, ("{weekday: friday}", "{weekday: friday, on_holiday: next-workday}"))
    assert mistake.startswith("campaign.yaml 第 5 行 reporting：2025-02-07 之后 60 天内没有工作日")
    assert not Campaign.objects.exists()


def test_a_year_without_a_calendar_is_a_warning(bring):
    years = [("2025-02-03", "2099-02-02"), ("2025-02-21", "2099-02-20"), ("2025-02-28", "2099-02-28")]
    rule = ("{weekday: friday}", "{weekday: friday, on_holiday: next-workday}")
    loaded = bring(*years, rule)
    assert loaded.warnings == ["2099年的放假安排尚未收录，暂按周一至周五推算，请在节假日表中补录。"]
    assert loaded.campaign.periods.count() == 3


def test_a_level_that_nobody_has_is_a_warning(bring):
    loaded = bring(("at_least: 3", "at_least: 3, each: province"))
    assert loaded.warnings == ["targets[0].each：没有 province 一级的单位。"]


def test_units_of_a_line_without_a_form_are_a_warning(tmp_path):
    campaign = SMALL.replace("    title: 统计表\n", "    title: 统计表\n    line: hr\n")
    campaign = campaign.replace("    title: 劳务协作表\n", "    title: 劳务协作表\n    line: hr\n")
    units = "code,name,level,parent,reports,line\n1,人社局,county,,1,hr\n2,总工会,county,,1,union\n"
    loaded = load(read(write_definition(tmp_path, campaign, units)))
    assert loaded.warnings == ["条线“union”的 1 个单位没有报表可填。"]


# --- what the portal changed ---------------------------------------------------------------------------------


def test_a_label_changed_in_the_portal_is_kept_until_it_is_replaced(bring):
    lines = ("label: 线上,", "label: 线上, lines: [线, 上],")
    campaign = bring(lines).campaign
    indicator = campaign.forms.get(code="fu1").indicators.filter(number=2)
    indicator.update(label="网上招聘", confirmed=False)
    kept = bring(lines)
    assert list(kept.kept) == [
        "forms[fu1].indicators[2].label：保留页面上的“网上招聘”（文件中是“线上”）",
        "forms[fu1].indicators[2].confirmed：保留页面上的“false”（文件中是“true”）",
        "forms[fu1].indicators[2].lines：保留页面上的“”（文件中是“线、上”）",
    ]
    assert kept.changes == []
    assert indicator.values_list("label", "confirmed").get() == ("网上招聘", False)
    # A new wording in the file does not win either; an untouched value of the same column follows the file.
    bring(("label: 线上, unit: 场次", "label: 线上场次, unit: 场"))
    assert indicator.values_list("label", "unit_of_measure").get() == ("网上招聘", "场")
    replaced = bring(lines, replace=True)
    assert indicator.values_list("label", "confirmed").get() == ("线上", True)
    assert indicator.get().lines == ["线", "上"]
    assert replaced.kept == []


def test_new_breaks_for_the_file_s_label_do_not_touch_the_portal_s(bring):
    indicator = bring().campaign.forms.get(code="fu1").indicators.filter(number=2)
    indicator.update(label="网上")
    bring(("label: 线上,", "label: 线上, lines: [线, 上],"))
    assert (indicator.get().label, indicator.get().lines) == ("网上", [])


def test_a_label_changed_there_and_back_finds_its_line_breaks_again(bring):
    lines = ("label: 线上,", "label: 线上, lines: [线, 上],")
    indicator = bring(lines).campaign.forms.get(code="fu1").indicators.filter(number=2)
    indicator.update(label="网上")
    bring(lines)
    indicator.update(label="线上")
    bring(lines)
    assert indicator.get().lines == ["线", "上"]


def test_a_due_date_moved_in_the_portal_is_kept_until_it_is_replaced(bring):
    period = bring().campaign.periods.filter(number=2)
    moved = datetime.combine(date(2025, 2, 17), time(12), SHANGHAI)
    period.update(due_at=moved)
    kept = bring(("due: 2025-02-28", "due: 2025-03-01"))
    assert period.get().due_at == moved
    assert list(kept.kept) == [
        "periods[2025-02-14].due：保留页面上的“2025-02-17”（文件中是“2025-02-14”）",
        "periods[2025-02-14].due_time：保留页面上的“12:00”（文件中是“17:30”）",
    ]
    bring(replace=True)
    assert period.get().due_at == datetime.combine(date(2025, 2, 14), time(17, 30), SHANGHAI)


def test_rows_added_and_deleted_in_the_portal_stay_so(bring):
    campaign = bring(("title: 统计表", "title: 统计表\n    doubts: [{about: c1, reading: 甲}]")).campaign
    Doubt.objects.create(campaign=campaign, position=9, reading="页面上新增的疑问")
    campaign.doubts.filter(about="c1").delete()
    campaign.targets.all().delete()
    loaded = bring(("title: 统计表", "title: 统计表\n    doubts: [{about: c1, reading: 甲}]"))
    assert [doubt.reading for doubt in campaign.doubts.all()] == ["页面上新增的疑问"]
    assert not campaign.targets.exists()
    assert len(loaded.kept) == 3
    bring(("title: 统计表", "title: 统计表\n    doubts: [{about: c1, reading: 甲}]"), replace=True)
    assert [doubt.reading for doubt in campaign.doubts.all()] == ["甲"]
    assert campaign.targets.count() == 1


def test_a_file_that_contradicts_the_portal_is_refused_with_a_remedy(bring):
    campaign = bring().campaign
    unit = ReportingUnit.objects.create(code="109", name="新街道")
    place = UnitPlace(campaign=campaign, unit=unit, parent=campaign.places.get(unit__code="102"), position=9,
                      level="county", name="新街道", short="新街道", reports=True)  # fmt: skip
    place.save()
    UnitPlace.objects.filter(pk=place.pk).update(path=UnitPlace.path_below(place.parent, place.pk))
    gone = ("102,乙区人社局,county,100,1,,,\n", "")
    [mistake] = refusal(bring, units=[gone])
    assert mistake.startswith("units.csv parent：与页面上的修改不相容：没有代码为 102 的单位")
    assert "--replace" in mistake
    assert campaign.places.count() == 4
    bring(units=[gone], replace=True)
    assert set(campaign.places.values_list("unit__code", flat=True)) == {"100", "101"}


def test_a_campaign_made_in_the_portal_is_taken_over_only_when_asked(bring):
    Campaign.objects.create(code="spring", title="页面上建立", starts=date(2025, 2, 3), ends=date(2025, 2, 21),
                            counts_from=date(2025, 2, 3))  # fmt: skip
    [mistake] = refusal(bring)
    assert mistake.startswith("campaign.yaml 第 1 行 code：活动 spring 已经存在，但不是由定义文件载入的")
    assert bring(replace=True).campaign.title == "某市春风行动"


# --- what has been reported ----------------------------------------------------------------------------------


def test_an_indicator_with_figures_is_not_taken_away_or_renumbered(bring):
    report(bring().campaign, figures={1: 5, 3: "1.25"})
    assert refusal(bring, ("number: 3", "number: 4")) == [
        "campaign.yaml 第 10 行 forms[0].indicators：报表 fu1 的指标 3 已有填报数据，不能删去或改序号，请在文件中保留它。"
    ]
    assert Indicator.objects.filter(report_form__code="fu1").count() == 3
    # Nothing was reported for the second: it may go.
    bring(
        ("      - {number: 2, label: 线上, unit: 场次, of: 1}\n", ""),
        ("[2, 1]", "[1, 1]"),
        ("c2 <= c1", "c3 <= c1"),
    )
    assert Indicator.objects.filter(report_form__code="fu1").count() == 2


@pytest.mark.parametrize(("new", "path", "change"), [
    ("unit: 万元, decimals: 0", "decimals", "decimals 从 2 改为 0"),
    ("unit: 元", "decimals", "decimals 从 2 改为 0"),
    ("unit: 万元, nature: flow", "nature", "nature 从 cumulative 改为 flow"),
])  # fmt: skip
def test_figures_keep_their_decimals_and_nature(bring, new, path, change):
    report(bring().campaign, figures={3: "1.25"})
    [mistake] = refusal(bring, ("unit: 万元", new), replace=True)
    assert change in mistake
    assert f"forms[0].indicators[2].{path}：" in mistake
    assert mistake.startswith("campaign.yaml 第 13 行")


def test_labels_explanations_and_checks_may_change_under_figures(bring):
    report(bring().campaign)
    bring(
        ("label: 招聘活动", "label: 各类招聘活动, explain: 累计, confirmed: false"), ("c2 <= c1", "c2 < c1")
    )
    assert Indicator.objects.get(report_form__code="fu1", number=1).label == "各类招聘活动"
    assert ValidationRule.objects.get(report_form__code="fu1").rule == "c2 < c1"


def test_a_form_and_a_period_with_reports_are_not_taken_away(bring):
    report(bring().campaign, form="fu2", period=2)
    second = SMALL[SMALL.index("  - code: fu2") : SMALL.index("targets:")]
    assert refusal(bring, (second, ""), ("weekday: friday", "weekday: thursday")) == [
        "campaign.yaml 第 5 行 reporting：截至 2025-02-14 的报告期已有填报数据，不能删去，请在 reporting 中保留它。",
        "campaign.yaml 第 6 行 forms：报表 fu2 已有填报数据，不能删去，请在文件中保留它。",
    ]


def test_an_exemption_keeps_its_period(bring):
    campaign = bring().campaign
    Exemption.objects.create(period=campaign.periods.get(number=3), reason="春节", granted_by="演示")
    [mistake] = refusal(bring, ("ends: 2025-02-21", "ends: 2025-02-20"))
    assert "2025-02-21" in mistake


def test_a_unit_with_reports_is_not_taken_away(bring):
    campaign = bring().campaign
    report(campaign, unit="102")
    [mistake] = refusal(bring, units=[("102,乙区人社局,county,100,1,,,\n", "")])
    assert mistake.startswith("units.csv code：单位 102（乙区人社局）在本次活动中已有填报数据，不能删去")
    bring(units=[("101,甲区人社局,county,100,1,,,\n", "")])
    assert set(campaign.places.values_list("unit__code", flat=True)) == {"100", "102"}
    assert ReportingUnit.objects.filter(code="101").exists()


@pytest.mark.parametrize(
    "change",
    [
        ("101,甲区人社局,county,100,1,,,", "101,甲区人社局,county,100,0,,,"),
        ("101,甲区人社局,county,100,1,,,", "101,甲区人社局,county,100,1,2025-02-10,,"),
        ("101,甲区人社局,county,100,1,,,", "101,甲区人社局,county,100,1,,2025-02-06,stop"),
    ],
    ids=["files no more", "opens after it", "closes before it"],
)
def test_a_change_after_which_a_stored_report_would_not_count_is_refused(bring, change):
    report(bring().campaign)
    [mistake] = refusal(bring, units=[change])
    assert mistake.startswith("units.csv code：单位 101 截至 2025-02-07 的报表 fu1 已有填报数据")


def test_a_line_that_leaves_a_reporting_unit_out_is_refused(bring):
    report(bring().campaign)
    header = ("opens,closes,after_close", "opens,closes,after_close,line")
    lines = [("101,甲区人社局,county,100,1,,,", "101,甲区人社局,county,100,1,,,,union")]
    lines += [("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,,,,hr")]
    [mistake] = refusal(bring, ("title: 统计表", "title: 统计表\n    line: hr"), units=[header, *lines])
    assert "单位 101 截至 2025-02-07 的报表 fu1" in mistake


def test_a_unit_with_reports_may_move(bring):
    campaign = bring().campaign
    report(campaign, unit="102")
    bring(units=[("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,100,1,,2025-02-09,\n"
                                                    "102,乙区人社局,county,101,1,2025-02-10,,")])  # fmt: skip
    assert campaign.places.filter(unit__code="102").count() == 2
    # Its second place may go again: nothing was reported there. Its first may not.
    [mistake] = refusal(
        bring, units=[("102,乙区人社局,county,100,1,,,", "102,乙区人社局,county,101,1,2025-02-10,,")]
    )
    assert mistake.startswith("units.csv code：单位 102")
    bring()
    assert [place.closes for place in campaign.places.filter(unit__code="102")] == [None]


def test_a_form_has_a_new_version_when_what_is_printed_changes_under_reports(bring):
    campaign = bring().campaign
    version = campaign.forms.filter(code="fu1").values_list("version", flat=True)
    bring(("label: 线上", "label: 网上"))
    assert version.get() == 1  # nobody had a sheet of it yet
    report(campaign)
    bring(("label: 线上", "label: 网上"))
    assert version.get() == 1
    bring(("label: 线上", "label: 在线"), ("c2 <= c1", "c2 < c1"))
    assert version.get() == 2
    bring(
        ("label: 线上", "label: 在线"),
        ("c2 <= c1", "c2 <= c1"),
        ("unit: 万元", "unit: 万元, max: 9, explain: 甲"),
    )
    assert version.get() == 2  # checks and explanations are not printed
    assert campaign.forms.get(code="fu2").version == 1


# --- offices -------------------------------------------------------------------------------------------------


def test_offices_are_shared_between_campaigns_and_keep_their_names(bring):
    bring()
    other = bring(("code: spring", "code: autumn"), units=[("甲区人社局", "甲区就业局")]).campaign
    assert ReportingUnit.objects.count() == 3
    assert other.places.get(unit__code="101").name == "甲区就业局"
    assert ReportingUnit.objects.get(code="101").name == "甲区人社局"
    # Two campaigns know the office: neither renames it.
    bring(units=[("甲区人社局", "甲局")])
    assert ReportingUnit.objects.get(code="101").name == "甲区人社局"


def test_an_office_of_one_campaign_follows_its_place(bring):
    bring()
    bring(units=[("甲区人社局", "甲局")])
    assert ReportingUnit.objects.get(code="101").name == "甲局"
    # Unless somebody gave the office another name than its place has.
    ReportingUnit.objects.filter(code="101").update(name="甲区就业中心")
    bring(units=[("甲区人社局", "甲区局")])
    assert ReportingUnit.objects.get(code="101").name == "甲区就业中心"


# --- commands ------------------------------------------------------------------------------------------------


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_did(tmp_path):
    write_definition(tmp_path)
    assert (
        run("load_campaign", tmp_path) == "已新建：spring 某市春风行动（报表 2，指标 4，报告期 3，单位 3）\n"
    )
    assert run("load_campaign", tmp_path).startswith("没有变化：spring")
    write_definition(tmp_path, changed(SMALL, ("label: 线上", "label: 网上")))
    assert (
        run("load_campaign", tmp_path).splitlines()[1]
        == "修改：forms[fu1].indicators[2].label：“线上”改为“网上”"
    )
    Indicator.objects.filter(number=3).update(label="经费")
    assert "保留：forms[fu1].indicators[3].label" in run("load_campaign", tmp_path)
    assert "“经费”改为“资金”" in run("load_campaign", tmp_path, "--replace")


def test_a_refused_load_leaves_all_as_it_was(bring, tmp_path):
    campaign = bring().campaign
    report(campaign, figures={3: 1})
    before = every_row()
    write_definition(tmp_path, changed(SMALL, ("title: 某市", "title: 新"), ("unit: 万元", "decimals: 1")))
    with pytest.raises(CommandError, match="有 1 处错误，没有载入"):
        call_command("load_campaign", tmp_path)
    assert every_row() == before


def test_dumping_an_unknown_campaign_names_the_known(tmp_path):
    write_definition(tmp_path)
    run("load_campaign", tmp_path)
    with pytest.raises(CommandError, match="没有代码为 sprin 的活动；现有：spring。"):
        call_command("dump_campaign", "sprin", out=str(tmp_path))


def test_dumping_into_a_file_is_refused(tmp_path):
    write_definition(tmp_path)
    run("load_campaign", tmp_path)
    with pytest.raises(CommandError, match="无法写入"):
        call_command("dump_campaign", "spring", out=str(tmp_path / "units.csv"))


def test_thousands_of_units_are_one_tree(tmp_path):
    rows = ["000,国家,nation,,0"]
    for province in range(31):
        rows.append(f"p{province},省{province},province,000,1")
        rows += [f"u{province}-{city},市{city},prefecture,p{province},1" for city in range(10)]
        rows += [
            f"c{province}-{county},县{county},county,u{province}-{county % 10},1" for county in range(55)
        ]
    write_definition(tmp_path, units="code,name,level,parent,reports\n" + "\n".join(rows) + "\n")
    campaign = load(read(tmp_path)).campaign
    assert campaign.places.count() == 1 + 31 * 66
    province = campaign.places.get(unit__code="p7")
    assert campaign.places.filter(path__startswith=province.path).count() == 66
    assert load(read(tmp_path)).changes == []
