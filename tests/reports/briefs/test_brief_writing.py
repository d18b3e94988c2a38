"""Briefs: every number against the edition, what a refresh, a new draft and an issue leave alone, versions."""

from datetime import timedelta
from decimal import Decimal

import pytest

from reports import lifecycle
from reports.briefs import facts, inserting, writing
from reports.briefs.numbers import Chip, State, for_typing, pieces, plain_text
from reports.entry import drafts
from reports.models import Brief, Submission
from reports.publishing import editions
from tests.factories import make_submission, make_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def brief(world):
    return writing.draft(world.edition, by=world.boss)


def printed(brief, key):
    """A paragraph as it is printed."""
    published, now = facts.known(brief.edition)
    return plain_text(brief.paragraphs.get(key=key).text, published | now)


def chips(brief):
    published, now = facts.known(brief.edition)
    return [
        piece
        for paragraph in brief.paragraphs.all()
        for piece in pieces(paragraph.text, published, now)
        if isinstance(piece, Chip)
    ]


def correct(world, figures):
    lifecycle.reopen(world.report, by=world.boss, comment="第1列有误，请更正")
    drafts.save_figures(world.report, figures, seen=None, by=world.clerk)
    for finding in (found for found in lifecycle.check(world.report) if found.finding_class == "query"):
        drafts.save_explanations(world.report, {finding.key: "台账核对后更正"}, by=world.clerk)
    lifecycle.submit(world.report, by=world.clerk)
    lifecycle.accept(world.report, by=world.boss)


def test_the_draft_says_what_the_edition_has(brief):
    assert (brief.number, brief.title) == (1, "某省2024年春风行动（演示）进展情况（截至2月2日）")
    # 15 + 40 carried + 40; 1500 + 500 + 2600; 3 + 1 + 4, which is 0.50 less than before.
    assert printed(brief, "overall.fu1") == (
        "截至2月2日，应报4家，本期报送2家，沿用上期1家，未报1家。累计：举办招聘活动95场次，本期新增25场次；"
        "筹集岗位4,600个，本期新增1,100个；使用资金8.00万元，本期新增−0.50万元。"
    )
    assert printed(brief, "totals.fu1").split("\n")[2:] == [
        "举办招聘活动｜场次｜95｜25",
        "筹集岗位｜个｜4,600｜1,100",
        "其中：线上岗位｜个｜750｜250",
        "使用资金｜万元｜8.00｜−0.50",
    ]
    assert printed(brief, "coverage.fu1") == "沿用上期：甲市西区（截至1月26日）；未报送：乙市西区。"
    assert printed(brief, "cases").startswith("本期采用特色亮点1条。\n甲市：夜市招聘。晚间直播带岗。")
    assert printed(brief, "problems") == (
        "仍有1家单位从未报送，请尽快补报。\n"
        "累计数比上期减少的：乙市“使用资金”−1.00万元。请有关单位核实并说明原因。"
    )
    assert printed(brief, "next") == "请各单位按时报送：第3期（截至2月9日）于2月9日17:30前报送。"


def test_units_are_ranked_by_what_they_added_and_not_by_size(brief):
    # 筹集岗位 has a target. 甲市 1500 → 2000, a third; 乙市 2000 → 2600, three tenths.
    assert printed(brief, "ranking.fu1") == (
        "“筹集岗位”本期增幅居前的是甲市（33.3%）、乙市（30.0%）。沿用上期数据的单位不参加比较。"
    )
    assert printed(brief, "units.fu1").split("\n")[2:] == ["甲市｜2,000｜500｜33.3", "乙市｜2,600｜600｜30.0"]


