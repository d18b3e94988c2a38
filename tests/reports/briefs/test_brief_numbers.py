"""Numbers inside a text: how they are typed, refreshed and frozen."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from reports.briefs.numbers import (
    Number,
    count_left_plain,
    for_typing,
    from_typing,
    frozen,
    growth,
    name_for_typing,
    pieces,
    plain_text,
    refreshed,
    token,
)

KNOWN = {
    "fu1.1.cumulative": Number(Decimal(1234), 0, "附件1第1列累计", "fu1"),
    "fu1.2.increment": Number(Decimal("-5.50"), 2, "附件1第2列本期新增", "fu1", "increment"),
    "fu1.3.cumulative": Number(None, 0, "附件1第3列累计", "fu1"),
}
TEXT = (
    "累计" + token("fu1.1.cumulative", Decimal(1234)) + "份，新增" + token("fu1.2.increment", Decimal("-5.5"))
)


def test_a_number_prints_with_the_decimals_of_its_indicator():
    assert plain_text(TEXT, KNOWN) == "累计1,234份，新增−5.50"
    assert plain_text(token("fu1.3.cumulative", None), KNOWN) == "—"


def test_a_number_that_is_moved_or_taken_out_stays_bound_and_one_typed_over_does_not():
    assert for_typing(TEXT, KNOWN) == "累计〔1：1,234〕份，新增〔2：−5.50〕"
    moved = from_typing("新增〔2：−5.50〕，共〔1：1,234〕份", TEXT, KNOWN)
    assert (
        moved
        == f"新增{token('fu1.2.increment', Decimal('-5.5'))}，共{token('fu1.1.cumulative', Decimal(1234))}份"
    )
    assert from_typing("累计〔1：1,999〕份，〔3：7〕", TEXT, KNOWN) == "累计1,999份，7"


def test_a_number_that_lost_a_bracket_says_what_it_said():
    assert from_typing("累计〔1：1,234份，新增〔2：−5.50〕", TEXT, KNOWN) == (
        f"累计1,234份，新增{token('fu1.2.increment', Decimal('-5.5'))}"
    )
    assert count_left_plain("累计〔1：1,234份", TEXT, KNOWN) == 1


def test_numbers_that_become_plain_text_are_counted():
    assert count_left_plain("新增〔2：−5.50〕，共〔1：1,234〕份〔1：1,234〕", TEXT, KNOWN) == 0
    assert count_left_plain("累计〔1：1,999〕份，〔3：7〕，〔附件1第1列累计〕〔2024〕", TEXT, KNOWN) == 2


def test_a_source_that_is_named_becomes_its_number_and_one_that_is_not_known_stays_text():
    said = from_typing("〔附件1第1列累计〕份，〔fu1.2.increment〕；〔附件9第1列累计〕", "", KNOWN)
    assert said == (
        f"{token('fu1.1.cumulative', Decimal(1234))}份，{token('fu1.2.increment', Decimal('-5.50'))}；（附件9第1列累计）"
    )
    assert name_for_typing("fu1.1.cumulative", KNOWN) == "〔附件1第1列累计〕"


def test_the_number_of_a_notice_keeps_its_brackets():
    assert from_typing("按苏人社发〔2024〕5号，〔甲〕已办〔1：1,234〕份", TEXT, KNOWN) == (
        f"按苏人社发〔2024〕5号，（甲）已办{token('fu1.1.cumulative', Decimal(1234))}份"
    )


def test_words_that_two_sources_share_name_neither():
    twins = {key: Number(Decimal(number), 0, "时间进度（%）") for number, key in enumerate(("a.b", "c.d"))}
    assert from_typing("〔时间进度（%）〕", "", twins) == "（时间进度（%））"
    assert name_for_typing("c.d", twins) == "〔c.d〕"


def test_a_token_that_somebody_types_is_plain_text():
    typed = from_typing("{{n:fu1.1.cumulative=9}}", "", KNOWN)
    assert [piece for piece in pieces(typed, KNOWN, KNOWN) if not isinstance(piece, str)] == []


def test_a_refresh_leaves_frozen_numbers_and_those_without_a_source():
    now = {"fu1.1.cumulative": Number(Decimal(1300), 0, "")}
    assert refreshed(TEXT, now) == TEXT.replace("=1234}", "=1300}")
    assert refreshed(frozen(TEXT, is_frozen=True), now) == frozen(TEXT, is_frozen=True)
    assert frozen(frozen(TEXT, is_frozen=True), is_frozen=False) == TEXT


def test_a_chip_says_whether_it_is_the_latest_changed_or_frozen():
    now = {"fu1.1.cumulative": Number(Decimal(1300), 0, "附件1第1列累计", "fu1")}
    chip = next(piece for piece in pieces(TEXT, KNOWN, now) if not isinstance(piece, str))
    assert (chip.state, chip.title) == ("changed", "附件1第1列累计，已变化，现为 1,300")
    [_, chip, *_] = pieces(refreshed(TEXT, now), KNOWN, now)
    assert (chip.state, chip.title) == ("latest", "附件1第1列累计，最新，发布时 1,234")
    [_, chip, *_] = pieces(frozen(TEXT, is_frozen=True), KNOWN, now)
    assert (chip.state, chip.has_changed) == ("frozen", True)


def test_growth_is_the_increment_in_per_cent_of_what_stood_before():
    assert growth(Decimal(65), Decimal(15)) == Decimal("30.0")
    assert growth(Decimal(15), Decimal(15)) is None
    assert growth(None, Decimal(1)) is None


def test_a_token_cannot_be_put_together_from_what_stands_around_a_number():
    for typed in ("{〔9：{n:fu1.1.cumulative=9}}〕", "{{{n:fu1.1.cumulative=9}}"):
        stored = from_typing(typed, TEXT, KNOWN)
        assert [piece for piece in pieces(stored, KNOWN, KNOWN) if not isinstance(piece, str)] == []


@given(
    st.lists(
        st.text(st.sampled_from("甲{}〔〕：1n=｜\n"), max_size=6)
        | st.sampled_from(("〔1：1,234〕", "〔2：−5.50〕", "〔2024〕"))
    )
)
def test_what_is_saved_as_it_is_shown_stays_as_it_was_stored(parts):
    stored = from_typing("".join(parts), TEXT, KNOWN)
    assert from_typing(for_typing(stored, KNOWN), stored, KNOWN) == stored
