"""Producing cards on a person's word: what is due, in which order, and the two ways to have it run.

When Dagster's webserver answers, one backfill through its GraphQL; else the stages in order as range runs in this
process, on the same instance: Dagster shows both alike. Progress is read from the catalog either way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

import dagster as dg
import requests
import sqlalchemy as db
from dagster._core.storage.tags import PRIORITY_TAG

from deckport_assets.catalog.cards import in_portions
from deckport_assets.catalog.database import Database, now
from deckport_assets.catalog.line import Look, looks, standings
from deckport_assets.catalog.prompt_batches import being_written
from deckport_assets.catalog.prompts import Origin
from deckport_assets.catalog.recipes import CHAIN, PROMPT, RECIPES
from deckport_assets.catalog.standing import ORDER_TAG, Order, Selection, Standing
from deckport_assets.catalog.tables import current_versions, failures, versions
from deckport_assets.errors import ServiceUnavailable
from deckport_assets.instance.launcher import worker_tag

MOST_IN_A_RUN = {"cards/prompt": 400, "cards/artwork": 50, "cards/composite": 200, "cards/video": 25}
"""As the assets' backfill policies have it; by the first asset of a stage."""
NAMED = 10
"""The priority of cards that a person named: they go before a backfill of the whole catalog."""
POLL_S = 0.5
WEBSERVER_GONE_S = 120.0
"""How long a webserver may be away while a backfill runs: it is started again meanwhile."""
CODE_GONE_S = 120.0
"""How long a code server may be away when a backfill is asked for: it is started again meanwhile."""
_NO_CODE = ("KeyError: AssetKey", "UserCodeUnreachable")
"""What Dagster's webserver says while it has no code server: it knows no asset, or cannot ask."""
DAEMON_GONE_S = 120.0
"""Without a heartbeat for so long, the daemon would not run a backfill."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked for: these assets of these cards, as far as they are due."""

    slugs: Sequence[str]
    assets: Sequence[str]
    order: Order
    due: Mapping[str, Sequence[str]]
    priority: int = 0
    """What Dagster's queue, and the services that draw, put it before."""
    order_id: str = field(default_factory=lambda: f"produce-{uuid4().hex[:12]}")
    """What all that it pays for belongs to: DECKPORT_BUDGET_RUN_USD is for one of these."""

    def tags(self) -> dict[str, str]:
        """What its runs are tagged with."""
        urgent = {PRIORITY_TAG: str(self.priority)} if self.priority else {}
        return self.order.tags() | urgent | {ORDER_TAG: self.order_id}

    @property
    def total(self) -> int:
        """How many assets of cards there are to make."""
        return sum(len(slugs) for slugs in self.due.values())

    def stages(self) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        """The stages in order: their assets and the cards that are due in at least one of them."""
        for stage in CHAIN:
            assets = tuple(asset for asset in stage if self.due.get(asset))
            if assets:
                every = {slug for asset in assets for slug in self.due[asset]}
                yield assets, [slug for slug in self.slugs if slug in every]


@dataclass(slots=True)
class Count:
    """What became of one asset of a job."""

    made: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0


def plan_job(
    database: Database,
    slugs: Sequence[str],
    assets: Sequence[str],
    order: Order,
    code_versions: Mapping[str, str],
    priority: int = 0,
) -> Job:
    """What is due of these cards. What an asset that is due will make stale, or makes possible at last, is due with
    it: rendering in any case, a prompt, artwork or video only when it was never made. What a budget kept back is as
    missing as before; what cannot be made is not due."""
    with database.reading() as connection:
        found = looks(connection, list(RECIPES), slugs)
        in_a_batch = being_written(connection)
    due: dict[str, list[str]] = {asset: [] for asset in assets}
    for slug in slugs:
        coming: set[str] = set()
        anew: set[str] = set()
        stands = found[slug].standings(list(RECIPES), code_versions)
        for asset in (a for stage in CHAIN for a in stage if a in assets):
            recipe, stand, made = RECIPES[asset], stands[asset], found[slug].version(asset)
            if asset == PROMPT and slug in in_a_batch and not is_written(found[slug]):
                continue  # it is paid for, and comes by itself
            if (
                asset in order.redraw
                and made
                and order.asked_at
                and made.created_at
                and made.created_at >= order.asked_at
            ):
                anew.add(asset)  # this very order has it behind it
                continue
            if any(need not in coming and found[slug].version(need) is None for need in recipe.needs):
                continue  # it waits for what has failed, or for what nobody asked for
            of_new = bool(coming & set(recipe.made_from)) or (
                stand is Standing.STALE and bool(anew & set(recipe.made_from))
            )
            becomes_stale = recipe.follows_code and of_new
            becomes_possible = stand is Standing.MISSING and bool(coming & set(recipe.needs))
            follows = stand is not Standing.RETIRED and (becomes_stale or becomes_possible)
            kept_back = asset in found[slug].unpaid and order.selection is Selection.MISSING
            if order.is_due(recipe, stand) or follows or kept_back or has_other_words(found[slug], asset, stand):
                due[asset].append(slug)
                coming.add(asset)
    return Job(list(slugs), list(assets), order, {asset: found for asset, found in due.items() if found}, priority)


