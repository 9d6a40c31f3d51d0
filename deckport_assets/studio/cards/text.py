"""The text fitter: the largest letters at which paragraphs fit a box. Keywords and short words are never broken.

Widths are summed once in em from cached advances, so that trying a size costs no measuring. Where the box lies, how
the text looks and what a keyword is are the caller's; glyphs are `fonts`'. Words are hyphenated by Liang's patterns
("Word Hy-phen-a-tion by Com-put-er", 1983), and only where the letters would otherwise shrink visibly.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import pyphen

from deckport_assets.errors import MissingGlyph, TextOverflow
from deckport_assets.studio.cards.draw_list import RGBA, Box, TextLine
from deckport_assets.studio.cards.fonts import IDEOGRAPHS, FontStack, round_size_px, visible

_STEP_PX = 0.5
_SLACK_EM = 1e-6
_WORTH_A_HYPHEN = 1.1
"""Words are hyphenated when the letters become larger by this factor."""
_SHORTEST_BROKEN = 7
_OVERHANG_PX = 2
"""Letters reach so far out of their advances at most: what keeps the ink of a line inside its box."""
_SYMBOL_HEIGHT = 1.25
"""A symbol in a text is this much higher than its capitals."""
_OPENING = "（「『【〈《［｛“‘"
_CLOSING = "、。，．！？）」』】〉》：；］｝ー…々・ゃゅょっャュョッ"
# A word: one ideograph with the signs that may not part from it, or letters up to the next space or ideograph.
_WORD = re.compile(rf"[{_OPENING}]*(?:[{IDEOGRAPHS}]|[^\s{IDEOGRAPHS}]+)[{_CLOSING}]*|[{_OPENING}]+")
_ONE_IDEOGRAPH = re.compile(rf"[{IDEOGRAPHS}]")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks. It shrinks from `size_px` down to `min_px` and not below."""

    font: str
    size_px: float
    min_px: float
    colour: RGBA
    leading: float = 1.2
    """Distance of baselines as a multiple of the size."""
    align: Literal["left", "centre", "right"] = "centre"
    tracking_em: float = 0.0
    outline_px: int = 0
    outline_colour: RGBA = (0, 0, 0, 0)
    balanced: bool = False
    """Make the lines of a paragraph about equally long."""
    break_words: bool = False
    """Break a word that is wider than the box anywhere, instead of shrinking the text for it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a paragraph: letters, or one symbol."""

    text: str
    font: str = ""
    """The stack that draws it; empty: the style's own."""
    symbol: str = ""
    """The symbol's name; its picture stands where the run is, and `text` is empty."""
    width_em: float = 0
    """How wide the symbol is, with the space behind it; of letters, the gap behind them."""
    kept: bool = False
    """Never broken between lines: a keyword of several words."""
    joint: bool = False
    """Stands between two others, never first or last on a line."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text without line breaks, set below the one before with a gap, and a rule in the gap if asked."""

    runs: tuple[Run, ...]
    style: Style
    gap_px: float = 0
    ruled: bool = False

    @property
    def text(self) -> str:
        """Its letters, without symbols."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class PlacedSymbol:
    """A symbol in its line: the square that its letters' capitals would fill."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines and symbols in their places, and the heights at which rules are drawn."""

    lines: tuple[TextLine, ...]
    symbols: tuple[PlacedSymbol, ...] = ()
    rules_y_px: tuple[float, ...] = ()
    scale: float = 1.0
    """How much of their styles' sizes the letters keep."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What is not parted when lines are broken: its pieces with their widths."""

    pieces: tuple[Run, ...]
    widths_em: tuple[float, ...]
    spaced: bool

    @property
    def width_em(self) -> float:
        return sum(self.widths_em)

    @property
    def plain(self) -> str:
        """Its letters when it is an ordinary word that may be hyphenated, else nothing."""
        (piece, *more) = self.pieces
        return "" if more or piece.kept or piece.symbol else piece.text

    @property
    def joint(self) -> bool:
        return all(piece.joint for piece in self.pieces)


_Line = list[_Word]


