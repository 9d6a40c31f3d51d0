"""The card line: from a row of the source to a finished card, and what happens when something is wrong."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from deckport_assets.assets.card_craft import adopt_artwork
from deckport_assets.assets.card_line import Bench, CardLine
from deckport_assets.batch import CHECK
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.prompts import Origin, add_prompt
from deckport_assets.catalog.recipes import ARTWORK, ASSETS, COMPOSITE, FRAME, PROMPT, THUMBNAIL, UNASKED, VIDEO
from deckport_assets.catalog.standing import Order
from deckport_assets.errors import BadImage, TextOverflow
from deckport_assets.resources.embedded import EmbeddedArtist, EmbeddedWriter
from deckport_assets.resources.studio import Studio
from deckport_assets.studio.cards import PACKAGE_THEMES, CardSpec, layout, load_theme
from deckport_assets.studio.encoding import open_picture, png
from tests.catalog_source import art, card
from tests.pipeline import SMALL, Pipeline

A, B, C = "alder-wolf", "briar-gate", "cinder-hawk"


@pytest.fixture
def catalog_url(tmp_path: Path) -> str:
    """SQLite alone here: what differs between the databases is tested in the catalog."""
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def line(tmp_path: Path, instance: dg.DagsterInstance, database: Database) -> Iterator[Pipeline]:
    """Three imported cards."""
    pipeline = Pipeline(tmp_path / "var", instance, database)
    pipeline.bring_in([card(A), card(B), card(C)])
    yield pipeline


def test_one_card_with_all_its_assets_is_made_in_one_run(line: Pipeline) -> None:
    result = line.run(A, assets=ASSETS)

    assert result.success
    assert all(line.told(asset) == {A} for asset in ASSETS)
    composite = open_picture(line.media.read(*_place(line, COMPOSITE)))
    assert composite.shape == (2100, 1500, 3)
    assert line.version(VIDEO, A).media_type == "video/mp4"
    assert line.version(ARTWORK, A).draft and line.version(COMPOSITE, A).draft, "an embedded provider's are drafts"


def test_dagster_is_told_where_everything_came_from(line: Pipeline) -> None:
    line.run(A)

    event = line.instance.get_latest_materialization_event(dg.AssetKey(["cards", "artwork"]))
    materialization = event.asset_materialization  # type: ignore[union-attr]
    told = {name: value.value for name, value in materialization.metadata.items()}  # type: ignore[union-attr]
    assert told["provider"] == "embedded" and told["draft"] is True
    assert {"seed", "model", "attempt", "sha256", "prompt_version", "cost_usd"} <= set(told)
    assert "data:image/webp;base64," in str(told["preview"])
    assert len(str(told["preview"])) < 8_000, "the event log stays light"


def test_a_changed_rules_text_makes_exactly_the_rendering_stale(line: Pipeline) -> None:
    line.run_stages(A, B, C)
    assert line.asked_unasked() == {}, "an idle pipeline asks for nothing"
    before = {asset: line.version(asset, B).sha256 for asset in UNASKED}

    line.bring_in([card(A), card(B, rules_text="It burns."), card(C)])

    assert line.standings(B) == {
        "prompt": "fresh", "artwork": "draft", "composite": "stale", "frame": "stale", "thumbnail": "stale",
    }  # fmt: skip
    assert line.asked_unasked() == {asset: {B} for asset in (COMPOSITE, FRAME, THUMBNAIL)}
    line.run(B, assets=(COMPOSITE, FRAME, THUMBNAIL))
    changed = {asset for asset in UNASKED if line.version(asset, B).sha256 != before[asset]}
    assert changed == {COMPOSITE, FRAME, THUMBNAIL}
    assert line.asked_unasked() == {}


def test_what_is_missing_is_asked_for_stage_by_stage(line: Pipeline) -> None:
    assert line.asked_unasked() == {asset: {A, B, C} for asset in UNASKED}, "one backfill, in waves"


def test_a_text_that_does_not_fit_fails_one_card_and_names_card_and_box(line: Pipeline) -> None:
    line.bring_in([card(A), card(B, category="HERO", rules_text="word " * 2000), card(C)])

    line.run_stages(A, B, C)

    assert line.told(ARTWORK) == {A, B, C}
    assert line.told(COMPOSITE) == {A, C}
    failures = line.failures()
    assert {(f.asset, f.partition, f.kind, f.retryable) for f in failures} == {
        (asset, B, "text_overflow", False) for asset in (COMPOSITE, FRAME, THUMBNAIL)
    }
    assert "AZURE-002" in failures[0].cause and "box" in failures[0].cause
    assert failures[0].remedy


def test_a_broken_theme_fails_the_rendering_and_nothing_else(line: Pipeline) -> None:
    mine = line.home / "themes" / "deckport"
    mine.mkdir(parents=True)
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    (mine / "theme.toml").write_text(text.replace("Cinzel-Bold.ttf", "Gone-Bold.ttf"))

    line.run_stages(A, B, C)

    assert line.told(ARTWORK) == {A, B, C}
    assert line.told(COMPOSITE) == set()
    assert {f.kind for f in line.failures()} == {"missing_element"}
    assert "Gone-Bold.ttf" in line.failures()[0].cause


def test_a_changed_theme_makes_every_rendering_stale_and_no_artwork(line: Pipeline) -> None:
    line.run_stages(A, B, C)
    mine = line.home / "themes" / "deckport"
    mine.mkdir(parents=True)
    text = (PACKAGE_THEMES / "deckport" / "theme.toml").read_text()
    (mine / "theme.toml").write_text(text.replace('light = "#9ad2ff"', 'light = "#9ad2fe"'))

    assert line.standings(A)["composite"] == "stale"
    assert line.standings(A)["artwork"] == "draft"


def test_a_card_without_a_prompt_gets_a_draft_and_a_persons_words_count_more(line: Pipeline) -> None:
    line.bring_in([card(A), card(B), card(C)], [art("Alder Wolf")])
    line.run(B, assets=[PROMPT, ARTWORK])
    assert line.version(PROMPT, B).draft
    drawn = line.version(ARTWORK, B).sha256

    with line.database.writing() as connection:
        add_prompt(connection, B, Origin.HUMAN, "Briar Gate, an azure arch of thorns over black water.", author="Ada")
    assert line.standings(B)["prompt"] == "stale"
    line.run(B, assets=[PROMPT, ARTWORK])

    assert not line.version(PROMPT, B).draft
    assert line.version(PROMPT, B).model == "Ada"
    assert line.version(ARTWORK, B).sha256 != drawn


def test_a_persons_picture_is_taken_and_never_replaced_unasked(line: Pipeline) -> None:
    line.run_stages(A, B, C)
    painted = png(open_picture(line.media.read(*_place(line, COMPOSITE)))[:1744, :1200])

    _adopt(line, painted)

    assert line.version(ARTWORK, A).provider == "person"
    with line.database.writing() as connection:
        add_prompt(connection, A, Origin.HUMAN, "Other words for the azure Alder Wolf.")
    line.run(A)
    assert line.version(ARTWORK, A).provider == "person"
    assert line.standings(A)["composite"] == "fresh", "no draft any more"


def test_a_picture_that_is_broken_or_small_is_not_taken(line: Pipeline) -> None:
    line.run_stages(A, B, C)
    before = line.version(ARTWORK, A).sha256
    whole = png(open_picture(line.media.read(*_place(line, COMPOSITE))))
    for picture, words in ((whole[:5000], "truncated"), (line.media.read(*_place(line, ARTWORK)), "300 x 436")):
        with pytest.raises(BadImage, match=words):
            _adopt(line, picture)
    assert line.version(ARTWORK, A).sha256 == before


def test_a_cut_out_without_a_ground_is_not_taken_and_a_crop_is_told(line: Pipeline) -> None:
    for opacity, clear in ((0, "100%"), (128, "50%")):
        with pytest.raises(BadImage, match=f"clear by {clear}"):
            _adopt(line, png(np.full((1744, 1200, 4), opacity, np.uint8)))

    wide = np.random.default_rng(1).integers(0, 255, (1744, 4000, 3), np.uint8)
    _adopt(line, png(wide))

    (told,) = line.version(ARTWORK, A).claims["remarks"]
    with line.database.reading() as connection:
        spec = CardSpec.of(looks(connection, [ARTWORK], [A])[A].card)
    window = layout(spec, load_theme(PACKAGE_THEMES / "deckport")).window
    lost = 1 - 1744 / 4000 * window.width_px / window.height_px
    assert told == f"{lost:.0%} of its width is cropped by this card's window."


def test_a_name_too_long_to_be_printed_is_told_before_the_picture_is_taken(line: Pipeline) -> None:
    line.run_stages(A, B, C)
    signed = "The Painter Who Signs with Every One of Her Names " * 2
    with pytest.raises(TextOverflow, match="'credit'"):
        _adopt(line, png(np.zeros((1744, 1200, 3), np.uint8)), by=signed)
    assert line.version(ARTWORK, A).provider == "embedded"


def test_the_check_run_alone_reads_the_files_again(line: Pipeline) -> None:
    line.run_stages(A, B, C)
    line.media.shelf.write(line.version(COMPOSITE, B).path, b"not a picture")
    check = dg.AssetCheckKey(dg.AssetKey(["cards", "composite"]), CHECK)
    whole = line.definitions.resolve_implicit_global_asset_job_def()
    job = whole.get_subset(asset_selection=set(), asset_check_selection={check})

    span = {"dagster/asset_partition_range_start": A, "dagster/asset_partition_range_end": C}
    result = job.execute_in_process(instance=line.instance, tags=span, raise_on_error=False)

    found = {
        e.event_specific_data.partition: e.event_specific_data.passed  # type: ignore[union-attr]
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    assert found == {A: True, B: False, C: True}


def test_drafts_are_refused_when_only_real_providers_are_wanted(
    tmp_path: Path, instance: dg.DagsterInstance, database: Database
) -> None:
    refusing = Pipeline(
        tmp_path / "var",
        instance,
        database,
        writer=EmbeddedWriter(refused=True),
        artist=EmbeddedArtist(refused=True, **SMALL),
    )
    refusing.bring_in([card(A), card(B)], [art("Alder Wolf")])

    refusing.run(A, B, assets=[PROMPT])
    assert refusing.told(PROMPT) == {A}, "the source's prompt needs no writer"
    refusing.run(A, assets=[ARTWORK])
    assert {(f.asset, f.kind) for f in refusing.failures()} == {(PROMPT, "refused"), (ARTWORK, "refused")}


def test_a_retired_card_is_refused_by_name(line: Pipeline) -> None:
    line.bring_in([card(A), card(B)])

    result = line.run(C, assets=[PROMPT])

    assert not result.success
    assert line.failures() == [], "nobody can mend it, so it is on no list"


def test_every_asset_says_what_it_is_in_dagsters_catalog(line: Pipeline) -> None:
    for spec in line.definitions.resolve_all_asset_specs():
        assert spec.description and spec.description.endswith("."), spec.key
        assert spec.group_name in ("cards", "catalog") and spec.owners and spec.kinds, spec.key
        if spec.key != dg.AssetKey(["cards", "facts"]):
            assert spec.code_version, spec.key
    assert line.definitions.resolve_asset_graph().get(dg.AssetKey(["cards", "video"])).automation_condition is None


def _place(line: Pipeline, asset: str) -> tuple[str, str]:
    version = line.version(asset, A)
    return version.path, version.sha256


def _adopt(line: Pipeline, picture: bytes, by: str = "Ada") -> None:
    with line.database.reading() as connection:
        look = looks(connection, [ARTWORK], [A])[A]
    adopting = CardLine(line.database, line.media, "adopt", Order(), {}, lambda bench, assets: None)
    bench = Bench(adopting, look, print, lambda: False)
    adopt_artwork(bench, picture, by=by, studio=Studio(theme="deckport"))
    adopting.journal.claim([ARTWORK], [A], lambda run_id: True)
    adopting.journal.accept([ARTWORK], A, bench.made[ARTWORK].files)
