"""A clip behind the card's window: what is seen there, what is refused, what is told of a loop that does not close."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from deckport_assets.errors import BadImage, Cancelled, DeckportError
from deckport_assets.studio.artist import paint
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, layout, load_theme, render_card
from deckport_assets.studio.cards.compose import opening_of
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video import MP4, clip_loop, has_no_seam, moves, open_clip, read_clip
from deckport_assets.studio.video.clip import clip_texts, seam
from tests.studio.video.test_loop import CARD, OPENING, told

SAVED_BY_A_SERVER = ["-movflags", "use_metadata_tags", "-metadata", f"prompt={json.dumps({'3': 'a secret; = # wolf'})}"]
FILMED = (256, 376)


def filmed(folder: Path, source: str, *options: str, name: str = "clip.mp4") -> bytes:
    """A clip that ffmpeg makes of one of its own sources."""
    path = folder / name
    making = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(path)]
    subprocess.run(making, check=True)
    return path.read_bytes()


def filmed_of(folder: Path, pictures: list[Pixels], *, fps: int = 16, options: tuple[str, ...] = ()) -> bytes:
    """A clip of these pictures, as good as can be."""
    height, width = pictures[0].shape[:2]
    path = folder / "of.mp4"
    writer = imageio_ffmpeg.write_frames(
        str(path), (width, height), fps=fps, codec="libx264", macro_block_size=1, quality=None,
        output_params=["-crf", "10", *options],
    )  # fmt: skip
    writer.send(None)
    for picture in pictures:
        writer.send(np.ascontiguousarray(picture).tobytes())
    writer.close()
    return path.read_bytes()


@pytest.fixture(scope="module")
def art() -> Pixels:
    return paint(CARD, "a wolf under the moon", size_px=FILMED)


@pytest.fixture(scope="module")
def turning(art: Pixels, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The art, turned once round in 32 frames of 16 a second: it ends where it begins."""
    pictures = [np.roll(art, 8 * n, axis=1) for n in range(32)]
    return filmed_of(tmp_path_factory.mktemp("turning"), pictures, options=tuple(SAVED_BY_A_SERVER))


@pytest.fixture(scope="module")
def frame() -> Pixels:
    layer = np.full((840, 600, 4), (40, 20, 60, 255), np.uint8)
    layer[75:550, 50:550, 3] = 0
    return layer


def decoded(data: bytes, size_px: tuple[int, int]) -> NDArray[np.int16]:
    reading = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    raw = subprocess.run([*reading, "-"], input=data, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, size_px[1], size_px[0], 3).astype(np.int16)


# --- What becomes of a clip ----------------------------------------------------------------------------------------


def test_a_clip_is_read_to_its_end(turning: bytes) -> None:
    clip = open_clip(turning)
    assert (clip.width_px, clip.height_px, clip.fps, len(clip.small), clip.seconds) == (256, 376, 16, 32, 2.0)


def test_its_loop_keeps_frames_and_rate_and_loses_what_is_written_in_it(turning: bytes, frame: Pixels) -> None:
    assert "secret" in clip_texts(turning)["prompt"], "the server's file holds the whole workflow"
    for data in clip_loop(open_clip(turning), frame, OPENING, size_px=(304, 426)).values():
        assert "16 tbr" in told(data)
        assert len(decoded(data, (304, 426))) == 32
        assert b"secret" not in data and b"wolf" not in data and not {"prompt", "deckport"} & clip_texts(data).keys()


def test_its_first_frame_shows_what_the_finished_card_shows(art: Pixels, tmp_path: Path) -> None:
    """In the same place and in the same light."""
    theme, spec = load_theme(PACKAGE_THEMES / "deckport"), CardSpec.of(CARD)
    card, opening = render_card(spec, art, theme), opening_of(layout(spec, theme), theme)
    clip = open_clip(filmed_of(tmp_path, [art] * 16))
    loop = clip_loop(clip, card.frame, opening, formats=[MP4])["mp4"]
    first = decoded(loop, (608, 852))[0]
    still = cv2.resize(card.composite, (608, 852), interpolation=cv2.INTER_AREA).astype(np.int16)
    apart = np.abs(first - still)
    assert apart.mean() < 2.5, "art that was encoded twice, with half of its colours"


def test_colours_come_back_as_they_were_drawn(tmp_path: Path, frame: Pixels) -> None:
    """A server writes down nothing about its colours: what is bright red there is that red in the loop."""
    red = np.full((376, 256, 3), (210, 30, 50), np.uint8)
    loop = clip_loop(open_clip(filmed_of(tmp_path, [red] * 16)), frame, OPENING, size_px=(304, 426), formats=[MP4])
    assert np.abs(decoded(loop["mp4"], (304, 426))[0, 150, 150] - red[0, 0]).max() <= 4


def test_the_frame_stands_still(turning: bytes, frame: Pixels) -> None:
    pictures = decoded(clip_loop(open_clip(turning), frame, OPENING, size_px=(304, 426))["mp4"], (304, 426))
    below, behind = pictures[:, 300:, 4:-4], pictures[:, 60:250, 40:260]
    assert np.abs(below - below[0]).max() <= 12, "but for what the encoder does"
    assert np.abs(behind - behind[0]).max() > 60


