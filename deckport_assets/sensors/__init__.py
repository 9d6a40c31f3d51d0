"""What is noticed, one thing per file."""

import dagster as dg

from deckport_assets.sensors.abandoned_work import abandoned_work
from deckport_assets.sensors.catalog_changes import catalog_changes
from deckport_assets.sensors.prompt_batches import prompt_batches
from deckport_assets.sensors.prompt_requests import prompt_requests, written_prompts


def sensors() -> list[dg.SensorDefinition]:
    """Every sensor of the pipeline."""
    make_what_is_due = dg.AutomationConditionSensorDefinition(
        "make_what_is_due",
        target=dg.AssetSelection.groups("cards"),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        description="Asks for what is missing or has become stale and may be made without a person's word.",
    )
    return [make_what_is_due, catalog_changes, abandoned_work, prompt_requests, written_prompts, prompt_batches]
