"""Outside services as all processes see them: one circuit per service, and the work that is in flight at each.

A circuit is a row: closed (use it), open (leave it alone until `retry_at`), trial (one caller may try). Own code, and
not a library: those keep their state in the process, and here the runs, the daemon, the API and `deckport` share it.

A slot is a row too: a job that a service holds for us. It is counted while its lease is young; a job that a killed
process left behind is found by its key, with the ticket under which the service knows it. Runs that find no slot stand
in line: the urgent before the usual, then the older before the younger, so that runs end one after the other and not
all at once, which would leave the services without work until the next begins.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import sqlalchemy as db

from deckport_assets.catalog.database import now, upsert
from deckport_assets.catalog.tables import in_flight, services, waiting

OPENS_AFTER = 3
"""So many failures in a row open a circuit."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0
"""How long it stays open: doubled with each failure, with a jitter of a fifth, so that not all come back at once. Not
longer than a minute: a service that comes back is to be found while there still is somebody who waits for it."""
TRIAL_S = 60.0
"""How long the one who tries has, before another may."""
LEASE_S = 20.0
"""How long a slot is counted without a sign of life."""
LEFT_FOR = timedelta(days=2)
"""How long a job that a run has left is remembered, with the ticket under which the service knows it."""
LINE_LEASE_S = 3.0
"""The same for a place in line."""


_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turn:
    """When a run's turn is: the most urgent first, of two alike the one that has been at it for longer."""

    run_id: str
    priority: int = 0
    since: datetime = _EVER


class State(StrEnum):
    """The states of a circuit."""

    CLOSED = "closed"
    OPEN = "open"
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a service is doing. `since`: when it opened, whatever trials there were; None when it never did."""

    service: str
    state: State
    failures: int = 0
    cause: str = ""
    retry_at: datetime | None = None
    trial_until: datetime | None = None
    changed_at: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A job that a service holds for us. `ticket` is how the service calls it; empty before it was handed over."""

    job: str
    service: str
    run_id: str
    partition: str
    ticket: str
    taken_at: datetime
    lease_until: datetime


def circuits(connection: db.Connection, named: Sequence[str] = ()) -> dict[str, Circuit]:
    """The circuits that have ever been touched (or those of these services), by service."""
    query = db.select(services).order_by(services.c.service)
    if named:
        query = query.where(services.c.service.in_(named))
    rows = connection.execute(query).mappings()
    return {row["service"]: Circuit(**dict(row) | {"state": State(row["state"])}) for row in rows}


def is_usable(connection: db.Connection, service: str) -> bool:
    """Whether the service may be called now; a True of an open circuit makes the caller the one who tries.

    Ask within a transaction that writes. Who got True tells how it went: `succeeded` or `failed`.
    """
    circuit = circuits(connection, [service]).get(service)
    if circuit is None or circuit.state is State.CLOSED:
        return True
    until = circuit.retry_at if circuit.state is State.OPEN else circuit.trial_until
    longest_s = LONGEST_PAUSE_S * 1.2 if circuit.state is State.OPEN else TRIAL_S
    if until is not None and now() < until <= now() + timedelta(seconds=longest_s):
        return False
    here = db.and_(services.c.service == service, services.c.changed_at == circuit.changed_at)
    trial = {"state": State.TRIAL, "trial_until": now() + timedelta(seconds=TRIAL_S), "changed_at": now()}
    return connection.execute(services.update().where(here).values(**trial)).rowcount == 1


def succeeded(connection: db.Connection, service: str) -> bool:
    """The service did what it was asked: its circuit is closed. Whether that changed anything."""
    here = db.and_(services.c.service == service, db.or_(services.c.state != State.CLOSED, services.c.failures > 0))
    closed = {"state": State.CLOSED, "failures": 0, "cause": "", "retry_at": None, "trial_until": None}
    since = db.case((services.c.state == State.CLOSED, services.c.since), else_=now())
    told = services.update().where(here).values(**closed, changed_at=now(), since=since)
    return connection.execute(told).rowcount > 0


def failed(connection: db.Connection, service: str, cause: str, *, opens_after: int = OPENS_AFTER) -> Circuit:
    """The service did not do what it was asked. The failure that fills the measure opens its circuit, or a trial's."""
    before = circuits(connection, [service]).get(service, Circuit(service, State.CLOSED))
    failures, moment = before.failures + 1, now()
    opens = before.state is not State.CLOSED or failures >= opens_after
    pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** max(0, failures - opens_after)) * random.uniform(0.8, 1.2)
    after = Circuit(
        service,
        State.OPEN if opens else State.CLOSED,
        failures,
        cause,
        moment + timedelta(seconds=pause_s) if opens else None,
        None,
        moment,
        moment if opens and before.state is State.CLOSED else before.since,
    )
    row = {name: getattr(after, name) for name in Circuit.__slots__}
    upsert(connection, services, ("service",), [row])
    return after


