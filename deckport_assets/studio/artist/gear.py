"""Things to wear and to wield: figures about 1 tall around (0, -0.5), shown alone."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.arms import axe, blade, staff
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.outline import arc, blob, disc, points, spline, star, tube, turned


def weapon(d: Dice, words: str) -> Figure:
    """A blade, an axe or a staff, leaning."""
    kind = staff if "staff" in words else d.pick((blade, blade, axe))
    made = kind(d)
    if kind is staff:
        made = made.at(0, 0.03, 1.0)
    else:
        made = made.at(0, -0.06 if kind is blade else -0.3, 0.88)
        if d.chance(0.45):
            made = leaning(made.at(0, 0.46, 1.0), np.pi).at(0, -0.47, 1.0)
    return leaning(made.at(0, 0.5, 1.0), d.between(-0.55, 0.55)).at(0, -0.5, 1.0)


def leaning(figure: Figure, radians: float) -> Figure:
    result = Figure()
    for part in figure.parts:
        result.add(turned(part.outline, radians), part.stuff, part.round, part.behind)
    for x, y, radius in figure.dots:
        place = turned(points((x, y)), radians)[0]
        result.eye(float(place[0]), float(place[1]), radius)
    for line, width in figure.lines:
        result.vein(turned(line, radians), width)
    return result


def shield(d: Dice, words: str) -> Figure:
    figure, kind = Figure(), d.pick(("kite", "round", "tower"))
    if kind == "round":
        shape = disc(0, -0.5, 0.42, 0.42, d.pick((40, 8, 12)))
    elif kind == "kite":
        shape = blob(
            (-0.32, -0.86),
            (0, -0.94),
            (0.32, -0.86),
            (0.35, -0.5),
            (0.18, -0.2),
            (0, -0.03),
            (-0.18, -0.2),
            (-0.35, -0.5),
            samples=8,
        )
    else:
        shape = points((-0.3, -0.9), (0, -1), (0.3, -0.9), (0.34, -0.3), (0, 0), (-0.34, -0.3))
    middle = np.array([0, -0.5])
    figure.add(shape, "metal", 0.4)
    figure.add((shape - middle) * 0.88 + middle, "cloth", 0.6)
    figure.add((shape - middle) * 0.5 + middle, "metal", 0.5)
    spikes = d.whole(4, 9)
    figure.add(star(0, -0.5, 0.36, 0.11, spikes, d.between(0, 1)), "metal", 0.4)
    figure.add(star(0, -0.5, 0.23, 0.1, spikes, 0.3), "pale", 0.4)
    figure.add(disc(0, -0.5, 0.085), "accent", 1.0)
    figure.eye(0, -0.5, 0.05)
    figure.vein((shape - middle) * 0.94 + middle, 0.006)
    for point in ((shape - middle) * 0.94 + middle)[:: max(1, len(shape) // 12)]:
        figure.add(disc(float(point[0]), float(point[1]), 0.018), "pale", 1.0)
    return figure


def armour(d: Dice, words: str) -> Figure:
    """A cuirass with shoulder plates, on no one."""
    figure = Figure()
    for side in (-1, 1):
        figure.add(
            blob(
                (side * 0.16, -0.78),
                (side * 0.2, -0.5),
                (side * 0.14, -0.25),
                (side * 0.02, -0.25),
                (side * 0.02, -0.8),
            ),
            "dark",
            0.5,
        )
    figure.add(
        blob(
            (-0.24, -0.8),
            (-0.1, -0.86),
            (0, -0.78),
            (0.1, -0.86),
            (0.24, -0.8),
            (0.23, -0.55),
            (0.16, -0.32),
            (0, -0.26),
            (-0.16, -0.32),
            (-0.23, -0.55),
        ),
        "metal",
        0.8,
    )
    for side in (-1, 1):
        figure.add(
            blob(
                (side * 0.015, -0.76),
                (side * 0.12, -0.79),
                (side * 0.2, -0.7),
                (side * 0.16, -0.58),
                (side * 0.02, -0.55),
            ),
            "metal",
            0.9,
        )
        for y in (-0.5, -0.42, -0.35):
            figure.add(
                tube([(side * 0.01, y + 0.02), (side * 0.09, y + 0.01), (side * 0.16, y - 0.02)], [0.02, 0.026, 0.016]),
                "metal",
                0.9,
            )
        for step in range(3):
            reach = 0.42 - 0.06 * step
            figure.add(
                blob(
                    (side * 0.17, -0.9 + step * 0.07),
                    (side * (reach - 0.1), -0.96 + step * 0.08),
                    (side * reach, -0.8 + step * 0.08),
                    (side * (reach - 0.05), -0.68 + step * 0.06),
                    (side * 0.2, -0.74 + step * 0.05),
                ),
                "metal" if step % 2 else "pale",
                0.9,
            )
        if d.chance(0.6):
            figure.add(points((side * 0.26, -0.93), (side * 0.42, -1.1), (side * 0.36, -0.88)), "pale", 0.6)
        for i in range(3):
            x = side * (0.03 + 0.075 * i)
            figure.add(
                points(
                    (x, -0.3),
                    (x + side * 0.08, -0.3),
                    (x + side * (0.1 + 0.03 * i), 0.0 - 0.05 * i),
                    (x + side * 0.01, 0.02 - 0.04 * i),
                ),
                "metal" if i % 2 else "cloth",
                0.6,
            )
    figure.add(tube([(-0.17, -0.3), (0, -0.27), (0.17, -0.3)], [0.024, 0.03, 0.024]), "pale")
    figure.add(disc(0, -0.68, 0.06, 0.075, d.pick((4, 6, 24))), "accent", 0.9)
    figure.eye(0, -0.68, 0.04)
    figure.vein(spline([(-0.17, -0.6), (-0.06, -0.52), (0, -0.42), (0.06, -0.52), (0.17, -0.6)]), 0.007)
    return figure


def band(d: Dice, words: str) -> Figure:
    """A ring with its stone."""
    figure, wide = Figure(), d.between(0.05, 0.085)
    angle = np.linspace(0, 2 * np.pi, 49)
    for part, stuff, behind in ((angle[24:], "metal", 0.15), (angle[:25], "metal", 0.0)):
        curve = np.stack([0.33 * np.cos(part), -0.36 + 0.3 * np.sin(part)], axis=1)
        figure.add(tube([tuple(p) for p in curve[::4].tolist()], [wide]), "metal" if stuff else "dark", 1.0, behind)
    for a in np.linspace(0.35, 2.8, 9):
        figure.add(disc(0.33 * float(np.cos(a)), -0.36 + 0.3 * float(np.sin(a)), wide * 0.4), "pale", 1.0)
    cut_stone(figure, 0, -0.78, d.between(0.13, 0.18), d.whole(5, 8))
    for side in (-1, 1):
        figure.add(tube([(side * 0.1, -0.62), (side * 0.2, -0.72), (side * 0.14, -0.9)], [0.04, 0.03, 0.012]), "metal")
    figure.vein(arc(0, -0.36, 0.33, 0.3, 0.3, 2.85), 0.008)
    return figure


def cut_stone(figure: Figure, x: float, y: float, size: float, corners: int) -> None:
    """A cut gem: facets around a table."""
    rim, table = disc(x, y, size, size, corners, 0.3), disc(x, y, size * 0.55, size * 0.55, corners, 0.3)
    for i in range(corners):
        j = (i + 1) % corners
        stuff = ("glass", "accent", "pale", "glass", "accent", "glass")[i % 6]
        figure.add(np.stack([rim[i], rim[j], table[j], table[i]]), stuff, 0.15)  # type: ignore[arg-type]
    figure.add(table, "glass", 0.2)
    figure.eye(x, y, size * 0.35)


def crown(d: Dice, words: str) -> Figure:
    figure, points_count = Figure(), d.whole(5, 9)
    figure.add(disc(0, -0.5, 0.4, 0.1), "dark", 0.3, 0.2)
    for front in (False, True):
        for i in range(points_count):
            a = np.pi * (i + 0.5) / points_count
            x, y = 0.42 * float(np.cos(a)), -0.42 + (0.1 if front else -0.1) * float(np.sin(a))
            tall = (0.34 if i % 2 == (points_count // 2) % 2 else 0.24) * (1.0 if front else 0.85)
            tip = (x * 1.15, y - 0.08 - tall)
            figure.add(
                points(
                    (x - 0.085, y - 0.05),
                    (x - 0.02, y - tall * 0.55),
                    tip,
                    (x + 0.02, y - tall * 0.55),
                    (x + 0.085, y - 0.05),
                ),
                "metal" if front else "dark",
                0.6,
                0.0 if front else 0.2,
            )
            figure.add(disc(*tip, 0.022), "accent", 1.0)
            if front:
                figure.eye(*tip, 0.012)
        if front:
            low, high = arc(0, -0.38, 0.41, 0.12, np.pi, 0, 20), arc(0, -0.5, 0.42, 0.12, 0, np.pi, 20)
            figure.add(np.vstack([low, high]), "metal", 0.8)
    for i in range(5):
        a = np.pi * (i + 0.5) / 5
        x, y = 0.41 * float(np.cos(a)), -0.44 + 0.12 * float(np.sin(a))
        cut_stone(figure, x, y, 0.05 if i == 2 else 0.034, 6)
    return figure.at(0, -0.06, 1.0)


def amulet(d: Dice, words: str) -> Figure:
    figure = Figure()
    chain = spline([(-0.3, -1.1), (-0.24, -0.85), (0, -0.62), (0.24, -0.85), (0.3, -1.1)], 7)
    for x, y in chain.tolist():
        figure.add(disc(x, y, 0.018, 0.024), "metal", 1.0)
    spikes = d.whole(4, 10)
    figure.add(star(0, -0.36, 0.34, 0.19, spikes, d.between(0, 1)), "metal", 0.6)
    figure.add(disc(0, -0.36, 0.23), "metal", 0.7)
    figure.add(disc(0, -0.36, 0.18), "dark", 0.6)
    cut_stone(figure, 0, -0.36, 0.14, d.whole(5, 8))
    figure.vein(disc(0, -0.36, 0.205), 0.008)
    figure.add(points((-0.05, -0.12), (0.05, -0.12), (0, 0.06)), "glass", 0.3)
    return figure
