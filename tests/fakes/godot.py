"""A client as Godot's HTTPRequest is: HTTP/1.1, gzip and deflate only, 301 and 302 only, every number a float."""

from __future__ import annotations

import gzip
import http.client
import json
import zlib
from dataclasses import dataclass
from typing import Any

HEADERS = {
    "Accept-Encoding": "gzip, deflate",
    "Content-Type": "application/json",
    "X-Device-UID": "console-7",
    "Authorization": "Bearer expired.token",
    "User-Agent": "GodotEngine/4.4",
}


@dataclass(frozen=True, slots=True)
class GodotReply:
    """What `request_completed` hands over."""

    code: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as Godot's JSON.parse gives it: all numbers are floats; a BOM is an error."""
        text = self.body.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("Godot cannot parse a byte order mark.")
        return json.loads(text, parse_int=float, parse_constant=_refuse)


class GodotClient:
    """The console's HTTP client."""

    def __init__(self, port: int, most_redirects: int = 8) -> None:
        self.port = port
        self.most_redirects = most_redirects

    def request(self, path: str, method: str = "GET", **headers: str) -> GodotReply:
        """One request and what comes of it, redirects followed as Godot follows them."""
        for _ in range(self.most_redirects):
            reply = self._once(path, method, headers)
            if reply.code not in (301, 302):
                return reply
            path = reply.headers["location"]
        raise AssertionError("too many redirects")

    def _once(self, path: str, method: str, headers: dict[str, str]) -> GodotReply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=HEADERS | headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return GodotReply(answer.status, told, _decoded(answer.read(), told.get("content-encoding", "")))
        finally:
            connection.close()


def _decoded(body: bytes, encoding: str) -> bytes:
    """As Godot does it: an encoding that it does not know is handed over raw."""
    if encoding == "gzip" and body:
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" and body else body


def _refuse(constant: str) -> Any:
    raise ValueError(f"Godot cannot parse {constant}.")
