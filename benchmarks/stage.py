"""What the rendering stage costs in Dagster beyond the craft itself.

    DECKPORT_HOME=/somewhere/empty python -m benchmarks.stage [--cards 200] [--postgres]

With --postgres on a private server that is started for it. Renders the same cards twice: by a bare thread pool over
the same functions (before and after, their mean is taken), and as one range run of the three assets with their checks.
Prints the ratio of the walls, orchestration per partition and asset, and event-log bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg

from benchmarks.make_catalog import write
from deckport_assets.assets.card_craft import render
from deckport_assets.assets.card_line import Bench, CardLine
from deckport_assets.assets.catalog import tell_dagster
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.recipes import COMPOSITE, FRAME, RECIPES, THUMBNAIL
from deckport_assets.catalog.standing import Order
from deckport_assets.definitions import build, live
from deckport_assets.instance.home import open_instance, prepare
from deckport_assets.media import MediaStore
from deckport_assets.models import Card
from deckport_assets.resources.studio import Encoded, Studio
from deckport_assets.settings import Settings, settings
from tests import postgres

RENDERED = (COMPOSITE, FRAME, THUMBNAIL)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=200)
    parser.add_argument("--postgres", action="store_true", help="on a private PostgreSQL server")
    given = parser.parse_args()
    if not given.postgres:
        return measure(given.cards, settings())
    with postgres.running() as server, server.bare() as url:
        os.environ["DECKPORT_DATABASE_URL"] = url
        settings.cache_clear()
        measure(given.cards, settings())


def measure(count: int, chosen: Settings) -> None:
    """Both stages over so many cards."""
    prepare(chosen)
    database = Database(chosen.catalog_url)
    import_catalog(database, chosen.home, *write(chosen.home / "source", count), retire=True)
    resources = live(chosen)
    definitions = build(resources, chosen)
    with open_instance(chosen) as instance:
        tell_dagster(instance, database)
        slugs = list(instance.get_dynamic_partitions("cards"))
        cost = {}
        for stage in ("prompt", "artwork"):
            cost[stage] = run_stage(definitions, instance, (f"cards/{stage}",), slugs)
        ahead = bare_pool(chosen, database, resources["studio"], slugs)
        before = log_bytes(chosen)
        staged = run_stage(definitions, instance, RENDERED, slugs)
        log = log_bytes(chosen) - before
        after = bare_pool(chosen, database, resources["studio"], slugs)
        again = run_stage(definitions, instance, RENDERED, slugs)
        quick = resources | {"studio": Stamp(theme=chosen.theme, own_themes="", workers=chosen.workers)}
        few, many = slugs[: count // 10], slugs[count // 10 :]
        stamped = [run_stage(build(quick, chosen), instance, RENDERED, some) for some in (few, many)]
        stamping = [bare_pool(chosen, database, quick["studio"], some) for some in (few, many)]
    bare = {name: (ahead[name] + after[name]) / 2 for name in ahead}
    beside = [{name: run[name] - pool[name] for name in run} for run, pool in zip(stamped, stamping, strict=True)]
    further = (len(many) - len(few)) * len(RENDERED)
    orchestration = {name: (beside[1][name] - beside[0][name]) / further for name in bare}
    once = {name: beside[0][name] - orchestration[name] * len(few) * len(RENDERED) for name in bare}
    things = len(slugs) * len(RENDERED)
    print(
        json.dumps(
            {
                "database": database.engine.dialect.name,
                "cards": len(slugs),
                "workers": chosen.workers,
                "CPU ms a card: prompt stage": per(cost["prompt"]["cpu_s"], len(slugs)),
                "CPU ms a card: artwork stage": per(cost["artwork"]["cpu_s"], len(slugs)),
                "CPU ms a card: rendering stage": per(staged["cpu_s"], len(slugs)),
                "CPU ms a card: rendering, bare pool": per(bare["cpu_s"], len(slugs)),
                "wall ms a card: rendering stage": per(staged["wall_s"], len(slugs)),
                "wall ms a card: rendering, bare pool": per(bare["wall_s"], len(slugs)),
                "wall of the stage / wall of the bare pool": round(staged["wall_s"] / bare["wall_s"], 3),
                "with claims and acceptance, craft left out, CPU ms per partition and asset": per(
                    orchestration["cpu_s"], 1
                ),
                "with claims and acceptance, craft left out, wall ms per partition and asset": per(
                    orchestration["wall_s"], 1
                ),
                "beside it once per run, CPU ms": per(once["cpu_s"], 1),
                "events and one check alone (all fresh), CPU ms per partition and asset": per(again["cpu_s"], things),
                "events and one check alone (all fresh), wall ms per partition and asset": per(again["wall_s"], things),
                "event-log bytes per partition and asset": round(log / things) if log else None,
            },
            indent=2,
        )
    )


def run_stage(
    definitions: dg.Definitions, instance: dg.DagsterInstance, assets: tuple[str, ...], slugs: list[str]
) -> dict[str, float]:
    """One range run over all cards."""
    keys = {dg.AssetKey(asset.split("/")) for asset in assets}
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(asset_selection=keys)
    span = {"dagster/asset_partition_range_start": slugs[0], "dagster/asset_partition_range_end": slugs[-1]}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with Clock() as clock:
        result = job.execute_in_process(instance=instance, tags=span, run_config=quiet, raise_on_error=False)
    if not result.success:
        raise SystemExit("the stage failed")
    return clock.cost


def bare_pool(chosen: Settings, database: Database, studio: Any, slugs: list[str]) -> dict[str, float]:
    """The same functions over the same cards, without Dagster, claims and rows; the files go to another folder."""
    media = MediaStore(chosen.media_location)
    line = CardLine(database, media, "bare", Order(), {}, lambda bench, assets: None)
    with database.reading() as connection:
        found = looks(connection, RENDERED, slugs)
    line.media = Elsewhere(media, MediaStore(str(chosen.home / "bare")))  # type: ignore[assignment]

    def one(slug: str) -> None:
        render(Bench(line, found[slug], lambda text: None, lambda: False), RENDERED, studio=studio)

    with Clock() as clock, ThreadPoolExecutor(chosen.workers) as pool:
        list(pool.map(one, slugs))
    shutil.rmtree(chosen.home / "bare")  # a file that is there already would cost less the second time
    return clock.cost


class Stamp(Studio):
    """A studio whose cards cost next to nothing, so that what is left of a stage is orchestration.

    Beside 340 ms of rendering a card, whose own noise is larger, orchestration could not be measured as a difference.
    """

    def render(self, card: Card, art: bytes, *, credit: str = "") -> Stamped:  # type: ignore[override]
        """The card's name, as often as a small file is long."""
        return Stamped(card.slug)

    @property
    def code_version(self) -> str:
        """Another than the real studio's: every card is due."""
        return "stamp"


