"""Cards whose pictures and loops real servers draw: drafts are replaced on a person's word, oddities are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.prompts import Origin, add_prompt, prompt_versions
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE, FRAME, PROMPT, THUMBNAIL, VIDEO
from deckport_assets.catalog.reviewing import judge
from deckport_assets.catalog.standing import Order, Selection
from deckport_assets.catalog.versions import Review, Version, roll_back
from deckport_assets.definitions import live, real_assets
from deckport_assets.production import check_again
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIAnimator, ComfyUIArtist
from deckport_assets.settings import Settings
from tests.catalog_source import card
from tests.fakes.comfyui import FakeComfyUI, running
from tests.pipeline import Pipeline
from tests.resources.comfyui.studio import HURRY, small_workflow

A, B, C = "alder-wolf", "briar-gate", "cinder-hawk"


@pytest.fixture
def catalog_url(tmp_path: Path) -> str:
    """SQLite alone here."""
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeComfyUI]:
    with running(tmp_path / "server") as fake:
        yield fake


@pytest.fixture
def drafts(tmp_path: Path, instance: dg.DagsterInstance, database: Database) -> Pipeline:
    """Three cards with the embedded artist's pictures."""
    pipeline = Pipeline(tmp_path / "var", instance, database)
    pipeline.bring_in([card(A), card(B), card(C)])
    pipeline.run(A, B, C, assets=[PROMPT])
    pipeline.run(A, B, C, assets=[ARTWORK])
    return pipeline


@pytest.fixture
def line(drafts: Pipeline, server: FakeComfyUI, tmp_path: Path) -> Pipeline:
    """The same with a server that draws."""
    workflows = small_workflow(tmp_path / "workflows")
    comfyui = ComfyUI([server.url], drafts.database.url, workflows=[workflows], patience=HURRY, wait_s=1)
    drafts.given["artist"] = ComfyUIArtist(comfyui, "small")
    return drafts


def drafts_anew() -> dict[str, str]:
    return Order(Selection.DRAFTS).tags()


def test_drafts_stay_until_a_person_asks_for_real_pictures(line: Pipeline, server: FakeComfyUI) -> None:
    line.run(A, B, C, assets=[ARTWORK])
    assert line.version(ARTWORK, A).draft and not server.worker.done

    assert line.run(A, B, C, assets=[ARTWORK], tags=drafts_anew()).success
    assert not line.version(ARTWORK, A).draft and len(server.worker.done) == 3

    line.run(A, B, C, assets=[ARTWORK], tags=drafts_anew())
    assert len(server.worker.done) == 3, "what is real is not drawn again"


def test_a_card_whose_draft_was_replaced_is_rendered_anew_unasked(line: Pipeline, server: FakeComfyUI) -> None:
    line.run(A, B, C, assets=[COMPOSITE, FRAME, THUMBNAIL])
    line.asked_unasked()
    assert line.run(A, assets=[ARTWORK], tags=drafts_anew()).success
    assert line.asked_unasked() == {COMPOSITE: {A}, FRAME: {A}, THUMBNAIL: {A}}


def test_the_partition_says_which_server_drew_it_with_what(line: Pipeline, server: FakeComfyUI) -> None:
    line.run(A, assets=[ARTWORK], tags=drafts_anew())
    made = line.version(ARTWORK, A)
    assert (made.provider, made.workflow, made.more["server"]) == ("comfyui", "small 1", server.url)
    event = line.instance.get_latest_materialization_event(dg.AssetKey(["cards", "artwork"]))
    told = event.asset_materialization.metadata  # type: ignore[union-attr]
    assert told["server"].value == server.url and told["workflow"].value == "small 1"
    assert told["seed"].value == made.seed


def test_a_redraw_is_another_picture_and_keeps_the_one_before(line: Pipeline, server: FakeComfyUI) -> None:
    line.run(A, assets=[ARTWORK], tags=drafts_anew())
    before = line.version(ARTWORK, A)
    line.run(A, assets=[ARTWORK], tags=replace(Order(), redraw=frozenset([ARTWORK])).tags())
    after = line.version(ARTWORK, A)
    assert after.attempt == before.attempt + 1 and after.seed != before.seed and after.sha256 != before.sha256
    assert line.media.read(before.path, before.sha256)


def test_after_a_rollback_a_redraw_is_not_the_picture_that_was_gone_back_from(
    line: Pipeline, server: FakeComfyUI
) -> None:
    redraw = replace(Order(), redraw=frozenset([ARTWORK])).tags()
    line.run(A, assets=[ARTWORK], tags=drafts_anew())
    line.run(A, assets=[ARTWORK], tags=redraw)
    gone_from = line.version(ARTWORK, A)
    with line.database.writing() as connection:
        roll_back(connection, ARTWORK, A)
    line.run(A, assets=[ARTWORK], tags=redraw)
    assert line.version(ARTWORK, A).sha256 != gone_from.sha256 and line.version(ARTWORK, A).attempt == 2