def take_slot(
    connection: db.Connection, candidates: Mapping[str, float], *, most: int, job: str, turn: Turn, partition: str
) -> Slot | None:
    """A place for a job at the emptiest of these usable services, or None when all are full or resting.

    `candidates`: service -> how much else waits there, by which those with the same number of ours are told apart. A
    job that was left in flight by a process that is gone goes back to where it was, and keeps its ticket. Ask within a
    transaction that writes.
    """
    _one_at_a_time(connection)
    left = slot_of(connection, job)
    if left is not None and left.run_id != turn.run_id and _is_alive(left.lease_until):
        return None  # another living run draws this very picture
    counts = slots_taken(connection)
    wanted = sorted(candidates, key=lambda service: (counts.get(service, 0), candidates[service]))
    if left is not None and left.service in candidates and left.run_id != turn.run_id:
        wanted = [left.service, *(service for service in wanted if service != left.service)]
    taken_first = _wanted_by_others_first(connection, turn)
    for service in wanted:
        if service in taken_first:
            continue
        if counts.get(service, 0) >= most:
            if left is not None and service == left.service:
                return None
            continue
        if not is_usable(connection, service):
            continue
        ticket = left.ticket if left is not None and left.service == service else ""
        slot = Slot(job, service, turn.run_id, partition, ticket, now(), now() + timedelta(seconds=LEASE_S))
        upsert(connection, in_flight, ("job",), [{name: getattr(slot, name) for name in Slot.__slots__}])
        return slot
    return None


def stand_in_line(connection: db.Connection, turn: Turn, wanted: Sequence[str]) -> None:
    """This run waits for a place at one of these services, for as long as it says so every second or so."""
    row = {
        "run_id": turn.run_id,
        "priority": turn.priority,
        "since": turn.since,
        "services": sorted(wanted),
        "lease_until": now() + timedelta(seconds=LINE_LEASE_S),
    }
    upsert(connection, waiting, ("run_id",), [row])


def leave_line(connection: db.Connection, run_id: str) -> None:
    """This run waits no longer; nor do those that were killed in line."""
    gone = db.or_(waiting.c.run_id == run_id, waiting.c.lease_until < now())
    connection.execute(waiting.delete().where(gone))


def slots_taken(connection: db.Connection) -> dict[str, int]:
    """How many jobs each service holds for living processes."""
    query = db.select(in_flight.c.service, db.func.count()).where(_alive(in_flight.c.lease_until, LEASE_S))
    return {row[0]: row[1] for row in connection.execute(query.group_by(in_flight.c.service))}


def handed_over(connection: db.Connection, slot: Slot, ticket: str) -> None:
    """The service took the job, and calls it `ticket`."""
    connection.execute(in_flight.update().where(_mine(slot)).values(ticket=ticket))


def renew(connection: db.Connection, slot: Slot) -> bool:
    """A sign of life. False when another process has taken the job over meanwhile."""
    until = now() + timedelta(seconds=LEASE_S)
    return connection.execute(in_flight.update().where(_mine(slot)).values(lease_until=until)).rowcount > 0


def make_room(connection: db.Connection, slot: Slot) -> None:
    """The service has done the job, and takes another; what it made is still to be fetched from it."""
    connection.execute(in_flight.update().where(_mine(slot)).values(lease_until=now()))


def leave(connection: db.Connection, slot: Slot, service: str, ticket: str) -> None:
    """The job is not counted any more, and a service that does not answer still has it under this ticket."""
    told = {"service": service, "ticket": ticket, "lease_until": now()}
    connection.execute(in_flight.update().where(_mine(slot)).values(**told))


def give_back(connection: db.Connection, slot: Slot) -> None:
    """The service holds the job no longer."""
    connection.execute(in_flight.delete().where(_mine(slot)))


def forget_job(connection: db.Connection, job: str) -> None:
    """A job that a run had left is done, and what was made of it is there."""
    dead = db.not_(_alive(in_flight.c.lease_until, LEASE_S))
    connection.execute(in_flight.delete().where(in_flight.c.job == job, dead))


def forget_run(connection: db.Connection, run_id: str) -> None:
    """The run has ended: what it left in flight is not counted any more, and may be taken over at once.

    What nobody took over in days is forgotten: a server has lost its queue by then, and pictures are found by name.
    """
    leave_line(connection, run_id)
    connection.execute(in_flight.delete().where(in_flight.c.taken_at < now() - LEFT_FOR))
    connection.execute(in_flight.update().where(in_flight.c.run_id == run_id).values(lease_until=now()))


def _wanted_by_others_first(connection: db.Connection, turn: Turn) -> set[str]:
    """The services at which a run waits whose turn is before this one's."""
    ahead = db.or_(
        waiting.c.priority > turn.priority,
        db.and_(waiting.c.priority == turn.priority, waiting.c.since < turn.since),
    )
    alive = db.and_(_alive(waiting.c.lease_until, LINE_LEASE_S), waiting.c.run_id != turn.run_id)
    rows = connection.execute(db.select(waiting.c.services).where(alive, ahead)).scalars()
    return {service for each in rows for service in each}


def slot_of(connection: db.Connection, job: str) -> Slot | None:
    """The slot of a job, its holder alive or not: it may still be made there, or be done."""
    row = connection.execute(db.select(in_flight).where(in_flight.c.job == job)).mappings().first()
    return Slot(**row) if row else None


def _alive(lease_until: db.ColumnElement[datetime], lease_s: float) -> db.ColumnElement[bool]:
    """Whether a lease still holds. One that holds for longer than a lease does was given before the clock was set back:
    who lives says so again within seconds, and who was killed is not waited for until the clock is there again."""
    return db.and_(lease_until > now(), lease_until <= now() + timedelta(seconds=lease_s + 1))


def _is_alive(lease_until: datetime) -> bool:
    return now() < lease_until <= now() + timedelta(seconds=LEASE_S + 1)


def _mine(slot: Slot) -> db.ColumnElement[bool]:
    return db.and_(in_flight.c.job == slot.job, in_flight.c.run_id == slot.run_id)


def _one_at_a_time(connection: db.Connection) -> None:
    """On PostgreSQL, one at a time looks for a place; on SQLite every transaction that writes has the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(db.text("LOCK TABLE in_flight IN SHARE ROW EXCLUSIVE MODE"))
