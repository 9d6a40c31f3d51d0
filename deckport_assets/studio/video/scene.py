"""What moves in a loop: the art behind the window, near parts more than far ones, its light, its glow, and motes.

Everything is a function of one turn, from 0 to 2 pi, so that the end meets the beginning; and both are the finished
card, so that a page may put the loop in the picture's place. Files are `encoding`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.errors import BadImage
from deckport_assets.studio.cards.compose import Affine, Opening, cover
from deckport_assets.studio.cards.shapes import Area
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video.depth import nearness
from deckport_assets.studio.video.motes import Motes

_ZOOM = 1.2
"""How far the camera goes in: it begins and ends on what the finished card shows."""

_DRIFT = 0.8
"""The part of the room that the zoom leaves around the window, which the nearest parts use."""

_FAR = 0.25
"""How much the farthest parts drift, against the nearest."""

_BREATH = 0.08
"""How much brighter the whole becomes, as a part of itself."""

_LIGHT_BREATH = 0.8
"""How much the look's light swells, as a part of itself."""

_GLOW = 0.7
"""How strongly bright places come to shine into their surroundings."""

_BRIGHT = 150
"""What is brighter than this of 255 shines."""


class Scene:
    """The card at the video's size, its window, and what moves in it."""

    def __init__(self, art: Pixels, frame: Pixels, opening: Opening, size_px: tuple[int, int], seed: int) -> None:
        if art.ndim != 3 or art.shape[2] != 3 or frame.ndim != 3 or frame.shape[2] != 4:
            raise BadImage(f"A loop needs RGB art and an RGBA frame, not {art.shape} and {frame.shape}.")
        # Averaged with premultiplied colours: the frame's edge must not take colour from what is clear.
        alpha = cv2.extractChannel(frame, 3).astype(np.float32) * np.float32(1 / 255)
        colours = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB).astype(np.float32) * alpha[:, :, None]
        colours = cv2.resize(colours, size_px, interpolation=cv2.INTER_AREA)
        alpha = np.asarray(cv2.resize(alpha, size_px, interpolation=cv2.INTER_AREA), np.float32)
        self._card = np.rint(colours).astype(np.uint8)
        self._window = _scaled(opening, size_px)
        self._frame_in_window = self._card[self._window].copy()
        clear = np.rint((1 - alpha[self._window]) * 255).astype(np.uint8)
        if not clear.any():
            raise BadImage("The frame is nowhere clear in its window for the art.")
        self._clear = np.asarray(cv2.merge([clear, clear, clear]), np.uint8)
        self._size_px = clear.shape[1], clear.shape[0]
        # What the card shows, in as many pixels as the camera sees when it is nearest.
        shown = cover(art, opening.window, opening.focus)
        nearest_px = math.ceil(self._size_px[0] * _ZOOM), math.ceil(self._size_px[1] * _ZOOM)
        self._art = np.asarray(cv2.resize(shown, nearest_px, interpolation=cv2.INTER_AREA), np.uint8)
        whole = np.asarray(cv2.resize(shown, self._size_px, interpolation=cv2.INTER_AREA), np.uint8)
        self._near = nearness(whole) * np.float32(1 - _FAR) + np.float32(_FAR)
        self._x, self._y = np.meshgrid(*_places_in_window(opening, size_px, self._window))
        self._light = _resized(opening.light, self._size_px) if opening.light else None
        self._motes = Motes(self._size_px, seed, self._art)

    def frames(self, count: int) -> Iterator[Pixels]:
        """The frames of one turn, (height, width, 3); the one after the last would be the first.

        The same array is given each time: who keeps a frame copies it.
        """
        picture = self._card
        for i in range(count):
            turn = 2 * math.pi * i / count
            swell = _swell(turn)
            moving = self.glowing(self.moved(turn), _GLOW * swell)
            if self._light:
                moving = _lit(moving, self._light, 1 + _LIGHT_BREATH * swell)
            self._motes.glow_on(moving, turn, math.sqrt(swell))
            gain = 1 + _BREATH * swell
            behind = cv2.multiply(moving, self._clear, scale=gain / 255)
            picture[self._window] = cv2.add(behind, self._frame_in_window)
            yield picture

    def moved(self, turn: float) -> Pixels:
        """The part of the art that is in sight: the card's own at 0; in between the camera goes nearer and wanders.

        Its ellipse is as wide as the zoom leaves room. The parallax is that of a camera that moves sideways: a place
        moves in proportion to how near it is.
        """
        height_px, width_px = self._art.shape[:2]
        zoom = 1 + (_ZOOM - 1) * _swell(turn)
        # OpenCV counts from the middle of the first pixel.
        at_x = self._x * np.float32(width_px / zoom) + np.float32((width_px - 1) / 2)
        at_y = self._y * np.float32(height_px / zoom) + np.float32((height_px - 1) / 2)
        room = (1 - 1 / zoom) / 2 * _DRIFT
        at_x += self._near * np.float32(width_px * room * math.sin(turn))
        at_y += self._near * np.float32(height_px * room * math.cos(turn))
        moved = cv2.remap(self._art, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, np.uint8)

    def glowing(self, picture: Pixels, strength: float) -> Pixels:
        """The picture with its bright places shining into their surroundings."""
        small = cv2.resize(picture, (self._size_px[0] // 4, self._size_px[1] // 4), interpolation=cv2.INTER_AREA)
        bright = cv2.GaussianBlur(cv2.subtract(small, np.full_like(small, _BRIGHT)), (0, 0), self._size_px[0] / 130)
        glow = cv2.resize(bright, self._size_px, interpolation=cv2.INTER_LINEAR)
        # Screened, not added: a bright sky keeps its drawing.
        return np.asarray(
            cv2.add(picture, cv2.multiply(glow, cv2.bitwise_not(picture), scale=strength / 255)), np.uint8
        )


def _swell(turn: float) -> float:
    """How far everything is from the finished card: 0 where the loop begins and ends, 1 in its middle."""
    return (1 - math.cos(turn)) / 2


def _lit(picture: Pixels, light: tuple[NDArray[np.float32], NDArray[np.float32]], strength: float) -> Pixels:
    """The look's light on the picture, `strength` times as strong as on the printed card."""
    dimmed, plus = light
    times = np.rint(np.clip(255 - dimmed * strength, 0, 255)).astype(np.uint8)
    added = np.rint(np.clip(plus * strength, 0, 255)).astype(np.uint8)
    return np.asarray(cv2.add(cv2.multiply(picture, times, scale=1 / 255), added), np.uint8)


def _resized(light: Affine, size_px: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the light takes of each place, and what it adds."""
    times = cv2.resize(light.times, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
    plus = cv2.resize(light.plus, size_px, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(255 - times, np.float32), np.asarray(plus, np.float32)


def _scaled(opening: Opening, size_px: tuple[int, int]) -> Area:
    """The rows and columns of the opening on a card of another size."""
    across, down = size_px[0] / opening.card_px[0], size_px[1] / opening.card_px[1]
    rows = slice(math.floor(opening.window.y_px * down), math.ceil(opening.window.bottom_px * down))
    return rows, slice(math.floor(opening.window.x_px * across), math.ceil(opening.window.right_px * across))


def _places_in_window(
    opening: Opening, size_px: tuple[int, int], window: Area
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the columns and the rows of a smaller card's window lie in the opening, from -0.5 to 0.5 of it: to parts
    of a pixel, for the window of the smaller card does not begin at a whole one."""
    columns = (np.arange(window[1].start, window[1].stop) + 0.5) * opening.card_px[0] / size_px[0]
    rows = (np.arange(window[0].start, window[0].stop) + 0.5) * opening.card_px[1] / size_px[1]
    middle_x_px, middle_y_px = opening.window.centre_px
    across = (columns - middle_x_px) / opening.window.width_px
    down = (rows - middle_y_px) / opening.window.height_px
    return np.asarray(across, np.float32), np.asarray(down, np.float32)
