"""For `benchmarks.drawing`: the pipeline without sensors and schedules, so that only what is asked for is made."""

import dagster as dg

from deckport_assets.definitions import defs as whole

defs = dg.Definitions(
    assets=whole.assets, asset_checks=whole.asset_checks, resources=whole.resources, executor=whole.executor
)
