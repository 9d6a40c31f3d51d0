"""Opening the catalog database: SQLite by default, PostgreSQL by address. Transactions and migrations, no queries."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as db
from sqlalchemy import event

from deckport_assets.catalog import tables
from deckport_assets.errors import StorageFull

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 60


class Database:
    """The catalog database. Safe to share between threads; one per process is enough."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)

    def __repr__(self) -> str:
        return f"Database({self.engine.dialect.name})"

    @contextmanager
    def reading(self) -> Iterator[db.Connection]:
        """A connection that sees one state of the database for as long as it is open."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[db.Connection]:
        """A transaction that writes; it is kept whole when the block ends well and undone when it raises.

        On SQLite the write lock is taken at once, so that a reader never has to become a writer half-way. What was
        `touch`ed is counted last: two transactions that held the counter and wanted each other's rows would end one
        another on PostgreSQL (seen).
        Raises StorageFull when the disk is.
        """
        touched: list[bool] = []
        try:
            with self.engine.connect() as connection:
                writer = connection.execution_options(deckport_writes=True, deckport_touched=touched)
                with writer.begin():
                    yield writer
                    if touched:
                        counter = tables.catalog_version
                        writer.execute(counter.update().values(number=counter.c.number + 1))
        except db.exc.DBAPIError as error:
            if is_full_disk(error):
                raise StorageFull("The database's disk is full.", remedy="Free some room, then run it again.") from None
            raise

    def migrate(self) -> None:
        """Bring the tables up to what this version of the project needs. Can be run by several processes at once."""
        from alembic import command
        from alembic.config import Config

        if self.engine.dialect.name == "sqlite" and self.engine.url.database:
            Path(self.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.connect() as connection:
            config.attributes["connection"] = connection.execution_options(deckport_writes=True)
            command.upgrade(config, "head")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def is_full_disk(error: OSError | db.exc.DBAPIError) -> bool:
    """Whether this is how a database or the system says that there is no room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    words = ("disk is full", "disk I/O error", "No space left")  # SQLite cannot even open its shared memory then
    return any(word in str(error.orig) for word in words)


UNWELL = (OSError, db.exc.OperationalError, db.exc.InterfaceError, StorageFull)
"""What a database that is away, busy or full raises: nothing is wrong with what was to be written."""


def now() -> datetime:
    """The present moment in UTC, as it is stored."""
    return datetime.now(UTC)


def touch(connection: db.Connection) -> None:
    """Note that something changed which a reader can see: the counter moves with the transaction that writes."""
    connection.get_execution_options()["deckport_touched"].append(True)


def version_number(connection: db.Connection) -> int:
    """The catalog's change counter: 0 before the first change."""
    return int(connection.execute(db.select(tables.catalog_version.c.number)).scalar_one())


def upsert(connection: db.Connection, table: db.Table, keys: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Insert rows, or overwrite those whose keys exist already."""
    if not rows:
        return
    insert = _insert(connection, table)
    overwritten = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=overwritten), rows)


def _insert(connection: db.Connection, table: db.Table) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite

    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _engine(url: str) -> db.Engine:
    if not url.startswith("sqlite"):
        # dagster-postgres ships psycopg2; one pool per process, checked before use so that a restart is survived.
        address = url.replace("postgresql://", "postgresql+psycopg2://", 1)
        return db.create_engine(address, pool_size=5, max_overflow=15, pool_pre_ping=True, hide_parameters=True)
    engine = db.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: db.Connection) -> None:
        writes = connection.get_execution_options().get("deckport_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
