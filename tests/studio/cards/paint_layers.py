"""Paints the pictures of the theme `layers`, with the project's own renderer; they are shipped beside its theme.toml.

Run `python -m tests.studio.cards.paint_layers` after a change here; a test holds the shipped files against it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deckport_assets.models import Colour, Rarity
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, layout, load_theme
from deckport_assets.studio.cards.compose import draw_plate
from deckport_assets.studio.cards.draw_list import Shape
from deckport_assets.studio.cards.shapes import lay_over, sprite
from deckport_assets.studio.encoding import Pixels, png
from tests.studio.cards.sample import LEGEND

FOLDER = PACKAGE_THEMES / "layers"
MANA = dict(zip(Colour, ("red", "blue", "green", "black", "white", "orange"), strict=True))


def paint_layers() -> dict[str, Pixels]:
    """Every picture of the theme by its file's name, RGBA."""
    theme = load_theme(PACKAGE_THEMES / "deckport")

    def gem(spec: CardSpec, name: str, place: str) -> Pixels:
        from deckport_assets.studio.cards.layout import _CardLayout

        card = _CardLayout(spec, theme)
        canvas = np.zeros((2100, 1500, 4), np.uint8)
        for shape in card.gem(name, card.place(place)):
            if isinstance(shape, Shape):
                lay_over(canvas, sprite(shape))
        return canvas

    def frame(spec: CardSpec) -> Pixels:
        """The plate without what is a layer of its own or drawn by the theme; a legend's badge is part of its frame."""
        from deckport_assets.studio.cards.layout import _CardLayout

        card = _CardLayout(spec, theme)
        badge = () if spec.legendary else tuple(card.gem("rarity", card.place("badge")))
        drawn = layout(spec, theme)
        kept = tuple(s for s in drawn.plate if s not in badge and s.box != card.place("watermark"))
        return draw_plate(replace(drawn, plate=kept), theme)

    def mana(spec: CardSpec) -> Pixels:
        """The colour's stone, and its pattern in the margins: who sees no hue reads them."""
        canvas = gem(spec, "mana_cost", "mana_cost")
        patterns = {theme.parts.paths[theme.parts.colours[spec.colour][side]] for side in ("pattern", "pattern_right")}
        for shape in layout(spec, theme).plate:
            if isinstance(shape, Shape) and shape.path in patterns:
                lay_over(canvas, sprite(shape))
        return canvas

    hero = CardSpec.of(replace(LEGEND, colour=Colour.OBSIDIAN))
    plain = replace(hero, rarity=Rarity.COMMON, legendary=False)
    made = {
        "legendary_frame.png": frame(hero),
        "frame.png": frame(plain),
        "glow.png": _glow(),
        "set_icon.png": gem(plain, "card_set", "set_symbol"),
    }
    made |= {f"mana_{name}.png": mana(replace(plain, colour=colour)) for colour, name in MANA.items()}
    made |= {f"{rarity.lower()}_icon.png": gem(replace(plain, rarity=rarity), "rarity", "badge")
             for rarity in (Rarity.COMMON, Rarity.RARE, Rarity.EPIC)}  # fmt: skip
    return {name: _rounded(pixels) if "frame" in name else pixels for name, pixels in made.items()}


def _glow() -> Pixels:
    """Warm light that comes from the frame's window edge, as an artist would paint it: colour with alpha."""
    y, x = np.mgrid[0:2100, 0:1500]
    near = np.minimum.reduce([x - 96, 1404 - x, y - 282, 1148 - y]).clip(0, None)
    strength = np.exp(-near / 70.0) * 150
    glow = np.zeros((2100, 1500, 4), np.uint8)
    glow[:, :, :3] = (255, 214, 150)
    glow[:, :, 3] = np.rint(strength)
    return glow


def _rounded(frame: Pixels) -> Pixels:
    """With clear round corners, as painted frames have them."""
    y, x = np.mgrid[0:2100, 0:1500] + 0.5
    out = np.hypot((np.abs(x - 750) - 690).clip(0, None), (np.abs(y - 1050) - 990).clip(0, None))
    frame[:, :, 3] = np.minimum(frame[:, :, 3], np.rint((60.5 - out).clip(0, 1) * 255))
    return frame


def main() -> None:
    """Write the files."""
    for name, pixels in paint_layers().items():
        (FOLDER / name).write_bytes(png(pixels))


if __name__ == "__main__":
    main()
