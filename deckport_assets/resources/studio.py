"""The studio as a Dagster resource: which theme, and the encoding of what one pass over a card gives.

The craft itself, pure, is `deckport_assets.studio`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from deckport_assets.errors import DeckportError, ThemeError
from deckport_assets.models import Card, fingerprint

if TYPE_CHECKING:
    from deckport_assets.studio.cards.compose import Opening, Rendered
    from deckport_assets.studio.cards.theme import Theme
    from deckport_assets.studio.encoding import Pixels

WEBP_QUALITY = 90
THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as the bytes of a file."""

    data: bytes
    extension: str
    width_px: int
    height_px: int


class RenderedCard:
    """A card that was rendered once; its files are encoded when asked for."""

    def __init__(self, rendered: "Rendered") -> None:
        self.rendered = rendered

    def files(self, asset: str) -> dict[str, Encoded]:
        """The files of `composite`, `frame` or `thumbnail`, by variant."""
        from deckport_assets.studio.encoding import png, webp

        def encoded(pixels: "Pixels", extension: str, encode: Callable[["Pixels"], bytes]) -> Encoded:
            return Encoded(encode(pixels), extension, pixels.shape[1], pixels.shape[0])

        if asset == "composite":
            large = encoded(self.rendered.composite, "webp", lambda p: webp(p, quality=WEBP_QUALITY))
            return {"": encoded(self.rendered.composite, "png", png), "large": large}
        if asset == "frame":
            return {"": encoded(self.rendered.frame, "png", png)}
        files = {
            name: encoded(pixels, "webp", lambda p: webp(p, quality=THUMBNAIL_QUALITY))
            for name, pixels in self.thumbnails.items()
        }
        return files | {"legacy": encoded(self.thumbnails["small"], "png", png)}

    def preview(self, asset: str) -> bytes:
        """What Dagster's UI shows of the asset."""
        from deckport_assets.studio.encoding import preview

        if asset.endswith("frame"):
            return preview(self.rendered.frame)
        return preview(self.thumbnails["small"])

    @cached_property
    def thumbnails(self) -> "dict[str, Pixels]":
        """The three small sizes, made once."""
        return self.rendered.thumbnails()


class Studio(dg.ConfigurableResource[Any]):
    """Renders cards with one theme. A producer's own theme of the same name wins over the package's."""

    theme: str = Field(description="The theme's name.")
    own_themes: str = Field("", description="The folder of the producer's own themes.")
    workers: int = Field(2, description="Cards rendered at the same time.", ge=1, le=8)

    @cached_property
    def loaded(self) -> "Theme":
        """The theme. Raises ThemeError or MissingElement, naming the theme and the part."""
        from deckport_assets.studio.cards.theme import PACKAGE_THEMES, load_theme, theme_name

        folders = [*([Path(self.own_themes)] if self.own_themes else []), PACKAGE_THEMES]
        theme_name(self.theme)
        mine = (folder / self.theme for folder in folders if (folder / self.theme).is_dir())
        folder = next(mine, PACKAGE_THEMES / self.theme)
        try:
            return load_theme(folder, bases=folders)
        except ThemeError as error:
            error.remedy = error.remedy or self._way_out(folder)
            raise

    def _way_out(self, folder: Path) -> str:
        from deckport_assets.studio.cards.theme import PACKAGE_THEMES

        if folder.is_dir():
            return f"Mend the theme in {folder}, then reload the definitions and retry."
        own = Path(self.own_themes or PACKAGE_THEMES)
        there = {path.parent.name for each in (PACKAGE_THEMES, own) for path in each.glob("*/theme.toml")}
        return f"There are {', '.join(sorted(there))}; your own goes into {own / self.theme}."

    def render(self, card: Card, art: bytes, *, credit: str = "") -> RenderedCard:
        """One pass over the card. Raises what is wrong with the theme, the picture or the card's text.

        `credit` is who made the art, as it is printed.
        """
        from deckport_assets.studio.cards.compose import render_card
        from deckport_assets.studio.cards.spec import CardSpec
        from deckport_assets.studio.encoding import open_picture

        theme = self.loaded
        return RenderedCard(render_card(CardSpec.of(card, credit=credit), open_picture(art), theme))

    def opening(self, card: Card, *, credit: str = "") -> "Opening":
        """Where the card's art is seen, and in which light. Raises what is wrong with its texts, or with `credit`."""
        from deckport_assets.studio.cards.compose import opening_of
        from deckport_assets.studio.cards.layout import layout
        from deckport_assets.studio.cards.spec import CardSpec

        return opening_of(layout(CardSpec.of(card, credit=credit), self.loaded), self.loaded)

    def lint(self, card: Card) -> list[str]:
        """What looks wrong in the words that the card prints, each with its place."""
        from deckport_assets.studio.cards.lint import lint

        return [str(finding) for finding in lint(card, self.loaded.symbols)]

    @property
    def code_version(self) -> str:
        """What theme, renderer and encoder make of a card: it changes when one of them does."""
        from deckport_assets.studio.cards import RENDERER_VERSION

        try:
            look = self.loaded.sha256
        except DeckportError as error:
            look = f"broken: {error}"  # each card then fails with the reason, and prompts and artwork go on
        return fingerprint(look, RENDERER_VERSION, WEBP_QUALITY, THUMBNAIL_QUALITY)
