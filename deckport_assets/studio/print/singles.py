"""One file per card for a print service: 1/8 inch of bleed on each side, the resolution and the profile in the file.

Pixels in, a file's bytes out; where it is written is the caller's.
"""

from __future__ import annotations

import io
from enum import StrEnum

import cv2
import numpy as np
from PIL import Image

from deckport_assets.errors import BadImage, Refused
from deckport_assets.studio.encoding import Pixels, png
from deckport_assets.studio.print.bleed import with_bleed
from deckport_assets.studio.print.colour import Profile, Space

BLEED_PER_WIDTH = 20
"""A card is 20 times as wide as its bleed of an eighth of an inch."""

SIZES_PX = {300: (825, 1125), 600: (1650, 2250)}
"""Width and height with bleed, by dots per inch."""


class Format(StrEnum):
    """The kinds of file that print services take without loss."""

    PNG = "png"
    TIFF = "tiff"


def single(card: Pixels, file_format: Format, dpi: int, profile: Profile | None = None) -> bytes:
    """The file of a card that comes without bleed.

    Raises BadImage when the picture is no card or too small for the resolution, Refused when the format cannot hold
    the profile's colours.
    """
    require_room_for_colours(file_format, profile)
    width_px, height_px = SIZES_PX[dpi]
    # The bleed is added at full size and shrunk with the card: at 300 dpi it is 37 and a half pixels wide.
    extended = with_bleed(card, round(card.shape[1] / BLEED_PER_WIDTH))
    if extended.shape[1] < width_px or extended.shape[0] < height_px:
        raise BadImage(
            f"The picture is {card.shape[1]} x {card.shape[0]} pixels, which is too few for {dpi} dpi.",
            remedy="Ask for fewer with --dpi 300, or have the card made anew.",
        )
    if extended.shape[:2] != (height_px, width_px):
        extended = np.asarray(cv2.resize(extended, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)
    if file_format is Format.PNG:
        inked = extended if profile is None else profile.inked(extended)
        return png(inked, dpi=dpi, icc=profile.data if profile else b"")
    return _tiff(extended, dpi, profile)


def require_room_for_colours(file_format: Format, profile: Profile | None) -> None:
    """Raises Refused when files of this format cannot hold the profile's colours."""
    if file_format is Format.PNG and profile is not None and profile.space is Space.CMYK:
        raise Refused("A PNG holds no CMYK colours.", remedy="Use --format tiff with this profile.")


def _tiff(pixels: Pixels, dpi: int, profile: Profile | None) -> bytes:
    mode = "RGB" if profile is None else profile.space.name
    inked = pixels if profile is None else profile.inked(pixels)
    buffer = io.BytesIO()
    Image.frombytes(mode, (inked.shape[1], inked.shape[0]), np.ascontiguousarray(inked).tobytes()).save(
        buffer,
        "TIFF",
        compression="tiff_lzw",
        dpi=(dpi, dpi),
        icc_profile=profile.data if profile else None,
    )
    return buffer.getvalue()
