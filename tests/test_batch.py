"""Many cards in one run: what each test shows is a promise to the producer who started the night's backfill."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from deckport_assets.batch import CHECK, Made, batch
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import Journal, list_failures, open_claims
from deckport_assets.catalog.standing import Order, Standing
from deckport_assets.errors import BadImage, Interrupted

cards = dg.DynamicPartitionsDefinition(name="cards")


class Kitchen:
    """A line that makes nothing but notes: who was made how often, and who is to fail with what."""

    def __init__(self, database: Database, run_id: str = "run") -> None:
        self.journal = Journal(database, run_id)
        self.made: Counter[tuple[str, str]] = Counter()
        self.stands: dict[str, Standing] = {}
        self.errors: dict[str, list[Exception]] = {}
        self.redrawn: set[tuple[str, str]] = set()
        self.while_making: Callable[[str], None] = lambda slug: None

    def standings(self, assets: Sequence[str], slugs: Sequence[str]) -> Mapping[str, Mapping[str, Standing]]:
        return {
            slug: {
                asset: Standing.FRESH if self.made[asset, slug] else self.stands.get(slug, Standing.MISSING)
                for asset in assets
            }
            for slug in slugs
        }

    def made_since(self, moment: datetime, assets: Sequence[str], slugs: Sequence[str]) -> set[tuple[str, str]]:
        return {(slug, asset) for asset, slug in self.redrawn}

    def make(
        self, slug: str, assets: Sequence[str], *, progress: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Mapping[str, Made]:
        self.while_making(slug)
        progress(f"{slug} is in the oven.")
        if errors := self.errors.get(slug):
            raise errors.pop(0)
        self.made.update((asset, slug) for asset in assets)
        return {asset: Made("v1", {"seen": 1}, {"prints_at_full_size": True}) for asset in assets}

    def known(self, asset: str, slugs: Sequence[str]) -> Mapping[str, Made]:
        return {slug: Made("v1", {}, {"prints_at_full_size": True}) for slug in slugs}


def line_of_assets(kitchen: Kitchen, order: Order | None = None, at_once: int = 2) -> list[dg.AssetsDefinition]:
    """Two stages, the second made from the first, as the real line has them."""

    def stage(name: str, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
        @dg.asset(
            key=["cards", name],
            partitions_def=cards,
            output_required=False,
            backfill_policy=dg.BackfillPolicy.single_run(),
            deps=deps,
            code_version="1",
        )
        def made(context: dg.AssetExecutionContext):  # type: ignore[no-untyped-def]
            chosen = order or Order.of_tags(context.run.tags, [f"cards/{name}"])
            kitchen.journal = Journal(kitchen.journal.database, context.run.run_id)
            yield from batch(context, kitchen, order=chosen, at_once=at_once)

        return made

    return [stage("artwork", []), stage("composite", [dg.AssetKey(["cards", "artwork"])])]


def materialize(
    instance: dg.DagsterInstance,
    assets: Sequence[dg.AssetsDefinition],
    first: str,
    last: str,
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    if first == last:
        return dg.materialize(assets, partition_key=first, instance=instance, raise_on_error=False, tags=tags)
    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return dg.materialize(assets, instance=instance, raise_on_error=False, tags=span | dict(tags or {}))


def keys(count: int) -> list[str]:
    return [f"card-{n:03d}" for n in range(count)]


def told(instance: dg.DagsterInstance, name: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(["cards", name]))


def test_one_bad_card_never_stops_the_others(instance: dg.DagsterInstance, database: Database) -> None:
    slugs = keys(20)
    instance.add_dynamic_partitions("cards", slugs)
    kitchen = Kitchen(database)
    kitchen.errors["card-007"] = [BadImage("half a picture", remedy="Draw it again.")]
    artwork, _ = line_of_assets(kitchen)

    result = materialize(instance, [artwork], slugs[0], slugs[-1])

    assert not result.success
    assert told(instance, "artwork") == set(slugs) - {"card-007"}
    with database.reading() as connection:
        (failure,) = list_failures(connection)
    assert (failure.partition, failure.kind, failure.cause) == ("card-007", "bad_image", "half a picture")
    assert failure.remedy == "Draw it again; then: deckport retry --asset cards/artwork card-007"
    assert not failure.retryable


def test_a_second_run_makes_only_the_rest_and_keeps_the_others_good(
    instance: dg.DagsterInstance, database: Database
) -> None:
    slugs = keys(10)
    instance.add_dynamic_partitions("cards", slugs)
    kitchen = Kitchen(database)
    kitchen.errors["card-003"] = [BadImage("bad"), BadImage("bad still")]
    artwork, _ = line_of_assets(kitchen)
    materialize(instance, [artwork], slugs[0], slugs[-1])

    materialize(instance, [artwork], slugs[0], slugs[-1])  # fails again: nobody else is drawn, nobody turns failed
    assert set(kitchen.made.values()) == {1}
    assert told(instance, "artwork") == set(slugs) - {"card-003"}

    result = materialize(instance, [artwork], slugs[0], slugs[-1])
    assert result.success
    assert told(instance, "artwork") == set(slugs)
    assert set(kitchen.made.values()) == {1}


def test_one_card_with_all_its_assets_makes_the_whole_chain_in_one_run(
    instance: dg.DagsterInstance, database: Database
) -> None:
    instance.add_dynamic_partitions("cards", keys(3))
    kitchen = Kitchen(database)

    result = materialize(instance, line_of_assets(kitchen), "card-001", "card-001")

    assert result.success
    assert told(instance, "artwork") == told(instance, "composite") == {"card-001"}
    assert sum(kitchen.made.values()) == 2


def test_what_a_person_stopped_at_a_service_is_on_the_list_and_waits_for_a_person(
    instance: dg.DagsterInstance, database: Database
) -> None:
    instance.add_dynamic_partitions("cards", keys(2))
    kitchen = Kitchen(database)
    kitchen.errors["card-001"] = [Interrupted("somebody stopped it", remedy="deckport retry")]
    artwork, _ = line_of_assets(kitchen)

    assert not materialize(instance, [artwork], "card-000", "card-001").success
    with database.reading() as connection:
        (failure,) = list_failures(connection)
    assert (failure.partition, failure.kind, failure.retryable) == ("card-001", "interrupted", False)


def test_what_the_makers_say_stands_in_the_runs_log_and_the_main_thread_alone_writes_it(
    instance: dg.DagsterInstance, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that write into one log and one database, in either order, stood still on SQLite until both died."""
    instance.add_dynamic_partitions("cards", keys(9))
    kitchen = Kitchen(database)
    artwork, _ = line_of_assets(kitchen)
    writers: set[str] = set()
    store = instance.event_log_storage.store_event

    def store_noted(event: dg.EventLogEntry) -> None:
        writers.add(threading.current_thread().name)
        store(event)

    monkeypatch.setattr(instance.event_log_storage, "store_event", store_noted)

    result = materialize(instance, [artwork], keys(9)[0], keys(9)[-1])

    said = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert [f"{slug} is in the oven." for slug in keys(9)] == sorted(line for line in said if "oven" in line)
    assert writers == {threading.main_thread().name}


