"""The templates of a brief: facts in, paragraphs out. Every number in them is a token bound to its source.

Sections and their order are the office's: 总体进展, 各地进展, 目标进度, 工作亮点, 存在问题, 下步安排.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import TextChoices

from campaigns.header import Column
from reports.publishing.published import Paper
from reports.review.anomalies import Kind

from .facts import Facts
from .numbers import growth, token, unbound
from .sources import Aim, Case, Oddity

COURSE = "推进过程"
OVERALL, PLACES, AIMS, CASES, PROBLEMS, NEXT = (
    "总体进展",
    "各地进展",
    "目标进度",
    "工作亮点",
    "存在问题",
    "下步安排",
)
SECTIONS = (OVERALL, COURSE, PLACES, AIMS, CASES, PROBLEMS, NEXT)
LEADING = 6
"""So many indicators of a form are named in the text; the table has all."""
RANKED = 3
AT_LEAST_RANKED = 2
CASES_TOLD = 3
CASE_CHARACTERS = 160
_STOPS = "。！？；：，、”）…"
NAMED = 20
FALLS = 8
ODDITIES = 8
ODD_WORDS = {
    Kind.YUAN: "疑似把元填成万元",
    Kind.SWAPPED: "疑似数字颠倒",
    Kind.TENFOLD: "疑似多一位或少一位",
    Kind.COPIED: "全部数据与别的单位相同",
    Kind.SAME: "全部数据与上期相同",
    Kind.PARTS: "“其中”各项全部等于总数",
}


@dataclass(frozen=True)
class Drafted:
    """A paragraph as its template makes it. text: "" where there is nothing to say."""

    section: str
    key: str
    text: str
    is_table: bool = False


class Block(TextChoices):
    """What is put into a brief on demand. The first three are about one indicator, CASE about one adopted case."""

    CUMULATIVE = "cumulative", "累计"
    INCREMENT = "increment", "本期新增"
    RANKING = "ranking", "排名表"
    CASE = "case", "特色亮点"
    MISSING = "missing", "未报和沿用单位"
    BLANK = "blank", "空白段落"


def brief(facts: Facts) -> list[Drafted]:
    """Return the paragraphs of an issue, in order."""
    return [paragraph for paragraph in _all(facts) if paragraph.text]


def summary(facts: Facts) -> list[Drafted]:
    """Return the paragraphs of a stage or final summary: what was done, how it went, where, against which targets."""
    left_out = ("ranking", "coverage", "problems", "oddities", "next")
    floors = [aim for aim in facts.aims if aim.is_floor]
    of_one_week = {f"target.{aim.position}" for aim in floors}
    of_brief = [
        paragraph
        for paragraph in brief(facts)
        if not paragraph.key.startswith(left_out) and paragraph.key not in of_one_week
    ]
    kept = [
        Drafted(AIMS, f"floor.{aim.position}", write(aim, facts), is_table)
        for aim in floors
        if facts.weeks[aim.position]
        for is_table, write in ((False, _floor), (True, _floor_by_period))
    ]
    course = [
        Drafted(COURSE, f"course.{paper.code}", _course(paper, facts), is_table)
        for is_table, _course in ((False, _best), (True, _by_period))
        for paper in facts.papers
        if len(facts.course.get(paper.code, ())) > 1
    ]
    return [
        Drafted(one.section, f"{one.key}{'.table' if one.is_table else ''}", one.text, one.is_table)
        for one in sorted(of_brief + course + kept, key=lambda one: SECTIONS.index(one.section))
        if one.text
    ]


def of_indicator(facts: Facts, block: Block, paper: Paper, column: Column) -> Drafted:
    """Return the total, the increment or the ranking by growth of one indicator."""
    if block == Block.RANKING:
        return Drafted(PLACES, block, _units(paper, facts, column), is_table=True)
    number = _number(facts, f"{paper.code}.{column.number}.{block}")
    since = "累计" if block == Block.CUMULATIVE else "本期新增"
    said = f"截至{_day(facts.day)}，{_name(paper, facts)}{_label(column)}{since}{number}{column.unit}。"
    return Drafted(OVERALL, block, said)


def of_case(case: Case) -> Drafted:
    return Drafted(CASES, Block.CASE, _told(case))


def of_missing(facts: Facts) -> Drafted:
    """Who is carried, missing or exempted, form by form; forms that say the same together."""
    said = [_footnote(paper, facts) for paper in facts.papers]
    return Drafted(PLACES, Block.MISSING, "\n".join(line for line in said if line))


def _all(facts: Facts) -> Iterator[Drafted]:
    for paper in facts.papers:
        yield Drafted(OVERALL, f"overall.{paper.code}", _overall(paper, facts))
    for paper in facts.papers:
        yield Drafted(OVERALL, f"totals.{paper.code}", _totals(paper, facts), is_table=True)
    for paper in facts.papers:
        yield Drafted(PLACES, f"ranking.{paper.code}", _ranking(paper, facts))
    for paper in facts.papers:
        yield Drafted(
            PLACES, f"units.{paper.code}", _units(paper, facts, _column(paper, facts)), is_table=True
        )
    for paper in facts.papers:
        yield Drafted(PLACES, f"coverage.{paper.code}", _footnote(paper, facts))
    for aim in facts.aims:
        yield Drafted(AIMS, f"target.{aim.position}", _aim(aim, facts))
    yield Drafted(CASES, "cases", _cases(facts))
    yield Drafted(PROBLEMS, "problems", _problems(facts))
    yield Drafted(PROBLEMS, "oddities", _oddities(facts))
    yield Drafted(NEXT, "next", _next(facts))


def _number(facts: Facts, key: str) -> str:
    return token(key, facts.numbers[key].value)


def _overall(paper: Paper, facts: Facts) -> str:
    """截至3月1日，附件1应报108家，本期报送105家…。累计举办招聘活动…场次（本期新增…）。"""
    coverage = paper.cumulative.coverage
    counts = (
        ("应报", "expected", True),
        ("本期报送", "reported", True),
        ("沿用上期", "carried", coverage.carried),
        ("未报", "never", coverage.never),
    )
    made_of = [f"{word}{_number(facts, f'{paper.code}.{name}')}家" for word, name, said in counts if said]
    leading = [column for column in _whole(paper) if paper.cumulative.total[column.number] is not None]
    said = "；".join(
        f"{_label(column)}{_number(facts, f'{paper.code}.{column.number}.cumulative')}{column.unit}，"
        f"本期新增{_number(facts, f'{paper.code}.{column.number}.increment')}{column.unit}"
        for column in leading[:LEADING]
    )
    head = f"截至{_day(facts.day)}，{_name(paper, facts)}{'，'.join(made_of)}。"
    return head + (f"累计：{said}。" if said else "")


def _totals(paper: Paper, facts: Facts) -> str:
    """指标｜单位｜累计｜本期新增, a caption above."""
    rows = [f"{_name(paper, facts)}累计和本期新增", "指标｜单位｜累计｜本期新增"]
    for column in paper.columns:
        key = f"{paper.code}.{column.number}"
        rows.append(
            f"{_label(column)}｜{column.unit}｜{_number(facts, f'{key}.cumulative')}｜{_number(facts, f'{key}.increment')}"
        )
    return "\n".join(rows)


def _best(paper: Paper, facts: Facts) -> str:
    """The period that added most."""
    column = _column(paper, facts)
    key = f"{paper.code}.{column.number}"
    added = {number: facts.numbers[f"{key}.in-{number}"].value for number in facts.course[paper.code]}
    best = max(added, key=lambda number: added[number] or Decimal(0))
    return (
        f"{_name(paper, facts)}{_label(column)}以第{best}期新增最多，为{_number(facts, f'{key}.in-{best}')}{column.unit}，"
        f"到本期累计{_number(facts, f'{key}.cumulative')}{column.unit}。"
    )


def _by_period(paper: Paper, facts: Facts) -> str:
    column = _column(paper, facts)
    key = f"{paper.code}.{column.number}"
    rows = [f"{_name(paper, facts)}{_label(column)}各期进展", f"报告期｜累计（{column.unit}）｜本期新增"]
    rows += [
        f"第{number}期｜{_number(facts, f'{key}.to-{number}')}｜{_number(facts, f'{key}.in-{number}')}"
        for number in facts.course[paper.code]
    ]
    return "\n".join(rows)


def _column(paper: Paper, facts: Facts) -> Column:
    return next(column for column in paper.columns if column.number == facts.leading[paper.code])


def _ranking(paper: Paper, facts: Facts) -> str:
    """By what was added in per cent of what stood before: how large a unit is says nothing."""
    column = _column(paper, facts)
    ranked = _ranked(paper, column)
    if len(ranked) < AT_LEAST_RANKED:
        return ""
    key = f"{paper.code}.{column.number}.growth"
    first = "、".join(f"{name}（{_number(facts, f'{key}@{unit}')}%）" for name, unit, _ in ranked[:RANKED])
    said = f"{_name(paper, facts)}“{_label(column)}”本期增幅居前的是{first}"
    if len(ranked) > RANKED * 2:
        last = "、".join(
            f"{name}（{_number(facts, f'{key}@{unit}')}%）" for name, unit, _ in ranked[-RANKED:]
        )
        said += f"；增幅较小的是{last}"
    return f"{said}。沿用上期数据的单位不参加比较。"


def _units(paper: Paper, facts: Facts, column: Column) -> str:
    ranked = _ranked(paper, column)
    if len(ranked) < AT_LEAST_RANKED:
        return ""
    key = f"{paper.code}.{column.number}"
    rows = [f"各地“{_label(column)}”进展（按本期增幅）", f"单位｜累计（{column.unit}）｜本期新增｜增幅（%）"]
    rows += [
        f"{name}｜{_number(facts, f'{key}.cumulative@{unit}')}｜{_number(facts, f'{key}.increment@{unit}')}"
        f"｜{_number(facts, f'{key}.growth@{unit}')}"
        for name, unit, _ in ranked
    ]
    return "\n".join(rows)


def _footnote(paper: Paper, facts: Facts) -> str:
    """沿用上期：X区（截至2月9日）；未报送：Z区。 Once where all forms say the same."""
    same = [one for one in facts.papers if _absent(one) == _absent(paper)]
    said = []
    if paper.cumulative.carried:
        carried = "、".join(
            f"{unbound(name)}（截至{_day(as_of)}）" for name, as_of in paper.cumulative.carried
        )
        said.append(f"沿用上期：{carried}")
    if paper.cumulative.never:
        said.append(f"未报送：{unbound('、'.join(paper.cumulative.never))}")
    if paper.cumulative.exempt:
        said.append(f"免报：{unbound('、'.join(paper.cumulative.exempt))}")
    if not said or same[0] is not paper:
        return ""
    names = "" if len(same) == len(facts.papers) else "、".join(_name(one, facts) for one in same)
    return f"{names}{'；'.join(said)}。"


def _aim(aim: Aim, facts: Facts) -> str:
    """A target against time; a weekly floor by how many units keep it, those that do not by name."""
    key, label = f"target.{aim.position}", unbound(aim.label)
    if not aim.is_floor:
        total = _number(facts, f"{aim.form}.{aim.number}.cumulative")
        progress, elapsed = facts.numbers[f"{key}.progress"].value, facts.numbers[f"{key}.elapsed"].value
        pace = (
            "" if progress is None else "，慢于时间进度" if progress < (elapsed or 0) else "，不慢于时间进度"
        )
        return (
            f"{label}目标{_number(facts, f'{key}.goal')}{aim.unit}，累计完成{total}{aim.unit}，"
            f"进度{_number(facts, f'{key}.progress')}%，时间进度{_number(facts, f'{key}.elapsed')}%{pace}。"
        )
    if not aim.is_judged:
        return f"{label}每周下限：本期不足整周，不作考核。"
    said = (
        f"{label}每周下限：应考核{_number(facts, f'{key}.judged')}家，达标{_number(facts, f'{key}.met')}家，"
        f"未达标{_number(facts, f'{key}.below')}家"
    )
    return f"{said}：{_named(aim.below)}。" if aim.below else f"{said}。"


def _floor(aim: Aim, facts: Facts) -> str:
    """How often a weekly floor was kept, over all weeks that were judged."""
    key = f"target.{aim.position}"
    return (
        f"{unbound(aim.label)}每周下限：各期累计考核{_number(facts, f'{key}.judged-all')}家次，"
        f"达标{_number(facts, f'{key}.met-all')}家次。"
    )


def _floor_by_period(aim: Aim, facts: Facts) -> str:
    key = f"target.{aim.position}"
    rows = [f"{unbound(aim.label)}每周下限各期达标情况", "报告期｜考核单位数｜达标单位数｜未达标单位数"]
    rows += [
        f"第{number}期｜{_number(facts, f'{key}.judged-{number}')}｜{_number(facts, f'{key}.met-{number}')}"
        f"｜{_number(facts, f'{key}.below-{number}')}"
        for number in facts.weeks[aim.position]
    ]
    return "\n".join(rows)


def _cases(facts: Facts) -> str:
    """The best scored in words, all of them credited to their units."""
    if not facts.cases:
        return "本期尚未采用特色亮点。" if facts.asks_cases else ""
    said = [f"本期采用特色亮点{_number(facts, 'cases.adopted')}条。"]
    best = _best_cases(facts.cases)
    for case in best:
        said.append(_told(case))
    if len(facts.cases) > len(best):
        by_unit = {case.unit_code: case.unit for case in facts.cases}
        counted = "、".join(
            f"{unbound(name)}{_number(facts, f'cases.adopted@{code}')}条" for code, name in by_unit.items()
        )
        said.append(f"采用情况：{counted}。")
    return "\n".join(said)


def _best_cases(cases: Iterable[Case]) -> list[Case]:
    """The best scored; every unit's first before any unit's second."""
    told: Counter[str] = Counter()
    turns = []
    for case in sorted(cases, key=lambda case: -case.score):
        told[case.unit_code] += 1
        turns.append((told[case.unit_code], case))
    return [case for _, case in sorted(turns, key=lambda turn: turn[0])][:CASES_TOLD]


def _told(case: Case) -> str:
    return f"{unbound(case.unit)}：{unbound(case.title)}。{unbound(_shortened(case.text))}"


def _problems(facts: Facts) -> str:
    said = []
    for paper in facts.papers:
        if paper.cumulative.coverage.never:
            said.append(
                f"{_name(paper, facts)}仍有{_number(facts, f'{paper.code}.never')}家单位从未报送，请尽快补报。"
            )
    if facts.numbers["late"].value:
        names = f"：{_named(facts.late)}" if facts.late else ""
        said.append(f"本期有{_number(facts, 'late')}份报表迟报{names}。请按时报送。")
    falls = [fall for paper in facts.papers for fall in _falls(paper, facts)]
    if falls:
        said.append(f"累计数比上期减少的：{'；'.join(falls[:FALLS])}。请有关单位核实并说明原因。")
    return "\n".join(said)


def _oddities(facts: Facts) -> str:
    """Figures and reports to be looked into, the gravest first."""
    said = [_oddity(oddity, facts) for oddity in facts.oddities[:ODDITIES]]
    more = "等" if len(facts.oddities) > ODDITIES else ""
    return f"数据需要核实的：{'；'.join(said)}{more}。请有关单位核对台账，有误的及时更正。" if said else ""


def _oddity(oddity: Oddity, facts: Facts) -> str:
    paper = next(paper for paper in facts.papers if paper.code == oddity.form)
    words = ODD_WORDS[oddity.kind]
    key = f"{oddity.form}.{oddity.number}.own@{oddity.unit_code}"
    if oddity.number is None or key not in facts.numbers:
        return f"{unbound(oddity.unit)}{_name(paper, facts)}{words}"
    column = next(column for column in paper.columns if column.number == oddity.number)
    return f"{unbound(oddity.unit)}“{_label(column)}”填报{_number(facts, key)}{column.unit}，{words}"


def _named(names: Sequence[str]) -> str:
    return unbound("、".join(names[:NAMED])) + ("等" if len(names) > NAMED else "")


def _falls(paper: Paper, facts: Facts) -> Iterator[str]:
    for row in paper.increment.rows:
        for column in paper.columns:
            value = row.values[column.number]
            if value is not None and value < 0:
                key = f"{paper.code}.{column.number}.increment@{row.unit}"
                yield f"{unbound(row.name)}“{_label(column)}”{_number(facts, key)}{column.unit}"


def _next(facts: Facts) -> str:
    said = []
    for due in facts.dues:
        clock = f"{due.at:%H:%M}" if due.at.hour or due.at.minute else ""
        said.append(f"{due.what}于{_day(due.at.date())}{clock}前报送")
    if not said:
        return "本次活动各期数据已报送完毕，请各单位做好工作总结。" if facts.is_last else ""
    return f"请各单位按时报送：{'；'.join(said)}。"


def _ranked(paper: Paper, column: Column) -> list[tuple[str, str, Decimal]]:
    """The rows (name, unit, growth) by growth; none that is carried."""
    found = [
        (unbound(row.name), row.unit, rate)
        for row in paper.increment.rows
        if row.coverage.reported
        and (rate := growth(row.cumulative[column.number], row.values[column.number])) is not None
    ]
    return sorted(found, key=lambda each: -each[2])


def _whole(paper: Paper) -> list[Column]:
    """The columns that are no part (其中) of another."""
    return [column for column in paper.columns if column.group is None and "其中" not in column.label]


def _absent(paper: Paper) -> tuple[object, ...]:
    return paper.cumulative.carried, paper.cumulative.never, paper.cumulative.exempt


def _name(paper: Paper, facts: Facts) -> str:
    """附件1; nothing where the edition has one form."""
    return (paper.annex or paper.title) if len(facts.papers) > 1 else ""


def _label(column: Column) -> str:
    return unbound(column.label)


def _shortened(text: str) -> str:
    said = "".join(
        line if line[-1] in _STOPS else f"{line}。" for line in map(str.strip, text.split("\n")) if line
    )
    return said if len(said) <= CASE_CHARACTERS else f"{said[:CASE_CHARACTERS].rstrip('，、；')}……"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
