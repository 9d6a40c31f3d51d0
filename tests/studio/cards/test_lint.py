"""The lint of what a card prints: each kind of dirt that the catalog has, with its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deckport_assets.studio.cards import PACKAGE_THEMES, load_theme
from deckport_assets.studio.cards.lint import Finding, lint
from tests.studio.cards.sample import LEGEND, PLAIN, WITH_TEXT

SYMBOLS = load_theme(PACKAGE_THEMES / "deckport").symbols


def found(**facts: object) -> tuple[Finding, ...]:
    card = replace(PLAIN, rules_text="", flavor_text="", keywords=())
    return lint(replace(card, **facts), SYMBOLS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("Target ally gets +3 deattack.", "glued_prefix", "deattack"),
        ("Target ally gets +3 dedefense.", "glued_prefix", "dedefense"),
        ("Deal 3 Deal damage to enemy.", "doubled_word", "Deal"),
        ("Heal the the ally.", "doubled_word", "the the"),
        ("Immunity: 4 Heal 4 health to ally.", "missing_full_stop", "4"),
        ("Draw two cards", "missing_full_stop", "s"),
        ("Apply burn (3 damage for 2 turns.", "unbalanced", "("),
        ("Apply burn 3 damage for 2 turns).", "unbalanced", ")"),
        ("Deal 3) damage to enemy.", "unbalanced", ")"),
        ("Pay {3: draw a card.", "unbalanced", "{"),
        ("Target ally gets +3 predefense.", "glued_prefix", "predefense"),
        ("Deal 3 damage to enemy Apply burn.", "missing_full_stop", "my"),
        ('Say "hello.', "unbalanced", '"'),
        ("Pay {glitter}: draw a card.", "unknown_symbol", "{glitter}"),
    ],
)
def test_a_mistake_is_found_with_its_place(text: str, rule: str, place: str) -> None:
    (finding,) = found(rules_text=text)

    assert (finding.rule, finding.fact) == (rule, "rules_text")
    assert text[finding.start : finding.end] == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Teleport: 4",
        "Gain Energy: 12",
        "Deal 3 Fire damage to equipped_creature.",
        "Pay {3}{crimson}: draw a card.",
        "“Rise!”",
        "あなたの手札を一枚引く。",
        "Choose one: a) draw a card. b) heal 3 health.",
    ],
)
def test_a_text_without_mistakes_is_left_alone(text: str) -> None:
    assert found(rules_text=text) == ()


def test_a_keyword_that_stands_twice_is_told() -> None:
    (finding,) = found(keywords=("poison", "burn", "poison"))
    assert (finding.rule, finding.start) == ("doubled_word", 14)


def test_a_keyword_that_the_theme_does_not_know_is_told() -> None:
    (finding,) = found(keywords=("poison", "glitter_storm"))

    assert str(finding) == "keywords 8-21: 'glitter_storm' is no keyword of the theme"


def test_names_and_flavor_are_read_too() -> None:
    assert [f.rule for f in found(name="Storm Storm", flavor_text="It ends")] == ["doubled_word", "missing_full_stop"]


def test_cards_as_the_catalog_has_them() -> None:
    assert [f.rule for f in lint(WITH_TEXT, SYMBOLS)] == []
    assert [f.rule for f in lint(LEGEND, SYMBOLS)] == ["missing_full_stop"]
