"""Draining the prompt queue: the urgent first, one answer each, and nothing lost when something ends it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as db

from deckport_assets.bulk_writing import BulkWriting
from deckport_assets.catalog import ledger, services
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.cards import cards_by_slug
from deckport_assets.catalog.database import Database, now
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import Journal
from deckport_assets.catalog.ledger import Budgets, Call, spent
from deckport_assets.catalog.prompt_queue import Request, Status
from deckport_assets.catalog.prompts import Origin, StoredPrompt, add_prompt, prompt_versions
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.tables import in_flight, prompt_requests
from deckport_assets.drain import Drain, Tally
from deckport_assets.errors import Refused, StorageFull
from deckport_assets.resources.claude.service import Claude
from deckport_assets.resources.claude.writing import ClaudeWriter
from deckport_assets.resources.embedded import EmbeddedWriter
from deckport_assets.resources.providers import Beside, Occasion
from tests.catalog_source import art, card, write_source
from tests.clock import Clock
from tests.fakes.claude import FakeClaude, Switches, running

SLUGS = [f"card-{n:03d}" for n in range(6)]
Open = Callable[..., ClaudeWriter]


def good_answer(body: dict[str, object]) -> str:
    """What a model that keeps the rules answers for the card that it is asked about."""
    words = str(body["messages"][0]["content"])  # type: ignore[index]
    told = json.loads(words.split("<card>")[1].split("</card>")[0]) if "<card>" in words else {"name": "Arena"}
    name, colour = told["name"], told.get("colour", "aether").lower()
    text = (
        f"{name}, an {colour} creature of brass and pale silk, lands on the rim of a broken orrery under a sky of "
        f"folded starlight; sparks drift over a desert of clock faces in front of {name}, painted in oil."
    )
    caption = f"{name}, {colour} creature of brass and silk on a broken orrery"
    return json.dumps({"text": text, "caption": caption, "negative": "letters", "motion": "Sparks drift upward."})


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    with running(good_answer) as service:
        yield service


@pytest.fixture
def open_writer(fake: FakeClaude, database: Database, tmp_path: Path) -> Open:
    """A writer over a catalog of six cards."""
    import_catalog(
        database, tmp_path, *write_source(tmp_path / "source", [card(slug) for slug in SLUGS], [art("Nobody")])
    )

    def opened(**settings: object) -> ClaudeWriter:
        given = {"model": "claude-haiku-5-5", "base_url": fake.url, "timeout_s": 5.0, "wait_s": 0.0} | settings
        return ClaudeWriter(Claude("sk-test", database.url, **given), "Oil on canvas.")  # type: ignore[arg-type]

    return opened


def ask(database: Database, slugs: Sequence[str] = SLUGS, priority: int = 5, words: str = "") -> None:
    with database.writing() as connection:
        for slug in slugs:
            queue.enqueue(
                connection, card=slug, words=words, priority=priority, requester="ada", correlation=f"c-{slug}"
            )


def drain(
    database: Database, writer: ClaudeWriter, claimed: Callable[[Request], None] = lambda request: None
) -> tuple[Tally, list[str]]:
    written: list[str] = []

    def note(slug: str, request: Request) -> None:
        written.append(slug)

    made = Drain(database, writer, "run", lambda words: None, note, claimed, linger_s=0.0)
    return made.run(), written


def statuses(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return {name: n for name, n in queue.statistics(connection).by_status.items() if n}


def test_every_request_becomes_a_prompt_of_its_card(open_writer: Open, database: Database, fake: FakeClaude) -> None:
    ask(database)
    tally, written = drain(database, open_writer())
    assert (tally.completed, tally.failed, tally.put_back) == (6, 0, 0) and sorted(written) == SLUGS
    with database.reading() as connection:
        (prompt,) = prompt_versions(connection, SLUGS[0])
        (request, *_) = queue.settled(connection)
    assert (prompt.origin, prompt.author) == (Origin.MACHINE, "claude-haiku-5-5") and prompt.motion
    assert request.prompt_version == 1 and request.answer is not None and request.answer["cost_usd"] > 0
    assert {headers["x-correlation-id"] for _, _, _, headers in fake.requests} == {f"c-{slug}" for slug in SLUGS}


def test_an_answer_that_breaks_the_rules_is_asked_for_once_more_with_what_was_wrong(
    open_writer: Open, database: Database, fake: FakeClaude
) -> None:
    answers = iter(["", "another"])

    def write(body: dict[str, object]) -> str:
        broken = next(answers, None) == ""
        return good_answer(body).replace("azure", "bright") if broken else good_answer(body)

    fake.write = write
    ask(database, SLUGS[:1])
    tally, _ = drain(database, open_writer())
    assert tally.completed == 1 and fake.calls == 2
    assert "does not name the colour" in str(fake.requests[1][2])


def test_an_answer_for_another_card_is_never_accepted(open_writer: Open, database: Database, fake: FakeClaude) -> None:
    """It has the right form, and it is about something else: the rules are asked, whatever the model says."""
    fake.write = lambda body: good_answer(body).replace("Card 000", "Iron Wolf")
    ask(database, SLUGS[:1])
    tally, written = drain(database, open_writer())
    assert (tally.failed, written) == (1, [])
    with database.reading() as connection:
        (failed,) = queue.settled(connection, [Status.FAILED])
        assert prompt_versions(connection, SLUGS[0]) == []
    assert "does not name the card" in failed.cause and failed.kind == "bad_prompt"


def test_a_service_that_is_away_is_waited_for_and_no_request_suffers(
    open_writer: Open, database: Database, fake: FakeClaude
) -> None:
    fake.switches.status = [529] * 100
    ask(database)
    tally, _ = drain(database, open_writer(most_retries=0))
    assert 0 < tally.put_back <= 3 and statuses(database) == {"queued": 6}
    assert fake.calls <= 3
    with database.reading() as connection:
        assert queue.ready(connection) == [], "no run is asked for as long as it is left alone"


def test_a_budget_that_is_spent_ends_the_run_and_the_rest_waits_until_it_is_raised(
    open_writer: Open, database: Database, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deckport_assets.drain.SPENT_S", 0.0)
    monkeypatch.setattr("deckport_assets.drain.LONGEST_BEHIND_S", 0.0)
    ask(database)
    with database.reading() as connection:
        one = open_writer().price(cards_by_slug(connection, SLUGS[:1])[SLUGS[0]])
    tight = open_writer(budgets=Budgets(total_microusd=one.most_microusd // 2 + 250))  # two tries are priced
    tally, _ = drain(database, tight)
    assert 0 < tally.completed < 6
    with database.reading() as connection:
        assert spent(connection).total_microusd <= one.most_microusd // 2 + 250
        waiting = queue.in_line(connection)
    assert len(waiting) == 6 - tally.completed and any("DECKPORT_BUDGET_TOTAL_USD" in each.cause for each in waiting)
    drain(database, open_writer(budgets=Budgets(total_microusd=1_000_000)))
    assert statuses(database) == {"completed": 6}


def test_a_retired_card_is_told_to_a_person(open_writer: Open, database: Database, tmp_path: Path) -> None:
    writer = open_writer()
    ask(database, SLUGS[:1])
    import_catalog(database, tmp_path, *write_source(tmp_path / "other", [card("another")]), retire=True)
    assert drain(database, writer)[0].failed == 1


def test_free_text_is_answered_and_becomes_nobody_s_prompt(open_writer: Open, database: Database) -> None:
    with database.writing() as connection:
        queue.enqueue(connection, words="an arena of glass", references=["set one"], requester="ada")
    tally, written = drain(database, open_writer())
    assert tally.completed == 1 and written == []


def test_what_the_run_itself_has_written_is_not_written_again_for_another_card(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    """A model that gives every card the same scene: the first is taken, the second is told that it is a copy."""
    scene = "stands in a drowned library of glass under a green moon while moths made of letters circle the lamps."
    fake.write = lambda body: json.dumps(
        {"text": f"{name_in(body)}, azure, {scene}", "caption": f"{name_in(body)}, azure, in a library", "negative": "",
         "motion": ""}
    )  # fmt: skip
    ask(database, SLUGS[:1])
    drain(database, open_writer())
    ask(database, SLUGS[1:2])
    drain(database, open_writer())
    with database.reading() as connection:
        (refused,) = queue.settled(connection, [Status.FAILED])
    assert refused.card == SLUGS[1] and "near_duplicate" in refused.cause


def name_in(body: dict[str, object]) -> str:
    words = str(body["messages"][0]["content"])  # type: ignore[index]
    return str(json.loads(words.split("<card>")[1].split("</card>")[0])["name"])


def test_what_a_killed_run_had_paid_for_becomes_the_prompt_without_another_call(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    answers = iter(["", "another"])
    fake.write = lambda body: (
        good_answer(body).replace("azure", "bright") if not next(answers, 1) else good_answer(body)
    )
    writer = open_writer()
    with database.reading() as connection:
        card = cards_by_slug(connection, SLUGS[:1])[SLUGS[0]]
    killed = Occasion("killed", 0, lambda words: None, lambda: False, purpose=f"card {card.slug}")
    paid = writer.write(card, occasion=killed, beside=Beside())  # asked twice; killed before it was kept
    ask(database, SLUGS[:1])
    assert drain(database, writer)[0].completed == 1 and fake.calls == 2
    with database.reading() as connection:
        (prompt,) = prompt_versions(connection, card.slug)
        assert (prompt.text, prompt.cost_microusd) == (paid.text, paid.provenance.cost_microusd)
        assert spent(connection).total_microusd == paid.provenance.cost_microusd
    ask(database, SLUGS[:1])
    assert drain(database, writer)[0].completed == 1 and fake.calls == 3, "who asks again pays for another"


def test_a_character_that_no_database_takes_is_left_out(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    fake.write = lambda body: json.dumps(json.loads(good_answer(body)) | {"negative": "let\0ters"})
    ask(database, SLUGS[:2])
    assert drain(database, open_writer())[0].completed == 2
    with database.reading() as connection:
        assert prompt_versions(connection, SLUGS[0])[0].negative == "let ters"


def test_an_answer_that_cannot_be_kept_is_one_request_s_failure(
    database: Database, fake: FakeClaude, open_writer: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(connection: db.Connection, slug: str, *words: object, **more: object) -> StoredPrompt:
        if slug == SLUGS[0]:
            raise ValueError("nobody foresaw this")
        return add_prompt(connection, slug, *words, **more)  # type: ignore[arg-type]

    ask(database, SLUGS[:3])
    with monkeypatch.context() as once:
        once.setattr("deckport_assets.drain.add_prompt", keep)
        drain(database, open_writer())
    assert statuses(database) == {"completed": 2, "failed": 1}
    with database.writing() as connection:
        queue.retry(connection, queue.settled(connection, [Status.FAILED])[0].id)
    assert drain(database, open_writer())[0].completed == 1 and fake.calls == 4, "not with the same answer"


def test_a_full_disk_keeps_the_answer_that_is_paid_for(
    database: Database, fake: FakeClaude, open_writer: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object, **more: object) -> StoredPrompt:
        raise StorageFull("The database's disk is full.")

    ask(database, SLUGS[:1])
    with monkeypatch.context() as once:
        once.setattr("deckport_assets.drain.add_prompt", full)
        with pytest.raises(StorageFull):
            drain(database, open_writer())
    with database.writing() as connection:
        assert queue.reap(connection, lambda run_id: True) == 1
        connection.execute(prompt_requests.update().values(run_after=now()))
    assert drain(database, open_writer())[0].completed == 1 and fake.calls == 1


def test_a_mended_answer_that_fails_is_begun_anew_by_the_next(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    fake.special["Mend this"] = Switches(stop_reason="refusal")
    fake.write = lambda body: good_answer(body).replace("azure", "bright")
    ask(database, SLUGS[:1])
    assert drain(database, open_writer())[0].failed == 1 and fake.calls == 2
    fake.write = good_answer
    with database.writing() as connection:
        queue.retry(connection, queue.settled(connection, [Status.FAILED])[0].id)
    assert drain(database, open_writer())[0].completed == 1 and fake.calls == 3


def test_a_request_waits_for_the_batch_that_is_writing_its_card(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    ask(database, SLUGS[:1])
    writer = open_writer()
    with database.writing() as connection:  # as it is when the batch began before its request was asked for again
        connection.execute(prompt_requests.update().values(status="failed"))
    bulk = BulkWriting(database, writer, lambda words: None)
    bulk.prepare(SLUGS[:1], "bo")
    with database.writing() as connection:
        (failed,) = queue.settled(connection, [Status.FAILED])
        with pytest.raises(Refused, match="in a batch"):
            queue.retry(connection, failed.id)
        connection.execute(prompt_requests.update().values(status="queued"))
    assert drain(database, writer)[0].put_back == 1 and fake.calls == 0


def test_three_calls_are_out_at_a_time_over_queue_and_assets_together(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    """The queue is drained while a run of `cards/prompt` writes other cards with a writer of its own."""
    fake.switches.seconds = 0.05
    ask(database, SLUGS[:3])
    with database.reading() as connection:
        others = [cards_by_slug(connection, [slug])[slug] for slug in SLUGS[3:]]
    writer = open_writer(wait_s=20.0)
    occasion = Occasion("asset", 0, lambda words: None, lambda: False)
    with ThreadPoolExecutor(4) as pool:
        drained = pool.submit(drain, database, open_writer(wait_s=20.0))
        written = list(pool.map(lambda card: writer.write(card, occasion=occasion, beside=Beside()), others))
        assert drained.result()[0].completed == 3
    assert len(written) == 3 and fake.calls == 6 and fake.most_at_once <= 3


def test_a_call_that_takes_long_stays_counted(
    database: Database, fake: FakeClaude, open_writer: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives signs of life for as long as it is out, so that its place is not given to another."""
    clock, answer = Clock(), threading.Event()
    monkeypatch.setattr("deckport_assets.catalog.services.now", clock)
    monkeypatch.setattr("deckport_assets.resources.claude.service.RENEW_S", 0.01)
    fake.write = lambda body: good_answer(body) if answer.wait(60) else ""

    def shortest_lease() -> datetime:
        with database.reading() as connection:
            leases: list[datetime] = list(connection.execute(db.select(in_flight.c.lease_until)).scalars())
        return min(leases)

    ask(database)
    with ThreadPoolExecutor(1) as pool:
        drained = pool.submit(drain, database, open_writer(timeout_s=60.0))
        while fake.at_once < 3:
            assert not drained.done()
            time.sleep(0.01)
        for _ in range(3):
            clock.forward(services.LEASE_S * 0.9)
            signed_until = clock() + timedelta(seconds=services.LEASE_S * 0.5)
            while shortest_lease() < signed_until:
                time.sleep(0.01)
        with database.reading() as connection:
            assert services.slots_taken(connection) == {"claude": 3}
        answer.set()
        assert drained.result()[0].completed == 6


