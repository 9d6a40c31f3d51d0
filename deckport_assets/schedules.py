"""What happens by the clock: the source is imported, what failed is tried again, drafts are replaced."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as db

from deckport_assets.assets.prompt_batches import hand_in
from deckport_assets.catalog.cards import all_cards
from deckport_assets.catalog.journal import list_failures
from deckport_assets.catalog.line import standings
from deckport_assets.catalog.prompt_batches import cards_to_write
from deckport_assets.catalog.recipes import CHAIN, PROMPT
from deckport_assets.catalog.standing import Order, Selection, Standing
from deckport_assets.catalog.tables import imports
from deckport_assets.partitions import cards
from deckport_assets.production import ranges
from deckport_assets.resources.catalog import Catalog
from deckport_assets.sensors.abandoned_work import range_request

RUNNING, STOPPED = dg.DefaultScheduleStatus.RUNNING, dg.DefaultScheduleStatus.STOPPED


def schedules(
    home: Path, real_assets: frozenset[str], automate: frozenset[str] = frozenset()
) -> list[dg.ScheduleDefinition]:
    """Every schedule. `real_assets` are those whose provider is a real one: only there can a draft be replaced, and
    only what is among `automate` is made there without a person's word."""
    return [
        import_source(home),
        retry_failures(real_assets - automate),
        replace_drafts(real_assets & automate),
        write_missing_prompts(real_assets),
    ]


def import_source(home: Path) -> dg.ScheduleDefinition:
    """The night's import."""

    @dg.schedule(
        name="import_source",
        cron_schedule="0 1 * * *",
        target=dg.AssetSelection.assets(["cards", "catalog"]),
        default_status=RUNNING,
        description="At one in the morning: imports DECKPORT_HOME/source when its two files have changed.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, catalog: dg.ResourceParam[Catalog]
    ) -> dg.RunRequest | dg.SkipReason:
        files = [home / "source" / name for name in ("cards_gameplay.csv", "cards_art.csv")]
        if not all(file.is_file() for file in files):
            return dg.SkipReason(f"There is no {' and '.join(str(file) for file in files)}.")
        now_there = tuple(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
        with catalog.database.reading() as connection:
            latest = connection.execute(db.select(imports).order_by(imports.c.id.desc()).limit(1)).first()
        if latest and (latest.gameplay_sha256, latest.art_sha256) == now_there:
            return dg.SkipReason("Both files are as they were imported.")
        return dg.RunRequest(run_key="-".join(sha[:12] for sha in now_there))

    return schedule


def retry_failures(unasked_never: frozenset[str]) -> dg.ScheduleDefinition:
    """The night's second try, but of assets that nobody said may be made unasked."""

    @dg.schedule(
        name="retry_failures",
        cron_schedule="0 2 * * *",
        target=dg.AssetSelection.groups("cards"),
        default_status=RUNNING,
        description="At two in the morning: asks again for what failed and may be tried again, and for nothing else.",
    )
    def schedule(context: dg.ScheduleEvaluationContext, catalog: dg.ResourceParam[Catalog]) -> Iterator[Any]:
        with catalog.database.reading() as connection:
            every = list_failures(connection, retryable=True)
        failed = {(f.asset, f.partition) for f in every if f.asset not in unasked_never}
        yield from _ask(context, "retry", Order(Selection.FAILED), lambda asset, slug: (asset, slug) in failed, failed)

    return schedule


def write_missing_prompts(real_assets: frozenset[str]) -> dg.ScheduleDefinition:
    """The night's batch."""

    @dg.schedule(
        name="write_missing_prompts",
        cron_schedule="30 2 * * *",
        job=hand_in(),
        default_status=STOPPED,
        description="At half past two, once switched on: hands in every missing prompt as one batch. This costs.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, catalog: dg.ResourceParam[Catalog]
    ) -> dg.RunRequest | dg.SkipReason:
        if PROMPT not in real_assets:
            return dg.SkipReason("Only Claude takes batches, and there is no ANTHROPIC_API_KEY.")
        with catalog.database.reading() as connection:
            waiting = len(cards_to_write(connection))
        if not waiting:
            return dg.SkipReason("Every card has its prompt, or somebody is writing it.")
        return dg.RunRequest(run_key=f"{(context.scheduled_execution_time or datetime.now(UTC)):%Y%m%d%H%M}")

    return schedule


def replace_drafts(real_assets: frozenset[str]) -> dg.ScheduleDefinition:
    """The night's drawing with real providers."""

    @dg.schedule(
        name="replace_drafts",
        cron_schedule="0 3 * * *",
        target=dg.AssetSelection.groups("cards"),
        default_status=STOPPED,
        description="At three in the morning, once switched on: makes drafts anew with the real providers. This costs.",
    )
    def schedule(context: dg.ScheduleEvaluationContext, catalog: dg.ResourceParam[Catalog]) -> Iterator[Any]:
        if not real_assets:
            yield dg.SkipReason("No asset has a real provider and is named by DECKPORT_AUTOMATE: drafts stay.")
            return
        with catalog.database.reading() as connection:
            slugs = [card.slug for card in all_cards(connection)]
            stands = standings(connection, sorted(real_assets), slugs, {})
        drafts = {(a, s) for s, found in stands.items() for a, stand in found.items() if stand is Standing.DRAFT}
        order = Order(Selection.DRAFTS, real=real_assets)
        yield from _ask(context, "drafts", order, lambda asset, slug: (asset, slug) in drafts, drafts)

    return schedule


def _ask(
    context: dg.ScheduleEvaluationContext,
    why: str,
    order: Order,
    wanted: Callable[[str, str], bool],
    pairs: set[tuple[str, str]],
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Range runs for these assets of these cards. The claims in the catalog keep two runs from making one card."""
    known = context.instance.get_dynamic_partitions(str(cards.name))
    in_progress = _in_progress(context.instance)
    moment = f"{(context.scheduled_execution_time or datetime.now(UTC)):%Y%m%d%H%M}"
    asked = 0
    for stage in CHAIN:
        groups: dict[tuple[str, ...], list[str]] = {}
        for slug in known:
            assets = tuple(a for a in stage if wanted(a, slug) and (a, slug) not in in_progress)
            if assets:
                groups.setdefault(assets, []).append(slug)
        for assets, slugs in groups.items():
            for first, last in ranges(slugs, known, 200):
                asked += 1
                run_key = f"{why}-{moment}-{assets[0]}-{first}"
                yield range_request(assets, first, last, run_key=run_key, tags=order.tags())
    if not asked:
        yield dg.SkipReason(f"Nothing to ask for: {len(pairs)} on the list, none that can be made now.")


def _in_progress(instance: dg.DagsterInstance) -> set[tuple[str, str]]:
    """What runs are at work on, as far as one card's runs say so; ranges are kept apart by the catalog's claims."""
    statuses = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    found: set[tuple[str, str]] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=statuses), limit=200):
        slug = run.tags.get("dagster/partition")
        for asset_key in run.asset_selection or () if slug else ():
            found.add(("/".join(asset_key.path), slug or ""))
    return found
