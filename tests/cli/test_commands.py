"""The deckport command, as a producer types it: real processes of our own code, real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deckport_assets import cli
from deckport_assets.cli.producing import make_order, named_assets, the_rest_of
from deckport_assets.errors import DeckportError, Refused
from deckport_assets.settings import settings
from tests.catalog_source import art, card, write_source

Type = Callable[..., Result]


@pytest.fixture
def type_(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type a command; the embedded artist draws small. Nothing listens where Dagster's webserver would."""
    monkeypatch.setenv("DECKPORT_DAGSTER_PORT", "9")
    settings.cache_clear()
    import deckport_assets.definitions as definitions
    from deckport_assets.resources.embedded import EmbeddedArtist

    lively = definitions.live
    monkeypatch.setattr(
        definitions, "live", lambda s: lively(s) | {"artist": EmbeddedArtist(width_px=300, height_px=436)}
    )

    def type_(*words: object, code: int | None = 0) -> Result:
        result = CliRunner().invoke(cli.deckport, [str(word) for word in words])
        if code is not None:
            assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return type_


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_from_two_files_to_finished_cards_and_back(type_: Type, tmp_path: Path) -> None:
    source = write_source(tmp_path, [card("alder-wolf"), card("briar-gate")], [art("Alder Wolf"), art("Nobody")])

    assert told(type_("import", *source, "--json")) == {
        "cards": 2, "added": 2, "changed": 0, "unchanged": 0, "retired": 0, "rejected": 0,
        "with_prompt": 1, "without_prompt": 1, "art_without_card": 1,
    }  # fmt: skip
    produced = told(type_("produce", "--json"))
    assert set(produced) == {"cards/prompt", "cards/artwork", "cards/composite", "cards/frame", "cards/thumbnail"}
    assert all((c["made"], c["skipped"], c["failed"]) == (2, 0, 0) for c in produced.values())
    assert all(set(c) == {"made", "skipped", "failed", "seconds"} for c in produced.values())
    again = told(type_("produce", "--json"))
    assert all((c["made"], c["skipped"]) == (0, 2) for c in again.values())
    verified = told(type_("verify", "--json"))
    assert (verified["missing"], verified["damaged"], verified["orphans"]) == (0, 0, 0)

    redrawn = told(type_("produce", "azure-001", "--redraw", "--assets", "artwork,composite,thumbnail", "--json"))
    assert [redrawn[f"cards/{a}"]["made"] for a in ("artwork", "composite", "thumbnail")] == [1, 1, 1]
    type_("rollback", "artwork", "Alder Wolf")
    stale = told(type_("produce", "--stale", "--json"))
    assert (stale["cards/composite"]["made"], stale["cards/artwork"]["made"]) == (1, 0)
    asked = ("produce", "azure-001", "--redraw", "--assets", "artwork", "--json", "--since")
    long_ago, later = "2026-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00"
    assert told(type_(*asked, long_ago))["cards/artwork"]["made"] == 0, "this very order has it behind it"
    assert told(type_(*asked, later))["cards/artwork"]["made"] == 1
    assert "Removed 0 old versions" in type_("gc", "--yes").output


def test_a_failure_is_listed_with_its_way_out_and_tried_again(type_: Type, tmp_path: Path) -> None:
    cards = [card("alder-wolf"), card("briar-gate", category="HERO", rules_text="word " * 2000)]
    type_("import", *write_source(tmp_path, cards))

    produced = told(type_("produce", "--json", code=1))
    assert (produced["cards/composite"]["made"], produced["cards/composite"]["failed"]) == (1, 1)
    assert produced["cards/artwork"]["made"] == 2
    listed = told(type_("failures", "--asset", "composite", "--json"))["failures"]
    assert [f["partition"] for f in listed] == ["briar-gate"]
    assert "does not fit" in type_("failures").output

    cards[1]["rules_text"] = "Short."
    type_("import", *write_source(tmp_path, cards))
    retried = told(type_("retry", "--json"))
    assert {a: c["made"] for a, c in retried.items() if c["made"]} == {
        "cards/composite": 1, "cards/frame": 1, "cards/thumbnail": 1,
    }  # fmt: skip
    assert "Nothing has failed" in type_("failures").output


def test_a_lost_file_is_found_listed_and_made_again(type_: Type, tmp_path: Path) -> None:
    type_("import", *write_source(tmp_path, [card("alder-wolf")]))
    type_("produce", "--json")
    (lost,) = (tmp_path / "var" / "media" / "cards" / "frame" / "alder-wolf").iterdir()
    lost.unlink()

    assert told(type_("verify", "--repair", "--json", code=1))["missing"] == 1
    type_("retry", "--json")
    assert told(type_("verify", "--json"))["missing"] == 0
    assert lost.is_file()


def test_a_rejected_row_makes_the_import_say_so_with_its_exit_code(type_: Type, tmp_path: Path) -> None:
    source = write_source(tmp_path, [card("good"), card("bad", mana_color_code="MAUVE")])
    result = type_("import", *source, code=1)
    assert "cards_gameplay.csv:3 [mana_color_code] bad: MAUVE" in result.stderr
    assert "1 rows rejected" in result.stdout


