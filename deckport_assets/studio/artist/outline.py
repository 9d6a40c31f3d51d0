"""Outlines: the curves from which bodies, towers and blades are put together. Points in, points out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deckport_assets.studio.artist.canvas import Points

Place = tuple[float, float]


def points(*places: Place) -> Points:
    return np.array(places, np.float64)


def spline(places: Sequence[Place] | Points, samples: int = 8, closed: bool = False) -> Points:
    """A smooth curve through the places (Catmull-Rom), with `samples` points from one to the next."""
    known = np.asarray(places, np.float64)
    if closed:
        known = np.vstack([known[-1], known, known[0], known[1]])
    else:
        known = np.vstack([2 * known[0] - known[1], known, 2 * known[-1] - known[-2]])
    t = np.linspace(0, 1, samples, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(known, known[1:], known[2:], known[3:], strict=False):
        pieces.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    if not closed:
        pieces.append(known[-2][None, :])
    return np.vstack(pieces)


def blob(*places: Place, samples: int = 6) -> Points:
    """A smooth closed outline through the places."""
    return spline(places, samples, closed=True)


def tube(places: Sequence[Place], radii: Sequence[float], samples: int = 6) -> Points:
    """The outline of a limb: a smooth line that is as thick as the radii say, with rounded ends."""
    middle = spline(places, samples)
    at = np.linspace(0, len(places) - 1, len(middle))
    thick = np.interp(at, np.linspace(0, len(places) - 1, len(radii)), radii)
    along = np.gradient(middle, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * thick[:, None]
    start = _cap(middle[0], across[0], -along[0] * thick[0])
    end = _cap(middle[-1], -across[-1], along[-1] * thick[-1])
    return np.vstack([middle + across, end[::-1], (middle - across)[::-1], start[::-1]])


def _cap(centre: Points, side: Points, out: Points) -> Points:
    angles = np.linspace(-0.9, 0.9, 5)[:, None] * (np.pi / 2)
    return np.asarray(centre + np.sin(angles) * side + np.cos(angles) * out)


def disc(x: float, y: float, rx: float, ry: float | None = None, corners: int = 28, turn: float = 0.0) -> Points:
    """An ellipse, or a regular polygon where few corners are asked for; `turn` in radians."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + turn
    return np.stack([x + rx * np.cos(angle), y + (rx if ry is None else ry) * np.sin(angle)], axis=1)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, samples: int = 24) -> Points:
    """A part of an ellipse between two angles in radians."""
    angle = np.linspace(start, end, samples)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def star(x: float, y: float, outer: float, inner: float, spikes: int, turn: float = 0.0) -> Points:
    angle = np.linspace(0, 2 * np.pi, spikes * 2, endpoint=False) + turn
    reach = np.where(np.arange(spikes * 2) % 2 == 0, outer, inner)
    return np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=1)


def mirrored(outline: Points, x: float = 0.0) -> Points:
    return np.asarray(outline * np.array([-1.0, 1.0]) + np.array([2 * x, 0.0]))


def turned(outline: Points, radians: float, about: Place = (0.0, 0.0)) -> Points:
    c, s = np.cos(radians), np.sin(radians)
    return np.asarray((outline - about) @ np.array([[c, s], [-s, c]]) + about)


def placed(outline: Points, x: float, y: float, size: float, flip: int = 1) -> Points:
    """An outline in its own units (origin at its feet, about 1 tall) set into the picture."""
    return np.asarray(outline * np.array([size * flip, size]) + np.array([x, y]))
