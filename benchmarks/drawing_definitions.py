"""For `benchmarks.drawing`: the pipeline without sensors and schedules, so that only what is asked for is made."""

import dagster as dg

from deckport_assets import definitions

defs = dg.Definitions(
    assets=definitions.defs.assets,
    asset_checks=definitions.defs.asset_checks,
    resources=definitions.defs.resources,
    executor=definitions.defs.executor,
)
