"""What a machine sees of a picture: blank, noise, and whose picture it looks like."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.likeness import ALIKE_BITS, bits_apart, is_blank, is_noise, likeness, nearest

CARD = Card("moth", "AETHER-001", "moth", "Moth", Category.CREATURE, Rarity.COMMON, False, Colour.AETHER, 1, 1)


@pytest.fixture(scope="module")
def painting() -> Pixels:
    return paint(CARD, "a moth made of brass", size_px=(300, 436))


def test_a_painting_is_neither_blank_nor_noise(painting: Pixels) -> None:
    assert not is_blank(painting) and not is_noise(painting)


def test_one_colour_is_blank_however_it_is_dithered() -> None:
    dice = np.random.default_rng(1)
    assert is_blank(np.full((400, 300, 3), 90, np.uint8))
    assert is_blank((90 + dice.integers(-2, 3, (400, 300, 3))).astype(np.uint8))


def test_noise_is_noise_and_a_grainy_painting_is_not(painting: Pixels) -> None:
    dice = np.random.default_rng(1)
    assert is_noise(dice.integers(0, 256, (436, 300, 3), np.uint8))
    grain = dice.normal(0, 12, painting.shape)
    assert not is_noise(np.clip(painting + grain, 0, 255).astype(np.uint8))


def test_the_same_picture_is_known_again_in_another_size_and_another_is_not(painting: Pixels) -> None:
    smaller = cv2.resize(painting, (150, 218), interpolation=cv2.INTER_AREA)
    other = paint(CARD, "a moth made of brass", attempt=1, size_px=(300, 436))
    assert (
        bits_apart(likeness(painting), likeness(smaller))
        <= ALIKE_BITS
        < bits_apart(likeness(painting), likeness(other))
    )


def test_the_nearest_is_named_and_a_number_fits_a_database() -> None:
    one = -(2**63)
    assert bits_apart(one, 0) == 1 and bits_apart(-1, 0) == 64
    assert nearest(0, {"far": -1, "near": one}) == ("near", 1)
    assert nearest(0, {}) is None
