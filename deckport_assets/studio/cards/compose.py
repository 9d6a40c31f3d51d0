"""From drawing instructions and artwork to the finished card, its frame and its thumbnails, in one pass.

The frame is drawn first, text and all, as RGBA; the composite is that frame over the lit art. So frame and composite
agree by construction. Where things go was decided by `layout`; files are `encoding`'s.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deckport_assets.errors import BadImage, ThemeError
from deckport_assets.studio.cards.draw_list import RGBA, Box, DrawList, Light, Shape, TextLine
from deckport_assets.studio.cards.fonts import FontStack
from deckport_assets.studio.cards.layout import layout
from deckport_assets.studio.cards.shapes import Sprite, cut_out, kept_sprite, lay_over, spread, sprite
from deckport_assets.studio.cards.spec import CardSpec
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.encoding import Pixels, shrink

RENDERER_VERSION = "2"
"""Part of the code version of everything rendered. Raise it when the same draw list gives other pixels."""

THUMBNAIL_WIDTHS_PX: Mapping[str, int] = {"thumb": 150, "small": 300, "normal": 600}

MIN_ART_PX = 256
"""The least width and height of artwork: less would be visibly blurred in print."""

PLATES_KEPT = 16
"""How many looks' plates stay in memory, at 12.6 MB each."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished card: `composite` (height, width, 3) and `frame` (height, width, 4), which over the lit art gives
    the composite within one level. `lit_art` (h, w, 3) fills `window`, with the frame's light already on it."""

    composite: Pixels
    frame: Pixels
    lit_art: Pixels
    window: Box

    def thumbnails(self) -> dict[str, Pixels]:
        """The composite 600, 300 and 150 wide, by their names; each made from the larger one."""
        made: dict[str, Pixels] = {}
        larger = self.composite
        for name, width_px in sorted(THUMBNAIL_WIDTHS_PX.items(), key=lambda item: -item[1]):
            made[name] = larger = shrink(larger, width_px)
        return made


def render_card(spec: CardSpec, art: Pixels, theme: Theme) -> Rendered:
    """The card with its artwork (height, width, 3; any proportions, at least MIN_ART_PX a side).

    Raises TextOverflow, MissingGlyph, MissingElement, ThemeError (see `layout`) and BadImage.
    """
    return compose(layout(spec, theme), art, theme.fonts)


def compose(draw_list: DrawList, art: Pixels, fonts: Mapping[str, FontStack]) -> Rendered:
    """Carry out a draw list over artwork."""
    lit_art = light_up(cover(art, draw_list.window, draw_list.focus), draw_list.light)
    frame = draw_frame(draw_list, fonts)
    rows, columns = _pixel_rows_columns(draw_list.window)
    composite = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB), np.uint8)
    opacity = cv2.extractChannel(frame[rows, columns], 3) * np.float32(1 / 255)
    composite[rows, columns] = cv2.blendLinear(composite[rows, columns], lit_art, opacity, 1 - opacity)
    return Rendered(composite, frame, lit_art, draw_list.window)


def draw_frame(draw_list: DrawList, fonts: Mapping[str, FontStack]) -> Pixels:
    """Everything but the art: the look's plate, copied, with this card's marks on it. RGBA."""
    frame = _plates.plate(draw_list).copy()
    for mark in draw_list.marks:
        if isinstance(mark, Shape):
            lay_over(frame, kept_sprite(mark))
        else:
            _write(frame, mark, fonts[mark.font])
    return frame


def cover(art: Pixels, window: Box, focus: tuple[float, float]) -> Pixels:
    """The art scaled to cover the window and cropped to it, the focus kept in sight. Raises BadImage."""
    if art.dtype != np.uint8 or art.ndim != 3 or art.shape[2] != 3:
        raise BadImage(f"Artwork must be 8-bit RGB, not {art.dtype} {art.shape}.", remedy="Open it with open_picture.")
    height_px, width_px = art.shape[:2]
    if min(height_px, width_px) < MIN_ART_PX:
        raise BadImage(
            f"The artwork is too small: {width_px} x {height_px} px, at least {MIN_ART_PX} a side are needed.",
            remedy="Draw the artwork anew at 1200 x 1744.",
        )
    rows, columns = _pixel_rows_columns(window)
    to_width, to_height = columns.stop - columns.start, rows.stop - rows.start
    scale = max(to_width / width_px, to_height / height_px)
    crop_width, crop_height = min(width_px, round(to_width / scale)), min(height_px, round(to_height / scale))
    left, top = round((width_px - crop_width) * focus[0]), round((height_px - crop_height) * focus[1])
    cropped = art[top : top + crop_height, left : left + crop_width]
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(cropped), (to_width, to_height), interpolation=kind), np.uint8)