def has_other_words(look: Look, asset: str, stand: Standing) -> bool:
    """Whether it is the prompt of a card for which somebody has written another. To make that its asset costs nothing,
    and what is drawn next is to be drawn from it."""
    return asset == PROMPT and stand is Standing.STALE and is_written(look)


def is_written(look: Look) -> bool:
    """Whether a person, the source or a real machine wrote the card's prompt."""
    return look.prompt is not None and look.prompt.origin.counts_as_written


def to_be_written(database: Database, job: Job) -> list[str]:
    """The cards of a job whose prompt a writer has to write: of the others it is there already."""
    slugs = job.due.get(PROMPT, ())
    with database.reading() as connection:
        found = looks(connection, [PROMPT], slugs)
    anew = PROMPT in job.order.redraw

    def is_to_be(look: Look) -> bool:
        return not is_written(look) or (anew and look.prompt is not None and look.prompt.origin is Origin.MACHINE)

    return [slug for slug in slugs if is_to_be(found[slug])]


def stale_beside(database: Database, job: Job, code_versions: Mapping[str, str]) -> set[str]:
    """The job's cards of which a rendering that it names is stale and is not going to be made."""
    rendered = [asset for asset in job.assets if RECIPES[asset].follows_code]
    with database.reading() as connection:
        found = looks(connection, list(RECIPES), job.slugs)
    stands = {slug: found[slug].standings(rendered, code_versions) for slug in job.slugs}

    def stays_stale(slug: str, asset: str) -> bool:
        return stands[slug][asset] is Standing.STALE and slug not in job.due.get(asset, ())

    return {slug for slug in job.slugs if any(stays_stale(slug, asset) for asset in rendered)}


def with_inputs(database: Database, assets: Sequence[str], slugs: Sequence[str]) -> list[str]:
    """The cards of which everything is there that these assets are made from: a stage leaves out what failed before."""
    with database.reading() as connection:
        found = looks(connection, assets, slugs)
    needs = {source for asset in assets for source in RECIPES[asset].needs} - set(assets)
    return [slug for slug in slugs if all(found[slug].version(source) for source in needs)]


def left_over(database: Database, job: Job, tally: Tally, code_versions: Mapping[str, str]) -> Job:
    """What was neither made nor has failed nor turned out to be there: the work of runs that died.

    What waits for a failed card is not in it.
    """
    settled = tally.slugs()
    stuck = {slug for each in settled.values() for slug in each.failed}
    open_slugs = {
        asset: [slug for slug in slugs if slug not in settled[asset].made and slug not in stuck]
        for asset, slugs in job.due.items()
    }
    with database.reading() as connection:
        stands = standings(
            connection, list(open_slugs), {s for each in open_slugs.values() for s in each}, code_versions
        )
    anew = job.order.redraw if job.order.selection is not Selection.DRAFTS else frozenset(job.assets)
    due = {
        asset: [s for s in slugs if asset in anew or stands[s][asset] not in (Standing.FRESH, Standing.DRAFT)]
        for asset, slugs in open_slugs.items()
    }
    return replace(job, due={asset: slugs for asset, slugs in due.items() if slugs})


@dataclass(frozen=True, slots=True)
class Settled:
    """The cards of one asset that were made or have failed since a job began, with the moment."""

    made: Mapping[str, datetime]
    failed: Mapping[str, datetime]


