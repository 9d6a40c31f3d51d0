"""A card's page: every asset with its standing, its origin, and its earlier versions. Read from the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as db

from api.documents import MediaFile
from api.wording import ASSET_NAMES, short_asset
from deckport_assets.catalog.journal import Failure
from deckport_assets.catalog.line import Look, code_versions, looks
from deckport_assets.catalog.prompts import StoredPrompt, prompt_versions
from deckport_assets.catalog.recipes import ARTWORK, ASSETS, COMPOSITE, RECIPES, THUMBNAIL
from deckport_assets.catalog.standing import Standing
from deckport_assets.catalog.versions import Version, history
from deckport_assets.models import Card

LARGEST_PREVIEW_BYTES = 400_000
"""A file that is larger is not shown beside the others, only linked."""


@dataclass(frozen=True, slots=True)
class Edition:
    """The files of one version of an asset, made together."""

    main: Version
    files: tuple[tuple[str, MediaFile], ...]
    preview: MediaFile | None
    is_current: bool

    @property
    def rollback(self) -> str:
        """The command that makes this version the current one again."""
        main = self.main
        return f"deckport rollback {short_asset(main.asset)} {main.partition} --to {main.sha256[:12]}"


@dataclass(frozen=True, slots=True)
class AssetView:
    """One asset of the card."""

    asset: str
    name: str
    standing: Standing
    failure: Failure | None
    current: Edition | None
    editions: tuple[Edition, ...]

    @property
    def earlier(self) -> tuple[Edition, ...]:
        """The versions that are not current, the latest first."""
        return tuple(edition for edition in self.editions if not edition.is_current)


@dataclass(frozen=True, slots=True)
class CardView:
    """All that the page shows of a card."""

    card: Card
    assets: tuple[AssetView, ...]
    prompt: StoredPrompt | None
    other_prompts: tuple[StoredPrompt, ...]


def card_view(connection: db.Connection, slug: str, failures: Sequence[Failure]) -> CardView:
    """The view of a card that is in the catalog."""
    look = looks(connection, ASSETS, [slug])[slug]
    stands = look.standings(ASSETS, code_versions(connection))
    editions = _editions(look, history(connection, slug))
    mine = {failure.asset: failure for failure in failures if failure.partition == slug}
    assets = tuple(_asset(asset, stands[asset], mine.get(asset), editions.get(asset, ())) for asset in ASSETS)
    counts = look.prompt.version if look.prompt else None
    others = tuple(prompt for prompt in prompt_versions(connection, slug) if prompt.version != counts)
    return CardView(look.card, assets, look.prompt, others)


def _asset(asset: str, stand: Standing, failure: Failure | None, editions: tuple[Edition, ...]) -> AssetView:
    current = next((edition for edition in editions if edition.is_current), None)
    return AssetView(asset, ASSET_NAMES[asset], stand, failure, current, editions)


def _editions(look: Look, past: Iterable[Version]) -> dict[str, tuple[Edition, ...]]:
    """The versions of each asset, the latest first; the files of one carry the same moment."""
    together: dict[str, dict[datetime | None, list[Version]]] = {asset: {} for asset in ASSETS}
    for version in past:
        if version.asset in together:
            together[version.asset].setdefault(version.created_at, []).append(version)
    every = [version for made in together.values() for files in made.values() for version in files]
    found = {}
    for asset, made in together.items():
        main_variant, now = RECIPES[asset].variants[0], look.version(asset)
        editions = []
        for files in made.values():
            main = next((version for version in files if version.variant == main_variant), files[0])
            listed = tuple((v.variant, MediaFile.of(v)) for v in sorted(files, key=lambda v: v.bytes))
            editions.append(Edition(main, listed, _preview(main, files, every), now is not None and main.id == now.id))
        found[asset] = tuple(editions)
    return found


def _preview(main: Version, files: Sequence[Version], every: Sequence[Version]) -> MediaFile | None:
    """A light picture of a version: a file of its own, or the thumbnail that was made from the same things."""
    pictures = [version for version in files if version.media_type.startswith("image/")]
    if main.asset in (ARTWORK, COMPOSITE):
        pictures = [v for v in every if v.asset == THUMBNAIL and v.variant == "small" and _shows(v, main)] or pictures
    elif main.asset == THUMBNAIL:
        pictures = [version for version in pictures if version.variant == "small"] or pictures
    lightest = min(pictures, key=lambda version: version.bytes, default=None)
    return MediaFile.of(lightest) if lightest and lightest.bytes <= LARGEST_PREVIEW_BYTES else None


def _shows(thumbnail: Version, main: Version) -> bool:
    if main.asset == ARTWORK:
        return thumbnail.inputs.get(ARTWORK) == main.sha256[:16]
    return (thumbnail.data_version, thumbnail.code_version) == (main.data_version, main.code_version)
