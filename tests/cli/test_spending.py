"""What was spent, from the command line, and the way out of a sum that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deckport_assets import cli
from deckport_assets.catalog import ledger
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.ledger import Budgets, Call
from deckport_assets.settings import settings

Type = Callable[..., Result]


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """A terminal on a home of its own."""
    monkeypatch.setenv("DECKPORT_HOME", str(tmp_path / "var"))
    settings.cache_clear()

    def typed(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(cli.deckport, [str(word) for word in words])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    typed("costs")
    yield typed
    settings.cache_clear()


@pytest.fixture
def lost(type_: Type) -> int:
    """A call that may have cost 0.0041 dollars and was never answered."""
    database = Database(settings().catalog_url)
    with database.writing() as connection:
        number = ledger.reserve(connection, Call("claude", "cards/prompt", "moth", "run", 4_100), Budgets())
        ledger.sent(connection, number)
        ledger.lose(connection, number, "Claude took the request and did not answer (ReadTimeout).")
    database.close()
    return number


def test_costs_of_a_day_that_is_none_and_of_fewer_lines_than_one_are_refused(type_: Type) -> None:
    for words in (["--day", "yesterday"], ["--day", "2026-02-30"], ["--day", "20260131"]):
        refused = type_("costs", *words, code=2).stderr
        assert f"{words[1]!r}: expected a day as 2026-01-31." in refused
    for most in ("-3", "0"):
        assert "1<=x" in type_("costs", "--most", most, code=2).stderr
    assert "Nothing was paid for yet." in type_("costs", "--day", "2026-01-31", "--most", "1").stdout


def test_a_sum_that_nobody_knows_is_listed_until_a_person_says_what_it_was(type_: Type, lost: int) -> None:
    assert "1 unanswered, up to $0.0041" in type_("costs").output
    assert "ReadTimeout" in type_("costs", "unanswered").output
    assert "Booked. In all: $0.0031." in type_("costs", "settle", lost, "--usd", "0.0031").output
    assert "Every call was answered." in type_("costs", "unanswered").output
    assert "Booked. In all: $0.00." in type_("costs", "settle", lost, "--usd", "0").output, "it was none after all"


def test_a_sum_that_it_cannot_have_been_is_taken_only_on_a_second_word(type_: Type, lost: int) -> None:
    refused = CliRunner().invoke(cli.deckport, ["costs", "settle", str(lost), "--usd", "3.1"])
    assert "may have cost $0.0041 at most" in str(refused.exception)
    (call,) = json.loads(type_("costs", "unanswered", "--json").output)["unanswered"]
    assert (call["entry"], call["partition"]) == (lost, "moth")
    type_("costs", "settle", lost, "--usd", "0.004")
    again = CliRunner().invoke(cli.deckport, ["costs", "settle", str(lost), "--usd", "3.1"])
    assert "at most" in str(again.exception), "a correction too"
    type_("costs", "settle", lost, "--usd", "3.1", "--yes")
    assert json.loads(type_("costs", "--json").output)["budgets"]["total"]["spent_usd"] == 3.1


@pytest.mark.parametrize("usd", ["-1", "nan", "inf", "a cent", "0.0000004"])
def test_what_is_no_sum_is_refused(type_: Type, lost: int, usd: str) -> None:
    type_("costs", "settle", lost, "--usd", usd, code=2)
    assert "1 unanswered" in type_("costs").output
