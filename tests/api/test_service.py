"""Health and errors, H1, H2, E1 to E3; compression and conditional replies of JSON."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.entity import accepts_gzip
from api.rate_limit import client_of
from deckport_assets.catalog.database import now
from deckport_assets.catalog.services import failed, succeeded
from deckport_assets.catalog.tables import services
from tests.api.stock import Stock, empty_stock, settings_at

CARDS = "/v1/catalog/cards"
GETS = [CARDS, f"{CARDS}/AZURE-001", "/v1/catalog/filters", "/v1/admin/card-sets", "/health", "/livez", "/readyz", "/",
        "/cards/AZURE-001", "/failures", "/prompts", "/prompts/write?card=AZURE-001"]  # fmt: skip


def test_h1_health(client: TestClient) -> None:
    reply = client.get("/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok", "database": "connected", "service": "api"})


def test_h1_a_database_that_is_gone_is_told_and_the_cards_stay(own_client: TestClient, own_stock: Stock) -> None:
    assert own_client.get(CARDS).status_code == 200
    own_stock.settings.home.joinpath("catalog.db").unlink()
    reply = own_client.get("/health")
    assert (reply.status_code, reply.json()["status"]) == (503, "degraded")
    assert own_client.get(CARDS).json()["total"] == 26
    assert not own_stock.settings.home.joinpath("catalog.db").exists(), "reading must not make a database"


def test_h1_an_open_circuit_is_told_and_is_no_illness(own_client: TestClient, own_stock: Stock) -> None:
    with own_stock.database.writing() as connection:
        connection.execute(services.insert().values(service="comfyui", state="open", failures=5, changed_at=now()))
    reply = own_client.get("/health")
    assert (reply.status_code, reply.json()["services"]) == (200, {"comfyui": "open"})


def test_h1_claude_s_circuit_is_told_with_its_cause_and_since_when(own_client: TestClient, own_stock: Stock) -> None:
    began = now()
    with own_stock.database.writing() as connection:
        failed(connection, "claude", "Claude says 529: overloaded.", opens_after=1)
    reply = own_client.get("/health")
    assert reply.status_code == 200 and reply.json()["services"] == {"claude": "open"}
    told = reply.json()["left_alone"]["claude"]
    assert (told["state"], told["cause"]) == ("open", "Claude says 529: overloaded.")
    assert began <= datetime.fromisoformat(told["since"]) < datetime.fromisoformat(told["retry_at"])
    with own_stock.database.writing() as connection:
        succeeded(connection, "claude")
    told = own_client.get("/health").json()
    assert told["services"] == {"claude": "closed"} and "left_alone" not in told


def test_h1_servers_are_told_by_number_and_not_by_address(own_client: TestClient, own_stock: Stock) -> None:
    with own_stock.database.writing() as connection:
        for host, state in (("inner-one", "closed"), ("inner-two", "open")):
            address = f"http://{host}:8188"
            row = {"service": f"comfyui {address}", "state": state, "failures": 0, "changed_at": now()}
            row["cause"] = f"{address}/prompt is away."
            connection.execute(services.insert().values(**row))
    reply = own_client.get("/health")
    assert reply.json()["services"] == {"comfyui 1": "closed", "comfyui 2": "open"}
    assert (
        reply.json()["left_alone"]["comfyui 2"]["cause"] == "the server/prompt is away." and "inner" not in reply.text
    )


def test_h2_without_a_catalog_it_lives_and_is_not_ready(tmp_path: Path) -> None:
    with TestClient(create_app(settings_at(tmp_path / "nothing"))) as fresh:
        assert fresh.get("/livez").status_code == 200
        assert fresh.get("/readyz").status_code == 503
        assert fresh.get("/health").json()["database"] == "missing"
        reply = fresh.get(CARDS)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "2") and "deckport import" in reply.text
        assert "deckport import" in fresh.get("/").text
    assert not (tmp_path / "nothing").exists()


def test_h2_a_catalog_without_cards_is_ready_and_empty(tmp_path: Path) -> None:
    stock = empty_stock(tmp_path / "empty")
    with TestClient(create_app(stock.settings)) as fresh:
        assert fresh.get(CARDS).json()["items"] == []
        ranges = fresh.get("/v1/catalog/filters").json()["stat_ranges"]
        assert all(bounds == {"min": 0, "max": 0} for bounds in ranges.values())
        assert fresh.get("/readyz").status_code == 200 and "deckport import" in fresh.get("/").text
        assert fresh.get("/?q=a&page=2").status_code == 200
    stock.database.close()


@pytest.mark.parametrize("path", ["/nope", "/v1/nope", f"{CARDS}/", "/static/nope", f"{CARDS}/%F0%9F%90%89"])
def test_e1_every_error_is_a_problem(client: TestClient, path: str) -> None:
    reply = client.get(path, headers={"Accept": "application/json, text/html" if path[:3] == "/v1" else "*/*"})
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    body = reply.json()
    assert body["status"] == 404 and body["error"] and reply.headers["x-request-id"] in body["instance"]


def test_e1_another_method_is_a_problem_that_names_the_right_ones(client: TestClient) -> None:
    reply = client.post(CARDS, json={})
    assert (reply.status_code, reply.headers["content-type"]) == (405, "application/problem+json")
    assert "GET" in reply.headers["allow"]


def test_e1_a_mistake_of_ours_is_a_problem_without_a_traceback(
    stock: Stock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("api.card_routes._list", broken)
    with TestClient(create_app(stock.settings), raise_server_exceptions=False) as fresh:
        reply = fresh.get(CARDS)
    assert (reply.status_code, reply.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in reply.text and reply.headers["x-request-id"] in caplog.text


def test_e2_more_than_60_requests_a_minute_are_refused(stock: Stock) -> None:
    with TestClient(create_app(stock.settings)) as fresh:
        first = fresh.get(f"{CARDS}/AZURE-001")
        assert first.headers["ratelimit-policy"] == '"default";q=60;w=60'
        assert first.headers["ratelimit"].startswith('"default";r=59;t=')
        statuses = [fresh.get(f"{CARDS}/AZURE-001").status_code for _ in range(60)]
        assert statuses == [200] * 59 + [429]
        refused = fresh.get(CARDS)
        assert int(refused.headers["retry-after"]) >= 1 and {"ratelimit", "ratelimit-policy"} <= set(refused.headers)
        assert refused.headers["content-type"] == "application/problem+json" and refused.json()["error"]
        for free in ("/health", "/", "/static/cards/artwork/sky_voyager.png"):
            reply = fresh.get(free)
            assert reply.status_code == 200 and "ratelimit" not in reply.headers


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("10.0.0.7", "10.0.0.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:10.0.0.7", "10.0.0.7"),
        ("fe80::1%eth0", "fe80::/64"), ("testclient", "testclient"),
    ],
)  # fmt: skip
def test_e2_a_client_is_its_address(host: str, client: str) -> None:
    assert client_of({"client": (host, 1)}) == client


def test_e3_the_request_id_is_echoed_or_made(client: TestClient) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    made = {client.get("/livez").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3
    assert client.get("/livez", headers={"X-Request-ID": "a b" * 99}).headers["x-request-id"] != "a b" * 99


@pytest.mark.parametrize("path", GETS)
def test_every_get_has_its_head(client: TestClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_t2_only_who_asks_for_gzip_gets_it_and_nobody_gets_brotli(client: TestClient) -> None:
    plain = client.get(CARDS, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for asked in ("br, zstd", "*", "gzip;q=0"):
        assert "content-encoding" not in client.get(CARDS, headers={"Accept-Encoding": asked}).headers
    packed = client.get(CARDS, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["content-encoding"] == "gzip" and packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"] and accepts_gzip("x-gzip")
    model = client.app.state.catalog.model  # type: ignore[attr-defined]
    assert gzip.decompress(model.kept("cards?").gzipped) == plain.content


@pytest.mark.parametrize("path", [CARDS, f"{CARDS}/azure-001", "/v1/catalog/filters", "/"])
def test_what_the_client_has_is_not_sent_again(client: TestClient, path: str) -> None:
    for encoding in ("identity", "gzip"):
        etag = client.get(path, headers={"Accept-Encoding": encoding}).headers["etag"]
        reply = client.get(path, headers={"If-None-Match": etag, "Accept-Encoding": encoding})
        assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", etag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
