"""Shapes to pixels: antialiased outlines, paints, and laying one picture over another.

Knows draw-list shapes and arrays, no cards and no themes. Everything is deterministic and safe to call from threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.svgLib.path import parse_path
from numpy.typing import NDArray

from deckport_assets.errors import ThemeError
from deckport_assets.studio.cards.draw_list import Box, Paint, Shape
from deckport_assets.studio.encoding import Pixels

_SUBPIXELS = 4
_CURVE_STEPS = 16
_FIXED_POINT_BITS = 4
_BLUR_REACH = 3
"""A blur is drawn this many sigmas beyond the outline."""

Coverage = NDArray[np.float32]
"""How much of each pixel is covered, (height, width), 0 to 1."""


Area = tuple[slice, slice]
"""Rows and columns of a canvas."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A shape's pixels: colours (h, w, 4) with full alpha (OpenCV is several times faster on four channels than on
    three of four), coverage (h, w), and where its left upper pixel lies on the card."""

    colours: Pixels
    coverage: Coverage
    x_px: int
    y_px: int


def sprite(shape: Shape) -> Sprite:
    """The shape's own pixels, as large as its box and its blur need."""
    pad_px = math.ceil(shape.blur_px * _BLUR_REACH)
    box = shape.box
    left, top = math.floor(box.x_px) - pad_px, math.floor(box.y_px) - pad_px
    size = math.ceil(box.right_px) + pad_px - left, math.ceil(box.bottom_px) + pad_px - top
    local = Box(box.x_px - left, box.y_px - top, box.width_px, box.height_px)
    if shape.path:
        coverage = _path_coverage(shape.path, local, size)
    else:
        coverage = _rounded_coverage(local, shape.radius_px, size)
        if shape.ring_px:
            inner = local.inset(shape.ring_px)
            coverage = coverage - _rounded_coverage(inner, max(0.0, shape.radius_px - shape.ring_px), size)
    if shape.blur_px:
        coverage = np.asarray(cv2.GaussianBlur(coverage, (0, 0), shape.blur_px), np.float32)
    colours, opacity = _painted(shape.paint, local, size)
    return Sprite(colours, coverage * opacity, left, top)


@lru_cache(maxsize=256)
def kept_sprite(shape: Shape) -> Sprite:
    """The same, kept for shapes that return on many cards (gems): callers do not write into it."""
    return sprite(shape)


def lay_over(canvas: Pixels, above: Sprite) -> Area | None:
    """Lay a sprite over an RGBA canvas (straight alpha), in place; what lies outside of the canvas is cut off.

    Gives the rows and columns that were touched, or None when there were none.
    """
    found = _overlap(canvas, above)
    if found is None:
        return None
    area, below, colours, weight = found
    opacity = cv2.extractChannel(below, 3)
    beneath = 1 - weight
    if opacity.min() == 255:
        below[:] = cv2.blendLinear(colours, below, weight, beneath)
        return area
    beneath *= opacity * np.float32(1 / 255)
    below[:] = cv2.blendLinear(colours, below, weight, beneath)
    below[:, :, 3] = np.rint((weight + beneath) * 255)
    return area


def cut_out(canvas: Pixels, hole: Sprite) -> None:
    """Make an RGBA canvas clear where the sprite covers it, in place."""
    found = _overlap(canvas, hole)
    if found is not None:
        _, below, _, weight = found
        below[:, :, 3] = np.rint(below[:, :, 3] * (1 - weight))


def _overlap(canvas: Pixels, above: Sprite) -> tuple[Area, Pixels, Pixels, Coverage] | None:
    height, width = above.coverage.shape
    top, left = max(0, above.y_px), max(0, above.x_px)
    bottom, right = min(canvas.shape[0], above.y_px + height), min(canvas.shape[1], above.x_px + width)
    if top >= bottom or left >= right:
        return None
    part = np.s_[top - above.y_px : bottom - above.y_px, left - above.x_px : right - above.x_px]
    weight = np.ascontiguousarray(above.coverage[part])
    return (slice(top, bottom), slice(left, right)), canvas[top:bottom, left:right], above.colours[part], weight


