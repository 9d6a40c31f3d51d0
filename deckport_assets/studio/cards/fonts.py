"""Fonts: which font of a stack has a letter, how far it advances, how it is kerned, and its picture.

Measuring is done here from the font's own tables, in em, once for all sizes; drawing is Pillow's, one glyph at a time
at the measured places. So what was fitted is what is drawn, whatever layout engine Pillow was built with. Which font
is used for what is the theme's; where lines break is `text`'s.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from deckport_assets.errors import MissingElement, MissingGlyph

_SIZES_KEPT = 64
_LETTERS_KEPT = 6000
"""At most about 20 MB of letters of the usual sizes."""
IDEOGRAPHS = "\u2e80-\u312f\u3190-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
"""The inside of a pattern: letters that are words by themselves, between which lines may break."""
_WORD_OR_SPACE = re.compile(rf"\s+|[{IDEOGRAPHS}]|[^\s{IDEOGRAPHS}]+")
_IDEOGRAPH = re.compile(rf"[{IDEOGRAPHS}]")
_PARTS = 4
"""Letters begin at a quarter of a pixel (0.01 mm): few enough places that most letters have been drawn before."""
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad\u200d\u200c")
_open_faces = threading.local()


class FontFile:
    """One font file: its letters' advances and kerning in em. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._kerning: dict[tuple[str, str], float] = {}
        try:
            with TTFont(path) as font:
                self._em: float = float(font["head"].unitsPerEm)
                self._glyphs: dict[int, str] = dict(font.getBestCmap())
                metrics: dict[str, tuple[int, int]] = font["hmtx"].metrics
                self._advances = {glyph: width / self._em for glyph, (width, _) in metrics.items()}
                self.ascent_em: float = font["hhea"].ascent / self._em
                self.descent_em: float = -font["hhea"].descent / self._em
                self.capital_em: float = (getattr(font["OS/2"], "sCapHeight", 0) or 0.7 * self._em) / self._em
                self._pair_tables = list(_kerning_tables(font))
        except (OSError, TTLibError, KeyError) as error:
            raise MissingElement(f"The font {path.name} cannot be read: {error}") from error

    def has(self, letter: str) -> bool:
        return ord(letter) in self._glyphs

    def advance_em(self, letter: str) -> float:
        return self._advances[self._glyphs[ord(letter)]]

    def kerning_em(self, left: str, right: str) -> float:
        """How much closer (negative) or farther the right letter stands after the left one."""
        known = self._kerning.get((left, right))
        if known is None:
            # fontTools reads its tables lazily, which two threads must not do at once.
            with self._lock:
                known = self._look_up_kerning(self._glyphs[ord(left)], self._glyphs[ord(right)])
                self._kerning[left, right] = known
        return known

    def _look_up_kerning(self, left: str, right: str) -> float:
        for table in self._pair_tables:
            if left not in table.Coverage.glyphs:
                continue
            value = _pair_value(table, left, right)
            if value is not None:
                return float(getattr(value, "XAdvance", 0) or 0) / self._em
        return 0.0

    def face(self, size_px: float) -> ImageFont.FreeTypeFont:
        """Pillow's face at a size. FreeType's faces are not safe to share: each thread has its own."""
        faces: dict[tuple[Path, float], ImageFont.FreeTypeFont] | None = getattr(_open_faces, "by_size", None)
        if faces is None:
            faces = _open_faces.by_size = {}
        key = (self.path, size_px)
        if key not in faces:
            while len(faces) >= _SIZES_KEPT:
                del faces[next(iter(faces))]
            faces[key] = ImageFont.truetype(str(self.path), size_px, layout_engine=ImageFont.Layout.BASIC)
        return faces[key]


@dataclass(frozen=True, slots=True)
class Ink:
    """How much of each pixel is inked (height, width; 0 to 255), and where its left upper pixel lies."""

    coverage: NDArray[np.uint8]
    x_px: int
    y_px: int


