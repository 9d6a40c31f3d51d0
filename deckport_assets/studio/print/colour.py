"""Colour profiles (ICC): reading a printer's own, and turning our sRGB pixels into its colours.

What a file does with a profile belongs to `sheets` and `singles`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from deckport_assets.errors import BadProfile
from deckport_assets.studio.encoding import Pixels

Inked = NDArray[np.uint8]
"""Pixels in a profile's colours: (height, width, 3) RGB or (height, width, 4) CMYK, 255 the most ink."""

_REMEDY = "Give the .icc or .icm file of an RGB or CMYK printing condition, as the print service hands it out."
_HEADER_BYTES = 128
_SAME = 1
_STEPS = 17


class Space(Enum):
    """What a profile's pixels are made of, as its header says it."""

    RGB = b"RGB "
    CMYK = b"CMYK"


@dataclass(frozen=True, eq=False)
class Profile:
    """A printing condition: the file's bytes, its own name for itself, and the way there from sRGB.

    `transform` is None when the profile is sRGB by any name: then the pixels stay as they are.
    """

    data: bytes
    name: str
    space: Space
    transform: ImageCms.ImageCmsTransform | None

    def inked(self, pixels: Pixels) -> Inked:
        """RGB pixels in this profile's colours."""
        if self.transform is None:
            return pixels
        return np.asarray(ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(pixels)), self.transform))


def read_profile(data: bytes) -> Profile:
    """The profile in a file's bytes. Raises BadProfile when it is none, broken, or neither RGB nor CMYK."""
    if len(data) < _HEADER_BYTES or data[36:40] != b"acsp":
        raise BadProfile("The file is no ICC profile.", remedy=_REMEDY)
    declared = int.from_bytes(data[:4], "big")
    if declared > len(data):
        raise BadProfile(f"The profile is cut off: {len(data):,} of {declared:,} bytes.", remedy=_REMEDY)
    try:
        space = Space(data[16:20])
    except ValueError:
        found = data[16:20].decode("ascii", "replace").strip()
        raise BadProfile(f"The profile is for {found} pictures.", remedy=_REMEDY) from None
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(data))
        name = ImageCms.getProfileDescription(opened).strip()
        transform = ImageCms.buildTransform(
            ImageCms.createProfile("sRGB"),
            opened,
            "RGB",
            space.name,
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise BadProfile(f"The profile is broken or no printer's: {error}", remedy=_REMEDY) from error
    profile = Profile(data, name or "ICC profile", space, transform)
    return Profile(data, profile.name, space, None) if _is_srgb(profile) else profile


def _is_srgb(profile: Profile) -> bool:
    """Whether colours from all over the cube come back as they were."""
    if profile.space is not Space.RGB:
        return False
    levels = np.linspace(0, 255, _STEPS).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(_STEPS, -1, 3)
    moved = profile.inked(cube).astype(np.int16) - cube
    return bool(np.abs(moved).max() <= _SAME)
