"""Drawing instructions as data: what `layout` decides and `compose` carries out.

Everything is frozen and hashable, so that an instruction is its own cache key and a draw list can be compared with
`==`. Nothing here knows cards or themes, and nothing here draws. Lengths are card pixels (600 an inch).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

RGBA = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255, not premultiplied."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its left upper corner and its size."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float

    @property
    def right_px(self) -> float:
        return self.x_px + self.width_px

    @property
    def bottom_px(self) -> float:
        return self.y_px + self.height_px

    @property
    def centre_px(self) -> tuple[float, float]:
        return self.x_px + self.width_px / 2, self.y_px + self.height_px / 2

    def inset(self, by_px: float) -> Box:
        """The box made smaller on each side (larger when negative)."""
        return Box(self.x_px + by_px, self.y_px + by_px, self.width_px - 2 * by_px, self.height_px - 2 * by_px)


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour that may change over a shape's box: from top to bottom, left to right or centre to rim."""

    direction: Literal["down", "across", "out"]
    stops: tuple[tuple[float, RGBA], ...]
    """(position from 0 to 1, colour), in order; one stop is a plain colour."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled outline: a rounded rectangle, or an SVG path drawn on a square of 100 x 100 and stretched to the box."""

    box: Box
    paint: Paint
    path: str = ""
    """SVG path data; empty means a rounded rectangle."""
    radius_px: float = 0
    ring_px: float = 0
    """When > 0 only a rim of this width is filled (rounded rectangles only)."""
    blur_px: float = 0
    cuts: bool = False
    """True erases what was drawn below instead of painting: this is how the window for the art is made."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text, already fitted: where its baseline starts and how large its letters are."""

    text: str
    font: str
    """The theme's name of a font stack."""
    size_px: float
    x_px: float
    baseline_px: float
    width_px: float
    box: Box
    """What it was fitted into: its ink stays inside."""
    colour: RGBA
    place: str = ""
    """What the theme calls that box."""
    one_face: bool = False
    """One font for all its letters, where one has them, instead of one for each word."""
    tracking_em: float = 0
    outline_px: int = 0
    outline_colour: RGBA = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Light:
    """The coloured light that the frame throws on the art: strongest at the window's edge, gone inside it."""

    colour: tuple[int, int, int]
    strength: float
    reach_px: float


@dataclass(frozen=True, slots=True)
class Glow:
    """A picture of the theme, as large as the card, that is screened over the art: light that is painted."""

    picture: str
    sha256: str
    times: int


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture of the theme, as large as the card, that is laid over what is below it."""

    picture: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DrawList:
    """A whole card: the plate (the same for all cards of a look) first, then the marks of this card."""

    width_px: int
    height_px: int
    window: Box
    focus: tuple[float, float]
    """Which point of the art stays in sight when it is cropped: (0, 0) left top, (0.5, 0.5) centre."""
    light: Light | Glow
    plate: tuple[Shape | Layer, ...]
    marks: tuple[Shape | TextLine, ...]

    def texts(self) -> tuple[TextLine, ...]:
        """The lines of text in the order in which they are drawn."""
        return tuple(mark for mark in self.marks if isinstance(mark, TextLine))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values, for goldens and for people."""
        return asdict(self)
