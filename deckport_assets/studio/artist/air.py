"""What is in the air before and around the subject: light shafts, drifting particles, a dark frame near the eye."""

from __future__ import annotations

import cv2
import numpy as np

from deckport_assets.studio.artist.canvas import TALL, Canvas, Points, mix, soft, tinted
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.noise import clouds
from deckport_assets.studio.artist.outline import disc, points, star, tube, turned
from deckport_assets.studio.artist.palette import Palette
from deckport_assets.studio.artist.props import PROPS
from deckport_assets.studio.artist.settings import Setting
from deckport_assets.studio.artist.sky import Source


def paint_shafts(canvas: Canvas, palette: Palette, source: Source, strength: float, dice: Dice) -> None:
    """Beams that fan out from the light (an angular noise that fades with the distance)."""
    dx, dy = canvas.x - source.x, canvas.y - source.y
    beams = clouds(dice, (1, 720), 36, 1, 3, 0.6)[0]
    beams = np.clip((beams - 0.42) * 2.2, 0, 1).astype(np.float32)
    beams[-40:] = beams[-40:] * np.linspace(1, 0, 40) + beams[0] * np.linspace(0, 1, 40)
    angle = np.asarray(cv2.phase(np.broadcast_to(dx, canvas.shape).copy(), np.broadcast_to(dy, canvas.shape).copy()))
    fan = beams[np.minimum((angle * (719 / (2 * np.pi))).astype(np.int32), 719)]
    far = np.sqrt(dx * dx + dy * dy)
    fade = np.exp(-far / 0.5) * np.clip(far / (source.radius * 1.1), 0, 1)
    canvas.shine(palette.light, soft(np.asarray(fan * fade, np.float32), canvas.width_px * 0.004) * strength)


def paint_mist(canvas: Canvas, palette: Palette, y: float, height: float, strength: float, dice: Dice) -> None:
    """A bank of mist at a height, drifting in front of what is there."""
    bank = clouds(dice, canvas.shape, 2, 10, 4)
    band = np.exp(-(((canvas.y - y) / height) ** 2))
    canvas.cover(mix(palette.haze, palette.light, 0.2), np.clip(bank * 1.5 - 0.35, 0, 1) * band * strength)


