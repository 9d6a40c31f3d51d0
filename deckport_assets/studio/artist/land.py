"""The land: ranges behind each other in the haze, what stands on them, and the ground before them."""

from __future__ import annotations

import cv2
import numpy as np

from deckport_assets.studio.artist.canvas import TALL, Canvas, Field, Points, mix, soft, spread, step, tinted
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.noise import clouds, profile, ridges
from deckport_assets.studio.artist.outline import placed
from deckport_assets.studio.artist.palette import Palette
from deckport_assets.studio.artist.props import PROPS
from deckport_assets.studio.artist.settings import Setting
from deckport_assets.studio.artist.sky import Source

_HEIGHT = {"peaks": 0.42, "volcano": 0.36, "mesa": 0.30, "dunes": 0.13, "ice": 0.34, "canopy": 0.30}


def paint_ranges(
    canvas: Canvas, palette: Palette, setting: Setting, source: Source, horizon: float, dice: Dice
) -> None:
    """Three to five ranges from the far haze to the near dark."""
    count = dice.whole(3, 5)
    for index in range(count):
        near = index / (count - 1)
        crest = horizon + 0.05 * near - _crest(canvas.width_px, setting.ridge, near, dice.named(f"ridge{index}"))
        outlines, holes, lit = _standing(crest, setting, near, dice.named(f"props{index}"))
        mask = np.clip((canvas.y - crest[None, :]) * canvas.width_px, 0, 1)
        if outlines:
            mask = np.maximum(mask, canvas.stencil(outlines, holes))
        _paint_range(canvas, palette, mask, crest, source, horizon, near, dice.named(f"tone{index}"))
        canvas.shine_dots(((x, y, 0.0022) for x, y in lit), palette.spark, 0.25 + 0.6 * near)


def _crest(count: int, kind: str, near: float, dice: Dice) -> Field:
    """How high the land stands over the horizon at each column, in units."""
    line = profile(dice, count, dice.whole(2, 4), 7, 0.5)
    if kind in ("peaks", "ice"):
        line = 1 - np.abs(line * 2 - 1) * (1.3 if kind == "ice" else 1.0)
    elif kind == "mesa":
        line = np.clip((line - 0.45) * 5, 0, 1) * 0.7 + line * 0.3
    elif kind == "volcano":
        x = np.linspace(0, 1, count, dtype=np.float32)
        cone = np.minimum(np.exp(-np.abs(x - dice.between(0.1, 0.9)) / 0.16), 0.75)
        line = line * 0.35 + cone * 0.8
    elif kind == "canopy":
        line = line * 0.6 + 0.4 * np.abs(profile(dice, count, 22, 3) * 2 - 1)
    elif kind == "dunes":
        line = profile(dice, count, 2, 2)
    return np.asarray(line * _HEIGHT[kind] * dice.between(0.6, 1.15) * (1 - 0.62 * near), np.float32)


def _standing(
    crest: Field, setting: Setting, near: float, dice: Dice
) -> tuple[list[Points], list[Points], list[tuple[float, float]]]:  # fmt: skip
    outlines: list[Points] = []
    holes: list[Points] = []
    lit: list[tuple[float, float]] = []
    for _ in range(dice.whole(1, 3) if near < 0.7 else dice.whole(0, 2)):
        name = dice.pick(setting.props)
        x = dice.between(0.02, 0.98)
        size = dice.between(0.14, 0.26) * (0.55 + 0.9 * near)
        if name in ("trunk", "fern", "tree", "grave"):
            size *= 1.3
        y = float(crest[min(int(x * len(crest)), len(crest) - 1)])
        prop, flip = PROPS[name](dice.named(f"{name}{x}")), dice.sign()
        outlines.extend(placed(outline, x, y, size, flip) for outline in prop.outlines)
        holes.extend(placed(hole, x, y, size, flip) for hole in prop.holes)
        lit.extend((x + lx * size * flip, y + ly * size) for lx, ly in prop.lit)
    return outlines, holes, lit


