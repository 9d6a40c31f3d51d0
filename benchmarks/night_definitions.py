"""The pipeline as it is, with an artist that notes each drawing and fails for the cards that are to fail.

For `benchmarks.night`: which card was drawn when, by which process, stands in HOME/draws.log, one line each, so that
after kills it can be told who was drawn twice and why. Cards listed in HOME/broken.txt fail until the file is gone.
"""

import os
import time
from pathlib import Path

from deckport_assets.definitions import build, live
from deckport_assets.errors import BadImage
from deckport_assets.models import Card
from deckport_assets.resources.embedded import EmbeddedArtist
from deckport_assets.resources.providers import Drawn, Occasion
from deckport_assets.settings import settings


class WatchedArtist(EmbeddedArtist):
    """The embedded artist, noted."""

    home: str

    def draw(self, card: Card, prompt: str, *, negative: str, attempt: int, occasion: Occasion) -> Drawn:
        """The card's picture, unless it is to fail."""
        broken = Path(self.home) / "broken.txt"
        if broken.is_file() and card.slug in broken.read_text().split():
            raise BadImage("This card was chosen to fail.", remedy="Remove broken.txt.")
        line = f"{time.time():.3f} {os.getpid()} {card.slug}\n"
        with (Path(self.home) / "draws.log").open("a") as log:
            log.write(line)
        return super().draw(card, prompt, negative=negative, attempt=attempt, occasion=occasion)


_chosen = settings()
_resources = live(_chosen)
_artist = WatchedArtist(
    home=str(_chosen.home),
    workers=_chosen.workers,
    refused=False,
    width_px=int(os.environ.get("NIGHT_WIDTH_PX", "1200")),
    height_px=int(os.environ.get("NIGHT_HEIGHT_PX", "1744")),
)
defs = build(_resources | {"artist": _artist}, _chosen)
