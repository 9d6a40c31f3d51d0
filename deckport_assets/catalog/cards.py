"""Reading the cards of the catalog. Writing them is the import's alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

import sqlalchemy as db

from deckport_assets.catalog.tables import cards
from deckport_assets.models import Card, Category, Colour, Rarity

_FACTS = tuple(field.name for field in fields(Card) if field.name != "retired")
MOST_AT_ONCE = 500
"""Keys in one IN (...): SQLite's limit of bound parameters is a multiple of this."""

BY_SKU = (cards.c.sku_colour, cards.c.sku_number)
"""The one order of cards: by colour, then by number (not as text)."""


def card_of(row: db.RowMapping) -> Card:
    """The card that a row of the table holds."""
    values = {name: row[name] for name in _FACTS}
    values |= {
        "category": Category(row["category"]),
        "rarity": Rarity(row["rarity"]),
        "colour": Colour(row["colour"]),
        "keywords": tuple(row["keywords"]),
    }
    return Card(**values, retired=row["retired_at"] is not None)


def all_cards(connection: db.Connection, *, retired: bool = False) -> list[Card]:
    """Every card in SKU order; the retired ones only when asked for."""
    query = db.select(cards).order_by(*BY_SKU)
    if not retired:
        query = query.where(cards.c.retired_at.is_(None))
    return [card_of(row) for row in connection.execute(query).mappings()]


def cards_by_slug(connection: db.Connection, slugs: Iterable[str]) -> dict[str, Card]:
    """The cards with these slugs, retired or not; a slug that is not in the catalog is not in the answer."""
    found: dict[str, Card] = {}
    for some in in_portions(slugs):
        rows = connection.execute(db.select(cards).where(cards.c.slug.in_(some))).mappings()
        found |= {row["slug"]: card_of(row) for row in rows}
    return found


def find_card(connection: db.Connection, word: str) -> Card | None:
    """The card with this slug, SKU (either case) or exact name."""
    same = db.or_(cards.c.slug == word, cards.c.sku == word.upper(), cards.c.name == word)
    row = connection.execute(db.select(cards).where(same)).mappings().first()
    return card_of(row) if row else None


def in_portions(keys: Iterable[str], size: int = MOST_AT_ONCE) -> Iterable[list[str]]:
    """The keys in lists that a database takes in one query."""
    every = list(keys)
    return (every[start : start + size] for start in range(0, len(every), size))
