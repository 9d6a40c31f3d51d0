"""The served catalog: read by most tests, made anew for those that change it."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.applications import Starlette
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.stock import Stock, filled_stock, stock_at

CHROMIUM = Path("/usr/bin/chromium")
PLENTY = 1_000_000


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a filled catalog, nobody at work on it."""
    made = filled_stock(tmp_path_factory.mktemp("filled"))
    made.database.close()
    return made.settings.home


@pytest.fixture(scope="package")
def stock(home: Path) -> Iterator[Stock]:
    """A catalog that no test changes."""
    made = stock_at(home)
    yield made
    made.database.close()


@pytest.fixture
def own_stock(home: Path, tmp_path: Path) -> Iterator[Stock]:
    """A catalog that the test may change."""
    shutil.copytree(home, tmp_path / "own")
    made = stock_at(tmp_path / "own")
    yield made
    made.database.close()


@pytest.fixture(scope="package")
def client(stock: Stock) -> Iterator[TestClient]:
    """A client of the application, in this process."""
    with TestClient(create_app(stock.settings, requests_per_minute=PLENTY)) as opened:
        yield opened


@pytest.fixture
def own_client(own_stock: Stock) -> Iterator[TestClient]:
    """A client of the application over the catalog that the test may change."""
    with TestClient(create_app(own_stock.settings, requests_per_minute=PLENTY)) as opened:
        yield opened


@pytest.fixture(scope="package")
def port(stock: Stock) -> Iterator[int]:
    """The port of a real server over the catalog that no test changes."""
    with serving(create_app(stock.settings, requests_per_minute=PLENTY)) as port:
        yield port


@contextmanager
def serving(app: Starlette) -> Iterator[int]:
    """A real server of an application; gives its port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        until = time.monotonic() + 10
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without it the tests that need it are skipped, unless they must not be."""
    if not CHROMIUM.exists():
        told = "Chromium is not installed: apt-get install chromium"
        pytest.fail(told) if os.environ.get("DECKPORT_TEST_NEEDS_CHROMIUM") else pytest.skip(told)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield opened
        opened.close()
