"""Files: whole or absent, checked when read, never overwritten, and never outside their folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deckport_assets.errors import Damaged, Rejected, StorageFull
from deckport_assets.media import PART, MediaStore


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    """A folder, and a bucket as fsspec keeps one in memory."""
    return MediaStore(str(tmp_path / "media") if request.param == "folder" else f"memory://{tmp_path.name}/media")


def test_a_file_lies_where_a_person_would_look_for_it(store: MediaStore) -> None:
    stored = store.put("cards/composite", "sky-voyager", b"picture", "png")

    assert stored.path == f"cards/composite/sky-voyager/{stored.sha256[:16]}.png"
    assert store.read(stored.path, stored.sha256) == b"picture"
    assert [path for path, _ in store.shelf.walk()] == [stored.path]


def test_the_same_bytes_twice_are_one_file(store: MediaStore) -> None:
    assert store.put("cards/frame", "a", b"x", "png") == store.put("cards/frame", "a", b"x", "png")


def test_another_version_lies_beside_the_older_one(store: MediaStore) -> None:
    first, second = (store.put("cards/frame", "a", data, "png") for data in (b"one", b"two"))

    assert store.read(first.path, first.sha256) == b"one"
    assert store.read(second.path, second.sha256) == b"two"


def test_a_changed_or_missing_file_is_never_handed_out(store: MediaStore) -> None:
    stored = store.put("cards/frame", "a", b"good", "png")
    store.shelf.write(stored.path, b"evil")
    with pytest.raises(Damaged, match="not what was stored"):
        store.read(stored.path, stored.sha256)

    store.shelf.remove(stored.path)
    with pytest.raises(Damaged, match="missing"):
        store.read(stored.path, stored.sha256)


def test_a_damaged_file_is_mended_by_putting_it_again(store: MediaStore) -> None:
    stored = store.put("cards/frame", "a", b"good", "png")
    store.shelf.write(stored.path, b"evil")

    again = store.put("cards/frame", "a", b"good", "png")
    assert store.read(again.path, again.sha256) == b"good"


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MediaStore(str(tmp_path / "media"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match=r"cards/frame/a/.*\.png") as refused:
        store.put("cards/frame", "a", b"data", "png")
    assert "gc" in refused.value.remedy
    assert list(store.shelf.walk()) == []


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MediaStore(str(tmp_path / "media"))
    seen: list[list[str]] = []
    synced = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (seen.append([p for p, _ in store.shelf.walk()]), synced(fd))[1])

    stored = store.put("cards/frame", "a", b"data", "png")

    assert all(path.endswith(PART) for path in seen[0])
    assert seen[-1] == [stored.path], "the folder is synced after the rename"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text(max_size=30))
def test_no_name_leads_out_of_the_store(tmp_path: Path, name: str) -> None:
    store = MediaStore(str(tmp_path / "media"))
    try:
        stored = store.put("cards/frame", name, b"x", "png")
    except (Rejected, UnicodeEncodeError, OSError):
        return
    assert (tmp_path / "media" / "cards" / "frame") in (tmp_path / "media" / stored.path).resolve().parents
