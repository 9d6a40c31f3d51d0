"""The card: every fact is printed, nothing overflows, and frame and composite agree."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.render import some_cards
from deckport_assets.errors import BadImage, MissingElement, MissingGlyph, Rejected, TextOverflow, ThemeError
from deckport_assets.models import Card, Category, Colour
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, Theme, layout, load_theme, render_card
from deckport_assets.studio.cards.compose import written
from deckport_assets.studio.cards.draw_list import DrawList, Shape
from deckport_assets.studio.encoding import Pixels, shrink
from tests.studio.cards.sample import EVERY_KIND, LEGEND, PLAIN, WITH_TEXT, art

WORDS = st.text(st.sampled_from("abcdefghilmnoprstuvyz’- éäñ"), min_size=1, max_size=24)


@pytest.fixture(scope="module")
def theme() -> Theme:
    return load_theme(PACKAGE_THEMES / "deckport")


@pytest.fixture(scope="module")
def picture() -> Pixels:
    return art()


def drawn(card: Card, theme: Theme) -> DrawList:
    return layout(CardSpec.of(card), theme)


def printed(card: Card, theme: Theme) -> str:
    return printed_texts(drawn(card, theme))


def printed_texts(found: DrawList) -> str:
    return " ".join(text.text for text in found.texts())


@pytest.mark.parametrize("card", [*EVERY_KIND, WITH_TEXT, LEGEND], ids=lambda card: f"{card.category}-{card.rarity}")
def test_every_fact_is_printed(card: Card, theme: Theme) -> None:
    text = printed(card, theme).lower()
    for fact in (card.name, card.sku, card.card_set, card.rarity.value.replace("_", " ")):
        assert fact.lower() in text, fact
    for stat in card.category.stats:
        assert str(getattr(card, stat)) in text.split(), stat
    run_together = text.replace(" ", "")  # keywords stand in letters of their own
    for word in card.rules_text.replace("_", " ").lower().split() + card.flavor_text.lower().split():
        assert word in run_together, word
    for keyword in card.keywords:
        assert theme.symbols.by_code[keyword].name.lower() in text
    assert f"no. {card.sku[-3:]}" in text
    assert "art: ada okoro" in printed_texts(layout(CardSpec.of(card, credit="Ada Okoro"), theme)).lower()


def test_a_stat_that_a_category_does_not_have_has_no_gem(theme: Theme) -> None:
    hero, action = drawn(LEGEND, theme), drawn(WITH_TEXT, theme)
    assert {"12", "6", "30"} <= {text.text for text in hero.texts()}
    assert sum(text.text.isdigit() for text in action.texts()) == 2, "its two costs"


def test_the_frame_over_the_lit_art_is_the_composite(theme: Theme, picture: Pixels) -> None:
    for card in (PLAIN, WITH_TEXT, LEGEND):
        rendered = render_card(CardSpec.of(card), picture, theme)
        under = np.zeros_like(rendered.composite)
        x, y = round(rendered.window.x_px), round(rendered.window.y_px)
        height, width = rendered.lit_art.shape[:2]
        under[y : y + height, x : x + width] = rendered.lit_art
        alpha = rendered.frame[:, :, 3:].astype(np.float64) / 255
        over = rendered.frame[:, :, :3] * alpha + under * (1 - alpha)
        assert np.abs(over - rendered.composite)[alpha[:, :, 0] + (under.sum(2) > 0) > 0].max() <= 1


def test_no_letter_leaves_its_box_and_long_names_stay_off_the_costs(theme: Theme) -> None:
    for card in [*EVERY_KIND, WITH_TEXT, replace(LEGEND, name="Wwwwwwwww Mmmmmmmm Wwwwww")]:
        found = drawn(card, theme)
        name = found.texts()[0]
        gems = [text for text in found.texts() if text.text.isdigit() and text.baseline_px < 300]
        for gem in gems:
            apart = name.x_px + name.width_px < gem.x_px or gem.x_px + gem.width_px < name.x_px
            assert apart, (card.name, gem)
        for text in found.texts():
            assert text.x_px >= 0 and text.x_px + text.width_px <= found.width_px, text


@cache
def house() -> Theme:
    """Not a fixture: a property prints its arguments when it fails, and a theme is long."""
    return load_theme(PACKAGE_THEMES / "deckport")


@settings(max_examples=40, deadline=None)
@given(name=WORDS, rules=st.lists(WORDS, max_size=14).map(" ".join))
def test_whatever_is_written_stays_in_its_box_or_is_refused_by_name(name: str, rules: str) -> None:
    theme = house()
    try:
        found = drawn(replace(WITH_TEXT, name=name, rules_text=rules), theme)
    except (TextOverflow, Rejected) as refused:
        assert name.strip() == "" or "AZURE-001" in str(refused)
        return
    ink_stays_in_its_boxes(found, theme)


def test_the_ink_of_a_catalog_stays_in_its_boxes(theme: Theme) -> None:
    hard = [*EVERY_KIND, WITH_TEXT, LEGEND, replace(PLAIN, name="ÅÇŞ Ǻ Ýgjpqy"), replace(PLAIN, name="时之钥匙守护者")]
    for card in [*some_cards(120), *hard]:
        ink_stays_in_its_boxes(layout(CardSpec.of(card, credit="Jörg Ąęgypt"), theme), theme)


def ink_stays_in_its_boxes(found: DrawList, theme: Theme) -> None:
    """Measured on pixels: the ink of each run lies in the run's box, and no box lies over another's."""
    for line in found.texts():
        box, where = line.box, f"box {line.place!r}, {line.text!r}: its ink reaches out of the box"
        for ink in written(line, theme.fonts[line.font]):
            rows, columns = np.nonzero(ink.coverage > 1 / 255)
            left, right = ink.x_px + int(columns.min()), ink.x_px + int(columns.max())
            top, bottom = ink.y_px + int(rows.min()), ink.y_px + int(rows.max())
            out = {"left": box.x_px - 1 - left, "top": box.y_px - 1 - top}
            out |= {"right": right - box.right_px, "bottom": bottom - box.bottom_px}
            assert max(out.values()) <= 0, f"{where} by { ({side: px for side, px in out.items() if px > 0}) } px"
    for one, other in itertools.combinations({line.box for line in found.texts()}, 2):
        across = min(one.right_px, other.right_px) - max(one.x_px, other.x_px)
        down = min(one.bottom_px, other.bottom_px) - max(one.y_px, other.y_px)
        assert across <= 0 or down <= 0, (one, other)
    for one_line, other_line in itertools.combinations(found.texts(), 2):
        if one_line.box == other_line.box and one_line.baseline_px == other_line.baseline_px:
            left, right = sorted((one_line, other_line), key=lambda line: line.x_px)
            assert left.x_px + left.width_px <= right.x_px + 1, "runs of one line stand beside each other"


def test_the_ink_of_a_block_stays_inside_its_panel(theme: Theme, picture: Pixels) -> None:
    """Measured on pixels: two cards that differ in their rules differ only inside the panel."""
    long = replace(WITH_TEXT, rules_text="Deal 3 Fire damage to enemy. " * 4)
    one, two = (render_card(CardSpec.of(card), picture, theme).frame for card in (WITH_TEXT, long))
    changed = np.argwhere((one != two).any(axis=2))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert left > 100 and right < 1400 and top > 1200 and bottom < 2010


def test_every_card_of_a_catalog_fits(theme: Theme) -> None:
    """Eight hundred generated cards, with texts longer than the source has today."""
    for card in some_cards(800):
        found = drawn(card, theme)
        panel = [text for text in found.texts() if text.size_px and text.baseline_px > found.window.bottom_px]
        assert all(text.size_px >= 26 for text in panel), card.slug


def test_letters_of_other_alphabets_come_from_the_fallback(theme: Theme) -> None:
    for name in ("时之钥", "Хранитель", "Φύλακας", "Zoë’s Ærie"):
        assert name.casefold() in printed(replace(PLAIN, name=name), theme).casefold()


def test_a_word_is_written_by_one_font(theme: Theme) -> None:
    """The face for names has a lone π, drawn as a capital: it must not stand among the small letters of another."""
    for word in ("Ἀκροπόλεως", "Đặng"):
        assert len({font.path for font, _ in theme.fonts["display"].runs(word)}) == 1


def test_a_name_is_written_by_one_font(theme: Theme) -> None:
    """The face for names has VĂN and lacks the letters of Đặng: two faces in one name would look like a mistake."""
    name = drawn(replace(PLAIN, name="Đặng VĂN"), theme).texts()[0]
    stack = theme.fonts[name.font]
    assert len({font.path for font, _ in stack.runs(name.text)}) == 2
    assert name.one_face and len({font.path for font, _ in stack.runs(name.text, one_face=True)}) == 1


def test_what_the_rules_say_is_not_said_by_a_keyword_as_well(theme: Theme) -> None:
    said = printed(WITH_TEXT, theme)
    assert said.lower().count("area damage") == 1 and said.count("burn") == 1
    assert "Teleport" in printed(replace(WITH_TEXT, keywords=("burn", "teleport")), theme)


@pytest.mark.parametrize("count", range(1, 9))
def test_no_line_of_keywords_begins_or_ends_with_the_dot_between_them(theme: Theme, count: int) -> None:
    codes = ("reflect_damage", "area_damage", "regeneration", "teleport", "immunity", "mana_burn", "freeze", "poison")
    found = drawn(replace(WITH_TEXT, rules_text="", keywords=codes[:count]), theme)
    lines: dict[float, str] = {}
    for line in found.texts():
        if line.place == "text":
            lines[line.baseline_px] = lines.get(line.baseline_px, "") + line.text
    assert "·" in "".join(lines.values()) or count == 1
    assert not any(text.strip().startswith("·") or text.strip().endswith("·") for text in lines.values()), lines


def test_a_keyword_and_its_number_stay_on_one_line(theme: Theme) -> None:
    rules = "Target enemy loses everything it had before the war. Regeneration: 4 for as long as the moon is up. " * 2
    found = drawn(replace(WITH_TEXT, keywords=(), rules_text=rules), theme)
    assert not any(line.text.lstrip().startswith(("4", ":")) and line.x_px < 400 for line in found.texts())


def test_what_is_soon_said_leaves_its_room_to_the_art(theme: Theme) -> None:
    short = drawn(replace(WITH_TEXT, keywords=(), rules_text="Teleport: 3"), theme)
    long = drawn(replace(WITH_TEXT, rules_text="Deal 3 Fire damage to enemy. " * 4, flavor_text="It burns."), theme)
    assert short.window.height_px > long.window.height_px + 200
    assert {line.size_px for line in short.texts() if line.place == "text"} == {theme.parts.styles["rules"].size_px}


def test_who_sees_no_hue_tells_the_symbols_apart(theme: Theme, picture: Pixels) -> None:
    """In grey, as they are printed: ground and sign of any two symbols differ in shape, whatever their brightness."""
    card = replace(WITH_TEXT, keywords=())
    shapes = {}
    for key, symbol in theme.parts.symbols.items():
        if symbol.name in ("Mana", *(colour.title() for colour in Colour)):
            continue  # the six colours' signs are the next test's; mana is that of the card's colour
        found = layout(CardSpec.of(replace(card, rules_text=f"Now {{{key}}}.")), theme)
        text = next(line.box for line in found.texts() if line.place == "text")
        inside = [
            each for each in found.marks if isinstance(each, Shape) and text.y_px < each.box.y_px < text.bottom_px
        ]
        shapes[key] = {mark.path for mark in inside}
    emblems = {theme.parts.paths[theme.parts.colours[colour]["emblem"]] for colour in Colour}
    assert len({frozenset(paths) for paths in shapes.values()}) == len(shapes)
    disc = theme.parts.paths["disc"]
    assert not any(disc in paths for paths in shapes.values()), "discs are mana alone"
    assert len(emblems) == len(Colour)


def test_each_category_has_a_window_of_its_own_shape(theme: Theme, picture: Pixels) -> None:
    """At 150 pixels wide, in one colour: where the art is seen differs by more than its height."""
    seen = {}
    for category in Category:
        card = replace(PLAIN, category=category, **dict.fromkeys(("attack", "defense", "health")))
        card = replace(card, **dict.fromkeys(category.stats, 3))
        found = render_card(CardSpec.of(card), picture, theme)
        x, y, width, height = (int(v) for v in astuple(found.window))
        clear = 255 - found.frame[y : y + height, x : x + width, 3]
        seen[category] = cv2.resize(clear, (130, 100), interpolation=cv2.INTER_AREA).astype(int)
    for one, other in itertools.combinations(Category, 2):
        assert (np.abs(seen[one] - seen[other]) > 128).sum() > 80, (one, other)


def test_codes_in_markup_are_understood_and_codes_in_words_become_readable(theme: Theme) -> None:
    card = replace(WITH_TEXT, keywords=(), rules_text="Gain {reflect_damage} now. Strike equipped_creature.")
    said = "".join(printed(card, theme).split())
    assert "equippedcreature" in said and "{" not in said and "_" not in said


@pytest.mark.parametrize(("changed", "place"), [({"name": "Dragon 🐉"}, "name"), ({"rules_text": "Fly 🐉."}, "text")])
def test_a_letter_that_no_font_has_is_named_with_its_card_and_box(
    theme: Theme, changed: dict[str, str], place: str
) -> None:
    with pytest.raises(MissingGlyph, match=rf"AZURE-001.*theme 'deckport', box '{place}'.*🐉"):
        drawn(replace(WITH_TEXT, **changed), theme)  # type: ignore[arg-type]


def test_symbols_that_stand_alone_have_the_text_s_own_spaces(theme: Theme, picture: Pixels) -> None:
    """Measured on what is drawn: no symbol touches a letter or another symbol, and none has a hole behind it."""
    found = drawn(replace(WITH_TEXT, keywords=(), rules_text="Pay {3}{crimson} and {energy}: gain {azure}."), theme)
    text = next(line.box for line in found.texts() if line.place == "text")
    inside = [m.box for m in found.marks if isinstance(m, Shape) and text.y_px < m.box.y_px < text.bottom_px]
    pieces = sorted({(box.x_px, box.right_px) for box in inside if box.width_px > 52})
    letters = [(line.x_px, line.x_px + line.width_px) for line in found.texts() if line.place == "text"]
    every = sorted([*pieces, *letters])
    gaps = [two[0] - one[1] for one, two in itertools.pairwise(every) if two[0] >= one[1] - 1]
    assert len(pieces) == 4 and min(gaps) > -1 and max(gaps) < 22, gaps


def test_a_control_character_is_refused(theme: Theme) -> None:
    with pytest.raises(Rejected, match=r"control character \(U\+0000\)"):
        drawn(replace(PLAIN, name="Sky\x00Voyager"), theme)


def test_a_symbol_that_the_theme_has_not_is_named_with_its_card(theme: Theme) -> None:
    with pytest.raises(MissingElement, match=r"AZURE-001.*box 'text'.*\{glitter\}"):
        drawn(replace(WITH_TEXT, rules_text="Gain {glitter}."), theme)


def test_a_text_of_ten_thousand_letters_is_refused_with_card_and_box(theme: Theme) -> None:
    with pytest.raises(TextOverflow, match="AZURE-001") as refused:
        drawn(replace(WITH_TEXT, rules_text="x " * 5000), theme)
    assert "box" in str(refused.value) and refused.value.remedy


def test_a_name_of_sixty_letters_is_refused_rather_than_made_unreadable(theme: Theme) -> None:
    with pytest.raises(TextOverflow, match=r"60 characters.*'name'"):
        drawn(replace(PLAIN, name="The Everlasting Quartermaster of the Seventh Drowned Citadel"), theme)


def test_the_same_card_gives_the_same_pixels_in_threads_and_in_another_process(theme: Theme, picture: Pixels) -> None:
    def digest(card: Card) -> str:
        return hashlib.sha256(render_card(CardSpec.of(card), picture, theme).composite.tobytes()).hexdigest()

    alone = [digest(card) for card in EVERY_KIND]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(digest, EVERY_KIND)) == alone
    script = (
        "import hashlib; from tests.studio.cards.sample import *; from deckport_assets.studio.cards import *;"
        "t = load_theme(PACKAGE_THEMES / 'deckport');"
        "print(hashlib.sha256(render_card(CardSpec.of(EVERY_KIND[0]), art(), t).composite.tobytes()).hexdigest())"
    )
    root = Path(__file__).parents[3]
    said = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == alone[0]


def test_art_of_any_shape_fills_the_window_and_small_art_is_refused(theme: Theme) -> None:
    for shape in ((400, 2000, 3), (2000, 400, 3)):
        white = np.full(shape, 255, np.uint8)
        rendered = render_card(CardSpec.of(PLAIN), white, theme)
        assert rendered.lit_art.min() > 200, "no edge of the art shows"
    with pytest.raises(BadImage, match="too small"):
        render_card(CardSpec.of(PLAIN), np.zeros((100, 100, 3), np.uint8), theme)


def test_a_card_says_its_colour_and_rarity_without_its_text(theme: Theme, picture: Pixels) -> None:
    looks = {}
    for card in [replace(PLAIN, colour=c, rarity=r) for c in set(type(PLAIN.colour)) for r in set(type(PLAIN.rarity))]:
        frame = render_card(CardSpec.of(card), picture, theme).frame
        looks[card.colour, card.rarity] = cv2.resize(frame, (30, 42), interpolation=cv2.INTER_AREA).astype(int)
    pairs = [(a, b) for a in looks for b in looks if a < b]
    assert min(np.abs(looks[a] - looks[b]).max() for a, b in pairs) > 20


def test_who_sees_no_hue_tells_the_colours_apart(theme: Theme, picture: Pixels) -> None:
    """In grey, as a console's list shows them: the frame's lightness, its pattern and the mana's stone differ, however
    dark or light the screen is."""
    seen = {}
    for colour in Colour:
        composite = render_card(CardSpec.of(replace(PLAIN, colour=colour)), picture, theme).composite
        seen[colour] = cv2.cvtColor(shrink(composite, 150), cv2.COLOR_RGB2GRAY).astype(int)
    for one, other in itertools.combinations(Colour, 2):
        assert (np.abs(seen[one] - seen[other]) > 24).sum() > 300, (one, other)


def test_each_colour_has_a_stone_and_a_pattern_of_its_own(theme: Theme) -> None:
    for kind in ("emblem", "mana_shape", "pattern"):
        paths = {theme.parts.paths[theme.parts.colours[colour][kind]] for colour in Colour}
        assert len(paths) == len(Colour), kind


def test_a_theme_that_lacks_something_says_what(tmp_path: Path) -> None:
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    for change, error, words in (
        (("[canvas]", "[canvass]"), ThemeError, "canvas"),
        (("Cinzel-Bold.ttf", "Nowhere.ttf"), MissingElement, "Nowhere.ttf"),
        (('name = "deckport"', 'name = "mine"\nglitter = 3\nsparkle = 4'), ThemeError, "glitter.*sparkle"),
        (('"Legendary {category}"', '"Legendary {nope}"'), ThemeError, "category_legendary"),
    ):
        mine = tmp_path / words.partition(".")[0]
        mine.mkdir()
        (mine / "theme.toml").write_text(text.replace(*change, 1))
        with pytest.raises(error, match=words):
            load_theme(mine)
    with pytest.raises(MissingElement, match=r"theme\.toml"):
        load_theme(tmp_path / "nowhere")


def test_a_theme_that_extends_another_changes_only_what_it_says(tmp_path: Path, theme: Theme) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "theme.toml").write_text('extends = "deckport"\n[categories]\nHERO.name = "Champion"\n')
    other = load_theme(mine)
    assert other.name == "mine", "its own name, not that of what it extends"
    assert other.sha256 != theme.sha256
    assert "Champion" in printed(LEGEND, other)
    assert drawn(PLAIN, other).window == drawn(PLAIN, theme).window


def test_a_stat_that_its_category_has_not_is_refused() -> None:
    with pytest.raises(Rejected, match="no attack"):
        replace(CardSpec.of(WITH_TEXT), attack=3)
    assert CardSpec.of(replace(PLAIN, category=Category.ARTIFACT)).attack is None
