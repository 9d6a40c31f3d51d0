"""Themes of layers: pictures as large as the card that artists paint elsewhere, and the window in their frame.

What is done with the pictures is `compose`'s, which picture a card needs is `layout`'s.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from deckport_assets.errors import BadImage, ThemeError
from deckport_assets.studio.cards.draw_list import Box
from deckport_assets.studio.encoding import Pixels, open_layer

_SEEN_THROUGH = 250
"""A pixel of the frame that is less opaque than this belongs to a window, or to the clear ground around the card."""


@dataclass(frozen=True)
class LayerPicture:
    """One picture of a theme; it is decoded when it is first needed. Safe to share between threads."""

    theme: str
    path: Path
    sha256: str
    size_px: tuple[int, int]
    """What the canvas asks for: width, height."""
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def check_size(self) -> None:
        """Raise ThemeError when the file is no PNG of the canvas's size; nothing is decoded for it."""
        try:
            with Image.open(self.path, formats=("PNG",)) as picture:
                found = picture.size
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise self._wrong(f"is no PNG: {error}") from error
        if found != self.size_px:
            raise self._wrong(f"is {found[0]} x {found[1]} px")

    def pixels(self) -> Pixels:
        """The picture as RGBA, (height, width, 4). Raises ThemeError when it is broken."""
        with self._lock:
            return self._pixels

    @cached_property
    def _pixels(self) -> Pixels:
        try:
            return open_layer(self.path.read_bytes())
        except (OSError, BadImage) as error:
            raise self._wrong(f"cannot be read: {error}") from error

    @cached_property
    def window(self) -> Box:
        """The largest opening that the picture encloses: where the art is seen. Raises ThemeError when it has none."""
        through = (self.pixels()[:, :, 3] < _SEEN_THROUGH).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(through, connectivity=4)
        rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        enclosed = [n for n in range(1, count) if n not in set(rim.tolist())]
        if not enclosed:
            raise self._wrong("has no window: nothing that it encloses is clear")
        left, top, width, height, _ = (int(value) for value in stats[max(enclosed, key=lambda n: int(stats[n, 4]))])
        return Box(left, top, width, height)

    def _wrong(self, what: str) -> ThemeError:
        width_px, height_px = self.size_px
        return ThemeError(
            f"Theme {self.theme!r}: {self.path.name} {what}.",
            remedy=f"Give a PNG of {width_px} x {height_px} px, the frame with a clear window for the art.",
        )
