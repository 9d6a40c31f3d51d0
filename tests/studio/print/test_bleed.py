"""Bleed: the card itself unchanged, its border carried outward, no paper at round corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deckport_assets.errors import BadImage
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.print.bleed import with_bleed


def noise(width_px: int = 100, height_px: int = 140) -> Pixels:
    return np.random.default_rng(1).integers(0, 255, (height_px, width_px, 3), dtype=np.uint8)


@given(st.integers(1, 30))
def test_the_card_stays_and_its_edge_goes_on(bleed_px: int) -> None:
    card = noise()
    extended = with_bleed(card, bleed_px)
    assert extended.shape == (140 + 2 * bleed_px, 100 + 2 * bleed_px, 3)
    inside = slice(bleed_px, -bleed_px)
    assert np.array_equal(extended[inside, inside], card)
    assert np.array_equal(extended[0, inside], card[0]) and np.array_equal(extended[-1, inside], card[-1])
    assert np.array_equal(extended[inside, 0], card[:, 0]) and np.array_equal(extended[inside, -1], card[:, -1])
    assert all((extended[y, x] == card[y, x]).all() for y in (0, -1) for x in (0, -1))


def test_round_clear_corners_are_filled_with_the_border() -> None:
    card = np.full((140, 100, 4), 255, np.uint8)
    card[:, :, :3] = (10, 20, 30)
    card[5:-5, 5:-5, :3] = (200, 0, 0)
    for y in (slice(0, 4), slice(-4, None)):
        for x in (slice(0, 4), slice(-4, None)):
            card[y, x] = (255, 255, 255, 0)
    card[4, 0] = (255, 255, 255, 128)  # the soft edge of the corner is no colour of the card
    extended = with_bleed(card, 6)
    border = np.ones(extended.shape[:2], bool)
    border[11:-11, 11:-11] = False
    assert (extended[border] == (10, 20, 30)).all()
    assert (extended[~border] == (200, 0, 0)).all()


@pytest.mark.parametrize(
    ("card", "what"),
    [
        (np.zeros((100, 100, 3), np.uint8), "not the shape of a card"),
        (np.zeros((140, 100, 4), np.uint8), "clear over 100%"),
    ],
)
def test_what_is_no_card_is_refused(card: Pixels, what: str) -> None:
    with pytest.raises(BadImage, match=what) as refused:
        with_bleed(card, 3)
    assert refused.value.remedy
