"""Reviews: what a check flagged waits for a person's word; a no asks for another one; every word can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.line import standings
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE, RECIPES, VIDEO
from deckport_assets.catalog.reviewing import findings, first_review, judge, waiting_versions
from deckport_assets.catalog.standing import Standing
from deckport_assets.catalog.versions import Review, Version, record, roll_back
from deckport_assets.errors import Refused
from tests.catalog_source import card, write_source

SLUG = "sky-voyager"
BLANK = {"is_not_blank": False, "is_not_noise": True}
Make = Callable[..., Version]


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Make:
    """Records versions of one imported card, as the stage of a real provider would."""
    import_catalog(database, tmp_path, *write_source(tmp_path / "source", [card(SLUG)]))

    def make(
        sha256: str, asset: str = ARTWORK, variants: tuple[str, ...] = ("",), claims: dict[str, bool] | None = None
    ) -> Version:
        claims = BLANK if claims is None else claims
        review = first_review(RECIPES[asset], claims, draft=False).value
        files = [
            Version(
                asset, SLUG, sha256 + variant, "path", "image/png", 9, "v", "1", "comfyui",
                variant=variant, claims=claims, review=review,
            )
            for variant in variants
        ]  # fmt: skip
        with database.writing() as connection:
            return record(connection, files)[0]

    return make


def waits(database: Database) -> list[str]:
    with database.reading() as connection:
        return [version.sha256 for version in waiting_versions(connection)]


def stands(database: Database, asset: str = ARTWORK) -> Standing:
    with database.reading() as connection:
        return standings(connection, [asset], [SLUG], {})[SLUG][asset]


def say(database: Database, word: Review, asset: str = ARTWORK, by: str = "Ada", seen: str = "") -> Version:
    with database.writing() as connection:
        return judge(connection, asset, SLUG, word, by, seen_sha256=seen)


@pytest.mark.parametrize(
    ("asset", "claims", "draft", "begins"),
    [
        pytest.param(ARTWORK, BLANK, False, Review.WAITING, id="a real picture that is blank"),
        pytest.param(VIDEO, {"moves": False}, False, Review.WAITING, id="a real loop that stands still"),
        pytest.param(ARTWORK, {"is_not_blank": True}, False, Review.NONE, id="nothing was found"),
        pytest.param(ARTWORK, BLANK, True, Review.NONE, id="a draft is made anew anyway"),
        pytest.param(COMPOSITE, {"prints_at_full_size": False}, False, Review.NONE, id="rendering"),
    ],
)
def test_what_waits_for_review(asset: str, claims: dict[str, bool], draft: bool, begins: Review) -> None:
    assert first_review(RECIPES[asset], claims, draft=draft) is begins


def test_what_was_approved_waits_no_longer_until_the_word_is_taken_back(database: Database, make: Make) -> None:
    make("dull")
    assert waits(database) == ["dull"]
    assert say(database, Review.APPROVED).reviewed_by == "Ada"
    assert waits(database) == []
    assert say(database, Review.NONE).reviewed_at is None
    assert waits(database) == ["dull"]


def test_what_was_rejected_is_asked_for_again_as_if_it_were_missing(database: Database, make: Make) -> None:
    make("ugly", claims={"is_not_blank": True})
    say(database, Review.REJECTED)
    assert stands(database) is Standing.REJECTED and waits(database) == []
    make("pretty", claims={"is_not_blank": True})
    assert stands(database) is not Standing.REJECTED


def test_whoever_goes_back_to_what_was_rejected_wants_it_after_all(database: Database, make: Make) -> None:
    make("first")
    say(database, Review.REJECTED)
    make("second")
    with database.writing() as connection:
        roll_back(connection, ARTWORK, SLUG)
    assert stands(database) is not Standing.REJECTED


def test_a_word_about_an_earlier_picture_cannot_be_taken_back_by_its_successor(database: Database, make: Make) -> None:
    make("ugly")
    say(database, Review.REJECTED)
    make("dull")
    with pytest.raises(Refused, match="Nobody has judged") as refused:
        say(database, Review.NONE)
    assert f"deckport rollback artwork {SLUG}" in refused.value.remedy


def test_every_file_of_a_version_is_judged_at_once(database: Database, make: Make) -> None:
    make("still", VIDEO, RECIPES[VIDEO].variants, {"moves": False})
    assert waits(database) == ["still"], "it is listed once"
    say(database, Review.REJECTED, VIDEO)
    assert stands(database, VIDEO) is Standing.REJECTED


def test_a_picture_that_was_drawn_meanwhile_is_not_judged_unseen(database: Database, make: Make) -> None:
    make("0ld")
    make("new")
    with pytest.raises(Refused, match="is new by now, not 0ld"):
        say(database, Review.APPROVED, seen="0ld")
    assert waits(database) == ["new"]
    with pytest.raises(Refused, match="nothing to judge"):
        say(database, Review.APPROVED, VIDEO)


def test_a_retired_card_waits_for_nobody(database: Database, make: Make, tmp_path: Path) -> None:
    make("dull")
    import_catalog(database, tmp_path, *write_source(tmp_path / "other", [card("another")]), retire=True)
    assert waits(database) == []


def test_findings_are_told_in_words_and_a_twin_once(make: Make) -> None:
    claims = {"is_not_blank": False, "looks_like_no_other": False, "remarks": ["It looks like the picture of moth."]}
    version = make("twin", claims=claims)
    assert findings(version) == ["It is blank, or nearly.", "It looks like the picture of moth."]
