"""The card renderer: CardSpec -> layout -> DrawList -> compose -> Rendered. Pure; themes and fonts are data.

`spec` says what is printed, `theme` and `theme_parts` how cards look, `layout` where everything goes, `text` and
`fonts` set type, `shapes` and `compose` draw. Files are written by `studio.encoding`, kept by the media store.
"""

from deckport_assets.studio.cards.compose import RENDERER_VERSION, THUMBNAIL_WIDTHS_PX, Rendered, render_card
from deckport_assets.studio.cards.layout import layout
from deckport_assets.studio.cards.spec import CardSpec
from deckport_assets.studio.cards.theme import PACKAGE_FONTS, PACKAGE_THEMES, Theme, load_theme

__all__ = [
    "PACKAGE_FONTS",
    "PACKAGE_THEMES",
    "RENDERER_VERSION",
    "THUMBNAIL_WIDTHS_PX",
    "CardSpec",
    "Rendered",
    "Theme",
    "layout",
    "load_theme",
    "render_card",
]
