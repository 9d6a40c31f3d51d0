"""Where the picture is seen from: mirrored or not, near or far, straight or leaning, the focus in the middle or aside.

The scene is painted whole; the camera then looks at a part of it. What stands in the scene belongs to its own modules.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from deckport_assets.studio.artist.canvas import TALL, Canvas, Field, Points
from deckport_assets.studio.artist.dice import Dice

_NEAREST = 1.2
_LEAN_DEGREES = 4.5
_HEAD = (0.33, 0.5)
"""Between these heights a head stands well: a card for a hero shows a picture from 0.27 to 0.96."""
_ASIDE = 0.09
"""How far from the middle the focus may come to stand, in units."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A view of the scene: `zoom` times as near, turned by `lean` radians, the focus moved to (x, y) in units."""

    mirrored: bool
    zoom: float
    lean: float
    x: float
    y: float


def shot_of(dice: Dice, focus: tuple[float, float], top: float) -> Shot:
    """A view by chance. The focus goes aside only as far as the scene's edges allow (no edge comes into sight).

    What reaches up to `top` keeps its head in the picture, and in the part of it that a card with a wide window shows.
    """
    mirrored, zoom = dice.chance(0.5), 1 + (_NEAREST - 1) * dice.between(0.0, 1.0) ** 0.8
    lean = float(np.radians(_LEAN_DEGREES)) * dice.between(-1, 1) * min(1.0, (zoom - 1) / 0.16)
    x = (1 - focus[0] if mirrored else focus[0]) + dice.between(-_ASIDE, _ASIDE) * zoom
    # Lower when it is nearer: what stands tall keeps its head.
    y = focus[1] + dice.between(-0.45 * _ASIDE, 0.55 * _ASIDE) * zoom + 0.25 * (zoom - 1)
    head = y + (top - focus[1]) * zoom
    y += max(0.0, _HEAD[0] - head) - max(0.0, head - _HEAD[1])
    return Shot(mirrored, zoom, lean, x, y)


def seen(canvas: Canvas, focus: tuple[float, float], shot: Shot) -> tuple[float, float]:
    """Show the shot's view on the canvas instead of the whole scene; the answer is where the focus is now."""
    matrix = _view(focus, shot)
    canvas.paint, canvas.glow = _looked_at(canvas.paint, matrix), _looked_at(canvas.glow, matrix)
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    x, y, _ = inverse @ np.array([*focus, 1.0])
    return float(x), float(y)


def _view(focus: tuple[float, float], shot: Shot) -> Points:
    """From a place in the picture to the place in the scene that is seen there: 2 x 3, in units."""
    sign = -1 if shot.mirrored else 1
    cos, sin = np.cos(shot.lean) / shot.zoom, np.sin(shot.lean) / shot.zoom
    turn = np.array([[sign * cos, -sign * sin], [sin, cos]])
    # The corners of the view stay in the scene: what the view reaches beyond its middle is kept free at each side.
    reach = np.abs(turn) @ np.array([0.5, TALL / 2])
    middle = np.array(focus) - turn @ (np.array([shot.x, shot.y]) - np.array([0.5, TALL / 2]))
    low, high = np.minimum(reach, [0.5, TALL / 2]), np.maximum(np.array([1, TALL]) - reach, [0.5, TALL / 2])
    middle = np.clip(middle, low, high)
    return np.column_stack([turn, middle - turn @ np.array([0.5, TALL / 2])])


def _looked_at(picture: Field, matrix: Points) -> Field:
    height_px, width_px = picture.shape[:2]
    half = matrix.copy()
    # Units to pixels, whose middles lie half a pixel in.
    half[:, 2] = matrix[:, 2] * width_px + matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(picture, half, (width_px, height_px), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(np.maximum(moved, 0), np.float32)
