"""Keys of the API: who may spend money over HTTP. A key is shown once and stored as its hash; it can be revoked.

A key is 256 random bits, so a plain sha256 keeps it safe: there is nothing to guess, and a check costs nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as db

from deckport_assets.catalog.database import now
from deckport_assets.catalog.tables import api_keys
from deckport_assets.errors import Refused

BEGINS = "dk_"
SCOPES = ("prompts",)
SHOWN_CHARACTERS = 8
"""So much of a key is kept, so that a person knows which one it is."""
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Key:
    """A key, without its secret. `name` is the requester of everything that is asked with it."""

    name: str
    scope: str
    begins_with: str
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def add_key(connection: db.Connection, name: str, scope: str) -> str:
    """Make a key; this is the only time that it is told. Raises Refused for a name that is taken, and a scope that is
    none."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Refused(f"A name of 1 to {LONGEST_NAME} characters is needed.", remedy="deckport keys add ada")
    if scope not in SCOPES:
        raise Refused(f"There is no scope {scope!r}.", remedy=f"Use {', '.join(SCOPES)}.")
    if connection.execute(db.select(api_keys.c.id).where(api_keys.c.name == name)).first():
        raise Refused(f"There is a key {name!r} already.", remedy="Revoke it and choose another name.")
    secret = BEGINS + secrets.token_urlsafe(32)
    row = {
        "name": name, "scope": scope, "sha256": hash_of(secret), "begins_with": secret[:SHOWN_CHARACTERS],
        "created_at": now(),
    }  # fmt: skip
    connection.execute(api_keys.insert().values(row))
    return secret


def add_first_key(connection: db.Connection, name: str, scope: str) -> str | None:
    """Make a key when there never was one, and the tables are there; else None. Raises Refused as `add_key` does."""
    if not db.inspect(connection).has_table(api_keys.name) or connection.execute(db.select(api_keys.c.id)).first():
        return None
    return add_key(connection, name, scope)


def key_of(connection: db.Connection, secret: str) -> Key | None:
    """The key that this is, when it was not revoked; notes that it was used."""
    row = connection.execute(db.select(api_keys).where(api_keys.c.sha256 == hash_of(secret))).mappings().first()
    if row is None or row["revoked_at"] is not None:
        return None
    return _key(row)


def note_use(connection: db.Connection, name: str) -> None:
    """The key was used just now."""
    connection.execute(api_keys.update().where(api_keys.c.name == name).values(last_used_at=now()))


def revoke_key(connection: db.Connection, name: str) -> None:
    """It opens nothing from now on. Raises Refused when there is none that does."""
    here = db.and_(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
    if connection.execute(api_keys.update().where(here).values(revoked_at=now())).rowcount == 0:
        raise Refused(f"There is no key {name!r} that opens anything.", remedy="deckport keys list")


def list_keys(connection: db.Connection) -> list[Key]:
    """All keys that there ever were, the oldest first."""
    return [_key(row) for row in connection.execute(db.select(api_keys).order_by(api_keys.c.id)).mappings()]


def hash_of(secret: str) -> str:
    """What of a key is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: db.RowMapping) -> Key:
    return Key(**{name: row[name] for name in Key.__slots__})
