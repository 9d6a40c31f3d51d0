"""Themes of layers: an artist's pictures over the art, as fast as it can be and as true as the slow way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deckport_assets.errors import MissingElement, ThemeError
from deckport_assets.models import Colour, Rarity
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, Theme, layout, load_theme, render_card
from deckport_assets.studio.cards.draw_list import Box, Layer
from deckport_assets.studio.encoding import Pixels, open_layer, png
from tests.studio.cards.oracle import oracle
from tests.studio.cards.paint_layers import FOLDER, paint_layers
from tests.studio.cards.sample import LEGEND, PLAIN, WITH_TEXT, art


@pytest.fixture(scope="module")
def theme() -> Theme:
    return load_theme(FOLDER)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return art()


@pytest.mark.parametrize("card", [PLAIN, WITH_TEXT, LEGEND], ids=lambda card: card.category)
@pytest.mark.parametrize("name", ["layers", "deckport"])
def test_the_fast_way_is_the_slow_way_within_two_levels(name: str, card: object, picture: Pixels) -> None:
    chosen = load_theme(PACKAGE_THEMES / name)
    spec = CardSpec.of(card)  # type: ignore[arg-type]

    composite = render_card(spec, picture, chosen).composite

    assert np.abs(composite - oracle(layout(spec, chosen), picture, chosen)).max() <= 2


def test_the_frame_over_the_lit_art_is_the_composite(theme: Theme, picture: Pixels) -> None:
    rendered = render_card(CardSpec.of(LEGEND), picture, theme)
    under = np.zeros_like(rendered.composite)
    x, y = round(rendered.window.x_px), round(rendered.window.y_px)
    height, width = rendered.lit_art.shape[:2]
    under[y : y + height, x : x + width] = rendered.lit_art
    alpha = rendered.frame[:, :, 3:].astype(np.float64) / 255
    assert np.abs(rendered.frame[:, :, :3] * alpha + under * (1 - alpha) - rendered.composite).max() <= 1


def test_the_art_fills_the_window_that_the_frame_leaves_clear(theme: Theme) -> None:
    assert layout(CardSpec.of(PLAIN), theme).window == Box(96, 282, 1308, 866)
    white = np.full((500, 500, 3), 255, np.uint8)
    rendered = render_card(CardSpec.of(PLAIN), white, theme)
    assert rendered.composite[400:1000, 120:1380].min() == 255


def test_each_colour_and_rarity_has_its_layers_and_a_legendary_card_no_icon(theme: Theme) -> None:
    def names(colour: Colour, rarity: Rarity, *, legendary: bool) -> list[str]:
        card = replace(PLAIN, colour=colour, rarity=rarity, legendary=legendary)
        return [part.picture for part in layout(CardSpec.of(card), theme).plate if isinstance(part, Layer)]

    assert names(Colour.AETHER, Rarity.EPIC, legendary=False) == [
        "frame.png", "mana_orange.png", "epic_icon.png", "set_icon.png",
    ]  # fmt: skip
    assert names(Colour.CRIMSON, Rarity.LEGENDARY, legendary=True) == [
        "legendary_frame.png", "mana_red.png", "set_icon.png",
    ]  # fmt: skip


def test_corners_that_the_painter_left_clear_print_black(theme: Theme, picture: Pixels) -> None:
    rendered = render_card(CardSpec.of(PLAIN), picture, theme)
    assert rendered.composite[0, 0].tolist() == [0, 0, 0]
    assert rendered.frame[0, 0, 3] == 255


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A studio's own theme: its pictures, and a theme.toml of one line."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for path in FOLDER.glob("*.png"):
        shutil.copy(path, folder)
    (folder / "theme.toml").write_text('extends = "layers"\nname = "mine"\n')
    return folder


def test_a_studios_own_pictures_need_one_line(mine: Path, picture: Pixels) -> None:
    frame = open_layer((mine / "frame.png").read_bytes()).copy()
    frame[282:600, :, 3] = 255
    (mine / "frame.png").write_bytes(png(frame))

    assert layout(CardSpec.of(PLAIN), load_theme(mine)).window.y_px == 600
    assert load_theme(mine).sha256 != load_theme(FOLDER).sha256


def test_a_picture_that_is_missing_is_named(mine: Path) -> None:
    shutil.move(mine / "glow.png", mine / "gloww.png")
    text = (mine / "theme.toml").read_text()
    (mine / "theme.toml").write_text(text + '[layers]\nglow = "glow2.png"\n')
    with pytest.raises(MissingElement, match=r"'mine' has no picture 'glow2.png'"):
        load_theme(mine)


def test_a_picture_of_another_size_or_kind_is_named(mine: Path) -> None:
    (mine / "glow.png").write_bytes(png(np.zeros((210, 150, 4), np.uint8)))
    with pytest.raises(ThemeError, match=r"glow.png is 150 x 210 px"):
        load_theme(mine)
    (mine / "glow.png").write_bytes(b"no picture")
    with pytest.raises(ThemeError, match=r"glow.png is no PNG"):
        load_theme(mine)


def test_a_frame_without_a_window_is_named(mine: Path) -> None:
    (mine / "frame.png").write_bytes(png(np.full((2100, 1500, 4), 255, np.uint8)))
    with pytest.raises(ThemeError, match=r"frame.png has no window"):
        layout(CardSpec.of(PLAIN), load_theme(mine))


def test_the_shipped_pictures_are_what_the_script_paints() -> None:
    for name, pixels in paint_layers().items():
        shipped = open_layer((FOLDER / name).read_bytes())
        apart = np.abs(shipped.astype(int) - pixels)[pixels[:, :, 3] > 0]
        assert apart.max() <= 2, name
