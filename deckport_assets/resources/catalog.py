"""The catalog database as a Dagster resource. The database itself is `deckport_assets.catalog`."""

from functools import cached_property
from typing import Any

import dagster as dg
from pydantic import Field

from deckport_assets.catalog.database import Database


class Catalog(dg.ConfigurableResource[Any]):
    """The catalog database."""

    url: str = Field(repr=False, description="SQLAlchemy's address of the catalog database.")

    @cached_property
    def database(self) -> Database:
        """The open database; its tables exist."""
        return _open(self.url)


_opened: dict[str, Database] = {}


def _open(url: str) -> Database:
    if url not in _opened:
        database = Database(url)
        database.migrate()
        _opened[url] = database
    return _opened[url]
