"""The card back: the shipped placeholder is what is drawn, and the printed one has nothing that a cut could spoil."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from deckport_assets.studio.cards.card_back import NIGHT, PLACEHOLDER_PX, draw_card_back

SHIPPED = Path(__file__).parents[3] / "api" / "pages" / "static" / "placeholder-card.png"


def test_the_shipped_placeholder_is_the_one_that_is_drawn() -> None:
    """When it is not: the docstring of `card_back` says how the file is drawn anew."""
    with Image.open(SHIPPED) as shipped:
        was = np.asarray(shipped.convert("RGBA")).astype(int)
    assert np.abs(was - draw_card_back(*PLACEHOLDER_PX)).max() <= 2


def test_the_printed_back_reaches_its_edge_without_a_rim_and_is_the_same_each_time() -> None:
    back = draw_card_back(1500, 2100, square=True)
    assert back.shape == (2100, 1500, 3)
    edge = np.concatenate([back[:40].reshape(-1, 3), back[-40:].reshape(-1, 3), back[:, :40].reshape(-1, 3)])
    assert np.abs(edge.astype(int) - NIGHT).max() < 16  # the night and its glow, no line
    assert np.array_equal(back, draw_card_back(1500, 2100, square=True))


def test_both_sizes_are_one_drawing() -> None:
    large = Image.fromarray(draw_card_back(1500, 2100, square=True)).resize(PLACEHOLDER_PX, Image.Resampling.BOX)
    small = draw_card_back(*PLACEHOLDER_PX, square=True)
    assert np.abs(np.asarray(large).astype(int) - small).mean() < 2
