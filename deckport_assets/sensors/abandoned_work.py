"""Notices runs that died before their cards were made, and that nobody tries again.

Dagster retries a killed run by itself, but not when the code server was away at that moment, nor a run that it could
not even start. The same cards are asked for again then: what is fresh by now is told again, not made again. A run that
failed because cards failed is left to the night's retry, and one that a person stopped to that person.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import RunRecord
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, RUN_FAILURE_REASON_TAG

from deckport_assets.assets.cards import first_asked_at, key
from deckport_assets.catalog.journal import drop_claims, open_claims
from deckport_assets.catalog.standing import ASKED_AT_TAG, asked_at_tag
from deckport_assets.instance.launcher import WORKER_TAG, is_over
from deckport_assets.resources.catalog import Catalog

PATIENCE_S = 45
"""How long the automatic retry of a run that died may take to appear."""
LOOK_BACK = timedelta(hours=6)
MOST_TIMES = 5
TIMES_TAG = "deckport/asked_again"
KEPT_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end", "dagster/priority")


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks again for the cards of a run that was killed, when nobody else does.",
    target=dg.AssetSelection.groups("cards"),
)
def abandoned_work(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for each that died; claims of runs that have ended are given back."""
    asked = 0
    for record in died(context.instance):
        asked += 1
        yield once_more(record.dagster_run, first_asked_at(context.instance, record.dagster_run))
    with catalog.database.reading() as connection:
        held = open_claims(connection)
    for run_id in held:
        if is_over(context.instance)(run_id):
            with catalog.database.writing() as connection:
                drop_claims(connection, run_id)
    if not asked:
        yield dg.SkipReason("Nothing was left behind.")


def died(instance: dg.DagsterInstance) -> Iterator[RunRecord]:
    """The runs of late that ended neither well, nor by a failed card, nor by a person, and that have no retry."""
    lately = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=datetime.now(UTC) - LOOK_BACK)
    for record in instance.get_run_records(lately, limit=200):
        run = record.dagster_run
        by_a_card = run.tags.get(RUN_FAILURE_REASON_TAG) == "STEP_FAILURE"
        ours = any(asset.path[0] == "cards" and len(asset.path) == 2 for asset in run.asset_selection or ())
        too_often = int(run.tags.get(TIMES_TAG, "0")) >= MOST_TIMES
        if by_a_card or not ours or too_often or WORKER_TAG in run.tags:
            continue
        if time.time() - (record.end_time or 0) < PATIENCE_S:
            continue
        if not instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run.run_id}), limit=1):
            yield record


def once_more(run: dg.DagsterRun, asked_at: datetime) -> dg.RunRequest:
    """The same assets of the same cards; asked for once per run that died, however often this is called.

    What was made anew since `asked_at` stays as it is.
    """
    tags = {name: value for name, value in run.tags.items() if name in KEPT_TAGS or name.startswith("deckport/")}
    if "deckport/redraw" in tags:
        tags.setdefault(ASKED_AT_TAG, asked_at_tag(asked_at))
    return dg.RunRequest(
        run_key=f"again-{run.run_id}",
        asset_selection=sorted(run.asset_selection or ()),
        partition_key=run.tags.get("dagster/partition"),
        tags=tags | {TIMES_TAG: str(int(run.tags.get(TIMES_TAG, "0")) + 1)},
    )


def range_request(
    assets: tuple[str, ...], first: str, last: str, *, run_key: str, tags: dict[str, str]
) -> dg.RunRequest:
    """One run over a range of cards, however many there are in it."""
    selection = [key(asset) for asset in assets]
    if first == last:
        return dg.RunRequest(run_key=run_key, asset_selection=selection, partition_key=first, tags=tags)
    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return dg.RunRequest(run_key=run_key, asset_selection=selection, tags=tags | span)
