"""Redraws that were asked for and have not ended: the same command goes on with them, whatever stopped it.

Without this, a redraw that was killed would draw once more what it had drawn: only its moment tells what is behind it.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "redraws"


class Redraw:
    """One redraw, by the words of its command without --since and --anew."""

    def __init__(self, home: Path, words: str) -> None:
        self.words = words
        self._file = home / FOLDER / f"{hashlib.sha256(words.encode()).hexdigest()[:16]}.json"

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
            json.dump({"asked_at": asked_at.isoformat(), "command": self.words}, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._file)

    def end(self) -> None:
        """Nothing of it is left to do."""
        self._file.unlink(missing_ok=True)
