"""Colour profiles: sRGB leaves the pixels alone, others have them converted, what is none is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageCms

from deckport_assets.errors import BadProfile
from deckport_assets.studio.print.colour import Space, read_profile
from tests.studio.print.press import press_profile

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
COLOURS = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]]], np.uint8)


def test_srgb_by_any_name_changes_no_pixel() -> None:
    profile = read_profile(SRGB)
    assert (profile.space, profile.data) == (Space.RGB, SRGB)
    assert profile.inked(COLOURS) is COLOURS


def test_a_press_gets_its_own_inks() -> None:
    profile = read_profile(press_profile())
    assert (profile.space, profile.name) == (Space.CMYK, "A plain press")
    white, black, red, blue = profile.inked(COLOURS)[0].astype(int)
    assert white.max() == 0
    assert black[3] > 240
    assert red[0] < 10 and red[1] > 220 and red[2] > 220
    assert blue[0] > 220 and blue[1] > 220 and blue[2] < 10


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no ICC profile"),
        (b"\x89PNG" + bytes(500), "no ICC profile"),
        (SRGB[:300], "cut off"),
        (SRGB[:132] + bytes(len(SRGB) - 132), "broken"),
        (SRGB[:16] + b"GRAY" + SRGB[20:], "for GRAY pictures"),
        (press_profile().replace(b"B2A0", b"B2Q0"), "broken"),
    ],
    ids=["empty", "another file", "cut off", "without its tags", "grey", "only for scanning"],
)
def test_what_cannot_be_printed_with_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(BadProfile, match=what) as refused:
        read_profile(data)
    assert refused.value.remedy
