"""Errors as `application/problem+json` (RFC 9457), with the `error` string that the old clients read.

Which error is raised is the routes' to say; no route builds such a body itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

PROBLEM = "application/problem+json"


class Problem(HTTPException):
    """A request that cannot be answered as asked; `detail` is a sentence for the person who reads it."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)


def request_id(scope: Scope) -> str:
    """The id that the request's reply carries as X-Request-ID."""
    return str(scope.get("state", {}).get("request_id", ""))


def problem_reply(scope: Scope, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """The reply for an error. `instance` is the path and, as its fragment, the request's id."""
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": f"{quote(scope.get('path', ''), errors='replace')}#{quote(request_id(scope))}",
        "error": detail or title,
    }
    told = {"Cache-Control": "no-store"} | dict(headers or {})
    return Response(json.dumps(body), status, told, media_type=PROBLEM)


async def problem_handler(request: Request, error: Exception) -> Response:
    """Turns what a route raised, or what the router found (404, 405), into a problem."""
    assert isinstance(error, HTTPException)
    detail = error.detail if isinstance(error, Problem) else ""
    return problem_reply(request.scope, error.status_code, detail, error.headers)
