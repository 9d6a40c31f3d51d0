"""One card of the read model: its documents as bytes, its files, and how its assets stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from api.documents import Files, MediaFile, card_document, item_of, json_bytes
from api.entity import Entity
from deckport_assets.catalog.line import Look
from deckport_assets.catalog.reading import CardState
from deckport_assets.catalog.recipes import ASSETS, UNASKED
from deckport_assets.catalog.standing import Standing
from deckport_assets.catalog.versions import Review, Version
from deckport_assets.models import Card

_MATTERS = (Standing.FAILED, Standing.REJECTED, Standing.STALE, Standing.MISSING)


@dataclass(frozen=True, slots=True)
class CardRecord:
    """One card, ready to be served."""

    card: Card
    state: CardState
    stands: Mapping[str, Standing]
    drafts: frozenset[str]
    """The assets whose current file an embedded provider had a part in."""
    waiting: tuple[Version, ...]
    """The main files of the assets that wait for review."""
    files: Files
    image_status: str
    item: bytes
    detail: Entity

    @property
    def statuses(self) -> list[str]:
        """How it stands for a producer: each thing that is the matter, else `made`; `draft`, `review` beside them."""
        stands = {self.stands[asset] for asset in UNASKED} | (set(self.stands.values()) - {Standing.MISSING})
        matters = [stand.value for stand in _MATTERS if stand in stands]
        return (matters or ["made"]) + (["draft"] if self.drafts else []) + (["review"] if self.waiting else [])


def record_of(look: Look, state: CardState, codes: Mapping[str, str]) -> CardRecord:
    """A card's record from what the catalog has of it."""
    stands = look.standings(ASSETS, codes)
    versions = {(asset, variant): v for asset, made in look.made.items() for variant, v in made.items()}
    files = {key: MediaFile.of(version) for key, version in versions.items()}
    drafts = frozenset(asset for (asset, _), version in versions.items() if version.draft)
    made_at = max((v.created_at for v in versions.values() if v.created_at), default=None)
    main = (version for asset in ASSETS if (version := look.version(asset)))
    waiting = tuple(version for version in main if version.review == Review.WAITING)
    document = card_document(
        look.card, state, files, stands, draft=bool(drafts), waits_for_review=bool(waiting), made_at=made_at
    )
    item, detail = json_bytes(item_of(document)), Entity(json_bytes(document))
    return CardRecord(look.card, state, stands, drafts, waiting, files, document["image_status"], item, detail)
