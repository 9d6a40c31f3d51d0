"""Notices what waits in the prompt queue, what nobody is writing any more, and prompts that Dagster was not told of.

It claims nothing: a request is claimed when the run writes it, so that a late urgent one overtakes.
"""

import hashlib
from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from deckport_assets.assets.prompt_requests import JOB, write_requests
from deckport_assets.catalog import ledger
from deckport_assets.catalog import prompt_queue as queue
from deckport_assets.catalog.prompts import StoredPrompt, untold
from deckport_assets.catalog.recipes import PROMPT
from deckport_assets.catalog.standing import LANE_TAG, Lane
from deckport_assets.instance.launcher import is_over
from deckport_assets.partitions import cards
from deckport_assets.production import ranges
from deckport_assets.resources.catalog import Catalog
from deckport_assets.sensors.abandoned_work import range_request

PUBLISH_TAG = "deckport/publish"
MOST_PUBLISHED = 200
"""Cards whose prompts one run publishes. Nothing is written then, and nothing paid."""


@dg.sensor(
    name="prompt_requests",
    job=write_requests(),
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Has what waits in the prompt queue written; gives back what a killed run was writing.",
)
def prompt_requests(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run at most drains the queue."""
    over = is_over(context.instance)
    with catalog.database.writing() as connection:
        reaped = queue.reap(connection, over)
        unknown, _ = ledger.give_up_for(connection, over)
        waiting = queue.ready(connection)
    active = is_draining(context.instance)
    if waiting and not active:
        number = context.instance.get_runs_count(dg.RunsFilter(job_name=JOB))
        urgent = max(request.priority for request in waiting)
        yield dg.RunRequest(run_key=f"drain-{number}", tags={"dagster/priority": str(urgent)})
        return
    told = f"; {reaped} given back, {unknown} calls may have been paid" if reaped or unknown else ""
    yield dg.SkipReason(f"{len(waiting)} wait{', and a run is writing' if active else ''}{told}.")


@dg.sensor(
    name="written_prompts",
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes the prompt of a card its asset when a person, the queue or a batch has written it.",
    target=dg.AssetSelection.groups("cards"),
)
def written_prompts(
    context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Nothing is written or paid here: the prompts are there. A run that is writing tells of its own, and the run that
    is asked for here notes that it has told: what a kill leaves out is asked for again."""
    with catalog.database.reading() as connection:
        left = untold(connection)
    known = context.instance.get_dynamic_partitions(str(cards.name)) if left else ()
    if not left or is_draining(context.instance) or is_publishing(context.instance):
        yield dg.SkipReason(f"{len(left)} prompts wait to be told.")
        return
    written = {prompt.card: prompt for prompt in left if prompt.card in set(known)}
    for first, last in ranges(list(written), known, MOST_PUBLISHED):
        some = known[known.index(first) : known.index(last) + 1]
        tags = {LANE_TAG: Lane.PROMPTS.value, PUBLISH_TAG: "true"}
        yield range_request((PROMPT,), first, last, run_key=f"publish-{_digest(written, some)}", tags=tags)


def is_publishing(instance: dg.DagsterInstance) -> bool:
    """Whether a run that was asked for here is at work, or about to."""
    tagged = dg.RunsFilter(tags={PUBLISH_TAG: "true"}, statuses=NOT_FINISHED_STATUSES)
    return bool(instance.get_runs(tagged, limit=1))


def is_draining(instance: dg.DagsterInstance) -> bool:
    """Whether a run drains the queue, or is about to."""
    return bool(instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=NOT_FINISHED_STATUSES), limit=1))


def _digest(written: dict[str, StoredPrompt], slugs: Sequence[str]) -> str:
    versions = " ".join(f"{slug}:{written[slug].version}" for slug in slugs)
    return hashlib.sha256(versions.encode()).hexdigest()[:16]
