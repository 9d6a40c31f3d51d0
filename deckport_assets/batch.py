"""Many cards in one run, the truth kept per card. The heart of the pipeline; it knows nothing of what it makes.

One run per card would cost 3 to 7 CPU-seconds each, so every partitioned asset takes many partitions in one run:
a generator that tells Dagster of each card as it is done, and raises one `Failure` at the end that names what failed.
Dagster then shows each card's status truly. The order within: claim in the catalog, make in a pool of threads,
accept (files, rows, claim settled in one transaction), then the event. So a kill at any moment loses no finished
card, and the next run makes only the rest.

Belongs here: who is due, threads, cancellation, progress, events, failures. Not here: what an asset is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from queue import SimpleQueue
from typing import Any, Protocol

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
)

from deckport_assets.catalog.journal import Journal
from deckport_assets.catalog.standing import Order, Standing
from deckport_assets.catalog.versions import Version
from deckport_assets.errors import Cancelled, DeckportError, Interrupted, Retired, StorageFull, WaitsForInput
from deckport_assets.progress import Progress

CHECK = "fit_to_publish"
GRACE_S = 10.0
"""How long a cancelled run waits for what is being made at that moment."""
TICK_S = 0.5
REPORT_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """One asset of one card, made: what Dagster is told of it. `claims` are what its check found."""

    data_version: str
    metadata: Mapping[str, Any]
    claims: Mapping[str, bool]
    remarks: tuple[str, ...] = ()
    input_versions: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Version, ...] = ()
    """What the catalog shall record; empty when it is only told again."""
    verdict: Mapping[str, str] = field(default_factory=dict)
    """What a person has said of it: `approved_by` or `rejected_by` and the name."""

    @property
    def fit(self) -> bool:
        """Whether its check passes: a person's word, else that nothing was found."""
        return "approved_by" in self.verdict or ("rejected_by" not in self.verdict and all(self.claims.values()))

    @property
    def found(self) -> dict[str, Any]:
        """What its check says: each claim, the remarks, and a person's word."""
        remarks = {"remarks": "; ".join(self.remarks)} if self.remarks else {}
        return dict(self.claims) | remarks | dict(self.verdict)


