"""Where cards lie on a sheet, in millimetres from its left lower corner: papers, places, backs and crop marks.

Numbers only. What is drawn there belongs to `sheets`, what a picture needs for its bleed to `bleed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CARD_WIDTH_MM, CARD_HEIGHT_MM = 63.5, 88.9
"""The trim of a card: 2.5 x 3.5 inches."""

BLEED_MM = 1.5
"""What a picture reaches beyond the trim, so that a cut that is a little off shows no paper."""

MARK_MM = 4.0
MARK_GAP_MM = 0.25
"""What lies between a bleed and the mark beyond it."""

_TOUCHING_MM = 1e-6


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the sheet."""

    left_mm: float
    bottom_mm: float
    width_mm: float
    height_mm: float

    @property
    def right_mm(self) -> float:
        """Its right edge."""
        return self.left_mm + self.width_mm

    @property
    def top_mm(self) -> float:
        """Its upper edge."""
        return self.bottom_mm + self.height_mm

    def grown(self, by_mm: float, down_mm: float | None = None) -> Area:
        """The same with this much more on each side; `down_mm` above and below when that differs."""
        high = by_mm if down_mm is None else down_mm
        return Area(self.left_mm - by_mm, self.bottom_mm - high, self.width_mm + 2 * by_mm, self.height_mm + 2 * high)

    def overlaps(self, other: Area) -> bool:
        """Whether the two share more than an edge."""
        return (
            min(self.right_mm, other.right_mm) - max(self.left_mm, other.left_mm) > _TOUCHING_MM
            and min(self.top_mm, other.top_mm) - max(self.bottom_mm, other.bottom_mm) > _TOUCHING_MM
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """A line to cut along, upright or level."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float

    def crosses(self, area: Area) -> bool:
        """Whether a part of the line lies in the area or on its edge."""
        return (
            max(self.x1_mm, self.x2_mm) >= area.left_mm - _TOUCHING_MM
            and min(self.x1_mm, self.x2_mm) <= area.right_mm + _TOUCHING_MM
            and max(self.y1_mm, self.y2_mm) >= area.bottom_mm - _TOUCHING_MM
            and min(self.y1_mm, self.y2_mm) <= area.top_mm + _TOUCHING_MM
        )


class Flip(StrEnum):
    """The edge about which a duplex printer turns the sheet."""

    LONG = "long"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet and how many cards stand on it beside and above one another."""

    name: str
    width_mm: float
    height_mm: float
    columns: int
    rows: int

    @property
    def cards(self) -> int:
        """How many cards fill a sheet."""
        return self.columns * self.rows

    @property
    def block(self) -> Area:
        """From the first card's trim to the last one's, in the middle of the sheet."""
        width_mm = self.columns * CARD_WIDTH_MM + (self.columns - 1) * 2 * BLEED_MM
        height_mm = self.rows * CARD_HEIGHT_MM + (self.rows - 1) * 2 * BLEED_MM
        return Area((self.width_mm - width_mm) / 2, (self.height_mm - height_mm) / 2, width_mm, height_mm)

    def trims(self) -> tuple[Area, ...]:
        """The trim of each card, in reading order. Neighbours' bleeds meet and do not overlap."""
        block = self.block
        return tuple(
            Area(
                block.left_mm + column * (CARD_WIDTH_MM + 2 * BLEED_MM),
                block.top_mm - CARD_HEIGHT_MM - row * (CARD_HEIGHT_MM + 2 * BLEED_MM),
                CARD_WIDTH_MM,
                CARD_HEIGHT_MM,
            )
            for row in range(self.rows)
            for column in range(self.columns)
        )

    def turns_over_sideways(self, flip: Flip) -> bool:
        """Whether the sheet turns about its upright middle line, like the page of a book; else head over heels."""
        return (flip is Flip.LONG) == (self.height_mm >= self.width_mm)

    def behind(self, trim: Area, flip: Flip) -> Area:
        """Where on the back page something lies that is to be behind `trim` on the front page."""
        if self.turns_over_sideways(flip):
            return Area(self.width_mm - trim.right_mm, trim.bottom_mm, trim.width_mm, trim.height_mm)
        return Area(trim.left_mm, self.height_mm - trim.top_mm, trim.width_mm, trim.height_mm)

    def turns_backs(self, flip: Flip) -> bool:
        """Whether backs stand on their heads, so that a card which is turned sideways shows its back upright."""
        return not self.turns_over_sideways(flip)


A4 = Paper("a4", 210.0, 297.0, 3, 3)
LETTER = Paper("letter", 279.4, 215.9, 4, 2)
"""Landscape: nine cards with their bleed leave no room for marks on upright Letter."""

PAPERS = {paper.name: paper for paper in (A4, LETTER)}


def crop_marks(trims: Sequence[Area]) -> tuple[Mark, ...]:
    """The marks at the corners of these cards, outside of the bleed; one that would touch a neighbour is left out."""
    bleeds = [trim.grown(BLEED_MM) for trim in trims]
    marks = (mark for trim in trims for mark in _corner_marks(trim))
    return tuple(mark for mark in marks if not any(mark.crosses(bleed) for bleed in bleeds))


def _corner_marks(trim: Area) -> tuple[Mark, ...]:
    near, far = BLEED_MM + MARK_GAP_MM, BLEED_MM + MARK_GAP_MM + MARK_MM
    upright = [
        Mark(x, y + way * near, x, y + way * far)
        for x in (trim.left_mm, trim.right_mm)
        for y, way in ((trim.top_mm, 1), (trim.bottom_mm, -1))
    ]
    level = [
        Mark(x + way * near, y, x + way * far, y)
        for y in (trim.top_mm, trim.bottom_mm)
        for x, way in ((trim.left_mm, -1), (trim.right_mm, 1))
    ]
    return (*upright, *level)
