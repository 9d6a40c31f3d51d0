"""Deck lists: every way to write a line, and every line that is wrong told at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deckport_assets.errors import BadDeck
from deckport_assets.studio.print.deck import read_deck
from tests.studio.cards.sample import PLAIN

CARDS = [
    PLAIN,
    replace(PLAIN, slug="smiths-anvil", sku="CRIMSON-007", name="Smith’s Anvil"),
    replace(PLAIN, slug="7-swords", sku="AETHER-003", name="7 Swords"),
]


def test_every_way_to_write_a_line() -> None:
    deck = """\ufeff# My deck
    3 Sky Voyager
    2x smiths-anvil   # the good one
    AZURE-001
    1 X Smith's anvil

    7 Swords
    2 7 swords
    """
    assert read_deck(deck, "deck.txt", CARDS) == {"sky-voyager": 4, "smiths-anvil": 3, "7-swords": 3}


def test_every_wrong_line_is_told_at_once() -> None:
    with pytest.raises(BadDeck) as refused:
        read_deck(
            "2 Sky Voyagr\n\n3 sky-voyager\n0 Sky Voyager\n1000x AZURE-001\nThe Nameless One\n", "deck.txt", CARDS
        )
    said = str(refused.value).split("\n")
    assert [line.strip().split(": ", 1)[0] for line in said] == [f"deck.txt:{n}" for n in (1, 4, 5, 6)]
    assert said[0].endswith("there is no card 'Sky Voyagr'. Is Sky Voyager meant?")
    assert "0 copies of Sky Voyager: 1 to 999" in said[1]
    assert "3 Sky Voyager" in refused.value.remedy


def test_a_deck_without_cards_is_no_deck() -> None:
    with pytest.raises(BadDeck, match="names no card"):
        read_deck("# nothing yet\n", "deck.txt", CARDS)
