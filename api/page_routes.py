"""The pages for producers: the gallery, a card, what waits for review, what has failed. Plain links and forms.

Their templates lie in `pages/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import wording
from api.card_page import card_view
from api.card_routes import first_values
from api.documents import IMAGES
from api.entity import HTML, Entity
from api.failure_list import failure_list
from api.gallery import gallery_of, tallies_of
from api.live_catalog import LiveCatalog
from api.media_routes import SHIPPED
from api.problems import Problem
from api.read_model import ReadModel
from api.review_list import MOST_SHOWN, review_list
from deckport_assets.catalog.recipes import RECIPES, VIDEO
from deckport_assets.errors import ServiceUnavailable
from deckport_assets.settings import Settings

PAGES = Path(__file__).parent / "pages"
SAFE = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}
NOT_PAGES = ("/v1", "/static", "/health", "/livez", "/readyz")
"""Below these an error is never told as a page (E1)."""

Handler = Callable[[Request, Exception], Awaitable[Response]]


class PageRoutes:
    """The pages over one live catalog."""

    def __init__(self, catalog: LiveCatalog, settings: Settings) -> None:
        self.catalog = catalog
        self.templates = _templates()
        self.templates.globals["run_address"] = lambda run_id: f"{settings.dagster_address}/runs/{run_id}"
        self.templates.globals["makes_unasked"] = settings.makes_unasked
        self.templates.globals["dagster_address"] = settings.dagster_address

    def routes(self) -> list[Route]:
        """What the application mounts."""
        pages = {"/": self.gallery, "/cards/{sku}": self.card, "/review": self.review, "/failures": self.failures}
        return [Route(path, page) for path, page in pages.items()]

    async def gallery(self, request: Request) -> Response:
        """Every living card, narrowed by the query."""
        model = await self.catalog.current()
        if model is None or not model.records:
            return self._page(request, "empty.html", refused=self.catalog.refused)
        query = first_values(request.scope["query_string"].decode("latin-1"))
        return self._page(request, "gallery.html", gallery=gallery_of(model, query))

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
        return self._page(request, "card.html", record=record, view=view, before=before, after=after, images=IMAGES)

    async def review(self, request: Request) -> Response:
        """What a check found something about, until a person has said yes or no."""
        model = await self.catalog.current()
        if model is None:
            return self._page(request, "empty.html", refused=self.catalog.refused)
        listed = review_list(model.living)
        more = max(0, len(listed) - MOST_SHOWN)
        latest = max((it.version.created_at for it in listed if it.version.created_at), default=None)
        return self._page(
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
            return self._page(request, "empty.html", refused=self.catalog.refused)
        query = first_values(request.scope["query_string"].decode("latin-1"))
        listed, tallies = failure_list(model.failures, query), tallies_of(model)
        return self._page(request, "failures.html", listed=listed, records=model.records, tallies=tallies)

    def error_handler(self, otherwise: Handler) -> Handler:
        """Tells a browser of an error as a page; every other client by `otherwise`."""

        async def handle(request: Request, error: Exception) -> Response:
            wants_page = "text/html" in request.headers.get("accept", "")
            if not wants_page or request.url.path.startswith(NOT_PAGES) or not isinstance(error, HTTPException):
                return await otherwise(request, error)
            told = error.detail if isinstance(error, Problem) else "There is no page at this address."
            page = self.templates.get_template("error.html").render(status=error.status_code, told=told)
            return Response(page, error.status_code, dict(error.headers or {}) | SAFE, HTML)

        return handle

    def _page(self, request: Request, template: str, **contents: object) -> Response:
        page = self.templates.get_template(template).render(contents)
        return Entity(page.encode("utf-8", "replace"), HTML, SAFE).reply(request)


def _neighbours(model: ReadModel, slug: str) -> tuple[str | None, str | None]:
    """The SKUs of the cards before and after this one; a retired card has none."""
    place = model.place.get(slug)
    if place is None:
        return None, None
    living = model.living
    before = living[place - 1].card.sku if place else None
    return before, living[place + 1].card.sku if place + 1 < len(living) else None


def _templates() -> Environment:
    loader = FileSystemLoader(PAGES)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    for say in (wording.label, wording.size, wording.money, wording.seconds, wording.moment, wording.sentence):
        made.filters[say.__name__] = say
    made.globals["asset_names"] = wording.ASSET_NAMES
    made.globals["reviewed"] = frozenset(asset for asset, recipe in RECIPES.items() if recipe.reviewed)
    digest = hashlib.sha256(b"".join((SHIPPED / name).read_bytes() for name in ("pages.css", "pages.js")))
    made.globals["edition"] = digest.hexdigest()[:8]
    return made
