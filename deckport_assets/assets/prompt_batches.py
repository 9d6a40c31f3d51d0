"""The jobs that hand in a batch of missing prompts and that collect one. A schedule and a sensor ask for them."""

import dagster as dg

from deckport_assets.bulk_writing import BulkWriting
from deckport_assets.catalog import prompt_batches as batches
from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.ledger import in_dollars, spent
from deckport_assets.catalog.prompt_batches import Item
from deckport_assets.catalog.standing import LANE_TAG, Lane
from deckport_assets.errors import NeedsMoney, Refused
from deckport_assets.resources.catalog import Catalog
from deckport_assets.resources.claude import ClaudeWriter
from deckport_assets.resources.providers import Occasion, Writer

HAND_IN = "write_missing_prompts"
COLLECT = "collect_prompts"
BATCH_TAG = "deckport/batch"
TAGS = {LANE_TAG: Lane.PROMPTS.value}


def hand_in() -> dg.JobDefinition:
    """The job that hands in a batch of all missing prompts."""

    @dg.op(name="hand_in", description="Hands in every missing prompt as one batch, as far as the budgets reach.")
    def write(
        context: dg.OpExecutionContext, catalog: dg.ResourceParam[Catalog], writer: dg.ResourceParam[Writer]
    ) -> None:
        bulk = bulk_of(writer, catalog, context)
        with catalog.database.reading() as connection:
            slugs = [card.slug for card in all_cards(connection)]
        try:
            batch, cut = bulk.prepare(slugs, "the night")
        except (Refused, NeedsMoney) as nothing:
            context.log.info(f"Nothing is handed in: {nothing}")
            return
        if cut is not None:
            context.log.warning(f"The budgets reach for {batch.size} cards: {cut}")
        asked = Occasion(context.run_id, 0, context.log.info, lambda: False, correlation=batch.order_id)
        sent = bulk.send(batch, asked)
        context.instance.add_run_tags(context.run_id, {BATCH_TAG: str(batch.id)})
        context.add_output_metadata({"batch": batch.id, "service_id": sent.service_id, "cards": batch.size})

    @dg.job(
        name=HAND_IN, description="Every missing prompt as one batch, at half the price.", tags=TAGS,
        executor_def=dg.in_process_executor,
    )  # fmt: skip
    def job() -> None:
        write()

    return job


def collect() -> dg.JobDefinition:
    """The job that collects the batches that have ended."""

    @dg.op(name="take_answers", description="Makes the answers of batches that have ended the prompts of their cards.")
    def take(
        context: dg.OpExecutionContext, catalog: dg.ResourceParam[Catalog], writer: dg.ResourceParam[Writer]
    ) -> None:
        bulk = bulk_of(writer, catalog, context)
        with catalog.database.reading() as connection:
            open_ones = batches.unfinished(connection)
        for batch in open_ones:
            if not bulk.look_after(batch):
                continue
            counted = bulk.collect(batch)
            with catalog.database.reading() as connection:
                cost = spent(connection, batch.order_id).order_microusd
            context.instance.add_run_tags(context.run_id, {f"{BATCH_TAG}-{batch.id}": batch.token})
            context.log.info(f"Batch {batch.id}: {counted[Item.WRITTEN]} written, {in_dollars(cost)}.")

    @dg.job(
        name=COLLECT, description="The answers of batches that have ended.", tags=TAGS,
        executor_def=dg.in_process_executor,
    )  # fmt: skip
    def job() -> None:
        take()

    return job


def bulk_of(writer: Writer, catalog: dg.ResourceParam[Catalog], context: dg.OpExecutionContext) -> BulkWriting:
    """Bulk writing with the writer that is configured. Raises Refused for the embedded one."""
    if not isinstance(writer, ClaudeWriter):
        raise Refused("Only Claude takes batches.", remedy="Set ANTHROPIC_API_KEY.")
    return BulkWriting(catalog.database, writer, context.log.info)
