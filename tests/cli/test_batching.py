"""Many prompts at a time from the command line: what it costs is said before, and where it stands after."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deckport_assets import cli
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.ledger import in_dollars
from deckport_assets.cli.speaking import open_catalog
from deckport_assets.errors import BadPrompt
from deckport_assets.settings import settings
from tests.catalog_source import art, card, write_source
from tests.fakes.claude import FakeClaude, running
from tests.test_drain import good_answer

SLUGS = ["alder-wolf", "briar-gate", "cinder-fox"]
Type = Callable[..., Result]


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    with running(good_answer) as service:  # type: ignore[arg-type]
        yield service


@pytest.fixture
def type_(tmp_path: Path, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """A terminal on a home of its own, three cards without a prompt in it, and Claude."""
    monkeypatch.setenv("DECKPORT_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
    settings.cache_clear()

    def typed(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(cli.deckport, [str(word) for word in words])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    typed("import", *write_source(tmp_path / "source", [card(slug) for slug in SLUGS], [art("Nobody")]))
    yield typed
    settings.cache_clear()


def test_missing_prompts_are_handed_in_as_one_batch_and_collected(type_: Type, fake: FakeClaude) -> None:
    handed_in = type_("prompts", "write", "--missing", "--batch", "--yes")
    assert "3 prompts: $" in handed_in.output and "are at Claude" in handed_in.output
    assert "3 of 3 done" not in type_("prompts", "batches").output
    assert "3 written" in type_("prompts", "batches", "--collect").output
    shown = json.loads(type_("prompts", "show", SLUGS[0], "--json").output)
    assert [prompt["origin"] for prompt in shown["prompts"]] == ["machine"]
    (batch,) = json.loads(type_("prompts", "batches", "--json").output)["batches"]
    assert batch["outcomes"] == {"written": 3} and batch["cost_usd"] > 0


def test_nothing_is_paid_without_a_word(type_: Type, fake: FakeClaude) -> None:
    refused = CliRunner().invoke(cli.deckport, ["prompts", "write", "--missing", "--batch"])
    assert "3 prompts: $" in str(refused.exception) and "--yes" in refused.exception.remedy  # type: ignore[union-attr]
    assert fake.requests == []


def test_without_batch_the_queue_is_asked_the_least_urgent_of_all(type_: Type) -> None:
    assert "3 requests wait" in type_("prompts", "write", "--missing", "--yes").output
    waiting = json.loads(type_("prompts", "queue", "--json").output)["requests"]
    assert {each["priority"] for each in waiting} == {1}


def test_an_estimate_tells_what_the_same_words_would_cost(type_: Type, fake: FakeClaude) -> None:
    full = json.loads(type_("estimate", "--assets", "prompt", "--json").output)
    half = json.loads(type_("estimate", "--assets", "prompt", "--batch", "--json").output)
    assert full["assets"][0]["calls"] == 3 and 0 < half["expected_usd"] < full["expected_usd"] < full["most_usd"]
    assert fake.requests == []
    words = type_("estimate").output
    assert "3 paid calls" in words and "none of it was ever made here" in words


def test_an_estimate_of_a_batch_counts_drafts_as_missing_as_the_batch_does(
    type_: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.delenv("ANTHROPIC_API_KEY")
        settings.cache_clear()
        type_("produce", "--assets", "prompt", "--yes")
    settings.cache_clear()
    told = json.loads(type_("estimate", "--assets", "prompt", "--batch", "--json").output)
    assert told["assets"][0]["calls"] == 3
    handed_in = type_("prompts", "write", "--missing", "--batch", "--yes").output
    assert f"3 prompts: {in_dollars(round(told['expected_usd'] * 1_000_000))} expected" in handed_in


def test_an_estimate_after_the_fact_is_what_it_cost(type_: Type) -> None:
    type_("prompts", "write", "--missing", "--batch", "--yes")
    type_("prompts", "batches", "--collect")
    (row,) = json.loads(type_("costs", "--by", "asset", "--json").output)["costs"]
    assert row["cost_microusd"] > 0 and row["calls"] == 3


def test_a_budget_that_would_be_crossed_is_named_before(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECKPORT_BUDGET_DAY_USD", "0.0001")
    settings.cache_clear()
    none = type_("estimate", "--assets", "prompt").output
    assert "DECKPORT_BUDGET_DAY_USD leaves $0.0001: one call may cost $" in none and "so none goes out." in none
    refused = CliRunner().invoke(cli.deckport, ["prompts", "write", "--missing", "--batch", "--yes"])
    assert "DECKPORT_BUDGET_DAY_USD" in str(refused.exception)
    monkeypatch.setenv("DECKPORT_BUDGET_DAY_USD", "0.003")
    settings.cache_clear()
    assert "DECKPORT_BUDGET_DAY_USD leaves $0.003: it stops there." in type_("estimate", "--assets", "prompt").output
    batch = type_("estimate", "--assets", "prompt", "--batch").output
    assert "DECKPORT_BUDGET_DAY_USD leaves $0.003: the batch is as large as that reaches." in batch
    assert "The budgets reach for 2 of 3 cards." in type_("prompts", "write", "--missing", "--batch", "--yes").stderr


def test_what_a_budget_kept_back_is_made_by_the_same_words_when_it_is_raised(
    type_: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DECKPORT_BUDGET_DAY_USD", "0.0001")
    settings.cache_clear()
    type_("produce", SLUGS[0], "--assets", "prompt", "--yes", code=1)
    assert "Raise DECKPORT_BUDGET_DAY_USD" in type_("failures").output
    monkeypatch.delenv("DECKPORT_BUDGET_DAY_USD")
    settings.cache_clear()
    type_("produce", SLUGS[0], "--assets", "prompt", "--yes")
    assert [each["origin"] for each in json.loads(type_("prompts", "show", SLUGS[0], "--json").output)["prompts"]]


def test_asking_again_for_all_that_failed_says_what_all_of_it_costs(type_: Type, fake: FakeClaude) -> None:
    for words in (["--text", "a poster"], [SLUGS[0], "--text", "at dusk"], [SLUGS[0]]):
        type_("prompts", "ask", *words)
    with open_catalog() as database, database.writing() as connection:
        while (request := queue.claim(connection, "run")) is not None:
            queue.fail(connection, request, BadPrompt("It breaks the rules."))
    refused = CliRunner().invoke(cli.deckport, ["prompts", "retry", "--failed"])
    assert "3 prompts: $" in str(refused.exception) and fake.requests == []
    assert type_("prompts", "retry", "--failed", "--yes").output.count("waits again") == 3


def test_a_batch_that_has_ended_is_not_cancelled_and_no_number_is_too_large_to_be_told(type_: Type) -> None:
    type_("prompts", "write", "--missing", "--batch", "--yes")
    type_("prompts", "batches", "--collect")
    refused = CliRunner().invoke(cli.deckport, ["prompts", "batches", "--cancel", "1"])
    assert "is collected" in str(refused.exception)
    for option in ("--cancel", "--give-up"):
        type_("prompts", "batches", option, "9" * 20, code=2)
