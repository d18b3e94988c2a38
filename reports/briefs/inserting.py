"""What is put into a brief on demand: a block of its edition's figures, or a case, as a paragraph."""

from .facts import Facts
from .sentences import Block, Drafted, of_case, of_indicator, of_missing
from .writing import BriefError


def block(facts: Facts, what: str, indicator: str, case: str) -> Drafted:
    """Return the paragraph that is asked for. what: a Block. indicator: fu1.2; case: its id; where `what` is about one.

    Raises BriefError where something is not named, or where there is nothing to say.
    """
    if what == Block.BLANK:
        return Drafted("", what, "")
    if what == Block.MISSING:
        drafted = of_missing(facts)
        if not drafted.text:
            raise BriefError("本期没有未报、沿用和免报的单位，没有可插入的内容。")
        return drafted
    if what == Block.CASE:
        told = next((one for one in facts.cases if str(one.pk) == case), None)
        if told is None:
            raise BriefError("请选择本期采用的一条特色亮点。")
        return of_case(told)
    found = next(
        (
            (paper, column)
            for paper in facts.papers
            for column in paper.columns
            if f"{paper.code}.{column.number}" == indicator
        ),
        None,
    )
    if found is None or what not in Block.values:
        raise BriefError("请选择要插入的内容和指标。")
    drafted = of_indicator(facts, Block(what), *found)
    if not drafted.text:
        raise BriefError("本期报送且有上期数据的单位不足 2 个，没有可排名的数据。")
    return drafted