def test_every_card_has_one_evaluation_that_carries_all_claims(
    instance: dg.DagsterInstance, database: Database
) -> None:
    instance.add_dynamic_partitions("cards", keys(4))
    artwork, _ = line_of_assets(Kitchen(database))

    result = materialize(instance, [artwork], "card-000", "card-003")

    evaluations = [e.event_specific_data for e in result.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    assert all(isinstance(e, AssetCheckEvaluation) and e.passed and e.check_name == CHECK for e in evaluations)
    assert sorted(e.partition for e in evaluations) == keys(4)  # type: ignore[union-attr]
    assert evaluations[0].metadata["prints_at_full_size"].value is True  # type: ignore[union-attr]


def test_a_stopped_run_keeps_what_was_in_the_making(instance: dg.DagsterInstance, database: Database) -> None:
    slugs = keys(12)
    instance.add_dynamic_partitions("cards", slugs)
    kitchen = Kitchen(database)
    begun, go_on = threading.Barrier(3), threading.Event()

    def slow(slug: str) -> None:
        if slug in slugs[4:6]:
            begun.wait(10)
            go_on.wait(10)

    kitchen.while_making = slow
    artwork, _ = line_of_assets(kitchen)

    def interrupt() -> None:
        import _thread

        begun.wait(10)
        _thread.interrupt_main()
        go_on.set()

    person = threading.Thread(target=interrupt)
    person.start()
    result = materialize(instance, [artwork], slugs[0], slugs[-1])
    person.join()
    assert not result.success

    finished = {slug for (_, slug) in kitchen.made}
    assert set(slugs[4:6]) <= finished < set(slugs)
    assert told(instance, "artwork") == finished
    with database.reading() as connection:
        assert open_claims(connection) == {}


def test_what_a_living_run_makes_is_waited_for_and_not_made_twice(
    instance: dg.DagsterInstance, database: Database
) -> None:
    instance.add_dynamic_partitions("cards", keys(3))
    other = instance.create_run_for_job(dg.job(name="elsewhere")(lambda: None))  # not finished: it lives
    theirs = Journal(database, other.run_id)
    theirs.claim(["cards/artwork"], ["card-001"], lambda run_id: True)
    kitchen = Kitchen(database)

    def the_other_one_ends(slug: str) -> None:
        if slug == "card-002":
            kitchen.made["cards/artwork", "card-001"] += 1
            theirs.release()

    kitchen.while_making = the_other_one_ends
    artwork, _ = line_of_assets(kitchen)

    assert materialize(instance, [artwork], "card-000", "card-002").success
    assert set(kitchen.made.values()) == {1}
    assert told(instance, "artwork") == set(keys(3))


def test_what_another_run_made_between_looking_and_claiming_is_not_made_twice(
    instance: dg.DagsterInstance, database: Database
) -> None:
    slugs = keys(4)
    instance.add_dynamic_partitions("cards", slugs)
    kitchen = Kitchen(database)
    looked, look = [], kitchen.standings

    def overtaken(assets: Sequence[str], slugs: Sequence[str]) -> Mapping[str, Mapping[str, Standing]]:
        found = look(assets, slugs)
        if not looked:
            kitchen.made["cards/artwork", "card-001"] += 1  # the other run, just after this one has looked
        looked.append(slugs)
        return found

    kitchen.standings = overtaken  # type: ignore[method-assign]
    artwork, _ = line_of_assets(kitchen)

    result = materialize(instance, [artwork], slugs[0], slugs[-1])

    assert result.success
    assert set(kitchen.made.values()) == {1}
    assert told(instance, "artwork") == set(slugs), "Dagster is told of the other run's card all the same"
    with database.reading() as connection:
        assert open_claims(connection) == {}


def test_a_run_that_takes_over_from_a_dead_one_redraws_only_the_rest(
    instance: dg.DagsterInstance, database: Database
) -> None:
    slugs = keys(4)
    instance.add_dynamic_partitions("cards", slugs)
    kitchen = Kitchen(database)
    kitchen.stands = dict.fromkeys(slugs, Standing.FRESH)
    kitchen.redrawn = {("cards/artwork", "card-000"), ("cards/artwork", "card-001")}  # since it was asked for
    order = Order(redraw=frozenset({"cards/artwork"}), asked_at=datetime.now(UTC))
    artwork, _ = line_of_assets(kitchen, order)

    assert materialize(instance, [artwork], slugs[0], slugs[-1]).success

    assert {slug for _, slug in kitchen.made} == {"card-002", "card-003"}
    assert told(instance, "artwork") == set(slugs)
    assert Order.of_tags(order.tags(), ["cards/artwork"]).asked_at == order.asked_at
    assert Order.of_tags(replace(order, asked_at=None).tags(), ["cards/artwork"]).asked_at is None


def test_what_a_dead_run_left_is_taken_over(instance: dg.DagsterInstance, database: Database) -> None:
    instance.add_dynamic_partitions("cards", keys(2))
    Journal(database, "a run that is gone").claim(["cards/artwork"], keys(2), lambda run_id: True)
    artwork, _ = line_of_assets(Kitchen(database))

    assert materialize(instance, [artwork], "card-000", "card-001").success
    assert told(instance, "artwork") == set(keys(2))


def test_only_a_persons_word_makes_something_good_anew(instance: dg.DagsterInstance, database: Database) -> None:
    instance.add_dynamic_partitions("cards", keys(2))
    kitchen = Kitchen(database)
    artwork, _ = line_of_assets(kitchen)
    materialize(instance, [artwork], "card-000", "card-001")

    assert materialize(instance, [artwork], "card-000", "card-000").success
    assert kitchen.made["cards/artwork", "card-000"] == 1, "it is fresh: told again, not made again"

    assert materialize(instance, [artwork], "card-000", "card-000", {"deckport/redraw": "true"}).success
    assert kitchen.made["cards/artwork", "card-000"] == 2
    assert kitchen.made["cards/artwork", "card-001"] == 1
