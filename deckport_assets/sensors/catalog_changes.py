"""Notices cards whose facts Dagster has not been told of, and cards that have left the catalog."""

from collections.abc import Iterator

import dagster as dg
import sqlalchemy as db
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from deckport_assets.assets.catalog import tell_dagster
from deckport_assets.catalog.tables import cards as cards_table
from deckport_assets.partitions import cards
from deckport_assets.resources.catalog import Catalog


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells Dagster of imported cards that it does not know yet; forgets retired ones when all is quiet.",
    target=dg.AssetSelection.groups("cards"),
)
def catalog_changes(context: dg.SensorEvaluationContext, catalog: dg.ResourceParam[Catalog]) -> Iterator[dg.SkipReason]:
    """An import tells Dagster itself; this mends what a kill between the two left open."""
    with catalog.database.reading() as connection:
        columns = cards_table.c
        untold = db.or_(columns.facts_reported.is_(None), columns.facts_reported != columns.facts_version)
        pending = connection.execute(
            db.select(db.func.count()).where(columns.retired_at.is_(None), untold).select_from(cards_table)
        ).scalar_one()
        retired = set(connection.execute(db.select(columns.slug).where(columns.retired_at.isnot(None))).scalars())
    told = tell_dagster(context.instance, catalog.database) if pending else 0
    forgotten = retired & set(context.instance.get_dynamic_partitions(str(cards.name))) if retired else set()
    if forgotten and _is_quiet(context.instance):  # a key that vanishes during a backfill fails it
        for slug in sorted(forgotten):
            context.instance.delete_dynamic_partition(str(cards.name), slug)
    yield dg.SkipReason(f"{told} changed cards reported, {len(forgotten)} retired cards without a place.")


def _is_quiet(instance: dg.DagsterInstance) -> bool:
    if instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES), limit=1):
        return False
    active = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING]
    return not instance.get_backfills(filters=BulkActionsFilter(statuses=active), limit=1)
