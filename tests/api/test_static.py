"""The contract on files, S1 to S5."""

from __future__ import annotations

import http.client
import logging
import os

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.file_shelf import CHUNK_BYTES
from deckport_assets.media import MediaStore
from tests.api.stock import MADE, VIDEO, Stock

CARDS = "/static/cards"
LEGACY = {
    f"{CARDS}/artwork/sky_voyager.png": ("cards/artwork", ""),
    f"{CARDS}/composite/sky_voyager_composite.png": ("cards/composite", ""),
    f"{CARDS}/frames/sky_voyager_frame.png": ("cards/frame", ""),
    f"{CARDS}/thumbnails/sky_voyager_thumb.png": ("cards/thumbnail", "legacy"),
    f"{CARDS}/videos/sky_voyager.mp4": ("cards/video", ""),
}
FILM = f"{CARDS}/videos/sky_voyager.mp4"


@pytest.mark.parametrize("path", LEGACY)
def test_s1_s2_the_old_addresses(client: TestClient, stock: Stock, path: str) -> None:
    version = stock.version(MADE, *LEGACY[path])
    reply = client.get(path)
    assert (reply.status_code, reply.headers["etag"]) == (200, f'"{version.sha256}"')
    assert reply.headers["cache-control"] == "public, max-age=300, must-revalidate"
    assert reply.content == stock.file(MADE, *LEGACY[path]).read_bytes()


def test_s2_an_address_by_content_never_changes(client: TestClient, stock: Stock) -> None:
    sha256 = stock.version(MADE, "cards/composite", "large").sha256
    reply = client.get(f"/static/a/{sha256[:2]}/{sha256}.webp")
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    for wrong in (f"a/{sha256[:2]}/{sha256}.png", f"a/00/{sha256}.webp", f"a/{sha256[:2]}/{sha256.upper()}.webp"):
        assert client.get(f"/static/{wrong}").status_code == 404


def test_s2_an_earlier_version_stays_at_its_address(own_client: TestClient, own_stock: Stock) -> None:
    before = own_stock.version(MADE, "cards/artwork").sha256
    own_stock.make(MADE, "cards/artwork", colour="red")
    assert own_client.get(f"/static/a/{before[:2]}/{before}.png").status_code == 200


@pytest.mark.parametrize("path", [FILM, "/static/placeholder-card.png", "/static/pages/pages.css"])
def test_s3_head_has_the_headers_of_get(client: TestClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    different = {"x-request-id", "date"}
    assert {k: v for k, v in head.headers.items() if k not in different} == {
        k: v for k, v in got.headers.items() if k not in different
    }
    assert head.content == b"" and int(head.headers["content-length"]) > 0


@pytest.mark.parametrize("shape", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_s3_what_the_client_has_is_not_sent_again(client: TestClient, stock: Stock, shape: str) -> None:
    sha256 = stock.version(MADE, "cards/video").sha256
    reply = client.get(FILM, headers={"If-None-Match": shape.format(sha256), "Range": "bytes=0-3"})
    assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", f'"{sha256}"')
    assert "cache-control" in reply.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99), ("bytes=699990-", 699_990, 699_999), ("bytes=-10", 699_990, 699_999),
        ("BYTES=5-5", 5, 5), ("bytes=10-9999999", 10, 699_999), ("bytes=100-600000", 100, 600_000),
    ],
)  # fmt: skip
def test_s3_a_part(client: TestClient, asked: str, first: int, last: int) -> None:
    reply = client.get(FILM, headers={"Range": asked})
    assert (reply.status_code, reply.headers["content-range"]) == (206, f"bytes {first}-{last}/700000")
    assert reply.content == VIDEO[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=700000-", "bytes=-0", "bytes=999999-9999999"])
def test_s3_a_part_that_is_not_there(client: TestClient, asked: str) -> None:
    reply = client.get(FILM, headers={"Range": asked})
    assert (reply.status_code, reply.headers["content-range"]) == (416, "bytes */700000")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("asked", ["pages=1-2", "bytes=a-b", "bytes=9-3", "bytes=0-1,5-6", "bytes", "bytes=-"])
def test_s3_what_is_no_range_is_ignored(client: TestClient, asked: str) -> None:
    reply = client.get(FILM, headers={"Range": asked})
    assert reply.status_code == 200 and reply.content == VIDEO


def test_s3_a_part_of_something_else_is_the_whole(client: TestClient, stock: Stock) -> None:
    etag = f'"{stock.version(MADE, "cards/video").sha256}"'
    for if_range, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200), ("Sat, 21 Nov 2026 04:00:00 GMT", 200)):
        assert client.get(FILM, headers={"Range": "bytes=0-1", "If-Range": if_range}).status_code == status


