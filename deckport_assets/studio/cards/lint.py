"""What is wrong with the words that a card prints, each finding with its place. Judging only: nothing is rewritten.

The source's texts were put together by machine, so its mistakes are of a few kinds. That a text does not fit its box
is the layout's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from deckport_assets.models import Card
from deckport_assets.studio.cards.symbols import SymbolTable

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_PREFIXES = "de|un|re|non|buff|debuff|pre|anti|over|under|mis|dis|sub|super|auto|co|in|ex"
_GLUED = re.compile(rf"(?<!\w)({_PREFIXES})(attack|defense|health|energy|mana|damage)(?!\w)", re.I)
_VERBS = "Apply|Deal|Gain|Give|Heal|Draw|Destroy|Target|Move|Strike|Summon|Return"
_UNSTOPPED = re.compile(rf"[^\W\d_A-Z]{{2}}(?= +(?:{_VERBS})\b)")
_ENUMERATED = re.compile(r"(?:^|[.:;!?] )\w\)$")
_RUN_TOGETHER = re.compile(r": \d+(?= +[A-Z][a-z])")
_ABILITY = re.compile(r"[^\W\d_][^.!?:]*: \d+")
_MARK = re.compile(r"\{([^{}]*)\}")
_PAIRS = {"(": ")", "{": "}", "[": "]", "“": "”", "«": "»"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: the fact it stands in, the characters from `start` up to `end`, and what is the matter."""

    fact: str
    start: int
    end: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.fact} {self.start}-{self.end}: {self.message}"


def lint(card: Card, symbols: SymbolTable) -> tuple[Finding, ...]:
    """Everything that looks wrong in what the card prints, in the order of its facts and places."""
    found = [*_keywords(card, symbols)]
    for fact, text in (("name", card.name), ("rules_text", card.rules_text), ("flavor_text", card.flavor_text)):
        found += [*_doubled(fact, text), *_glued(fact, text), *_unbalanced(fact, text)]
    found += [*_unknown_marks(card.rules_text, symbols), *_marks_in_flavor(card.flavor_text)]
    found += [*_stops("rules_text", card.rules_text), *_stops("flavor_text", card.flavor_text)]
    order = {"keywords": 0, "name": 1, "rules_text": 2, "flavor_text": 3}
    return tuple(sorted(found, key=lambda each: (order[each.fact], each.start, each.rule)))


def _keywords(card: Card, symbols: SymbolTable) -> Iterator[Finding]:
    at = 0
    for nth, code in enumerate(card.keywords):
        if code.strip().lower() not in symbols.by_code:
            yield Finding("keywords", at, at + len(code), "unknown_keyword", f"{code!r} is no keyword of the theme")
        if code in card.keywords[:nth]:
            yield Finding("keywords", at, at + len(code), "doubled_word", f"{code!r} stands twice")
        at += len(code) + 2


def _doubled(fact: str, text: str) -> Iterator[Finding]:
    words = list(_WORD.finditer(text))
    for one, two in pairwise(words):
        between = text[one.end() : two.start()]
        if one[0].lower() == two[0].lower() and not between.strip():
            yield Finding(fact, one.start(), two.end(), "doubled_word", f"{one[0]!r} stands twice")
    for match in re.finditer(r"\bDeal \d+ (Deal) damage", text):
        yield Finding(fact, match.start(1), match.end(1), "doubled_word", "'Deal' stands twice in one sentence")


def _glued(fact: str, text: str) -> Iterator[Finding]:
    for match in _GLUED.finditer(text):
        message = f"{match[0]!r} has a glued prefix: {match[1]!r} and {match[2]!r}"
        yield Finding(fact, match.start(), match.end(), "glued_prefix", message)


def _unbalanced(fact: str, text: str) -> Iterator[Finding]:
    closing = {close: begin for begin, close in _PAIRS.items()}
    waiting: list[tuple[str, int]] = []
    for place, letter in enumerate(text):
        if letter in _PAIRS:
            waiting.append((letter, place))
        elif letter in closing:
            if waiting and waiting[-1][0] == closing[letter]:
                waiting.pop()
            elif not _ENUMERATED.search(text[: place + 1]):  # as in "a) this b) that"
                yield Finding(fact, place, place + 1, "unbalanced", f"{letter!r} closes what was never opened")
    if text.count('"') % 2:
        waiting.append(('"', text.rindex('"')))
    for letter, place in waiting:
        yield Finding(fact, place, place + 1, "unbalanced", f"{letter!r} is never closed")


def _unknown_marks(text: str, symbols: SymbolTable) -> Iterator[Finding]:
    for match in _MARK.finditer(text):
        if not symbols.knows(match[1]):
            yield Finding(
                "rules_text", match.start(), match.end(), "unknown_symbol", f"{match[0]} has no symbol in the theme"
            )


def _marks_in_flavor(text: str) -> Iterator[Finding]:
    for match in _MARK.finditer(text):
        message = f"{match[0]} is printed as it stands: only rules have symbols"
        yield Finding("flavor_text", match.start(), match.end(), "symbol_in_flavor", message)


def _stops(fact: str, text: str) -> Iterator[Finding]:
    """A sentence without its full stop: at the end, or where two abilities run together."""
    for match in _RUN_TOGETHER.finditer(text):
        message = f"no full stop behind {match[0][2:]!r}"
        yield Finding(fact, match.start() + 2, match.end(), "missing_full_stop", message)
    for match in _UNSTOPPED.finditer(text):
        message = f"no full stop before {text[match.end() :].split()[0]!r}"
        yield Finding(fact, match.start(), match.end(), "missing_full_stop", message)
    stripped = text.rstrip()
    if not stripped or stripped[-1] in '.!?…"”’)}。！？':
        return
    last = re.split(r"(?<=[.!?])\s+|(?<=: \d)\s+|(?<=: \d\d)\s+", stripped)[-1]
    if not _ABILITY.fullmatch(last):
        yield Finding(fact, len(stripped) - 1, len(stripped), "missing_full_stop", "no full stop at the end")
