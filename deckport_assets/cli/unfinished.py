"""Redraws that were asked for and have not ended: who asks for the same goes on with them, whatever stopped them.

Without this, a redraw that was killed would draw once more what it had drawn: only its moment tells what is behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from deckport_assets.errors import Damaged
from deckport_assets.media import whole_file

FOLDER = "redraws"


class Redraw:
    """One redraw: of these assets of these cards, however they were spelled."""

    def __init__(self, home: Path, slugs: Iterable[str], assets: Iterable[str]) -> None:
        self._what = {"assets": sorted(assets), "cards": sorted(slugs)}
        digest = hashlib.sha256(json.dumps(self._what).encode()).hexdigest()
        self._file = home / FOLDER / f"{digest[:16]}.json"

    def asked_at(self) -> datetime | None:
        """When it was asked for, if it has not ended since. Raises Damaged when its note cannot be read: to begin anew
        would pay once more for what was drawn."""
        try:
            told = json.loads(self._file.read_text())
            return datetime.fromisoformat(told["asked_at"]).astimezone(UTC)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise Damaged(
                f"{self._file} does not say any more when this redraw was asked for.",
                remedy="Say it with --since, or begin another one with --anew.",
            ) from None

    def begin(self, asked_at: datetime) -> None:
        """It is being worked at."""
        with whole_file(self._file) as file:
            file.write(json.dumps({"asked_at": asked_at.isoformat(), **self._what}).encode())

    def end(self) -> None:
        """Nothing of it is left to do."""
        self._file.unlink(missing_ok=True)
