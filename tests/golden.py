"""Golden pictures: compared as pixels, with a picture of the difference when they do not agree.

`pytest --make-golden` writes them anew; look at each before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deckport_assets.studio.encoding import Pixels, open_picture, png

FOLDER = Path(__file__).parent / "goldens"
TOLERANCE_LEVELS = 2


def same_as_golden(pixels: Pixels, name: str, *, make: bool) -> None:
    """Assert that the picture is the golden one of this name within two levels."""
    path = FOLDER / f"{name}.png"
    if make:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(pixels))
    golden = open_picture(path.read_bytes())
    assert pixels.shape == golden.shape, f"{name}: {pixels.shape} where the golden is {golden.shape}"
    apart = np.abs(pixels.astype(np.int16) - golden.astype(np.int16))
    if apart.max() > TOLERANCE_LEVELS:
        shown = np.concatenate([golden, pixels, np.clip(apart * 8, 0, 255).astype(np.uint8)], axis=1)
        diff = path.with_suffix(".diff.png")
        diff.write_bytes(png(np.ascontiguousarray(shown)))
        raise AssertionError(f"{name} differs by {apart.max()} levels at most; golden, now and difference: {diff.name}")
