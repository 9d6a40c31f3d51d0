"""Pictures to bytes and back: nothing is lost in a PNG, and nothing that is no picture gets in."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from deckport_assets.errors import BadImage
from deckport_assets.studio.encoding import (
    PREVIEW_BYTES,
    Pixels,
    clear_share,
    open_layer,
    open_picture,
    pixels_sha256,
    png,
    preview,
    shrink,
    webp,
)

pictures = st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([3, 4])).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape)
)


def noise(width_px: int, height_px: int, channels: int = 3) -> Pixels:
    return np.random.default_rng(1).integers(0, 255, (height_px, width_px, channels), dtype=np.uint8)


@given(pictures)
def test_a_png_gives_back_every_pixel(pixels: Pixels) -> None:
    decoded = open_layer(png(pixels)) if pixels.shape[2] == 4 else open_picture(png(pixels))
    assert np.array_equal(decoded, pixels)


def test_a_png_tells_its_print_resolution_and_nothing_else() -> None:
    with Image.open(io.BytesIO(png(noise(8, 8), dpi=600))) as picture:
        assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)
        assert set(picture.info) == {"dpi"}


def test_a_png_holds_a_colour_profile() -> None:
    with Image.open(io.BytesIO(png(noise(8, 8), icc=b"a profile"))) as picture:
        assert picture.info["icc_profile"] == b"a profile"


def test_transparency_is_kept_when_it_is_asked_for() -> None:
    clear = noise(8, 8, 4)
    assert np.array_equal(open_picture(png(clear), keep_clear=True), clear)
    assert open_picture(png(noise(8, 8)), keep_clear=True).shape == (8, 8, 3)


def test_what_is_no_array_of_pixels_is_refused() -> None:
    with pytest.raises(BadImage):
        png(np.zeros((4, 4), np.uint8))


def test_a_preview_fits_into_an_event() -> None:
    data = preview(noise(1500, 2100))
    assert len(data) <= PREVIEW_BYTES
    assert open_picture(data).shape[1] <= 160


def test_a_small_picture_keeps_its_proportions() -> None:
    assert shrink(noise(300, 420), 150).shape == (210, 150, 3)


def test_a_small_picture_has_no_value_that_the_large_one_lacks() -> None:
    layer = np.zeros((200, 200, 4), np.uint8)
    layer[50:150, 50:150] = (200, 100, 50, 255)  # a hard edge, where a sharper filter overshoots

    small = shrink(layer, 33)

    covered = small[small[:, :, 3] > 0].astype(int)
    assert np.abs(covered[:, :3] - (200, 100, 50)).max() <= 2, "colours are weighted by alpha, and not sharpened"
    assert small[:, :, 3].max() == 255
    assert not small[small[:, :, 3] == 0].any()


def test_how_much_of_a_picture_is_clear() -> None:
    layer = np.full((10, 10, 4), 255, np.uint8)
    layer[:4, :, 3] = 0
    assert clear_share(png(layer)) == pytest.approx(0.4)
    layer[:, :, 3] = 51
    assert clear_share(png(layer)) == pytest.approx(0.8), "half clear all over prints half black"
    assert clear_share(png(noise(10, 10))) == 0


def test_the_hash_is_of_the_pixels_not_of_the_file() -> None:
    pixels = noise(30, 40)
    assert pixels_sha256(pixels) == pixels_sha256(open_picture(png(pixels, dpi=300)))
    assert pixels_sha256(pixels) != pixels_sha256(pixels.reshape(30, 40, 3))


def test_a_photograph_is_turned_the_way_it_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    held = io.BytesIO()
    Image.fromarray(noise(30, 20)).save(held, "JPEG", exif=exif)
    assert open_picture(held.getvalue()).shape == (30, 20, 3)


def test_other_modes_become_rgb() -> None:
    for mode in ("L", "P", "RGBA", "CMYK", "I;16"):
        file = io.BytesIO()
        picture = Image.fromarray(noise(9, 9)).convert("L" if mode == "I;16" else mode)
        (picture.convert("I").convert("I;16") if mode == "I;16" else picture).save(
            file, "JPEG" if mode == "CMYK" else "PNG"
        )
        assert open_picture(file.getvalue()).shape == (9, 9, 3), mode


def bomb() -> bytes:
    """A PNG of a few hundred bytes that says that it is 30,000 x 30,000 pixels."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"GIF89a" + bytes(60), "no PNG"),
        (png(noise(60, 60))[:-100], "truncated"),
        (webp(noise(60, 60), quality=80)[:300], "broken|truncated"),
        (bomb(), "too large"),
    ],
    ids=["empty", "a gif", "half a png", "a broken webp", "a bomb"],
)
def test_what_is_no_whole_picture_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(BadImage, match=words) as refused:
        open_picture(data)
    assert refused.value.remedy


@given(st.integers(0, 3000), st.integers(1, 255))
def test_a_png_with_a_changed_byte_is_refused_or_unchanged(place: int, change: int) -> None:
    pixels = noise(30, 30)
    data = bytearray(png(pixels))
    data[place % len(data)] ^= change
    try:
        decoded = open_picture(bytes(data))
    except BadImage:
        return
    assert np.array_equal(decoded, pixels)