def light_up(art: Pixels, light: Light) -> Pixels:
    """The art with the frame's light screened onto it, strongest at its edges."""
    if light.strength == 0:
        return art
    shade = _shade(art.shape[1], art.shape[0], light)
    return np.asarray(cv2.bitwise_not(cv2.multiply(cv2.bitwise_not(art), shade, scale=1 / 255)), np.uint8)


@lru_cache(maxsize=24)
def _shade(width_px: int, height_px: int, light: Light) -> Pixels:
    """255 minus the light that reaches each pixel, (height, width, 3)."""

    def dark(length_px: int) -> NDArray[np.float64]:
        at_px = np.arange(length_px) + 0.5
        return np.asarray(1 - np.exp(-np.minimum(at_px, length_px - at_px) / light.reach_px))

    reached = light.strength * (1 - np.multiply.outer(dark(height_px), dark(width_px)))
    return np.rint(255 - reached[:, :, None] * np.array(light.colour, np.float32)).astype(np.uint8)


class _Plates:
    """The plates of the looks that were used last. A plate is made once, however many threads ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Pixels] = OrderedDict()

    def plate(self, draw_list: DrawList) -> Pixels:
        key = (draw_list.width_px, draw_list.height_px, draw_list.window, draw_list.plate)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = _draw_plate(draw_list)
                if len(self._kept) > PLATES_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


_plates = _Plates()


def _draw_plate(draw_list: DrawList) -> Pixels:
    plate = np.zeros((draw_list.height_px, draw_list.width_px, 4), np.uint8)
    for shape in draw_list.plate:
        (cut_out if shape.cuts else lay_over)(plate, sprite(shape))
    rows, columns = _pixel_rows_columns(draw_list.window)
    outside = plate[:, :, 3] < 255
    outside[rows, columns] = False
    if outside.any():
        y_px, x_px = (int(at[0]) for at in np.nonzero(outside))
        raise ThemeError(
            f"The theme's plate is clear outside of the window, as at ({x_px}, {y_px}).",
            remedy="Paint the whole card first; cut only inside of the window.",
        )
    return plate


def _write(frame: Pixels, line: TextLine, stack: FontStack) -> None:
    """Draw a line of text, its outline first."""
    pad_px = math.ceil(line.size_px / 2) + line.outline_px
    left, top = math.floor(line.x_px) - pad_px, math.floor(line.baseline_px - line.size_px * 1.2) - pad_px
    size = math.ceil(line.width_px) + 2 * pad_px + 1, math.ceil(line.size_px * 1.7) + 2 * pad_px
    at_px = (line.x_px - left, line.baseline_px - top)

    def ink(colour: RGBA, outline_px: int) -> None:
        canvas = Image.new("L", size)
        stack.draw(
            canvas, line.text, size_px=line.size_px, at_px=at_px, tracking_em=line.tracking_em, outline_px=outline_px
        )
        inked = canvas.getbbox()
        if inked is None:
            return
        coverage = np.asarray(canvas.crop(inked), np.float32) * np.float32(colour[3] / 255 / 255)
        colours = spread(np.array([[(*colour[:3], 255)]], np.uint8), (inked[2] - inked[0], inked[3] - inked[1]))
        lay_over(frame, Sprite(colours, coverage, left + inked[0], top + inked[1]))

    if line.outline_px:
        ink(line.outline_colour, line.outline_px)
    ink(line.colour, 0)


def _pixel_rows_columns(box: Box) -> tuple[slice, slice]:
    """The whole pixels that a box touches."""
    rows = slice(math.floor(box.y_px), math.ceil(box.bottom_px))
    return rows, slice(math.floor(box.x_px), math.ceil(box.right_px))
