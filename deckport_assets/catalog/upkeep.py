"""Holding the media store against the catalog: verifying every file, and removing what nobody needs any more."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

import sqlalchemy as db

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import note_failure
from deckport_assets.catalog.tables import current_versions, versions
from deckport_assets.catalog.versions import withdraw
from deckport_assets.errors import Damaged
from deckport_assets.media import MediaStore


@dataclass(slots=True)
class Verified:
    """What a verification found; paths are relative to the media root."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The findings as numbers."""
        return {
            "checked": self.checked,
            "missing": len(self.missing),
            "damaged": len(self.damaged),
            "orphans": len(self.orphans),
        }


@dataclass(slots=True)
class Collected:
    """What was, or would be, removed; `bytes` is the room that it takes."""

    versions: int = 0
    orphans: int = 0
    bytes: int = 0


def verify_media(database: Database, store: MediaStore, *, repair: bool = False) -> Verified:
    """Read every current file again and hold it against its row; older versions are looked for, not read.

    With `repair`, an asset with a missing or damaged file counts as failed (and may be retried), so that it is made
    again; the damaged file is removed, because its name says that it is another content.
    """
    with database.reading() as connection:
        joined = versions.join(current_versions, versions.c.id == current_versions.c.version)
        rows = connection.execute(db.select(versions).select_from(joined)).mappings().all()
        known = set(connection.execute(db.select(versions.c.path)).scalars())
    found = Verified()
    bad: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        found.checked += 1
        try:
            store.read(row["path"], row["sha256"])
        except Damaged:
            missing = store.shelf.size(row["path"]) is None
            (found.missing if missing else found.damaged).append(row["path"])
            bad[row["asset"], row["partition"]].append(row["path"])
    found.orphans = sorted(path for path, _ in store.shelf.walk() if path not in known)
    if repair:
        for path in found.damaged:
            store.shelf.remove(path)
        for (asset, partition), paths in bad.items():
            error = Damaged(f"{', '.join(paths)} was missing or damaged.", remedy=f"deckport retry {partition}")
            with database.writing() as connection:
                withdraw(connection, asset, partition)
                note_failure(connection, [asset], partition, error)
    return found


def collect_garbage(
    database: Database, store: MediaStore, *, keep: int, older_than_s: float, remove: bool
) -> Collected:
    """Old versions beyond the `keep` latest of each file, and orphans older than `older_than_s`.

    The current version always stays. The rows of removed versions go with their files, files that another row needs
    stay. Only `remove` removes; without it this counts.
    """
    collected = Collected()
    with database.writing() as connection:
        current = set(connection.execute(db.select(current_versions.c.version)).scalars())
        by_file: dict[tuple[str, str, str], list[db.RowMapping]] = defaultdict(list)
        for row in connection.execute(db.select(versions).order_by(versions.c.id.desc())).mappings():
            by_file[row["asset"], row["partition"], row["variant"]].append(row)
        old = [
            row
            for rows in by_file.values()
            for row in [each for each in rows if each["id"] not in current][max(0, keep) :]
        ]
        ids = {row["id"] for row in old}
        needed = {row["path"] for rows in by_file.values() for row in rows if row["id"] not in ids}
        if remove and ids:
            for identity in ids:
                connection.execute(versions.delete().where(versions.c.id == identity))
    gone = {row["path"]: row["bytes"] for row in old if row["path"] not in needed}
    collected.versions = len(old)
    collected.bytes = sum(gone.values())
    listed = {row["path"] for rows in by_file.values() for row in rows}
    for path, written_at in list(store.shelf.walk()):
        if path not in listed and (time.time() - written_at > older_than_s):
            collected.orphans += 1
            collected.bytes += store.shelf.size(path) or 0
            gone[path] = 0
    if remove:
        for path in gone:
            store.shelf.remove(path)
    return collected
