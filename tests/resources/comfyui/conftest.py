"""ComfyUI servers that fail as they are told, and the resource that has to live with them; nobody waits long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deckport_assets.catalog import services
from deckport_assets.catalog.database import Database
from tests.fakes.comfyui import Switches, running
from tests.resources.comfyui.studio import Studio, small_workflow


@pytest.fixture
def open_studio(tmp_path: Path, sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Studio]]:
    """A studio of so many servers, each with its switches."""
    monkeypatch.setattr(services, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(services, "LONGEST_PAUSE_S", 0.2)
    workflows = small_workflow(tmp_path / "workflows")
    with ExitStack() as stack:

        def opened(*switches: Switches) -> Studio:
            fakes = [stack.enter_context(running(tmp_path / f"server {n}", each)) for n, each in enumerate(switches)]
            studio = Studio(fakes, sqlite, workflows)
            stack.callback(lambda: studio.comfyui.dispatch.close())  # made with the first picture
            return studio

        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A catalog; that circuits and slots are the same on PostgreSQL, tests/catalog/test_services.py says."""
    database = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
    database.migrate()
    yield database
    database.close()
