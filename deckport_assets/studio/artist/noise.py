"""Noise: clouds, stone, cloth and mountains begin here.

Value noise with cubic interpolation, summed over octaves (fractal Brownian motion; Perlin, "An image synthesizer",
1985; Musgrave's ridged variant). Grids have a fixed number of cells whatever the picture's size, so that a small
picture shows the same world as a large one.
"""

from __future__ import annotations

import cv2
import numpy as np

from deckport_assets.studio.artist.canvas import Field
from deckport_assets.studio.artist.dice import Dice


def clouds(dice: Dice, shape: tuple[int, int], across: int, down: int, octaves: int = 5, gain: float = 0.5) -> Field:
    """Fractal noise from 0 to 1 with about `across` x `down` blobs in the lowest octave."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    weight, sum_of_weights = 1.0, 0.0
    for octave in range(octaves):
        cells = (max(2, down << octave) + 3, max(2, across << octave) + 3)
        if octave and cells[0] > height:
            break
        total += np.asarray(cv2.resize(dice.grid(*cells), (width, height), interpolation=cv2.INTER_CUBIC)) * weight
        sum_of_weights += weight
        weight *= gain
    total /= sum_of_weights
    return np.asarray(np.clip((total - 0.5) * 1.6 + 0.5, 0, 1), np.float32)


def ridges(dice: Dice, shape: tuple[int, int], across: int, down: int, octaves: int = 5) -> Field:
    """Noise with sharp crests from 0 to 1: veins, cracks, lightning."""
    return 1 - np.abs(clouds(dice, shape, across, down, octaves) * 2 - 1)


def swirled(field: Field, dice: Dice, reach: float) -> Field:
    """The field with every place moved by noise, at most about `reach` of the width (domain warping, Quilez)."""
    height, width = field.shape[:2]
    dx = (clouds(dice, (height, width), 3, 4, 3) - 0.5) * (reach * width * 2)
    dy = (clouds(dice, (height, width), 3, 4, 3) - 0.5) * (reach * width * 2)
    x = np.arange(width, dtype=np.float32)[None, :] + dx
    y = np.arange(height, dtype=np.float32)[:, None] + dy
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def profile(dice: Dice, count: int, waves: int, octaves: int = 6, gain: float = 0.5) -> Field:
    """A line of noise, `count` long, from 0 to 1."""
    x = np.linspace(0, 1, count, dtype=np.float64)
    total, weight, weights = np.zeros(count), 1.0, 0.0
    for octave in range(octaves):
        knots = (waves << octave) + 2
        values = dice.grid(knots).astype(np.float64)
        place = x * (knots - 2)
        left = place.astype(np.int64)
        part = place - left
        smooth = part * part * (3 - 2 * part)
        total += weight * (values[left] * (1 - smooth) + values[np.minimum(left + 1, knots - 1)] * smooth)
        weights += weight
        weight *= gain
    return (total / weights).astype(np.float32)