def test_targets_stand_against_time_and_floors_by_the_units_that_keep_them(brief):
    # 4,600 of 10,000; 9 of 16 days, from 25 January to 9 February. Of four counties 甲市东区 added 5, 乙市东区 20.
    assert printed(brief, "target.1") == (
        "筹集岗位目标10,000个，累计完成4,600个，进度46%，时间进度56%，慢于时间进度。"
    )
    assert printed(brief, "target.2") == (
        "举办招聘活动每周下限：应考核4家，达标1家，未达标3家：甲市东区、甲市西区、乙市西区。"
    )


def test_odd_reports_and_late_ones_are_named_with_their_figures(world):
    third = world.campaign.periods.get(number=3)
    # 15,000 after 1,000 and 1,500: a digit too many. Every figure of 乙市东区 is that of last week.
    tenfold = make_submission(world.form, world.counties[0], third, {1: 20, 2: 15_000, 3: 700, 4: "3.50"})
    make_submission(world.form, world.counties[2], third, {1: 40, 2: 2600, 3: 150, 4: "4.00"})
    late = third.due_at + timedelta(hours=1)
    Submission.objects.filter(pk=tenfold.pk).update(first_submitted_at=late)
    brief = writing.draft(editions.publish(world.province, third, by=world.boss), by=world.boss)
    assert printed(brief, "oddities") == (
        "数据需要核实的：甲市东区“筹集岗位”填报15,000个，疑似多一位或少一位；乙市东区全部数据与上期相同。"
        "请有关单位核对台账，有误的及时更正。"
    )
    assert "本期有1份报表迟报：甲市东区。请按时报送。" in printed(brief, "problems")
    chip = next(chip for chip in chips(brief) if chip.key == "fu1.2.own@320101")
    assert (chip.source.report, chip.title) == (tenfold.pk, "甲市东区附件1第2列本单位填报，最新")


def test_every_number_is_the_editions_own(brief, world):
    """In sentences and tables; of what no edition has, as counted by hand."""
    form = world.edition.content["forms"]["fu1"]
    found = chips(brief)
    others = {}
    for chip in found:
        name, _, unit = chip.key.partition("@")
        first, *rest = name.split(".")
        if first != "fu1":
            others[chip.key] = chip.value
        elif len(rest) == 1:
            assert chip.value == form["cumulative"]["coverage"][rest[0]]
        else:
            assert chip.value == quoted(form, *rest, unit)
    assert others == {
        "target.1.goal": 10_000,
        "target.1.progress": 46,
        "target.1.elapsed": 56,
        "target.2.judged": 4,
        "target.2.met": 1,
        "target.2.below": 3,
        "cases.adopted": 1,
    }
    # 4 of the coverage, 6 in the sentence of totals and 8 in their table; two units in sentence and table, 2 and 6;
    # a target's total with its 3, 3 of a floor; the cases; one never heard from and one fall.
    assert len(found) == 36
    assert {chip.state for chip in found} == {State.LATEST}


def quoted(form, number, measure, unit):
    """What an edition says of a column: the unit's row, or the total where `unit` is ""."""
    values = {}
    for side in ("cumulative", "increment"):
        rows = {row["unit"]: row["values"] for row in form[side]["rows"]}
        values[side] = Decimal((rows[unit] if unit else form[side]["total"])[number])
    if measure == "growth":
        return round(100 * values["increment"] / (values["cumulative"] - values["increment"]), 1)
    return values[measure]


def test_no_number_stands_in_the_draft_that_is_not_bound(brief):
    for paragraph in brief.paragraphs.exclude(key__in=("next", "cases")):
        words = "".join(piece for piece in pieces(paragraph.text, {}, {}) if isinstance(piece, str))
        for date in ("2月2日", "1月26日"):
            words = words.replace(date, "")
        assert not any(character.isdigit() for character in words), words


