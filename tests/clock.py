"""A clock for tests that is set forward by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from deckport_assets.catalog.database import now


class Clock:
    """A clock that is set forward by hand: no test waits."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
