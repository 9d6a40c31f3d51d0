"""A run launcher that notices dead runs, and the clean-up of runs that a power cut left hanging.

Why our own: when a code server and its run die together, Dagster's DefaultRunLauncher has no health check and the run
stays STARTED for ever. A run's process is known by its number and by when it started, so a number that the system
gave to another process later is not mistaken for it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import NamedTuple

import dagster as dg
import psutil
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from deckport_assets.catalog.journal import is_held_by_person

WORKER_TAG = "deckport/worker"
"""On runs that no launcher started (`deckport produce` without a webserver): host:pid of the command's process."""

STARTS_WITHIN_S = 120.0
"""How long a launched run may take to say which process it is."""


class Worker(NamedTuple):
    """The process that executes a run: its number, and a moment at which it already ran (Unix seconds)."""

    pid: int
    seen_at: float

    @property
    def alive(self) -> bool:
        """Whether that very process still runs; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            return bool(process.status() != psutil.STATUS_ZOMBIE and process.create_time() <= self.seen_at + 1)
        except psutil.NoSuchProcess:
            return False


def worker_tag() -> dict[str, str]:
    """The tag by which a run in this very process is recognised."""
    process = psutil.Process()
    return {WORKER_TAG: f"{socket.gethostname()}:{process.pid}:{process.create_time()}"}


def worker_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Worker | None:
    """The process that executes the run, or None while it has not said so, or when it is on another machine."""
    if tag := run.tags.get(WORKER_TAG):
        host, pid, created_at = tag.rsplit(":", 2)
        return Worker(int(pid), float(created_at)) if host == socket.gethostname() else None
    started = instance.event_log_storage.get_logs_for_run(
        run.run_id, of_type={dg.DagsterEventType.ENGINE_EVENT}, limit=20
    )
    for entry in started:
        metadata = entry.dagster_event.engine_event_data.metadata if entry.dagster_event else {}
        if "pid" in metadata and (entry.user_message or entry.message).startswith("Started process for run"):
            return Worker(int(str(metadata["pid"].value)), entry.timestamp)
    return None


class WatchfulRunLauncher(DefaultRunLauncher):
    """Starts runs as Dagster's own launcher does, and can say whether a run's process is still there."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: Dagster's run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the run's process lives or cannot be known from here, else FAILED."""
        worker = worker_of(self._instance, run)
        if worker is None or worker.alive:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"Its process {worker.pid} is gone.")


def clear_hanging_runs(instance: dg.DagsterInstance) -> list[str]:
    """Report as failed each run that is marked running and whose process is gone; gives their ids.

    For start-up, before the daemon runs: what was left by a power cut must not hold a slot or a backfill for ever.
    """
    cleared = []
    unfinished = [*IN_PROGRESS_RUN_STATUSES, dg.DagsterRunStatus.CANCELING]
    for record in instance.get_run_records(dg.RunsFilter(statuses=unfinished)):
        run, worker = record.dagster_run, worker_of(instance, record.dagster_run)
        if run.status == dg.DagsterRunStatus.QUEUED or (worker is not None and worker.alive):
            continue
        if worker is None and WORKER_TAG in run.tags:
            continue  # another machine's
        if worker is None and time.time() - record.update_timestamp.timestamp() < STARTS_WITHIN_S:
            continue  # its process has not said its number yet
        instance.report_run_failed(run, "Its process was gone at start-up (a power cut or a kill).")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        cleared.append(run.run_id)
    return cleared


def is_over(instance: dg.DagsterInstance) -> Callable[[str], bool]:
    """Whether the run with an id has ended, or never was. A person's hold (`person_holds`) ends by itself."""

    def over(run_id: str) -> bool:
        if (held := is_held_by_person(run_id)) is not None:
            return not held
        run = instance.get_run_by_id(run_id)
        return run is None or run.is_finished

    return over
