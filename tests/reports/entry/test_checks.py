"""What the checks read: the unit's own history, other forms of the period, refused entries, explanations."""

import hashlib
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import ValidationRule
from reports.entry.checks import check, check_figures, history, previous_figures
from reports.entry.validation import EarlierReport
from reports.models import Explanation, RefusedEntry, Submission
from tests.factories import make_campaign, make_form, make_place, make_submission, period_of

pytestmark = pytest.mark.django_db

ENDS = tuple(date(2024, 2, day) for day in (2, 9, 16, 23))
DRAFT = Submission.Status.DRAFT
SUBMITTED = Submission.Status.SUBMITTED
RETURNED = Submission.Status.RETURNED


@pytest.fixture
def campaign():
    return make_campaign(period_ends=ENDS)


@pytest.fixture
def city(campaign):
    return make_place(campaign, "320100", level="prefecture")


@pytest.fixture
def county(campaign, city):
    return make_place(campaign, "320104", parent=city)


def report(form, place, number, figures, status=DRAFT):
    return make_submission(form, place, period_of(form.campaign, number), figures, status=status)


def keys(findings):
    return [finding.key for finding in findings]


def rule_key(text, *, form=""):
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"rule:{form}:{digest}" if form else f"rule:{digest}"


def test_indicators_and_rules_come_from_the_definition(campaign, county):
    make_form(campaign, "fu0", indicators=2)
    indicators = [
        {"label": "培训人数"},
        {"label": "其中：女性人数", "of": 1},
        {"label": "贷款", "unit_of_measure": "万元", "decimals": 2, "slip": 100},
        {"label": "本期", "nature": "flow", "maximum": 50},
        {"label": "次数", "unit_of_measure": "次", "jump": 2, "jump_floor": 3},
    ]
    form = make_form(campaign, indicators=indicators, rules=[("c3 < c1", "hint")])
    report(form, county, 1, {1: 10, 2: 5, 3: "0.10", 4: 40, 5: 1}, SUBMITTED)
    report(form, county, 2, {1: 20, 2: 10, 3: "0.20", 4: 60, 5: 2}, SUBMITTED)
    draft = report(form, county, 3, {1: 30, 2: 31, 3: "30.25", 4: 51, 5: 5})
    found = check(draft)
    # 31 > 30; 51 > 50, and a flow may fall; 30.05 > 100 x 0.10, but below the floor of a jump, 50; 3 > 2 x 1.
    assert keys(found) == ["sub:2", "max:4", "slip:3", "jump:5", rule_key("c3 < c1")]
    assert found[0].message == "2 其中：女性人数 (31) 不能大于 1 培训人数 (30)"
    assert found[0].cells == (2, 1)


def test_only_earlier_sent_reports_of_this_unit_and_form_are_compared(campaign, city, county):
    form, other_form = make_form(campaign, indicators=1), make_form(campaign, "fu2", indicators=1)
    report(form, county, 1, {1: 100}, SUBMITTED)
    report(form, county, 2, {1: 900}, RETURNED)
    draft = report(form, county, 3, {1: 100})
    report(form, county, 4, {1: 800}, SUBMITTED)
    report(form, city, 2, {1: 700}, SUBMITTED)
    report(other_form, county, 2, {1: 600}, SUBMITTED)
    assert history(draft) == [EarlierReport(date(2024, 2, 2), {1: Decimal(100)})]
    assert check(draft) == []
    assert keys(check_figures(draft, {1: Decimal(99)})) == ["fall:1"]


def test_an_accepted_report_is_compared_like_a_submitted_one(campaign, county):
    form = make_form(campaign, indicators=1)
    report(form, county, 1, {1: 100}, Submission.Status.ACCEPTED)
    [finding] = check(report(form, county, 2, {1: 80}))
    assert finding.message == "1 指标1：100 → 80，比上期少 20"


def test_the_same_unit_in_another_campaign_is_not_compared(campaign, county):
    form = make_form(campaign, indicators=1)
    before = make_campaign("last-year", period_ends=[date(2023, 2, 3)], starts=date(2023, 1, 20))
    report(make_form(before, indicators=1), county, 1, {1: 500}, SUBMITTED)
    assert check(report(form, county, 1, {1: 10})) == []


def test_history_belongs_to_the_unit_whatever_its_place(campaign, county):
    form = make_form(campaign, indicators=1)
    report(form, county, 1, {1: 100}, SUBMITTED)
    county.closes = date(2024, 2, 5)
    county.save()
    other_city = make_place(campaign, "320300", level="prefecture")
    moved = make_place(campaign, "320104", parent=other_city, opens=date(2024, 2, 6))
    assert keys(check(report(form, moved, 2, {1: 99}))) == ["fall:1"]


