"""The same faults on real ComfyUI servers and on simulated ones, side by side.

    python -m benchmarks.real_server [--command "PYTHON START.PY --port {port} --base-directory {folder} ..."]
                                     [--cwd FOLDER] [--models FOLDER] [--checkpoint tiny-sd15.ckpt]

Two servers are started with the command (without one: the simulated), each with a folder of its own in which `output`
comes to lie. Twenty cards with `card-art-sd` and a small checkpoint, one server killed with -9 and started again in the
middle; then a wrong model name, a model file that is empty, an interrupt by hand, an output file that is deleted.
Prints a table, exits 1 when a case did not end as it should. Needs no graphics card.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import requests
import sqlalchemy as db

from benchmarks.drawing import free_port
from benchmarks.faults import pipeline_of
from deckport_assets.catalog.recipes import ARTWORK
from deckport_assets.catalog.tables import versions
from deckport_assets.resources.comfyui import ComfyUI, ComfyUIArtist
from deckport_assets.resources.comfyui.execution import Patience
from tests.pipeline import Pipeline

SIMULATED = f"{sys.executable} -m tests.fakes.comfyui {{port}} {{folder}} --seconds 2"
EMPTY = "empty.safetensors"
READY_S = 120.0


@dataclass
class Process:
    """A server as a process of its own."""

    command: str
    cwd: Path | None
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Start it and wait until it answers; gives how long that took."""
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            words = shlex.split(self.command.format(port=self.port, folder=self.folder))
            self.process = subprocess.Popen(
                words, cwd=self.cwd, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        while time.monotonic() - began < READY_S:
            try:
                requests.get(f"{self.url}/queue", timeout=1)
                return time.monotonic() - began
            except requests.RequestException:
                time.sleep(0.1)
        raise TimeoutError(f"{self.url} did not start; see {self.folder / 'log'}")

    def kill(self) -> None:
        """As `kill -9` does."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def pictures(self) -> list[Path]:
        """What it has saved."""
        return sorted((self.folder / "output").rglob("*.png"))

    def runs(self) -> bool:
        """Whether it draws something."""
        try:
            return bool(requests.get(f"{self.url}/queue", timeout=5).json()["queue_running"])
        except requests.RequestException:
            return False


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    what: str
    cards: int
    drawn: int
    failed: Counter[str]
    saved: int
    known_s: float | None
    wall_s: float
    told: str
    good: bool

    def row(self) -> str:
        """A line of the table."""
        failed = ", ".join(f"{count} {kind}" for kind, count in self.failed.items()) or "–"
        known = f"{self.known_s:.1f}" if self.known_s is not None else "–"
        told = self.told.replace("|", "/")
        return (
            f"| {self.what} | {self.drawn} of {self.cards} | {failed} | {self.saved} | {known} | {self.wall_s:.0f} "
            f"| {told} |"
        )


class Bench:
    """Two servers, and what is asked of them."""

    def __init__(self, folder: Path, servers: list[Process], values: Mapping[str, Any]) -> None:
        self.folder, self.servers, self.values = folder, servers, values

    def play(
        self,
        what: str,
        cards: int,
        *,
        values: Mapping[str, Any] | None = None,
        fails: str = "",
        most_saved_more: int = 0,
        meanwhile: Callable[[], float] | None = None,
        before: Callable[[Pipeline, list[str]], None] | None = None,
        on: int = 2,
    ) -> Outcome:
        """One case over a catalog of its own, `on` so many servers. `meanwhile` gives the moment of the fault."""
        slugs = [f"{what.split()[0].strip(',')}-moth-{n:02d}" for n in range(cards)]
        at: list[float] = []
        folder = self.folder / what.replace(" ", "-")
        folder.mkdir()
        with ExitStack() as stack:
            pipeline = stack.enter_context(pipeline_of(folder, slugs))
            servers = [server.url for server in self.servers[:on]]
            comfyui = ComfyUI(servers, pipeline.database.url, patience=Patience(job_s=120))
            stack.callback(lambda: comfyui.dispatch.close())
            pipeline.given["artist"] = ComfyUIArtist(comfyui, "card-art-sd", {**self.values, **(values or {})})
            if before is not None:
                before(pipeline, slugs)
            saved_before = sum(len(server.pictures()) for server in self.servers)
            if meanwhile is not None:
                thread = threading.Thread(target=lambda: at.append(meanwhile()), daemon=True)
                thread.start()
            began = time.time()
            result = pipeline.run(*slugs, assets=[ARTWORK])
            wall_s = time.time() - began
            if meanwhile is not None:
                thread.join()
            return self._judged(what, slugs, pipeline, result, at[0] if at else began, wall_s, saved_before, fails,
                                most_saved_more)  # fmt: skip

    def _judged(
        self,
        what: str,
        slugs: list[str],
        pipeline: Pipeline,
        result: dg.ExecuteInProcessResult,
        happened: float,
        wall_s: float,
        saved_before: int,
        fails: str,
        most_saved_more: int,
    ) -> Outcome:
        with pipeline.database.reading() as connection:
            query = db.select(versions.c.partition).where(versions.c.asset == ARTWORK)
            accepted = Counter(connection.execute(query).scalars())
        failures = {failure.partition: failure for failure in pipeline.failures()}
        saved = sum(len(server.pictures()) for server in self.servers) - saved_before
        lines = [
            (entry.timestamp, entry.user_message)
            for entry in pipeline.instance.all_logs(result.run_id)
            if entry.timestamp >= happened
            and entry.user_message.startswith(slugs[0].rpartition("-")[0])
            and ": step " not in entry.user_message
        ]
        kinds = Counter(failure.kind for failure in failures.values())
        complete = len(accepted) + len(failures) == len(slugs) and set(accepted.values()) <= {1}
        right = set(kinds) == ({fails} if fails else set()) and saved <= len(accepted) + most_saved_more
        told = lines[0][1].partition(": ")[2] if lines else ""
        for server, name in zip(self.servers, ("one", "two"), strict=True):
            told = told.replace(server.url, f"server {name}")
        return Outcome(
            what,
            len(slugs),
            len(accepted),
            kinds,
            saved,
            lines[0][0] - happened if lines else None,
            wall_s,
            told,
            complete and right,
        )

    def all_cases(self) -> list[Outcome]:
        """Every fault, one after the other."""
        first = self.servers[0]

        def killed() -> float:
            while len(first.pictures()) < 4 or not first.runs():
                time.sleep(0.02)
            at = time.time()
            first.kill()
            first.start()
            return at

        def interrupted() -> float:
            while not (busy := [server for server in self.servers if server.runs()]):
                time.sleep(0.02)
            at = time.time()
            requests.post(f"{busy[0].url}/interrupt", timeout=5)
            return at

        def drawn_and_deleted(pipeline: Pipeline, slugs: list[str]) -> None:
            """Drawn once; then the catalog loses the rows and the servers lose the files, but not their cache."""
            pipeline.run(*slugs, assets=[ARTWORK])
            with pipeline.database.writing() as connection:
                for table in ("current_versions", "versions"):
                    connection.execute(db.text(f"DELETE FROM {table} WHERE asset = :asset"), {"asset": ARTWORK})
            for server in self.servers:
                for picture in server.pictures():
                    picture.unlink()

        return [
            self.play("twenty cards, one of two servers killed with -9", 20, meanwhile=killed, most_saved_more=1),
            self.play("wrong model name", 2, values={"checkpoint": "nowhere.ckpt"}, fails="missing_model"),
            self.play("empty model file", 2, values={"checkpoint": EMPTY}, fails="node_failed"),
            self.play("interrupted by hand", 3, fails="interrupted", meanwhile=interrupted),
            self.play("deleted output file, still in the cache", 1, before=drawn_and_deleted, on=1),
        ]


def main() -> int:
    """Play all cases; 0 when each ended as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=SIMULATED)
    parser.add_argument("--cwd", type=Path)
    parser.add_argument("--models", type=Path, help="what is linked as `models` into each server's folder")
    parser.add_argument("--checkpoint", default="tiny-sd15.ckpt")
    asked = parser.parse_args()
    values = {"checkpoint": asked.checkpoint, "width": 128, "height": 184, "steps": 20}
    with tempfile.TemporaryDirectory(prefix="real-") as name, ExitStack() as stack:
        servers = [Process(asked.command, asked.cwd, Path(name) / f"server-{n}") for n in range(2)]
        for server in servers:
            server.folder.mkdir()
            if asked.models:
                (asked.models / "checkpoints" / EMPTY).touch()
                (server.folder / "models").symlink_to(asked.models)
            stack.callback(server.kill)
            print(f"{server.url} ready after {server.start():.1f} s", file=sys.stderr, flush=True)
        outcomes = Bench(Path(name), servers, values).all_cases()
        version = requests.get(f"{servers[0].url}/system_stats", timeout=5).json()["system"]["comfyui_version"]
    kind = "simulated" if asked.command == SIMULATED else f"ComfyUI {version}"
    print(f"| {kind} | cards drawn | failed | files saved | known after s | all over after s | first word |")
    print("|" + "---|" * 7)
    for outcome in outcomes:
        print(f"{outcome.row()}{'' if outcome.good else ' **not as it should**'}")
    return 0 if all(outcome.good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
