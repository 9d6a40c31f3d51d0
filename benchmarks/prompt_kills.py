"""A thousand requests of the prompt queue while the processes that write them are killed at random.

    python -m benchmarks.prompt_kills [--requests 1000] [--kills 40] [--database sqlite] [--seconds 0.05]

Processes drain the queue against a loopback service; one of them is killed with -9 every now and then and another takes
its place, as the daemon would have it. At the end the catalog, the ledger and what the service answered are held
against each other. Prints a table; exits 1 when something was lost, answered twice, or not booked.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as db

from deckport_assets.catalog import ledger
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.prompt_queue import Status
from deckport_assets.catalog.tables import ledger as entries
from deckport_assets.catalog.tables import prompt_requests, prompts
from deckport_assets.drain import Drain
from deckport_assets.resources.claude import Claude, ClaudeWriter
from tests.catalog_source import art, card, write_source
from tests.fakes.claude import Switches, running
from tests.postgres import running as postgres_running
from tests.test_drain import good_answer

PROCESSES = 2
REQUESTERS = ("ada", "bo", "chi", "dee", "eli")
COLUMNS = (
    "database", "requests", "completed", "failed", "lost", "answered twice", "kills", "called", "called again",
    "settled", "unknown", "open in the ledger", "wall s",
)  # fmt: skip


def main() -> int:
    """Play it; 0 when nothing was lost, nothing accepted twice, and everything booked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=0.05, help="how long an answer takes")
    parser.add_argument("--worker", nargs=2, metavar=("URL", "SERVICE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        return work(*asked.worker)
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    good = True
    for name in asked.database:
        row = play(name, asked.requests, asked.kills, asked.seconds)
        print(f"| {' | '.join(str(row[column]) for column in COLUMNS)} |", flush=True)
        good &= not (row["lost"] or row["answered twice"] or row["open in the ledger"])
        good &= row["called"] == row["settled"] + row["unknown"] - row["unknown and never answered"]
        print(json.dumps(row), file=sys.stderr)
    return 0 if good else 1


def work(url: str, service: str) -> int:
    """One process that drains the queue until it is killed, or nothing waits for a while."""
    database = Database(url)
    claude = Claude("sk-test", url, model="claude-haiku-5-5", base_url=service, wait_s=30.0)
    run_id = f"worker-{os.getpid()}"
    Drain(database, ClaudeWriter(claude, "Oil."), run_id, lambda words: None, lambda slug, request: None).run()
    return 0


def play(name: str, requests: int, kills: int, seconds: float) -> dict[str, Any]:
    """Fill the queue of an empty catalog and have it drained under fire."""
    dice = random.Random(7)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prompts-")))
        url = f"sqlite:///{folder / 'catalog.db'}"
        if name == "postgresql":
            url = stack.enter_context(stack.enter_context(postgres_running()).database())
        database = Database(url)
        stack.callback(database.close)
        database.migrate()
        slugs = [f"card-{n:04d}" for n in range(requests)]
        import_catalog(database, folder, *write_source(folder / "source", [card(s) for s in slugs], [art("Nobody")]))
        for number, slug in enumerate(slugs):
            with database.writing() as connection:
                who = REQUESTERS[number % len(REQUESTERS)]
                queue.enqueue(connection, card=slug, requester=who, priority=dice.randint(1, 10))
        fake = stack.enter_context(running(another_answer, Switches(seconds=seconds)))
        began = time.monotonic()
        killed = under_fire(database, url, fake.url, kills, dice, began)
        wall_s = time.monotonic() - began
        return told(database, name, requests, killed, fake.calls, wall_s)


def another_answer(body: dict[str, Any]) -> str:
    """A good answer, and another one each time: what is accepted twice is seen."""
    answer = json.loads(good_answer(body))
    answer["text"] += f" {uuid4().hex[:8]} sparks are in the air."
    return json.dumps(answer)


def under_fire(database: Database, url: str, service: str, kills: int, dice: random.Random, began: float) -> int:
    """Keep so many processes at work, and kill one now and then, until nothing is open any more."""
    command = [sys.executable, "-m", "benchmarks.prompt_kills", "--worker", url, service]
    at_work: list[subprocess.Popen[bytes]] = []
    dead: set[str] = set()
    killed, next_kill = 0, time.monotonic() + 3.0
    while True:
        for process in [each for each in at_work if each.poll() is not None]:
            at_work.remove(process)
            dead.add(f"worker-{process.pid}")
        with database.writing() as connection:  # what the sensor's tick does
            queue.reap(connection, lambda run_id: run_id in dead)
            ledger.give_up_for(connection, lambda holder: holder in dead)
            open_ones = len(queue.in_line(connection, most=1))
        for run_id in sorted(dead):
            forget(database, run_id)
        if not open_ones:
            break
        while len(at_work) < PROCESSES:
            at_work.append(subprocess.Popen(command))
        if killed < kills and time.monotonic() > next_kill and at_work:
            victim = dice.choice(at_work)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            killed += 1
            next_kill = time.monotonic() + dice.uniform(1.5, 3.5)
        time.sleep(0.1)
    for process in at_work:
        process.wait()
        dead.add(f"worker-{process.pid}")
    with database.writing() as connection:
        ledger.give_up_for(connection, lambda holder: holder in dead)
    return killed


def forget(database: Database, run_id: str) -> None:
    """What a run that has ended had in flight is not counted any more."""
    from deckport_assets.catalog.services import forget_run

    with database.writing() as connection:
        forget_run(connection, run_id)


def told(database: Database, name: str, requests: int, kills: int, calls: int, wall_s: float) -> dict[str, Any]:
    """What became of it, from the catalog and the ledger."""
    with database.reading() as connection:
        statuses = Counter(connection.execute(db.select(prompt_requests.c.status)).scalars())
        by_card = connection.execute(
            db.select(prompts.c.card, db.func.count()).where(prompts.c.origin == "machine").group_by(prompts.c.card)
        ).all()
        failed = db.select(prompt_requests.c.cause).where(prompt_requests.c.status == Status.FAILED.value)
        causes = list(connection.execute(failed).scalars())
        states = Counter(connection.execute(db.select(entries.c.state)).scalars())
    settled, unknown = states.get("settled", 0), states.get("unknown", 0)
    return {
        "database": name,
        "requests": requests,
        "completed": statuses[Status.COMPLETED],
        "failed": statuses[Status.FAILED],
        "lost": requests - statuses[Status.COMPLETED] - statuses[Status.FAILED],
        "answered twice": sum(count > 1 for _, count in by_card),
        "kills": kills,
        "called": calls,
        "called again": calls - requests,
        "settled": settled,
        "unknown": unknown,
        "unknown and never answered": settled + unknown - calls,
        "causes": causes,
        "open in the ledger": states.get("reserved", 0) + states.get("sent", 0),
        "wall s": round(wall_s, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