def test_an_expected_error_is_a_sentence_and_a_way_out(
    type_: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["deckport", "import", str(tmp_path / "no.csv"), str(tmp_path / "no.csv")])
    with pytest.raises(SystemExit) as left:
        cli.main()
    said = capsys.readouterr().err
    assert left.value.code == 1
    assert said.startswith("Error: no.csv: No such file") and "Traceback" not in said


def test_words_that_are_not_utf_8_are_refused_with_what_was_typed(
    type_: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["deckport", "prompts", "ask", "--text", "moth \udcff at dusk"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    said = capsys.readouterr().err
    assert left.value.code == 1
    assert said.startswith("Error: Nothing was kept:") and "is not UTF-8" in said and "Traceback" not in said


def test_the_installed_command_leaves_with_the_code_that_it_means(tmp_path: Path) -> None:
    """As a script sees it: the process's own exit code, errors on the error stream, one object on the other."""
    source = [str(path) for path in write_source(tmp_path, [card("good"), card("bad", mana_color_code="MAUVE")])]
    environment = os.environ | {"DECKPORT_HOME": str(tmp_path / "var")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deckport_assets.cli.run", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    imported = run("import", *source, "--json")
    assert imported.returncode == 1
    assert json.loads(imported.stdout)["rejected"] == 1
    assert "cards_gameplay.csv:3" in imported.stderr
    refused = run("produce", "nobody", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["remedy"]
    assert run("settings").returncode == 0


def test_what_cannot_be_meant_is_refused(type_: Type) -> None:
    for words, what in (
        (("produce", "nobody"), "no card 'nobody'"),
        (("produce", "--assets", "composit"), "no asset composit"),
        (("produce", "--redraw"), "say what"),
        (("produce", "--drafts"), "none is configured"),
        (("produce", "--set", "nosuch"), "no set 'nosuch'"),
    ):
        result = type_(*words, code=None)
        assert isinstance(result.exception, DeckportError), result.output
        assert what in str(result.exception)
        assert result.exception.remedy


def test_a_wrong_setting_is_named(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKPORT_WORKERS", "9")
    settings.cache_clear()
    assert "DECKPORT_WORKERS" in str(type_("settings", code=None).exception)
    monkeypatch.setenv("DECKPORT_WORKERS", "2")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "nowhere")
    settings.cache_clear()
    assert str(type_("settings", code=None).exception).startswith("ANTHROPIC_BASE_URL: ")


def test_an_empty_budget_is_shown_empty_and_an_endless_one_refused(
    type_: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECKPORT_BUDGET_DAY_USD", "")
    settings.cache_clear()
    shown = type_("settings").output.splitlines()
    assert "DECKPORT_BUDGET_DAY_USD=" in shown and "DECKPORT_BUDGET_RUN_USD=" in shown
    assert told(type_("settings", "--json"))["DECKPORT_BUDGET_DAY_USD"] is None
    monkeypatch.setenv("DECKPORT_BUDGET_DAY_USD", "inf")
    settings.cache_clear()
    refused = type_("settings", code=None).exception
    assert isinstance(refused, Refused) and "DECKPORT_BUDGET_DAY_USD: Input should be a finite number" in str(refused)


def test_settings_never_show_a_password(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKPORT_DATABASE_URL", "postgresql://deckport:hunter2@localhost/deckport")
    settings.cache_clear()
    assert "hunter2" not in type_("settings").output + type_("settings", "--json").output + repr(settings())


@pytest.mark.parametrize("name", sorted(cli.deckport.commands))
def test_every_command_has_help_with_an_example(type_: Type, name: str) -> None:
    text = type_(name, "--help").output
    assert "Example" in text and f"deckport {name}" in text


def test_redraw_is_only_for_what_is_named() -> None:
    assert make_order("missing", True, named_assets("artwork,composite"), frozenset()).redraw == {"cards/artwork"}
    with pytest.raises(Refused):
        make_order("missing", True, named_assets(None), frozenset())


def test_a_stopped_redraw_goes_on_from_the_moment_it_was_asked_for() -> None:
    order = make_order("missing", True, ["cards/artwork"], frozenset(), "2026-11-21T10:00:00.123456+00:00")
    asked = {"card": ("sky-voyager",), "card_set": None, "colour": "azure", "rarity": None, "select": "all",
             "assets": "artwork", "yes": True}  # fmt: skip
    said = the_rest_of(asked, order)
    assert said == (
        "deckport produce sky-voyager --colour azure --all --redraw --assets artwork --yes "
        "--since 2026-11-21T10:00:00.123456+00:00"
    )
    assert the_rest_of(asked, make_order("missing", False, ["cards/artwork"], frozenset())) == "the same command"
    for redraw, since in ((False, "2026-11-21"), (True, "yesterday")):
        with pytest.raises(Refused, match="--since"):
            make_order("missing", redraw, ["cards/artwork"], frozenset(), since)


def test_a_designer_looks_a_theme_over_and_sees_it(type_: Type, tmp_path: Path) -> None:
    picture = tmp_path / "sheet.png"
    assert told(type_("theme", "check", "layers", "--json")) == {"theme": "layers", "flaws": []}
    assert told(type_("theme", "preview", "layers", "--out", picture, "--json"))["picture"] == str(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DeckportError, match="nowhere"):
        raise type_("theme", "check", "nowhere", code=None).exception or AssertionError("it was taken")
