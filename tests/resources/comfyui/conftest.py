"""ComfyUI servers that fail as they are told, and the resource that has to live with them; nobody waits long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deckport_assets.catalog import services
from deckport_assets.catalog.database import Database
from deckport_assets.models import Card, Category, Colour, Rarity
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIArtist
from deckport_assets.resources.comfyui.execution import Patience
from deckport_assets.resources.providers import Drawn, Occasion
from tests.fakes.comfyui import FakeComfyUI, Switches, running

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
        occasion = Occasion(run, 0, self.said.append, self.cancelled)
        return self.artist.draw(MOTH, prompt, negative="", attempt=attempt, occasion=occasion)

    @property
    def drawn(self) -> int:
        """How many jobs the servers have executed together."""
        return sum(len(fake.worker.done) for fake in self.fakes)


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A producer's own workflow: a small picture, quick to draw."""
    import json

    from deckport_assets.studio.workflows.template import PACKAGE_WORKFLOWS

    folder = tmp_path / "workflows" / "small"
    folder.mkdir(parents=True)
    shipped = PACKAGE_WORKFLOWS / "card-art-sd"
    graph = json.loads((shipped / "workflow.json").read_text())
    for node in graph.values():
        if "width" in node["inputs"]:
            node["inputs"] |= {"width": 256, "height": 376}
    bindings = (shipped / "bindings.toml").read_text()
    for name in ("width", "height"):
        start = bindings.index(f"[inputs.{name}]")
        bindings = bindings[:start] + bindings[bindings.index("[", start + 8 + len(name) + 2) :].partition("\n\n")[2]
    (folder / "workflow.json").write_text(json.dumps(graph))
    (folder / "bindings.toml").write_text(bindings)
    return tmp_path / "workflows"


@pytest.fixture
def open_studio(
    tmp_path: Path, workflows: Path, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Studio]]:
    """A studio of so many servers, each with its switches."""
    monkeypatch.setattr(services, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(services, "LONGEST_PAUSE_S", 0.2)
    with ExitStack() as stack:

        def opened(*switches: Switches) -> Studio:
            fakes = [stack.enter_context(running(tmp_path / f"server {n}", each)) for n, each in enumerate(switches)]
            studio = Studio(fakes, sqlite, workflows)
            stack.callback(studio.comfyui.dispatch.close)
            return studio

        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A catalog; that circuits and slots are the same on PostgreSQL, tests/catalog/test_services.py says."""
    database = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
    database.migrate()
    yield database
    database.close()
