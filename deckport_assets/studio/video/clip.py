"""A clip that a video model drew, from its file to the card's loop: its frames go behind the card's window.

A clip comes from outside: ffmpeg is told the one container that it may read, and how much of it. What a model is asked
for is `prompts.motion`'s; where clips come from is a resource's.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from deckport_assets.errors import BadImage
from deckport_assets.studio.cards.compose import MIN_ART_PX, Opening, cover
from deckport_assets.studio.encoding import MAX_PIXELS, Pixels
from deckport_assets.studio.video.encoding import MP4, THEORA, Format, check_size, encoded
from deckport_assets.studio.video.loop import SIZE_PX
from deckport_assets.studio.video.window import Window

MOST_PX = 4096
"""The longest side of a clip."""
MOST_FRAMES = 600
LEAST_S, MOST_S = 1, 10
"""A loop that is shorter is a flicker, one that is longer no card's."""

_SMALL_PX = 48, 64
_LOOK_S = 60.0
_PLAY_S = 300.0
"""How long ffmpeg may take to decode a clip once, and to hand out its frames while they are encoded anew."""

_SEAM_STEPS = 3.0
_SEAM_LEVELS = 1.5
"""A seam is a step of more than so many usual ones and so many levels of 256."""
_STILL_LEVELS = 0.5
"""Clips that stand still differ from their first frame by less than this: what an encoder makes of the same picture."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole clip: its size, its rate, and each frame small and grey, (count, 64, 48), for looking at."""

    data: bytes = field(repr=False)
    width_px: int
    height_px: int
    fps: Fraction
    small: NDArray[np.uint8] = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return float(len(self.small) / self.fps)


def open_clip(data: bytes) -> Clip:
    """The clip in an MP4's or a WebM's bytes, when it can be used. Raises BadImage, saying why, when not."""
    return usable(read_clip(data))


def read_clip(data: bytes) -> Clip:
    """The clip in an MP4's or a WebM's bytes, as far as clips are taken, whether or not it can be used.

    Raises BadImage for another file, and for one that cannot be decoded to its end.
    """
    clip = _decoded(data)
    if clip is None:
        raise BadImage("The clip is broken, or neither MP4 nor WebM.", remedy="Have it drawn again.")
    return clip


def usable(clip: Clip) -> Clip:
    """The clip itself.

    Raises BadImage, saying why, for sides of less than MIN_ART_PX or more than MOST_PX, for a single frame or more than
    MOST_FRAMES, and when it plays less than LEAST_S or more than MOST_S.
    """
    size = f"The clip is {clip.width_px} x {clip.height_px} px"
    if not MIN_ART_PX <= min(clip.width_px, clip.height_px) <= max(clip.width_px, clip.height_px) <= MOST_PX:
        raise BadImage(f"{size}: {MIN_ART_PX} to {MOST_PX} a side are taken.", remedy="Change the workflow's size.")
    if not 2 <= len(clip.small) <= MOST_FRAMES or not LEAST_S <= clip.seconds <= MOST_S:
        raise BadImage(
            f"The clip plays {clip.seconds:.2f} s in {len(clip.small)} frames, as far as it was read: {LEAST_S} to "
            f"{MOST_S} s in 2 to {MOST_FRAMES} are taken.",
            remedy="Change the workflow's number of frames or their rate; 3 s are usual.",
        )
    return clip


def clip_texts(data: bytes) -> dict[str, str]:
    """What is written in the container of an MP4 or a WebM, by its keys in small letters; nothing for another file."""
    with _reading(data) as (_, command):
        said = _run([*command, "-f", "ffmetadata", "pipe:1"]) or ""
    unescaped = {key: re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) for key, text in _WRITTEN.findall(said)}
    return {key.lower(): text for key, text in unescaped.items()}


def clip_loop(
    clip: Clip,
    frame: Pixels,
    opening: Opening,
    *,
    size_px: tuple[int, int] = SIZE_PX,
    formats: Sequence[Format] = (MP4, THEORA),
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float], None] | None = None,
) -> Mapping[str, bytes]:
    """Video files by format, of the clip behind the card's frame (height, width, 4) in the light of its look.

    The clip keeps its frames and their rate, loses its sound and what is written in it, and covers the window as the
    artwork does on the card. The same clip gives the same bytes. Raises Cancelled, BadImage, DeckportError.
    """
    check_size(size_px)
    window = Window(frame, opening, size_px)

    def pictures() -> Generator[Pixels]:
        with closing(_frames(clip)) as frames:
            for each in frames:
                shown = cover(each, opening.window, opening.focus)
                small = np.asarray(cv2.resize(shown, window.size_px, interpolation=cv2.INTER_AREA), np.uint8)
                yield window.card_before(window.lit(window.seen(small)))

    with closing(pictures()) as made:
        return encoded(made, len(clip.small), size_px, clip.fps, formats, cancelled=cancelled, progress=progress)


