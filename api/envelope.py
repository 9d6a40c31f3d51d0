"""What every reply has, whatever made it: a request id, `nosniff`, no body on HEAD, and no traceback. Pure ASGI."""

from __future__ import annotations

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_reply

log = logging.getLogger("deckport.api")

_ID = re.compile(r"[\x21-\x7e]{1,128}")


class Envelope:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("x-request-id", "")
        identity = asked if _ID.fullmatch(asked) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = identity
        reply = _Reply(send, identity, bodyless=scope["method"] == "HEAD")
        try:
            await self.app(scope, receive, reply.send)
        except Exception:
            log.exception("%s %s failed, request %s", scope["method"], scope["path"], identity)
            if reply.started:
                raise
            await problem_reply(scope, 500, "Something went wrong here; the log has it under this request's id.")(
                scope, receive, reply.send
            )


class _Reply:
    def __init__(self, send: Send, identity: str, *, bodyless: bool) -> None:
        self._send = send
        self.identity = identity
        self.bodyless = bodyless
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers["X-Request-ID"] = self.identity
            headers["X-Content-Type-Options"] = "nosniff"
        elif message["type"] == "http.response.body" and self.bodyless:
            message = {**message, "body": b""}
        await self._send(message)
