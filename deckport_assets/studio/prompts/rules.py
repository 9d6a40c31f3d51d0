"""What a prompt should and should not say. Judging only: nothing is rewritten here.

A prompt from the source or from a person is linted and used as it is; one that a machine wrote is validated.
Near-duplicates are found by the Jaccard similarity of word shingles (Broder, "On the resemblance and containment of
documents", 1997).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

import numpy as np

from deckport_assets.errors import BadPrompt
from deckport_assets.models import Card, Colour
from deckport_assets.studio.prompts import clip_tokens
from deckport_assets.studio.prompts.prompt import Finding, Severity, WrittenPrompt
from deckport_assets.studio.prompts.slots import SPOKEN_COLOURS

SHORTEST_CHARACTERS = 80
LONGEST_CHARACTERS = 2_000
LONGEST_NEGATIVE_CHARACTERS = 1_000
LONGEST_MOTION_CHARACTERS = 500
NEAR_DUPLICATE = 0.8
"""Shingle similarity from which two prompts would give the same picture with another name."""

OTHER_GAMES = (
    "magic: the gathering", "mtg", "pokémon", "pokemon", "yu-gi-oh", "hearthstone", "dungeons & dragons", "d&d",
    "warhammer", "world of warcraft", "league of legends", "elden ring", "dark souls", "zelda", "final fantasy",
    "diablo", "the witcher", "gwent", "flesh and blood", "lorcana", "star wars", "marvel", "disney", "studio ghibli",
)  # fmt: skip
ARTISTS = (
    "greg rutkowski", "artgerm", "alphonse mucha", "frank frazetta", "john howe", "alan lee", "wlop", "ruan jia",
    "magali villeneuve", "seb mckinnon", "rebecca guay", "zdzislaw beksinski", "zdzisław beksiński", "h. r. giger",
    "hr giger", "craig mullins", "boris vallejo", "moebius", "hayao miyazaki", "yoshitaka amano", "raymond swanland",
    "trending on artstation", "artstation",
)  # fmt: skip
LETTERING = ("text", "logo", "watermark", "signature", "caption", "typography", "title", "user interface", "card frame")
NEGATIONS = ("no", "not", "without", "never", "avoid", "don't", "do not", "exclude", "nothing")

_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]+")
_SHINGLE_WORDS = 3


def lint(
    text: str, card: Card, *, other_names: Iterable[str] = (), other_texts: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """Everything that the rules do not like about a prompt, in the order of the rules; nothing is an empty tuple.

    `other_names` are the names of other cards, `other_texts` their prompts; both may contain this card's own name,
    but not its own prompt.
    """
    plain = _plain(text)
    told = _remove(plain, _plain(card.name))
    findings = [finding for rule in _RULES for finding in rule(plain, told, card)]
    findings.extend(_names_another_card(text, card, other_names))
    findings.extend(_is_near_duplicate(text, other_texts))
    return tuple(findings)


def validate(
    written: WrittenPrompt, card: Card, *, other_names: Iterable[str] = (), other_texts: Iterable[str] = ()
) -> None:
    """Raise `BadPrompt` with all errors of a prompt that a machine wrote; warnings pass, but for a copy of another
    card's prompt, which a machine can be asked to write anew."""
    findings = list(lint(written.text, card, other_names=other_names, other_texts=other_texts))
    findings.extend(_caption_findings(written.caption, card))
    findings.extend(banned_words(" ".join((written.caption, written.motion)), card.name))
    findings.extend(too_long(written))
    errors = [found for found in findings if found.severity is Severity.ERROR or found.rule == "near_duplicate"]
    if errors:
        told = "; ".join(f"{finding.rule}: {finding.message}" for finding in errors)
        raise BadPrompt(f"The prompt for {card.name} breaks the rules: {told}", remedy="Ask for another, or write it.")


def banned_words(text: str, name: str = "") -> tuple[Finding, ...]:
    """Other games, artists and lettering in words that a machine wrote; the card's own name is no finding."""
    told = _remove(_plain(text), _plain(name)) if name else _plain(text)
    return tuple(_named(told))


def names_colour(text: str, colour: Colour) -> bool:
    """Whether a text names a colour by its word or its spoken name; another colour's spoken name does not count."""
    plain = _plain(text)
    for other, spoken in SPOKEN_COLOURS.items():
        for name in spoken[1:] if other is not colour else ():
            plain = _remove(plain, name)
    return any(_has(plain, name) for name in SPOKEN_COLOURS[colour])


def similarity(first: str, second: str) -> float:
    """How much of their three-word shingles two texts share: 0.0 nothing, 1.0 all."""
    one, two = _shingles(first), _shingles(second)
    union = len(one | two)
    return len(one & two) / union if union else 0.0


def near_duplicates(texts: Mapping[str, str], *, threshold: float = NEAR_DUPLICATE) -> list[tuple[str, str, float]]:
    """All pairs of keys whose texts are at least so similar, most similar first; a whole catalog in about a second."""
    keys, sets = list(texts), [_shingles(text) for text in texts.values()]
    sizes = np.array([len(one) for one in sets], dtype=np.int64)
    holders: dict[str, list[int]] = {}
    found: list[tuple[str, str, float]] = []
    for index, shingles in enumerate(sets):
        earlier = [i for shingle in shingles for i in holders.setdefault(shingle, [])]
        shared = np.bincount(np.array(earlier, dtype=np.int64), minlength=index)[:index]
        alike = shared / np.maximum(sizes[:index] + sizes[index] - shared, 1)
        found.extend((keys[i], keys[index], float(alike[i])) for i in np.flatnonzero(alike >= threshold))
        for shingle in shingles:
            holders[shingle].append(index)
    return sorted(found, key=lambda pair: -pair[2])