class FontStack:
    """Fonts in order of preference: a letter is taken from the first that has it."""

    def __init__(self, name: str, files: Sequence[FontFile]) -> None:
        self.name = name
        self.files = tuple(files)
        self._owner: dict[str, FontFile] = {}

    @property
    def first(self) -> FontFile:
        return self.files[0]

    def owner(self, letter: str) -> FontFile:
        """The font that draws the letter. Raises MissingGlyph when none has it."""
        if letter not in self._owner:
            for font in self.files:
                if font.has(letter):
                    self._owner[letter] = font
                    break
            else:
                raise MissingGlyph(
                    f"No font of {self.name!r} has the letter {letter!r} (U+{ord(letter):04X}).",
                    remedy="Change the text, or add a font that has the letter to the theme's stack.",
                )
        return self._owner[letter]

    def runs(self, text: str, *, one_face: bool = False) -> Iterator[tuple[FontFile, str]]:
        """The text cut where the font changes. A word is drawn by one font when one has all its letters: a face for
        capitals may have a lone Greek letter, and it would stand out among those of another. With `one_face` so are
        all words of the text; ideographs stay with the font that has them."""
        run, font = "", None
        for letter, owner in self._owned(visible(text), one_face):
            if owner is not font and font is not None:
                yield font, run
                run = ""
            run, font = run + letter, owner
        if font is not None:
            yield font, run

    def _owned(self, text: str, one_face: bool) -> Iterator[tuple[str, FontFile]]:
        words = _WORD_OR_SPACE.findall(text)
        face = None
        if one_face:
            face = self._with_all("".join(word for word in words if not _IDEOGRAPH.match(word)))
        for word in words:
            whole = face if face and all(face.has(letter) for letter in word) else self._with_all(word)
            for letter in word:
                yield letter, whole or self.owner(letter)

    def _with_all(self, letters: str) -> FontFile | None:
        return next((font for font in self.files if all(font.has(letter) for letter in letters)), None)

    def places_em(
        self, text: str, tracking_em: float = 0.0, *, one_face: bool = False
    ) -> tuple[list[tuple[FontFile, str, float]], float]:
        """Each letter with its font and where it starts, and the width of the whole, in em."""
        places: list[tuple[FontFile, str, float]] = []
        x_em = 0.0
        for font, run in self.runs(text, one_face=one_face):
            for i, letter in enumerate(run):
                if i and letter != " " and run[i - 1] != " ":
                    x_em += font.kerning_em(run[i - 1], letter)
                places.append((font, letter, x_em))
                x_em += font.advance_em(letter) + tracking_em
        return places, max(0.0, x_em - tracking_em)

    def width_em(self, text: str, tracking_em: float = 0.0, *, one_face: bool = False) -> float:
        return self.places_em(text, tracking_em, one_face=one_face)[1]

    def ink(
        self,
        text: str,
        *,
        size_px: float,
        at_px: tuple[float, int],
        tracking_em: float = 0.0,
        outline_px: int = 0,
        one_face: bool = False,
    ) -> Ink | None:
        """The ink of a text whose baseline starts at `at_px`; None when there is nothing to see."""
        letters: list[Ink] = []
        for font, letter, x_em in self.places_em(text, tracking_em, one_face=one_face)[0]:
            whole_px, part = divmod(round((at_px[0] + x_em * size_px) * _PARTS), _PARTS)
            inked = _letter(font, letter, size_px, part, outline_px)
            if inked is not None:
                letters.append(Ink(inked.coverage, inked.x_px + whole_px, inked.y_px + at_px[1]))
        if not letters:
            return None
        left, top = min(each.x_px for each in letters), min(each.y_px for each in letters)
        right = max(each.x_px + each.coverage.shape[1] for each in letters)
        bottom = max(each.y_px + each.coverage.shape[0] for each in letters)
        coverage = np.zeros((bottom - top, right - left), np.uint8)
        for each in letters:
            height, width = each.coverage.shape
            under = coverage[each.y_px - top :, each.x_px - left :][:height, :width]
            np.maximum(under, each.coverage, out=under)
        return Ink(coverage, left, top)


@lru_cache(maxsize=_LETTERS_KEPT)
def _letter(font: FontFile, letter: str, size_px: float, part: int, outline_px: int) -> Ink | None:
    """One letter that starts at (part / _PARTS, 0) on its baseline. Kept: a catalog writes the same few again."""
    pad_px = math.ceil(size_px / 2) + outline_px
    base_px = math.ceil(size_px * 1.2) + pad_px
    size = math.ceil(font.advance_em(letter) * size_px) + 2 * pad_px + 1, base_px + pad_px
    canvas = Image.new("L", size)
    pen = ImageDraw.Draw(canvas)
    place_px = (pad_px + part / _PARTS, base_px)
    pen.text(place_px, letter, 255, font.face(size_px), anchor="ls", stroke_width=outline_px)
    inked = canvas.getbbox()
    if inked is None:
        return None
    return Ink(np.array(canvas.crop(inked)), inked[0] - pad_px, inked[1] - base_px)


def visible(text: str) -> str:
    """The text without the characters that only steer line breaking."""
    return "".join(letter for letter in text if letter not in _INVISIBLE)


def round_size_px(size_px: float) -> float:
    """A size on the half pixel below: few sizes, so that faces are used again."""
    return math.floor(size_px * 2) / 2


@lru_cache(maxsize=64)
def open_font(path: Path, sha256: str) -> FontFile:
    """The font in a file. Its hash is part of the key, so that a changed file is read anew."""
    return FontFile(path)


def _kerning_tables(font: TTFont) -> Iterator[Any]:
    """The pair tables of the `kern` feature in GPOS, extensions unwrapped."""
    if "GPOS" not in font or font["GPOS"].table.FeatureList is None:
        return
    table = font["GPOS"].table
    wanted = {i for r in table.FeatureList.FeatureRecord if r.FeatureTag == "kern" for i in r.Feature.LookupListIndex}
    table.ensureDecompiled(recurse=True)
    for index in sorted(wanted):
        for subtable in table.LookupList.Lookup[index].SubTable:
            pairs = getattr(subtable, "ExtSubTable", subtable)
            if pairs.LookupType == 2:
                yield pairs


def _pair_value(table: Any, left: str, right: str) -> Any:
    if table.Format == 1:
        pair_set = table.PairSet[table.Coverage.glyphs.index(left)]
        return next((r.Value1 for r in pair_set.PairValueRecord if r.SecondGlyph == right), None)
    left_class = table.ClassDef1.classDefs.get(left, 0)
    right_class = table.ClassDef2.classDefs.get(right, 0)
    return table.Class1Record[left_class].Class2Record[right_class].Value1
