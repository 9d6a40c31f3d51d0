"""Four-legged beasts, with or without wings: figures about 1 long, feet at (0, 0), looking to the right."""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.figure import Figure, Stuff
from deckport_assets.studio.artist.outline import blob, points, tube


def leg(
    figure: Figure, x: float, hip: float, step: float, thick: float, behind: float, hind: bool, stuff: Stuff
) -> None:
    knee = (x + step * 0.35 + (-0.05 if hind else 0.03), hip * 0.52)
    ankle = (x + step * 0.8 + (0.03 if hind else -0.01), hip * 0.22)
    foot = (x + step, -0.02)
    figure.add(tube([(x, hip), knee, ankle, foot], [thick * 1.5, thick, thick * 0.6, thick * 0.62]), stuff, 0.8, behind)
    figure.add(
        blob(
            (foot[0] - thick * 0.7, -0.035),
            (foot[0] + thick * 1.2, -0.03),
            (foot[0] + thick * 1.5, 0.012),
            (foot[0] - thick * 0.7, 0.012),
        ),
        stuff,
        0.8,
        behind,
    )


def quadruped(d: Dice, words: str, winged: bool = False) -> Figure:
    """Wolf, lion, stag, boar or something between, standing or striding."""
    figure = Figure()
    bulk, neck_up = d.between(0.85, 1.25), d.between(0.1, 0.26)
    hip, shoulder = -d.between(0.46, 0.54), -d.between(0.52, 0.62)
    thick = 0.05 * bulk
    for x, step, hind in ((-0.3, d.between(-0.1, 0.1), True), (0.24, d.between(-0.1, 0.12), False)):
        leg(figure, x - 0.02, (hip if hind else shoulder) * 0.85, step + 0.08, thick, 0.3, hind, "dark")
    _tail(figure, d, hip)
    if winged:
        _side_wing(figure, d, 0.1, shoulder - 0.06, 0.3)
    back, belly = hip - 0.13 * bulk, -0.34
    body = blob(
        (-0.4, hip),
        (-0.3, back + 0.01),
        (-0.05, (back + shoulder) / 2 - 0.02),
        (0.2, shoulder - 0.14 * bulk),
        (0.35, shoulder),
        (0.3, belly - 0.03),
        (0.02, belly),
        (-0.24, belly - 0.05),
    )
    figure.add(body, "body", 0.9)
    head = (0.47, shoulder - neck_up)
    figure.add(
        tube([(0.2, shoulder), (0.34, shoulder - neck_up * 0.55), head], [0.17 * bulk, 0.13 * bulk, 0.085]), "body", 0.9
    )
    _hackles(figure, d, shoulder, head, bulk)
    for x, step, hind in ((-0.28, d.between(-0.14, 0.06), True), (0.26, d.between(-0.04, 0.16), False)):
        leg(figure, x, hip if hind else shoulder, step, thick * 1.1, 0.0, hind, "body")
    figure.add(
        blob((-0.36, hip + 0.08), (-0.33, hip - 0.08), (-0.2, hip - 0.06), (-0.17, hip + 0.12), (-0.26, hip + 0.2)),
        "body",
        0.9,
    )
    _muzzle(figure, d, words, *head)
    if winged:
        _side_wing(figure, d, 0.14, shoulder - 0.08, 0.0)
    return figure


def _tail(figure: Figure, d: Dice, hip: float) -> None:
    up = d.between(-0.3, 0.35)
    bushy = d.between(0.02, 0.075)
    figure.add(
        tube(
            [(-0.36, hip), (-0.52, hip - up * 0.3), (-0.62, hip - up), (-0.74, hip - up * 1.2)],
            [0.035, bushy, bushy, 0.004],
        ),
        "body",
        0.8,
        0.1,
    )


def _hackles(figure: Figure, d: Dice, shoulder: float, head: tuple[float, float], bulk: float) -> None:
    kind = d.pick(("fur", "fur", "spikes", "mane"))
    for t in np.linspace(0, 1, 9 if kind != "spikes" else 6):
        x, y = (
            0.02 + (head[0] - 0.06) * float(t),
            shoulder - 0.12 * bulk + (head[1] - shoulder + 0.06) * float(t) ** 1.4,
        )
        reach = d.between(0.07, 0.15) * (1.4 if kind == "mane" else 1.0)
        if kind == "spikes":
            figure.add(points((x - 0.03, y + 0.03), (x - 0.07, y - reach), (x + 0.03, y + 0.02)), "pale", 0.5)
        else:
            drop = 0.1 if kind == "mane" else -0.03
            figure.add(
                tube(
                    [(x, y + 0.04), (x - reach * 0.6, y + drop * 0.3), (x - reach * 1.3, y + drop)],
                    [0.045, 0.035, 0.002],
                ),
                "dark" if kind == "mane" else "body",
                0.8,
            )


