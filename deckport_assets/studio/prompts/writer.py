"""The embedded writer: a prompt for any card from templates, without a service.

It reads only the facts named in `WRITTEN_FACTS`; the same facts give the same prompt. What a prompt may say is judged
in `rules`; the words to choose from are in `slots`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from deckport_assets.models import Card, fingerprint
from deckport_assets.studio.prompts import clip_tokens, slots
from deckport_assets.studio.prompts.prompt import WrittenPrompt

WRITER_VERSION = "1"
"""Bumped by hand when the same card gives another prompt."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def write(card: Card) -> WrittenPrompt:
    """A prompt that puts the card's name and colour first and varies the scene from card to card."""
    choose = _Chooser(card)
    colour = slots.SPOKEN_COLOURS[card.colour][0]
    standing = choose("standing", slots.STANDING[card.rarity])
    subject = f"{card.name}, {_with_article(f'{standing} {colour} {slots.NOUNS[card.category]}')}"
    action = choose("action", slots.ACTIONS[card.category])
    setting = choose("setting", slots.SETTINGS[card.colour])
    palette = choose("palette", slots.PALETTES[card.colour])
    effects = choose.two("effects", slots.EFFECTS[card.colour])
    signs = _signs(card.keywords)
    scene = f"{subject}: {action}, seen in {choose('camera', slots.CAMERAS)}."
    place = f"The place is {setting}, colored in {palette}; {', '.join([*effects, *signs])}."
    style = f"{choose('style', slots.STYLES)} {choose('composition', slots.COMPOSITIONS)}"
    caption = clip_tokens.trim(", ".join([subject, action, setting, palette, *signs, *effects]))
    return WrittenPrompt(text=f"{scene} {place} {style}", caption=caption, negative=slots.NEGATIVE)


def caption_of(prompt_text: str, card: Card) -> str:
    """A caption of at most 75 CLIP tokens for a prompt from the source or a person: the subject, then the scene.

    The source's prompts name the card after 87 tokens of style. Here come name, colour and category, what the
    prompt says after naming the card, and only then the rest of it.
    """
    subject = f"{card.name}, {slots.SPOKEN_COLOURS[card.colour][0]} {slots.NOUNS[card.category]}"
    before, after = _around_the_name(" ".join(prompt_text.split()), card.name)
    told = [part.strip(" ,;:.‘’'\"“”") for part in (*_SENTENCE.split(after), *_SENTENCE.split(before))]
    return clip_tokens.trim(", ".join([subject, *(part for part in told if part)]))


class _Chooser:
    """Choices that depend on the card alone, each slot by itself: a longer list of one does not move the others."""

    def __init__(self, card: Card) -> None:
        self._card = fingerprint("writer", card.name, card.category, card.colour, card.rarity, list(card.keywords))

    def __call__(self, slot: str, choices: Sequence[str]) -> str:
        return choices[self._number(slot) % len(choices)]

    def two(self, slot: str, choices: Sequence[str]) -> tuple[str, str]:
        number = self._number(slot)
        first = number % len(choices)
        second = (first + 1 + number // len(choices) % (len(choices) - 1)) % len(choices)
        return choices[first], choices[second]

    def _number(self, slot: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self._card}/{slot}".encode()).digest()[:6], "big")


def _signs(keywords: Sequence[str]) -> list[str]:
    """What the first two keywords look like."""
    found = (
        next((sign for part, sign in slots.KEYWORD_SIGNS.items() if part in word.lower()), "") for word in keywords
    )
    return list(dict.fromkeys(sign for sign in found if sign))[:2]


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _around_the_name(text: str, name: str) -> tuple[str, str]:
    """What comes before the sentence that names the card, and what comes after the name."""
    plain, wanted = _plain(text), _plain(name)
    at = plain.find(wanted)
    if at < 0:
        return "", text
    start = max((match.end() for match in _SENTENCE.finditer(text[:at])), default=0)
    return text[:start], text[at + len(wanted) :]


def _plain(text: str) -> str:
    """The text in small letters with straight quotes, letter by letter (the length stays)."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text).replace("’", "'").replace("‘", "'")
