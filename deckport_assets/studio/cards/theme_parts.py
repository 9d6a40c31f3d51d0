"""What may stand in a `theme.toml`, as typed parts: an unknown key is an error, so that a typing mistake is seen.

Only the shape of the data; loading, merging and looking parts up is `theme`'s. Lengths are card pixels. A colour is
`#rrggbb`, `#rrggbbaa` or `$name` from the palettes, with `@60` behind it for 60 % opacity. A path is a name from
`[paths]`, or `$name` whose palette entry says which (`$emblem` is the card's colour's).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deckport_assets.models import Category, Colour, Rarity

Px = Annotated[float, Field(ge=0)]
BoxPx = tuple[float, float, Px, Px]
"""x, y, width, height."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CanvasPart(_Part):
    """The whole card; no bleed."""

    width_px: int = Field(gt=0, le=6000)
    height_px: int = Field(gt=0, le=6000)
    dpi: int = Field(gt=0)
    safe_px: Px = 0
    """How far letters, numbers and signs stay away from the edge, where a printer may cut askew."""


class ShapePart(_Part):
    """A filled outline, in `box` or `at` a place of the layout, made smaller by `inset_px`.

    With both, the box is counted from the place's `corner`: x and y grow into the place, so that one set of numbers
    serves all four corners.
    """

    box: BoxPx | None = None
    at: str = ""
    corner: Literal["left_top", "right_top", "left_bottom", "right_bottom"] = "left_top"
    if_present: bool = False
    """Leave the shape out in a layout that has no such place, instead of failing."""
    inset_px: float = 0
    paint: str | tuple[str, ...] = "#000000"
    """One colour, or several at equal distances."""
    direction: Literal["down", "across", "out"] = "down"
    path: str = ""
    radius_px: Px = 0
    ring_px: Px = 0
    blur_px: Px = 0
    cuts: bool = False


class StylePart(_Part):
    """How a text looks; see `text.Style`."""

    font: str
    size_px: float = Field(gt=0)
    min_px: float = Field(gt=0)
    colour: str
    leading: float = Field(default=1.2, gt=0)
    align: Literal["left", "centre", "right"] = "centre"
    tracking_em: float = 0
    outline_px: int = Field(default=0, ge=0)
    outline_colour: str = "#000000"
    balanced: bool = False
    break_words: bool = False


class GemPart(_Part):
    """A number's setting, drawn on a square of 100 x 100 that is stretched to its place."""

    shapes: tuple[ShapePart, ...]
    style: str = ""
    """How the number looks; empty for a gem without one."""
    number_box: BoxPx = (10, 10, 80, 80)
    label: str = ""
    label_style: str = ""
    label_box: BoxPx = (0, 80, 100, 20)


class SymbolPart(_Part):
    """A keyword, cost or colour that has a picture: the common one of `[symbol]` in its own colour and path."""

    name: str
    words: tuple[str, ...] = ()
    """How it stands in rules texts; found as whole words, whatever their case."""
    codes: tuple[str, ...] = ()
    """How the catalog's keywords call it."""
    marks: tuple[str, ...] = ()
    """Other names in `{...}`; its own key and its codes are understood too."""
    palette: dict[str, str] = {}


class SymbolsPart(_Part):
    """How every symbol is drawn, on 100 x 100: the symbol's own palette says with which path and colours."""

    shapes: tuple[ShapePart, ...] = ()
    font: str = ""
    """The stack of the word behind a symbol."""
    width_em: float = Field(default=1.0, gt=0)
    """A symbol's width in a text with the gap behind it."""


class FlowPart(_Part):
    """The paragraphs of the text panel: their styles and the gaps above them."""

    gap_px: Px
    flavor_gap_px: Px
    rule: tuple[ShapePart, ...] = ()
    """Drawn on 100 x 100 between rules and flavor."""
    rule_width_px: Px = 0
    rule_height_px: Px = 0


class WordsPart(_Part):
    """The words that the card adds to its facts."""

    category_legendary: str
    energy_per_turn: str
    equipment_slot: str
    equipment_slots: str
    joint: str
    collector_number: str
    credit: str

    @model_validator(mode="after")
    def _know_their_gaps(self) -> WordsPart:
        for name, gap in _GAPS.items():
            try:
                getattr(self, name).format(**{gap: 1})
            except (KeyError, IndexError, ValueError, AttributeError):
                raise ValueError(f"words.{name} may have no gap but {{{gap}}}") from None
        return self


