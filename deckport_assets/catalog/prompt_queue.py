"""The prompt queue: what people ask to have written, and the fence that keeps each answer to one.

`attempt` is the fence: whoever settles a request names the attempt that was claimed, and a late one changes nothing. A
request that was being written when its process died is claimed again when its lease has run out. No service is called
here, and no money is spent: that is the drain's. The semantics are operations.md's, tried with kills on both databases.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as db

from deckport_assets.catalog.database import now, touch
from deckport_assets.catalog.tables import prompt_batch_items
from deckport_assets.catalog.tables import prompt_requests as requests
from deckport_assets.errors import BadRequest, InABatch, Refused

MOST_AT_ONCE = 3
"""So many calls are out at a time, over queue, asset and batch together."""
MOST_FAILURES = 4
"""The first try and three more; then a person is asked."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
AFTER_A_DEATH_S = 5.0
"""The first pause of a request whose process died: at the head of the line, it would be the next one's first again, and
be taken for what kills them (seen in 3 of 1,000 under a kill every 2.5 s)."""
LEASE_S = 120.0
"""How long a request is its process's without a sign of life."""
AGES_AFTER = timedelta(hours=1)
"""Who has waited for so long goes before others of the same priority: by one, once, and only in the order."""
LONGEST_CHARACTERS = 8_000
LONGEST_KEY_CHARACTERS = 200
MOST_REFERENCES = 8
USUAL, MOST_URGENT, LEAST_URGENT = 5, 10, 1
MINUTES_OF_SPEED = 60
LARGEST_NUMBER = 2**31 - 1
"""What a database takes as the number of a request."""


class Status(StrEnum):
    """How a request stands."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    """A person has to look: nothing more is tried."""
    CANCELLED = "cancelled"


OPEN = (Status.QUEUED, Status.PROCESSING)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `card` is a slug, or empty for free text; `words` is what the requester says beside the card."""

    id: int
    card: str
    words: str
    references: Sequence[str]
    priority: int
    requester: str
    status: Status
    attempt: int
    failures: int
    dedupe: str | None
    correlation: str
    run_id: str
    prompt_version: int | None
    answer: Mapping[str, Any] | None
    kind: str
    cause: str
    remedy: str
    run_after: datetime
    lease_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def enqueue(
    connection: db.Connection,
    *,
    card: str = "",
    words: str = "",
    references: Sequence[str] = (),
    priority: int = USUAL,
    requester: str,
    dedupe: str | None = None,
    correlation: str = "",
) -> tuple[Request, bool]:
    """Put a request into the queue; gives it and whether it is new. Ask within a transaction that writes.

    With the same dedupe key as one of this requester that is open, that one is given: nothing is asked for twice.
    Without a key, a card is its own key, whoever asks, and a wish is the key of who wishes it: the same words and
    references for the same card. Who asks more urgently makes the open one more urgent. Raises BadRequest with
    every mistake; Refused when the key is another card's, and when a batch is writing the card already.
    """
    mistakes = list(_mistakes(card, words, references, priority, dedupe or ""))
    if mistakes:
        raise BadRequest(" ".join(mistakes), remedy="Correct the request and send it again.")
    words = words.strip()
    plain = bool(card) and not words and not references
    key = (
        f"key:{requester}:{dedupe}"
        if dedupe
        else f"card:{card}"
        if plain
        else _key_of(requester, card, words, references)
    )
    if plain and _is_in_a_batch(connection, card):
        raise InABatch(
            f"The prompt of {card} is being written in a batch.",
            remedy="Wait for it (deckport prompts batches), or say what you wish of it.",
        )
    found = _open_with(connection, key)
    if found is not None:
        if (found.card, found.words, list(found.references)) != (card, words, list(references)):
            raise Refused(
                f"Request {found.id} has this key, and asks for something else.", remedy="Choose another dedupe key."
            )
        if priority > found.priority and found.status is Status.QUEUED:
            connection.execute(requests.update().where(requests.c.id == found.id).values(priority=priority))
            touch(connection)
        return _must_find(connection, found.id), False
    row = {
        "card": card, "words": words, "references": list(references), "priority": priority, "requester": requester,
        "status": Status.QUEUED.value, "attempt": 0, "failures": 0, "dedupe": key, "correlation": correlation,
        "run_after": now(), "created_at": now(),
    }  # fmt: skip
    insert = _insert(connection).values(row).on_conflict_do_nothing().returning(requests.c.id)
    number = connection.execute(insert).scalar()
    touch(connection)
    if number is None:  # another transaction was faster with the same key
        found = _open_with(connection, key)
        if found is None:
            raise Refused("The same request has just been settled.", remedy="Ask again.")
        return found, False
    return _must_find(connection, int(number)), True


