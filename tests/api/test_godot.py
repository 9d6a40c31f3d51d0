"""The rules of the console's client that touch cards, T1 to T9, over a real socket."""

from __future__ import annotations

import http.client

import pytest

from tests.api.stock import VIDEO
from tests.fakes.godot import GodotClient

JSON_PATHS = [
    "/v1/catalog/cards",
    "/v1/catalog/cards/AZURE-001",
    "/v1/catalog/filters",
    "/v1/admin/card-sets",
    "/health",
]


@pytest.fixture
def godot(port: int) -> GodotClient:
    """The console."""
    return GodotClient(port)


@pytest.mark.parametrize("path", [*JSON_PATHS, "/v1/catalog/cards/NOPE", "/v1/catalog/cards?page=0"])
def test_t1_the_body_is_an_object_that_godot_can_parse(godot: GodotClient, path: str) -> None:
    assert isinstance(godot.request(path).json(), dict)


@pytest.mark.parametrize("path", [*JSON_PATHS, "/static/cards/artwork/sky_voyager.png"])
def test_t2_the_encoding_is_one_that_was_asked_for(godot: GodotClient, path: str) -> None:
    assert godot.request(path).headers.get("content-encoding", "gzip") == "gzip"


def test_t3_a_slash_too_many_is_no_redirect(godot: GodotClient) -> None:
    assert godot.request("/v1/catalog/cards/").code == 404 and godot.request("/health/").code == 404


def test_t4_without_a_range_the_answer_is_200_and_whole(godot: GodotClient) -> None:
    reply = godot.request("/static/cards/videos/sky_voyager.mp4")
    assert (reply.code, reply.headers["content-length"], reply.body) == (200, "700000", VIDEO)


def test_t5_a_page_that_became_a_float(godot: GodotClient) -> None:
    assert godot.request("/v1/catalog/cards?page=2.0&page_size=5.0").json()["page"] == 2.0


def test_t6_a_content_type_without_a_body_and_an_expired_token_are_ignored(godot: GodotClient) -> None:
    assert all(godot.request(path).code == 200 for path in JSON_PATHS)


def test_t7_what_the_console_reads_of_a_card_is_never_null(godot: GodotClient) -> None:
    for item in godot.request("/v1/catalog/cards?page_size=100").json()["items"]:
        read = ("product_sku", "name", "rarity", "category", "base_stats", "mana_costs", "energy_cost", "abilities")
        assert not [key for key in read if item[key] is None]


def test_t9_the_old_paths_hold_png(godot: GodotClient) -> None:
    for path in ("artwork/sky_voyager.png", "composite/sky_voyager_composite.png", "thumbnails/sky_voyager_thumb.png"):
        assert godot.request(f"/static/cards/{path}").body.startswith(b"\x89PNG")


def test_one_connection_serves_many_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    for path in (*JSON_PATHS, "/static/cards/videos/sky_voyager.mp4", "/nope", "/v1/catalog/filters"):
        for method in ("GET", "HEAD"):
            connection.request(method, path)
            reply = connection.getresponse()
            assert reply.status in (200, 404) and (method == "GET" or reply.read() == b"")
            reply.read()
    connection.close()