def _muzzle(figure: Figure, d: Dice, words: str, x: float, y: float) -> None:
    """A head with an open or closed jaw, ears or horns, and a burning eye."""
    long, open_by = d.between(0.14, 0.22), d.between(0.0, 0.07)
    figure.add(
        blob(
            (x - 0.05, y + 0.04),
            (x + long * 0.6, y + 0.06 + open_by),
            (x + long * 0.95, y + 0.075 + open_by),
            (x + long * 0.5, y + 0.1 + open_by),
            (x - 0.02, y + 0.1),
        ),
        "dark",
        0.8,
    )
    for t in (0.45, 0.6, 0.75, 0.88):
        figure.add(
            points(
                (x + long * t - 0.01, y + 0.035),
                (x + long * t, y + 0.035 + 0.03 * min(1.0, open_by * 20 + 0.3)),
                (x + long * t + 0.01, y + 0.035),
            ),
            "pale",
            0.3,
        )
    figure.add(
        blob(
            (x - 0.09, y + 0.03),
            (x - 0.05, y - 0.075),
            (x + 0.06, y - 0.065),
            (x + long * 0.7, y - 0.02),
            (x + long, y + 0.005),
            (x + long * 0.95, y + 0.045),
            (x + 0.04, y + 0.065),
        ),
        "body",
        0.9,
    )
    crown = d.pick(("ears", "ears", "horns", "antlers"))
    for back in (0.035, 0.0):
        if crown == "ears":
            figure.add(
                points((x - 0.07 - back, y - 0.04), (x - 0.1 - back, y - 0.17), (x - 0.005 - back, y - 0.07)),
                "body",
                0.6,
                back * 3,
            )
        elif crown == "horns":
            figure.add(
                tube(
                    [(x - 0.02 - back, y - 0.06), (x - 0.1 - back, y - 0.16), (x - 0.02 - back, y - 0.26)],
                    [0.03, 0.022, 0.002],
                ),
                "pale",
                0.9,
                back * 3,
            )
        else:
            beam = [(x - 0.03 - back, y - 0.06), (x - 0.1 - back * 3, y - 0.2), (x - 0.02 - back * 4, y - 0.36)]
            figure.add(tube(beam, [0.018, 0.014, 0.003]), "pale", 0.9, back * 3)
            for t in (0.12, 0.2, 0.28):
                figure.add(
                    tube([(x - 0.08 - back * 3, y - t), (x + 0.02 - back * 3, y - t - 0.1)], [0.011, 0.002]),
                    "pale",
                    0.9,
                    back * 3,
                )
    figure.eye(x + 0.045, y - 0.018, 0.0085)


def _side_wing(figure: Figure, d: Dice, x: float, y: float, behind: float) -> None:
    rise, sweep = d.between(0.42, 0.6), d.between(0.1, 0.3)
    wrist = (x - 0.08 - behind * 0.4, y - rise)
    for row, (count, reach) in enumerate(((10, 0.72), (8, 0.42))):
        for t in np.linspace(0, 1, count):
            fx, fy = x + (wrist[0] - x) * float(t), y + (wrist[1] - y) * float(t)
            angle = -0.35 - sweep - 1.15 * float(t)
            length = reach * (0.55 + 0.45 * float(t))
            tip = (
                fx + length * float(np.sin(angle)),
                fy - length * float(np.cos(angle)) * 0.75 + 0.12 * (1 - float(t)),
            )
            figure.add(
                tube([(fx, fy), ((fx + tip[0]) / 2, (fy + tip[1]) / 2 - 0.03), tip], [0.03, 0.042, 0.008], 4),
                "pale" if row else "body",
                0.6,
                behind,
            )
    figure.add(
        tube([(x, y), ((x + wrist[0]) / 2 + 0.05, (y + wrist[1]) / 2), wrist], [0.06, 0.05, 0.025]), "body", 0.9, behind
    )