def _key_of(requester: str, card: str, words: str, references: Sequence[str]) -> str:
    said = json.dumps([card, words, list(references)])
    return f"wish:{requester}:{hashlib.sha256(said.encode()).hexdigest()}"


def _is_plain(request: Request) -> bool:
    """Whether it wants the card's prompt, and nothing else."""
    return bool(request.card) and not request.words.strip() and not request.references


def _is_in_a_batch(connection: db.Connection, card: str) -> bool:
    here = db.and_(prompt_batch_items.c.card == card, prompt_batch_items.c.state == "waiting")
    return connection.execute(db.select(prompt_batch_items.c.custom_id).where(here).limit(1)).first() is not None


def find(connection: db.Connection, number: int) -> Request | None:
    """The request with this number."""
    if number > LARGEST_NUMBER:
        return None
    row = connection.execute(db.select(requests).where(requests.c.id == number)).mappings().first()
    return _request_of(row) if row else None


def in_line(connection: db.Connection, *, requester: str = "", most: int = 500) -> list[Request]:
    """What is open: first what is being written, then what waits, in the order in which it is taken now."""
    query = db.select(requests).where(requests.c.status.in_(OPEN))
    if requester:
        query = query.where(requests.c.requester == requester)
    being_written = db.case((requests.c.status == Status.PROCESSING, 0), else_=1)
    rows = connection.execute(query.order_by(being_written, *_turn(connection)).limit(most)).mappings()
    return [_request_of(row) for row in rows]


def settled(
    connection: db.Connection, statuses: Sequence[Status] = (), *, requester: str = "", most: int = 100
) -> list[Request]:
    """What has ended, the latest first."""
    wanted = [status for status in statuses or Status if status not in OPEN]
    query = db.select(requests).where(requests.c.status.in_(wanted))
    if requester:
        query = query.where(requests.c.requester == requester)
    rows = connection.execute(query.order_by(requests.c.finished_at.desc(), requests.c.id.desc()).limit(most))
    return [_request_of(row) for row in rows.mappings()]


def claim(connection: db.Connection, run_id: str, *, most: int = MOST_AT_ONCE) -> Request | None:
    """The next request, for this run to write; None when none is ready or `most` are being written already.

    The most urgent first (who has waited for an hour counts as one more urgent), of those the requester with the fewest
    being written, of those the oldest. Ask within a transaction that writes.
    """
    _one_at_a_time(connection)
    moment = now()
    held = db.select(db.func.count()).select_from(requests)
    held = held.where(requests.c.status == Status.PROCESSING, requests.c.lease_until > moment)
    if int(connection.execute(held).scalar_one()) >= most:
        return None
    ready = db.and_(requests.c.status == Status.QUEUED, requests.c.run_after <= moment)
    number = connection.execute(db.select(requests.c.id).where(ready).order_by(*_turn(connection)).limit(1)).scalar()
    if number is None:
        return None
    taken = {
        "status": Status.PROCESSING.value, "attempt": requests.c.attempt + 1, "run_id": run_id,
        "started_at": moment, "lease_until": moment + timedelta(seconds=LEASE_S),
    }  # fmt: skip
    connection.execute(requests.update().where(requests.c.id == number).values(**taken))
    touch(connection)
    return _must_find(connection, int(number))


def ready(connection: db.Connection) -> list[Request]:
    """What could be claimed now, the next first."""
    here = db.and_(requests.c.status == Status.QUEUED, requests.c.run_after <= now())
    rows = connection.execute(db.select(requests).where(here).order_by(*_turn(connection)).limit(100)).mappings()
    return [_request_of(row) for row in rows]


def being_answered(connection: db.Connection, card: str) -> bool:
    """Whether a request for this card is being written."""
    here = db.and_(requests.c.card == card, requests.c.status == Status.PROCESSING, requests.c.lease_until > now())
    return connection.execute(db.select(requests.c.id).where(here).limit(1)).first() is not None


