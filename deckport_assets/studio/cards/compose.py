"""From drawing instructions and artwork to the finished card, its frame and its thumbnails, in one pass.

The frame is drawn first, text and all, as RGBA; the composite is that frame over the lit art. So frame and composite
agree by construction. Where things go was decided by `layout`; files are `encoding`'s.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.errors import BadImage, ThemeError
from deckport_assets.studio.cards.draw_list import RGBA, Box, DrawList, Glow, Layer, Shape, TextLine
from deckport_assets.studio.cards.fonts import FontStack
from deckport_assets.studio.cards.layout import layout
from deckport_assets.studio.cards.shapes import Area, Sprite, cut_out, kept_sprite, lay_over, spread, sprite
from deckport_assets.studio.cards.spec import CardSpec
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.encoding import Pixels, shrink

RENDERER_VERSION = "4"
"""Part of the code version of everything rendered. Raise it when the same draw list gives other pixels."""

THUMBNAIL_WIDTHS_PX: Mapping[str, int] = {"thumb": 150, "small": 300, "normal": 600}

MIN_ART_PX = 256
"""The least width and height of artwork: less would be visibly blurred in print."""

LOOKS_KEPT = 16
"""How many looks stay in memory, at about 20 MB each: the rarities and layouts of the categories that are at work."""

LIGHTS_KEPT = 8
"""How many lights, at 10 MB each: looks that differ in rarity alone share one."""

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
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
    return compose(layout(spec, theme), art, theme)


def compose(draw_list: DrawList, art: Pixels, theme: Theme) -> Rendered:
    """Carry out a draw list over artwork, with the fonts and pictures of its theme.

    What does not depend on the card's art and text is kept per look. Light and plate both are affine in the art, so
    each is one multiplication and one addition; only where a mark touches the window it is composed anew, from the
    frame, so that frame and composite agree.
    """
    look = _look(draw_list, theme)
    lit_art = _affine(cover(art, draw_list.window, draw_list.focus), look.light)
    frame = look.plate.copy()
    touched: list[Area] = []
    for mark in draw_list.marks:
        for drawn in (kept_sprite(mark),) if isinstance(mark, Shape) else written(mark, theme.fonts[mark.font]):
            area = lay_over(frame, drawn)
            if area is not None:
                touched.append(area)
    composite = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB), np.uint8)
    window = _pixel_rows_columns(draw_list.window)
    composite[window] = _affine(lit_art, look.glass)
    for area in touched:
        _mend_window(composite, frame, area, window, lit_art)
    return Rendered(composite, frame, lit_art, draw_list.window)


def opening_of(draw_list: DrawList, theme: Theme) -> Opening:
    """Where art is seen on a card, and in which light."""
    size_px = draw_list.width_px, draw_list.height_px
    return Opening(size_px, draw_list.window, draw_list.focus, _look(draw_list, theme).light)


def _affine(pixels: Pixels, change: Affine | None) -> Pixels:
    if change is None:
        return pixels
    return np.asarray(cv2.add(cv2.multiply(pixels, change.times, scale=1 / 255), change.plus), np.uint8)


def _mend_window(composite: Pixels, frame: Pixels, area: Area, window: Area, lit_art: Pixels) -> None:
    """Where an area and the window overlap, compose the frame over the lit art."""
    rows, columns = _common(area[0], window[0]), _common(area[1], window[1])
    if rows is None or columns is None:
        return
    inside = np.s_[
        rows.start - window[0].start : rows.stop - window[0].start,
        columns.start - window[1].start : columns.stop - window[1].start,
    ]
    opacity = cv2.extractChannel(frame[rows, columns], 3) * np.float32(1 / 255)
    above = cv2.cvtColor(frame[rows, columns], cv2.COLOR_RGBA2RGB)
    composite[rows, columns] = cv2.blendLinear(above, np.ascontiguousarray(lit_art[inside]), opacity, 1 - opacity)


def _common(one: slice, other: slice) -> slice | None:
    start, stop = max(one.start, other.start), min(one.stop, other.stop)
    return slice(start, stop) if start < stop else None


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


def _darkness(draw_list: DrawList, theme: Theme) -> NDArray[np.float64] | None:
    """How much of the dark each pixel of the window keeps, (height, width, 3), 0 to 1; None without light."""
    light, (rows, columns) = draw_list.light, _pixel_rows_columns(draw_list.window)
    if isinstance(light, Glow):
        glow = theme.layers[light.picture].pixels()[rows, columns].astype(np.float64) / 255
        return np.asarray((1 - glow[:, :, :3] * glow[:, :, 3:]) ** light.times)
    if light.strength == 0:
        return None

    def dark(length_px: int) -> NDArray[np.float64]:
        at_px = np.arange(length_px) + 0.5
        return np.asarray(1 - np.exp(-np.minimum(at_px, length_px - at_px) / light.reach_px))

    height_px, width_px = rows.stop - rows.start, columns.stop - columns.start
    reached = light.strength * (1 - np.multiply.outer(dark(height_px), dark(width_px)))
    return np.asarray(1 - reached[:, :, None] * np.array(light.colour) / 255)


@dataclass(frozen=True)
class Affine:
    """Light on art: what is done to each pixel of the window: `times * pixel / 255 + plus`."""

    times: Pixels
    plus: Pixels


@dataclass(frozen=True)
class Opening:
    """Where art is seen: a window of a card of `card_px` (width, height), the part of the art that stays in sight when
    it is cropped (0 to 1, across and down), and the look's light on it, None when there is none."""

    card_px: tuple[int, int]
    window: Box
    focus: tuple[float, float]
    light: Affine | None


