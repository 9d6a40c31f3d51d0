"""A small catalog to serve: a card with everything, one with a picture only, one stale, one failed, one retired."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as db
from PIL import Image

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import note_failure
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.recipes import ASSETS, RECIPES
from deckport_assets.catalog.versions import Review, Version, record
from deckport_assets.errors import TextOverflow
from deckport_assets.media import MediaStore
from deckport_assets.settings import Settings
from tests.catalog_source import card, write_source

RUN = "553795ab-1ea6-4f75-823d-e07c2eeda2f8"
MADE, PICTURED, STALE, FAILED, RETIRED = "sky-voyager", "moon-herald", "tide-caller", "smiths-anvil", "old-guard"
VIDEO = hashlib.shake_256(b"a video").digest(700_000)

FILES = {
    "cards/prompt": [("", "json")],
    "cards/artwork": [("", "png")],
    "cards/composite": [("", "png"), ("large", "webp")],
    "cards/frame": [("", "png")],
    "cards/thumbnail": [("small", "webp"), ("thumb", "webp"), ("normal", "webp"), ("legacy", "png")],
    "cards/video": [("", "mp4"), ("theora", "ogv")],
}


def cards() -> list[dict[str, str]]:
    """26 cards of three colours that stay, and one that leaves."""
    azure = [card(MADE, rarity="RARE"), card(PICTURED), card(STALE), card("under-score", name="Under_score")]
    azure += [card("per-cent", name="Hundred % Proof", attack="9")]
    azure += [card(f"azure-{n}", name=f"Azure Drifter {n}", attack=str(n)) for n in range(1, 8)]
    spell = {"category": "ACTION_FAST", "rules_text": "Deal 2 damage.", "flavor_text": "Ash."}
    crimson = [card(f"crimson-{n}", name=f"Ember {n}", mana_color_code="CRIMSON", **spell) for n in range(1, 8)]
    crimson += [card(FAILED, name="Smith’s Anvil", mana_color_code="CRIMSON", category="EQUIPMENT")]
    verdant = [card(f"verdant-{n}", name=f"Null {n}", mana_color_code="VERDANT", mana_cost=str(n)) for n in range(1, 7)]
    return [*azure, *crimson, *verdant, card(RETIRED, mana_color_code="VERDANT")]


def picture(colour: str, size: tuple[int, int] = (30, 42), kind: str = "png") -> bytes:
    """A small plain picture."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Stock:
    """A catalog with its media, and the settings with which it is served."""

    settings: Settings
    database: Database
    store: MediaStore

    def version(self, slug: str, asset: str, variant: str = "") -> Version:
        """The current version of a card's asset."""
        with self.database.reading() as connection:
            return looks(connection, ASSETS, [slug])[slug].made[asset][variant]

    def file(self, slug: str, asset: str, variant: str = "") -> Path:
        """Where the current file of an asset lies."""
        path = self.store.local_path(self.version(slug, asset, variant).path)
        assert path is not None
        return path

    def make(
        self,
        slug: str,
        asset: str,
        *,
        colour: str = "navy",
        stale: bool = False,
        draft: bool = True,
        flagged: bool = False,
    ) -> None:
        """Record a new version of an asset, as its stage would."""
        with self.database.writing() as connection:
            inputs = {"cards/facts": "other"} if stale else self._inputs(connection, slug, asset)
            made = [self._version(slug, asset, variant, kind, colour, inputs, draft) for variant, kind in FILES[asset]]
            if flagged:
                made = [replace(each, claims={"is_not_blank": False}, review=Review.WAITING.value) for each in made]
            record(connection, made)

    def _inputs(self, connection: db.Connection, slug: str, asset: str) -> dict[str, str]:
        return looks(connection, ASSETS, [slug])[slug].inputs(RECIPES[asset])

    def _version(
        self, slug: str, asset: str, variant: str, kind: str, colour: str, inputs: dict[str, str], draft: bool
    ) -> Version:
        size = {"thumb": (15, 21), "normal": (60, 84)}.get(variant, (30, 42))
        text = b'{"prompt": "moon"}' if kind == "json" else VIDEO
        data = picture(colour, size, kind) if kind in ("png", "webp") else text
        file = self.store.put(asset, slug, data, kind)
        width, height = size if kind in ("png", "webp") else (None, None)
        provider = ("embedded", "painter-1") if draft else ("comfyui", "flux")
        return Version(
            asset, slug, file.sha256, file.path, file.media_type, file.bytes, "data", "1", provider[0], variant, width,
            height, draft, provider[1], seed=7, prompt_version=1, run_id=RUN, duration_s=1.5, cost_microusd=41_000,
            inputs=inputs, claims={"is_large_enough_to_print": True},
        )  # fmt: skip


def settings_at(home: Path) -> Settings:
    """Settings with all state below one folder."""
    return Settings(home=home, dagster_url="http://dagster.test:3000")


def stock_at(home: Path) -> Stock:
    """The catalog that is kept in a folder."""
    settings = settings_at(home)
    return Stock(settings, Database(settings.catalog_url), MediaStore(settings.media_location))


def empty_stock(home: Path) -> Stock:
    """A catalog with its tables and no cards."""
    stock = stock_at(home)
    stock.database.migrate()
    return stock


def filled_stock(home: Path) -> Stock:
    """The catalog that most tests are about."""
    stock = empty_stock(home)
    every = cards()
    import_catalog(stock.database, home, *write_source(home / "source", every))
    for slug in (MADE, STALE, RETIRED):
        for asset in FILES:
            stock.make(slug, asset, stale=slug == STALE and asset == "cards/composite")
    stock.make(PICTURED, "cards/prompt", draft=False)
    stock.make(PICTURED, "cards/artwork", draft=False)
    with stock.database.writing() as connection:
        error = TextOverflow("The text <b>does not</b> fit.", remedy="Shorten it.")
        note_failure(connection, ["cards/composite"], FAILED, error, RUN)
    import_catalog(stock.database, home, *write_source(home / "source", every[:-1]))
    return stock