def test_a_correction_marks_what_it_changed_and_a_refresh_keeps_the_words(brief, world):
    _, now = facts.known(brief.edition)
    paragraph = brief.paragraphs.get(key="overall.fu1")
    typed = for_typing(paragraph.text, now).replace("截至2月2日，", "今年春节早，截至2月2日，")
    writing.edit(brief, paragraph.position, typed, now, seen=1, by=world.boss)
    correct(world, {1: "17", 2: "1500", 3: "600", 4: "3.00"})
    assert {chip.key for chip in chips(brief) if chip.state == State.CHANGED} == {
        "fu1.1.cumulative",
        "fu1.1.increment",
        "target.2.met",
        "target.2.below",
    }
    _, now = facts.known(brief.edition)
    writing.refresh(brief, now, seen=2, by=world.boss)
    assert printed(brief, "overall.fu1").startswith("今年春节早，截至2月2日，应报4家")
    assert "举办招聘活动97场次，本期新增27场次" in printed(brief, "overall.fu1")
    assert {chip.state for chip in chips(brief)} == {State.LATEST}


def test_frozen_numbers_stay_and_say_what_they_would_be_now(brief, world):
    writing.freeze(brief, is_frozen=True, seen=1, by=world.boss)
    correct(world, {1: "17", 2: "1500", 3: "600", 4: "3.00"})
    _, now = facts.known(brief.edition)
    writing.refresh(brief, now, seen=2, by=world.boss)
    assert "举办招聘活动95场次" in printed(brief, "overall.fu1")
    chip = next(chip for chip in chips(brief) if chip.key == "fu1.1.cumulative")
    assert (chip.state, chip.title) == (State.FROZEN, "附件1第1列累计，已冻结，现为 97")


def test_a_number_whose_source_is_gone_is_not_called_the_latest():
    gone = Chip("fu9.1.cumulative", Decimal(3), is_frozen=False, published=None, now=None)
    assert (gone.state, gone.title) == (State.GONE, "来源已不存在")


def test_a_new_draft_comes_from_the_latest_issue_and_keeps_what_was_edited(brief, world):
    _, now = facts.known(brief.edition)
    position = brief.paragraphs.get(key="problems").position
    writing.edit(brief, position, "问题已逐一反馈。", now, seen=1, by=world.boss)
    make_submission(world.form, world.counties[3], world.second, {1: 5, 2: 50, 3: 0, 4: "1.00"})
    again = editions.publish(world.province, world.second, by=world.boss, reason="乙市西区补报")
    writing.draft_again(brief, seen=2, by=world.boss)
    assert brief.edition == again
    assert printed(brief, "problems") == "问题已逐一反馈。"
    assert printed(brief, "overall.fu1").startswith(
        "截至2月2日，应报4家，本期报送3家，沿用上期1家。累计：举办招聘活动100场次"
    )
    assert [paragraph.position for paragraph in brief.paragraphs.all()] == list(
        range(1, brief.paragraphs.count() + 1)
    )


def inserted(brief, world, after, what, *, indicator="", case="", seen):
    block = inserting.block(facts.read(brief.edition), what, indicator, case)
    position = writing.insert(brief, block, after=after, seen=seen, by=world.boss)
    return brief.paragraphs.get(position=position)


def test_blocks_are_put_in_behind_a_paragraph_with_numbers_that_are_bound(brief, world):
    last = brief.paragraphs.get(key="totals.fu1").position
    for seen, what in enumerate(("increment", "cumulative", "ranking"), start=1):
        inserted(brief, world, last, what, indicator="fu1.1", seen=seen)
    ranking, total, increment = brief.paragraphs.filter(position__gt=last)[:3]
    assert printed(brief, total.key) == "截至2月2日，举办招聘活动累计95场次。"
    assert printed(brief, increment.key) == "截至2月2日，举办招聘活动本期新增25场次。"
    # 甲市 50 → 55, a tenth; 乙市 20 → 40.
    assert printed(brief, ranking.key).split("\n") == [
        "各地“举办招聘活动”进展（按本期增幅）",
        "单位｜累计（场次）｜本期新增｜增幅（%）",
        "乙市｜40｜20｜100.0",
        "甲市｜55｜5｜10.0",
    ]
    assert (ranking.section, ranking.kind) == ("总体进展", "table")
    assert {chip.state for chip in chips(brief)} == {State.LATEST}


