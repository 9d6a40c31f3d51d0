"""Which subject a card's words ask for: the tables of creatures, structures, things and spells. Data only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from deckport_assets.studio.artist import beasts, buildings, gear, monsters, monuments, people, relics, spells, spirits
from deckport_assets.studio.artist.canvas import Canvas
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.palette import Palette

T = TypeVar("T")
Build = Callable[[Dice, str], Figure]
Cast = Callable[[Canvas, Palette, float, float, Dice], None]


def gryphon(d: Dice, words: str) -> Figure:
    return beasts.quadruped(d, words, winged=True)


CREATURES: dict[str, Build] = {
    "wolf beast hound lion stag bear boar cat tiger runner stalker lurker": beasts.quadruped,
    "gryphon sphinx chimera pegasus": gryphon,
    "drake dragon wyvern": monsters.dragon,
    "hydra serpent wyrm snake eel naga": monsters.serpent,
    "phoenix bird raven owl hawk eagle voyager": monsters.bird,
    "manta ray leviathan whale fish": monsters.manta,
    "maw horror swarm spawn aberration": monsters.maw,
    "angel seraph keeper saint cherub": spirits.angel,
    "colossus juggernaut golem titan giant anomaly": spirits.giant,
    "harbinger wraith ghost spirit shade reaper seeker": spirits.spectre,
    "warden myrmidon shepherd savant oracle knight": people.hero,
}
STRUCTURES: dict[str, Build] = {
    "tower spire beacon anchor well": buildings.tower,
    "citadel garrison crown harbor fortress": buildings.citadel,
    "bridge causeway": buildings.bridge,
    "gate atrium portal arch": buildings.gate,
    "hall basilica sanctum nursery temple library": buildings.hall,
    "pylon obelisk": monuments.pylon,
    "shrine ziggurat amphitheater altar pyramid": monuments.ziggurat,
    "reactor crucible kiln forge furnace engine": monuments.reactor,
}
EQUIPMENT: dict[str, Build] = {
    "blade sword axe staff dagger spear": gear.weapon,
    "shield": gear.shield,
    "armor armour plate": gear.armour,
    "ring": gear.band,
    "crown helm": gear.crown,
    "amulet charm pendant": gear.amulet,
}
ARTIFACTS: dict[str, Build] = {
    "crystal shard stone": relics.crystal,
    "orb sphere eye": relics.orb,
    "tome book scroll": relics.tome,
    "idol totem": relics.idol,
    "diviner gear astrolabe": relics.astrolabe,
}
FAST: dict[str, Cast] = {
    "slash cut cleave blade sunder shear spin sweep tear": spells.slash,
    "burst crush hammer bash smite shatter spark slam": spells.burst,
    "lance spear pierce lunge dive rush skim flash gleam": spells.lance,
}
SLOW: dict[str, Cast] = {
    "vortex gale storm cascade spin swirl": spells.vortex,
    "break veil vow sun beacon ritual crack ward": spells.ritual,
    "snare root grasp bind entangle seed tide hook chain": spells.grasp,
}
ENCHANTMENTS: dict[str, Cast] = {
    "aura blessing light": spells.aura,
    "spell magic": spells.ribbons,
    "ward shield protection": spells.ward,
    "curse hex mark seal": spells.hex_mark,
    "charm": spells.aura,
}


_NAME = re.compile(r"\b[A-Z][\w’']+(?:[ -][A-Z][\w’']+)+")
"""Two or more words with capitals: what a prompt calls by name."""


def told_of(slug: str, prompt: str) -> tuple[str, ...]:
    """The words that say what a card shows, those that say most first: of its slug, then of the names in its prompt.

    A noun ends a name ("Water Staff"), so the last word comes first. Many slugs are only a category and a number.
    """
    names = (name.lower().replace("-", " ").split() for name in _NAME.findall(prompt))
    return (*reversed(slug.lower().split("-")), *(word for name in names for word in reversed(name)))


def chosen(table: dict[str, T], told: tuple[str, ...], dice: Dice) -> T:
    """The entry for the first word that has one; else one by chance."""
    for word in told:
        for keys, entry in table.items():
            if word in keys.split():
                return entry
    return dice.pick(list(table.values()))
