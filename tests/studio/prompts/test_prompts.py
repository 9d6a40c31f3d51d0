"""Prompt craft: tokens are CLIP's, what is written passes its own rules, each rule finds what it is for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deckport_assets.errors import BadPrompt
from deckport_assets.models import WRITTEN_FACTS, Card, Category, Colour, Rarity
from deckport_assets.studio.prompts import Severity, caption_of, clip_tokens, lint, near_duplicates, validate, write
from deckport_assets.studio.prompts.motion import MOTION, in_motion
from deckport_assets.studio.prompts.rules import names_colour, similarity
from deckport_assets.studio.prompts.slots import ACTIONS, EFFECTS, PALETTES, SETTINGS, SPOKEN_COLOURS, STANDING

SOURCE_PROMPT = (
    "Ultra‑detailed hand‑painted scene for a premium trading card game — a fusion of Magic: The Gathering’s epic scope "
    "with Pokémon’s character appeal. Painted like a traditional oil masterpiece; strictly no plastic shading. Depict "
    "the Aether Blue mana creature ‘Star Seeker’ stalking forward, seen from a low angle. The setting is a moonlit bay."
)


def card(name: str = "Star Seeker", **facts: Any) -> Card:
    known: dict[str, Any] = {
        "slug": "star-seeker", "sku": "AZURE-001", "legacy_slug": "star_seeker", "name": name, "legendary": False,
        "category": Category.CREATURE, "rarity": Rarity.COMMON, "colour": Colour.AZURE, "mana_cost": 1,
        "energy_cost": 1,
    }  # fmt: skip
    return Card(**{**known, **facts})


CARDS = st.builds(
    card,
    name=st.from_regex(r"[A-Z][a-z’]{1,10} [A-Z][a-z]{1,10}", fullmatch=True),
    category=st.sampled_from(Category),
    colour=st.sampled_from(Colour),
    rarity=st.sampled_from(Rarity),
    keywords=st.lists(st.sampled_from(["poison", "life_steal", "freeze", "water_damage", "odd"]), max_size=3).map(
        tuple
    ),
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a photo of a cat", ["a</w>", "photo</w>", "of</w>", "a</w>", "cat</w>"]),
        ("Sky Voyager, azure creature", ["sky</w>", "voyager</w>", ",</w>", "azure</w>", "creature</w>"]),
        ("Élan’s façade 42", ["Ã©", "lan</w>", "'s</w>", "fa", "Ã§", "ade</w>", "4</w>", "2</w>"]),
        ("x_y &amp; don't!!", ["x</w>", "_</w>", "y</w>", "&</w>", "don</w>", "'t</w>", "!!</w>"]),
        ("", []),
    ],
)
def test_tokens_are_those_of_the_original(text: str, pieces: list[str]) -> None:
    assert list(clip_tokens.pieces(text)) == pieces
    assert clip_tokens.count(text) == len(pieces)


def test_trim_prefers_a_phrase() -> None:
    text = "a lonely tower, under a violet moon, beside the sea of glass"
    assert clip_tokens.trim(text, 10) == "a lonely tower, under a violet moon"
    assert clip_tokens.trim(text, 6) == "a lonely tower"
    assert clip_tokens.trim(text, 2) == "a lonely"
    assert clip_tokens.trim(text) == text


@given(st.text(max_size=400), st.integers(0, 80))
@settings(max_examples=150, deadline=None)
def test_a_trimmed_text_never_exceeds_its_limit(text: str, limit: int) -> None:
    assert clip_tokens.count(clip_tokens.trim(text, limit)) <= limit


@given(CARDS)
@settings(max_examples=150, deadline=None)
def test_every_written_prompt_is_valid(each: Card) -> None:
    written = write(each)
    validate(written, each)
    assert written.text.startswith(each.name) and written.caption.startswith(each.name)
    assert clip_tokens.count(written.caption) <= clip_tokens.LIMIT_TOKENS
    assert write(each) == written


@given(st.text(max_size=600), st.text(min_size=1, max_size=120))
@settings(max_examples=150, deadline=None)
def test_a_caption_fits_whatever_it_is_made_of(text: str, name: str) -> None:
    assert clip_tokens.count(caption_of(text, card(name))) <= clip_tokens.LIMIT_TOKENS


def test_a_caption_puts_the_subject_first() -> None:
    caption = caption_of(SOURCE_PROMPT, card())
    assert caption.startswith("Star Seeker, azure creature, stalking forward, seen from a low angle, The setting is")
    assert lint(SOURCE_PROMPT, card())[-1].rule == "subject"


def test_the_writer_reads_only_its_facts() -> None:
    one = card()
    assert write(replace(one, slug="x", sku="y", attack=9, flavor_text="z", mana_cost=7)) == write(one)
    changes: dict[str, Any] = {
        "name": "Other Name", "category": Category.HERO, "colour": Colour.CRIMSON, "rarity": Rarity.EPIC,
        "keywords": ("poison",),
    }  # fmt: skip
    assert set(changes) == set(WRITTEN_FACTS)
    assert all(write(replace(one, **{fact: value})) != write(one) for fact, value in changes.items())


def test_written_prompts_are_not_each_others_copies() -> None:
    cards = [card(f"{first} {second}") for first in ("Sky", "Ice", "Wave", "Star", "Mist") for second in "ABCDEFGHIJ"]
    texts = {each.name: write(each).text for each in cards}
    assert near_duplicates(texts) == []


def test_the_slots_cover_all_colours_and_categories() -> None:
    assert set(SETTINGS) == set(PALETTES) == set(EFFECTS) == set(SPOKEN_COLOURS) == set(Colour)
    assert set(ACTIONS) == set(Category) and set(STANDING) == set(Rarity)


GOOD = write(card()).text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("name", GOOD.replace("Star Seeker", "A nameless thing")),
        ("colour", GOOD.replace("azure", "blue")),
        ("length", "Star Seeker in azure"),
        ("length", GOOD + " and more light" * 150),
        ("other_game", GOOD + " A fusion of Magic: The Gathering’s scope."),
        ("other_game", GOOD + " with Pokémon’s appeal"),
        ("artist", GOOD + " in the style of Greg Rutkowski"),
        ("lettering", GOOD + " with a watermark"),
        ("lettering", GOOD + " and text below"),
        ("negation", GOOD + " no people"),
        ("negation", GOOD + " without people"),
        ("other_card", GOOD + " Beside it stands Wave Seraph."),
        ("near_duplicate", GOOD),
        ("subject", "light " * 40 + GOOD),
    ],
)
def test_each_rule_finds_what_it_is_for(rule: str, text: str) -> None:
    twin = GOOD.replace("Star Seeker", "Moon Seeker")
    found = lint(
        text, card(), other_names=["Wave Seraph", "Star"], other_texts=[twin] if rule == "near_duplicate" else []
    )
    assert [finding.rule for finding in found] == [rule]
    assert rule not in [finding.rule for finding in lint(GOOD, card(), other_names=["Wave Seraph", "Star Seeker"])]


def test_a_cards_own_name_may_contain_what_is_banned() -> None:
    assert lint(write(card("Text Without End")).text, card("Text Without End"), other_names=["End"]) == ()


def test_another_card_is_named_with_its_capitals_only() -> None:
    assert lint(GOOD + " a void shard glows", card(), other_names=["Void Shard"]) == ()


def test_another_colours_spoken_name_is_not_this_colour() -> None:
    assert names_colour("the Aether Blue creature", Colour.AZURE)
    assert not names_colour("the Aether Blue creature", Colour.AETHER)
    assert names_colour("the Quantum Gold relic", Colour.AETHER)
    assert not names_colour("azurelike", Colour.AZURE)


def test_validate_raises_for_errors_and_passes_warnings() -> None:
    written = write(card())
    with pytest.raises(BadPrompt, match="negation") as caught:
        validate(replace(written, text=written.text + " no fog"), card())
    assert caught.value.remedy and not caught.value.retryable
    with pytest.raises(BadPrompt, match="caption_name"):
        validate(replace(written, caption="an azure bird"), card())
    with pytest.raises(BadPrompt, match="caption_length"):
        validate(replace(written, caption="Star Seeker azure " * 40), card())
    for longer in (replace(written, negative="fog, " * 400), replace(written, motion="It moves. " * 60)):
        with pytest.raises(BadPrompt, match="length: has a"):
            validate(longer, card())
    twin = written.text.replace("Star Seeker", "Moon Seeker")
    assert lint(written.text, card(), other_texts=[twin])[0].severity is Severity.WARNING
    with pytest.raises(BadPrompt, match="near_duplicate"):
        validate(written, card(), other_texts=[twin])


def test_near_duplicates_agree_with_pairwise_similarity() -> None:
    texts = {"a": GOOD, "b": GOOD.replace("Star Seeker", "Moon Seeker"), "c": "something else altogether", "d": ""}
    [(first, second, alike)] = near_duplicates(texts)
    assert (first, second) == ("a", "b") and alike == pytest.approx(similarity(texts["a"], texts["b"]))
    assert similarity(GOOD, GOOD) == 1.0


def test_what_a_clip_is_asked_for_begins_with_the_motion_and_ends_with_the_picture_s_words() -> None:
    assert in_motion("a moth made of brass") == f"{MOTION} a moth made of brass"
    assert in_motion("a moth", "Its wings open.") == f"{MOTION} Its wings open. a moth"
    assert in_motion("") == MOTION, "a person's picture has no words of ours"
