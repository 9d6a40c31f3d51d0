"""Which cards a query asks for: the parameters of a list, judged (C2 to C8).

Which cards fit is `index`'s to say. What the old API ignored is ignored here and named in `warnings`; only a page
that cannot be is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from api.problems import Problem
from deckport_assets.models import Category, Colour, Rarity

DEFAULT_PAGE_SIZE = 20
MOST_IN_A_PAGE = 100
STATS = ("mana_cost", "energy_cost", "attack", "health")
ENUMS = {"category": Category, "rarity": Rarity, "color": Colour}
KNOWN = {"q", *ENUMS, "card_set", "has_artwork", "has_video", "page", "page_size"} | {
    f"{stat}_{end}" for stat in STATS for end in ("min", "max")
}

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}(\.0+)?")
"""A whole number as clients write it: Godot makes 1.0 of 1 (T5)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A query, understood: filters by their name, and the page."""

    text: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    has: Mapping[str, bool] = field(default_factory=dict)
    page: int = 1
    page_size: int = DEFAULT_PAGE_SIZE
    warnings: tuple[str, ...] = ()


def read_selection(query: Mapping[str, str]) -> Selection:
    """The selection that a query string states. Raises Problem (400) for a page or page size that cannot be."""
    warnings: list[str] = []
    facets = {}
    for name, known in ENUMS.items():
        word = query.get(name, "").upper()
        if word:
            facets[name] = word
            if word not in known._value2member_map_:
                warnings.append(f"{name}={query[name]} is unknown; expected one of {', '.join(known)}.")
    if query.get("card_set"):
        facets["card_set"] = query["card_set"].lower()
    least, most = ({s: n for s in STATS if (n := _bound(query, f"{s}_{end}", warnings)) is not None} for end in _ENDS)
    has: dict[str, bool] = {}
    for name in ("has_artwork", "has_video"):
        if query.get(name) in ("true", "false"):
            has[name] = query[name] == "true"
        elif query.get(name):
            warnings.append(f"{name} is ignored: expected true or false.")
    warnings += [f"{name} is ignored: there is no such parameter." for name in query if name not in KNOWN]
    page, size = _at_least_one(query, "page", 1), _at_least_one(query, "page_size", DEFAULT_PAGE_SIZE)
    return Selection(
        query.get("q", ""), facets, least, most, has, page, min(size, MOST_IN_A_PAGE), tuple(warnings)
    )  # fmt: skip


_ENDS = ("min", "max")


def _bound(query: Mapping[str, str], name: str, warnings: list[str]) -> int | None:
    word = query.get(name, "").strip()
    if not word:
        return None
    if not _WHOLE.fullmatch(word):
        warnings.append(f"{name} is ignored: expected a whole number.")
        return None
    return max(-(10**9), min(10**9, int(word.partition(".")[0])))


def _at_least_one(query: Mapping[str, str], name: str, otherwise: int) -> int:
    word = query.get(name, "").strip()
    if not word:
        return otherwise
    if not _WHOLE.fullmatch(word) or (number := int(word.partition(".")[0])) < 1:
        raise Problem(400, f"{name}={word[:40]} cannot be: expected a whole number from 1.")
    return min(number, 10**9)
