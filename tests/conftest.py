"""What every test may ask for: a catalog database of its own, a media folder, a Dagster instance."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from deckport_assets.catalog.database import Database
from deckport_assets.media import MediaStore
from deckport_assets.settings import settings
from tests.postgres import Postgres, running

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--make-golden: write the golden pictures anew."""
    parser.addoption("--make-golden", action="store_true", help="write the golden pictures anew; look at each")


@pytest.fixture
def make_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden pictures are to be written."""
    return bool(request.config.getoption("--make-golden"))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Every test has its own home and sees no setting of the machine that it runs on."""
    for name in [name for name in os.environ if name.startswith("DECKPORT_") and not name.startswith("DECKPORT_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DECKPORT_HOME", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL, one per test process."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty catalog: every test that asks for one runs on both databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture
def database(catalog_url: str) -> Iterator[Database]:
    """An empty catalog, in SQLite and in PostgreSQL."""
    opened = Database(catalog_url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    """An empty media folder."""
    return MediaStore(str(tmp_path / "media"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that lives as long as the test."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made