def test_the_same_clip_gives_the_same_bytes(turning: bytes, frame: Pixels) -> None:
    once, again = (clip_loop(open_clip(turning), frame, OPENING, size_px=(304, 426)) for _ in range(2))
    assert once == again


def test_a_broken_rate_is_kept_as_it_is(tmp_path: Path, frame: Pixels) -> None:
    clip = open_clip(filmed(tmp_path, "testsrc2=s=256x376:r=30000/1001:d=2", "-pix_fmt", "yuv420p"))
    assert len(clip.small) == 60
    assert "29.97 fps" in told(clip_loop(clip, frame, OPENING, size_px=(304, 426), formats=[MP4])["mp4"])


def test_sound_is_left_out(tmp_path: Path, frame: Pixels) -> None:
    noisy = filmed(
        tmp_path, "testsrc2=s=256x376:r=16:d=2", "-f", "lavfi", "-i", "sine=d=2", "-pix_fmt", "yuv420p", "-c:a", "aac"
    )
    assert "Audio" in told(noisy)
    assert "Audio" not in told(clip_loop(open_clip(noisy), frame, OPENING, size_px=(304, 426), formats=[MP4])["mp4"])


def test_a_stopped_loop_stops_at_once(turning: bytes, frame: Pixels) -> None:
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        clip_loop(open_clip(turning), frame, OPENING, size_px=(304, 426), cancelled=lambda: next(asked) > 3)
    with pytest.raises(DeckportError, match="even"):
        clip_loop(open_clip(turning), frame, OPENING, size_px=(121, 168))


# --- What is none --------------------------------------------------------------------------------------------------


def webm(folder: Path) -> bytes:
    making = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-metadata", "prompt={}")
    return filmed(folder, "testsrc2=s=256x376:r=16:d=2", *making, name="clip.webm")


def index_first(folder: Path) -> bytes:
    return filmed(folder, "testsrc2=s=256x376:r=16:d=2", "-pix_fmt", "yuv420p", "-movflags", "+faststart")


def index_last(folder: Path) -> bytes:
    return filmed(folder, "testsrc2=s=256x376:r=16:d=2", "-pix_fmt", "yuv420p")


@pytest.mark.parametrize("making", [webm, index_first, index_last])
def test_half_a_clip_is_none(tmp_path: Path, making: Callable[[Path], bytes]) -> None:
    whole = making(tmp_path)
    assert len(open_clip(whole).small) == 32
    half = whole[: len(whole) // 2]
    with pytest.raises(BadImage, match="broken"):
        read_clip(half)


def test_a_webm_tells_what_is_written_in_it(tmp_path: Path) -> None:
    assert clip_texts(webm(tmp_path))["prompt"] == "{}"


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"#EXTM3U\nhttp://127.0.0.1:1/a.ts\n", b"\0\0\0 ftypisom" + bytes(64)]
)
def test_what_is_no_clip_is_none(data: bytes) -> None:
    with pytest.raises(BadImage, match="broken, or neither"):
        read_clip(data)
    assert clip_texts(data) == {}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("testsrc2=s=256x376:r=16:d=0.5", "plays 0.50 s"),
        ("testsrc2=s=256x376:r=16:d=14", "plays 11.00 s in 176 frames, as far as it was read"),
        ("testsrc2=s=256x376:r=120:d=6", "in 601 frames"),
        ("testsrc2=s=256x376:r=1:d=1", "in 1 frames"),
        ("testsrc2=s=200x376:r=16:d=2", "200 x 376 px: 256 to 4096 a side"),
        ("testsrc2=s=4200x256:r=8:d=1", "4200 x 256 px: 256 to 4096 a side"),
    ],
)
def test_a_clip_of_another_measure_is_whole_and_refused_in_words(tmp_path: Path, source: str, words: str) -> None:
    data = filmed(tmp_path, source, "-pix_fmt", "yuv420p", "-preset", "ultrafast")
    assert read_clip(data), "or it would be drawn again, as broken"
    with pytest.raises(BadImage, match=words):
        open_clip(data)


# --- What is told of a loop ----------------------------------------------------------------------------------------


def test_a_loop_that_closes_has_no_seam(turning: bytes) -> None:
    assert has_no_seam(open_clip(turning).small) and moves(open_clip(turning).small)


def test_a_loop_that_jumps_back_has_one(art: Pixels, tmp_path: Path) -> None:
    jumping = open_clip(filmed_of(tmp_path, [np.roll(art, 2 * n, axis=1) for n in range(32)]))
    assert not has_no_seam(jumping.small) and seam(jumping.small) > 5


def test_a_loop_that_stands_still_is_told(art: Pixels, tmp_path: Path) -> None:
    """An encoder makes something else of each picture, and that is no motion."""
    poor = open_clip(filmed_of(tmp_path, [art] * 32, options=("-crf", "34")))
    assert not moves(poor.small) and has_no_seam(poor.small)


def test_a_spark_is_motion_enough(art: Pixels, tmp_path: Path) -> None:
    sparking = []
    for n in range(32):
        picture = art.copy()
        cv2.circle(picture, (60 + 4 * n, 200), 9, (255, 240, 200), -1)
        sparking.append(picture)
    assert moves(open_clip(filmed_of(tmp_path, sparking)).small)
