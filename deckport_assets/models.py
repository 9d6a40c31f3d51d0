"""What the game's things are: a card, its colour, category and rarity.

Plain frozen values that every other module may import. No reading, writing, drawing or Dagster belongs here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Colour(StrEnum):
    """The six colours of mana."""

    CRIMSON = "CRIMSON"
    AZURE = "AZURE"
    VERDANT = "VERDANT"
    OBSIDIAN = "OBSIDIAN"
    RADIANT = "RADIANT"
    AETHER = "AETHER"


class Rarity(StrEnum):
    """How often a card is found, from the commonest to the rarest."""

    COMMON = "COMMON"
    RARE = "RARE"
    EPIC = "EPIC"
    LEGENDARY = "LEGENDARY"


class Category(StrEnum):
    """What a card is in play."""

    CREATURE = "CREATURE"
    STRUCTURE = "STRUCTURE"
    ACTION_FAST = "ACTION_FAST"
    ACTION_SLOW = "ACTION_SLOW"
    EQUIPMENT = "EQUIPMENT"
    ENCHANTMENT = "ENCHANTMENT"
    ARTIFACT = "ARTIFACT"
    HERO = "HERO"

    @property
    def stats(self) -> tuple[str, ...]:
        """The fighting numbers that a card of this category has; the others are not printed."""
        return STATS_OF_CATEGORY.get(self, ())


STATS_OF_CATEGORY: dict[Category, tuple[str, ...]] = {
    Category.CREATURE: ("attack", "defense", "health"),
    Category.STRUCTURE: ("defense", "health"),
    Category.HERO: ("attack", "defense", "health"),
}

COSTS: tuple[str, ...] = ("mana_cost", "energy_cost")
"""The numbers that every card has."""

DEFAULT_CARD_SET = "Open Portal Enhanced"


@dataclass(frozen=True, slots=True)
class Card:
    """One card's facts, as the catalog holds them. JSON columns are canonical JSON text, or "" where empty."""

    slug: str
    sku: str
    legacy_slug: str
    name: str
    category: Category
    rarity: Rarity
    legendary: bool
    colour: Colour
    mana_cost: int
    energy_cost: int
    attack: int | None = None
    defense: int | None = None
    health: int | None = None
    base_energy_per_turn: int | None = None
    equipment_slots: int | None = None
    keywords: tuple[str, ...] = ()
    limits_json: str = ""
    targeting_json: str = ""
    effects_json: str = ""
    abilities_json: str = ""
    rules_text: str = ""
    flavor_text: str = ""
    frame_type: str = ""
    video_prompt: str = ""
    action_speed: str = ""
    card_set: str = DEFAULT_CARD_SET
    retired: bool = False

    def facts(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """The named facts (all but `retired` when None) as JSON-ready values, in a stable order."""
        values = asdict(self)
        wanted = names if names is not None else (name for name in values if name != "retired")
        return {name: values[name] for name in wanted}


PRINTED_FACTS: tuple[str, ...] = (
    "sku", "name", "category", "rarity", "legendary", "colour", "mana_cost", "energy_cost", "attack", "defense",
    "health", "base_energy_per_turn", "equipment_slots", "keywords", "rules_text", "flavor_text", "card_set",
)  # fmt: skip
"""What can be read on the card: a change of one of these makes composite, frame and thumbnail stale."""

PAINTED_FACTS: tuple[str, ...] = ("slug", "colour", "category", "rarity")
"""What the artist looks at beside the prompt: a change of one of these makes the artwork stale."""

WRITTEN_FACTS: tuple[str, ...] = ("name", "category", "colour", "rarity", "keywords")
"""What a writer of prompts looks at: a change of one of these makes a prompt that a machine wrote stale."""


def fingerprint(*parts: Any) -> str:
    """The first 16 hexadecimal digits of the sha256 of JSON-ready values; the same values give the same digits."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
