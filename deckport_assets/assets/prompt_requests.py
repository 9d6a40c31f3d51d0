"""The job that writes what people ask of the prompt queue. Each answer for a card becomes its `cards/prompt` at once.

How requests are taken and answered is `drain`'s; what a prompt's partition is, that of `cards` and `card_craft`.
"""

from functools import partial

import dagster as dg

from deckport_assets.assets.card_craft import write_prompt
from deckport_assets.assets.card_line import CardLine
from deckport_assets.assets.cards import PROMPT_CODE_VERSION, key
from deckport_assets.batch import events_of
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.prompt_queue import Request
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.standing import Order, Selection
from deckport_assets.drain import Drain
from deckport_assets.resources.catalog import Catalog
from deckport_assets.resources.media import Media
from deckport_assets.resources.providers import Writer

JOB = "write_requests"


def write_requests() -> dg.JobDefinition:
    """The job; the sensor `prompt_requests` asks for it."""

    @dg.op(name=JOB, description="Writes what waits in the prompt queue, three at a time, the urgent first.")
    def write(context: dg.OpExecutionContext, catalog: Catalog, media: Media, writer: dg.ResourceParam[Writer]) -> None:
        line = CardLine(
            catalog.database,
            media.store,
            context.run_id,
            Order(Selection.NAMED),
            {PROMPT: PROMPT_CODE_VERSION},
            partial(write_prompt, writer=writer),
        )

        def over(run_id: str) -> bool:
            run = context.instance.get_run_by_id(run_id)
            return run is None or run.is_finished

        def publish(slug: str, request: Request) -> None:
            """The card's prompt asset, told to Dagster. A run that is making it right now tells it by itself."""
            if not line.journal.claim([PROMPT], [slug], over):
                return
            made = line.make(slug, [PROMPT], progress=context.log.info, cancelled=lambda: False)
            line.journal.accept([PROMPT], slug, made[PROMPT].files)
            for event in events_of(key(PROMPT), slug, made[PROMPT], code_version=PROMPT_CODE_VERSION):
                context.log_event(event)  # type: ignore[arg-type]  # it takes check evaluations too
            with catalog.database.writing() as connection:
                queue.note_reported(connection, [request.id])

        try:
            tally = Drain(catalog.database, writer, context.run_id, context.log.info, publish).run()
        finally:
            line.journal.release()
        context.log.info(tally.sentence())
        context.add_output_metadata({"written": tally.completed, "failed": tally.failed, "waiting": tally.put_back})

    @dg.job(name=JOB, description="What people ask of the prompt queue, written.", executor_def=dg.in_process_executor)
    def job() -> None:
        write()

    return job
