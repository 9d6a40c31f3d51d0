"""Cards to render in tests: one of each kind, and the hard ones."""

from __future__ import annotations

from dataclasses import replace

from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.encoding import Pixels

PLAIN = Card(
    "sky-voyager", "AZURE-001", "sky_voyager", "Sky Voyager", Category.CREATURE, Rarity.COMMON, False, Colour.AZURE,
    6, 2, 4, 0, 10, 3, 2,
)  # fmt: skip
WITH_TEXT = replace(
    PLAIN,
    category=Category.ACTION_SLOW,
    attack=None,
    defense=None,
    health=None,
    base_energy_per_turn=0,
    equipment_slots=0,
    keywords=("area_damage", "burn"),
    rules_text="Apply burn (3 damage for 2 turns). Deal 3 Area damage to equipped_creature.",
)
LEGEND = replace(
    PLAIN,
    name="Saint’s Aegis Beacon Keeper",
    category=Category.HERO,
    rarity=Rarity.LEGENDARY,
    legendary=True,
    colour=Colour.RADIANT,
    attack=12,
    defense=6,
    health=30,
    rules_text="Immunity: 4 Heal 4 health to ally.",
    flavor_text="The mere presence of the keeper inspires allies and strikes fear into enemies.",
)
EVERY_KIND = [
    replace(PLAIN, category=category, rarity=list(Rarity)[n % 4], legendary=n % 4 == 3, colour=list(Colour)[n % 6],
            sku=f"{list(Colour)[n % 6]}-{n:03d}", name=f"{category.title().replace('_', ' ')} of {n} Storms")
    for n, category in enumerate(Category)
]  # fmt: skip


def art() -> Pixels:
    """A small painting."""
    return paint(PLAIN, "a manta over a moonlit sea", size_px=(300, 436))