class Tally:
    """How far a job has come, as the catalog says: what was made or failed since it began."""

    def __init__(self, database: Database, job: Job) -> None:
        self.database = database
        self.job = job
        self.began = now()

    def slugs(self) -> dict[str, Settled]:
        """What of each asset is settled at this moment."""
        with self.database.reading() as connection:
            return {asset: self._settled(connection, asset, slugs) for asset, slugs in self.job.due.items()}

    def counts(self) -> dict[str, Count]:
        """How many of each asset were made, failed, or neither, and how long that took from the beginning."""
        counts = {}
        settled = self.slugs()
        for asset in self.job.assets:
            mine = settled.get(asset, Settled({}, {}))
            moments = [*mine.made.values(), *mine.failed.values()]
            seconds = round((max(moments) - self.began).total_seconds(), 1) if moments else 0.0
            failed = mine.failed.keys() | self.failed_before(asset)
            skipped = len(self.job.slugs) - len(mine.made) - len(failed)
            counts[asset] = Count(len(mine.made), skipped, len(failed), seconds)
        return counts

    def settled(self) -> tuple[int, int]:
        """How much of what is due was made, and how much has failed."""
        each = self.slugs().values()
        failed = sum(len(settled.failed.keys() - settled.made.keys()) for settled in each)
        return sum(len(settled.made) for settled in each), failed

    def failed_before(self, asset: str) -> set[str]:
        """The job's cards whose asset failed before and that nobody asked to have tried again."""
        asked = set(self.job.due.get(asset, ()))
        with self.database.reading() as connection:
            every = db.select(failures.c.partition).where(failures.c.asset == asset)
            return (set(connection.execute(every).scalars()) & set(self.job.slugs)) - asked

    def _settled(self, connection: db.Connection, asset: str, slugs: Sequence[str]) -> Settled:
        made: dict[str, datetime] = {}
        failed: dict[str, datetime] = {}
        now_current, main = current_versions.c, RECIPES[asset].variants[0]
        joined = versions.join(current_versions, versions.c.id == now_current.version)
        for some in in_portions(slugs):
            here = db.and_(now_current.asset == asset, now_current.variant == main, now_current.partition.in_(some))
            query = db.select(now_current.partition, versions.c.created_at).select_from(joined)
            rows = connection.execute(query.where(here, versions.c.created_at >= self.began))
            made |= {row.partition: row.created_at for row in rows}
            here = db.and_(failures.c.asset == asset, failures.c.partition.in_(some))
            rows = connection.execute(db.select(failures).where(here, failures.c.last_at >= self.began))
            failed |= {row.partition: row.last_at for row in rows}
        return Settled(made, failed)


_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Runs in this process say nothing on its terminal: a progress bar and their log do."""


class Producer(Protocol):
    """A way to have a job run."""

    def run(self, job: Job, watch: Callable[[], None]) -> None:
        """Run the job to its end, calling `watch` now and then. An interruption keeps what is done."""


@dataclass(slots=True)
class InThisProcess:
    """The stages in order, as range runs on the instance."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions
    database: Database

    def run(self, job: Job, watch: Callable[[], None]) -> None:
        """Run the job stage by stage."""
        whole = self.definitions.resolve_implicit_global_asset_job_def()
        for assets, slugs in job.stages():
            stage = whole.get_subset(asset_selection={dg.AssetKey(asset.split("/")) for asset in assets})
            most = min(MOST_IN_A_RUN.get(asset, 200) for asset in assets)
            possible = with_inputs(self.database, assets, slugs)
            for first, last in ranges(possible, self.instance.get_dynamic_partitions("cards"), most):
                span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
                with _watched(watch):
                    result = stage.execute_in_process(
                        run_config=_QUIET,
                        instance=self.instance,
                        partition_key=first if first == last else None,
                        tags=job.tags() | worker_tag() | ({} if first == last else span),
                        raise_on_error=False,
                    )
                watch()
                if _was_interrupted(result):
                    raise KeyboardInterrupt


