"""The loop: it moves, it ends where it begins, and it stops when it is told to."""

from __future__ import annotations

import re
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from deckport_assets.errors import BadImage, Cancelled, DeckportError
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video import loop

SIZE_PX = (304, 426)
CARD = Card("s", "AZURE-001", "s", "S", Category.CREATURE, Rarity.COMMON, False, Colour.AZURE, 1, 1)


@pytest.fixture(scope="module")
def art() -> Pixels:
    """A real painting: how a loop looks depends on what it moves."""
    return paint(CARD, "a wolf under the moon", size_px=(450, 654))


@pytest.fixture(scope="module")
def frame() -> Pixels:
    layer = np.full((840, 600, 4), (40, 20, 60, 255), np.uint8)
    layer[75:550, 50:550, 3] = 0
    return layer


@pytest.fixture(scope="module")
def mp4(art: Pixels, frame: Pixels) -> bytes:
    return loop(art, frame, seed=7, size_px=SIZE_PX)


def decoded(data: bytes) -> NDArray[np.int16]:
    """Every picture of a video, (count, height, width, 3)."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        "pipe:0",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]
    raw = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, SIZE_PX[1], SIZE_PX[0], 3).astype(np.int16)


def test_it_is_three_seconds_of_ninety_pictures_and_nothing_about_how_it_was_made(mp4: bytes) -> None:
    told = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", "pipe:0"], input=mp4, capture_output=True, check=False
    ).stderr.decode()
    assert "Duration: 00:00:03.00" in told
    assert re.search(r"h264.*yuv420p.*304x426", told)
    assert not re.search(r"(title|comment|description|creation_time)\s*:", told)
    assert len(decoded(mp4)) == 90
    assert mp4.index(b"moov") < mp4.index(b"mdat"), "a player can begin at once"


def test_it_ends_where_it_begins(mp4: bytes) -> None:
    pictures = decoded(mp4)
    neighbours = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    seam = np.abs(pictures[-1] - pictures[0]).mean()
    assert neighbours.mean() > 0.2, "it moves"
    assert seam < neighbours.mean()


def test_the_frame_stands_still(mp4: bytes) -> None:
    pictures = decoded(mp4)
    below = pictures[:, 300:, 4:-4]
    assert np.abs(below - below[0]).max() <= 12, "but for what the encoder does"


def test_the_same_seed_gives_the_same_bytes(art: Pixels, frame: Pixels, mp4: bytes) -> None:
    assert loop(art, frame, seed=7, size_px=SIZE_PX) == mp4
    assert loop(art, frame, seed=8, size_px=SIZE_PX) != mp4


def test_a_stopped_loop_stops_at_once(art: Pixels, frame: Pixels) -> None:
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        loop(art, frame, seed=1, size_px=SIZE_PX, cancelled=lambda: next(asked) > 3)


def test_wrong_pictures_and_sizes_are_refused_in_words(art: Pixels, frame: Pixels) -> None:
    with pytest.raises(BadImage, match="RGB art"):
        loop(frame, frame, seed=1)
    with pytest.raises(BadImage, match="window"):
        loop(art, np.full_like(frame, 255), seed=1)
    with pytest.raises(DeckportError, match="even"):
        loop(art, frame, seed=1, size_px=(121, 168))
