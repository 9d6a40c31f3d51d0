"""Prompts and their versions: which one counts, and adding another. What makes a good one is `studio.prompts`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as db

from deckport_assets.catalog.cards import all_cards, in_portions
from deckport_assets.catalog.database import now, touch
from deckport_assets.catalog.journal import forgive
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.tables import cards, prompts
from deckport_assets.errors import BadRequest

LONGEST_CHARACTERS = 10_000
"""More is no prompt that any model reads to its end."""


class Origin(StrEnum):
    """Who wrote a prompt, in the order in which they count: a person's before the source's before a machine's."""

    HUMAN = "human"
    SOURCE = "source"
    MACHINE = "machine"
    DRAFT = "draft"

    @property
    def counts_as_written(self) -> bool:
        """Whether a card that has one is not "without prompt"."""
        return self is not Origin.DRAFT


_RANK = {origin: rank for rank, origin in enumerate(Origin)}


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """One version of a card's prompt."""

    card: str
    version: int
    origin: Origin
    text: str
    caption: str = ""
    negative: str = ""
    motion: str = ""
    author: str = ""
    provider: str = ""
    """The service that wrote it; empty for a person's and the source's."""
    cost_microusd: int = 0

    @property
    def identity(self) -> str:
        """What tells it from any other prompt: who wrote it and what it says."""
        said = "\0".join((self.text, self.caption, self.negative, *([self.motion] if self.motion else [])))
        return f"{self.origin}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def prompts_that_count(connection: db.Connection, slugs: Iterable[str]) -> dict[str, StoredPrompt]:
    """The prompt that counts for each card that has one: the latest of the best origin, withdrawn ones left out."""
    best: dict[str, StoredPrompt] = {}
    for some in in_portions(slugs):
        query = db.select(prompts).where(prompts.c.card.in_(some), prompts.c.withdrawn_at.is_(None))
        for row in connection.execute(query.order_by(prompts.c.version)).mappings():
            prompt = _prompt_of(row)
            known = best.get(prompt.card)
            if known is None or _RANK[prompt.origin] <= _RANK[known.origin]:
                best[prompt.card] = prompt
    return best


def written_since(connection: db.Connection, slug: str, moment: datetime) -> StoredPrompt | None:
    """The prompt that counts for a card, when a person or a real machine wrote it after this moment."""
    counts = prompts_that_count(connection, [slug]).get(slug)
    if counts is None or counts.origin not in (Origin.HUMAN, Origin.MACHINE):
        return None
    here = db.and_(prompts.c.card == slug, prompts.c.version == counts.version, prompts.c.created_at > moment)
    return counts if connection.execute(db.select(prompts.c.id).where(here)).first() else None


def names_and_texts(connection: db.Connection) -> tuple[tuple[str, ...], dict[str, str]]:
    """The names of all living cards, and the written prompts that count, by slug: what another is to be unlike."""
    every = all_cards(connection)
    counting = prompts_that_count(connection, [card.slug for card in every])
    texts = {slug: prompt.text for slug, prompt in counting.items() if prompt.origin.counts_as_written}
    return tuple(card.name for card in every), texts


def prompt_versions(connection: db.Connection, slug: str) -> list[StoredPrompt]:
    """All versions of a card's prompt, the latest first."""
    query = db.select(prompts).where(prompts.c.card == slug).order_by(prompts.c.version.desc())
    return [_prompt_of(row) for row in connection.execute(query).mappings()]


