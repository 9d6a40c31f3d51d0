"""Redraws that were asked for and have not ended: who asks for the same goes on with them, whatever stopped them.

Without this, a redraw that was killed would draw once more what it had drawn: only its moment tells what is behind it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "redraws"


class Redraw:
    """One redraw: of these assets of these cards, however they were spelled."""

    def __init__(self, home: Path, slugs: Iterable[str], assets: Iterable[str]) -> None:
        self._what = {"assets": sorted(assets), "cards": sorted(slugs)}
        digest = hashlib.sha256(json.dumps(self._what).encode()).hexdigest()
        self._file = home / FOLDER / f"{digest[:16]}.json"

    def asked_at(self) -> datetime | None:
        """When it was asked for, if it has not ended since."""
        try:
            told = json.loads(self._file.read_text())
            return datetime.fromisoformat(told["asked_at"]).astimezone(UTC)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):  # half a file of a power cut: what it said is lost
            self._file.unlink()
            return None

    def begin(self, asked_at: datetime) -> None:
        """It is being worked at."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".part")
        with beside.open("w") as file:
            json.dump({"asked_at": asked_at.isoformat(), **self._what}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)

    def end(self) -> None:
        """Nothing of it is left to do."""
        self._file.unlink(missing_ok=True)
