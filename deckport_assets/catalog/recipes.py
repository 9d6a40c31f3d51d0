"""What shapes each asset of a card: the facts it reads and the assets it is made from.

Pure. An asset is stale when these inputs differ from those that its current version was made with; an asset that
follows its code is stale as well when the code version differs. Nothing else makes anything stale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deckport_assets.models import PAINTED_FACTS, PRINTED_FACTS, WRITTEN_FACTS, Card, fingerprint

FACTS = "cards/facts"
PROMPT = "cards/prompt"
ARTWORK = "cards/artwork"
COMPOSITE = "cards/composite"
FRAME = "cards/frame"
THUMBNAIL = "cards/thumbnail"
VIDEO = "cards/video"

THUMBNAILS = ("small", "thumb", "normal", "legacy")
"""300, 150 and 600 pixels wide as WebP, and 300 wide as PNG for the old clients."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one asset is made, in so far as it decides whether it must be made again."""

    asset: str
    facts: tuple[str, ...] = ()
    made_from: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    follows_code: bool = False
    """Rendering: free, so it follows its code and its inputs by itself. The others wait for a person's word."""
    variants: tuple[str, ...] = ("",)
    """The files of one version; the first is the main one."""
    reviewed: bool = False
    """What its check flags waits for a person's word, when a real provider made it: another one costs."""


RECIPES: dict[str, Recipe] = {
    recipe.asset: recipe
    for recipe in (
        Recipe(PROMPT, facts=WRITTEN_FACTS),
        Recipe(ARTWORK, facts=PAINTED_FACTS, made_from=(PROMPT,), needs=(PROMPT,), reviewed=True),
        Recipe(COMPOSITE, PRINTED_FACTS, (ARTWORK,), (ARTWORK,), follows_code=True, variants=("", "large")),
        Recipe(FRAME, PRINTED_FACTS, (ARTWORK,), (ARTWORK,), follows_code=True),
        Recipe(THUMBNAIL, PRINTED_FACTS, (ARTWORK,), (ARTWORK,), follows_code=True, variants=THUMBNAILS),
        Recipe(VIDEO, made_from=(ARTWORK, FRAME), needs=(ARTWORK, FRAME), variants=("", "theora"), reviewed=True),
    )
}  # fmt: skip

CHAIN: tuple[tuple[str, ...], ...] = ((PROMPT,), (ARTWORK,), (COMPOSITE, FRAME, THUMBNAIL), (VIDEO,))
"""The stages, in the order in which a backfill goes through them. The assets of one stage are made in one pass."""

UNASKED: tuple[str, ...] = (PROMPT, ARTWORK, COMPOSITE, FRAME, THUMBNAIL)
"""What `produce` makes when no assets are named: video only when a person names it."""

ASSETS: tuple[str, ...] = tuple(RECIPES)


def inputs_of(recipe: Recipe, card: Card, contents: Mapping[str, str], *, written: str | None = None) -> dict[str, str]:
    """What shapes this asset of this card now, by the name of the input.

    `contents` gives the current content (sha256) of the assets it is made from; `written` the identity of the prompt
    that counts, when a person, the source or a real machine wrote one (then the facts do not matter to the prompt).
    """
    if recipe.asset == PROMPT and written is not None:
        return {"prompts": written}
    inputs = {asset: contents[asset][:16] for asset in recipe.made_from if asset in contents}
    if recipe.facts:
        inputs[FACTS] = fingerprint(card.facts(recipe.facts))
    return inputs


def data_version(contents: Mapping[str, str]) -> str:
    """The data version of an asset: of what is in its files (variant -> sha256), not of what they were made from.

    A draft and the real picture that replaces it are made from the same inputs, and what is made from them must differ.
    """
    return fingerprint(dict(contents))
