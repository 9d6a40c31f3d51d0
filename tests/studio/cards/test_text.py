"""Setting type: the largest letters that fit, lines that break where they may, symbols that stay with their word."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deckport_assets.errors import MissingElement, TextOverflow
from deckport_assets.studio.cards import PACKAGE_THEMES, load_theme
from deckport_assets.studio.cards.draw_list import Box, TextLine
from deckport_assets.studio.cards.symbols import Symbol, SymbolTable, sentences
from deckport_assets.studio.cards.text import Fitted, Paragraph, Run, Style, TextFitter

THEME = load_theme(PACKAGE_THEMES / "deckport")
STYLE = Style(font="text", size_px=70, min_px=30, colour=(0, 0, 0, 255), balanced=True)
BOX = Box(100, 200, 900, 400)
FITTER = TextFitter(THEME.fonts, "AZURE-001 Sky Voyager")
TABLE = SymbolTable(
    [
        Symbol("fire", "Fire", ("fire", "fire damage"), ("fire_damage",)),
        Symbol("mana", "Mana", ("mana",), ("gain_mana",), ("m",)),
    ],
    theme="test",
    bold="bold",
    width_em=1.0,
)
LETTERS = st.text(st.sampled_from("abcdefghijklmnop ’-,.éß钥之"), min_size=1, max_size=160)


def fitted(text: str, box: Box = BOX, style: Style = STYLE) -> Fitted:
    return FITTER.block([Paragraph(TABLE.runs(text), style)], box, "text")


def rows(found: Fitted) -> list[str]:
    """The text of each line, from the top."""
    by_baseline: dict[float, list[TextLine]] = {}
    for line in found.lines:
        by_baseline.setdefault(line.baseline_px, []).append(line)
    return ["".join(line.text for line in by_baseline[y]) for y in sorted(by_baseline)]


def test_a_short_text_has_the_full_size_and_stands_in_the_middle() -> None:
    (line,) = fitted("Draw a card.").lines

    assert line.size_px == STYLE.size_px
    assert line.x_px + line.width_px / 2 == pytest.approx(550, abs=0.1)


def test_a_keyword_has_its_symbol_before_it_and_is_never_broken() -> None:
    narrow = Box(0, 0, 330, 600)
    found = fitted("Deal three Fire damage to enemy", narrow)

    assert "Fire damage" in rows(found), "its two words stay together"
    (symbol,) = found.symbols
    word = next(line for line in found.lines if line.text == "Fire damage")
    assert word.font == "bold"
    assert symbol.box.right_px <= word.x_px and symbol.box.y_px < word.baseline_px < symbol.box.bottom_px + 20


def test_what_follows_a_keyword_without_a_space_stays_with_it() -> None:
    for width_px in range(260, 900, 20):
        for row in rows(fitted("Spend (mana), then fire.", Box(0, 0, width_px, 800))):
            assert not re.match(r"[),.]", row) and not row.endswith("(")


def test_markup_is_understood_and_a_name_without_a_symbol_is_refused() -> None:
    assert [run.symbol or run.text for run in TABLE.runs("Pay {3}{m}: {FIRE} it")] == [
        "Pay ", "3", "mana", "mana", ": ", "fire", " it",
    ]  # fmt: skip
    with pytest.raises(MissingElement, match=r"\{glitter\}"):
        TABLE.runs("{glitter}")
    assert TABLE.runs("a { b")[0].text == "a { b", "a single brace stands for itself; the lint tells of it"


def test_words_are_found_whole_and_longest_first() -> None:
    assert [run.text for run in TABLE.runs("Fire damage, firework, a fire-storm") if run.kept] == ["Fire damage"]


def test_a_long_word_is_hyphenated_when_that_makes_the_letters_larger() -> None:
    narrow = Box(0, 0, 420, 700)
    found = fitted("counterintelligence", narrow)

    assert found.lines[0].text.endswith("-")
    assert "".join(line.text for line in found.lines).replace("-", "") == "counterintelligence"
    assert found.lines[0].size_px > STYLE.size_px * 0.7


def test_lines_are_balanced() -> None:
    widths = [line.width_px for line in fitted("one two three four five six seven eight nine ten eleven").lines]

    assert len(widths) > 1 and min(widths) > 0.6 * max(widths)


@settings(max_examples=150, deadline=None)
@given(text=LETTERS, width_px=st.integers(200, 1200), height_px=st.integers(60, 500))
def test_no_letter_leaves_the_box_and_none_is_lost(text: str, width_px: int, height_px: int) -> None:
    box = Box(50, 60, width_px, height_px)
    try:
        found = fitted(text, box)
    except TextOverflow as refused:
        assert "AZURE-001" in str(refused) and refused.remedy
        return
    for line in found.lines:
        assert line.x_px >= box.x_px - 0.5 and line.x_px + line.width_px <= box.right_px + 0.5
        assert box.y_px <= line.baseline_px <= box.bottom_px
    shown = "".join(line.text for line in found.lines)
    assert re.sub(r"[\s-]", "", shown) == re.sub(r"[\s-]", "", text)


@settings(max_examples=60, deadline=None)
@given(text=LETTERS)
def test_more_room_never_makes_letters_smaller(text: str) -> None:
    small, large = Box(0, 0, 700, 300), Box(0, 0, 700, 360)
    try:
        before = fitted(text, small).lines
    except TextOverflow:
        return
    if before:
        assert fitted(text, large).lines[0].size_px >= before[0].size_px


def test_short_rules_stand_on_lines_of_their_own_and_prose_does_not() -> None:
    assert sentences("Immunity: 4 Heal 4 health to ally. Draw.") == ["Immunity: 4", "Heal 4 health to ally.", "Draw."]
    prose = "A rule that goes on " * 6 + ". Then another."
    assert sentences(prose) == [prose]


def test_runs_keep_their_own_letters() -> None:
    paragraph = Paragraph((Run("Gain"), Run(" two mana ", font="bold", kept=True), Run("now")), STYLE)
    found = FITTER.block([paragraph], BOX, "text")

    assert [(line.text.strip(), line.font) for line in found.lines] == [
        ("Gain", "text"), ("two mana", "bold"), ("now", "text"),
    ]  # fmt: skip
    assert replace(found.lines[0], text="") != found.lines[1]
