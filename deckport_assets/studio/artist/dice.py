"""Choices by chance that are the same in every process: seeded by sha256, drawn from PCG64's plain doubles.

Only chance. Nothing here knows what is painted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def seed_of(*parts: object) -> int:
    """The first 53 bits of the sha256 of the parts: a whole number that JSON and JavaScript also hold exactly."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:7], "big") >> 3


class Dice:
    """A source of chance. `named` gives an independent one, so that a part does not move its neighbours."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._source = np.random.Generator(np.random.PCG64(seed))

    def named(self, name: str) -> Dice:
        return Dice(seed_of(self.seed, name))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self._source.random())

    def around(self, value: float, spread: float) -> float:
        """The value changed by at most the given part of it."""
        return value * self.between(1 - spread, 1 + spread)

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + min(int(self._source.random() * (high - low + 1)), high - low)

    def chance(self, part: float) -> bool:
        return float(self._source.random()) < part

    def sign(self) -> int:
        return 1 if self.chance(0.5) else -1

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.whole(0, len(choices) - 1)]

    def grid(self, *shape: int) -> NDArray[np.float32]:
        """Values from 0 to 1 in the given shape."""
        return self._source.random(shape).astype(np.float32)
