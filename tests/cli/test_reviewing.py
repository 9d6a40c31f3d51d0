"""`deckport review`, from the night's flagged picture to another one, as a producer types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import Journal
from deckport_assets.cli import deckport
from deckport_assets.cli.keeping import held
from deckport_assets.errors import Refused
from deckport_assets.instance.home import open_instance
from deckport_assets.instance.launcher import is_over
from deckport_assets.settings import settings
from tests.catalog_source import card, write_source
from tests.fakes.comfyui import Switches, running
from tests.pipeline import last_check


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

        assert not check_of(slug).passed
        assert told("review", slug, "--approve", "--by", "Ada")["judged"][0]["review"] == "approved"
        assert check_of(slug).passed, "Dagster was told"
        assert told("review") == {"waiting": []}
        assert (
            f"deckport produce --rejected {slug}"
            in type_("review", slug, "--reject", "--seen", waiting["sha256"][:8]).output
        )
        type_("review", slug, "--undo")
        assert len(told("review")["waiting"]) == 1
        assert told("produce", "--yes")["cards/artwork"]["made"] == 0, "what waits is not drawn anew"

        long_ago = "2026-01-01T00:00:00+00:00"
        assert told("review", "--all", "--reject", "--until", long_ago) == {"judged": []}
        type_("review", "--all", "--reject")
        again = told("produce", "--rejected", "--yes")
        assert (again["cards/artwork"]["made"], again["cards/composite"]["made"]) == (1, 1)
        assert told("review") == {"waiting": []}

        type_("rollback", "artwork", slug)
        assert not check_of(slug).passed, "it speaks of the picture that was gone back to"


def check_of(slug: str) -> AssetCheckEvaluation:
    """What the artwork's check said of a card last."""
    with open_instance(settings()) as instance:
        return last_check(instance, "cards/artwork", slug)


def test_what_a_run_is_making_is_not_judged_nor_gone_back_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKPORT_DAGSTER_PORT", "9")
    settings.cache_clear()
    type_("import", *write_source(tmp_path, [card("alder-wolf")]))
    with open_instance(settings()) as instance:
        run = instance.create_run_for_job(nothing_to_do)
        database = Database(settings().catalog_url)
        journal = Journal(database, run.run_id)
        assert journal.claim(["cards/artwork"], ["alder-wolf"], lambda run_id: True)
        for words in (["review", "alder-wolf", "--approve"], ["rollback", "artwork", "alder-wolf"]):
            refused = CliRunner().invoke(deckport, words)
            assert isinstance(refused.exception, Refused) and "right now" in str(refused.exception)
        journal.release()
        with held(database, instance, "cards/artwork", ["alder-wolf"]) as mine:
            assert mine == {"alder-wolf"}
            assert not journal.claim(["cards/artwork"], ["alder-wolf"], is_over(instance)), "nor the other way round"
        assert is_over(instance)("person-1000000000-killed"), "whoever was killed holds nothing up for ever"
        database.close()
    refused = CliRunner().invoke(deckport, ["review", "alder-wolf", "--approve"])
    assert "nothing to judge" in str(refused.exception), "now it could be"


@dg.job
def nothing_to_do() -> None:
    """A run that is there."""


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
        (["alder-wolf", "--approve", "--reject"], "contradict each other"),
        (["alder-wolf", "--approve", "--until", "2026-01-01"], "--until belongs to --all"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], message: str, tmp_path: Path) -> None:
    type_("import", *write_source(tmp_path, [card("alder-wolf"), card("briar-gate")]))
    result = CliRunner().invoke(deckport, ["review", *words])
    assert isinstance(result.exception, Refused) and message in str(result.exception)
