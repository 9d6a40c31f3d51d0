"""The import: two CSV files become the catalog, in one transaction. After it the database is the truth.

Idempotent; never deletes (a card that left the source is retired); a rejected row leaves its card as it was; a file
that cannot be read leaves everything as it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as db

from deckport_assets.catalog.cards import card_of
from deckport_assets.catalog.database import Database, now, touch
from deckport_assets.catalog.dirt import Dirt, Severity, report
from deckport_assets.catalog.prompts import Origin, add_prompt, prompts_that_count
from deckport_assets.catalog.source import ART_COLUMNS, GAMEPLAY_COLUMNS, SourceFile, read_source
from deckport_assets.catalog.tables import cards, imports, prompts
from deckport_assets.catalog.validation import Candidate, Judged, judge, legacy_slug
from deckport_assets.errors import Refused
from deckport_assets.models import Card, Category, Colour, Rarity, fingerprint

MOST_RETIRED = 0.1
"""A greater part of the catalog than this is retired only when a person says so."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. `changed_cards` names those whose facts or prompt changed, the added ones included."""

    summary: Mapping[str, int]
    dirt: tuple[Dirt, ...]
    report: Path
    accepted: tuple[Candidate, ...]
    changed_cards: tuple[str, ...]


def import_catalog(
    database: Database, home: Path, gameplay_csv: Path, art_csv: Path, *, retire: bool = False
) -> Imported:
    """Import both files; the dirt report is written under `home`/reports.

    Raises BadSource when a file cannot be read, Refused when more than a tenth of the catalog would be retired and
    `retire` does not allow it. Both leave the database unchanged.
    """
    gameplay, art = read_source(gameplay_csv, GAMEPLAY_COLUMNS), read_source(art_csv, ART_COLUMNS)
    judged = judge(gameplay, art)
    with database.writing() as connection:
        work = _Import(connection, gameplay, judged)
        work.apply(retire=retire)
        summary = work.summary()
        path = _write_report(home, gameplay, art, judged.dirt)
        _note_import(connection, gameplay, art, summary, path.relative_to(home))
    return Imported(summary, tuple(judged.dirt), path, tuple(judged.accepted), tuple(work.added + work.changed))