class Stamped:
    """What a stamp leaves."""

    def __init__(self, slug: str) -> None:
        self.slug = slug

    def files(self, asset: str) -> dict[str, Encoded]:
        """The variants of the asset, 30 kB each."""
        variants = RECIPES[f"cards/{asset}"].variants
        return {v: Encoded(f"{asset} {v} {self.slug}".encode() * 1000, "png", 1500, 2100) for v in variants}

    def preview(self, asset: str) -> bytes:
        """As heavy as a real one."""
        return bytes(4000)


class Elsewhere:
    """Reads from one store and writes to another."""

    def __init__(self, source: MediaStore, target: MediaStore) -> None:
        self.read, self.put = source.read, target.put


class Clock:
    """Wall and CPU seconds of this process over a block."""

    def __enter__(self) -> Clock:
        self.cost: dict[str, float] = {}
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cost["wall_s"] = time.perf_counter() - self._wall
        self.cost["cpu_s"] = time.process_time() - self._cpu


def per(seconds: float, count: int) -> float:
    """Milliseconds of each."""
    return round(seconds / count * 1000, 2)


def log_bytes(chosen: Settings) -> int:
    """The size of the SQLite event log, its write-ahead log folded in; 0 on PostgreSQL."""
    file = chosen.dagster_home / "history" / "events" / "event_log.db"
    if not file.is_file():
        return 0
    import sqlite3

    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    return file.stat().st_size


if __name__ == "__main__":
    main()
