"""Pictures to bytes and back: PNG, WebP, previews, sizes, and the refusal of files that are no pictures.

A picture in memory is a `uint8` array of shape (height, width, 3) for RGB or (height, width, 4) for RGBA, never
anything else. What is drawn belongs to `cards` and `artist`, where files lie belongs to the media store.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from deckport_assets.errors import BadImage

Pixels = NDArray[np.uint8]
"""A picture: (height, width, 3) RGB or (height, width, 4) RGBA, one byte a channel."""

MAX_PIXELS = 64_000_000
"""The largest picture that is opened unless the caller says otherwise: 192 MB of RGB."""

PREVIEW_BYTES = 5_000
"""What a preview may weigh, so that it can live in an event as a `data:` URI."""

_INCH_MM = 25.4
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_COLOUR_TYPE = {3: 2, 4: 6}
_PNG_FILTER_UP = 2


def png(pixels: Pixels, *, dpi: int | None = None, icc: bytes = b"") -> bytes:
    """A lossless PNG of an RGB or RGBA picture, with its print resolution and its colour profile when they are given.

    Our own writer because PNG was the largest cost of a card: for 1500 x 2100 RGB Pillow's level 6 was measured at
    813 ms of CPU, the Up filter in numpy with ISA-L's deflate at 22, for a file some 15 to 25 % larger. No chunk tells
    of how the picture came to be.

    Raises BadImage when the array is not a picture.
    """
    _require_picture(pixels)
    height_px, width_px, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, _PNG_COLOUR_TYPE[channels], 0, 0, 0)
    chunks = [_png_chunk(b"IHDR", header)]
    if icc:
        chunks.append(_png_chunk(b"iCCP", b"ICC\0\0" + isal_zlib.compress(icc, 1)))
    if dpi is not None:
        per_metre = round(dpi * 1000 / _INCH_MM)
        chunks.append(_png_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    chunks.append(_png_chunk(b"IDAT", deflated_rows(pixels)))
    chunks.append(_png_chunk(b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(chunks)


def deflated_rows(pixels: NDArray[np.uint8]) -> bytes:
    """The rows of a picture of any number of channels, each less the row above it, deflated: lossless.

    It is what a PNG has in IDAT and a PDF in an image with /FlateDecode and /Predictor 15.
    """
    height_px, width_px, channels = pixels.shape
    rows = np.ascontiguousarray(pixels).reshape(height_px, width_px * channels)
    filtered = np.empty((height_px, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _PNG_FILTER_UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    # ISA-L takes any buffer: the array itself, so that no second copy of the picture is made.
    data: bytes = isal_zlib.compress(filtered.data, 1)
    return data


def webp(pixels: Pixels, *, quality: int) -> bytes:
    """A lossy WebP of an RGB or RGBA picture; `quality` from 1 to 100. Method 2: half the time of the default's 4."""
    _require_picture(pixels)
    return _saved(pixels, "WEBP", quality=quality, method=2)


def shrink(pixels: Pixels, width_px: int) -> Pixels:
    """The picture at `width_px`, its proportions kept; averaged over the area, so that small text does not sparkle.

    An RGBA picture is averaged with its colours weighted by alpha. No value leaves the range of those it comes from.
    A picture that is no wider is returned as it is.
    """
    _require_picture(pixels)
    height_px, from_px = pixels.shape[:2]
    if width_px >= from_px:
        return pixels
    size_px = (width_px, max(1, round(height_px * width_px / from_px)))
    if pixels.shape[2] == 4:
        picture = Image.fromarray(pixels, "RGBA").resize(size_px, Image.Resampling.BOX)
        return np.asarray(picture)
    return np.asarray(cv2.resize(pixels, size_px, interpolation=cv2.INTER_AREA), np.uint8)


def png_thumbnail(pixels: Pixels, width_px: int) -> bytes:
    """The picture at `width_px` as PNG."""
    return png(shrink(pixels, width_px))


