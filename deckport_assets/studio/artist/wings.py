"""Wings: feathers in rows, or skin between fingers. Only wings; bodies put them on."""

from __future__ import annotations

import itertools

import numpy as np

from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.outline import points, spline, tube


def wings(
    figure: Figure, d: Dice, x: float, y: float, span: float, feathers: int, lift: float, bat: bool = False
) -> None:
    """A pair of wings from the shoulders at (+-x, y): feathers, or skin between fingers."""
    for side in (-1, 1):
        elbow = (side * (x + span * 0.38), y - span * lift)
        wrist = (side * (x + span * 0.72), y - span * (lift + 0.12))
        if bat:
            tips = [(side * (x + span * (1.05 - 0.26 * i)), y + span * (-lift * 0.6 + 0.3 * i)) for i in range(4)]
            for a, b in itertools.pairwise(tips):
                sag = ((a[0] + b[0]) / 2 - side * span * 0.08, (a[1] + b[1]) / 2 - span * 0.06)
                figure.add(points(wrist, *spline([a, sag, b], 5), (side * x, y + span * 0.06)), "cloth", 0.4, 0.15)
            for tip in tips:
                figure.add(
                    tube(
                        [wrist, ((wrist[0] + tip[0]) / 2 + side * 0.01, (wrist[1] + tip[1]) / 2), tip],
                        [0.016 * span, 0.012 * span, 0.003],
                    ),
                    "body",
                    0.9,
                    0.1,
                )
        else:
            for row, (count, reach) in enumerate(((feathers, 0.8), (feathers - 2, 0.5))):
                _feathers(figure, d, (side * x, y), elbow, wrist, side, span * reach, count, "pale" if row else "body")
        figure.add(tube([(side * x, y), elbow, wrist], [0.05 * span, 0.045 * span, 0.025 * span]), "body", 0.9)


def _feathers(
    figure: Figure, d: Dice, root: tuple[float, float], elbow: tuple[float, float], wrist: tuple[float, float],
    side: int, length: float, count: int, stuff: str,
) -> None:  # fmt: skip
    arm = spline([root, elbow, wrist], 12)
    for t in np.linspace(0.06, 1, count):
        foot = arm[int(t * (len(arm) - 1))]
        angle = side * (0.25 + 1.25 * t**1.4) + d.between(-0.05, 0.05)
        reach = length * (0.45 + 0.55 * np.sin(t * np.pi * 0.72 + 0.25))
        tip = (float(foot[0] + reach * np.sin(angle)), float(foot[1] + reach * np.cos(angle)))
        middle = ((float(foot[0]) + tip[0]) / 2 + side * 0.02, (float(foot[1]) + tip[1]) / 2)
        w = length * 1.1 / count
        figure.add(
            tube([(float(foot[0]), float(foot[1])), middle, tip], [w * 0.55, w * 0.85, w * 0.08], 5),
            "pale" if stuff == "pale" else "body",
            0.6,
            0.1,
        )
