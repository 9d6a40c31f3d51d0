"""`deckport review`, from the night's flagged picture to another one, as a producer types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deckport_assets.cli import deckport
from deckport_assets.errors import Refused
from deckport_assets.settings import settings
from tests.catalog_source import card, write_source
from tests.fakes.comfyui import Switches, running


def type_(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(deckport, [str(word) for word in words])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def told(*words: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(type_(*words, "--json").stdout)
    return found


def test_a_flagged_picture_waits_is_rejected_taken_back_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_source(tmp_path, [card("alder-wolf"), card("briar-gate")])
    with running(tmp_path / "server", Switches(flat=1)) as fake:
        monkeypatch.setenv("DECKPORT_COMFYUI_SERVERS", fake.url)
        monkeypatch.setenv("DECKPORT_DAGSTER_PORT", "9")
        settings.cache_clear()
        type_("import", *source)
        made = type_("produce", "--yes")
        assert "1 card waits for review" in made.output
        (waiting,) = told("review")["waiting"]
        assert waiting["findings"] == ["It is blank, or nearly."]
        slug = waiting["card"]
        assert f"deckport review {slug} --approve" in type_("review").output

        assert told("review", slug, "--approve", "--by", "Ada")["judged"][0]["review"] == "approved"
        assert told("review") == {"waiting": []}
        assert f"deckport produce {slug}" in type_("review", slug, "--reject", "--seen", waiting["sha256"][:8]).output
        type_("review", slug, "--undo")
        assert len(told("review")["waiting"]) == 1
        assert told("produce", "--yes")["cards/artwork"]["made"] == 0, "what waits is not drawn anew"

        type_("review", "--all", "--reject")
        again = told("produce", "--yes")
        assert (again["cards/artwork"]["made"], again["cards/composite"]["made"]) == (1, 1)
        assert told("review") == {"waiting": []}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["alder-wolf"], "Say what you think"),
        (["--approve"], "Of which card"),
        (["--all", "--undo"], "--all means what waits"),
        (["alder-wolf", "--approve", "--asset", "composite"], "composite is not reviewed"),
        (["alder-wolf", "--approve"], "nothing to judge"),
        (["alder-wolf", "briar-gate", "--approve", "--seen", "abc"], "one file"),
        (["nobody", "--approve"], "There is no card"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], message: str, tmp_path: Path) -> None:
    type_("import", *write_source(tmp_path, [card("alder-wolf"), card("briar-gate")]))
    result = CliRunner().invoke(deckport, ["review", *words])
    assert isinstance(result.exception, Refused) and message in str(result.exception)