def test_history_is_read_oldest_first_whenever_it_was_stored(campaign, county):
    form = make_form(campaign, indicators=1)
    report(form, county, 3, {1: 30}, SUBMITTED)
    report(form, county, 1, {1: 10}, SUBMITTED)
    report(form, county, 2, {1: None}, SUBMITTED)
    draft = report(form, county, 4, {1: 25})
    assert [(earlier.ends_on.day, earlier.figures[1]) for earlier in history(draft)] == [
        (2, 10),
        (9, None),
        (16, 30),
    ]
    assert keys(check(draft)) == ["fall:1"]


def test_a_cell_without_a_stored_figure_is_blank(campaign, county):
    form = make_form(campaign, indicators=2)
    report(form, county, 1, {1: 5, 2: 6}, SUBMITTED)
    found = check(report(form, county, 2, {1: 5}))
    assert keys(found) == ["gone:2", "blank"]


def test_previous_figures_are_those_of_the_latest_earlier_sent_report(campaign, county):
    form = make_form(campaign, indicators=2)
    first = report(form, county, 1, {1: 5, 2: None}, SUBMITTED)
    report(form, county, 2, {1: 6, 2: None}, SUBMITTED)
    report(form, county, 3, {1: 7}, RETURNED)
    draft = report(form, county, 4, {1: 9})
    assert previous_figures(first) == (None, {})
    assert previous_figures(draft) == (date(2024, 2, 9), {1: Decimal(6), 2: None})


# --- between forms ------------------------------------------------------------

BETWEEN = "c1 + c2 <= fu1.c2"


@pytest.fixture
def two_forms(campaign):
    fu1 = make_form(campaign, "fu1", annex="附件1")
    fu2 = make_form(campaign, "fu2", annex="附件2", rules=[(BETWEEN, "query")])
    return fu1, fu2


@pytest.mark.parametrize("status", [DRAFT, RETURNED, SUBMITTED])
def test_a_rule_between_forms_is_reported_at_both_whatever_the_others_status(two_forms, county, status):
    fu1, fu2 = two_forms
    one = report(fu1, county, 1, {1: 0, 2: 10, 3: 0}, status)
    two = report(fu2, county, 1, {1: 6, 2: 5, 3: 0}, status)
    [at_two] = check(two)
    assert (at_two.key, at_two.cells) == (rule_key(BETWEEN), (1, 2))
    assert at_two.message == "应满足：1 指标1 (6) + 2 指标2 (5) 不大于 附件1 2 指标2 (10)"
    [at_one] = check(one)
    assert (at_one.key, at_one.cells) == (rule_key(BETWEEN, form="fu2"), (2,))
    assert at_one.message == "附件2：应满足：附件2 1 指标1 (6) + 附件2 2 指标2 (5) 不大于 2 指标2 (10)"
    assert check_figures(one, {1: Decimal(0), 2: Decimal(11), 3: Decimal(0)}) == []


def test_other_forms_count_only_of_the_same_unit_and_period(two_forms, city, county):
    fu1, fu2 = two_forms
    report(fu1, county, 1, {1: 0, 2: 10, 3: 0}, SUBMITTED)
    report(fu1, city, 2, {1: 0, 2: 10, 3: 0}, SUBMITTED)
    assert check(report(fu2, county, 2, {1: 6, 2: 5, 3: 0})) == []


def test_a_rule_that_names_no_cell_of_the_form_is_not_run_there(campaign, county):
    rules = [("c1 <= fu1.c1", "query")]
    make_form(campaign, "fu1", indicators=1)
    fu2 = make_form(campaign, "fu2", indicators=1, rules=rules)
    fu3 = make_form(campaign, "fu3", indicators=1)
    report(campaign.forms.get(code="fu1"), county, 1, {1: 1})
    report(fu2, county, 1, {1: 2})
    assert check(report(fu3, county, 1, {1: 9})) == []


def test_forms_of_another_campaign_with_the_same_codes_are_left_alone(two_forms, county):
    other = make_campaign("winter", period_ends=ENDS)
    others = make_form(other, "fu1", rules=[("c1 < 0", "query")]), make_form(other, "fu2")
    one = report(two_forms[0], county, 1, {1: 0, 2: 10, 3: 0})
    report(two_forms[1], county, 1, {1: 6, 2: 5, 3: 0})
    assert keys(check(one)) == [rule_key(BETWEEN, form="fu2")]
    assert keys(check(report(others[0], county, 1, {1: 0, 2: 0, 3: 0}))) == [rule_key("c1 < 0")]
    assert check(report(others[1], county, 1, {1: 6, 2: 5, 3: 0})) == []


