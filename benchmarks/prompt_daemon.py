"""Requests of the prompt queue through Dagster's real daemon, while its run, daemon and code server are killed.

    DECKPORT_HOME=/somewhere/empty python -m benchmarks.prompt_daemon [--requests 300] [--kills 7] [--seconds 0.5]

Starts the real services on ports of their own, against a loopback service, with a ComfyUI that is nowhere, so that
nothing else is made. At the end queue, ledger, prompts and Dagster's own list are held against each other. Prints a
table; exits 1 when a request was lost, answered twice, not booked or not told.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from benchmarks.drawing import free_port
from benchmarks.night import Night
from benchmarks.prompt_kills import REQUESTERS, another_answer
from deckport_assets.assets.catalog import tell_dagster
from deckport_assets.assets.prompt_requests import JOB
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.prompt_queue import Status
from deckport_assets.catalog.prompts import untold
from deckport_assets.catalog.tables import ledger as entries
from deckport_assets.catalog.tables import prompt_requests, prompts
from deckport_assets.instance.home import open_instance, prepare
from deckport_assets.settings import settings
from tests.catalog_source import art, card, write_source
from tests.fakes.claude import Switches, running

TARGETS = ("run", "daemon", "code server", "run", "all", "daemon", "run")


def main() -> int:
    """Play it; 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--kills", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long an answer takes")
    parser.add_argument("--minutes-at-most", type=float, default=20.0)
    asked = parser.parse_args()
    with running(another_answer, Switches(seconds=asked.seconds)) as fake:
        os.environ |= {
            "ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": fake.url,
            "DECKPORT_COMFYUI_SERVERS": "http://127.0.0.1:9",
            "DECKPORT_DAGSTER_PORT": str(free_port()), "DECKPORT_CODE_PORT": str(free_port()),
        }  # fmt: skip
        settings.cache_clear()
        chosen = settings()
        prepare(chosen)
        database = Database(chosen.catalog_url)
        slugs = [f"card-{n:04d}" for n in range(asked.requests)]
        source = write_source(chosen.home / "source", [card(slug) for slug in slugs], [art("Nobody")])
        import_catalog(database, chosen.home, *source)
        dice = random.Random(7)
        night = Night(chosen, database, slugs, asked.kills, "deckport_assets.definitions")
        with open_instance(chosen) as instance:
            tell_dagster(instance, database)
            for number, slug in enumerate(slugs):
                with database.writing() as connection:
                    who = REQUESTERS[number % len(REQUESTERS)]
                    queue.enqueue(connection, card=slug, requester=who, priority=dice.randint(1, 10))
            began = time.time()
            night.start_services()
            try:
                under_fire(night, instance, began + asked.minutes_at_most * 60)
            finally:
                night.stop()
            found = told(database, instance, asked.requests, fake.calls) | {
                "kills": [target for _, target, _ in night.killed],
                "minutes": round((time.time() - began) / 60, 1),
            }
    print(json.dumps(found, indent=2))
    kept = not (found["lost"] or found["answered twice"] or found["open in the ledger"])
    return 0 if kept and found["told to Dagster"] == asked.requests and found["settled"] >= asked.requests else 1


def under_fire(night: Night, instance: dg.DagsterInstance, until: float) -> None:
    """Kill what is to be killed, one thing at each seventh of the way, until nothing is open and all is told."""
    size = len(night.slugs)
    while time.time() < until:
        time.sleep(0.5)
        with night.database.reading() as connection:
            done = queue.statistics(connection).by_status[Status.COMPLETED]
            left = untold(connection)
        at = len(night.killed)
        if at < night.kills and done > size * (at + 0.5) / (night.kills + 1):
            target = TARGETS[at % len(TARGETS)]
            if pids := night.pids(target):
                night.kill(target, pids)
                print(f"{time.strftime('%H:%M:%S')} {done} of {size}", flush=True)
        active = instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES), limit=1)
        if done == size and not left and not active:
            return
    print("The time is over.", flush=True)


def told(database: Database, instance: dg.DagsterInstance, requests: int, calls: int) -> dict[str, Any]:
    """What became of it, from the catalog, the ledger and Dagster."""
    with database.reading() as connection:
        statuses = Counter(connection.execute(db.select(prompt_requests.c.status)).scalars())
        by_card = db.select(prompts.c.card, db.func.count()).where(prompts.c.origin == "machine")
        twice = sum(count > 1 for _, count in connection.execute(by_card.group_by(prompts.c.card)))
        states = Counter(connection.execute(db.select(entries.c.state)).scalars())
    partitions = instance.get_materialized_partitions(dg.AssetKey(["cards", "prompt"]))
    runs = instance.get_runs(dg.RunsFilter(job_name=JOB))
    return {
        "requests": requests,
        "completed": statuses[Status.COMPLETED],
        "failed": statuses[Status.FAILED],
        "lost": requests - statuses[Status.COMPLETED] - statuses[Status.FAILED],
        "answered twice": twice,
        "called": calls,
        "called again": calls - requests,
        "settled": states.get("settled", 0),
        "unknown": states.get("unknown", 0),
        "open in the ledger": states.get("reserved", 0) + states.get("sent", 0),
        "told to Dagster": len(partitions),
        "runs that drained": dict(Counter(run.status.value for run in runs)),
    }


if __name__ == "__main__":
    sys.exit(main())
