"""Batches of prompts: what was handed to the service in one piece, for half the price and an answer within a day.

A batch is written down before it goes out, so that one whose number never came back is found again by what its items
are called. No service is called here, and nothing is judged; the money is the ledger's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as db

from deckport_assets.catalog import ledger
from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.database import now, touch
from deckport_assets.catalog.journal import keep_runs_waiting
from deckport_assets.catalog.ledger import Budgets, Call
from deckport_assets.catalog.prompt_queue import OPEN as OPEN_REQUESTS
from deckport_assets.catalog.prompts import prompts_that_count
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.tables import claims, prompt_requests
from deckport_assets.catalog.tables import prompt_batch_items as items
from deckport_assets.catalog.tables import prompt_batches as batches
from deckport_assets.errors import NeedsMoney, Refused
from deckport_assets.models import Card

MOST_ITEMS = 10_000
"""So many are sent in one piece."""
SENDING_S = 600.0
"""How long sending may take. After that, a batch that is still being sent has lost whoever sent it."""


class State(StrEnum):
    """How a batch stands."""

    PREPARED = "prepared"
    """Written down and paid for in advance; nothing was sent."""
    SENDING = "sending"
    """It goes out now; when that is long ago, nobody knows whether it arrived."""
    OPEN = "open"
    """The service has it."""
    COLLECTED = "collected"
    GIVEN_UP = "given up"
    """It never arrived, so nothing was paid."""


class Item(StrEnum):
    """What became of one card's item."""

    WAITING = "waiting"
    WRITTEN = "written"
    REFUSED = "refused"
    """It was answered, and the answer cannot be used; the list of failures says why."""
    ERRORED = "errored"
    """The service failed at it. Not paid; the card is without prompt as before."""
    EXPIRED = "expired"
    """The day was over before its turn came. Not paid."""
    CANCELLED = "cancelled"
    LOST = "lost"
    """The service ended the batch and said nothing of it: it may have been paid."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. `service_id` is how the service calls it, empty while it has not said so."""

    id: int
    token: str
    service_id: str
    state: State
    model: str
    requester: str
    size: int
    done: int
    """Items that the service has finished with, as it last said."""
    cause: str
    created_at: datetime
    sent_at: datetime | None
    lease_until: datetime
    ended_at: datetime | None

    @property
    def order_id(self) -> str:
        """What its spending belongs to."""
        return order_of(self.token)


def order_of(token: str) -> str:
    """What the spending of the batch with this token belongs to."""
    return f"batch-{token}"


def cards_to_write(connection: db.Connection, slugs: Iterable[str] | None = None) -> list[Card]:
    """The living cards (of these) without a written prompt that nobody is writing one for: no batch, request or run."""
    wanted = None if slugs is None else set(slugs)
    every = [card for card in all_cards(connection) if wanted is None or card.slug in wanted]
    counting = prompts_that_count(connection, [card.slug for card in every])
    taken = being_written(connection)
    asked = db.select(prompt_requests.c.card).where(prompt_requests.c.status.in_(OPEN_REQUESTS))
    taken |= set(connection.execute(asked).scalars())
    taken |= set(connection.execute(db.select(claims.c.partition).where(claims.c.asset == PROMPT)).scalars())
    return [
        card
        for card in every
        if card.slug not in taken
        and not ((prompt := counting.get(card.slug)) is not None and prompt.origin.counts_as_written)
    ]


def being_written(connection: db.Connection) -> set[str]:
    """The cards that a batch is writing."""
    return set(connection.execute(db.select(items.c.card).where(items.c.state == Item.WAITING)).scalars())


def prepare(
    connection: db.Connection,
    slugs: Sequence[str],
    price: Callable[[Card], tuple[int, int]],
    budgets: Budgets,
    *,
    service: str,
    model: str,
    requester: str,
) -> tuple[Batch, NeedsMoney | None]:
    """Write a batch down, as large as the budgets allow, and set its cost aside; gives also what cut it.

    `price` gives what a card's item is expected to cost and the most that it may, in millionths of a US dollar. Ask
    within a transaction that writes. Raises NeedsMoney when not even one can be paid, Refused when there is none.
    """
    keep_runs_waiting(connection)
    cards = cards_to_write(connection, slugs)[:MOST_ITEMS]
    if not cards:
        raise Refused("No card waits for a prompt.", remedy="deckport prompts batches shows what is being written.")
    token = f"deckport-{uuid.uuid4().hex[:12]}"
    row = {
        "token": token, "service_id": "", "state": State.PREPARED.value, "model": model, "requester": requester,
        "size": 0, "done": 0, "cause": "", "created_at": now(), "lease_until": now() + timedelta(seconds=SENDING_S),
    }  # fmt: skip
    number = int(connection.execute(batches.insert().values(row).returning(batches.c.id)).scalar_one())
    calls = []
    for card in cards:
        expected, ceiling = price(card)
        calls.append(
            Call(
                service, PROMPT, card.slug, f"{ledger.BATCH}{number}", ceiling, expected, order_of(token), requester,
                model, token, processing="batch",
            )
        )  # fmt: skip
    entries, cut = ledger.reserve_as_many(connection, calls, budgets)
    if not entries and cut is not None:
        raise cut
    for place, (card, entry) in enumerate(zip(cards, entries, strict=False)):
        custom_id = f"{token}-{place:05d}"
        told = {"batch": number, "custom_id": custom_id, "card": card.slug, "entry": entry, "state": Item.WAITING.value}
        connection.execute(items.insert().values(told | {"cause": ""}))
    connection.execute(batches.update().where(batches.c.id == number).values(size=len(entries)))
    touch(connection)
    return must_find(connection, number), cut


