"""Who or what the picture is about, set on the stage and lit. Which subject a card gets is chosen in `casting`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from deckport_assets.models import Category, Rarity
from deckport_assets.studio.artist import air, beasts, monsters, people, spells, spirits
from deckport_assets.studio.artist.canvas import Canvas, mix, soft, spread, tinted
from deckport_assets.studio.artist.casting import (
    ARTIFACTS,
    CREATURES,
    ENCHANTMENTS,
    EQUIPMENT,
    FAST,
    SLOW,
    STRUCTURES,
    Build,
    Cast,
    chosen,
    gryphon,
)
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure, Lighting, draw
from deckport_assets.studio.artist.noise import clouds
from deckport_assets.studio.artist.palette import Palette
from deckport_assets.studio.artist.runes import rune_circle
from deckport_assets.studio.artist.sky import Source


@dataclass(frozen=True, slots=True)
class Stage:
    """What a subject is painted into: the canvas so far, its palette and light, all words of the
    card, and those that say what it shows."""

    canvas: Canvas
    palette: Palette
    source: Source
    horizon: float
    rarity: Rarity
    words: str
    told: tuple[str, ...]


class Focus(NamedTuple):
    """Where the eye goes, in units, and how high up reaches what must stay in sight: a head, a roof, a ring."""

    x: float
    y: float
    top: float


def paint_subject(stage: Stage, category: Category, dice: Dice) -> Focus:
    """Paint the subject; the answer is where the eye goes, in units."""
    x = 0.5 + dice.between(-0.09, 0.09)
    return _PAINTERS[category](stage, x, dice)


def _creature(stage: Stage, x: float, dice: Dice) -> Focus:
    build = chosen(CREATURES, stage.told, dice)
    flies = build in (spirits.angel, spirits.spectre, monsters.bird, monsters.manta, monsters.maw)
    size = dice.between(0.7, 0.84) if build is not people.hero else dice.between(0.74, 0.88)
    if build in (beasts.quadruped, gryphon):
        size = dice.between(0.62, 0.74)
    if build in (monsters.bird, spirits.angel, monsters.dragon):
        size = dice.between(0.58, 0.76)
    feet = dice.between(1.14, 1.26) - (dice.between(0.03, 0.16) if flies else 0.0)
    return _set(
        stage, build(dice.named("body"), stage.words).at(x, feet, size, dice.sign()), x, feet, size, dice, not flies
    )


def _hero(stage: Stage, x: float, dice: Dice) -> Focus:
    size, feet = dice.between(0.7, 0.84), dice.between(1.16, 1.26)
    figure = people.hero(dice.named("body"), stage.words).at(x, feet, size, dice.sign())
    if dice.chance(0.35):
        rune_circle(stage.canvas, stage.palette.spark, x, feet - size * 0.75, 0.32, 1.0, dice.named("circle"), 0.4)
    return _set(stage, figure, x, feet, size, dice, True)


def _structure(stage: Stage, x: float, dice: Dice) -> Focus:
    build = chosen(STRUCTURES, stage.told, dice)
    figure = build(dice.named("body"), stage.words)
    # A spire may be far taller than wide: its point stays in the picture.
    size, feet = dice.between(0.78, 0.98) / max(1.0, figure.tall), stage.horizon + dice.between(0.1, 0.2)
    drawn = figure.at(x, feet, size, dice.sign())
    return _set(stage, drawn, x, feet, size * max(1.0, figure.tall), dice, True)


def _thing(stage: Stage, x: float, dice: Dice, table: dict[str, Build]) -> Focus:
    """A thing shown alone: rays and a circle behind it, a stone below it."""
    x += dice.between(-0.06, 0.06)
    size, feet = dice.between(0.52, 0.78), dice.between(0.96, 1.12)
    middle = feet - size * 0.5
    air.paint_focus(stage.canvas, stage.palette, x, middle, 0.42, 0.5)
    if dice.chance(0.7):
        rune_circle(
            stage.canvas, stage.palette.accent, x, middle, dice.between(0.34, 0.43), 1.0, dice.named("circle"), 0.42
        )
    else:
        rune_circle(stage.canvas, stage.palette.accent, x, feet + 0.1, 0.36, 0.25, dice.named("circle"), 0.7)
    figure = Figure()
    top = feet + 0.05
    for step in range(3) if dice.chance(0.75) else ():
        wide = 0.2 + 0.07 * step
        block = np.array(
            [
                [x - wide, top + 0.09 * step + 0.1],
                [x - wide * 0.94, top + 0.09 * step],
                [x + wide * 0.94, top + 0.09 * step],
                [x + wide, top + 0.09 * step + 0.1],
            ]
        )
        figure.add(block, "stone", 0.4)
    if figure.parts:
        figure.vein(np.array([[x - 0.17, top + 0.05], [x + 0.17, top + 0.05]]), 0.004)
    figure.include(chosen(table, stage.told, dice)(dice.named("body"), stage.words), x, feet, size, dice.sign())
    return _set(stage, figure, x, feet, size, dice, False, 1.75)


def _equipment(stage: Stage, x: float, dice: Dice) -> Focus:
    return _thing(stage, x, dice, EQUIPMENT)


def _artifact(stage: Stage, x: float, dice: Dice) -> Focus:
    return _thing(stage, x, dice, ARTIFACTS)


def _cast(stage: Stage, x: float, dice: Dice, table: dict[str, Cast], y: float, witness: float) -> Focus:
    """Magic, and perhaps someone small who works it or is struck by it."""
    stage.canvas.paint *= spread(1 - 0.5 * np.exp(-((stage.canvas.far_from(x, y) / 0.62) ** 2)))
    stage.canvas.glow *= 0.7
    chosen(table, stage.told, dice)(stage.canvas, stage.palette, x, y, dice.named("magic"))
    if dice.chance(witness):
        side = dice.sign()
        who = dice.pick((people.hero, people.hero, spirits.spectre))(dice.named("who"), stage.words)
        size, wx, feet = dice.between(0.3, 0.46), x - side * dice.between(0.12, 0.3), dice.between(1.04, 1.14)
        _set(stage, who.at(wx, feet, size, side), wx, feet, size, dice, True)
    return Focus(x, y, y - 0.2)


def _fast(stage: Stage, x: float, dice: Dice) -> Focus:
    return _cast(stage, x, dice, FAST, dice.between(0.5, 0.85), 0.65)


def _slow(stage: Stage, x: float, dice: Dice) -> Focus:
    build = chosen(SLOW, stage.told, dice.named("kind"))
    y = dice.between(1.02, 1.16) if build is spells.ritual else dice.between(0.5, 0.75)
    return _cast(stage, x, dice, {"": build}, y, 0.55)


def _enchantment(stage: Stage, x: float, dice: Dice) -> Focus:
    return _cast(stage, x, dice, ENCHANTMENTS, dice.between(0.55, 0.8), 0.4)


_PAINTERS: dict[Category, Callable[[Stage, float, Dice], Focus]] = {
    Category.CREATURE: _creature, Category.HERO: _hero, Category.STRUCTURE: _structure,
    Category.EQUIPMENT: _equipment, Category.ARTIFACT: _artifact, Category.ACTION_FAST: _fast,
    Category.ACTION_SLOW: _slow, Category.ENCHANTMENT: _enchantment,
}  # fmt: skip


_METALS = ((0.92, 0.72, 0.36), (0.78, 0.82, 0.88), (0.66, 0.42, 0.30), (0.42, 0.44, 0.50))
_DYES = ((0.50, 0.10, 0.12), (0.12, 0.18, 0.46), (0.10, 0.34, 0.24), (0.34, 0.14, 0.42), (0.70, 0.60, 0.44))


def _ledge(stage: Stage, x: float, y: float, wide: float, dice: Dice) -> None:
    """A slab of rock to stand on, lit along its edge."""
    canvas, palette = stage.canvas, stage.palette
    top = [(x + wide * t, y - 0.012 + 0.02 * t * t + dice.between(0, 0.014)) for t in np.linspace(-1.15, 1.15, 15)]
    low = [
        (x + wide * t, y + 0.02 + 0.2 * wide * (1.2 - abs(t)) * dice.between(0.6, 1.6))
        for t in np.linspace(1.1, -1.1, 11)
    ]
    mask = canvas.stencil([np.array([*top, *low])])
    stone = clouds(dice, canvas.shape, 16, 30, 3)
    edge = np.clip(mask - np.roll(mask, max(2, canvas.width_px // 180), axis=0), 0, 1)
    tone = tinted(0.5 + 0.9 * stone, mix(palette.near, palette.haze, 0.18))
    tone += tinted(edge * stone * 0.7, palette.light)
    canvas.cover(tone, mask)
    canvas.hide(mask)


def _set(
    stage: Stage, figure: Figure, x: float, feet: float, size: float, dice: Dice, grounded: bool, front: float = 1.0
) -> Focus:  # fmt: skip
    """Put a figure before the light: a glow behind it, its shadow, its body, what shines on it."""
    canvas, palette = stage.canvas, stage.palette
    middle = feet - size * 0.55
    air.paint_focus(canvas, palette, x, middle, 0.34 * size + 0.12, 0.42)
    if grounded:
        far = np.sqrt(((canvas.x - x) / (0.36 * size)) ** 2 + ((canvas.y - feet) / (0.06 * size)) ** 2)
        canvas.cover(palette.near, np.exp(-(far**2)) * 0.8)
        _ledge(stage, x, feet, 0.42 * size, dice.named("ledge"))
    dark = mix(palette.near, palette.body, 0.45)
    stuffs = {
        "body": palette.body, "dark": dark, "pale": mix(palette.metal, palette.light, 0.3),
        "metal": mix(palette.metal, dice.pick(_METALS), dice.between(0.1, 0.55)),
        "cloth": mix(mix(palette.body, palette.accent, 0.3), dice.pick(_DYES), dice.between(0.0, 0.5)),
        "stone": mix(palette.body, palette.haze, 0.35), "glass": mix(palette.accent, palette.spark, 0.35),
        "accent": palette.accent, "light": mix(palette.light, palette.accent, 0.4),
    }  # fmt: skip
    grain = clouds(dice.named("grain"), canvas.shape, 44, 64, 3)
    silhouette = draw(
        canvas,
        figure,
        Lighting(
            stage.source.x,
            stage.source.y,
            palette.light,
            palette.haze,
            stuffs,
            grain,
            front * (2.0 - min(canvas.glare, 1.0)),
        ),
    )
    canvas.hide(silhouette, 0.93)
    canvas.shine(palette.light, soft(silhouette, canvas.width_px * 0.02) * (1 - silhouette) * 0.22)
    if grounded:
        air.paint_mist(canvas, palette, feet + 0.01, 0.07, 0.75, dice.named("mist"))
    canvas.shine_dots(figure.dots, palette.accent, 1.0)
    for width in sorted({round(width, 4) for _, width in figure.lines}):
        lines = [(line, width) for line, each in figure.lines if round(each, 4) == width]
        canvas.shine_lines(lines, palette.accent, 0.5, 0.006)
    return Focus(x, middle, feet - size)
