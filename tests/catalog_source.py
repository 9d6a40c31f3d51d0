"""Small sources for tests: two CSV files with the real columns, written row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from deckport_assets.catalog.source import ART_COLUMNS, GAMEPLAY_COLUMNS

CREATURE: Mapping[str, str] = {
    "slug": "sky-voyager",
    "name": "Sky Voyager",
    "category": "CREATURE",
    "rarity": "COMMON",
    "legendary": "FALSE",
    "mana_color_code": "AZURE",
    "mana_cost": "6",
    "energy_cost": "2",
    "attack": "4",
    "defense": "0",
    "health": "10",
    "base_energy_per_turn": "3",
    "equipment_slots": "2",
}


def card(slug: str, **facts: str) -> dict[str, str]:
    """A gameplay row: a creature unless the facts say otherwise, named after its slug."""
    return dict(CREATURE) | {"slug": slug, "name": slug.replace("-", " ").title()} | facts


def art(name: str, **facts: str) -> dict[str, str]:
    """An art row that agrees with `card`."""
    row = {"name": name, "category": "CREATURE", "mana_color_code": "AZURE", "card_set": "Open Portal Enhanced"}
    row |= {"mana_cost": "6", "energy_cost": "2"}
    prompt = f"{name} rising from a moonlit azure sea, painterly light, ripples of silver, a wide calm horizon beyond."
    return row | {"image_prompt": prompt} | facts


def write_source(
    folder: Path, cards: Iterable[Mapping[str, str]], arts: Iterable[Mapping[str, str]] | None = None
) -> tuple[Path, Path]:
    """Write both files; without `arts`, every card gets an art row that agrees with it."""
    rows = list(cards)
    if arts is None:
        arts = [
            art(r["name"], category=r["category"], mana_color_code=r["mana_color_code"], mana_cost=r["mana_cost"],
                energy_cost=r["energy_cost"])
            for r in rows
        ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "cards_gameplay.csv", folder / "cards_art.csv"
    for path, columns, found in zip(paths, (GAMEPLAY_COLUMNS, ART_COLUMNS), (rows, list(arts)), strict=True):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    return paths