def sending(connection: db.Connection, batch: Batch) -> bool:
    """It goes out now. False when it is not ours to send any more."""
    here = db.and_(batches.c.id == batch.id, batches.c.state == State.PREPARED)
    told = {"state": State.SENDING.value, "sent_at": now(), "lease_until": now() + timedelta(seconds=SENDING_S)}
    if connection.execute(batches.update().where(here).values(**told)).rowcount == 0:
        return False
    for entry in connection.execute(db.select(items.c.entry).where(items.c.batch == batch.id)).scalars():
        ledger.sent(connection, entry)
    return True


def is_at_the_service(connection: db.Connection, batch: Batch, service_id: str) -> None:
    """The service has it, and calls it so."""
    here = db.and_(batches.c.id == batch.id, batches.c.state.in_((State.PREPARED, State.SENDING)))
    connection.execute(batches.update().where(here).values(state=State.OPEN.value, service_id=service_id, cause=""))
    touch(connection)


def note(connection: db.Connection, batch: Batch, *, done: int | None = None, cause: str = "") -> None:
    """How far the service is, or why that is not known."""
    told: dict[str, object] = {"cause": cause} | ({} if done is None else {"done": done})
    connection.execute(batches.update().where(batches.c.id == batch.id).values(**told))
    touch(connection)


def give_up(connection: db.Connection, batch: Batch, why: str) -> bool:
    """It never arrived: its cards are without prompt as before, and nothing was paid."""
    here = db.and_(batches.c.id == batch.id, batches.c.state.in_((State.PREPARED, State.SENDING)))
    told = {"state": State.GIVEN_UP.value, "cause": why, "ended_at": now()}
    if connection.execute(batches.update().where(here).values(**told)).rowcount == 0:
        return False
    mine = db.and_(items.c.batch == batch.id, items.c.state == Item.WAITING)
    for entry in connection.execute(db.select(items.c.entry).where(mine)).scalars().all():
        ledger.release(connection, entry, why)
    connection.execute(items.update().where(mine).values(state=Item.CANCELLED.value, cause=why))
    touch(connection)
    return True


def settle(connection: db.Connection, custom_id: str, state: Item, cause: str = "") -> tuple[str, int] | None:
    """What became of an item; gives its card and its row in the ledger, or None when that is known already."""
    here = db.and_(items.c.custom_id == custom_id, items.c.state == Item.WAITING)
    update = items.update().where(here).values(state=state.value, cause=cause).returning(items.c.card, items.c.entry)
    row = connection.execute(update).first()
    return None if row is None else (row.card, row.entry)


def collected(connection: db.Connection, batch: Batch) -> None:
    """Its answers are all here. What the service did not speak of may have been paid."""
    left = db.and_(items.c.batch == batch.id, items.c.state == Item.WAITING)
    why = "The service ended the batch and said nothing of it."
    for entry in connection.execute(db.select(items.c.entry).where(left)).scalars().all():
        ledger.lose(connection, entry, why)
    connection.execute(items.update().where(left).values(state=Item.LOST.value, cause=why))
    told = {"state": State.COLLECTED.value, "ended_at": now(), "done": batch.size, "cause": ""}
    connection.execute(batches.update().where(batches.c.id == batch.id).values(**told))
    touch(connection)


def unfinished(connection: db.Connection) -> list[Batch]:
    """What is being sent or at the service, the oldest first."""
    states = (State.PREPARED, State.SENDING, State.OPEN)
    query = db.select(batches).where(batches.c.state.in_(states)).order_by(batches.c.id)
    return [_batch_of(row) for row in connection.execute(query).mappings()]


def list_batches(connection: db.Connection, *, most: int = 50) -> list[Batch]:
    """The batches, the latest first."""
    query = db.select(batches).order_by(batches.c.id.desc()).limit(most)
    return [_batch_of(row) for row in connection.execute(query).mappings()]


def outcomes(connection: db.Connection, batch: Batch) -> dict[Item, int]:
    """How many of its items stand how."""
    counted = db.select(items.c.state, db.func.count()).where(items.c.batch == batch.id).group_by(items.c.state)
    return {Item(row[0]): row[1] for row in connection.execute(counted)}


def cards_of(connection: db.Connection, batch: Batch) -> list[tuple[str, str]]:
    """Its items in order: what each is called at the service, and its card."""
    query = db.select(items.c.custom_id, items.c.card).where(items.c.batch == batch.id).order_by(items.c.custom_id)
    return [(row.custom_id, row.card) for row in connection.execute(query)]


def known_at_the_service(connection: db.Connection) -> set[str]:
    """What the service calls the batches that we know the name of."""
    return set(connection.execute(db.select(batches.c.service_id).where(batches.c.service_id != "")).scalars())


def must_find(connection: db.Connection, number: int) -> Batch:
    """The batch with this number. Raises Refused when there is none."""
    row = connection.execute(db.select(batches).where(batches.c.id == number)).mappings().first()
    if row is None:
        raise Refused(f"There is no batch {number}.", remedy="deckport prompts batches lists them.")
    return _batch_of(row)


def _batch_of(row: db.RowMapping) -> Batch:
    return Batch(**dict(row) | {"state": State(row["state"])})
