"""The line that cards go through, as the batch sees it: how they stand, and what Dagster is told of what was made.

What each asset is and how it is made stands in `cards.py`. Here is only what they share.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import dagster as dg

from deckport_assets.batch import Made
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import Journal
from deckport_assets.catalog.line import Look, looks
from deckport_assets.catalog.prompts import note_told
from deckport_assets.catalog.recipes import FACTS, PROMPT, RECIPES, data_version
from deckport_assets.catalog.reviewing import first_review
from deckport_assets.catalog.standing import Order, Standing
from deckport_assets.catalog.versions import Review, Version, current, last_attempt
from deckport_assets.drain import beside
from deckport_assets.errors import WaitsForInput
from deckport_assets.media import MediaStore, StoredFile
from deckport_assets.models import Card, fingerprint
from deckport_assets.resources.providers import Beside, Occasion, Provenance

Make = Callable[["Bench", tuple[str, ...]], None]


@dataclass(slots=True)
class CardLine:
    """One stage of the line in one run; a `Line` of the batch. `make_on` does the craft for one card at its bench."""

    database: Database
    media: MediaStore
    run_id: str
    order: Order
    code_versions: Mapping[str, str]
    make_on: Make
    priority: int = 0
    order_id: str = ""
    journal: Journal = field(init=False)
    likenesses: dict[str, int] = field(default_factory=dict)
    """The hashes of the pictures of this run, so that two which come at the same moment are compared too."""

    _beside: Beside | None = None
    _one: threading.Lock = field(default_factory=threading.Lock)

    def beside(self) -> Beside:
        """What else there is, for who writes: read once in a run, and what the run writes is added to it."""
        with self._one:
            if self._beside is None:
                self._beside = beside(self.database)
            return self._beside

    def note_text(self, slug: str, text: str) -> None:
        """What this run has just written: the next is to be unlike it."""
        others = self.beside()
        with self._one:
            self._beside = (self._beside or others).with_text(slug, text)

    def note_told(self, slugs: Sequence[str]) -> None:
        """Dagster was told of the prompts that are these cards' current ones."""
        with self.database.writing() as connection:
            current_ones = current(connection, PROMPT, slugs)
            note_told(connection, {slug: made[""].prompt_version or 0 for slug, made in current_ones.items()})

    def __post_init__(self) -> None:
        self.journal = Journal(self.database, self.run_id)

    def standings(self, assets: Sequence[str], slugs: Sequence[str]) -> Mapping[str, Mapping[str, Standing]]:
        """How each asset of each card stands."""
        with self.database.reading() as connection:
            found = looks(connection, assets, slugs)
        return {slug: look.standings(assets, self.code_versions) for slug, look in found.items()}

    def made_since(self, moment: datetime, assets: Sequence[str], slugs: Sequence[str]) -> set[tuple[str, str]]:
        """Of which (slug, asset) the current version was made at this moment or later."""
        with self.database.reading() as connection:
            found = looks(connection, assets, slugs)
        made = ((slug, asset, look.version(asset)) for slug, look in found.items() for asset in assets)
        return {(slug, asset) for slug, asset, v in made if v and v.created_at and v.created_at >= moment}

    def make(
        self, slug: str, assets: Sequence[str], *, progress: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Mapping[str, Made]:
        """Make these assets of one card. Raises WaitsForInput when what they are made from is not there."""
        with self.database.reading() as connection:
            look = looks(connection, assets, [slug])[slug]
        for asset in assets:
            for source in RECIPES[asset].needs:
                if look.version(source) is None:
                    raise WaitsForInput(f"{asset} of {slug} needs {source}.", remedy=f"deckport produce {slug}")
        bench = Bench(self, look, progress, cancelled)
        self.make_on(bench, tuple(assets))
        return bench.made

    def known(self, asset: str, slugs: Sequence[str]) -> Mapping[str, Made]:
        """What is current, for telling Dagster again."""
        with self.database.reading() as connection:
            found = looks(connection, [asset], slugs)
        return {slug: told(v, look) for slug, look in found.items() if (v := look.version(asset))}


class Bench:
    """Where one card lies while it is made: what is known of it, what comes in, what goes out."""

    def __init__(
        self, line: CardLine, look: Look, progress: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> None:
        self.line = line
        self.look = look
        self.occasion = Occasion(
            line.run_id, line.priority, progress, cancelled, order_id=line.order_id, purpose=f"card {look.card.slug}"
        )
        self.made: dict[str, Made] = {}
        self._began_at = time.monotonic()

    @property
    def card(self) -> Card:
        """The card's facts."""
        return self.look.card

    def take(self, asset: str, variant: str | None = None) -> bytes:
        """The current file of an asset that this one is made from, checked."""
        version = self.look.version(asset) if variant is None else self.look.made[asset][variant]
        if version is None:
            raise WaitsForInput(f"{asset} of {self.card.slug} is not made yet.", remedy="Make it first.")
        return self.line.media.read(version.path, version.sha256)

    def attempt(self, asset: str) -> int:
        """Which attempt this is: when a person asked for another, one more than the highest there ever was (after a
        rollback, the one before would be the picture that was gone back from), else the same."""
        before = self.look.version(asset)
        if before is None:
            return 0
        if asset not in self.line.order.redraw and before.review != Review.REJECTED:
            return before.attempt
        with self.line.database.reading() as connection:
            return 1 + (last_attempt(connection, asset, self.card.slug) or 0)

    def give(
        self,
        asset: str,
        files: Mapping[str, Picture],
        provenance: Provenance,
        *,
        claims: Mapping[str, bool],
        remarks: Sequence[str] = (),
        preview: bytes = b"",
        likeness: int | None = None,
        attempt: int = 0,
        prompt_version: int | None = None,
        inputs: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Put the files of one asset into the store; the batch has them recorded. `files` are by variant."""
        recipe = RECIPES[asset]
        shaped_by = dict(self.look.inputs(recipe) if inputs is None else inputs)
        seconds = time.monotonic() - self._began_at
        kept = list(self._stored(asset, files))
        version = data_version({variant: stored.sha256 for variant, _, stored in kept})
        versions = [
            Version(
                asset=asset,
                partition=self.card.slug,
                variant=variant,
                sha256=stored.sha256,
                path=stored.path,
                media_type=stored.media_type,
                bytes=stored.bytes,
                width_px=picture.width_px,
                height_px=picture.height_px,
                draft=provenance.draft,
                provider=provenance.provider,
                model=provenance.model,
                workflow=provenance.workflow,
                workflow_sha256=provenance.workflow_sha256,
                prompt_version=prompt_version,
                seed=provenance.seed,
                attempt=attempt,
                cost_microusd=provenance.cost_microusd,
                run_id=self.line.run_id,
                duration_s=round(seconds, 4),
                inputs=shaped_by,
                likeness=likeness,
                more=provenance.more,
                data_version=version,
                code_version=self.line.code_versions.get(asset, ""),
                claims=dict(claims) | ({"remarks": list(remarks)} if remarks else {}),
                review=first_review(recipe, claims, draft=provenance.draft).value,
            )
            for variant, picture, stored in kept
        ]
        main = next(v for v in versions if v.variant == recipe.variants[0])
        each = told(main, self.look, files=tuple(versions))
        shown = shown_as(preview) | dict(each.metadata) | dict(metadata or {})
        self.made[asset] = replace(each, metadata=shown)

    def _stored(self, asset: str, files: Mapping[str, Picture]) -> Iterator[tuple[str, Picture, StoredFile]]:
        for variant, picture in files.items():
            stored = self.line.media.put(asset, self.card.slug, picture.data, picture.extension)
            yield variant, picture, stored


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of one file, with its size in pixels where it has one."""

    data: bytes
    extension: str
    width_px: int | None = None
    height_px: int | None = None


def told(version: Version, look: Look, *, files: tuple[Version, ...] = ()) -> Made:
    """What Dagster is told of a version: numbers, ids and links, nothing heavy."""
    metadata: dict[str, Any] = {
        "sku": look.card.sku,
        "path": version.path,
        "sha256": version.sha256,
        "bytes": version.bytes,
        "provider": version.provider,
        "model": version.model,
        "draft": version.draft,
        "attempt": version.attempt,
        "seconds": version.duration_s,
        "cost_usd": version.cost_microusd / 1_000_000,
    }
    if version.width_px:
        metadata |= {"width_px": version.width_px, "height_px": version.height_px}
    if version.workflow:
        metadata |= {"workflow": version.workflow, "workflow_sha256": version.workflow_sha256}
    metadata |= version.more
    for name in ("seed", "prompt_version"):
        if (value := getattr(version, name)) is not None:
            metadata[name] = value
    if version.review != Review.NONE:
        metadata["review"] = version.review
    claims = {name: found for name, found in version.claims.items() if isinstance(found, bool)}
    remarks = tuple(version.claims.get("remarks", ()))
    judged = version.review in (Review.APPROVED, Review.REJECTED)
    verdict = {f"{version.review}_by": version.reviewed_by} if judged else {}
    return Made(version.data_version, metadata, claims, remarks, input_versions(version.asset, look), files, verdict)


def input_versions(asset: str, look: Look) -> dict[str, str]:
    """The data versions of what the asset depends on, as Dagster knows them."""
    found = {FACTS: fingerprint(look.card.facts())}
    for source in RECIPES[asset].needs:
        if version := look.version(source):
            found[source] = version.data_version
    return found


def shown_as(preview: bytes) -> dict[str, Any]:
    """A preview that Dagster's UI shows: a small picture in the metadata."""
    if not preview:
        return {}
    uri = f"data:image/webp;base64,{base64.b64encode(preview).decode()}"
    return {"preview": dg.MetadataValue.md(f"![preview]({uri})")}