_GAPS = {
    "category_legendary": "category",
    "energy_per_turn": "number",
    "equipment_slot": "number",
    "equipment_slots": "number",
    "collector_number": "number",
    "credit": "credit",
}
"""What is filled into the words."""


class CategoryPart(_Part):
    name: str
    palette: dict[str, str] = {}


class RarityPart(_Part):
    name: str
    palette: dict[str, str] = {}
    ornaments: tuple[ShapePart, ...] = ()


class LightPart(_Part):
    """The light that the frame throws on the art."""

    colour: str
    strength: float = Field(ge=0, le=1)
    reach_px: float = Field(gt=0)


class LayersPart(_Part):
    """Pictures as large as the canvas that are the plate, instead of drawn shapes; the files lie beside theme.toml.

    Laid over the art in this order: the glow is screened, the frame laid over, then mana, rarity and set icon. The art
    fills the frame's window, which is found from the frame's transparency.
    """

    frame: str = "frame.png"
    legendary_frame: str = "legendary_frame.png"
    glow: str = "glow.png"
    glow_times: int = Field(default=2, ge=0, le=8)
    mana: dict[Colour, str] = {
        Colour.CRIMSON: "mana_red.png",
        Colour.AZURE: "mana_blue.png",
        Colour.VERDANT: "mana_green.png",
        Colour.OBSIDIAN: "mana_black.png",
        Colour.RADIANT: "mana_white.png",
        Colour.AETHER: "mana_orange.png",
    }
    rarity: dict[Rarity, str] = {
        Rarity.COMMON: "common_icon.png",
        Rarity.RARE: "rare_icon.png",
        Rarity.EPIC: "epic_icon.png",
        Rarity.LEGENDARY: "",
    }
    """A legendary card has its own frame and no icon."""
    set_icon: str = "set_icon.png"

    def pictures(self) -> tuple[str, ...]:
        """Every file that the theme needs."""
        named = (self.frame, self.legendary_frame, self.glow, *self.mana.values(), *self.rarity.values(), self.set_icon)
        return tuple(dict.fromkeys(name for name in named if name))


class LayoutPart(_Part):
    """Where things are for the cards that need these features; the first layout whose needs are met is taken, and in
    which the text keeps `text_scale` of its size. `[places]` of the theme are in every layout that has no other."""

    name: str
    needs: tuple[Literal["text", "stats", "attack", "traits"], ...] = ()
    text_scale: float = Field(default=0, ge=0, le=1)
    enlarged: float = Field(default=1, gt=0, le=3)
    """How much larger than their styles the letters of the panel are."""
    places: dict[str, BoxPx] = {}


class ThemeParts(_Part):
    """A whole `theme.toml`, after what it extends was merged in."""

    name: str
    version: str
    canvas: CanvasPart
    focus: tuple[float, float] = (0.5, 0.5)
    light: LightPart
    words: WordsPart
    flow: FlowPart
    fonts: dict[str, tuple[str, ...]]
    palette: dict[str, str] = {}
    colours: dict[Colour, dict[str, str]]
    rarities: dict[Rarity, RarityPart]
    categories: dict[Category, CategoryPart]
    paths: dict[str, str] = {}
    styles: dict[str, StylePart]
    symbol: SymbolsPart = SymbolsPart()
    symbols: dict[str, SymbolPart] = {}
    gems: dict[str, GemPart]
    layers: LayersPart | None = None
    """With it, the plate is made of pictures: `plate`, `light`, `legendary` and ornaments are not drawn."""
    plate: tuple[ShapePart, ...]
    legendary: tuple[ShapePart, ...] = ()
    places: dict[str, BoxPx] = {}
    """Those that all layouts share."""
    layouts: tuple[LayoutPart, ...]

    @model_validator(mode="after")
    def _share_places(self) -> ThemeParts:
        shared = tuple(each.model_copy(update={"places": {**self.places, **each.places}}) for each in self.layouts)
        object.__setattr__(self, "layouts", shared)
        return self
