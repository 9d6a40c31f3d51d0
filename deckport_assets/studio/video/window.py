"""A card at a video's size: its frame stands still, and behind its window each picture is another one.

What is seen there belongs to `scene` (the art, moved) and to `clip` (a clip's frames).
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.errors import BadImage
from deckport_assets.studio.cards.compose import Affine, Opening
from deckport_assets.studio.cards.shapes import Area
from deckport_assets.studio.encoding import Pixels


class Window:
    """The window of a card of `card_px` (width, height); itself it is `size_px` large.

    Raises BadImage for a frame that is not RGBA, or is nowhere clear in its window.
    """

    def __init__(self, frame: Pixels, opening: Opening, card_px: tuple[int, int]) -> None:
        if frame.ndim != 3 or frame.shape[2] != 4:
            raise BadImage(f"A loop needs an RGBA frame, not {frame.shape}.")
        # Averaged with premultiplied colours: the frame's edge must not take colour from what is clear.
        alpha = cv2.extractChannel(frame, 3).astype(np.float32) * np.float32(1 / 255)
        colours = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB).astype(np.float32) * alpha[:, :, None]
        colours = cv2.resize(colours, card_px, interpolation=cv2.INTER_AREA)
        alpha = np.asarray(cv2.resize(alpha, card_px, interpolation=cv2.INTER_AREA), np.float32)
        self._card = np.rint(colours).astype(np.uint8)
        self._area = _scaled(opening, card_px)
        self._frame = self._card[self._area].copy()
        clear = np.rint((1 - alpha[self._area]) * 255).astype(np.uint8)
        if not clear.any():
            raise BadImage("The frame is nowhere clear in its window for the art.")
        self._clear = np.asarray(cv2.merge([clear, clear, clear]), np.uint8)
        self.size_px = clear.shape[1], clear.shape[0]
        self._x, self._y = np.meshgrid(*_places(opening, card_px, self._area))
        self._light = _resized(opening.light, self.size_px) if opening.light else None

    def seen(
        self,
        picture: Pixels,
        *,
        zoom: float = 1.0,
        moved_px: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    ) -> Pixels:
        """What of a picture that fills the opening is seen here: all of it, or its middle, `zoom` times as near;
        `moved_px` is how far each place looks aside, across and down."""
        height_px, width_px = picture.shape[:2]
        # OpenCV counts from the middle of the first pixel.
        at_x = self._x * np.float32(width_px / zoom) + np.float32((width_px - 1) / 2)
        at_y = self._y * np.float32(height_px / zoom) + np.float32((height_px - 1) / 2)
        if moved_px is not None:
            at_x += moved_px[0]
            at_y += moved_px[1]
        return np.asarray(cv2.remap(picture, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.uint8)

    def lit(self, picture: Pixels, strength: float = 1.0) -> Pixels:
        """The look's light on the picture, `strength` times as strong as on the printed card."""
        if self._light is None:
            return picture
        dimmed, plus = self._light
        times = np.rint(np.clip(255 - dimmed * strength, 0, 255)).astype(np.uint8)
        added = np.rint(np.clip(plus * strength, 0, 255)).astype(np.uint8)
        return np.asarray(cv2.add(cv2.multiply(picture, times, scale=1 / 255), added), np.uint8)

    def card_before(self, picture: Pixels, gain: float = 1.0) -> Pixels:
        """The card with the picture, of `size_px`, in its window, `gain` times as bright.

        The same array is given each time: who keeps it copies it.
        """
        self._card[self._area] = cv2.add(cv2.multiply(picture, self._clear, scale=gain / 255), self._frame)
        return self._card


def _resized(light: Affine, size_px: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the light takes of each place, and what it adds."""
    times = cv2.resize(light.times, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
    plus = cv2.resize(light.plus, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(255 - times, np.float32), np.asarray(plus, np.float32)


def _scaled(opening: Opening, card_px: tuple[int, int]) -> Area:
    """The rows and columns of the opening on a card of another size."""
    across, down = card_px[0] / opening.card_px[0], card_px[1] / opening.card_px[1]
    rows = slice(math.floor(opening.window.y_px * down), math.ceil(opening.window.bottom_px * down))
    return rows, slice(math.floor(opening.window.x_px * across), math.ceil(opening.window.right_px * across))


def _places(opening: Opening, card_px: tuple[int, int], area: Area) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the columns and the rows of a smaller card's window lie in the opening, from -0.5 to 0.5 of it: to parts
    of a pixel, for the window of the smaller card does not begin at a whole one."""
    columns = (np.arange(area[1].start, area[1].stop) + 0.5) * opening.card_px[0] / card_px[0]
    rows = (np.arange(area[0].start, area[0].stop) + 0.5) * opening.card_px[1] / card_px[1]
    middle_x_px, middle_y_px = opening.window.centre_px
    across = (columns - middle_x_px) / opening.window.width_px
    down = (rows - middle_y_px) / opening.window.height_px
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
