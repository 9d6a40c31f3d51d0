"""A card as the API's clients read it: the contract's fields and no others. Pure; where it is kept is `read_model`'s.

Numbers of the contract stand beside what they ask for. Addresses are relative to the site and never empty.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from deckport_assets.catalog.reading import CardState
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE, FRAME, PROMPT, THUMBNAIL, VIDEO
from deckport_assets.catalog.standing import Standing
from deckport_assets.catalog.versions import Version
from deckport_assets.models import Card

LEGACY_FILES = {
    (ARTWORK, ""): ("artwork/{}.png", "image/png"),
    (COMPOSITE, ""): ("composite/{}_composite.png", "image/png"),
    (FRAME, ""): ("frames/{}_frame.png", "image/png"),
    (THUMBNAIL, "legacy"): ("thumbnails/{}_thumb.png", "image/png"),
    (VIDEO, ""): ("videos/{}.mp4", "video/mp4"),
    (VIDEO, "theora"): ("videos/{}.ogv", "video/ogg"),
}
"""S1: where the old clients look for each file below /static/cards/, and what it has to be to be served there."""

IMAGES = {
    "thumb": (THUMBNAIL, "thumb"),
    "small": (THUMBNAIL, "small"),
    "normal": (THUMBNAIL, "normal"),
    "large": (COMPOSITE, "large"),
    "png": (COMPOSITE, ""),
    "art": (ARTWORK, ""),
}
"""B2: the pictures of a card, by the file that each is."""

_PICTURED = (ARTWORK, COMPOSITE, THUMBNAIL)
_LINE = (PROMPT, ARTWORK, COMPOSITE, THUMBNAIL)
_ITEM_LEAVES_OUT = (
    "attachment_rules", "duration", "token_spec", "rules_text", "flavor_text", "created_at", "base_energy_per_turn",
    "equipment_slots", "limits", "targeting", "effects", "action_speed", "frame_type",
)  # fmt: skip
"""What only the document of one card says (C9)."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that can be served: where it lies in the media store and what it must be."""

    path: str
    sha256: str
    bytes: int
    media_type: str
    width: int | None = None
    height: int | None = None

    @classmethod
    def of(cls, version: Version) -> MediaFile:
        """The file of a recorded version."""
        size = (version.width_px, version.height_px)
        return cls(version.path, version.sha256, version.bytes, version.media_type, *size)

    @property
    def extension(self) -> str:
        """The file's extension, without its dot."""
        return self.path.rpartition(".")[2]

    @property
    def url(self) -> str:
        """Its address by content: what is there never changes."""
        return f"/static/a/{self.sha256[:2]}/{self.sha256}.{self.extension}"

    def document(self) -> dict[str, Any]:
        """As `images` lists it."""
        size = {"url": self.url, "width": self.width, "height": self.height}
        return size | {"bytes": self.bytes, "sha256": self.sha256, "type": self.media_type}


Files = Mapping[tuple[str, str], MediaFile]
"""A card's current files by asset and variant."""


def image_status(files: Files, stands: Mapping[str, Standing]) -> str:
    """B2: how the card's picture stands. `placeholder`: there is artwork, and the card around it is still to come."""
    if (COMPOSITE, "") not in files:
        if any(stands[asset] is Standing.FAILED for asset in _LINE):
            return "failed"
        return "placeholder" if (ARTWORK, "") in files else "missing"
    if any(stands[asset] is Standing.FAILED for asset in _PICTURED):
        return "failed"
    superseded = (Standing.STALE, Standing.REJECTED)  # to a client they are one: another picture is to come
    return "stale" if any(stands[asset] in superseded for asset in _PICTURED) else "ok"


def legacy_paths(card: Card, files: Files) -> dict[str, MediaFile]:
    """The old addresses of the card's files, below /static/, not yet quoted."""
    return {path: files[key] for key, path in _legacy_addresses(card, files)}


def _legacy_addresses(card: Card, files: Files) -> Iterator[tuple[tuple[str, str], str]]:
    for key, (shape, media_type) in LEGACY_FILES.items():
        if key in files and files[key].media_type == media_type:
            yield key, f"cards/{shape.format(card.legacy_slug)}"


def card_document(
    card: Card,
    state: CardState,
    files: Files,
    stands: Mapping[str, Standing],
    *,
    draft: bool,
    waits_for_review: bool,
    made_at: datetime | None,
) -> dict[str, Any]:
    """All that is said of one card (C9), whose latest file was made then; `item_of` takes from it what a list says."""
    addresses = {key: f"/static/{quote(path)}" for key, path in _legacy_addresses(card, files)}
    document: dict[str, Any] = {
        "product_sku": card.sku,
        "slug": card.slug,
        "name": card.name,
        "category": card.category.value,
        "rarity": card.rarity.value,
        "legendary": card.legendary,
        "colors": [card.colour.value],
        "card_set": card.card_set,
        **_play(card),
        "artwork_url": addresses.get((COMPOSITE, "")),
        "static_url": addresses.get((ARTWORK, "")),
        "video_url": addresses.get((VIDEO, "")),
        "console_video_url": addresses.get((VIDEO, "theora")),
        "has_animation": (VIDEO, "") in addresses,
        "images": {name: files[key].document() if key in files else None for name, key in IMAGES.items()},
        "image_status": image_status(files, stands),
        "draft": draft,
        "waits_for_review": waits_for_review,
        "retired": card.retired,
        **_not_in_the_source(),
        "created_at": state.created_at.isoformat(),
        "updated_at": max(state.updated_at, made_at or state.updated_at).isoformat(),
    }
    return document | {"content_hash": hashlib.sha256(json_bytes(document)).hexdigest()}


def item_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """A card as a list says it (C1)."""
    return {name: value for name, value in document.items() if name not in _ITEM_LEAVES_OUT}


def json_bytes(value: Any) -> bytes:
    """JSON as every client reads it: UTF-8, compact, no NaN (T1)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _play(card: Card) -> dict[str, Any]:
    stats = {name: getattr(card, name) for name in ("energy_cost", "attack", "defense", "health")}
    return {
        "base_stats": {"mana_cost": card.mana_cost} | stats,
        "mana_costs": {card.colour.value: card.mana_cost},  # C11: never a top-level int `mana_cost`
        **stats,
        "base_energy_per_turn": card.base_energy_per_turn,
        "equipment_slots": card.equipment_slots,
        "keywords": list(card.keywords),
        "abilities": _parsed(card.abilities_json, []),
        "limits": _parsed(card.limits_json, None),
        "targeting": _parsed(card.targeting_json, None),
        "effects": _parsed(card.effects_json, None),
        "rules_text": card.rules_text,
        "flavor_text": card.flavor_text,
        "action_speed": card.action_speed or None,
        "frame_type": card.frame_type or None,
    }


def _not_in_the_source() -> dict[str, None]:
    return dict.fromkeys(("subtype", "display_label", "attachment_rules", "duration", "token_spec"))


def _parsed(text: str, otherwise: Any) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse) if text else otherwise
    except ValueError:
        return otherwise  # the import has reported it; one malformed card breaks nothing here (C12)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON.")
