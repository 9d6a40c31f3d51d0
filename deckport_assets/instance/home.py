"""Getting ready: Dagster's home, its storage, its pools, the catalog's tables. Once, before any service starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from deckport_assets.catalog.database import Database
from deckport_assets.instance.launcher import clear_hanging_runs
from deckport_assets.instance.supervisor import Service, dagster_services
from deckport_assets.settings import Settings

DAGSTER_YAML = Path(__file__).parents[2] / "dagster.yaml"
POOLS: Mapping[str, int] = {"writer": 2, "artist": 4, "renderer": 2, "animator": 2}
"""Runs at the same time per pool: more than one, so that an urgent run does not wait behind a backfill's batch. Of
those that draw, one more than a backfill may have: while a batch ends the next is there to take its servers over."""
LOCATION = "deckport"


def prepare(chosen: Settings, *, for_services: bool = False) -> list[str]:
    """Make Dagster's home and the catalog ready and clean up after a power cut; gives the ids of the runs cleared.

    Services that start at the same time on an empty home would race for the tables, so this comes before them. Where
    the code server listens is written down only `for_services`: a running daemon reads that file again and again, and
    a command in another shell may have another port in its environment.
    """
    chosen.dagster_home.mkdir(parents=True, exist_ok=True)
    _write(chosen.dagster_home / "dagster.yaml", DAGSTER_YAML.read_text(encoding="utf-8"))
    workspace = chosen.dagster_home / "workspace.yaml"
    if for_services or not workspace.is_file():
        _write(
            workspace,
            "load_from:\n  - grpc_server:\n"
            f"      host: 127.0.0.1\n      port: {chosen.code_port}\n      location_name: {LOCATION}\n",
        )
    database = Database(chosen.catalog_url)
    database.migrate()
    database.close()
    with open_instance(chosen) as instance:
        for pool, slots in POOLS.items():
            instance.event_log_storage.set_concurrency_slots(pool, slots)
        return clear_hanging_runs(instance)


def services_of(chosen: Settings, definitions: str = "deckport_assets.definitions") -> list[Service]:
    """Dagster's services over the settings' home, with this module's pipeline."""
    return dagster_services(
        chosen.dagster_home,
        chosen.home / "logs",
        code_port=chosen.code_port,
        dagster_port=chosen.dagster_port,
        location=LOCATION,
        definitions=definitions,
    )


def open_instance(chosen: Settings) -> dg.DagsterInstance:
    """Dagster's instance at the settings' home. Use as a context manager."""
    os.environ["DAGSTER_HOME"] = str(chosen.dagster_home)  # run workers and loggers find it there
    return dg.DagsterInstance.from_config(str(chosen.dagster_home))


def code_versions_of(definitions: dg.Definitions) -> dict[str, str]:
    """Each asset's code version, as the pipeline would make it today."""
    return {
        "/".join(spec.key.path): spec.code_version
        for spec in definitions.resolve_all_asset_specs()
        if spec.code_version is not None
    }


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
