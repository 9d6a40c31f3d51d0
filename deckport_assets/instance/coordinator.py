"""Which lane a run waits in. People's requests for prompts have one of their own: no backfill keeps them.

Why our own: Dagster limits how many runs with a tag there may be; it cannot keep a slot free for one job. So every run
gets a tag here, and dagster.yaml limits the ordinary lane to one less than all.
"""

from __future__ import annotations

import dagster as dg
from dagster._core.run_coordinator.base import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator

from deckport_assets.catalog.standing import LANE_TAG, Lane


class LaneRunCoordinator(QueuedRunCoordinator):
    """Queues runs as Dagster's own does, each in a lane: its job's, else the ordinary one."""

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Queue a run."""
        run = context.dagster_run
        if LANE_TAG not in run.tags:
            self._instance.add_run_tags(run.run_id, {LANE_TAG: Lane.ORDINARY.value})
        return super().submit_run(context)