class Line(Protocol):
    """What the batch needs to know of the things it makes."""

    journal: Journal

    def standings(self, assets: Sequence[str], slugs: Sequence[str]) -> Mapping[str, Mapping[str, Standing]]:
        """How each asset of each card stands: slug -> asset -> standing. A slug that is unknown is left out."""

    def made_since(self, moment: datetime, assets: Sequence[str], slugs: Sequence[str]) -> Collection[tuple[str, str]]:
        """Of which (slug, asset) the current version was made at this moment or later."""

    def make(
        self, slug: str, assets: Sequence[str], *, progress: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Mapping[str, Made]:
        """Make these assets of one card. Runs in a thread; raises what went wrong."""

    def known(self, asset: str, slugs: Sequence[str]) -> Mapping[str, Made]:
        """What is current, for telling Dagster again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do with its cards."""

    due: Mapping[str, tuple[str, ...]]
    known: Mapping[str, tuple[str, ...]]
    impossible: Mapping[str, DeckportError]


def plan(order: Order, assets: Sequence[str], slugs: Sequence[str], line: Line) -> Plan:
    """Who is due (and which assets of it), who is only told again, and who cannot be made at all."""
    from deckport_assets.catalog.recipes import RECIPES

    stands = line.standings(assets, slugs)
    redrawn = line.made_since(order.asked_at, assets, slugs) if order.redraw and order.asked_at else frozenset()
    once = replace(order, redraw=frozenset())
    due: dict[str, tuple[str, ...]] = {}
    known: dict[str, tuple[str, ...]] = {}
    impossible: dict[str, DeckportError] = {}
    for slug in slugs:
        mine = stands.get(slug)
        if mine is None:
            impossible[slug] = Retired(f"{slug} is not in the catalog.", remedy="deckport import brings cards in.")
        elif Standing.RETIRED in mine.values():
            impossible[slug] = Retired(f"{slug} has left the catalog.", remedy="Import a source that has it again.")
        else:
            wanted = tuple(
                asset
                for asset in assets
                if mine[asset] is Standing.MISSING
                or (once if (slug, asset) in redrawn else order).is_due(RECIPES[asset], mine[asset])
            )
            if wanted:
                due[slug] = wanted
            if rest := tuple(a for a in assets if a not in wanted):
                known[slug] = rest
    return Plan(due, known, impossible)


def batch(context: dg.AssetExecutionContext, line: Line, *, order: Order, at_once: int) -> Iterator[Any]:
    """Make what is due of the run's partitions: an event per card and asset as it is done, one Failure at the end.

    `at_once` cards are in the making at a time. A run of one partition yields MaterializeResults, because Dagster
    skips a child in the same run otherwise; a run of several logs AssetMaterializations, because a result stands for
    all partitions of the run and would mark the failed ones materialized.
    """
    assets = tuple(sorted("/".join(key.path) for key in context.selected_asset_keys))
    yield from _Batch(context, line, order, assets, at_once).run()


class _Batch:
    def __init__(
        self, context: dg.AssetExecutionContext, line: Line, order: Order, assets: tuple[str, ...], at_once: int
    ) -> None:
        self.context = context
        self.line = line
        self.order = order
        self.assets = assets
        self.at_once = at_once
        self.slugs: tuple[str, ...] = tuple(context.partition_keys)
        self.events = _Events(context, self.slugs)
        self.stop = threading.Event()
        self.said: SimpleQueue[str] = SimpleQueue()
        self.failed: dict[str, str] = {}
        self.unsaid: dict[str, Mapping[str, Made]] = {}
        self.progress = Progress(total=len(self.slugs))
        self.reported_at = time.monotonic()

    def say(self, told: str) -> None:
        """From any thread: a line for the run's log, which the main thread writes.

        A thread that logged by itself would hold the log's lock while it waits for the event log's database, and the
        main thread the database while it waits for the log: on SQLite, a run stood still for a minute and died of it.
        """
        self.said.put(told)

    def _write_what_was_said(self) -> None:
        while not self.said.empty():
            self.context.log.info(self.said.get())

    def run(self) -> Iterator[Any]:
        try:
            todo = plan(self.order, self.assets, self.slugs, self.line)
            for slug, error in todo.impossible.items():
                self._fail(slug, (), error)
            yield from self._tell_again(todo)
            elsewhere = yield from self._make(todo.due)
            while elsewhere:
                self.context.log.info(f"Waiting for {len(elsewhere)} cards that another run is making.")
                elsewhere = yield from self._look_again(elsewhere)
        except BaseException:
            self._say_what_is_done()
            raise
        finally:
            self.line.journal.release()
        self._write_what_was_said()
        self._report(last=True)
        if self.failed:
            raise dg.Failure(
                f"{len(self.failed)} of {len(self.slugs)} cards failed, the others are made. "
                f"`deckport failures` lists them with the way out.",
                metadata={"failed": dg.MetadataValue.json(self.failed)},
                allow_retries=False,
            )

    def _tell_again(self, todo: Plan) -> Iterator[Any]:
        """What is fresh gets its event again: without it, a neighbour's failure would mark it failed."""
        for asset in self.assets:
            mine = [slug for slug, assets in todo.known.items() if asset in assets]
            known = self.line.known(asset, mine)
            for slug in mine:
                if slug in known:
                    yield from self.events.of(slug, asset, known[slug], cached=True)
                else:
                    error = WaitsForInput(f"{asset} of {slug} failed before.", remedy="deckport failures")
                    self._fail(slug, (), error)
        skipped = [slug for slug in todo.known if slug not in todo.due and slug not in self.failed]
        self.progress.skipped += len(skipped)
        if skipped:
            self.context.log.info(f"{len(skipped)} cards are there already and were skipped.")

    def _make(self, due: Mapping[str, tuple[str, ...]]) -> Generator[Any, None, list[str]]:
        """Make these cards; returns those that another run holds."""
        got: set[str] = set()
        for assets in sorted(set(due.values())):
            group = [slug for slug, wanted in due.items() if wanted == assets]
            got |= self.line.journal.claim(assets, group, self._is_over)
        elsewhere = [slug for slug in due if slug not in got]
        # What was due when this run looked may have been made by another before the claim: nothing is made twice.
        todo = plan(self.order, self.assets, [slug for slug in due if slug in got], self.line)
        settled = {slug: tuple(a for a in known if a in due[slug]) for slug, known in todo.known.items()}
        self.line.journal.give_back(self.assets, [slug for slug in settled if slug not in todo.due])
        yield from self._tell_again(Plan(todo.due, {slug: assets for slug, assets in settled.items() if assets}, {}))
        for gone, error in todo.impossible.items():
            self._fail(gone, due[gone], error)
        due = todo.due
        waiting: Iterator[str] = iter(list(due))
        running: dict[Future[Mapping[str, Made]], str] = {}
        pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="make")
        try:
            while True:
                while len(running) < 2 * self.at_once and (slug := next(waiting, None)) is not None:
                    running[pool.submit(self._one, slug, due[slug])] = slug
                if not running:
                    break
                # A short timeout: an interruption of the main thread is seen between two waits.
                done, _ = wait(running, timeout=TICK_S, return_when=FIRST_COMPLETED)
                self._write_what_was_said()
                for future in done:
                    slug = running.pop(future)
                    yield from self._settle(slug, due[slug], future)
                self._report()
        except BaseException:
            self.stop.set()
            for future in running:
                future.cancel()
            done, _ = wait(running, timeout=GRACE_S)
            finished = {running[f]: f for f in done if not f.cancelled() and f.exception() is None}
            self.unsaid |= {slug: future.result() for slug, future in finished.items()}
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return elsewhere

    def _look_again(self, slugs: Sequence[str]) -> Generator[Any, None, list[str]]:
        """Cards that another run was making: there by now, or ours to make, or still to wait for."""
        time.sleep(TICK_S)
        todo = plan(self.order, self.assets, slugs, self.line)
        still = yield from self._make(todo.due)
        yield from self._tell_again(Plan({}, {s: a for s, a in todo.known.items() if s not in still}, {}))
        return still

    def _one(self, slug: str, assets: tuple[str, ...]) -> Mapping[str, Made]:
        """In a thread: make one card and have it accepted. Not tried again here: who asks an outside service knows how
        often it is worth asking."""
        if self.stop.is_set():
            raise Cancelled("The run was stopped before this card was begun.")
        made = self.line.make(slug, assets, progress=self.say, cancelled=self.stop.is_set)
        self.line.journal.accept(assets, slug, [file for each in made.values() for file in each.files])
        return made

    def _settle(self, slug: str, assets: tuple[str, ...], future: Future[Mapping[str, Made]]) -> Iterator[Any]:
        try:
            made = future.result()
        except Exception as error:  # noqa: BLE001 - one bad card never stops the others; its cause is kept and shown
            self._fail(slug, assets, error)
            return
        self.unsaid[slug] = made
        for asset, each in made.items():
            yield from self.events.of(slug, asset, each)
        del self.unsaid[slug]
        self.progress.done += 1

    def _fail(self, slug: str, assets: tuple[str, ...], error: BaseException) -> None:
        self.progress.failed += 1
        self.failed[slug] = f"{type(error).__name__}: {error}"
        self.context.log.error(f"{slug} failed: {type(error).__name__}: {error}")
        if isinstance(error, WaitsForInput | Cancelled) and not isinstance(error, Interrupted):
            return  # no failure of its own: it is still missing, and is made when its input is
        try:
            self.line.journal.fail(assets, slug, error)
        except StorageFull as full:  # the list of failures lies on the same disk; Dagster's event names the card
            self.context.log.error(f"{slug} could not be put on the list of failures: {full}")

    def _say_what_is_done(self) -> None:
        """A stopped run tells Dagster of what was finished while it was being stopped."""
        for slug, made in self.unsaid.items():
            for asset, each in made.items():
                for event in self.events.logged(slug, asset, each):
                    self.context.log_event(event)

    def _is_over(self, run_id: str) -> bool:
        run = self.context.instance.get_run_by_id(run_id)
        return run is None or run.is_finished

    def _report(self, *, last: bool = False) -> None:
        if last or time.monotonic() - self.reported_at >= REPORT_EVERY_S:
            self.reported_at = time.monotonic()
            self.context.log.info(self.progress.sentence())