def paint_weather(canvas: Canvas, palette: Palette, kind: str, source: Source, dice: Dice) -> None:
    """Embers, snow, rain, fireflies, petals, ash, motes or shards."""
    if kind == "rain":
        rain = [points((x, y), (x - 0.012, y + 0.05 + 0.05 * s)) for x, y, s in _strewn(dice, 150)]
        canvas.shine_lines([(line, 0.001) for line in rain], palette.spark, 0.22, 0.002)
        return
    if kind in ("petals", "ash", "shards"):
        _flakes(canvas, palette, kind, dice)
    sparse = {"embers": 190, "snow": 170, "fireflies": 80}.get(kind, 90)
    small = [(x, y, 0.0010 + 0.0022 * s**2) for x, y, s in _strewn(dice, sparse)]
    canvas.shine_dots(small, palette.accent if kind in ("embers", "fireflies") else palette.spark, 0.75)
    canvas.shine_dots([(x, y, 0.002 + 0.003 * s) for x, y, s in _strewn(dice, sparse // 6)], palette.spark, 0.8)
    if kind == "embers":
        trails = [points((x, y), (x + 0.006 * (s - 0.5), y - 0.012 - 0.02 * s)) for x, y, s in _strewn(dice, 50)]
        canvas.shine_lines([(trail, 0.0014) for trail in trails], palette.accent, 0.5, 0.004)


def _strewn(dice: Dice, count: int) -> list[tuple[float, float, float]]:
    return [(x, y * TALL, s) for x, y, s in dice.grid(count, 3).tolist()]


def _flakes(canvas: Canvas, palette: Palette, kind: str, dice: Dice) -> None:
    colour = {"petals": mix(palette.spark, palette.accent, 0.4), "ash": palette.haze, "shards": palette.spark}[kind]
    flakes = []
    for x, y, s in _strewn(dice, 46):
        size = 0.003 + 0.009 * s**3
        corners = 4 if kind == "shards" else 7
        flakes.append(turned(disc(x, y, size, size * dice.between(0.25, 0.6), corners), dice.between(0, 3.1), (x, y)))
    stencil = canvas.stencil(flakes)
    canvas.cover(colour, stencil * (0.55 if kind == "ash" else 0.85))
    if kind == "shards":
        canvas.shine(palette.accent, soft(stencil, canvas.width_px * 0.006) * 0.5)


def paint_foreground(canvas: Canvas, palette: Palette, setting: Setting, dice: Dice) -> None:
    """Something dark and out of focus close to the eye, at one or both sides, that gives the picture depth."""
    outlines: list[Points] = []
    sides = dice.pick(((-1,), (1,), (-1, 1), (-1, 1)))
    for side in sides:
        x = 0.5 + side * dice.between(0.44, 0.56)
        name = dice.pick([name for name in setting.props if name not in ("island", "ziggurat", "gear")] or ["rock"])
        size = dice.between(0.3, 0.5) * (1.4 if name in ("bare_tree", "spike") else 1.0)
        if name in ("trunk", "tree"):
            name, wide = "fern", dice.between(0.04, 0.08)
            bark = [(x, TALL), (x - side * 0.02, 1.0), (x + side * 0.03, 0.5), (x, -0.1)]
            outlines.append(tube(bark, [wide * 1.7, wide, wide, wide]))
        prop = PROPS[name](dice.named(f"near{side}"))
        outlines.extend(outline * np.array([size * side, size]) + np.array([x, TALL]) for outline in prop.outlines)
    hill = 0.05 + 0.07 * np.abs(np.linspace(-1, 1, 14) - dice.between(-0.5, 0.5))
    hill = hill * np.asarray([dice.between(0.75, 1.25) for _ in hill])
    rim = [(i / 13, TALL - float(h)) for i, h in enumerate(hill)]
    outlines.append(points((-0.1, TALL + 0.1), (-0.1, rim[0][1]), *rim, (1.1, rim[-1][1]), (1.1, TALL + 0.1)))
    mask = soft(canvas.stencil(outlines), canvas.width_px * 0.0035)
    texture = clouds(dice, canvas.shape, 14, 20, 3)
    colour = tinted(0.6 + 0.7 * texture, palette.near)
    canvas.cover(colour, mask * 0.96)
    canvas.hide(mask)


def paint_focus(canvas: Canvas, palette: Palette, x: float, y: float, size: float, strength: float) -> None:
    """A glow behind the subject that parts it from the land."""
    far = canvas.far_from(x, y)
    canvas.cover(mix(palette.haze, palette.light, 0.6), np.exp(-((far / size) ** 2)) * strength)


def lens_flare(canvas: Canvas, palette: Palette, source: Source, strength: float) -> None:
    """A star of light on the brightest point."""
    flare = [star(source.x, source.y, 0.28, 0.004, 4, 0.0), star(source.x, source.y, 0.12, 0.004, 4, np.pi / 4)]
    canvas.shine(palette.light, soft(canvas.stencil(flare), canvas.width_px * 0.004) * strength)


def ribbon(dice: Dice, x: float, y: float, reach: float, turns: float, thick: float) -> Points:
    """A band that winds outward around a point."""
    start = dice.between(0, 6.3)
    places = [
        (
            x + reach * t * float(np.cos(start + turns * 6.283 * t)),
            y + reach * 0.8 * t * float(np.sin(start + turns * 6.283 * t)),
        )
        for t in np.linspace(0.12, 1, 18)
    ]
    return tube(places, [0.001, thick, thick * 0.6, 0.001], 4)
