"""The card's video: its art breathing and drifting under the still frame, as a loop without a seam.

Makes frames and has ffmpeg encode them, the only process that the studio starts. Which
card gets a video, and videos that a service paints, belong to the assets.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from deckport_assets.errors import BadImage, Cancelled, DeckportError
from deckport_assets.studio.encoding import Pixels

VIDEO_VERSION = "1"
"""Bumped by hand when the same art and frame give another video."""

_ZOOM = 1.14
"""How much larger than the window the art is: the room in which it drifts."""

_DRIFT = 0.8
"""The part of that room which the drift uses."""

_BREATH = 0.07
"""How much brighter and darker the light becomes, as a part of full."""

_REST = 0.7
"""How much slower the drift is where the loop closes: the eye does not see a seam in what hardly moves."""

_MOTES = 22
_STDERR_TAIL = 1500
_END_S = 60


def loop(
    art: Pixels,
    frame: Pixels,
    *,
    seed: int,
    size_px: tuple[int, int] = (608, 852),
    seconds: float = 3,
    fps: int = 30,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[float], None] | None = None,
) -> bytes:
    """An MP4 (H.264, yuv420p, no sound) of `size_px` (width, height; both even) that ends where it begins.

    `art` is the lit art, (height, width, 3); it moves behind the window of `frame` (height, width, 4), which is where
    the frame is clear. The same arguments give the same frames. `progress` is told the part that is done, 0 to 1.

    Raises Cancelled as soon as `cancelled` says so, BadImage for wrong pictures, DeckportError with ffmpeg's own
    words when the encoding fails.
    """
    width_px, height_px = size_px
    if width_px % 2 or height_px % 2 or min(size_px) < 16:
        raise DeckportError(f"A video of {width_px} x {height_px} px: width and height must be even, at least 16.")
    count = max(2, round(seconds * fps))
    scene = _Scene(art, frame, size_px, seed)
    return _encoded(scene.frames(count), count, size_px, fps, cancelled or (lambda: False), progress)


class _Scene:
    """The card at the video's size, its window, and what moves in it."""

    def __init__(self, art: Pixels, frame: Pixels, size_px: tuple[int, int], seed: int) -> None:
        if art.ndim != 3 or art.shape[2] != 3 or frame.ndim != 3 or frame.shape[2] != 4:
            raise BadImage(f"A loop needs RGB art and an RGBA frame, not {art.shape} and {frame.shape}.")
        # Averaged with premultiplied colours: the frame's edge must not take colour from what is clear.
        alpha = cv2.extractChannel(frame, 3).astype(np.float32) * np.float32(1 / 255)
        colours = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB).astype(np.float32) * alpha[:, :, None]
        colours = cv2.resize(colours, size_px, interpolation=cv2.INTER_AREA)
        alpha = np.asarray(cv2.resize(alpha, size_px, interpolation=cv2.INTER_AREA), np.float32)
        self._card = np.rint(colours).astype(np.uint8)
        rows, columns = np.any(alpha < 1, axis=1).nonzero()[0], np.any(alpha < 1, axis=0).nonzero()[0]
        if not len(rows):
            raise BadImage("The frame has no clear window for the art.")
        self._window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self._frame_in_window = self._card[self._window].copy()
        clear = np.rint((1 - alpha[self._window]) * 255).astype(np.uint8)
        self._clear = np.asarray(cv2.merge([clear, clear, clear]), np.uint8)
        self._size_px = clear.shape[1], clear.shape[0]
        self._art = _cover(art, math.ceil(self._size_px[0] * _ZOOM), math.ceil(self._size_px[1] * _ZOOM))
        self._motes = _Motes(self._size_px, seed)

    def frames(self, count: int) -> Iterator[Pixels]:
        """The frames of one turn, (height, width, 3); the one after the last would be the first."""
        picture = self._card
        for i in range(count):
            turn = 2 * math.pi * i / count
            moving = self._moved(turn - _REST * math.sin(turn))
            self._motes.glow_on(moving, turn)
            gain = 1 - _BREATH * math.cos(turn)
            behind = cv2.multiply(moving, self._clear, scale=gain / 255)
            picture[self._window] = cv2.add(behind, self._frame_in_window)
            yield picture

    def _moved(self, turn: float) -> Pixels:
        """The part of the art that is in sight: it drifts in an ellipse while the zoom swings once."""
        (width_px, height_px), (art_height_px, art_width_px) = self._size_px, self._art.shape[:2]
        zoom = 1 + (_ZOOM - 1) * 0.25 * (1 - math.cos(turn))
        free_x_px, free_y_px = (art_width_px - width_px / zoom) / 2, (art_height_px - height_px / zoom) / 2
        room_x_px, room_y_px = (art_width_px - width_px) / 2 * _DRIFT, (art_height_px - height_px) / 2 * _DRIFT
        left_px, top_px = free_x_px + room_x_px * math.sin(turn), free_y_px + room_y_px * math.cos(turn)
        matrix = np.array([[1 / zoom, 0, left_px], [0, 1 / zoom, top_px]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(self._art, matrix, self._size_px, flags=flags, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, np.uint8)


class _Motes:
    """A few specks of light that rise slowly and return to where they began."""

    def __init__(self, size_px: tuple[int, int], seed: int) -> None:
        random = np.random.default_rng(seed)
        self._size_px = size_px
        self._x, self._y, self._phase = random.random((3, _MOTES))
        self._rises = random.integers(1, 3, _MOTES)
        self._sprites = [_speck(radius_px) for radius_px in random.uniform(1.5, 4.5, _MOTES) * size_px[0] / 530]

    def glow_on(self, picture: Pixels, turn: float) -> None:
        """Add each speck's light to the picture, in place. Specks fade at the top and bottom, where they wrap."""
        part = turn / (2 * math.pi)
        for i, speck in enumerate(self._sprites):
            height = (self._y[i] + part * self._rises[i]) % 1.0
            brightness = math.sin(math.pi * height) * (0.65 + 0.35 * math.sin(turn + 2 * math.pi * self._phase[i]))
            x_px = (self._x[i] + 0.02 * math.sin(turn + 2 * math.pi * self._phase[i])) * self._size_px[0]
            _add_light(picture, speck, brightness, x_px, (1 - height) * self._size_px[1])


def _speck(radius_px: float) -> NDArray[np.float32]:
    reach = math.ceil(radius_px * 3)
    at = np.arange(-reach, reach + 1, dtype=np.float32)
    grey = 200 * np.exp(-(at[:, None] ** 2 + at[None, :] ** 2) / (2 * radius_px**2))
    return np.asarray(grey[:, :, None] * np.array([1.0, 0.95, 0.8], np.float32), np.float32)


def _add_light(picture: Pixels, speck: NDArray[np.float32], brightness: float, x_px: float, y_px: float) -> None:
    reach = speck.shape[0] // 2
    # Moved by parts of a pixel, or slow specks would jump.
    shift = np.array([[1, 0, x_px - math.floor(x_px)], [0, 1, y_px - math.floor(y_px)]])
    speck = np.asarray(cv2.warpAffine(speck * np.float32(brightness), shift, speck.shape[:2]), np.float32)
    left, top = math.floor(x_px) - reach, math.floor(y_px) - reach
    right, bottom = min(picture.shape[1], left + speck.shape[1]), min(picture.shape[0], top + speck.shape[0])
    from_x, from_y = max(0, -left), max(0, -top)
    if right <= left + from_x or bottom <= top + from_y:
        return
    area = picture[top + from_y : bottom, left + from_x : right]
    light = np.rint(speck[from_y : bottom - top, from_x : right - left]).astype(np.uint8)
    area[:] = cv2.add(np.ascontiguousarray(area), np.ascontiguousarray(light))


def _cover(art: Pixels, width_px: int, height_px: int) -> Pixels:
    """The art scaled to cover a size and cropped to it in the middle."""
    scale = max(width_px / art.shape[1], height_px / art.shape[0])
    crop_width, crop_height = round(width_px / scale), round(height_px / scale)
    left, top = (art.shape[1] - crop_width) // 2, (art.shape[0] - crop_height) // 2
    cropped = np.ascontiguousarray(art[top : top + crop_height, left : left + crop_width])
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cropped, (width_px, height_px), interpolation=kind), np.uint8)


