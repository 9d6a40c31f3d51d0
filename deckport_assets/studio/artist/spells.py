"""Magic without a body: strikes and bursts, rituals and vortices, auras and runes, drawn in light.

Each paints straight into the canvas around a point; sizes are in units.
"""

from __future__ import annotations

import numpy as np

from deckport_assets.studio.artist.air import ribbon
from deckport_assets.studio.artist.canvas import TALL, Canvas, Points, soft, step
from deckport_assets.studio.artist.dice import Dice
from deckport_assets.studio.artist.noise import ridges, swirled
from deckport_assets.studio.artist.outline import arc, disc, points, spline, tube, turned
from deckport_assets.studio.artist.palette import Palette
from deckport_assets.studio.artist.runes import rune_circle


def slash(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """One to three crescents of light that part the air."""
    lean = d.between(0, 6.28)
    for i in range(d.whole(1, 3)):
        r, a = d.between(0.3, 0.44), lean + i * d.between(0.5, 1.1)
        outer, inner = arc(0, 0, r, r, -1.25, 1.25, 30), arc(-r * 0.42, 0, r * 1.12, r * 1.02, 0.98, -0.98, 30)
        crescent = turned(np.vstack([outer, inner]), a) * np.array([1, d.between(0.6, 1.0)]) + np.array([x, y])
        crescent -= np.array([np.cos(a), np.sin(a)]) * r * 0.45
        mask = canvas.stencil([crescent])
        canvas.shine(palette.accent, soft(mask, canvas.width_px * 0.02) * 0.9 + mask * 0.35)
        edge = (
            turned(arc(0, 0, r, r, -1.2, 1.2, 30), a) * np.array([1, 1])
            + np.array([x, y])
            - np.array([np.cos(a), np.sin(a)]) * r * 0.45
        )
        canvas.shine_lines([(edge, 0.007)], palette.light, 0.7, 0.012)
    _sparks(canvas, palette, x, y, 0.5, d)


def burst(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """An impact: rays and shards thrown outward."""
    rays = []
    for _ in range(d.whole(34, 60)):
        a, near, far = d.between(0, 6.28), d.between(0.03, 0.12), d.between(0.2, 0.75)
        c, s, w = float(np.cos(a)), float(np.sin(a)), d.between(0.002, 0.014)
        rays.append(
            points(
                (x + near * c - w * s, y + near * s + w * c),
                (x + far * c, y + far * s),
                (x + near * c + w * s, y + near * s - w * c),
            )
        )
    mask = canvas.stencil(rays)
    canvas.shine(palette.accent, soft(mask, canvas.width_px * 0.012) * 0.8 + mask * 0.5)
    away = canvas.far_from(x, y)
    canvas.shine(palette.light, np.exp(-((away / 0.09) ** 2)) * 1.1 + np.exp(-((away / 0.25) ** 2)) * 0.3)
    canvas.shine_lines(
        [(disc(x, y, r, r * d.between(0.35, 1.0), 60), 0.004) for r in (0.2, 0.34)],
        palette.spark,
        0.4,
        0.02,
        closed=True,
    )
    shards = []
    for _ in range(26):
        a, r, size = d.between(0, 6.28), d.between(0.12, 0.55), d.between(0.006, 0.03)
        shards.append(
            turned(
                disc(x + r * np.cos(a), y + r * np.sin(a), size, size * 0.45, d.whole(3, 5)),
                d.between(0, 3),
                (x + r * float(np.cos(a)), y + r * float(np.sin(a))),
            )
        )
    canvas.cover(palette.near, canvas.stencil(shards))
    _sparks(canvas, palette, x, y, 0.6, d)


def lance(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """A beam across the picture with its wake coiling about it."""
    a = d.sign() * d.between(0.35, 1.1) + (np.pi if d.chance(0.5) else 0)
    c, s = float(np.cos(a)), float(np.sin(a))
    beam = points(
        (x - c * 1.2 - s * 0.004, y - s * 1.2),
        (x + c * 0.2 - s * 0.035, y + s * 0.2 + c * 0.035),
        (x + c * 0.42, y + s * 0.42),
        (x + c * 0.2 + s * 0.035, y + s * 0.2 - c * 0.035),
    )
    mask = canvas.stencil([beam])
    canvas.shine(palette.accent, soft(mask, canvas.width_px * 0.03) * 1.6)
    canvas.shine(palette.light, mask * 0.7 + soft(mask, canvas.width_px * 0.008) * 0.6)
    coils = []
    for phase in (0.0, 2.1, 4.2):
        t = np.linspace(-0.7, 0.36, 70)
        wave = 0.075 * np.sin(t * d.between(18, 24) + phase) * np.clip(0.5 - t, 0, 1)
        coils.append((np.stack([x + c * t - s * wave, y + s * t + c * wave], axis=1), 0.004))
    canvas.shine_lines(coils, palette.spark, 0.6, 0.01)
    canvas.shine(palette.light, np.exp(-((canvas.far_from(x + c * 0.36, y + s * 0.36) / 0.08) ** 2)))
    _sparks(canvas, palette, x + c * 0.36, y + s * 0.36, 0.45, d)


def _sparks(canvas: Canvas, palette: Palette, x: float, y: float, reach: float, d: Dice) -> None:
    lines = []
    for _ in range(70):
        a, r = d.between(0, 6.28), reach * d.between(0.1, 1) ** 0.7
        c, s, w = float(np.cos(a)), float(np.sin(a)), d.between(0.004, 0.035)
        lines.append((points((x + r * c, y + r * s), (x + (r + w) * c, y + (r + w) * s + w * 0.2)), 0.0016))
    canvas.shine_lines(lines, palette.spark, 0.75, 0.004)


def vortex(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """A slow whirl in the sky with a bright heart (noise in log-polar coordinates)."""
    arms, twist, tilt = d.whole(2, 5), d.between(3.5, 7) * d.sign(), d.between(0.55, 1.0)
    dx, dy = canvas.x - x, (canvas.y - y) / tilt
    far = np.sqrt(dx * dx + dy * dy) + 1e-4
    angle = np.arctan2(np.broadcast_to(dy, canvas.shape), dx)
    spiral = 0.5 + 0.5 * np.sin(angle * arms + twist * np.log(far * 6))
    texture = swirled(ridges(d, canvas.shape, 5, 7, 4), d, 0.06)
    body = np.clip(spiral**2 * (0.25 + 0.95 * texture), 0, 1) * np.exp(-((far / 0.42) ** 2)) * step(far, 0.02, 0.12)
    canvas.cover(palette.zenith, np.clip((1 - spiral) * np.exp(-((far / 0.4) ** 2)) * 0.75, 0, 1))
    canvas.shine(palette.accent, body * 1.1)
    canvas.shine(palette.light, np.exp(-((far / 0.07) ** 2)) * 1.1 + body**3 * 0.5)
    rune_circle(canvas, palette.spark, x, y, d.between(0.2, 0.34), tilt, d.named("ring"), 0.35)


def ritual(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """A circle burning on the ground, a pillar of light over it, stones that rise."""
    flat, r = d.between(0.2, 0.34), d.between(0.34, 0.44)
    across = np.exp(-(((canvas.x - x) / d.between(0.05, 0.11)) ** 2)) * step(-canvas.y, -y - 0.02, -y + 0.05)
    canvas.shine(palette.accent, np.asarray(across * 0.55 * np.clip(0.35 + canvas.y / y * 0.65, 0, 1)))
    canvas.shine(palette.light, across**4 * 0.55)
    rune_circle(canvas, palette.accent, x, y, r, flat, d.named("outer"), 0.9)
    rune_circle(canvas, palette.spark, x, y - d.between(0.2, 0.4), r * 0.6, flat, d.named("upper"), 0.6)
    rune_circle(canvas, palette.spark, x, y - d.between(0.5, 0.7), r * 0.4, flat, d.named("top"), 0.5)
    stones = []
    for _ in range(d.whole(8, 16)):
        sx, sy, size = x + d.between(-0.4, 0.4), y - d.between(0.05, 0.7), d.between(0.008, 0.035)
        stones.append(turned(disc(sx, sy, size, size * 0.7, d.whole(5, 7)), d.between(0, 3), (sx, sy)))
    canvas.cover(palette.near, canvas.stencil(stones) * 0.95)


def grasp(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """Roots, tides or chains that rise from the ground and close over a light."""
    dark: list[Points] = []
    veins: list[tuple[Points, float]] = []
    count = d.whole(8, 13)
    for i in range(count):
        foot = x + (i / (count - 1) - 0.5) * 1.1 + d.between(-0.05, 0.05)
        side = 1 if foot < x else -1
        bow, high = d.between(0.03, 0.14), y - d.between(-0.05, 0.2)
        tip = (x - side * d.between(0.03, 0.22), high)
        curl = (tip[0] + side * d.between(0.04, 0.12), high + d.between(0.05, 0.12))
        places = [(foot, TALL + 0.02), (foot - side * bow, y + 0.36), (foot - side * bow * 0.4, y + 0.1), tip, curl]
        thick = d.between(0.02, 0.045)
        dark.append(tube(places, [thick * 1.4, thick, thick * 0.8, thick * 0.45, 0.002], 10))
        veins.append((spline(places, 10), 0.0022))
    away = canvas.far_from(x, y)
    canvas.shine(palette.accent, np.exp(-((away / 0.2) ** 2)) * 0.7)
    canvas.shine(palette.light, np.exp(-((away / 0.06) ** 2)))
    mask = canvas.stencil(dark)
    canvas.cover(palette.near, mask)
    canvas.hide(mask, 0.85)
    canvas.shine_lines([(outline, 0.0015) for outline in dark], palette.light, 0.25, 0.004)
    canvas.shine_lines(veins, palette.accent, 0.45, 0.008)
    _sparks(canvas, palette, x, y, 0.35, d)


def aura(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """Halos and petals of light around a heart."""
    petals, r = d.whole(5, 12), d.between(0.26, 0.38)
    shapes, edges = [], []
    for ring in range(2):
        for i in range(petals):
            a = (i + 0.5 * ring) * 6.2832 / petals + d.between(-0.04, 0.04)
            petal = tube(
                [(r * 0.2, 0), (r * (0.6 - 0.15 * ring), 0), (r * (1.15 - 0.3 * ring), 0)], [0.01, r * 0.2, 0.004], 8
            )
            petal = turned(petal, a) + np.array([x, y])
            shapes.append(petal)
            edges.append((petal, 0.0018))
    mask = canvas.stencil(shapes)
    canvas.shine(palette.accent, mask * 0.10 + soft(mask, canvas.width_px * 0.02) * 0.22)
    for k in (1.5, 0.72):
        rune_circle(canvas, palette.accent, x, y, r * k, 1.0, d.named(f"ring{k}"), 0.3)
    canvas.shine_lines(edges, palette.spark, 0.6, 0.006, closed=True)
    halos = [(disc(x, y, r * k, None, 90), 0.003) for k in (1.22, 1.3, 0.35)]
    canvas.shine_lines(halos, palette.light, 0.5, 0.015, closed=True)
    canvas.shine(palette.light, np.exp(-((canvas.far_from(x, y) / 0.06) ** 2)))


def ribbons(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """Bands of living energy that wind about a heart."""
    bands = [
        ribbon(d, x, y, d.between(0.3, 0.52), d.between(0.7, 1.5) * d.sign(), d.between(0.012, 0.03))
        for _ in range(d.whole(4, 7))
    ]
    for index, band in enumerate(bands):
        mask = canvas.stencil([band])
        colour = (palette.accent, palette.spark, palette.light)[index % 3]
        canvas.shine(colour, mask * 0.55 + soft(mask, canvas.width_px * 0.014) * 0.5)
    canvas.shine(palette.light, np.exp(-((canvas.far_from(x, y) / 0.08) ** 2)) * 1.1)
    _sparks(canvas, palette, x, y, 0.45, d)


def ward(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """A dome of hexagons that holds."""
    r, cell = d.between(0.34, 0.42), d.between(0.05, 0.075)
    lines = []
    for row in range(-9, 10):
        for column in range(-9, 10):
            hx, hy = (column + (row % 2) / 2) * cell * 1.732, row * cell * 1.5
            reach = float(np.hypot(hx, hy)) / r
            if reach < 0.97:
                bulge = 1 - 0.25 * reach**2
                lines.append(
                    (
                        disc(x + hx * (1.2 - 0.2 * bulge), y + hy, cell * bulge, None, 6, np.pi / 6),
                        0.0012 + 0.002 * reach**3,
                    )
                )
    canvas.shine_lines(lines, palette.accent, 0.5, 0.007, closed=True)
    far = canvas.far_from(x, y)
    shell = np.exp(-(((far - r) / 0.022) ** 2)) + 0.35 * np.clip(far / r, 0, 1) ** 4 * (far < r)
    canvas.shine(palette.accent, np.asarray(shell * 0.7))
    canvas.shine_lines([(arc(x, y, r, r, 3.5, 5.2, 50), 0.006)], palette.light, 0.7, 0.02)


def hex_mark(canvas: Canvas, palette: Palette, x: float, y: float, d: Dice) -> None:
    """A curse: thorns about a sigil, dark at its heart."""
    far = canvas.far_from(x, y)
    canvas.cover(palette.near, np.exp(-((far / 0.3) ** 2)) * 0.8)
    thorns, edges = [], []
    for i in range(d.whole(9, 15)):
        a = i * 6.2832 / 12 + d.between(-0.15, 0.15)
        spine = [(0.12, 0.0), (0.24, d.between(-0.09, 0.09)), (d.between(0.34, 0.5), d.between(-0.16, 0.16))]
        thorn = turned(tube(spine, [0.03, 0.02, 0.001], 8), a) + np.array([x, y])
        thorns.append(thorn)
        edges.append((thorn, 0.0018))
    canvas.cover(palette.near, canvas.stencil(thorns))
    canvas.shine_lines(edges, palette.accent, 0.65, 0.01, closed=True)
    rune_circle(canvas, palette.accent, x, y, d.between(0.16, 0.22), 1.0, d.named("sigil"), 0.9)
    eye = [points((x - 0.1, y), (x, y - 0.05), (x + 0.1, y), (x, y + 0.05), (x - 0.1, y))]
    canvas.shine_lines([(spline(line, 8), 0.005) for line in eye], palette.spark, 0.8, 0.012)
    canvas.shine_dots([(x, y, 0.02)], palette.light)
