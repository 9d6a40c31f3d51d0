"""What a thing in the landscape is: its outline, not its kind."""

from __future__ import annotations

from dataclasses import dataclass, field

from deckport_assets.studio.artist.canvas import Points


@dataclass(slots=True)
class Prop:
    """Outlines that are filled, holes cut into them, and lit windows as (x, y)."""

    outlines: list[Points] = field(default_factory=list)
    holes: list[Points] = field(default_factory=list)
    lit: list[tuple[float, float]] = field(default_factory=list)
