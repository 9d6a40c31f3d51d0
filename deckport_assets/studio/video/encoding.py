"""From pictures to video files: one ffmpeg, the only process that the studio starts, writes every format in one pass.

What is in the pictures is `scene`'s and `clip`'s.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

from deckport_assets.errors import Cancelled, DeckportError
from deckport_assets.studio.encoding import Pixels

_STDERR_TAIL = 1500
_END_S = 60


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of video file, and what ffmpeg is told to make it."""

    name: str
    extension: str
    options: tuple[str, ...]


MP4 = Format(
    "mp4",
    "mp4",
    (
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-threads", "1"),
        # Without macroblock tree: it saves bits on the last pictures, which showed as a seam to the fine first one.
        *("-x264-params", "mbtree=0", "-bsf:v", "filter_units=remove_types=6"),
        # Said outright, or players guess the colours by the picture's size.
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", "-colorspace", "bt709"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-movflags", "+faststart"),
    ),
)
"""H.264 without sound, its index first so that players begin at once: for browsers and shops."""

THEORA = Format(
    "theora",
    "ogv",
    # Theora has no word for bt709: its players, Godot's too, reckon with the matrix of bt601.
    ("-c:v", "libtheora", "-q:v", "8", "-g", "30", "-vf", "scale=out_color_matrix=bt601:out_range=tv,format=yuv420p"),
)
"""Ogg Theora without sound: what the consoles' engine plays."""


def check_size(size_px: tuple[int, int]) -> None:
    """Raises DeckportError for a width and height that video formats do not take."""
    if size_px[0] % 2 or size_px[1] % 2 or min(size_px) < 16:
        raise DeckportError(f"A video of {size_px[0]} x {size_px[1]} px: width and height must be even, at least 16.")


def encoded(
    pictures: Iterator[Pixels],
    count: int,
    size_px: tuple[int, int],
    fps: int | Fraction,
    formats: Sequence[Format],
    *,
    cancelled: Callable[[], bool],
    progress: Callable[[float], None] | None,
) -> Mapping[str, bytes]:
    """The files by the names of their formats. One picture, the pipe and the encoders' lookahead are in memory.

    The same pictures give the same bytes. The videos go through files in a folder of their own: to put an index
    first, ffmpeg must go back in what it wrote, which it cannot in a pipe. Raises Cancelled as soon as `cancelled`
    says so, DeckportError with ffmpeg's own words when the encoding fails.
    """
    with tempfile.TemporaryDirectory(prefix="deckport-video-") as folder, (Path(folder) / "stderr").open("wb") as said:
        targets = {each.name: Path(folder) / f"loop.{each.extension}" for each in formats}
        command = _ffmpeg_command(size_px, fps)
        for each in formats:
            command += [*_EXACT, *each.options, str(targets[each.name])]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        try:
            _feed(process, pictures, count, cancelled, progress)
            status = process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired as error:
            raise DeckportError(
                "ffmpeg did not finish the video.", remedy="Make it again; look at the load."
            ) from error
        finally:
            process.kill()
            process.wait()
        if status != 0 or not all(target.is_file() for target in targets.values()):
            words = (Path(folder) / "stderr").read_text("utf-8", "replace").strip()[-_STDERR_TAIL:]
            raise DeckportError(
                f"ffmpeg could not encode the video (exit status {status}): {words or 'no word of why'}"
            )
        return {name: target.read_bytes() for name, target in targets.items()}


_EXACT = ("-an", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
"""For each file: no sound, and nothing in it that tells of the time or place of its making."""


def _ffmpeg_command(size_px: tuple[int, int], fps: int | Fraction) -> list[str]:
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size_px[0]}x{size_px[1]}", "-r", str(fps), "-i", "pipe:0"]
    return [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *given]


def _feed(
    process: subprocess.Popen[bytes],
    pictures: Iterator[Pixels],
    count: int,
    cancelled: Callable[[], bool],
    progress: Callable[[float], None] | None,
) -> None:
    """Write the pictures to ffmpeg. If it dies, stop: its exit status and its last words say why."""
    assert process.stdin is not None
    try:
        for i, picture in enumerate(pictures):
            if cancelled():
                process.kill()
                raise Cancelled("The video was stopped.")
            process.stdin.write(picture.data)
            if progress is not None:
                progress((i + 1) / count)
    except BrokenPipeError:
        pass
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
