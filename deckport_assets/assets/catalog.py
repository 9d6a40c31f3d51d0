"""The catalog itself: the import as an asset, and telling Dagster which cards there are and which of them changed."""

from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from deckport_assets.assets.card_line import told
from deckport_assets.catalog.cards import BY_SKU
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import Imported, import_catalog
from deckport_assets.catalog.line import looks
from deckport_assets.catalog.recipes import FACTS
from deckport_assets.catalog.tables import cards as cards_table
from deckport_assets.partitions import cards
from deckport_assets.resources.catalog import Catalog

CATALOG = dg.AssetKey(["cards", "catalog"])


class Source(dg.Config):
    """Where the two CSV files lie. Relative paths start at DECKPORT_HOME."""

    gameplay_csv: str = "source/cards_gameplay.csv"
    art_csv: str = "source/cards_art.csv"
    retire: bool = False


def catalog_asset(home: Path) -> dg.AssetsDefinition:
    """The import of the two CSV files, as `deckport import` does it."""

    @dg.asset(
        key=CATALOG,
        group_name="catalog",
        owners=["team:design"],
        kinds={"csv"},
        code_version="1",
    )
    def cards_catalog(
        context: dg.AssetExecutionContext, config: Source, catalog: dg.ResourceParam[Catalog]
    ) -> dg.MaterializeResult[Any]:
        """Every card's facts and prompts, read from the two CSV files and checked row by row."""
        imported = import_catalog(
            catalog.database, home, home / config.gameplay_csv, home / config.art_csv, retire=config.retire
        )
        changed = tell_dagster(context.instance, catalog.database)
        for dirt in imported.dirt[:200]:
            context.log.info(dirt.sentence())
        return dg.MaterializeResult(metadata={**metadata_of(imported), "facts_reported": changed})

    return cards_catalog


def metadata_of(imported: Imported) -> dict[str, Any]:
    """What Dagster is told of an import: its counts, what was found, and how many cards of each kind there are."""
    from deckport_assets.catalog.profile import profile

    shown = [dirt.sentence() for dirt in imported.dirt[:50]]
    return {
        **imported.summary,
        "dirt_report": dg.MetadataValue.path(str(imported.report)),
        "dirt": dg.MetadataValue.md("\n".join(f"- {line}" for line in shown) or "None."),
        "profile": dg.MetadataValue.md(profile(imported.accepted)),
    }


def tell_dagster(instance: dg.DagsterInstance, database: Database) -> int:
    """Bring Dagster's partitions in step with the catalog and report the facts of each card that changed.

    Gives how many were reported. Can be run at any time and after any interruption: what was not noted as reported is
    reported again, and the same facts twice request nothing.
    """
    with database.reading() as connection:
        living = db.select(cards_table).where(cards_table.c.retired_at.is_(None)).order_by(*BY_SKU)
        rows = connection.execute(living).mappings().all()
    known = set(instance.get_dynamic_partitions(str(cards.name)))
    if new := [row["slug"] for row in rows if row["slug"] not in known]:
        instance.add_dynamic_partitions(str(cards.name), new)
    changed = [row for row in rows if row["facts_reported"] != row["facts_version"]]
    for row in changed:
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                FACTS.split("/"),
                partition=row["slug"],
                metadata={"name": row["name"], "sku": row["sku"]},
                tags={DATA_VERSION_TAG: row["facts_version"]},
            )
        )
    with database.writing() as connection:
        for row in changed:
            told = cards_table.update().where(cards_table.c.slug == row["slug"])
            connection.execute(told.values(facts_reported=row["facts_version"]))
    return len(changed)


def tell_of_version(instance: dg.DagsterInstance, database: Database, asset: str, slug: str) -> None:
    """Report the current version of one asset of a card, after a person went back to an older one or gave a new one."""
    with database.reading() as connection:
        look = looks(connection, [asset], [slug])[slug]
    if (version := look.version(asset)) is not None:
        made = told(version, look)
        key, tags = dg.AssetKey(asset.split("/")), {DATA_VERSION_TAG: made.data_version}
        instance.report_runless_asset_event(
            dg.AssetMaterialization(key, partition=slug, metadata=made.metadata, tags=tags)
        )
