"""Who writes, draws and composes: the small protocols that a real service and its embedded stand-in both keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    motion: str = ""
    """What moves when the picture becomes a clip."""
    entries: tuple[int, ...] = ()
    """The rows of the ledger that paid for it. Who keeps it tells the ledger in the same transaction."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What else there is, so that a prompt is of its own: the names of all cards, and their prompts by slug."""

    names: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def with_text(self, slug: str, text: str) -> Beside:
        """The same, with what was just written."""
        return Beside(self.names, {**self.texts, slug: text})

    def texts_but(self, slug: str) -> list[str]:
        """The prompts of all other cards."""
        return [text for other, text in self.texts.items() if other != slug]


@dataclass(frozen=True, slots=True)
class Price:
    """What something is expected to cost, and the most that it may, in millionths of a US dollar.

    `call_microusd` is the most that one of its calls may, which is set aside before it goes out.
    """

    expected_microusd: int = 0
    most_microusd: int = 0
    call_microusd: int = 0


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
    """On whose behalf something is made: the run, how urgent it is (10 most, 0 usual), who is told, who may stop it.

    What is paid for belongs to an order (a produce, a backfill), which has a budget, and to who asked for it. `purpose`
    is what it is for, the same after a kill: what was paid for it and not used is not paid for again. `correlation`
    goes with every call and log line. Who is not `patient` is told at once when a service is away.
    """

    run_id: str
    priority: int
    progress: Callable[[str], None]
    cancelled: Callable[[], bool]
    order_id: str = ""
    requester: str = ""
    correlation: str = ""
    patient: bool = True
    purpose: str = ""


class Writer(Protocol):
    """Writes prompts. `at_once` is how many it can take at a time; `real` is False for an embedded one."""

    @property
    def at_once(self) -> int: ...

    @property
    def real(self) -> bool: ...

    def write(
        self, card: Card, *, occasion: Occasion, beside: Beside, wish: str = "", references: Sequence[str] = ()
    ) -> Written:
        """A prompt for the card's picture, unlike what there is beside. `wish` is what a person says of it."""

    def price(self, card: Card | None, *, wish: str = "", references: Sequence[str] = (), batch: bool = False) -> Price:
        """What a prompt for the card costs, or for what is wished without one."""

    def write_freely(self, wish: str, references: Sequence[str], *, occasion: Occasion) -> Written:
        """A prompt for whatever a person wishes. Raises Refused when it cannot."""


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
    motion: str = ""
    """What its writer said moves in it."""


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
