"""Dragons, serpents, great birds, rays and horrors: figures about 1 tall, the feet at (0, 0)."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.beasts import leg
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure
from deckport_assets.studio.artist.outline import blob, disc, points, spline, star, tube
from deckport_assets.studio.artist.wings import wings


def dragon(d: Dice, words: str) -> Figure:
    """A drake rearing up: bat wings, a long neck, horns, a coiling tail."""
    figure = Figure()
    side = d.between(-0.12, 0.12)
    figure.add(
        tube(
            [(-0.05, -0.3), (-0.4, -0.12), (-0.62, -0.2), (-0.6, -0.42), (-0.45, -0.48)],
            [0.11, 0.08, 0.05, 0.03, 0.004],
            8,
        ),
        "body",
        0.9,
        0.15,
    )
    wings(figure, d, 0.08, -0.58, d.between(0.75, 0.95), 5, d.between(0.35, 0.6), bat=True)
    for x, step in ((-0.12, -0.1), (0.14, 0.1)):
        leg(figure, x, -0.34, step, 0.062, 0.0, True, "body")
    figure.add(
        blob((-0.14, -0.6), (0.02, -0.68), (0.16, -0.58), (0.17, -0.36), (0.05, -0.24), (-0.12, -0.28), (-0.18, -0.42)),
        "body",
        0.9,
    )
    for t in np.linspace(-0.56, -0.3, 6):
        figure.add(
            tube([(-0.02, float(t)), (0.06, float(t) + 0.02), (0.14, float(t))], [0.01, 0.022, 0.01]), "pale", 0.8
        )
    for s in (-1, 1):
        figure.add(tube([(s * 0.12, -0.5), (s * 0.22, -0.4), (s * 0.2 + 0.06, -0.3)], [0.045, 0.035, 0.022]), "body")
    neck = [(0.02, -0.58), (-0.1 + side, -0.78), (0.02 + side, -0.95), (0.18 + side, -0.98)]
    figure.add(tube(neck, [0.11, 0.08, 0.065, 0.055], 8), "body", 0.9)
    curve = spline(neck, 8)
    for i in range(2, len(curve) - 4, 3):
        x, y = curve[i]
        figure.add(points((x - 0.05, y + 0.02), (x - 0.13, y - 0.05), (x - 0.04, y - 0.03)), "pale", 0.5)
    _dragon_head(figure, d, 0.17 + side, -0.98)
    figure.vein(curve[2:-4] + np.array([0.03, 0.0]), 0.006)
    return figure


def _dragon_head(figure: Figure, d: Dice, x: float, y: float) -> None:
    gape = d.between(0.02, 0.09)
    for back in (0.02, 0.0):
        for drop in (0.0, 0.06):
            figure.add(
                tube(
                    [(x - 0.02, y - 0.03 + drop), (x - 0.14, y - 0.1 + drop), (x - 0.26, y - 0.09 - back + drop)],
                    [0.026, 0.018, 0.002],
                ),
                "pale",
                0.9,
                back * 8,
            )
    figure.add(
        blob(
            (x - 0.04, y + 0.03),
            (x + 0.1, y + 0.05 + gape),
            (x + 0.2, y + 0.05 + gape),
            (x + 0.1, y + 0.085 + gape),
            (x - 0.03, y + 0.075),
        ),
        "dark",
        0.8,
    )
    figure.add(
        blob(
            (x - 0.07, y + 0.02),
            (x - 0.03, y - 0.065),
            (x + 0.07, y - 0.055),
            (x + 0.2, y - 0.02),
            (x + 0.25, y + 0.015),
            (x + 0.2, y + 0.035),
            (x + 0.03, y + 0.06),
        ),
        "body",
        0.9,
    )
    for t in (0.09, 0.13, 0.17, 0.21):
        figure.add(points((x + t - 0.01, y + 0.03), (x + t, y + 0.065), (x + t + 0.01, y + 0.03)), "pale", 0.3)
    figure.eye(x + 0.045, y - 0.018, 0.01)
    if gape > 0.05:
        figure.eye(x + 0.12, y + 0.055, 0.022)


def serpent(d: Dice, words: str) -> Figure:
    """A hydra or wyrm rising from its coils, with one to five heads."""
    figure = Figure()
    heads = d.whole(3, 5) if "hydra" in words else d.whole(1, 2)
    for ring in range(3):
        y, wide = -0.05 - 0.09 * (2 - ring), 0.36 - 0.05 * (2 - ring)
        figure.add(
            tube([(-wide, y), (-wide * 0.5, y + 0.06), (wide * 0.5, y + 0.06), (wide, y)], [0.06, 0.085, 0.085, 0.06]),
            "body",
            0.9,
            0.2 - 0.1 * ring,
        )
    for lean in sorted(np.linspace(-0.5, 0.5, heads) if heads > 1 else [d.between(-0.2, 0.2)], key=abs, reverse=True):
        tall, reach = d.between(0.72, 1.0) - abs(lean) * 0.25, float(lean) + d.between(-0.06, 0.06)
        face = 1 if reach >= 0 else -1
        neck = [
            (float(lean) * 0.3, -0.15),
            (-face * 0.1 + reach * 0.2, -tall * 0.45),
            (reach * 0.8 - face * 0.08, -tall * 0.8),
            (reach, -tall),
            (reach + face * 0.1, -tall),
        ]
        thick = 0.09 if heads > 2 else 0.125
        figure.add(tube(neck, [thick * 1.3, thick, thick * 0.8, thick * 0.6, thick * 0.5], 8), "body", 0.9)
        line = spline(neck, 8)
        for i in range(4, len(line) - 6, 3):
            figure.add(
                tube(
                    [
                        (float(line[i, 0]) + face * thick * 0.1, float(line[i, 1])),
                        (float(line[i, 0]) + face * thick * 0.75, float(line[i, 1]) + 0.012),
                    ],
                    [0.012, 0.016],
                    3,
                ),
                "pale",
                0.8,
            )
        head = Figure()
        _dragon_head(head, d, 0, 0)
        figure.include(head, reach + face * 0.07, -tall, 0.8 if heads > 2 else 1.05, face)
    return figure


def bird(d: Dice, words: str) -> Figure:
    """A great bird with its wings spread, seen from the front."""
    figure = Figure()
    for x in np.linspace(-0.2, 0.2, 7):
        figure.add(
            tube([(0, -0.32), (float(x) * 0.7, -0.12), (float(x) * 1.4, d.between(-0.02, 0.12))], [0.03, 0.045, 0.006]),
            "pale" if abs(x) < 0.1 else "body",
            0.6,
            0.15,
        )
    wings(figure, d, 0.05, -0.62, d.between(0.75, 0.95), 15, d.between(0.1, 0.5))
    figure.add(blob((0, -0.76), (0.11, -0.66), (0.12, -0.45), (0, -0.22), (-0.12, -0.45), (-0.11, -0.66)), "body", 1.0)
    for x in np.linspace(-0.07, 0.07, 5):
        line = [(float(x) * 0.8, -0.68), (float(x), -0.5), (float(x) * 0.5, -0.3)]
        figure.add(tube(line, [0.012, 0.026, 0.002]), "body", 0.9)
    turn = d.sign()
    figure.add(disc(0, -0.8, 0.075, 0.08), "body", 1.0)
    figure.add(tube([(turn * 0.04, -0.8), (turn * 0.12, -0.79), (turn * 0.14, -0.74)], [0.035, 0.025, 0.003]), "metal")
    for i in range(3):
        figure.add(
            tube(
                [
                    (-turn * 0.01, -0.86),
                    (-turn * (0.05 + 0.05 * i), -0.95),
                    (-turn * (0.1 + 0.07 * i), -0.96 + 0.03 * i),
                ],
                [0.02, 0.012, 0.003],
            ),
            "accent",
            0.8,
        )
    figure.eye(turn * 0.035, -0.815, 0.009)
    return figure


def manta(d: Dice, words: str) -> Figure:
    """A ray or leviathan that swims through the air, seen from a little below."""
    figure, lift = Figure(), d.between(-0.12, 0.22)
    figure.add(
        tube([(0, -0.35), (0.06, -0.1), (-0.08, 0.12), (0.1, 0.34)], [0.035, 0.02, 0.012, 0.002], 8), "body", 0.9
    )
    for s in (-1, 1):
        wing = blob(
            (0, -0.82),
            (s * 0.16, -0.76),
            (s * 0.48, -0.66 - lift),
            (s * 0.72, -0.6 - lift * 1.6),
            (s * 0.46, -0.5 - lift * 0.5),
            (s * 0.2, -0.36),
            (0, -0.28),
            samples=8,
        )
        figure.add(wing, "body", 0.7)
        figure.add(tube([(s * 0.07, -0.8), (s * 0.11, -0.9), (s * 0.06, -0.96)], [0.03, 0.025, 0.006]), "body")
        figure.eye(s * 0.1, -0.77, 0.01)
        for t in (0.2, 0.34, 0.48):
            figure.vein(
                spline(
                    [(s * 0.06, -0.6 + t * 0.2), (s * t, -0.6 - lift * t), (s * (t + 0.12), -0.56 - lift * t * 1.4)], 5
                ),
                0.005,
            )
            figure.eye(s * t, -0.55 - lift * t, 0.007)
    figure.add(blob((0, -0.8), (0.09, -0.66), (0.07, -0.42), (0, -0.3), (-0.07, -0.42), (-0.09, -0.66)), "body", 1.0)
    return figure


def maw(d: Dice, words: str) -> Figure:
    """A horror: a ring of teeth in a knot of tentacles, and too many eyes."""
    figure = Figure()
    for i in range(d.whole(9, 13)):
        angle, reach, curl = -0.35 + i * 0.62 + d.between(-0.2, 0.2), d.between(0.42, 0.68), d.between(-0.9, 0.9)
        places = [(0.16 * float(np.cos(angle)), -0.48 + 0.16 * float(np.sin(angle)))]
        for t in (0.5, 0.8, 1.0):
            places.append(
                (
                    reach * t * float(np.cos(angle + curl * t)),
                    -0.48 + reach * t * 0.85 * float(np.sin(angle + curl * t)),
                )
            )
        figure.add(tube(places, [0.085, 0.06, 0.035, 0.004], 8), "body" if i % 3 else "dark", 0.9, d.between(0, 0.2))
    figure.add(
        blob(
            *(
                (0.3 * float(np.cos(a)) * d.between(0.85, 1.1), -0.48 + 0.3 * float(np.sin(a)) * d.between(0.85, 1.1))
                for a in np.linspace(0, 5.7, 11)
            ),
            samples=4,
        ),
        "body",
        0.9,
    )
    figure.add(disc(0, -0.45, 0.18, 0.15), "dark", 0.3)
    figure.eye(0, -0.45, d.between(0.03, 0.06))
    figure.add(star(0, -0.45, 0.2, 0.2, 9), "dark", 0.1)
    for a in np.linspace(0, 6.28, 15)[:-1]:
        c, s = float(np.cos(a)), float(np.sin(a))
        figure.add(
            points(
                (0.19 * c - 0.03 * s, -0.45 + 0.16 * s + 0.03 * c),
                (0.09 * c, -0.45 + 0.07 * s),
                (0.19 * c + 0.03 * s, -0.45 + 0.16 * s - 0.03 * c),
            ),
            "pale",
            0.5,
        )
    for _ in range(d.whole(3, 7)):
        a = d.between(3.4, 6.0)
        figure.eye(0.26 * float(np.cos(a)), -0.48 + 0.25 * float(np.sin(a)), d.between(0.008, 0.018))
    return figure
