"""The embedded artist: the same pixels always, another picture for each card, true to its colour."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from deckport_assets.models import PAINTED_FACTS, Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.artist.dice import Dice, seed_of
from deckport_assets.studio.artist.palette import LIGHTS
from deckport_assets.studio.artist.settings import SETTINGS, setting_of
from deckport_assets.studio.likeness import hash_bits

SMALL = (120, 174)


def card(slug: str = "star-seeker", colour: Colour = Colour.AZURE, category: Category = Category.CREATURE) -> Card:
    return Card(
        slug=slug, sku="AZURE-001", legacy_slug="star_seeker", name=slug.replace("-", " ").title(), category=category,
        rarity=Rarity.COMMON, legendary=False, colour=colour, mana_cost=1, energy_cost=1,
    )  # fmt: skip


def digest(pixels: np.ndarray[Any, Any]) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("colour", Colour)
def test_every_colour_and_category_is_painted_with_contrast(colour: Colour, category: Category) -> None:
    pixels = paint(card("moss-warden", colour, category), "a quiet place", size_px=SMALL)
    assert pixels.shape == (174, 120, 3) and pixels.dtype == np.uint8
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    assert grey.std() > 18 and (grey < 3).mean() < 0.5 and (grey > 252).mean() < 0.25


@pytest.mark.parametrize("size", [(1200, 1744), (120, 174), (150, 210), (210, 150), (64, 64), (97, 141)])
def test_the_size_is_as_asked(size: tuple[int, int]) -> None:
    assert paint(card(), "", size_px=size).shape == (size[1], size[0], 3)


def test_a_size_too_small_to_paint_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        paint(card(), "", size_px=(4, 4))


def test_the_same_card_gives_the_same_pixels_in_another_process() -> None:
    here = digest(paint(card(), "a moonlit bay", size_px=SMALL))
    code = (
        "import hashlib; from deckport_assets.models import *; from deckport_assets.studio.artist import paint;"
        "c = Card('star-seeker', 'x', 'x', 'x', Category.CREATURE, Rarity.COMMON, False, Colour.AZURE, 9, 9);"
        "print(hashlib.sha256(paint(c, 'a moonlit bay', size_px=(120, 174)).tobytes()).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert there.stdout.strip() == here


def test_threads_paint_what_one_thread_paints() -> None:
    cards = [card(f"card-{i}", colour) for i, colour in enumerate(Colour)]
    alone = [digest(paint(each, "", size_px=SMALL)) for each in cards]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: digest(paint(each, "", size_px=SMALL)), cards)) == alone


def test_the_number_of_opencv_threads_changes_nothing() -> None:
    before = cv2.getNumThreads()
    try:
        found = set()
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            found.add(digest(paint(card(), "", size_px=(300, 436))))
    finally:
        cv2.setNumThreads(before)
    assert len(found) == 1


def test_only_painted_facts_the_prompt_and_the_attempt_count() -> None:
    one = card()
    first = digest(paint(one, "a bay", size_px=SMALL))
    assert digest(paint(replace(one, name="Other", attack=9, rules_text="x"), "a bay", size_px=SMALL)) == first
    assert digest(paint(one, "a bay", attempt=1, size_px=SMALL)) != first
    assert digest(paint(one, "a fjord", size_px=SMALL)) != first
    changes: dict[str, Any] = {
        "slug": "other", "colour": Colour.AETHER, "category": Category.HERO, "rarity": Rarity.EPIC,
    }  # fmt: skip
    assert set(changes) == set(PAINTED_FACTS)
    for fact, value in changes.items():
        assert digest(paint(replace(one, **{fact: value}), "a bay", size_px=SMALL)) != first, fact


def test_cards_look_different() -> None:
    cards = [
        card(f"{a}-{b}", Colour.VERDANT, Category.HERO) for a in ("moss", "root", "leaf") for b in ("lord", "sage")
    ]
    cards += [card(f"{a}-shard", Colour.CRIMSON, Category.ARTIFACT) for a in ("ember", "flame", "coal", "ash")]
    hashes = [hash_bits(paint(each, "", size_px=SMALL)) for each in cards]
    assert min(int((a != b).sum()) for a, b in itertools.combinations(hashes, 2)) > 4


def test_a_small_picture_shows_the_same_as_a_large_one() -> None:
    small, large = paint(card(), "", size_px=(150, 218)), paint(card(), "", size_px=(600, 872))
    assert int((hash_bits(small) != hash_bits(large)).sum()) <= 12


@pytest.mark.parametrize("colour", Colour)
def test_pictures_are_true_to_their_colour(colour: Colour) -> None:
    """Red, blue and green lead; obsidian is dark and violet, radiant bright, aether warm gold beside cool violet."""
    pixels = np.concatenate([paint(card(f"card-{i}", colour), "", size_px=SMALL).reshape(-1, 3) for i in range(8)])
    red, green, blue = (float(value) for value in pixels.mean(axis=0))
    hue, saturation, _ = cv2.split(cv2.cvtColor(pixels[None], cv2.COLOR_RGB2HSV).astype(np.int32))
    degrees, coloured = hue * 2, saturation > 50
    warm = float((coloured & ((degrees < 70) | (degrees > 340))).mean())
    cool = float((coloured & (degrees > 180) & (degrees < 330)).mean())
    truth = {
        Colour.CRIMSON: red > 1.5 * green and red > 1.8 * blue,
        Colour.AZURE: blue > green > red and blue > 1.3 * red,
        Colour.VERDANT: green > 1.1 * red and green > 1.2 * blue,
        Colour.OBSIDIAN: blue > 1.1 * green and red > green and red + green + blue < 3 * 85,
        Colour.RADIANT: red + green + blue > 3 * 110,
        Colour.AETHER: warm > 0.1 and cool > 0.1,
    }
    assert truth[colour], (red, green, blue, warm, cool)


def test_seeds_hold_in_53_bits_and_never_change() -> None:
    assert seed_of("a", 1) == seed_of("a", 1) < 2**53
    assert seed_of("a", 1) != seed_of("a", 2)
    assert Dice(7).named("sky").between(0, 1) == Dice(7).named("sky").between(0, 1)


def test_a_prompt_that_tells_of_a_place_is_mostly_set_there() -> None:
    prompt = "glacial fjords with translucent blue ice caverns, frozen, aurora"
    found = [setting_of(Colour.AZURE, prompt, Dice(seed)).ground for seed in range(40)]
    chosen = [setting_of(Colour.AZURE, prompt, Dice(seed)).ridge for seed in range(40)]
    assert found.count("water") > 20 and chosen.count("ice") > 25


def test_each_colour_has_lights_and_settings() -> None:
    assert set(LIGHTS) == set(SETTINGS) == set(Colour)
    assert all(len(lights) == 3 for lights in LIGHTS.values())
