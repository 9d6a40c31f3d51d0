"""The prompt queue: who is next, what is tried again, and the fence that lets only one answer in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.prompt_queue import LEASE_S, MOST_FAILURES, Request, Status
from deckport_assets.errors import BadPrompt, BadRequest, Refused, ServiceUnavailable
from tests.clock import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(queue, "now", made)
    return made


def ask(database: Database, card: str = "moth", priority: int = 5, requester: str = "ada", **more: str) -> Request:
    with database.writing() as connection:
        return queue.enqueue(connection, card=card, priority=priority, requester=requester, **more)[0]


def take(database: Database, run_id: str = "run") -> Request | None:
    with database.writing() as connection:
        return queue.claim(connection, run_id)


def take_card(database: Database) -> str:
    taken = take(database)
    assert taken is not None
    return taken.card


def finish(database: Database, request: Request) -> bool:
    with database.writing() as connection:
        return queue.complete(connection, request, prompt_version=1, answer={"text": "a moth"})


def state(database: Database, request: Request) -> Request:
    with database.reading() as connection:
        found = queue.find(connection, request.id)
    assert found is not None
    return found


def test_a_request_is_asked_for_taken_and_answered(database: Database) -> None:
    request = ask(database)
    taken = take(database)
    assert taken is not None and (taken.id, taken.status, taken.attempt) == (request.id, Status.PROCESSING, 1)
    assert finish(database, taken)
    answered = state(database, request)
    assert (answered.status, answered.prompt_version, answered.answer) == (Status.COMPLETED, 1, {"text": "a moth"})
    assert take(database) is None


def test_the_urgent_go_first_then_who_has_least_being_written_then_the_oldest(database: Database) -> None:
    for card, priority, requester in (
        ("ada 1", 5, "ada"), ("ada 2", 5, "ada"), ("ada 3", 5, "ada"), ("bo 1", 5, "bo"), ("late", 9, "ada"),
    ):  # fmt: skip
        ask(database, card, priority, requester)
    assert [take_card(database) for _ in range(3)] == ["late", "bo 1", "ada 1"]


def test_three_are_written_at_a_time(database: Database, clock: Clock) -> None:
    for n in range(5):
        ask(database, f"card {n}")
    taken = [take(database) for _ in range(4)]
    assert taken[3] is None and taken[0] is not None
    finish(database, taken[0])
    assert take(database) is not None


def test_who_has_waited_for_an_hour_goes_before_the_like_and_after_the_more_urgent(
    database: Database, clock: Clock
) -> None:
    old = ask(database, "old", 5)
    clock.forward(3700)
    ask(database, "new", 5)
    ask(database, "urgent", 7)
    ask(database, "six", 6)
    assert [take_card(database) for _ in range(3)] == ["urgent", "old", "six"], "the old one as a six, and older"
    clock.forward(36_000)
    assert state(database, old).priority == 5, "computed, not stored: it does not rise for ever"


def test_the_same_card_is_not_asked_for_twice_while_it_is_open(database: Database) -> None:
    first = ask(database)
    assert ask(database, requester="bo").id == first.id
    with database.writing() as connection:
        queue.cancel(connection, first.id)
    assert ask(database).id != first.id
    assert ask(database, words="with more moon").id != first.id


def test_the_same_wish_twice_is_one_request_while_it_is_open(database: Database) -> None:
    first = ask(database, words="at dusk")
    assert ask(database, words=" at dusk ").id == first.id
    others = [
        ask(database, words="at dawn"), ask(database, words="at dusk", requester="bo"),
        ask(database, "wolf", words="at dusk"), ask(database, "", words="at dusk"), ask(database),
    ]  # fmt: skip
    assert len({first.id, *(other.id for other in others)}) == 6
    with database.writing() as connection:
        queue.cancel(connection, first.id)
    assert ask(database, words="at dusk").id != first.id


def test_a_requester_s_key_is_nobody_else_s_card(database: Database) -> None:
    with database.writing() as connection:
        taken, _ = queue.enqueue(connection, words="x", requester="card", dedupe="moth")
    assert ask(database, "moth").id != taken.id


def test_blanks_are_no_wish(database: Database) -> None:
    assert ask(database, words="   ").id == ask(database).id


def test_eight_who_ask_for_the_same_at_once_get_one(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = {request.id for request in pool.map(lambda n: ask(database, requester=f"user {n}"), range(8))}
    assert len(numbers) == 1


def test_eight_who_take_at_once_get_different_ones(database: Database) -> None:
    for n in range(8):
        ask(database, f"card {n}")
    with ThreadPoolExecutor(8) as pool:
        taken = [request.id for request in pool.map(lambda n: take(database, f"run {n}"), range(8)) if request]
    assert len(taken) == len(set(taken)) == 3


def test_an_answer_that_comes_too_late_changes_nothing(database: Database, clock: Clock) -> None:
    ask(database)
    late = take(database, "killed")
    assert late is not None
    clock.forward(LEASE_S + 1)
    with database.writing() as connection:
        assert queue.reap(connection) == 1
    clock.forward(60)
    again = take(database, "next")
    assert again is not None and again.attempt == 2
    assert not finish(database, late)
    with database.writing() as connection:
        assert not queue.renew(connection, late) and queue.renew(connection, again)
        assert queue.fail(connection, late, BadPrompt("too late")) is None
    assert finish(database, again)
    assert not finish(database, again), "one answer is enough"


def test_what_was_cancelled_takes_no_answer(database: Database) -> None:
    request = ask(database)
    taken = take(database)
    assert taken is not None
    with database.writing() as connection:
        assert queue.cancel(connection, request.id).status is Status.CANCELLED
    assert not finish(database, taken)
    with database.writing() as connection, pytest.raises(Refused, match="cancelled already"):
        queue.cancel(connection, request.id)


def test_a_failure_that_may_pass_is_tried_again_later_and_then_shown_to_a_person(
    database: Database, clock: Clock
) -> None:
    request = ask(database)
    for n in range(1, MOST_FAILURES + 1):
        taken = take(database)
        assert taken is not None and taken.failures == n - 1
        with database.writing() as connection:
            stands = queue.fail(connection, taken, ServiceUnavailable("529"))
        assert take(database) is None, "it waits, and how long is stored"
        assert stands is (Status.QUEUED if n < MOST_FAILURES else Status.FAILED)
        clock.forward(60)
    assert take(database) is None and state(database, request).cause == "529"
    with database.writing() as connection:
        assert queue.retry(connection, request.id).failures == 0
    assert take(database) is not None


def test_a_service_says_how_long_to_wait(database: Database, clock: Clock) -> None:
    ask(database)
    taken = take(database)
    assert taken is not None
    with database.writing() as connection:
        queue.fail(connection, taken, ServiceUnavailable("429"), after_s=90)
    clock.forward(80)
    assert take(database) is None
    clock.forward(15)
    assert take(database) is not None


def test_a_failure_that_would_be_the_same_again_is_shown_to_a_person_at_once(database: Database) -> None:
    request = ask(database)
    taken = take(database)
    assert taken is not None
    with database.writing() as connection:
        assert queue.fail(connection, taken, BadPrompt("refused", remedy="Write it.")) is Status.FAILED
    failed = state(database, request)
    assert (failed.kind, failed.cause, failed.remedy) == ("bad_prompt", "refused", "Write it.")


def test_waiting_for_a_service_that_is_away_is_no_failure(database: Database, clock: Clock) -> None:
    request = ask(database)
    for _ in range(10):
        taken = take(database)
        assert taken is not None
        with database.writing() as connection:
            assert queue.put_back(connection, taken, why="Claude is away.", after_s=30)
        clock.forward(40)
    assert state(database, request).failures == 0 and state(database, request).cause == "Claude is away."


def test_one_that_kills_its_process_every_time_is_shown_to_a_person(database: Database, clock: Clock) -> None:
    request = ask(database)
    for n in range(MOST_FAILURES):
        assert take(database, f"run {n}") is not None
        with database.writing() as connection:
            queue.reap(connection, lambda run_id: True)
        clock.forward(60)
    assert state(database, request).status is Status.FAILED


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"card": ""}, "names no card and says nothing"),
        ({"card": "moth", "priority": 11}, "priority 11: expected 1 to 10"),
        ({"card": "moth", "priority": 0}, "priority 0"),
        ({"card": "moth", "words": "x" * 1_000_000}, "1,000,000 characters"),
        ({"card": "moth", "references": ["x"] * 9}, "At most 8 references"),
    ],
)
def test_a_wrong_request_is_refused_with_what_was_expected(
    database: Database, what: dict[str, object], message: str
) -> None:
    with database.writing() as connection, pytest.raises(BadRequest, match=message):
        queue.enqueue(connection, requester="ada", **what)  # type: ignore[arg-type]


def test_how_long_yet_follows_the_place_in_line_and_the_speed_of_the_last_hour(
    database: Database, clock: Clock
) -> None:
    for n in range(9):
        ask(database, f"card {n}")
    with database.reading() as connection:
        assert queue.statistics(connection).usual_s is None
    for _ in range(2):
        taken = take(database)
        assert taken is not None
        clock.forward(10)
        finish(database, taken)
    with database.reading() as connection:
        known = queue.statistics(connection)
        line = [request.card for request in queue.in_line(connection)]
    assert known.usual_s == pytest.approx(10, abs=1) and known.by_status["completed"] == 2
    assert line[0] == "card 2"
    assert [round(queue.wait_s(place, known), -1) for place in (0, 2, 3, 6)] == [10, 10, 20, 30]


def test_what_was_asked_for_anew_meanwhile_is_not_asked_for_again(database: Database) -> None:
    with database.writing() as connection:
        first, _ = queue.enqueue(connection, card="moth", requester="ada")
        queue.cancel(connection, first.id)
        second, new = queue.enqueue(connection, card="moth", requester="ada")
        assert new
    with pytest.raises(Refused, match=f"Request {second.id}"), database.writing() as connection:
        queue.retry(connection, first.id)
    with database.writing() as connection:
        queue.cancel(connection, second.id)
        assert queue.retry(connection, first.id).status is queue.Status.QUEUED
        assert queue.enqueue(connection, card="moth", requester="ben") == (queue.find(connection, first.id), False)


def test_a_dedupe_key_has_an_end(database: Database) -> None:
    with pytest.raises(BadRequest, match="dedupe key"), database.writing() as connection:
        queue.enqueue(connection, card="moth", requester="ada", dedupe="k" * 5_000)


def test_a_dedupe_key_is_its_requester_s_and_means_one_thing(database: Database) -> None:
    with database.writing() as connection:
        first, _ = queue.enqueue(connection, card="moth", words="at dusk", requester="ada", dedupe="job-1")
        other, new = queue.enqueue(connection, card="wolf", words="at dawn", requester="bob", dedupe="job-1")
        assert new and other.id != first.id
    with pytest.raises(Refused, match="something else"), database.writing() as connection:
        queue.enqueue(connection, card="wolf", requester="ada", dedupe="job-1")


def test_who_asks_for_the_same_more_urgently_makes_it_more_urgent(database: Database) -> None:
    with database.writing() as connection:
        queue.enqueue(connection, card="moth", priority=1, requester="ada")
        asked, new = queue.enqueue(connection, card="moth", priority=10, requester="bob")
        assert (asked.priority, new) == (10, False)
        wished, new = queue.enqueue(connection, card="moth", requester="bob", references=["like Turner"])
        assert new and list(wished.references) == ["like Turner"], "a wish is another request"


def test_what_has_failed_can_be_dismissed(database: Database) -> None:
    request = ask(database)
    taken = take(database)
    assert taken is not None
    with database.writing() as connection:
        queue.fail(connection, taken, BadPrompt("no"))
        assert queue.cancel(connection, request.id).status is Status.CANCELLED
