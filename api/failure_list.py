"""The failures page's contents: what failed alike, counted, and a page of the failures themselves. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api.wording import ASSET_NAMES
from deckport_assets.catalog.journal import Failure

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Alike:
    """Failures of one asset with one kind of cause."""

    asset: str
    kind: str
    count: int
    chosen: bool

    @property
    def name(self) -> str:
        """As the page says it."""
        return f"{ASSET_NAMES.get(self.asset, self.asset)}: {self.kind.replace('_', ' ')}"

    @property
    def address(self) -> str:
        """The page with these alone; with all again, when these are chosen already."""
        return "/failures" if self.chosen else "/failures?" + urlencode({"asset": self.asset, "kind": self.kind})


@dataclass(frozen=True, slots=True)
class FailureList:
    """One page of what has failed, the latest first."""

    failures: Sequence[Failure]
    total: int
    all_failures: int
    groups: Sequence[Alike]
    page: int
    pages: int
    query: Mapping[str, str]

    def address(self, page: int) -> str:
        """Another page of the same failures."""
        return "/failures?" + urlencode({**self.query, "page": str(page)})


def failure_list(failures: Sequence[Failure], query: Mapping[str, str]) -> FailureList:
    """The failures that a query string asks for; a page that cannot be is the nearest that can."""
    wanted = {name: query[name] for name in ("asset", "kind") if query.get(name)}
    fits = [f for f in failures if all(getattr(f, name) == value for name, value in wanted.items())]
    counted = Counter((failure.asset, failure.kind) for failure in failures).most_common()
    chosen = (wanted.get("asset"), wanted.get("kind"))
    groups = [Alike(asset, kind, count, (asset, kind) == chosen) for (asset, kind), count in counted]
    pages = max(1, -(-len(fits) // PAGE_SIZE))
    page = page_number(query, pages)
    shown = fits[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return FailureList(shown, len(fits), len(failures), groups, page, pages, wanted)


def page_number(query: Mapping[str, str], pages: int) -> int:
    """The page that is asked for, or the nearest that there is."""
    word = query.get("page", "")
    return min(max(1, int(word) if word.isascii() and word.isdigit() and len(word) < 9 else 1), pages)
