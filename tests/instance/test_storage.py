"""The event logs that keep their connections open store what Dagster's own store: same events, same statuses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as db

from deckport_assets.instance import storage
from deckport_assets.instance.home import open_instance, prepare
from deckport_assets.settings import Settings, settings
from tests.postgres import Postgres

cards = dg.DynamicPartitionsDefinition(name="cards")


@dg.asset(partitions_def=cards, output_required=False, backfill_policy=dg.BackfillPolicy.single_run())
def artwork(context: dg.AssetExecutionContext) -> Iterator[dg.AssetMaterialization]:
    for key in context.partition_keys:
        if key != "bad":
            yield dg.AssetMaterialization(
                "artwork", partition=key, metadata={"n": 1}, tags={"dagster/data_version": key}
            )
    raise dg.Failure("one failed", allow_retries=False)


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Settings as a process of their own would read them."""

    def choose(home: Path, **values: str) -> Settings:
        for name, value in (values | {"home": str(home)}).items():
            monkeypatch.setenv(f"DECKPORT_{name.upper()}", value)
        settings.cache_clear()
        return settings()

    return choose


def story(chosen: Settings) -> dict[str, object]:
    """What an instance remembers after a run with one failure."""
    prepare(chosen)
    with open_instance(chosen) as instance:
        instance.add_dynamic_partitions("cards", ["a", "bad", "c"])
        span = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
        result = dg.materialize([artwork], instance=instance, tags=span, raise_on_error=False)
        key = dg.AssetKey("artwork")
        events = instance.event_log_storage.get_logs_for_run(result.run_id)
        latest = instance.get_latest_materialization_event(key)
        return {
            "class": type(instance.event_log_storage).__name__,
            "events": sorted(
                (e.dagster_event.event_type_value, e.dagster_event.partition) if e.dagster_event else ("log", None)
                for e in events
                if not e.dagster_event or e.dagster_event.event_type_value != "ENGINE_EVENT"
            ),
            "materialized": instance.get_materialized_partitions(key),
            "latest": latest.asset_materialization.partition if latest and latest.asset_materialization else None,
            "tags": sorted(instance.event_log_storage.get_event_tags_for_asset(key), key=str),
            "partitions": list(instance.get_dynamic_partitions("cards")),
            "run": instance.get_run_by_id(result.run_id).status,  # type: ignore[union-attr]
            "pools": instance.event_log_storage.get_concurrency_info("artist").slot_count,
        }


def test_on_sqlite_they_remember_the_same(tmp_path: Path, choose: Callable[..., Settings]) -> None:
    fast, stock = (story(choose(tmp_path / kind, event_log=kind)) for kind in ("fast", "stock"))

    assert (fast.pop("class"), stock.pop("class")) == ("OpenSqliteEventLog", "SqliteEventLogStorage")
    assert fast == stock
    assert fast["materialized"] == {"a", "c"}


def test_on_postgresql_they_remember_the_same(
    tmp_path: Path, postgres: Postgres, choose: Callable[..., Settings]
) -> None:
    told = []
    for kind in ("fast", "stock"):
        with postgres.bare() as url:
            told.append(story(choose(tmp_path / kind, event_log=kind, database_url=url)))

    fast, stock = told
    assert (fast.pop("class"), stock.pop("class")) == ("OpenPostgresEventLog", "PostgresEventLogStorage")
    assert fast == stock


def test_a_connection_that_died_in_a_pause_is_replaced(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the server was restarted while nothing was made."""
    monkeypatch.setattr(storage, "PAUSE_S", 0.0)
    with postgres.bare() as url:
        ours, other = storage.open_postgres(url), storage.open_postgres(url, isolation_level="AUTOCOMMIT")
        with ours.connect() as connection:
            process = connection.execute(db.text("select pg_backend_pid()")).scalar()
        with other.connect() as connection:
            connection.execute(db.text(f"select pg_terminate_backend({process}, 5000)"))
        with ours.connect() as connection:
            assert connection.execute(db.text("select pg_backend_pid()")).scalar() != process
        ours.dispose()
        other.dispose()