class _Import:
    def __init__(self, connection: db.Connection, gameplay: SourceFile, judged: Judged) -> None:
        self.connection = connection
        self.file = gameplay.name
        self.judged = judged
        rows = connection.execute(db.select(cards)).mappings()
        self.before: dict[str, db.RowMapping] = {row["slug"]: row for row in rows}
        self.numbers: dict[str, int] = {}
        for row in self.before.values():
            colour = row["sku_colour"]
            self.numbers[colour] = max(self.numbers.get(colour, 0), row["sku_number"])
        self.added: list[str] = []
        self.changed: list[str] = []
        self.retired: list[str] = []
        self.present: list[str] = []

    def apply(self, *, retire: bool) -> None:
        accepted = self._without_name_clashes()
        self._retire(accepted, allowed=retire)
        self._step_aside(accepted)
        written = {
            row.card: row.text
            for row in self.connection.execute(
                db.select(prompts).where(prompts.c.origin == Origin.SOURCE.value, prompts.c.withdrawn_at.is_(None))
            )
        }
        for candidate in accepted:
            slug = candidate.facts["slug"]
            new, facts_changed = slug not in self.before, self._write(candidate)
            prompt_changed = self._write_prompt(slug, candidate.image_prompt, written.get(slug, ""))
            self.present.append(slug)
            if new:
                self.added.append(slug)
            elif facts_changed or prompt_changed:
                self.changed.append(slug)
        if self.added or self.changed or self.retired:
            touch(self.connection)

    def summary(self) -> dict[str, int]:
        counting = prompts_that_count(self.connection, self.present)
        with_prompt = sum(prompt.origin.counts_as_written for prompt in counting.values())
        return {
            "cards": len(self.present),
            "added": len(self.added),
            "changed": len(self.changed),
            "unchanged": len(self.present) - len(self.added) - len(self.changed),
            "retired": len(self.retired),
            "rejected": self.judged.rejected,
            "with_prompt": with_prompt,
            "without_prompt": len(self.present) - with_prompt,
            "art_without_card": len(self.judged.art_without_card),
        }

    def _without_name_clashes(self) -> list[Candidate]:
        """Names belong to one card for ever, a retired one too; who wants another's is rejected."""
        coming = {candidate.facts["slug"] for candidate in self.judged.accepted}
        owner: dict[str, str] = {}
        for slug, row in self.before.items():
            if slug not in coming:
                owner[row["name"]] = owner[row["legacy_slug"]] = slug
        kept = []
        for candidate in self.judged.accepted:
            name, slug = candidate.facts["name"], candidate.facts["slug"]
            other = owner.get(name) or owner.get(legacy_slug(name))
            if other is None:
                kept.append(candidate)
                continue
            told = (f"The name belongs to the card {other}.", f"Give {slug} another name, or use the slug {other}.")
            self.judged.dirt.append(Dirt(Severity.ERROR, self.file, candidate.line, "name", slug, name, *told))
            self.judged.rejected += 1
            self.judged.mentioned |= {slug, name}
        return kept

    def _retire(self, accepted: list[Candidate], *, allowed: bool) -> None:
        here = {candidate.facts["slug"] for candidate in accepted}
        living = [row for row in self.before.values() if row["retired_at"] is None]
        mentioned = self.judged.mentioned
        gone = [r["slug"] for r in living if r["slug"] not in here and not {r["slug"], r["name"]} & mentioned]
        if living and len(gone) > MOST_RETIRED * len(living) and not allowed:
            raise Refused(
                f"{len(gone)} of {len(living)} cards are not in {self.file} any more, {gone[0]} among them.",
                remedy="Nothing was changed. If they are to be retired, import again with --retire.",
            )
        self.retired = gone
        for slug in gone:
            retiring = cards.update().where(cards.c.slug == slug)
            self.connection.execute(retiring.values(retired_at=now(), updated_at=now()))

    def _step_aside(self, accepted: list[Candidate]) -> None:
        """Cards that take another name leave their old one first, so that two may swap."""
        for candidate in accepted:
            row = self.before.get(candidate.facts["slug"])
            if row is not None and row["name"] != candidate.facts["name"]:
                aside = f"\ufffd{row['slug']}"
                stepping = cards.update().where(cards.c.slug == row["slug"])
                self.connection.execute(stepping.values(name=aside, legacy_slug=aside))

    def _write(self, candidate: Candidate) -> bool:
        """Insert or update one card; says whether any fact changed."""
        facts = candidate.facts
        before = self.before.get(facts["slug"])
        sku = self._sku(facts["colour"]) if before is None else {"sku": before["sku"]}
        card = _card(facts | {"sku": sku["sku"], "legacy_slug": legacy_slug(facts["name"])})
        row = _row_of(card) | {"facts_version": fingerprint(card.facts()), "retired_at": None}
        if before is None:
            self.connection.execute(cards.insert().values(**row, **sku, created_at=now(), updated_at=now()))
            return True
        if card_of(before) == card:
            return False
        updating = cards.update().where(cards.c.slug == card.slug)
        self.connection.execute(updating.values(**row, updated_at=now()))
        return True

    def _sku(self, colour: Colour) -> dict[str, Any]:
        number = self.numbers[colour] = self.numbers.get(colour, 0) + 1
        return {"sku": f"{colour}-{number:03d}", "sku_colour": colour.value, "sku_number": number}

    def _write_prompt(self, slug: str, text: str, before: str) -> bool:
        """Keep the source's prompt as a version; withdraw it when the source has none any more."""
        if text == before:
            return False
        latest = db.and_(prompts.c.card == slug, prompts.c.origin == Origin.SOURCE.value)
        self.connection.execute(prompts.update().where(latest).values(withdrawn_at=now()))
        if text:
            add_prompt(self.connection, slug, Origin.SOURCE, text, author="source", told=True)
        return True


def _card(facts: Mapping[str, Any]) -> Card:
    words = {"category": Category(facts["category"]), "rarity": Rarity(facts["rarity"])}
    return Card(**{**facts, **words, "colour": Colour(facts["colour"]), "keywords": tuple(facts["keywords"])})


def _row_of(card: Card) -> dict[str, Any]:
    facts = card.facts()
    del facts["sku"]
    return facts | {"keywords": list(card.keywords)}


def _write_report(home: Path, gameplay: SourceFile, art: SourceFile, dirt: list[Dirt]) -> Path:
    path = home / "reports" / f"import-{gameplay.sha256[:8]}-{art.sha256[:8]}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(report(dirt), encoding="utf-8")
    part.replace(path)
    return path


def _note_import(
    connection: db.Connection, gameplay: SourceFile, art: SourceFile, summary: Mapping[str, int], path: Path
) -> None:
    connection.execute(
        imports.insert().values(
            gameplay_sha256=gameplay.sha256,
            art_sha256=art.sha256,
            summary=dict(summary),
            report=path.as_posix(),
            created_at=now(),
        )
    )
