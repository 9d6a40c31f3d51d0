"""`/metrics`: what a Prometheus scrapes. What stands in the database is read when it is asked for, and not kept.

Without the database its metrics are absent, and `deckport_catalog_up` is 0. Requests are counted in `traffic`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as db
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.gallery import ORDER, Tally, tallies_of
from api.live_catalog import LiveCatalog
from api.traffic import Traffic
from deckport_assets.catalog import ledger, prompt_queue
from deckport_assets.catalog.database import now
from deckport_assets.catalog.ledger import Cost, Entry
from deckport_assets.catalog.prompt_queue import Statistics
from deckport_assets.catalog.reading import service_circuits
from deckport_assets.catalog.services import Circuit, State
from deckport_assets.errors import ServiceUnavailable

MICROUSD = 1_000_000


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says at one moment."""

    queue: Statistics
    circuits: Mapping[str, Circuit]
    spent: Sequence[Cost]
    spent_today: Sequence[Cost]
    calls: Mapping[tuple[str, Entry], int]


class MetricsRoutes:
    """The metrics of one application over one live catalog."""

    def __init__(self, catalog: LiveCatalog, traffic: Traffic) -> None:
        self.catalog = catalog
        self.traffic = traffic

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [Route("/metrics", self.metrics)]

    async def metrics(self, _request: Request) -> Response:
        """Everything, in Prometheus' text format."""
        try:
            figures: Figures | None = await self.catalog.ask(read_figures)
        except ServiceUnavailable:
            figures = None
        model = await self.catalog.current() if figures else None
        scraped = CollectorRegistry()
        scraped.register(_Told(list(families(figures, tallies_of(model) if model else []))))
        body = generate_latest(self.traffic.registry) + generate_latest(scraped)
        return Response(body, headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST})


class _Told(Collector):
    def __init__(self, told: Sequence[Metric]) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        return self._told


def read_figures(connection: db.Connection) -> Figures:
    """All that is told of the database, as this connection sees it."""
    return Figures(
        prompt_queue.statistics(connection),
        service_circuits(connection),
        ledger.costs(connection, "service"),
        ledger.costs(connection, "service", day=ledger.day_of(now())),
        ledger.calls_by_state(connection),
    )


def families(figures: Figures | None, tallies: Sequence[Tally]) -> Iterator[Metric]:
    """The metrics of the catalog; without figures only that it is away."""
    yield GaugeMetricFamily("deckport_catalog_up", "Whether the catalog database answers.", int(figures is not None))
    if figures is None:
        return
    yield from _of_queue(figures.queue)
    yield from _of_services(figures.circuits)
    yield from _of_money(figures)
    partitions = GaugeMetricFamily(
        "deckport_partitions", "Living cards by how an asset of theirs stands.", labels=("asset", "state")
    )
    for tally in tallies:
        for standing in ORDER:
            partitions.add_metric((tally.asset, standing.value), tally.counts.get(standing, 0))
    yield partitions


def _of_queue(known: Statistics) -> Iterator[Metric]:
    depth = GaugeMetricFamily("deckport_prompt_requests", "Requests of the prompt queue.", labels=("status",))
    for status, count in known.by_status.items():
        depth.add_metric((status,), count)
    yield depth
    told = "How long the oldest request that waits has waited; 0 when none does."
    yield GaugeMetricFamily("deckport_prompt_oldest_waiting_seconds", told, known.oldest_waiting_s or 0)
    if known.usual_s is not None:
        told = "From the claim to the answer, on the average of the last hour."
        yield GaugeMetricFamily("deckport_prompt_answer_seconds", told, known.usual_s)


def _of_services(circuits: Mapping[str, Circuit]) -> Iterator[Metric]:
    told = "The state of an outside service's circuit: 1 for the one that it is in."
    states = GaugeMetricFamily("deckport_service_circuit", told, labels=("service", "state"))
    for name, circuit in circuits.items():
        for state in State:
            states.add_metric((name, state.value), int(circuit.state is state))
    yield states


def _of_money(figures: Figures) -> Iterator[Metric]:
    spend = CounterMetricFamily("deckport_spend_usd", "Paid in all, as settled.", labels=("service",))
    unknown = GaugeMetricFamily(
        "deckport_spend_unknown_usd", "What unanswered calls may have cost, at their ceilings.", labels=("service",)
    )
    set_aside = GaugeMetricFamily(
        "deckport_spend_reserved_usd", "What calls that are out may cost, at their ceilings.", labels=("service",)
    )
    for cost in figures.spent:
        spend.add_metric((cost.name,), cost.cost_microusd / MICROUSD)
        unknown.add_metric((cost.name,), cost.unknown_microusd / MICROUSD)
        set_aside.add_metric((cost.name,), cost.open_microusd / MICROUSD)
    today = GaugeMetricFamily("deckport_spend_today_usd", "Paid today (UTC), as settled.", labels=("service",))
    unknown_today = GaugeMetricFamily(
        "deckport_spend_today_unknown_usd", "The same of today's calls without an answer.", labels=("service",)
    )
    of_today = {cost.name: cost for cost in figures.spent_today}
    for service in (cost.name for cost in figures.spent):
        cost_today = of_today.get(service, Cost(service, 0, 0, 0))
        today.add_metric((service,), cost_today.cost_microusd / MICROUSD)
        unknown_today.add_metric((service,), cost_today.unknown_microusd / MICROUSD)
    calls = GaugeMetricFamily(
        "deckport_ledger_calls", "Calls that may cost, by how far they are.", labels=("service", "state")
    )
    for service in sorted({service for service, _ in figures.calls}):
        for entry in Entry:
            calls.add_metric((service, entry.value), figures.calls.get((service, entry), 0))
    yield from (spend, unknown, set_aside, today, unknown_today, calls)
