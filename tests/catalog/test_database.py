"""Transactions of the catalog database, as several processes have them at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deckport_assets.catalog.database import Database, touch, version_number


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    opened = Database(database.url)
    yield opened
    opened.close()


def number(database: Database) -> int:
    with database.reading() as connection:
        return version_number(connection)


def test_the_counter_moves_once_with_a_transaction_that_changes_something(database: Database) -> None:
    before = number(database)
    with database.writing() as connection:
        touch(connection)
        touch(connection)
    with database.writing():
        pass
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        touch(connection)
        raise ZeroDivisionError
    assert number(database) == before + 1


def test_who_changes_something_keeps_nobody_else_from_it_until_the_end(database: Database, other: Database) -> None:
    """Else two that want each other's rows as well end one another (seen on PostgreSQL)."""
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite lets one write at a time.")
    before = number(database)
    with database.writing() as first:
        touch(first)
        with other.writing() as second:
            touch(second)
        assert number(database) == before + 1, "the other has ended"
    assert number(database) == before + 2
