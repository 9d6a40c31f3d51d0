"""Where every card stands in its line of assets: what is recorded, held against what its inputs are today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as db

from deckport_assets.catalog.cards import cards_by_slug, in_portions
from deckport_assets.catalog.database import Database, touch, upsert
from deckport_assets.catalog.prompts import StoredPrompt, prompts_that_count
from deckport_assets.catalog.recipes import PROMPT, RECIPES, Recipe, inputs_of
from deckport_assets.catalog.standing import Found, Standing, standing
from deckport_assets.catalog.tables import failures, recipes
from deckport_assets.catalog.versions import Review, Version, current
from deckport_assets.errors import MoneySetAside, NeedsMoney
from deckport_assets.models import Card

WANTS_MONEY = (NeedsMoney("").kind, MoneySetAside("").kind)
"""The kinds of failure of what was refused before it was tried."""
PERSON = "person"
"""The provider of what a person handed in: it never becomes stale, so that no machine replaces it unasked."""


def standings(
    connection: db.Connection, assets: Sequence[str], slugs: Iterable[str], code_versions: Mapping[str, str]
) -> dict[str, dict[str, Standing]]:
    """How each of these assets of each card stands: slug -> asset -> standing. Unknown cards are left out."""
    return {slug: look.standings(assets, code_versions) for slug, look in looks(connection, assets, slugs).items()}


def looks(connection: db.Connection, assets: Sequence[str], slugs: Iterable[str]) -> dict[str, Look]:
    """What is recorded of these assets of each card, read with a few queries for all of them."""
    known = cards_by_slug(connection, slugs)
    wanted = set(assets) | {source for asset in assets for source in (*RECIPES[asset].made_from, *RECIPES[asset].needs)}
    made = {asset: current(connection, asset, known) for asset in sorted(wanted)}
    failed: set[tuple[str, str]] = set()
    unpaid: set[tuple[str, str]] = set()
    for some in in_portions(known):
        query = db.select(failures.c.asset, failures.c.partition, failures.c.kind)
        rows = connection.execute(query.where(failures.c.partition.in_(some))).all()
        failed |= {(row.asset, row.partition) for row in rows}
        unpaid |= {(row.asset, row.partition) for row in rows if row.kind in WANTS_MONEY}
    prompts = prompts_that_count(connection, known) if PROMPT in assets else {}
    return {
        slug: Look(
            card,
            {asset: made[asset].get(slug, {}) for asset in made},
            {asset for asset in assets if (asset, slug) in failed},
            {asset for asset in assets if (asset, slug) in unpaid},
            prompts.get(slug),
        )
        for slug, card in known.items()
    }


class Look:
    """What is recorded of one card: its facts, current versions, failures (`unpaid`: those of them that wanted money
    and were not tried), and the prompt that counts."""

    def __init__(
        self,
        card: Card,
        made: Mapping[str, Mapping[str, Version]],
        failed: set[str],
        unpaid: set[str],
        prompt: StoredPrompt | None,
    ) -> None:
        self.card = card
        self.made = made
        self.failed = failed
        self.unpaid = unpaid
        self.prompt = prompt

    def version(self, asset: str) -> Version | None:
        """The main file of the asset's current version."""
        return self.made.get(asset, {}).get(RECIPES[asset].variants[0])

    def inputs(self, recipe: Recipe) -> dict[str, str]:
        """What shapes the asset today."""
        contents = {source: v.sha256 for source in recipe.made_from if (v := self.version(source))}
        written = self.prompt.identity if self.prompt and self.prompt.origin.counts_as_written else None
        return inputs_of(recipe, self.card, contents, written=written)

    def standings(self, assets: Sequence[str], code_versions: Mapping[str, str]) -> dict[str, Standing]:
        """How each of the assets stands."""
        return {a: standing(RECIPES[a], self.found(RECIPES[a]), code_versions.get(a)) for a in assets}

    def found(self, recipe: Recipe) -> Found:
        """What is recorded of one asset, beside its inputs of today."""
        version = self.version(recipe.asset)
        failed, retired = recipe.asset in self.failed, self.card.retired
        if version is None:
            return Found(self.inputs(recipe), failed=failed, retired=retired)
        return Found(
            self.inputs(recipe),
            exists=True,
            inputs=self.inputs(recipe) if version.provider == PERSON else version.inputs,
            code_version=version.code_version,
            draft=version.draft,
            rejected=version.review == Review.REJECTED,
            attempt=version.attempt,
            failed=failed,
            retired=retired,
        )


def note_code_versions(database: Database, versions: Mapping[str, str]) -> None:
    """Keep the code version with which each of these assets would be made today; writes only what is new."""
    with database.reading() as connection:
        known = code_versions(connection)
    rows = [{"asset": a, "code_version": v} for a, v in versions.items() if known.get(a) != v]
    if rows:
        with database.writing() as connection:
            upsert(connection, recipes, ("asset",), rows)
            touch(connection)


def code_versions(connection: db.Connection) -> dict[str, str]:
    """The code version with which the pipeline would make each asset today, as it last said."""
    return {row.asset: row.code_version for row in connection.execute(db.select(recipes))}