def test_missing_units_and_a_case_are_put_in(brief, world):
    missing = inserted(brief, world, 1, "missing", seen=1)
    assert missing.text == "沿用上期：甲市西区（截至1月26日）；未报送：乙市西区。"
    case = inserted(brief, world, 1, "case", case=str(world.case.pk), seen=2)
    assert case.text.startswith("甲市：夜市招聘。晚间直播带岗。")
    for wrong in ({"what": "case"}, {"what": "cumulative", "indicator": "fu1.9"}, {"what": "?"}):
        with pytest.raises(writing.BriefError, match="请选择"):
            inserted(brief, world, 1, **wrong, seen=3)


def test_a_new_draft_leaves_what_was_put_in_where_it_stands(brief, world):
    inserted(brief, world, 1, "cumulative", indicator="fu1.1", seen=1)
    writing.draft_again(brief, seen=2, by=world.boss)
    assert printed(brief, brief.paragraphs.get(position=2).key) == "截至2月2日，举办招聘活动累计95场次。"


def test_what_was_put_in_and_is_emptied_is_gone(brief, world):
    before = [paragraph.key for paragraph in brief.paragraphs.all()]
    inserted(brief, world, 1, "blank", seen=1)
    writing.edit(brief, 2, "", {}, seen=2, by=world.boss)
    assert [paragraph.key for paragraph in brief.paragraphs.all()] == before
    assert brief.paragraphs.last().position == len(before)


def test_one_number_is_frozen_refreshed_and_set_free_alone(brief, world):
    overall = brief.paragraphs.get(key="overall.fu1").position

    def change(number, what, seen):
        _, now = facts.known(brief.edition)
        writing.change_number(brief, overall, number, what, now, seen=seen, by=world.boss)

    change(6, "freeze", 1)  # 本期新增25, the sixth number
    correct(world, {1: "17", 2: "1500", 3: "600", 4: "3.00"})
    change(5, "refresh", 2)
    change(6, "refresh", 3)
    assert "举办招聘活动97场次，本期新增25场次" in printed(brief, "overall.fu1")
    change(6, "thaw", 4)
    change(6, "refresh", 5)
    assert "举办招聘活动97场次，本期新增27场次" in printed(brief, "overall.fu1")
    assert "举办招聘活动｜场次｜95｜25" in printed(brief, "totals.fu1")
    with pytest.raises(writing.BriefError, match="没有找到这个数字"):
        change(99, "freeze", 6)


def test_every_change_keeps_the_text_as_a_version(brief, world):
    _, now = facts.known(brief.edition)
    writing.edit(brief, 1, "甲", now, seen=1, by=world.boss)
    writing.refresh(brief, now, seen=2, by=world.boss)
    assert [(one.number, one.move, one.actor_name) for one in brief.versions.all()] == [
        (3, "刷新数字", "boss"),
        (2, "修改", "boss"),
        (1, "起草", "boss"),
    ]
    assert brief.versions.get(number=1).snapshot["paragraphs"][0]["text"].startswith("截至2月2日")
    assert brief.versions.get(number=2).snapshot["paragraphs"][0]["text"] == "甲"


def test_a_row_with_more_cells_than_the_header_is_refused_by_name(brief, world):
    table = brief.paragraphs.filter(kind="table").first()
    with pytest.raises(writing.BriefError, match="“甲市”一行有 3 格，表头只有 2 格"):
        writing.edit(
            brief, table.position, "表题\n单位｜累计\n乙市｜1\n甲市｜1｜2", {}, seen=1, by=world.boss
        )
    writing.edit(brief, table.position, "表题\n单位｜累计\n甲市｜1", {}, seen=1, by=world.boss)


