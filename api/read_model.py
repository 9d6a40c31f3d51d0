"""The catalog in memory, whole and never changed: what every list, card and gallery is answered from.

Built from one state of the database and then swapped for the next one by `live_catalog`. A card whose state is the
same as before keeps its record, so that a backfill does not rebuild everything once a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import sqlalchemy as db

from api.documents import MediaFile, legacy_paths
from api.entity import Entity
from api.index import Index
from api.records import CardRecord, record_of
from deckport_assets.catalog.database import version_number
from deckport_assets.catalog.journal import Failure, list_failures
from deckport_assets.catalog.line import code_versions, looks
from deckport_assets.catalog.reading import card_states
from deckport_assets.catalog.recipes import ASSETS

MOST_KEPT_BYTES = 32_000_000
"""Replies to lists are kept up to this size together; then all of them are forgotten."""


class ReadModel:
    """Every card at one moment. Immutable but for the replies that it remembers."""

    def __init__(
        self, number: int, codes: Mapping[str, str], records: dict[str, CardRecord], failures: list[Failure]
    ) -> None:
        self.number = number
        self.codes = codes
        self.records = records
        self.failures = failures
        self.living = [record for record in records.values() if not record.card.retired]
        self.place = {record.card.slug: place for place, record in enumerate(self.living)}
        self.index = Index(self.living)
        self.by_sku = {record.card.sku: record for record in records.values()}
        self.files_by_path: dict[str, MediaFile] = {}
        self.files_by_sha256: dict[str, MediaFile] = {}
        for record in records.values():
            self.files_by_path.update(legacy_paths(record.card, record.files))
            self.files_by_sha256.update((file.sha256, file) for file in record.files.values())
        self._kept: dict[str, Entity] = {}
        self._kept_bytes = 0

    def find(self, word: str) -> CardRecord | None:
        """The card with this SKU (either case) or slug."""
        return self.by_sku.get(word.upper()) or self.records.get(word)

    def kept(self, question: str) -> Entity | None:
        """The answer that was given to this very question before, if it is still kept."""
        return self._kept.get(question)

    def keep(self, question: str, answer: Entity) -> Entity:
        """Remember an answer; it is right for as long as this model is."""
        size = 2 * len(answer.body) + len(question)
        if self._kept_bytes + size > MOST_KEPT_BYTES:
            self._kept, self._kept_bytes = {}, 0
        self._kept[question] = answer
        self._kept_bytes += size
        return answer

    @cached_property
    def sets(self) -> dict[str, list[CardRecord]]:
        """The living cards of each card set, by the set's name."""
        found: dict[str, list[CardRecord]] = {}
        for record in self.living:
            found.setdefault(record.card.card_set, []).append(record)
        return dict(sorted(found.items()))


def build(connection: db.Connection, before: ReadModel | None = None) -> ReadModel:
    """The catalog as this connection sees it; what has not changed since `before` is taken over from there."""
    number, codes, states = version_number(connection), code_versions(connection), card_states(connection)
    known: Mapping[str, CardRecord] = before.records if before and before.codes == codes else {}
    changed = [slug for slug, state in states.items() if slug not in known or known[slug].state != state]
    looked = looks(connection, ASSETS, changed)
    records = {
        slug: record_of(looked[slug], state, codes) if slug in looked else known[slug] for slug, state in states.items()
    }
    return ReadModel(number, codes, records, list_failures(connection))
