"""What a killed run left is asked for again, once, and nothing else is."""

import sys

import dagster as dg
import pytest

from deckport_assets.catalog.database import Database
from deckport_assets.catalog.journal import Journal, open_claims
from deckport_assets.instance.launcher import WORKER_TAG
from deckport_assets.resources.catalog import Catalog
from deckport_assets.sensors.abandoned_work import TIMES_TAG, abandoned_work, died

ARTWORK = dg.AssetKey(["cards", "artwork"])
SPAN = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}


@dg.asset(key=ARTWORK)
def artwork() -> None: ...


drawing = dg.Definitions(assets=[artwork]).resolve_implicit_global_asset_job_def()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[died.__module__], "PATIENCE_S", -1)


def run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
    """A run over three cards' artwork that has come to this status."""
    made = instance.create_run_for_job(drawing, asset_selection=frozenset({ARTWORK}), tags=SPAN | tags)
    if status is dg.DagsterRunStatus.FAILURE:
        instance.report_run_failed(made)
    elif status is dg.DagsterRunStatus.CANCELED:
        instance.report_run_canceled(made)
    return made


def tick(instance: dg.DagsterInstance, database: Database) -> list[dg.RunRequest]:
    """What the sensor asks for."""
    context = dg.build_sensor_context(instance=instance)
    found = abandoned_work(context, catalog=Catalog(url=database.url))
    return [request for request in found if isinstance(request, dg.RunRequest)]  # type: ignore[union-attr]


def test_a_run_that_died_is_asked_for_again_with_its_cards(instance: dg.DagsterInstance, database: Database) -> None:
    dead = run(instance, dg.DagsterRunStatus.FAILURE)

    (request,) = tick(instance, database)

    assert request.run_key == f"again-{dead.run_id}", "the same key again starts nothing"
    assert request.asset_selection == [ARTWORK]
    assert {name: request.tags[name] for name in SPAN} == SPAN
    assert request.tags[TIMES_TAG] == "1"


@pytest.mark.parametrize(
    "tags",
    [
        {"dagster/failure_reason": "STEP_FAILURE"},
        {WORKER_TAG: "here:1:1.0"},
        {TIMES_TAG: "5"},
    ],
    ids=["cards failed", "a person's command", "it died five times"],
)
def test_others_are_left_to_those_who_care_for_them(
    instance: dg.DagsterInstance, database: Database, tags: dict[str, str]
) -> None:
    run(instance, dg.DagsterRunStatus.FAILURE, **tags)
    run(instance, dg.DagsterRunStatus.CANCELED)
    run(instance, dg.DagsterRunStatus.STARTED)
    assert tick(instance, database) == []


def test_a_run_that_dagster_retries_is_not_asked_for(instance: dg.DagsterInstance, database: Database) -> None:
    dead = run(instance, dg.DagsterRunStatus.FAILURE)
    run(instance, dg.DagsterRunStatus.STARTED, **{"dagster/parent_run_id": dead.run_id})
    assert tick(instance, database) == []


def test_claims_of_runs_that_have_ended_are_given_back(instance: dg.DagsterInstance, database: Database) -> None:
    ended, alive = run(instance, dg.DagsterRunStatus.CANCELED), run(instance, dg.DagsterRunStatus.STARTED)
    for each, slug in ((ended, "a"), (alive, "b")):
        Journal(database, each.run_id).claim(["cards/artwork"], [slug], lambda run_id: True)

    tick(instance, database)

    with database.reading() as connection:
        assert set(open_claims(connection)) == {alive.run_id}
