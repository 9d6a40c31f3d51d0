"""Art as people hand it in: whatever file it came as, the card shows the same picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, Theme, load_theme, render_card
from deckport_assets.studio.encoding import Pixels, open_picture
from tests.studio.cards.sample import PLAIN

UPSIDE_DOWN = 3
EXIF_ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def theme() -> Theme:
    return load_theme(PACKAGE_THEMES / "deckport")


@pytest.fixture(scope="module")
def grey() -> Image.Image:
    """A grey ramp from left to right and top to bottom: every mode can hold it."""
    down, across = np.mgrid[0:872, 0:600]
    return Image.fromarray(((down / 872 + across / 600) / 2 * 200 + 20).astype(np.uint8))


def saved(picture: Image.Image, kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def files(grey: Image.Image) -> dict[str, bytes]:
    rgb = grey.convert("RGB")
    turned = Image.Exif()
    turned[EXIF_ORIENTATION] = UPSIDE_DOWN
    sixteen = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    return {
        "8-bit grey PNG": saved(grey, "PNG"),
        "16-bit grey PNG": saved(sixteen, "PNG"),
        "palette PNG": saved(grey.convert("P"), "PNG"),
        "palette PNG with a clear colour": saved(grey.convert("P"), "PNG", transparency=255),
        "grey and alpha PNG": saved(grey.convert("LA"), "PNG"),
        "RGBA PNG": saved(rgb.convert("RGBA"), "PNG"),
        "CMYK JPEG": saved(rgb.convert("CMYK"), "JPEG", quality=98),
        "grey JPEG": saved(grey, "JPEG", quality=98),
        "JPEG that was held upside down": saved(rgb.rotate(180), "JPEG", quality=98, exif=turned),
        "WebP": saved(rgb, "WEBP", lossless=True),
    }


def test_art_of_every_kind_of_file_gives_the_same_card(theme: Theme, grey: Image.Image) -> None:
    expected = composite(saved(grey.convert("RGB"), "PNG"), theme)
    for kind, data in files(grey).items():
        apart = np.abs(composite(data, theme).astype(int) - expected)
        assert apart.max() <= 6, kind  # a JPEG is not exact; everything else is within a rounding


def composite(data: bytes, theme: Theme) -> Pixels:
    return render_card(CardSpec.of(PLAIN), open_picture(data), theme).composite