def renew(connection: db.Connection, request: Request) -> bool:
    """A sign of life. False when the request is another's by now, or was cancelled."""
    until = now() + timedelta(seconds=LEASE_S)
    return connection.execute(requests.update().where(_mine(request)).values(lease_until=until)).rowcount > 0


def complete(
    connection: db.Connection, request: Request, *, prompt_version: int | None, answer: Mapping[str, Any]
) -> bool:
    """The request is answered. False, and nothing changes, for an answer that comes too late. Ask in the transaction
    that keeps the prompt, before it is kept."""
    told = {"prompt_version": prompt_version, "answer": dict(answer), "cause": "", "kind": "", "remedy": ""}
    return _settle(connection, request, Status.COMPLETED, **told)


def note_version(connection: db.Connection, request: Request, prompt_version: int, remark: str = "") -> None:
    """Which version of the card's prompt the answer became, and what is to be said of it. What had failed for the same
    card is nobody's to look at any more."""
    told = {"prompt_version": prompt_version, "cause": remark}
    connection.execute(requests.update().where(requests.c.id == request.id).values(**told))
    settle_failed(connection, request.card, f"Request {request.id} was answered.")


def settle_failed(connection: db.Connection, card: str, why: str) -> None:
    """The card has its prompt: what had failed for it is done with."""
    here = db.and_(requests.c.card == card, requests.c.status == Status.FAILED)
    connection.execute(requests.update().where(here).values(status=Status.CANCELLED.value, cause=why, remedy=""))


def fail(
    connection: db.Connection, request: Request, error: BaseException, *, after_s: float | None = None
) -> Status | None:
    """What was tried did not work: it waits for another try, or for a person when it was tried often enough or another
    try would be the same. Gives how it stands now, or None for a failure that comes too late.

    `after_s` is how long the service said to wait. A service that is away is no failure of the request: see `put_back`.
    """
    retryable = bool(getattr(error, "retryable", False))
    failures = request.failures + 1
    told = {
        "failures": failures, "kind": getattr(error, "kind", type(error).__name__), "cause": str(error) or repr(error),
        "remedy": getattr(error, "remedy", ""),
    }  # fmt: skip
    if retryable and failures < MOST_FAILURES:
        first_s = AFTER_A_DEATH_S if isinstance(error, _Left) else FIRST_PAUSE_S
        pause_s = min(LONGEST_PAUSE_S, first_s * 2.0 ** (failures - 1)) * random.uniform(0.8, 1.2)
        again = {"run_after": now() + timedelta(seconds=max(pause_s, after_s or 0.0)), "lease_until": None}
        return Status.QUEUED if _change(connection, request, Status.QUEUED, **told, **again) else None
    return Status.FAILED if _settle(connection, request, Status.FAILED, **told) else None


def put_back(connection: db.Connection, request: Request, *, why: str, after_s: float, remedy: str = "") -> bool:
    """It was not tried, or not to its end, through no fault of its own: the service is away, a budget is spent, a run
    was stopped. It waits for so long; its failures stay as many as they were."""
    told = {"cause": why, "remedy": remedy, "run_after": now() + timedelta(seconds=after_s), "lease_until": None}
    return _change(connection, request, Status.QUEUED, **told)


def rest(connection: db.Connection, after_s: float) -> None:
    """Nothing that waits is tried before so long: the service is away for all of them, or the budget is spent."""
    until = now() + timedelta(seconds=after_s)
    here = db.and_(requests.c.status == Status.QUEUED, requests.c.run_after < until)
    in_order = db.select(requests.c.id).where(here).order_by(requests.c.id).with_for_update()
    connection.execute(in_order).all()  # two that rest at once take the rows in the same order
    connection.execute(requests.update().where(here).values(run_after=until))
    touch(connection)


