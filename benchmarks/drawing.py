"""How busy a backfill keeps its ComfyUI servers, and what is drawn twice when one of them is killed.

    DECKPORT_HOME=/somewhere/empty python -m benchmarks.drawing [--servers 1 2 4] [--cards 500] [--kill] [--rendering]

Simulated servers as processes of their own, each picture of the given length, and the real services: one backfill
through Dagster's webserver, whose runs of 50 cards overlap. The automation that would render the cards meanwhile is
off unless --rendering asks for it: servers, runs and rendering share the machine. With --kill a server is killed with
-9 in the middle and started again ten seconds later. Busy is, of all servers together, the part of the time from the
first submit to the last result in which they drew; that a killed server is away is taken out of it. Prints a table,
exits 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import sqlalchemy as db

from benchmarks.make_catalog import write
from deckport_assets.assets.catalog import tell_dagster
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import list_failures, open_claims
from deckport_assets.catalog.tables import in_flight, versions
from deckport_assets.instance.home import open_instance, prepare, services_of
from deckport_assets.instance.supervisor import Supervisor
from deckport_assets.settings import settings

AWAY_S = 10.0
"""How long a killed server is away: a real one takes 8 to 10 s to start."""
READY_S = 60.0


@dataclass
class Simulated:
    """One server as a process; what it did stands in its folder's jobs.jsonl, which outlives a kill."""

    folder: Path
    port: int
    seconds: float
    process: subprocess.Popen[bytes] | None = None
    away: list[tuple[float, float]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "tests.fakes.comfyui", str(self.port), str(self.folder)]
        self.process = subprocess.Popen([*command, "--seconds", str(self.seconds)])
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            try:
                requests.get(f"{self.url}/queue", timeout=1)
                return
            except requests.RequestException:
                time.sleep(0.1)
        raise TimeoutError(f"{self.url} did not start")

    def kill(self) -> None:
        """As `kill -9` does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def kill_and_start_again(self) -> None:
        """Killed, away for a while, and up again with an empty queue."""
        killed_at = time.time()
        self.kill()
        time.sleep(AWAY_S)
        self.start()
        self.away.append((killed_at, time.time()))

    def jobs(self) -> list[dict[str, Any]]:
        """What happened to which job when."""
        log = self.folder / "jobs.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def drawn(self) -> list[tuple[str, float, float, bool]]:
        """Each job that was drawn: its key, from when to when, and whether a kill ended it."""
        begun: dict[str, float] = {}
        keys: dict[str, str] = {}
        found = []
        for line in self.jobs():
            if line["what"] == "began":
                begun[line["ticket"]], keys[line["ticket"]] = line["at"], line["job"]
            elif line["what"] == "ended" and not line["cached"]:
                found.append((line["job"], begun.pop(line["ticket"]), line["at"], False))
        for ticket, at in begun.items():
            killed_at = next((gone for gone, _ in self.away if gone >= at), None)
            if killed_at is not None:
                found.append((keys[ticket], at, killed_at, True))
        return found


def main() -> int:
    """Measure each number of servers; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--cards", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a picture takes")
    parser.add_argument("--kill", action="store_true", help="kill one server in the middle and start it again")
    parser.add_argument("--rendering", action="store_true", help="let the automation render the cards meanwhile")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the services are stopped then too
    definitions = "deckport_assets.definitions" if asked.rendering else "benchmarks.drawing_definitions"
    rows = []
    print(
        "| servers | pictures | wall s | busy | drawn | again | accepted twice | failed |\n|" + "---|" * 8, flush=True
    )
    for count in asked.servers:
        row = backfill(count, asked.cards, asked.seconds, definitions, kill=asked.kill)
        told = (f"{row['busy']:.1%}" if name == "busy" else str(row[name]) for name in _COLUMNS)
        print(f"| {' | '.join(told)} |", flush=True)
        rows.append(row)
    print(json.dumps(rows, indent=2))
    return 1 if any(row["broken promises"] for row in rows) else 0


_COLUMNS = ("servers", "pictures", "wall_s", "busy", "drawn", "again", "accepted twice", "failed")


