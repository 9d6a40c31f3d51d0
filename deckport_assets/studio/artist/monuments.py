"""Obelisks, stepped temples, burning hearts: figures about 1 tall standing on (0, 0)."""

from __future__ import annotations

from deckport_assets.studio.artist.buildings import block
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.outline import disc, points, star, tube


def pylon(d: Dice, words: str) -> Figure:
    """An obelisk with a crystal that floats above it, in rings."""
    figure, wide = Figure(), d.between(0.08, 0.13)
    for side in (-1, 1):
        x = side * d.between(0.24, 0.36)
        figure.add(
            points(
                (x - 0.04, 0.03),
                (x - side * 0.05 - 0.025, -d.between(0.3, 0.5)),
                (x - side * 0.09, -d.between(0.5, 0.6)),
                (x + 0.04, 0.03),
            ),
            "stone",
            0.6,
            0.2,
        )
    figure.add(points((-wide, 0.03), (-wide * 0.55, -0.52), (0, -0.62), (0, 0.03)), "stone", 0.3)
    figure.add(points((wide, 0.03), (wide * 0.55, -0.52), (0, -0.62), (0, 0.03)), "dark", 0.3)
    for y in (-0.12, -0.26, -0.4):
        rune = star(0, y, 0.028, 0.012, d.whole(3, 5), d.between(0, 2))
        figure.vein(rune, 0.004)
    _gem(figure, 0, -0.8, d.between(0.07, 0.11), d.between(0.13, 0.2))
    for i in range(d.whole(1, 3)):
        figure.vein(disc(0, -0.8 + 0.03 * i, 0.18 + 0.06 * i, 0.05 + 0.02 * i, 40), 0.005)
    figure.add(block(0, 0.06, 0.24, 0.06, 0.85), "stone", 0.5)
    return figure


def _gem(figure: Figure, x: float, y: float, wide: float, tall: float) -> None:
    figure.add(points((x, y - tall), (x - wide, y), (x, y + tall * 0.2)), "glass", 0.2)
    figure.add(points((x, y - tall), (x + wide, y), (x, y + tall * 0.2)), "pale", 0.2)
    figure.add(points((x, y + tall), (x - wide, y), (x, y + tall * 0.2)), "accent", 0.2)
    figure.add(points((x, y + tall), (x + wide, y), (x, y + tall * 0.2)), "glass", 0.2)
    figure.eye(x, y, wide * 0.4)


def ziggurat(d: Dice, words: str) -> Figure:
    """A stepped temple with a stair and a fire on top."""
    figure, wide, y = Figure(), 0.5, 0.04
    for _ in range(d.whole(4, 6)):
        tall = d.between(0.1, 0.15)
        figure.add(block(0, y, wide, tall, 0.94), "stone", 0.35)
        figure.add(block(0, y - tall + 0.012, wide * 0.97, 0.024), "stone", 0.5)
        for side in (-1, 1):
            if d.chance(0.7):
                figure.vein(points((side * wide * 0.6, y - tall * 0.3), (side * wide * 0.6, y - tall * 0.7)), 0.012)
        wide, y = wide * 0.78, y - tall
    figure.add(points((-0.1, 0.04), (-0.03, y), (0.03, y), (0.1, 0.04)), "pale", 0.3)
    for side in (-1, 1):
        figure.add(block(side * wide * 0.7, y, 0.03, 0.16, 0.8), "stone", 0.9)
    figure.add(block(0, y - 0.15, wide * 0.95, 0.045, 1.1), "stone", 0.4)
    figure.eye(0, y - 0.06, 0.04)
    return figure


def reactor(d: Dice, words: str) -> Figure:
    """A burning heart held by claws of metal, within turning rings."""
    figure, y = Figure(), -0.5
    r = d.between(0.14, 0.19)
    figure.add(disc(0, y, r), "light", 1.0)
    figure.eye(0, y, r * 0.7)
    for i in range(d.whole(2, 3)):
        tilt = d.between(0.15, 0.9)
        ring = disc(0, y, r * (1.5 + 0.35 * i), r * (1.5 + 0.35 * i) * tilt, 48)
        figure.vein(ring, 0.012)
    for side in (-1, 1):
        claw = [
            (side * 0.12, 0.02),
            (side * 0.4, -0.2),
            (side * 0.42, -0.58),
            (side * d.between(0.1, 0.22), -d.between(0.84, 0.98)),
        ]
        figure.add(tube(claw, [0.1, 0.07, 0.05, 0.008], 8), "metal", 0.9)
        figure.add(
            tube([(side * 0.08, 0.02), (side * 0.22, -0.16), (side * 0.24, -0.34)], [0.06, 0.045, 0.006], 8),
            "dark",
            0.9,
        )
        figure.eye(side * 0.38, -0.3, 0.015)
    figure.add(block(0, 0.06, 0.34, 0.1, 0.75), "stone", 0.5)
    figure.add(block(0, -0.03, 0.16, 0.14, 0.6), "metal", 0.7)
    return figure
