"""What is printed on one card: its facts, checked, with the words that people read instead of the source's codes.

No places, colours or fonts: those are the theme's. A card that cannot be printed is refused here, by name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from deckport_assets.errors import Rejected
from deckport_assets.models import Card, Category, Colour, Rarity

_CODE_JOINT = re.compile(r"(\{[^{}]*\})|(?<=\w)_(?=\w)")
"""Markup, which keeps its codes, or the joint of a code that stands as a word."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class CardSpec:
    """The facts of `models.PRINTED_FACTS`, ready to print. A number that the category does not have is None.

    Raises Rejected when the card has no name or no SKU, or a negative number.
    """

    sku: str
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
    base_energy_per_turn: int = 0
    equipment_slots: int = 0
    keywords: tuple[str, ...] = ()
    """As codes; the theme says by which name people read each."""
    rules_text: str = ""
    flavor_text: str = ""
    card_set: str = ""
    credit: str = ""
    """Who made the art, as it is printed."""

    def __post_init__(self) -> None:
        if not self.name or not self.sku:
            raise Rejected(f"Card {self.sku or self.name or '?'} has no {'name' if self.sku else 'SKU'} to print.")
        for text in ("name", "rules_text", "flavor_text", "card_set", "credit"):
            odd = next((c for c in getattr(self, text) if unicodedata.category(c) == "Cc" and c != "\n"), "")
            if odd:
                raise Rejected(
                    f"Card {self.sku} {self.name!r}: its {text} holds a control character (U+{ord(odd):04X}).",
                    remedy="Take it out of the source, or out of what was handed in.",
                )
        for fact in (*self.numbers(), ("base_energy_per_turn", self.base_energy_per_turn)):
            if fact[1] < 0:
                raise Rejected(
                    f"Card {self.sku} {self.name}: {fact[0]} is {fact[1]}; a card prints no negative number."
                )
        wrong = [
            stat for stat in ("attack", "defense", "health") if self._has(stat) and stat not in self.category.stats
        ]
        if wrong:
            raise Rejected(f"Card {self.sku} {self.name}: a {self.category} has no {', '.join(wrong)}.")

    @classmethod
    def of(cls, card: Card, *, credit: str = "") -> CardSpec:
        """The card's facts with codes made readable; a stat that its category does not have is left out."""
        stats = {stat: getattr(card, stat) for stat in card.category.stats}
        return cls(
            sku=one_line(card.sku),
            name=one_line(card.name),
            category=card.category,
            rarity=card.rarity,
            legendary=card.legendary,
            colour=card.colour,
            mana_cost=card.mana_cost,
            energy_cost=card.energy_cost,
            base_energy_per_turn=card.base_energy_per_turn or 0,
            equipment_slots=card.equipment_slots or 0,
            keywords=tuple(one_line(word) for word in card.keywords if word.strip()),
            rules_text=readable(card.rules_text),
            flavor_text=one_line(card.flavor_text),
            card_set=one_line(card.card_set),
            credit=one_line(credit),
            **stats,
        )

    def numbers(self) -> tuple[tuple[str, int], ...]:
        """The costs and stats that the card has, with their names: each is one gem."""
        named = ("mana_cost", "energy_cost", "attack", "defense", "health")
        return tuple((name, getattr(self, name)) for name in named if self._has(name))

    @property
    def features(self) -> frozenset[str]:
        """What the card needs room for: the theme chooses its layout by it."""
        has = {
            "text": bool(self.rules_text or self.flavor_text or self.keywords),
            "stats": any(self._has(stat) for stat in ("attack", "defense", "health")),
            "attack": self._has("attack"),
            "traits": bool(self.base_energy_per_turn or self.equipment_slots),
        }
        return frozenset(feature for feature, present in has.items() if present)

    @property
    def collector_number(self) -> str:
        """The digits at the end of the SKU; empty when it has none."""
        digits = re.search(r"\d+$", self.sku)
        return digits[0] if digits else ""

    def _has(self, number: str) -> bool:
        return getattr(self, number) is not None


def one_line(text: str) -> str:
    """The text with every run of white space as one space and accents in one piece with their letters (NFC)."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def readable(text: str) -> str:
    """Rules text with its codes as words: `equipped_creature` becomes "equipped creature". Line breaks stay."""
    lines = (one_line(_CODE_JOINT.sub(lambda found: found[1] or " ", line)) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def title(code: str) -> str:
    """A keyword's code as people read it: `reflect_damage` becomes "Reflect Damage"."""
    return " ".join(word[:1].upper() + word[1:] for word in code.replace("_", " ").split())
