"""`deckport up`, as far as it goes before its services start: the first key."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.keys import key_of, list_keys, revoke_key
from deckport_assets.cli import deckport
from deckport_assets.cli.prompting import first_key, who_is_here
from deckport_assets.instance.supervisor import Supervisor
from deckport_assets.settings import settings


@pytest.fixture
def no_services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The services themselves are not started, and nobody's ports are looked at."""
    monkeypatch.setattr(Supervisor, "run", lambda _: 0)
    monkeypatch.setattr("deckport_assets.cli.serving._require_free", lambda *_: None)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "restored after the test"))


def up(*words: str) -> str:
    result = CliRunner().invoke(deckport, ["up", *words])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def test_the_first_up_prints_a_key_for_who_sits_here_and_later_ones_do_not(no_services: None) -> None:
    first = up()
    found = re.search(r"dk_\S+", first)
    assert found and "http://127.0.0.1:8000/prompts" in first
    database = Database(settings().catalog_url)
    with database.writing() as connection:
        key = key_of(connection, found.group())
        assert key is not None and (key.name, key.scope) == (who_is_here(), "prompts")
        revoke_key(connection, key.name)
    assert "dk_" not in up() and json.loads(up("--json"))["key"] is None, "not even when it was revoked"
    with database.reading() as connection:
        assert len(list_keys(connection)) == 1
    database.close()


def test_without_tables_there_is_no_key(tmp_path: Path) -> None:
    bare = Database(f"sqlite:///{tmp_path / 'bare.db'}")
    assert first_key(bare) is None
    bare.close()


def test_a_key_that_cannot_be_made_is_said_and_stops_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deckport_assets.cli.prompting.who_is_here", lambda: "x" * 99)
    assert first_key(database) is None
    told = capsys.readouterr().err
    assert "could not be made" in told and "deckport keys add NAME" in told
    with database.reading() as connection:
        assert list_keys(connection) == []
