"""The text fitter: the largest letters at which paragraphs fit a box, words never broken.

Widths are summed once in em from cached advances, so that trying a size costs no measuring. Where the box lies and
how the text looks is the caller's; glyphs are `fonts`'.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from deckport_assets.errors import TextOverflow
from deckport_assets.studio.cards.draw_list import RGBA, Box, TextLine
from deckport_assets.studio.cards.fonts import FontStack, round_size_px, visible

_STEP_PX = 0.5
_SLACK_EM = 1e-6
_IDEOGRAPHS = "\u2e80-\u312f\u3190-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING = "（「『【〈《［｛“‘"
_CLOSING = "、。，．！？）」』】〉》：；］｝ー…々・ゃゅょっャュョッ"
# A word: one ideograph with the signs that may not part from it, or letters up to the next space or ideograph.
_WORD = re.compile(rf"[{_OPENING}]*(?:[{_IDEOGRAPHS}]|[^\s{_IDEOGRAPHS}]+)[{_CLOSING}]*|[{_OPENING}]+")


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
    """Break a word that is wider than the box instead of shrinking the text for it."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text without line breaks, set below the one before with a gap, and a rule in the gap if asked."""

    text: str
    style: Style
    gap_px: float = 0
    ruled: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines in their places, and the heights at which rules are drawn."""

    lines: tuple[TextLine, ...]
    rules_y_px: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    spaced: bool
    width_em: float


class TextFitter:
    """Fits texts into boxes with a theme's fonts. `subject` names the card in errors."""

    def __init__(self, fonts: Mapping[str, FontStack], subject: str) -> None:
        self._fonts = fonts
        self._subject = subject

    def line(self, text: str, style: Style, box: Box, place: str) -> TextLine:
        """One line, centred in height on its capitals, so that its baseline does not move with the letters.

        Raises TextOverflow naming the card and `place`, MissingGlyph for a letter that no font has.
        """
        stack = self._fonts[style.font]
        width_em = stack.width_em(text, style.tracking_em)
        room_px = box.width_px - 2 * style.outline_px
        fits_px = math.inf if width_em == 0 else room_px / width_em
        size_px = round_size_px(min(style.size_px, fits_px, box.height_px / stack.first.capital_em))
        if size_px < style.min_px:
            raise self._overflow(text, box, place, style.min_px)
        baseline_px = round(box.centre_px[1] + stack.first.capital_em * size_px / 2)
        return self._placed(text, style, size_px, width_em * size_px, box, baseline_px)

    def block(self, paragraphs: Sequence[Paragraph], box: Box, place: str) -> Fitted:
        """Paragraphs below each other, shrunk together until they fit the box, centred in its height.

        Raises TextOverflow naming the card and `place`, MissingGlyph for a letter that no font has.
        """
        if not paragraphs:
            return Fitted(())
        words = [self._words(paragraph) for paragraph in paragraphs]
        largest_px = max(paragraph.style.size_px for paragraph in paragraphs)
        smallest = max(p.style.min_px / p.style.size_px for p in paragraphs)
        # Index 0 is the least size; the search keeps `low` fitting and `high` not fitting.
        steps = max(0, math.floor(largest_px * (1 - smallest) / _STEP_PX))
        low, high = -1, steps + 1
        while high - low > 1:
            middle = (low + high) // 2
            scale = 1 - (steps - middle) * _STEP_PX / largest_px
            if self._height_px(paragraphs, words, box, scale) <= box.height_px:
                low = middle
            else:
                high = middle
        if low < 0:
            least_px = min(paragraph.style.min_px for paragraph in paragraphs)
            raise self._overflow(" ".join(p.text for p in paragraphs), box, place, least_px)
        return self._set(paragraphs, words, box, 1 - (steps - low) * _STEP_PX / largest_px)

    def _words(self, paragraph: Paragraph) -> list[_Word]:
        stack, style = self._fonts[paragraph.style.font], paragraph.style
        text, words = visible(paragraph.text), []
        for match in _WORD.finditer(text):
            word = match.group()
            spaced = match.start() > 0 and text[match.start() - 1].isspace()
            width_em = stack.width_em(word, style.tracking_em) + style.tracking_em
            words.append(_Word(word, spaced, width_em))
        return words

    def _height_px(
        self, paragraphs: Sequence[Paragraph], words: Sequence[list[_Word]], box: Box, scale: float
    ) -> float:
        height_px = 0.0
        for i, (paragraph, its_words) in enumerate(zip(paragraphs, words, strict=True)):
            size_px = round_size_px(paragraph.style.size_px * scale)
            lines = self._wrap(its_words, paragraph.style, box.width_px / size_px)
            if lines is None:
                return math.inf
            height_px += len(lines) * size_px * paragraph.style.leading + (paragraph.gap_px * scale if i else 0)
        return height_px

    def _wrap(self, words: Sequence[_Word], style: Style, room_em: float) -> list[str] | None:
        """The lines, filled greedily; None when a word is wider than the room and may not be broken."""
        stack = self._fonts[style.font]
        space_em = stack.width_em(" ") + style.tracking_em
        room_em += style.tracking_em + _SLACK_EM
        lines, line, line_em = [], "", 0.0
        for word in self._broken(words, style, room_em) if style.break_words else words:
            if word.width_em > room_em:
                return None
            gap_em = space_em if word.spaced else 0.0
            if line and line_em + gap_em + word.width_em > room_em:
                lines.append(line)
                line, line_em = word.text, word.width_em
            else:
                line += (" " if word.spaced and line else "") + word.text
                line_em += (gap_em if line_em else 0.0) + word.width_em
        return [*lines, line] if line else lines

    def _broken(self, words: Sequence[_Word], style: Style, room_em: float) -> list[_Word]:
        stack, pieces = self._fonts[style.font], []
        for word in words:
            if word.width_em <= room_em:
                pieces.append(word)
                continue
            for i, letter in enumerate(word.text):
                width_em = stack.width_em(letter) + style.tracking_em
                pieces.append(replace(word, text=letter, spaced=word.spaced and i == 0, width_em=width_em))
        return pieces

    def _balanced(self, words: Sequence[_Word], style: Style, room_em: float) -> list[str]:
        lines = self._wrap(words, style, room_em) or []
        narrow_em, wide_em = room_em / max(1, len(lines)) * 0.9, room_em
        for _ in range(8 if style.balanced and len(lines) > 1 else 0):
            middle_em = (narrow_em + wide_em) / 2
            trial = self._wrap(words, style, middle_em)
            if trial is not None and len(trial) == len(lines):
                lines, wide_em = trial, middle_em
            else:
                narrow_em = middle_em
        return lines

    def _set(self, paragraphs: Sequence[Paragraph], words: Sequence[list[_Word]], box: Box, scale: float) -> Fitted:
        y_px = box.y_px + (box.height_px - self._height_px(paragraphs, words, box, scale)) / 2
        lines: list[TextLine] = []
        rules_y_px: list[float] = []
        for i, (paragraph, its_words) in enumerate(zip(paragraphs, words, strict=True)):
            style, gap_px = paragraph.style, paragraph.gap_px * scale if i else 0.0
            if paragraph.ruled and i:
                rules_y_px.append(y_px + gap_px / 2)
            y_px += gap_px
            size_px = round_size_px(style.size_px * scale)
            stack = self._fonts[style.font]
            rise_em = (style.leading + stack.first.ascent_em - stack.first.descent_em) / 2
            for text in self._balanced(its_words, style, box.width_px / size_px):
                width_px = stack.width_em(text, style.tracking_em) * size_px
                lines.append(self._placed(text, style, size_px, width_px, box, round(y_px + rise_em * size_px)))
                y_px += size_px * style.leading
        return Fitted(tuple(lines), tuple(rules_y_px))

    def _placed(
        self, text: str, style: Style, size_px: float, width_px: float, box: Box, baseline_px: float
    ) -> TextLine:
        free_px = box.width_px - width_px
        x_px = box.x_px + {"left": 0.0, "centre": free_px / 2, "right": free_px}[style.align]
        return TextLine(
            text=text,
            font=style.font,
            size_px=size_px,
            x_px=round(x_px, 2),
            baseline_px=baseline_px,
            width_px=round(width_px, 2),
            colour=style.colour,
            tracking_em=style.tracking_em,
            outline_px=style.outline_px,
            outline_colour=style.outline_colour,
        )

    def _overflow(self, text: str, box: Box, place: str, least_px: float) -> TextOverflow:
        begin = text if len(text) <= 40 else f"{text[:40]}…"
        return TextOverflow(
            f"{self._subject}: the text {begin!r} ({len(text)} characters) does not fit the box {place!r} "
            f"({box.width_px:g} x {box.height_px:g} px) at its least size of {least_px:g} px.",
            remedy="Shorten the text, or give the box more room in the theme.",
        )