def cancel(connection: db.Connection, number: int) -> Request:
    """A person wants it no longer. What is being written is not stopped at the service; its answer comes too late. One
    that has failed is nobody's to look at any more.

    Raises Refused when it has ended already.
    """
    here = db.and_(requests.c.id == number, requests.c.status.in_((*OPEN, Status.FAILED)))
    told = {"status": Status.CANCELLED.value, "finished_at": now(), "lease_until": None}
    if connection.execute(requests.update().where(here).values(**told)).rowcount == 0:
        found = find(connection, number)
        if found is None:
            raise Refused(f"There is no request {number}.", remedy="deckport prompts queue lists them.")
        raise Refused(f"Request {number} is {found.status} already.", remedy="Nothing is to be cancelled.")
    touch(connection)
    return _must_find(connection, number)


def retry(connection: db.Connection, number: int) -> Request:
    """Ask again for one that has failed or was cancelled, from the beginning; one that rests after something went wrong
    is tried now.

    Raises Refused for any other, and when the same was asked for anew meanwhile.
    """
    before = find(connection, number)
    if before is not None and _is_plain(before) and _is_in_a_batch(connection, before.card):
        raise InABatch(
            f"The prompt of {before.card} is being written in a batch.", remedy="Wait for it: deckport prompts batches."
        )
    other = _open_with(connection, before.dedupe) if before is not None and before.dedupe else None
    if other is not None and other.id != number:
        raise Refused(f"Request {other.id} asks for the same already.", remedy="deckport prompts queue")
    rests = db.and_(requests.c.id == number, requests.c.status == Status.QUEUED, requests.c.run_after > now())
    if connection.execute(requests.update().where(rests).values(run_after=now())).rowcount:
        touch(connection)
        return _must_find(connection, number)
    here = db.and_(requests.c.id == number, requests.c.status.in_((Status.FAILED, Status.CANCELLED)))
    told = {
        "status": Status.QUEUED.value, "failures": 0, "run_after": now(), "finished_at": None, "cause": "", "kind": "",
        "remedy": "",
    }  # fmt: skip
    if connection.execute(requests.update().where(here).values(**told)).rowcount == 0:
        found = find(connection, number)
        state = f"Request {number} is {found.status}" if found else f"There is no request {number}"
        raise Refused(
            f"{state}: only what failed, was cancelled or rests is asked for again.", remedy="deckport prompts queue"
        )
    touch(connection)
    return _must_find(connection, number)


def reap(connection: db.Connection, is_over: Any = None) -> int:
    """Give back what is being written by nobody: its lease has run out, or its run has ended. Gives how many.

    A request whose process died is as many failures older as it was tried: one that kills its process every time is
    shown to a person in the end.
    """
    moment = now()
    query = db.select(requests).where(requests.c.status == Status.PROCESSING).order_by(requests.c.id)
    reaped = 0
    for row in connection.execute(query).mappings().all():
        request = _request_of(row)
        lapsed = request.lease_until is None or not moment < request.lease_until <= moment + timedelta(
            seconds=LEASE_S + 1
        )
        if lapsed or (is_over is not None and is_over(request.run_id)):
            reaped += fail(connection, request, _Left()) is not None
    return reaped


class _Left(Exception):
    """Nobody is writing it any more."""

    retryable = True
    kind = "lost"
    remedy = "Ask again: deckport prompts retry."

    def __str__(self) -> str:
        return "Its process ended before the answer came."


@dataclass(frozen=True, slots=True)
class Statistics:
    """How the queue is doing. Times are seconds; None where nothing is known."""

    by_status: Mapping[str, int]
    usual_s: float | None
    """From the claim to the answer, on the average of the last hour."""
    per_minute: float
    """Answers in the last hour, by the minute."""
    oldest_waiting_s: float | None
    waiting_by_requester: Mapping[str, int]


def statistics(connection: db.Connection) -> Statistics:
    """How the queue is doing now."""
    moment = now()
    counted = connection.execute(db.select(requests.c.status, db.func.count()).group_by(requests.c.status)).all()
    by_status = {status.value: 0 for status in Status} | {row[0]: row[1] for row in counted}
    late = db.and_(
        requests.c.status == Status.COMPLETED, requests.c.finished_at > moment - timedelta(minutes=MINUTES_OF_SPEED)
    )
    times = connection.execute(db.select(requests.c.started_at, requests.c.finished_at).where(late)).all()
    took = [(row.finished_at - row.started_at).total_seconds() for row in times if row.started_at]
    queued = requests.c.status == Status.QUEUED
    oldest = connection.execute(
        db.select(requests.c.created_at).where(queued).order_by(requests.c.created_at).limit(1)
    ).scalar()
    by_requester = connection.execute(
        db.select(requests.c.requester, db.func.count()).where(queued).group_by(requests.c.requester)
    ).all()
    return Statistics(
        by_status,
        sum(took) / len(took) if took else None,
        len(took) / MINUTES_OF_SPEED,
        (moment - oldest).total_seconds() if oldest else None,
        {row[0]: row[1] for row in by_requester},
    )


