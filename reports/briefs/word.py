"""A brief as an official document: red head, sections numbered 一、二、…, tables that fit, who receives it."""

import re
from collections.abc import Iterable, Iterator

from reports.models import Brief, BriefParagraph
from reports.texts.word import numeral
from reports.word import Block, Heading, Paragraph, RedHead, Table, Written, write

from .numbers import Numbers, plain_text

_IN_BRACKETS = re.compile(r"（[^（）]*）$")


def document(brief: Brief, paragraphs: Iterable[BriefParagraph], known: Numbers) -> bytes:
    """Return the brief as a .docx file."""
    day = f"{brief.day.year}年{brief.day.month}月{brief.day.day}日"
    is_brief = brief.kind == Brief.Kind.BRIEF
    return write(
        Written(
            title=brief.title,
            blocks=_blocks(paragraphs, known),
            red_head=RedHead(head_name(brief), brief.issue, brief.unit.name, day) if is_brief else None,
            byline="" if is_brief else f"{brief.unit.name}　{day}",
            foot=(f"{brief.unit.name}　{day}印发",) if is_brief else (),
        )
    )


def head_name(brief: Brief) -> str:
    """The name in red: 江苏省2024年春风行动简报."""
    return f"{_IN_BRACKETS.sub('', brief.campaign.title)}简报"


def _blocks(paragraphs: Iterable[BriefParagraph], known: Numbers) -> Iterator[Block]:
    sections: list[str] = []
    for paragraph in paragraphs:
        text = plain_text(paragraph.text, known)
        if not text:
            continue
        if paragraph.section not in sections:
            sections.append(paragraph.section)
            yield Heading(f"{numeral(len(sections))}、{paragraph.section}")
        if paragraph.kind == BriefParagraph.Kind.TABLE:
            yield from tables(text)
        else:
            yield from (Paragraph(line) for line in text.split("\n") if line.strip())


def tables(text: str) -> Iterator[Block]:
    """A table from its lines; a first line without ｜ is its caption, and a text without any ｜ is words."""
    caption, header, rows = table_of(text)
    if header:
        yield Table(header, rows, caption)
    elif caption:
        yield Paragraph(caption)


def table_of(text: str) -> tuple[str, list[str], list[list[str]]]:
    """Return caption, header and rows; every row has as many cells as the header."""
    lines = [line for line in text.split("\n") if line.strip()]
    caption = lines.pop(0) if lines and "｜" not in lines[0] else ""
    if not lines:
        return caption, [], []
    header, *rows = ([cell.strip() for cell in line.split("｜")] for line in lines)
    width = len(header)
    return caption, header, [(row + [""] * width)[:width] for row in rows]
