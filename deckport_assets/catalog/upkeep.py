"""Holding the media store against the catalog: verifying every file, and removing what nobody needs any more."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as db

from deckport_assets.catalog.cards import in_portions
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import keep_runs_waiting, note_failure, open_claims
from deckport_assets.catalog.recipes import RECIPES
from deckport_assets.catalog.tables import current_versions, versions
from deckport_assets.catalog.versions import Version, withdraw
from deckport_assets.errors import BadImage, Damaged, DeckportError, Refused
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
    """Read every file again, current or older, and hold it against its row.

    With `repair`, an asset whose current file is missing or damaged is withdrawn and counts as failed: rendering and
    drafts are made again at night, what a person or a real provider made waits for a person (another whole version can
    be gone back to). A damaged file is removed, because its name says that it is another content, and the rows of
    files that are lost go with them.
    """
    with database.reading() as connection:
        rows = connection.execute(db.select(versions).order_by(versions.c.id)).mappings().all()
        current = set(connection.execute(db.select(current_versions.c.version)).scalars())
    found = Verified()
    bad: dict[tuple[str, str], list[db.RowMapping]] = defaultdict(list)
    wholes: dict[tuple[str, str], bool] = {}
    for row in rows:
        file = (row["path"], row["sha256"])
        if file not in wholes:
            found.checked += 1
            wholes[file] = is_whole(store, Version(**row))
            if not wholes[file]:
                missing = store.shelf.size(row["path"]) is None
                (found.missing if missing else found.damaged).append(row["path"])
        if not wholes[file] and row["id"] in current:
            bad[row["asset"], row["partition"]].append(row)
    known = {row["path"] for row in rows}
    found.orphans = sorted(path for path, _ in store.shelf.walk() if path not in known)
    if repair:
        for path in found.damaged:
            store.shelf.remove(path)
        for (asset, partition), lost in bad.items():
            with database.writing() as connection:
                withdraw(connection, asset, partition)
                note_failure(connection, [asset], partition, _loss(asset, partition, lost))
        gone = [row["id"] for row in rows if not wholes[row["path"], row["sha256"]]]
        with database.writing() as connection:  # what is lost cannot be gone back to
            for some in in_portions(gone):
                connection.execute(versions.delete().where(versions.c.id.in_(some)))
    return found


def is_whole(store: MediaStore, version: Version) -> bool:
    """Whether the file of a version is there and is what its row says."""
    try:
        store.read(version.path, version.sha256)
    except Damaged:
        return False
    return True


def _loss(asset: str, partition: str, lost: list[db.RowMapping]) -> DeckportError:
    """What is put on the list of failures: only what costs nothing to make again may be made again by itself."""
    what = f"{', '.join(row['path'] for row in lost)} was missing or damaged."
    again = f"deckport retry --asset {asset.split('/')[1]} {partition}"
    if RECIPES[asset].follows_code or all(row["draft"] for row in lost):
        return Damaged(what, remedy=again)
    name = asset.split("/")[1]
    back = f"deckport rollback {name} {partition} takes the latest whole version; {again} has it made anew."
    return BadImage(what, remedy=back)


def collect_garbage(
    database: Database,
    store: MediaStore,
    *,
    keep: int,
    older_than_s: float,
    remove: bool,
    is_over: Callable[[str], bool],
) -> Collected:
    """Old versions beyond the `keep` latest of each file, and orphans older than `older_than_s`.

    The current version always stays. The rows of removed versions go with their files, files that another row needs
    stay. Only `remove` removes; without it this counts.

    Raises Refused instead of removing while a run has cards in the making: a file that it has written and not yet
    recorded looks like an orphan. `is_over(run id)` says of which runs that is not true any more. No run can begin a
    card until this is done.
    """
    with database.writing() as connection:
        if remove:
            keep_runs_waiting(connection)
            if count := sum(len(held) for run_id, held in open_claims(connection).items() if not is_over(run_id)):
                raise Refused(
                    f"{count} cards are in the making; their files cannot be told from orphans yet.",
                    remedy="Run it again when no run is at work; without --yes it lists what would go.",
                )
        return _collect(connection, store, keep=keep, older_than_s=older_than_s, remove=remove)


def _collect(
    connection: db.Connection, store: MediaStore, *, keep: int, older_than_s: float, remove: bool
) -> Collected:
    collected = Collected()
    current = set(connection.execute(db.select(current_versions.c.version)).scalars())
    by_file: dict[tuple[str, str, str], list[db.RowMapping]] = defaultdict(list)
    for row in connection.execute(db.select(versions).order_by(versions.c.id.desc())).mappings():
        by_file[row["asset"], row["partition"], row["variant"]].append(row)
    old = [
        row for rows in by_file.values() for row in [each for each in rows if each["id"] not in current][max(0, keep) :]
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
