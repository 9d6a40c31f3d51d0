"""A profile of a source: how many cards of each kind it has, as a producer looks it over. pandas does the counting."""

from __future__ import annotations

from collections.abc import Sequence

from deckport_assets.catalog.validation import Candidate


def profile(accepted: Sequence[Candidate]) -> str:
    """Cards by category and rarity, and by colour, as a Markdown table."""
    import pandas as pd

    frame = pd.DataFrame(
        [{name: str(c.facts[name]) for name in ("category", "rarity", "colour")} for c in accepted], dtype=str
    )
    if frame.empty:
        return "No cards."
    return "\n\n".join(
        _table(pd.crosstab(frame["category"], frame[by], margins=True, margins_name="all"))
        for by in ("rarity", "colour")
    )


def _table(counts) -> str:  # type: ignore[no-untyped-def]  # a pandas frame; pandas is imported lazily
    head = ["", *map(str, counts.columns)]
    lines = [
        head,
        ["---"] * len(head),
        *([str(name), *map(str, row)] for name, row in zip(counts.index, counts.values, strict=True)),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