def test_last_in_another_forms_rule_reads_the_history_of_that_form(campaign, county):
    fu1 = make_form(campaign, "fu1", indicators=1)
    rule = "c1 - last.c1 <= fu1.c1"
    fu2 = make_form(campaign, "fu2", indicators=1, rules=[(rule, "query")])
    report(fu1, county, 1, {1: 3}, SUBMITTED)
    report(fu2, county, 1, {1: 9}, SUBMITTED)
    report(fu2, county, 2, {1: 10}, SUBMITTED)
    report(fu2, county, 3, {1: 90}, RETURNED)
    report(fu2, county, 4, {1: 14}, DRAFT)
    draft = report(fu1, county, 4, {1: 3})
    # 14 - 10 = 4 in 附件2.
    assert keys(check(draft)) == [rule_key(rule, form="fu2")]
    assert check_figures(draft, {1: Decimal(4)}) == []


# --- explanations and refused entries -----------------------------------------


def test_explanations_come_with_their_findings(campaign, county):
    form = make_form(campaign, indicators=2)
    report(form, county, 1, {1: 50, 2: 50}, SUBMITTED)
    draft = report(form, county, 2, {1: 40, 2: 40})
    Explanation.objects.create(submission=draft, finding="fall:2", text="上期重复登记十人")
    assert [(finding.key, finding.explanation) for finding in check(draft)] == [
        ("fall:1", ""),
        ("fall:2", "上期重复登记十人"),
    ]
    found = check_figures(draft, {1: Decimal(50), 2: Decimal(49)})
    assert [(finding.key, finding.explanation) for finding in found] == [("fall:2", "上期重复登记十人")]


def test_a_refused_entry_is_fatal_until_it_is_mended(campaign, county):
    form = make_form(campaign, indicators=[{"label": "贷款", "unit_of_measure": "万元", "decimals": 2}])
    draft = report(form, county, 1, {})
    RefusedEntry.objects.create(submission=draft, indicator=form.indicators.get(), text="3万")
    [finding] = check(draft)
    assert (finding.key, finding.finding_class, finding.cells) == ("refused:1", "fatal", (1,))
    assert finding.message == "1 贷款：填写的“3万”没有存为数字。本列单位已是万元，请填写 3。"
    assert keys(check_figures(draft, {1: Decimal(3)})) == []


def test_figures_can_be_checked_before_anything_is_stored(campaign, county):
    form = make_form(campaign, indicators=1)
    report(form, county, 1, {1: 50}, SUBMITTED)
    period = period_of(campaign, 2)
    unsaved = Submission(report_form=form, unit=county.unit, period=period, ends_on=period.ends_on)
    Explanation.objects.create(
        submission=report(form, county, 3, {}), finding="fall:1", text="别的报告的说明"
    )
    [finding] = check_figures(unsaved, {1: Decimal(49)})
    assert (finding.key, finding.explanation) == ("fall:1", "")


# --- cost ---------------------------------------------------------------------


def queries_of_a_check(submission):
    fresh = Submission.objects.select_related("report_form").get(pk=submission.pk)
    with CaptureQueriesContext(connection) as captured:
        check(fresh)
    return len(captured)


def test_a_check_takes_6_queries_however_much_there_is_to_read(campaign, county):
    fu1 = make_form(campaign, "fu1", indicators=2)
    fu2 = make_form(campaign, "fu2", indicators=2, rules=[("c1 <= fu1.c1", "query")])
    first = report(fu2, county, 1, {1: 1, 2: 1})
    # rules, own and other indicators, figures, explanations, refused entries
    assert queries_of_a_check(first) == 6

    for number in (1, 2, 3):
        report(fu1, county, number, {1: 1, 2: 1}, SUBMITTED)
    for number in (2, 3):
        report(fu2, county, number, {1: 1, 2: 1}, SUBMITTED)
    fu3 = make_form(campaign, "fu3", indicators=9, rules=[("c1 <= fu2.c1 + last.c1", "query")])
    report(fu3, county, 4, {1: 9})
    for position in range(2, 8):
        ValidationRule.objects.create(
            report_form=fu2, position=position, rule=f"c2 <= {position} * fu1.c2", rule_class="query"
        )
    draft = report(fu2, county, 4, {1: 9, 2: 9})
    Explanation.objects.create(submission=draft, finding="jump:1", text="节后集中招聘")
    RefusedEntry.objects.create(submission=draft, indicator=fu2.columns[1], text="九")
    assert queries_of_a_check(draft) == 6
