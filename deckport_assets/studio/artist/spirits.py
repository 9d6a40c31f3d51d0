"""Angels, colossi and ghosts: figures about 1 tall with their feet at (0, 0), seen from the front."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure, Stuff
from deckport_assets.studio.artist.outline import blob, disc, mirrored, points, tube
from deckport_assets.studio.artist.people import robe, torso
from deckport_assets.studio.artist.wings import wings


def angel(d: Dice, words: str) -> Figure:
    """A winged figure that hovers, with a halo."""
    figure = Figure()
    for pair in range(d.whole(1, 2)):
        wings(
            figure,
            d,
            0.07,
            -0.74 + 0.12 * pair,
            d.between(0.62, 0.8) * (1 - 0.3 * pair),
            9,
            d.between(0.25, 0.55) - 0.45 * pair,
        )
    robe(figure, d)
    torso(figure, d, True)
    for side in (-1, 1):
        hand = (side * d.between(0.16, 0.3), -d.between(0.5, 0.75))
        figure.add(tube([(side * 0.14, -0.78), (side * 0.22, -0.64), hand], [0.045, 0.036, 0.026]), "cloth")
        figure.eye(hand[0], hand[1], 0.012)
    _face(figure, d)
    figure.vein(disc(0, -0.97, 0.12, 0.12 if d.chance(0.5) else 0.035), 0.008)
    return figure


def _face(figure: Figure, d: Dice) -> None:
    """A calm face within a hood or falling hair, with lit eyes in their shadow."""
    side = 0.075 if d.chance(0.5) else 0.062
    fall = d.between(-0.86, -0.78)
    around = [(side, fall), (side * 1.06, -0.93), (0.045, -1.0), (0, -1.015)]
    left = [(-x, y) for x, y in reversed(around[:-1])]
    figure.add(blob(*around, *left), "cloth" if side > 0.07 else "metal", 0.9)
    figure.add(blob((0, -0.99), (0.042, -0.95), (0.04, -0.9), (0, -0.852), (-0.04, -0.9), (-0.042, -0.95)), "pale", 1.0)
    for at in (-1, 1):
        socket = [(0.006, -0.926), (0.03, -0.938), (0.033, -0.917), (0.012, -0.908)]
        figure.add(points(*((at * x, y) for x, y in socket)), "dark", 0.2)
        figure.eye(at * 0.019, -0.922, 0.0055)
    figure.add(points((-0.004, -0.93), (0.004, -0.93), (0.009, -0.893), (-0.009, -0.893)), "pale", 0.7)
    figure.add(points((-0.012, -0.877), (0.012, -0.877), (0.006, -0.872), (-0.006, -0.872)), "dark", 0.2)


def giant(d: Dice, words: str) -> Figure:
    """A colossus: tiny head, huge arms, something burning inside."""
    figure = Figure()
    stuff: Stuff = "stone"
    for side in (-1, 1):
        figure.add(tube([(side * 0.14, -0.4), (side * 0.19, -0.2), (side * 0.18, 0)], [0.11, 0.09, 0.11]), "stone", 0.8)
        figure.add(
            blob((side * 0.08, -0.04), (side * 0.2, -0.07), (side * 0.32, 0.02), (side * 0.08, 0.02)), "stone", 0.8
        )
    figure.add(
        blob(
            (-0.3, -0.78),
            (-0.1, -0.88),
            (0.1, -0.88),
            (0.3, -0.78),
            (0.24, -0.55),
            (0.17, -0.36),
            (-0.17, -0.36),
            (-0.24, -0.55),
        ),
        stuff,
        0.7,
    )
    figure.add(disc(0, -0.87, d.between(0.06, 0.085), 0.08, 9), "stone", 0.8)
    for side in (-1, 1):
        out = d.between(0.38, 0.48)
        figure.add(
            tube([(side * 0.28, -0.75), (side * out, -0.5), (side * (out - 0.04), -0.2)], [0.11, 0.085, 0.12]),
            "stone",
            0.8,
        )
        figure.add(
            blob(
                *(
                    (
                        side * (out - 0.04) + 0.12 * float(np.cos(a)) * d.between(0.8, 1.1),
                        -0.14 + 0.11 * float(np.sin(a)) * d.between(0.8, 1.1),
                    )
                    for a in np.linspace(0, 5.6, 8)
                ),
                samples=2,
            ),
            stuff,
            0.8,
        )
        for _ in range(d.whole(2, 4)):
            x, tall = side * d.between(0.16, 0.36), d.between(0.08, 0.22)
            figure.add(
                points((x - 0.04, -0.79), (x + side * tall * 0.4, -0.82 - tall), (x + 0.04, -0.77)),
                d.pick(("glass", "stone", "metal")),
                0.4,
            )
        figure.eye(side * 0.025, -0.87, 0.011)
        crack = [
            (side * 0.05, -0.62),
            (side * d.between(0.1, 0.16), -0.7),
            (side * 0.2, -0.66),
            (side * d.between(0.22, 0.3), -0.76),
        ]
        figure.vein(points(*crack), 0.008)
        figure.vein(
            points((side * out, -0.55), (side * (out - 0.05), -0.42), (side * out, -0.32), (side * (out - 0.06), -0.2)),
            0.007,
        )
    figure.eye(0, -0.6, 0.045)
    figure.vein(points((0, -0.56), (-0.03, -0.48), (0.02, -0.42)), 0.008)
    return figure


def spectre(d: Dice, words: str) -> Figure:
    """A hooded spirit without feet: rags, claws, two lights for eyes."""
    figure = Figure()
    if d.chance(0.4):
        wings(figure, d, 0.08, -0.72, d.between(0.6, 0.85), 8, d.between(0.2, 0.5), bat=d.chance(0.6))
    for x in np.linspace(-0.24, 0.24, 9):
        drift = float(x) * d.between(0.8, 2.0)
        figure.add(
            tube(
                [(float(x) * 0.5, -0.6), (float(x) * 1.1, -0.3), (drift, d.between(-0.12, 0.06))], [0.07, 0.06, 0.004]
            ),
            "cloth",
            0.6,
            d.between(0, 0.25),
        )
    figure.add(blob((-0.17, -0.72), (0, -0.86), (0.17, -0.72), (0.14, -0.45), (0, -0.3), (-0.14, -0.45)), "cloth", 0.7)
    for side in (-1, 1):
        elbow, hand = (
            (side * d.between(0.28, 0.36), -d.between(0.55, 0.7)),
            (side * d.between(0.3, 0.45), -d.between(0.32, 0.8)),
        )
        figure.add(tube([(side * 0.14, -0.74), elbow, hand], [0.07, 0.055, 0.02]), "cloth")
        for angle in (-0.6, -0.2, 0.2, 0.6):
            tip = (hand[0] + side * 0.1 * float(np.cos(angle)), hand[1] + 0.1 * float(np.sin(angle)) + 0.03)
            figure.add(
                tube([hand, ((hand[0] + tip[0]) / 2, (hand[1] + tip[1]) / 2 - 0.015), tip], [0.014, 0.01, 0.002]),
                "pale",
            )
        figure.eye(side * 0.028, -0.88, 0.011)
    figure.add(blob((0, -1.05), (0.1, -0.95), (0.12, -0.78), (0, -0.7), (-0.12, -0.78), (-0.1, -0.95)), "cloth")
    figure.add(blob((0, -0.98), (0.065, -0.92), (0.05, -0.8), (0, -0.77), (-0.05, -0.8), (-0.065, -0.92)), "dark", 0.2)
    if d.chance(0.5):
        horn = tube([(0.06, -0.98), (0.17, -1.05), (0.16, -1.2)], [0.025, 0.018, 0.002])
        figure.add(horn, "pale")
        figure.add(mirrored(horn), "pale")
    figure.eye(0, -0.58, 0.014)
    return figure