class TextFitter:
    """Fits texts into boxes with a theme's fonts. `subject` names the card in errors."""

    def __init__(self, fonts: Mapping[str, FontStack], subject: str) -> None:
        self._fonts = fonts
        self._subject = subject

    def line(self, text: str, style: Style, box: Box, place: str) -> TextLine:
        """One line, centred in height on its capitals, so that its baseline does not move with the letters. One font
        draws all its words: two faces in a name would look like a mistake.

        Raises TextOverflow naming the card and `place`, MissingGlyph for a letter that no font has.
        """
        with self._naming(place):
            self._fonts[style.font].width_em(text)
        stack, whole, box = self._fonts[style.font], box, _inset(box, _OVERHANG_PX)
        width_em = stack.width_em(text, style.tracking_em, one_face=True)
        room_px = box.width_px - 2 * style.outline_px
        fits_px = math.inf if width_em == 0 else room_px / width_em
        size_px = round_size_px(min(style.size_px, fits_px, box.height_px / stack.first.capital_em))
        if size_px < style.min_px:
            raise self._overflow(text, box, place, style.min_px)
        baseline_px = round(box.centre_px[1] + stack.first.capital_em * size_px / 2)
        x_px = _left_px(box, width_em * size_px, style)
        drawn = _text_line(text, style, style.font, size_px, x_px, baseline_px, width_em * size_px, whole)
        return replace(drawn, place=place, one_face=True)

    def block(self, paragraphs: Sequence[Paragraph], box: Box, place: str) -> Fitted:
        """Paragraphs below each other, shrunk together until they fit the box, centred in its height.

        Raises TextOverflow naming the card and `place`, MissingGlyph for a letter that no font has.
        """
        if not paragraphs:
            return Fitted(())
        with self._naming(place):
            block = [_Set(paragraph, self._words(paragraph)) for paragraph in paragraphs]
        scale, hyphens = self._largest_scale(block, box, hyphens=False), False
        if scale < 1:
            larger = self._largest_scale(block, box, hyphens=True)
            if larger > 0 and larger >= scale * _WORTH_A_HYPHEN:
                scale, hyphens = larger, True
        if scale == 0:
            least_px = min(paragraph.style.min_px for paragraph in paragraphs)
            raise self._overflow(" ".join(p.text for p in paragraphs), box, place, least_px)
        fitted = self._place(block, box, scale, hyphens=hyphens)
        return replace(fitted, lines=tuple(replace(line, place=place) for line in fitted.lines), scale=scale)

    def _largest_scale(self, block: Sequence[_Set], box: Box, *, hyphens: bool) -> float:
        """The largest multiple of the styles' sizes that fits, found by bisection; 0 when even the least does not."""
        largest_px = max(each.style.size_px for each in block)
        smallest = max(each.style.min_px / each.style.size_px for each in block)
        # Index 0 is the least size; the search keeps `low` fitting and `high` not fitting.
        steps = max(0, math.floor(largest_px * (1 - smallest) / _STEP_PX))
        low, high = -1, steps + 1
        while high - low > 1:
            middle = (low + high) // 2
            scale = 1 - (steps - middle) * _STEP_PX / largest_px
            if self._height_px(block, box, scale, hyphens=hyphens) <= box.height_px:
                low = middle
            else:
                high = middle
        return 1 - (steps - low) * _STEP_PX / largest_px if low >= 0 else 0.0

    def _height_px(self, block: Sequence[_Set], box: Box, scale: float, *, hyphens: bool) -> float:
        height_px = 0.0
        for i, each in enumerate(block):
            size_px = round_size_px(each.style.size_px * scale)
            lines = self._wrap(each.words, each.style, box.width_px / size_px, hyphens=hyphens)
            if lines is None:
                return math.inf
            height_px += len(lines) * size_px * each.style.leading + (each.paragraph.gap_px * scale if i else 0)
        return height_px

    def _words(self, paragraph: Paragraph) -> _Line:
        """The paragraph's words. Runs that no space parts stay in one word, ideographs apart."""
        words: _Line = []
        space_before = False
        for run in paragraph.runs:
            for piece, spaced, first in _pieces(run):
                width_em = run.width_em + (0.0 if run.symbol else self._width_em(piece, paragraph.style))
                spaced = spaced or (first and space_before)
                if words and first and not spaced and _stays_with(words[-1], piece):
                    last = words.pop()
                    words.append(_Word((*last.pieces, piece), (*last.widths_em, width_em), last.spaced))
                else:
                    words.append(_Word((piece,), (width_em,), spaced))
            space_before = run.text[-1:].isspace() or (space_before and not run.text and not run.symbol)
        return words

    def _width_em(self, piece: Run, style: Style) -> float:
        return self._fonts[piece.font or style.font].width_em(piece.text, style.tracking_em) + style.tracking_em

    def _wrap(self, words: Sequence[_Word], style: Style, room_em: float, *, hyphens: bool) -> list[_Line] | None:
        """The lines, filled greedily; None when a word is wider than the room and may not be broken."""
        space_em = self._fonts[style.font].width_em(" ") + style.tracking_em
        room_em += style.tracking_em + _SLACK_EM
        lines: list[_Line] = []
        line: _Line = []
        line_em = 0.0
        for word in words:
            if word.joint and not line:
                continue
            while True:
                gap_em = space_em if word.spaced and line else 0.0
                if line_em + gap_em + word.width_em <= room_em:
                    line.append(word)
                    line_em += gap_em + word.width_em
                    break
                begin, rest = self._parted(word, style, room_em - line_em - gap_em, hyphens=hyphens)
                if begin is not None:
                    line.append(begin)
                elif not line:
                    return None
                lines.append(_without_joint(line))
                line, line_em, word = [], 0.0, rest
                if word.joint:
                    break
        return [*lines, _without_joint(line)] if line else lines

    def _parted(self, word: _Word, style: Style, room_em: float, *, hyphens: bool) -> tuple[_Word | None, _Word]:
        """As much of a word as has room, with a hyphen, and the rest; (None, word) when it stays whole."""
        letters = word.plain
        if not letters or not (hyphens or style.break_words):
            return None, word
        places = range(1, len(letters)) if style.break_words else _hyphens(letters)
        for place in reversed(places):
            begin = Run(letters[:place] + ("" if style.break_words else "-"), font=word.pieces[0].font)
            width_em = self._width_em(begin, style)
            if width_em <= room_em:
                rest = Run(letters[place:], font=word.pieces[0].font)
                return _Word((begin,), (width_em,), word.spaced), _Word((rest,), (self._width_em(rest, style),), False)
        return None, word

    def _balanced(self, words: Sequence[_Word], style: Style, room_em: float, *, hyphens: bool) -> list[_Line]:
        """As many lines as are needed, about equally long: the narrowest room that needs no more lines."""
        lines = self._wrap(words, style, room_em, hyphens=hyphens) or []
        narrow_em, wide_em = room_em / max(1, len(lines)) * 0.9, room_em
        for _ in range(8 if style.balanced and len(lines) > 1 else 0):
            middle_em = (narrow_em + wide_em) / 2
            trial = self._wrap(words, style, middle_em, hyphens=False)
            if trial is not None and len(trial) == len(lines):
                lines, wide_em = trial, middle_em
            else:
                narrow_em = middle_em
        return lines

    def _place(self, block: Sequence[_Set], box: Box, scale: float, *, hyphens: bool) -> Fitted:
        y_px = box.y_px + (box.height_px - self._height_px(block, box, scale, hyphens=hyphens)) / 2
        lines: list[TextLine] = []
        symbols: list[PlacedSymbol] = []
        rules_y_px: list[float] = []
        for i, each in enumerate(block):
            style, gap_px = each.style, each.paragraph.gap_px * scale if i else 0.0
            if each.paragraph.ruled and i:
                rules_y_px.append(y_px + gap_px / 2)
            y_px += gap_px
            size_px = round_size_px(style.size_px * scale)
            first = self._fonts[style.font].first
            rise_em = (style.leading + first.ascent_em - first.descent_em) / 2
            for line in self._balanced(each.words, style, box.width_px / size_px, hyphens=hyphens):
                baseline_px = round(y_px + rise_em * size_px)
                for placed in self._row(line, style, size_px, box, baseline_px):
                    (lines if isinstance(placed, TextLine) else symbols).append(placed)  # type: ignore[arg-type]
                y_px += size_px * style.leading
        return Fitted(tuple(lines), tuple(symbols), tuple(rules_y_px))

    def _row(
        self, words: _Line, style: Style, size_px: float, box: Box, baseline_px: float
    ) -> Iterator[TextLine | PlacedSymbol]:
        """A line's letters, as few pieces as its fonts allow, and its symbols."""
        parts: list[tuple[Run, str, str]] = []  # (a run of this kind, the stack, its letters)
        for n, word in enumerate(words):
            for k, piece in enumerate(word.pieces):
                font = piece.font or style.font
                space = " " if word.spaced and n and k == 0 else ""
                if parts and not piece.symbol and not parts[-1][0].symbol and parts[-1][1] == font:
                    parts[-1] = (piece, font, parts[-1][2] + space + piece.text)
                elif space and parts and not parts[-1][0].symbol:
                    parts[-1] = (parts[-1][0], parts[-1][1], parts[-1][2] + " ")
                    parts.append((piece, font, piece.text))
                else:
                    parts.append((piece, font, space + piece.text))
        widths_em = [
            piece.width_em + (self._fonts[style.font].width_em(" ") if text == " " else 0.0)
            if piece.symbol
            else self._fonts[font].width_em(text, style.tracking_em) + style.tracking_em + piece.width_em
            for piece, font, text in parts
        ]
        capital_em = self._fonts[style.font].first.capital_em
        x_px = _left_px(box, (sum(widths_em) - style.tracking_em) * size_px, style)
        for (piece, font, text), width_em in zip(parts, widths_em, strict=True):
            width_px = width_em * size_px
            if piece.symbol:
                side_px, gap_px = capital_em * size_px * _SYMBOL_HEIGHT, width_px - piece.width_em * size_px
                top_px = baseline_px - capital_em * size_px / 2 - side_px / 2
                yield PlacedSymbol(piece.symbol, Box(round(x_px + gap_px, 2), round(top_px, 2), side_px, side_px))
            elif text.strip():
                stop_px = width_px - style.tracking_em * size_px
                yield _text_line(text, style, font, size_px, x_px, baseline_px, stop_px, box)
            x_px += width_px

    @contextmanager
    def _naming(self, place: str) -> Iterator[None]:
        """A letter that no font has is told with its card and box."""
        try:
            yield
        except MissingGlyph as missing:
            raise MissingGlyph(f"{self._subject}, box {place!r}: {missing}", remedy=missing.remedy) from None

    def _overflow(self, text: str, box: Box, place: str, least_px: float) -> TextOverflow:
        begin = text if len(text) <= 40 else f"{text[:40]}…"
        return TextOverflow(
            f"{self._subject}: the text {begin!r} ({len(text)} characters) does not fit the box {place!r} "
            f"({box.width_px:g} x {box.height_px:g} px) at its least size of {least_px:g} px.",
            remedy="Shorten the text, or give the box more room in the theme.",
        )