def preview(pixels: Pixels, width_px: int = 160) -> bytes:
    """A small WebP of at most PREVIEW_BYTES for a `data:image/webp` URI: the best quality that fits."""
    small = np.ascontiguousarray(shrink(pixels, width_px))
    for quality in (70, 55, 40, 25, 10, 1):
        data = webp(small, quality=quality)
        if len(data) <= PREVIEW_BYTES:
            return data
    return preview(small, width_px=max(1, min(width_px, small.shape[1]) * 2 // 3))


def open_picture(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    formats: Sequence[str] = ("PNG", "JPEG", "WEBP"),
    keep_clear: bool = False,
) -> Pixels:
    """The picture in a file's bytes as RGB, turned the way its EXIF orientation says, on black where it is clear.

    With `keep_clear`, a picture that has transparency keeps it, as RGBA.

    Raises BadImage, saying which, for a file of another format, a broken or truncated one, and one that declares more
    than `max_pixels` (before a single pixel is decoded).
    """
    remedy = f"Give a whole {' or '.join(formats)} file of at most {max_pixels:,} pixels."
    refuse = partial(BadImage, remedy=remedy)
    if not data:
        raise refuse("The file is empty.")
    try:
        with Image.open(io.BytesIO(data), formats=tuple(formats)) as picture:
            width_px, height_px = picture.size
            if width_px * height_px > max_pixels:
                raise refuse(f"The picture is too large: {width_px} x {height_px} pixels.")
            if picture.format == "PNG" and b"IEND" not in data[-64:]:
                raise refuse("The PNG is truncated: its end is missing.")
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            if keep_clear and upright.has_transparency_data:
                return np.asarray(upright.convert("RGBA"))
            return _as_rgb(upright)
    except UnidentifiedImageError as error:
        raise refuse(f"The file is no {', '.join(formats)} picture.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise refuse("The picture is too large: it declares more pixels than anyone paints.") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError) as error:
        raise refuse(f"The picture is broken: {error}") from error


def png_texts(data: bytes) -> dict[str, str]:
    """What is written in a PNG's text chunks (`tEXt`, Latin-1) by their keywords; nothing for another file."""
    found: dict[str, str] = {}
    at = len(_PNG_SIGNATURE)
    if not data.startswith(_PNG_SIGNATURE):
        return found
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"IEND":
            break
        if kind == b"tEXt":
            keyword, _, text = data[at + 8 : at + 8 + length].partition(b"\0")
            found[keyword.decode("latin-1")] = text.decode("latin-1")
        at += length + 12
    return found


def open_layer(data: bytes) -> Pixels:
    """A PNG of our own with its transparency, as RGBA: (height, width, 4). Raises BadImage when it is none."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            return np.asarray(picture.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadImage(
            f"The layer is broken: {error}", remedy="Have it made again: deckport verify --repair"
        ) from error


def pixels_sha256(pixels: Pixels) -> str:
    """The hash of a picture's size and pixels: the same for every file format and every encoder."""
    digest = hashlib.sha256(struct.pack(">III", *pixels.shape))
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def clear_share(data: bytes) -> float:
    """How clear a picture is, 0 to 1: half of its area clear, or all of it half clear, is 0.5.

    The picture is one that `open_picture` has taken.
    """
    with Image.open(io.BytesIO(data)) as picture:
        if not picture.has_transparency_data:
            return 0.0
        alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
    return float(1 - alpha.mean() / 255)


def _as_rgb(picture: Image.Image) -> Pixels:
    if picture.mode.startswith("I;16") or picture.mode == "I":
        grey = np.clip(np.asarray(picture, np.int32) >> 8, 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode != "RGB":
        if picture.has_transparency_data:
            clear = picture.convert("RGBA")
            picture = Image.new("RGBA", clear.size, (0, 0, 0, 255))
            picture.alpha_composite(clear)
        picture = picture.convert("RGB")
    return np.asarray(picture)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = isal_zlib.crc32(body, isal_zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _saved(pixels: Pixels, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, file_format, **options)
    return buffer.getvalue()


def _require_picture(pixels: Pixels) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
        raise BadImage(f"Not an 8-bit RGB or RGBA picture: {pixels.dtype} {pixels.shape}.")
