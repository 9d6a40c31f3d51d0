"""Notices what waits in the prompt queue, what nobody is writing any more, and answers that Dagster was not told of.

It claims nothing: a request is claimed when the run writes it, so that a late urgent one overtakes.
"""

from collections.abc import Iterator

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from deckport_assets.assets.cards import key
from deckport_assets.assets.prompt_requests import JOB, write_requests
from deckport_assets.catalog import ledger
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.instance.launcher import is_over
from deckport_assets.resources.catalog import Catalog

PUBLISH = "publish_prompts"


def prompt_requests() -> dg.SensorDefinition:
    """The sensor, with the two jobs that it asks for."""

    @dg.sensor(
        name="prompt_requests",
        jobs=[write_requests(), dg.define_asset_job(PUBLISH, [key(PROMPT)])],
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has what waits in the prompt queue written; gives back what a killed run was writing.",
    )
    def sensor(context: dg.SensorEvaluationContext, catalog: Catalog) -> Iterator[dg.RunRequest | dg.SkipReason]:
        over = is_over(context.instance)
        with catalog.database.writing() as connection:
            reaped = queue.reap(connection, over)
            unknown, _ = ledger.give_up_for(connection, over)
            left = queue.unreported(connection)
            waiting = queue.ready(connection)
        mine = dg.RunsFilter(job_name=JOB, statuses=NOT_FINISHED_STATUSES)
        active = bool(context.instance.get_runs(mine, limit=1))
        asked = 0
        if not active:
            for request in left:
                asked += 1
                yield dg.RunRequest(
                    run_key=f"publish-{request.id}-{request.attempt}", job_name=PUBLISH, partition_key=request.card
                )
            with catalog.database.writing() as connection:
                queue.note_reported(connection, [request.id for request in left])
        if waiting and not active:
            asked += 1
            number = context.instance.get_runs_count(dg.RunsFilter(job_name=JOB))
            urgent = max(request.priority for request in waiting)
            yield dg.RunRequest(run_key=f"drain-{number}", job_name=JOB, tags={"dagster/priority": str(urgent)})
        if not asked:
            told = f"; {reaped} given back, {unknown} calls may have been paid" if reaped or unknown else ""
            yield dg.SkipReason(f"{len(waiting)} wait{', and a run is writing' if active else ''}{told}.")

    return sensor
