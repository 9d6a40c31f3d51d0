"""What is made: files under one root, a folder or a bucket. Never overwritten, complete or absent, checked when read.

`<root>/<asset key>/<partition>/<first 16 of sha256>.<ext>`. Which version is current is the database's to say, not
this module's. A power cut leaves at most a `.part` file or a file without a row, which `deckport gc` collects.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from deckport_assets.errors import Damaged, Rejected, StorageFull

MEDIA_TYPES = {
    "png": "image/png",
    "webp": "image/webp",
    "json": "application/json",
    "mp4": "video/mp4",
    "ogv": "video/ogg",
}
PART = ".part"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A complete file in the store; `path` is relative to the root, with forward slashes."""

    path: str
    sha256: str
    bytes: int
    media_type: str


class Shelf(Protocol):
    """Where bytes are put: a folder or a bucket."""

    def write(self, path: str, data: bytes) -> None:
        """Put the whole file there, or nothing."""

    def read(self, path: str) -> bytes:
        """The file's bytes; FileNotFoundError when there is none."""

    def size(self, path: str) -> int | None:
        """The file's size in bytes, or None when there is none."""

    def remove(self, path: str) -> None:
        """Take the file away; no error when it is gone already."""

    def walk(self) -> Iterator[tuple[str, float]]:
        """Every file with the moment it was last written (Unix seconds)."""


class MediaStore:
    """Versioned files over a shelf. Safe to use from many threads and processes at once."""

    def __init__(self, location: str) -> None:
        self.location = location
        self.shelf: Shelf = Bucket(location) if "://" in location else Folder(Path(location))

    def __repr__(self) -> str:
        return f"MediaStore({self.location})"

    def put(self, asset: str, partition: str, data: bytes, extension: str) -> StoredFile:
        """Keep the bytes as a file of this asset and partition; the same bytes again are the same file.

        Raises StorageFull when there is no room: nothing half-written stays behind.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = str(PurePosixPath(*asset.split("/"), _plain(partition), f"{sha256[:16]}.{extension}"))
        if self.shelf.size(path) != len(data) or hashlib.sha256(self.shelf.read(path)).hexdigest() != sha256:
            with _no_room(path):
                self.shelf.write(path, data)
        return StoredFile(path, sha256, len(data), MEDIA_TYPES[extension])

    def read(self, path: str, sha256: str) -> bytes:
        """The file's bytes, checked against the catalog's sha256. Raises Damaged when it is missing or not the same."""
        try:
            data = self.shelf.read(path)
        except FileNotFoundError:
            raise Damaged(f"{path} is missing from the media store.", remedy="deckport verify --repair") from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Damaged(f"{path} is not what was stored.", remedy="deckport verify --repair")
        return data

    def local_path(self, path: str) -> Path | None:
        """Where the file lies on this machine, or None when the store is a bucket."""
        return self.shelf.root / path if isinstance(self.shelf, Folder) else None


class Folder:
    """A shelf in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, data: bytes) -> None:
        """Write beside, fsync, rename, fsync the folder: at a power cut the file is whole or absent."""
        with whole_file(self.root / path) as file:
            file.write(data)

    def read(self, path: str) -> bytes:
        """The file's bytes; FileNotFoundError when there is none."""
        return (self.root / path).read_bytes()

    def size(self, path: str) -> int | None:
        """The file's size in bytes, or None when there is none."""
        try:
            return (self.root / path).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def remove(self, path: str) -> None:
        """Take the file away, and its folder when that was the last."""
        (self.root / path).unlink(missing_ok=True)
        with suppress(OSError):
            (self.root / path).parent.rmdir()

    def walk(self) -> Iterator[tuple[str, float]]:
        """Every file with the moment it was last written (Unix seconds)."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                file = Path(folder) / name
                with suppress(FileNotFoundError):
                    yield file.relative_to(self.root).as_posix(), file.stat().st_mtime


class Bucket:
    """A shelf in a bucket, through fsspec; an object store shows a file only when it is complete."""

    def __init__(self, location: str) -> None:
        import fsspec

        self.files, root = fsspec.core.url_to_fs(location)
        self.root = root.rstrip("/")

    def write(self, path: str, data: bytes) -> None:
        """Put the whole object."""
        self.files.makedirs(f"{self.root}/{path}".rsplit("/", 1)[0], exist_ok=True)
        self.files.pipe_file(f"{self.root}/{path}", data)

    def read(self, path: str) -> bytes:
        """The object's bytes; FileNotFoundError when there is none."""
        data: bytes = self.files.cat_file(f"{self.root}/{path}")
        return data

    def size(self, path: str) -> int | None:
        """The object's size in bytes, or None when there is none."""
        try:
            found: Any = self.files.size(f"{self.root}/{path}")
        except FileNotFoundError:
            return None
        return int(found)

    def remove(self, path: str) -> None:
        """Take the object away."""
        with suppress(FileNotFoundError):
            self.files.rm_file(f"{self.root}/{path}")

    def walk(self) -> Iterator[tuple[str, float]]:
        """Every object with the moment it was last written (Unix seconds)."""
        for name in self.files.find(self.root):
            yield name[len(self.root) + 1 :], self.files.modified(name).timestamp()


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """A file to write to beside `target`, which takes its place when all went well; else `target` is as it was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PART}")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _plain(partition: str) -> str:
    if not partition or partition in (".", "..") or any(c in partition for c in "/\\\0"):
        raise Rejected(f"{partition!r} cannot be the name of a folder.", remedy="Rename it in the source.")
    return partition


@contextmanager
def _no_room(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull(
            f"No room to write {path}.", remedy="Free some room (deckport gc lists what can go), then run it again."
        ) from error