class _Events:
    """The events of one run: what Dagster is told per card and asset."""

    def __init__(self, context: dg.AssetExecutionContext, slugs: Sequence[str]) -> None:
        self.context = context
        self.code_versions = {"/".join(spec.key.path): spec.code_version or "" for spec in context.assets_def.specs}
        self.single = len(slugs) == 1
        dependencies = {key for spec in context.assets_def.specs for key in (d.asset_key for d in spec.deps)}
        self.pointers = {
            "/".join(key.path): context.instance.get_latest_storage_id_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(slugs)
            )
            for key in sorted(dependencies)
        }

    def of(self, slug: str, asset: str, made: Made, *, cached: bool = False) -> Iterator[Any]:
        """Tell Dagster of one asset of one card, with its check's evaluation.

        Yields only in a run of one card. In a run of many the events are logged: an interruption that arrives while
        Dagster handles a yielded event would close this generator long after the run has ended, and the cards that
        were in the making would be told to nobody.
        """
        materialization, evaluation = self.logged(slug, asset, made, cached=cached)
        if self.single:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(asset.split("/")),
                metadata=materialization.metadata,
                data_version=dg.DataVersion(made.data_version),
            )
            self.context.log_event(evaluation)
            return
        # In one transaction where the event log can (instance/storage.py): two commits would cost as much again.
        with getattr(self.context.instance.event_log_storage, "together", nullcontext)():
            self.context.log_event(materialization)
            self.context.log_event(evaluation)

    def logged(
        self, slug: str, asset: str, made: Made, *, cached: bool = False
    ) -> tuple[dg.AssetMaterialization, dg.AssetCheckEvaluation]:
        """The two events as they are stored."""
        key = dg.AssetKey(asset.split("/"))
        metadata = dict(made.metadata) | ({"cached": True} if cached else {})
        tags = {DATA_VERSION_TAG: made.data_version, CODE_VERSION_TAG: self.code_versions.get(asset, "")}
        for dependency, version in made.input_versions.items():
            tags[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{dependency}"] = version
            if pointer := self.pointers.get(dependency, {}).get(slug):
                tags[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{dependency}"] = str(pointer)
        materialization = dg.AssetMaterialization(key, partition=slug, metadata=metadata, tags=tags)
        return materialization, evaluation_of(key, slug, made)


def events_of(
    instance: dg.DagsterInstance, key: dg.AssetKey, slug: str, made: Made, *, code_version: str
) -> tuple[dg.AssetMaterialization, dg.AssetCheckEvaluation]:
    """What Dagster is told of an asset of a card that a run made which is not the asset's own."""
    tags = {DATA_VERSION_TAG: made.data_version, CODE_VERSION_TAG: code_version}
    for dependency, version in made.input_versions.items():
        tags[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{dependency}"] = version
        latest = instance.get_latest_storage_id_by_partition(
            dg.AssetKey(dependency.split("/")), dg.DagsterEventType.ASSET_MATERIALIZATION, {slug}
        )
        if pointer := latest.get(slug):
            tags[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{dependency}"] = str(pointer)
    materialization = dg.AssetMaterialization(key, partition=slug, metadata=dict(made.metadata), tags=tags)
    return materialization, evaluation_of(key, slug, made)


def evaluation_of(key: dg.AssetKey, slug: str, made: Made) -> dg.AssetCheckEvaluation:
    """What the asset's check says of one card."""
    return dg.AssetCheckEvaluation(
        asset_key=key,
        check_name=CHECK,
        passed=made.fit,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=made.found,
        partition=slug,
    )
