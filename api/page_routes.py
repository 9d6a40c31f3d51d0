"""The pages for producers: the gallery, a card, what waits for review, what has failed. Plain links and forms.

Their templates lie in `pages/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.card_page import card_view
from api.card_routes import first_values
from api.documents import IMAGES
from api.failure_list import failure_list
from api.gallery import gallery_of, tallies_of
from api.live_catalog import LiveCatalog
from api.page_templates import PageTemplates
from api.problems import Problem
from api.read_model import ReadModel
from api.review_list import MOST_SHOWN, review_list
from deckport_assets.catalog.recipes import VIDEO
from deckport_assets.errors import ServiceUnavailable

NOT_PAGES = ("/v1", "/static", "/health", "/livez", "/readyz", "/metrics")
"""Below these an error is never told as a page (E1)."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


class PageRoutes:
    """The pages over one live catalog."""

    def __init__(self, catalog: LiveCatalog, templates: PageTemplates) -> None:
        self.catalog = catalog
        self.templates = templates

    def routes(self) -> list[Route]:
        """What the application mounts."""
        pages = {"/": self.gallery, "/cards/{sku}": self.card, "/review": self.review, "/failures": self.failures}
        return [Route(path, page) for path, page in pages.items()]

    async def gallery(self, request: Request) -> Response:
        """Every living card, narrowed by the query."""
        model = await self.catalog.current()
        if model is None or not model.records:
            return self.templates.page(request, "empty.html", refused=self.catalog.refused)
        query = first_values(request.scope["query_string"].decode("latin-1"))
        return self.templates.page(request, "gallery.html", gallery=gallery_of(model, query))

    async def card(self, request: Request) -> Response:
        """One card with everything that was made of it."""
        model = await self.catalog.current()
        record = model.find(request.path_params["sku"]) if model else None
        if model is None or record is None:
            raise Problem(404, f"There is no card {request.path_params['sku'][:80]}.")
        slug, failures = record.card.slug, model.failures
        try:
            view = await self.catalog.ask(lambda connection: card_view(connection, slug, failures))
        except ServiceUnavailable as error:
            raise Problem(503, str(error), {"Retry-After": "5"}) from None
        before, after = _neighbours(model, slug)
        return self.templates.page(
            request, "card.html", record=record, view=view, before=before, after=after, images=IMAGES
        )

    async def review(self, request: Request) -> Response:
        """What a check found something about, until a person has said yes or no."""
        model = await self.catalog.current()
        if model is None:
            return self.templates.page(request, "empty.html", refused=self.catalog.refused)
        listed = review_list(model.living)
        more = max(0, len(listed) - MOST_SHOWN)
        latest = max((it.version.created_at for it in listed if it.version.created_at), default=None)
        return self.templates.page(
            request,
            "review.html",
            waiting=listed[:MOST_SHOWN],
            more=more,
            latest=latest,
            videos=any(it.version.asset == VIDEO for it in listed),
        )

    async def failures(self, request: Request) -> Response:
        """What could not be made, with its cause and the way out."""
        model = await self.catalog.current()
        if model is None:
            return self.templates.page(request, "empty.html", refused=self.catalog.refused)
        query = first_values(request.scope["query_string"].decode("latin-1"))
        listed, tallies = failure_list(model.failures, query), tallies_of(model)
        return self.templates.page(request, "failures.html", listed=listed, records=model.records, tallies=tallies)

    def error_handler(self, otherwise: Handler) -> Handler:
        """Tells a browser of an error as a page; every other client by `otherwise`."""

        async def handle(request: Request, error: Exception) -> Response:
            wants_page = "text/html" in request.headers.get("accept", "")
            if not wants_page or request.url.path.startswith(NOT_PAGES) or not isinstance(error, HTTPException):
                return await otherwise(request, error)
            told = error.detail if isinstance(error, Problem) else "There is no page at this address."
            status = error.status_code
            return self.templates.reply("error.html", status, error.headers or {}, status=status, told=told)

        return handle


def _neighbours(model: ReadModel, slug: str) -> tuple[str | None, str | None]:
    """The SKUs of the cards before and after this one; a retired card has none."""
    place = model.place.get(slug)
    if place is None:
        return None, None
    living = model.living
    before = living[place - 1].card.sku if place else None
    return before, living[place + 1].card.sku if place + 1 < len(living) else None
