"""`/metrics`, as a Prometheus reads it: requests by their route, the queue, circuits, money, and how cards stand."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from deckport_assets.catalog import ledger, prompt_queue, services
from deckport_assets.catalog.ledger import Budgets, Call
from tests.api.stock import MADE, PICTURED, Stock

Sample = tuple[str, frozenset[tuple[str, str]]]


def scrape(client: TestClient) -> dict[Sample, float]:
    reply = client.get("/metrics")
    assert reply.status_code == 200 and reply.headers["content-type"].startswith("text/plain; version=")
    found: dict[Sample, float] = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} is told twice"
            found[key] = sample.value
    return found


def of(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


def test_requests_are_counted_by_route_method_and_status(stock: Stock) -> None:
    with TestClient(create_app(stock.settings, requests_per_minute=3)) as client:
        for path in ("AZURE-001", "azure-002", "nope"):
            client.get(f"/v1/catalog/cards/{path}")
        client.get("/v1/catalog/cards/AZURE-001")  # one too many
        client.head("/livez")
        client.post("/livez")
        for path in ("/nope", "/nope/again", "/v1/nope"):
            client.get(path)
        client.request("BREW", "/livez")
        told = scrape(client)
    requests, card = "deckport_http_requests_total", "/v1/catalog/cards/{sku}"
    assert told[of(requests, method="GET", route=card, status="200")] == 2
    assert told[of(requests, method="GET", route=card, status="404")] == 1
    assert told[of(requests, method="GET", route=card, status="429")] == 1
    assert told[of(requests, method="HEAD", route="/livez", status="200")] == 1
    assert told[of(requests, method="POST", route="/livez", status="405")] == 1
    assert told[of(requests, method="other", route="/livez", status="405")] == 1
    unmatched = sum(n for (name, labels), n in told.items() if name == requests and ("route", "unmatched") in labels)
    assert unmatched == 3
    duration = "deckport_http_request_duration_seconds"
    assert told[of(f"{duration}_count", method="GET", route=card)] == 4
    assert 0 < told[of(f"{duration}_sum", method="GET", route=card)] < 10
    assert told[of(f"{duration}_bucket", method="GET", route=card, le="+Inf")] == 4


def test_a_mistake_of_ours_counts_as_500(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("api.card_routes._list", broken)
    with TestClient(create_app(stock.settings), raise_server_exceptions=False) as client:
        client.get("/v1/catalog/cards")
        told = scrape(client)
    assert told[of("deckport_http_requests_total", method="GET", route="/v1/catalog/cards", status="500")] == 1


def test_each_app_counts_its_own_and_nothing_is_global(stock: Stock) -> None:
    for _ in range(2):
        with TestClient(create_app(stock.settings)) as client:
            client.get("/livez")
            told = scrape(client)
            assert told[of("deckport_http_requests_total", method="GET", route="/livez", status="200")] == 1
    assert not [family.name for family in REGISTRY.collect() if family.name.startswith("deckport")]


def test_the_queue_is_told_by_status_and_by_the_oldest(own_client: TestClient, own_stock: Stock) -> None:
    assert scrape(own_client)[of("deckport_prompt_oldest_waiting_seconds")] == 0
    with own_stock.database.writing() as connection:
        for card in (MADE, PICTURED, "azure-1"):
            prompt_queue.enqueue(connection, card=card, requester="ada")
        claimed = prompt_queue.claim(connection, "run")
        assert claimed is not None
        prompt_queue.complete(connection, claimed, prompt_version=1, answer={})
        prompt_queue.claim(connection, "run")
    told = scrape(own_client)
    depth = {status: told[of("deckport_prompt_requests", status=status)] for status in prompt_queue.Status}
    assert depth == {"queued": 1, "processing": 1, "completed": 1, "failed": 0, "cancelled": 0}
    assert 0 < told[of("deckport_prompt_oldest_waiting_seconds")] < 60


def test_circuits_are_told_by_service_and_state(own_client: TestClient, own_stock: Stock) -> None:
    with own_stock.database.writing() as connection:
        services.failed(connection, "claude", "away", opens_after=1)
        services.failed(connection, "comfyui http://inner-one:8188", "away")
    told = scrape(own_client)
    for service, now in (("claude", "open"), ("comfyui", "closed")):
        states = {state: told[of("deckport_service_circuit", service=service, state=state)] for state in services.State}
        assert {state for state, value in states.items() if value} == {now}


def test_money_is_told_in_dollars_with_what_is_unknown_apart(own_client: TestClient, own_stock: Stock) -> None:
    def call(ceiling: int) -> Any:
        return ledger.reserve(connection, Call("claude", "cards/prompt", MADE, "run", ceiling), Budgets())

    with own_stock.database.writing() as connection:
        settled, lost, _ = call(50_000), call(30_000), call(20_000)
        ledger.sent(connection, settled)
        ledger.settle(connection, settled, 4_100, usage={}, prices="test")
        ledger.sent(connection, lost)
        ledger.lose(connection, lost, "no answer")
    told = scrape(own_client)
    money = {name: told[of(f"deckport_spend_{name}", service="claude")] for name in
             ("usd_total", "today_usd", "unknown_usd", "today_unknown_usd", "reserved_usd")}  # fmt: skip
    assert money == {
        "usd_total": 0.0041, "today_usd": 0.0041, "unknown_usd": 0.03, "today_unknown_usd": 0.03, "reserved_usd": 0.02,
    }  # fmt: skip
    calls = {entry: told[of("deckport_ledger_calls", service="claude", state=entry)] for entry in ledger.Entry}
    assert calls == {"reserved": 1, "sent": 0, "settled": 1, "unknown": 1, "released": 0}


def test_cards_are_told_by_asset_and_state(client: TestClient) -> None:
    told = scrape(client)
    of_composite = {
        dict(labels)["state"]: n
        for (name, labels), n in told.items()
        if name == "deckport_partitions" and ("asset", "cards/composite") in labels
    }
    assert of_composite["failed"] == 1 and of_composite["stale"] == 1 and sum(of_composite.values()) == 26


def test_without_the_database_its_metrics_are_absent(own_client: TestClient, own_stock: Stock) -> None:
    assert scrape(own_client)[of("deckport_catalog_up")] == 1
    own_stock.settings.home.joinpath("catalog.db").unlink()
    told = scrape(own_client)
    assert told[of("deckport_catalog_up")] == 0
    names = {name for name, _ in told if not name.startswith("deckport_http")}
    assert names == {"deckport_catalog_up"}


def test_metrics_are_not_rate_limited(stock: Stock) -> None:
    with TestClient(create_app(stock.settings, requests_per_minute=1)) as client:
        assert [client.get("/metrics").status_code for _ in range(3)] == [200] * 3
