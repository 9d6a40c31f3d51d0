"""Specks of light in the air of a loop: they rise slowly, flicker, and return to where they began."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.studio.encoding import Pixels

_MOTES = 26
_BRIGHTEST_PERCENT = 99


class Motes:
    """Specks of light over a window of `size_px`, in the colour of the art's own brightest light."""

    def __init__(self, size_px: tuple[int, int], seed: int, art: Pixels) -> None:
        random = np.random.default_rng(seed)
        self._size_px = size_px
        self._x, self._y, self._phase = random.random((3, _MOTES))
        self._rises = random.integers(1, 3, _MOTES)
        tint = _brightest(art)
        radii_px = random.uniform(1.2, 2.6, _MOTES) * np.where(random.random(_MOTES) < 0.25, 2.2, 1.0)
        self._sprites = [_speck(radius_px, tint) for radius_px in radii_px * size_px[0] / 530]

    def glow_on(self, picture: Pixels, turn: float, strength: float) -> None:
        """Add each speck's light to the picture, in place. Specks fade at the top and bottom, where they wrap."""
        part = turn / (2 * math.pi)
        for i, speck in enumerate(self._sprites):
            height = (self._y[i] + part * self._rises[i]) % 1.0
            brightness = (
                strength * math.sin(math.pi * height) * (0.65 + 0.35 * math.sin(turn + 2 * math.pi * self._phase[i]))
            )
            x_px = (self._x[i] + 0.02 * math.sin(turn + 2 * math.pi * self._phase[i])) * self._size_px[0]
            _add_light(picture, speck, brightness, x_px, (1 - height) * self._size_px[1])


def _brightest(art: Pixels) -> NDArray[np.float32]:
    """The mean colour of the brightest hundredth, as bright as it can be and half as pale again."""
    small = cv2.resize(art, (60, 84), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    light = small.sum(axis=1)
    colour = small[light >= np.percentile(light, _BRIGHTEST_PERCENT)].mean(axis=0)
    colour = colour / max(float(colour.max()), 1.0)
    return np.asarray(0.67 * colour + 0.33, np.float32)


def _speck(radius_px: float, tint: NDArray[np.float32]) -> NDArray[np.float32]:
    reach = math.ceil(radius_px * 3)
    at = np.arange(-reach, reach + 1, dtype=np.float32)
    grey = 200 * np.exp(-(at[:, None] ** 2 + at[None, :] ** 2) / (2 * radius_px**2))
    return np.asarray(grey[:, :, None] * tint, np.float32)


def _add_light(picture: Pixels, speck: NDArray[np.float32], brightness: float, x_px: float, y_px: float) -> None:
    reach = speck.shape[0] // 2
    # Moved by parts of a pixel, or slow specks would jump.
    shift = np.array([[1, 0, x_px - math.floor(x_px)], [0, 1, y_px - math.floor(y_px)]])
    speck = np.asarray(cv2.warpAffine(speck * np.float32(brightness), shift, speck.shape[:2]), np.float32)
    left, top = math.floor(x_px) - reach, math.floor(y_px) - reach
    right, bottom = min(picture.shape[1], left + speck.shape[1]), min(picture.shape[0], top + speck.shape[0])
    from_x, from_y = max(0, -left), max(0, -top)
    if right <= left + from_x or bottom <= top + from_y:
        return
    area = picture[top + from_y : bottom, left + from_x : right]
    light = np.rint(speck[from_y : bottom - top, from_x : right - left]).astype(np.uint8)
    area[:] = cv2.add(np.ascontiguousarray(area), np.ascontiguousarray(light))
