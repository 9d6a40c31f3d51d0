"""`/static/…`: the files of cards by their old names and by their content, and the pages' own few files.

No name that a client sends ever becomes a path: it is looked up in the catalog, and only a file that has a row there,
and is what that row says, is served. In production a file server may do this instead.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.documents import MediaFile
from api.entity import Entity, names_tag
from api.file_shelf import FileShelf, OpenFile
from api.live_catalog import LiveCatalog
from api.problems import Problem, request_id
from api.ranges import Part, Unsatisfiable, holds, read_range
from deckport_assets.catalog.reading import version_with_content
from deckport_assets.errors import Damaged, ServiceUnavailable
from deckport_assets.media import MediaStore

log = logging.getLogger("deckport.api")

CHANGING = "public, max-age=300, must-revalidate"
IMMUTABLE = "public, max-age=31536000, immutable"
SHIPPED = Path(__file__).parent / "pages" / "static"
SHIPPED_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}

_BY_CONTENT = re.compile(r"a/([0-9a-f]{2})/(\1[0-9a-f]{62})\.([a-z0-9]{2,5})")
_DISGUISED = re.compile(rb"%(2f|5c|00)|\\", re.IGNORECASE)


class MediaRoutes:
    """Files out of one media store, as one live catalog knows them."""

    def __init__(self, catalog: LiveCatalog, store: MediaStore) -> None:
        self.catalog = catalog
        self.shelf = FileShelf(store)
        self.shipped = shipped_files()

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [Route("/static/{path:path}", self.file)]

    async def file(self, request: Request) -> Response:
        """One file, whole or in part."""
        path: str = request.path_params["path"]
        if _DISGUISED.search(request.scope.get("raw_path", b"")):
            raise Problem(404, "There is no such file.")
        if path in self.shipped:
            return self.shipped[path].reply(request)
        file = await self._find(path)
        if file is None:
            raise Problem(404, "There is no such file.")
        return await self._reply(request, file, IMMUTABLE if path.startswith("a/") else CHANGING)

    async def _find(self, path: str) -> MediaFile | None:
        """The file that the catalog has under this address."""
        model = await self.catalog.current()
        by_content = _BY_CONTENT.fullmatch(path)
        if by_content is None:
            return model.files_by_path.get(path) if model else None
        sha256, extension = by_content.group(2), by_content.group(3)
        file = model.files_by_sha256.get(sha256) if model else None
        if file is None:
            try:
                version = await self.catalog.ask(lambda connection: version_with_content(connection, sha256))
            except ServiceUnavailable:
                return None
            file = MediaFile.of(version) if version else None
        return file if file is not None and file.extension == extension else None

    async def _reply(self, request: Request, file: MediaFile, cache: str) -> Response:
        etag = f'"{file.sha256}"'
        headers = {"ETag": etag, "Cache-Control": cache, "Cross-Origin-Resource-Policy": "cross-origin"}
        try:
            opened = await run_in_threadpool(self.shelf.open, file)
        except Damaged as error:
            log.warning(
                "%s is in the catalog and cannot be served: %s Request %s", file.path, error, request_id(request.scope)
            )
            raise Problem(404, "This file is not what the catalog says; it has to be made again.") from None
        known = request.headers.get("if-none-match")
        if known is not None and names_tag(known, file.sha256):
            opened.close()
            return Response(status_code=304, headers=headers)
        headers |= {"Accept-Ranges": "bytes", "Content-Type": file.media_type}
        if request.method == "HEAD":
            opened.close()
            return Response(headers=headers | {"Content-Length": str(file.bytes)})
        return _part_of(opened, file, headers, _asked_part(request, file, etag, opened))


def _asked_part(request: Request, file: MediaFile, etag: str, opened: OpenFile) -> Part | None:
    if not holds(request.headers.get("if-range"), etag):
        return None
    try:
        return read_range(request.headers.get("range"), file.bytes)
    except Unsatisfiable:
        opened.close()
        told = {"Content-Range": f"bytes */{file.bytes}", "Accept-Ranges": "bytes"}
        raise Problem(416, f"The file has {file.bytes} bytes.", told) from None


def _part_of(opened: OpenFile, file: MediaFile, headers: Mapping[str, str], part: Part | None) -> Response:
    asked = part or Part(0, file.bytes - 1)
    headers = {**headers, "Content-Length": str(asked.length)}
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.last}/{file.bytes}"
    return StreamingResponse(_chunks(opened, asked), 206 if part else 200, headers)


async def _chunks(opened: OpenFile, part: Part) -> AsyncIterator[bytes]:
    try:
        async for chunk in opened.read(part.first, part.length):
            yield chunk
    finally:
        opened.close()


def shipped_files() -> dict[str, Entity]:
    """The files that come with the API, by their address below /static/."""
    files = {}
    for file in SHIPPED.iterdir():
        headers = {"Cache-Control": CHANGING, "Cross-Origin-Resource-Policy": "cross-origin"}
        path = file.name if file.name == "placeholder-card.png" else f"pages/{file.name}"
        files[path] = Entity(file.read_bytes(), SHIPPED_TYPES[file.suffix], headers)
    return files
