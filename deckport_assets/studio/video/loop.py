"""The loop of a card, from its art and its frame to video files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from deckport_assets.studio.cards.compose import Opening
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video.encoding import MP4, THEORA, Format, check_size, encoded
from deckport_assets.studio.video.scene import Scene

VIDEO_VERSION = "3"
"""Bumped by hand when the same art and frame give another video."""

SIZE_PX = (608, 852)
SECONDS = 3
FPS = 30


def loop(
    art: Pixels,
    frame: Pixels,
    opening: Opening,
    *,
    seed: int,
    size_px: tuple[int, int] = SIZE_PX,
    seconds: float = SECONDS,
    fps: int = FPS,
    formats: Sequence[Format] = (MP4, THEORA),
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> Mapping[str, bytes]:
    """Video files by format, `size_px` (width, height; both even), without sound; they begin and end on the card.

    `art` is the artwork, (height, width, 3); it moves behind the frame (height, width, 4) in the card's opening, whose
    light breathes and stays in its place. The same arguments give the same bytes. `progress` is told the part that is
    done, 0 to 1.

    Raises Cancelled as soon as `cancelled` says so, BadImage for wrong pictures, DeckportError with ffmpeg's own
    words when the encoding fails.
    """
    check_size(size_px)
    count = max(2, round(seconds * fps))
    scene = Scene(art, frame, opening, size_px, seed)
    return encoded(scene.frames(count), count, size_px, fps, formats, cancelled=cancelled, progress=progress)
