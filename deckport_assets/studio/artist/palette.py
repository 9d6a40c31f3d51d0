"""The light of each colour of mana: skies, hazes, materials, and what lives there. Data, and the mixing of a variant.

Each colour has three lights (a time of day, a weather); a card takes one and shifts it a little.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from deckport_assets.models import Colour
from deckport_assets.studio.artist.canvas import RGB
from deckport_assets.studio.artist.dice import Dice


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture, from far to near."""

    zenith: RGB
    sky: RGB
    horizon: RGB
    light: RGB
    haze: RGB
    near: RGB
    body: RGB
    metal: RGB
    accent: RGB
    spark: RGB


LIGHTS: dict[Colour, tuple[str, ...]] = {
    # zenith, sky, horizon, light, haze, near, body, metal, accent, spark
    Colour.CRIMSON: (
        "1c0a1a 5c130d d8481a ffc46b a8361a 0e060c 5a2418 a5654a ff5a1c ffc25a",
        "120818 44101c b0241c ff8a48 74201c 0c050c 4a1f1f 8f5148 ff3a20 ffa04a",
        "2a0f0a 8a2c12 f08a3a ffe09a c8622c 170805 6a3018 b5794c ff7a1e ffdc7a",
    ),
    Colour.AZURE: (
        "040b20 0d2c5c 3c86b8 d8f0ff 3a78a8 040a18 24486c 8fb4cc 38c8ff ffe2b0",
        "08182c 17506e 7cc4d4 f0fcff 6cb0c4 061420 2c5c70 a8c8d0 4ce8f0 e4ffff",
        "0a0c2a 20286e 5a74c8 dce4ff 4a5ca8 060820 303a74 98a4d0 5c8cff d0dcff",
    ),
    Colour.VERDANT: (
        "061a20 14463a 86b060 fff6c0 4c8c64 04100c 2a4c30 a09c64 7cf05c fff0a4",
        "0a1c18 1c5848 7cc08c f0ffd8 5ca880 05120e 24543c 88a878 4cf0a0 d4ffd0",
        "0c2218 2c6030 c8c058 fff0a8 84a850 07120a 3a4c24 a89c58 b4f048 fff4a0",
    ),
    Colour.OBSIDIAN: (
        "07050c 1c1430 54407c dccfff 463a64 050308 2a2238 6c6484 a05cff d8b8ff",
        "060708 1e2028 5c6470 e8ecf4 4c525e 040405 26282e 787c88 8c6cf0 cfc8ff",
        "0c0410 34103c 8c3c80 f8c8f0 683060 07030a 341c38 80607c e048d8 ffb8f4",
    ),
    Colour.RADIANT: (
        "5c84b4 b4cce0 fff0cc fffbe8 ece4d0 3c4454 b0a48c e4c884 ffd25c fff4c4",
        "6c8cc4 dcccb8 ffe4b0 fff8e0 f0d8b0 3c3440 b8986c f0d088 ffb83c fff0b0",
        "8c94c0 dcc8dc ffe4d4 fff6f0 f4d8cc 483a44 b898a0 ecd0a8 ffc46c fff0dc",
    ),
    Colour.AETHER: (
        "120a2c 43246c c0803c ffe2a0 8c5c74 0c0618 4c3450 c89c4c ffb83c 9cf0ff",
        "0a1030 2c3480 b46cb8 fff0d0 7860a8 080820 44386c c0985c ff78d8 fff0a0",
        "1c0c20 703458 e8a860 fff0b8 b47c6c 12080f 5c3c3c d4a850 64e8ff ffe080",
    ),
}  # fmt: skip


def palette_of(colour: Colour, dice: Dice) -> Palette:
    """One of the colour's lights, a little warmer or colder, brighter or darker than it stands in the table."""
    line = dice.pick(LIGHTS[colour]).split()
    warmth, strength = dice.between(-0.03, 0.03), dice.between(0.92, 1.08)
    shift = np.array([strength * (1 + warmth), strength, strength * (1 - warmth)])
    values = {}
    for field, digits in zip(fields(Palette), line, strict=True):
        rgb = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]) * shift
        values[field.name] = (float(rgb[0]), float(rgb[1]), float(rgb[2]))
    return Palette(**values)
