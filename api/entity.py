"""A small body that is kept in memory: its ETag, its gzip form, and the conditional reply. Not for files."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

LEAST_TO_COMPRESS = 700
JSON = "application/json"
HTML = "text/html; charset=utf-8"

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_GZIPPED = "-gzip"


class Entity:
    """A body with a strong ETag; compressed once, when a client first asks for gzip."""

    def __init__(self, body: bytes, media_type: str = JSON, headers: Mapping[str, str] | None = None) -> None:
        self.body = body
        self.media_type = media_type
        self.tag = hashlib.sha256(body).hexdigest()[:32]
        self.headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"} | dict(headers or {})

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body compressed, or None when that saves nothing."""
        if len(self.body) < LEAST_TO_COMPRESS or self.media_type == "image/png":
            return None
        smaller = gzip.compress(self.body, 6, mtime=0)
        return smaller if len(smaller) < len(self.body) else None

    def reply(self, request: Request) -> Response:
        """The body, or 304 when the client has it already. Only a client that asks for gzip is sent it."""
        headers, sent, tag = dict(self.headers), self.body, self.tag
        if accepts_gzip(request.headers.get("accept-encoding", "")) and self.gzipped is not None:
            sent, tag = self.gzipped, self.tag + _GZIPPED
            headers["Content-Encoding"] = "gzip"
        headers["ETag"] = f'"{tag}"'
        known = request.headers.get("if-none-match")
        if known is not None and names_tag(known, self.tag, self.tag + _GZIPPED):
            headers.pop("Content-Encoding", None)
            return Response(status_code=304, headers=headers)
        return Response(sent, headers=headers, media_type=self.media_type)


def names_tag(header: str, *tags: str) -> bool:
    """Whether an If-None-Match names one of these tags (weak comparison, as RFC 9110 has it for this header)."""
    return header.strip() == "*" or any(found in tags for found in _TAG.findall(header))


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding names gzip itself; `*` is not taken for it (T2)."""
    for word in header.lower().split(","):
        name, _, weight = word.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
