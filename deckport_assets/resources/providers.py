"""Who writes, draws and composes: the small protocols that a real service and its embedded stand-in both keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from deckport_assets.models import Card

if TYPE_CHECKING:
    from deckport_assets.studio.cards.compose import Opening
    from deckport_assets.studio.encoding import Pixels


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who made something, with what. What an embedded provider makes is a draft."""

    provider: str
    model: str
    draft: bool
    seed: int | None = None
    workflow: str = ""
    workflow_sha256: str = ""
    cost_microusd: int = 0
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt as its writer gave it."""

    text: str
    caption: str
    negative: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as its artist gave it: PNG bytes without metadata, the same as pixels (height, width, 3), and a preview
    of at most 160 pixels."""

    png: bytes
    pixels: Pixels
    preview: bytes
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Animated:
    """A moving card as its animator gave it: the same loop for browsers and for consoles, without sound.

    `claims` is what it found in the loop; what does not hold is told and keeps nothing back.
    """

    mp4: bytes
    theora: bytes
    width_px: int
    height_px: int
    provenance: Provenance
    claims: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Occasion:
    """On whose behalf something is made: the run, how urgent it is (10 most, 0 usual), who is told, who may stop it."""

    run_id: str
    priority: int
    progress: Callable[[str], None]
    cancelled: Callable[[], bool]


class Writer(Protocol):
    """Writes prompts. `at_once` is how many it can take at a time; `real` is False for an embedded one."""

    @property
    def at_once(self) -> int: ...

    @property
    def real(self) -> bool: ...

    def write(self, card: Card) -> Written:
        """A prompt for the card's picture."""


class Artist(Protocol):
    """Draws pictures. `at_once` is how many it can take at a time; `real` is False for an embedded one."""

    @property
    def at_once(self) -> int: ...

    @property
    def real(self) -> bool: ...

    def ready(self) -> list[str]:
        """Raises what would fail every card: a wrong setting, a model that nobody has. What a person should know beside
        that is given in sentences."""

    def draw(self, card: Card, prompt: str, *, negative: str, attempt: int, occasion: Occasion) -> Drawn:
        """The card's picture. Another attempt is another picture."""


@dataclass(frozen=True, slots=True)
class Still:
    """What a moving card begins with: the artwork and the bare frame as PNG, and where in it the art is seen.

    `prompt` are the words that this artwork was drawn from; empty when a person made it.
    """

    art_png: bytes
    frame_png: bytes
    opening: Opening
    prompt: str = ""


class Animator(Protocol):
    """Makes the moving card. `real` is False for an embedded one."""

    @property
    def at_once(self) -> int: ...

    @property
    def real(self) -> bool: ...

    def ready(self) -> list[str]:
        """Raises what would fail every card: a wrong setting, a model that nobody has. What a person should know beside
        that is given in sentences."""

    def animate(self, card: Card, still: Still, *, attempt: int, occasion: Occasion) -> Animated:
        """A loop of the card. Another attempt is another loop."""
