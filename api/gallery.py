"""The gallery's contents: which cards a producer looks at, the choices with their counts, and how far the line is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from api.failure_list import page_number
from api.read_model import ReadModel
from api.records import CardRecord
from api.selection import Selection
from api.wording import ASSET_NAMES, STATUS_NAMES, label
from deckport_assets.catalog.recipes import ASSETS
from deckport_assets.catalog.standing import Standing
from deckport_assets.models import Category, Colour, Rarity

PAGE_SIZE = 48
FACETS = ("color", "category", "rarity", "card_set", "status")
FACET_NAMES = {"color": "Colour", "category": "Category", "rarity": "Rarity", "card_set": "Set", "status": "Status"}
ORDER = (Standing.FRESH, Standing.DRAFT, Standing.STALE, Standing.REJECTED, Standing.FAILED, Standing.MISSING)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, with how many of the cards that fit the other filters have it."""

    value: str
    name: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the form."""

    name: str
    title: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Tally:
    """How an asset stands over all living cards."""

    asset: str
    name: str
    total: int
    counts: Mapping[Standing, int]

    @property
    def made(self) -> int:
        """How many have a current version that nothing is wrong with, drafts included."""
        return self.counts.get(Standing.FRESH, 0) + self.counts.get(Standing.DRAFT, 0)

    @property
    def shares(self) -> list[tuple[Standing, int, float]]:
        """The standings that occur: how many, and their part of the whole in percent."""
        return [(s, n, 100 * n / self.total) for s in ORDER if (n := self.counts.get(s, 0))]


@dataclass(frozen=True, slots=True)
class Gallery:
    """One page of the gallery."""

    cards: list[CardRecord]
    total: int
    all_cards: int
    page: int
    pages: int
    query: Mapping[str, str]
    filters: list[Filter]
    tallies: list[Tally]

    def address(self, **changed: str) -> str:
        """The gallery's address with some of the query changed; a filter always leads to the first page."""
        kept = {name: value for name, value in self.query.items() if value}
        query = {name: value for name, value in (kept | changed).items() if value and (name, value) != ("page", "1")}
        return "/?" + urlencode(query, errors="replace") if query else "/"

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(self.query.values())


def gallery_of(model: ReadModel, query: Mapping[str, str]) -> Gallery:
    """The gallery that a query string asks for; a page that cannot be is the nearest that can."""
    facets = {name: _spelt(name, query[name]) for name in FACETS if query.get(name)}
    selection = Selection(query.get("q", "").strip(), facets)
    chosen = model.index.chosen(model.index.select(selection))
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    page = page_number(query, pages)
    shown = chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    kept = {"q": selection.text} | {name: query.get(name, "") for name in FACETS}
    filters = [_filter(model, selection, name) for name in FACETS]
    return Gallery(shown, len(chosen), len(model.living), page, pages, kept, filters, tallies_of(model))


def tallies_of(model: ReadModel) -> list[Tally]:
    """How far each asset is."""
    counts: dict[str, Counter[Standing]] = {asset: Counter() for asset in ASSETS}
    for record in model.living:
        for asset in ASSETS:
            counts[asset][record.stands[asset]] += 1
    return [Tally(asset, ASSET_NAMES[asset], len(model.living), counts[asset]) for asset in ASSETS]


def _filter(model: ReadModel, selection: Selection, facet: str) -> Filter:
    others = model.index.select(selection, but=facet)
    choices = []
    for value, name in _values(model, facet).items():
        chosen = selection.facets.get(facet) == value
        count = int((others & model.index.mask(facet, value)).sum())
        if count or chosen:
            choices.append(Choice(value, name, count, chosen))
    return Filter(facet, FACET_NAMES[facet], choices)


def _values(model: ReadModel, facet: str) -> dict[str, str]:
    if facet == "card_set":
        return {name.lower(): name for name in model.sets}
    if facet == "status":
        return STATUS_NAMES
    enum = {"color": Colour, "category": Category, "rarity": Rarity}[facet]
    return {value: label(value) for value in enum}


def _spelt(facet: str, value: str) -> str:
    return value.lower() if facet in ("card_set", "status") else value.upper()
