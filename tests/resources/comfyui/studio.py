"""What the tests of ComfyUI share: small workflows of a producer's own, an artist and an animator in a hurry."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from deckport_assets.catalog.database import Database
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIAnimator, ComfyUIArtist
from deckport_assets.resources.comfyui.execution import Patience
from deckport_assets.resources.providers import Animated, Drawn, Occasion, Still
from deckport_assets.studio.workflows.template import PACKAGE_WORKFLOWS
from tests.fakes.comfyui import FakeComfyUI

HURRY = Patience(
    job_s=0.6, clip_s=0.6, idle_s=0.3, away_s=0.4, stop_s=0.2, late_s=0.3, poll_s=0.02, fetch_s=0.5, alive_s=0.1
)
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
        self.animator = ComfyUIAnimator(self.comfyui, "small-clip")

    def draw(self, prompt: str = "a moth made of brass", *, attempt: int = 0, run: str = "run") -> Drawn:
        """The moth's picture."""
        occasion = Occasion(run, 0, self.said.append, self.cancelled)
        return self.artist.draw(MOTH, prompt, negative="", attempt=attempt, occasion=occasion)

    def animate(self, still: Still, *, attempt: int = 0) -> Animated:
        """The moth's loop."""
        return self.animator.animate(
            MOTH, still, attempt=attempt, occasion=Occasion("run", 0, self.said.append, self.cancelled)
        )

    @property
    def drawn(self) -> int:
        """How many jobs the servers have executed together."""
        return sum(len(fake.worker.done) for fake in self.fakes)


def small_workflow(folder: Path) -> Path:
    """Producer's own workflows in a folder, quick to draw: `small`, a picture of 256 x 376, and `small-clip`, 16 frames
    of 256 x 368 or so in one second."""
    _smaller("card-art-sd", folder / "small", {"width": 256, "height": 376}, "[inputs.width]", "[inputs.height]")
    _smaller("card-video-wan", folder / "small-clip", {"width": 256, "height": 368, "length": 16})
    bindings = folder / "small-clip" / "bindings.toml"
    sizes = {"default = 640": "default = 256", "default = 928": "default = 368"}
    text = bindings.read_text()
    for theirs, mine in sizes.items():
        text = text.replace(theirs, mine)
    bindings.write_text(text)
    return folder


def _smaller(shipped: str, mine: Path, values: Mapping[str, int], *unbound: str) -> None:
    """A workflow of the package with other values in its nodes, and without some of its bindings."""
    mine.mkdir(parents=True)
    graph = json.loads((PACKAGE_WORKFLOWS / shipped / "workflow.json").read_text())
    for node in graph.values():
        node["inputs"] |= {key: value for key, value in values.items() if key in node["inputs"]}
    bindings = (PACKAGE_WORKFLOWS / shipped / "bindings.toml").read_text().split("\n\n")
    (mine / "workflow.json").write_text(json.dumps(graph))
    (mine / "bindings.toml").write_text("\n\n".join(part for part in bindings if not part.startswith(unbound or "?")))
