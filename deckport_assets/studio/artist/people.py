"""Champions: figures about 1 tall with their feet at (0, 0), seen from the front."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.arms import axe, blade, staff
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure, Stuff
from deckport_assets.studio.artist.outline import blob, disc, points, tube, turned


def hero(d: Dice, words: str) -> Figure:
    """A champion: cape, armour or robe, a weapon, something on the head."""
    figure = Figure()
    wind = d.sign()
    robed = any(word in words for word in ("sage", "master", "elder", "oracle", "keeper", "savant", "mage", "lord "))
    robed = d.chance(0.75) if robed else d.chance(0.15)
    _cape(figure, d, wind)
    _weapon_arm(figure, d, words, wind, robed)
    if robed:
        robe(figure, d)
    else:
        _legs(figure, d)
    torso(figure, d, robed)
    _free_arm(figure, d, -wind, robed)
    _head(figure, d, words, robed)
    return figure


def _cape(figure: Figure, d: Dice, wind: int) -> None:
    flow, low = wind * -d.between(0.12, 0.5), -d.between(0.02, 0.22)
    hem = [
        (0.16 + flow * (0.2 + 0.8 * t) - 0.34 * t, low - abs(flow) * 0.5 * t + d.between(-0.03, 0.03))
        for t in np.linspace(0, 1, 7)
    ]
    figure.add(
        blob((-0.13, -0.82), (0, -0.85), (0.13, -0.82), (0.2 + flow * 0.15, -0.5), *hem, (-0.2 + flow * 0.45, -0.5)),
        "cloth",
        0.7,
        0.15,
    )
    for t in (0.25, 0.5, 0.75):
        x, y = hem[int(t * 6)]
        fold = [(-0.09 + 0.18 * (1 - t), -0.8), ((x - 0.02) * 0.5, -0.5), (x, y - 0.03)]
        figure.add(tube(fold, [0.008, 0.022, 0.012], 5), "cloth", 0.9, 0.12)


def _legs(figure: Figure, d: Dice) -> None:
    stance = d.between(0.07, 0.15)
    for side in (-1, 1):
        foot = side * stance
        figure.add(tube([(side * 0.05, -0.5), (foot * 0.95, -0.27), (foot, -0.03)], [0.062, 0.045, 0.034]), "dark")
        figure.add(tube([(foot * 0.96, -0.26), (foot, -0.14), (foot, -0.01)], [0.046, 0.044, 0.036]), "metal")
        figure.add(
            blob(
                (foot - 0.035, -0.03), (foot + side * 0.07, -0.02), (foot + side * 0.07, 0.012), (foot - 0.035, 0.012)
            ),
            "metal",
        )
        figure.add(disc(foot * 0.95, -0.28, 0.038, 0.045, 6), "metal", 0.9)


def robe(figure: Figure, d: Dice) -> None:
    wide = d.between(0.17, 0.25)
    figure.add(
        blob((-0.075, -0.56), (0.075, -0.56), (0.12, -0.3), (wide, 0.0), (0, 0.02), (-wide, 0.0), (-0.12, -0.3)),
        "cloth",
    )
    for x in (-0.7, -0.25, 0.25, 0.7):
        figure.add(tube([(x * 0.06, -0.52), (x * 0.12, -0.26), (x * wide, -0.01)], [0.008, 0.02, 0.028]), "cloth", 0.9)
    figure.add(points((-0.03, -0.56), (0.03, -0.56), (0.045, -0.06), (0, -0.02), (-0.045, -0.06)), "pale", 0.3)
    figure.vein(points((0.03, -0.55), (0.045, -0.07), (0, -0.03), (-0.045, -0.07), (-0.03, -0.55)), 0.005)


def torso(figure: Figure, d: Dice, robed: bool) -> None:
    chest = blob(
        (-0.15, -0.79),
        (-0.06, -0.84),
        (0.06, -0.84),
        (0.15, -0.79),
        (0.11, -0.66),
        (0.075, -0.55),
        (0.09, -0.47),
        (-0.09, -0.47),
        (-0.075, -0.55),
        (-0.11, -0.66),
    )
    figure.add(chest, "cloth" if robed else "metal")
    if not robed:
        skirt: Stuff = d.pick(("metal", "cloth", "dark"))
        for side in (-1, 1):
            figure.add(
                blob((side * 0.01, -0.8), (side * 0.11, -0.77), (side * 0.1, -0.68), (side * 0.01, -0.66)), "metal", 0.9
            )
            for low, wide in ((-0.22, 0.19), (-0.31, 0.165), (-0.4, 0.135)):
                lame = points((side * 0.01, -0.5), (side * 0.09, -0.49), (side * wide, low), (side * 0.04, low - 0.02))
                figure.add(lame, skirt, 0.5)
    if not robed:
        figure.add(points((-0.045, -0.52), (0.045, -0.52), (0.06, -0.17), (0, -0.13), (-0.06, -0.17)), "cloth", 0.4)
    figure.add(tube([(-0.085, -0.53), (0, -0.515), (0.085, -0.53)], [0.017, 0.02, 0.017]), "accent", 0.9)
    figure.eye(0, -0.73, d.between(0.008, 0.016))
    for side in (-1, 1):
        spiky = d.chance(0.4)
        pad = blob(
            (side * 0.1, -0.84), (side * 0.17, -0.87), (side * 0.215, -0.79), (side * 0.2, -0.72), (side * 0.12, -0.74)
        )
        figure.add(pad, "metal", 1.0)
        if spiky:
            figure.add(points((side * 0.13, -0.84), (side * 0.24, -0.99), (side * 0.2, -0.8)), "metal", 0.6)


def _weapon_arm(figure: Figure, d: Dice, words: str, side: int, robed: bool) -> None:
    raised = d.chance(0.55)
    hand = (
        (side * d.between(0.26, 0.36), -d.between(0.9, 1.08))
        if raised
        else (side * d.between(0.24, 0.32), -d.between(0.46, 0.58))
    )
    elbow = (side * 0.27, -0.76) if raised else (side * 0.24, -0.62)
    if robed or any(word in words for word in ("staff", "spear", "shepherd")):
        figure.include(staff(d.named("staff")).at(hand[0] + side * 0.01, 0.02, 1.22))
    else:
        lean = side * (d.between(-0.5, 0.35) if raised else d.between(0.5, 1.1))
        weapon = d.pick((blade, blade, blade, axe))(d.named("blade"))
        size = d.between(0.58, 0.78)
        down = 1 if raised or d.chance(0.5) else -1
        for part in weapon.parts:
            outline = turned(part.outline * np.array([1.0, down]), lean * down)
            figure.add(outline * size + np.array(hand), part.stuff, part.round)
        for line, width in weapon.lines:
            figure.vein(turned(line * np.array([1.0, down]), lean * down) * size + np.array(hand), width * size)
    figure.add(tube([(side * 0.15, -0.78), elbow, hand], [0.055, 0.045, 0.034]), "cloth" if robed else "dark")
    figure.add(tube([elbow, ((elbow[0] + hand[0]) / 2, (elbow[1] + hand[1]) / 2), hand], [0.03, 0.042, 0.034]), "metal")
    figure.add(disc(*hand, 0.032), "dark", 1.0)


def _free_arm(figure: Figure, d: Dice, side: int, robed: bool) -> None:
    if d.chance(0.35):
        hand = (side * 0.3, -0.66)
        figure.eye(hand[0] + side * 0.03, hand[1] - 0.06, 0.022)
        figure.vein(disc(hand[0] + side * 0.03, hand[1] - 0.06, 0.06), 0.004)
    else:
        hand = (side * d.between(0.19, 0.25), -d.between(0.44, 0.56))
    elbow = (side * 0.235, -0.62)
    figure.add(tube([(side * 0.15, -0.78), elbow, hand], [0.055, 0.042, 0.03]), "cloth" if robed else "dark")
    figure.add(disc(*hand, 0.03), "body", 1.0)
    if not robed and d.chance(0.4):
        figure.add(
            blob(
                (hand[0] - 0.12, -0.7),
                (hand[0], -0.74),
                (hand[0] + 0.12, -0.7),
                (hand[0] + 0.09, -0.44),
                (hand[0], -0.32),
                (hand[0] - 0.09, -0.44),
            ),
            "metal",
            0.6,
        )
        figure.add(disc(hand[0], -0.55, 0.05, 0.06, 6), "accent", 0.9)


def _head(figure: Figure, d: Dice, words: str, robed: bool) -> None:
    kind = d.pick(("hood", "crown", "beard") if robed else ("helm", "horned", "hair", "crest"))
    figure.add(tube([(0, -0.82), (0, -0.88)], [0.035, 0.032]), "body")
    figure.add(disc(0, -0.925, 0.05, 0.066), "body" if kind in ("hair", "crown", "beard") else "metal", 1.0)
    if kind in ("helm", "horned", "crest"):
        _helm(figure)
    if kind == "hood":
        figure.add(
            blob((0, -1.02), (0.075, -0.95), (0.085, -0.84), (0, -0.8), (-0.085, -0.84), (-0.075, -0.95)), "cloth"
        )
        figure.add(blob((0, -0.98), (0.042, -0.93), (0.03, -0.86), (-0.03, -0.86), (-0.042, -0.93)), "dark", 0.3)
    elif kind == "crown":
        crown = [(0.052 * x, -0.965 - (0.055 if i % 2 else 0.0)) for i, x in enumerate(np.linspace(-1, 1, 7))]
        figure.add(points((-0.05, -0.945), *crown, (0.05, -0.945)), "metal", 0.5)
    elif kind in ("hair", "beard"):
        figure.add(
            blob(
                (-0.055, -0.93),
                (-0.03, -1.0),
                (0.03, -1.0),
                (0.055, -0.93),
                (0.08, -0.84),
                (0.045, -0.9),
                (0, -0.97),
                (-0.045, -0.9),
                (-0.08, -0.84),
            ),
            "dark",
        )
    elif kind in ("horned", "crest"):
        for side in (-1, 1) if kind == "horned" else (0,):
            horn = [(side * 0.04, -0.96), (side * 0.1, -1.02), (side * 0.09, -1.12)]
            figure.add(tube(horn, [0.02, 0.015, 0.002]), "pale" if side else "accent")
    for side in (-1, 1):
        figure.eye(side * 0.018, -0.925, 0.0055)


def _helm(figure: Figure) -> None:
    """A closed helm: a pointed skull, a dark slit for the eyes, plates at cheeks and throat."""
    skull = blob((0, -1.0), (0.05, -0.965), (0.058, -0.91), (0.045, -0.855), (-0.045, -0.855), (-0.058, -0.91))
    figure.add(skull, "metal", 1.0)
    for side in (-1, 1):
        slit = [(0.0, -0.925), (0.046, -0.94), (0.044, -0.912), (0.012, -0.905), (0.0, -0.86)]
        figure.add(points(*((side * x, y) for x, y in slit)), "dark", 0.2)
    figure.add(points((-0.008, -1.01), (0.008, -1.01), (0.006, -0.93), (-0.006, -0.93)), "pale", 0.5)
    for side in (-1, 1):
        cheek = [(0.014, -0.89), (0.052, -0.9), (0.042, -0.845), (0.012, -0.83)]
        figure.add(blob(*((side * x, y) for x, y in cheek)), "metal", 0.9)
    figure.add(tube([(-0.075, -0.835), (0, -0.815), (0.075, -0.835)], [0.02, 0.026, 0.02]), "metal")
