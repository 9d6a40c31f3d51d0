"""Where a picture is set: sky, land, what stands on it and what is in the air, by colour. Data only.

A setting is found by words of the prompt (the place that it tells of), else by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

from deckport_assets.models import Colour
from deckport_assets.studio.artist.dice import Dice


@dataclass(frozen=True, slots=True)
class Setting:
    """One place. `words` are the beginnings of words by which a prompt tells of it."""

    words: str
    sky: str
    orb: str
    ridge: str
    props: tuple[str, ...]
    ground: str
    weather: str


SETTINGS: dict[Colour, tuple[Setting, ...]] = {
    Colour.CRIMSON: (
        Setting("volcan terrace magma caldera", "smoke", "sun", "volcano", ("spike", "rock"), "lava", "embers"),
        Setting("basalt arch chasm foundry", "smoke", "none", "mesa", ("arch", "column"), "lava", "embers"),
        Setting("dune blood ash graveyard", "clouds", "sun", "dunes", ("bone", "rock"), "sand", "embers"),
        Setting("obsidian plain crack", "storm", "eclipse", "peaks", ("spike", "crystal"), "lava", "embers"),
        Setting("citadel burn charred tree", "smoke", "sun", "dunes", ("bare_tree", "tower"), "glass", "embers"),
    ),
    Colour.AZURE: (
        Setting("library bay moonlit moonlight tide", "clouds", "moon", "peaks", ("tower", "island"), "water", "motes"),
        Setting("fjord glac ice frozen aurora", "aurora", "moon", "ice", ("crystal",), "water", "snow"),
        Setting("rain cliff antenna storm front", "storm", "none", "peaks", ("spire", "tower"), "water", "rain"),
        Setting("harbor pier above island waterfall", "clouds", "ring", "mesa", ("island", "crystal"), "mist", "motes"),
        Setting("drowned temple", "aurora", "moon", "dunes", ("column", "arch"), "water", "motes"),
    ),
    Colour.VERDANT: (
        Setting("fern firefl valley mist", "haze", "sun", "canopy", ("trunk", "fern"), "grass", "fireflies"),
        Setting("ziggurat vine ruin temple garden", "clouds", "sun", "canopy", ("ziggurat", "tree"), "grass", "petals"),
        Setting("cathedral oak forest grove ancient", "haze", "sun", "canopy", ("trunk", "tree"), "grass", "fireflies"),
        Setting("mushroom engine circuit shade", "haze", "moon", "canopy", ("mushroom", "trunk"), "water", "fireflies"),
        Setting("meadow seed delta mangrove", "clouds", "sun", "dunes", ("tree", "fern"), "water", "petals"),
    ),
    Colour.OBSIDIAN: (
        Setting("necropolis gothic arches tomb", "clouds", "moon", "peaks", ("spire", "grave"), "mist", "ash"),
        Setting("void glass desert hollow", "nebula", "eclipse", "dunes", ("spike",), "glass", "ash"),
        Setting("wetland dead fog thorn", "haze", "moon", "dunes", ("bare_tree", "grave"), "water", "ash"),
        Setting("canyon whisper wind", "storm", "moon", "mesa", ("spike", "arch"), "mist", "ash"),
        Setting("drowned cathedral sunless sea twist spire", "nebula", "eclipse", "peaks", ("spire",), "water", "ash"),
    ),
    Colour.RADIANT: (
        Setting("citadel terrace marble", "clouds", "sun", "peaks", ("tower", "column"), "glass", "petals"),
        Setting("arch mirror stone cloister glass", "haze", "sun", "dunes", ("arch", "column"), "water", "motes"),
        Setting("plaza fountain sanctuary statue", "clouds", "halo", "mesa", ("column", "statue"), "glass", "motes"),
        Setting("stair cloud bell ocean morning", "clouds", "sun", "peaks", ("island", "tower"), "mist", "petals"),
        Setting("wheat plain valley celestial", "clouds", "halo", "dunes", ("tower", "tree"), "grass", "motes"),
    ),
    Colour.AETHER: (
        Setting("orrer desert star-lit mechanical", "nebula", "ring", "dunes", ("gear", "spike"), "sand", "shards"),
        Setting("island rift tangled spiral bridge", "nebula", "rift", "mesa", ("island", "crystal"), "mist", "shards"),
        Setting("clockwork amphitheat ancient", "clouds", "halo", "mesa", ("gear", "column"), "glass", "motes"),
        Setting("mirage dune footprint river sand", "clouds", "ring", "dunes", ("arch", "gear"), "sand", "shards"),
        Setting("mirror galax observatory ethereal aurora", "aurora", "rift", "peaks", ("island",), "water", "shards"),
    ),
}


def setting_of(colour: Colour, prompt: str, dice: Dice) -> Setting:
    """The setting that the prompt tells of with most words, else one by chance."""
    told = prompt.lower()
    chance = dice.pick(SETTINGS[colour])
    best = max(SETTINGS[colour], key=lambda setting: _told(setting, told))
    return best if _told(best, told) >= 2 and dice.chance(0.75) else chance


def _told(setting: Setting, prompt: str) -> int:
    return sum(word in prompt for word in setting.words.split())
