"""Looking a theme over before cards are made with it, and the sheet of hard cases by which people judge it.

A theme that cannot be loaded at all is refused by `theme`; here is what only shows on cards: a part that some card
needs, a box outside of the card, letters that can hardly be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import cv2
import numpy as np

from deckport_assets.errors import DeckportError
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.cards.compose import plate_of, render_card
from deckport_assets.studio.cards.draw_list import Box, DrawList, TextLine
from deckport_assets.studio.cards.layout import layout
from deckport_assets.studio.cards.spec import CardSpec
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.encoding import Pixels, shrink

LEAST_CONTRAST = 3.0
"""The least contrast ratio of letters to their ground: WCAG 2.2's bound for large letters."""

_TEXT = "Deal 3 Fire damage to enemy. Regeneration: 4"
_FLAVOR = "The mere presence of the keeper inspires allies and strikes fear into enemies."
_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a theme: which part, and what is the matter."""

    part: str
    message: str

    def __str__(self) -> str:
        return f"{self.part}: {self.message}"


def check_theme(theme: Theme) -> tuple[Flaw, ...]:
    """Everything that is wrong, each once: parts that a card needs, boxes outside of the card or over another's text,
    contrast."""
    flaws: dict[Flaw, None] = {}
    broken: dict[str, list[str]] = {}
    canvas = Box(0, 0, theme.parts.canvas.width_px, theme.parts.canvas.height_px)
    for each in theme.parts.layouts:
        for name, place in each.places.items():
            box = Box(*place)
            if box.x_px < 0 or box.y_px < 0 or box.right_px > canvas.right_px or box.bottom_px > canvas.bottom_px:
                flaws[Flaw(f"layout {each.name!r}", f"place {name!r} lies outside of the card: {place}")] = None
    for card in _every_kind():
        try:
            found = layout(CardSpec.of(card, credit="A Painter"), theme)
            for flaw in (*_overlaps(found), *_contrast(found, plate_of(found, theme), card)):
                flaws[flaw] = None
        except DeckportError as error:
            message = str(error).replace(f"{card.sku} {card.name}", "a card").replace(card.name, "its name")
            broken.setdefault(message, []).append(f"{card.rarity} {card.colour} {card.category}")
    for message, kinds in broken.items():
        more = f" and {len(kinds) - 1} other kinds" if len(kinds) > 1 else ""
        flaws[Flaw(f"a {kinds[0]}{more}", message)] = None
    return tuple(flaws)


def hard_cases() -> tuple[Card, ...]:
    """The cards that show what a theme is worth: every category and colour, the longest and the emptiest."""
    plain = _card(Category.CREATURE, Rarity.COMMON, Colour.CRIMSON)
    every = [
        _card(category, list(Rarity)[n % 4], list(Colour)[n % 6], text=category.value.startswith(("A", "E", "H")))
        for n, category in enumerate(Category)
    ]
    long = replace(every[2], name="Quillow Vane, Cartographer of Hours", rules_text=f"{_TEXT}. {_TEXT}. Teleport: 3")
    return (
        *every,
        replace(every[5], name="Saint’s Aegis Beacon Keep", rules_text=_TEXT, flavor_text=_FLAVOR),
        long,
        replace(plain, name="Wwwwwwwww Mmmmmmmm Www", attack=12345, defense=99999, health=10000),
        replace(every[4], name="时之钥匙", rules_text="Poison: 4"),
    )


def sheet(theme: Theme, cards: Sequence[Card], *, width_px: int = 500) -> Pixels:
    """The cards beside each other, (height, width, 3). Raises what is wrong with the theme or a card."""
    drawn = []
    for card in cards:
        art = paint(card, f"{card.name} at dusk", size_px=(600, 872))
        drawn.append(shrink(render_card(CardSpec.of(card, credit="A Painter"), art, theme).composite, width_px))
    blank = np.zeros_like(drawn[0])
    drawn += [blank] * (-len(drawn) % _COLUMNS)
    return np.vstack([np.hstack(drawn[at : at + _COLUMNS]) for at in range(0, len(drawn), _COLUMNS)])


def contrast_ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """How well two colours (red, green, blue, 0 to 255) are told apart, 1 to 21. Source: WCAG 2.2, 1.4.3."""

    def luminance(colour: Sequence[float]) -> float:
        channels = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _overlaps(found: DrawList) -> Iterator[Flaw]:
    """Boxes of texts that lie over each other: with longer words their letters would."""
    told = {line.box: line.text for line in found.texts()}
    for (one, text), (other, over) in combinations(told.items(), 2):
        across = min(one.right_px, other.right_px) - max(one.x_px, other.x_px)
        down = min(one.bottom_px, other.bottom_px) - max(one.y_px, other.y_px)
        if across > 0 and down > 0:
            yield Flaw("places", f"the boxes of {text[:24]!r} and {over[:24]!r} overlap by {across:g} x {down:g} px")


def _contrast(found: DrawList, plate: Pixels, card: Card) -> Iterator[Flaw]:
    """Letters against the median of what lies under them; where they have an outline, against that."""
    for line in found.texts():
        ground = line.outline_colour[:3] if line.outline_px else _under(line, plate)
        opacity = line.colour[3] / 255
        seen = [c * opacity + g * (1 - opacity) for c, g in zip(line.colour[:3], ground, strict=True)]
        ratio = contrast_ratio(seen, ground)
        if ratio < LEAST_CONTRAST:
            where = f"on a {card.rarity.lower()} {card.colour.lower()} card"
            yield Flaw(f"font {line.font!r}", f"{line.text[:24]!r} has a contrast of {ratio:.1f} {where}")


def _under(line: TextLine, plate: Pixels) -> tuple[float, ...]:
    top, left = max(0, math.floor(line.baseline_px - line.size_px * 0.7)), max(0, math.floor(line.x_px))
    area = plate[top : math.ceil(line.baseline_px), left : left + math.ceil(line.width_px)]
    small = cv2.resize(area, (16, 4), interpolation=cv2.INTER_AREA).reshape(-1, 4)
    return tuple(float(value) for value in np.median(small[:, :3], axis=0))


def _every_kind() -> Iterator[Card]:
    for category, rarity, colour in product(Category, Rarity, Colour):
        yield _card(category, rarity, colour, text=category.value.startswith(("A", "E", "H")))


def _card(category: Category, rarity: Rarity, colour: Colour, *, text: bool = False) -> Card:
    has = dict.fromkeys(category.stats, 7)
    return Card(
        slug=f"{category}-{rarity}-{colour}".lower().replace("_", "-"),
        sku=f"{colour}-{list(Category).index(category) + 1:03d}",
        legacy_slug="",
        name=f"{colour.title()} {category.title().replace('_', ' ')}",
        category=category,
        rarity=rarity,
        legendary=rarity is Rarity.LEGENDARY,
        colour=colour,
        mana_cost=4,
        energy_cost=2,
        base_energy_per_turn=0 if text else 2,
        equipment_slots=0 if text else 1,
        keywords=("fire_damage", "regeneration") if text else (),
        rules_text=_TEXT if text else "",
        flavor_text=_FLAVOR if text and category is not Category.ACTION_FAST else "",
        attack=has.get("attack"),
        defense=has.get("defense"),
        health=has.get("health"),
    )