def add_prompt(
    connection: db.Connection,
    slug: str,
    origin: Origin,
    text: str,
    *,
    caption: str = "",
    negative: str = "",
    motion: str = "",
    author: str = "",
    provider: str = "",
    cost_microusd: int = 0,
    told: bool = False,
) -> StoredPrompt:
    """Keep another version of a card's prompt. The same words from the same origin again are the same version.

    `told` says that whoever adds it tells Dagster too, or that Dagster asks by itself; see `untold`. A card that gets
    another prompt is no failure any more, whatever kept it from being written before.
    """
    mine = prompts.c.card == slug
    latest = connection.execute(
        db.select(prompts).where(mine, prompts.c.origin == origin.value).order_by(prompts.c.version.desc())
    )
    row = latest.mappings().first()
    if row and (row["text"], row["caption"], row["negative"], row["motion"]) == (text, caption, negative, motion):
        if row["withdrawn_at"] is not None:
            connection.execute(prompts.update().where(prompts.c.id == row["id"]).values(withdrawn_at=None))
        return _prompt_of(row)
    if origin.counts_as_written:
        forgive(connection, PROMPT, slug)
    version = (connection.execute(db.select(db.func.max(prompts.c.version)).where(mine)).scalar() or 0) + 1
    prompt = StoredPrompt(slug, version, origin, text, caption, negative, motion, author, provider, cost_microusd)
    connection.execute(
        prompts.insert().values(
            card=slug,
            version=version,
            origin=origin.value,
            text=text,
            caption=caption,
            negative=negative,
            motion=motion,
            author=author,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            created_at=now(),
            told=told,
            provider=provider,
            cost_microusd=cost_microusd,
        )
    )
    touch(connection)
    return prompt


def write_by_hand(
    connection: db.Connection, slug: str, text: str, *, negative: str = "", author: str = ""
) -> StoredPrompt:
    """Keep what a person wrote; it counts before all that is not a person's. Raises BadRequest for nothing, and for
    more than any model reads."""
    if not text.strip():
        raise BadRequest("Nothing was kept: the prompt is empty.", remedy="Write what is to be seen.")
    if (longest := max(len(text), len(negative))) > LONGEST_CHARACTERS:
        raise BadRequest(
            f"Nothing was kept: {longest:,} characters.", remedy=f"At most {LONGEST_CHARACTERS:,} are taken."
        )
    return add_prompt(connection, slug, Origin.HUMAN, text, negative=negative, author=author)


def untold(connection: db.Connection, *, most: int = 500) -> list[StoredPrompt]:
    """The prompts that count for living cards and that Dagster was not told of: written by a person, by the queue or by
    a batch, whose process ended before it could tell, or that never tells."""
    here = db.and_(prompts.c.told.is_(False), prompts.c.withdrawn_at.is_(None), cards.c.retired_at.is_(None))
    joined = prompts.join(cards, cards.c.slug == prompts.c.card)
    slugs = connection.execute(
        db.select(prompts.c.card).select_from(joined).where(here).order_by(prompts.c.card).limit(most).distinct()
    ).scalars()
    counting = prompts_that_count(connection, dict.fromkeys(slugs))
    waiting = db.select(prompts.c.card, prompts.c.version).where(prompts.c.told.is_(False))
    known = {(row.card, row.version) for row in connection.execute(waiting)}
    return [prompt for prompt in counting.values() if (prompt.card, prompt.version) in known]


def note_told(connection: db.Connection, versions: Mapping[str, int]) -> None:
    """Dagster was told of these versions of cards' prompts. What does not count has nothing to tell; what counts by now
    and is another version was written meanwhile, and is told next."""
    for some in in_portions(versions):
        waiting = db.and_(prompts.c.card.in_(some), prompts.c.told.is_(False))
        rows = connection.execute(db.select(prompts.c.id, prompts.c.card, prompts.c.version).where(waiting)).all()
        counting = prompts_that_count(connection, {row.card for row in rows})
        told = [row.id for row in rows if row.version == versions[row.card] or not _counts(row, counting)]
        if told:
            connection.execute(prompts.update().where(prompts.c.id.in_(told)).values(told=True))


def _counts(row: db.Row[tuple[int, str, int]], counting: Mapping[str, StoredPrompt]) -> bool:
    return row.card in counting and counting[row.card].version == row.version


def _prompt_of(row: db.RowMapping) -> StoredPrompt:
    names = ("card", "version", "text", "caption", "negative", "motion", "author", "provider", "cost_microusd")
    return StoredPrompt(origin=Origin(row["origin"]), **{name: row[name] for name in names})
