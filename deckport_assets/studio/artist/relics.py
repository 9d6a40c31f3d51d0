"""Relics: figures about 1 tall standing on (0, 0), shown alone. Things to wear and wield are in `gear`."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.gear import cut_stone, leaning
from deckport_assets.studio.artist.outline import arc, blob, disc, points, spline, star, tube


def crystal(d: Dice, words: str) -> Figure:
    """A cluster of crystals, or one broken shard."""
    figure = Figure()
    count = d.whole(5, 9)
    for i in range(count):
        lean = (i / (count - 1) - 0.5) * d.between(1.0, 1.7)
        tall, w = d.between(0.4, 0.7) * (1 - 0.4 * abs(lean)), d.between(0.05, 0.09)
        _prism(figure, lean * 0.25, -0.02, lean, tall, w, "accent" if i % 2 else "glass")
    _prism(
        figure, d.between(-0.04, 0.04), 0.0, d.between(-0.2, 0.2), d.between(0.9, 1.05), d.between(0.1, 0.15), "glass"
    )
    figure.add(blob((-0.42, 0.05), (-0.25, -0.06), (0, -0.03), (0.26, -0.07), (0.42, 0.05)), "stone", 0.7)
    return figure


def _prism(figure: Figure, x: float, y: float, lean: float, tall: float, wide: float, stuff: str) -> None:
    top, shoulder = (x + lean * tall * 0.55, y - tall), y - tall * 0.78
    sx = x + lean * tall * 0.43
    figure.add(
        points((x - wide * 0.8, y), (sx - wide, shoulder), top, (sx + wide * 0.15, shoulder + 0.03), (x, y)),
        "glass" if stuff == "glass" else "accent",
        0.2,
    )
    figure.add(
        points((x + wide * 0.8, y), (sx + wide, shoulder - 0.02), top, (sx + wide * 0.15, shoulder + 0.03), (x, y)),
        "pale",
        0.2,
        0.05,
    )
    figure.vein(points((x, y - 0.05), (sx + wide * 0.15, shoulder + 0.03), top), 0.005)


def orb(d: Dice, words: str) -> Figure:
    """A sphere on a clawed stand, or held in rings."""
    figure, r = Figure(), d.between(0.27, 0.34)
    y = -0.58
    if d.chance(0.5):
        figure.vein(disc(0, y, r * 1.45, r * 0.4, 48), 0.01)
    figure.add(disc(0, y, r, r, 48), "glass", 1.0)
    for i in range(d.whole(3, 5)):
        figure.vein(
            arc(
                d.between(-0.05, 0.05),
                y + d.between(-0.05, 0.05),
                r * d.between(0.3, 0.8),
                r * d.between(0.2, 0.75),
                i,
                i + d.between(1.5, 3),
            ),
            0.006,
        )
    figure.eye(d.between(-0.05, 0.05), y + d.between(-0.05, 0.05), r * 0.28)
    for x in (-0.9, 0, 0.9):
        claw = [(x * 0.12, -0.1), (x * r * 1.1, -0.2), (x * r * 1.06, -0.42 + abs(x) * -0.06)]
        figure.add(tube(claw, [0.05, 0.04, 0.008]), "metal")
    figure.add(blob((-0.24, 0.04), (-0.1, -0.1), (0.1, -0.1), (0.24, 0.04)), "metal", 0.8)
    return figure


def tome(d: Dice, words: str) -> Figure:
    """A great book: open with light between the pages, or closed and clasped."""
    figure = Figure()
    if d.chance(0.5):
        for side in (-1, 1):
            figure.add(points((0, -0.22), (side * 0.48, -0.32), (side * 0.5, -0.22), (0, -0.1)), "cloth", 0.5)
            for i in range(4):
                page = [
                    (0, -0.24 - 0.012 * i),
                    (side * 0.2, -0.36 - 0.025 * i),
                    (side * (0.45 - 0.02 * i), -0.36 - 0.02 * i),
                ]
                figure.add(points(*spline(page, 6), (side * 0.46, -0.3), (0, -0.16)), "pale", 0.3)
            for y in (0.0, 0.03, 0.06):
                figure.vein(
                    spline([(side * 0.06, -0.28 + y), (side * 0.2, -0.35 + y), (side * 0.4, -0.34 + y)], 5), 0.004
                )
        for _ in range(d.whole(4, 7)):
            figure.vein(
                star(
                    d.between(-0.3, 0.3),
                    -d.between(0.5, 1.0),
                    d.between(0.03, 0.07),
                    0.015,
                    d.whole(3, 6),
                    d.between(0, 2),
                ),
                0.004,
            )
        figure.eye(0, -0.34, 0.05)
    else:
        lean = d.between(-0.1, 0.1)
        figure.add(points((-0.34, -0.9), (0.36, -0.9), (0.38, -0.06), (-0.32, -0.06)), "pale", 0.3)
        figure.add(points((-0.38, -0.94), (0.33, -0.94), (0.33, -0.1), (-0.38, -0.1)), "cloth", 0.5)
        figure.add(points((-0.38, -0.94), (-0.29, -0.94), (-0.29, -0.1), (-0.38, -0.1)), "dark", 0.9)
        for x, y in ((-0.24, -0.88), (0.27, -0.88), (-0.24, -0.16), (0.27, -0.16)):
            figure.add(disc(x, y, 0.07, 0.07, 4, 0.785), "metal", 0.6)
        figure.add(star(0.02, -0.52, 0.24, 0.1, d.whole(5, 9), lean), "metal", 0.5)
        cut_stone(figure, 0.02, -0.52, 0.1, 6)
        figure.vein(disc(0.02, -0.52, 0.27), 0.008)
        figure = leaning(figure.at(0, 0.5, 1.0), lean * 2).at(0, -0.5, 1.0)
    return figure


def idol(d: Dice, words: str) -> Figure:
    """A seated figure of stone with a burning eye."""
    figure = Figure()
    figure.add(points((-0.36, 0.05), (-0.3, -0.1), (0.3, -0.1), (0.36, 0.05)), "stone", 0.4)
    for side in (-1, 1):
        figure.add(tube([(side * 0.08, -0.2), (side * 0.3, -0.2), (side * 0.16, -0.12)], [0.1, 0.09, 0.06]), "stone")
        figure.add(
            tube([(side * 0.2, -0.55), (side * 0.32, -0.4), (side * 0.16, -0.26)], [0.085, 0.07, 0.055]), "stone"
        )
    figure.add(blob((-0.2, -0.6), (0, -0.66), (0.2, -0.6), (0.2, -0.3), (0, -0.16), (-0.2, -0.3)), "stone", 0.9)
    figure.add(blob((-0.17, -0.9), (0, -0.98), (0.17, -0.9), (0.16, -0.66), (0, -0.58), (-0.16, -0.66)), "stone", 0.9)
    for side in (-1, 1):
        figure.add(
            tube(
                [(side * 0.13, -0.88), (side * 0.28, -0.95), (side * d.between(0.18, 0.4), -1.12)], [0.05, 0.04, 0.004]
            ),
            "metal",
        )
        figure.add(points((side * 0.03, -0.78), (side * 0.13, -0.84), (side * 0.12, -0.74)), "dark", 0.3)
        figure.eye(side * 0.08, -0.785, 0.02)
        figure.vein(spline([(side * 0.05, -0.5), (side * 0.12, -0.42), (side * 0.04, -0.32)]), 0.007)
    figure.add(points((-0.09, -0.68), (0.09, -0.68), (0.06, -0.64), (-0.06, -0.64)), "dark", 0.3)
    figure.eye(0, -0.42, 0.045)
    return figure


def astrolabe(d: Dice, words: str) -> Figure:
    """A relic of rings, arms and teeth around a heart."""
    figure, y = Figure(), -0.5
    teeth = d.whole(12, 22)
    figure.add(star(0, y, 0.42, 0.37, teeth, 0), "metal", 0.4)
    figure.add(disc(0, y, 0.33), "dark", 0.3)
    for _ in range(d.whole(3, 6)):
        a = d.between(0, 6.28)
        end = (0.33 * float(np.cos(a)), y + 0.33 * float(np.sin(a)))
        figure.add(tube([(0, y), end], [0.026, 0.016]), "metal")
        figure.add(
            disc(end[0] * 0.7, y + (end[1] - y) * 0.7, d.between(0.03, 0.07), None, d.pick((8, 6, 24))), "pale", 0.8
        )
    figure.add(star(0, y, 0.17, 0.13, 10, 0.2), "pale", 0.5)
    figure.add(disc(0, y, 0.1), "glass", 1.0)
    figure.eye(0, y, 0.06)
    for r in (0.24, 0.3, 0.395):
        figure.vein(disc(0, y, r), 0.005)
    figure.vein(disc(0, y, 0.56, d.between(0.1, 0.3), 60), 0.008)
    return figure
