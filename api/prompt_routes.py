"""`/v1/prompts/queue`: asking for prompts, seeing where they stand, and taking a request back.

Reading is free; writing spends money and needs a key, whose name is the requester. What the queue does with a request
is the catalog's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.bodies import object_of, text_in, texts_in
from api.card_routes import first_values
from api.keys import require_key
from api.live_catalog import LiveCatalog
from api.problems import Problem, request_id
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.cards import find_card
from deckport_assets.catalog.prompt_queue import Statistics, Status
from deckport_assets.errors import BadRequest, Refused, ServiceUnavailable

log = logging.getLogger("deckport.api")
FIELDS = ("card", "text", "references", "priority", "dedupe_key")
FRESH = {"Cache-Control": "no-store"}


class PromptRoutes:
    """The queue over one live catalog."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self.catalog = catalog

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [
            Route("/v1/prompts/queue", self.list, methods=["GET"]),
            Route("/v1/prompts/queue", self.ask, methods=["POST"]),
            Route("/v1/prompts/queue/stats", self.stats, methods=["GET"]),
            Route("/v1/prompts/queue/{number:int}", self.one, methods=["GET"]),
            Route("/v1/prompts/queue/{number:int}", self.cancel, methods=["DELETE"]),
        ]

    async def list(self, request: Request) -> Response:
        """What is open, in the order in which it is taken, and what has ended lately."""
        query = first_values(request.scope["query_string"].decode("latin-1"))
        word, requester = query.get("status", ""), query.get("requester", "")
        if word and word not in Status._value2member_map_:
            raise Problem(400, f"status {word[:40]!r}: expected one of {', '.join(Status)}.")

        def read(connection: Any) -> dict[str, Any]:
            known = queue.statistics(connection)
            line = queue.in_line(connection, requester=requester)
            ended = queue.settled(connection, requester=requester, most=100)
            every = [*documents(line, known), *(document(each) for each in ended)]
            return {"items": [each for each in every if not word or each["status"] == word]}

        return JSONResponse(await self._asked(read), headers=FRESH)

    async def ask(self, request: Request) -> Response:
        """Put a request into the queue: 201, or 200 with the one that is open for the same."""
        key = await require_key(self.catalog, request, "prompts")
        body = await json_body(request)
        word, words, dedupe = (text_in(body, name) for name in ("card", "text", "dedupe_key"))
        references = texts_in(body, "references")
        correlation = request_id(request.scope)

        def put(connection: Any) -> tuple[dict[str, Any], bool]:
            slug = ""
            if word:
                card = find_card(connection, word)
                if card is None:
                    raise Problem(404, f"There is no card {word[:80]!r}.")
                if card.retired:
                    raise Problem(409, f"{card.name} has left the catalog; nothing is written for it.")
                slug = card.slug
            made, new = queue.enqueue(
                connection,
                card=slug,
                words=words,
                references=references,
                priority=queue.USUAL if body.get("priority") is None else body["priority"],
                requester=key.name,
                dedupe=dedupe or None,
                correlation=correlation,
            )
            return documented(connection, made), new

        try:
            told, new = await self.catalog.change(put)
        except (BadRequest, Refused) as error:
            raise Problem(400 if isinstance(error, BadRequest) else 409, f"{error} {error.remedy}") from None
        log.info("request %s of %s is in the queue, asked by %s", told["id"], key.name, correlation)
        place = {"Location": f"/v1/prompts/queue/{told['id']}"} | FRESH
        return JSONResponse(told, 201 if new else 200, place)

    async def one(self, request: Request) -> Response:
        """Where a request stands, and its answer."""
        number = request.path_params["number"]

        def read(connection: Any) -> dict[str, Any] | None:
            found = queue.find(connection, number)
            return documented(connection, found) if found else None

        told = await self._asked(read)
        if told is None:
            raise Problem(404, f"There is no request {number}.")
        return JSONResponse(told, headers=FRESH)

    async def cancel(self, request: Request) -> Response:
        """Take back a request of one's own."""
        key = await require_key(self.catalog, request, "prompts")
        number = request.path_params["number"]

        def take_back(connection: Any) -> dict[str, Any]:
            found = queue.find(connection, number)
            if found is None:
                raise Problem(404, f"There is no request {number}.")
            if found.requester != key.name:
                raise Problem(403, f"Request {number} is {found.requester}'s.")
            return documented(connection, queue.cancel(connection, number))

        try:
            return JSONResponse(await self.catalog.change(take_back), headers=FRESH)
        except Refused as error:
            raise Problem(409, str(error)) from None

    async def stats(self, _request: Request) -> Response:
        """How the queue is doing."""
        return JSONResponse(await self._asked(lambda c: statistics_document(queue.statistics(c))), headers=FRESH)

    async def _asked(self, question: Any) -> Any:
        try:
            return await self.catalog.ask(question)
        except ServiceUnavailable as error:
            raise Problem(503, str(error), {"Retry-After": "5"}) from None


def document(request: queue.Request, *, place: int | None = None, wait_s: float | None = None) -> dict[str, Any]:
    """A request as clients read it. `position` counts from 1, the next; `wait_seconds` is until its answer is there."""
    is_problem = bool(request.cause) and request.status is not Status.COMPLETED
    return {
        "id": request.id,
        "card": request.card or None,
        "text": request.words or None,
        "references": list(request.references),
        "priority": request.priority,
        "requester": request.requester,
        "status": request.status.value,
        "position": None if place is None else place + 1,
        "wait_seconds": None if wait_s is None else round(wait_s),
        "attempts": request.attempt,
        "problem": {"kind": request.kind, "cause": request.cause, "remedy": request.remedy} if is_problem else None,
        "remark": None if is_problem else request.cause or None,
        "prompt_version": request.prompt_version,
        "answer": request.answer,
        "correlation_id": request.correlation,
        "created_at": request.created_at.isoformat(),
        "started_at": request.started_at.isoformat() if request.started_at else None,
        "finished_at": request.finished_at.isoformat() if request.finished_at else None,
    }


def documents(line: list[queue.Request], known: Statistics) -> list[dict[str, Any]]:
    """What is open, each with its place and how long it waits."""
    told = []
    waiting = 0
    for request in line:
        if request.status is Status.PROCESSING:
            told.append(document(request, wait_s=queue.wait_s(0, known)))
        else:
            told.append(document(request, place=waiting, wait_s=queue.wait_s(waiting, known, request)))
            waiting += 1
    return told


def documented(connection: Any, request: queue.Request) -> dict[str, Any]:
    """One request; when it is open, with its place."""
    if request.status not in queue.OPEN:
        return document(request)
    line = documents(queue.in_line(connection), queue.statistics(connection))
    return next((each for each in line if each["id"] == request.id), document(request))


def statistics_document(known: Statistics) -> dict[str, Any]:
    """The statistics as clients read them."""
    return {
        "by_status": dict(known.by_status),
        "average_seconds": None if known.usual_s is None else round(known.usual_s, 1),
        "per_minute": round(known.per_minute, 2),
        "oldest_waiting_seconds": None if known.oldest_waiting_s is None else round(known.oldest_waiting_s),
        "waiting_by_requester": dict(known.waiting_by_requester),
    }


async def json_body(request: Request) -> Mapping[str, Any]:
    """What is asked for. Raises 413 and 400."""
    body = await object_of(request)
    if unknown := [name for name in body if name not in FIELDS]:
        named = ", ".join(name[:40] for name in unknown[:5]).encode(errors="replace").decode()
        raise Problem(400, f"{named}: expected {', '.join(FIELDS)}.")
    return body