def _paint_range(
    canvas: Canvas, palette: Palette, mask: Field, crest: Field, source: Source, horizon: float, near: float, dice: Dice
) -> None:  # fmt: skip
    tone = mix(mix(palette.haze, palette.sky, 0.35), palette.near, 0.15 + 0.72 * near)
    stone = clouds(dice, canvas.shape, 9, 14, 5, 0.6)
    across = np.exp(-(((canvas.x - source.x) / 0.3) ** 2))
    depth = np.clip((canvas.y - crest[None, :]) / 0.22, 0, 1)
    mist = depth * (0.78 - 0.5 * near) * (0.6 + 0.4 * across)
    colour = tinted((0.62 + 0.76 * stone) * (1 - mist), tone)
    colour += tinted(mist, mix(palette.haze, palette.horizon, 0.3))
    edge = np.clip(mask - np.roll(mask, max(2, canvas.width_px // 220), axis=0), 0, 1)
    slope = np.clip(stone - np.roll(stone, 3, axis=1) * dice.sign(), -1, 1)
    light = edge * (0.10 + 0.5 * across) * (0.3 + 0.7 * stone) + np.clip(slope, 0, 1) * 0.10 * (1 - near)
    colour += tinted(light * (0.95 - 0.4 * near), palette.light)
    canvas.cover(colour, mask)
    canvas.hide(mask)


def paint_ground(canvas: Canvas, palette: Palette, kind: str, source: Source, horizon: float, dice: Dice) -> None:
    """The ground from the horizon to the lower edge: water, lava, glass, sand, grass or mist."""
    mask = step(np.broadcast_to(canvas.y, canvas.shape), horizon + 0.045, horizon + 0.06)
    if kind == "water" or kind == "glass":
        colour = _mirror(canvas, palette, horizon + 0.05, dice, 0.5 if kind == "water" else 0.16)
    else:
        depth = np.clip((canvas.y - horizon) / (TALL - horizon), 0.01, 1)
        texture = _laid_flat(canvas, clouds(dice, canvas.shape, 7, 10, 5, 0.62), horizon)
        tone = mix(palette.haze, palette.near, 0.6)
        colour = tinted((0.55 + 0.9 * texture) * (1.15 - 0.55 * depth), tone)
    across = np.exp(-(((canvas.x - source.x) / 0.22) ** 2)) * np.clip(1.2 - (canvas.y - horizon) / 0.5, 0, 1)
    colour = colour + tinted(across * (0.28 if kind != "mist" else 0.15), palette.light)
    canvas.cover(colour, mask)
    canvas.hide(mask)
    if kind == "lava":
        _lava(canvas, palette, mask, horizon, dice)
    elif kind == "grass":
        _grass(canvas, palette, horizon, dice)
    elif kind == "water":
        _glitter(canvas, palette, source, horizon, dice)
    if kind == "mist":
        bank = step(clouds(dice, canvas.shape, 2, 9, 5), 0.32, 0.7)
        canvas.cover(mix(palette.haze, palette.light, 0.25), bank * mask * 0.75)


def _laid_flat(canvas: Canvas, field: Field, horizon: float) -> Field:
    """A texture seen as ground: fine at the horizon, coarse below."""
    depth = np.clip((canvas.y[:, 0] - horizon) / (TALL - horizon), 0.03, 1)
    scale = 0.35 + 0.9 / (0.25 + depth)
    x = ((canvas.x[0][None, :] - 0.5) * scale[:, None] + 0.5) * canvas.width_px
    y = np.broadcast_to((1 / (0.2 + depth) * 0.3 * canvas.height_px)[:, None], canvas.shape)
    return np.asarray(
        cv2.remap(
            field, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    )


def _mirror(canvas: Canvas, palette: Palette, shore: float, dice: Dice, rough: float) -> Field:
    """What stands above the shore, upside down, darker, and broken by waves."""
    depth = np.clip((canvas.y - shore) / (TALL - shore), 0, 1)
    waves = _laid_flat(canvas, clouds(dice, canvas.shape, 5, 60, 3, 0.6), shore) - 0.5
    x = np.arange(canvas.width_px, dtype=np.float32)[None, :] + waves * rough * canvas.width_px * (0.05 + 0.22 * depth)
    y = (2 * shore - canvas.y * 1.0) * canvas.width_px + waves * rough * canvas.width_px * 0.3
    seen = cv2.remap(
        canvas.paint + canvas.glow * 0.7, x.astype(np.float32), np.clip(y, 0, None).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    deep = mix(palette.near, palette.sky, 0.3)
    part = np.broadcast_to(0.22 + 0.5 * depth, canvas.shape)
    return np.asarray(seen * spread(0.8 - 0.8 * part) + tinted(part, deep) + spread(waves * 0.12), np.float32)


def _glitter(canvas: Canvas, palette: Palette, source: Source, horizon: float, dice: Dice) -> None:
    lines = []
    for x, y, w in dice.grid(130, 3).tolist():
        depth = y**1.5
        place_y = horizon + 0.055 + depth * (TALL - horizon - 0.05)
        place_x = source.x + (x - 0.5) * (0.25 + 0.5 * depth)
        reach = (0.006 + 0.03 * w) * (0.4 + depth)
        lines.append((np.array([[place_x - reach, place_y], [place_x + reach, place_y]]), 0.0012 + 0.002 * depth))
    canvas.shine_lines(lines, palette.light, 0.45, 0.004)


def _lava(canvas: Canvas, palette: Palette, mask: Field, horizon: float, dice: Dice) -> None:
    cracks = _laid_flat(canvas, ridges(dice, canvas.shape, 5, 7, 4), horizon)
    heat = step(cracks, 0.86, 0.99) * mask
    canvas.shine(palette.accent, heat * 0.9 + soft(heat, canvas.width_px * 0.02) * 0.9)
    canvas.shine(palette.spark, step(cracks, 0.94, 1.0) * mask * 0.6)


def _grass(canvas: Canvas, palette: Palette, horizon: float, dice: Dice) -> None:
    for row in range(4):
        near = row / 3
        base = horizon + 0.10 + (TALL - horizon - 0.06) * near**1.2
        blades = []
        for x, tall, lean in dice.grid(150, 3).tolist():
            top = (0.02 + 0.05 * tall) * (0.5 + 1.6 * near)
            foot = x * 1.1 - 0.05
            wide = 0.0022 * (0.6 + 1.6 * near)
            tip = foot + (lean - 0.4) * top * 0.9
            blades.append(np.array([[foot - wide, base + 0.01], [tip, base - top], [foot + wide, base + 0.01]]))
        tone = mix(mix(palette.haze, palette.body, 0.5), palette.near, 0.35 + 0.6 * near)
        canvas.cover(tone, canvas.stencil(blades) * 0.92)
