"""Writing a card's prompt by hand: what the page begins with, what the rules remark, and keeping what was written.

The rules warn and never refuse: a person's prompt is used as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as db

from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.cards import find_card
from deckport_assets.catalog.prompts import StoredPrompt, names_and_texts, prompts_that_count, write_by_hand
from deckport_assets.errors import Refused
from deckport_assets.models import Card
from deckport_assets.studio.prompts.prompt import Finding
from deckport_assets.studio.prompts.rules import lint


@dataclass(frozen=True, slots=True)
class Draft:
    """What the page begins with."""

    card: Card
    prompt: StoredPrompt | None
    """The one that counts."""
    remarks: tuple[Finding, ...]
    """What the rules find in it."""
    open_requests: int
    """How many requests of this person are open for the card."""


def draft_of(connection: db.Connection, word: str, name: str) -> Draft:
    """What somebody of this name begins with. Raises Refused when the word names no card that is in the catalog."""
    card = living_card(connection, word)
    mine = prompts_that_count(connection, [card.slug]).get(card.slug)
    names, texts = names_and_texts(connection)
    texts.pop(card.slug, None)
    remarks = lint(mine.text, card, other_names=names, other_texts=texts.values()) if mine else ()
    return Draft(card, mine, remarks, len(_open_requests(connection, card, name)))


def keep(connection: db.Connection, fields: Mapping[str, str], name: str, *, cancels: bool) -> None:
    """Keep a prompt as this person's. Ask within a transaction that writes.

    `cancels`: their open requests for the card are taken back. Raises BadRequest for an empty or endless prompt,
    Refused when the card is none that is in the catalog.
    """
    card = living_card(connection, fields.get("card", ""))
    text, negative = fields.get("text", ""), fields.get("negative", "")
    write_by_hand(connection, card.slug, text, negative=negative, author=name)
    queue.settle_failed(connection, card.slug, f"{name} has written it.")
    for request in _open_requests(connection, card, name) if cancels else []:
        with suppress(Refused):  # it has ended meanwhile
            queue.cancel(connection, request.id)


def living_card(connection: db.Connection, word: str) -> Card:
    """The card that a word names. Raises Refused when there is none, or when it has left the catalog."""
    card = find_card(connection, word)
    if card is None:
        raise Refused(f"There is no card {word[:80]!r}.", remedy="Use its slug, SKU or exact name.")
    if card.retired:
        raise Refused(f"{card.name} has left the catalog; nothing is written for it.")
    return card


def _open_requests(connection: db.Connection, card: Card, name: str) -> list[queue.Request]:
    return [each for each in queue.in_line(connection, requester=name) if each.card == card.slug] if name else []
