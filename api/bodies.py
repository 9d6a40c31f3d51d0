"""What a request carries in its body, read up to a limit: as JSON or as a form. What it means is the routes' to say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from api.problems import Problem

LARGEST_BODY_BYTES = 64_000
FORM = "application/x-www-form-urlencoded"
_NO_CHARACTER = re.compile(r"[\x00\ud800-\udfff]")
"""JSON can say them; PostgreSQL cannot store the one, nor UTF-8 the others."""


async def body_of(request: Request) -> bytes:
    """The body. Raises 413 for one that is too large, as soon as that is known."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > LARGEST_BODY_BYTES:
        raise Problem(413, f"At most {LARGEST_BODY_BYTES:,} bytes are read.")
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LARGEST_BODY_BYTES:
            raise Problem(413, f"At most {LARGEST_BODY_BYTES:,} bytes are read.")
    return data


async def object_of(request: Request) -> Mapping[str, Any]:
    """The JSON object that a request carries. Raises 413 and 400."""
    try:
        body = json.loads(await body_of(request) or b"{}")
    except (ValueError, RecursionError):
        raise Problem(400, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Problem(400, 'The body is not an object: {"card": "AZURE-004"}.')
    return body


def text_in(body: Mapping[str, Any], name: str) -> str:
    """The text that a field has; empty when it has none. Raises 400 for what is no text, or cannot be stored."""
    value = body.get(name)
    return "" if value is None else _storable(name, value, "a text")


def texts_in(body: Mapping[str, Any], name: str) -> list[str]:
    """The same for a field that is a list of texts."""
    value, expected = body.get(name), "a list of texts"
    if not isinstance(value, list | None):
        raise Problem(400, f"{name}: expected {expected}.")
    return [_storable(name, each, expected) for each in value or []]


def _storable(name: str, value: Any, expected: str) -> str:
    if not isinstance(value, str):
        raise Problem(400, f"{name}: expected {expected}.")
    if _NO_CHARACTER.search(value):
        raise Problem(400, f"{name}: expected {expected}, without NUL and without halves of surrogate pairs.")
    return value


async def fields_of(request: Request) -> Mapping[str, str]:
    """The fields of a form, with line ends and blanks as they are stored. Raises 413, and 415 for another kind."""
    if request.headers.get("content-type", FORM).partition(";")[0].strip().lower() != FORM:
        raise Problem(415, f"Expected a form: {FORM}.")
    data = await body_of(request)
    pairs = parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True, errors="replace")
    return {name: value.replace("\r\n", "\n").replace("\0", "").strip() for name, value in pairs}
