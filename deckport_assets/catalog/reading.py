"""What a reader outside the pipeline asks: which cards changed since it last looked, and which file has this content.

Narrow queries over everything, so that a read model is kept fresh cheaply; the full rows come from `line` and
`versions`. Nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as db

from deckport_assets.catalog.cards import BY_SKU
from deckport_assets.catalog.services import Circuit, circuits
from deckport_assets.catalog.tables import cards, current_versions, failures, prompts, versions
from deckport_assets.catalog.versions import Version


@dataclass(slots=True)
class CardState:
    """All that decides how a card reads: two equal states are the same card with the same assets.

    `marks` names its current files with their review, its failures and its prompts.
    """

    created_at: datetime
    updated_at: datetime
    facts_version: str
    retired: bool
    marks: list[tuple[object, ...]] = field(default_factory=list)


def card_states(connection: db.Connection) -> dict[str, CardState]:
    """The state of every card, retired or not, by its slug, in SKU order."""
    here = cards.c
    query = db.select(here.slug, here.created_at, here.updated_at, here.facts_version, here.retired_at)
    states = {
        row.slug: CardState(row.created_at, row.updated_at, row.facts_version, row.retired_at is not None)
        for row in connection.execute(query.order_by(*BY_SKU))
    }
    now = current_versions.c
    joined = current_versions.join(versions, now.version == versions.c.id)
    for marks in (
        db.select(now.partition, now.asset, now.variant, now.version, versions.c.review)
        .select_from(joined)
        .order_by(now.asset, now.partition, now.variant),
        db.select(failures.c.partition, failures.c.asset).order_by(failures.c.partition, failures.c.asset),
        db.select(prompts.c.card, prompts.c.version, prompts.c.withdrawn_at).order_by(prompts.c.id),
    ):
        for slug, *mark in connection.execute(marks):
            if slug in states:
                states[slug].marks.append(tuple(mark))
    return states


def version_with_content(connection: db.Connection, sha256: str) -> Version | None:
    """Any recorded version, current or not, whose file has this sha256."""
    row = connection.execute(db.select(versions).where(versions.c.sha256 == sha256).limit(1)).mappings().first()
    return Version(**row) if row else None


def service_circuits(connection: db.Connection) -> dict[str, Circuit]:
    """The circuit of each outside service that was ever used, by a name that may be told outside of the house.

    Of a service with several servers that is its number instead of its address; a cause has none of them either.
    """
    of_kind: dict[str, list[Circuit]] = {}
    for service, circuit in circuits(connection).items():
        kind, _, address = service.partition(" ")
        cause = circuit.cause.replace(address, "the server") if address else circuit.cause
        of_kind.setdefault(kind, []).append(replace(circuit, cause=cause))
    return {
        f"{kind} {n}" if len(servers) > 1 else kind: circuit
        for kind, servers in of_kind.items()
        for n, circuit in enumerate(servers, 1)
    }