def test_a_node_that_fails_is_named_on_the_list_and_the_draft_stays(line: Pipeline, server: FakeComfyUI) -> None:
    server.switches.node_fails = "VAEDecode"
    assert not line.run(A, B, C, assets=[ARTWORK], tags=drafts_anew()).success
    failures = {failure.partition: failure for failure in line.failures()}
    assert set(failures) == {A, B, C}
    assert "(VAEDecode) failed: ValueError" in failures[A].cause and not failures[A].retryable
    assert "deckport retry" in failures[A].remedy
    assert line.version(ARTWORK, A).draft


def test_a_blank_picture_is_kept_and_told(line: Pipeline, server: FakeComfyUI) -> None:
    server.switches.flat = 9
    for slug in (A, B):
        assert line.run(slug, assets=[ARTWORK], tags=drafts_anew()).success
    first, second = line.version(ARTWORK, A), line.version(ARTWORK, B)
    assert not first.draft and first.claims["is_not_blank"] is False
    assert second.claims["remarks"] == [f"It looks like the picture of {A}."]
    assert first.review == second.review == "waiting", "it is current, and a person is asked"


def test_a_rejected_picture_is_drawn_anew_and_an_approved_one_passes_its_check(
    line: Pipeline, server: FakeComfyUI
) -> None:
    server.switches.flat = 9
    line.run(A, B, assets=[ARTWORK], tags=drafts_anew())
    server.switches.flat = 0
    drawn = len(server.worker.done)
    with line.database.writing() as connection:
        judge(connection, ARTWORK, A, Review.APPROVED, "Ada")
        judge(connection, ARTWORK, B, Review.REJECTED, "Ada")
    assert not line.check(ARTWORK, A).passed
    check_again(line.instance, line.definitions, ARTWORK, [A])
    assert line.check(ARTWORK, A).passed and line.check(ARTWORK, A).metadata["approved_by"].value == "Ada"
    line.run(A, B, assets=[ARTWORK])
    assert len(server.worker.done) == drawn + 1
    again = line.version(ARTWORK, B)
    assert again.attempt == 1 and again.claims["is_not_blank"] and again.reviewed_by == ""
    assert line.check(ARTWORK, A).passed, "told again by the run, it stays approved"


def test_two_pictures_that_come_at_the_same_moment_are_compared_too(line: Pipeline, server: FakeComfyUI) -> None:
    server.switches.flat = 9
    line.run(A, B, C, assets=[ARTWORK], tags=drafts_anew())
    twins = [slug for slug in (A, B, C) if not line.version(ARTWORK, slug).claims["looks_like_no_other"]]
    assert len(twins) >= 2, "all but the one that was first, at most"


def test_an_urgent_run_goes_before_what_waits_at_the_server(line: Pipeline, server: FakeComfyUI) -> None:
    line.run(A, assets=[ARTWORK], tags=drafts_anew() | {"dagster/priority": "10"})
    (entry,) = server.worker.history.values()
    assert entry["prompt"][0] == -10.0


def test_a_moving_draft_is_replaced_by_a_clip_of_the_same_artwork(
    drafts: Pipeline, server: FakeComfyUI, tmp_path: Path
) -> None:
    drafts.run(A, assets=[COMPOSITE, FRAME, THUMBNAIL])
    assert drafts.run(A, assets=[VIDEO]).success
    before, art = drafts.version(VIDEO, A), drafts.version(ARTWORK, A)
    assert before.draft and before.provider == "embedded"
    with drafts.database.writing() as connection:
        add_prompt(connection, A, Origin.HUMAN, "A wolf of another kind, which nobody has drawn yet.")
    drafts.run(A, assets=[PROMPT])

    workflows, patience = small_workflow(tmp_path / "workflows"), replace(HURRY, job_s=30.0, clip_s=30.0, fetch_s=30.0)
    comfyui = ComfyUI([server.url], drafts.database.url, workflows=[workflows], patience=patience, wait_s=1)
    drafts.given["animator"] = ComfyUIAnimator(comfyui, "small-clip")
    assert drafts.run(A, assets=[VIDEO], tags=drafts_anew()).success
    made = drafts.version(VIDEO, A)
    assert (made.draft, made.provider, made.workflow) == (False, "comfyui", "small-clip 1")
    assert made.claims == {"is_under_10_megabytes": True, "has_no_seam": True, "moves": True}
    assert made.inputs == before.inputs, "the same artwork and frame"
    assert made.data_version != before.data_version, "and another loop"
    (entry,) = server.worker.history.values()
    assert entry["prompt"][2]["7"]["inputs"]["text"].endswith(words_of(drafts, art)), "not those of today"

    drafts.run(A, assets=[VIDEO], tags=drafts_anew())
    assert len(server.worker.done) == 1, "what is real is not drawn again"


def words_of(pipeline: Pipeline, art: Version) -> str:
    with pipeline.database.reading() as connection:
        return next(p.text for p in prompt_versions(connection, art.partition) if p.version == art.prompt_version)


def test_artist_and_animator_hand_their_jobs_to_the_same_servers(tmp_path: Path) -> None:
    resources = live(Settings(home=tmp_path, comfyui_servers=("http://127.0.0.1:8188",)))
    assert resources["artist"].comfyui is resources["animator"].comfyui
    assert real_assets(resources) == {ARTWORK, VIDEO}
