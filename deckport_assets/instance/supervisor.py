"""Keeping the services up: each is a process of its own, and one that dies is started again.

Own code because what is needed is thirty lines: four children of one terminal, restarted, stopped together.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from deckport_assets.errors import Refused

STOP_S = 15.0
READY_S = 90.0
PATIENT: Mapping[str, str] = {
    # A backfill outlives a code server that is away: without the first it fails at the next tick, with "asset existed
    # at storage-time, but no longer does" (seen after a restart of all services).
    "DAGSTER_BACKFILL_RETRY_DEFINITION_CHANGED_ERROR": "1",
    "DAGSTER_MAX_BACKFILL_RETRIES": "1000",
    "PYTHONWARNINGS": "ignore",
}
"""What Dagster's services read from their environment to be patient with each other."""
FAST_DEATHS = 5
"""So many deaths within seconds of their start, and a service is given up: its log says why."""


@dataclass(slots=True)
class Service:
    """One process to keep up. Its output goes to `log`."""

    name: str
    command: Sequence[str]
    log: Path
    ready_port: int | None = None
    """When given, the services after it start once something listens there."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    fast_deaths: int = 0

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, in a process group of its own, so that a Ctrl-C reaches it only through us."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.started_at = time.monotonic()
        with self.log.open("ab") as out:
            self.process = _popen(self.command, environment, out)

    @property
    def is_up(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None


def _popen(command: Sequence[str], environment: Mapping[str, str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command), env=dict(environment), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
    )


@dataclass(frozen=True, slots=True)
class Register:
    """A file that says which processes serve a home: what a supervisor that was killed left behind is found by it.

    A process is known by its number and by when it was created, so a number that the system gave away again is not
    taken for it.
    """

    path: Path

    def write(self, services: Sequence[Service]) -> None:
        """Note the supervisor, which is this process, and what it keeps up."""
        running = [service.process.pid for service in services if service.process and service.is_up]
        told = {"supervisor": _known_by(os.getpid()), "services": [_known_by(pid) for pid in running]}
        beside = self.path.with_suffix(".part")
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(told))
        beside.replace(self.path)

    def end_leftovers(self) -> int:
        """End what a killed supervisor left running; gives how many. Raises Refused when the supervisor still lives."""
        try:
            told = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return 0
        if (living := _process(told["supervisor"])) and living.pid != os.getpid():
            raise Refused(
                f"The services of this home are up already, kept by process {living.pid}.",
                remedy=f"Stop them there with Ctrl-C (or: kill {living.pid}), or choose another DECKPORT_HOME.",
            )
        left = [process for each in told["services"] if (process := _process(each))]
        children = [child for process in left for child in process.children(recursive=True)]
        for process in left:
            process.terminate()
        _, alive = psutil.wait_procs([*left, *children], timeout=STOP_S)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=STOP_S)
        self.path.unlink(missing_ok=True)
        return len(left)


def _known_by(pid: int) -> list[float]:
    return [pid, psutil.Process(pid).create_time()]


def _process(known: Sequence[float]) -> psutil.Process | None:
    try:
        process = psutil.Process(int(known[0]))
        same = abs(process.create_time() - known[1]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if same else None


@dataclass(slots=True)
class Supervisor:
    """The services of one machine."""

    services: Sequence[Service]
    environment: Mapping[str, str]
    say: Callable[[str], None]
    register: Register | None = None
    stopping: bool = field(default=False)

    def run(self) -> int:
        """Keep them up until SIGINT or SIGTERM; gives 0, or 1 when one had to be given up."""
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, self._stop)
        for service in self.services:
            self.bring_up(service)
        code = 0
        while not self.stopping and not code:
            time.sleep(0.5)
            for service in self.services:
                if not service.is_up and not self.stopping:
                    code = max(code, self._start_again(service))
        self.shut_down()
        return code

    def bring_up(self, service: Service) -> None:
        """Start one service, and wait until it listens when others need it."""
        service.start({**self.environment, **PATIENT})
        if self.register is not None:
            self.register.write(self.services)
        if service.ready_port is not None:
            self._wait_for(service)

    def shut_down(self) -> None:
        """Ask all of them to end, and end those that do not."""
        for service in self.services:
            if service.is_up and service.process:
                os.killpg(service.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for service in self.services:
            if service.process is None:
                continue
            try:
                service.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()
        if self.register is not None:
            self.register.path.unlink(missing_ok=True)

    def _start_again(self, service: Service) -> int:
        lived_s = time.monotonic() - service.started_at
        service.fast_deaths = service.fast_deaths + 1 if lived_s < 10 else 0
        if service.fast_deaths >= FAST_DEATHS:
            self.say(f"{service.name} died {FAST_DEATHS} times at once and was given up. Why: {service.log}")
            return 1
        self.say(f"{service.name} ended after {lived_s:.0f} s and is started again.")
        self.bring_up(service)
        return 0

    def _wait_for(self, service: Service) -> None:
        deadline = time.monotonic() + READY_S
        while service.is_up and not self.stopping and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", service.ready_port or 0), timeout=1):
                return
            time.sleep(0.2)

    def _stop(self, *_: object) -> None:
        self.stopping = True


def dagster_services(
    dagster_home: Path, logs: Path, *, code_port: int, dagster_port: int, location: str, definitions: str
) -> list[Service]:
    """Dagster's three services: code server, webserver, daemon. Not in Dagster's own `logs`: it empties that folder.

    `definitions` is the module of the pipeline.
    """
    python = sys.executable
    workspace = str(dagster_home / "workspace.yaml")
    code = [python, "-m", "dagster", "code-server", "start", "-m", definitions]
    code += ["-h", "127.0.0.1", "-p", str(code_port), "--location-name", location]
    web = [python, "-m", "dagster_webserver", "-w", workspace, "-h", "127.0.0.1", "-p", str(dagster_port)]
    daemon = [python, "-m", "dagster._daemon", "run", "-w", workspace]
    return [
        Service("the code server", code, logs / "code-server.log", ready_port=code_port),
        Service("Dagster's webserver", web, logs / "webserver.log"),
        Service("Dagster's daemon", daemon, logs / "daemon.log"),
    ]
