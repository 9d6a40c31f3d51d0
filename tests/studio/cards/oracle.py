"""The slow way to a card: every layer for itself, in floating point. The fast way is held to it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.studio.cards.compose import cover, written
from deckport_assets.studio.cards.draw_list import DrawList, Glow, Layer, Light, Shape
from deckport_assets.studio.cards.shapes import Sprite, sprite
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.encoding import Pixels

Canvas = NDArray[np.float64]


def oracle(draw_list: DrawList, art: Pixels, theme: Theme) -> Canvas:
    """The composite, (height, width, 3), 0 to 255, not rounded. The scaled art is where it begins."""
    box = draw_list.window
    rows = slice(math.floor(box.y_px), math.ceil(box.bottom_px))
    columns = slice(math.floor(box.x_px), math.ceil(box.right_px))
    canvas: Canvas = np.zeros((draw_list.height_px, draw_list.width_px, 3))
    fitted = cover(art, draw_list.window, draw_list.focus).astype(np.float64)
    canvas[rows, columns] = _lit(fitted, draw_list.light, theme, rows, columns)
    plate, clear = np.zeros_like(canvas), np.ones((*canvas.shape[:2], 1))  # premultiplied, and what shows through
    for part in draw_list.plate:
        if isinstance(part, Layer):
            picture = theme.layers[part.picture].pixels().astype(np.float64)
            alpha = picture[:, :, 3:] / 255
            plate, clear = picture[:, :, :3] * alpha + plate * (1 - alpha), clear * (1 - alpha)
        elif part.cuts:
            weight = _spread(sprite(part), canvas.shape[:2])[1]
            plate, clear = plate * (1 - weight), clear + (1 - clear) * weight
        else:
            colour, weight = _spread(sprite(part), canvas.shape[:2])
            plate, clear = colour * weight + plate * (1 - weight), clear * (1 - weight)
    canvas = plate + clear * canvas
    for mark in draw_list.marks:
        for drawn in (sprite(mark),) if isinstance(mark, Shape) else written(mark, theme.fonts[mark.font]):
            colour, weight = _spread(drawn, canvas.shape[:2])
            canvas = colour * weight + canvas * (1 - weight)
    return canvas


def _lit(art: Canvas, light: Light | Glow, theme: Theme, rows: slice, columns: slice) -> Canvas:
    if isinstance(light, Glow):
        glow = theme.layers[light.picture].pixels()[rows, columns].astype(np.float64)
        shine = glow[:, :, :3] * glow[:, :, 3:] / 255
        for _ in range(light.times):
            art = 255 - (255 - art) * (255 - shine) / 255
        return art
    y, x = (np.minimum(np.arange(n) + 0.5, n - np.arange(n) - 0.5) for n in art.shape[:2])
    dark = np.multiply.outer(1 - np.exp(-y / light.reach_px), 1 - np.exp(-x / light.reach_px))
    shine = light.strength * (1 - dark)[:, :, None] * np.array(light.colour)
    return np.asarray(255 - (255 - art) * (255 - shine) / 255)


def _spread(drawn: Sprite, size: tuple[int, ...]) -> tuple[Canvas, Canvas]:
    """A sprite's colours and weight over the whole canvas."""
    height, width = drawn.coverage.shape
    move = np.array([[1, 0, drawn.x_px], [0, 1, drawn.y_px]], np.float64)
    to = (size[1], size[0])
    colours = cv2.warpAffine(drawn.colours[:, :, :3].astype(np.float64), move, to, flags=cv2.INTER_NEAREST)
    weight = cv2.warpAffine(drawn.coverage.astype(np.float64), move, to, flags=cv2.INTER_NEAREST)
    assert width and height
    return np.asarray(colours, np.float64), np.asarray(weight, np.float64)[:, :, None]
