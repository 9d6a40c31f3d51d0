"""The pages' templates: what all of them know, and the reply that a filled one is. What fills them is the routes'."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from api import wording
from api.entity import HTML, Entity
from api.media_routes import SHIPPED
from deckport_assets.catalog.recipes import RECIPES
from deckport_assets.settings import Settings

PAGES = Path(__file__).parent / "pages"
SAFE = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
    "script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}


class PageTemplates:
    """The templates in `pages/`, with the settings that they speak of."""

    def __init__(self, settings: Settings) -> None:
        self._templates = _templates()
        self._templates.globals["run_address"] = lambda run_id: f"{settings.dagster_address}/runs/{run_id}"
        self._templates.globals["makes_unasked"] = settings.makes_unasked
        self._templates.globals["dagster_address"] = settings.dagster_address

    def page(self, request: Request, template: str, **contents: object) -> Response:
        """A page that is the same for everybody, or 304 when the client has it already."""
        return Entity(self._filled(template, contents), HTML, SAFE).reply(request)

    def reply(self, template: str, status: int, headers: Mapping[str, str], /, **contents: object) -> Response:
        """A page with a status of its own: an error, or what only this client may see."""
        return Response(self._filled(template, contents), status, {**SAFE, **headers}, HTML)

    def _filled(self, template: str, contents: dict[str, object]) -> bytes:
        return self._templates.get_template(template).render(contents).encode("utf-8", "replace")


def _templates() -> Environment:
    loader = FileSystemLoader(PAGES)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    for say in (
        wording.label, wording.size, wording.money, wording.seconds, wording.span, wording.moment, wording.sentence,
    ):  # fmt: skip
        made.filters[say.__name__] = say
    made.globals["asset_names"] = wording.ASSET_NAMES
    made.globals["reviewed"] = frozenset(asset for asset, recipe in RECIPES.items() if recipe.reviewed)
    digest = hashlib.sha256(b"".join((SHIPPED / name).read_bytes() for name in ("pages.css", "pages.js")))
    made.globals["edition"] = digest.hexdigest()[:8]
    return made
