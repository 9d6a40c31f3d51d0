"""The job that drains the prompt queue: what is answered is the card's prompt asset, and Dagster knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from deckport_assets.assets.prompt_requests import JOB
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.resources.claude import Claude, ClaudeWriter
from deckport_assets.sensors.prompt_requests import PUBLISH, prompt_requests
from tests.catalog_source import art, card
from tests.fakes.claude import FakeClaude, running
from tests.pipeline import Pipeline
from tests.test_drain import good_answer

A, B = "alder-wolf", "briar-gate"


@pytest.fixture
def catalog_url(tmp_path: Path) -> str:
    """SQLite alone here."""
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    with running(good_answer) as service:  # type: ignore[arg-type]
        yield service


@pytest.fixture
def line(
    tmp_path: Path, instance: dg.DagsterInstance, database: Database, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """Two cards without a prompt, and Claude."""
    monkeypatch.setattr("deckport_assets.drain.LINGER_S", 0.0)
    pipeline = Pipeline(tmp_path / "var", instance, database)
    claude = Claude("sk-test", database.url, model="claude-haiku-5-5", base_url=fake.url, wait_s=5.0)
    pipeline.given["writer"] = ClaudeWriter(claude, "Oil on canvas.")
    pipeline.bring_in([card(A), card(B)], [art("Nobody")])
    return pipeline


def ask(line: Pipeline, *slugs: str, priority: int = 5) -> None:
    with line.database.writing() as connection:
        for slug in slugs:
            queue.enqueue(connection, card=slug, priority=priority, requester="ada")


def drain(line: Pipeline) -> dg.ExecuteInProcessResult:
    return line.definitions.resolve_job_def(JOB).execute_in_process(instance=line.instance, raise_on_error=False)


def tick(line: Pipeline) -> list[dg.RunRequest]:
    with dg.build_sensor_context(line.instance, resources={"catalog": line.given["catalog"]}) as context:
        told = list(prompt_requests()(context))  # type: ignore[call-overload]
    return [each for each in told if isinstance(each, dg.RunRequest)]


def test_an_answer_becomes_the_card_s_prompt_and_dagster_knows(line: Pipeline) -> None:
    ask(line, A, B)
    assert drain(line).success
    assert line.told(PROMPT) == {A, B}
    made = line.version(PROMPT, A)
    assert (made.provider, made.draft, made.prompt_version) == ("machine", False, 1)
    assert line.check(PROMPT, A).passed


def test_the_asset_asks_claude_too_and_says_what_it_cost(line: Pipeline, fake: FakeClaude) -> None:
    assert line.run(A, assets=[PROMPT]).success
    made = line.version(PROMPT, A)
    assert made.provider == "claude" and made.cost_microusd > 0 and fake.calls == 1
    event = line.instance.get_latest_materialization_event(dg.AssetKey(["cards", "prompt"]))
    assert event.asset_materialization.metadata["cost_usd"].value > 0  # type: ignore[union-attr]


def test_the_sensor_asks_for_a_run_only_when_something_waits_and_nobody_writes(line: Pipeline) -> None:
    assert tick(line) == []
    ask(line, A, priority=9)
    (asked,) = tick(line)
    assert (asked.job_name, asked.tags["dagster/priority"]) == (JOB, "9")
    drain(line)
    assert tick(line) == []
    ask(line, B)
    assert tick(line)[0].run_key != asked.run_key, "the same key would be skipped for ever"


def test_an_answer_that_dagster_was_not_told_of_is_published(line: Pipeline) -> None:
    ask(line, A)
    with line.database.writing() as connection:
        taken = queue.claim(connection, "killed")
        assert taken is not None
        queue.complete(connection, taken, prompt_version=1, answer={})
    (asked,) = tick(line)
    assert (asked.job_name, asked.partition_key) == (PUBLISH, A)
    assert tick(line) == [], "once"


def test_what_a_killed_run_was_writing_is_written_by_the_next(line: Pipeline) -> None:
    ask(line, A)
    with line.database.writing() as connection:
        assert queue.claim(connection, "a run that never was") is not None
    tick(line)
    with line.database.reading() as connection:
        (waiting,) = queue.in_line(connection)
    assert (waiting.status, waiting.failures) == (queue.Status.QUEUED, 1)
