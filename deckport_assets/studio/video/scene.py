"""What moves in a loop: the art behind the window, near parts more than far ones, its light, its glow, and motes.

Everything is a function of one turn, from 0 to 2 pi, so that the end meets the beginning. Files are `encoding`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.errors import BadImage
from deckport_assets.studio.cards.compose import Affine, Opening, cover
from deckport_assets.studio.cards.draw_list import Box
from deckport_assets.studio.cards.shapes import Area
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video.depth import nearness
from deckport_assets.studio.video.motes import Motes

_ZOOM = 1.16
"""How much larger than the window the art is: the room in which it drifts."""

_DRIFT = 0.8
"""The part of that room which the nearest parts use."""

_FAR = 0.25
"""How much the farthest parts drift, against the nearest."""

_BREATH = 0.05
"""How much brighter and darker the whole becomes, as a part of full."""

_LIGHT_BREATH = 0.45
"""How much the look's light swells and ebbs, as a part of itself."""

_GLOW, _GLOW_BREATH = 0.45, 0.3
"""How strongly bright places shine into their surroundings, and how much that swells and ebbs."""

_BRIGHT = 150
"""What is brighter than this of 255 shines."""

_REST = 0.7
"""How much slower the drift is where the loop closes: the eye does not see a seam in what hardly moves."""


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
        self._art = _with_room(art, self._size_px, opening.focus)
        self._near = nearness(_middle(self._art, self._size_px)) * np.float32(1 - _FAR) + np.float32(_FAR)
        self._x, self._y = np.meshgrid(
            np.arange(self._size_px[0], dtype=np.float32), np.arange(self._size_px[1], dtype=np.float32)
        )
        self._light = _resized(opening.light, self._size_px) if opening.light else None
        self._motes = Motes(self._size_px, seed, self._art)

    def frames(self, count: int) -> Iterator[Pixels]:
        """The frames of one turn, (height, width, 3); the one after the last would be the first.

        The same array is given each time: who keeps a frame copies it.
        """
        picture = self._card
        for i in range(count):
            turn = 2 * math.pi * i / count
            moving = self.glowing(self.moved(turn - _REST * math.sin(turn)), turn)
            if self._light:
                moving = _lit(moving, self._light, 1 - _LIGHT_BREATH * math.cos(turn))
            self._motes.glow_on(moving, turn)
            gain = 1 - _BREATH * math.cos(turn)
            behind = cv2.multiply(moving, self._clear, scale=gain / 255)
            picture[self._window] = cv2.add(behind, self._frame_in_window)
            yield picture

    def moved(self, turn: float) -> Pixels:
        """The part of the art that is in sight: an ellipse in which near parts go farther, while the zoom swings once.

        The parallax of a camera that moves sideways: a place moves in proportion to how near it is.
        """
        (width_px, height_px), (art_height_px, art_width_px) = self._size_px, self._art.shape[:2]
        zoom = 1 + (_ZOOM - 1) * 0.25 * (1 - math.cos(turn))
        room_x_px, room_y_px = (art_width_px - width_px) / 2 * _DRIFT, (art_height_px - height_px) / 2 * _DRIFT
        x_px, y_px = room_x_px * math.sin(turn), room_y_px * math.cos(turn)
        at_x = self._x * np.float32(1 / zoom) + np.float32((art_width_px - width_px / zoom) / 2)
        at_y = self._y * np.float32(1 / zoom) + np.float32((art_height_px - height_px / zoom) / 2)
        at_x += self._near * np.float32(x_px)
        at_y += self._near * np.float32(y_px)
        moved = cv2.remap(self._art, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, np.uint8)

    def glowing(self, picture: Pixels, turn: float) -> Pixels:
        """The picture with its bright places shining into their surroundings, more and less."""
        small = cv2.resize(picture, (self._size_px[0] // 4, self._size_px[1] // 4), interpolation=cv2.INTER_AREA)
        bright = cv2.GaussianBlur(cv2.subtract(small, np.full_like(small, _BRIGHT)), (0, 0), self._size_px[0] / 130)
        glow = cv2.resize(bright, self._size_px, interpolation=cv2.INTER_LINEAR)
        strength = _GLOW - _GLOW_BREATH * math.cos(turn)
        # Screened, not added: a bright sky keeps its drawing.
        return np.asarray(
            cv2.add(picture, cv2.multiply(glow, cv2.bitwise_not(picture), scale=strength / 255)), np.uint8
        )


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


def _middle(art: Pixels, size_px: tuple[int, int]) -> Pixels:
    top, left = (art.shape[0] - size_px[1]) // 2, (art.shape[1] - size_px[0]) // 2
    return np.ascontiguousarray(art[top : top + size_px[1], left : left + size_px[0]])


def _scaled(opening: Opening, size_px: tuple[int, int]) -> Area:
    """The rows and columns of the opening on a card of another size."""
    across, down = size_px[0] / opening.card_px[0], size_px[1] / opening.card_px[1]
    rows = slice(math.floor(opening.window.y_px * down), math.ceil(opening.window.bottom_px * down))
    return rows, slice(math.floor(opening.window.x_px * across), math.ceil(opening.window.right_px * across))


def _with_room(art: Pixels, size_px: tuple[int, int], focus: tuple[float, float]) -> Pixels:
    """What the card's window shows of the art, larger by the room in which it drifts.

    At rest the loop shows the middle of this; where the art has more above, it begins higher by as much as that hides:
    a head at the window's upper edge stays in sight.
    """
    height_px, width_px = art.shape[:2]
    scale = max(size_px[0] / width_px, size_px[1] / height_px)
    crop_width, crop_height = min(width_px, round(size_px[0] / scale)), min(height_px, round(size_px[1] / scale))
    left, top = round((width_px - crop_width) * focus[0]), round((height_px - crop_height) * focus[1])
    top = max(0, top - round(crop_height * (1 - 1 / _ZOOM) / 2))
    within = Box(0, 0, math.ceil(size_px[0] * _ZOOM), math.ceil(size_px[1] * _ZOOM))
    return cover(np.ascontiguousarray(art[top : top + crop_height, left : left + crop_width]), within, (0.5, 0.5))
