"""What runs have undertaken, accepted and failed at: claims, acceptance, and the list of failures.

A claim is made before work begins and settled with it in one transaction, so that after a kill the claims that are
left say exactly what was in flight. Only the run that holds the claim may settle it (the fence).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as db

from deckport_assets.catalog import services, versions
from deckport_assets.catalog.cards import in_portions
from deckport_assets.catalog.database import Database, now, touch, upsert
from deckport_assets.catalog.tables import claims, failures
from deckport_assets.catalog.versions import Version
from deckport_assets.errors import DeckportError, Retryable


@dataclass(frozen=True, slots=True)
class Failure:
    """One asset of one card that could not be made, with its cause and the way out."""

    asset: str
    partition: str
    kind: str
    cause: str
    remedy: str
    retryable: bool
    attempts: int
    run_id: str
    first_at: datetime
    last_at: datetime


_PERSON = "person-"
PERSON_HOLDS_S = 120
"""How long a card is a person's who changes it: no command takes longer, and one that was killed holds up nobody."""


def person_holds() -> str:
    """Who claims what a person changes by a command, as a run's id is for what it makes."""
    return f"{_PERSON}{int(now().timestamp())}-{uuid.uuid4()}"


def is_held_by_person(run_id: str) -> bool | None:
    """Whether a claim is a person's that still holds; None when it is a run's."""
    if not run_id.startswith(_PERSON):
        return None
    since = run_id.removeprefix(_PERSON).partition("-")[0]
    return since.isdigit() and -PERSON_HOLDS_S < now().timestamp() - int(since) < PERSON_HOLDS_S


class Fenced(Retryable):
    """The work came too late: another run has taken the card over. What it made is thrown away."""


class Journal:
    """The claims and failures of the catalog, for one run."""

    def __init__(self, database: Database, run_id: str) -> None:
        self.database = database
        self.run_id = run_id

    def claim(self, assets: Sequence[str], slugs: Iterable[str], is_over: Callable[[str], bool]) -> set[str]:
        """Undertake these cards; gives those that were got.

        A card that another run holds is not got, unless `is_over(its run id)` says that the run has ended.
        """
        got: set[str] = set()
        ended: dict[str, bool] = {}
        for some in in_portions(slugs, 200):
            with self.database.writing() as connection:
                here = db.and_(claims.c.asset.in_(assets), claims.c.partition.in_(some))
                held: set[str] = set()
                for row in connection.execute(db.select(claims.c.partition, claims.c.run_id).where(here)):
                    if row.run_id != self.run_id and row.run_id not in ended:
                        by_person = is_held_by_person(row.run_id)
                        ended[row.run_id] = is_over(row.run_id) if by_person is None else not by_person
                    if row.run_id != self.run_id and not ended[row.run_id]:
                        held.add(row.partition)
                mine = [slug for slug in some if slug not in held]
                rows = [
                    {"asset": a, "partition": s, "run_id": self.run_id, "claimed_at": now()}
                    for s in mine
                    for a in assets
                ]
                upsert(connection, claims, ("asset", "partition"), rows)
                got.update(mine)
        return got

    def accept(self, assets: Sequence[str], slug: str, made: Sequence[Version]) -> list[Version]:
        """Keep what was made and settle its claim, in one transaction.

        Raises Fenced when another run holds the card by now: a late result changes nothing.
        """
        with self.database.writing() as connection:
            if not self._settle(connection, assets, slug):
                raise Fenced(f"{slug} was taken over by another run.")
            kept = versions.record(connection, made)
            here = db.and_(failures.c.asset.in_(assets), failures.c.partition == slug)
            connection.execute(failures.delete().where(here))
            return kept

    def fail(self, assets: Sequence[str], slug: str, error: BaseException) -> None:
        """Put the card on the list of failures and settle its claim."""
        with self.database.writing() as connection:
            if not assets or not self._settle(connection, assets, slug):
                return
            note_failure(connection, assets, slug, error, self.run_id)

    def give_back(self, assets: Sequence[str], slugs: Iterable[str]) -> None:
        """Settle the claims of cards that turned out to be made already."""
        for some in in_portions(slugs, 200):
            here = db.and_(claims.c.asset.in_(assets), claims.c.partition.in_(some), claims.c.run_id == self.run_id)
            with self.database.writing() as connection:
                connection.execute(claims.delete().where(here))

    def release(self) -> None:
        """Give back every claim that this run still holds: it was stopped, or is done."""
        with self.database.writing() as connection:
            connection.execute(claims.delete().where(claims.c.run_id == self.run_id))
            services.forget_run(connection, self.run_id)

    def _settle(self, connection: db.Connection, assets: Sequence[str], slug: str) -> bool:
        here = db.and_(claims.c.asset.in_(assets), claims.c.partition == slug, claims.c.run_id == self.run_id)
        return connection.execute(claims.delete().where(here)).rowcount > 0


