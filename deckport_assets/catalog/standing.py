"""How each asset of each card stands: fresh, stale, failed, rejected, a draft, missing or retired; what is due.

The one place that decides what is made; the batch, `produce`, the schedules and the catalog pages all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from deckport_assets.catalog.recipes import Recipe
from deckport_assets.errors import Refused


class Standing(StrEnum):
    """How an asset of a card stands."""

    FRESH = "fresh"
    STALE = "stale"
    FAILED = "failed"
    REJECTED = "rejected"
    """A person said no to it: another one is asked for, as if it were missing."""
    DRAFT = "draft"
    MISSING = "missing"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Found:
    """What is recorded of one asset of one card, beside what its inputs are today."""

    inputs_now: Mapping[str, str]
    exists: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
    code_version: str = ""
    draft: bool = False
    failed: bool = False
    rejected: bool = False
    retired: bool = False
    attempt: int = 0


def standing(recipe: Recipe, found: Found, code_version: str | None) -> Standing:
    """How it stands: a failure before a person's no, that before staleness; a draft that is otherwise fresh is one."""
    if found.retired:
        return Standing.RETIRED
    if found.failed:
        return Standing.FAILED
    if not found.exists:
        return Standing.MISSING
    if found.rejected:
        return Standing.REJECTED
    if dict(found.inputs) != dict(found.inputs_now):
        return Standing.STALE
    if recipe.follows_code and code_version is not None and found.code_version != code_version:
        return Standing.STALE
    return Standing.DRAFT if found.draft else Standing.FRESH


class Selection(StrEnum):
    """What a person asks for, as the options of `produce` and the tag of a run spell it."""

    MISSING = "missing"
    FAILED = "failed"
    STALE = "stale"
    DRAFTS = "drafts"
    REJECTED = "rejected"
    ALL = "all"
    NAMED = "named"
    """These very partitions, as pressed in Dagster's UI: whatever is not fresh."""


_DUE: dict[Selection, frozenset[Standing]] = {
    Selection.MISSING: frozenset({Standing.MISSING, Standing.REJECTED}),
    Selection.FAILED: frozenset({Standing.FAILED}),
    Selection.STALE: frozenset({Standing.STALE}),
    Selection.DRAFTS: frozenset({Standing.DRAFT}),
    Selection.REJECTED: frozenset({Standing.REJECTED}),
    Selection.ALL: frozenset({Standing.MISSING, Standing.REJECTED, Standing.FAILED, Standing.STALE}),
    Selection.NAMED: frozenset({Standing.MISSING, Standing.REJECTED, Standing.FAILED, Standing.STALE}),
}


LANE_TAG = "deckport/lane"


class Lane(StrEnum):
    """What a run waits behind, as dagster.yaml limits it."""

    ORDINARY = "ordinary"
    PROMPTS = "prompts"
    """What people ask of the prompt queue; it has a slot of its own."""


ASKED_AT_TAG = "deckport/asked_at"
ORDER_TAG = "deckport/order"
"""The `produce` that a run belongs to; a backfill of Dagster's UI is one by its own tag."""


def asked_at_tag(moment: datetime) -> str:
    """A moment as the value of a tag: microseconds since 1970."""
    return str(round(moment.timestamp() * 1_000_000))


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: which standings are due, and which assets are made anew although they are fresh.

    `real` are the assets whose provider is a real one: only there can a draft be replaced. What was made since
    `asked_at` is not made anew once more: a run that takes over from one that died draws only the rest.
    """

    selection: Selection = Selection.NAMED
    redraw: frozenset[str] = frozenset()
    real: frozenset[str] = frozenset()
    asked_at: datetime | None = None

    def is_due(self, recipe: Recipe, stands: Standing) -> bool:
        """Whether this asset, standing so, is asked for."""
        if stands is Standing.RETIRED:
            return False
        if recipe.asset in self.redraw and stands is not Standing.MISSING:
            return True
        if stands is Standing.STALE and self.selection in (Selection.STALE, Selection.ALL):
            return recipe.follows_code
        if stands is Standing.DRAFT:
            return self.selection is Selection.DRAFTS and recipe.asset in self.real
        return stands in _DUE[self.selection]

    def in_a_run(self) -> Order:
        """The order for the cards that a run was given: they were chosen already, so whatever is not fresh is made."""
        return self if self.selection is Selection.DRAFTS else replace(self, selection=Selection.NAMED)

    def tags(self) -> dict[str, str]:
        """The order as tags of a run, from which `Order.of_tags` reads it back."""
        redraw = ".".join(sorted(asset.replace("/", "_") for asset in self.redraw))
        tags = {"deckport/select": self.selection.value}
        if redraw:
            tags["deckport/redraw"] = redraw
            if self.asked_at is not None:
                tags[ASKED_AT_TAG] = asked_at_tag(self.asked_at)
        return tags

    @classmethod
    def of_tags(cls, tags: Mapping[str, str], assets: Iterable[str], real: Iterable[str] = ()) -> Order:
        """The order that a run's tags state, for the cards of that run. `deckport/redraw=true` means all its assets.

        Raises Refused when a tag has a value that means nothing.
        """
        word = tags.get("deckport/select", Selection.NAMED.value)
        if word not in Selection._value2member_map_:
            raise Refused(
                f"The tag deckport/select says {word!r}.", remedy=f"Use one of {', '.join(Selection)}, or no tag."
            )
        named = tags.get("deckport/redraw", "")
        by_tag = {asset.replace("/", "_"): asset for asset in assets}
        redraw = set(by_tag.values()) if named == "true" else {by_tag[w] for w in named.split(".") if w in by_tag}
        asked = tags.get(ASKED_AT_TAG, "")
        asked_at = datetime.fromtimestamp(int(asked) / 1_000_000, UTC) if asked.isdigit() else None
        return cls(Selection(word), frozenset(redraw), frozenset(real), asked_at).in_a_run()
