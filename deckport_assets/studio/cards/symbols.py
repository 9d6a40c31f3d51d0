"""Rules text to runs: which words and codes have a symbol, and what `{...}` markup means.

The catalog's texts have no markup: keywords stand in them as words ("Fire damage") or codes (`fire_damage`), so a table
in the theme says which words are keywords. Pictures of symbols are the theme's, places are `layout`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deckport_assets.errors import MissingElement
from deckport_assets.studio.cards.text import Run

_MARK = re.compile(r"\{([^{}]*)\}")
_GAP_EM = 0.12
_VALUE = re.compile(r": \d+")
"""What a keyword is worth: never parted from it."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z])|(?<=: \d)\s+(?=[^\W\d_a-z])|(?<=: \d\d)\s+(?=[^\W\d_a-z])")
_LONGEST_SENTENCE = 70
_MOST_SENTENCES = 4


@dataclass(frozen=True, slots=True)
class Symbol:
    """A keyword, cost or colour that has a picture. `words` are how it stands in texts, `codes` how in the catalog."""

    key: str
    name: str
    words: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


class SymbolTable:
    """A theme's symbols, ready to be found in texts. Longer words are found before shorter ones."""

    def __init__(self, symbols: Sequence[Symbol], *, theme: str, bold: str, width_em: float) -> None:
        self._theme, self._bold, self._width_em = theme, bold, width_em
        self.by_code: Mapping[str, Symbol] = {code: symbol for symbol in symbols for code in symbol.codes}
        self._by_mark = {name.lower(): s for s in symbols for name in (s.key, *s.marks, *s.codes)}
        self._by_word = {word.lower(): symbol for symbol in symbols for word in symbol.words}
        words = sorted(self._by_word, key=len, reverse=True)
        self._words = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.I) if words else None

    def runs(self, text: str) -> tuple[Run, ...]:
        """The text with its symbols: each before its word, the word bold and never broken.

        `{poison}` is the symbol alone, `{3}` the number three and the symbol of mana. Raises MissingElement for
        markup that the theme has no symbol for; a single brace stands for itself.
        """
        found: list[Run] = []
        at = 0
        for mark in _MARK.finditer(text):
            found += self._worded(text[at : mark.start()])
            found += self._marked(mark[1].strip())
            at = mark.end()
        return tuple(run for run in (*found, *self._worded(text[at:])) if run.text or run.symbol)

    def keyword(self, code: str, title: str) -> tuple[Run, ...]:
        """A keyword of the catalog by the name that people read, with its symbol where it has one."""
        symbol = self.by_code.get(code.strip().lower())
        if symbol is None:
            return (Run(title, kept=True),)
        return (self._picture(symbol), Run(symbol.name, kept=True))

    def says(self, runs: Sequence[Run], code: str, title: str) -> bool:
        """Whether a text, in runs, says a keyword of the catalog itself: by its word, its name or its markup."""
        symbol = self.by_code.get(code.strip().lower())
        if symbol is not None:
            return any(run.symbol == symbol.key for run in runs)
        text = "".join(run.text for run in runs)
        return re.search(rf"(?<![\w-]){re.escape(title)}(?![\w-])", text, re.I) is not None

    def knows(self, mark: str) -> bool:
        """Whether `{mark}` is understood."""
        name = mark.strip().lower()
        return name in self._by_mark or (name.isdigit() and "mana" in self._by_mark)

    def _worded(self, text: str) -> list[Run]:
        if self._words is None:
            return [Run(text)]
        runs: list[Run] = []
        at = 0
        for match in self._words.finditer(text):
            runs += [Run(text[at : match.start()]), self._picture(self._by_word[match[0].lower()])]
            runs.append(Run(match[0], font=self._bold, kept=True))
            at = match.end()
            if value := _VALUE.match(text, at):
                runs.append(Run(value[0], kept=True))
                at = value.end()
        return [*runs, Run(text[at:])]

    def _marked(self, name: str) -> list[Run]:
        number = name if name.isdigit() else ""
        symbol = self._by_mark.get("mana" if number else name.lower())
        if symbol is None:
            raise MissingElement(
                f"Theme {self._theme!r} has no symbol {{{name}}}.",
                remedy=f"Correct the text, or add [symbols.{name or 'name'}] to the theme.toml of {self._theme!r}.",
            )
        amount = [Run(number, font=self._bold, kept=True, width_em=_GAP_EM)] if number else []
        return [*amount, self._picture(symbol, alone=True)]

    def _picture(self, symbol: Symbol, *, alone: bool = False) -> Run:
        """A symbol with the gap before its word; one that stands alone has the text's own spaces."""
        return Run("", symbol=symbol.key, width_em=self._width_em - (_GAP_EM if alone else 0))


def sentences(text: str) -> list[str]:
    """Short rules, each on a line of its own; a longer text stays in one piece."""
    parts = [part for part in _SENTENCE.split(text) if part]
    short = len(parts) <= _MOST_SENTENCES and all(len(part) <= _LONGEST_SENTENCE for part in parts)
    return parts if short else [text]
