"""What is painted on: a floating-point picture with units, and the drawing of outlines, lines and glows into it.

Units: x goes from 0 to 1 over the width, y from 0 to `TALL` downwards, whatever the size in pixels. Colours are sRGB
values from 0 to 1, above 1 where it shines. What is drawn is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
"""H x W values, or H x W x 3 colours."""
Points = NDArray[np.float64]
"""N x 2 units."""
RGB = tuple[float, float, float]

TALL = 1744 / 1200
_SHIFT = 4


class Canvas:
    """A picture `width_px` wide: the paint, and the light (`glow`) that is added to it at the end, times `glare`."""

    def __init__(self, width_px: int) -> None:
        self.width_px = max(width_px, 8)
        self.height_px = max(round(self.width_px * TALL), 8)
        self.glare = 1.0
        self.paint: Field = np.zeros((self.height_px, self.width_px, 3), np.float32)
        self.glow: Field = np.zeros_like(self.paint)
        self.x: Field = ((np.arange(self.width_px, dtype=np.float32) + 0.5) / self.width_px)[None, :]
        self.y: Field = ((np.arange(self.height_px, dtype=np.float32) + 0.5) / self.width_px)[:, None]

    @property
    def shape(self) -> tuple[int, int]:
        return self.height_px, self.width_px

    def far_from(self, x: float, y: float) -> Field:
        """The distance of each pixel from a point, in units."""
        return np.sqrt((self.x - x) ** 2 + (self.y - y) ** 2)

    def fixed(self, outline: Points) -> NDArray[np.int32]:
        """Units as OpenCV's fixed-point pixels."""
        return np.round((np.asarray(outline) * self.width_px - 0.5) * (1 << _SHIFT)).astype(np.int32)

    def stencil(self, outlines: Iterable[Points], holes: Iterable[Points] = ()) -> Field:
        """1 inside the outlines, 0 outside, soft by a pixel at the edge."""
        mask = np.zeros(self.shape, np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [self.fixed(outline)], 255, cv2.LINE_AA, _SHIFT)
        for hole in holes:
            cv2.fillPoly(mask, [self.fixed(hole)], 0, cv2.LINE_AA, _SHIFT)
        return mask.astype(np.float32) / 255

    def cover(self, colour: Field | RGB, alpha: Field) -> None:
        """Paint a colour where alpha is 1."""
        alpha = np.broadcast_to(alpha, self.shape)
        if isinstance(colour, tuple):
            self.paint *= spread(1 - alpha)
            self.paint += tinted(alpha, colour)
        else:
            self.paint += (colour - self.paint) * spread(alpha)

    def shine(self, colour: RGB, amount: Field) -> None:
        """Add light."""
        self.glow += tinted(np.broadcast_to(amount, self.shape), mix((0.0, 0.0, 0.0), colour, self.glare))

    def hide(self, mask: Field, part: float = 0.9) -> None:
        """Take away the light that comes from behind what the mask covers."""
        self.glow *= spread(1 - mask * part)

    def shine_lines(
        self, lines: Sequence[tuple[Points, float]], colour: RGB, strength: float = 1.0, halo: float = 0.012,
        closed: bool = False,
    ) -> None:  # fmt: skip
        """Draw shining lines of (points, width in units), each with a white-hot core and a halo in the colour."""
        mask = np.zeros(self.shape, np.uint8)
        for points, width in lines:
            wide = width * self.width_px
            value = round(255 * min(1.0, 0.25 + 0.75 * wide))
            cv2.polylines(mask, [self.fixed(points)], closed, value, max(1, round(wide)), cv2.LINE_AA, _SHIFT)
        core = mask.astype(np.float32) / 255
        self.shine(colour, (soft(core, halo * self.width_px) * 1.6 + core * 0.55) * strength)
        self.shine((1.0, 1.0, 1.0), core * 0.35 * strength)

    def shine_dots(self, dots: Iterable[tuple[float, float, float]], colour: RGB, strength: float = 1.0) -> None:
        """Draw shining dots of (x, y, radius in units)."""
        mask = np.zeros(self.shape, np.uint8)
        for x, y, radius in dots:
            centre = self.fixed(np.array([[x, y]]))[0].tolist()
            reach = radius * self.width_px
            value = round(255 * min(1.0, (reach / 0.7) ** 2))
            cv2.circle(mask, centre, max(round(reach * (1 << _SHIFT)), 10), value, -1, cv2.LINE_AA, _SHIFT)
        core = mask.astype(np.float32) / 255
        self.shine(colour, (core * 0.8 + soft(core, self.width_px * 0.005) * 0.9) * strength)
        self.shine((1.0, 1.0, 1.0), core * 0.4 * strength)


def soft(field: Field, sigma_px: float) -> Field:
    """A Gaussian blur; a wide one is done on a smaller copy, which looks the same and is many times cheaper."""
    shrink = 1
    while sigma_px / shrink > 4 and min(field.shape[:2]) / shrink > 16:
        shrink *= 2
    height, width = field.shape[:2]
    small = (
        cv2.resize(field, (width // shrink, height // shrink), interpolation=cv2.INTER_AREA) if shrink > 1 else field
    )
    blurred = cv2.GaussianBlur(small, (0, 0), max(sigma_px / shrink, 0.3))
    if shrink > 1:
        blurred = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(blurred, np.float32)


def spread(field: Field) -> Field:
    """The same value for all three colours (several times faster than broadcasting a last axis of three)."""
    plane = np.ascontiguousarray(field, np.float32)
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)


def tinted(field: Field, colour: RGB) -> Field:
    """A colour times a field. As one long row of values: fifteen times faster than plane by plane."""
    height, width = field.shape
    rows = spread(field).reshape(height, width * 3)
    rows *= np.tile(np.asarray(colour, np.float32), width)
    return rows.reshape(height, width, 3)


def mix(first: RGB, second: RGB, part: float) -> RGB:
    """A colour between two: the first at 0, the second at 1."""
    return (
        first[0] + (second[0] - first[0]) * part,
        first[1] + (second[1] - first[1]) * part,
        first[2] + (second[2] - first[2]) * part,
    )


def lerp(first: RGB, second: RGB, part: Field) -> Field:
    """A picture of colours between two."""
    return tinted(1 - part, first) + tinted(part, second)


def moved_down(field: Field, rows: int) -> Field:
    """The field some rows lower; the first row fills what gets free."""
    return np.vstack([np.repeat(field[:1], rows, axis=0), field[:-rows]])


def step(field: Field, low: float, high: float) -> Field:
    """0 below low, 1 above high, smooth between (Hermite)."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
