"""Opening a stored file for serving: checked against its row first, then read in pieces.

A file in a folder is hashed when it is first served, and again only when it has changed on the disk; one in a bucket
is fetched whole and checked each time. Which file is asked for, and what is answered, is `media_routes`'.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from io import BufferedReader
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from api.documents import MediaFile
from deckport_assets.errors import Damaged
from deckport_assets.media import MediaStore

CHUNK_BYTES = 256 * 1024


class OpenFile:
    """The bytes of a checked file: those that were read already, or an open file."""

    def __init__(self, content: bytes | BufferedReader) -> None:
        self.content = content

    async def read(self, start: int, length: int) -> AsyncIterator[bytes]:
        """The bytes from `start` on, in pieces."""
        if isinstance(self.content, bytes):
            yield self.content[start : start + length]
            return
        self.content.seek(start)
        while length > 0:
            chunk = await run_in_threadpool(self.content.read, min(length, CHUNK_BYTES))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Let go of the file."""
        if not isinstance(self.content, bytes):
            self.content.close()


class FileShelf:
    """Files of a media store, opened for reading."""

    def __init__(self, store: MediaStore) -> None:
        self.store = store
        self._checked: dict[str, tuple[str, int, int]] = {}

    def open(self, file: MediaFile) -> OpenFile:
        """The file, when it is what its row says (S5); a small one is read at once. Raises Damaged when it is not."""
        local = self.store.local_path(file.path)
        if local is None:
            return OpenFile(self.store.read(file.path, file.sha256))
        opened = self._open_inside(local, file)
        try:
            self._check(opened, file)
            if file.bytes > CHUNK_BYTES:
                return OpenFile(opened)
            content = opened.read()
        except BaseException:
            opened.close()
            raise
        opened.close()
        return OpenFile(content)

    def _open_inside(self, local: Path, file: MediaFile) -> BufferedReader:
        """The open file; a link that leads out of the store is no file of it."""
        root = os.path.realpath(self.store.location)
        if os.path.commonpath((root, os.path.realpath(local))) != root:
            raise Damaged(f"{file.path} leads out of the media store.")
        try:
            return local.open("rb")
        except OSError:
            raise Damaged(f"{file.path} is missing from the media store.") from None

    def _check(self, opened: BufferedReader, file: MediaFile) -> None:
        here = os.fstat(opened.fileno())
        if here.st_size != file.bytes:
            raise Damaged(f"{file.path} has {here.st_size} bytes in place of {file.bytes}.")
        seen = (file.sha256, here.st_ino, here.st_mtime_ns)
        if self._checked.get(file.path) == seen:
            return
        if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
            raise Damaged(f"{file.path} is not what was stored.")
        opened.seek(0)
        self._checked[file.path] = seen