@dataclass(slots=True)
class ThroughWebserver:
    """One backfill, asked of Dagster's webserver; Dagster's daemon runs it in waves."""

    address: str
    instance: dg.DagsterInstance
    session: requests.Session = field(default_factory=requests.Session)
    backfill_id: str = ""

    def answers(self) -> bool:
        """Whether a webserver of this very instance is there, and its daemon at work.

        Another home's webserver may listen on the same port. Its storage is known by its daemons' heartbeats: what it
        tells of them must lie between what is read of ours before and after.
        """
        before = self._heartbeats()
        try:
            told = self._ask(_HEALTH)["instance"]["daemonHealth"]["allDaemonStatuses"]
        except ServiceUnavailable:
            return False
        theirs = {status["daemonType"]: status["lastHeartbeatTime"] or 0.0 for status in told}
        after = self._heartbeats()
        same = all(before[kind] <= theirs.get(kind, 0.0) <= after.get(kind, 0.0) for kind in before)
        return bool(before) and same and time.time() - max(before.values()) < DAEMON_GONE_S

    def _heartbeats(self) -> dict[str, float]:
        return {kind: beat.timestamp for kind, beat in self.instance.get_daemon_heartbeats().items()}

    def run(self, job: Job, watch: Callable[[], None]) -> None:
        """Launch the backfill and wait for its end; an interruption cancels it, and what is done stays."""
        self.backfill_id = self._launch(job)
        answered_at = time.monotonic()
        try:
            while True:
                try:
                    if self._is_over():
                        break
                    answered_at = time.monotonic()
                except ServiceUnavailable as gone:
                    if time.monotonic() - answered_at > WEBSERVER_GONE_S:
                        told = f"Dagster's webserver went away. The backfill {self.backfill_id} goes on without it."
                        remedy = "Start it again (deckport up); the same command then makes what is left."
                        raise ServiceUnavailable(told, remedy=remedy) from gone
                watch()
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            self._ask(_CANCEL, {"id": self.backfill_id})
            raise
        watch()

    def _launch(self, job: Job) -> str:
        keys = self.instance.get_dynamic_partitions("cards")
        by_asset = [
            {
                "assetKey": {"path": asset.split("/")},
                "partitions": {"ranges": [{"start": first, "end": last} for first, last in ranges(slugs, keys)]},
            }
            for asset, slugs in job.due.items()
        ]
        tags = [{"key": key, "value": value} for key, value in job.tags().items()]
        params = {"partitionsByAssets": by_asset, "tags": tags, "title": "deckport produce"}
        until = time.monotonic() + CODE_GONE_S
        while True:
            answer = self._ask(_LAUNCH, {"params": params})["launchPartitionBackfill"]
            if "backfillId" in answer:
                return str(answer["backfillId"])
            told = str(answer.get("message", answer))
            if not any(words in told for words in _NO_CODE) or time.monotonic() > until:
                raise ServiceUnavailable(f"Dagster did not take the backfill: {told}")
            time.sleep(POLL_S)

    def _is_over(self) -> bool:
        found = self._ask(_STATUS, {"id": self.backfill_id})["partitionBackfillOrError"]
        return found.get("status") not in ("REQUESTED", "CANCELING", "FAILING")

    def _ask(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            reply = self.session.post(
                f"{self.address}/graphql", json={"query": query, "variables": variables or {}}, timeout=(3, 60)
            )
            body = reply.json()
        except (requests.RequestException, ValueError) as error:
            reason = type(error).__name__
            raise ServiceUnavailable(f"Dagster's webserver at {self.address} does not answer ({reason}).") from None
        if body.get("errors"):
            raise ServiceUnavailable(f"Dagster's webserver refused: {body['errors'][0].get('message')}")
        data: dict[str, Any] = body["data"]
        return data


def check_again(instance: dg.DagsterInstance, definitions: dg.Definitions, asset: str, slugs: Sequence[str]) -> None:
    """Have the check of an asset look at these cards once more, in runs of their own.

    A run, because Dagster stores one evaluation without a run per partition and refuses a second (1.13.27).
    """
    from deckport_assets.batch import CHECK

    check = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), CHECK)
    whole = definitions.resolve_implicit_global_asset_job_def()
    job = whole.get_subset(asset_selection=set(), asset_check_selection={check})
    for first, last in ranges(slugs, instance.get_dynamic_partitions("cards"), 200):
        span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        job.execute_in_process(
            run_config=_QUIET,
            instance=instance,
            tags=worker_tag() | span,
            raise_on_error=False,
        )


def ranges(slugs: Sequence[str], keys: Sequence[str], most: int | None = None) -> Iterator[tuple[str, str]]:
    """These partitions as ranges (first, last) without gaps in Dagster's order of keys, of at most `most` each."""
    place = {key: n for n, key in enumerate(keys)}
    first = last = None
    length = 0
    for slug in sorted(slugs, key=place.__getitem__):
        if last is not None and place[slug] == place[last] + 1 and (most is None or length < most):
            last, length = slug, length + 1
            continue
        if first is not None and last is not None:
            yield first, last
        first, last, length = slug, slug, 1
    if first is not None and last is not None:
        yield first, last


def _was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether a person stopped the run: Dagster turns the interruption into a failed run."""
    for event in result.all_events:
        error = getattr(event.event_specific_data, "error", None)
        if event.is_failure and error is not None and error.cls_name in _INTERRUPTIONS:
            return True
    return False


_INTERRUPTIONS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


@contextmanager
def _watched(watch: Callable[[], None]) -> Iterator[None]:
    """Call `watch` now and then, from a thread, while the block runs."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(POLL_S):
            watch()

    watcher = threading.Thread(target=look, name="watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


_HEALTH = "{ instance { daemonHealth { allDaemonStatuses { daemonType lastHeartbeatTime } } } }"
_LAUNCH = """mutation ($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } ... on UnauthorizedError { message }
  ... on PartitionKeysNotFoundError { message } ... on NoModeProvidedError { message }
  ... on PartitionSetNotFoundError { message } } }"""
_STATUS = """query ($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status } ... on PythonError { message } ... on BackfillNotFoundError { message } } }"""
_CANCEL = """mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) {
  ... on CancelBackfillSuccess { backfillId } ... on PythonError { message } } }"""
