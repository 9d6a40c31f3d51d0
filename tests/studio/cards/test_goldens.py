"""Cards as they were approved: the instructions as text, the pixels as sheets, every category and rarity of them.

`pytest tests/studio/cards/test_goldens.py --make-golden` makes them anew; look at each sheet before you commit it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, Theme, layout, load_theme, render_card
from deckport_assets.studio.cards.draw_list import DrawList, Shape
from deckport_assets.studio.encoding import Pixels, shrink
from tests.golden import FOLDER, same_as_golden
from tests.studio.cards.sample import LEGEND, PLAIN, WITH_TEXT

WIDTH_PX = 250
LONGEST = "Deal 3 Fire damage to enemy. Target ally gets +3 defense. Apply poison (2 damage for 4 turns)."
STATS: dict[str, Any] = {"attack": 4, "defense": 0, "health": 10}
HARD: dict[str, Card] = {
    "longest texts": replace(LEGEND, name="Quillow Vanequist of Hours", rules_text=f"{LONGEST} {LONGEST}"),
    "no text": replace(WITH_TEXT, keywords=(), rules_text="", flavor_text=""),
    "a right quote": replace(WITH_TEXT, name="Sentinel’s Last Oath", flavor_text="“The king’s road ends here.”"),
    "Chinese": replace(PLAIN, name="时之钥匙守护者"),
    "Japanese": replace(WITH_TEXT, name="時の鍵", rules_text="Regeneration: 4", flavor_text="古き言葉の力。"),
    "Cyrillic": replace(PLAIN, name="Хранитель Времени", colour=Colour.VERDANT),
    "Greek": replace(PLAIN, name="Φύλακας Ἀκροπόλεως", colour=Colour.AETHER),
    "forty-three letters": replace(PLAIN, name="Everlasting Quartermaster of Drowned Citadel"),
    "no set": replace(WITH_TEXT, card_set=""),
    "numbers of five digits": replace(PLAIN, attack=12345, defense=99999, health=10000),
}


@pytest.fixture(scope="module", params=["deckport", "layers"])
def theme(request: pytest.FixtureRequest) -> Theme:
    return load_theme(PACKAGE_THEMES / request.param)


@pytest.fixture(scope="module")
def picture() -> Pixels:
    """Not a painting: the artist may change without a card looking wrong."""
    down, across = np.mgrid[0:436, 0:300].astype(np.float32)
    stripes = 40 * ((down // 29 + across // 25) % 2)
    return np.dstack([down / 436 * 150 + stripes, across / 300 * 120 + stripes, 150 - down / 4]).astype(np.uint8)


def of_kind(category: Category, rarity: Rarity) -> Card:
    """A card of this category and rarity, with the texts and numbers that its kind has."""
    wordless = category in (Category.CREATURE, Category.STRUCTURE)
    base = PLAIN if wordless else replace(WITH_TEXT, flavor_text="Ancient words of power bind it to this realm.")
    at = list(Category).index(category) + list(Rarity).index(rarity)
    colour = list(Colour)[at % 6]
    return replace(
        base,
        name=f"{category.title().replace('_', ' ')} of Storms",
        category=category,
        rarity=rarity,
        legendary=rarity is Rarity.LEGENDARY,
        colour=colour,
        sku=f"{colour}-{at + 7:03d}",
        **{name: number if name in category.stats else None for name, number in STATS.items()},
    )


@pytest.mark.parametrize("category", Category)
def test_every_category_in_every_rarity(category: Category, theme: Theme, picture: Pixels, make_golden: bool) -> None:
    cards = [of_kind(category, rarity) for rarity in Rarity]
    look_as_approved(cards, f"{theme.name}/{category.value.lower()}", theme, picture, make=make_golden)


@pytest.mark.parametrize("case", HARD)
def test_hard_cases(case: str, theme: Theme, picture: Pixels, make_golden: bool) -> None:
    look_as_approved([HARD[case]], f"{theme.name}/{case.replace(' ', '-')}", theme, picture, make=make_golden)


def look_as_approved(cards: list[Card], name: str, theme: Theme, picture: Pixels, *, make: bool) -> None:
    """Assert that instructions and pixels are those that stand in the goldens."""
    specs = [CardSpec.of(card, credit="Ada Okoro") for card in cards]
    said = "\n\n".join(as_text(layout(spec, theme)) for spec in specs) + "\n"
    path = FOLDER / "cards" / f"{name}.txt"
    if make:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(said, encoding="utf-8")
    shown = [shrink(render_card(spec, picture, theme).composite, WIDTH_PX) for spec in specs]
    same_as_golden(np.hstack(shown), f"cards/{name}", make=make)
    before = path.read_text(encoding="utf-8")
    if said != before:
        lines = difflib.unified_diff(before.splitlines(), said.splitlines(), "approved", "now", n=0, lineterm="")
        changed = "\n".join(line[:240] for line in list(lines)[:40])
        raise AssertionError(f"{name}: the pixels are the same, the instructions are not:\n{changed}")


def as_text(found: DrawList) -> str:
    """A draw list line by line; the plate, which many cards share, as its fingerprint."""
    plate = hashlib.sha256(repr(found.plate).encode()).hexdigest()[:12]
    head = {"window": asdict(found.window), "focus": found.focus, "light": asdict(found.light), "plate": plate}
    marks = ({"shape" if isinstance(mark, Shape) else "text": asdict(mark)} for mark in found.marks)
    return "\n".join(json.dumps(_short(value), ensure_ascii=False, sort_keys=True) for value in (head, *marks))


def _short(value: object) -> object:
    """Hundredths of a pixel are enough; what is empty is left out."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items() if each not in ("", None)}
    if isinstance(value, list | tuple):
        return [_short(each) for each in value]
    return round(value, 2) if isinstance(value, float) else value
