"""A brief as it leaves the printer, measured: margins, characters a line, lines a page, page numbers, tables."""

import pytest

from reports.briefs import facts, writing
from reports.briefs.word import document
from tests.reports.printed import BOTTOM, LEFT, MM, RIGHT, TOP, as_pdf, lines_of, measured, pictures_of

pytestmark = pytest.mark.django_db

WRITTEN = "春风送岗促就业各级部门共同组织开展招聘活动精准服务助发展" * 70
"""28 characters, 70 times: a page full of lines, whatever stands above."""


def ink(picture, box, *, red=False):
    """The box around what is printed in a part of a page; red: around what is printed in red."""
    part = picture.convert("RGB").crop(tuple(map(round, box)))
    red_channel, green, _ = part.split()
    mask = green.point(lambda value: 255 * (value < 160))
    if red:
        dark = red_channel.point(lambda value: 255 * (value < 150))
        mask.paste(0, mask=dark)
    return mask.getbbox()


@measured
def test_a_brief_keeps_to_the_official_layout(world, tmp_path):
    brief = writing.draft(world.edition, by=world.boss)
    published, now = facts.known(world.edition)
    writing.edit(brief, brief.paragraphs.last().position, WRITTEN, now, seen=1, by=world.boss)
    pdf = as_pdf(document(brief, brief.paragraphs.all(), published | now), tmp_path)
    pages, pictures = lines_of(pdf), pictures_of(pdf)

    # Page numbers in every foot, at the outer edge; nothing else beyond the margins.
    assert [lines[-1][-1] for lines in pages] == [f"—{number}—" for number in range(1, len(pages) + 1)]
    for number, (*lines, foot) in enumerate(pages, start=1):
        assert (foot[0] > 105 * MM) == (number % 2 == 1)
        for left, top, right, bottom, text in lines:
            assert left >= LEFT - 1, text
            assert right <= RIGHT + 1, text
            assert top >= TOP - 1, text
            assert bottom <= BOTTOM + 4, text

    # A page of nothing but text: 22 lines of 28 characters, from margin to margin.
    full = next(lines[:-1] for lines in pages if all(len(line[-1]) == 28 for line in lines[:-1]))
    assert len(full) == 22
    assert full[0][1] == pytest.approx(TOP, abs=12)
    assert full[-1][3] == pytest.approx(BOTTOM, abs=12)
    for left, _, right, _, _ in full:
        assert (left, right) == pytest.approx((LEFT, RIGHT), abs=2)

    # The red line of the head runs from margin to margin; no table is wider than the text.
    left, _, right, _ = ink(pictures[0], (0, 0, 210 * MM, BOTTOM), red=True)
    assert (left, right) == pytest.approx((LEFT, RIGHT), abs=3)
    for picture in pictures:
        left, _, right, _ = ink(picture, (0, 0, 210 * MM, BOTTOM))
        assert left >= LEFT - 6
        assert right <= RIGHT + 6