def _encoded(
    pictures: Iterator[Pixels],
    count: int,
    size_px: tuple[int, int],
    fps: int,
    cancelled: Callable[[], bool],
    progress: Callable[[float], None] | None,
) -> bytes:
    """Feed ffmpeg picture by picture; one picture, the pipe and the encoder's lookahead are all that is in memory.

    The video goes through a file in a folder of its own: to put its index first (so that players begin at once)
    ffmpeg must go back in what it wrote, which it cannot in a pipe.
    """
    with tempfile.TemporaryDirectory(prefix="deckport-video-") as folder, (Path(folder) / "stderr").open("wb") as said:
        target = Path(folder) / "loop.mp4"
        command = [*_ffmpeg_command(size_px, fps), str(target)]
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
        if status != 0 or not target.is_file():
            words = (Path(folder) / "stderr").read_text("utf-8", "replace").strip()[-_STDERR_TAIL:]
            raise DeckportError(
                f"ffmpeg could not encode the video (exit status {status}): {words or 'no word of why'}"
            )
        return target.read_bytes()


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


def _ffmpeg_command(size_px: tuple[int, int], fps: int) -> list[str]:
    given = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size_px[0]}x{size_px[1]}", "-r", str(fps), "-i", "pipe:0"]
    codec = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1"]
    # Without macroblock tree: it saves bits on the last pictures, which showed as a seam to the fine first one.
    even = ["-x264-params", "mbtree=0", "-bsf:v", "filter_units=remove_types=6"]
    # Said outright, or players guess the colours by the picture's size.
    colour = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709", "-color_primaries", "bt709"]
    exact = ["-color_trc", "bt709", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
    quiet = ["-hide_banner", "-loglevel", "error", "-y"]
    return [imageio_ffmpeg.get_ffmpeg_exe(), *quiet, *given, *codec, *even, *colour, *exact, "-movflags", "+faststart"]