@dataclass(frozen=True)
class _Look:
    """What all cards of a look share: the plate (RGBA), the light on the art, and the plate's own glass over it."""

    plate: Pixels
    light: Affine | None
    glass: Affine | None


class _Kept(Generic[_Thing]):
    """What was used last, by its key. Each is made once, however many threads ask for it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Future[_Thing]] = OrderedDict()

    def get(self, key: tuple[object, ...], make: Callable[[], _Thing]) -> _Thing:
        with self._lock:
            mine = key not in self._kept
            if mine:
                self._kept[key] = Future()
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            kept = self._kept[key]
        if mine:
            try:
                kept.set_result(make())
            except BaseException as error:  # noqa: BLE001 - every thread that waits for it gets the error
                with self._lock:
                    self._kept.pop(key, None)
                kept.set_exception(error)
        return kept.result()

    def forget(self) -> None:
        """Begin anew: for who measures."""
        with self._lock:
            self._kept.clear()


_looks: _Kept[_Look] = _Kept(LOOKS_KEPT)
_lights: _Kept[Affine | None] = _Kept(LIGHTS_KEPT)


def _look(draw_list: DrawList, theme: Theme) -> _Look:
    key = (draw_list.width_px, draw_list.height_px, draw_list.window, draw_list.light, draw_list.plate)
    return _looks.get(key, lambda: _make_look(draw_list, theme))


def _make_look(draw_list: DrawList, theme: Theme) -> _Look:
    plate = draw_plate(draw_list, theme)
    window = _pixel_rows_columns(draw_list.window)
    light = _lights.get((draw_list.window, draw_list.light), lambda: _make_light(draw_list, theme))
    alpha = plate[window][:, :, 3:]
    glass = None
    if alpha.any():
        over = np.rint(plate[window][:, :, :3] * (alpha / np.float32(255))).astype(np.uint8)
        glass = Affine(np.repeat(255 - alpha, 3, axis=2), over)
    return _Look(plate, light, glass)


def _make_light(draw_list: DrawList, theme: Theme) -> Affine | None:
    darkness = _darkness(draw_list, theme)
    if darkness is None:
        return None
    shade = np.rint(darkness * 255).astype(np.uint8)
    return Affine(shade, 255 - shade)


def draw_plate(draw_list: DrawList, theme: Theme) -> Pixels:
    """What all cards of a look have in common, RGBA, clear where the art is seen; pictures of the theme are made as
    large as the draw list says. Raises ThemeError for a plate that is clear elsewhere."""
    plate = np.zeros((draw_list.height_px, draw_list.width_px, 4), np.uint8)
    painted = False
    for part in draw_list.plate:
        if isinstance(part, Layer):
            painted = True
            pixels = theme.layers[part.picture].pixels()
            if pixels.shape[:2] != plate.shape[:2]:
                size_px = draw_list.width_px, draw_list.height_px
                pixels = np.asarray(cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA), np.uint8)
            opaque = np.ascontiguousarray(pixels)
            coverage = cv2.extractChannel(pixels, 3) * np.float32(1 / 255)
            lay_over(plate, Sprite(opaque, np.asarray(coverage), 0, 0))
        else:
            (cut_out if part.cuts else lay_over)(plate, sprite(part))
    rows, columns = _pixel_rows_columns(draw_list.window)
    outside = plate[:, :, 3] < 255
    outside[rows, columns] = False
    if outside.any() and painted:
        _on_black(plate, outside)
    elif outside.any():
        y_px, x_px = (int(at[0]) for at in np.nonzero(outside))
        raise ThemeError(
            f"The theme's plate is clear outside of the window, as at ({x_px}, {y_px}).",
            remedy="Paint the whole card first; cut only inside of the window.",
        )
    return plate


def _on_black(plate: Pixels, where: NDArray[np.bool_]) -> None:
    """Lay a plate on black where it is clear: a painted frame has rounded corners, a printed card has none."""
    plate[where, :3] = np.rint(plate[where, :3] * (plate[where, 3:] / 255)).astype(np.uint8)
    plate[where, 3] = 255


@lru_cache(maxsize=128)
def written(line: TextLine, stack: FontStack) -> tuple[Sprite, ...]:
    """The pixels of a line of text, its outline first. Kept for a while: costs, categories and sets return."""

    def ink(colour: RGBA, outline_px: int) -> Iterator[Sprite]:
        inked = stack.ink(
            line.text, size_px=line.size_px, at_px=(line.x_px, round(line.baseline_px)), tracking_em=line.tracking_em,
            outline_px=outline_px, one_face=line.one_face,
        )  # fmt: skip
        if inked is not None:
            height, width = inked.coverage.shape
            colours = spread(np.array([[(*colour[:3], 255)]], np.uint8), (width, height))
            yield Sprite(colours, inked.coverage * np.float32(colour[3] / 255 / 255), inked.x_px, inked.y_px)

    outline = ink(line.outline_colour, line.outline_px) if line.outline_px else ()
    return (*outline, *ink(line.colour, 0))


def _pixel_rows_columns(box: Box) -> Area:
    """The whole pixels that a box touches."""
    rows = slice(math.floor(box.y_px), math.ceil(box.bottom_px))
    return rows, slice(math.floor(box.x_px), math.ceil(box.right_px))
