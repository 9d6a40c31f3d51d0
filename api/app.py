"""The application: which routes there are, and the layers around them. What a route does is its module's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from api.card_routes import CardRoutes
from api.envelope import Envelope
from api.health_routes import HealthRoutes
from api.key_routes import KeyRoutes
from api.live_catalog import LiveCatalog
from api.media_routes import MediaRoutes
from api.metrics_routes import MetricsRoutes
from api.page_routes import PageRoutes
from api.page_templates import PageTemplates
from api.problems import problem_handler
from api.prompt_pages import PromptPages
from api.prompt_routes import PromptRoutes
from api.rate_limit import RateLimit
from api.traffic import Count, Traffic
from deckport_assets.media import MediaStore
from deckport_assets.settings import Settings

REQUESTS_PER_MINUTE = 60


def create_app(settings: Settings, *, requests_per_minute: int = REQUESTS_PER_MINUTE) -> Starlette:
    """The catalog as a web application. The database is opened with the first request, or when the server starts."""
    catalog = LiveCatalog(settings.catalog_url)
    media = MediaRoutes(catalog, MediaStore(settings.media_location))
    templates, traffic = PageTemplates(settings), Traffic()
    pages = PageRoutes(catalog, templates)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        catalog.refresh()
        yield
        catalog.close()

    app = Starlette(
        routes=[
            *CardRoutes(catalog).routes(),
            *PromptRoutes(catalog).routes(),
            *HealthRoutes(catalog).routes(),
            *MetricsRoutes(catalog, traffic).routes(),
            *media.routes(),
            *pages.routes(),
            *PromptPages(catalog, templates, settings).routes(),
            *KeyRoutes(catalog).routes(),
        ],
        middleware=[
            Middleware(Count, traffic=traffic),
            Middleware(Envelope),
            Middleware(RateLimit, per_minute=requests_per_minute),
        ],
        exception_handlers={HTTPException: pages.error_handler(problem_handler)},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # old clients follow 301 and 302 only (T3)
    app.state.catalog = catalog
    return app