def _missing_name(plain: str, told: str, card: Card) -> Iterator[Finding]:
    if not _has(plain, _plain(card.name)):
        yield Finding("name", f"does not name the card {card.name!r}", Severity.ERROR)


def _missing_colour(plain: str, told: str, card: Card) -> Iterator[Finding]:
    if not names_colour(plain, card.colour):
        spoken = " or ".join(repr(name) for name in SPOKEN_COLOURS[card.colour])
        yield Finding("colour", f"does not name the colour: {spoken}", Severity.ERROR)


def _wrong_length(plain: str, told: str, card: Card) -> Iterator[Finding]:
    if not SHORTEST_CHARACTERS <= len(plain) <= LONGEST_CHARACTERS:
        bounds = f"{SHORTEST_CHARACTERS} to {LONGEST_CHARACTERS}"
        yield Finding("length", f"has {len(plain)} characters, not {bounds}", Severity.ERROR)


def too_long(written: WrittenPrompt) -> Iterator[Finding]:
    """What is said beside the text, and is longer than any workflow reads."""
    for what, words, most in (
        ("negative", written.negative, LONGEST_NEGATIVE_CHARACTERS),
        ("motion", written.motion, LONGEST_MOTION_CHARACTERS),
    ):
        if len(words) > most:
            yield Finding("length", f"has a {what} of {len(words):,} characters, not at most {most}", Severity.ERROR)


def _banned(plain: str, told: str, card: Card) -> Iterator[Finding]:
    yield from _named(told)


def _named(told: str) -> Iterator[Finding]:
    for rule, words in (("other_game", OTHER_GAMES), ("artist", ARTISTS), ("lettering", LETTERING)):
        for word in words:
            if _has(told, word):
                yield Finding(rule, f"contains {word!r}", Severity.ERROR)


def _negated(plain: str, told: str, card: Card) -> Iterator[Finding]:
    for word in NEGATIONS:
        if _has(told, word):
            yield Finding("negation", f"says {word!r}: tell what is there, not what is missing", Severity.ERROR)


def _late_subject(plain: str, told: str, card: Card) -> Iterator[Finding]:
    before = plain.partition(_plain(card.name))[0]
    if before != plain and (tokens := clip_tokens.count(before)) >= clip_tokens.LIMIT_TOKENS // 2:
        yield Finding("subject", f"names the card only after {tokens} CLIP tokens", Severity.WARNING)


_RULES: tuple[Callable[[str, str, Card], Iterator[Finding]], ...] = (
    _missing_name, _missing_colour, _wrong_length, _banned, _negated, _late_subject,
)  # fmt: skip


def _names_another_card(text: str, card: Card, other_names: Iterable[str]) -> Iterator[Finding]:
    """Names are compared with their capitals: "a void shard" is no mention of the card Void Shard."""
    told = _straight(text).replace(_straight(card.name), " ")
    for name in other_names:
        if name != card.name and (other := _straight(name)) in told and _has(told, other):
            yield Finding("other_card", f"names another card, {name!r}", Severity.ERROR)


def _is_near_duplicate(text: str, other_texts: Iterable[str]) -> Iterator[Finding]:
    alike = max((similarity(text, other) for other in other_texts), default=0.0)
    if alike >= NEAR_DUPLICATE:
        yield Finding("near_duplicate", f"shares {alike:.0%} with another card's prompt", Severity.WARNING)


def _caption_findings(caption: str, card: Card) -> Iterator[Finding]:
    tokens = clip_tokens.count(caption)
    if not 0 < tokens <= clip_tokens.LIMIT_TOKENS:
        yield Finding("caption_length", f"the caption has {tokens} CLIP tokens", Severity.ERROR)
    if not _has(_plain(caption), _plain(card.name)):
        yield Finding("caption_name", "the caption does not name the card", Severity.ERROR)
    if not names_colour(caption, card.colour):
        yield Finding("caption_colour", "the caption does not name the colour", Severity.ERROR)


def _straight(text: str) -> str:
    for curly, straight in (("‘", "'"), ("’", "'"), ("‑", "-"), ("“", '"'), ("”", '"')):
        text = text.replace(curly, straight)
    return _BLANKS.sub(" ", text).strip()


def _plain(text: str) -> str:
    return _straight(text).lower()


@lru_cache(maxsize=4096)
def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")


def _has(text: str, words: str) -> bool:
    return words in text and _whole(words).search(text) is not None


def _remove(text: str, words: str) -> str:
    return _whole(words).sub(" ", text) if words else text


@lru_cache(maxsize=4096)
def _shingles(text: str) -> frozenset[str]:
    words = _WORD.findall(_plain(text))
    return frozenset(" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(max(1, len(words) - _SHINGLE_WORDS + 1)))
