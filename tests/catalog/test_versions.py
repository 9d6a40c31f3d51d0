"""Versions: what is current, going back, verifying, collecting garbage; and the fence that keeps late results out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import Fenced, Journal, list_failures, open_claims
from deckport_assets.catalog.recipes import ARTWORK, COMPOSITE
from deckport_assets.catalog.upkeep import Collected, collect_garbage, is_whole, verify_media
from deckport_assets.catalog.versions import Version, current, history, record, roll_back
from deckport_assets.errors import BadImage, Refused, ServiceUnavailable
from deckport_assets.media import MediaStore
from tests.catalog_source import card, write_source

SLUG = "sky-voyager"
Make = Callable[..., Version]


@pytest.fixture
def make(database: Database, media: MediaStore, tmp_path: Path) -> Make:
    """Makes versions of one imported card, as a run would."""
    import_catalog(database, tmp_path, *write_source(tmp_path / "source", [card(SLUG)]))

    def make(content: bytes, asset: str = ARTWORK, **facts: object) -> Version:
        stored = media.put(asset, SLUG, content, "png")
        version = Version(
            asset, SLUG, stored.sha256, stored.path, stored.media_type, stored.bytes, "v", "1", "embedded", **facts
        )  # type: ignore[arg-type]
        with database.writing() as connection:
            return record(connection, [version])[0]

    return make


def collect(
    database: Database,
    media: MediaStore,
    *,
    keep: int,
    remove: bool,
    is_over: Callable[[str], bool] = lambda run_id: False,
) -> Collected:
    """Old versions and every orphan, however young."""
    return collect_garbage(database, media, keep=keep, older_than_s=-1, remove=remove, is_over=is_over)


def shown(database: Database, asset: str = ARTWORK) -> str:
    with database.reading() as connection:
        return current(connection, asset, [SLUG])[SLUG][""].sha256


def test_going_back_and_forth_deletes_nothing(database: Database, make: Make) -> None:
    first, second = make(b"first"), make(b"second")
    assert shown(database) == second.sha256

    with database.writing() as connection:
        roll_back(connection, ARTWORK, SLUG)
    assert shown(database) == first.sha256

    with database.writing() as connection:
        roll_back(connection, ARTWORK, SLUG, second.sha256[:8])
    assert shown(database) == second.sha256
    with database.reading() as connection:
        assert len(history(connection, SLUG, ARTWORK)) == 2


def test_going_back_where_there_is_nothing_says_so(database: Database, make: Make) -> None:
    make(b"only")
    for sha256, words in (("", "no older version"), ("feedbeef", "no version feedbeef")):
        with database.writing() as connection, pytest.raises(Refused, match=words):
            roll_back(connection, ARTWORK, SLUG, sha256)
    with database.writing() as connection, pytest.raises(Refused, match="never made"):
        roll_back(connection, COMPOSITE, SLUG)


def test_verifying_finds_what_is_missing_damaged_and_nobodys(database: Database, media: MediaStore, make: Make) -> None:
    make(b"whole")
    bad, gone = make(b"bad", COMPOSITE), make(b"gone", "cards/frame")
    media.shelf.write(bad.path, b"changed")
    media.shelf.remove(gone.path)
    media.shelf.write("cards/frame/other/0000.png", b"orphan")

    found = verify_media(database, media, repair=True)

    assert found.counts() == {"checked": 3, "missing": 1, "damaged": 1, "orphans": 1}
    with database.reading() as connection:
        assert {f.asset for f in list_failures(connection, retryable=True)} == {COMPOSITE, "cards/frame"}
    assert verify_media(database, media).counts() == {"checked": 1, "missing": 0, "damaged": 0, "orphans": 1}


def test_an_older_version_is_verified_too_and_never_gone_back_to_when_broken(
    database: Database, media: MediaStore, make: Make
) -> None:
    first, second, third = make(b"first"), make(b"second"), make(b"third")
    media.shelf.remove(second.path)
    assert verify_media(database, media).missing == [second.path]

    with database.writing() as connection:
        roll_back(connection, ARTWORK, SLUG, is_whole=lambda v: is_whole(media, v))
    assert shown(database) == first.sha256, "the one before was broken"
    assert third.sha256 != first.sha256


def test_what_a_person_made_is_never_made_again_by_itself(database: Database, media: MediaStore, make: Make) -> None:
    older = make(b"older", draft=True)
    painted = make(b"painted by Ada")
    media.shelf.write(painted.path, b"scratched")

    verify_media(database, media, repair=True)

    with database.writing() as connection:
        (failure,) = list_failures(connection)
        assert not failure.retryable and "rollback artwork" in failure.remedy
        roll_back(connection, ARTWORK, SLUG, is_whole=lambda v: is_whole(media, v))
    assert shown(database) == older.sha256


def test_collecting_garbage_keeps_the_current_and_the_latest(database: Database, media: MediaStore, make: Make) -> None:
    made = [make(bytes([n]) * (n + 1)) for n in range(5)]
    media.shelf.write("cards/frame/other/0000.png", b"orphan")

    would = collect(database, media, keep=1, remove=False)
    assert (would.versions, would.orphans, would.bytes) == (3, 1, 1 + 2 + 3 + len(b"orphan"))
    assert len(list(media.shelf.walk())) == 6, "without a word nothing is removed"

    assert collect(database, media, keep=1, remove=True) == would
    assert {path for path, _ in media.shelf.walk()} == {made[3].path, made[4].path}
    assert verify_media(database, media).counts()["checked"] == 2


def test_no_garbage_is_collected_while_a_card_is_in_the_making(database: Database, media: MediaStore) -> None:
    Journal(database, "at work").claim([ARTWORK], [SLUG], lambda run_id: True)
    written = media.put(ARTWORK, SLUG, b"not recorded yet", "png")

    with pytest.raises(Refused, match="1 cards are in the making"):
        collect(database, media, keep=0, remove=True, is_over=lambda run_id: False)
    assert collect(database, media, keep=0, remove=False).orphans == 1, "it may be listed all the same"
    assert media.read(written.path, written.sha256)

    collect(database, media, keep=0, remove=True, is_over=lambda run_id: run_id == "at work")
    assert not list(media.shelf.walk()), "what a dead run undertook holds nothing up"


def test_a_file_that_two_versions_share_stays_while_one_of_them_does(
    database: Database, media: MediaStore, make: Make
) -> None:
    make(b"same")
    make(b"between")
    again = make(b"same")

    collect(database, media, keep=0, remove=True)

    assert media.read(again.path, again.sha256) == b"same"


def test_a_late_result_of_a_run_that_lost_its_card_changes_nothing(database: Database, make: Make) -> None:
    mine = make(b"mine")
    late, quick = Journal(database, "late"), Journal(database, "quick")
    late.claim([ARTWORK], [SLUG], lambda run_id: True)
    assert quick.claim([ARTWORK], [SLUG], lambda run_id: False) == set(), "a living run keeps its card"
    assert quick.claim([ARTWORK], [SLUG], lambda run_id: True) == {SLUG}, "a dead one loses it"

    with pytest.raises(Fenced):
        late.accept([ARTWORK], SLUG, [mine])
    late.fail([ARTWORK], SLUG, BadImage("too late"))
    with database.reading() as connection:
        assert not list_failures(connection)
        assert set(open_claims(connection)) == {"quick"}
        assert len(history(connection, SLUG, ARTWORK)) == 1


def test_a_failure_counts_its_attempts_and_goes_with_success(database: Database, make: Make) -> None:
    version = make(b"first")
    journal = Journal(database, "run")
    for _ in range(2):
        journal.claim([ARTWORK], [SLUG], lambda run_id: True)
        journal.fail([ARTWORK], SLUG, ServiceUnavailable("down"))
    with database.reading() as connection:
        (failure,) = list_failures(connection)
    assert (failure.attempts, failure.retryable, failure.kind) == (2, True, "service_unavailable")
    assert "deckport retry" in failure.remedy

    journal.claim([ARTWORK], [SLUG], lambda run_id: True)
    journal.accept([ARTWORK], SLUG, [version])
    with database.reading() as connection:
        assert not list_failures(connection)
        assert not open_claims(connection)
