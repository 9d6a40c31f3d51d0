"""Settings: what is misspelt is said, what is secret is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from deckport_assets.settings import Settings, misspelt


def test_a_name_that_is_no_setting_is_told_with_the_nearest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("DECKPORT_THEMES=deckport\nOTHER=1\n")
    monkeypatch.setenv("DECKPORT_WORKRES", "8")
    monkeypatch.setenv("DECKPORT_HOME", str(tmp_path))

    assert misspelt() == {"DECKPORT_WORKRES": "DECKPORT_WORKERS", "DECKPORT_THEMES": "DECKPORT_THEME"}


def test_a_password_is_not_shown() -> None:
    shown = Settings(database_url="postgresql://deck:secret@db/deckport").masked()

    assert shown["DECKPORT_DATABASE_URL"] == "postgresql://***@db/deckport"


def test_a_password_in_a_query_is_not_shown_either() -> None:
    shown = Settings(database_url="postgresql://db/deckport?user=deck&password=secret&sslmode=require").masked()

    assert shown["DECKPORT_DATABASE_URL"] == "postgresql://db/deckport?user=deck&password=***&sslmode=require"


@pytest.mark.parametrize("name", ["DECKPORT_DAGSTER_URL", "ANTHROPIC_BASE_URL"])
@pytest.mark.parametrize("address", ["http://joe:S3cret@host", "joe:S3cret@host", "host", "http://host:port"])
def test_an_address_that_is_shown_or_logged_holds_no_login(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(ValueError, match="without a user and a password") as told:
        Settings()
    assert "S3cret" not in str(told.value)


@pytest.mark.parametrize("address", ["joe:S3cret@host:8188", "ftp://joe:S3cret@host", "http://joe:S3cret@host:port"])
def test_an_address_that_is_none_is_told_without_its_password(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKPORT_COMFYUI_SERVERS", address)
    with pytest.raises(ValueError, match="expected http://host:8188") as told:
        Settings()
    assert "S3cret" not in str(told.value)


@pytest.mark.parametrize("words", ["nonsense", "[1]", '{"steps": true}', '{"steps": {"a": 1}}'])
def test_values_for_a_workflow_are_texts_and_numbers_by_name(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKPORT_COMFYUI_VALUES_ART", words)
    with pytest.raises(ValueError, match="expected an object of texts and numbers as JSON"):
        Settings()


BUDGETS = ["DECKPORT_BUDGET_DAY_USD", "DECKPORT_BUDGET_RUN_USD", "DECKPORT_BUDGET_TOTAL_USD"]


@pytest.mark.parametrize("name", BUDGETS)
def test_an_empty_budget_is_no_limit(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"{name}=\n")
    assert Settings().masked()[name] is None
    monkeypatch.setenv(name, " ")
    assert Settings().masked()[name] is None
    monkeypatch.setenv(name, "0")
    assert Settings().masked()[name] == 0, "nothing may be spent: that is a limit"


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.parametrize("amount", ["inf", "-inf", "nan", "1e308"])
def test_a_budget_is_an_amount(name: str, amount: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, amount)
    with pytest.raises(ValueError, match=r"finite number|than or equal to"):
        Settings()
