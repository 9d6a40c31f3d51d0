"""Migrations: they lead to the very tables that the code works with, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.tables import metadata


def test_an_empty_database_is_brought_up_to_what_the_code_works_with(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "deckport_schema"})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()
