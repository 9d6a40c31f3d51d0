"""The catalog database as the API holds it: opened late, read, now and then written to, and watched for changes.

The one place that opens the database here. Looks at the change counter at most once a second, and only while somebody
asks; builds the next read model in a thread of its own and swaps it in whole. A database that goes away leaves the
last model in place.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

import sqlalchemy as db
from starlette.concurrency import run_in_threadpool

from api.read_model import ReadModel, build
from deckport_assets.catalog.database import Database, version_number
from deckport_assets.errors import ServiceUnavailable

log = logging.getLogger("deckport.api")
T = TypeVar("T")

POLL_S = 1.0
WAIT_S = 5.0
"""The longest that a request waits for the first model, or for one that nobody asked for in a while."""
PAUSE_PER_BUILD_S = 3.0
"""Seconds of rest for each second that a build took."""


class NoCatalog(ServiceUnavailable):
    """Nothing was imported yet: there is no database, or it has no tables."""


class CatalogUnreachable(ServiceUnavailable):
    """The database does not answer."""


class LiveCatalog:
    """The catalog, as up to date as a second ago. Safe to share between threads and event loops."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.model: ReadModel | None = None
        self.refused: ServiceUnavailable | None = None
        self._opened: tuple[Database, int] | None = None
        self._opening = Lock()
        self._worker = ThreadPoolExecutor(1, "read-model")
        self._refreshing: Future[None] | None = None
        self._looked_at = float("-inf")
        self._next_look = float("-inf")

    async def current(self) -> ReadModel | None:
        """The read model, or None as long as there is no catalog to read."""
        now = time.monotonic()
        if now >= self._next_look:
            refreshing = self.refresh()
            if self.model is None or now - self._looked_at > 2 * POLL_S:
                await asyncio.wait([asyncio.wrap_future(refreshing)], timeout=WAIT_S)
        return self.model

    def refresh(self) -> Future[None]:
        """Begin to look for a change, if nobody is at it already and the last look is long enough ago."""
        with self._opening:
            resting = self._refreshing is None or self._refreshing.done()
            if self._refreshing is None or (resting and time.monotonic() >= self._next_look):
                self._refreshing = self._worker.submit(self._refresh)
            return self._refreshing

    async def ask(self, question: Callable[[db.Connection], T]) -> T:
        """The answer to a question that the read model does not hold, asked in a thread."""

        def answer() -> T:
            with self.reading() as connection:
                return question(connection)

        return await run_in_threadpool(answer)

    async def change(self, action: Callable[[db.Connection], T]) -> T:
        """Do something in a transaction that writes, in a thread; gives what the action gives."""

        def act() -> T:
            try:
                with self._database().writing() as connection:
                    return action(connection)
            except db.exc.DBAPIError as error:
                raise CatalogUnreachable("The catalog database does not answer.", remedy="Start it again.") from error

        return await run_in_threadpool(act)

    @contextmanager
    def reading(self) -> Iterator[db.Connection]:
        """A connection that sees one state. Raises NoCatalog or CatalogUnreachable."""
        try:
            with self._database().reading() as connection:
                yield connection
        except db.exc.DBAPIError as error:
            words = str(error.orig)
            if "no such table" in words or "does not exist" in words:
                raise NoCatalog("The catalog has no tables yet.", remedy="deckport import") from None
            raise CatalogUnreachable("The catalog database does not answer.", remedy="Start it again.") from error

    def close(self) -> None:
        """Let go of the database and of the thread."""
        self._worker.shutdown(wait=True)
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None

    def _refresh(self) -> None:
        began = time.monotonic()
        try:
            with self.reading() as connection:
                if self.model is None or self.model.number != version_number(connection):
                    self.model = build(connection, self.model)
            self.refused = None
        except ServiceUnavailable as error:
            self.refused = error
        except Exception:
            log.exception("The read model could not be built; the one before stays.")
        self._looked_at = time.monotonic()
        self._next_look = self._looked_at + max(POLL_S, PAUSE_PER_BUILD_S * (self._looked_at - began))

    def _database(self) -> Database:
        """The open database; a SQLite file that was put in the place of another is opened anew, none is ever made."""
        address = db.make_url(self.url)
        inode = 0
        if address.get_backend_name() == "sqlite":
            try:
                inode = Path(address.database or "").stat().st_ino
            except OSError:
                raise NoCatalog("There is no catalog yet.", remedy="deckport import") from None
        with self._opening:
            if self._opened is None or self._opened[1] != inode:
                if self._opened is not None:
                    self._opened[0].close()
                self._opened = (Database(self.url), inode)
            return self._opened[0]
