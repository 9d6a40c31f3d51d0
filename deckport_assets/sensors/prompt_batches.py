"""Notices batches of prompts that have ended, and batches that nobody knows to have arrived."""

from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from deckport_assets.assets.prompt_batches import COLLECT, collect
from deckport_assets.bulk_writing import BulkWriting
from deckport_assets.catalog import prompt_batches as batches
from deckport_assets.errors import DeckportError
from deckport_assets.resources.catalog import Catalog
from deckport_assets.resources.claude import ClaudeWriter
from deckport_assets.resources.providers import Writer


@dg.sensor(
    name="prompt_batches",
    job=collect(),
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks Claude once a minute how batches of prompts are doing, and has those collected that have ended.",
)
def prompt_batches(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog], writer: dg.ResourceParam[Writer]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One call for each batch that is open; none when there is none."""
    with catalog.database.reading() as connection:
        open_ones = batches.unfinished(connection)
    if not open_ones:
        yield dg.SkipReason("No batch is open.")
        return
    if not isinstance(writer, ClaudeWriter):
        yield dg.SkipReason(f"{len(open_ones)} batches are at Claude, and there is no ANTHROPIC_API_KEY to ask with.")
        return
    bulk = BulkWriting(catalog.database, writer, context.log.info)
    ended: list[int] = []
    told: list[str] = []
    for batch in open_ones:
        try:
            if bulk.look_after(batch):
                ended.append(batch.id)
            told.append(f"batch {batch.id}: {batch.done} of {batch.size}")
        except DeckportError as error:
            with catalog.database.writing() as connection:
                batches.note(connection, batch, cause=str(error))
            told.append(f"batch {batch.id}: {error}")
    mine = dg.RunsFilter(job_name=COLLECT)
    active = context.instance.get_runs(dg.RunsFilter(job_name=COLLECT, statuses=NOT_FINISHED_STATUSES), limit=1)
    if ended and not active:
        yield dg.RunRequest(run_key=f"collect-{context.instance.get_runs_count(mine)}")
        return
    yield dg.SkipReason("; ".join(told) + ".")
