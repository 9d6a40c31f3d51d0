"""The job that drains the prompt queue: what is answered is the card's prompt asset, and Dagster knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as db

from deckport_assets.assets.prompt_batches import COLLECT, HAND_IN
from deckport_assets.assets.prompt_requests import CORRELATION_TAG, JOB
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.prompts import Origin, add_prompt, note_told, write_by_hand
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.standing import LANE_TAG, Lane
from deckport_assets.catalog.tables import ledger, prompts
from deckport_assets.drain import Drain
from deckport_assets.resources.claude import Claude, ClaudeWriter
from deckport_assets.sensors.prompt_requests import prompt_requests, written_prompts
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


def tick(line: Pipeline, sensor: dg.SensorDefinition = prompt_requests) -> list[dg.RunRequest]:
    with dg.build_sensor_context(line.instance, resources={"catalog": line.given["catalog"]}) as context:
        told = list(sensor(context))  # type: ignore[call-overload]
    return [each for each in told if isinstance(each, dg.RunRequest)]


def test_an_answer_becomes_the_card_s_prompt_and_dagster_knows(line: Pipeline) -> None:
    ask(line, A, B)
    assert drain(line).success
    assert line.told(PROMPT) == {A, B}
    made = line.version(PROMPT, A)
    assert (made.provider, made.model, made.draft, made.prompt_version) == ("claude", "claude-haiku-5-5", False, 1)
    assert made.cost_microusd > 0, "what it cost stands on the partition"
    assert line.check(PROMPT, A).passed
    assert tick(line, written_prompts) == [], "it has told already"
    event = line.instance.get_latest_materialization_event(dg.AssetKey(["cards", "prompt"]))
    tags = event.asset_materialization.tags  # type: ignore[union-attr]
    assert {name.partition("/")[2].partition("/")[0] for name in tags or {}} >= {
        "data_version",
        "code_version",
        "input_data_version",
        "input_event_pointer",
    }, "without them Dagster calls the partition unsynced"


@pytest.mark.filterwarnings("ignore:Asset job")
def test_a_code_server_can_load_every_job(line: Pipeline) -> None:
    """In process each job stands alone; a code server refuses them all when two share an op's or a graph's name."""
    jobs = line.definitions.get_repository_def().get_all_jobs()
    assert {JOB, HAND_IN, COLLECT} <= {job.name for job in jobs}


def test_the_asset_asks_claude_too_and_says_what_it_cost(line: Pipeline, fake: FakeClaude) -> None:
    assert line.run(A, assets=[PROMPT]).success
    made = line.version(PROMPT, A)
    assert made.provider == "claude" and made.cost_microusd > 0 and fake.calls == 1
    event = line.instance.get_latest_materialization_event(dg.AssetKey(["cards", "prompt"]))
    assert event.asset_materialization.metadata["cost_usd"].value > 0  # type: ignore[union-attr]
    assert line.run(A, assets=[PROMPT], tags={"deckport/redraw": "true"}).success
    assert fake.calls == 2, "who asks for another pays for another"


def test_what_a_run_had_written_is_fresh(line: Pipeline) -> None:
    line.run(A, assets=[PROMPT])
    assert line.standings(A)["prompt"] == "fresh"


def test_what_a_person_writes_while_claude_does_is_the_card_s_prompt(line: Pipeline, fake: FakeClaude) -> None:
    def slower_than_ada(body: dict[str, object]) -> str:
        with line.database.writing() as connection:
            write_by_hand(connection, A, "Alder Wolf, an azure wolf of willow and lamplight.", author="ada")
        return good_answer(body)

    fake.write = slower_than_ada  # type: ignore[assignment]
    assert line.run(A, assets=[PROMPT]).success
    assert (line.version(PROMPT, A).provider, line.standings(A)["prompt"]) == ("human", "fresh")


def test_a_run_takes_what_was_answered_between_its_look_and_its_call(
    line: Pipeline, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered_just_now(connection: db.Connection, card: str) -> bool:
        monkeypatch.undo()
        monkeypatch.setattr("deckport_assets.drain.LINGER_S", 0.0)
        Drain(line.database, line.given["writer"], "another run", lambda _: None, lambda *_: None).run()
        return False

    ask(line, A)
    monkeypatch.setattr("deckport_assets.assets.card_craft.being_written", lambda connection: set())
    monkeypatch.setattr("deckport_assets.assets.card_craft.being_answered", answered_just_now)
    assert line.run(A, assets=[PROMPT]).success
    assert fake.calls == 1 and line.standings(A)["prompt"] == "fresh"


def test_a_run_waits_for_the_request_that_is_being_answered_and_takes_its_answer(
    line: Pipeline, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()

    def look(connection: db.Connection, card: str) -> bool:
        answered = queue.being_answered(connection, card)
        looked.set()
        return answered

    monkeypatch.setattr("deckport_assets.assets.card_craft.being_answered", look)
    fake.write = lambda body: good_answer(body) if looked.wait(60) else ""  # type: ignore[arg-type]
    ask(line, A)
    with ThreadPoolExecutor(1) as pool:
        answering = pool.submit(
            Drain(line.database, line.given["writer"], "another run", lambda _: None, lambda *_: None, linger_s=0.0).run
        )
        while not fake.calls:
            assert not answering.done()
            time.sleep(0.01)
        assert line.run(A, assets=[PROMPT]).success
        assert answering.result().completed == 1 and fake.calls == 1
    assert line.version(PROMPT, A).provider == "claude" and line.standings(A)["prompt"] == "fresh"


def test_the_sensor_asks_for_a_run_only_when_something_waits_and_nobody_writes(line: Pipeline) -> None:
    assert tick(line) == []
    ask(line, A, priority=9)
    (asked,) = tick(line)
    assert (prompt_requests.job_name, asked.tags["dagster/priority"]) == (JOB, "9")
    drain(line)
    assert tick(line) == []
    ask(line, B)
    assert tick(line)[0].run_key != asked.run_key, "the same key would be skipped for ever"


def test_what_a_person_wrote_becomes_the_card_s_prompt_without_a_call(line: Pipeline, fake: FakeClaude) -> None:
    with line.database.writing() as connection:
        for slug in (A, B):
            add_prompt(connection, slug, Origin.HUMAN, f"The azure one that is called {slug}.", author="ada")
    (asked,) = tick(line, written_prompts)
    assert asked.tags["dagster/asset_partition_range_start"] == A and asked.tags[LANE_TAG] == Lane.PROMPTS
    assert [again.run_key for again in tick(line, written_prompts)] == [asked.run_key], "until a run has told"
    assert line.run(A, B, assets=[PROMPT]).success
    assert line.told(PROMPT) == {A, B} and fake.calls == 0
    assert tick(line, written_prompts) == []
    assert (line.version(PROMPT, A).provider, line.version(PROMPT, A).model) == ("human", "ada")


def test_an_answer_whose_run_was_killed_before_it_told_is_published(line: Pipeline) -> None:
    with line.database.writing() as connection:
        add_prompt(connection, A, Origin.MACHINE, "An azure wolf.", provider="claude")
    (asked,) = tick(line, written_prompts)
    assert asked.partition_key == A


def test_the_id_of_the_api_s_request_is_on_the_run_and_in_its_log(line: Pipeline, fake: FakeClaude) -> None:
    with line.database.writing() as connection:
        asked, _ = queue.enqueue(connection, card=A, requester="ada", correlation="asked-by-ada")
    run = drain(line).dagster_run
    assert line.instance.get_runs(dg.RunsFilter(tags={f"{CORRELATION_TAG}-{asked.id}": "asked-by-ada"}))
    ((_, _, _, headers),) = fake.requests
    assert headers["x-correlation-id"] == "asked-by-ada"
    log = [entry.user_message for entry in line.instance.all_logs(run.run_id)]
    assert any("asked-by-ada" in words and "written" in words for words in log)
    with line.database.reading() as connection:
        assert connection.execute(db.select(ledger.c.correlation)).scalar() == "asked-by-ada"


def test_what_a_killed_run_was_writing_is_written_by_the_next(line: Pipeline) -> None:
    ask(line, A)
    with line.database.writing() as connection:
        assert queue.claim(connection, "a run that never was") is not None
    tick(line)
    with line.database.reading() as connection:
        (waiting,) = queue.in_line(connection)
    assert (waiting.status, waiting.failures) == (queue.Status.QUEUED, 1)


def test_an_answer_that_does_not_count_makes_no_new_version_and_is_not_told_for_ever(
    line: Pipeline, fake: FakeClaude
) -> None:
    with line.database.writing() as connection:
        add_prompt(connection, A, Origin.HUMAN, "The azure one, by hand.", author="ada")
    assert line.run(A, assets=[PROMPT]).success
    before = line.version(PROMPT, A)
    with line.database.writing() as connection:
        queue.enqueue(connection, card=A, words="at dusk", requester="ada")
    assert drain(line).success and fake.calls == 1
    assert line.version(PROMPT, A) == before
    with line.database.reading() as connection:
        assert connection.execute(db.select(db.func.count()).where(prompts.c.told.is_(False))).scalar() == 0


def test_what_a_person_writes_while_another_version_is_told_is_told_next(line: Pipeline) -> None:
    with line.database.writing() as connection:
        add_prompt(connection, A, Origin.HUMAN, "The azure one, by hand.", author="ada")
    assert line.run(A, assets=[PROMPT]).success
    with line.database.writing() as connection:
        add_prompt(connection, A, Origin.HUMAN, "The azure one, by another hand.", author="ben")
        note_told(connection, {A: 1})
    (asked,) = tick(line, written_prompts)
    assert asked.partition_key == A
