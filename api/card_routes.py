"""`/v1/catalog/…` and `/v1/admin/card-sets`: cards as JSON, out of the read model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.documents import json_bytes
from api.entity import Entity
from api.index import Index
from api.live_catalog import LiveCatalog
from api.problems import Problem
from api.read_model import ReadModel
from api.selection import STATS, read_selection

LONGEST_KEPT_QUERY = 512


class CardRoutes:
    """The routes over one live catalog."""

    def __init__(self, catalog: LiveCatalog) -> None:
        self.catalog = catalog

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [
            Route("/v1/catalog/cards", self.cards),
            Route("/v1/catalog/cards/{sku}", self.card),
            Route("/v1/catalog/filters", self.filters),
            Route("/v1/admin/card-sets", self.card_sets),
        ]

    async def cards(self, request: Request) -> Response:
        """Cards that fit the query, a page of them, in the one order of cards."""
        model = await self._model()
        query = request.scope["query_string"].decode("latin-1")
        entity = model.kept(f"cards?{query}")
        if entity is None:
            entity = _list(model, first_values(query))
            if len(query) <= LONGEST_KEPT_QUERY:
                model.keep(f"cards?{query}", entity)
        return entity.reply(request)

    async def card(self, request: Request) -> Response:
        """One card by its SKU in either case, a retired one too."""
        sku = request.path_params["sku"]
        record = (await self._model()).by_sku.get(sku.upper())
        if record is None:
            raise Problem(404, f"There is no card {sku[:80]}.")
        return record.detail.reply(request)

    async def filters(self, request: Request) -> Response:
        """The values that filters can take."""
        model = await self._model()
        kept = model.kept("filters") or model.keep("filters", Entity(json_bytes(_filters(model))))
        return kept.reply(request)

    async def card_sets(self, request: Request) -> Response:
        """The card sets, with how many cards each has."""
        model = await self._model()
        kept = model.kept("card-sets") or model.keep("card-sets", Entity(json_bytes(_card_sets(model))))
        return kept.reply(request)

    async def _model(self) -> ReadModel:
        model = await self.catalog.current()
        if model is None:
            refused = self.catalog.refused
            detail = f"{refused} {refused.remedy}" if refused else "The catalog is being read."
            raise Problem(503, detail, {"Retry-After": "2"})
        return model


def first_values(query: str) -> dict[str, str]:
    """A query string's parameters; of one that is named twice the first counts, as it did in the old API. Without NUL,
    which no database takes."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        found.setdefault(name, value.replace("\0", ""))
    return found


def _list(model: ReadModel, query: Mapping[str, str]) -> Entity:
    selection = read_selection(query)
    chosen = model.index.chosen(model.index.select(selection))
    start = (selection.page - 1) * selection.page_size
    items = chosen[start : start + selection.page_size]
    has_more = start + len(items) < len(chosen) and bool(items)
    following = _page_address(query, selection.page + 1) if has_more else None
    told: dict[str, Any] = {
        "total": len(chosen),
        "page": selection.page,
        "page_size": selection.page_size,
        "has_more": has_more,
        "next": following,
        "warnings": list(selection.warnings),
    }
    body = b'{"items":[' + b",".join(record.item for record in items) + b"]," + json_bytes(told)[1:]
    links = [(_page_address(query, selection.page + 1), "next")] if has_more else []
    if selection.page > 1:
        links.append((_page_address(query, selection.page - 1), "prev"))
    return Entity(body, headers={"Link": ", ".join(f'<{at}>; rel="{rel}"' for at, rel in links)} if links else None)


def _page_address(query: Mapping[str, str], page: int) -> str:
    kept = {name: value for name, value in query.items() if name != "page"}
    return "/v1/catalog/cards?" + urlencode(kept | {"page": str(page)}, errors="replace")


def _filters(model: ReadModel) -> dict[str, Any]:
    index = model.index
    values: dict[str, set[str]] = {"category": set(), "color": set(), "rarity": set()}
    for facet, value in index.masks:
        if facet in values:
            values[facet].add(value)
    return {
        "categories": sorted(values["category"]),
        "colors": sorted(values["color"]),
        "rarities": sorted(values["rarity"]),
        "card_sets": list(model.sets),
        "stat_ranges": {stat: _range(index, stat) for stat in STATS},
    }


def _range(index: Index, stat: str) -> dict[str, int]:
    known = [int(number) for number in index.stats[stat] if number == number]  # NaN is no number of a card
    return {"min": min(known, default=0), "max": max(known, default=0)}


def _card_sets(model: ReadModel) -> dict[str, Any]:
    first = {name: min(record.state.created_at for record in records) for name, records in model.sets.items()}
    in_order = sorted(first, key=lambda name: (first[name], name))
    rows = [
        {
            "id": number,
            "name": name,
            "code": name.upper().replace(" ", "_"),
            "theme": None,
            "total_cards": len(model.sets[name]),
            "created_at": first[name].isoformat(),
        }
        for number, name in enumerate(in_order, 1)
    ]
    return {"success": True, "card_sets": rows, "total": len(rows)}
