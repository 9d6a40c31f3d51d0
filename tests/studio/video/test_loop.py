"""The loop: it moves in depth, it ends where it begins, consoles play it too, and it stops when it is told to."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from deckport_assets.errors import BadImage, Cancelled, DeckportError
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.studio.artist import paint
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, layout, load_theme, render_card
from deckport_assets.studio.cards.compose import Affine, Opening, opening_of
from deckport_assets.studio.cards.draw_list import Box
from deckport_assets.studio.encoding import Pixels
from deckport_assets.studio.video import loop
from deckport_assets.studio.video.depth import nearness
from deckport_assets.studio.video.scene import Scene

SIZE_PX = (304, 426)
COUNT = 90
OPENING = Opening((600, 840), Box(50, 75, 500, 475), (0.5, 0.5), None)
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
def videos(art: Pixels, frame: Pixels) -> Mapping[str, bytes]:
    return loop(art, frame, OPENING, seed=7, size_px=SIZE_PX)


def decoded(data: bytes) -> NDArray[np.int16]:
    """Every picture of a video, (count, height, width, 3)."""
    reading = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0"]
    command = [*reading, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, SIZE_PX[1], SIZE_PX[0], 3).astype(np.int16)


def told(data: bytes) -> str:
    """What ffmpeg says of a video."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", "pipe:0"]
    return subprocess.run(command, input=data, capture_output=True, check=False).stderr.decode()


def test_it_is_three_seconds_of_ninety_pictures_and_nothing_about_how_it_was_made(videos: Mapping[str, bytes]) -> None:
    said = told(videos["mp4"])
    assert "Duration: 00:00:03.00" in said
    assert re.search(r"h264.*yuv420p.*304x426", said)
    assert not re.search(r"(title|comment|description|creation_time)\s*:", said)
    assert len(decoded(videos["mp4"])) == COUNT
    assert videos["mp4"].index(b"moov") < videos["mp4"].index(b"mdat"), "a player can begin at once"


def test_consoles_get_the_same_loop_as_ogg_theora(videos: Mapping[str, bytes]) -> None:
    assert videos["theora"].startswith(b"OggS")
    assert re.search(r"theora.*yuv420p.*304x426", told(videos["theora"]))
    pictures, browsers = decoded(videos["theora"]), decoded(videos["mp4"])
    assert len(pictures) == COUNT
    assert np.abs(pictures - browsers).mean() < 6, "in the same colours"


def test_it_begins_on_the_finished_card(art: Pixels) -> None:
    """The first picture is the composite, made smaller: in a page the loop takes its place unseen."""
    theme, spec = load_theme(PACKAGE_THEMES / "deckport"), CardSpec.of(CARD)
    card, opening = render_card(spec, art, theme), opening_of(layout(spec, theme), theme)
    first = next(Scene(art, card.frame, opening, (608, 852), seed=1).frames(90)).astype(int)
    still = cv2.resize(card.composite, (608, 852), interpolation=cv2.INTER_AREA).astype(int)
    apart = np.abs(first - still)
    assert apart.mean() < 0.6, "rounding, and art that was scaled twice"
    assert np.percentile(apart, 99) <= 6


@pytest.mark.parametrize("kind", ["mp4", "theora"])
def test_it_ends_where_it_begins(videos: Mapping[str, bytes], kind: str) -> None:
    pictures = decoded(videos[kind])
    neighbours = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    seam = np.abs(pictures[-1] - pictures[0]).mean()
    assert neighbours.mean() > 0.2, "it moves"
    assert seam < neighbours.mean()


def test_the_frame_stands_still(videos: Mapping[str, bytes]) -> None:
    pictures = decoded(videos["mp4"])
    below = pictures[:, 300:, 4:-4]
    assert np.abs(below - below[0]).max() <= 12, "but for what the encoder does"


def test_near_parts_move_farther_than_far_ones(frame: Pixels) -> None:
    """Stripes at the top (far) and at the bottom (near), followed by how far they shift."""
    stripes = np.zeros((654, 450, 3), np.uint8)
    stripes[:, ::25] = stripes[:, 1::25] = stripes[:, 2::25] = 140  # below what glows
    scene = Scene(stripes, frame, OPENING, SIZE_PX, seed=1)
    shifts = [scene.moved(turn) for turn in (0.0, 0.6)]

    def shifted_px(rows: slice) -> float:
        one, other = (cv2.cvtColor(each[rows], cv2.COLOR_RGB2GRAY).astype(np.float32) for each in shifts)
        (moved, _), _ = cv2.phaseCorrelate(one, other, cv2.createHanningWindow(one.shape[::-1], cv2.CV_32F))
        return abs(moved)

    assert shifted_px(slice(-40, None)) > 1.5 * shifted_px(slice(0, 40)) > 0


def test_what_is_low_dark_and_in_the_middle_is_near(art: Pixels) -> None:
    near = nearness(art)
    assert near.shape == art.shape[:2] and near.min() >= 0 and near.max() <= 1
    assert near[-60:].mean() > 2 * near[:60].mean()


def test_the_look_s_light_breathes_in_its_place(art: Pixels, frame: Pixels) -> None:
    """Light on the left edge alone: the left edge becomes brighter and darker, and it does not wander."""
    shade = np.full((475, 500, 3), 255, np.uint8)
    shade[:, :40] = 90
    opening = replace(OPENING, light=Affine(shade, 255 - shade))
    dark = np.zeros_like(art)
    pictures = np.array([each.copy() for each in Scene(dark, frame, opening, SIZE_PX, 1).frames(12)]).astype(int)
    left, right = pictures[:, 60:250, 28:40].mean(axis=(1, 2, 3)), pictures[:, 60:250, 200:270].mean(axis=(1, 2, 3))
    assert left.min() > 60 and left.max() > 1.4 * left.min()
    assert right.max() < 12, "but for a few motes"


def test_bright_places_shine(frame: Pixels) -> None:
    """Around a lamp it is brighter than the lamp's own picture says, more when the loop swells."""
    lamp = np.zeros((654, 450, 3), np.uint8)
    lamp[300:354, 200:250] = 255
    scene = Scene(lamp, frame, OPENING, SIZE_PX, seed=1)
    still, swollen = (scene.glowing(lamp_now, 0.6).astype(int) for lamp_now in (scene.moved(0.0), scene.moved(np.pi)))
    assert 0 < (still > 12).sum() < (swollen > 12).sum()


def test_the_same_seed_gives_the_same_bytes(art: Pixels, frame: Pixels, videos: Mapping[str, bytes]) -> None:
    assert loop(art, frame, OPENING, seed=7, size_px=SIZE_PX) == videos
    assert loop(art, frame, OPENING, seed=8, size_px=SIZE_PX)["mp4"] != videos["mp4"]


def test_a_stopped_loop_stops_at_once(art: Pixels, frame: Pixels) -> None:
    asked = iter(range(100))
    with pytest.raises(Cancelled):
        loop(art, frame, OPENING, seed=1, size_px=SIZE_PX, cancelled=lambda: next(asked) > 3)


def test_wrong_pictures_and_sizes_are_refused_in_words(art: Pixels, frame: Pixels) -> None:
    with pytest.raises(BadImage, match="RGB art"):
        loop(frame, frame, OPENING, seed=1)
    with pytest.raises(BadImage, match="window"):
        loop(art, np.full_like(frame, 255), OPENING, seed=1)
    with pytest.raises(DeckportError, match="even"):
        loop(art, frame, OPENING, seed=1, size_px=(121, 168))
