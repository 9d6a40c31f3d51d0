"""Draws the card back that stands in for a picture that is not there yet; the drawing is shipped in `pages/static`.

Run `python -m api.card_back` after a change here; a test holds the shipped file against it. Nothing is drawn while
serving.
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = (450, 630)
SHIPPED = Path(__file__).parent / "pages" / "static" / "placeholder-card.png"

NIGHT, EDGE, LINE, GLOW = (19, 23, 30), (34, 41, 52), (128, 116, 88), (70, 88, 116)
RING = ((196, 74, 66), (70, 140, 200), (88, 158, 98), (118, 108, 150), (214, 184, 96), (156, 122, 208))
"""The six colours, as they stand around the middle."""
_SCALE = 2


def draw_card_back() -> Image.Image:
    """The card back, with transparent corners."""
    width, height = (side * _SCALE for side in SIZE)
    back = Image.new("RGB", (width, height), NIGHT)
    light = Image.new("L", (width, height), 0)
    reach = width * 0.42
    ImageDraw.Draw(light).ellipse(_around(width / 2, height / 2, reach), fill=110)
    back.paste(GLOW, mask=light.filter(ImageFilter.GaussianBlur(width * 0.13)))
    pen = ImageDraw.Draw(back)
    margin = width * 0.045
    for inset, weight, colour in ((0.0, 0.012, EDGE), (margin, 0.004, LINE), (margin * 1.5, 0.002, LINE)):
        box = (inset, inset, width - 1 - inset, height - 1 - inset)
        pen.rounded_rectangle(box, width * 0.055 - inset * 0.4, outline=colour, width=round(width * weight))
    _star(pen, width / 2, height / 2, width * 0.30)
    back = back.resize(SIZE, Image.Resampling.LANCZOS)
    corners = Image.new("L", (width, height), 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 1, height - 1), width * 0.055, fill=255)
    drawn = back.convert("RGBA")
    drawn.putalpha(corners.resize(SIZE, Image.Resampling.LANCZOS))
    return drawn


def differs_by(one: Image.Image, other: Image.Image) -> int:
    """The greatest difference of any channel of any pixel, 0 to 255."""
    extrema = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA")).getextrema()
    return max(int(most) for _, most in extrema)  # type: ignore[misc]


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    """Six lozenges around a ring, one per colour: the constellation that the game opens on."""
    for reach, weight in ((1.0, 5), (0.90, 2), (0.42, 3)):
        pen.ellipse(_around(x, y, radius * reach), outline=LINE, width=weight)
    points = [_at(x, y, radius * 0.66, 60 * turn - 90) for turn in range(6)]
    for turn, (px, py) in enumerate(points):
        for step in (1, 2, 3):
            pen.line(
                (px, py, *points[(turn + step) % 6]), fill=LINE if step == 2 else EDGE, width=2 if step == 2 else 3
            )
    for turn, (px, py) in enumerate(points):
        tall, wide = radius * 0.135, radius * 0.085
        lozenge = [(px, py - tall), (px + wide, py), (px, py + tall), (px - wide, py)]
        pen.polygon(lozenge, fill=RING[turn], outline=NIGHT, width=4)
    heart = [_at(x, y, radius * (0.30 if turn % 2 == 0 else 0.09), 45 * turn - 90) for turn in range(8)]
    pen.polygon(heart, fill=LINE)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (x - radius, y - radius, x + radius, y + radius)


def _at(x: float, y: float, radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return (x + radius * math.cos(angle), y + radius * math.sin(angle))


if __name__ == "__main__":
    draw_card_back().save(SHIPPED, optimize=True)
