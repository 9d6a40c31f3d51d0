"""Prompts in bulk: a batch is paid for in advance, sent once, found again when its number is lost, and settled once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as db

from deckport_assets.bulk_writing import ARRIVES_WITHIN, BulkWriting
from deckport_assets.catalog import ledger, prompt_batches
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database, now
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import Journal, list_failures, note_failure
from deckport_assets.catalog.ledger import Budgets, Entry
from deckport_assets.catalog.prompt_batches import Batch, Item, State
from deckport_assets.catalog.prompts import Origin, add_prompt, prompts_that_count, untold, write_by_hand
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.services import circuits
from deckport_assets.catalog.tables import ledger as ledger_table
from deckport_assets.errors import BadPrompt, NeedsMoney, Refused, Rejected, ServiceUnavailable, StorageFull
from deckport_assets.resources.claude import Claude, ClaudeWriter
from deckport_assets.resources.providers import Occasion
from tests.catalog_source import art, card, write_source
from tests.fakes.claude import FakeClaude, running
from tests.test_drain import good_answer

SLUGS = ["alder-wolf", "briar-gate", "cinder-fox", "dusk-heron"]


@pytest.fixture
def fake() -> Iterator[FakeClaude]:
    with running(good_answer) as service:  # type: ignore[arg-type]
        yield service


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def bulk(database: Database, fake: FakeClaude, said: list[str], tmp_path: Path) -> BulkWriting:
    """Four cards without a prompt."""
    import_catalog(
        database, tmp_path, *write_source(tmp_path / "source", [card(slug) for slug in SLUGS], [art("Nobody")])
    )
    return bulk_with(database, fake, said)


def bulk_with(database: Database, fake: FakeClaude, said: list[str], budgets: Budgets = Budgets()) -> BulkWriting:  # noqa: B008
    claude = Claude(
        "sk-test", database.url, model="claude-haiku-5-5", base_url=fake.url, budgets=budgets, wait_s=1.0, timeout_s=5.0
    )
    return BulkWriting(database, ClaudeWriter(claude, "Oil on canvas."), said.append)


def occasion() -> Occasion:
    return Occasion("run", 0, lambda words: None, lambda: False)


def hand_in(bulk: BulkWriting) -> Batch:
    batch, _ = bulk.prepare(SLUGS, "ada")
    return bulk.send(batch, occasion())


def found(bulk: BulkWriting, batch: Batch) -> Batch:
    with bulk.database.reading() as connection:
        return prompt_batches.must_find(connection, batch.id)


def long_ago(bulk: BulkWriting, batch: Batch, age: timedelta) -> Batch:
    """The same batch as it is when whoever sent it has been gone for so long."""
    from deckport_assets.catalog.tables import prompt_batches as table

    told = {"sent_at": now() - age, "lease_until": now() - age}
    with bulk.database.writing() as connection:
        connection.execute(table.update().where(table.c.id == batch.id).values(**told))
    return found(bulk, batch)


def outcomes(bulk: BulkWriting, batch: Batch) -> dict[Item, int]:
    with bulk.database.reading() as connection:
        return prompt_batches.outcomes(connection, batch)


def entries(bulk: BulkWriting) -> dict[str, int]:
    with bulk.database.reading() as connection:
        counted = db.select(ledger_table.c.state, db.func.count()).group_by(ledger_table.c.state)
        return {row[0]: row[1] for row in connection.execute(counted)}


def written(bulk: BulkWriting) -> set[str]:
    with bulk.database.reading() as connection:
        counting = prompts_that_count(connection, SLUGS)
    return {slug for slug, prompt in counting.items() if prompt.origin is Origin.MACHINE}


def test_the_answers_of_a_batch_become_the_prompts_of_their_cards_for_half_the_price(
    bulk: BulkWriting, fake: FakeClaude
) -> None:
    batch = hand_in(bulk)
    assert (batch.state, batch.size) == (State.OPEN, 4)
    assert bulk.look_after(batch)
    assert bulk.collect(batch) == {Item.WRITTEN: 4}
    assert written(bulk) == set(SLUGS)
    with bulk.database.reading() as connection:
        rows = connection.execute(db.select(ledger_table)).all()
        assert {prompt.card for prompt in untold(connection)} == set(SLUGS), "a sensor publishes them"
        cost = ledger.spent(connection, batch.order_id).order_microusd
        prompts = prompts_that_count(connection, SLUGS)
    assert {row.processing for row in rows} == {"batch"} and entries(bulk) == {Entry.SETTLED: 4}
    assert cost == sum(prompt.cost_microusd for prompt in prompts.values()) > 0
    full = [bulk.writer.price(card).most_microusd for card in cards(bulk)]
    half = [bulk.writer.price(card, batch=True).most_microusd for card in cards(bulk)]
    assert sum(half) * 4 == pytest.approx(sum(full), rel=0.01), "half the price, and asked for once instead of twice"


def cards(bulk: BulkWriting) -> list:  # type: ignore[type-arg]
    from deckport_assets.catalog.cards import cards_by_slug

    with bulk.database.reading() as connection:
        return list(cards_by_slug(connection, SLUGS).values())


def test_a_second_batch_leaves_out_what_is_being_written(bulk: BulkWriting) -> None:
    hand_in(bulk)
    with pytest.raises(Refused, match="No card waits"):
        bulk.prepare(SLUGS, "ada")


def test_what_a_request_or_a_run_is_writing_is_left_out(bulk: BulkWriting) -> None:
    with bulk.database.writing() as connection:
        queue.enqueue(connection, card=SLUGS[0], requester="ben")
        add_prompt(connection, SLUGS[1], Origin.HUMAN, "Briar Gate, by hand.")
        add_prompt(connection, SLUGS[3], Origin.DRAFT, "A draft counts as missing.")
    assert Journal(bulk.database, "a run").claim([PROMPT], [SLUGS[2]], lambda run: False)
    batch, _ = bulk.prepare(SLUGS, "ada")
    with bulk.database.reading() as connection:
        assert [slug for _, slug in prompt_batches.cards_of(connection, batch)] == [SLUGS[3]]


def test_a_batch_is_as_large_as_the_budget_allows(
    bulk: BulkWriting, database: Database, fake: FakeClaude, said: list[str]
) -> None:
    each = [bulk.writer.price(card, batch=True).most_microusd for card in cards(bulk)]
    tight = bulk_with(database, fake, said, Budgets(total_microusd=each[0] + each[1] + 1))
    batch, cut = tight.prepare(SLUGS, "ada")
    assert batch.size == 2 and cut is not None and "DECKPORT_BUDGET_TOTAL_USD" in str(cut)
    with pytest.raises(NeedsMoney):
        tight.prepare(SLUGS, "ada")
    assert len(fake.requests) == 0


def test_what_expired_or_failed_there_is_not_paid_and_is_missing_as_before(bulk: BulkWriting, fake: FakeClaude) -> None:
    fake.switches.expire, fake.switches.errored = 1, 1
    batch = hand_in(bulk)
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 2, Item.EXPIRED: 1, Item.ERRORED: 1}
    assert entries(bulk) == {Entry.SETTLED: 2, Entry.RELEASED: 2}
    with bulk.database.reading() as connection:
        assert list_failures(connection) == [], "nobody has to do anything: the next batch takes them"
    again, _ = bulk.prepare(SLUGS, "ada")
    assert again.size == 2


def test_an_answer_that_breaks_the_rules_is_paid_for_and_told(bulk: BulkWriting, fake: FakeClaude) -> None:
    right = fake.write
    fake.write = lambda body: right(body).replace("Alder Wolf", "Somebody Else")
    batch = hand_in(bulk)
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.REFUSED: 1}
    assert entries(bulk) == {Entry.SETTLED: 4}
    with bulk.database.reading() as connection:
        (failure,) = list_failures(connection)
    assert (failure.asset, failure.partition) == (PROMPT, SLUGS[0])


def test_results_that_are_collected_twice_are_settled_once(bulk: BulkWriting) -> None:
    batch = hand_in(bulk)
    bulk.collect(batch)
    assert bulk.collect(batch) == {}
    with bulk.database.reading() as connection:
        assert all(prompt.version == 1 for prompt in prompts_that_count(connection, SLUGS).values())
    assert entries(bulk) == {Entry.SETTLED: 4}


def test_a_collection_that_is_killed_in_the_middle_goes_on(bulk: BulkWriting, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = hand_in(bulk)
    whole = BulkWriting._settle
    settled: list[str] = []

    def dies(self: BulkWriting, *given: object) -> Item | None:
        if len(settled) == 2:
            raise KeyboardInterrupt
        settled.append("one")
        return whole(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(BulkWriting, "_settle", dies)
        bulk.collect(batch)
    assert len(written(bulk)) == 2
    assert bulk.collect(found(bulk, batch)) == {Item.WRITTEN: 2}
    assert written(bulk) == set(SLUGS) and entries(bulk) == {Entry.SETTLED: 4}


def test_a_batch_whose_number_never_came_back_is_found_and_not_sent_again(
    bulk: BulkWriting, fake: FakeClaude, said: list[str]
) -> None:
    fake.switches.lose_batch = 1
    batch = hand_in(bulk)
    assert (batch.state, batch.service_id) == (State.SENDING, "")
    assert entries(bulk) == {Entry.SENT: 4}, "it may have been paid"
    assert not bulk.look_after(batch), "whoever sent it may be at it still"
    batch = long_ago(bulk, batch, timedelta(minutes=11))
    bulk.look_after(batch)
    batch = found(bulk, batch)
    assert batch.state is State.OPEN and batch.service_id in fake.batches
    bulk.collect(batch)
    assert written(bulk) == set(SLUGS) and len(fake.batches) == 1


def test_another_s_batch_of_the_same_size_is_not_taken_for_it(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch, _ = bulk.prepare(SLUGS, "ada")
    body = {"requests": [{"custom_id": f"other-{n}", "params": {}} for n in range(4)]}
    fake.write, right = lambda body: "{}", fake.write
    for each in body["requests"]:
        each["params"] = {"model": "claude-haiku-5-5", "messages": []}
    fake.begin_batch(body)
    fake.write = right
    with bulk.database.writing() as connection:
        prompt_batches.sending(connection, batch)
    batch = long_ago(bulk, batch, timedelta(minutes=11))
    bulk.look_after(batch)
    assert found(bulk, batch).state is State.SENDING


def test_a_batch_that_never_arrived_is_given_up_after_an_hour(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch, _ = bulk.prepare(SLUGS, "ada")
    with bulk.database.writing() as connection:
        prompt_batches.sending(connection, batch)
    batch = long_ago(bulk, batch, ARRIVES_WITHIN + timedelta(minutes=1))
    bulk.look_after(batch)
    assert found(bulk, batch).state is State.GIVEN_UP and entries(bulk) == {Entry.RELEASED: 4}
    again, _ = bulk.prepare(SLUGS, "ada")
    assert again.size == 4


def test_a_batch_whose_sender_died_before_sending_is_given_up(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch, _ = bulk.prepare(SLUGS, "ada")
    with bulk.database.writing() as connection:
        assert ledger.give_up_for(connection, lambda holder: True) == (0, 0), "no process has to live for a batch"
    batch = long_ago(bulk, batch, timedelta(minutes=11))
    bulk.look_after(batch)
    assert found(bulk, batch).state is State.GIVEN_UP and fake.requests == []


@pytest.mark.parametrize("status", [429, 529, 400, 401])
def test_a_batch_that_is_refused_costs_nothing_and_frees_its_cards(
    bulk: BulkWriting, fake: FakeClaude, status: int
) -> None:
    fake.switches.status = [status]
    with pytest.raises(Exception, match=str(status)):
        hand_in(bulk)
    assert entries(bulk) == {Entry.RELEASED: 4}
    with bulk.database.reading() as connection:
        assert len(prompt_batches.cards_to_write(connection)) == 4


def test_a_service_that_fails_in_the_middle_may_have_the_batch(bulk: BulkWriting, fake: FakeClaude) -> None:
    fake.switches.status = [500]
    batch = hand_in(bulk)
    assert batch.state is State.SENDING and "500" in batch.cause
    assert len(fake.requests) == 1, "never sent twice"


def test_a_service_that_is_away_is_told_and_nothing_is_settled(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch = hand_in(bulk)
    bulk.writer.claude.base_url = "http://127.0.0.1:9"
    bulk.writer.claude.most_retries = 0
    with pytest.raises(ServiceUnavailable):
        bulk.look_after(batch)
    with pytest.raises(ServiceUnavailable):
        bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WAITING: 4}


def test_a_cancelled_batch_pays_for_what_was_done(bulk: BulkWriting, fake: FakeClaude) -> None:
    fake.switches.batch_seconds = 60.0
    batch = hand_in(bulk)
    assert not bulk.look_after(batch)
    bulk.cancel(batch)
    assert bulk.look_after(batch)
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.CANCELLED: 4} and entries(bulk) == {Entry.RELEASED: 4}


def test_what_the_service_does_not_speak_of_may_have_been_paid(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch = hand_in(bulk)
    fake.results[batch.service_id].pop()
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.LOST: 1}
    assert entries(bulk) == {Entry.SETTLED: 3, Entry.UNKNOWN: 1}


def test_an_answer_whose_model_has_no_price_holds_up_no_other(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch = hand_in(bulk)
    fake.results[batch.service_id][0]["result"]["message"]["model"] = "claude-of-tomorrow"
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.REFUSED: 1}
    assert entries(bulk) == {Entry.SETTLED: 3, Entry.UNKNOWN: 1}
    assert found(bulk, batch).state is State.COLLECTED


@pytest.mark.parametrize(
    ("odd", "booked"),
    [
        pytest.param({"content": None}, {Entry.SETTLED: 4}, id="no content"),
        pytest.param({"content": ["a"]}, {Entry.SETTLED: 4}, id="no blocks"),
        pytest.param({"usage": None}, {Entry.SETTLED: 3, Entry.UNKNOWN: 1}, id="no usage"),
        pytest.param({"model": None}, {Entry.SETTLED: 3, Entry.UNKNOWN: 1}, id="no model"),
    ],
)
def test_an_answer_of_no_form_at_all_holds_up_no_other(
    bulk: BulkWriting, fake: FakeClaude, odd: dict[str, object], booked: dict[str, int]
) -> None:
    batch = hand_in(bulk)
    fake.results[batch.service_id][0]["result"]["message"] |= odd
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.REFUSED: 1} and entries(bulk) == booked
    assert found(bulk, batch).state is State.COLLECTED
    with bulk.database.reading() as connection:
        assert [(failure.asset, bool(failure.cause)) for failure in list_failures(connection)] == [(PROMPT, True)]


def test_an_answer_that_cannot_be_kept_holds_up_no_other(bulk: BulkWriting, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(connection: db.Connection, slug: str, *words: object, **more: object) -> object:
        if slug == SLUGS[0]:
            raise ValueError("nobody foresaw this")
        return add_prompt(connection, slug, *words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("deckport_assets.bulk_writing.add_prompt", keep)
    batch = hand_in(bulk)
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.REFUSED: 1}
    assert entries(bulk) == {Entry.SETTLED: 3, Entry.UNKNOWN: 1}
    assert found(bulk, batch).state is State.COLLECTED


def test_a_full_disk_holds_a_collection_up_and_loses_nothing(
    bulk: BulkWriting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object, **more: object) -> object:
        raise StorageFull("The database's disk is full.")

    batch = hand_in(bulk)
    with monkeypatch.context() as once:
        once.setattr("deckport_assets.bulk_writing.add_prompt", full)
        with pytest.raises(StorageFull):
            bulk.collect(batch)
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 4} and entries(bulk) == {Entry.SETTLED: 4}


@pytest.mark.parametrize("line", [None, "hello", ["a"], {"custom_id": "nobody's"}])
def test_a_line_that_is_no_item_holds_up_no_other(bulk: BulkWriting, fake: FakeClaude, line: object) -> None:
    batch = hand_in(bulk)
    fake.results[batch.service_id][0] = line  # type: ignore[call-overload]
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.LOST: 1}
    assert found(bulk, batch).state is State.COLLECTED


def test_an_item_of_which_nobody_can_read_what_became_of_it_may_have_been_paid(
    bulk: BulkWriting, fake: FakeClaude
) -> None:
    batch = hand_in(bulk)
    fake.results[batch.service_id][0]["result"] = None
    bulk.collect(batch)
    assert outcomes(bulk, batch) == {Item.WRITTEN: 3, Item.REFUSED: 1}
    assert entries(bulk) == {Entry.SETTLED: 3, Entry.UNKNOWN: 1}


def test_a_batch_that_wants_to_be_left_alone_is_told_to_all(bulk: BulkWriting, fake: FakeClaude) -> None:
    fake.switches.status = [(429, {"retry-after": "600"})]
    with pytest.raises(ServiceUnavailable):
        hand_in(bulk)
    with bulk.database.reading() as connection:
        assert circuits(connection)["claude"].state == "open"


def test_what_failed_in_the_queue_is_done_with_when_a_batch_writes_it(bulk: BulkWriting) -> None:
    with bulk.database.writing() as connection:
        asked, _ = queue.enqueue(connection, card=SLUGS[0], requester="ada")
        claimed = queue.claim(connection, "run")
        assert claimed is not None
        queue.fail(connection, claimed, BadPrompt("It breaks the rules."))
    bulk.collect(hand_in(bulk))
    with bulk.database.reading() as connection:
        told = queue.find(connection, asked.id)
    assert told is not None and (told.status, told.cause) == ("cancelled", "Batch 1 has written it.")


def test_what_failed_before_it_was_written_is_no_failure_any_more(bulk: BulkWriting) -> None:
    with bulk.database.writing() as connection:
        note_failure(connection, [PROMPT], SLUGS[0], NeedsMoney("Nothing is left."))
        note_failure(connection, [PROMPT], SLUGS[1], NeedsMoney("Nothing is left."))
        write_by_hand(connection, SLUGS[1], "Briar Gate, an azure gate of thorns.", author="ada")
    bulk.collect(hand_in(bulk))
    with bulk.database.reading() as connection:
        assert list_failures(connection) == []


def test_a_batch_that_the_service_does_not_know_any_more_can_be_given_up(bulk: BulkWriting, fake: FakeClaude) -> None:
    batch = hand_in(bulk)
    fake.batches.clear()
    with pytest.raises(Rejected, match="does not know this batch") as told:
        bulk.look_after(batch)
    assert "--give-up" in told.value.remedy
    bulk.forget(batch)
    assert outcomes(bulk, batch) == {Item.LOST: 4} and entries(bulk) == {Entry.UNKNOWN: 4}
    again, _ = bulk.prepare(SLUGS, "ada")
    assert again.size == 4


def test_a_card_in_a_batch_is_asked_of_the_queue_only_with_a_wish(bulk: BulkWriting) -> None:
    hand_in(bulk)
    with pytest.raises(Refused, match="in a batch"), bulk.database.writing() as connection:
        queue.enqueue(connection, card=SLUGS[0], requester="ben")
    with bulk.database.writing() as connection:
        assert queue.enqueue(connection, card=SLUGS[0], words="at dusk", requester="ben")[1]
