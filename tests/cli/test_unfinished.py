"""A redraw that was killed: the same command goes on with it, and draws nothing a second time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deckport_assets.cli import deckport
from deckport_assets.cli.unfinished import FOLDER, Redraw
from deckport_assets.errors import Damaged
from deckport_assets.settings import settings
from tests.catalog_source import card, write_source
from tests.fakes.comfyui import Switches, running

MOMENT = datetime(2026, 1, 31, 20, 15, tzinfo=UTC)


def made(*words: str) -> tuple[dict[str, Any], str]:
    """How many of each asset were made, and what was said beside."""
    result = CliRunner().invoke(deckport, ["produce", *words, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return {asset: count["made"] for asset, count in json.loads(result.stdout).items()}, result.stderr


def test_the_same_command_goes_on_with_a_redraw_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "server", Switches()) as fake:
        monkeypatch.setenv("DECKPORT_COMFYUI_SERVERS", fake.url)
        monkeypatch.setenv("DECKPORT_DAGSTER_PORT", "9")
        settings.cache_clear()
        source = write_source(tmp_path, [card("alder-wolf"), card("briar-gate")])
        assert CliRunner().invoke(deckport, ["import", *map(str, source)]).exit_code == 0
        made("--yes", "--assets", "prompt,artwork")
        asked = ["--redraw", "--assets", "artwork", "--yes"]
        before = datetime.now(UTC)
        made("alder-wolf", *asked)
        assert not list((settings().home / FOLDER).iterdir()), "it has ended"

        # As a kill leaves it: one of two is drawn, and the note is there.
        both = Redraw(settings().home, ["briar-gate", "alder-wolf"], ["cards/artwork"])
        both.begin(before)
        counts, said = made("AZURE-002", "azure-001", *asked)
        assert counts["cards/artwork"] == 1 and "goes on with the redraw" in said and "--anew" in said
        assert len(fake.worker.done) == 4
        counts, said = made(*asked)
        assert counts["cards/artwork"] == 2 and said == "", "that one has ended: this is another"
        both.begin(before)
        assert made(*asked, "--anew")[0]["cards/artwork"] == 2

        fake.switches.node_fails = "VAEDecode"
        assert CliRunner().invoke(deckport, ["produce", *asked]).exit_code == 1
        fake.switches.node_fails = ""
        assert "goes on with the redraw" in made(*asked)[1], "what has failed is still to be drawn"


def test_a_note_that_cannot_be_read_draws_nothing_a_second_time(tmp_path: Path) -> None:
    note = Redraw(tmp_path, ["moth"], ["cards/artwork"])
    assert note.asked_at() is None
    note.begin(MOMENT)
    assert note.asked_at() == MOMENT
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_text(file.read_text()[:12])
    with pytest.raises(Damaged, match="when this redraw was asked for") as broken:
        note.asked_at()
    assert "--since" in broken.value.remedy and "--anew" in broken.value.remedy
    note.end()
    assert note.asked_at() is None
