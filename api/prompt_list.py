"""The prompts page's contents: what is open in the order in which it is taken, what has ended, how the queue is doing.

Read in one go, then pure. What the queue does with a request is the catalog's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as db

from api.documents import MediaFile
from api.records import CardRecord
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import now
from deckport_assets.catalog.prompt_batches import Batch, unfinished
from deckport_assets.catalog.prompt_queue import Request, Statistics, Status
from deckport_assets.catalog.recipes import THUMBNAIL
from deckport_assets.catalog.services import Circuit, State, circuits

WRITER = "claude"
"""The service that writes, as its circuit is named."""
MOST_OPEN, MOST_FAILED, MOST_ENDED = 100, 20, 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The queue at one moment."""

    at: datetime
    line: list[Request]
    failed: list[Request]
    ended: list[Request]
    known: Statistics
    circuit: Circuit | None
    batches: list[Batch]
    """What is at the service in one piece."""


def snapshot(connection: db.Connection) -> Snapshot:
    """The queue as this connection sees it."""
    return Snapshot(
        now(),
        queue.in_line(connection, most=MOST_OPEN),
        queue.settled(connection, [Status.FAILED], most=MOST_FAILED),
        queue.settled(connection, [Status.COMPLETED, Status.CANCELLED], most=MOST_ENDED),
        queue.statistics(connection),
        circuits(connection, [WRITER]).get(WRITER),
        unfinished(connection),
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One request as the page shows it. `place` counts from 1, the next; the times are seconds."""

    request: Request
    record: CardRecord | None
    is_mine: bool
    age_s: float
    place: int | None = None
    wait_s: float | None = None
    pause_s: float = 0.0
    """How long it is not tried yet, after something went wrong."""

    @property
    def title(self) -> str:
        """What it is about."""
        return self.record.card.name if self.record else self.request.card or "Free text"

    @property
    def sku(self) -> str:
        """The card's SKU; empty for free text."""
        return self.record.card.sku if self.record else ""

    @property
    def picture(self) -> MediaFile | None:
        """The card, small."""
        return self.record.files.get((THUMBNAIL, "thumb")) if self.record else None

    @property
    def cost_microusd(self) -> int | None:
        """What the answer cost; None when that is not known."""
        cost = (self.request.answer or {}).get("cost_usd")
        return None if cost is None else round(1_000_000 * cost)


@dataclass(frozen=True, slots=True)
class PromptList:
    """The page: what is open, what has ended, and how the queue is doing."""

    open: list[Item]
    more_open: int
    failed: list[Item]
    """They wait for a person, so they stand apart from what else has ended."""
    ended: list[Item]
    known: Statistics
    circuit: Circuit | None
    """Of the writer, when it is left alone."""
    batches: list[Batch]

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self.known.by_status[Status.QUEUED]

    @property
    def being_written(self) -> int:
        """How many are being written."""
        return self.known.by_status[Status.PROCESSING]


def prompt_list(seen: Snapshot, records: Mapping[str, CardRecord], name: str, *, drafts: bool) -> PromptList:
    """The page for the person of this name (empty: somebody without a key). `drafts`: no outside service writes."""
    items = list(_open(seen, records, name))
    failed, ended = (
        [_item(seen, request, records, name, request.finished_at) for request in some]
        for some in (seen.failed, seen.ended)
    )
    rests = seen.circuit is not None and seen.circuit.state is not State.CLOSED and not drafts
    every = sum(seen.known.by_status[status] for status in queue.OPEN)
    more = max(0, every - len(items))
    return PromptList(items, more, failed, ended, seen.known, seen.circuit if rests else None, seen.batches)


def _open(seen: Snapshot, records: Mapping[str, CardRecord], name: str) -> Iterable[Item]:
    place = 0
    for request in seen.line:
        if request.status is Status.PROCESSING:
            yield _item(seen, request, records, name, request.started_at)
            continue
        pause_s, wait_s = queue.rests_s(request), queue.wait_s(place, seen.known, request)
        place += 1
        yield _item(seen, request, records, name, request.created_at, place=place, wait_s=wait_s, pause_s=pause_s)


def _item(
    seen: Snapshot,
    request: Request,
    records: Mapping[str, CardRecord],
    name: str,
    since: datetime | None,
    *,
    place: int | None = None,
    wait_s: float | None = None,
    pause_s: float = 0.0,
) -> Item:
    age_s = (seen.at - (since or request.created_at)).total_seconds()
    return Item(request, records.get(request.card), request.requester == name, age_s, place, wait_s, pause_s)
