"""Write a generated catalog of any size as the source's two CSV files, with the same kinds of dirt as the real one.

    python -m benchmarks.make_catalog 2600 OUT_FOLDER

Dirt: about one card in ten has no art row, one art row in thirteen has no card, a few numbers differ between the two
files, some texts read "Deal 2 Deal damage", some names carry a U+2019. Every row is importable.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path

from deckport_assets.catalog.source import ART_COLUMNS, GAMEPLAY_COLUMNS
from deckport_assets.models import Category, Colour

COLOUR_WORDS = {
    Colour.CRIMSON: ("Ember", "Pyre", "Cinder", "Magma", "Blaze", "Saint’s Brand"),
    Colour.AZURE: ("Tide", "Frost", "Wave", "Storm", "Moon", "Sky"),
    Colour.VERDANT: ("Moss", "Thorn", "Root", "Bloom", "Leaf", "Grove"),
    Colour.OBSIDIAN: ("Grave", "Void", "Shade", "Gloom", "Bone", "Dusk"),
    Colour.RADIANT: ("Dawn", "Gold", "Halo", "Sun", "Light", "Saint’s Aegis"),
    Colour.AETHER: ("Chrono", "Phase", "Mirror", "Paradox", "Loop", "Rift"),
}
KIND_WORDS = {
    Category.CREATURE: ("Drake", "Sphinx", "Warden", "Colossus", "Wolf", "Serpent"),
    Category.STRUCTURE: ("Gate", "Bastion", "Hall", "Spire", "Bridge", "Reactor"),
    Category.ACTION_FAST: ("Lunge", "Slash", "Burst", "Riposte", "Snap", "Spin"),
    Category.ACTION_SLOW: ("Ritual", "Siege", "Chorus", "Tempest", "Rite", "Beacon"),
    Category.EQUIPMENT: ("Blade", "Crown", "Shield", "Amulet", "Staff", "Armor"),
    Category.ENCHANTMENT: ("Aura", "Curse", "Ward", "Blessing", "Hex", "Spell"),
    Category.ARTIFACT: ("Orb", "Tome", "Relic", "Crystal", "Shard", "Engine"),
    Category.HERO: ("Knight", "Sage", "Master", "Lord", "Oracle", "Champion"),
}
EFFECTS = (
    ("fire_damage", "Deal {n} Fire damage to enemy."),
    ("heal", "Heal {n} health to ally."),
    ("poison", "Apply poison ({n} damage for {n} turns)."),
    ("deal_damage", "Deal {n} Deal damage to enemy."),
    ("buff_attack", "Target ally gets +{n} attack."),
    ("regeneration", "Regeneration: {n}"),
)


def rows(count: int, seed: int = 1) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The gameplay rows and the art rows."""
    dice = random.Random(seed)
    gameplay: list[dict[str, str]] = []
    art: list[dict[str, str]] = []
    for number in range(count):
        card = _card(dice, number)
        gameplay.append(card)
        if dice.random() >= 0.094:
            art.append(_art(dice, card))
        if dice.random() < 0.075:
            art.append(_art(dice, card | {"name": f"{card['name']} Lost"}))
    return gameplay, art


def write(folder: Path, count: int, seed: int = 1) -> tuple[Path, Path]:
    """Write both files; gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "cards_gameplay.csv", folder / "cards_art.csv"
    for path, found, columns in zip(paths, rows(count, seed), (GAMEPLAY_COLUMNS, ART_COLUMNS), strict=True):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    return paths


def _card(dice: random.Random, number: int) -> dict[str, str]:
    colour = dice.choice(list(Colour))
    category = dice.choice(list(Category))
    rarity = dice.choices(["COMMON", "RARE", "EPIC", "LEGENDARY"], [70, 15, 10, 5])[0]
    name = f"{dice.choice(COLOUR_WORDS[colour])} {dice.choice(KIND_WORDS[category])} {number}"
    card = dict.fromkeys(GAMEPLAY_COLUMNS, "") | {
        "slug": f"{category.lower().replace('_', '-')}-{colour.lower()}-{number:04d}",
        "name": name,
        "category": category.value,
        "rarity": rarity,
        "legendary": "TRUE" if rarity == "LEGENDARY" else "FALSE",
        "mana_color_code": colour.value,
        "mana_cost": str(dice.randint(0, 6)),
        "energy_cost": str(dice.randint(0, 6)),
        "frame_type": f"{rarity.lower()}_{category.lower()}_frame",
        "video_prompt": f"Animated version of {name}, subtle magical effects, 3-second loop",
    }
    for stat in ("attack", "defense", "health", "base_energy_per_turn", "equipment_slots"):
        card[stat] = str(dice.randint(1, 12)) if stat in category.stats else "0"
    if category not in (Category.CREATURE, Category.STRUCTURE):
        chosen = dice.sample(EFFECTS, dice.randint(1, 3))
        amount = dice.randint(1, 6)
        card["rules_text"] = " ".join(text.format(n=amount) for _, text in chosen)
        card["keywords"] = ", ".join(keyword for keyword, _ in chosen)
        card["abilities_json"] = json.dumps([{"name": k, "parameters": {"amount": amount}} for k, _ in chosen])
        if dice.random() < 0.5:
            card["flavor_text"] = f"Scholars have spent lifetimes trying to unlock the mysteries of {name.lower()}."
    return card


def _art(dice: random.Random, card: dict[str, str]) -> dict[str, str]:
    conflicting = dice.random() < 0.017
    return card | {
        "mana_cost": str(int(card["mana_cost"]) + 1) if conflicting else card["mana_cost"],
        "card_set": "Open Portal Enhanced",
        "image_prompt": (
            f"{card['name']} in the light of {card['mana_color_code'].lower()} mana, {dice.choice(_ACTIONS)}, "
            f"{dice.choice(_PLACES)}. Painterly realism, layered colour, natural bloom and depth of field."
        ),
    }


_ACTIONS = ("stalking forward", "seen from below", "at the moment of impact", "resting in shafts of light")
_PLACES = ("a storm-lit coast", "a burning canyon", "an overgrown temple", "a silent necropolis", "clouds at dawn")


if __name__ == "__main__":
    for path in write(Path(sys.argv[2]), int(sys.argv[1])):
        print(path)