def test_one_that_brings_the_service_down_lets_the_others_by(
    database: Database, fake: FakeClaude, open_writer: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deckport_assets.drain.AWAY_S", 0.0)
    monkeypatch.setattr("deckport_assets.catalog.services.FIRST_PAUSE_S", 0.0)
    fake.special["Card 000"] = Switches(status=[500] * 50)
    ask(database, SLUGS[:1], priority=10)
    ask(database, SLUGS[1:])
    for _ in range(5):
        drain(database, open_writer(most_retries=0))
    assert statuses(database) == {"completed": 5, "queued": 1}


def test_a_run_that_is_ended_by_a_person_uses_what_it_has_paid_for(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    """Dagster ends a run with an exception in its main thread; calls are out at that moment."""
    fake.switches.seconds = 0.3
    ask(database)
    out: list[Request] = []

    def ended(request: Request) -> None:
        out.append(request)
        while not fake.calls:
            time.sleep(0.01)  # until the first is at the service
        if len(out) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(database, open_writer(), ended)
    assert 1 <= fake.calls <= 2
    assert statuses(database) == {"completed": fake.calls, "queued": 6 - fake.calls}
    with database.reading() as connection:
        assert all(each.failures == 0 for each in queue.in_line(connection)), "a stop is no failure"


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_model_is_nobody_s_failure_and_the_queue_waits(
    database: Database, fake: FakeClaude, open_writer: Open, status: int
) -> None:
    fake.switches.status = [status] * 20
    ask(database)
    drain(database, open_writer())
    drain(database, open_writer())
    assert statuses(database) == {"queued": 6} and fake.calls <= 3
    with database.reading() as connection:
        assert str(status) in services.circuits(connection)["claude"].cause
        tried = [each for each in queue.in_line(connection) if each.cause]
    assert tried and all(each.remedy for each in tried)


def test_one_dear_request_does_not_keep_the_others_waiting(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    """Its own order's budget is too small for it: a person has to look; the others go on."""
    ask(database, SLUGS[:1], priority=10, words="Every hair, every leaf. " * 300)
    ask(database, SLUGS[1:])
    with database.reading() as connection:
        one = open_writer().price(cards_by_slug(connection, SLUGS[1:2])[SLUGS[1]])
    drain(database, open_writer(budgets=Budgets(order_microusd=one.most_microusd // 2 + 100)))
    assert statuses(database) == {"completed": 5, "failed": 1}
    with database.reading() as connection:
        (dear,) = queue.settled(connection, [Status.FAILED])
    assert dear.card == SLUGS[0] and "DECKPORT_BUDGET_RUN_USD" in dear.cause


def test_a_dear_request_lets_smaller_ones_use_what_is_left_of_the_day(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    ask(database, SLUGS[:1], priority=10, words="Every hair, every leaf. " * 300)
    ask(database, SLUGS[1:])
    with database.reading() as connection:
        one = open_writer().price(cards_by_slug(connection, SLUGS[1:2])[SLUGS[1]])
    drain(database, open_writer(budgets=Budgets(day_microusd=one.most_microusd // 2 + 700)))
    assert statuses(database) == {"completed": 5, "queued": 1}


def test_a_card_that_a_person_wrote_meanwhile_costs_nothing(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    ask(database, SLUGS[:1], words="at dusk")
    with database.writing() as connection:
        add_prompt(connection, SLUGS[0], Origin.HUMAN, "Card 000, azure, by hand.")
    tally, _ = drain(database, open_writer())
    assert tally.completed == 1 and fake.calls == 0
    with database.reading() as connection:
        (done,) = queue.settled(connection)
    assert done.prompt_version == 1 and "nothing was paid" in done.cause


def test_a_card_that_a_run_is_writing_waits_for_it_and_is_not_paid_twice(
    database: Database, fake: FakeClaude, open_writer: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deckport_assets.drain.AWAY_S", 0.0)
    ask(database, SLUGS[:1])
    asset = Journal(database, "a run of cards/prompt")
    assert asset.claim([PROMPT], SLUGS[:1], lambda run: False)
    made = Drain(database, open_writer(), "run", lambda words: None, lambda slug, request: None, linger_s=0.0)
    monkeypatch.setattr("deckport_assets.drain.MOST_IN_A_RUN", 1)
    assert made.run().put_back == 1 and fake.calls == 0
    with database.writing() as connection:
        add_prompt(connection, SLUGS[0], Origin.MACHINE, "Card 000, azure, by the run.", told=True)
    asset.release()
    tally, _ = drain(database, open_writer())
    assert tally.completed == 1 and fake.calls == 0, "what the run wrote is the answer"


def test_an_answer_that_does_not_count_says_so(database: Database, fake: FakeClaude, open_writer: Open) -> None:
    with database.writing() as connection:
        add_prompt(connection, SLUGS[0], Origin.SOURCE, "Card 000, azure, by the source.", told=True)
    ask(database, SLUGS[:1])
    drain(database, open_writer())
    with database.reading() as connection:
        (done,) = queue.settled(connection)
    assert (done.prompt_version, done.cause) == (2, "The source's version counts before it.")


def test_the_embedded_writer_says_that_it_reads_no_wishes(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    open_writer()
    ask(database, SLUGS[:1], words="at dusk")
    Drain(database, EmbeddedWriter(), "run", lambda words: None, lambda slug, request: None, linger_s=0.0).run()
    with database.reading() as connection:
        (done,) = queue.settled(connection)
    assert done.answer and done.answer["draft"] and "no wishes" in done.cause


def test_what_had_failed_for_a_card_is_done_with_when_it_is_written(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    fake.switches.stop_reason = "refusal"
    ask(database, SLUGS[:1])
    drain(database, open_writer())
    assert statuses(database) == {"failed": 1}
    fake.switches.stop_reason = "end_turn"
    ask(database, SLUGS[:1])
    drain(database, open_writer())
    assert statuses(database) == {"cancelled": 1, "completed": 1}


def test_what_a_killed_attempt_may_have_cost_is_not_held_against_the_next(
    database: Database, fake: FakeClaude, open_writer: Open
) -> None:
    ask(database, SLUGS[:1])
    with database.reading() as connection:
        one = open_writer().price(cards_by_slug(connection, SLUGS[:1])[SLUGS[0]])
    tight = open_writer(budgets=Budgets(order_microusd=one.most_microusd // 2 + 100))
    with database.writing() as connection:
        killed = queue.claim(connection, "killed")
        assert killed is not None
        call = Call("claude", PROMPT, SLUGS[0], "killed", one.most_microusd // 2, order_id=f"queue-{killed.id}.1")
        ledger.lose(connection, ledger.reserve(connection, call, Budgets()), "killed")
        queue.put_back(connection, killed, why="killed", after_s=0.0)
    drain(database, tight)
    assert statuses(database) == {"completed": 1}
