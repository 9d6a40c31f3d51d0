"""The catalog database as a Dagster resource. The database itself is `deckport_assets.catalog`."""

from functools import cached_property

from pydantic import SecretStr

from deckport_assets.catalog.database import Database


class Catalog:
    """The catalog database.

    Not configurable: its address may hold a password, and Dagster keeps what a resource is configured with in the
    snapshot of every job, and shows it in its UI.
    """

    def __init__(self, url: str) -> None:
        self._url = SecretStr(url)

    def __repr__(self) -> str:
        return f"Catalog({self._url.get_secret_value().partition(':')[0]!r})"

    @cached_property
    def database(self) -> Database:
        """The open database; its tables exist."""
        return _open(self._url.get_secret_value())


_opened: dict[str, Database] = {}


def _open(url: str) -> Database:
    if url not in _opened:
        database = Database(url)
        database.migrate()
        _opened[url] = database
    return _opened[url]
