"""Single files: the size with bleed, the resolution and the profile in the file, no pixel lost at 600 dpi."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from deckport_assets.errors import BadImage, Refused
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.print.colour import read_profile
from deckport_assets.studio.print.singles import Format, single
from tests.studio.print.press import press_profile
from tests.studio.print.test_colour import SRGB


def card() -> Pixels:
    """A card at full size: dark, with a light field whose edges lie on even pixels."""
    pixels = np.full((2100, 1500, 3), 20, np.uint8)
    pixels[100:2000, 100:1400] = (240, 200, 30)
    return pixels


@pytest.mark.parametrize("file_format", Format)
@pytest.mark.parametrize(("dpi", "size_px"), [(300, (825, 1125)), (600, (1650, 2250))])
def test_a_file_has_the_size_and_says_its_resolution(file_format: Format, dpi: int, size_px: tuple[int, int]) -> None:
    data = single(card(), file_format, dpi)
    assert data == single(card(), file_format, dpi)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.mode, picture.size) == (file_format.upper(), "RGB", size_px)
        assert picture.info["dpi"] == pytest.approx((dpi, dpi), abs=0.01)
        assert "icc_profile" not in picture.info
        pixels = np.asarray(picture)
    # The light field begins 100 pixels of 600 dpi inside the trim, which is 75 pixels inside the file.
    begins = 175 * dpi // 600
    assert (pixels[600 * dpi // 600, : begins - 1] == 20).all()
    assert (pixels[600 * dpi // 600, begins + 1] == (240, 200, 30)).all()
    if dpi == 600:
        assert np.array_equal(pixels[75:-75, 75:-75], card())


@pytest.mark.parametrize("file_format", Format)
def test_the_profile_is_in_the_file(file_format: Format) -> None:
    with Image.open(io.BytesIO(single(card(), file_format, 300, read_profile(SRGB)))) as picture:
        assert picture.info["icc_profile"] == SRGB


def test_a_press_gets_a_tiff_in_its_inks_and_no_png() -> None:
    press = read_profile(press_profile())
    with Image.open(io.BytesIO(single(card(), Format.TIFF, 300, press))) as picture:
        assert (picture.mode, picture.info["icc_profile"]) == ("CMYK", press.data)
        assert np.asarray(picture)[0, 0, 3] > 200
    with pytest.raises(Refused, match="no CMYK") as refused:
        single(card(), Format.PNG, 300, press)
    assert "tiff" in refused.value.remedy


def test_a_small_picture_is_not_blown_up() -> None:
    small = card()[::2, ::2]
    assert single(small, Format.PNG, 300)
    with pytest.raises(BadImage, match="too few for 600 dpi"):
        single(small, Format.PNG, 600)
