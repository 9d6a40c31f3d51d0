"""Dagster's storage, chosen by environment, with an event log that keeps its connections open.

`dagster.yaml` cannot choose a storage by environment, so it names `EnvironmentStorage`, which is SQLite files under
Dagster's home or the PostgreSQL of DECKPORT_DATABASE_URL, in every process alike.

Why own event logs: Dagster's stock classes open and close a connection for every event. Measured per partition and
asset with one check: stock SQLite 155-183 ms wall and 24-30 ms CPU, this class 3.7 and 2.5; stock Postgres 48 and 7.8,
this class 5.1 and 3.1. They store the same rows (tests/instance/test_storage.py compares them). Neither waits for the
disk at each event (`synchronous=NORMAL`, `synchronous_commit=off`): a power cut can lose the last events, a kill
never does, and what was lost is found by its identity and reported again. DECKPORT_EVENT_LOG=stock goes back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._core.storage.event_log.schema import AssetKeyTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.base import RunStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.base import ScheduleStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage
from dagster_postgres.utils import create_pg_connection
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from deckport_assets.settings import settings

BUSY_TIMEOUT_S = 60
PAUSE_S = 2.0


class _RemembersTables:
    """What a schema check found once stays true: tables and columns are added, never dropped, while a process runs."""

    _found: set[str]

    def has_table(self, table_name: str) -> bool:
        """Whether the table exists."""
        return self._once(f"table {table_name}", lambda: super(_RemembersTables, self).has_table(table_name))  # type: ignore[misc]

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the asset table has the column."""
        found = lambda: super(_RemembersTables, self).has_asset_key_col(column_name)  # type: ignore[misc]  # noqa: E731
        return self._once(f"column {column_name}", found)

    def _has_asset_key_col_on_connection(self, conn: db.Connection, column_name: str) -> bool:
        """The same, as Dagster asks within a transaction: for every event that is stored."""
        look = super()._has_asset_key_col_on_connection  # type: ignore[misc]
        return self._once(f"column {column_name}", lambda: look(conn, column_name))

    def _once(self, what: str, look: Callable[[], bool]) -> bool:
        known = self.__dict__.setdefault("_found", set())
        if what not in known and look():
            known.add(what)
        return what in known


class _OneTransactionPerEvent:
    """An event, its tags, its asset's row and its check's row are stored together or not at all.

    Dagster's own classes take a connection and a commit for each of these.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._storing = threading.local()
        self._planned: tuple[dg.AssetKey | None, str] | None = None
        super().__init__(*arguments, **named)

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event."""
        if getattr(self._storing, "connection", None) is not None:
            self._store(event)
            return
        with self.together():
            self._store(event)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread stores inside is stored together or not at all: a card's event with its check's."""
        with self._transaction() as connection:
            self._storing.connection = connection
            try:
                yield
            finally:
                self._storing.connection = None

    def _store(self, event: EventLogEntry) -> None:
        super().store_event(event)  # type: ignore[misc]

    def _store_asset_event(self, conn: db.Connection, event: EventLogEntry, event_id: int) -> None:
        """The asset's row. That a run plans to make the asset stands there after the first of its partitions."""
        told = event.dagster_event
        if told and told.is_asset_materialization_planned:
            planned = (told.asset_key, event.run_id)
            if planned == self._planned:
                return
            self._planned = planned
        self._store_asset_row(conn, event, event_id)

    def _store_asset_row(self, conn: db.Connection, event: EventLogEntry, event_id: int) -> None:
        super()._store_asset_event(conn, event, event_id)  # type: ignore[misc]

    def _connect(self) -> Any:
        if (connection := getattr(self._storing, "connection", None)) is not None:
            return nullcontext(connection)
        return self._checkout()

    def _transaction(self) -> AbstractContextManager[db.Connection]:
        return self._checkout()

    def _checkout(self) -> AbstractContextManager[db.Connection]:
        raise NotImplementedError


class OpenSqliteEventLog(_RemembersTables, _OneTransactionPerEvent, ConsolidatedSqliteEventLogStorage):
    """All events in one SQLite file, its connections kept open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine: db.Engine | None = None
        self._poller: SqlPollingEventWatcher | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> OpenSqliteEventLog:
        """The storage that a dagster.yaml's configuration describes."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _checkout(self) -> Iterator[db.Connection]:
        if self._engine is None:
            self._engine = open_sqlite(self._conn_string)
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def _store_asset_row(self, conn: db.Connection, event: EventLogEntry, event_id: int) -> None:
        """Dagster inserts the asset's row and updates it on the error, which is what happens every time but one."""
        key = event.dagster_event.asset_key if event.dagster_event else None
        if key is None:
            return
        values = self._get_asset_entry_values(event, event_id, self._has_asset_key_index_cols_on_connection(conn))
        if values:
            update = AssetKeyTable.update().where(AssetKeyTable.c.asset_key == key.to_string()).values(**values)
            if conn.execute(update).rowcount == 0:
                conn.execute(AssetKeyTable.insert().values(asset_key=key.to_string(), **values))

    def watch(self, run_id: str, cursor: str | None, callback: Any) -> None:
        """Follow a run by polling: the stock file watcher sees nothing while a write-ahead log stays open."""
        if self._poller is None:
            self._poller = SqlPollingEventWatcher(self)
        self._poller.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: Any) -> None:
        """Stop following a run."""
        if self._poller is not None:
            self._poller.unwatch_run(run_id, handler)

    def dispose(self) -> None:
        """Close the watcher and the connections."""
        if self._poller is not None:
            self._poller.close()
        if self._engine is not None:
            self._engine.dispose()


