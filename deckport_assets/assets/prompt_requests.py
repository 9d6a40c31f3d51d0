"""The job that writes what people ask of the prompt queue. Each answer for a card becomes its `cards/prompt` at once.

How requests are taken and answered is `drain`'s; what a prompt's partition is, that of `cards` and `card_craft`.
"""

from functools import partial

import dagster as dg

from deckport_assets.assets.card_craft import write_prompt
from deckport_assets.assets.card_line import CardLine
from deckport_assets.assets.cards import PROMPT_CODE_VERSION, key
from deckport_assets.batch import events_of
from deckport_assets.catalog.prompt_queue import Request
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.standing import LANE_TAG, Lane, Order, Selection, Standing
from deckport_assets.drain import Drain
from deckport_assets.resources.catalog import Catalog
from deckport_assets.resources.media import Media
from deckport_assets.resources.providers import Writer

JOB = "write_requests"
CORRELATION_TAG = "deckport/correlation"
"""On the runs that answer requests, with the request's number: the id of the API request that asked."""


def write_requests() -> dg.JobDefinition:
    """The job; the sensor `prompt_requests` asks for it."""

    @dg.op(
        name="write_waiting", description="Writes what waits in the prompt queue, three at a time, the urgent first."
    )
    def write(
        context: dg.OpExecutionContext,
        catalog: dg.ResourceParam[Catalog],
        media: Media,
        writer: dg.ResourceParam[Writer],
    ) -> None:
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
            if line.standings([PROMPT], [slug])[slug][PROMPT] is Standing.FRESH:
                line.note_told([slug])
                return  # another version counts, and is the asset already
            if not line.journal.claim([PROMPT], [slug], over):
                return
            try:
                tell(slug)
            except Exception as error:  # noqa: BLE001 - a run of its own tries again, and keeps the cause in its list
                context.log.error(f"{slug}: written, and not published: {error}")

        def tell(slug: str) -> None:
            made = line.make(slug, [PROMPT], progress=context.log.info, cancelled=lambda: False)
            line.journal.accept([PROMPT], slug, made[PROMPT].files)
            told = events_of(context.instance, key(PROMPT), slug, made[PROMPT], code_version=PROMPT_CODE_VERSION)
            for event in told:
                context.log_event(event)  # type: ignore[arg-type]  # it takes check evaluations too
            line.note_told([slug])

        def claimed(request: Request) -> None:
            """The id of the API request that asked, where Dagster's UI finds the run by it."""
            if request.correlation:
                tag = {f"{CORRELATION_TAG}-{request.id}": request.correlation}
                context.instance.add_run_tags(context.run_id, tag)

        try:
            drain = Drain(catalog.database, writer, context.run_id, context.log.info, publish, claimed)
            tally = drain.run()
        finally:
            line.journal.release()
        context.log.info(tally.sentence())
        context.add_output_metadata({"written": tally.completed, "failed": tally.failed, "waiting": tally.put_back})

    @dg.job(
        name=JOB,
        description="What people ask of the prompt queue, written.",
        executor_def=dg.in_process_executor,
        tags={LANE_TAG: Lane.PROMPTS.value},
    )
    def job() -> None:
        write()

    return job
