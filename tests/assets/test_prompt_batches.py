"""Batches through Dagster: one is handed in, looked after by a sensor, collected, and its prompts published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from deckport_assets.assets.prompt_batches import COLLECT, HAND_IN
from deckport_assets.catalog import prompt_batches as batches
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.ledger import Budgets
from deckport_assets.catalog.prompt_batches import State
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.resources.claude import Claude, ClaudeWriter
from deckport_assets.schedules import write_missing_prompts
from deckport_assets.sensors.prompt_batches import prompt_batches
from deckport_assets.sensors.prompt_requests import written_prompts
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
def line(tmp_path: Path, instance: dg.DagsterInstance, database: Database, fake: FakeClaude) -> Pipeline:
    """Two cards without a prompt, and Claude."""
    pipeline = Pipeline(tmp_path / "var", instance, database)
    claude = Claude("sk-test", database.url, model="claude-haiku-5-5", base_url=fake.url, wait_s=5.0, most_retries=0)
    pipeline.given["writer"] = ClaudeWriter(claude, "Oil on canvas.")
    pipeline.bring_in([card(A), card(B)], [art("Nobody")])
    return pipeline


def run(line: Pipeline, job: str) -> dg.ExecuteInProcessResult:
    return line.definitions.resolve_job_def(job).execute_in_process(instance=line.instance, raise_on_error=False)


def tick(line: Pipeline, sensor: dg.SensorDefinition) -> dg.RunRequest | str:
    given = {"catalog": line.given["catalog"], "writer": line.given["writer"]}
    resources = {name: given[name] for name in sensor.required_resource_keys}
    with dg.build_sensor_context(line.instance, resources=resources) as context:
        (told,) = sensor(context)  # type: ignore[misc]
    return told if isinstance(told, dg.RunRequest) else str(told.skip_message)


def test_a_batch_is_handed_in_looked_after_collected_and_published(line: Pipeline, fake: FakeClaude) -> None:
    assert tick(line, prompt_batches) == "No batch is open."
    fake.switches.batch_seconds = 60.0
    assert run(line, HAND_IN).success
    assert tick(line, prompt_batches) == "batch 1: 0 of 2."
    (number,) = fake.batches
    fake.batches[number]["ready_at"] = 0.0
    asked = tick(line, prompt_batches)
    assert isinstance(asked, dg.RunRequest) and asked.run_key == "collect-0"
    assert run(line, COLLECT).success
    assert tick(line, prompt_batches) == "No batch is open."
    published = tick(line, written_prompts)
    assert isinstance(published, dg.RunRequest)
    assert line.run(A, B, assets=[PROMPT]).success and line.told(PROMPT) == {A, B}
    assert line.version(PROMPT, A).cost_microusd > 0


def test_a_card_that_a_batch_is_writing_waits_for_it_and_is_not_paid_twice(line: Pipeline, fake: FakeClaude) -> None:
    fake.switches.batch_seconds = 60.0
    run(line, HAND_IN)
    assert not line.run(A, assets=[PROMPT]).success
    assert fake.calls == 0 and line.failures() == []


def test_a_service_that_is_away_is_told_by_the_sensor_and_asked_again(line: Pipeline, fake: FakeClaude) -> None:
    run(line, HAND_IN)
    line.given["writer"].claude.base_url = "http://127.0.0.1:9"
    told = tick(line, prompt_batches)
    assert isinstance(told, str) and "cannot be reached" in told
    line.given["writer"].claude.base_url = fake.url
    with line.database.reading() as connection:
        assert batches.unfinished(connection)[0].cause.startswith("Claude cannot be reached")
    assert isinstance(tick(line, prompt_batches), dg.RunRequest)


def test_a_budget_that_reaches_for_nothing_ends_the_night_s_run_with_the_reason(line: Pipeline) -> None:
    line.given["writer"].claude.budgets = Budgets(day_microusd=1)
    assert run(line, HAND_IN).success
    with line.database.reading() as connection:
        assert batches.list_batches(connection) == []


def test_the_night_s_schedule_asks_only_when_something_is_missing(line: Pipeline) -> None:
    def at_night(real: frozenset[str]) -> dg.RunRequest | str:
        schedule = write_missing_prompts(real)
        moment = datetime(2026, 1, 31, 2, 30, tzinfo=UTC)
        resources = {"catalog": line.given["catalog"]}
        with dg.build_schedule_context(line.instance, moment, resources=resources) as context:
            told = schedule(context)
        return told if isinstance(told, dg.RunRequest) else str(told.skip_message)  # type: ignore[union-attr]

    assert "no ANTHROPIC_API_KEY" in str(at_night(frozenset()))
    assert isinstance(at_night(frozenset({PROMPT})), dg.RunRequest)
    run(line, HAND_IN)
    assert "somebody is writing it" in str(at_night(frozenset({PROMPT})))
    with line.database.reading() as connection:
        assert batches.unfinished(connection)[0].state is State.OPEN
