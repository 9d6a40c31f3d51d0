"""What the tests of ComfyUI share: a small workflow of a producer's own, and an artist who is in a hurry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from deckport_assets.catalog.database import Database
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIArtist
from deckport_assets.resources.comfyui.execution import Patience
from deckport_assets.resources.providers import Drawn, Occasion
from deckport_assets.studio.workflows.template import PACKAGE_WORKFLOWS
from tests.fakes.comfyui import FakeComfyUI

HURRY = Patience(job_s=0.6, idle_s=0.3, away_s=0.4, stop_s=0.2, late_s=0.3, poll_s=0.02, fetch_s=0.5, alive_s=0.1)
MOTH = Card("moth", "AETHER-001", "moth", "Moth", Category.CREATURE, Rarity.COMMON, False, Colour.AETHER, 1, 1)


class Studio:
    """Some servers, and an artist who draws with them."""

    def __init__(self, fakes: list[FakeComfyUI], database: Database, workflows: Path) -> None:
        self.fakes = fakes
        self.said: list[str] = []
        self.cancelled: Callable[[], bool] = lambda: False
        addresses = [fake.url for fake in fakes]
        self.comfyui = ComfyUI(addresses, database.url, workflows=[workflows], patience=HURRY, wait_s=1.0)
        self.artist = ComfyUIArtist(self.comfyui, "small")

    def draw(self, prompt: str = "a moth made of brass", *, attempt: int = 0, run: str = "run") -> Drawn:
        """The moth's picture."""
        occasion = Occasion(run, 0, self.said.append, self.cancelled)
        return self.artist.draw(MOTH, prompt, negative="", attempt=attempt, occasion=occasion)

    @property
    def drawn(self) -> int:
        """How many jobs the servers have executed together."""
        return sum(len(fake.worker.done) for fake in self.fakes)


def small_workflow(folder: Path) -> Path:
    """A producer's own workflow `small` in a folder of workflows: a picture of 256 x 376, quick to draw."""
    shipped, mine = PACKAGE_WORKFLOWS / "card-art-sd", folder / "small"
    mine.mkdir(parents=True)
    graph = json.loads((shipped / "workflow.json").read_text())
    for node in graph.values():
        if "width" in node["inputs"]:
            node["inputs"] |= {"width": 256, "height": 376}
    bindings = (shipped / "bindings.toml").read_text().split("\n\n")
    kept = [part for part in bindings if not part.startswith(("[inputs.width]", "[inputs.height]"))]
    (mine / "workflow.json").write_text(json.dumps(graph))
    (mine / "bindings.toml").write_text("\n\n".join(kept))
    return folder
