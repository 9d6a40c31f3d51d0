"""A loop from servers that fail: the artwork is where the job is, the clip is the job's own, nothing of it leaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deckport_assets.errors import BadImage, OutputMissing, ServiceUnavailable, TemplateError
from deckport_assets.resources.comfyui.animating import clip_size
from deckport_assets.resources.comfyui.execution import Patience
from deckport_assets.resources.providers import Still
from deckport_assets.studio.encoding import png
from deckport_assets.studio.prompts.motion import MOTION
from deckport_assets.studio.video.clip import clip_texts
from tests.fakes.comfyui import FakeComfyUI, Switches
from tests.resources.comfyui.studio import HURRY, Studio
from tests.studio.video.test_loop import OPENING

UPLOAD = "POST /upload/image"
UNHURRIED = replace(HURRY, job_s=30.0, clip_s=30.0, fetch_s=30.0)
"""A clip is drawn while it is waited for, by the same two cores."""

Open = Callable[..., Studio]


@pytest.fixture
def still() -> Still:
    art = np.full((436, 300, 3), (30, 60, 90), np.uint8)
    art[100:200, 100:200] = 220
    frame = np.full((840, 600, 4), (40, 20, 60, 255), np.uint8)
    frame[75:550, 50:550, 3] = 0
    return Still(png(art), png(frame), OPENING, "a moth made of brass")


@pytest.fixture
def unhurried(open_studio: Open) -> Open:
    def opened(*switches: Switches, patience: Patience = UNHURRIED) -> Studio:
        studio = open_studio(*switches)
        studio.comfyui.patience = patience
        return studio

    return opened


def uploads(fake: FakeComfyUI) -> list[Path]:
    """The pictures that lie on a server for its workflows."""
    return sorted((fake.folder / "input").rglob("*.png"))


def test_a_loop_comes_with_all_that_is_known_of_its_making(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    made = studio.animate(still)
    assert (made.width_px, made.height_px) == (608, 852)
    assert made.claims == {"has_no_seam": True, "moves": True}
    provenance = made.provenance
    assert (provenance.provider, provenance.draft, provenance.workflow) == ("comfyui", False, "small-clip 1")
    assert "wan2.1_flf2v_720p_14B_fp16.safetensors" in provenance.model and provenance.seed is not None
    assert provenance.more["server"] == studio.fakes[0].url and len(provenance.more["job"]) == 32


def test_the_server_s_file_tells_the_workflow_and_the_loop_tells_nothing(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    made = studio.animate(still)
    (saved,) = (studio.fakes[0].folder / "output").rglob("*.mp4")
    assert made.provenance.more["job"] in clip_texts(saved.read_bytes())["deckport"]
    assert MOTION in clip_texts(saved.read_bytes())["prompt"] and "moth made of brass" in saved.read_bytes().decode(
        "latin-1"
    )
    for data in (made.mp4, made.theora):
        assert b"moth" not in data and not {"prompt", "deckport"} & clip_texts(data).keys()


def test_the_artwork_is_uploaded_once_under_the_name_of_its_content(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    first, again, other = studio.animate(still), studio.animate(still), studio.animate(still, attempt=1)
    assert first.mp4 == again.mp4 != other.mp4
    assert studio.drawn == 2 and again.provenance.more["found_on_the_server"]
    assert studio.fakes[0].requests.count(UPLOAD) == 1
    assert [path.read_bytes() for path in uploads(studio.fakes[0])] == [still.art_png]


def test_another_artwork_is_another_job(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    other = replace(still, art_png=png(np.full((436, 300, 3), (90, 60, 30), np.uint8)))
    jobs = {studio.animate(each).provenance.more["job"] for each in (still, other)}
    assert len(jobs) == 2 and len(uploads(studio.fakes[0])) == 2


def test_a_picture_that_was_cut_on_the_server_is_uploaded_again(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    studio.animate(still)
    (path,) = uploads(studio.fakes[0])
    path.write_bytes(still.art_png[:100])
    studio.animate(still, attempt=1)
    assert path.read_bytes() == still.art_png


def test_the_server_to_which_a_job_moves_gets_the_artwork_too(unhurried: Open, still: Still) -> None:
    """The first takes the picture and then no job."""
    studio = unhurried(Switches(worker_dead=True), Switches())
    servers = {studio.animate(still, attempt=n).provenance.more["server"] for n in range(3)}
    assert servers == {studio.fakes[1].url}
    assert [len(uploads(fake)) for fake in studio.fakes] == [1, 1]


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param(Switches(other_bytes=1), id="another job's clip lies under its name"),
        pytest.param(Switches(half_file=1), id="its file is cut in half"),
        pytest.param(Switches(lose_file=1), id="its file was deleted"),
    ],
)
def test_what_goes_wrong_once_costs_no_loop(unhurried: Open, still: Still, switches: Switches) -> None:
    studio = unhurried(switches)
    assert studio.animate(still).width_px == 608
    assert studio.drawn == 2


def test_a_clip_that_says_that_it_is_another_s_is_never_taken(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches(other_bytes=9))
    with pytest.raises(OutputMissing, match="another picture under the name of ours"):
        studio.animate(still)


def test_a_server_without_metadata_is_believed(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches(no_metadata=True))
    assert studio.animate(still).width_px == 608 and studio.drawn == 1


def test_a_clip_that_does_not_move_is_kept_and_told(unhurried: Open, still: Still) -> None:
    made = unhurried(Switches(flat=1)).animate(still)
    assert made.mp4 and made.claims == {"has_no_seam": True, "moves": False}


def test_a_server_that_takes_no_such_picture_refuses_the_card(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches(most_upload_bytes=200))
    with pytest.raises(BadImage, match="answered 413"):
        studio.animate(still)
    assert studio.drawn == 0


def test_a_server_that_renames_what_it_is_given_is_no_use(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches(renames_uploads=True), Switches())
    servers = {studio.animate(still, attempt=n).provenance.more["server"] for n in range(2)}
    assert servers == {studio.fakes[1].url}

    with pytest.raises(ServiceUnavailable, match="keeps the uploaded deckport/"):
        unhurried(Switches(renames_uploads=True)).animate(still)


def test_a_workflow_for_pictures_is_refused_before_anything_is_drawn(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    studio.animator.template = "small"
    with pytest.raises(TemplateError, match="'small' makes no clip of a card's artwork"):
        studio.animate(still)
    assert studio.fakes[0].requests == []


@pytest.mark.parametrize(
    ("art_px", "clip_px"),
    [((1200, 1744), (640, 928)), ((2000, 2000), (768, 768)), ((1744, 1200), (928, 640)), ((6000, 500), (1280, 256))],
)
def test_the_clip_has_the_proportions_of_the_artwork(
    unhurried: Open, art_px: tuple[int, int], clip_px: tuple[int, int]
) -> None:
    """As many pixels as the workflow's own, as far as it lets them be chosen: nothing of the art is cropped away."""
    template = unhurried(Switches()).comfyui.template("card-video-wan")
    assert tuple(clip_size(template, *art_px).values()) == clip_px


def test_what_an_operator_sets_for_every_clip_wins(unhurried: Open, still: Still) -> None:
    studio = unhurried(Switches())
    studio.animator.values = {"steps": 4, "width": 320, "height": 256}
    studio.animate(still)
    (entry,) = studio.fakes[0].worker.history.values()
    sampler, scale = (entry["prompt"][2][node]["inputs"] for node in ("12", "6"))
    assert (sampler["steps"], scale["width"], scale["height"]) == (4, 320, 256)


def test_a_workflow_whose_size_is_its_own_is_left_alone(unhurried: Open) -> None:
    assert clip_size(unhurried(Switches()).comfyui.template("small"), 1200, 1744) == {}