def _rounded_coverage(box: Box, radius_px: float, size: tuple[int, int]) -> Coverage:
    """A rounded rectangle: exact at the straight edges, by distance in the corners."""
    width, height = size
    across, down = np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
    cover_x = np.clip(0.5 + box.width_px / 2 - np.abs(across - box.centre_px[0]), 0, 1).astype(np.float32)
    cover_y = np.clip(0.5 + box.height_px / 2 - np.abs(down - box.centre_px[1]), 0, 1).astype(np.float32)
    coverage: Coverage = np.multiply.outer(cover_y, cover_x)
    radius_px = min(radius_px, box.width_px / 2, box.height_px / 2)
    if radius_px <= 0 or box.width_px <= 0 or box.height_px <= 0:
        return coverage
    rim = math.ceil(radius_px) + 1
    left, right = math.floor(box.x_px), math.ceil(box.right_px)
    top, bottom = math.floor(box.y_px), math.ceil(box.bottom_px)
    for rows, centre_y in ((slice(top, top + rim), box.y_px + radius_px),
                           (slice(bottom - rim, bottom), box.bottom_px - radius_px)):  # fmt: skip
        for columns, centre_x in ((slice(left, left + rim), box.x_px + radius_px),
                                  (slice(right - rim, right), box.right_px - radius_px)):  # fmt: skip
            out_y = down[rows] - centre_y if rows.start != top else centre_y - down[rows]
            out_x = across[columns] - centre_x if columns.start != left else centre_x - across[columns]
            distance = np.hypot(np.maximum(out_y, 0)[:, None], np.maximum(out_x, 0)[None, :])
            corner = np.clip(0.5 + radius_px - distance, 0, 1).astype(np.float32)
            coverage[rows, columns] = np.minimum(coverage[rows, columns], corner)
    return coverage


def _path_coverage(path: str, box: Box, size: tuple[int, int]) -> Coverage:
    """An SVG path on 100 x 100, stretched to the box, drawn four times larger and averaged."""
    scale = _SUBPIXELS * (1 << _FIXED_POINT_BITS)
    stretch = np.array([box.width_px / 100, box.height_px / 100])
    shift = np.array([box.x_px, box.y_px])
    # OpenCV counts from pixel centres, we from pixel corners.
    centre = 0.5 * (1 << _FIXED_POINT_BITS)
    contours = [np.rint((points * stretch + shift) * scale - centre).astype(np.int32) for points in _contours(path)]
    large = np.zeros((size[1] * _SUBPIXELS, size[0] * _SUBPIXELS), np.uint8)
    cv2.fillPoly(large, contours, 255, lineType=cv2.LINE_8, shift=_FIXED_POINT_BITS)
    return np.multiply(cv2.resize(large, size, interpolation=cv2.INTER_AREA), 1 / 255, dtype=np.float32)


class _FlatteningPen(BasePen):  # type: ignore[misc]
    """Collects a path's contours as points, curves as short lines."""

    def __init__(self) -> None:
        super().__init__(None)
        self.contours: list[list[tuple[float, float]]] = []

    def _moveTo(self, point: tuple[float, float]) -> None:
        self.contours.append([point])

    def _lineTo(self, point: tuple[float, float]) -> None:
        self.contours[-1].append(point)

    def _curveToOne(self, one: tuple[float, float], two: tuple[float, float], end: tuple[float, float]) -> None:
        start = self.contours[-1][-1]
        for i in range(1, _CURVE_STEPS + 1):
            t = i / _CURVE_STEPS
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            points = (start, one, two, end)
            x = sum(w * p[0] for w, p in zip(weights, points, strict=True))
            y = sum(w * p[1] for w, p in zip(weights, points, strict=True))
            self.contours[-1].append((x, y))


@lru_cache(maxsize=256)
def _contours(path: str) -> tuple[NDArray[np.float64], ...]:
    pen = _FlatteningPen()
    try:
        parse_path(path, pen)
    except (ValueError, IndexError, TypeError, AssertionError) as error:
        raise ThemeError(f"A theme's path is no SVG path data: {path[:60]!r} ({error}).") from error
    return tuple(np.array(points) for points in pen.contours if len(points) > 2)


def _painted(paint: Paint, box: Box, size: tuple[int, int]) -> tuple[Pixels, Coverage]:
    """The paint's colours (h, w, 4) and its opacity (h, w) over a sprite of that size."""
    width, height = size
    at_x = (np.arange(width) + 0.5 - box.x_px) / max(box.width_px, 1e-6)
    at_y = (np.arange(height) + 0.5 - box.y_px) / max(box.height_px, 1e-6)
    if paint.direction == "down":
        position = at_y[:, None]
    elif paint.direction == "across":
        position = at_x[None, :]
    else:
        position = 2 * np.hypot((at_y - 0.5)[:, None], (at_x - 0.5)[None, :])
    stops = [stop for stop, _ in paint.stops]
    channels = [np.interp(position, stops, [colour[i] for _, colour in paint.stops]) for i in range(4)]
    opaque = np.full_like(channels[0], 255)
    colours = np.rint(np.stack([*channels[:3], opaque], axis=-1)).astype(np.uint8)
    opacity = (channels[3] / 255).astype(np.float32)
    return spread(colours, size), np.asarray(np.broadcast_to(opacity, (height, width)))


def spread(colours: Pixels, size: tuple[int, int]) -> Pixels:
    """One pixel, row or column of colours repeated over (width, height); much faster than numpy's broadcasting."""
    return np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_NEAREST), np.uint8)
