"""Runs whose process died with everything else are noticed, not left running for ever."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from deckport_assets.instance.home import open_instance, prepare
from deckport_assets.instance.launcher import (
    WORKER_TAG,
    WatchfulRunLauncher,
    Worker,
    clear_hanging_runs,
    worker_of,
    worker_tag,
)
from deckport_assets.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    chosen = Settings(home=tmp_path / "var")
    prepare(chosen)
    with open_instance(chosen) as instance:
        yield instance


@dg.job
def nothing() -> None: ...


def started(instance: dg.DagsterInstance, pid: int | None = None, tags: dict[str, str] | None = None) -> dg.DagsterRun:
    """A run that says of itself that it is executed by this process number."""
    run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags)
    if pid is not None:
        from dagster._core.events import EngineEventData

        text = f"Started process for run (pid: {pid})."
        instance.report_engine_event(text, run, EngineEventData.in_process(pid))
    return run


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_living_run_is_left_alone(home: dg.DagsterInstance) -> None:
    run = started(home, os.getpid())

    assert worker_of(home, run).alive  # type: ignore[union-attr]
    assert clear_hanging_runs(home) == []


def test_a_run_whose_process_is_gone_is_reported_failed(home: dg.DagsterInstance) -> None:
    run = started(home, dead_pid())

    launcher = home.run_launcher
    assert isinstance(launcher, WatchfulRunLauncher)
    assert launcher.check_run_worker_health(run).status.value == "FAILED"
    assert clear_hanging_runs(home) == [run.run_id]
    assert home.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE  # type: ignore[union-attr]


def test_a_number_that_another_process_has_by_now_is_not_mistaken_for_it() -> None:
    assert not Worker(os.getpid(), seen_at=time.time() - 365 * 86400).alive


def test_a_run_of_the_command_itself_is_known_by_its_tag(home: dg.DagsterInstance) -> None:
    alive = started(home, tags=worker_tag())
    host, _, born = worker_tag()[WORKER_TAG].rsplit(":", 2)
    dead = started(home, tags={WORKER_TAG: f"{host}:{dead_pid()}:{born}"})
    elsewhere = started(home, tags={WORKER_TAG: f"another-machine:1:{born}"})

    assert clear_hanging_runs(home) == [dead.run_id]
    statuses = {run.run_id: run.status for run in home.get_runs()}
    assert statuses[alive.run_id] is statuses[elsewhere.run_id] is dg.DagsterRunStatus.STARTED


def test_a_command_in_another_shell_does_not_move_the_services(tmp_path: Path) -> None:
    home = tmp_path / "var"
    prepare(Settings(home=home, code_port=4466), for_services=True)
    prepare(Settings(home=home, code_port=4266))

    assert "port: 4466" in (home / "dagster" / "workspace.yaml").read_text()
