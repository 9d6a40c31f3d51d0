"""`/prompts`: the page of the queue, its forms, and writing a card's prompt by hand. Plain forms, each answered by 303.

A form that cannot be kept as it is sent comes back with what was typed. The same queue as JSON is `prompt_routes`'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as db
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.bodies import fields_of
from api.card_routes import first_values
from api.key_routes import back
from api.keys import COOKIE, key_of_form, key_of_page
from api.live_catalog import CatalogUnreachable, LiveCatalog
from api.page_templates import SAFE, PageTemplates
from api.problems import Problem, request_id
from api.prompt_list import prompt_list, snapshot
from api.prompt_writing import draft_of, keep, living_card
from api.wording import NOTICES
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.keys import Key
from deckport_assets.errors import BadRequest, InABatch, Refused, ServiceUnavailable
from deckport_assets.settings import Settings

OURS_ALONE = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
REFRESHES = {"Content-Security-Policy": f"{SAFE['Content-Security-Policy']}; connect-src 'self'"}
"""The page of the queue asks for itself again, while something is open."""


class PromptPages:
    """The pages over one live catalog."""

    def __init__(self, catalog: LiveCatalog, templates: PageTemplates, settings: Settings) -> None:
        self.catalog = catalog
        self.templates = templates
        self.drafts = not settings.anthropic_api_key.get_secret_value()

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [
            Route("/prompts", self.list, methods=["GET"]),
            Route("/prompts", self.ask, methods=["POST"]),
            Route("/prompts/{number:int}/cancel", self.cancel, methods=["POST"]),
            Route("/prompts/{number:int}/retry", self.retry, methods=["POST"]),
            Route("/prompts/write", self.draft, methods=["GET"]),
            Route("/prompts/write", self.write, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """What is open and what has ended, with the forms of who has a key."""
        query = _query(request)
        return await self._list(request, {"card": query.get("card", "")}, said=query.get("said", ""))

    async def ask(self, request: Request) -> Response:
        """Put a request into the queue."""
        key, fields = await self._sent(request)
        if key is None:
            return back("keyless")
        correlation, name = request_id(request.scope), key.name

        def put(connection: db.Connection) -> bool:
            slug = living_card(connection, fields["card"]).slug if fields.get("card") else ""
            _, new = queue.enqueue(
                connection,
                card=slug,
                words=fields.get("text", ""),
                references=[line.strip() for line in fields.get("references", "").split("\n") if line.strip()],
                priority=_priority(fields.get("priority", "")),
                requester=name,
                correlation=correlation,
            )
            return new

        try:
            new = await self._change(put)
        except (BadRequest, Refused) as error:
            return await self._list(request, fields, mistake=f"{error} {error.remedy}")
        return back("asked" if new else "already")

    async def cancel(self, request: Request) -> Response:
        """Take back a request of one's own."""
        return await self._settle(request, queue.cancel, "cancelled")

    async def retry(self, request: Request) -> Response:
        """Ask again for a request of one's own that has failed or was cancelled."""
        return await self._settle(request, queue.retry, "again")

    async def draft(self, request: Request) -> Response:
        """A card's prompt that counts, to be written anew."""
        query = _query(request)
        return await self._draft(request, query.get("card", ""), said=query.get("said", ""))

    async def write(self, request: Request) -> Response:
        """Keep a prompt that a person wrote, and take their open requests for the card back."""
        key, fields = await self._sent(request)
        card = fields.get("card", "")
        if key is None:
            return back("keyless", card)
        name, cancels = key.name, "cancel" in fields
        try:
            await self._change(lambda connection: keep(connection, fields, name, cancels=cancels))
        except BadRequest as error:
            return await self._draft(request, card, typed=fields, mistake=str(error))
        except Refused as error:
            raise Problem(409, f"{error} {error.remedy}") from None
        return back("written", card)

    async def _settle(self, request: Request, action: Any, done: str) -> Response:
        key, _ = await self._sent(request)
        if key is None:
            return back("keyless")
        number, name = request.path_params["number"], key.name

        def settle(connection: db.Connection) -> str:
            found = queue.find(connection, number)
            if found is None:
                raise Problem(404, f"There is no request {number}.")
            if found.requester != name:
                return "anothers"
            action(connection, number)
            return done

        try:
            return back(await self._change(settle))
        except InABatch:
            return back("in_a_batch")
        except Refused:
            return back("ended")

    async def _list(self, request: Request, typed: Mapping[str, str], *, said: str = "", mistake: str = "") -> Response:
        try:
            key, seen = await key_of_page(self.catalog, request), await self.catalog.ask(snapshot)
        except ServiceUnavailable as error:
            status = 503 if isinstance(error, CatalogUnreachable) else 200
            return self.templates.reply("empty.html", status, OURS_ALONE, refused=error)
        model = await self.catalog.current()
        listed = prompt_list(seen, model.records if model else {}, key.name if key else "", drafts=self.drafts)
        return self.templates.reply(
            "prompts.html",
            400 if mistake else 200,
            OURS_ALONE | REFRESHES,
            listed=listed,
            key=key,
            lost_key=key is None and COOKIE in request.cookies,
            notice=NOTICES.get(said, ""),
            mistake=mistake,
            typed=typed,
            priorities=range(queue.MOST_URGENT, queue.LEAST_URGENT - 1, -1),
            usual=queue.USUAL,
            drafts=self.drafts,
        )

    async def _draft(
        self, request: Request, word: str, *, typed: Mapping[str, str] | None = None, said: str = "", mistake: str = ""
    ) -> Response:
        try:
            key = await key_of_page(self.catalog, request)
            name = key.name if key else ""
            draft = await self.catalog.ask(lambda connection: draft_of(connection, word, name))
        except ServiceUnavailable as error:
            raise Problem(503, str(error), {"Retry-After": "5"}) from None
        except Refused as error:
            raise Problem(404, f"{error} {error.remedy}") from None
        model = await self.catalog.current()
        return self.templates.reply(
            "write.html",
            400 if mistake else 200,
            OURS_ALONE,
            draft=draft,
            record=model.records.get(draft.card.slug) if model else None,
            key=key,
            lost_key=key is None and COOKIE in request.cookies,
            notice=NOTICES.get(said, ""),
            mistake=mistake,
            typed=typed or {},
        )

    async def _sent(self, request: Request) -> tuple[Key | None, Mapping[str, str]]:
        """Who sent a form, and its fields. Raises 403 for one of another site, 413, 415 and 503."""
        try:
            key = await key_of_form(self.catalog, request, "prompts")
        except ServiceUnavailable as error:
            raise Problem(503, str(error), {"Retry-After": "5"}) from None
        return key, await fields_of(request)

    async def _change(self, action: Any) -> Any:
        try:
            return await self.catalog.change(action)
        except ServiceUnavailable as error:
            raise Problem(503, str(error), {"Retry-After": "5"}) from None


def _query(request: Request) -> Mapping[str, str]:
    return first_values(request.scope["query_string"].decode("latin-1"))


def _priority(word: str) -> int:
    """The priority that was chosen; none that there is, which the queue refuses, for what is no number."""
    if not word:
        return queue.USUAL
    return int(word) if word.isascii() and word.isdigit() and len(word) < 4 else 0
