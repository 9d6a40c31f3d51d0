"""The whole pipeline as a test puts it together: real parts, small pictures, an instance that lives for the test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from deckport_assets.assets.catalog import tell_dagster
from deckport_assets.batch import CHECK
from deckport_assets.catalog.database import Database
from deckport_assets.catalog.importing import import_catalog
from deckport_assets.catalog.journal import Failure, list_failures
from deckport_assets.catalog.line import standings
from deckport_assets.catalog.recipes import UNASKED
from deckport_assets.catalog.versions import Version, current
from deckport_assets.definitions import build, live
from deckport_assets.media import MediaStore
from deckport_assets.resources.catalog import Catalog
from deckport_assets.resources.embedded import EmbeddedArtist
from deckport_assets.settings import Settings
from tests.catalog_source import write_source


def last_check(instance: dg.DagsterInstance, asset: str, slug: str) -> AssetCheckEvaluation:
    """What an asset's check said of a card last, as Dagster has it."""
    key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), CHECK)
    every = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    said = (record.event.asset_check_evaluation for record in every if record.event and record.event.dagster_event)
    return next(evaluation for evaluation in said if evaluation and evaluation.partition == slug)


SMALL: Mapping[str, Any] = {"width_px": 300, "height_px": 436}


class Pipeline:
    """A catalog, a media folder, an instance, and the definitions over them."""

    def __init__(self, home: Path, instance: dg.DagsterInstance, database: Database, **resources: Any) -> None:
        self.home = home
        self.settings = Settings(home=home)
        self.instance = instance
        self.database = database
        self.media = MediaStore(self.settings.media_location)
        self.given = {
            "catalog": Catalog(url=database.url),
            "artist": EmbeddedArtist(**SMALL),
        } | resources

    @property
    def definitions(self) -> dg.Definitions:
        """Built anew each time, as a run's process does: a changed theme is seen."""
        return build(live(self.settings) | self.given, self.settings)

    def bring_in(self, cards: Iterable[Mapping[str, str]], arts: Iterable[Mapping[str, str]] | None = None) -> None:
        """Import cards and tell Dagster of them."""
        import_catalog(self.database, self.home, *write_source(self.home / "source", cards, arts), retire=True)
        tell_dagster(self.instance, self.database)

    def run(
        self, *slugs: str, assets: Sequence[str] = UNASKED, tags: Mapping[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """One run over these cards (neighbours in Dagster's order), stage by stage when there are several."""
        whole = self.definitions.resolve_implicit_global_asset_job_def()
        job = whole.get_subset(asset_selection={dg.AssetKey(asset.split("/")) for asset in assets})
        span = {"dagster/asset_partition_range_start": slugs[0], "dagster/asset_partition_range_end": slugs[-1]}
        return job.execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            instance=self.instance,
            partition_key=slugs[0] if len(slugs) == 1 else None,
            tags=dict(tags or {}) | (span if len(slugs) > 1 else {}),
            raise_on_error=False,
        )

    def run_stages(self, *slugs: str) -> None:
        """All stages over several cards, one run each."""
        for stage in (UNASKED[:1], UNASKED[1:2], UNASKED[2:]):
            self.run(*slugs, assets=stage)

    def version(self, asset: str, slug: str) -> Version:
        """The main file of the current version."""
        with self.database.reading() as connection:
            return next(iter(current(connection, asset, [slug])[slug].values()))

    def standings(self, slug: str) -> dict[str, str]:
        """How each asset of a card stands."""
        versions = {
            "/".join(spec.key.path): spec.code_version
            for spec in self.definitions.resolve_all_asset_specs()
            if spec.code_version
        }
        with self.database.reading() as connection:
            found = standings(connection, UNASKED, [slug], versions)[slug]
        return {asset.split("/")[1]: stand.value for asset, stand in found.items()}

    def failures(self) -> list[Failure]:
        """The list of failures."""
        with self.database.reading() as connection:
            return list_failures(connection)

    def check(self, asset: str, slug: str) -> AssetCheckEvaluation:
        """What the asset's check said of a card last."""
        return last_check(self.instance, asset, slug)

    def told(self, asset: str) -> set[str]:
        """The cards that Dagster knows as materialized."""
        return self.instance.get_materialized_partitions(dg.AssetKey(asset.split("/")))

    def asked_unasked(self) -> dict[str, set[str]]:
        """What the automation asks for at this moment: asset -> cards."""
        result = dg.evaluate_automation_conditions(
            self.definitions, self.instance, cursor=getattr(self, "cursor", None)
        )
        self.cursor = result.cursor
        return {
            asset: set(result.get_requested_partitions(dg.AssetKey(asset.split("/"))))  # type: ignore[arg-type]
            for asset in UNASKED
            if result.get_num_requested(dg.AssetKey(asset.split("/")))
        }
