"""What grows: trees, ferns, mushrooms. Each is outlines of about 1 tall at (0, 0)."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.canvas import Points
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.outline import blob, tube
from deckport_assets.studio.artist.prop import Prop


def _branch(prop: Prop, d: Dice, x: float, y: float, angle: float, length: float, thick: float, depth: int) -> None:
    ex, ey = x + length * float(np.sin(angle)), y - length * float(np.cos(angle))
    bend = d.between(-0.12, 0.12) * length
    prop.outlines.append(
        tube([(x, y), ((x + ex) / 2 + bend, (y + ey) / 2), (ex, ey)], [thick, thick * 0.8, thick * 0.6], 3)
    )
    if depth:
        for side in (-1, 1) if d.chance(0.75) else (-1, 0, 1):
            _branch(
                prop,
                d,
                ex,
                ey,
                angle + side * d.between(0.25, 0.75),
                length * d.between(0.55, 0.8),
                thick * 0.58,
                depth - 1,
            )


def bare_tree(d: Dice) -> Prop:
    prop = Prop()
    _branch(prop, d, 0, 0.08, d.between(-0.2, 0.2), 0.38, 0.05, 4)
    return prop


def tree(d: Dice) -> Prop:
    prop = Prop([tube([(0, 0.1), (d.between(-0.05, 0.05), -0.3), (0, -0.6)], [0.07, 0.045, 0.03])])
    for _ in range(d.whole(6, 10)):
        x, y = d.between(-0.34, 0.34), -d.between(0.45, 0.95)
        prop.outlines.append(_tuft(d, x, y, d.between(0.12, 0.24)))
    return prop


def _tuft(d: Dice, x: float, y: float, size: float) -> Points:
    around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return blob(
        *(
            (
                x + float(np.cos(a)) * size * d.between(0.7, 1.15),
                y + float(np.sin(a)) * size * 0.7 * d.between(0.7, 1.2),
            )
            for a in around
        ),
        samples=2,
    )


def trunk(d: Dice) -> Prop:
    """A giant tree that leaves the picture above."""
    w, lean = d.between(0.08, 0.16), d.between(-0.1, 0.1)
    prop = Prop([tube([(0, 0.15), (lean * 0.2, -0.1), (lean, -1.2), (lean * 1.5, -3)], [w * 1.9, w, w * 0.8, w * 0.7])])
    for side in (-1, 1):
        prop.outlines.append(
            tube([(0, -0.05), (side * w * 1.6, 0.06), (side * w * 3, 0.16)], [w * 0.5, w * 0.35, 0.01])
        )
        y = -d.between(0.5, 1.5)
        prop.outlines.append(
            tube([(lean, y), (side * 0.35 + lean, y - 0.3), (side * 0.8, y - 0.35)], [w * 0.35, w * 0.22, 0.01])
        )
        prop.outlines.extend(
            _tuft(d, side * d.between(0.3, 0.8), y - d.between(0.2, 0.5), d.between(0.12, 0.25)) for _ in range(3)
        )
    return prop


def fern(d: Dice) -> Prop:
    fronds = []
    for _ in range(d.whole(5, 9)):
        lean, tall = d.between(-0.7, 0.7), d.between(0.4, 0.9)
        fronds.append(
            tube(
                [(0, 0.1), (lean * 0.4, -tall * 0.8), (lean, -tall * 0.75), (lean * 1.3, -tall * 0.4)],
                [0.015, 0.05, 0.04, 0.003],
            )
        )
    return Prop(fronds)


def mushroom(d: Dice) -> Prop:
    prop = Prop()
    for _ in range(d.whole(1, 3)):
        x, tall, w = d.between(-0.35, 0.35), d.between(0.4, 0.95), d.between(0.18, 0.34)
        prop.outlines.append(tube([(x * 0.7, 0.1), (x, -tall)], [0.06, 0.035]))
        prop.outlines.append(
            blob(
                (x - w, -tall + 0.05),
                (x - w * 0.7, -tall - 0.12),
                (x, -tall - 0.2),
                (x + w * 0.7, -tall - 0.12),
                (x + w, -tall + 0.05),
                (x, -tall + 0.02),
            )
        )
        prop.lit.extend((x + d.between(-0.7, 0.7) * w, -tall - d.between(0.0, 0.1)) for _ in range(4))
    return prop
