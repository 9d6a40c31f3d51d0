"""Weapons, for a hand or to be shown alone: about 1 long, a sword and an axe from the grip at (0, 0) upward."""

from __future__ import annotations

from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.outline import blob, disc, points, spline, tube


def blade(d: Dice) -> Figure:
    """A sword pointing up from its grip at (0, 0)."""
    wide, guard = d.between(0.035, 0.075), d.between(0.1, 0.2)
    figure = Figure()
    figure.add(tube([(0, 0.16), (0, 0)], [0.02, 0.02]), "dark")
    figure.add(disc(0, 0.18, 0.03), "metal", 1.0)
    curve = d.between(-0.08, 0.08) if d.chance(0.4) else 0.0
    left = points((-wide, -0.03), (-wide * 1.1 + curve * 0.5, -0.55), (curve, -1.0), (curve * 0.5, -0.5), (0, -0.03))
    right = points((wide, -0.03), (wide * 1.1 + curve * 0.5, -0.55), (curve, -1.0), (curve * 0.5, -0.5), (0, -0.03))
    figure.add(left, "metal", 0.2)
    figure.add(right, "pale", 0.2)
    bend = d.between(-0.06, 0.06)
    figure.add(tube([(-guard, bend), (0, -0.02), (guard, bend)], [0.012, 0.028, 0.012]), "metal")
    figure.add(disc(0, -0.02, 0.028, 0.028, 6), "accent", 0.9)
    figure.vein(spline([(0, -0.08), (curve * 0.5, -0.5), (curve * 0.9, -0.85)]), 0.012)
    return figure


def axe(d: Dice) -> Figure:
    figure = Figure()
    figure.add(tube([(0, 0.3), (0, -0.75)], [0.022, 0.022]), "dark")
    for side in (-1, 1) if d.chance(0.6) else (1,):
        head = blob(
            (side * 0.02, -0.62),
            (side * 0.2, -0.78),
            (side * 0.27, -0.55),
            (side * 0.2, -0.36),
            (side * 0.02, -0.48),
            samples=8,
        )
        figure.add(head, "metal", 0.3)
        figure.vein(spline([(side * 0.2, -0.74), (side * 0.25, -0.55), (side * 0.2, -0.4)]), 0.01)
    figure.add(points((-0.03, -0.7), (0, -0.9), (0.03, -0.7)), "metal", 0.5)
    return figure


def staff(d: Dice) -> Figure:
    """A staff about 1 tall, standing on (0, 0), a stone in its head."""
    figure = Figure()
    lean = d.between(-0.02, 0.02)
    figure.add(tube([(0, 0), (lean, -0.3), (-lean, -0.6), (0, -0.86)], [0.014, 0.018, 0.016, 0.018]), "dark")
    for y in (-0.34, -0.62, -0.82):
        figure.add(tube([(-0.022, y), (0.022, y)], [0.012, 0.012]), "metal")
    horns = d.pick((2, 3, 0))
    for side in (-1, 1) if horns else ():
        figure.add(
            tube(
                [(0, -0.85), (side * 0.075, -0.9), (side * 0.07, -0.99), (side * 0.02, -1.04)],
                [0.018, 0.018, 0.012, 0.003],
            ),
            "metal",
        )
    if d.chance(0.5):
        figure.add(points((0, -1.05), (0.045, -0.95), (0, -0.86), (-0.045, -0.95)), "glass", 0.4)
    else:
        figure.add(disc(0, -0.945, 0.045), "glass", 1.0)
    figure.eye(0, -0.945, 0.03)
    return figure