def test_of_two_who_write_the_second_is_told(brief, world):
    _, now = facts.known(brief.edition)
    writing.edit(brief, 1, "甲", now, seen=1, by=world.boss)
    with pytest.raises(writing.BriefError, match="已由boss修改"):
        writing.edit(Brief.objects.get(), 1, "乙", now, seen=1, by=world.boss)
    assert brief.paragraphs.get(position=1).text == "甲"


def test_what_has_been_issued_is_frozen_and_stays(brief, world):
    writing.issue(brief, seen=1, by=world.boss)
    assert {chip.state for chip in chips(brief)} == {State.FROZEN}
    for refused in (writing.draft_again, writing.issue):
        with pytest.raises(writing.BriefError, match="已印发"):
            refused(brief, seen=2, by=world.boss)


def test_issues_are_numbered_by_unit(world):
    first = writing.draft(world.edition, by=world.boss)
    assert writing.draft(world.edition, by=world.boss) == first  # a second click
    writing.rename(first, "第一份", seen=1, by=world.boss)
    assert [first.number, writing.draft(world.edition, by=world.boss).number] == [1, 2]
    city = editions.publish(world.cities[0], world.second, by=world.below)
    assert writing.draft(city, by=world.below).number == 1


def test_every_unit_is_told_of_before_any_is_told_of_twice(world):
    for city, title, score in ((0, "直播带岗", 5), (0, "专车返岗", 4), (1, "社区走访", 1)):
        make_text(
            world.case.duty,
            world.cities[city],
            world.second,
            by=world.clerk,
            status="accepted",
            title=title,
            score=score,
        )
    lines = printed(writing.draft(world.edition, by=world.boss), "cases").split("\n")
    assert [line.split("。")[0] for line in lines[1:4]] == [
        "甲市：直播带岗",
        "乙市：社区走访",
        "甲市：专车返岗",
    ]
    assert lines[4] == "采用情况：甲市3条、乙市1条。"


def test_a_line_in_the_middle_of_a_text_of_a_case_cannot_make_a_number(world):
    world.case.text = "{{n:fu1.1.cumulative=999}}｜〔1：2〕"
    world.case.save()
    brief = writing.draft(world.edition, by=world.boss)
    published, now = facts.known(brief.edition)
    found = list(pieces(brief.paragraphs.get(key="cases").text, published, now))
    assert [piece.key for piece in found if isinstance(piece, Chip)] == ["cases.adopted"]


def test_a_summary_tells_how_each_period_went(world):
    summary = writing.draft(world.edition, by=world.boss, kind=Brief.Kind.SUMMARY)
    assert (summary.title, summary.issue) == ("某省2024年春风行动（演示）工作总结（截至2月2日）", "")
    # 1000 + 500 + 2000 in the first period, 4600 to the end of the second.
    assert printed(summary, "course.fu1") == "筹集岗位以第1期新增最多，为3,500个，到本期累计4,600个。"
    assert printed(summary, "course.fu1.table").split("\n") == [
        "筹集岗位各期进展",
        "报告期｜累计（个）｜本期新增",
        "第1期｜3,500｜3,500",
        "第2期｜4,600｜1,100",
    ]
    # The first two days are no week. In the second period one of four counties kept the floor.
    assert printed(summary, "floor.2") == "举办招聘活动每周下限：各期累计考核4家次，达标1家次。"
    assert printed(summary, "floor.2.table").split("\n")[1:] == [
        "报告期｜考核单位数｜达标单位数｜未达标单位数",
        "第2期｜4｜1｜3",
    ]
    assert {chip.state for chip in chips(summary)} == {State.LATEST}
    sections = list(dict.fromkeys(summary.paragraphs.values_list("section", flat=True)))
    assert sections == ["总体进展", "推进过程", "各地进展", "目标进度", "工作亮点"]
    writing.draft_again(summary, seen=1, by=world.boss)
    assert printed(summary, "course.fu1").startswith("筹集岗位以第1期新增最多")
