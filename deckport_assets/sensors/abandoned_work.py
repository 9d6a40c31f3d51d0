"""Notices cards that a run had undertaken when it died, and that no retry has taken over.

Dagster retries a killed run by itself, but not when the code server died with it. The claims in the catalog say
exactly which cards were left; only those are asked for again. A run that a person stopped is not.
"""

import time
from collections import defaultdict
from collections.abc import Iterator

import dagster as dg

from deckport_assets.assets.cards import key
from deckport_assets.catalog.journal import drop_claims, open_claims
from deckport_assets.partitions import cards
from deckport_assets.production import ranges
from deckport_assets.resources.catalog import Catalog

PATIENCE_S = 30
"""How long a died run's automatic retry may take to appear."""


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks again for the cards that a run had undertaken when it was killed.",
    target=dg.AssetSelection.groups("cards"),
)
def abandoned_work(context: dg.SensorEvaluationContext, catalog: Catalog) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per range of cards that was left behind."""
    with catalog.database.reading() as connection:
        held = open_claims(connection)
    asked = 0
    for run_id, work in held.items():
        verdict = _verdict(context.instance, run_id)
        if verdict == "wait":
            continue
        if verdict == "again":
            for request in _requests(context.instance, run_id, work):
                asked += 1
                yield request
        with catalog.database.writing() as connection:
            drop_claims(connection, run_id)
    if not asked:
        yield dg.SkipReason("Nothing was left behind.")


def _verdict(instance: dg.DagsterInstance, run_id: str) -> str:
    """`again` when nobody else will, `drop` when a person stopped it, `wait` while it lives or a retry may come."""
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        return "again"
    run = record.dagster_run
    if not run.is_finished:
        return "wait"
    if run.status is not dg.DagsterRunStatus.FAILURE:
        return "drop"
    if time.time() - (record.end_time or 0) < PATIENCE_S:
        return "wait"
    retries = instance.get_runs(dg.RunsFilter(tags={"dagster/parent_run_id": run_id}), limit=1)
    return "wait" if retries and not retries[0].is_finished else "again"


def _requests(instance: dg.DagsterInstance, run_id: str, work: list[tuple[str, str]]) -> Iterator[dg.RunRequest]:
    assets_of: dict[str, set[str]] = defaultdict(set)
    for asset, slug in work:
        assets_of[slug].add(asset)
    known = instance.get_dynamic_partitions(str(cards.name))
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for slug, assets in assets_of.items():
        if slug in set(known):
            groups[tuple(sorted(assets))].append(slug)
    for together, slugs in groups.items():
        for first, last in ranges(slugs, known):
            run_key = f"abandoned-{run_id}-{together[0]}-{first}"
            yield range_request(together, first, last, run_key=run_key, tags={})


def range_request(
    assets: tuple[str, ...], first: str, last: str, *, run_key: str, tags: dict[str, str]
) -> dg.RunRequest:
    """One run over a range of cards, however many there are in it."""
    selection = [key(asset) for asset in assets]
    if first == last:
        return dg.RunRequest(run_key=run_key, asset_selection=selection, partition_key=first, tags=tags)
    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return dg.RunRequest(run_key=run_key, asset_selection=selection, tags=tags | span)
