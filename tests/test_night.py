"""The night's backfill with Dagster's real daemon, code server and webserver, and with kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.drawing import free_port


@pytest.mark.daemon
def test_a_night_with_kills_keeps_every_promise(tmp_path: Path) -> None:
    """The measurement of benchmarks/night.py in small: one card fails, run, daemon and code server are killed."""
    environment = os.environ | {
        "DECKPORT_HOME": str(tmp_path / "var"),
        "DECKPORT_DAGSTER_PORT": str(free_port()),
        "DECKPORT_CODE_PORT": str(free_port()),
        "NIGHT_WIDTH_PX": "300",
        "NIGHT_HEIGHT_PX": "436",
    }
    command = [sys.executable, "-m", "benchmarks.night", "--cards", "60", "--kills", "3", "--hours-at-most", "0.2"]

    night = subprocess.run(
        command, cwd=Path(__file__).parents[1], env=environment, capture_output=True, text=True, check=False
    )

    said = night.stdout[night.stdout.find("\n{") :] if "\n{" in night.stdout else ""
    assert said, night.stdout[-3000:] + night.stderr[-3000:]
    found = json.loads(said)
    assert found["broken promises"] == []
    assert all(found["promises"].values())
    assert night.returncode == 0