@dataclass(frozen=True, slots=True)
class _Set:
    """A paragraph with its words."""

    paragraph: Paragraph
    words: _Line

    @property
    def style(self) -> Style:
        return self.paragraph.style


def _pieces(run: Run) -> Iterator[tuple[Run, bool, bool]]:
    """What is not parted of a run, whether a space stands before it, and whether it is the run's first."""
    if run.symbol or run.kept:
        if run.symbol or run.text.strip():
            yield replace(run, text=visible(run.text).strip()), run.text[:1].isspace(), True
        return
    text = visible(run.text)
    for n, match in enumerate(_WORD.finditer(text)):
        spaced = match.start() > 0 and text[match.start() - 1].isspace()
        yield Run(match.group(), font=run.font, joint=run.joint), spaced, n == 0


def _without_joint(line: _Line) -> _Line:
    return line[:-1] if line[-1].joint and len(line) > 1 else line


def _stays_with(word: _Word, piece: Run) -> bool:
    """Whether a piece belongs to the word before it: always, but for ideographs, between which lines may break."""
    before = word.pieces[-1].text
    return not (_ONE_IDEOGRAPH.match(piece.text) or (before and _ONE_IDEOGRAPH.match(before[-1])))


@lru_cache(maxsize=4096)
def _hyphens(word: str) -> tuple[int, ...]:
    """The places in a word behind which it may be hyphenated, the marks around its letters left alone."""
    found = _LETTERS.search(word)
    if found is None or len(found.group()) < _SHORTEST_BROKEN:
        return ()
    return tuple(found.start() + place for place in _patterns().positions(found.group()))


@lru_cache(maxsize=1)
def _patterns() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US", left=3, right=3)


def _inset(box: Box, by_px: float) -> Box:
    """The box made narrower at both sides."""
    return replace(box, x_px=box.x_px + by_px, width_px=box.width_px - 2 * by_px)


def _left_px(box: Box, width_px: float, style: Style) -> float:
    free_px = box.width_px - width_px
    return box.x_px + {"left": 0.0, "centre": free_px / 2, "right": free_px}[style.align]


def _text_line(
    text: str, style: Style, font: str, size_px: float, x_px: float, baseline_px: float, width_px: float, box: Box
) -> TextLine:
    return TextLine(
        text=text,
        font=font,
        size_px=size_px,
        x_px=round(x_px, 2),
        baseline_px=baseline_px,
        width_px=round(width_px, 2),
        box=box,
        colour=style.colour,
        tracking_em=style.tracking_em,
        outline_px=style.outline_px,
        outline_colour=style.outline_colour,
    )
