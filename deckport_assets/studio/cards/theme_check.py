"""Looking a theme over before cards are made with it, and the sheet of hard cases by which people judge it.

A theme that cannot be loaded at all is refused by `theme`; here is what only shows on cards: a part that some card
needs, a box outside of the card, letters that can hardly be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from deckport_assets.errors import DeckportError
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.cards.compose import draw_plate, render_card
from deckport_assets.studio.cards.draw_list import Box, DrawList, Shape, TextLine
from deckport_assets.studio.cards.layout import layout
from deckport_assets.studio.cards.shapes import lay_over, sprite
from deckport_assets.studio.cards.spec import CardSpec
from deckport_assets.studio.cards.theme import Theme
from deckport_assets.studio.cards.theme_parts import BoxPx, CanvasPart
from deckport_assets.studio.encoding import Pixels, shrink

LEAST_CONTRAST = 3.0
"""The least contrast ratio of letters to their ground: WCAG 2.2's bound for large letters."""

LEAST_PX = 24
"""The smallest letters that can be read in print: 2.9 points at 600 dpi."""

_SIGNS = ("category_icon", "set_symbol", "badge")
_MOST_CLEAR = 0.1
_OUTLINE_PX = 4
"""An outline of so many pixels (0.2 mm) keeps letters readable on any ground."""
_LOOKED_AT = 4
"""Contrast is measured on plates this much smaller: it is a median, and a whole plate takes a fifth of a second."""

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
    """Everything that is wrong, each once: parts that a card needs, boxes outside of the card, over another's text or
    where a printer may cut, contrast."""
    flaws: dict[Flaw, None] = {}
    broken: dict[str, list[str]] = {}
    faint: dict[str, list[tuple[float, str]]] = {}
    canvas = theme.parts.canvas
    for each in theme.parts.layouts:
        for name, place in each.places.items():
            if not _within(Box(*place), canvas, 0):
                shared = theme.parts.places.get(name) == place
                where = "every layout" if shared else f"layout {each.name!r}"
                flaws[Flaw(where, f"place {name!r} lies outside of the card: {place}")] = None
    for name, style in theme.parts.styles.items():
        if style.min_px < LEAST_PX:
            told = f"its letters may become {style.min_px:g} px small, which cannot be read; {LEAST_PX} can"
            flaws[Flaw(f"style {name!r}", told)] = None
    for card in _every_kind():
        try:
            found = layout(CardSpec.of(card, credit="A Painter"), theme)
            for flaw in (*_overlaps(found, _places(found, theme)), *_unsafe(found, canvas)):
                flaws[flaw] = None
            for box, ratio, told in _contrast(found, theme, card):
                faint.setdefault(box, []).append((ratio, told))
        except DeckportError as error:
            message = str(error).replace(f"{card.sku} {card.name}", "a card").replace(card.name, "its name")
            broken.setdefault(message, []).append(f"{card.rarity} {card.colour} {card.category}")
    for box, each_look in faint.items():
        more = f", and on {len(each_look) - 1} other looks" if len(each_look) > 1 else ""
        flaws[Flaw(f"box {box!r}", f"{min(each_look)[1]}{more}")] = None
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
        replace(every[4], name="Φύλακας Ἀκροπόλεως", rules_text="Pay {3} and {energy}: gain {crimson}{azure}."),
        replace(plain, name="Хранитель Времени", colour=Colour.VERDANT),
        replace(plain, name="Đặng VĂN", colour=Colour.AETHER, base_energy_per_turn=0, equipment_slots=0),
        replace(every[6], name="A Thing Without a Word", keywords=(), rules_text="", flavor_text=""),
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


def _within(box: Box, canvas: CanvasPart, margin_px: float) -> bool:
    right_px, bottom_px = canvas.width_px - margin_px, canvas.height_px - margin_px
    return box.x_px >= margin_px and box.y_px >= margin_px and box.right_px <= right_px and box.bottom_px <= bottom_px


def _overlaps(found: DrawList, places: Mapping[str, BoxPx]) -> Iterator[Flaw]:
    """Boxes of texts that lie over each other, or over the outline of a gem: with longer words their letters would.

    A number lies on its own gem. A text over the window is a designer's choice.
    """
    boxes = {line.place: line.box for line in found.texts()}
    gems = _gems(found)
    apart = {place: box for place, box in boxes.items() if place not in gems}
    for (one, box), (other, over) in combinations(apart.items(), 2):
        yield from _overlap(f"box {one!r}", box, f"box {other!r}", over)
    for (text, box), (gem, outline) in product(apart.items(), gems.items()):
        yield from _overlap(f"box {text!r}", box, f"gem {gem!r}", outline)
    for text, box in apart.items():
        for sign in _SIGNS:
            if sign in places:
                yield from _overlap(f"box {text!r}", box, f"sign {sign!r}", Box(*places[sign]))
    for (one, box), (other, over) in combinations(gems.items(), 2):
        yield from _overlap(f"gem {one!r}", box, f"gem {other!r}", over)


