"""Circuits and slots: what one process learns of a service all know, and work in flight is counted over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as db

from deckport_assets.catalog import services
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.services import LEASE_S, State, Turn, circuits, is_usable, slots_taken, take_slot
from deckport_assets.catalog.tables import in_flight
from tests.clock import Clock

HERE, THERE = "comfyui http://here:8188", "comfyui http://there:8188"
BOTH = {HERE: 0.0, THERE: 0.0}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(services, "now", made)
    return made


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """The same catalog as another process opens it."""
    opened = Database(database.url)
    yield opened
    opened.close()


def fail(database: Database, service: str = HERE, times: int = 1) -> None:
    for _ in range(times):
        with database.writing() as connection:
            services.failed(connection, service, "connection refused")


def usable(database: Database, service: str = HERE) -> bool:
    with database.writing() as connection:
        return is_usable(connection, service)


def test_three_failures_in_a_row_open_a_circuit_for_all_processes(database: Database, other: Database) -> None:
    fail(database, times=2)
    assert usable(other)
    fail(database)
    assert not usable(other)
    with other.reading() as connection:
        circuit = circuits(connection)[HERE]
    assert (circuit.state, circuit.failures, circuit.cause) == (State.OPEN, 3, "connection refused")


def test_a_success_between_failures_keeps_it_closed(database: Database) -> None:
    fail(database, times=2)
    with database.writing() as connection:
        assert services.succeeded(connection, HERE)
    fail(database, times=2)
    assert usable(database)


def test_after_a_while_one_may_try_and_the_others_wait(database: Database, other: Database, clock: Clock) -> None:
    fail(database, times=3)
    clock.forward(10)
    assert usable(database)
    assert not usable(other), "one at a time"
    clock.forward(services.TRIAL_S + 1)
    assert usable(other), "who tried gave no sign of life"
    with other.writing() as connection:
        services.succeeded(connection, HERE)
    assert usable(database) and usable(other)


def test_a_failed_trial_doubles_the_pause(database: Database, clock: Clock) -> None:
    pauses = []
    for _ in range(12):
        fail(database, times=3 if not pauses else 1)
        with database.reading() as connection:
            circuit = circuits(connection)[HERE]
        assert circuit.retry_at is not None
        pauses.append((circuit.retry_at - clock()).total_seconds())
        clock.forward(pauses[-1] + 1)
        assert usable(database)
    assert 3 < pauses[0] < 7 and 1.2 < pauses[1] / pauses[0] < 3.1
    assert max(pauses) <= services.LONGEST_PAUSE_S * 1.2


def test_since_when_a_service_is_away_is_told_however_often_it_was_tried(database: Database, clock: Clock) -> None:
    def since() -> datetime | None:
        with database.reading() as connection:
            return circuits(connection)[HERE].since

    fail(database, times=2)
    assert since() is None, "it never was away"
    began = clock()
    fail(database)
    for _ in range(3):
        clock.forward(100)
        assert usable(database)
        fail(database)
    opened = since()
    assert opened is not None and began <= opened < clock() - timedelta(seconds=200)
    with database.writing() as connection:
        services.succeeded(connection, HERE)
    back = since()
    assert back is not None and back > opened


def take(database: Database, job: str, run: str = "run", most: int = 2, at: dict[str, float] = BOTH) -> str:
    with database.writing() as connection:
        slot = take_slot(connection, at, most=most, job=job, turn=Turn(run), partition="moth")
    return slot.service if slot else ""


def test_jobs_go_to_the_emptiest_service_and_no_further_when_all_are_full(database: Database, other: Database) -> None:
    placed = [take(each, f"job {n}", f"run {n % 2}") for n, each in enumerate([database, other, database, other])]
    assert sorted(placed) == [HERE, HERE, THERE, THERE]
    assert take(other, "job 4") == ""
    with database.reading() as connection:
        assert slots_taken(connection) == {HERE: 2, THERE: 2}


def test_what_else_waits_there_decides_between_equals(database: Database) -> None:
    assert take(database, "job", at={HERE: 3.0, THERE: 0.0}) == THERE


def test_two_processes_at_once_never_take_more_than_there_is(database: Database, other: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        placed = list(pool.map(lambda n: take((database, other)[n % 2], f"job {n}", f"run {n % 2}"), range(24)))
    assert len([service for service in placed if service]) == 4


def test_a_service_at_rest_gets_nothing(database: Database) -> None:
    fail(database, HERE, times=3)
    assert [take(database, f"job {n}") for n in range(3)] == [THERE, THERE, ""]


def test_what_a_killed_process_left_behind_is_found_again_where_it_was(
    database: Database, other: Database, clock: Clock
) -> None:
    with database.writing() as connection:
        slot = take_slot(connection, {THERE: 0.0}, most=2, job="job", turn=Turn("killed"), partition="moth")
        assert slot is not None
        services.handed_over(connection, slot, "ticket 1")
    clock.forward(LEASE_S + 1)
    with other.reading() as connection:
        assert slots_taken(connection) == {}, "not counted any more"
    with other.writing() as connection:
        again = take_slot(connection, BOTH, most=2, job="job", turn=Turn("next"), partition="moth")
    assert again is not None and (again.service, again.ticket) == (THERE, "ticket 1")
    with database.writing() as connection:
        assert not services.renew(connection, slot), "the late one learns that it has lost the job"
        assert services.renew(connection, again)


def test_two_runs_never_have_the_same_picture_in_the_making(database: Database, other: Database) -> None:
    assert take(database, "job", "one") == HERE
    assert take(other, "job", "two") == ""
    assert take(database, "job", "one") in BOTH, "the run itself may hand it over again"


def test_a_run_that_has_ended_is_not_waited_for(database: Database) -> None:
    assert [take(database, f"job {n}", "dead", most=1) for n in range(2)] == [HERE, THERE]
    assert take(database, "another", most=1) == ""
    with database.writing() as connection:
        services.forget_run(connection, "dead")
    assert take(database, "another", most=1) in BOTH


def test_what_nobody_took_over_in_days_is_forgotten(database: Database, clock: Clock) -> None:
    assert take(database, "job", "dead")
    clock.forward(services.LEFT_FOR.total_seconds() + 1)
    with database.writing() as connection:
        services.forget_run(connection, "another")
        assert not connection.execute(db.select(in_flight)).all()


def test_a_sign_of_life_keeps_a_slot(database: Database, clock: Clock) -> None:
    with database.writing() as connection:
        slot = take_slot(connection, {HERE: 0.0}, most=1, job="job", turn=Turn("run"), partition="moth")
        assert slot is not None
    for _ in range(3):
        clock.forward(LEASE_S * 0.7)
        with database.writing() as connection:
            assert services.renew(connection, slot)
    assert take(database, "other", at={HERE: 0.0}, most=1) == ""
    with database.writing() as connection:
        services.give_back(connection, replace(slot, ticket="whatever"))
    assert take(database, "other", at={HERE: 0.0}, most=1) == HERE


def test_what_is_done_and_not_fetched_yet_leaves_its_place_to_another(database: Database, other: Database) -> None:
    with database.writing() as connection:
        slot = take_slot(connection, {HERE: 0.0}, most=1, job="job", turn=Turn("run"), partition="moth")
        assert slot is not None
        services.handed_over(connection, slot, "ticket")
        services.make_room(connection, slot)
    assert take(other, "another", at={HERE: 0.0}, most=1) == HERE
    with other.writing() as connection:
        services.forget_run(connection, "run")
        again = take_slot(connection, BOTH, most=2, job="job", turn=Turn("next"), partition="moth")
    assert again is not None and (again.service, again.ticket) == (HERE, "ticket"), "fetched from where it is"


OLD, YOUNG = Turn("old", since=datetime(2026, 1, 1, tzinfo=UTC)), Turn("young", since=datetime(2026, 1, 2, tzinfo=UTC))


def take_in_turn(database: Database, turn: Turn, job: str) -> bool:
    with database.writing() as connection:
        return take_slot(connection, {HERE: 0.0}, most=2, job=job, turn=turn, partition="moth") is not None


def test_while_the_older_run_waits_the_younger_gets_nothing(database: Database, other: Database, clock: Clock) -> None:
    with database.writing() as connection:
        services.stand_in_line(connection, OLD, [HERE])
    assert not take_in_turn(other, YOUNG, "its own")
    assert take_in_turn(database, OLD, "first")
    with database.writing() as connection:
        services.leave_line(connection, OLD.run_id)
    assert take_in_turn(other, YOUNG, "its own")


def test_who_waits_at_one_service_holds_up_nobody_at_another(database: Database, other: Database) -> None:
    with database.writing() as connection:
        services.stand_in_line(connection, OLD, [THERE])
    assert take_in_turn(other, YOUNG, "its own")


def test_the_urgent_come_before_the_old(database: Database, other: Database) -> None:
    urgent = replace(YOUNG, priority=10)
    for turn in (OLD, urgent):
        with database.writing() as connection:
            services.stand_in_line(connection, turn, [HERE])
    assert not take_in_turn(database, OLD, "first")
    assert take_in_turn(other, urgent, "at once")


def test_a_run_that_was_killed_in_line_is_not_waited_for(database: Database, other: Database, clock: Clock) -> None:
    with database.writing() as connection:
        services.stand_in_line(connection, OLD, [HERE])
    clock.forward(services.LINE_LEASE_S + 1)
    assert take_in_turn(other, YOUNG, "its own")


def test_a_clock_that_is_set_back_by_an_hour_locks_nobody_out(database: Database, clock: Clock) -> None:
    clock.forward(3600)
    assert [take(database, f"job {n}", "killed", most=1) for n in range(2)] == [HERE, THERE]
    fail(database, HERE, times=3)
    with database.writing() as connection:
        services.stand_in_line(connection, OLD, [HERE, THERE])
    clock.forward(-3600)
    assert sorted(take(database, f"mine {n}", "run", most=1) for n in range(2)) == [HERE, THERE]
