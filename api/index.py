"""Which cards fit a selection: a mask per value of a facet, numbers per stat, names without their case. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from api.records import CardRecord
from api.selection import STATS, Selection
from deckport_assets.catalog.recipes import COMPOSITE, VIDEO

Mask = npt.NDArray[np.bool_]


class Index:
    """Cards in their order, ready to be selected from."""

    def __init__(self, records: Sequence[CardRecord]) -> None:
        self.records = records
        self.count = len(records)
        self.masks: dict[tuple[str, str], Mask] = {}
        for row, record in enumerate(records):
            for facet, values in _facets_of(record).items():
                for value in values:
                    if (facet, value) not in self.masks:
                        self.masks[facet, value] = np.zeros(self.count, bool)
                    self.masks[facet, value][row] = True
        self.stats = {stat: self._numbers(stat) for stat in STATS}
        self.names = [record.card.name.casefold() for record in records]

    def mask(self, facet: str, value: str) -> Mask:
        """The cards that have this value."""
        found = self.masks.get((facet, value))
        return found if found is not None else np.zeros(self.count, bool)

    def select(self, selection: Selection, *, but: str = "") -> Mask:
        """The cards that fit all filters, or all `but` one facet."""
        fits = self._named(selection.text) if selection.text else np.ones(self.count, bool)
        for facet, value in selection.facets.items():
            if facet != but:
                fits &= self.mask(facet, value)
        for bounds, compare in ((selection.least, np.greater_equal), (selection.most, np.less_equal)):
            for stat, bound in bounds.items():
                fits &= compare(self.stats[stat], float(bound))  # NaN, where a card has no such number, never fits
        for name, wanted in selection.has.items():
            fits &= self.mask(name, "true") == wanted
        return fits

    def chosen(self, mask: Mask) -> list[CardRecord]:
        """The records of a mask, in the catalog's order."""
        return [self.records[row] for row in np.flatnonzero(mask).tolist()]

    def _numbers(self, stat: str) -> npt.NDArray[np.float64]:
        values = (getattr(record.card, stat) for record in self.records)
        return np.array([np.nan if value is None else value for value in values], dtype=float)

    def _named(self, text: str) -> Mask:
        """The cards whose name has this text in it, whatever its case; nothing in it is a wildcard."""
        wanted = text.casefold()
        return np.fromiter((wanted in name for name in self.names), bool, self.count)


def _facets_of(record: CardRecord) -> dict[str, list[str]]:
    card = record.card
    has = {"has_artwork": COMPOSITE, "has_video": VIDEO}
    return {
        "category": [card.category.value],
        "rarity": [card.rarity.value],
        "color": [card.colour.value],
        "card_set": [card.card_set.lower()],
        "status": record.statuses,
        **{name: ["true"] for name, asset in has.items() if (asset, "") in record.files},
    }
