"""The hand: from the modelled picture to a painting on canvas, at its full size.

Light is added and rolled off (a filmic shoulder), the picture is enlarged, brush strokes are laid along its forms
(Haeberli, "Paint by numbers", 1990: a stroke takes the colour under its middle; here it follows the image's edges as
in Hertzmann's "Painterly rendering with curved brush strokes", 1998), then canvas grain and a vignette.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.studio.artist.canvas import TALL, Canvas, Field, soft, spread
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.noise import clouds

Pixels = NDArray[np.uint8]
STROKES = 5200


def finished(canvas: Canvas, focus: tuple[float, float], width_px: int, dice: Dice) -> Pixels:
    """The painting, `width_px` wide and of the canvas's proportions, as H x W x 3 sRGB."""
    light = canvas.paint + canvas.glow
    bright = np.clip(light - 0.85, 0, 1.2)
    light = light + soft(bright, canvas.width_px * 0.012) * 0.28 + soft(bright, canvas.width_px * 0.05) * 0.3
    small = _toned(light * spread(_vignette(canvas, focus, dice)))
    size = (width_px, round(width_px * TALL))
    smooth = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    painted = _stroked(smooth, small, canvas, focus, dice)
    return _grained(painted, dice)


def _vignette(canvas: Canvas, focus: tuple[float, float], dice: Dice) -> Field:
    dx, dy = (canvas.x - 0.6 * focus[0] - 0.2), (canvas.y - 0.6 * focus[1] - 0.2 * TALL) / 1.25
    return np.asarray(1.04 - 0.62 * np.clip(dx * dx + dy * dy, 0, 1) ** 0.9, np.float32)


def _toned(light: Field) -> Pixels:
    """Values from 0 to 1, bright ones rolled off instead of cut, with a little more contrast in the middle."""
    light = np.clip(light, 0, None)
    rolled = np.where(light < 0.7, light, 0.7 + 0.3 * (1 - np.exp(-(light - 0.7) / 0.3)))
    contrast = rolled + 0.10 * np.sin((rolled - 0.5) * 2 * np.pi) * 0.5
    return np.asarray(np.clip(contrast * 255 + 0.5, 0, 255), np.uint8)


def _stroked(smooth: Pixels, small: Pixels, canvas: Canvas, focus: tuple[float, float], dice: Dice) -> Pixels:
    """Strokes along the edges of the picture: long and broad far from the focus, short and fine near it."""
    scale = smooth.shape[1]
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (0, 0), max(canvas.width_px * 0.006, 0.8))
    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    flow = (clouds(dice, canvas.shape, 3, 4, 2) - 0.5) * 5.0
    laid = smooth.copy()
    chance = dice.grid(STROKES, 5)
    columns = np.minimum((chance[:, 0] * canvas.width_px).astype(np.int64), canvas.width_px - 1)
    rows = np.minimum((chance[:, 1] * canvas.height_px).astype(np.int64), canvas.height_px - 1)
    edge = np.hypot(gx[rows, columns], gy[rows, columns])
    angle = np.where(edge > 10, np.arctan2(gx[rows, columns], -gy[rows, columns]), flow[rows, columns])
    away = np.hypot(chance[:, 0] - focus[0], (chance[:, 1] * TALL - focus[1]) * 0.8)
    loose = np.clip(away / 0.5, 0.12, 1) * np.clip(1.25 - edge / 60, 0.25, 1)
    reach = (0.006 + 0.022 * loose * (0.4 + chance[:, 2])) * scale
    thick = np.maximum(1, np.round((0.0022 + 0.0085 * loose * (0.3 + chance[:, 3])) * scale)).astype(np.int64)
    order = np.argsort(-thick, kind="stable")
    tint = cv2.medianBlur(small, 5)[rows, columns].astype(np.float32) * (0.93 + 0.14 * chance[:, 4:5])
    dx, dy = np.cos(angle) * reach, np.sin(angle) * reach
    x, y = chance[:, 0] * scale, chance[:, 1] * smooth.shape[0]
    ends = (np.stack([x - dx, y - dy, x + dx, y + dy], axis=1) * 4).astype(np.int64)
    for (x0, y0, x1, y1), colour, width in zip(
        ends[order].tolist(), tint[order].tolist(), thick[order].tolist(), strict=True
    ):
        cv2.line(laid, (x0, y0), (x1, y1), colour, width, cv2.LINE_AA, 2)
    return np.asarray(cv2.addWeighted(smooth, 0.5, laid, 0.5, 0), np.uint8)


def _grained(painted: Pixels, dice: Dice) -> Pixels:
    """The tooth of the canvas and the ridges of the paint, as light and shade."""
    height, width = painted.shape[:2]
    tooth = np.asarray(dice.grid(256, 256) * 255, np.uint8)
    tooth = np.asarray(cv2.GaussianBlur(tooth, (0, 0), 0.7))
    tiled = np.tile(tooth, (height // 256 + 1, width // 256 + 1))[:height, :width]
    grain = cv2.cvtColor(np.ascontiguousarray(tiled), cv2.COLOR_GRAY2RGB)
    sharp = cv2.addWeighted(painted, 1.45, cv2.GaussianBlur(painted, (0, 0), max(width * 0.0012, 0.6)), -0.45, 0)
    depth = 0.085 * min(1.0, width / 1000)
    return np.asarray(cv2.addWeighted(sharp, 1.0, grain, depth, -depth * 128), np.uint8)
