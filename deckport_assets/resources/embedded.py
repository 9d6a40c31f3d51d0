"""The providers that need no key and no GPU. Real, small, and everything they make is marked as a draft."""

from collections.abc import Sequence
from typing import Any, ClassVar

import dagster as dg
from pydantic import Field

from deckport_assets.errors import Refused
from deckport_assets.models import PAINTED_FACTS, Card
from deckport_assets.resources.providers import Animated, Beside, Drawn, Occasion, Price, Provenance, Still, Written


class _Embedded(dg.ConfigurableResource[Any]):
    """What all embedded providers share."""

    stands_in_for: ClassVar[str]
    """The service that does the same for real."""
    workers: int = Field(default=2, description="How many it works on at a time.", ge=1, le=8)
    refused: bool = Field(default=False, description="DECKPORT_REQUIRE_REAL: nothing may be made as a draft.")

    @property
    def at_once(self) -> int:
        """As many as there are workers: it computes on this machine."""
        return self.workers

    @property
    def real(self) -> bool:
        """No: what it makes is a draft."""
        return False

    def ready(self) -> list[str]:
        """Raises Refused when drafts are forbidden."""
        if self.refused:
            raise Refused(
                f"{self.stands_in_for} is not configured, and DECKPORT_REQUIRE_REAL forbids drafts.",
                remedy=f"Configure {self.stands_in_for} (deckport settings lists how), or unset DECKPORT_REQUIRE_REAL.",
            )
        return []


class EmbeddedWriter(_Embedded):
    """Writes prompts from a card's facts by template."""

    stands_in_for = "Claude"

    def write(
        self, card: Card, *, occasion: Occasion, beside: Beside, wish: str = "", references: Sequence[str] = ()
    ) -> Written:
        """A prompt for the card's picture. It reads the card alone: wishes are for those who understand them."""
        from deckport_assets.studio.prompts.writer import WRITER_VERSION, write

        self.ready()
        prompt = write(card)
        provenance = Provenance("embedded", f"writer-{WRITER_VERSION}", draft=True)
        return Written(prompt.text, prompt.caption, prompt.negative, provenance)

    def price(self, card: Card | None, *, wish: str = "", references: Sequence[str] = (), batch: bool = False) -> Price:
        """Nothing."""
        return Price()

    def write_freely(self, wish: str, references: Sequence[str], *, occasion: Occasion) -> Written:
        """Raises Refused: what is not a card is beyond it."""
        raise Refused("The embedded writer writes for cards alone.", remedy="Set ANTHROPIC_API_KEY for free text.")


class EmbeddedArtist(_Embedded):
    """Paints pictures by procedure; the same card, prompt and attempt give the same picture."""

    stands_in_for = "ComfyUI"

    width_px: int = Field(default=1200, ge=64, le=4096)
    height_px: int = Field(default=1744, ge=64, le=4096)

    def draw(self, card: Card, prompt: str, *, negative: str, attempt: int, occasion: Occasion) -> Drawn:
        """The card's picture."""
        from deckport_assets.studio.artist.dice import seed_of
        from deckport_assets.studio.artist.painter import PAINTER_VERSION, paint
        from deckport_assets.studio.encoding import png, preview

        self.ready()
        pixels = paint(card, prompt, attempt=attempt, size_px=(self.width_px, self.height_px))
        seed = seed_of(*card.facts(PAINTED_FACTS).values(), prompt, attempt)
        provenance = Provenance("embedded", f"painter-{PAINTER_VERSION}", draft=True, seed=seed)
        return Drawn(png(pixels), pixels, preview(pixels), provenance)


class EmbeddedAnimator(_Embedded):
    """Moves the art under the still frame."""

    stands_in_for = "ComfyUI"

    def animate(self, card: Card, still: Still, *, attempt: int, occasion: Occasion) -> Animated:
        """A seamless loop of three seconds, 608 x 852; it needs no words."""
        from deckport_assets.studio.artist.dice import seed_of
        from deckport_assets.studio.encoding import open_layer, open_picture
        from deckport_assets.studio.video import MP4, SIZE_PX, THEORA, VIDEO_VERSION, loop

        self.ready()
        seed = seed_of("video", card.slug, attempt)
        art, frame = open_picture(still.art_png), open_layer(still.frame_png)
        files = loop(art, frame, still.opening, seed=seed, cancelled=occasion.cancelled)
        provenance = Provenance("embedded", f"loop-{VIDEO_VERSION}", draft=True, seed=seed)
        return Animated(files[MP4.name], files[THEORA.name], *SIZE_PX, provenance)