class OpenPostgresEventLog(_RemembersTables, _OneTransactionPerEvent, PostgresEventLogStorage):
    """PostgreSQL's event log with a small pool of connections."""

    def __init__(self, postgres_url: str, **arguments: Any) -> None:
        super().__init__(postgres_url, **arguments)
        self._engine.dispose()
        self._engine = open_postgres(postgres_url, isolation_level="AUTOCOMMIT")
        self._storing_engine = open_postgres(postgres_url)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> OpenPostgresEventLog:
        """The storage that a dagster.yaml's configuration describes."""
        return cls(config_value["postgres_url"], inst_data=inst_data)

    def _store(self, event: EventLogEntry) -> None:
        # As for any database, without the NOTIFY that Dagster keeps here for versions that still listened to it.
        SqlEventLogStorage.store_event(self, event)

    def _checkout(self) -> AbstractContextManager[db.Connection]:
        return create_pg_connection(self._engine)

    @contextmanager
    def _transaction(self) -> Iterator[db.Connection]:
        with create_pg_connection(self._storing_engine) as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Close the watcher and the connections."""
        super().dispose()
        self._engine.dispose()
        self._storing_engine.dispose()


def open_postgres(url: str, **arguments: Any) -> db.Engine:
    """An engine with a small pool of connections that do not wait for the server's disk."""
    given = db.make_url(url).query.get("options", "")
    options = {"options": f"{given} -c synchronous_commit=off".strip()}
    engine = db.create_engine(url, pool_size=2, max_overflow=14, connect_args=options, **arguments)
    _ping_after_a_pause(engine)
    return engine


def _ping_after_a_pause(engine: db.Engine) -> None:
    """Ask a connection whether it still lives when it was not used for a while.

    SQLAlchemy's own `pool_pre_ping` asks before every event: 0.11 ms of the 0.28 that a small statement takes.
    """

    @event.listens_for(engine, "checkin")
    def _given_back(_connection: Any, record: Any) -> None:
        record.info["given_back_at_s"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("given_back_at_s", time.monotonic()) < PAUSE_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise db.exc.DisconnectionError("the connection did not outlive the pause") from gone


def open_sqlite(url: str) -> db.Engine:
    """An engine whose connections stay open, write ahead, and wait up to a minute for another writer."""
    engine = db.create_engine(
        url,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=60,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


class EnvironmentStorage(DagsterStorage, ConfigurableClass):
    """SQLite files under a folder, or PostgreSQL when an address is given."""

    def __init__(
        self,
        folder: Path,
        database_url: str = "",
        event_log: str = "fast",
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._inst_data = inst_data
        self._runs: RunStorage
        self._events: EventLogStorage
        self._schedules: ScheduleStorage
        if database_url:
            self._runs = PostgresRunStorage(database_url)
            self._events = (OpenPostgresEventLog if event_log == "fast" else PostgresEventLogStorage)(database_url)
            self._schedules = PostgresScheduleStorage(database_url)
        else:
            self._runs = SqliteRunStorage.from_local(str(folder / "history"))
            self._events = (
                OpenSqliteEventLog(str(folder / "history" / "events"))
                if event_log == "fast"
                else SqliteEventLogStorage(str(folder / "history" / "runs"))
            )
            self._schedules = SqliteScheduleStorage.from_local(str(folder / "schedules"))
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """What dagster.yaml said."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Nothing to configure: the environment says it all."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> EnvironmentStorage:
        """The storage of this process's settings."""
        chosen = settings()
        return cls(chosen.dagster_home, chosen.database_url, chosen.event_log, inst_data)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Hand the instance to each of the three storages."""
        super().register_instance(instance)
        for storage in (self._runs, self._events, self._schedules):
            if not storage.has_instance:
                storage.register_instance(instance)

    @property
    def run_storage(self) -> RunStorage:
        """Runs, backfills, daemon heartbeats."""
        return self._runs

    @property
    def event_log_storage(self) -> EventLogStorage:
        """Events, asset records, partitions, pools."""
        return self._events

    @property
    def schedule_storage(self) -> ScheduleStorage:
        """Sensors' and schedules' states and ticks."""
        return self._schedules

    @property
    def run_storage_data(self) -> None:
        """None: the three are always opened together."""

    @property
    def event_storage_data(self) -> None:
        """None: the three are always opened together."""

    @property
    def schedule_storage_data(self) -> None:
        """None: the three are always opened together."""

    def dispose(self) -> None:
        """Close all three."""
        for storage in (self._events, self._runs, self._schedules):
            storage.dispose()
