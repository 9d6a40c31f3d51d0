"""What happens by the clock: at night, what failed and may be retried is asked for again."""

import dagster as dg


def schedules() -> list[dg.ScheduleDefinition]:
    return []