def backfill(count: int, cards: int, seconds: float, definitions: str, *, kill: bool) -> dict[str, Any]:
    """One backfill over so many servers."""
    base = settings().home
    home = base / f"{count}{'-killed' if kill else ''}"
    servers = [Simulated(home / f"server-{n}", free_port(), seconds) for n in range(count)]
    os.environ |= {
        "DECKPORT_HOME": str(home),
        "DECKPORT_COMFYUI_SERVERS": ",".join(server.url for server in servers),
        "DECKPORT_COMFYUI_TEMPLATE_ART": "card-art-flux",
        "DECKPORT_DAGSTER_PORT": str(free_port()),
        "DECKPORT_CODE_PORT": str(free_port()),
    }
    settings.cache_clear()
    chosen = settings()
    prepare(chosen)
    database = Database(chosen.catalog_url)
    import_catalog(database, chosen.home, *write(chosen.home / "source", cards))
    with open_instance(chosen) as instance:
        tell_dagster(instance, database)
    produce("--assets", "prompt")
    services = services_of(chosen, definitions)
    supervisor = Supervisor(services, os.environ | {"DAGSTER_HOME": str(chosen.dagster_home)}, print)
    try:
        for server in servers:
            server.start()
        for service in services:
            supervisor.bring_up(service)
        wait_for_webserver(chosen.dagster_address)
        producing = produce_beside("--assets", "artwork", "--yes")
        if kill:
            while made(database) < cards // 3:
                time.sleep(0.5)
            servers[0].kill_and_start_again()
        code = producing.wait()
    finally:
        supervisor.shut_down()
        for server in servers:
            server.kill()
        os.environ["DECKPORT_HOME"] = str(base)
        settings.cache_clear()
    return report(servers, database, cards, code)


def report(servers: list[Simulated], database: Database, cards: int, code: int) -> dict[str, Any]:
    """What happened against what should have."""
    drawn = [job for server in servers for job in server.drawn()]
    first = min(line["at"] for server in servers for line in server.jobs() if line["what"] == "submitted")
    last = max(end for _, _, end, _ in drawn)
    away_s = sum(min(back, last) - gone for server in servers for gone, back in server.away)
    busy_s = sum(end - begin for _, begin, end, _ in drawn)
    finished = Counter(key for key, _, _, was_killed in drawn if not was_killed)
    with database.reading() as connection:
        query = db.select(versions.c.partition).where(versions.c.asset == "cards/artwork")
        accepted = Counter(connection.execute(query).scalars())
        failed = list_failures(connection)
        left = open_claims(connection)
        slots = connection.execute(db.select(db.func.count()).select_from(in_flight)).scalar_one()
    promises = {
        "every card has its picture": len(accepted) == cards and not failed and code == 0,
        "none was accepted twice": set(accepted.values()) <= {1},
        "none was drawn to its end twice": set(finished.values()) <= {1},
        "no claim and no slot is left": not left and not slots,
    }
    return {
        "servers": len(servers),
        "pictures": len(accepted),
        "wall_s": round(last - first, 1),
        "busy": round(busy_s / ((last - first) * len(servers) - away_s), 4),
        "busy of each": [_busy_of(server, first, last) for server in servers],
        "away_s": round(away_s, 1),
        "drawn": len(drawn),
        "again": len(drawn) - len({key for key, _, _, _ in drawn}),
        "accepted twice": sum(1 for times in accepted.values() if times > 1),
        "failed": len(failed),
        "broken promises": [promise for promise, kept in promises.items() if not kept],
    }


def _busy_of(server: Simulated, first: float, last: float) -> float:
    return round(sum(end - begin for _, begin, end, _ in server.drawn()) / (last - first), 4)


def produce(*options: str) -> None:
    """`deckport produce` to its end."""
    if code := produce_beside(*options).wait():
        raise RuntimeError(f"deckport produce {' '.join(options)} ended with {code}")


def produce_beside(*options: str) -> subprocess.Popen[bytes]:
    """`deckport produce`, beside what goes on here."""
    command = [sys.executable, "-m", "deckport_assets.cli.run", "produce", *options, "--json"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def made(database: Database) -> int:
    """How many pictures there are."""
    query = db.select(db.func.count()).where(versions.c.asset == "cards/artwork")
    with database.reading() as connection:
        return int(connection.execute(query).scalar_one())


def wait_for_webserver(address: str) -> None:
    """Until Dagster's webserver and its daemon are there: else `produce` would do the work itself."""
    until = time.monotonic() + READY_S
    asked = {"query": "{ instance { daemonHealth { allDaemonStatuses { healthy } } } }"}
    while time.monotonic() < until:
        try:
            told = requests.post(f"{address}/graphql", json=asked, timeout=2).json()
            if all(d["healthy"] for d in told["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]):
                return
        except (requests.RequestException, ValueError, KeyError):
            pass
        time.sleep(0.5)
    raise TimeoutError("Dagster's services did not start")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
