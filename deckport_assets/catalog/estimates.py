"""What making something is going to cost, how long it takes and how much room it needs, from what it took of late.

What was never made is not guessed at: its time and room are unknown, and that is said. Prices of
calls are the writer's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as db

from deckport_assets.catalog.recipes import CHAIN, RECIPES
from deckport_assets.catalog.tables import versions

LAST = 200
"""So many of the latest are looked at."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one asset of so many cards is going to take. `calls` are those that are paid; None is not known."""

    asset: str
    cards: int
    calls: int = 0
    expected_microusd: int = 0
    most_microusd: int = 0
    seconds: float | None = None
    bytes: int | None = None


def estimates(
    connection: db.Connection,
    due: Mapping[str, Sequence[str]],
    *,
    real: frozenset[str],
    at_once: Mapping[str, int],
    paid: Mapping[str, Sequence[tuple[int, int]]],
) -> list[Estimate]:
    """What making what is due takes, asset by asset in the order of the line.

    `paid` gives, for an asset, each call's expected and highest price in millionths of a US dollar; `at_once` how many
    of an asset are made at a time.
    """
    found = []
    for asset in (asset for stage in CHAIN for asset in stage if due.get(asset)):
        cards = len(due[asset])
        prices = paid.get(asset, ())
        each_s, each_bytes = usual(connection, asset, real=asset in real)
        found.append(
            Estimate(
                asset,
                cards,
                len(prices),
                sum(expected for expected, _ in prices),
                sum(most for _, most in prices),
                None if each_s is None else each_s * (len(prices) if prices else cards) / at_once.get(asset, 1),
                None if each_bytes is None else round(each_bytes * cards),
            )
        )
    return found


def usual(connection: db.Connection, asset: str, *, real: bool) -> tuple[float | None, float | None]:
    """How many seconds and bytes one card of this asset took on the average of late; by the same kind of provider."""
    recipe = RECIPES[asset]
    here = versions.c.asset == asset
    if not recipe.follows_code:
        here = db.and_(here, versions.c.draft.is_(not real))
    main = db.and_(here, versions.c.variant == recipe.variants[0])
    late = (
        db.select(versions.c.duration_s, versions.c.partition, versions.c.data_version)
        .where(main, versions.c.duration_s > 0)
        .order_by(versions.c.id.desc())
        .limit(LAST)
        .subquery()
    )
    took = connection.execute(db.select(db.func.avg(late.c.duration_s), db.func.count()).select_from(late)).one()
    if not took[1]:
        return None, None
    sizes = []
    for variant in recipe.variants:
        some = (
            db.select(versions.c.bytes)
            .where(here, versions.c.variant == variant)
            .order_by(versions.c.id.desc())
            .limit(LAST)
            .subquery()
        )
        sizes.append(float(connection.execute(db.select(db.func.avg(some.c.bytes))).scalar() or 0))
    return float(took[0]), sum(sizes)
