"""`/key`: entering a key in a browser, once, and forgetting it there. Making and revoking keys is the command's.

The key travels in the form's body and comes back in a cookie that no script can read; no address and no page has it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.bodies import fields_of
from api.keys import COOKIE, require_from_here
from api.live_catalog import LiveCatalog
from api.problems import Problem
from deckport_assets.catalog.keys import key_of, note_use
from deckport_assets.errors import ServiceUnavailable

KEPT_FOR_S = 30 * 24 * 3600


class KeyRoutes:
    """The two forms about keys over one live catalog."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self.catalog = catalog

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [
            Route("/key", self.enter, methods=["POST"]),
            Route("/key/forget", self.forget, methods=["POST"]),
        ]

    async def enter(self, request: Request) -> Response:
        """Keep a key in this browser, when it opens something."""
        require_from_here(request)
        fields = await fields_of(request)
        secret, card = fields.get("key", ""), fields.get("card", "")
        try:
            key = await self.catalog.ask(lambda connection: key_of(connection, secret)) if secret else None
            if key is None:
                return back("unknown", card)
            await self.catalog.change(lambda connection: note_use(connection, key.name))
        except ServiceUnavailable as error:
            raise Problem(503, str(error), {"Retry-After": "5"}) from None
        reply = back("known", card)
        reply.set_cookie(
            COOKIE, secret, max_age=KEPT_FOR_S, path="/", secure=_is_https(request), httponly=True, samesite="strict"
        )
        return reply

    async def forget(self, request: Request) -> Response:
        """Forget the key in this browser."""
        require_from_here(request)
        reply = back("forgotten")
        reply.delete_cookie(COOKIE, path="/", secure=_is_https(request), httponly=True, samesite="strict")
        return reply


def back(notice: str, card: str = "") -> RedirectResponse:
    """To the page of the prompts, or to the one on which a card's prompt is written, with what has happened."""
    page = "/prompts/write?" + urlencode({"card": card, "said": notice}) if card else f"/prompts?said={notice}"
    return RedirectResponse(page, 303, {"Cache-Control": "no-store"})


def _is_https(request: Request) -> bool:
    """Whether the browser speaks https, be it with something in front of us."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
