"""`deckport comfyui check`: each server told with what it lacks, before a night is spent on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deckport_assets.cli import deckport
from deckport_assets.errors import MissingModel, Refused, TemplateError
from deckport_assets.settings import settings
from tests.catalog_source import card, write_source
from tests.fakes.comfyui import Switches, running


def checked(*servers: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("DECKPORT_COMFYUI_SERVERS", ",".join(servers))
    settings.cache_clear()
    return CliRunner().invoke(deckport, ["comfyui", "check", "--json"])


def test_what_a_server_lacks_is_told_by_node_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Switches(missing_models=frozenset({"ae.safetensors"}), missing_nodes=frozenset({"SaveVideo"}))
    with running(tmp_path / "one", lacking) as one, running(tmp_path / "two") as two:
        result = checked(one.url, two.url, monkeypatch=monkeypatch)
    told = json.loads(result.output)
    assert result.exit_code == 0, "one of the two can draw"
    assert told["able"] == {"card-art-flux": [two.url], "card-video-wan": [two.url]}
    lacks = told["servers"][0]["lacks"]
    assert "'ae.safetensors' is not on this server" in lacks["card-art-flux"][0]["message"]
    assert any("no node class 'SaveVideo'" in lack["message"] for lack in lacks["card-video-wan"])
    assert told["servers"][1]["version"] == "0.3.64" and told["servers"][1]["moves"]


def test_a_dead_worker_and_a_server_that_is_away_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path / "one", Switches(worker_dead=True)) as one:
        one.worker.put((0.0, "job", {}, {}, []))
        result = checked(one.url, "http://u:secret@127.0.0.1:9", monkeypatch=monkeypatch)
    told = json.loads(result.output)
    assert result.exit_code == 1
    assert [server["moves"] for server in told["servers"]] == [False, False]
    assert "connection refused" in told["servers"][1]["problem"]
    assert "secret" not in result.output


def test_one_that_is_away_does_not_keep_the_others_from_drawing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "one") as one:
        result = checked(one.url, "http://127.0.0.1:9", monkeypatch=monkeypatch)
    assert result.exit_code == 0 and "connection refused" in result.output


@pytest.mark.parametrize(
    ("values", "told"),
    [({"unet": "nope.safetensors"}, "'nope.safetensors' is not on this server"), ({"stepz": 4}, "no input 'stepz'")],
)
def test_what_would_fail_every_card_is_told_before_the_first(
    values: dict[str, object], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_source(tmp_path, [card("alder-wolf"), card("briar-gate")])
    with running(tmp_path / "one") as one:
        monkeypatch.setenv("DECKPORT_COMFYUI_SERVERS", one.url)
        monkeypatch.setenv("DECKPORT_COMFYUI_VALUES_ART", json.dumps(values))
        settings.cache_clear()
        assert CliRunner().invoke(deckport, ["import", *map(str, source)]).exit_code == 0
        result = CliRunner().invoke(deckport, ["produce", "--yes"])
        assert isinstance(result.exception, TemplateError | MissingModel) and told in str(result.exception)
        assert "POST /prompt" not in one.requests
    assert "Nothing has failed" in CliRunner().invoke(deckport, ["failures"]).output


def test_without_servers_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(deckport, ["comfyui", "check"])
    assert isinstance(result.exception, Refused) and "DECKPORT_COMFYUI_SERVERS" in result.exception.remedy
