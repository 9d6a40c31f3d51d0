"""A deck list: which cards and how many of each. Text in, counts out; where the cards come from is the caller's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from deckport_assets.errors import BadDeck
from deckport_assets.models import Card

MOST_COPIES = 999
"""Of one line: beyond it somebody has mistyped."""

_COUNTED = re.compile(r"(?P<copies>-?\d+)\s*[xX×]?\s+(?P<word>\S.*)")
_COMMENT = re.compile(r"(^|\s)#.*")


def read_deck(text: str, name: str, cards: Iterable[Card]) -> dict[str, int]:
    """How many copies of each card (by its slug) the deck has, in the order of its lines.

    A line is `3 Sky Voyager`, `3x sky-voyager` or `AZURE-001`, which is one; what follows # is a comment. Either case
    and either apostrophe will do. Raises BadDeck, which names every line that is wrong with what is wrong.
    """
    known: dict[str, Card] = {}
    for card in cards:
        for word in (card.name, card.sku, card.slug):
            known.setdefault(_spelt(word), card)
    copies_of: dict[str, int] = {}
    wrong: list[str] = []
    for line, content in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        entry = _COMMENT.sub("", content).strip()
        if not entry:
            continue
        copies, word = 1, entry
        if _spelt(entry) not in known and (counted := _COUNTED.fullmatch(entry)):
            copies, word = int(counted["copies"]), counted["word"]
        found = known.get(_spelt(word))
        if found is None:
            wrong.append(f"{name}:{line}: there is no card {word!r}.{_meant(word, known)}")
        elif not 1 <= copies <= MOST_COPIES:
            wrong.append(f"{name}:{line}: {copies} copies of {found.name}: 1 to {MOST_COPIES} can be had.")
        else:
            copies_of[found.slug] = copies_of.get(found.slug, 0) + copies
    if wrong:
        raise BadDeck(
            "\n       ".join(wrong),
            remedy="Write a line as `3 Sky Voyager`: how many, then the card's name, slug or SKU.",
        )
    if not copies_of:
        raise BadDeck(f"{name} names no card.", remedy="Write a line for each card, as `3 Sky Voyager`.")
    return copies_of


def _spelt(word: str) -> str:
    return " ".join(word.replace("’", "'").casefold().split())


def _meant(word: str, known: dict[str, Card]) -> str:
    nearest = get_close_matches(_spelt(word), known, 1)
    return f" Is {known[nearest[0]].name} meant?" if nearest else ""
