"""The versions of what was made: recording one, which is current, and going back to an older one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as db

from deckport_assets.catalog.cards import in_portions
from deckport_assets.catalog.database import now, touch, upsert
from deckport_assets.catalog.recipes import RECIPES
from deckport_assets.catalog.tables import current_versions, versions
from deckport_assets.errors import Refused


class Review(StrEnum):
    """What a person has said of a version, or has still to say."""

    NONE = "none"
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Version:
    """One file of one version of an asset of a card, with all that is known of how it came to be.

    `duration_s` is how long it took to make, `cost_microusd` what it cost in millionths of a US dollar.
    """

    asset: str
    partition: str
    sha256: str
    path: str
    media_type: str
    bytes: int
    data_version: str
    code_version: str
    provider: str
    variant: str = ""
    width_px: int | None = None
    height_px: int | None = None
    draft: bool = False
    model: str = ""
    workflow: str = ""
    workflow_sha256: str = ""
    prompt_version: int | None = None
    seed: int | None = None
    attempt: int = 0
    cost_microusd: int = 0
    run_id: str = ""
    duration_s: float = 0.0
    inputs: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    likeness: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    review: str = Review.NONE.value
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    created_at: datetime | None = None
    id: int | None = None


_STORED = tuple(each.name for each in fields(Version) if each.name != "id")


def record(connection: db.Connection, made: Sequence[Version]) -> list[Version]:
    """Keep these files as a new version and make it the current one; gives them back with their ids."""
    if not made:
        return []
    moment = now()  # one for all files of a version: it tells which belong together
    rows = [{name: getattr(each, name) for name in _STORED} | {"created_at": moment} for each in made]
    insert = versions.insert().returning(versions.c.id, sort_by_parameter_order=True)
    ids = connection.execute(insert, rows).scalars()
    kept = [replace(each, created_at=moment, id=identity) for each, identity in zip(made, ids, strict=True)]
    _make_current(connection, kept)
    return kept


def current(connection: db.Connection, asset: str, partitions: Iterable[str]) -> dict[str, dict[str, Version]]:
    """The current version of an asset for each of these partitions that has one: partition -> variant -> version."""
    found: dict[str, dict[str, Version]] = {}
    joined = versions.join(current_versions, versions.c.id == current_versions.c.version)
    for some in in_portions(partitions):
        query = db.select(versions).select_from(joined)
        query = query.where(current_versions.c.asset == asset, current_versions.c.partition.in_(some))
        for row in connection.execute(query).mappings():
            found.setdefault(row["partition"], {})[row["variant"]] = Version(**row)
    return found


def likenesses(connection: db.Connection, asset: str, *, but: str) -> dict[str, int]:
    """The perceptual hashes of an asset's current pictures, by partition; without that of one."""
    joined = versions.join(current_versions, versions.c.id == current_versions.c.version)
    query = db.select(versions.c.partition, versions.c.likeness).select_from(joined)
    here = db.and_(current_versions.c.asset == asset, versions.c.likeness.is_not(None), versions.c.partition != but)
    return {row.partition: row.likeness for row in connection.execute(query.where(here))}


def last_attempt(connection: db.Connection, asset: str, partition: str) -> int | None:
    """The highest attempt that there ever was, current or not; None when it was never made."""
    here = db.and_(versions.c.asset == asset, versions.c.partition == partition)
    found: int | None = connection.execute(db.select(db.func.max(versions.c.attempt)).where(here)).scalar()
    return found


def history(connection: db.Connection, partition: str, asset: str | None = None) -> list[Version]:
    """Every version of a card's assets (or of one of them), the latest first."""
    query = db.select(versions).where(versions.c.partition == partition).order_by(versions.c.id.desc())
    if asset is not None:
        query = query.where(versions.c.asset == asset)
    return [Version(**row) for row in connection.execute(query).mappings()]


def roll_back(
    connection: db.Connection,
    asset: str,
    partition: str,
    to_sha256: str = "",
    *,
    is_whole: Callable[[Version], bool] = lambda version: True,
) -> list[Version]:
    """Make an older version current again: the one before, or the one whose sha256 begins with `to_sha256`.

    Only a version whose files all are whole, as `is_whole` says, can be gone back to. Nothing is deleted, so going
    back again brings the newer one back; a no that was said of the older is taken back. After a repair that left none
    current, the latest whole one is taken. Raises Refused when there is no such version.
    """
    every = history(connection, partition, asset)
    broken = {v.created_at for v in every if not is_whole(v)}
    past = [v for v in every if v.variant == RECIPES[asset].variants[0] and v.created_at not in broken]
    now_current = current(connection, asset, [partition]).get(partition, {}).get(RECIPES[asset].variants[0])
    if not every:
        raise Refused(f"{asset} of {partition} was never made.", remedy=f"deckport produce {partition}")
    if to_sha256:
        older = [v for v in past if v.sha256.startswith(to_sha256) and (now_current is None or v.id != now_current.id)]
    elif now_current is None:
        older = past
    else:
        older = [v for v in past if (v.id or 0) < (now_current.id or 0) and v.sha256 != now_current.sha256]
    if not older:
        wanted = f"version {to_sha256}" if to_sha256 else "older version"
        raise Refused(
            f"{asset} of {partition} has no {wanted} whose files are whole.",
            remedy="The card's page in the catalog lists its versions; the current one cannot be gone back to.",
        )
    chosen = older[0]
    made_together = [v for v in every if v.created_at == chosen.created_at]
    _make_current(connection, made_together)
    refused = db.and_(versions.c.id.in_([v.id for v in made_together]), versions.c.review == Review.REJECTED)
    unsaid = {"review": Review.NONE.value, "reviewed_by": "", "reviewed_at": None}
    connection.execute(versions.update().where(refused).values(**unsaid))
    return made_together


def withdraw(connection: db.Connection, asset: str, partition: str) -> None:
    """No version is current any more: the asset counts as missing. The rows stay."""
    here = db.and_(current_versions.c.asset == asset, current_versions.c.partition == partition)
    connection.execute(current_versions.delete().where(here))
    touch(connection)


def _make_current(connection: db.Connection, chosen: Sequence[Version]) -> None:
    rows = [{"asset": v.asset, "partition": v.partition, "variant": v.variant, "version": v.id} for v in chosen]
    upsert(connection, current_versions, ("asset", "partition", "variant"), rows)
    touch(connection)
