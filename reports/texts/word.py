"""Cases in the pattern of 附件3: numbered, each with where, what and its figures, then its pictures."""

from collections.abc import Callable, Iterable
from pathlib import Path

from campaigns.models import Campaign, ReportingPeriod
from reports.models import Attachment, TextReport
from reports.word import Block, Heading, Paragraph, Picture, Written, write

from .content import for_paper

PICTURES_A_CASE = 3
_NUMERALS = "零一二三四五六七八九十"


def cases_document(
    campaign: Campaign,
    period: ReportingPeriod | None,
    cases: Iterable[TextReport],
    path_of: Callable[[Attachment], Path],
) -> bytes:
    """Return a Word document of cases. period: the one that all are of; None = of several."""
    return write(
        Written(
            title="一周特色亮点工作",
            byline=f"{campaign.title}{period or ''}",
            blocks=[
                block for number, case in enumerate(cases, start=1) for block in _case(number, case, path_of)
            ]
            or [Paragraph("本期没有已上报的特色亮点工作。")],
        )
    )


def _case(number: int, case: TextReport, path_of: Callable[[Attachment], Path]) -> Iterable[Block]:
    yield Heading(f"{numeral(number)}、{case.title}")
    yield Heading(f"（{case.unit.name}　{case.place}）", 2)
    yield from (Paragraph(line) for line in case.text.split("\n") if line)
    if case.figures:
        yield Paragraph(f"关键数据：{case.figures}")
    pictures = [file for file in case.attachments.all() if file.finished_at and file.is_picture]
    for picture in pictures[:PICTURES_A_CASE]:
        try:
            yield Picture(for_paper(path_of(picture)), picture.caption)
        except FileNotFoundError:  # restored without its files: the words are still worth having
            yield Paragraph(f"（图片“{picture.name}”没有找到，请联系系统管理员。）")


def numeral(number: int) -> str:
    """A number up to 99 as official documents count: 一, 十, 二十一."""
    tens, ones = divmod(number, 10)
    if tens > 9:
        return str(number)
    said = ("" if tens == 0 else "十" if tens == 1 else f"{_NUMERALS[tens]}十") + (
        _NUMERALS[ones] if ones else ""
    )
    return said or _NUMERALS[0]
