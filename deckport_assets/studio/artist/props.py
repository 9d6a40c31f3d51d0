"""What stands in the landscape: trees, towers, arches, crystals, gears. Each is outlines of about 1 tall at (0, 0)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deckport_assets.studio.artist import growth
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.outline import blob, disc, points, tube
from deckport_assets.studio.artist.prop import Prop


def _spike(d: Dice) -> Prop:
    prop = Prop()
    for _ in range(d.whole(1, 4)):
        x, lean, tall, w = d.between(-0.3, 0.3), d.between(-0.25, 0.25), d.between(0.4, 1), d.between(0.06, 0.14)
        prop.outlines.append(
            points(
                (x - w, 0.1),
                (x - w * 0.6 + lean * 0.4, -tall * 0.5),
                (x + lean, -tall),
                (x + w * 0.7, -tall * 0.3),
                (x + w, 0.1),
            )
        )
    return prop


def _rock(d: Dice) -> Prop:
    angles = np.linspace(np.pi, 2 * np.pi, 9)
    reach = [d.between(0.35, 0.6) for _ in angles]
    rock = [(float(np.cos(a)) * r, float(np.sin(a)) * r * 0.8) for a, r in zip(angles, reach, strict=True)]
    return Prop([points((-0.6, 0.1), *rock, (0.6, 0.1))])


def _bone(d: Dice) -> Prop:
    """The ribs of something huge."""
    ribs = []
    for i in range(d.whole(4, 6)):
        x, tall = -0.6 + 0.28 * i, d.between(0.6, 1.0)
        ribs.append(
            tube(
                [(x, 0.1), (x - 0.12, -tall * 0.5), (x + 0.05, -tall * 0.9), (x + 0.25, -tall)],
                [0.04, 0.035, 0.02, 0.004],
            )
        )
    return Prop(ribs)


def _arch(d: Dice) -> Prop:
    w, t = d.between(0.35, 0.55), d.between(0.12, 0.2)
    outer = [(w * np.cos(a), -0.45 - 0.55 * np.sin(a)) for a in np.linspace(np.pi, 0, 15)]
    inner = [((w - t) * np.cos(a), -0.45 - (0.55 - t) * np.sin(a)) for a in np.linspace(np.pi, 0, 15)]
    broken = d.chance(0.35)
    if broken:
        outer, inner = outer[:9], inner[:9]
    whole = points((-w, 0.1), *outer, *([] if broken else [(w, 0.1), (w - t, 0.1)]), *inner[::-1], (t - w, 0.1))
    return Prop([whole])


def _column(d: Dice) -> Prop:
    prop, x = Prop(), -0.5
    for _ in range(d.whole(2, 5)):
        tall, w = d.pick((1.0, 1.0, 0.95, 0.6, 0.4)), 0.055
        prop.outlines.append(
            points((x - w, 0.1), (x - w * 0.85, -tall), (x + w * 0.85, -tall * d.between(0.93, 1)), (x + w, 0.1))
        )
        if tall > 0.9:
            prop.outlines.append(
                points(
                    (x - 0.09, -tall - 0.04),
                    (x + 0.09, -tall - 0.04),
                    (x + 0.07, -tall + 0.03),
                    (x - 0.07, -tall + 0.03),
                )
            )
        x += d.between(0.22, 0.3)
    if d.chance(0.5):
        prop.outlines.append(points((-0.6, -1.13), (x - 0.3, -1.13), (x - 0.3, -1.04), (-0.6, -1.04)))
    return prop


def _tower(d: Dice) -> Prop:
    prop = Prop()
    for _ in range(d.whole(1, 4)):
        x, tall, w = d.between(-0.4, 0.4), d.between(0.5, 0.9), d.between(0.06, 0.11)
        prop.outlines.append(points((x - w, 0.1), (x - w * 0.8, -tall), (x + w * 0.8, -tall), (x + w, 0.1)))
        prop.outlines.append(points((x - w * 1.25, -tall), (x, -tall - d.between(0.15, 0.4)), (x + w * 1.25, -tall)))
        prop.lit.extend((x + d.between(-0.5, 0.5) * w, -tall * d.between(0.4, 0.92)) for _ in range(d.whole(1, 4)))
    return prop


def _spire(d: Dice) -> Prop:
    """A gothic church: nave, thin towers, pinnacles."""
    prop = Prop([points((-0.42, 0.1), (-0.42, -0.3), (0, -0.5), (0.42, -0.3), (0.42, 0.1))])
    for x in (-0.4, -0.2, 0.02, 0.22, 0.4):
        tall, w = d.between(0.45, 1.0), d.between(0.03, 0.06)
        prop.outlines.append(
            points((x - w, 0.1), (x - w, -tall * 0.62), (x, -tall), (x + w, -tall * 0.62), (x + w, 0.1))
        )
        prop.lit.append((x, -tall * 0.5))
    return prop


def _grave(d: Dice) -> Prop:
    prop = Prop()
    for i in range(d.whole(2, 4)):
        x, s, lean = -0.6 + 0.45 * i, d.between(0.25, 0.5), d.between(-0.08, 0.08)
        if d.chance(0.4):
            prop.outlines.append(
                points((x - s * 0.09, 0.1), (x - s * 0.09 + lean, -s), (x + s * 0.09 + lean, -s), (x + s * 0.09, 0.1))
            )
            prop.outlines.append(
                points(
                    (x - s * 0.3 + lean, -s * 0.75),
                    (x + s * 0.3 + lean, -s * 0.75),
                    (x + s * 0.3 + lean, -s * 0.6),
                    (x - s * 0.3 + lean, -s * 0.6),
                )
            )
        else:
            prop.outlines.append(
                blob(
                    (x - s * 0.3, 0.1),
                    (x - s * 0.28 + lean, -s * 0.7),
                    (x + lean, -s),
                    (x + s * 0.28 + lean, -s * 0.7),
                    (x + s * 0.3, 0.1),
                )
            )
    return prop


def _crystal(d: Dice) -> Prop:
    prop = Prop()
    for _ in range(d.whole(3, 6)):
        lean, tall, w = d.between(-0.55, 0.55), d.between(0.35, 1), d.between(0.05, 0.1)
        foot = lean * 0.4
        prop.outlines.append(
            points(
                (foot - w, 0.1),
                (foot - w + lean * 0.8, -tall * 0.8),
                (foot + lean, -tall),
                (foot + w + lean * 0.8, -tall * 0.78),
                (foot + w, 0.1),
            )
        )
    return prop


def _island(d: Dice) -> Prop:
    """An island that floats: flat above, ragged below, perhaps with a tower."""
    y = -d.between(0.7, 1.6)
    top = [(x, y - d.between(0, 0.06)) for x in np.linspace(-0.5, 0.5, 9)]
    low = [(x, y + (0.5 - abs(x)) * d.between(0.5, 1.3)) for x in np.linspace(0.48, -0.48, 11)]
    prop = Prop([points(*top, *low)])
    if d.chance(0.6):
        inner = _tower(d)
        prop.outlines.extend(outline * 0.5 + (0.0, y) for outline in inner.outlines)
        prop.lit.extend((lx * 0.5, ly * 0.5 + y) for lx, ly in inner.lit)
    return prop


def _gear(d: Dice) -> Prop:
    teeth, radius, y = d.whole(10, 18), d.between(0.4, 0.6), -d.between(0.15, 0.5)
    angle = np.linspace(0, 2 * np.pi, teeth * 4, endpoint=False) + d.between(0, 1)
    reach = np.where(np.arange(teeth * 4) % 4 < 2, radius, radius * 0.86)
    rim = np.stack([reach * np.cos(angle), y + reach * np.sin(angle)], axis=1)
    prop = Prop([rim], [disc(0, y, radius * 0.66)])
    for i in range(5):
        a = i * 2 * np.pi / 5 + d.between(0, 0.3)
        end = (radius * 0.75 * float(np.cos(a)), y + radius * 0.75 * float(np.sin(a)))
        prop.outlines.append(tube([(0, y), end], [0.035, 0.035]))
    return prop


def _statue(d: Dice) -> Prop:
    return Prop([
        points((-0.22, 0.1), (-0.2, -0.2), (0.2, -0.2), (0.22, 0.1)),
        blob((-0.13, -0.2), (-0.12, -0.55), (-0.15, -0.78), (0, -0.84), (0.15, -0.78), (0.12, -0.55), (0.16, -0.2)),
        disc(0, -0.92, 0.055, 0.075),
        tube([(0.13, -0.76), (0.24, -0.9), (0.2, -1.15)], [0.04, 0.03, 0.02]),
    ])  # fmt: skip


def _ziggurat(d: Dice) -> Prop:
    prop, w, y = Prop(), 0.75, 0.1
    for _ in range(d.whole(4, 6)):
        tall = d.between(0.14, 0.2)
        prop.outlines.append(points((-w, y), (-w * 0.93, y - tall), (w * 0.93, y - tall), (w, y)))
        w, y = w * 0.78, y - tall
    prop.lit.append((0, y + 0.08))
    return prop


PROPS: dict[str, Callable[[Dice], Prop]] = {
    "spike": _spike, "rock": _rock, "bone": _bone, "arch": _arch, "column": _column, "tower": _tower, "spire": _spire,
    "grave": _grave, "crystal": _crystal, "island": _island, "gear": _gear, "statue": _statue, "ziggurat": _ziggurat,
    "bare_tree": growth.bare_tree, "tree": growth.tree, "trunk": growth.trunk, "fern": growth.fern,
    "mushroom": growth.mushroom,
}  # fmt: skip