def note_failure(
    connection: db.Connection, assets: Sequence[str], slug: str, error: BaseException, run_id: str = ""
) -> None:
    """Add to the list of failures, or count one more attempt."""
    for asset in assets:
        here = db.and_(failures.c.asset == asset, failures.c.partition == slug)
        before = connection.execute(db.select(failures).where(here)).mappings().first()
        row = {
            "asset": asset,
            "partition": slug,
            "kind": error.kind if isinstance(error, DeckportError) else type(error).__name__,
            "cause": str(error) or repr(error),
            "remedy": _way_out(error, asset, slug),
            "retryable": error.retryable if isinstance(error, DeckportError) else isinstance(error, OSError),
            "attempts": (before["attempts"] if before else 0) + 1,
            "run_id": run_id,
            "first_at": before["first_at"] if before else now(),
            "last_at": now(),
        }
        upsert(connection, failures, ("asset", "partition"), [row])
    touch(connection)


def _way_out(error: BaseException, asset: str, slug: str) -> str:
    """What to do, and the one command that tries this card again."""
    remedy = error.remedy if isinstance(error, DeckportError) else ""
    command = f"deckport retry --asset {asset} {slug}"
    return f"{remedy.rstrip('.')}; then: {command}" if remedy else f"Once its cause is mended: {command}"


def forgive(connection: db.Connection, asset: str, slug: str) -> None:
    """Take an asset of a card off the list of failures: a person has settled it."""
    connection.execute(failures.delete().where(failures.c.asset == asset, failures.c.partition == slug))


def list_failures(
    connection: db.Connection, *, asset: str | None = None, retryable: bool | None = None
) -> list[Failure]:
    """The failures, the latest first."""
    query = db.select(failures).order_by(failures.c.last_at.desc(), failures.c.asset, failures.c.partition)
    if asset is not None:
        query = query.where(failures.c.asset == asset)
    if retryable is not None:
        query = query.where(failures.c.retryable.is_(retryable))
    return [Failure(**row) for row in connection.execute(query).mappings()]


def open_claims(connection: db.Connection) -> dict[str, list[tuple[str, str]]]:
    """What runs have undertaken and not settled: run id -> (asset, partition)."""
    held: dict[str, list[tuple[str, str]]] = {}
    for row in connection.execute(db.select(claims).order_by(claims.c.claimed_at)):
        held.setdefault(row.run_id, []).append((row.asset, row.partition))
    return held


def claimed_by(connection: db.Connection, asset: str, slug: str) -> str:
    """The run that has undertaken this asset of this card; empty when none has."""
    here = db.and_(claims.c.asset == asset, claims.c.partition == slug)
    return str(connection.execute(db.select(claims.c.run_id).where(here)).scalar() or "")


def keep_runs_waiting(connection: db.Connection) -> None:
    """Until this transaction ends, no run can undertake anything; on SQLite every transaction that writes does that."""
    if connection.dialect.name == "postgresql":
        connection.execute(db.text("LOCK TABLE claims IN SHARE ROW EXCLUSIVE MODE"))


def drop_claims(connection: db.Connection, run_id: str) -> None:
    """Forget what a run undertook that has ended."""
    connection.execute(claims.delete().where(claims.c.run_id == run_id))
