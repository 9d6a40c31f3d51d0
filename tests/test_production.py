"""Producing on a person's word: ranges without gaps, and never by a webserver that serves another home."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from hypothesis import given
from hypothesis import strategies as st

from deckport_assets.catalog.standing import Order
from deckport_assets.errors import ServiceUnavailable
from deckport_assets.instance.home import open_instance, prepare
from deckport_assets.production import Job, ThroughWebserver, ranges
from deckport_assets.settings import settings

KEYS = [f"card-{n:02d}" for n in range(30)]


@given(chosen=st.sets(st.sampled_from(KEYS)), most=st.one_of(st.none(), st.integers(1, 7)))
def test_ranges_hold_exactly_the_chosen_cards(chosen: set[str], most: int | None) -> None:
    found = list(ranges(sorted(chosen, reverse=True), KEYS, most))

    inside = [KEYS[KEYS.index(first) : KEYS.index(last) + 1] for first, last in found]
    assert sorted(slug for span in inside for slug in span) == sorted(chosen)
    assert most is None or all(len(span) <= most for span in inside)


class Webserver:
    """A webserver on loopback that tells of daemons' heartbeats and takes backfills, as Dagster's GraphQL does."""

    def __init__(self) -> None:
        self.heartbeats: dict[str, float] = {}
        self.launches: list[dict[str, str]] = []
        """What it answers to each backfill that it is asked for."""
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                statuses = [{"daemonType": kind, "lastHeartbeatTime": at} for kind, at in told.heartbeats.items()]
                data: dict[str, Any] = {"instance": {"daemonHealth": {"allDaemonStatuses": statuses}}}
                if b"launchPartitionBackfill" in asked:
                    data = {"launchPartitionBackfill": told.launches.pop(0)}
                if b"partitionBackfillOrError" in asked:
                    data = {"partitionBackfillOrError": {"status": "COMPLETED"}}
                body = json.dumps({"data": data}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def webserver() -> Iterator[Webserver]:
    made = Webserver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    prepare(settings())
    with open_instance(settings()) as instance:
        yield instance


def beat(instance: dg.DagsterInstance, at: float) -> None:
    instance.add_daemon_heartbeat(DaemonHeartbeat(timestamp=at, daemon_type="SENSOR", daemon_id="one", errors=[]))


def test_a_webserver_of_this_very_instance_is_asked(home: dg.DagsterInstance, webserver: Webserver) -> None:
    now = time.time()
    beat(home, now)
    webserver.heartbeats = {"SENSOR": now}
    assert ThroughWebserver(webserver.address, home).answers()


def test_a_webserver_of_another_home_on_the_same_port_is_not(home: dg.DagsterInstance, webserver: Webserver) -> None:
    now = time.time()
    webserver.heartbeats = {"SENSOR": now - 3}
    asking = ThroughWebserver(webserver.address, home)
    assert not asking.answers(), "no daemon ever ran here"
    beat(home, now)
    assert not asking.answers(), "its daemon's heart beats otherwise"


def test_a_webserver_whose_daemon_is_gone_is_not_asked_either(home: dg.DagsterInstance, webserver: Webserver) -> None:
    beat(home, 1000.0)
    webserver.heartbeats = {"SENSOR": 1000.0}
    assert not ThroughWebserver(webserver.address, home).answers()
    assert not ThroughWebserver("http://127.0.0.1:9", home).answers()


def test_a_code_server_that_is_started_again_is_waited_for(home: dg.DagsterInstance, webserver: Webserver) -> None:
    away = {"message": "KeyError: AssetKey(['cards', 'artwork'])"}
    webserver.launches = [away, {"backfillId": "taken"}]
    asking = ThroughWebserver(webserver.address, home)
    asking.run(Job([], [], Order(), {}), lambda: None)
    assert asking.backfill_id == "taken"

    webserver.launches = [{"message": "something else"}]
    with pytest.raises(ServiceUnavailable, match="did not take the backfill: something else"):
        asking.run(Job([], [], Order(), {}), lambda: None)