def _places(found: DrawList, theme: Theme) -> Mapping[str, BoxPx]:
    """The places of the layout that a card has: the one whose text boxes are its own."""
    boxes = {line.place: line.box for line in found.texts() if line.place in ("category", "rarity", "text", "traits")}
    for part in theme.parts.layouts:
        if all(name in part.places and Box(*part.places[name]) == box for name, box in boxes.items()):
            return part.places
    return {}


def _overlap(one: str, box: Box, other: str, over: Box) -> Iterator[Flaw]:
    across = min(box.right_px, over.right_px) - max(box.x_px, over.x_px)
    down = min(box.bottom_px, over.bottom_px) - max(box.y_px, over.y_px)
    if across > 0 and down > 0:
        yield Flaw("places", f"{one} and {other} overlap by {across:g} x {down:g} px")


def _gems(found: DrawList) -> Mapping[str, Box]:
    """The outlines of the numbers' gems: the largest shape that is no shadow, of those drawn before each number."""
    gems: dict[str, Box] = {}
    shapes: list[Box] = []
    for mark in found.marks:
        if isinstance(mark, Shape):
            shapes += [] if mark.blur_px else [mark.box]
            continue
        around = [box for box in shapes if box.width_px >= mark.box.width_px and _holds(box, mark.box)]
        if around:
            gems[mark.place] = max(around, key=lambda box: box.width_px * box.height_px)
        shapes = []
    return gems


def _holds(outer: Box, inner: Box) -> bool:
    x_px, y_px = inner.centre_px
    return outer.x_px <= x_px <= outer.right_px and outer.y_px <= y_px <= outer.bottom_px


def _unsafe(found: DrawList, canvas: CanvasPart) -> Iterator[Flaw]:
    """What says something, and stands where a printer may cut. The frame's own lines and ornaments may."""
    for mark in found.marks:
        if isinstance(mark, Shape):
            if not mark.blur_px and not _within(mark.box, canvas, canvas.safe_px):
                box = tuple(
                    round(side) for side in (mark.box.x_px, mark.box.y_px, mark.box.width_px, mark.box.height_px)
                )
                yield Flaw("safe zone", f"a shape at {box} is closer to the edge than {canvas.safe_px:g} px")
        elif not _within(mark.box, canvas, canvas.safe_px):
            yield Flaw("safe zone", f"box {mark.place!r} is closer to the edge than {canvas.safe_px:g} px")


def _contrast(found: DrawList, theme: Theme, card: Card) -> Iterator[tuple[str, float, str]]:
    """Letters against the median of what lies under them, gems and all; where they have an outline, against that.

    Gives the box, the ratio, and what is the matter. Letters over the art need an outline: the art may be anything.
    """
    small = _smaller(found)
    ground = draw_plate(small, theme)
    for mark in small.marks:
        if isinstance(mark, Shape):
            lay_over(ground, sprite(mark))
    where = f"on a {card.rarity.lower()} {card.colour.lower()} card"
    for line in found.texts():
        under, clear = _under(line, ground)
        if line.outline_px >= _OUTLINE_PX:
            under = line.outline_colour[:3]
        elif clear > _MOST_CLEAR:
            yield line.place, 1.0, f"{line.text[:24]!r} lies over the art without an outline {where}"
            continue
        opacity = line.colour[3] / 255
        seen = [c * opacity + g * (1 - opacity) for c, g in zip(line.colour[:3], under, strict=True)]
        ratio = contrast_ratio(seen, under)
        if ratio < LEAST_CONTRAST:
            yield line.place, ratio, f"{line.text[:24]!r} has a contrast of {ratio:.1f} {where}"


def _smaller(found: DrawList) -> DrawList:
    """The same plate on a smaller card."""

    def small(box: Box) -> Box:
        sides = (box.x_px, box.y_px, box.width_px, box.height_px)
        return Box(*(side / _LOOKED_AT for side in sides))

    def smaller(part: Shape) -> Shape:
        return replace(
            part,
            box=small(part.box),
            radius_px=part.radius_px / _LOOKED_AT,
            ring_px=part.ring_px / _LOOKED_AT,
            blur_px=part.blur_px / _LOOKED_AT,
        )

    return replace(
        found,
        width_px=math.ceil(found.width_px / _LOOKED_AT),
        height_px=math.ceil(found.height_px / _LOOKED_AT),
        window=small(found.window),
        plate=tuple(smaller(part) if isinstance(part, Shape) else part for part in found.plate),
        marks=tuple(smaller(mark) if isinstance(mark, Shape) else mark for mark in found.marks),
    )


def _under(line: TextLine, ground: Pixels) -> tuple[tuple[float, ...], float]:
    """The median colour below a line, and how much of it is clear."""
    top, left = (line.baseline_px - line.size_px * 0.7) / _LOOKED_AT, line.x_px / _LOOKED_AT
    right, bottom = left + line.width_px / _LOOKED_AT, line.baseline_px / _LOOKED_AT
    area = ground[max(0, math.floor(top)) : math.ceil(bottom), max(0, math.floor(left)) : math.ceil(right)]
    pixels = area.reshape(-1, 4)
    colour = tuple(float(value) for value in np.median(pixels[:, :3], axis=0))
    return colour, float(1 - pixels[:, 3].mean() / 255)


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
