"""Structures: figures about 1 tall standing on (0, 0), with lit windows and gates."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.canvas import Points
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.outline import arc, blob, disc, points, tube


def block(x: float, y: float, wide: float, tall: float, taper: float = 1.0) -> Points:
    """A wall `2 wide` at its foot (x, y)."""
    return points((x - wide, y), (x - wide * taper, y - tall), (x + wide * taper, y - tall), (x + wide, y))


def _windows(figure: Figure, d: Dice, x: float, y: float, wide: float, tall: float, rows: int) -> None:
    for row in range(rows):
        for column in range(-1, 2):
            if d.chance(0.45):
                wx, wy = x + column * wide * 0.5, y - tall * (row + 0.7) / (rows + 0.4)
                figure.vein(points((wx, wy), (wx, wy - 0.018)), 0.008)


def _turret(figure: Figure, d: Dice, x: float, tall: float, wide: float, behind: float) -> None:
    taper, roof = d.between(0.72, 0.95), d.pick(("cone", "cone", "crown", "dome", "spike"))
    figure.add(block(x, 0.02, wide, tall, taper), "stone", 0.9, behind)
    for t in (0.35, 0.68):
        figure.add(block(x, -tall * t, wide * 1.06 * (1 - (1 - taper) * t), 0.018), "stone", 0.9, behind)
    top = wide * taper
    figure.add(block(x, -tall + 0.01, top * 1.0, 0.04, 1.35), "stone", 0.9, behind)
    if roof == "cone":
        figure.add(
            points(
                (x - top * 1.4, -tall - 0.02), (x, -tall - wide * d.between(2.2, 4.5)), (x + top * 1.4, -tall - 0.02)
            ),
            "cloth",
            0.9,
            behind,
        )
    elif roof == "dome":
        figure.add(
            blob(
                (x - top * 1.2, -tall - 0.02),
                (x - top * 0.9, -tall - wide),
                (x, -tall - wide * 1.7),
                (x + top * 0.9, -tall - wide),
                (x + top * 1.2, -tall - 0.02),
            ),
            "metal",
            1.0,
            behind,
        )
        figure.add(tube([(x, -tall - wide * 1.5), (x, -tall - wide * 2.4)], [0.008, 0.001]), "metal", 1.0, behind)
    elif roof == "crown":
        for step in (-1.05, -0.35, 0.35, 1.05):
            figure.add(block(x + step * top, -tall - 0.02, top * 0.2, 0.045), "stone", 0.6, behind)
    else:
        figure.add(
            points(
                (x - top * 0.8, -tall - 0.02),
                (x - top * 0.2, -tall - wide * 2.4),
                (x, -tall - wide * 5),
                (x + top * 0.2, -tall - wide * 2.4),
                (x + top * 0.8, -tall - 0.02),
            ),
            "stone",
            0.7,
            behind,
        )
        figure.eye(x, -tall - wide * 5, 0.012)
    _windows(figure, d, x, 0, wide, tall, d.whole(3, 6))


def tower(d: Dice, words: str) -> Figure:
    """One great tower with smaller ones at its feet."""
    figure = Figure()
    for x in (d.between(-0.3, -0.2), d.between(0.2, 0.3)):
        _turret(figure, d, x, d.between(0.25, 0.5), d.between(0.045, 0.07), 0.25)
    _turret(figure, d, 0, d.between(0.66, 0.8), d.between(0.1, 0.14), 0.0)
    figure.add(
        blob((-0.4, 0.04), (-0.28, -0.05), (-0.1, -0.03), (0.12, -0.06), (0.3, -0.03), (0.42, 0.04)), "stone", 0.5
    )
    _gate(figure, 0, 0.02, 0.045, 0.13)
    return figure


def _gate(figure: Figure, x: float, y: float, wide: float, tall: float) -> None:
    opening = points(
        (x - wide, y),
        (x - wide, y - tall * 0.6),
        *(tuple(p) for p in arc(x, y - tall * 0.6, wide, tall * 0.4, np.pi, 2 * np.pi, 9).tolist()),
        (x + wide, y),
    )
    figure.add(opening, "light", 0.1)
    figure.vein(opening, 0.006)


def citadel(d: Dice, words: str) -> Figure:
    """A city of towers behind a wall."""
    figure = Figure()
    for _ in range(d.whole(3, 5)):
        _turret(figure, d, d.between(-0.34, 0.34), d.between(0.45, 0.72), d.between(0.03, 0.055), 0.4)
    _turret(figure, d, d.between(-0.08, 0.08), d.between(0.72, 0.86), d.between(0.07, 0.1), 0.2)
    for x in np.linspace(-0.36, 0.36, d.whole(4, 6)):
        _turret(figure, d, float(x), d.between(0.28, 0.48), d.between(0.04, 0.07), 0.08)
    figure.add(block(0, 0.04, 0.48, 0.2, 0.96), "stone", 0.3)
    for x in np.linspace(-0.44, 0.44, 15):
        figure.add(block(float(x), -0.155, 0.018, 0.035), "stone", 0.4)
    _gate(figure, 0, 0.04, 0.07, 0.17)
    return figure


def bridge(d: Dice, words: str) -> Figure:
    """A bridge of arches from edge to edge, towers at its ends."""
    figure, spans = Figure(), d.whole(2, 4)
    deck, thick = -d.between(0.32, 0.45), 0.07
    for i in range(spans + 1):
        x = -0.75 + 1.5 * i / spans
        figure.add(block(x, 0.1, 0.06, -deck + 0.1, 0.75), "stone", 0.8)
        if d.chance(0.6):
            lamp = block(x, deck - thick, 0.035, d.between(0.12, 0.32), 0.7)
            figure.add(lamp, "stone", 0.8)
            figure.eye(x, float(lamp[:, 1].min()) - 0.02, 0.016)
    for i in range(spans):
        x, half = -0.75 + 1.5 * (i + 0.5) / spans, 0.75 / spans
        under = [
            (x + half * 0.93 * float(np.cos(a)), deck + 0.2 - 0.2 * float(np.sin(a))) for a in np.linspace(np.pi, 0, 13)
        ]
        figure.add(
            points(
                (x - half, deck + 0.22),
                (x - half, deck - 0.01),
                (x + half, deck - 0.01),
                (x + half, deck + 0.22),
                *under[::-1],
            ),
            "stone",
            0.5,
        )
    figure.add(points((-0.9, deck), (-0.9, deck - thick), (0.9, deck - thick), (0.9, deck)), "stone", 0.6)
    for x in np.linspace(-0.85, 0.85, 26):
        figure.add(block(float(x), deck - thick, 0.012, 0.035), "stone", 0.6)
    figure.vein(points((-0.9, deck - 0.02), (0.9, deck - 0.02)), 0.005)
    return figure


def gate(d: Dice, words: str) -> Figure:
    """A ring or arch that opens onto light."""
    figure = Figure()
    r, y = d.between(0.32, 0.4), -d.between(0.46, 0.52)
    figure.add(disc(0, y, r * 0.8), "light", 0.1)
    for i in range(d.whole(9, 15)):
        a = i * 6.2832 / 12 + 0.1
        c, s = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
        out, wide = r * d.between(1.1, 1.22), r * 0.24
        stone = np.stack(
            [c * r * 0.78 - s * wide * 0.8, c * out - s * wide, c * out + s * wide, c * r * 0.78 + s * wide * 0.8]
        )
        figure.add(stone + np.array([0, y]), "stone", 0.6)
    for k in (0.3, 0.52, 0.72):
        figure.vein(disc(0, y, r * k), 0.004 + 0.004 * k)
    for side in (-1, 1):
        figure.add(block(side * (r + 0.06), 0.04, 0.07, d.between(0.35, 0.7), 0.7), "stone", 0.8)
        figure.eye(side * (r + 0.06), -0.3, 0.014)
    for i in range(3):
        figure.add(block(0, 0.06 - 0.035 * i, 0.5 - 0.07 * i, 0.036, 0.98), "stone", 0.4)
    return figure


def hall(d: Dice, words: str) -> Figure:
    """A temple: columns, a gable or a dome, steps, light within."""
    figure, wide, count = Figure(), d.between(0.36, 0.46), d.whole(4, 7)
    tall = d.between(0.36, 0.5)
    figure.add(block(0, 0, wide * 0.92, tall), "light", 0.1)
    figure.add(block(0, 0, wide * 0.94, tall * 0.98), "dark", 0.1, 0.1)
    figure.add(block(0, 0, wide * 0.16, tall * 0.72), "light", 0.1)
    for x in np.linspace(-wide * 0.9, wide * 0.9, count):
        figure.add(block(float(x), 0, 0.036, tall, 0.85), "stone", 1.0)
        for y in (-tall, 0.0):
            figure.add(block(float(x), y + 0.02, 0.05, 0.03), "stone", 0.7)
    figure.add(block(0, -tall, wide * 1.06, 0.06), "stone", 0.5)
    if d.chance(0.5):
        figure.add(
            points((-wide * 1.1, -tall - 0.055), (0, -tall - d.between(0.2, 0.3)), (wide * 1.1, -tall - 0.055)),
            "stone",
            0.4,
        )
        figure.eye(0, -tall - 0.12, 0.03)
    else:
        figure.add(arc(0, -tall - 0.05, wide * 0.75, wide * 0.7, np.pi, 2 * np.pi), "metal", 1.0)
        figure.add(tube([(0, -tall - wide * 0.7), (0, -tall - wide * 0.7 - 0.16)], [0.02, 0.002]), "metal")
    for side in (-1, 1):
        _turret(figure, d, side * (wide + 0.04), d.between(0.4, 0.75), 0.05, 0.1)
    for i in range(4):
        figure.add(block(0, 0.1 - 0.027 * i, wide * (1.35 - 0.08 * i), 0.028), "stone", 0.4)
    return figure
