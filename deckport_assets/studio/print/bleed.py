"""Bleed: a card's border carried on beyond its edge. Pixels in, pixels out; no paper and no files."""

from __future__ import annotations

import cv2
import numpy as np

from deckport_assets.errors import BadImage
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.print.geometry import CARD_HEIGHT_MM, CARD_WIDTH_MM

_MOST_CLEAR = 0.1
_MOST_OUT_OF_SHAPE = 0.01


def with_bleed(card: Pixels, bleed_px: int) -> Pixels:
    """The card as RGB with `bleed_px` more on each side, where the pixels of its edge are repeated.

    Round corners that are clear are filled first, so that neither the corner nor its bleed shows paper. Raises
    BadImage when the picture has not the shape of a card or is clear beyond its corners.
    """
    whole = without_clear_corners(card)
    extended = cv2.copyMakeBorder(whole, bleed_px, bleed_px, bleed_px, bleed_px, cv2.BORDER_REPLICATE)
    return np.asarray(extended, np.uint8)


def without_clear_corners(card: Pixels) -> Pixels:
    """The card as RGB; what is not opaque takes the colour of the nearest pixel that is. Raises as `with_bleed`."""
    height_px, width_px = card.shape[:2]
    if abs(width_px / height_px * CARD_HEIGHT_MM / CARD_WIDTH_MM - 1) > _MOST_OUT_OF_SHAPE:
        raise BadImage(
            f"The picture is {width_px} x {height_px} pixels, which is not the shape of a card.",
            remedy="A card is 2.5 x 3.5 inches: 1500 x 2100 pixels, without bleed.",
        )
    if card.shape[2] == 3:
        return card
    clear = card[:, :, 3] < 255
    if not clear.any():
        return np.ascontiguousarray(card[:, :, :3])
    if clear.mean() > _MOST_CLEAR:
        raise BadImage(
            f"The picture is clear over {clear.mean():.0%} of its area.", remedy="Only a card's corners may be clear."
        )
    _, nearest = cv2.distanceTransformWithLabels(clear.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[~clear]] = card[~clear][:, :3]
    filled: Pixels = colours[nearest]
    return filled
