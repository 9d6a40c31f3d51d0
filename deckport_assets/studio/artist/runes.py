"""Circles of runes, used behind things and in spells. No letters of any alphabet: rings, polygons and small stars."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.canvas import RGB, Canvas, Points
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.outline import disc, star


def rune_circle(
    canvas: Canvas, colour: RGB, x: float, y: float, r: float, flat: float, d: Dice, strength: float = 0.7
) -> None:
    """Rings, a star polygon and signs; `flat` is 1 seen from the front and near 0 lying on the ground."""
    corners, skip = d.whole(5, 9), 2
    rim = disc(0, 0, r * 0.8, None, corners, d.between(0, 6.28))
    lines: list[tuple[Points, float]] = [
        (disc(0, 0, k, None, 90), w) for k, w in ((r, 0.006), (r * 0.93, 0.002), (r * 0.8, 0.004), (r * 0.36, 0.003))
    ]
    lines.extend((np.stack([rim[i], rim[(i + skip) % corners]]), 0.003) for i in range(corners))
    for i in range(d.whole(14, 22)):
        a = i * 6.2832 / 18
        sign = star(
            r * 0.865 * np.cos(a), r * 0.865 * np.sin(a), r * 0.045, r * 0.015, d.whole(2, 4), d.between(0, 6.28)
        )
        lines.append((sign, 0.002))
    lines.extend((disc(float(px), float(py), r * 0.1, None, 24), 0.003) for px, py in rim)
    squashed = [
        (np.vstack([line, line[:1]]) * np.array([1.0, flat]) + np.array([x, y]), width) for line, width in lines
    ]
    canvas.shine_lines(squashed, colour, strength, 0.009)
