"""The embedded artist: a painting for any card, without a GPU or a service.

The order of work of a landscape painter: sky, light, ranges, ground, subject, air, the view, foreground, finish. What
each step paints is decided in its own module; who the subject is, in `subjects`.
"""

from __future__ import annotations

import cv2
import numpy as np

from deckport_assets.models import Card, Rarity
from deckport_assets.studio.artist import air, brush, camera, land, sky
from deckport_assets.studio.artist.canvas import TALL, Canvas
from deckport_assets.studio.artist.casting import told_of
from deckport_assets.studio.artist.dice import Dice, seed_of
from deckport_assets.studio.artist.palette import palette_of
from deckport_assets.studio.artist.settings import setting_of
from deckport_assets.studio.artist.subjects import Stage, paint_subject

PAINTER_VERSION = "3"
"""Bumped by hand when the same card gives another picture."""

SIZE_PX = (1200, 1744)
_DETAIL = 0.54
"""The modelled picture is this part of the finished one's width."""


def paint(card: Card, prompt: str, *, attempt: int = 0, size_px: tuple[int, int] = SIZE_PX) -> brush.Pixels:
    """The artwork of a card: height x width x 3, sRGB, of exactly the size asked for (width, height).

    The same card (slug, colour, category, rarity), prompt and attempt give the same pixels in every process. A size
    of other proportions than 1200:1744 shows the middle of the same picture.
    """
    width, height = size_px
    if width < 16 or height < 16:
        raise ValueError(f"a picture of {width}x{height} px is too small to paint")
    dice = Dice(seed_of(card.slug, card.colour.value, card.category.value, card.rarity.value, prompt, attempt))
    wide = max(width, int(np.ceil(height / TALL)))
    painting = _painted(card, prompt, wide, dice)
    top, left = (painting.shape[0] - height) // 2, (painting.shape[1] - width) // 2
    return np.ascontiguousarray(painting[max(top, 0) : max(top, 0) + height, left : left + width])


def _painted(card: Card, prompt: str, width_px: int, dice: Dice) -> brush.Pixels:
    canvas = Canvas(round(width_px * _DETAIL))
    palette = palette_of(card.colour, dice.named("palette"))
    canvas.glare = float(np.clip(1.25 - 0.28 * (sum(palette.sky) + sum(palette.horizon)) / 2, 0.5, 1.1))
    setting = setting_of(card.colour, prompt, dice.named("setting"))
    source = sky.source_of(dice.named("source"))
    horizon = dice.named("horizon").between(0.54, 0.74) * TALL
    sky.paint_sky(canvas, palette, setting.sky, source, horizon, dice.named("sky"))
    sky.paint_orb(canvas, palette, setting.orb, source, dice.named("orb"))
    land.paint_ranges(canvas, palette, setting, source, horizon, dice.named("land"))
    land.paint_ground(canvas, palette, setting.ground, source, horizon, dice.named("ground"))
    air.paint_shafts(canvas, palette, source, dice.named("shafts").between(0.08, 0.26), dice.named("shafts"))
    words = f"{card.slug}\n{prompt}".lower()
    stage = Stage(canvas, palette, source, horizon, card.rarity, words, told_of(card.slug, prompt))
    focus = paint_subject(stage, card.category, dice.named("subject"))
    air.paint_weather(canvas, palette, setting.weather, source, dice.named("weather"))
    if card.rarity in (Rarity.EPIC, Rarity.LEGENDARY) and setting.orb != "eclipse":
        air.lens_flare(canvas, palette, source, 0.5)
    shot = camera.shot_of(dice.named("camera"), focus[:2], focus.top)
    eye = camera.seen(canvas, focus[:2], shot)
    air.paint_foreground(canvas, palette, setting, dice.named("foreground"))
    return _height_as_asked(brush.finished(canvas, eye, width_px, dice.named("brush")), width_px)


def _height_as_asked(painting: brush.Pixels, width_px: int) -> brush.Pixels:
    """At least the height that the proportions ask for, rounded up."""
    wanted = int(np.ceil(width_px * TALL))
    if painting.shape[0] >= wanted:
        return painting
    return np.asarray(cv2.resize(painting, (width_px, wanted), interpolation=cv2.INTER_LINEAR), np.uint8)