def test_s4_every_file_says_how_it_may_be_used(client: TestClient) -> None:
    for path in (*LEGACY, "/static/placeholder-card.png"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pyproject.toml", "/static/cards/../../catalog.db", "/static/%2e%2e/%2e%2e/catalog.db",
        "/static/cards%2fartwork%2fsky_voyager.png", "/static/cards/artwork/sky_voyager.png%00", "/static//etc/passwd",
        "/static/cards/artwork/..%5c..%5ccatalog.db", "/static/cards/artwork/", "/static/", "/static",
        "/static/cards/artwork/%ff%fe.png", "/static/pages/../placeholder-card.png",
    ],
)  # fmt: skip
def test_s4_no_way_leads_out(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    reply = connection.getresponse()
    assert (reply.status, reply.getheader("content-type")) == (404, "application/problem+json")
    reply.read()
    connection.close()


def test_s4_a_link_out_of_the_store_is_not_followed(own_client: TestClient, own_stock: Stock) -> None:
    file = own_stock.file(MADE, "cards/frame")
    elsewhere = own_stock.settings.home / "elsewhere.png"
    file.replace(elsewhere)
    file.symlink_to(elsewhere)
    assert own_client.get(f"{CARDS}/frames/sky_voyager_frame.png").status_code == 404


@pytest.mark.parametrize("damage", ["missing", "shorter", "other"])
@pytest.mark.parametrize("asset", ["cards/frame", "cards/video"])
def test_s5_only_what_the_row_says_is_served(
    own_client: TestClient, own_stock: Stock, caplog: pytest.LogCaptureFixture, damage: str, asset: str
) -> None:
    path = next(path for path, key in LEGACY.items() if key == (asset, ""))
    assert own_client.get(path).status_code == 200  # it was whole, and known to be so
    file = own_stock.file(MADE, asset)
    data = file.read_bytes()
    assert (len(data) > CHUNK_BYTES) is (asset == "cards/video")
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(data[:-1] if damage == "shorter" else data[:-1] + bytes([data[-1] ^ 1]))
        os.utime(file, (1, 1))
    with caplog.at_level(logging.WARNING):
        reply = own_client.get(path)
    assert (reply.status_code, reply.headers["content-type"]) == (404, "application/problem+json")
    assert file.name in caplog.text and reply.headers["x-request-id"] in caplog.text


def test_s5_a_file_without_a_row_is_not_there(client: TestClient, stock: Stock) -> None:
    file = stock.store.put("cards/artwork", "stray", b"stray", "png")
    assert client.get(f"/static/a/{file.sha256[:2]}/{file.sha256}.png").status_code == 404


def test_a_bucket_is_served_like_a_folder(own_stock: Stock) -> None:
    settings = own_stock.settings.model_copy(update={"media_root": "memory://deckport-test"})
    bucket = MediaStore(settings.media_location)
    data = own_stock.file(MADE, "cards/video").read_bytes()
    bucket.shelf.write(own_stock.version(MADE, "cards/video").path, data)
    with TestClient(create_app(settings, requests_per_minute=10_000)) as client:
        assert client.get(FILM).content == VIDEO
        assert client.get(FILM, headers={"Range": "bytes=5-9"}).content == VIDEO[5:10]
        assert (
            client.get(f"{CARDS}/artwork/sky_voyager.png").status_code == 404
        )  # it has a row and is not in the bucket
