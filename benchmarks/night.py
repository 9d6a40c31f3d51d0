"""A night's backfill with everything that goes wrong: 1 % of the cards fail, ten kills, then the retry.

    DECKPORT_HOME=/somewhere/empty python -m benchmarks.night [--cards 2600] [--kills 10] [--hours-at-most 2]

Starts the real services on ports of its own, imports a generated catalog, lets the automation make everything, kills
runs, daemon, code server and all of them, and at the end holds what happened against what should have. Prints one
table. Exits 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

import dagster as dg
import psutil
import sqlalchemy as db
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from benchmarks.make_catalog import write
from deckport_assets.assets.catalog import tell_dagster
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import list_failures, open_claims
from deckport_assets.catalog.recipes import UNASKED
from deckport_assets.catalog.tables import versions
from deckport_assets.catalog.upkeep import verify_media
from deckport_assets.instance.home import open_instance, prepare, services_of
from deckport_assets.instance.supervisor import Supervisor
from deckport_assets.media import MediaStore
from deckport_assets.settings import Settings, settings

TARGETS = ("run", "daemon", "code server", "run", "daemon", "all", "run", "code server", "daemon", "all")


def main() -> int:
    """Run the night; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=2600)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--hours-at-most", type=float, default=2.0)
    asked = parser.parse_args()
    chosen = settings()
    prepare(chosen)
    database = Database(chosen.catalog_url)
    imported = import_catalog(database, chosen.home, *write(chosen.home / "source", asked.cards))
    slugs = [candidate.facts["slug"] for candidate in imported.accepted]
    broken = sorted(random.Random(7).sample(slugs, max(1, len(slugs) // 100)))
    (chosen.home / "broken.txt").write_text("\n".join(broken))
    night = Night(chosen, database, slugs, asked.kills)
    with open_instance(chosen) as instance:
        tell_dagster(instance, database)
        began = time.time()
        night.start()
        night.wait_until_quiet(instance, began + asked.hours_at_most * 3600, expected_failures=set(broken))
        made_at = time.time()
        failed_first = night.failed()
        (chosen.home / "broken.txt").unlink()
        command = [sys.executable, "-m", "deckport_assets.cli.run", "retry", "--yes", "--json"]
        address = {"DECKPORT_DAGSTER_URL": f"http://127.0.0.1:{chosen.dagster_port}"}
        subprocess.run(command, check=False, env=os.environ | address, stdout=subprocess.DEVNULL)
        night.wait_until_quiet(instance, time.time() + 1800, expected_failures=set())
        found = night.report(instance, broken, failed_first, made_at - began)
        night.stop()
    print(json.dumps(found, indent=2))
    return 0 if not found["broken promises"] else 1


class Night:
    """The services, the kills, and what is to be told of them."""

    def __init__(
        self,
        chosen: Settings,
        database: Database,
        slugs: list[str],
        kills: int,
        definitions: str = "benchmarks.night_definitions",
    ) -> None:
        self.chosen, self.database, self.slugs, self.kills = chosen, database, slugs, kills
        services = services_of(chosen, definitions)
        environment = os.environ | {"DAGSTER_HOME": str(chosen.dagster_home)}
        self.supervisor = Supervisor(services, environment, lambda text: print(text, flush=True))
        self.killed: list[tuple[float, str, list[int]]] = []
        self.over = threading.Event()

    def start(self) -> None:
        """Start the services and the killer."""
        self.start_services()
        if self.kills:
            threading.Thread(target=self._kill_now_and_then, daemon=True).start()

    def start_services(self) -> None:
        """Start the services, and each again that dies."""
        for service in self.supervisor.services:
            self.supervisor.bring_up(service)
        threading.Thread(target=self._keep_up, daemon=True).start()

    def stop(self) -> None:
        """Stop everything."""
        self.over.set()
        self.supervisor.stopping = True
        self.supervisor.shut_down()

    def wait_until_quiet(self, instance: dg.DagsterInstance, deadline: float, expected_failures: set[str]) -> None:
        """Until every card is made but those that are expected to fail, and no run is active."""
        goal = len(self.slugs) - len(expected_failures)
        while time.time() < deadline:
            time.sleep(5)
            counts = self.made()
            active = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES), limit=5)
            print(time.strftime("%H:%M:%S"), counts, f"{len(active)} runs, {len(self.killed)} kills", flush=True)
            if all(counts.get(asset, 0) >= goal for asset in UNASKED) and not active:
                if self.kills and len(self.killed) < self.kills and expected_failures:
                    print("the kills did not all find their time", flush=True)
                return
        raise TimeoutError("the night is over and not everything is made")

    def made(self) -> dict[str, int]:
        """How many cards have each asset."""
        query = db.select(versions.c.asset, db.func.count(db.distinct(versions.c.partition))).group_by(versions.c.asset)
        with self.database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def failed(self) -> set[str]:
        """The cards on the list of failures."""
        with self.database.reading() as connection:
            return {failure.partition for failure in list_failures(connection)}

    def report(
        self, instance: dg.DagsterInstance, broken: list[str], failed_first: set[str], seconds: float
    ) -> dict[str, object]:
        """What happened against what should have."""
        draws = [line.split() for line in (self.chosen.home / "draws.log").read_text().splitlines()]
        drawn = Counter(slug for _, _, slug in draws)
        again = {slug: n for slug, n in drawn.items() if n > 1}
        kills = [moment for moment, _, _ in self.killed]
        excused = {
            slug
            for slug in again
            if all(
                any(float(first) <= kill <= float(second) for kill in kills)
                for first, second in _pairs([m for m, _, s in draws if s == slug])
            )
        }
        with self.database.reading() as connection:
            accepted = Counter(
                connection.execute(db.select(versions.c.partition).where(versions.c.asset == "cards/artwork")).scalars()
            )
            left = open_claims(connection)
        verified = verify_media(self.database, MediaStore(self.chosen.media_location))
        told = {a: len(instance.get_materialized_partitions(dg.AssetKey(a.split("/")))) for a in UNASKED}
        hanging = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
        events = self._event_bytes(instance)
        promises = {
            "exactly the broken cards failed": failed_first == set(broken),
            "a retry made exactly those": not self.failed() and set(accepted) == set(self.slugs),
            "each picture was accepted once": set(accepted.values()) == {1},
            "drawn again only what was in flight at a kill": set(again) == excused,
            "every file is there and whole": not verified.missing and not verified.damaged,
            "Dagster was told of every card": set(told.values()) == {len(self.slugs)},
            "no run hangs, no claim is left": not hanging and not left,
        }
        return {
            "cards": len(self.slugs),
            "minutes": round(seconds / 60, 1),
            "cards a minute": round(len(self.slugs) / seconds * 60, 1),
            "kills": [f"{what} after {moment - float(draws[0][0]):.0f} s" for moment, what, _ in self.killed],
            "drawn": sum(drawn.values()),
            "drawn again": len(again),
            "orphans (for gc)": len(verified.orphans),
            "files checked": verified.checked,
            "event log bytes per card and asset": events,
            "promises": promises,
            "broken promises": [promise for promise, kept in promises.items() if not kept],
        }

    def _event_bytes(self, instance: dg.DagsterInstance) -> int:
        folder = self.chosen.dagster_home / "history" / "events"
        size = sum(file.stat().st_size for file in folder.glob("event_log.db*")) if folder.is_dir() else 0
        return round(size / (len(self.slugs) * len(UNASKED)))

    def _keep_up(self) -> None:
        while not self.over.wait(0.5):
            for service in self.supervisor.services:
                if not service.is_up and not self.over.is_set():
                    service.fast_deaths = 0
                    self.supervisor.bring_up(service)

    def _kill_now_and_then(self) -> None:
        """A kill every tenth of the catalog, once its target is there."""
        dice = random.Random(3)
        for n in range(self.kills):
            threshold = len(self.slugs) * (n + 0.5) / self.kills
            while sum(self.made().get(a, 0) for a in ("cards/artwork", "cards/composite")) / 2 < threshold:
                if self.over.wait(1):
                    return
            if self.over.wait(dice.uniform(1, 8)):
                return
            target = TARGETS[n % len(TARGETS)]
            while not (pids := self.pids(target)):
                if self.over.wait(0.2):
                    return
            self.kill(target, pids)

    def kill(self, target: str, pids: list[int]) -> None:
        """Kill these processes with -9, and note it."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.killed.append((time.time(), target, pids))
        print(f"killed {target}: {pids}", flush=True)

    def pids(self, target: str) -> list[int]:
        """The processes that a kill of this target takes."""
        services = dict(zip(("code server", "web", "daemon"), self.supervisor.services, strict=True))
        if target == "run":
            return self._runs()[:1]
        names = ["code server", "daemon"] if target == "all" else [target]
        found = []
        for name in names:
            if (process := services[name].process) and services[name].is_up:
                found.append(process.pid)
                if name == "code server":
                    children = psutil.Process(process.pid).children(recursive=True)
                    runs = set(self._runs())
                    found += [c.pid for c in children if target == "all" or c.pid not in runs]
        return found

    def _runs(self) -> list[int]:
        """The processes that execute this home's runs: what multiprocessing spawned, the code server's orphans too."""
        found = []
        for process in psutil.process_iter(["pid", "cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            with suppress(psutil.Error):
                ours = process.environ().get("DAGSTER_HOME") == str(self.chosen.dagster_home)
                if ours and "multiprocessing.spawn" in line and "spawn_main" in line:
                    found.append(process.info["pid"])
        return sorted(found)


def _pairs(moments: list[str]) -> list[tuple[str, str]]:
    return list(itertools.pairwise(moments))


if __name__ == "__main__":
    sys.exit(main())