UNKNOWN_S = 15.0
"""How long one answer is taken to need before there ever was one."""


def wait_s(position: int, known: Statistics, request: Request | None = None) -> float:
    """How long the request at this place in line (0 is the next) waits until its answer is there, in seconds."""
    each_s = known.usual_s or UNKNOWN_S
    return (rests_s(request) if request else 0.0) + each_s * (1 + position // MOST_AT_ONCE)


def rests_s(request: Request) -> float:
    """How long a request is not tried yet: something went wrong, the service is away, a budget is spent."""
    return max(0.0, (request.run_after - now()).total_seconds())


def _mistakes(card: str, words: str, references: Sequence[str], priority: int, dedupe: str) -> Any:
    if len(dedupe) > LONGEST_KEY_CHARACTERS:
        yield f"A dedupe key of {len(dedupe):,} characters: at most {LONGEST_KEY_CHARACTERS} are taken."
    if not card and not words.strip():
        yield "It names no card and says nothing."
    if not isinstance(priority, int) or isinstance(priority, bool) or not LEAST_URGENT <= priority <= MOST_URGENT:
        said = repr(priority)[:40]
        yield f"priority {said}: expected {LEAST_URGENT} to {MOST_URGENT}, {MOST_URGENT} the most urgent."
    if len(words) > LONGEST_CHARACTERS:
        yield f"{len(words):,} characters: at most {LONGEST_CHARACTERS:,} are read."
    if len(references) > MOST_REFERENCES or any(len(each) > 400 for each in references):
        yield f"At most {MOST_REFERENCES} references of 400 characters each."


def _turn(connection: db.Connection) -> tuple[db.ColumnElement[Any], ...]:
    """The order in which requests are taken."""
    moment = now()
    aged = db.case((requests.c.created_at < moment - AGES_AFTER, 1), else_=0)
    urgency = db.case((requests.c.priority + aged > MOST_URGENT, MOST_URGENT), else_=requests.c.priority + aged)
    others = requests.alias("others")
    running = (
        db.select(db.func.count())
        .where(
            others.c.requester == requests.c.requester,
            others.c.status == Status.PROCESSING,
            others.c.lease_until > moment,
        )
        .correlate(requests)
        .scalar_subquery()
    )
    return urgency.desc(), running, requests.c.created_at, requests.c.id


def _settle(connection: db.Connection, request: Request, status: Status, **told: Any) -> bool:
    return _change(connection, request, status, finished_at=now(), lease_until=None, **told)


def _change(connection: db.Connection, request: Request, status: Status, **told: Any) -> bool:
    changed = (
        connection.execute(requests.update().where(_mine(request)).values(status=status.value, **told)).rowcount > 0
    )
    if changed:
        touch(connection)
    return changed


def _mine(request: Request) -> db.ColumnElement[bool]:
    """The fence."""
    return db.and_(
        requests.c.id == request.id, requests.c.attempt == request.attempt, requests.c.status == Status.PROCESSING
    )


def _open_with(connection: db.Connection, key: str) -> Request | None:
    here = db.and_(requests.c.dedupe == key, requests.c.status.in_(OPEN))
    row = connection.execute(db.select(requests).where(here)).mappings().first()
    return _request_of(row) if row else None


def _must_find(connection: db.Connection, number: int) -> Request:
    found = find(connection, number)
    assert found is not None
    return found


def _request_of(row: db.RowMapping) -> Request:
    return Request(**dict(row) | {"status": Status(row["status"])})


def _insert(connection: db.Connection) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(requests)


def _one_at_a_time(connection: db.Connection) -> None:
    """On PostgreSQL, one at a time looks for the next; on SQLite who writes has the lock anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(db.text("SELECT pg_advisory_xact_lock(hashtext('deckport.prompt_queue'))"))
