"""Looking a theme over: ours are sound, and what only shows on some cards is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from deckport_assets.models import Category
from deckport_assets.studio.cards import PACKAGE_THEMES, load_theme
from deckport_assets.studio.cards.theme_check import check_theme, contrast_ratio, hard_cases, sheet


def flaws_of(tmp_path: Path, change: str) -> list[str]:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "theme.toml").write_text(f'extends = "layers"\nname = "mine"\n{change}')
    return [str(flaw) for flaw in check_theme(load_theme(folder))]


@pytest.mark.parametrize("theme", ["deckport", "layers"])
def test_our_themes_are_sound(theme: str) -> None:
    assert check_theme(load_theme(PACKAGE_THEMES / theme)) == ()


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ('[gems.attack]\nstyle = "glitter"\n', "no style 'glitter'"),
        ('[styles.sku]\ncolour = "#101010"\n', "has a contrast of"),
        ('[[layouts]]\nname = "wide"\n[layouts.places]\nname = [1000, 90, 600, 100]\n', "lies outside of the card"),
    ],
)
def test_what_only_shows_on_cards_is_found(tmp_path: Path, change: str, flaw: str) -> None:
    assert any(flaw in each for each in flaws_of(tmp_path, change))


def test_boxes_of_texts_that_overlap_are_found(tmp_path: Path) -> None:
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    (tmp_path / "theme.toml").write_text(text.replace("credit = [106, 1980,", "credit = [106, 1970,"))
    flaws = [str(flaw) for flaw in check_theme(load_theme(tmp_path))]
    assert "places: box 'card_set' and box 'credit' overlap by 420 x 10 px" in flaws


def test_a_text_that_may_run_under_a_gem_is_found(tmp_path: Path) -> None:
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    (tmp_path / "theme.toml").write_text(text.replace("name = [281, 114, 938,", "name = [250, 114, 938,"))
    flaws = [str(flaw) for flaw in check_theme(load_theme(tmp_path))]
    assert flaws == ["places: box 'name' and gem 'mana_cost' overlap by 26 x 128 px"]


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (("category_icon = [84,", "category_icon = [240,"), "box 'category' and sign 'category_icon' over"),
        (("size_px = 36, min_px = 28", "size_px = 8, min_px = 4"), "style 'credit': its letters may become 4 px small"),
        (
            ('colour = "$white", outline_px = 7', 'colour = "#f0b83c", outline_px = 0'),
            "box 'energy_cost': '2' has",
        ),
        (("name = [281, 114, 938, 128]", "name = [281, 400, 938, 128]"), "lies over the art without an outline"),
    ],
    ids=["a sign on a text", "letters too small", "gold on gold", "letters on the art"],
)
def test_what_cannot_be_read_is_found_and_told_once(tmp_path: Path, change: tuple[str, str], flaw: str) -> None:
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    assert change[0] in text
    (tmp_path / "theme.toml").write_text(text.replace(*change))
    flaws = [str(each) for each in check_theme(load_theme(tmp_path))]
    assert any(flaw in each for each in flaws), flaws
    assert len(flaws) < 20, flaws


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (("credit = [106, 1980,", "credit = [106, 1990,"), "box 'credit' is closer to the edge than 75 px"),
        (("mana_cost = [80, 80,", "mana_cost = [58, 80,"), "a shape at (58, 80, 196, 196) is closer to the edge"),
    ],
)
def test_what_a_printer_may_cut_is_found(tmp_path: Path, change: tuple[str, str], flaw: str) -> None:
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    (tmp_path / "theme.toml").write_text(text.replace(*change))
    assert any(flaw in str(each) for each in check_theme(load_theme(tmp_path)))


def test_a_theme_of_layers_may_have_no_glow(tmp_path: Path) -> None:
    assert flaws_of(tmp_path, '[layers]\nglow = ""\n') == []


def test_what_many_kinds_of_cards_lack_is_told_once(tmp_path: Path) -> None:
    flaws = flaws_of(tmp_path, '[gems.attack]\nstyle = "glitter"\n')
    assert len(flaws) == 1 and "other kinds" in flaws[0]


def test_black_on_white_is_the_greatest_contrast_there_is() -> None:
    assert contrast_ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast_ratio((90, 90, 90), (90, 90, 90)) == 1


def test_the_sheet_shows_every_category() -> None:
    assert {card.category for card in hard_cases()} == set(Category)
    assert sheet(load_theme(PACKAGE_THEMES / "deckport"), hard_cases()[:2], width_px=150).shape == (210, 900, 3)
