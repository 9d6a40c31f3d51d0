"""Looking at a drawn picture as a machine can: is it blank, is it noise, and which other picture does it look like.

What is found is a question for a person, never a reason to throw a paid picture away.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.studio.encoding import Pixels

ALIKE_BITS = 4
"""Pictures whose hashes differ in no more bits than this look alike."""
_FLAT_LEVELS = 4.0
"""Blank pictures vary by less than this (standard deviation of 256 levels)."""
_NOISE_NEIGHBOURS = 0.5
"""Neighbouring pixels of noise have less than this in common (correlation); those of paintings more than 0.9."""
_CROP_PX = 512


def hash_bits(pixels: Pixels) -> NDArray[np.bool_]:
    """The perceptual hash of a picture, 64 bits: which of the lowest 8 x 8 cosine coefficients of the picture at
    32 x 32 are above their median (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010).
    """
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()
    return np.asarray(low > np.median(low[1:]))


def likeness(pixels: Pixels) -> int:
    """The perceptual hash as a signed number of 64 bits, as a database keeps it."""
    return int.from_bytes(np.packbits(hash_bits(pixels)).tobytes(), "big", signed=True)


def bits_apart(one: int, other: int) -> int:
    """In how many of 64 bits two hashes differ."""
    return ((one ^ other) & (2**64 - 1)).bit_count()


def nearest(one: int, others: Mapping[str, int]) -> tuple[str, int] | None:
    """The name of the picture that looks most like this one, and how many bits they are apart; None without others."""
    if not others:
        return None
    name = min(others, key=lambda each: bits_apart(one, others[each]))
    return name, bits_apart(one, others[name])


def is_blank(pixels: Pixels) -> bool:
    """Whether a picture is one colour, or nearly."""
    small = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    return float(small.reshape(-1, 3).astype(np.float32).std(axis=0).max()) < _FLAT_LEVELS


def is_noise(pixels: Pixels) -> bool:
    """Whether a picture is plain noise: its neighbouring pixels have little in common."""
    top, left = max(0, (pixels.shape[0] - _CROP_PX) // 2), max(0, (pixels.shape[1] - _CROP_PX) // 2)
    middle = cv2.cvtColor(
        np.ascontiguousarray(pixels[top : top + _CROP_PX, left : left + _CROP_PX]), cv2.COLOR_RGB2GRAY
    ).astype(np.float32)
    if middle.std() < _FLAT_LEVELS:
        return False
    across, down = (middle[:, :-1], middle[:, 1:]), (middle[:-1], middle[1:])
    return all(float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < _NOISE_NEIGHBOURS for a, b in (across, down))
