"""The card back: printed behind every card, and in small what stands in for a picture that is not there yet.

`python -m deckport_assets.studio.cards.card_back api/pages/static/placeholder-card.png` draws the shipped file anew; a
test holds it against the drawing. Nothing is drawn while serving.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from deckport_assets.studio.encoding import Pixels

PLACEHOLDER_PX = (450, 630)

NIGHT, EDGE, LINE, GLOW = (19, 23, 30), (34, 41, 52), (128, 116, 88), (70, 88, 116)
RING = ((196, 74, 66), (70, 140, 200), (88, 158, 98), (104, 106, 118), (214, 184, 96), (156, 122, 208))
"""The six colours, as they stand around the middle."""
_SCALE = 2
_FINE_FROM_PX = 900
"""Facets, ticks and stars are drawn from this width on: on the placeholder they would be dust."""
_STARS = 150
_NOISE = 3

_Point = tuple[float, float]
_Colour = tuple[int, int, int]


def draw_card_back(width_px: int, height_px: int, *, square: bool = False) -> Pixels:
    """The card back, RGBA with round clear corners; `square` for print: RGB up to the edge, and no rim to cut askew."""
    width, height = width_px * _SCALE, height_px * _SCALE
    fine = width_px >= _FINE_FROM_PX
    back = Image.new("RGB", (width, height), NIGHT)
    light = Image.new("L", (width, height), 0)
    reach = width * 0.42
    ImageDraw.Draw(light).ellipse(_around(width / 2, height / 2, reach), fill=110)
    light = light.filter(ImageFilter.GaussianBlur(width * 0.13))
    back.paste(GLOW, mask=_grained(light) if fine else light)
    pen = ImageDraw.Draw(back)
    if fine:
        _night_sky(pen, width, height)
    margin = width * 0.045
    frames = [(0.0, 0.012, EDGE), (margin, 0.004, LINE), (margin * 1.5, 0.002, LINE)]
    for inset, weight, colour in frames[1:] if square else frames:
        box = (inset, inset, width - 1 - inset, height - 1 - inset)
        pen.rounded_rectangle(box, width * 0.055 - inset * 0.4, outline=colour, width=round(width * weight))
    _star(pen, width / 2, height / 2, width * 0.30)
    if fine:
        _facets(pen, width / 2, height / 2, width * 0.30)
        _studs(pen, width, height, margin * 1.25)
    back = back.resize((width_px, height_px), Image.Resampling.LANCZOS)
    if square:
        return np.asarray(back)
    corners = Image.new("L", (width, height), 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 1, height - 1), width * 0.055, fill=255)
    drawn = back.convert("RGBA")
    drawn.putalpha(corners.resize((width_px, height_px), Image.Resampling.LANCZOS))
    return np.asarray(drawn)


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """Six lozenges around a ring, one per colour: the constellation that the game opens on."""
    scale = radius / 270
    for reach, weight in ((1.0, 5), (0.90, 2), (0.42, 3)):
        pen.ellipse(_around(x, y, radius * reach), outline=LINE, width=round(weight * scale))
    points = [_at(x, y, radius * 0.66, 60 * turn - 90) for turn in range(6)]
    for turn, (px, py) in enumerate(points):
        for step in (1, 2, 3):
            colour, weight = (LINE, 2) if step == 2 else (EDGE, 3)
            pen.line((px, py, *points[(turn + step) % 6]), fill=colour, width=round(weight * scale))
    for turn, (px, py) in enumerate(points):
        lozenge = _lozenge(px, py, radius * 0.085, radius * 0.135)
        pen.polygon(lozenge, fill=RING[turn], outline=NIGHT, width=round(4 * scale))
    pen.polygon(_heart(x, y, radius), fill=LINE)


def _facets(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """What makes the constellation a jewel when it is printed large: cut stones, a cut star, a graduated ring."""
    for turn in range(72):
        inner = 0.955 if turn % 6 else 0.93
        ends = (*_at(x, y, radius * inner, 5 * turn), *_at(x, y, radius * 0.975, 5 * turn))
        pen.line(ends, fill=LINE, width=round(radius / 150))
    for turn, colour in enumerate(RING):
        px, py = _at(x, y, radius * 0.66, 60 * turn - 90)
        stone = _lozenge(px, py, radius * 0.073, radius * 0.117)
        for side, light in enumerate((1.0, 0.72, 0.58, 1.22)):
            pen.polygon([stone[side], stone[(side + 1) % 4], (px, py)], fill=_lit(colour, light))
        pen.polygon(_lozenge(px, py, radius * 0.034, radius * 0.055), fill=_lit(colour, 1.1))
    heart = _heart(x, y, radius)
    for turn in range(8):
        light = 1.35 if turn % 2 else 0.8
        pen.polygon([heart[turn], heart[(turn + 1) % 8], (x, y)], fill=_lit(LINE, light))


def _studs(pen: ImageDraw.ImageDraw, width: float, height: float, inset: float) -> None:
    """A lozenge in the middle of each side of the frame, and one inside of each of its corners."""
    half = width * 0.012
    middles = [(width / 2, inset), (width / 2, height - inset), (inset, height / 2), (width - inset, height / 2)]
    for px, py in middles:
        pen.polygon(_lozenge(px, py, half * 2.2, half * 2.2), fill=NIGHT)
        pen.polygon(_lozenge(px, py, half * 1.4, half * 1.4), fill=LINE)
        pen.polygon(_lozenge(px, py, half * 0.6, half * 0.6), fill=NIGHT)
    corner = width * 0.105
    for px in (corner, width - corner):
        for py in (corner, height - corner):
            points = [_at(px, py, half * (1.9 if turn % 2 == 0 else 0.55), 45 * turn) for turn in range(8)]
            pen.polygon(points, fill=LINE)


def _night_sky(pen: ImageDraw.ImageDraw, width: float, height: float) -> None:
    """Faint stars, the same ones each time, none near the edge."""
    dice = random.Random(6)
    for _ in range(_STARS):
        x, y = width * dice.uniform(0.09, 0.91), height * dice.uniform(0.065, 0.935)
        size, light = width * dice.choice((0.0007, 0.0007, 0.001, 0.0016)), dice.uniform(0.45, 1.0)
        pen.ellipse(_around(x, y, size), fill=_lit(GLOW, 0.6 + light))


def _grained(light: Image.Image) -> Image.Image:
    """A soft light with a grain too fine to see: without it the few dark shades would print as rings."""
    grain = np.random.default_rng(6).integers(-_NOISE, _NOISE, (light.height, light.width), np.int16, endpoint=True)
    grain += np.asarray(light)
    return Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))


def _heart(x: float, y: float, radius: float) -> list[_Point]:
    return [_at(x, y, radius * (0.30 if turn % 2 == 0 else 0.09), 45 * turn - 90) for turn in range(8)]


def _lozenge(x: float, y: float, wide: float, tall: float) -> list[_Point]:
    return [(x, y - tall), (x + wide, y), (x, y + tall), (x - wide, y)]


def _lit(colour: _Colour, light: float) -> _Colour:
    red, green, blue = (min(255, round(channel * light)) for channel in colour)
    return red, green, blue


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (x - radius, y - radius, x + radius, y + radius)


def _at(x: float, y: float, radius: float, degrees: float) -> _Point:
    angle = math.radians(degrees)
    return (x + radius * math.cos(angle), y + radius * math.sin(angle))


if __name__ == "__main__":
    Image.fromarray(draw_card_back(*PLACEHOLDER_PX)).save(Path(sys.argv[1]), optimize=True)