def seam(frames: NDArray[np.uint8]) -> float:
    """How many times larger the step from the last frame to the first is than a usual one, (count, height, width).

    A step is the mean difference of neighbouring frames, in levels of 256; a usual one the median of all. What is
    below the noise of an encoder (_SEAM_LEVELS) counts as no step at all: 0.
    """
    values = frames.astype(np.float32)
    usual = float(np.median(np.abs(np.diff(values, axis=0)).mean(axis=(1, 2))))
    closing_step = float(np.abs(values[-1] - values[0]).mean())
    return closing_step / max(usual, 0.01) if closing_step > usual + _SEAM_LEVELS else 0.0


def has_no_seam(frames: NDArray[np.uint8]) -> bool:
    """Whether the end of a loop meets its beginning."""
    return seam(frames) <= _SEAM_STEPS


def moves(frames: NDArray[np.uint8]) -> bool:
    """Whether anything happens in a clip."""
    values = frames.astype(np.float32)
    return float(np.abs(values - values[0]).mean(axis=(1, 2)).max()) > _STILL_LEVELS


_CAPPED = ("-protocol_whitelist", "file", "-max_pixels", str(MAX_PIXELS), "-t", str(MOST_S + 1))
_STRICT = ("-xerror", "-err_detect", "explode")
_VIDEO = ("-map", "0:v:0", "-fps_mode", "cfr", "-frames:v", str(MOST_FRAMES + 1))
_WRITTEN = re.compile(r"^((?:\\.|[^=\\\n])+)=((?:\\.|[^\\\n])*)$", re.MULTILINE | re.DOTALL)
"""A line of ffmpeg's own format of metadata."""


@contextmanager
def _reading(data: bytes) -> Iterator[tuple[Path, list[str]]]:
    """A folder of its own with the clip, and the beginning of a command of ffmpeg that reads it.

    The container is said outright: of those that ffmpeg would guess, some are lists of other files and addresses.
    """
    container = "mov" if data[4:8] == b"ftyp" else "matroska"
    with tempfile.TemporaryDirectory(prefix="deckport-clip-") as folder:
        clip = Path(folder) / "clip"
        clip.write_bytes(data)
        said = ("-hide_banner", "-nostdin", "-loglevel", "error")
        yield (
            Path(folder),
            [imageio_ffmpeg.get_ffmpeg_exe(), *said, *_STRICT, *_CAPPED, "-f", container, "-i", str(clip)],
        )


def _run(command: list[str]) -> str | None:
    """What ffmpeg writes; None when it says that something is wrong, with or without a status, or does not end."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LOOK_S, check=False)
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode or done.stderr.strip() else done.stdout.decode("utf-8", "replace")


def _decoded(data: bytes) -> Clip | None:
    """The clip after one look at all of it, or at as much as is taken; None when that cannot be decoded."""
    scaled = f"scale={_SMALL_PX[0]}:{_SMALL_PX[1]}:flags=area+bitexact,format=gray"
    with _reading(data) as (folder, command):
        seen = folder / "seen"
        told = _run(
            [*command, *_VIDEO, "-f", "framecrc", "pipe:1", *_VIDEO, "-vf", scaled, "-f", "rawvideo", str(seen)]
        )
        frames = np.frombuffer(seen.read_bytes() if seen.exists() else b"", np.uint8)
    size = re.search(r"^#dimensions 0: (\d+)x(\d+)$", told or "", re.MULTILINE)
    beat = re.search(r"^#tb 0: (\d+)/(\d+)$", told or "", re.MULTILINE)
    if size is None or beat is None or not len(frames):
        return None
    small = frames.reshape(-1, _SMALL_PX[1], _SMALL_PX[0])
    return Clip(data, int(size[1]), int(size[2]), Fraction(int(beat[2]), int(beat[1])), small)


def _frames(clip: Clip) -> Generator[Pixels]:
    """The clip's frames, one after the other. Raises BadImage when they end too early or do not come."""
    size = clip.width_px * clip.height_px * 3
    exact = "scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=rgb24"
    with _reading(clip.data) as (folder, command), (folder / "stderr").open("wb") as said:
        process = subprocess.Popen(
            [*command, *_VIDEO, "-vf", exact, "-f", "rawvideo", "pipe:1"], stdout=subprocess.PIPE, stderr=said
        )
        assert process.stdout is not None
        deadline = threading.Timer(_PLAY_S, process.kill)
        deadline.daemon = True
        deadline.start()
        try:
            for n in range(len(clip.small)):
                data = process.stdout.read(size)
                if len(data) < size:
                    raise BadImage(f"The clip ended at frame {n} of {len(clip.small)}.", remedy="Make the video again.")
                yield np.frombuffer(data, np.uint8).reshape(clip.height_px, clip.width_px, 3)
        finally:
            deadline.cancel()
            process.kill()
            process.wait()
            process.stdout.close()
