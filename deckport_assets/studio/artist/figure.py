"""Figures: bodies, buildings and things put together from rounded or flat parts, and their modelling in light.

A part's outline is inflated to a relief from its distance transform (as in Igarashi's "Teddy", 1999, in spirit), lit
from the light behind it and from a soft key light. What parts a figure has is decided in the modules that build them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from deckport_assets.studio.artist.canvas import RGB, Canvas, Field, Points, soft, spread, tinted
from deckport_assets.studio.artist.outline import placed

Stuff = Literal["body", "dark", "pale", "cloth", "metal", "stone", "glass", "accent", "light"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its outline, what it is made of, how round it is (0 flat to 1 a tube), and how far behind (0 to 1)."""

    outline: Points
    stuff: Stuff
    round: float
    behind: float


@dataclass(slots=True)
class Figure:
    """Parts from back to front, and what shines on them: dots (x, y, radius) and lines (points, width)."""

    parts: list[Part] = field(default_factory=list)
    dots: list[tuple[float, float, float]] = field(default_factory=list)
    lines: list[tuple[Points, float]] = field(default_factory=list)

    @property
    def tall(self) -> float:
        """How high the parts reach above where the figure stands."""
        return max(-float(part.outline[:, 1].min()) for part in self.parts)

    def add(self, outline: Points, stuff: Stuff = "body", round: float = 0.8, behind: float = 0.0) -> None:
        self.parts.append(Part(outline, stuff, round, behind))

    def eye(self, x: float, y: float, radius: float) -> None:
        self.dots.append((x, y, radius))

    def vein(self, line: Points, width: float) -> None:
        self.lines.append((line, width))

    def include(self, other: Figure, x: float = 0.0, y: float = 0.0, size: float = 1.0, flip: int = 1) -> None:
        """Set another figure into this one, in front."""
        for part in other.parts:
            self.parts.append(Part(placed(part.outline, x, y, size, flip), part.stuff, part.round, part.behind))
        self.dots.extend((x + dx * size * flip, y + dy * size, r * size) for dx, dy, r in other.dots)
        self.lines.extend((placed(line, x, y, size, flip), width * size) for line, width in other.lines)

    def at(self, x: float, y: float, size: float, flip: int = 1) -> Figure:
        figure = Figure()
        figure.include(self, x, y, size, flip)
        return figure


@dataclass(frozen=True, slots=True)
class Lighting:
    """Where the light behind is (units), its colour, the air's, each stuff's; `front` is that from the eye."""

    x: float
    y: float
    light: RGB
    air: RGB
    stuffs: dict[str, RGB]
    grain: Field
    front: float = 1.0


def draw(canvas: Canvas, figure: Figure, lighting: Lighting) -> Field:
    """Paint a figure; the answer is its silhouette (1 inside)."""
    silhouette = np.zeros(canvas.shape, np.float32)
    for part in figure.parts:
        _draw_part(canvas, part, lighting, silhouette)
    return silhouette


def _draw_part(canvas: Canvas, part: Part, lighting: Lighting, silhouette: Field) -> None:
    low = np.floor(part.outline.min(axis=0) * canvas.width_px).astype(int) - 6
    high = np.ceil(part.outline.max(axis=0) * canvas.width_px).astype(int) + 6
    x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
    x1, y1 = min(int(high[0]), canvas.width_px), min(int(high[1]), canvas.height_px)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    box = (slice(y0, y1), slice(x0, x1))
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(mask, [canvas.fixed(part.outline) - np.array([x0, y0], np.int32) * 16], 255, cv2.LINE_AA, 4)
    alpha = mask.astype(np.float32) / 255
    paint, under = canvas.paint[box], silhouette[box]
    shadow = soft(alpha, 0.008 * canvas.width_px) * under * 0.5
    paint *= spread(1 - shadow)
    colour = _lit(canvas, part, lighting, mask, (x0, y0), lighting.grain[box])
    paint += (colour - paint) * spread(alpha)
    np.maximum(under, alpha, out=under)


def _lit(
    canvas: Canvas, part: Part, lighting: Lighting, mask: NDArrayU8, corner: tuple[int, int], grain: Field
) -> Field:  # fmt: skip
    """The colours of a part under the light: relief, soft key from above, rim towards the light, grain."""
    far = np.asarray(cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    reach = max(float(far.max()), 1.0)
    limit = reach if part.round > 0.5 else min(reach, 0.012 * canvas.width_px + 1)
    t = np.clip(far / limit, 0, 1)
    height = soft(np.sqrt(np.maximum(1 - (1 - t) ** 2, 0)) * limit, 0.1 * limit + 0.6)
    height += (grain - 0.5) * (0.0018 * canvas.width_px)
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    y = (np.arange(mask.shape[0], dtype=np.float32)[:, None] + corner[1]) / canvas.width_px
    near = 0.28 + 0.72 * np.exp(-np.abs(y - lighting.y) / 0.42)
    steep = 1 / np.sqrt(gx * gx + gy * gy + 1)
    nx, ny = -gx * steep, -gy * steep
    dx = lighting.x - (corner[0] + mask.shape[1] / 2) / canvas.width_px
    dy = lighting.y - (corner[1] + mask.shape[0] / 2) / canvas.width_px
    length = float(np.hypot(dx, dy)) + 1e-6
    facing = np.clip((nx * dx + ny * dy) / length, -1, 1)
    key = np.clip(0.62 * steep - 0.62 * ny + 0.35 * facing, 0, 1.3)
    edge = np.clip(1 - far / (0.009 * canvas.width_px + 1), 0, 1)
    rim = np.clip(facing, 0, 1) ** 1.5 * np.clip(1.15 - steep, 0, 1) * 1.5 + edge * np.clip(facing + 0.35, 0, 1) * 0.6
    rim = rim * (0.45 + 0.75 * near)
    shade = (0.07 + 0.62 * key * near) * lighting.front * (0.8 + 0.4 * grain)
    if part.stuff in ("metal", "glass"):
        shade = shade * 0.75 + 0.9 * np.clip(key - 0.55, 0, 1) ** 2 + 0.3 * np.clip(-ny * 1.4, 0, 1) ** 3
    colour = tinted(shade, lighting.stuffs[part.stuff])
    colour += tinted(rim * (1 - 0.5 * part.behind), lighting.light)
    air = np.asarray(lighting.air, np.float32)
    mist = 0.05 + 0.45 * part.behind
    return np.asarray(colour + (air - colour) * mist, np.float32)


NDArrayU8 = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
