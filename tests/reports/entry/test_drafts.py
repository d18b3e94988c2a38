"""Filling a draft: what is stored, what is refused, and two people on one form."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports import lifecycle
from reports.entry import drafts
from reports.models import Explanation, FigureChange, RefusedEntry, Submission
from tests.factories import (
    make_campaign,
    make_form,
    make_place,
    make_submission,
    make_user,
    period_of,
)

pytestmark = pytest.mark.django_db

DRAFT = Submission.Status.DRAFT
RETURNED = Submission.Status.RETURNED


class World:
    """One county with two clerks, one form of three columns, three periods."""

    def __init__(self, **form):
        self.campaign = make_campaign()
        self.form = make_form(self.campaign, annex="附件1", **form)
        self.place = make_place(self.campaign, "320381")
        self.unit = self.place.unit
        self.wang = make_user("wang", unit=self.place, name="王五")
        self.li = make_user("li", unit=self.place, name="李四")

    def period(self, number):
        return period_of(self.campaign, number)

    def draft(self, figures=None, *, number=1, **more):
        more.setdefault("status", DRAFT)
        return make_submission(self.form, self.unit, self.period(number), figures, **more)


@pytest.fixture
def world():
    return World()


def stored(submission):
    return drafts.figures_of(submission)


def trail(submission):
    rows = FigureChange.objects.filter(submission=submission).order_by("pk")
    return list(rows.values_list("indicator__number", "old", "new", "actor__username"))


# Opening


def test_a_new_draft_belongs_to_its_form_unit_and_period_and_is_found_again(world):
    submission = drafts.open_draft(world.form, world.unit, world.period(2))
    assert (submission.status, submission.ends_on) == (DRAFT, date(2024, 2, 2))
    assert (submission.report_form, submission.unit, submission.period) == (
        world.form,
        world.unit,
        world.period(2),
    )
    assert drafts.open_draft(world.form, world.unit, world.period(2)).pk == submission.pk


def test_no_draft_for_a_unit_that_files_no_figures_of_its_own(world):
    office = make_place(world.campaign, "320000", reports=False)
    with pytest.raises(drafts.DraftError, match=r"单位320000在第1期不填报“附件1 工作情况统计表”"):
        drafts.open_draft(world.form, office.unit, world.period(1))
    assert not Submission.objects.exists()


def test_no_draft_for_a_form_of_another_line(world):
    union = make_place(world.campaign, "420102-union", line="union")
    hr_form = make_form(world.campaign, "fu9", line="hr")
    with pytest.raises(drafts.DraftError, match="不填报"):
        drafts.open_draft(hr_form, union.unit, world.period(1))


def test_no_draft_for_a_unit_whose_place_has_closed(world):
    closed = make_place(world.campaign, "320382", closes=date(2024, 1, 31), after_close="stop")
    assert drafts.open_draft(world.form, closed.unit, world.period(1))
    with pytest.raises(drafts.DraftError, match="第2期不填报"):
        drafts.open_draft(world.form, closed.unit, world.period(2))


def test_no_draft_that_mixes_the_form_of_one_campaign_with_the_period_of_another(world):
    other = make_campaign("other")
    make_place(other, "320381")
    with pytest.raises(drafts.DraftError, match="不填报"):
        drafts.open_draft(world.form, world.unit, period_of(other, 1))


def test_no_draft_before_the_period_opens(world):
    # Period 2 begins on 27 January, at midnight in Shanghai: 16:00 UTC the day before.
    with (
        time_machine.travel(datetime(2024, 1, 26, 15, 59, tzinfo=UTC), tick=False),
        pytest.raises(drafts.DraftError, match="第2期从1月27日起填报"),
    ):
        drafts.open_draft(world.form, world.unit, world.period(2))
    with time_machine.travel(datetime(2024, 1, 26, 16, 0, tzinfo=UTC), tick=False):
        assert drafts.open_draft(world.form, world.unit, world.period(2))


def test_no_new_draft_in_a_closed_campaign_but_an_old_one_is_found(world):
    begun = drafts.open_draft(world.form, world.unit, world.period(1))
    world.campaign.closed_at = datetime(2024, 4, 20, tzinfo=UTC)
    world.campaign.save()
    with pytest.raises(drafts.DraftError, match="专项活动已关闭"):
        drafts.open_draft(world.form, world.unit, world.period(2))
    assert drafts.open_draft(world.form, world.unit, world.period(1)) == begun


def test_a_new_draft_takes_the_sign_off_line_of_the_latest_earlier_report(world):
    world.draft(number=1, responsible="甲", prepared_by="乙", phone="025-1")
    world.draft(number=2, responsible="丙", prepared_by="丁", phone="025-2")
    submission = drafts.open_draft(world.form, world.unit, world.period(3))
    assert (submission.responsible, submission.prepared_by, submission.phone) == ("丙", "丁", "025-2")


def test_the_first_report_begins_with_a_blank_sign_off_line(world):
    unsaved = Submission(report_form=world.form, unit=world.unit, ends_on=date(2024, 1, 26))
    assert drafts.earlier_line(unsaved) == {"responsible": "", "prepared_by": "", "phone": ""}
    assert drafts.open_draft(world.form, world.unit, world.period(1)).prepared_by == ""


# Figures


def test_figures_are_read_stored_and_entered_in_the_trail(world):
    submission = world.draft({2: 7})
    saved = drafts.save_figures(
        submission, {1: " １，２００ ", 2: "0", 3: ""}, seen={1: "", 2: "7", 3: ""}, by=world.wang
    )
    assert saved.changed == (1, 2)
    assert stored(submission) == {1: Decimal(1200), 2: Decimal(0)}
    assert trail(submission) == [
        (1, None, Decimal(1200), "wang"),
        (2, Decimal(7), Decimal(0), "wang"),
    ]


def test_a_cell_that_is_emptied_becomes_blank_not_zero(world):
    submission = world.draft({1: 40})
    drafts.save_figures(submission, {1: ""}, seen={1: "40"}, by=world.wang)
    assert stored(submission) == {1: None}
    assert trail(submission) == [(1, Decimal(40), None, "wang")]


def test_the_same_figure_again_leaves_no_trace(world):
    submission = world.draft({1: 40})
    saved = drafts.save_figures(submission, {1: "40", 2: ""}, seen=None, by=world.wang)
    assert saved == drafts.Saved()
    assert trail(submission) == []
    submission.refresh_from_db()
    assert submission.changed_at is None


def test_a_save_notes_who_changed_the_report_and_when(world):
    submission = world.draft()
    moment = datetime(2024, 1, 26, 6, 3, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        drafts.save_figures(submission, {1: "1"}, seen=None, by=world.wang)
    assert (submission.changed_at, submission.changed_by) == (moment, world.wang)
    submission.refresh_from_db()
    assert (submission.changed_at, submission.changed_by) == (moment, world.wang)


def test_an_unreadable_figure_is_kept_as_text_and_the_stored_one_stays(world):
    submission = world.draft({1: 40})
    saved = drafts.save_figures(submission, {1: "12万", 2: "5"}, seen={1: "40", 2: ""}, by=world.wang)
    assert saved.changed == (2,)
    assert saved.refused == {1: ("12万", "请填写完整数字 120000，不要带“万”。")}
    assert stored(submission) == {1: Decimal(40), 2: Decimal(5)}
    assert drafts.refused_of(submission) == {1: "12万"}
    drafts.save_figures(submission, {1: "13万"}, seen={1: "40"}, by=world.wang)
    assert drafts.refused_of(submission) == {1: "13万"}


@pytest.mark.parametrize("typed", ["120000", "40", ""])
def test_a_readable_figure_clears_what_was_refused_even_where_it_is_the_stored_one(world, typed):
    submission = world.draft({1: 40})
    drafts.save_figures(submission, {1: "12万"}, seen={1: "40"}, by=world.wang)
    saved = drafts.save_figures(submission, {1: typed}, seen={1: "40"}, by=world.wang)
    assert (saved.refused, drafts.refused_of(submission)) == ({}, {})
    assert stored(submission) == {1: Decimal(typed) if typed else None}


def test_a_figure_beyond_the_columns_limit_is_refused_by_the_form_not_by_the_database():
    world = World(indicators=[{"maximum": Decimal(500)}, {}])
    submission = world.draft()
    saved = drafts.save_figures(submission, {1: "501", 2: "1234567890123456"}, seen=None, by=world.wang)
    assert set(saved.refused) == {1, 2}
    assert "超出上限 500 人" in saved.refused[1][1]
    assert stored(submission) == {}


def test_texts_that_a_database_refuses_are_kept_as_well_as_they_can_be(world):
    submission = world.draft()
    typed = {1: "1\x002", 2: "\ud800", 3: "长" * 300}
    assert set(drafts.save_figures(submission, typed, seen=None, by=world.wang).refused) == {1, 2, 3}
    assert drafts.refused_of(submission) == {1: "1�2", 2: "�", 3: "长" * 100}
    # Unchanged, it is refused again and stored once.
    drafts.save_figures(submission, typed, seen=None, by=world.wang)
    assert RefusedEntry.objects.count() == 3


def test_a_column_that_the_form_does_not_have_is_refused_and_named(world):
    submission = world.draft()
    saved = drafts.save_figures(submission, {99: "5", -1: "", 1: "5"}, seen=None, by=world.wang)
    assert saved.refused == {99: ("5", "本表没有第 99 列，未保存。")}
    assert stored(submission) == {1: Decimal(5)}


def test_an_import_is_recorded_without_a_person(world):
    submission = world.draft()
    drafts.save_figures(submission, {1: "5"}, seen=None, by=None)
    assert trail(submission) == [(1, None, Decimal(5), None)]


def test_a_save_takes_as_many_statements_for_eighteen_cells_as_for_one():
    def statements(cells, code):
        campaign = make_campaign(code)
        form = make_form(campaign, indicators=18)
        place = make_place(campaign, code)
        submission = make_submission(form, place, period_of(campaign, 1), status=DRAFT)
        typed = {number: str(number) for number in range(1, cells + 1)} | {18: "12万"}
        with CaptureQueriesContext(
            connection,
        ) as queries:
            drafts.save_figures(submission, typed, seen={}, by=None)
        return len(queries)

    assert statements(1, "one") == statements(17, "many") <= 12


# Two people on one form


def test_a_cell_left_alone_does_not_overwrite_what_a_colleague_saved(world):
    submission = world.draft({1: 100, 2: 10})
    shown = {1: "100", 2: "10", 3: ""}
    drafts.save_figures(submission, {1: "130", 2: "10", 3: ""}, seen=shown, by=world.li)
    saved = drafts.save_figures(submission, {1: "100", 2: "10", 3: "7"}, seen=shown, by=world.wang)
    assert (saved.changed, saved.conflicts) == ((3,), ())
    assert stored(submission) == {1: Decimal(130), 2: Decimal(10), 3: Decimal(7)}


def test_a_cell_changed_by_both_is_a_conflict_that_names_the_colleague_and_is_not_written(world):
    submission = world.draft({1: 100})
    moment = datetime(2024, 1, 26, 6, 3, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        drafts.save_figures(submission, {1: "130"}, seen={1: "100"}, by=world.li)
    saved = drafts.save_figures(submission, {1: "１２０", 2: "5"}, seen={1: "100", 2: ""}, by=world.wang)
    assert saved.conflicts == (drafts.Conflict(1, "１２０", Decimal(130), "李四", moment),)
    assert saved.changed == (2,)
    assert stored(submission) == {1: Decimal(130), 2: Decimal(5)}
    # With the colleague's figure on the page the user's own may be stored.
    drafts.save_figures(submission, {1: "120"}, seen={1: "130"}, by=world.wang)
    assert stored(submission)[1] == Decimal(120)


def test_a_conflict_names_who_changed_the_cell_last(world):
    submission = world.draft()
    drafts.save_figures(submission, {1: "130"}, seen={1: ""}, by=None)
    drafts.save_figures(submission, {1: "131"}, seen={1: "130"}, by=world.li)
    [conflict] = drafts.save_figures(submission, {1: "120"}, seen={1: ""}, by=world.wang).conflicts
    assert (conflict.theirs, conflict.by_name) == (Decimal(131), "李四")


def test_a_colleagues_blank_is_in_conflict_too(world):
    submission = world.draft({1: 100})
    drafts.save_figures(submission, {1: ""}, seen={1: "100"}, by=world.li)
    [conflict] = drafts.save_figures(submission, {1: "120"}, seen={1: "100"}, by=world.wang).conflicts
    assert (conflict.theirs, conflict.by_name) == (None, "李四")
    assert stored(submission) == {1: None}


def test_both_typing_the_same_figure_is_no_conflict(world):
    submission = world.draft({1: 100})
    drafts.save_figures(submission, {1: "130"}, seen={1: "100"}, by=world.li)
    saved = drafts.save_figures(submission, {1: "130"}, seen={1: "100"}, by=world.wang)
    assert saved == drafts.Saved()


@pytest.mark.parametrize("seen", [{}, {1: "12万"}, {1: "\x00"}])
def test_a_post_that_does_not_say_what_it_saw_overwrites_nothing(world, seen):
    submission = world.draft({1: 100})
    [conflict] = drafts.save_figures(submission, {1: "120"}, seen=seen, by=world.wang).conflicts
    assert (conflict.theirs, conflict.by_name, conflict.at) == (Decimal(100), "", None)
    assert stored(submission) == {1: Decimal(100)}


def test_an_import_in_conflict_is_named_as_one(world):
    submission = world.draft()
    drafts.save_figures(submission, {1: "130"}, seen=None, by=None)
    [conflict] = drafts.save_figures(submission, {1: "120"}, seen={1: ""}, by=world.wang).conflicts
    assert conflict.by_name == "导入"


# States


@pytest.mark.parametrize("status", [DRAFT, RETURNED])
def test_a_draft_and_a_returned_report_may_be_edited(world, status):
    submission = world.draft(status=status)
    assert drafts.save_figures(submission, {1: "5"}, seen=None, by=world.wang).changed == (1,)


@pytest.mark.parametrize(
    ("status", "more", "sentence"),
    [
        ("submitted", {}, "该表已上报，不能修改；如需修改，请先撤回。"),
        ("submitted", {"review_started_at": datetime(2024, 1, 27, tzinfo=UTC)}, "审核员已开始审核，不能修改"),
        ("accepted", {}, "该表已审核通过，不能修改；如需更正，请联系审核员退回。"),
    ],
)
def test_a_report_that_was_sent_takes_nothing(world, status, more, sentence):
    submission = world.draft({1: 40}, status=status, **more)
    submission.status = DRAFT  # the page was drawn before
    for attempt in (
        lambda: drafts.save_figures(submission, {1: "5"}, seen=None, by=world.wang),
        lambda: drafts.save_explanations(submission, {"blank": "原因"}, by=world.wang),
        lambda: drafts.save_sign_off(submission, responsible="甲", prepared_by="", phone="", by=world.wang),
        lambda: drafts.copy_last(submission, by=world.wang),
        lambda: drafts.fill_blanks_with_zero(submission, by=world.wang),
        lambda: drafts.save(submission, drafts.Entries(figures={1: "5"}), by=world.wang),
    ):
        with pytest.raises(drafts.DraftError, match=sentence):
            attempt()
    submission.refresh_from_db()
    assert stored(submission) == {1: Decimal(40)}
    assert (submission.responsible, submission.changed_at) == ("", None)
    assert not Explanation.objects.exists()


def test_nothing_is_saved_in_a_closed_campaign_or_before_the_period(world):
    submission = world.draft(number=2)
    with (
        time_machine.travel(datetime(2024, 1, 26, 15, 59, tzinfo=UTC), tick=False),
        pytest.raises(drafts.DraftError, match="现在还不能填报"),
    ):
        drafts.save_figures(submission, {1: "5"}, seen=None, by=world.wang)
    world.campaign.closed_at = datetime(2024, 4, 20, tzinfo=UTC)
    world.campaign.save()
    with pytest.raises(lifecycle.TransitionError, match="专项活动已关闭，不能再填报"):
        drafts.save_figures(submission, {1: "5"}, seen=None, by=world.wang)
    assert stored(submission) == {}


# Explanations and the sign-off line


def test_explanations_are_stored_changed_and_deleted(world):
    submission = world.draft()
    drafts.save_explanations(
        submission, {"fall:1": " 一场招聘会\r\n重复计算 ", "jump:2": "集中办理"}, by=world.li
    )
    written = dict(submission.explanations.values_list("finding", "text"))
    assert written == {"fall:1": "一场招聘会\n重复计算", "jump:2": "集中办理"}
    assert submission.changed_by == world.li
    drafts.save_explanations(submission, {"fall:1": " ", "jump:2": "两天集中办理"}, by=world.wang)
    [left] = submission.explanations.all()
    assert (left.finding, left.text, left.author) == ("jump:2", "两天集中办理", world.wang)


def test_an_explanation_that_is_too_long_is_reported_and_the_old_one_stays(world):
    submission = world.draft()
    drafts.save_explanations(submission, {"fall:1": "原来的说明", "k" * 61: "x", "a\x00": "x"}, by=world.li)
    problems = drafts.save_explanations(submission, {"fall:1": "字" * 501, "jump:2": "\x00字"}, by=world.li)
    assert problems == {"fall:1": "核实说明最多 500 个字，现在有 501 个，未保存，请缩短。"}
    written = dict(submission.explanations.values_list("finding", "text"))
    assert written == {"fall:1": "原来的说明", "jump:2": "�字"}


def test_a_colleagues_explanation_is_neither_deleted_nor_overwritten_by_an_older_page(world):
    submission = world.draft()
    with time_machine.travel(datetime(2024, 1, 26, 6, 3, tzinfo=UTC), tick=False):
        drafts.save_explanations(submission, {"fall:1": "重复计算已更正"}, by=world.li)
    left_alone = drafts.save_explanations(submission, {"fall:1": ""}, seen={}, by=world.wang)
    assert left_alone == {}
    problems = drafts.save_explanations(
        submission, {"fall:1": "统计口径有误"}, seen={"fall:1": ""}, by=world.wang
    )
    assert problems == {
        "fall:1": "核实说明已由李四于1月26日 14:03改为“重复计算已更正”，"
        "您写的“统计口径有误”未保存，请核对后重新填写。"
    }
    assert submission.explanations.get().text == "重复计算已更正"


def test_the_sign_off_line_is_stored_cut_to_nothing_and_compared_with_the_page(world):
    submission = world.draft()
    line = {"responsible": " 张三 ", "prepared_by": "名" * 51, "phone": "025-1"}
    problems = drafts.save_sign_off(submission, **line, by=world.li)
    assert problems == {"prepared_by": "填表人最多 50 个字，现在有 51 个，未保存，请缩短。"}
    submission.refresh_from_db()
    assert (submission.responsible, submission.prepared_by, submission.phone) == ("张三", "", "025-1")
    seen = {"responsible": "张三", "prepared_by": "", "phone": ""}
    line = {"responsible": "赵六", "prepared_by": "", "phone": "025-2"}
    problems = drafts.save_sign_off(submission, **line, seen=seen, by=world.wang)
    assert problems == {"phone": "联系电话已被同事改为“025-1”，您填写的“025-2”未保存，请核对。"}
    submission.refresh_from_db()
    assert (submission.responsible, submission.phone) == ("赵六", "025-1")


def test_one_save_stores_figures_explanations_and_the_sign_off_line(world):
    submission = world.draft({1: 40})
    saved = drafts.save(
        submission,
        drafts.Entries(
            figures={1: "41", 2: "12万"},
            seen={1: "40", 2: ""},
            explanations={"fall:1": "重复计算已更正"},
            sign_off={"phone": "电" * 31, "responsible": "张三", "status": "accepted"},
        ),
        by=world.wang,
    )
    assert (saved.changed, set(saved.refused), set(saved.problems)) == ((1,), {2}, {"phone"})
    submission.refresh_from_db()
    assert (submission.responsible, submission.status) == ("张三", DRAFT)
    assert stored(submission) == {1: Decimal(41)}
    assert submission.explanations.get().text == "重复计算已更正"


# 与上期相同 and 其余填 0


def test_the_latest_earlier_report_that_was_sent_is_copied_as_a_statement(world):
    world.draft({1: 100, 2: 50}, number=1, status="accepted")
    world.draft({1: 999}, number=2, status=RETURNED)
    submission = world.draft({1: 7, 3: 9}, number=3)
    drafts.save_figures(submission, {2: "12万"}, seen=None, by=world.wang)
    saved = drafts.copy_last(submission, by=world.wang)
    assert saved.changed == (1, 2, 3)
    assert stored(submission) == {1: Decimal(100), 2: Decimal(50), 3: None}
    assert drafts.refused_of(submission) == {}
    assert submission.no_change
    submission.refresh_from_db()
    assert submission.no_change
    assert (3, Decimal(9), None, "wang") in trail(submission)


def test_the_statement_falls_when_a_figure_is_changed_and_not_before(world):
    world.draft({1: 100}, number=1, status="submitted")
    submission = world.draft(number=2)
    drafts.copy_last(submission, by=world.wang)
    drafts.save_sign_off(submission, responsible="张三", prepared_by="", phone="", by=world.wang)
    drafts.save_figures(submission, {1: "100"}, seen=None, by=world.wang)
    submission.refresh_from_db()
    assert submission.no_change
    drafts.save_figures(submission, {1: "101"}, seen=None, by=world.wang)
    submission.refresh_from_db()
    assert not submission.no_change


def test_nothing_can_be_copied_without_an_earlier_report(world):
    world.draft({1: 100}, number=1)
    world.draft({1: 300}, number=3, status="accepted")
    submission = world.draft(number=2)
    with pytest.raises(drafts.DraftError, match="没有更早的已上报报表"):
        drafts.copy_last(submission, by=world.wang)
    submission.refresh_from_db()
    assert (stored(submission), submission.no_change) == ({}, False)


def test_no_change_in_a_flow_is_zero_this_period():
    world = World(indicators=[{"nature": "flow"}, {"nature": "stock"}])
    world.draft({1: 100, 2: 8}, number=1, status="accepted")
    submission = world.draft(number=2)
    drafts.copy_last(submission, by=world.wang)
    assert stored(submission) == {1: Decimal(0), 2: Decimal(8)}


def test_copying_does_not_overwrite_what_a_colleague_has_just_typed(world):
    world.draft({1: 100, 2: 50}, number=1, status="accepted")
    submission = world.draft(number=2)
    drafts.save_figures(submission, {1: "130"}, seen={1: ""}, by=world.li)
    saved = drafts.copy_last(submission, seen={1: "", 2: "", 3: ""}, by=world.wang)
    assert [conflict.number for conflict in saved.conflicts] == [1]
    assert stored(submission) == {1: Decimal(130), 2: Decimal(50)}
    assert not submission.no_change


def test_zero_fills_the_blank_cells_and_leaves_figures_and_refused_texts_alone(world):
    submission = world.draft({1: 40, 3: None})
    drafts.save_figures(submission, {2: "12万"}, seen=None, by=world.wang)
    saved = drafts.fill_blanks_with_zero(submission, by=world.wang)
    assert saved.changed == (3,)
    assert stored(submission) == {1: Decimal(40), 3: Decimal(0)}
    assert drafts.refused_of(submission) == {2: "12万"}
    assert trail(submission) == [(3, None, Decimal(0), "wang")]
