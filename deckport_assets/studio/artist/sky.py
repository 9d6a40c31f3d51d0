"""The sky: gradient, clouds, stars, auroras, and the sun, moon or rift that lights the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deckport_assets.studio.artist.canvas import TALL, Canvas, Field, lerp, mix, moved_down, soft, step, tinted
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.noise import clouds, ridges, swirled
from deckport_assets.studio.artist.outline import arc, disc, points
from deckport_assets.studio.artist.palette import Palette


@dataclass(frozen=True, slots=True)
class Source:
    """Where the light comes from, in units."""

    x: float
    y: float
    radius: float


def paint_sky(canvas: Canvas, palette: Palette, kind: str, source: Source, horizon: float, dice: Dice) -> None:
    """Fill the whole canvas with sky of a kind: clouds, smoke, storm, haze, nebula or aurora."""
    height = np.broadcast_to(np.clip(canvas.y / horizon, 0, 1), canvas.shape) ** dice.between(0.9, 1.4)
    tone = lerp(palette.zenith, palette.sky, step(height, 0.0, 0.62))
    canvas.paint[:] = tone
    canvas.cover(palette.horizon, step(height, 0.45, 1.02))
    far = canvas.far_from(source.x, source.y)
    canvas.cover(palette.light, 0.5 * np.exp(-((far / dice.between(0.2, 0.34)) ** 2)))
    _stars(canvas, palette, height, dice.named("stars"))
    _KINDS[kind](canvas, palette, far, dice.named(kind))


def _stars(canvas: Canvas, palette: Palette, height: Field, dice: Dice) -> None:
    darkness = max(0.0, 0.75 - sum(palette.zenith))
    if darkness <= 0:
        return
    places = dice.grid(260, 3).tolist()
    canvas.shine_dots(((x, y * 0.9, 0.0006 + 0.0016 * s**6) for x, y, s in places), palette.spark, darkness * 0.8)


def _clouds(canvas: Canvas, palette: Palette, far: Field, dice: Dice) -> None:
    """Banks of cloud, lit towards the light and dark below."""
    across, down = dice.whole(2, 4), dice.whole(5, 9)
    bank = swirled(clouds(dice, canvas.shape, across, down, 5, 0.55), dice, 0.05)
    cover = step(bank, dice.between(0.46, 0.54), 0.74)
    up = moved_down(bank, max(2, canvas.width_px // 70))
    lit = np.clip((bank - up) * 5 + 0.45 + 0.5 * np.exp(-((far / 0.4) ** 2)), 0, 1.2)
    colour = lerp(mix(palette.sky, palette.zenith, 0.45), mix(palette.horizon, palette.light, 0.55), lit)
    canvas.cover(colour, cover * 0.82)


def _smoke(canvas: Canvas, palette: Palette, far: Field, dice: Dice) -> None:
    """Rolling plumes, glowing from below."""
    plume = swirled(clouds(dice, canvas.shape, 3, 4, 6, 0.58), dice, 0.13)
    cover = step(plume, 0.40, 0.68)
    below = moved_down(plume[::-1], max(2, canvas.width_px // 60))[::-1]
    lit = np.clip((plume - below) * 4 + 0.25 + 0.55 * np.exp(-((far / 0.42) ** 2)), 0, 1)
    colour = lerp(mix(palette.zenith, palette.near, 0.5), palette.horizon, lit)
    canvas.cover(colour, cover * 0.85)


def _storm(canvas: Canvas, palette: Palette, far: Field, dice: Dice) -> None:
    """Heavy clouds and lightning."""
    _smoke(canvas, palette, far, dice)
    for _ in range(dice.whole(1, 3)):
        x, y = dice.between(0.1, 0.9), 0.0
        bolt = [(x, y)]
        while y < 0.85:
            x, y = x + dice.between(-0.07, 0.07), y + dice.between(0.03, 0.09)
            bolt.append((x, y))
            if dice.chance(0.3):
                side = [(x, y), (x + dice.between(-0.12, 0.12), y + 0.09), (x + dice.between(-0.2, 0.2), y + 0.2)]
                canvas.shine_lines([(points(*side), 0.0016)], palette.accent, 0.5, 0.01)
        canvas.shine_lines([(points(*bolt), 0.004)], palette.light, 0.9, 0.03)


def _haze(canvas: Canvas, palette: Palette, far: Field, dice: Dice) -> None:
    """Thin veils in front of the light."""
    veil = clouds(dice, canvas.shape, 2, 4, 4)
    canvas.cover(palette.haze, 0.55 * step(veil, 0.3, 0.8) * np.clip(1.1 - far, 0.1, 1))


def _nebula(canvas: Canvas, palette: Palette, far: Field, dice: Dice) -> None:
    """Coloured gas and dust lanes between many stars."""
    gas = swirled(clouds(dice, canvas.shape, 2, 3, 6, 0.6), dice, 0.16)
    lanes = swirled(ridges(dice, canvas.shape, 2, 3, 5), dice, 0.12)
    canvas.cover(mix(palette.accent, palette.sky, 0.35), step(gas, 0.42, 0.85) * 0.75)
    canvas.cover(mix(palette.spark, palette.horizon, 0.5), step(gas * lanes, 0.42, 0.78) * 0.7)
    canvas.cover(palette.zenith, step(1 - gas, 0.52, 0.8) * 0.55)
    canvas.shine_dots(((x, y, 0.0005 + 0.0032 * s**9) for x, y, s in dice.grid(420, 3).tolist()), palette.spark, 0.7)


def _aurora(canvas: Canvas, palette: Palette, far: Field, dice: Dice) -> None:
    """Curtains of light hanging in folds."""
    _clouds(canvas, palette, far, dice)
    for colour in (palette.accent, palette.spark, palette.accent)[: dice.whole(2, 3)]:
        x = canvas.x[0]
        base = dice.between(0.25, 0.6) + 0.09 * np.sin(x * dice.between(4, 9) + dice.between(0, 6.3))
        base = (
            base + 0.05 * np.sin(x * dice.between(10, 17) + dice.between(0, 6.3)) + (x - 0.5) * dice.between(-0.4, 0.4)
        )
        rays = 0.35 + 0.65 * clouds(dice, (1, canvas.width_px), 24, 1, 2)[0]
        above = base[None, :] - canvas.y
        curtain = np.where(above > 0, np.exp(-above / dice.between(0.10, 0.2)), np.exp(above / 0.012)) * rays[None, :]
        canvas.shine(colour, soft(np.asarray(curtain, np.float32), canvas.width_px * 0.003) * 0.42)


_KINDS = {"clouds": _clouds, "smoke": _smoke, "storm": _storm, "haze": _haze, "nebula": _nebula, "aurora": _aurora}


def paint_orb(canvas: Canvas, palette: Palette, kind: str, source: Source, dice: Dice) -> None:
    """The sun, moon, eclipse, ringed world, halo or rift in the sky."""
    x, y, radius = source.x, source.y, source.radius
    far = canvas.far_from(x, y)
    if kind == "none":
        return
    canvas.shine(palette.light, 0.2 * np.exp(-((far / (radius * 1.7)) ** 2)) + 0.10 / (1 + (far / radius) ** 2))
    body = step(-far, -radius, -radius + 2.5 / canvas.width_px)
    if kind in ("moon", "ring"):
        face = 0.72 + 0.4 * clouds(dice, canvas.shape, 12, 16, 4)
        shade = np.clip(0.75 + ((canvas.x - x) * dice.sign() + (y - canvas.y)) / radius * 0.45, 0.15, 1.1)
        colour = tinted(face * shade, palette.light)
        canvas.cover(colour, body)
    elif kind == "sun":
        canvas.cover(palette.light, body)
        canvas.shine((1, 1, 1), body * 0.12)
    elif kind == "eclipse":
        canvas.shine(palette.accent, 0.9 * np.exp(-np.clip(far - radius, 0, 9) / (radius * 0.35)))
        canvas.shine(palette.light, np.exp(-np.abs(far - radius) / 0.006))
        canvas.cover(palette.zenith, body)
        canvas.hide(body, 0.97)
    if kind in ("ring", "halo"):
        tilt = dice.between(0.16, 0.4) if kind == "ring" else 1.0
        rings = [(arc(x, y, radius * r, radius * r * tilt, 0, 6.2832, 80), w) for r, w in _bands(dice)]
        canvas.shine_lines(rings, palette.spark, 0.3, 0.006)
    if kind == "rift":
        _rift(canvas, palette, source, dice)


def _bands(dice: Dice) -> list[tuple[float, float]]:
    return [(dice.between(1.35, 2.3), dice.between(0.001, 0.006)) for _ in range(dice.whole(2, 4))]


def _rift(canvas: Canvas, palette: Palette, source: Source, dice: Dice) -> None:
    """A tear in the sky with light pouring out."""
    heights = np.linspace(-1, 1, 15)
    left = [(source.x + dice.between(-0.02, 0.01) - 0.045 * (1 - t * t), source.y + t * 0.36) for t in heights]
    right = [(source.x + dice.between(-0.01, 0.02) + 0.045 * (1 - t * t), source.y + t * 0.36) for t in heights]
    tear = canvas.stencil([points(*left, *right[::-1])])
    canvas.shine(palette.spark, tear * 0.6 + soft(tear, canvas.width_px * 0.05) * 0.6)
    for _ in range(7):
        shard = disc(source.x + dice.between(-0.25, 0.25), source.y + dice.between(-0.35, 0.35), 0.012, 0.03, 4,
                     dice.between(0, 3))  # fmt: skip
        canvas.cover(mix(palette.sky, palette.spark, 0.6), canvas.stencil([shard]) * 0.8)
    canvas.shine_lines([(points(*left), 0.003), (points(*right), 0.003)], palette.accent, 1.0, 0.02)


def source_of(dice: Dice, tall: float = TALL) -> Source:
    """Where the light stands: somewhere behind the subject's upper half."""
    return Source(dice.between(0.22, 0.78), dice.between(0.2, 0.42) * tall, dice.between(0.075, 0.2))
