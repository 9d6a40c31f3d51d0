"""What moves in a loop: the art behind the window, near parts more than far ones, its light, its glow, and motes.

Everything is a function of one turn, from 0 to 2 pi, so that the end meets the beginning; and both are the finished
card, so that a page may put the loop in the picture's place. The still card around it is `window`'s, files are
`encoding`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from deckport_assets.errors import BadImage
from deckport_assets.studio.cards.compose import Opening, cover
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video.depth import nearness
from deckport_assets.studio.video.motes import Motes
from deckport_assets.studio.video.window import Window

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
    """The art behind a card's window, and what moves in it."""

    def __init__(self, art: Pixels, frame: Pixels, opening: Opening, size_px: tuple[int, int], seed: int) -> None:
        if art.ndim != 3 or art.shape[2] != 3:
            raise BadImage(f"A loop needs RGB art, not {art.shape}.")
        self._window = Window(frame, opening, size_px)
        self._size_px = self._window.size_px
        # What the card shows, in as many pixels as the camera sees when it is nearest.
        shown = cover(art, opening.window, opening.focus)
        nearest_px = math.ceil(self._size_px[0] * _ZOOM), math.ceil(self._size_px[1] * _ZOOM)
        self._art = np.asarray(cv2.resize(shown, nearest_px, interpolation=cv2.INTER_AREA), np.uint8)
        whole = np.asarray(cv2.resize(shown, self._size_px, interpolation=cv2.INTER_AREA), np.uint8)
        self._near = nearness(whole) * np.float32(1 - _FAR) + np.float32(_FAR)
        self._motes = Motes(self._size_px, seed, self._art)

    def frames(self, count: int) -> Iterator[Pixels]:
        """The frames of one turn, (height, width, 3); the one after the last would be the first.

        The same array is given each time: who keeps a frame copies it.
        """
        for i in range(count):
            turn = 2 * math.pi * i / count
            swell = _swell(turn)
            moving = self.glowing(self.moved(turn), _GLOW * swell)
            moving = self._window.lit(moving, 1 + _LIGHT_BREATH * swell)
            self._motes.glow_on(moving, turn, math.sqrt(swell))
            yield self._window.card_before(moving, 1 + _BREATH * swell)

    def moved(self, turn: float) -> Pixels:
        """The part of the art that is in sight: the card's own at 0; in between the camera goes nearer and wanders.

        Its ellipse is as wide as the zoom leaves room. The parallax is that of a camera that moves sideways: a place
        moves in proportion to how near it is.
        """
        height_px, width_px = self._art.shape[:2]
        zoom = 1 + (_ZOOM - 1) * _swell(turn)
        room = (1 - 1 / zoom) / 2 * _DRIFT
        across_px = self._near * np.float32(width_px * room * math.sin(turn))
        down_px = self._near * np.float32(height_px * room * math.cos(turn))
        return self._window.seen(self._art, zoom=zoom, moved_px=(across_px, down_px))

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
